"""The chapter on data quality: can the reader trust what follows?"""

from __future__ import annotations

import re

import pandas as pd

from caqes_analysis import french, quality, tables
from caqes_analysis.chapters.data_quality_limits import limits
from caqes_analysis.chapters.data_quality_values import (
    OUTLIER_CODES,
    REGISTER_CODES,
    completed_table,
    corrections_table,
    finding_label,
    french_example,
    outliers_table,
    register_place,
    restatements_table,
)
from caqes_analysis.chapters.level_changes import level_changes_table
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.perimeter_table import perimeter_table
from caqes_analysis.chapters.restated import restated_details
from caqes_analysis.chapters.sheet_spending import needs_months
from caqes_analysis.chapters.words import (
    MAIN_ENVELOPE,
    envelope_of,
    month_phrase,
    ordered_by_envelope,
    sentence_case,
    titled,
)
from caqes_analysis.departments import department_label
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table, Text
from caqes_analysis.display.charts import completeness_heatmap
from caqes_analysis.display.charts_completeness import READABLE_ROWS_NB
from caqes_analysis.display.payload import State
from caqes_analysis.indicators.structure import annual_levels, annual_years

__all__ = [
    "annual_totals",
    "answer",
    "completed_table",
    "completeness_figure",
    "completeness_figures",
    "corrections_table",
    "deliveries_table",
    "findings_table",
    "level_changes_table",
    "limits",
    "missing_table",
    "ordinary_findings_table",
    "outliers_table",
    "perimeter_table",
    "reconciliation_table",
    "restated_details",
    "restatements_table",
]

_SEVERITIES: dict[str, tuple[str, State | None]] = {
    "error": ("erreur", "bad"),
    "warning": ("à regarder", "warning"),
    "information": ("pour mémoire", None),
}
_MONTHS_DRAWN_NB = 24
_FINESS = re.compile(r"\b[0-9][0-9AB][0-9]{7}\b")


def answer(page: Page) -> Text:
    """Return in a few sentences whether the figures can be trusted: the verdict, what is missing, what agrees."""
    findings = page.store.read(tables.FINDINGS)
    errors = findings[findings["severity"] == "error"]
    warnings_nb = int((findings["severity"] == "warning").sum())
    if len(errors):
        verdict = f"À lire avec réserve : {french.plural(len(errors), 'erreur')} {_to_settle(page, errors)}"
    else:
        verdict = "Aucune erreur n'est à régler dans les données reçues"
    files = french.plural(len(page.store.read(tables.DELIVERIES)), "fichier lu", "fichiers lus")
    seen = f"{french.plural(warnings_nb, 'constat')} à regarder" if warnings_nb else "aucun constat à regarder"
    said = f"{sentence_case(files)} en entier ({month_phrase(page.campaign)}) : {_gaps(page)}{seen}."
    return Text.answer(" ".join([f"{verdict}.", said, *_agreement(page)]))


def _to_settle(page: Page, errors: pd.DataFrame) -> str:
    known = page.all_names
    places = [place.replace(place[:9], known.get(place[:9], place[:9]), 1) for place in errors["place"]]
    more = f" et {french.plural(len(places) - 2, 'autre')}" if len(places) > 2 else ""
    return f"à régler ({' ; '.join(places[:2])}{more})"


def _gaps(page: Page) -> str:
    if page.campaign.is_annual:
        return ""
    year = page.campaign.year
    missing = quality.missing_months(page.store, year=year)
    if missing.empty:
        return f"aucun mois de {year - 1} et {year} ne manque, "
    who = french.plural(missing["finess"].nunique(), "établissement")
    return f"{french.plural(len(missing), 'mois', 'mois')} en défaut pour {who}, "


def _agreement(page: Page) -> list[str]:
    """Say whether the yearly bases agree with the months, when both were received."""
    rows = quality.reconciliation(page.store)
    if rows.empty:
        return []
    is_equal = rows["differing_nb"] == 0
    equal = french.list_in_words([str(year) for year in rows.loc[is_equal, "year"]])
    others = rows[~is_equal]
    gaps = french.list_in_words(
        [
            f"{french.compact_euros(gap, signed=True)} en {year}"
            for year, gap in zip(others["year"], others["gap_eur"], strict=True)
        ]
    )
    if not gaps:
        return [f"La somme des mois de PHMEV égale Open PHMEV, au centime, en {equal}."]
    if not equal:
        return [f"La somme des mois de PHMEV s'écarte d'Open PHMEV de {gaps}."]
    return [f"La somme des mois de PHMEV égale Open PHMEV, au centime, en {equal}, et s'en écarte de {gaps}."]


def deliveries_table(page: Page) -> Table:
    """Return the files received, with what identifies them."""
    rows = page.store.read(tables.DELIVERIES).sort_values("delivery")
    frame = rows.assign(short=rows["sha256"].str.slice(stop=16))
    columns = [
        ColumnFormat.text("file", "Fichier"),
        ColumnFormat.text("period", "Période"),
        ColumnFormat.count("rows", "Lignes"),
        ColumnFormat.text("short", "SHA-256 (début)"),
    ]
    if rows["received_on"].notna().any():
        columns.insert(1, ColumnFormat.date("received_on", "Reçu le"))
    return Table.from_frame(frame, caption="Fichiers reçus", columns=columns)


def findings_table(page: Page) -> Table:
    """Return what is to be looked at, most serious first; months out of line have their own table."""
    rows = page.store.read(tables.FINDINGS)
    rows = rows[rows["severity"] != "information"]
    apart = rows["code"].isin(OUTLIER_CODES)
    names = page.all_names

    def named(text: str) -> str:
        return _FINESS.sub(lambda found: f"{names[found[0]]} ({found[0]})" if found[0] in names else found[0], text)

    rank = rows["severity"].map({"error": 0, "warning": 1})
    ordered = rows[~apart].assign(rank=rank).sort_values(["rank", "code", "delivery", "place"])
    frame = ordered.assign(
        what=[finding_label(code) for code in ordered["code"]],
        where=[
            f"{register_place(page, row['place']) if row['code'] in REGISTER_CODES else named(row['place'])} : "
            f"{named(french_example(row['example']))} (fichier {row['delivery']})"
            for row in ordered.to_dict("records")
        ],
    )
    others = int(apart.sum())
    more = f"Et {french.plural(others, 'cas', 'cas')} de mois hors de proportion, dans le tableau suivant."
    return Table.from_frame(
        frame,
        caption="Constats à regarder, les plus graves d'abord",
        columns=[
            ColumnFormat.text("what", "Constat"),
            ColumnFormat.status("severity", "Gravité", _SEVERITIES),
            ColumnFormat.count("count", "Cas"),
            ColumnFormat.text("where", "Où, et un exemple"),
            ColumnFormat.text("remedy", "Ce qui a été fait, ce que l'on peut faire"),
        ],
        notes=[more] if others else [],
    )


def ordinary_findings_table(page: Page) -> Table:
    """Return the usual traits of the sources, one row per kind."""
    rows = page.store.read(tables.FINDINGS)
    rows = rows[rows["severity"] == "information"].sort_values(["code", "delivery", "place"])
    kinds = rows.groupby("code", as_index=False).agg(
        files_nb=("delivery", "nunique"), count=("count", "sum"), remedy=("remedy", "first")
    )
    return Table.from_frame(
        kinds.assign(what=[finding_label(code) for code in kinds["code"]]),
        caption="Pour mémoire : traits habituels des sources",
        columns=[
            ColumnFormat.text("what", "Constat"),
            ColumnFormat.count("files_nb", "Fichiers"),
            ColumnFormat.count("count", "Lignes"),
            ColumnFormat.text("remedy", "Ce qui a été fait"),
        ],
    )


def completeness_figures(page: Page) -> list[Figure | Notice]:
    """Return which months were received: of PHMEV, then of each envelope that lacks one, who lacks it."""
    if page.campaign.is_annual:
        return [completeness_figure(page)]
    missing = ordered_by_envelope(quality.missing_months(page.store, year=page.campaign.year))
    others = [code for code in dict.fromkeys(missing["envelope"]) if code != MAIN_ENVELOPE]
    few = len(page.establishments) <= READABLE_ROWS_NB
    return [
        completeness_figure(page, only_gaps=not few),
        *(completeness_figure(page, code, only_gaps=True) for code in others),
    ]


def completeness_figure(page: Page, envelope: str = MAIN_ENVELOPE, *, only_gaps: bool = False) -> Figure | Notice:
    """Return which months of two years were received, establishment by establishment.

    Parameters
    ----------
    page
        The page of a region.
    envelope
        Envelope read.
    only_gaps
        True to name those that lack a month alone.
    """
    if page.campaign.is_annual:
        return needs_months("La complétude des mois")
    rows = quality.completeness(page.store, envelope=envelope, year=page.campaign.year)
    if rows.empty:
        return Notice("missing", "Complétude des mois", "Aucun mois n'a été reçu pour cette enveloppe.")
    known = page.establishments.set_index("finess")
    frame = rows.assign(
        name=known["name"].reindex(rows["finess"]).to_numpy(),
        group=[department_label(code) for code in known["department"].reindex(rows["finess"])],
    )
    label = envelope_of(page.campaign, envelope).short_label
    figure = completeness_heatmap(
        frame, name=f"{page.campaign.region.name}, {label}", months_nb=_MONTHS_DRAWN_NB, only_gaps=only_gaps
    )
    return titled(figure, label)


def missing_table(page: Page) -> Table | None:
    """Return the months that are missing, one row per establishment and envelope; None in annual mode."""
    if page.campaign.is_annual:
        return None
    missing = ordered_by_envelope(quality.missing_months(page.store, year=page.campaign.year))
    known = page.establishments.set_index("finess")
    rows = (
        missing.assign(month=[french.month_year(month) for month in missing["month"]])
        .groupby(["envelope", "finess"], sort=False)["month"]
        .agg(lambda months: french.list_in_words(list(months)))
        .reset_index()
    )
    frame = rows.assign(
        name=known["name"].reindex(rows["finess"]).to_numpy(),
        href=known["href"].reindex(rows["finess"]).to_numpy(),
        label=[envelope_of(page.campaign, code).label for code in rows["envelope"]],
    )
    return Table.from_frame(
        frame,
        caption=f"Mois en défaut, {page.campaign.year - 1} et {page.campaign.year}",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.text("month", "Mois en défaut"),
        ],
        notes=[
            "Un mois en défaut, non reçu ou reçu vide, n'est pas un zéro : il est écarté des deux années quand un taux "
            "est calculé."
        ],
    )


def reconciliation_table(page: Page) -> Table | None:
    """Return the yearly bases against the sum of the months; None when one of the two was not received."""
    rows = quality.reconciliation(page.store)
    if rows.empty:
        return None
    return Table.from_frame(
        rows.assign(year=rows["year"].astype("str")),
        caption="Open PHMEV de l'année contre la somme des mois (PHMEV)",
        columns=[
            ColumnFormat.text("year", "Année"),
            ColumnFormat.count("establishments_nb", "Établissements communs"),
            ColumnFormat.amount("annual_eur", "Base annuelle", cents=True),
            ColumnFormat.amount("monthly_eur", "Somme des mois", cents=True),
            ColumnFormat.amount("gap_eur", "Écart", cents=True, signed=True),
            ColumnFormat.count("differing_nb", "Établissements en écart"),
        ],
    )


def annual_totals(page: Page) -> Table | None:
    """Return the totals of every yearly base, to the cent; None when none was received."""
    years = annual_years(page.store)
    if not years:
        return None
    levels = [annual_levels(page.store, year=year) for year in years]
    frame = pd.DataFrame(
        {
            "year": [str(year) for year in years],
            "establishments_nb": [len(rows) for rows in levels],
            "boxes_nb": [int(rows["boxes_nb"].sum()) for rows in levels],
            "reimbursed_eur": [rows["reimbursed_eur"].sum() for rows in levels],
            "base_eur": [rows["base_eur"].sum() for rows in levels],
            "masked_pct": [
                100 * float(rows["masked_eur"].sum()) / float(rows["reimbursed_eur"].sum() or 1) for rows in levels
            ],
        }
    )
    return Table.from_frame(
        frame,
        caption="Totaux des bases annuelles Open PHMEV, lignes masquées comprises",
        columns=[
            ColumnFormat.text("year", "Année"),
            ColumnFormat.count("establishments_nb", "Établissements"),
            ColumnFormat.count("boxes_nb", "Boîtes"),
            ColumnFormat.amount("reimbursed_eur", "Montant remboursé", cents=True),
            ColumnFormat.amount("base_eur", "Base de remboursement", cents=True),
            ColumnFormat.percent("masked_pct", "Part masquée du remboursé"),
        ],
    )
