"""Words of the guide that several pages share: states of a definition, reliability, contract, directions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from caqes_analysis import french
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.display.payload import State
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.scheme import Scheme

__all__ = [
    "DIRECTION_WORDS",
    "FOLLOW_UP",
    "PERIOD_WORDS",
    "RELIABILITY",
    "checked_by",
    "contract_words",
    "state_of",
    "value_in_words",
]

FOLLOW_UP = "Suivi, hors contrat"
"""What an indicator that no scheme names is for."""

RELIABILITY: Mapping[str, tuple[str, State | None]] = {
    "verified": ("texte officiel vérifié", None),
    "data": ("lu dans un fichier public", None),
    "inferred": ("déduit, à confirmer", None),
    "to_confirm": ("à confirmer", None),
    "regional": ("choix de la région", None),
    "unknown": ("inconnu", "missing"),
}
"""How sure a figure or a list is, in words."""

PERIOD_WORDS: Mapping[str, tuple[str, str]] = {
    "data_year": ("Chaque année", "par année entière"),
    "campaign_year": ("Chaque année", "par année entière : le contrat de l'année N lit les données de N-1"),
    "cumulative_month": (
        "En cours d'année",
        "par année entière, ou de janvier au dernier mois complet : les mois provisoires attendent",
    ),
}
"""How often an indicator is read, on a card and in a sentence."""

DIRECTION_WORDS: Mapping[str, tuple[str, str]] = {
    "lower": ("La baisse", "une baisse est favorable"),
    "higher": ("La hausse", "une hausse est favorable"),
    "none": ("Aucun", "ni la hausse ni la baisse n'est favorable en soi"),
}
"""What is good, on a card and in a sentence."""


_CHECKED = {True: "calcul refait par l'auteur", False: "calcul vérifié"}


def state_of(definition: IndicatorDefinition, on: dt.date) -> tuple[str, str, State | None, str]:
    """Return the badge of a definition: word, detail, state, and the state in words.

    Parameters
    ----------
    definition
        The definition.
    on
        Day at which its review is judged.
    """
    if definition.status == "archived":
        return "Archivé", "gardé pour les années passées", "muted", "n'est plus calculé"
    if definition.status == "draft":
        return "Brouillon", "à compléter ou à relire", "provisional", "hors du rapport"
    assert definition.reviewed_on is not None
    checked = _CHECKED[definition.is_own_check] if definition.review_awaited else "vérifié"
    reviewed = f"{checked} le {french.date(definition.reviewed_on)}"
    if definition.is_stale(on):
        return "Publié", reviewed, "warning", "relecture trop ancienne"
    if definition.review_awaited:
        return "Publié", reviewed, "provisional", f"reste à relire par {definition.review_awaited}"
    return "Publié", reviewed, "good", "relecture à jour"


def checked_by(definition: IndicatorDefinition) -> str:
    """Say in a sentence who did the calculation again: an author who checks himself is no second reader.

    Parameters
    ----------
    definition
        The definition.
    """
    if definition.is_own_check:
        return "Le calcul a été refait à la main par son auteur, personne d'autre ne l'a contrôlé"
    return f"Le calcul a été vérifié par {definition.checker}"


def contract_words(definition: IndicatorDefinition, schemes: Mapping[str, Scheme]) -> str:
    """Return the names of the schemes of a definition.

    Parameters
    ----------
    definition
        The definition.
    schemes
        Schemes by identifier.
    """
    named = [schemes[name].name if name in schemes else name for name in definition.schemes]
    if not named:
        return FOLLOW_UP
    return french.list_in_words(named)


def value_in_words(value: object, unit: str, decimals: int, *, signed: bool = False) -> str:
    """Return a number with its unit.

    Examples
    --------
    >>> value_in_words(8500, "boîtes", 0).replace("\u202f", " ").replace(french.NBSP, " ")
    '8 500 boîtes'
    >>> value_in_words(0.1, "trajets par séjour", 3).replace(french.NBSP, " ")
    '0,100 trajet par séjour'
    """
    write = french.signed if signed else french.number
    agreed = MeasureFormat(unit, decimals).unit_of(value)
    return f"{write(value, decimals)}{french.NBSP}{agreed}" if unit else write(value, decimals)
