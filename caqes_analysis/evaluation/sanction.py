"""The sanction of a score: its base, envelope by envelope, and its rate; each step a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from caqes_analysis import french, quality, tables
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.envelopes import Envelope, envelope_named
from caqes_analysis.exact import cents
from caqes_analysis.known_periods import KNOWN_TO_DATE
from caqes_analysis.labels import within_a_sentence
from caqes_analysis.schemes.grid import EvaluationGrid, SanctionRule
from caqes_analysis.schemes.terms import UNKNOWN, is_number
from caqes_analysis.store import Store

__all__ = ["SANCTION", "SanctionBase", "sanction_bases", "sanction_row"]

SANCTION = "sanction"
"""Subject of the row that holds what a score costs."""

_ZERO = Decimal("0.00")
_MONTHS_NB = 12


@dataclass(frozen=True)
class SanctionBase:
    """The amount on which the sanction of a contract is computed.

    Parameters
    ----------
    parts
        Name and amount of the year of each envelope that the contract has; None when one of its months is missing. An
        envelope in which the contract never spent is not there.
    absent
        Names of those.

    Examples
    --------
    >>> base = SanctionBase((("Médicaments", Decimal("3.10")), ("Dispositifs", Decimal("2.00"))))
    >>> base.amount_eur, base.words
    (Decimal('5.10'), 'Médicaments 3,10\\xa0€ + Dispositifs 2,00\\xa0€')
    """

    parts: tuple[tuple[str, Decimal | None], ...]
    absent: tuple[str, ...] = ()

    @property
    def amount_eur(self) -> Decimal | None:
        """Sum of the envelopes; None unless each is whole."""
        amounts = [amount for _, amount in self.parts if amount is not None]
        return sum(amounts, _ZERO) if amounts and len(amounts) == len(self.parts) else None

    @property
    def words(self) -> str:
        """Its terms: what a reader adds up."""
        return " + ".join(f"{name} {french.euros(amount, cents=True)}" for name, amount in self.parts)


def sanction_bases(
    store: Store, rule: SanctionRule, year: int, contracts: Iterable[str], envelopes: tuple[Envelope, ...]
) -> dict[str, SanctionBase]:
    """Return the base of the sanction of each contract, its sites added up.

    Parameters
    ----------
    store
        Store of the campaign.
    rule
        Names the envelopes of the base.
    year
        Year evaluated.
    contracts
        FINESS of the signatories.
    envelopes
        Those of the campaign, for their names.

    Returns
    -------
    dict
        Base by contract. An envelope that nobody received is missing for all; one that the region received, in which
        the contract has no line in any year, is absent from its base: there is no spending to bear a sanction.
    """
    months = store.query(
        "select finess, envelope, max(amount_eur) filter (year = $year::int and month_nb = $last::int) "
        f"from ({KNOWN_TO_DATE}) where list_contains($envelopes, envelope) group by finess, envelope order by all",
        {"year": year, "last": _MONTHS_NB, "envelopes": list(rule.base_envelopes)},
    )
    unmatched = quality.unmatched_years(store)
    partial = {(finess, "phmev") for finess in unmatched.loc[unmatched["year"] == year, "finess"]}
    contract_of = contract_keys(store.read(tables.ESTABLISHMENTS))
    sums: dict[tuple[str, str], Decimal | None] = {}
    for finess, envelope, amount in months.itertuples(index=False):
        key = (contract_of.get(finess, finess), envelope)
        before = sums.get(key, _ZERO)
        is_whole = not pd.isna(amount) and (finess, envelope) not in partial
        sums[key] = before + amount if is_whole and before is not None else None
    received = {envelope for _, envelope in sums}
    bases = {}
    for finess in contracts:
        kept = [code for code in rule.base_envelopes if (finess, code) in sums or code not in received]
        bases[finess] = SanctionBase(
            tuple((envelope_named(code, envelopes).label, sums.get((finess, code))) for code in kept),
            tuple(envelope_named(code, envelopes).label for code in rule.base_envelopes if code not in kept),
        )
    return bases


def sanction_row(
    score: Mapping[str, Any], grid: EvaluationGrid, base: SanctionBase | None, *, year: int, applies: bool
) -> dict[str, Any]:
    """Return what a score costs, as a row of ``evaluations``.

    Parameters
    ----------
    score
        Row of the score: its tier is that of the score rounded as it is printed.
    grid
        The grid, with its sanction.
    base
        Base of the contract; None: not received.
    year
        Year evaluated.
    applies
        False for a year that the scheme evaluates without sanction.
    """
    rule = grid.sanction
    assert rule is not None
    row: dict[str, Any] = {"subject": SANCTION, "kind": "sanction", "label": f"Sanction, {grid.label}"}
    if not applies:
        return {**row, "status": "not_applicable", "reason": f"{year} : année évaluée sans sanction"}
    if score["status"] != "computed":
        return {**row, "status": "not_computable", "reason": "non calculable : pas de score"}
    reached = [tier.rate_pct for tier in rule.tiers if score["score"] >= tier.score_from]
    rate = reached[-1] if reached else UNKNOWN
    amount = base.amount_eur if base is not None else None
    row |= {"score": score["score"], "base_eur": amount, "rate_pct": rate if is_number(rate) else None}
    row |= {"answer": base.words if base is not None and amount is not None else None}
    if rate == 0:
        return {**row, "status": "computed", "amount_eur": _ZERO, "reason": "aucune sanction à ce score"}
    if base is not None and not base.parts:
        nothing = french.list_in_words([within_a_sentence(name) for name in base.absent])
        return {**row, "status": "not_applicable", "reason": f"aucune dépense ({nothing}) : pas d'assiette"}
    unknown = [] if is_number(rate) else ["taux inconnu pour ce score"]
    unknown += ["assiette non reçue"] if amount is None else []
    unknown += ["plafond inconnu"] if rule.cap_eur == UNKNOWN else []
    if unknown or amount is None or not is_number(rate):
        return {**row, "status": "not_computable", "reason": f"non calculable : {', '.join(unknown)}"}
    gross = cents(Fraction(rate) / 100 * Fraction(amount))
    is_capped = is_number(rule.cap_eur) and gross > rule.cap_eur
    note = "avant procédure contradictoire"
    return {
        **row,
        "status": "computed",
        "gross_eur": gross,
        "cap_eur": rule.cap_eur if is_number(rule.cap_eur) else None,
        "amount_eur": rule.cap_eur if is_capped else gross,
        "reason": f"ramenée au plafond ; {note}" if is_capped else note,
    }
