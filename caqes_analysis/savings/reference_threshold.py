"""Where the référentiel of an indicator cut before the contracts: the running variable of the threshold design."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition, ReferenceCondition
from caqes_analysis.savings.estimate_threshold import Threshold
from caqes_analysis.store import Store

__all__ = ["reference_threshold"]

_CUTOFF = 1.0


def reference_threshold(
    store: Store, definition: IndicatorDefinition, *, signatory: Mapping[str, str], signed_on: pd.Timestamp | None
) -> Threshold | None:
    """Return what the référentiel read in the last whole year before the contracts, at the level at which they sign.

    Its conditions are joined by OU: who meets none is targeted. Each value is divided by its threshold (the other way
    round where more is wanted) and the smallest of these ratios is kept: an establishment is targeted from 1 on,
    whatever the number of conditions.

    Parameters
    ----------
    store
        Store with ``indicator_values``.
    definition
        The indicator.
    signatory
        FINESS that signs, by FINESS; itself when absent.
    signed_on
        Earliest day on which its contracts took effect: a later value is no longer one that decided. None when unknown.

    Returns
    -------
    Threshold or None
        With a reason instead of values when these were not received; None when no référentiel is known.
    """
    conditions = definition.reference.conditions if definition.reference else ()
    if not conditions:
        return None
    if signed_on is None:
        return Threshold({}, _CUTOFF, "la date d'effet des contrats n'est pas connue : l'année qui a décidé non plus")
    year = signed_on.year - 1
    ratios = [_ratios(store, definition, condition, year, signatory) for condition in conditions]
    values = pd.concat(ratios, axis=1).dropna().min(axis=1)
    if values.empty:
        why = f"les valeurs du référentiel en {year}, dernière année entière avant les contrats, n'ont pas été reçues"
        return Threshold({}, _CUTOFF, why)
    return Threshold({str(name): float(value) for name, value in values.items()}, _CUTOFF)


def _ratios(
    store: Store,
    definition: IndicatorDefinition,
    condition: ReferenceCondition,
    year: int,
    signatory: Mapping[str, str],
) -> pd.Series[float]:
    """Return value over threshold by signatory; one of whose sites is missing is left out."""
    measure = definition.measure(condition.measure)
    rows = store.query(
        """
        select finess, numerator::double as numerator, denominator::double as denominator,
               value_status in ('reported', 'zero') as is_known
        from indicator_values
        where indicator = $indicator and measure = $measure and period = $year::int::text
          and level = 'establishment' and perimeter = $perimeter and value_status <> 'not_applicable'
        order by finess
        """,
        {"indicator": definition.id, "measure": measure.id, "year": year, "perimeter": CURRENT_PERIMETER},
    )
    rows = rows.assign(finess=[signatory.get(finess, finess) for finess in rows["finess"]])
    sums = rows.groupby("finess").agg(
        numerator=("numerator", "sum"), denominator=("denominator", "sum"), is_known=("is_known", "all")
    )
    sums = sums[sums["is_known"]].astype({"numerator": "float64", "denominator": "float64"})
    under = 1.0 if measure.denominator is None else sums["denominator"].where(sums["denominator"] > 0)
    value = measure.scale * sums["numerator"] / under
    if condition.below is not None:
        found = value / float(condition.below)
    else:
        found = float(condition.above or 0) / value.where(value > 0, np.nan)
    return found.rename(measure.id)
