"""Values of the indicators at the level at which contracts are signed, as exact fractions."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import pandas as pd

from caqes_analysis.evaluation.exact import exact
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition, Measure

__all__ = ["contract_values", "exact_value"]

_UNKNOWN = ("missing", "not_applicable")


def exact_value(row: Any, measure: Measure) -> tuple[Fraction | None, str]:
    """Return a value as the fraction that it is, and its status.

    Parameters
    ----------
    row
        Row of ``indicator_values`` (a named tuple), or None.
    measure
        Its measure: a ratio is numerator over denominator, not the float that it prints.

    Returns
    -------
    tuple
        The value, None when it is missing or has no object, and the ``value_status``.
    """
    if row is None:
        return None, "missing"
    state = str(row.value_status)
    if state in _UNKNOWN:
        return None, state
    numerator, denominator = exact(row.numerator), exact(row.denominator)
    if measure.denominator is None:
        return (exact(row.value) if numerator is None else numerator * measure.scale), state
    if numerator is None or not denominator:
        return None, "not_applicable"
    return measure.scale * numerator / denominator, state


def contract_values(
    values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], establishments: pd.DataFrame
) -> pd.DataFrame:
    """Add the values of establishments up to the contracts that they are under.

    Parameters
    ----------
    values
        Rows of ``indicator_values``; those of establishments and of the current perimeter are read.
    definitions
        Definitions of the indicators. Evolutions are left out: they are those of the sums.
    establishments
        ``finess`` and ``contract_finess`` (missing: the establishment's own FINESS).

    Returns
    -------
    DataFrame
        ``finess`` (of the contract)``, period, indicator, numerator, denominator, value, value_status``, ordered. A
        contract one of whose sites is missing is missing: half of its spending would pass for a fall.
    """
    measures = {f"{one.id}.{m.id}": m for one in definitions for m in one.measures if m.evolution_of is None}
    own = values[
        (values["level"] == "establishment")
        & (values["perimeter"] == CURRENT_PERIMETER)
        & values["indicator"].isin(list(measures))
    ]
    contract = establishments["contract_finess"].fillna(establishments["finess"])
    known = dict(zip(establishments["finess"], contract, strict=True))
    placed = own.assign(finess=[known.get(finess, finess) for finess in own["finess"]])
    rows = []
    for (finess, period, indicator), sites in placed.groupby(["finess", "period", "indicator"], sort=True):
        states = sites["value_status"].tolist()
        rows.append(
            {
                "finess": finess,
                "period": period,
                "indicator": indicator,
                **_summed(measures[str(indicator)], sites, states),
            }
        )
    columns = ["finess", "period", "indicator", "numerator", "denominator", "value", "value_status"]
    return pd.DataFrame(rows, columns=columns)


def _summed(measure: Measure, sites: pd.DataFrame, states: list[str]) -> dict[str, Any]:
    empty = {"numerator": None, "denominator": None, "value": None}
    if "missing" in states:
        return {**empty, "value_status": "missing"}
    counted = [row for row in sites.itertuples(index=False) if row.value_status != "not_applicable"]
    if not counted:
        return {**empty, "value_status": "not_applicable"}
    numerator = sum((exact(row.numerator) or exact(row.value) or Fraction(0) for row in counted), Fraction(0))
    if measure.denominator is None:
        value = measure.scale * numerator
        state = "reported" if numerator else "zero"
        return {"numerator": float(numerator), "denominator": None, "value": float(value), "value_status": state}
    denominator = sum((exact(row.denominator) or Fraction(0) for row in counted), Fraction(0))
    if not denominator:
        return {**empty, "value_status": "not_applicable"}
    return {
        "numerator": float(numerator),
        "denominator": float(denominator),
        "value": float(measure.scale * numerator / denominator),
        "value_status": "reported" if numerator else "zero",
    }
