"""The values behind the chapter on data quality: out of line, restated, completed, corrected."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from caqes_analysis import deliveries, french, quality, tables
from caqes_analysis.activities import activity_named
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.completed_path import completed_months
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import envelope_of, ordered_by_envelope, sentence_case
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.labels import some_of
from caqes_analysis.quality.corrections import CORRECTION_STATES
from caqes_analysis.sources.names import plain_name

__all__ = [
    "LISTED_NB",
    "OUTLIER_CODES",
    "REGISTER_CODES",
    "completed_table",
    "corrections_table",
    "delivery_labels",
    "finding_label",
    "french_example",
    "may_change",
    "outliers_table",
    "own_corrections",
    "period_label",
    "register_place",
    "restated_months",
    "restatements_table",
]

OUTLIER_CODES = (
    "FACTEUR_10",
    "FACTEUR_100",
    "FACTEUR_1000",
    "MOIS_ATYPIQUE",
    "MOIS_REUNIS",
    "NIVEAU_ROMPU",
    "SIGNE_INVERSE",
    "ZERO_SUSPECT",
)
REGISTER_CODES = ("CORRECTION_SANS_LIGNE", "CORRECTION_INATTENDUE")
"""Findings about a line of the register that is not applied; their place is that line's."""
_SEPARATE_DECIMALS = re.compile(r"(?<![\w.,-])([-−]?)([0-9]+)\.([0-9]{1,3})(?![\w.])")
LISTED_NB = 30
_NO_HISTORY = (
    "La région n'a gardé qu'une livraison de chaque mois : rien ne dit comment les derniers mois se complètent. "
    "{state} Pour les compléter, nommer aussi dans la campagne les livraisons antérieures (sources.monthly_spend, avec "
    "received_on ou as_of)."
)
_PROVISIONAL = "Ils restent provisoires, et les taux et projections s'arrêtent avant eux."
_NONE_PROVISIONAL = (
    "La campagne n'en déclare aucun provisoire : s'ils se complètent encore, les taux qui les lisent sont trop bas."
)


# Codes are plain capitals: the words of theirs that French writes otherwise.
_WRITTEN = """
    âge année appliquée après catégorie clé complétée complété Corse décalés décrit dépense dépassée dépassé déduit
    écart établissement identité incohérent masqué négatif négatifs négatives négative période recopié reçu région
    répété répétée réponse réponses réunis retirée siège validité ATC CIP FINESS LPP PHMEV UCD inversé inversées
    supérieur à contrôle différent caractère échangées séparateur tronquée tête fermé modifié modifiée calculée facturé
    dernière même
"""
_ACCENTS = {plain_name(word): word for word in _WRITTEN.split()}


def finding_label(code: str) -> str:
    """Return the words that print the code of a finding.

    Examples
    --------
    >>> finding_label("DEPENSE_APRES_FERMETURE"), finding_label("CIP_MASQUE")
    ('Dépense après fermeture', 'CIP masqué')
    """
    words = " ".join(_ACCENTS.get(word, word) for word in code.lower().split("_"))
    return sentence_case(words)


def french_example(text: str) -> str:
    """Return an example as received with its decimal points written as French commas.

    Examples
    --------
    >>> french_example("990000001, 2024-03 : -12.50")
    '990000001, 2024-03 : −12,50'
    """
    return _SEPARATE_DECIMALS.sub(lambda m: f"{'−' if m[1] else ''}{m[2]},{m[3]}", text)


def may_change(page: Page, month: pd.Timestamp) -> bool:
    """Say whether a month is provisional: the campaign expects it to be completed."""
    return page.campaign.provisional_from is not None and month >= pd.Timestamp(page.campaign.provisional_from)


def outliers_table(page: Page) -> Table | None:
    """Return the months out of line with their probable cause, gross ones first; None in annual mode."""
    if page.campaign.is_annual:
        return None
    found = sorted(
        quality.find_outliers(page.store),
        key=lambda one: (-abs(one.amount_eur - one.expected_eur), one.finess, one.envelope, one.month),
    )
    known = page.all_names
    changed = page.store.query("select finess, envelope, month from monthly_spend where is_corrected")
    corrected = set(changed.itertuples(index=False, name=None))
    frame = pd.DataFrame(
        {
            "name": [known.get(one.finess, one.finess) or "Tous les établissements" for one in found],
            "href": [page.sheet_href(one.finess) if one.finess in known.index else None for one in found],
            "label": [envelope_of(page.campaign, one.envelope).short_label for one in found],
            "month": [one.month for one in found],
            "amount_eur": [one.amount_eur for one in found],
            "expected_eur": [one.expected_eur for one in found],
            "cause": [sentence_case(one.cause) for one in found],
            "is_provisional": [may_change(page, one.month) for one in found],
            "is_corrected": [(one.finess, one.envelope, one.month) in corrected for one in found],
        }
    )
    return Table.from_frame(
        frame.head(LISTED_NB),
        caption="Mois hors de proportion, les plus gros écarts d'abord",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.month("month", "Mois", short=True),
            ColumnFormat.amount("amount_eur", "Reçu"),
            ColumnFormat.amount("expected_eur", "Attendu, environ", is_provisional=None, is_corrected=None),
            ColumnFormat.text("cause", "Cause probable"),
        ],
        notes=[
            "Attendu : niveau habituel de l'établissement et saison de tous. Aucun de ces montants n'est changé : une "
            "erreur confirmée s'inscrit au registre des corrections.",
            *_more(len(found), "mois"),
        ],
    )


def _more(found_nb: int, noun: str) -> list[str]:
    more = found_nb - LISTED_NB
    return [f"{french.plural(more, f'autre {noun}', f'autres {noun}')} non listés ici."] if more > 0 else []


def restatements_table(page: Page) -> Table | Notice | None:
    """Return what changed from one delivery to the next, by envelope and delivery; None in annual mode."""
    if page.campaign.is_annual:
        return None
    changes = restated_months(page)
    if changes.empty and not page.store.has(tables.REPLACED_SPEND):
        return Notice("missing", "Reprises entre livraisons", "Chaque mois n'a été reçu qu'une fois.")
    rows = (
        changes.groupby(["envelope", "old_delivery", "new_delivery"], as_index=False)
        .agg(
            months_nb=("month", "size"),
            establishments_nb=("finess", "nunique"),
            first_month=("month", "min"),
            last_month=("month", "max"),
            difference_eur=("difference_eur", "sum"),
        )
        .pipe(ordered_by_envelope)
    )
    said = delivery_labels(page)
    frame = rows.assign(
        label=[envelope_of(page.campaign, code).short_label for code in rows["envelope"]],
        old_delivery=rows["old_delivery"].map(said),
        new_delivery=rows["new_delivery"].map(said),
        is_provisional=[may_change(page, month) for month in rows["last_month"]],
    )
    return Table.from_frame(
        frame,
        caption="Mois modifiés d'une livraison à la suivante",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.text("old_delivery", "Livraison"),
            ColumnFormat.text("new_delivery", "Remplacée par"),
            ColumnFormat.count("months_nb", "Valeurs modifiées", is_provisional=None),
            ColumnFormat.count("establishments_nb", "Établissements", is_provisional=None),
            ColumnFormat.month("first_month", "De", short=True),
            ColumnFormat.month("last_month", "À", short=True),
            ColumnFormat.compact_amount("difference_eur", "Différence", signed=True),
        ],
        notes=["Valeurs telles que reçues ; les mois que le registre corrige sont laissés à part."],
    )


@asked_once
def restated_months(page: Page) -> pd.DataFrame:
    """Return the months that a delivery changes of the one before, without those that the register corrects."""
    return quality.without_corrected(page.store, deliveries.restatements(page.store))


@asked_once
def delivery_labels(page: Page) -> dict[str, str]:
    """Return how each delivery is named: by the month at which it was drawn up, else by its date, else by its name."""
    rows = page.store.read(tables.DELIVERIES)
    return {
        name: f"à fin {french.month_year(as_of)}"
        if pd.notna(as_of)
        else f"reçue le {french.date(received, short=True)}"
        if pd.notna(received)
        else name
        for name, as_of, received in rows[["delivery", "as_of", "received_on"]].itertuples(index=False)
    }


def completed_table(page: Page) -> Table | Notice | None:
    """Return the last months as received and as completed, with their error; None in annual mode."""
    if page.campaign.is_annual:
        return None
    rows = completed_months(page)
    if rows.empty:
        state = _PROVISIONAL if page.campaign.provisional_months_nb else _NONE_PROVISIONAL
        return Notice("missing", "Derniers mois complétés", _NO_HISTORY.format(state=state))
    recent = ordered_by_envelope(rows.sort_values(["envelope", "month"]).groupby("envelope").tail(6))
    received = recent["received_eur"]
    to_come = {
        name: (recent[f"{bound}_eur"] - received) / 1000
        for name, bound in (("added", "completed"), ("lower", "lower_80"), ("upper", "upper_80"))
    }
    frame = recent.assign(
        label=[envelope_of(page.campaign, code).short_label for code in recent["envelope"]],
        may_change=[may_change(page, month) for month in recent["month"]],
        added_pct=100 * (recent["completed_eur"] / received - 1),
        **to_come,
    )
    return Table.from_frame(
        frame,
        caption=f"Derniers mois, reçus et complétés : {page.campaign.region.name}",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.month("month", "Mois", short=True),
            ColumnFormat.compact_amount("received_eur", "Reçu", is_provisional="may_change"),
            ColumnFormat.compact_amount("completed_eur", "Complété"),
            ColumnFormat.percent("added_pct", "À venir", signed=True),
            ColumnFormat.number("added", "À venir", decimals=0, unit="k€"),
            ColumnFormat.number("lower", "Au moins (80 %)", decimals=0, unit="k€"),
            ColumnFormat.number("upper", "Au plus (80 %)", decimals=0, unit="k€"),
        ],
        notes=[
            "Complété : montant reçu, multiplié par ce dont un mois du même âge a augmenté d'une livraison à la "
            "suivante (méthode des cadences ; erreur type de Mack, 1993). Rien n'est ajouté à un mois plus ancien que "
            "ceux que l'on a vus se compléter.",
            "Bornes : huit fois sur dix, si les prochaines livraisons se complètent comme les précédentes ; vides "
            "quand celles-ci sont trop peu nombreuses. Les taux et projections ne se servent pas de ces montants.",
            *_never_completed(page, recent),
        ],
    )


def _never_completed(page: Page, shown: pd.DataFrame) -> list[str]:
    """Name the months shown that some establishment did not send, or sent empty: nothing is added for them."""
    missing = quality.missing_months(page.store, year=page.campaign.year)
    missing = missing.merge(shown[["envelope", "month"]], on=["envelope", "month"])
    names = page.establishments.set_index("finess")["name"]
    found = [
        f"{envelope_of(page.campaign, str(code)).short_label}, {french.month_year(pd.Timestamp(str(month)))} "
        f"({some_of([str(names.get(finess, finess)) for finess in own['finess']])})"
        for (code, month), own in ordered_by_envelope(missing).groupby(["envelope", "month"], sort=False)
    ]
    if not found:
        return []
    return [f"Sans les mois en défaut, que rien ne complète ici{french.NBSP}: {' ; '.join(found)}."]


def own_corrections(page: Page) -> pd.DataFrame:
    """Return the corrections asked for what the page is about: an establishment and those it took over, or all."""
    rows = page.store.read(tables.CORRECTIONS)
    if page.finess is None:
        return rows
    counted = page.store.read(tables.SUCCESSIONS)
    own = {page.finess, *counted.loc[counted["current_finess"] == page.finess, "finess"]}
    return rows[rows["finess"].isin(own)].reset_index(drop=True)


def corrections_table(page: Page) -> Table | Notice | None:
    """Return the register of corrections and what became of each; without any, a notice, or None on a sheet."""
    rows = own_corrections(page)
    if rows.empty and page.finess is not None:
        return None
    if rows.empty:
        place = f"{page.campaign.file.stem}-corrections.csv"
        said = f"La région ne tient pas de registre : aucune valeur reçue n'est changée. Il se nommerait {place}."
        return Notice("missing", "Corrections", said)
    known = page.all_names
    is_alone = set(rows["finess"]) == {page.finess}  # a sheet, unless an establishment that it took over is corrected
    frame = rows.assign(
        name=[known.get(finess, finess) for finess in rows["finess"]],
        said=[_state_words(state, kept) for state, kept in zip(rows["state"], rows["kept"], strict=True)],
        state=["good" if state == "applied" else "warning" for state in rows["state"]],
        field=[_field_label(page, field) for field in rows["field"]],
        period=[period_label(period) for period in rows["period"]],
        proof=[
            f"{proof} ({author}, le {french.date(day, short=True)})"
            for proof, author, day in zip(rows["proof"], rows["author"], rows["date"], strict=True)
        ],
    )
    applied = int((rows["state"] == "applied").sum())
    return Table.from_frame(
        frame,
        caption=f"Registre des corrections : {applied} appliquée{'s' if applied > 1 else ''} sur {len(rows)}",
        columns=[
            *([] if is_alone else [ColumnFormat.text("name", "Établissement")]),
            ColumnFormat.text("period", "Période"),
            ColumnFormat.text("field", "Champ"),
            ColumnFormat.number("old", "Valeur à remplacer", decimals=2),
            ColumnFormat.number("new", "Valeur demandée", decimals=2),
            ColumnFormat.text("said", "État", state="state"),
            ColumnFormat.text("proof", "Preuve (auteur, date)"),
        ],
        notes=[
            "Une correction ne s'applique que si la valeur reçue est encore celle qu'elle remplace. Pour en demander "
            "une ou en contester une : s'adresser à l'OMEDIT, avec la preuve."
            if page.finess is not None
            else "Retirer une ligne du registre rend la valeur reçue à la construction suivante."
        ],
    )


def _state_words(state: str, kept: Any) -> str:
    """Return what became of a correction, and the value received that stays where it is another.

    Examples
    --------
    >>> _state_words("unexpected", 434660).replace("\\u202f", " ")
    'non appliquée : autre valeur reçue, 434 660,00, qui reste'
    """
    said = CORRECTION_STATES[state]
    return said if pd.isna(kept) else f"{said}, {french.number(kept, 2)}, qui reste"


def register_place(page: Page, place: str) -> str:
    """Return what a finding about a line of the register concerns, in the words of the pages.

    Parameters
    ----------
    page
        The page.
    place
        ``FINESS, period, field``, as the line names them.
    """
    finess, period, field = place.split(", ", 2)
    known = page.establishments.set_index("finess")["name"]
    return f"{known.get(finess, finess)}, {_field_label(page, field)}, {period_label(period)}"


def _field_label(page: Page, field: str) -> str:
    """Return what a line of the register corrects, in the words of the pages."""
    code, _, rest = field.partition(".")
    if code == "activity":
        return activity_named(rest).label
    if code == "lpp" and rest[:1].isdigit():
        return f"LPP {rest.replace('.quantity_nb', ', quantité')}"
    return f"{envelope_of(page.campaign, code).short_label}{', quantité' if rest else ''}"


def period_label(period: str) -> str:
    """Return a period of the register in words: a year, a month, a cumul.

    Examples
    --------
    >>> period_label("2024-04"), period_label("2024-M06"), period_label("2024")
    ('avril 2024', 'cumul à fin juin 2024', '2024')
    """
    if len(period) == 4:
        return period
    month = french.month_year(pd.Timestamp(f"{period.replace('-M', '-')}-01"))
    return f"cumul à fin {month}" if "M" in period else month
