"""What a contract earns: every step from the savings observed to the amount paid, to the cent, or why there is none."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.exact import cents, exact, half_up, share_out
from caqes_analysis.schemes.rules import IncentiveRule
from caqes_analysis.schemes.terms import UNKNOWN, Limit, Rate, is_number

__all__ = ["INCENTIVE", "NOT_COMPUTABLE", "NOT_VALUED", "NO_VERDICT", "incentive", "total_of", "words_of"]

INCENTIVE = "incentive"
"""Subject of the row that adds up a contract's national incentive."""
NOT_COMPUTABLE = "non calculable"
NOT_VALUED = "non valorisable : l'indicateur n'a pas d'euros"

GATE_DECIMALS = 3
"""Decimals to which the gate is rounded before it is used, so that the printed steps give the printed amount."""
_ZERO = Decimal("0.00")
NO_VERDICT = "année en cours : pas d'intéressement avant la fin de l'année"


def incentive(rows: pd.DataFrame, *, rule: IncentiveRule) -> pd.DataFrame:
    """Compute the national incentive of each contract, step by step.

    ``saving = max(0, N-1 − N)`` · ``kept = saving`` less what the rule nets · ``gross = rate × kept × gate`` ·
    floor and cap. An unknown term gives « non calculable », never a number (``docs/methods/evaluation.md``).

    Parameters
    ----------
    rows
        One row per contract, indicator and year: ``contract_finess, subject, year, previous_eur, current_eur`` (exact
        decimals over the months compared; missing when they are), and as far as they are known ``attainment``,
        ``value`` and ``target_value`` (for a proportional gate), ``is_valued`` (False: an indicator without euros),
        ``definition_rate_pct`` (rate written in the definition, used when the rule has none), ``reason`` (why an amount
        is missing). Other columns are kept.
    rule
        The rule of the scheme.

    Returns
    -------
    DataFrame
        The rows with ``saving_eur, kept_saving_eur, gate, rate_pct, gross_eur, floor_eur, cap_eur, amount_eur, status,
        reason``, then one row per contract and year of subject ``incentive`` and kind ``incentive``; ordered by
        contract, year, then indicators before their total.

    Examples
    --------
    >>> one = {"contract_finess": "330000001", "subject": "phev_ipp", "year": 2023, "attainment": "attained"}
    >>> amounts = {"previous_eur": Decimal("37535282.25"), "current_eur": Decimal("0.00")}
    >>> rule = IncentiveRule(source="exemple", rate_pct=30, gate="attained", floor_eur="none", cap_eur="none")
    >>> incentive(pd.DataFrame([one | amounts]), rule=rule)["amount_eur"].tolist()
    [Decimal('11260584.68'), Decimal('11260584.68')]
    """
    found: list[dict[str, Any]] = []
    ordered = rows.sort_values(["contract_finess", "year", "subject"], kind="stable").to_dict("records")
    for (finess, year), own in groupby(ordered, key=itemgetter("contract_finess", "year")):
        indicators = [_saving(row) for row in own]
        _net(indicators, rule)
        paid = [_paid(row, rule) for row in indicators]
        found += [*paid, _total(str(finess), int(str(year)), paid, rule)]
    return pd.DataFrame(found, columns=list(dict.fromkeys([*rows.columns, *_STEPS])), dtype=object)


_STEPS = [
    "contract_finess",
    "subject",
    "year",
    "kind",
    "label",
    "status",
    "reason",
    "previous_eur",
    "current_eur",
    "saving_eur",
    "kept_saving_eur",
    "gate",
    "rate_pct",
    "gross_eur",
    "floor_eur",
    "cap_eur",
    "amount_eur",
]


def _saving(row: dict[Hashable, Any]) -> dict[str, Any]:
    previous, current = exact(row.get("previous_eur")), exact(row.get("current_eur"))
    empty = dict.fromkeys(["saving_eur", "kept_saving_eur", "gate", "rate_pct", "gross_eur", "amount_eur"])
    received = {str(name): value for name, value in row.items()}
    step: dict[str, Any] = {
        **received,
        **empty,
        "kind": row.get("kind", "indicator"),
        "reason": words_of(row.get("reason")),
    }
    if row.get("is_valued") is False:
        return {**step, "status": "not_valued", "reason": NOT_VALUED}
    if (previous is None or current is None) and row.get("attainment") == "not_applicable":
        return {**step, "status": "not_applicable", "reason": step["reason"] or "sans objet pour cet établissement"}
    if previous is None or current is None:
        why = step["reason"] or "montant non reçu une des deux années"
        return {**step, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {why}"}
    saving = cents(max(Fraction(0), previous - current))
    return {**step, "status": "computed", "saving_eur": saving, "kept_saving_eur": saving}


def _net(indicators: list[dict[str, Any]], rule: IncentiveRule) -> None:
    """Take the overspending of some indicators from the savings of the others, when the rule says so."""
    if rule.netting == "none":
        return
    known = [row for row in indicators if row["status"] == "computed"]
    if any(row["status"] == "not_computable" for row in indicators):
        for row in known:
            row["kept_saving_eur"] = None
            row["status"] = "not_computable"
            row["reason"] = f"{NOT_COMPUTABLE} : compensation impossible, le montant d'un autre indicateur manque"
        return
    net = sum((exact(row["previous_eur"]) or 0) - (exact(row["current_eur"]) or 0) for row in known)
    kept = share_out(cents(max(Fraction(0), Fraction(net))), [(row["subject"], row["saving_eur"]) for row in known])
    for row in known:
        row["kept_saving_eur"] = kept[row["subject"]]


def _paid(row: dict[str, Any], rule: IncentiveRule) -> dict[str, Any]:
    """Return an indicator with its gate, its rate and its amount, or with everything that is unknown."""
    if row["status"] != "computed":
        return row
    gate, why = _gate(row, rule)
    rate = _rate(row, rule)
    unknown = [why] if why else []
    if not is_number(rate):
        unknown.append("taux inconnu")
    row = {**row, "gate": gate, "rate_pct": rate if is_number(rate) else None}
    on_each = rule.limits_bear_on == "indicator"
    unknown += _unknown_limits(rule) if on_each else []
    if why == NO_VERDICT:
        return {**row, "status": "pending", "reason": NO_VERDICT}
    if unknown or gate is None or not is_number(rate):
        return {**row, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {', '.join(unknown)}"}
    gross = cents(Fraction(rate) / 100 * Fraction(row["kept_saving_eur"]) * Fraction(gate))
    amount, note = _limited(gross, rule) if on_each else (gross, "")
    return {
        **row,
        "gross_eur": gross,
        **(_limits(rule) if on_each else {}),
        "amount_eur": amount,
        "reason": note or None,
    }


def _rate(row: dict[str, Any], rule: IncentiveRule) -> Rate:
    """Return the rate that the rule gives to the indicator, else the one of its definition, else the rule's for all."""
    own = rule.rates_pct.get(row["subject"], UNKNOWN)
    written = exact(row.get("definition_rate_pct"))
    if not is_number(own) and written is not None:
        return half_up(written, 3)
    return own if is_number(own) else rule.rate_of(row["subject"])


def _gate(row: dict[str, Any], rule: IncentiveRule) -> tuple[Decimal | None, str]:
    attainment = words_of(row.get("attainment")) or "unknown"
    if rule.gate == "none":
        return (None, NO_VERDICT) if attainment == "pending" else (Decimal("1.000"), "")
    if attainment == "pending":
        return None, NO_VERDICT
    if rule.gate == "unknown":
        return None, "effet de l'objectif inconnu"
    if attainment not in ("attained", "not_attained"):
        return None, "objectif sans objet" if attainment == "not_applicable" else "réalisation de l'objectif inconnue"
    if rule.gate == "attained":
        return (Decimal("1.000") if attainment == "attained" else Decimal("0.000")), ""
    value, target = exact(row.get("value")), exact(row.get("target_value"))
    if attainment == "attained":
        return Decimal("1.000"), ""
    # A share of the objective has a sense when the objective is to move: -3 % reached of -5 % asked is 0.6.
    if value is None or not target or not str(row.get("measure", "evolution_pct")).startswith("evolution"):
        return None, "part de l'objectif atteinte sans objet pour cette mesure"
    return half_up(min(Fraction(1), max(Fraction(0), value / target)), GATE_DECIMALS), ""


def _unknown_limits(rule: IncentiveRule) -> list[str]:
    named = {"plancher inconnu": rule.floor_eur, "plafond inconnu": rule.cap_eur}
    return [words for words, limit in named.items() if limit == UNKNOWN]


def _limits(rule: IncentiveRule) -> dict[str, Decimal | None]:
    return {"floor_eur": _figure(rule.floor_eur), "cap_eur": _figure(rule.cap_eur)}


def _figure(limit: Limit) -> Decimal | None:
    return limit if is_number(limit) else None


def _limited(gross: Decimal, rule: IncentiveRule) -> tuple[Decimal, str]:
    if not gross:  # nothing is due: no floor took it away
        return gross, ""
    if is_number(rule.floor_eur) and gross < rule.floor_eur:
        return _ZERO, f"sous le plancher de {french.euros(rule.floor_eur, cents=True)} : rien n'est versé"
    if is_number(rule.cap_eur) and gross > rule.cap_eur:
        return rule.cap_eur, f"ramené au plafond de {french.euros(rule.cap_eur, cents=True)}"
    return gross, ""


def _total(finess: str, year: int, paid: list[dict[str, Any]], rule: IncentiveRule) -> dict[str, Any]:
    valued = [row for row in paid if row["status"] not in ("not_valued", "not_applicable")]
    computed = [row for row in valued if row["status"] == "computed"]
    total: dict[str, Any] = {
        **{name: paid[0].get(name) for name in ("scheme", "period") if name in paid[0]},
        "contract_finess": finess,
        "subject": INCENTIVE,
        "year": year,
        "kind": "incentive",
        "label": "Intéressement" if rule.official else "Intéressement (formule non officielle)",
        "saving_eur": total_of(row["saving_eur"] for row in valued),
        "kept_saving_eur": total_of(row["kept_saving_eur"] for row in valued),
    }
    on_sum = rule.limits_bear_on == "contract"
    unknown = _unknown_limits(rule) if on_sum else []
    if any(row["status"] == "pending" for row in valued):
        return {**total, "status": "pending", "reason": NO_VERDICT}
    if not valued:
        return {**total, "status": "not_valued", "reason": "aucun indicateur du contrat n'a d'euros"}
    if not computed:
        reasons = dict.fromkeys(row["reason"].removeprefix(f"{NOT_COMPUTABLE} : ") for row in valued)
        why = "; ".join([*reasons, *(word for word in unknown if word not in "; ".join(reasons))]).replace("; ", " ; ")
        return {**total, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {why}"}
    gross = total_of(row["amount_eur"] for row in computed) or _ZERO
    if unknown:
        why = f"{NOT_COMPUTABLE} : {', '.join(unknown)}"
        return {**total, "gross_eur": gross, "status": "not_computable", "reason": why}
    amount, note = _limited(gross, rule) if on_sum else (gross, "")
    left = len(valued) - len(computed)
    if left and on_sum and is_number(rule.floor_eur) and gross < rule.floor_eur:
        why = "la somme partielle est sous le plancher, que les indicateurs non calculables peuvent faire franchir"
        limited = {"gross_eur": gross, **_limits(rule)}
        return {**total, **limited, "status": "not_computable", "reason": f"{NOT_COMPUTABLE} : {why}"}
    partial = f"partiel : {french.plural(left, 'indicateur')} non {'calculables' if left > 1 else 'calculable'}"
    return {
        **total,
        "gross_eur": gross,
        **(_limits(rule) if on_sum else {}),
        "amount_eur": amount,
        "status": "partial" if left else "computed",
        "reason": " ; ".join(word for word in (partial if left else "", note) if word) or None,
    }


def total_of(amounts: Iterable[Any]) -> Decimal | None:
    """Return the exact sum of the amounts that are known, None when none is."""
    known = [amount for amount in amounts if not pd.isna(amount)]
    return sum(known, _ZERO) if known else None


def words_of(value: Any) -> str:
    """Return a text, empty when it is missing."""
    return value if isinstance(value, str) else ""
