"""The euros of both years that the incentive of an indicator compares, contract by contract."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pandas as pd

from caqes_analysis.evaluation.gaps import Gaps
from caqes_analysis.evaluation.realisation import UNMATCHED
from caqes_analysis.evaluation.values import Values
from caqes_analysis.exact import cents
from caqes_analysis.indicators.definition import IndicatorDefinition

__all__ = ["compared_amounts"]


def compared_amounts(
    found: Values, definitions: Sequence[IndicatorDefinition], finess: Sequence[str], year: int, gaps: Gaps
) -> pd.DataFrame:
    """Return the euros of both years of each indicator that has some, over the months compared.

    Parameters
    ----------
    found
        Values of the contracts.
    definitions
        Definitions of the indicators.
    finess
        Contracts.
    year
        Data year.
    gaps
        Which months are missing, to name them.

    Returns
    -------
    DataFrame
        ``contract_finess, subject, year, previous_eur, current_eur, amount_reason``.
    """
    rows = []
    for definition in definitions:
        measure = definition.incentive.saving_measure or _amount_that_moves(definition)
        for one in finess if measure else ():
            previous, before = found.value(one, str(year - 1), definition, str(measure))
            current, now = found.value(one, str(year), definition, str(measure))
            why = UNMATCHED if "unmatched" in (before, now) else None
            if "incomplete" in (before, now):
                why = gaps.words(one, definition.measure(str(measure)), (year - 1, year))
            rows.append((one, definition.id, year, _euros(previous), _euros(current), why))
    columns = ["contract_finess", "subject", "year", "previous_eur", "current_eur", "amount_reason"]
    return pd.DataFrame(rows, columns=columns).astype({"previous_eur": object, "current_eur": object})


def _amount_that_moves(definition: IndicatorDefinition) -> str | None:
    """Return the measure in euros whose evolution the objective bears on."""
    level = definition.measure(definition.target.measure).evolution_of if definition.target else None
    return level if level is not None and definition.measure(level).unit == "€" else None


def _euros(value: Fraction | None) -> Decimal | None:
    return None if value is None else cents(value)
