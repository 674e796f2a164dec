"""Where to write the name of a horizontal line, so that it covers neither a point nor another name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from caqes_analysis.display.style import FONT_SIZE, text_width

__all__ = ["write_line_names"]

_GAP: Final = 3.0
_LINE_HEIGHT: Final = 1.25 * FONT_SIZE
_POINTS_PER_INCH: Final = 72


class _Place(NamedTuple):
    at_left: bool
    above: bool

    def box(self, axes: Axes, level: float, width: float) -> tuple[float, float, float, float]:
        """Return left, bottom, right and top of a name, in points of the drawing."""
        left, right = (float(edge) for edge in _in_points(axes, axes.bbox.get_points())[:, 0])
        (_, line), *_ = _in_points(axes, axes.transData.transform([(0.0, level)]))
        start = left if self.at_left else right - width
        bottom = line + _GAP if self.above else line - _GAP - _LINE_HEIGHT
        return start, bottom, start + width, bottom + _LINE_HEIGHT


_HIGHEST_FIRST: Final = (_Place(True, True), _Place(False, False), _Place(False, True), _Place(True, False))
_OTHERS_FIRST: Final = (_Place(False, False), _Place(True, True), _Place(True, False), _Place(False, True))


def write_line_names(
    axes: Axes, names: Sequence[tuple[float, str]], points: npt.ArrayLike, *, radius: float = 4.0
) -> None:
    """Write the name of each horizontal line at one of its ends, above it or below.

    Parameters
    ----------
    axes
        Axes whose limits are set.
    names
        Height of each line, in data, and its name. The highest is named at the left above when there is room: points in
        ascending order leave that corner empty, as they leave the one at the right below.
    points
        Places of the points, in data.
    radius
        Radius of a point, in points of the drawing.
    """
    dots = _in_points(axes, axes.transData.transform(np.atleast_2d(np.asarray(points, dtype=float))))
    taken: list[tuple[float, float, float, float]] = []
    highest = max(range(len(names)), key=lambda place: (names[place][0], place))
    for place in sorted(range(len(names)), key=lambda one: one != highest):
        level, name = names[place]
        width = text_width(name)
        choices = _HIGHEST_FIRST if place == highest else _OTHERS_FIRST
        boxes = [one.box(axes, level, width) for one in choices]
        covered = [_covered(box, dots, radius) + len(dots) * _crossed(axes, box, level, names, taken) for box in boxes]
        chosen = choices[covered.index(min(covered))]
        taken.append(chosen.box(axes, level, width))
        axes.annotate(
            name,
            (axes.get_xlim()[0] if chosen.at_left else axes.get_xlim()[1], level),
            (0, _GAP if chosen.above else -_GAP),
            textcoords="offset points",
            ha="left" if chosen.at_left else "right",
            va="bottom" if chosen.above else "top",
        )


def _in_points(axes: Axes, pixels: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(pixels, dtype=float) * _POINTS_PER_INCH / axes.figure.dpi


def _covered(box: tuple[float, float, float, float], dots: npt.NDArray[np.float64], radius: float) -> int:
    left, bottom, right, top = box
    across = (dots[:, 0] > left - radius) & (dots[:, 0] < right + radius)
    return int((across & (dots[:, 1] > bottom - radius) & (dots[:, 1] < top + radius)).sum())


def _crossed(
    axes: Axes,
    box: tuple[float, float, float, float],
    level: float,
    names: Sequence[tuple[float, str]],
    taken: Sequence[tuple[float, float, float, float]],
) -> int:
    """Count the other lines and the other names that a name would cross."""
    left, bottom, right, top = box
    heights = [float(height) for _, height in _in_points(axes, axes.transData.transform([(0.0, v) for v, _ in names]))]
    others = sum(bottom < height < top for height, (value, _) in zip(heights, names, strict=True) if value != level)
    return others + sum(left < x1 and x0 < right and bottom < y1 and y0 < top for x0, y0, x1, y1 in taken)
