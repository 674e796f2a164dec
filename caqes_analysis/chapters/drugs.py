"""What the PHMEV of an establishment, or of the region, is made of: ATC classes."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.constant_perimeter import opening_between
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import BASE_YEARS
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table
from caqes_analysis.display.charts_bars import top_classes
from caqes_analysis.display.series import small_base_note, with_small_bases
from caqes_analysis.indicators.structure import FEES_LABEL, MASKED_LABEL, annual_years, drug_classes

__all__ = ["base_years", "classes", "latest_year", "molecules"]

_SHOWN_NB = 10
_MASKED_CLASS = "9"
"""First character of the classes that the source masks; those of ATC begin with a letter."""


def base_years(page: Page) -> list[int]:
    """Return the years of the yearly drug bases received, oldest first."""
    if page.finess is None:
        return annual_years(page.store)
    return sorted(int(year) for subject, year in page.regional_context if subject == BASE_YEARS)


def latest_year(page: Page) -> int | None:
    """Return the latest year of the yearly drug bases, or None."""
    return max(base_years(page), default=None)


def classes(page: Page) -> tuple[Figure | Notice, ...]:
    """Return the main ATC classes of this establishment, or of the region for a chapter; nothing of a clinic."""
    if page.finess is not None and page.has_no_drugs:
        return ()
    year = latest_year(page)
    if year is None:
        return (_needs_annual(),)
    if page.finess is None:
        rows = drug_classes(page.store, year=year)
    else:
        rows = page.store.rows(tables.ANNUAL_DRUG_CLASSES, where={"finess": page.finess})
    if not rows["amount_eur"].sum():
        return (_absent(year),)
    rows["code"] = _class_codes(rows)
    # A part of a year is not compared with a whole one: the classes of an opening have no evolution.
    day = None if page.finess is None else opening_between(page, page.finess, year=year)
    if rows["previous_eur"].isna().all() or day is not None:
        rows = rows.drop(columns="previous_eur")
    name = page.campaign.region.name if page.finess is None else str(page.establishment["name"])
    return (top_classes(rows, year=year, name=name, top_nb=_SHOWN_NB),)


def _class_codes(rows: pd.DataFrame) -> pd.Series[str]:
    """Return the ATC codes, empty for fees and masked lines: what the base writes there is no class."""
    return rows["code"].where(~_is_apart(rows), "")


def _is_apart(rows: pd.DataFrame) -> pd.Series[bool]:
    """Say which rows are fees or masked lines: no class of drugs."""
    return rows["label"].isin([FEES_LABEL, MASKED_LABEL]) | rows["code"].fillna("").str.startswith(_MASKED_CLASS)


def molecules(page: Page) -> Table | Notice:
    """Return the molecules (ATC level 5) of the region on which most is reimbursed."""
    year = latest_year(page)
    if year is None:
        return _needs_annual()
    rows = drug_classes(page.store, year=year, level=5)
    total = rows["amount_eur"].astype("float64").sum()
    current, previous = rows["amount_eur"].astype("float64"), rows["previous_eur"].astype("float64")
    frame = with_small_bases(
        rows.assign(
            code=_class_codes(rows).replace("", "–"),
            label=rows["label"].str.capitalize(),
            share_pct=100 * current / total if total else float("nan"),
            evolution_pct=(100 * (current / previous - 1)).where(previous > 0),
        )
    )
    is_apart = _is_apart(rows)
    ranked = frame[~is_apart].head(_SHOWN_NB)
    frame = pd.concat([ranked, frame[is_apart]])
    columns = [
        ColumnFormat.text("label", "Molécule"),
        ColumnFormat.text("code", "Code ATC"),
        ColumnFormat.compact_amount("amount_eur", f"Remboursé {year}"),
        ColumnFormat.percent("share_pct", "Part"),
        ColumnFormat.count("boxes_nb", "Boîtes"),
    ]
    if bool(previous.notna().any()):
        label = f"Évolution {year}/{year - 1}"
        columns.append(ColumnFormat.percent("evolution_pct", label, signed=True, value_status="evolution_status"))
    return Table.from_frame(
        frame,
        caption=f"Les {french.in_words(len(ranked), feminine=True)} molécules les plus coûteuses de {year}",
        columns=columns,
        notes=[
            "Les lignes masquées par la source et les honoraires de dispensation sont à la fin, hors classement.",
            *small_base_note(frame),
        ],
    )


def _needs_annual() -> Notice:
    return Notice(
        "missing",
        "Composition de la PHMEV : données non reçues",
        "Il y faut la base annuelle Open PHMEV ; la campagne n'en nomme aucun fichier (sources.open_phmev).",
    )


def _absent(year: int) -> Notice:
    return Notice(
        "missing",
        "Composition de la PHMEV : établissement absent d'Open PHMEV",
        f"La base de {year} ne contient aucune ligne pour cet établissement ; les cliniques à but lucratif, "
        "par exemple, n'y figurent pas.",
    )
