"""The rules of a scheme in words: the same on the page that applies them and on the one that explains them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from caqes_analysis import french
from caqes_analysis.schemes.rules import AtypieRule, IncentiveRule
from caqes_analysis.schemes.terms import NONE, UNKNOWN, Term, decimals_of, is_number

__all__ = ["GATE_WORDS", "atypie_condition", "atypie_sentence", "limits_words", "term_words"]

GATE_WORDS: Mapping[str, str] = {
    "attained": "tout ou rien",
    "proportional": "proportionnel à la part atteinte",
    "none": "aucun",
    "unknown": "inconnu",
}
"""What attaining the objective changes."""


def term_words(term: Term, unit: Literal["%", "€"]) -> str:
    """Return a term of a rule: its number, or that there is none, or that nobody gave it.

    Examples
    --------
    >>> from decimal import Decimal
    >>> term_words(Decimal("22.5"), "%").replace(french.NBSP, " "), term_words("unknown", "€")
    ('22,5 %', 'inconnu')
    """
    if not is_number(term):
        return "inconnu" if term == UNKNOWN else "aucun"
    return french.percent(term, decimals_of(term)) if unit == "%" else french.euros(term)


def limits_words(rule: IncentiveRule) -> str:
    """Return the floor and the cap of an incentive: « plancher 1 000 €, plafond aucun »."""
    return f"plancher {term_words(rule.floor_eur, '€')}, plafond {term_words(rule.cap_eur, '€')}"


def atypie_condition(rule: AtypieRule) -> str:
    """Return who a targeting by « atypie » targets, whole: the gap, on how many indicators, and the spending.

    Parameters
    ----------
    rule
        The rule; a threshold that nobody gave is said.
    """
    excess = (
        f"un écart défavorable de plus de {french.percent(rule.excess_pct, decimals_of(rule.excess_pct))} à la médiane "
        "régionale"
        if is_number(rule.excess_pct)
        else "un écart « significatif » à la médiane régionale, dont aucun texte trouvé ne donne le seuil"
    )
    limit = rule.spending_above_eur
    spending = (
        f", et plus de {french.euros(limit)} de dépense"
        if is_number(limit)
        else ""
        if limit == NONE
        else ", et une dépense dont le seuil est inconnu"
    )
    return f"{excess} sur au moins {rule.at_least_nb} des {len(rule.indicators)} indicateurs{spending}"


def atypie_sentence(rule: AtypieRule | None, indicator: str) -> str | None:
    """Say what an indicator is for in a targeting by « atypie »; None when the rules do not compare it.

    Parameters
    ----------
    rule
        The rule of the campaign, when it has one.
    indicator
        Identifier.
    """
    if rule is None or indicator not in rule.indicators:
        return None
    return (
        f"Il sert au {rule.label} : est ciblé un établissement qui a {atypie_condition(rule)}. Qui est ciblé est dit "
        "page « Évaluation des contrats »."
    )
