"""A measure over the years, with the interval of each value."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter

from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.measure import PERCENT, MeasureFormat
from caqes_analysis.display.series import checked
from caqes_analysis.display.style import ACCENT, INK, house_style, sketch
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["yearly_trend"]


def yearly_trend(
    frame: pd.DataFrame,
    *,
    caption: str,
    title: str,
    unit: MeasureFormat = PERCENT,
    target: float | None = None,
    target_label: str = "objectif",
    notes: Sequence[str] = (),
) -> Figure:
    """Draw a value a year, its 95 % interval, and the target of the last year.

    Parameters
    ----------
    frame
        One row a period, oldest first: ``period`` (words), ``year``, ``value``, ``lower``, ``upper``; bounds may be
        missing.
    caption
        What is measured, and whose it is.
    title
        The message: what the trend says, as far as its interval allows.
    unit
        How values are written.
    target, target_label
        Target of the last year, and the masculine noun that names it.
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
    return Figure(
        title=title,
        alt=f"{caption}, année par année. {' ; '.join(listed)}. {title}.{marked}",
        svg=_drawing(known, unit, target, target_label),
        table=Table.from_frame(
            known,
            caption=f"{caption}, valeur et intervalle à 95 %",
            columns=[
                ColumnFormat.text("period", "Période"),
                unit.column("value", "Valeur"),
                unit.column("lower", "Borne basse"),
                unit.column("upper", "Borne haute"),
            ],
        ),
        notes=tuple(notes),
    )


def _drawing(known: pd.DataFrame, unit: MeasureFormat, target: float | None, target_label: str) -> str:
    years = [int(year) for year in known["year"]]
    values = [float(value) for value in known["value"]]
    levels = [*values, *(float(v) for v in [*known["lower"].dropna(), *known["upper"].dropna()])]
    levels += [] if target is None else [target]
    low, high = min(levels), max(levels)
    spread = (high - low) or abs(high) or 1.0
    with house_style():
        figure, axes = sketch(230, left=50, right=34, top=24, bottom=26)
        axes.set_xlim(years[0] - 0.35, years[-1] + 0.35)
        axes.set_ylim(low - 0.22 * spread, high + 0.22 * spread)
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
        for place in sorted({0, len(years) - 1}):
            axes.annotate(
                unit.write(values[place]),
                (years[place], values[place]),
                (8 if place == 0 else -8, 9 if values[place] >= values[-1 - place] else -9),
                textcoords="offset points",
                ha="left" if place == 0 else "right",
                va="bottom" if values[place] >= values[-1 - place] else "top",
                weight="bold",
            )
        unit.axis(axes, high)
        axes.xaxis.set_major_locator(FixedLocator(years))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: str(round(value))))
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
            )
        return to_svg(figure)
