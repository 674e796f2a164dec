"""Amounts and rates that lack a month: who, which, and what the yearly base says of a closed year."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.verdicts import has_base, year_in_doubt
from caqes_analysis.chapters.words import (
    envelope_of,
    missing_months_words,
    ordered_by_envelope,
    sentence_case,
)
from caqes_analysis.indicators.evolution import missing_numbers
from caqes_analysis.labels import some_of
from caqes_analysis.quality import UNMATCHED_WORDS

__all__ = ["amount_words", "part_months_note", "part_months_notes", "unmatched_note"]


def amount_words(page: Page, rows: pd.DataFrame) -> str:
    """Return the sum of an envelope followed by what it lacks: « 104,4 M€ (sans mars pour deux établissements) ».

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``evolutions``, of one envelope.
    """
    amount = french.compact_euros(rows["current_eur"].sum())
    lacking = [*_lacking(rows), *_in_the_base(page, rows)]
    return f"{amount} ({' ; '.join(lacking)})" if lacking else amount


def part_months_note(page: Page, rows: pd.DataFrame, told: tuple[str, str]) -> list[str]:
    """Name the establishments whose amount is that of a part of the months; nothing when there is none.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``evolutions``, of one envelope.
    told
        What of one, then of several, is read on these months: « son taux est celui », « leur taux est celui ».
    """
    names = page.establishments.set_index("finess")["name"]
    parts = rows[rows["missing_months"].notna()].sort_values(["current_eur", "finess"], ascending=[False, True])
    if parts.empty:
        return []
    found = []
    for row in parts.to_dict("records"):
        absent, month_nb = missing_numbers(row["missing_months"]), row["month_nb"]
        counted = f"{month_nb - len(absent)} mois sur {month_nb}{missing_months_words(absent)}"
        found.append(f"{names.get(row['finess'], row['finess'])} ({counted})")
    return [f"Sur une partie des mois{french.NBSP}: {some_of(found)} ; {told[len(found) > 1]} de ces mois."]


def part_months_notes(page: Page, rows: pd.DataFrame) -> list[str]:
    """Say in one note which envelopes of a table lack months, for the table that holds them all; often nothing.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``evolutions``, of several envelopes.
    """
    found = [
        f"{envelope_of(page.campaign, str(code)).short_label} {' ; '.join(lacking)}"
        for code, own in ordered_by_envelope(rows).groupby("envelope", sort=False)
        if (lacking := _lacking(own))
    ]
    return [f"Montants des mois comparés, connus les deux années{french.NBSP}: {', '.join(found)}."] if found else []


def unmatched_note(page: Page, rows: pd.DataFrame) -> list[str]:
    """Name the establishments whose months do not make the yearly base; nothing of an open year, or of other envelopes.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``evolutions``, of one envelope.
    """
    is_denied = [year_in_doubt(page, *pair) for pair in zip(rows["envelope"], rows["finess"], strict=True)]
    own = rows[rows["missing_months"].isna() & pd.Series(is_denied, index=rows.index, dtype=bool)]
    if own.empty:
        return []
    names = page.establishments.set_index("finess")["name"]
    who = french.list_in_words([str(names.get(finess, finess)) for finess in own["finess"]])
    return [f"{sentence_case(UNMATCHED_WORDS)}, donc pas de verdict{french.NBSP}: {who}."]


def _lacking(rows: pd.DataFrame) -> list[str]:
    parts = rows["missing_months"].dropna()
    if parts.empty:
        return []
    if parts.nunique() == 1:
        months = french.list_in_words([french.month_name(number) for number in missing_numbers(parts.iloc[0])])
        return [f"sans {months} pour {french.plural(len(parts), 'établissement', words=True)}"]
    return [f"sans un mois ou plus pour {french.plural(len(parts), 'établissement', words=True)}"]


def _in_the_base(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return the amount of a closed year in the yearly base, where the months received do not make it."""
    year = page.campaign.year
    doubtful = {finess for finess, one in page.unmatched if one == year}
    is_apart = rows["missing_months"].notna() | rows["finess"].isin(doubtful)
    if not has_base(page, rows["envelope"].iloc[0]) or not is_apart.any():
        return []
    base = page.store.query(
        f"select sum(reimbursed_eur)::decimal(18, 2) as amount_eur from {tables.ANNUAL_DRUG_SPEND.name} "
        "where year = $year",
        {"year": year},
    )["amount_eur"].iloc[0]
    if pd.isna(base):
        return []
    return [f"{french.compact_euros(base)} d'après Open PHMEV"]
