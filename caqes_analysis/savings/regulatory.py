"""The contract's figure: saving and incentive of each indicator as the rule file says, every step kept."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.savings.incentive import incentive
from caqes_analysis.schemes.rules import IncentiveRule

__all__ = ["CURRENT_PERIMETER", "REGULATORY", "regulatory", "regulatory_steps", "rule_label"]

REGULATORY = "regulatory"
"""Value of ``method`` in the table ``savings``."""
CURRENT_PERIMETER = "courant"
"""Perimeter of an amount when nothing is left out of it."""

_AMOUNTS: Mapping[str, str] = {
    "previous_eur": "previous",
    "current_eur": "current",
    "saving_eur": "saving",
    "kept_saving_eur": "kept_saving",
    "gross_eur": "gross",
    "floor_eur": "floor",
    "cap_eur": "cap",
    "amount_eur": "incentive",
}
_VALUES: Mapping[str, tuple[str, str]] = {"gate": ("gate", ""), "rate_pct": ("rate", "%")}
# Said even when nobody knows them: a figure that is absent without a reason would pass for a zero.
_ALWAYS = ("saving", "incentive")
_KINDS = ("indicator", "incentive")


def regulatory(rows: pd.DataFrame, *, rule: IncentiveRule) -> pd.DataFrame:
    """Compute what a contract counts as saved, and what that pays, indicator by indicator.

    Parameters
    ----------
    rows
        One row per contract, indicator and year: ``contract_finess, subject, year, previous_eur, current_eur`` (exact
        decimals over the months that the contract compares), and as far as they are known ``attainment, value,
        target_value, perimeter, period, label``; see :func:`caqes_analysis.savings.incentive.incentive`.
    rule
        The rule of the scheme; an unknown term gives a status and a reason, never an amount.

    Returns
    -------
    DataFrame
        Table ``savings``, method ``regulatory``: components ``previous, current, saving, kept_saving, gate, rate,
        gross, floor, cap, incentive`` of each indicator, then of the contract (indicator ``incentive``).

    Examples
    --------
    >>> from decimal import Decimal
    >>> one = {"contract_finess": "330000001", "subject": "phev_ipp", "year": 2023, "attainment": "attained"}
    >>> amounts = {"previous_eur": Decimal("1000.00"), "current_eur": Decimal("900.01")}
    >>> rule = IncentiveRule(source="exemple", rate_pct=30, gate="attained", floor_eur="none", cap_eur="none")
    >>> found = regulatory(pd.DataFrame([one | amounts]), rule=rule).set_index(["indicator", "component"])["amount_eur"]
    >>> found["phev_ipp", "saving"], found["phev_ipp", "incentive"]
    (Decimal('99.99'), Decimal('30.00'))
    """
    if rows.empty:
        return tables.SAVINGS.empty()
    perimeters = rows["perimeter"] if "perimeter" in rows else pd.Series(CURRENT_PERIMETER, index=rows.index)
    parts = [
        incentive(own, rule=rule).assign(perimeter=perimeter) for perimeter, own in rows.groupby(perimeters, sort=True)
    ]
    return regulatory_steps(pd.concat(parts, ignore_index=True), rule=rule)


def regulatory_steps(
    evaluated: pd.DataFrame, *, rule: IncentiveRule, indicators: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the steps of contracts that have been evaluated, without computing them again.

    Parameters
    ----------
    evaluated
        Rows of ``evaluations``, or of :func:`caqes_analysis.savings.incentive.incentive`.
    rule
        The rule that was applied.
    indicators
        Indicators whose savings are shared; all those of ``evaluated`` when None.

    Returns
    -------
    DataFrame
        Table ``savings``, ordered by contract, year, perimeter, indicator, then in the order of the computation.
    """
    kept = evaluated[evaluated["kind"].isin(_KINDS)]
    if indicators is not None:
        kept = kept[(kept["kind"] == "incentive") | kept["subject"].isin(list(indicators))]
    steps = [step for row in kept.astype(object).to_dict("records") for step in _steps(row)]
    if not steps:
        return tables.SAVINGS.empty()
    found = tables.SAVINGS.conform(pd.DataFrame(steps), method=REGULATORY, rule=rule_label(rule))
    return tables.SAVINGS.validate(found)


def rule_label(rule: IncentiveRule) -> str:
    """Return what is printed of a rule: whether it is official, and where it comes from.

    Examples
    --------
    >>> rule_label(IncentiveRule(source="exemple"))
    'formule non officielle (exemple)'
    """
    return f"formule {'officielle' if rule.official else 'non officielle'} ({rule.source})"


def _steps(row: Mapping[Hashable, Any]) -> list[dict[str, Any]]:
    """Return the steps of one row in the order in which they are computed."""
    base = {
        "finess": row["contract_finess"],
        "indicator": row["subject"],
        "year": row["year"],
        "perimeter": row.get("perimeter", CURRENT_PERIMETER),
        "status": row["status"],
        "label": row.get("label"),
        "period": row.get("period"),
    }
    amounts = [
        {**base, "component": component, "amount_eur": row.get(name)}
        for name, component in _AMOUNTS.items()
        if component in _ALWAYS or not pd.isna(row.get(name))
    ]
    factors = [
        {**base, "component": component, "value": row[name], "unit_label": unit or None}
        for name, (component, unit) in _VALUES.items()
        if not pd.isna(row.get(name))
    ]
    for step in amounts:
        if step["component"] in _ALWAYS:
            step["reason"] = row.get("reason")
    first = next((place for place, step in enumerate(amounts) if step["component"] in ("gross", "incentive")), 0)
    return [*amounts[:first], *factors, *amounts[first:]]
