"""The evolution of the cumulative spending of a year, month after month, against its target."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from caqes_analysis import french
from caqes_analysis.display.axes import month_axis, percent_axis
from caqes_analysis.display.cumulative import CumulativeYear, cumulative_table, cumulative_year
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import checked, short_percent, through
from caqes_analysis.display.style import FONT_SIZE, INK, WARNING, envelope_colour, house_style, sketch, text_width
from caqes_analysis.display.svg import to_svg

__all__ = ["cumulative_rate"]


def cumulative_rate(
    frame: pd.DataFrame,
    *,
    year: int,
    name: str,
    envelope: str,
    target_pct: float | None = None,
    target_label: str = "objectif",
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the evolution of the cumulative spending, month after month, against the target.

    The parameters are those of ``cumulative_path``. A month above the target is a triangle in the warning colour.

    Raises
    ------
    CaqesError
        ``FIGURE_VIDE`` when no month can be compared with the year before.
    """
    path = cumulative_year(frame, "cumulative_rate", year, name, envelope, (target_pct, target_label))
    rates = [rate for rate in path.rates_pct if rate is not None]
    checked(pd.DataFrame({"rate": rates}), (), "cumulative_rate")
    every_note = path.notes(notes)
    first, last = (french.percent(rate, signed=True) for rate in (rates[0], rates[-1]))
    facts = [
        f"{path.subject}, taux d'évolution du cumul de {year} par rapport à {year - 1}.",
        f"De {first} à fin janvier à {last} {through(path.months_nb, year)}." if len(rates) > 1 else "",
        *path.facts(),
    ]
    return Figure(
        title=path.title(),
        alt=" ".join(filter(None, [*facts, *every_note])),
        svg=_rate_drawing(path, envelope_colour(envelope)),
        table=cumulative_table(path),
        notes=every_note,
    )


def _rate_drawing(path: CumulativeYear, colour: str) -> str:
    points = [(number, rate) for number, rate in enumerate(path.rates_pct, start=1) if rate is not None]
    target = path.target_pct
    values = [rate for _, rate in points] + [0.0] + ([] if target is None else [target])
    spread = max(max(values) - min(values), 1.0)
    with house_style():
        figure, axes = sketch(230, left=46, right=14, top=24, bottom=26, has_ticks=False)
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=2.5)
        for over, marker, paint in ((False, "o", colour), (True, "^", WARNING)):
            chosen = [point for point in points if path.is_over(point[1]) == over]
            if chosen:
                axes.plot(*zip(*chosen, strict=True), linestyle="none", marker=marker, markersize=8, color=paint)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylim(min(values) - 0.25 * spread, max(values) + 0.25 * spread)
        month_axis(axes, labelled=(1, 3, 5, 7, 9, 11), margin=0.5)
        percent_axis(axes)
        month, rate = points[-1]
        higher = path.is_over(rate) or target is None
        value = french.percent(rate, signed=True)
        axes.annotate(
            value,
            (month, rate),
            (0, 9 if higher else -9),
            textcoords="offset points",
            ha="left" if month == 1 else "center" if month < 12 else "right",
            va="bottom" if higher else "top",
            weight="bold",
        )
        if target is not None:
            axes.axhline(target, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
            label = f"{path.target_label} {short_percent(target, signed=True)}"
            _name_target(axes, label, target, points, value_side=1 if higher else -1)
        return to_svg(figure)


def _name_target(
    axes: Axes, label: str, target: float, points: Sequence[tuple[int, float]], *, value_side: int
) -> None:
    """Write the name of the target along its line, at the end and on the side where it hides least."""
    width = text_width(label)
    at = axes.transData.transform
    marks = [tuple(at(point)) for point in points]
    last_x, last_y = marks[-1]
    marks += [(last_x + dx, last_y + value_side * 15) for dx in (-22, 0, 22)]  # the value written at the last point
    places = []
    for x, align in ((12.5, "right"), (0.5, "left")):
        for above in (True, False):
            x_end, y_line = at((x, target))
            left = x_end - width if align == "right" else x_end
            low = y_line if above else y_line - FONT_SIZE - 6
            box = Bbox.from_bounds(left - 5, low - 4, width + 10, FONT_SIZE + 14)
            places.append((sum(bool(box.contains(*mark)) for mark in marks), x, align, above))
    _, x, align, above = min(places, key=lambda place: place[0])
    axes.annotate(
        label,
        (x, target),
        (0, 3 if above else -3),
        textcoords="offset points",
        ha=align,
        va="bottom" if above else "top",
    )
