"""What the data of a sheet are worth: what they cover, what was corrected in them, what remains to be settled."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, quality, tables
from caqes_analysis.chapters.contract_answer import contract_answer
from caqes_analysis.chapters.data_quality_values import corrections_table, french_example, own_corrections
from caqes_analysis.chapters.late_months import low_late_months, low_months
from caqes_analysis.chapters.level_changes import change_sentences, changed_since
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import COMPLETED, DOUBT, ERROR, FIRST_MONTH, RECEIVED
from caqes_analysis.chapters.verdicts import unmatched_sentences
from caqes_analysis.chapters.words import MAIN_ENVELOPE, envelope_of, month_phrase, ordered_by_envelope, sentence_case
from caqes_analysis.display import Card, Text
from caqes_analysis.display.base import Display
from caqes_analysis.quality import UNMATCHED_WORDS

__all__ = ["covered", "data_card", "missing_here", "noticed", "reserves"]

_LISTED_SITES_NB = 8


def noticed(page: Page, subject: str) -> list[str]:
    """Return what the controls noticed about the establishment and no correction settled.

    Parameters
    ----------
    page
        The sheet.
    subject
        :data:`~caqes_analysis.chapters.regional_context.ERROR` or ``DOUBT``.
    """
    return [french_example(text) for (what, _), text in sorted(page.regional_context.items()) if what == subject]


def data_card(page: Page) -> Card:
    """Return whether the figures of the sheet can be trusted, in a few words: absent, doubtful or corrected values."""
    if page.campaign.is_annual:
        return Card("Données", f"Année {page.campaign.year}", "Open PHMEV, sans mois")
    missing, errors, doubts = missing_here(page), noticed(page, ERROR), noticed(page, DOUBT)
    if missing.empty and errors:
        said = french.plural(len(errors), "erreur à régler", "erreurs à régler")
        return Card("Données", "À vérifier", month_phrase(page.campaign), "warning", said)
    if missing.empty and unmatched_sentences(page, str(page.finess)):
        return Card("Données", "À vérifier", month_phrase(page.campaign), "warning", UNMATCHED_WORDS)
    low = low_months(page)
    if missing.empty and low:
        months = french.list_in_words([french.month_year(pd.Timestamp(page.campaign.year, one, 1)) for one in low])
        said = f"{months} sans doute {'incomplets' if len(low) > 1 else 'incomplet'}"
        return Card("Données", "À vérifier", month_phrase(page.campaign), "warning", said)
    if missing.empty:
        applied = int((own_corrections(page)["state"] == "applied").sum())
        changed, year = changed_since(page), page.campaign.year
        words = [f"aucun mois de {year - 1} et {year} ne manque", *([changed] if changed else [])]
        words += [french.plural(applied, "valeur corrigée", "valeurs corrigées")] if applied else []
        words += [french.plural(len(doubts), "constat à regarder", "constats à regarder")] if doubts else []
        return Card("Données", "Complètes", month_phrase(page.campaign), "good", " ; ".join(words))
    return Card(
        "Données",
        f"{french.plural(len(missing), 'mois')} en défaut",
        covered(page),
        "warning",
        "voir « Données et réserves »",
    )


def covered(page: Page) -> str:
    """Return what the data of the establishment cover: those of the campaign, without its months not received."""
    said = month_phrase(page.campaign)
    if page.campaign.is_annual:
        return said
    missing = missing_here(page)
    month_nb = page.campaign.settled_month_nb
    late = missing[(missing["month"].dt.year == page.campaign.year) & (missing["month"].dt.month > month_nb)]
    absent = [
        f"{french.month_name(month.month)} non reçu pour "
        + french.list_in_words([envelope_of(page.campaign, code).short_label for code in rows["envelope"]])
        for month, rows in late.groupby("month")
    ]
    return f"{said} ({' ; '.join(absent)})" if absent else said


def missing_here(page: Page) -> pd.DataFrame:
    """Return the months not received of the establishment, those before its last complete one and after."""
    rows = quality.missing_months(page.store, year=page.campaign.year)
    return ordered_by_envelope(rows[rows["finess"] == page.finess])


def _sites_note(page: Page) -> list[str]:
    """Return which sites a signatory entity adds up, if it does."""
    counted = page.store.read(tables.SUCCESSIONS)
    own = counted[(counted["current_finess"] == page.finess) & counted["since"].isna()]["finess"]
    if own.empty:
        return []
    names = sorted(page.all_names[own])
    shown = french.list_in_words(names[:_LISTED_SITES_NB] + (["d'autres"] if len(names) > _LISTED_SITES_NB else []))
    return [
        f"Le contrat est signé par l'entité juridique : {french.plural(len(names), 'site réuni', 'sites réunis')} ici, "
        f"sans fiche propre ({shown}). Un mois qui manque à l'un d'eux manque à l'ensemble."
    ]


def reserves(page: Page) -> tuple[Display | None, ...]:
    """Return what limits the figures of this sheet: months, errors to settle, sites, mergers; then its corrections."""
    notes = [f"{sentence_case(covered(page))}.", *_sites_note(page)]
    if not page.campaign.is_annual:
        for envelope, months in missing_here(page).groupby("envelope", sort=False)["month"]:
            names = french.list_in_words([french.month_year(month) for month in months])
            plural = "s" if len(months) > 1 else ""
            notes.append(f"{envelope_of(page.campaign, str(envelope)).label} : {names} non reçu{plural}.")
        notes.extend(
            " ".join(
                filter(
                    None,
                    [
                        f"PHMEV {years} ; {UNMATCHED_WORDS} : pas de verdict sur les mois reçus.",
                        contract_answer(page, MAIN_ENVELOPE),
                    ],
                )
            )
            for years in unmatched_sentences(page, str(page.finess))
        )
        notes.extend(change_sentences(page))
        notes.extend(low_late_months(page))
        notes.extend(text for (subject, _), text in sorted(page.regional_context.items()) if subject == COMPLETED)
        for subject in (ERROR, DOUBT):
            notes.extend(f"{sentence_case(subject)} : {text}" for text in noticed(page, subject))
        notes.extend(_perimeter_sentences(page))
    else:
        notes.append(
            "Source : Open PHMEV, base publique annuelle. Les cliniques à but lucratif n'y figurent pas ; une part des "
            "lignes est masquée, mais ses montants sont dans les totaux."
        )
    return Text.bullets(*notes), corrections_table(page)


def _perimeter_sentences(page: Page) -> list[str]:
    """Return who merged into the establishment, and since when it is received when it is not from the beginning."""
    since = page.regional_context.get((RECEIVED, FIRST_MONTH))
    first = None if since is None else pd.Timestamp(f"{since}-01")
    if first is not None and not quality.may_have_changed(page.store, str(page.finess), first_month=first):
        return []
    changes = quality.perimeter_changes(page.store, year=page.campaign.year, first_month=first)
    mergers = changes[(changes["kind"] == "merger") & (changes["current_finess"] == page.finess)]
    said = []
    for finess, since, amount in zip(mergers["finess"], mergers["since"], mergers["amount_eur"], strict=True):
        known = page.all_names
        who = f"{known[finess]} ({finess})" if finess in known.index else f"L'établissement {finess}"
        said.append(
            f"{who} a fusionné avec celui-ci au {french.date(since, short=True)} : ses dépenses, "
            f"toutes enveloppes ({french.compact_euros(amount)} l'année précédant la fusion), sont comptées ici "
            "les deux années."
        )
    openings = changes[(changes["kind"] == "opening") & (changes["finess"] == page.finess)]
    said.extend(
        f"Premier mois reçu : {french.month_year(since)} ; l'évolution d'une année entière n'existe pas."
        for since in openings["since"]
    )
    return said
