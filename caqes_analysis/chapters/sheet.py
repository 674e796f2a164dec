"""The sheet of an establishment: who it is, where it stands, what explains it, how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_sheet import evaluation_card
from caqes_analysis.chapters.compared import compared_spending, compared_words
from caqes_analysis.chapters.constant_perimeter import opened_on
from caqes_analysis.chapters.contract_answer import contract_answer
from caqes_analysis.chapters.landing import landing_card, landing_of, landing_sentence
from caqes_analysis.chapters.own_contract import outside_subjects, without_contract
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import (
    CONTRIBUTION,
    ERROR,
    PERIMETER_EFFECT,
    RANK,
    RANKED_NB,
    SHARE,
)
from caqes_analysis.chapters.savings_sheet import levers_card
from caqes_analysis.chapters.sheet_data import covered, data_card, missing_here, noticed
from caqes_analysis.chapters.verdicts import (
    compared_phrase,
    compared_with_phrase,
    position_in,
    unmatched_sentences,
)
from caqes_analysis.chapters.words import (
    MAIN_ENVELOPE,
    VOLET_WORDS,
    against_target,
    category_words,
    envelope_of,
    ordered_by_envelope,
    sentence_case,
    through_phrase,
)
from caqes_analysis.departments import department_label
from caqes_analysis.display import Card, Cards, Text
from caqes_analysis.display.base import Display
from caqes_analysis.evaluation.position import Position, position_of

__all__ = ["contribution", "headline", "identity", "retained_messages"]

_SMALL_EUR = 1000
"""Spending of both years under which the first sentence gives the amounts beside their rate (package's choice)."""
_NAMED_MONTHS_NB = 6
"""Missing months up to which a sentence names each; « Données et réserves » names them all."""


def identity(page: Page) -> Text:
    """Return who the establishment is, its contract, and what the data cover."""
    who = page.establishment
    known = [
        sentence_case(category_words(_word(who["category"]))),
        department_label(who["department"]),
        _word(who["town"]),
        f"FINESS {page.finess}",
    ]
    if _word(who["finess_ej"]) and who["finess_ej"] != page.finess:
        known.append(f"entité juridique {who['finess_ej']}")
    contract = _contract(page, str(who["contract_finess"] if _word(who["contract_finess"]) else page.finess))
    name = [str(who["name"])] if page.build_directory is None else []  # in the book it is the title of the page
    return Text.paragraphs(
        *name, " · ".join(word for word in known if word), f"{contract} {sentence_case(covered(page))}."
    )


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _contract(page: Page, contract_finess: str) -> str:
    if not page.store.has(tables.CONTRACTS):
        return "Contrat non renseigné."
    contracts = page.store.read(tables.CONTRACTS)
    own = contracts[(contracts["contract_finess"] == contract_finess) & (contracts["scheme"] == page.campaign.scheme)]
    if own.empty:
        return f"Pas de contrat {page.scheme.name}."
    row = own.iloc[0]
    since = "" if pd.isna(row["signed_on"]) else f", effet au {french.date(row['signed_on'], short=True)}"
    listed = [VOLET_WORDS.get(one, one) for one in _word(row["volets"]).split(",") if one]
    volets = f", {'volets' if len(listed) > 1 else 'volet'} {', '.join(listed)}" if listed else ""
    return f"Contrat {page.scheme.name} ({_word(row['status']) or 'statut non renseigné'}{since}{volets})."


def _rate(row: pd.Series | None) -> float | None:
    return None if row is None or pd.isna(row["evolution_pct"]) else float(row["evolution_pct"])


def headline(page: Page) -> tuple[Display, ...]:
    """Return the answer of the sheet and its key figures."""
    rows = page.settled(page.lead_envelope)
    row = None if rows.empty else rows.iloc[0]
    position = (
        position_of(None, page.target(page.lead_envelope), month_nb=page.campaign.settled_month_nb)
        if row is None
        else position_in(page, row)
    )
    return _answer(page, row, position), Cards("Chiffres clés", _cards(page, row, position))


def _answer(page: Page, row: pd.Series | None, position: Position) -> Text:
    lead = page.lead_envelope
    label = envelope_of(page.campaign, lead).short_label
    if row is None:
        period = through_phrase(page.campaign, page.campaign.settled_month_nb)
        return Text.answer(f"Aucune dépense {label} n'a été reçue {period} pour cet établissement.")
    period = compared_phrase(page, row)
    amount = french.compact_euros(row["current_eur"])
    rate = _rate(row)
    if rate is None:
        what = (
            "de médicaments prescrits à l'hôpital ont été remboursés en ville" if lead == MAIN_ENVELOPE else "comptés"
        )
        day = opened_on(page, str(page.finess))
        lacking = "de l'année précédente" if page.campaign.is_annual else "des mêmes mois un an plus tôt"
        why = (
            f"l'évolution n'est pas calculable, faute {lacking}"
            if day is None
            else f"l'évolution est sans objet, l'établissement a ouvert le {french.date(day, short=True)}"
        )
        return Text.answer(f"{sentence_case(period)}, {amount} {what} ({label}) ; {why}.")
    printed = french.rounded(rate, 1)
    verb = "est restée stable" if not printed else "a augmenté" if rate > 0 else "a baissé"
    size = f" de {french.percent(abs(rate))}" if printed else ""
    target = page.target(lead)
    link = " ;" if position.state == "missing" else f"{french.NBSP}:"
    known = target.value is not None
    compared = f"{link} {against_target(position.label, target)}" if known else f" ({target.label})"
    whose = "la PHMEV" if lead == MAIN_ENVELOPE else f"la dépense « {label} », la plus élevée de l'établissement,"
    apart = " La PHMEV est sans objet pour cette clinique." if page.has_no_drugs else ""
    # The position says why there is no verdict; where it does not, the reserve says it whole.
    received = ", d'après les mois reçus" if position.state == "missing" else _unmatched_words(page)
    source = received if lead == MAIN_ENVELOPE and _unmatched_words(page) else ""
    # Of a few hundred euros a rate says nothing without them.
    is_small = max(row["current_eur"], row["previous_eur"]) < _SMALL_EUR
    small = f" Petits montants : {french.compact_euros(row['previous_eur'])} puis {amount}." if is_small else ""
    return Text.answer(
        f"{sentence_case(period)}{source}, {whose} {verb}{size} par rapport {compared_with_phrase(page, row)}"
        f"{compared}.{_contract_words(page, lead, position)}{small}{apart}"
    )


def _contract_words(page: Page, envelope: str, position: Position) -> str:
    """Return what the evaluation of the contract says, where the months allow no verdict: it has another source."""
    said = contract_answer(page, envelope) if position.state == "missing" else ""
    return f" {said}" if said else ""


def _cards(page: Page, row: pd.Series | None, position: Position) -> list[Card]:
    month_nb, lead = page.campaign.settled_month_nb, page.lead_envelope
    target = page.target(lead)
    when = f"à M{month_nb}" if month_nb < 12 else f"en {page.campaign.year}"
    level = french.compact_euros(row["current_eur"]) if row is not None else french.MISSING
    if row is not None and isinstance(row["missing_months"], str):
        level += f" sur {french.in_words(row['compared_months_nb'])} mois"
    day = opened_on(page, str(page.finess))
    without = (
        "aucune dépense reçue"
        if row is None
        else "évolution non calculable"
        if day is None
        else f"évolution sans objet, ouverture le {french.date(day, short=True)}"
    )
    situation = Card(
        f"{envelope_of(page.campaign, lead).short_label} {when}",
        french.percent(_rate(row), signed=True) if _rate(row) is not None else level,
        f"{level} ; {target.label}" if _rate(row) is not None else without,
        position.state if position.state != "muted" else None,
        position.label if position.state != "muted" else "",
    )
    evaluated = evaluation_card(page)
    cards = [
        situation,
        landing_card(page, landing_of(page, lead), lead),
        levers_card(page),
        _weight_card(page),
        evaluated,
        data_card(page),
    ]
    return [card for card in cards if card is not None]


def _weight_card(page: Page) -> Card:
    weight = _weight(page)
    if weight is None and page.has_no_drugs:
        return Card("Poids dans la région", "sans objet", "PHMEV")
    if weight is None:
        return Card("Poids dans la région", french.MISSING, "PHMEV")
    if weight.points is None:
        apart = "" if weight.entry is None else ", hors de son évolution"
        return Card("Poids dans la région", weight.share, f"de la PHMEV régionale{apart}")
    return Card("Poids dans la région", weight.share, f"{weight.points} dans l'évolution de la région")


@dataclass(frozen=True)
class _Weight:
    """What the establishment weighs in its region, as printed; no points when the region has no year before.

    ``entry`` is said instead, of an establishment that is not in both years.
    """

    share: str
    points: str | None
    rank: str
    change: str
    entry: str | None


def _weight(page: Page) -> _Weight | None:
    """Return the weight of this establishment in the region, for the main envelope; None when it spends nothing."""
    rows, context = page.settled(MAIN_ENVELOPE), page.regional_context
    if rows.empty:
        return None
    row = rows.iloc[0]
    change = french.compact_euros(row["current_eur"] - row["previous_eur"], signed=True)
    effect, day = context.get((MAIN_ENVELOPE, PERIMETER_EFFECT)), opened_on(page, str(page.finess))
    what = "Entrée dans le périmètre" if day is None else f"Ouverture le {french.date(day, short=True)}"
    return _Weight(
        context[MAIN_ENVELOPE, SHARE],
        context.get((MAIN_ENVELOPE, CONTRIBUTION)),
        f"rang {context.get((MAIN_ENVELOPE, RANK))} sur {context.get((MAIN_ENVELOPE, RANKED_NB))}",
        change,
        None if effect is None else f"{what} : {change}, effet de périmètre de {effect}, hors évolution de la région.",
    )


def retained_messages(page: Page) -> Text:
    """Return what to remember, in a few sentences that say no more than the numbers."""
    messages = []
    compared = compared_spending(page)
    if compared:
        messages.append(compared_words(compared))
    if any(one.noun == "objectif" for one in compared) and outside_subjects(page) is None:
        messages.append(f"{without_contract(page)} : les objectifs sont là pour information.")
    rates = ordered_by_envelope(page.settled())
    gaps = [(row["envelope"], position_in(page, row)) for _, row in rates.iterrows()]
    messages.extend(
        f"{envelope_of(page.campaign, envelope).short_label}, {found.label}.{_contract_words(page, envelope, found)}"
        for envelope, found in gaps
        if found.state == "missing"
    )
    weight = _weight(page)
    share = "" if weight is None else f"L'établissement porte {weight.share} de la PHMEV"
    if weight is not None and weight.entry is not None:
        messages.append(f"{share} régionale, hors de son évolution.")  # « Ce qui explique l'évolution » says why
    elif weight is not None and weight.points is None:
        messages.append(f"{share} régionale ; son évolution demande l'année précédente.")
    elif weight is not None:
        messages.append(
            f"{share} régionale et compte pour {weight.points} dans l'évolution de la région{_unmatched_words(page)} "
            f"({weight.rank}, du plus fort apport à la hausse au plus faible)."
        )
    if not page.campaign.is_annual:
        messages.append(landing_sentence(page, landing_of(page, page.lead_envelope), page.lead_envelope))
    missing, month_nb = missing_here(page), page.campaign.settled_month_nb
    if len(missing):
        messages.append(_missing_words(page, missing, month_nb))
    errors_nb = len(noticed(page, ERROR))
    if errors_nb:
        messages.append(
            f"{french.plural(errors_nb, 'erreur signalée', 'erreurs signalées')} dans les données reçues et non "
            f"{'réglées' if errors_nb > 1 else 'réglée'} : voir « Données et réserves »."
        )
    return Text.bullets(*messages) if messages else Text.paragraphs("Les données ne permettent pas de conclure.")


def _missing_words(page: Page, missing: pd.DataFrame, month_nb: int) -> str:
    """Say which months were not received, and which rates are read without them."""
    named = missing.assign(label=[envelope_of(page.campaign, code).short_label for code in missing["envelope"]])
    is_short = len(missing) <= _NAMED_MONTHS_NB
    listed = " ; ".join(
        f"{label}, {french.list_in_words(map(french.month_year, own)) if is_short else french.plural(len(own), 'mois')}"
        for label, own in named.groupby("label", sort=False)["month"]
    )
    start = f"{french.plural(len(missing), 'mois')} en défaut dans les données reçues ({listed})"
    touched = [f"« {label} »" for label in named[named["month"].dt.month <= month_nb]["label"].unique()]
    if not touched:
        return f"{start} : les taux à M{month_nb} n'en dépendent pas."
    rates = "le taux de {} est lu" if len(touched) == 1 else "les taux de {} sont lus"
    return f"{start} : {rates.format(french.list_in_words(touched))} sur les seuls mois présents les deux années."


def contribution(page: Page) -> Text:
    """Return what the establishment adds to the growth of the region."""
    weight = _weight(page)
    if weight is None and page.has_no_drugs:
        return Text.paragraphs("Sans objet : les cliniques à but lucratif n'ont pas de PHMEV dans les fichiers reçus.")
    if weight is None:
        return Text.paragraphs("Aucune dépense PHMEV : l'établissement ne contribue pas à l'évolution régionale.")
    if weight.entry is not None:
        return Text.paragraphs(f"L'établissement porte {weight.share} de la PHMEV régionale. {weight.entry}")
    if weight.points is None:
        return Text.paragraphs(
            f"L'établissement porte {weight.share} de la PHMEV régionale. Sa contribution à l'évolution demande "
            "l'année précédente."
        )
    row = page.settled(MAIN_ENVELOPE).iloc[0]
    # The year is named: what stands above on the page may explain another one, from another source.
    return Text.paragraphs(
        f"{sentence_case(compared_phrase(page, row))}{_unmatched_words(page)}, l'établissement porte {weight.share} de "
        f"la PHMEV de la région ; sa dépense a varié de {weight.change} par rapport {compared_with_phrase(page, row)}, "
        f"ce qui compte pour {weight.points} dans l'évolution régionale."
    )


def _unmatched_words(page: Page) -> str:
    """Return a reserve on what the months give, where they do not make the yearly base; empty elsewhere."""
    return (
        ", d'après des mois dont la somme n'est pas celle d'Open PHMEV"
        if unmatched_sentences(page, str(page.finess))
        else ""
    )
