"""Where each establishment stands among all and among its peers, and how it has moved over the years: folded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.change_words import change_words
from caqes_analysis.chapters.indicator_masked import masked_part
from caqes_analysis.chapters.indicator_population import small_counts
from caqes_analysis.chapters.indicator_ranking import no_rank_reason
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.words import format_of
from caqes_analysis.display import ColumnFormat, Details, Table
from caqes_analysis.display.scale import amount_scale
from caqes_analysis.display.style import abbreviated
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.intervals import in_points
from caqes_analysis.indicators.slopes import ENOUGH_PERIODS

__all__ = ["movement_details"]

_MOVES = ("first_period", "periods_nb", "mean_annual_change", "slope", "slope_lower", "slope_upper")
_JOIN = f"{french.NBSP};{french.NBSP}"
_PEERS_FROM = 2
"""Periods, and peers, from which there is something to tell."""


def movement_details(reading: IndicatorReading) -> Details | None:
    """Return, folded, the percentile, the mean annual rate and the slope of each establishment; None without any.

    Parameters
    ----------
    reading
        The indicator. The rate and the slope of an evolution are those of what evolves: the mean of a rate that is
        already one of a year to the next says less than the amount does.
    """
    rows = reading.establishments
    if rows.empty:
        return None
    columns = [ColumnFormat.text("name", "Établissement", href="href")]
    notes = []
    frame = rows.assign(name=[abbreviated(str(name)) for name in rows["name"]])
    total = pd.DataFrame([{"name": "Région", "href": None}])
    has_rank = no_rank_reason(reading, rows) is None and bool(rows["percentile"].notna().any())
    if has_rank:
        frame = frame.assign(
            place=[_place(*pair) for pair in zip(rows["percentile"], rows["ranked_nb"], strict=True)],
            among=[_place(*pair) for pair in zip(rows["peer_percentile"], rows["peers_nb"], strict=True)],
        )
        total = total.assign(place="", among="")
        columns.append(ColumnFormat.text("place", "Percentile, région", align="right"))
        columns.append(ColumnFormat.text("among", "Percentile, pairs", align="right"))
        notes.append(
            "Percentile : part des établissements classés dont la valeur est plus basse, les ex æquo pour moitié ; "
            "entre parenthèses, combien sont classés. Pairs : même catégorie et même taille."
        )
    moves = _moves(reading)
    if moves is not None:
        level, own = reading.level, moves.set_index("finess")
        hidden = set(small_counts(reading, level)) | set(rows.loc[rows["unranked_reason"].notna(), "finess"])
        lines = own.reindex(rows["finess"]).to_dict("records")
        shown = [{} if finess in hidden else line for finess, line in zip(rows["finess"], lines, strict=True)]
        region = reading.rows("region", level.id).iloc[0].to_dict()
        frame = frame.assign(
            since=[_since(line) for line in shown],
            mean=[_mean(level, line) for line in shown],
            slope=[_slope(level, line) for line in shown],
        )
        total = total.assign(since=_since(region), mean=_mean(level, region), slope=_slope(level, region))
        columns += [
            ColumnFormat.text("since", "Depuis", align="right"),
            ColumnFormat.text("mean", "Moyenne par an", align="right"),
            ColumnFormat.text("slope", "Pente par an", align="right"),
        ]
        notes += _move_notes(reading, level, shown)
    if len(columns) == 1:
        return None
    table = Table.from_frame(
        frame,
        caption=f"{reading.measure.label}, {period_words(reading.period)} : percentile et mouvement",
        columns=columns,
        totals=total,
        notes=notes,
    )
    parts = [*(["percentile"] if has_rank else []), *(["évolution moyenne", "pente"] if moves is not None else [])]
    return Details(f"Détail : {french.list_in_words(parts)} de chaque établissement", [table])


def _moves(reading: IndicatorReading) -> pd.DataFrame | None:
    """Return what moves over the years, by establishment; None where no value can be read against an earlier one."""
    part = masked_part(reading)
    rows = reading.rows("establishment", reading.level.id)
    is_hidden = part is not None and (part.is_unread or part.hides_change)
    if is_hidden or reading.rows("region", reading.level.id).empty or not rows["mean_annual_change"].notna().any():
        return None
    return rows[["finess", *_MOVES]]


def _move_notes(reading: IndicatorReading, level: Measure, shown: list[dict[Any, Any]]) -> list[str]:
    what = "" if level is reading.measure else f" de « {level.label} »"
    known = [line for line in shown if line and not pd.isna(line["slope"])]
    notes = [
        f"Moyenne{what} : (dernière ÷ première) puissance (1 ÷ nombre d'années), moins 1."
        if not in_points(level)
        else "Moyenne : (dernière − première) ÷ nombre d'années, en points.",
        "Pente : médiane des pentes entre deux années (Theil-Sen), et son intervalle à 95 %, exact (Kendall). Région : "
        "mêmes établissements chaque année.",
    ]
    if any(pd.isna(line["slope_lower"]) for line in known):
        notes.append(f"Pente sans intervalle : moins de {french.in_words(ENOUGH_PERIODS)} années connues.")
    return notes


def _place(percentile: Any, ranked_nb: Any) -> str:
    if pd.isna(percentile) or pd.isna(ranked_nb) or ranked_nb < _PEERS_FROM:
        return "–"
    return f"{french.number(percentile)} ({french.number(ranked_nb)})"


def _since(line: dict[Any, Any]) -> str:
    first = line.get("first_period")
    return first[:4] if isinstance(first, str) and line["periods_nb"] >= _PEERS_FROM else "–"


def _mean(level: Measure, line: dict[Any, Any]) -> str:
    return change_words(level, line.get("mean_annual_change")) or "–"


def _slope(level: Measure, line: dict[Any, Any]) -> str:
    slope, low, high = (line.get(name) for name in ("slope", "slope_lower", "slope_upper"))
    if pd.isna(slope):
        return "–"
    if in_points(level):
        return change_words(level, slope, low, high)
    if level.unit == "€":
        known = [slope] if pd.isna(low) else [slope, low, high]
        scale = amount_scale(max(abs(float(one)) for one in known))  # one unit for the three
        bounds = "" if pd.isna(low) else f"[{_JOIN.join(scale.write(one, signed=True) for one in (low, high))}]"
        return french.NBSP.join(one for one in (scale.write(slope, signed=True), bounds, scale.unit) if one)
    unit = replace(format_of(level), signed=True)
    return f"{unit.write(slope)} {unit.interval(low, high)}".strip()
