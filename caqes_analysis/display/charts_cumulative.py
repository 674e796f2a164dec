"""Spending cumulated since January, against the year before and the path that the target allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from caqes_analysis import french
from caqes_analysis.display.axes import amount_axis, month_axis, vertical_bars
from caqes_analysis.display.cumulative import (
    CumulativeYear,
    Projection,
    cumulated,
    cumulative_table,
    cumulative_year,
    projection_sentence,
)
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import MonthValue, checked, of_the, short_percent
from caqes_analysis.display.style import CONTEXT, INK, WARNING, envelope_colour, house_style, shortened, sketch
from caqes_analysis.display.svg import to_svg

__all__ = ["Projection", "cumulative_path", "name_ends"]

_LINE_HEIGHT = 15.0
_LABELS_WIDTH = 118.0
_BARS_UNDER_LABEL_NB, _LABEL_SHARE = 4, 0.22
"""Bars over which the amount of the last gap may run, and its height as a share of what the gaps span."""


def cumulative_path(
    frame: pd.DataFrame,
    *,
    year: int,
    name: str,
    envelope: str,
    target_pct: float | None = None,
    target_label: str = "objectif",
    projection: Projection | None = None,
    fan: pd.DataFrame | None = None,
    late: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the cumulative spending of a year against the year before and the path that the target allows.

    Parameters
    ----------
    frame
        One row a month of one series, as for ``monthly_spending``. The cumulative amount stops before the first
        missing month.
    year, name, envelope
        Year drawn, whose spending it is, code of the envelope.
    target_pct
        Evolution allowed, in percent; None when there is no target. The path is the previous year's cumulative amount
        × (1 + target).
    target_label
        What the target is, as a masculine noun (« objectif », « repère régional »).
    projection
        Where the year is projected to end.
    fan
        Quantiles of the months to come: ``month``, ``lower_80_eur``, ``upper_80_eur`` and, where they exist,
        ``lower_95_eur``, ``upper_95_eur`` (cumulative amounts).
    late
        Provisional months that follow those drawn: ``month`` (number), and the cumulative amounts ``received_eur`` and
        ``completed_eur``, drawn apart.
    notes
        Sentences printed under the figure (source of the target).
    """
    path = cumulative_year(frame, "cumulative_path", year, name, envelope, (target_pct, target_label))
    facts = [f"{path.subject}, dépenses cumulées de {year} et de {year - 1}.", *path.facts()]
    if projection is not None:
        facts.append(projection_sentence(projection, path))
    every_note = path.notes(notes)
    return Figure(
        title=path.title(),
        alt=" ".join([*facts, *every_note]),
        svg=_path_drawing(path, envelope_colour(envelope), projection, fan, late),
        table=cumulative_table(path, projection),
        notes=every_note,
    )


def _path_drawing(
    path: CumulativeYear,
    colour: str,
    projection: Projection | None,
    fan: pd.DataFrame | None,
    late: pd.DataFrame | None,
) -> str:
    gaps = [float(gap) for gap in path.gaps_eur]
    with house_style():
        if not gaps:
            figure, top = sketch(230, left=46, right=130, top=24, bottom=26, has_ticks=False)
        else:
            ratios = {"height_ratios": (2.0, 1.0)}
            figure, (top, bottom) = sketch(
                340, left=46, right=130, top=24, bottom=26, hspace=52, rows=2, gridspec_kw=ratios, has_ticks=False
            )
            _draw_gaps(bottom, path, gaps, colour, fan)
        _draw_lines(top, path, colour, projection, fan)
        if late is not None and len(late):
            _draw_late(top, path, late, colour)
        return to_svg(figure)


def _draw_lines(
    axes: Axes, path: CumulativeYear, colour: str, projection: Projection | None, fan: pd.DataFrame | None
) -> None:
    now = [float(value) for value in cumulated(path.now)]
    before = [float(value) for value in cumulated(path.before)]
    labels: list[tuple[float, float, str, bool]] = []
    if before:
        axes.plot(range(1, len(before) + 1), before, color=CONTEXT, linewidth=1.8)
        labels.append((len(before), before[-1], str(path.year - 1), False))
    if before and path.target_pct is not None:
        allowed = [value * (1 + path.target_pct / 100) for value in before]
        axes.plot(range(1, len(before) + 1), allowed, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
        percent = short_percent(path.target_pct, signed=True)
        labels.append((len(before), allowed[-1], f"{shortened(path.target_label, _LABELS_WIDTH)}\n{percent}", False))
    if fan is not None:
        _draw_fan(axes, fan, colour)
    if now:
        _draw_known(axes, now, path.now, colour)
        if projection is not None and len(now) < 12:
            _draw_projection(axes, now, projection, colour)
            amount = projection.write(projection.total_eur)
            labels.append(
                (
                    12,
                    float(projection.total_eur),
                    f"{shortened(projection.method, _LABELS_WIDTH, weight='bold')}\n{amount}",
                    True,
                )
            )
        if len(now) == 12:
            labels.append((12, now[-1], str(path.year), True))
        else:
            axes.annotate(
                str(path.year), (len(now), now[-1]), (-7, 6), textcoords="offset points", ha="right", weight="bold"
            )
    axes.set_ylim(0, None)
    month_axis(axes, labelled=(1, 4, 7, 10, 12), margin=0.45)
    amount_axis(axes, axes.get_ylim()[1])
    name_ends(axes, labels)


def _draw_gaps(axes: Axes, path: CumulativeYear, gaps: Sequence[float], colour: str, fan: pd.DataFrame | None) -> None:
    later = _gaps_of_fan(path, fan)
    if later is not None:
        _draw_fan(axes, later, colour)
    reach = [0.0, *gaps, *([] if later is None else later.drop(columns="month").to_numpy().ravel())]
    spread = max(reach) - min(reach) or 1.0
    for paint, is_over in ((WARNING, True), (colour, False)):
        own = [(number, gap) for number, gap in enumerate(gaps, start=1) if (gap > 0) == is_over]
        if own:
            vertical_bars(axes, own, width=0.66, facecolor=paint, edgecolor="none")
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.spines["bottom"].set_visible(False)
    is_up = gaps[-1] >= 0
    if later is None:
        at, place, side = gaps[-1], (12, 0), "left"
        level = "center" if abs(gaps[-1]) > 0.12 * spread else "bottom" if is_up else "top"
    else:  # the fan starts at the last bar: its amount ends there, past the bars over which it runs
        beside = [0.0, *gaps[-_BARS_UNDER_LABEL_NB:]]
        at, place, side = max(beside) if is_up else min(beside), (9, 4 if is_up else -4), "right"
        level = "bottom" if is_up else "top"
        reach.append(at + (_LABEL_SHARE if is_up else -_LABEL_SHARE) * spread)
    axes.set_ylim(min(reach) - 0.08 * spread, max(reach) + 0.08 * spread)
    month_axis(axes, labelled=(1, 4, 7, 10, 12), margin=0.45)
    amount_axis(axes, max(map(abs, reach)), ticks_nb=3)
    reference = str(path.year - 1) if path.target_pct is None else f"la trajectoire {of_the(path.target_label)}"
    axes.annotate(f"Écart à {reference}", (0, 1), (6, 7), xycoords="axes fraction", textcoords="offset points")
    axes.annotate(
        french.compact_euros(path.gaps_eur[-1], signed=True),
        (len(gaps), at),
        place,
        textcoords="offset points",
        ha=side,
        va=level,
        weight="bold",
        annotation_clip=False,
    )


def _gaps_of_fan(path: CumulativeYear, fan: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the fan as distances to the path of the target; None when a month of the year before is missing."""
    before = [float(value) * (1 + (path.target_pct or 0) / 100) for value in cumulated(path.before)]
    if fan is None or len(before) < 12:
        return None
    bounds = [str(name) for name in fan if name != "month"]
    paths = [before[month - 1] for month in fan["month"].dt.month]
    return fan.assign(**{name: fan[name].astype(float) - paths for name in bounds})


def _draw_known(axes: Axes, now: Sequence[float], months: Sequence[MonthValue], colour: str) -> None:
    firm = next((i for i, month in enumerate(months[: len(now)]) if month.is_provisional), len(now))
    numbers = list(range(1, len(now) + 1))
    axes.plot(numbers[:firm], now[:firm], color=colour, linewidth=3.0)
    if firm < len(now):
        start = max(firm - 1, 0)
        axes.plot(
            numbers[start:], now[start:], color=colour, linewidth=3.0, linestyle=(0, (1, 0.6)), dash_capstyle="butt"
        )
    axes.plot(numbers[-1:], now[-1:], color=colour, marker="o", markersize=8)


def _draw_projection(axes: Axes, now: Sequence[float], projection: Projection, colour: str) -> None:
    end = float(projection.total_eur)
    axes.plot([len(now), 12], [now[-1], end], color=colour, linewidth=1.4, linestyle=(0, (1, 2)))
    if projection.lower_eur is not None and projection.upper_eur is not None:
        axes.plot(
            [12, 12], [float(projection.lower_eur), float(projection.upper_eur)], color=colour, linewidth=4, alpha=0.5
        )
    axes.plot([12], [end], color=colour, marker="D", markersize=8, clip_on=False)


def _draw_late(axes: Axes, path: CumulativeYear, late: pd.DataFrame, colour: str) -> None:
    """Draw provisional months after those that are settled: as received, a cross; as completed, an empty circle."""
    now = [float(value) for value in cumulated(path.now)]
    numbers = [len(now), *late["month"]]
    for name, marker, style in (("received_eur", "x", (0, (1, 1))), ("completed_eur", "o", (0, (4, 2)))):
        values = late[name].astype(float).tolist()
        axes.plot(numbers, [*now[-1:], *values], color=colour, linewidth=1.2, linestyle=style)
        axes.plot(numbers[1:], values, color=colour, linestyle="none", marker=marker, markersize=7, fillstyle="none")


def _draw_fan(axes: Axes, fan: pd.DataFrame, colour: str) -> None:
    rows = checked(fan, ("month", "lower_80_eur", "upper_80_eur"), "cumulative_path (fan)")
    numbers = list(rows["month"].dt.month)
    for level, opacity in ((95, 0.18), (80, 0.3)):
        if f"lower_{level}_eur" in rows:
            low, high = (rows[f"{side}_{level}_eur"].astype(float) for side in ("lower", "upper"))
            axes.fill_between(numbers, low, high, color=colour, alpha=opacity, linewidth=0)


def name_ends(axes: Axes, labels: Sequence[tuple[float, float, str, bool]]) -> None:
    """Write the name of each line at its end, moved apart where they would overlap.

    Parameters
    ----------
    axes
        Axes with their final limits.
    labels
        Place, text and whether it is bold, one per line.
    """
    to_screen, to_data = axes.transData.transform, axes.transData.inverted().transform
    placed: list[tuple[float, float, str, bool]] = []
    floor = -math.inf
    for x, y, text, bold in sorted(labels, key=lambda label: (label[1], label[2])):
        half = _LINE_HEIGHT * (text.count("\n") + 1) / 2
        at = max(float(to_screen((x, y))[1]), floor + half)
        placed.append((x, at, text, bold))
        floor = at + half
    excess = max(0.0, floor - float(axes.bbox.y1) - _LINE_HEIGHT)
    for x, at, text, bold in placed:
        y = float(to_data((0, at - excess))[1])
        weight = "bold" if bold else "normal"
        axes.annotate(
            text, (x, y), (10, 0), textcoords="offset points", va="center", weight=weight, linespacing=1.1,
            annotation_clip=False,
        )  # fmt: skip
