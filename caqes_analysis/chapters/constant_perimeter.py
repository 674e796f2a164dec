"""Openings and other changes of perimeter, said beside the rates that leave them out: who, euros, points."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import envelope_of, ordered_by_envelope
from caqes_analysis.indicators.evolution import in_both_years, sum_evolutions

__all__ = ["left_out_words", "opened_on", "opening_between", "perimeter_note", "perimeter_notes"]


def perimeter_note(page: Page, envelope: str) -> str:
    """Return what the rate of an envelope leaves out, in euros and in points; empty when it leaves out nothing.

    Parameters
    ----------
    page
        The page of a region.
    envelope
        Code of the envelope.
    """
    rows = page.settled(envelope)
    effect = None if rows.empty else sum_evolutions(rows, ["envelope"]).iloc[0]
    if effect is None or pd.isna(effect["evolution_pct"]) or in_both_years(rows).all():
        return ""
    change = french.compact_euros(effect["perimeter_eur"], signed=True)
    who = rows.loc[~in_both_years(rows), "finess"]
    return left_out_words(page, who, change, effect["evolution_pct"], effect["perimeter_points"])


def left_out_words(page: Page, finess: Iterable[str], change: str, evolution_pct: float, effect_points: float) -> str:
    """Return who is left out of a rate at constant perimeter, and what the rate would be with them.

    Parameters
    ----------
    page
        The page.
    finess
        Those left out.
    change
        Their change, with its sign and unit.
    evolution_pct
        The rate at constant perimeter.
    effect_points
        What they would add to it.
    """
    whole = french.percent(evolution_pct + effect_points, signed=True)
    return (
        f"Taux à périmètre constant. Hors de ce taux : {_changes(page, finess)}, {change}, "
        f"soit {french.points(effect_points, 2)} ; tout compté, {whole}."
    )


def perimeter_notes(page: Page) -> list[str]:
    """Return what the rates of all the envelopes leave out, in one note for the table that holds them; often none."""
    rows = page.settled()
    sums = ordered_by_envelope(sum_evolutions(rows, ["envelope"]))
    found = []
    for effect in sums.to_dict("records"):
        own = rows[rows["envelope"] == effect["envelope"]]
        if pd.isna(effect["evolution_pct"]) or in_both_years(own).all():
            continue
        change = french.compact_euros(effect["perimeter_eur"], signed=True)
        label = envelope_of(page.campaign, effect["envelope"]).short_label
        found.append(f"{label} {change} ({french.points(effect['perimeter_points'], 2)})")
    if not found:
        return []
    return [
        f"Taux à périmètre constant. Hors de ces taux, {_changes(page, rows.loc[~in_both_years(rows), 'finess'])} : "
        f"{', '.join(found)}."
    ]


def opened_on(page: Page, finess: str, *, year: int | None = None) -> pd.Timestamp | None:
    """Return the day of opening of an establishment, None when it was there before the year before began.

    Parameters
    ----------
    page
        The page.
    finess
        The establishment.
    year
        Year that is compared with the one before; that of the campaign when None.
    """
    known = page.lifetimes["first_day"]
    day = pd.Timestamp(known[finess]) if finess in known.index else None
    return day if day is not None and day.year >= (year or page.campaign.year) - 1 else None


def opening_between(page: Page, finess: str, *, year: int) -> pd.Timestamp | None:
    """Return the day of opening of an establishment that has a part of two years only, None of one that has them whole.

    Parameters
    ----------
    page
        The page.
    finess
        The establishment.
    year
        Year that is compared with the one before. Who opened in January of that one has it whole.
    """
    day = opened_on(page, finess, year=year)
    if day is None or day.year == year:
        return day
    return day if page.lifetimes["part_year"].fillna(0)[finess] == year - 1 else None


def _changes(page: Page, finess: Iterable[str]) -> str:
    """Return « ouverture (CH Neuf, 01/09/2023) », or who has come into the perimeter, or left it."""
    names = page.establishments.set_index("finess")["name"]
    days = {one: opened_on(page, one) for one in sorted(set(finess))}
    who = [
        str(names.get(one, one)) + ("" if day is None else f", {french.date(day, short=True)}")
        for one, day in days.items()
    ]
    one, several = ("ouverture", "ouvertures") if None not in days.values() else ("entrée ou sortie",) * 2
    return f"{one if len(days) == 1 else several} ({' ; '.join(who)})"
