"""A measure over the years, with the interval of each value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from caqes_analysis import french
from caqes_analysis.display.axes import foot_axis
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.measure import PERCENT, MeasureFormat
from caqes_analysis.display.series import checked
from caqes_analysis.display.style import ACCENT, CONTEXT, INK, house_style, sketch
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table
from caqes_analysis.labels import within_a_sentence

__all__ = ["DatedFact", "yearly_trend"]

_MARGIN_YEARS: Final = 0.35
_HALF_YEAR: Final = 0.5
# Numbers of facts closer than this, in points of the drawing, are written together.
_APART: Final = 16.0
_FLAT_POINTS: Final = 20.0
# Room for the ticks: « 97,5 », but « 238 000 ».
_LEFT: Final = 50
_LEFT_OF_COUNTS: Final = 66


@dataclass(frozen=True)
class DatedFact:
    """Something dated that helps to read a trend: its day, French words, and where it is known from."""

    on: dt.date
    text: str
    source: str | None = None

    @property
    def place(self) -> float:
        """Place along the years, where the value of a year stands in its middle."""
        days_nb = dt.date(self.on.year, 12, 31).timetuple().tm_yday
        return self.on.year - _HALF_YEAR + (self.on.timetuple().tm_yday - 1) / days_nb

    @property
    def words(self) -> str:
        """The day, the fact and its source."""
        source = f" ({self.source})" if self.source else ""
        return f"{french.date(self.on)}, {within_a_sentence(self.text)}{source}"


def yearly_trend(
    frame: pd.DataFrame,
    *,
    caption: str,
    title: str,
    unit: MeasureFormat = PERCENT,
    target: float | None = None,
    target_label: str = "objectif",
    facts: Sequence[DatedFact] = (),
    notes: Sequence[str] = (),
) -> Figure:
    """Draw a value a year, its 95 % interval, the target of the last year, and the dated facts of these years.

    Parameters
    ----------
    frame
        One row a period, oldest first: ``period`` (words), ``year``, ``value``, ``lower``, ``upper``; bounds may be
        missing. ``is_corrected``, when there, marks the values that rest on a correction of the register.
    caption
        What is measured, and whose it is.
    title
        The message: what the trend says, as far as its interval allows.
    unit
        How values are written.
    target, target_label
        Target of the last year, and the masculine noun that names it.
    facts
        Dated facts; those of the years drawn are numbered lines, said in words under the figure.
    notes
        Sentences printed under the figure.
    """
    rows = checked(frame, ("period", "year", "value", "lower", "upper"), "yearly_trend")
    known = checked(rows.dropna(subset=["value"]), (), "yearly_trend")
    listed = [
        f"{period} : {unit.write(value)}" + ("" if pd.isna(low) else f", entre {unit.write(low)} et {unit.write(high)}")
        for period, value, low, high in zip(
            known["period"], known["value"], known["lower"], known["upper"], strict=True
        )
    ]
    marked = (
        "" if target is None else f" Le trait tireté marque l'{target_label}." if target_label == "objectif" else ""
    )
    first, last = int(known["year"].min()), int(known["year"].max())
    shown = sorted((one for one in facts if first <= one.on.year <= last), key=lambda one: one.on)
    dated = [f"Repère {number} (trait vertical) : {one.words}." for number, one in enumerate(shown, 1)]
    return Figure(
        title=title,
        alt=" ".join([f"{caption}, année par année. {' ; '.join(listed)}. {title}.{marked}", *dated]),
        svg=_drawing(known, unit, target, target_label, shown),
        table=Table.from_frame(
            known,
            caption=f"{caption}, valeur et intervalle à 95 %",
            columns=[
                ColumnFormat.text("period", "Période"),
                unit.column("value", "Valeur"),
                unit.column("lower", "Borne basse", is_corrected=None),
                unit.column("upper", "Borne haute", is_corrected=None),
            ],
        ),
        notes=(*dated, *notes),
    )


def _drawing(
    known: pd.DataFrame, unit: MeasureFormat, target: float | None, target_label: str, facts: Sequence[DatedFact]
) -> str:
    years = [int(year) for year in known["year"]]
    values = [float(value) for value in known["value"]]
    levels = [*values, *(float(v) for v in [*known["lower"].dropna(), *known["upper"].dropna()])]
    levels += [] if target is None else [target]
    low, high = min(levels), max(levels)
    # Equal shares leave no spread: a fifth of the whole around them, the level being what is read.
    flat = _FLAT_POINTS if unit.is_share(low, high) else abs(high)
    spread = (high - low) or flat or 1.0
    with house_style():
        figure, axes = sketch(
            230,
            left=_LEFT if unit.unit in ("%", "€") else _LEFT_OF_COUNTS,
            right=34,
            top=24,
            bottom=26,
            has_ticks=False,
        )
        margin = _HALF_YEAR if facts else _MARGIN_YEARS
        axes.set_xlim(years[0] - margin, years[-1] + margin)
        axes.set_ylim(low - 0.22 * spread, high + 0.22 * spread)
        _mark(axes, facts)
        bounded = known.dropna(subset=["lower", "upper"])
        for year, below, above in zip(bounded["year"], bounded["lower"], bounded["upper"], strict=True):
            axes.plot([year, year], [below, above], color=ACCENT, linewidth=1.6)
            for end in (below, above):
                axes.plot([year - 0.06, year + 0.06], [end, end], color=ACCENT, linewidth=1.6)
        if len(bounded) > 1:
            axes.fill_between(
                bounded["year"].astype(float), bounded["lower"], bounded["upper"], color=ACCENT, alpha=0.16, linewidth=0
            )
        axes.plot(years, values, color=ACCENT, linewidth=2.5, marker="o", markersize=8)
        for place, neighbour in sorted({(0, min(1, len(years) - 1)), (len(years) - 1, max(len(years) - 2, 0))}):
            is_above = values[place] >= values[neighbour]  # where the line does not go
            axes.annotate(
                unit.write(values[place]),
                (years[place], values[place]),
                (8 if place == 0 else -8, 9 if is_above else -9),
                textcoords="offset points",
                ha="left" if place == 0 else "right",
                va="bottom" if is_above else "top",
                weight="bold",
                # Where the line of the target passes, it would strike the value out.
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
            )
        unit.axis(axes, min(values), max(values))
        foot_axis(axes, {year: str(year) for year in years})
        if target is not None:
            axes.axhline(target, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
            label = f"{target_label} {unit.write_threshold(target)}"
            near_top = target > low + spread / 2
            axes.annotate(
                label,
                (axes.get_xlim()[0], target),
                (2, 3 if near_top else -3),
                textcoords="offset points",
                va="bottom" if near_top else "top",
                # Over the lines of the dated facts, that would strike it out.
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )
        return to_svg(figure)


def _mark(axes: Axes, facts: Sequence[DatedFact]) -> None:
    """Draw a thin line at each dated fact, its number above it; numbers too close to each other share a place."""
    written: list[tuple[float, list[str]]] = []
    for number, fact in enumerate(facts, 1):
        axes.axvline(fact.place, color=CONTEXT, linewidth=1.2)
        # Along the years, one point of the drawing is this many of them.
        scale = (axes.get_xlim()[1] - axes.get_xlim()[0]) / (axes.bbox.width * 72 / axes.figure.dpi)
        if written and fact.place - written[-1][0] < _APART * scale:
            written[-1][1].append(str(number))
        else:
            written.append((fact.place, [str(number)]))
    for place, numbers in written:
        axes.annotate(
            ", ".join(numbers),
            (place, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            weight="bold",
        )
