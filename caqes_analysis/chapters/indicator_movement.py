"""Where each establishment stands among all and among its peers, and how it has moved over the years: folded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.change_words import change_words
from caqes_analysis.chapters.corrected import corrected_values
from caqes_analysis.chapters.indicator_masked import masked_part
from caqes_analysis.chapters.indicator_population import small_counts
from caqes_analysis.chapters.indicator_ranking import no_rank_reason
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.indicator_remarks import base_notes
from caqes_analysis.chapters.words import format_of
from caqes_analysis.display import ColumnFormat, Details, Table
from caqes_analysis.display.columns import CORRECTED_MARK
from caqes_analysis.display.scale import amount_scale
from caqes_analysis.display.style import abbreviated
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.intervals import in_points
from caqes_analysis.indicators.slopes import ENOUGH_PERIODS

__all__ = ["movement_details"]

_MOVES = ("first_period", "periods_nb", "mean_annual_change", "slope", "slope_lower", "slope_upper")
_JOIN = f"{french.NBSP};{french.NBSP}"
_MOVES_FROM = 3
"""Periods from which a mean tells more than the change of the ranking: of two, it is that change."""
_PLACED_FROM = 5
"""Ranked establishments from which a percentile says something: of two, it can but be 25 or 75."""


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
            "entre parenthèses, combien sont classés. Pairs : même catégorie et même taille ; un tiret sous "
            f"{french.in_words(_PLACED_FROM)} classés."
        )
    moves = _moves(reading)
    if moves is not None:
        level, own = reading.level, moves.set_index("finess")
        hidden = set(small_counts(reading, level)) | set(rows.loc[rows["unranked_reason"].notna(), "finess"])
        lines = own.reindex(rows["finess"]).to_dict("records")
        shown = [{} if finess in hidden else line for finess, line in zip(rows["finess"], lines, strict=True)]
        region = reading.rows("region", level.id).iloc[0].to_dict()
        has_slope = any(_has_slope(line) for line in [*shown, region])
        corrected = corrected_values(reading.page, reading.definition.id, level.id, reading.period)
        marks = [finess in corrected for finess in rows["finess"]]
        frame = frame.assign(
            since=[_since(line) for line in shown],
            mean=[_marked(_mean(level, line), mark) for line, mark in zip(shown, marks, strict=True)],
            slope=[_marked(_slope(level, line), mark) for line, mark in zip(shown, marks, strict=True)],
        )
        mark = "" in corrected  # the region
        total = total.assign(
            since=_since(region),
            mean=_marked(_mean(level, region), mark),
            slope=_marked(_slope(level, region), mark),
        )
        columns += [
            ColumnFormat.text("since", "Depuis", align="right"),
            ColumnFormat.text("mean", "Moyenne par an", align="right"),
            *([ColumnFormat.text("slope", "Pente par an", align="right")] if has_slope else []),
        ]
        notes += _move_notes(reading, level, [*shown, region])
    if len(columns) == 1:
        return None
    labels = [column.name for column in columns]
    words = {"place": "percentile", "mean": "évolution moyenne", "slope": "pente"}
    parts = [word for name, word in words.items() if name in labels]
    table = Table.from_frame(
        frame,
        caption=f"{reading.measure.label}, {period_words(reading.period)} : {french.list_in_words(parts)}",
        columns=columns,
        totals=None if moves is None else total,  # the region has no percentile
        notes=notes,
    )
    return Details(f"Détail : {french.list_in_words(parts)} de chaque établissement", [table])


def _moves(reading: IndicatorReading) -> pd.DataFrame | None:
    """Return what moves over the years, by establishment; None where no value can be read against an earlier one."""
    part = masked_part(reading)
    rows = reading.rows("establishment", reading.level.id)
    if (part is not None and part.leaves_no_change) or reading.rows("region", reading.level.id).empty:
        return None
    if not (rows["mean_annual_change"].notna() & (rows["periods_nb"] >= _MOVES_FROM)).any():
        return None
    return rows[["finess", *_MOVES]]


def _move_notes(reading: IndicatorReading, level: Measure, shown: list[dict[Any, Any]]) -> list[str]:
    what = "" if level is reading.measure else f" de « {level.label} »"
    notes = [
        *base_notes(reading, level, min((line["first_period"] for line in shown if _since(line) != "–"), default=None)),
        f"Moyenne{what} : (dernière ÷ première) puissance (1 ÷ nombre d'années), moins 1."
        if not in_points(level)
        else "Moyenne : (dernière − première) ÷ nombre d'années, en points.",
        "Région : mêmes établissements chaque année.",
    ]
    if any(_has_slope(line) for line in shown):
        notes.append(
            "Pente : médiane des pentes entre deux années (Theil-Sen), et son intervalle à 95 %, exact (Kendall) ; à "
            f"partir de {french.in_words(ENOUGH_PERIODS)} années connues."
        )
    if any(_are_opposed(line) for line in shown):
        notes.append(
            "La moyenne ne lit que la première et la dernière année, la pente les lit toutes : elles peuvent être de "
            "sens contraire. Un intervalle qui contient 0 ne dit ni hausse ni baisse."
        )
    return notes


def _has_slope(line: dict[Any, Any]) -> bool:
    """Say whether enough years are known for an interval: of fewer, the slope repeats the mean or nearly so."""
    return bool(line) and not pd.isna(line["slope_lower"])


def _are_opposed(line: dict[Any, Any]) -> bool:
    return _has_slope(line) and bool(line["mean_annual_change"] * line["slope"] < 0)


def _place(percentile: Any, ranked_nb: Any) -> str:
    if pd.isna(percentile) or pd.isna(ranked_nb) or ranked_nb < _PLACED_FROM:
        return "–"
    return f"{french.number(percentile)} ({french.number(ranked_nb)})"


def _since(line: dict[Any, Any]) -> str:
    first = line.get("first_period")
    return first[:4] if isinstance(first, str) and line["periods_nb"] >= _MOVES_FROM else "–"


def _marked(text: str, is_corrected: bool) -> str:
    return f"{text}{french.NBSP}{CORRECTED_MARK}" if is_corrected and text != "–" else text


def _mean(level: Measure, line: dict[Any, Any]) -> str:
    if not line or line["periods_nb"] < _MOVES_FROM:
        return "–"
    return change_words(level, line["mean_annual_change"]) or "–"


def _slope(level: Measure, line: dict[Any, Any]) -> str:
    if not _has_slope(line):
        return "–"
    slope, low, high = (float(line[name]) for name in ("slope", "slope_lower", "slope_upper"))
    if in_points(level):
        return change_words(level, slope, low, high)
    if level.unit == "€":
        scale = amount_scale(max(abs(slope), abs(low), abs(high)))  # one unit for the three
        bounds = f"[{_JOIN.join(scale.write(one, signed=True) for one in (low, high))}]"
        return french.NBSP.join((scale.write(slope, signed=True), bounds, scale.unit))
    unit = replace(format_of(level), signed=True)
    return f"{unit.write(slope)} {unit.interval(low, high)}".strip()
