"""What the region pays from its own fund (FIR), by attainment of its indicators: amounts, no rate."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.savings.incentive import NO_VERDICT, NOT_COMPUTABLE, total_of, words_of
from caqes_analysis.schemes.rules import RegionalIncentiveRule
from caqes_analysis.schemes.terms import UNKNOWN, is_number

__all__ = ["REGIONAL_INCENTIVE", "regional_incentive"]

REGIONAL_INCENTIVE = "regional_incentive"
"""Subject of the row that adds up a contract's regional incentive."""
_ZERO = Decimal("0.00")


def regional_incentive(rows: pd.DataFrame, *, rule: RegionalIncentiveRule) -> pd.DataFrame:
    """Compute what the region pays from its fund, by attainment of its own indicators.

    Parameters
    ----------
    rows
        One row per contract, indicator and year: ``contract_finess, subject, year, attainment``; other columns are
        kept. Only the rule's indicators count; with an unknown basis, all of them are shown.
    rule
        The rule of the scheme.

    Returns
    -------
    DataFrame
        The rows, of kind ``regional_indicator``, with ``amount_eur, status, reason``, then one total per contract and
        year, of subject ``regional_incentive``. An unknown scale or attainment gives « non calculable ».
    """
    counted = rows[rows["subject"].isin(rule.indicators)] if rule.indicators else rows
    found: list[dict[str, Any]] = []
    for (finess, year), own in counted.groupby(["contract_finess", "year"], sort=True):
        paid = [_regional_row(row, rule) for row in own.sort_values("subject").to_dict("records")]
        found += [*paid, _regional_total(str(finess), int(str(year)), paid, rule)]
    columns = list(dict.fromkeys([*rows.columns, "kind", "label", "status", "reason", "amount_eur"]))
    return pd.DataFrame(found, columns=columns, dtype=object)


def _regional_row(received: dict[Hashable, Any], rule: RegionalIncentiveRule) -> dict[str, Any]:
    row: dict[str, Any] = {str(name): value for name, value in received.items()}
    attainment = words_of(row.get("attainment")) or "unknown"
    row = {**row, "kind": "regional_indicator", "amount_eur": None, "reason": words_of(row.get("reason")) or None}
    if attainment == "pending":
        return {**row, "status": "pending", "reason": NO_VERDICT}
    if attainment == "not_applicable":
        return {**row, "status": "not_applicable", "reason": row["reason"] or "sans objet pour cet établissement"}
    if attainment not in ("attained", "not_attained"):
        why = row["reason"] or "objectif non renseigné"
        return {**row, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {why}"}
    if rule.basis == "by_number":
        return {**row, "status": "computed"}
    amount = rule.amounts_eur.get(row["subject"], UNKNOWN) if rule.basis == "per_indicator" else UNKNOWN
    if amount == UNKNOWN:
        why = "barème inconnu" if rule.basis == "unknown" else "montant inconnu"
        return {**row, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {why}"}
    earned = amount if is_number(amount) and attainment == "attained" else _ZERO
    return {**row, "status": "computed", "amount_eur": earned, "reason": None}


def _regional_total(finess: str, year: int, paid: list[dict[str, Any]], rule: RegionalIncentiveRule) -> dict[str, Any]:
    total: dict[str, Any] = {
        **{name: paid[0].get(name) for name in ("scheme", "period") if name in paid[0]},
        "contract_finess": finess,
        "subject": REGIONAL_INCENTIVE,
        "year": year,
        "kind": "regional_incentive",
        "label": "Part régionale (FIR)",
        "amount_eur": None,
    }
    if any(row["status"] == "pending" for row in paid):
        return {**total, "status": "pending", "reason": NO_VERDICT}
    blocked = [row for row in paid if row["status"] == "not_computable"]
    if blocked:
        reasons = dict.fromkeys(row["reason"].removeprefix(f"{NOT_COMPUTABLE} : ") for row in blocked)
        return {**total, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {' ; '.join(reasons)}"}
    if all(row["status"] == "not_applicable" for row in paid):
        return {**total, "status": "not_applicable", "reason": paid[0]["reason"]}
    attained_nb = sum(row["attainment"] == "attained" for row in paid)
    if rule.basis == "by_number":
        reached = [tier.amount_eur for tier in rule.tiers if attained_nb >= tier.attained_from_nb]
        amount = reached[-1] if reached else _ZERO
        words = f"{french.plural(attained_nb, 'indicateur')} {'atteints' if attained_nb > 1 else 'atteint'}"
        return {**total, "status": "computed", "amount_eur": amount, "reason": words}
    return {**total, "status": "computed", "amount_eur": total_of(row["amount_eur"] for row in paid), "reason": None}
