"""Axes and bars of the figures, each a few artists: an axis of matplotlib draws four for every tick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from caqes_analysis.display.scale import AmountScale, amount_scale
from caqes_analysis.display.style import GRID_ALPHA, INK, POINTS_PER_INCH, RULE_WIDTH, TICK_LENGTH, TICK_PAD
from caqes_analysis.french import month_name, number, signed

__all__ = [
    "amount_axis",
    "foot_axis",
    "month_axis",
    "nice_ticks",
    "percent_axis",
    "side_axis",
    "tick_decimals",
    "vertical_bars",
]

_MOST_DECIMALS = 4


def amount_axis(axes: Axes, largest: float, *, ticks_nb: int = 4) -> AmountScale:
    """Write the vertical axis in one unit of amount, named above it, and return that unit; the limits are final."""
    scale = amount_scale(largest)
    ticks = nice_ticks(axes, ticks_nb)
    unit = 10.0**scale.power
    decimals = next((kept for kept in (0, 1) if all((tick / unit * 10**kept).is_integer() for tick in ticks)), 2)
    side_axis(axes, {tick: number(tick / unit, decimals if tick else 0) for tick in ticks}, scale.unit)
    return scale


def vertical_bars(axes: Axes, bars: Iterable[tuple[float, float]], *, width: float, **look: Any) -> None:
    """Draw vertical bars from zero as one shape.

    Parameters
    ----------
    axes
        Axes whose limits the caller sets.
    bars
        Place and height of each.
    width
        Width in the unit of the places.
    look
        Colours and hatch, as for a patch of matplotlib.
    """
    frames = [
        Path([(x - width / 2, 0), (x + width / 2, 0), (x + width / 2, y), (x - width / 2, y), (0, 0)], closed=True)
        for x, y in bars
    ]
    axes.add_artist(PathPatch(Path.make_compound_path(*frames), **look))


def percent_axis(axes: Axes, *, ticks_nb: int = 5, plus: bool = True, is_share: bool = False) -> None:
    """Write the vertical axis in percent, signed or not, the unit named above it; the limits are final.

    The ticks of a share stay between 0 and 100 %, whatever room the limits leave around its values.
    """
    ticks = [tick for tick in nice_ticks(axes, ticks_nb) if not is_share or 0 <= tick <= 100]
    decimals = tick_decimals(ticks)
    write = signed if plus else number
    side_axis(axes, {tick: write(tick, decimals if tick else 0) for tick in ticks}, "%")


def month_axis(axes: Axes, *, labelled: Sequence[int] = (1, 3, 5, 7, 9, 11), margin: float = 0.6) -> None:
    """Write the horizontal axis as the months of a year (1 to 12), some of them named."""
    axes.set_xlim(1 - margin, 12 + margin)
    foot_axis(axes, {month: month_name(month, short=True) for month in labelled})


def foot_axis(axes: Axes, texts: Mapping[float, str]) -> None:
    """Write a horizontal axis from its texts by place."""
    axes.xaxis.set_visible(False)
    at_foot = axes.get_xaxis_transform()
    look: dict[str, Any] = {
        "marker": "|",
        "markersize": TICK_LENGTH,
        "markeredgewidth": RULE_WIDTH,
        "linestyle": "none",
    }
    marks = at_foot + _moved(axes, 0, -TICK_LENGTH / 2)
    axes.add_artist(Line2D(list(texts), [0] * len(texts), color=INK, transform=marks, clip_on=False, **look))
    names = at_foot + _moved(axes, 0, -TICK_LENGTH - TICK_PAD)
    for place, text in texts.items():
        axes.text(place, 0, text, transform=names, ha="center", va="top")


def nice_ticks(axes: Axes, ticks_nb: int) -> list[float]:
    """Return the round values inside the vertical limits, which are final."""
    low, high = sorted(axes.get_ylim())
    every = MaxNLocator(ticks_nb, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in every if low <= tick <= high]


def tick_decimals(ticks: Sequence[float]) -> int:
    """Return how many decimals write ticks exactly, so that no two of them read alike.

    Examples
    --------
    >>> tick_decimals([0.0, 20.0]), tick_decimals([99.9, 99.95, 100.0])
    (0, 2)
    """
    return next(
        (kept for kept in range(_MOST_DECIMALS) if all(_is_exact(tick, kept) for tick in ticks)), _MOST_DECIMALS
    )


def _is_exact(tick: float, decimals: int) -> bool:
    return abs(round(tick, decimals) - tick) < 10.0 ** -(_MOST_DECIMALS + 3)


def side_axis(axes: Axes, texts: Mapping[float, str], unit: str, *, unit_left: float | None = None) -> None:
    """Write a vertical axis and its grid from its texts by value, and its unit above it.

    Parameters
    ----------
    axes
        Axes whose limits are final.
    texts
        Text of each tick.
    unit
        Printed above, and ending at the axis.
    unit_left
        For a unit wider than the ticks: how far left of the axis it begins.
    """
    axes.yaxis.set_visible(False)
    across = axes.get_yaxis_transform()
    lines = [[(0.0, tick), (1.0, tick)] for tick in texts]
    axes.add_artist(
        LineCollection(lines, colors=INK, alpha=GRID_ALPHA, linewidths=RULE_WIDTH, transform=across, zorder=0.5)
    )
    beside = across + _moved(axes, -TICK_LENGTH, 0)
    for tick, text in texts.items():
        axes.text(0, tick, text, transform=beside, ha="right", va="center_baseline")
    place, side = (-TICK_LENGTH, "right") if unit_left is None else (-unit_left, "left")
    axes.text(0, 1, unit, transform=axes.transAxes + _moved(axes, place, 10), ha=side, va="baseline")


def _moved(axes: Axes, right: float, up: float) -> ScaledTranslation:
    return ScaledTranslation(right / POINTS_PER_INCH, up / POINTS_PER_INCH, axes.figure.dpi_scale_trans)
