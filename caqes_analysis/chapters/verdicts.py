"""Whether a year can be judged: one rule for every page, the same as the evaluation's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.constant_perimeter import opened_on
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import MAIN_ENVELOPE, against_phrase, through_phrase
from caqes_analysis.display.measure import PERCENT, MeasureFormat
from caqes_analysis.evaluation.position import NO_OBJECT, Position, position_of
from caqes_analysis.forecast.histories import EMPTY_YEAR_NOTE, INCOMPLETE_YEAR_NOTE
from caqes_analysis.indicators.evolution import in_both_years, missing_numbers
from caqes_analysis.known_periods import UNKNOWN_MONTHS
from caqes_analysis.quality import UNMATCHED_WORDS
from caqes_analysis.schemes.targets import Target

__all__ = [
    "absent_months_words",
    "barely_words",
    "compared_phrase",
    "compared_with_phrase",
    "gap_adjective",
    "has_base",
    "incomplete_words",
    "judged",
    "months_words",
    "no_object",
    "no_object_notes",
    "no_rate_words",
    "position_in",
    "region_gap",
    "unmatched_sentences",
    "year_gap",
    "year_in_doubt",
]


def year_gap(page: Page, row: pd.Series[Any]) -> str | None:
    """Return why the closed year of an establishment and envelope has no verdict; None when it is whole.

    Parameters
    ----------
    page
        The data of the notebook.
    row
        Row of ``evolutions``.
    """
    if not page.campaign.is_closed_year:
        return None
    if isinstance(row["missing_months"], str):
        return absent_months_words(len(missing_numbers(row["missing_months"])))
    return UNMATCHED_WORDS if year_in_doubt(page, row["envelope"], row["finess"]) else None


def year_in_doubt(page: Page, envelope: str, finess: str | None = None) -> bool:
    """Say whether the months of a closed year do not make its yearly base: nothing is then judged on them.

    Parameters
    ----------
    page
        The data of the notebook.
    envelope
        Envelope read.
    finess
        The establishment; that of the sheet by default.
    """
    return has_base(page, envelope) and bool(unmatched_sentences(page, str(page.finess if finess is None else finess)))


def has_base(page: Page, envelope: str) -> bool:
    """Say whether a yearly base can deny the months of an envelope: of PHMEV by month, once the year is closed.

    Parameters
    ----------
    page
        The data of the notebook.
    envelope
        Envelope read.
    """
    return envelope == MAIN_ENVELOPE and page.campaign.is_closed_year and not page.campaign.is_annual


def absent_months_words(count: int) -> str:
    """Return « un mois manque », « deux mois manquent »."""
    return f"{french.in_words(count)} mois {'manque' if count == 1 else 'manquent'}"


def unmatched_sentences(page: Page, finess: str) -> list[str]:
    """Return what the months and the yearly base say of the years compared, where they do not agree."""
    year = page.campaign.year
    return [f"{one} : {page.unmatched[finess, one]}" for one in (year, year - 1) if (finess, one) in page.unmatched]


def position_in(page: Page, row: pd.Series[Any]) -> Position:
    """Return where the evolution of an establishment stands.

    There is no verdict on a year that is not whole, and no position without a year before: « sans objet », of an
    opening or of a spending that began since.

    Parameters
    ----------
    page
        The data of the notebook, of the region or of a sheet.
    row
        Row of ``evolutions``.
    """
    return position_of(
        row["evolution_pct"],
        page.target(row["envelope"]),
        month_nb=page.campaign.settled_month_nb,
        gap=year_gap(page, row),
        without=no_object(page, row),
    )


def barely_words(value: Any, target: Target, unit: MeasureFormat = PERCENT) -> str:
    """Return by how little a rate, printed as its target, is not it; empty elsewhere.

    Parameters
    ----------
    value
        The rate.
    target
        What it is compared with.
    unit
        How the rate is printed.

    Examples
    --------
    >>> down = Target("phev_perfadom", "evolution_pct", 2024, -5.0, "%", "essai", "verified")
    >>> barely_words(-4.96, down), barely_words(-5.0, down), barely_words(-4.9, down)
    (', de moins de 0,1\\xa0point', '', '')
    >>> barely_words(-4.9, down, MeasureFormat(decimals=0)), barely_words(-4.96, down, MeasureFormat(decimals=2))
    (', de moins de 1\\xa0point', '')
    """
    if target.value is None or pd.isna(value) or target.unit_label != "%" or not unit.hides(value, target.value):
        return ""
    return f", de moins de {french.points(10.0**-unit.decimals, unit.decimals, signed=False)}"


def no_object(page: Page, row: pd.Series[Any]) -> str | None:
    """Return why the evolution of an establishment and envelope has no object; None when it has one, or months lack.

    Parameters
    ----------
    page
        The data of the notebook.
    row
        Row of ``evolutions``.
    """
    if row["value_status"] != "not_applicable" or not pd.isna(row["evolution_pct"]):
        return None
    day = opened_on(page, str(row["finess"]))
    if day is not None:
        return f"ouverture le {french.date(day, short=True)}"
    year = page.campaign.year - (row["previous_eur"] <= 0)
    return f"aucune dépense {through_phrase(page.campaign, page.campaign.settled_month_nb, year=year)}"


def no_object_notes(page: Page, rows: pd.DataFrame, *, openings: bool = False) -> list[str]:
    """Say of which establishments a table says « sans objet » and why.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``evolutions``.
    openings
        True to name those that opened too, where no note on the perimeter does.
    """
    names = page.establishments.set_index("finess")["name"]
    found = [
        f"{names.get(row['finess'], row['finess'])} ({why})"
        for _, row in rows[(in_both_years(rows) | openings) & rows["evolution_pct"].isna()].iterrows()
        if (why := no_object(page, row)) is not None
    ]
    return [f"Sans objet : {french.list_in_words(found)}."] if found else []


def no_rate_words(page: Page, row: pd.Series[Any]) -> str:
    """Return why a forecast has no evolution: an opening, or the months of the year before that are missing.

    Parameters
    ----------
    page
        The data of the notebook, of the region or of a sheet.
    row
        Row of ``forecasts`` that has an amount and no rate.
    """
    day = opened_on(page, str(row["subject"])) if row["level"] == "establishment" else None
    if day is not None:
        return f"évolution {NO_OBJECT}, ouverture le {french.date(day, short=True)}"
    if EMPTY_YEAR_NOTE in str(row["reason"]):
        return EMPTY_YEAR_NOTE
    if INCOMPLETE_YEAR_NOTE not in str(row["reason"]):
        return str(row["reason"])
    year = page.campaign.year - 1
    absent = page.store.query(
        f"select m from ({UNKNOWN_MONTHS}) where finess = $finess and envelope = $envelope and year = $year order by m",
        {"finess": row["subject"], "envelope": row["envelope"], "year": year},
    )["m"].tolist()
    if not absent:
        return INCOMPLETE_YEAR_NOTE
    names = french.list_in_words([french.month_name(number) for number in absent])
    return f"pas de taux, {names} {year} {'manque' if len(absent) == 1 else 'manquent'}"


def judged(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``evolutions`` that have a rate and, of a closed year, a whole one."""
    is_whole = [year_gap(page, row) is None for _, row in rows.iterrows()]
    return rows[rows["evolution_pct"].notna() & pd.Series(is_whole, index=rows.index, dtype=bool)]


def region_gap(page: Page, rows: pd.DataFrame) -> str | None:
    """Return how many establishments of a sum have no whole year; None when they all have."""
    return incomplete_words(year_gap(page, row) for _, row in rows.iterrows())


def incomplete_words(gaps: Iterable[str | None]) -> str | None:
    """Return « année incomplète de 2 établissements », why a sum has no verdict; None when nothing lacks.

    Parameters
    ----------
    gaps
        Why each establishment has no verdict, None where it has one.

    Examples
    --------
    >>> incomplete_words(["un mois manque", None, UNMATCHED_WORDS])
    'année incomplète ou non vérifiée de 2 établissements'
    """
    found = [gap for gap in gaps if gap is not None]
    return f"année {gap_adjective(found)} de {french.plural(len(found), 'établissement')}" if found else None


def gap_adjective(gaps: Iterable[str]) -> str:
    """Return « incomplète » of years that lack months, « non vérifiée » of those that the yearly base denies, or both.

    Examples
    --------
    >>> gap_adjective(["deux mois manquent"]), gap_adjective([UNMATCHED_WORDS])
    ('incomplète', 'non vérifiée')
    """
    denied = [gap == UNMATCHED_WORDS for gap in gaps]
    return "non vérifiée" if all(denied) else "incomplète ou non vérifiée" if any(denied) else "incomplète"


def compared_phrase(page: Page, row: pd.Series[Any]) -> str:
    """Return the months on which the evolution of an establishment is read.

    « de janvier à mai et de juillet à décembre 2019 » where June is missing, else as for the region.
    """
    month_nb = page.campaign.settled_month_nb
    if not isinstance(row["missing_months"], str):
        return through_phrase(page.campaign, month_nb)
    absent = missing_numbers(row["missing_months"])
    words = months_words(number for number in range(1, month_nb + 1) if number not in absent)
    return f"{words} {page.campaign.year}" if words else through_phrase(page.campaign, month_nb)


def compared_with_phrase(page: Page, row: pd.Series[Any]) -> str:
    """Return what these months are compared with: « aux mêmes mois de 2018 » where one is missing."""
    if isinstance(row["missing_months"], str):
        return f"aux mêmes mois de {page.campaign.year - 1}"
    return against_phrase(page.campaign, page.campaign.settled_month_nb)


def months_words(months: Iterable[int]) -> str:
    """Return months in words, those that follow each other together.

    Examples
    --------
    >>> months_words([1, 3, 4, 5, 6, 7]), months_words([1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12])
    ('en janvier et de mars à juillet', 'de janvier à mai et de juillet à décembre')
    """
    runs: list[list[int]] = []
    for month in sorted(months):
        if runs and month == runs[-1][1] + 1:
            runs[-1][1] = month
        else:
            runs.append([month, month])
    return french.list_in_words(
        [
            f"en {french.month_name(first)}"
            if first == last
            else f"de {french.month_name(first)} à {french.month_name(last)}"
            for first, last in runs
        ]
    )
