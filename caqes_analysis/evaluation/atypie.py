"""Who stands apart: indicators far from the regional median, and enough spending. A targeting, never an objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from statistics import median
from typing import Any

import pandas as pd

from caqes_analysis.evaluation.values import Values
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.rules import AtypieRule
from caqes_analysis.schemes.terms import is_number

__all__ = ["atypie_steps", "atypie_verdicts"]

_STEP_COLUMNS = ["finess", "indicator", "value", "value_status", "median", "gap_pct", "is_atypical"]
_VERDICT_COLUMNS = ["finess", "atypical_nb", "unknown_nb", "spent_eur", "is_spending", "reference_status"]
_STATUS_OF = {True: "targeted", False: "respected", None: "unknown"}


def atypie_steps(
    values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], *, rule: AtypieRule, year: int
) -> pd.DataFrame:
    """Return how far each establishment stands from the regional median, indicator by indicator.

    Parameters
    ----------
    values
        What :func:`~caqes_analysis.evaluation.values.contract_values` returns: everyone of the region, with or without
        contract, since the median is the region's.
    definitions
        Definitions of the indicators of the rule.
    rule
        The rule.
    year
        Data year.

    Returns
    -------
    DataFrame
        ``finess, indicator, value, value_status, median, gap_pct`` (percent of the median; missing where that is zero:
        whoever is above it is beyond any percent of it)``, is_atypical`` (missing where nobody can tell), ordered. A
        gap is on the unfavourable side: above the median, or under it where more is better. With an unknown
        ``excess_pct``, whoever is not beyond the median is not atypical, whatever it is; of the others nobody can tell.
        Comparisons are strict and exact (``docs/methods/evaluation.md``).
    """
    named = {one.id: one for one in definitions}
    found = Values(values)
    rows = []
    for name in rule.indicators:
        definition = named[name]
        states = {
            finess: found.value(finess, period, definition, definition.main_measure)
            for finess, period in found.places(name)
            if period == str(year)
        }
        known = [value for value, _ in states.values() if value is not None]
        middle = median(known) if known else None
        for finess, (value, state) in sorted(states.items()):
            apart = None if value is None or middle is None else value - middle
            beyond = -apart if apart is not None and definition.direction == "higher" else apart
            rows.append(
                {
                    "finess": finess,
                    "indicator": name,
                    "value": None if value is None else float(value),
                    "value_status": state,
                    "median": None if middle is None else float(middle),
                    "gap_pct": float(100 * apart / middle) if middle and apart is not None else None,
                    "is_atypical": _is_atypical(beyond, middle, state, rule),
                }
            )
    return pd.DataFrame(rows, columns=_STEP_COLUMNS).astype({"is_atypical": "boolean"})


def _is_atypical(beyond: Fraction | None, middle: Fraction | None, state: str, rule: AtypieRule) -> bool | None:
    if beyond is None or middle is None:
        return False if state == "not_applicable" else None
    if is_number(rule.excess_pct):
        return beyond > Fraction(rule.excess_pct) / 100 * middle
    return False if beyond <= 0 else None


def atypie_verdicts(
    steps: pd.DataFrame,
    values: pd.DataFrame,
    definitions: Mapping[str, IndicatorDefinition],
    *,
    rule: AtypieRule,
    year: int,
) -> pd.DataFrame:
    """Say who is targeted: far from the median on enough indicators, and spending more than the threshold.

    Parameters
    ----------
    steps
        What :func:`atypie_steps` returns.
    values
        As :func:`atypie_steps` takes them, with the spending of the rule.
    definitions
        By identifier.
    rule, year
        As :func:`atypie_steps` takes them.

    Returns
    -------
    DataFrame
        ``finess, atypical_nb, unknown_nb, spent_eur, is_spending, reference_status`` (``targeted``, ``respected`` or
        ``unknown``), ordered. What is known decides alone when it can: one who spends too little, or who stays short of
        the number whatever the unknown indicators are, is not targeted.
    """
    found, spending = Values(values), definitions[rule.spending_indicator]
    rows: list[dict[str, Any]] = []
    for finess, own in steps.groupby("finess", sort=True):
        spent, state = found.value(str(finess), str(year), spending, rule.spending_measure)
        spent = Fraction(0) if state == "not_applicable" else spent
        sure, unknown = int(own["is_atypical"].fillna(False).sum()), int(own["is_atypical"].isna().sum())
        is_far = True if sure >= rule.at_least_nb else False if sure + unknown < rule.at_least_nb else None
        limit = rule.spending_above_eur
        is_spending = None if spent is None or not is_number(limit) else spent > Fraction(limit)
        if limit == "none":
            is_spending = True
        both = (is_far, is_spending)
        is_targeted = False if False in both else None if None in both else True
        rows.append(
            {
                "finess": finess,
                "atypical_nb": sure,
                "unknown_nb": unknown,
                "spent_eur": None if spent is None else float(spent),
                "is_spending": is_spending,
                "reference_status": _STATUS_OF[is_targeted],
            }
        )
    return pd.DataFrame(rows, columns=_VERDICT_COLUMNS).astype({"is_spending": "boolean"})
