"""Maps by department: a grid of tiles, or true outlines when the campaign gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from caqes_analysis import french
from caqes_analysis.departments import department_label, department_names, department_tiles
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.measure import PERCENT, MeasureFormat
from caqes_analysis.display.series import checked
from caqes_analysis.display.style import ACCENT, CONTEXT, INK, WARNING, WIDTH, Canvas, canvas, house_style, text_width
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["MapClass", "Outlines", "department_map"]

Outlines = Mapping[str, Sequence[Sequence[tuple[float, float]]]]
"""By department, its rings of longitudes and latitudes."""

_GAP = 3.0
_TILE_MAX = 92.0
_TILE_HEIGHT = 0.62
_LINE = 18.0
# A degree of longitude is shorter than one of latitude: true at the latitude of the middle of each map.
_MAP_HEIGHT_MAX = 460.0


@dataclass(frozen=True)
class MapClass:
    """One class of a map: its words, its colour, and the pattern by which it is told without colours.

    Parameters
    ----------
    label
        Words of the legend.
    colour, alpha, hatch
        Fill: light enough for the text of the page, in light and dark, to be read over it.
    """

    label: str
    colour: str
    alpha: float
    hatch: str


_LOW: Final = ("", "//", "xx")
_TOO_SMALL: Final = MapClass("trop petit", CONTEXT, 0.16, "..")


def department_map(
    frame: pd.DataFrame,
    *,
    caption: str,
    unit: MeasureFormat = PERCENT,
    threshold: float | None = None,
    threshold_label: str = "objectif",
    better: str = "lower",
    outlines: Outlines | None = None,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the value of each department, in two classes about a target or in three of equal number.

    Parameters
    ----------
    frame
        One row a department: ``department`` (code), ``value``, and ``establishments_nb``; missing values are drawn
        empty. Where ``is_small``, when there, is true, the value is not to be interpreted: the department is grey, and
        neither the title nor the classes count it.
    caption
        What is measured, and when.
    unit
        How values are written.
    threshold, threshold_label
        Target, and the masculine noun that names it; without one, the departments are cut in three.
    better
        ``lower`` or ``higher``: on which side of the target one should be.
    outlines
        True outlines; a grid of tiles when None.
    notes
        Sentences printed under the figure.
    """
    rows = checked(frame, ("department", "value", "establishments_nb"), "department_map")
    data = rows.sort_values("department").reset_index(drop=True)
    is_small = data["is_small"] & data["value"].notna() if "is_small" in data else pd.Series(False, index=data.index)
    codes = [str(code) for code in data["department"]]
    values = [float(value) for value in data["value"].mask(is_small)]
    classes, class_of = _classes(values, unit, threshold, better)
    classes = [*classes, _TOO_SMALL]
    class_of = [len(classes) - 1 if small else place for place, small in zip(class_of, is_small, strict=True)]
    known = [(value, code) for value, code in zip(values, codes, strict=True) if value == value]
    checked(pd.DataFrame({"value": known}), (), "department_map")
    title = _title(known, class_of, classes, unit, threshold_label if threshold is not None else None)
    listed = [f"{department_label(code)} {unit.write(value)}" for value, code in sorted(known, reverse=True)]
    with house_style():
        if outlines is None:
            svg = _tiles(codes, values, class_of, classes, unit)
        else:
            svg = _outlined(codes, values, class_of, classes, unit, outlines)
    words = [classes[place].label if place is not None else "sans valeur" for place in class_of]
    table = Table.from_frame(
        data.assign(label=[department_label(code) for code in codes], word=words, is_small=is_small).sort_values(
            ["is_small", "value"], ascending=[True, False], kind="stable"
        ),
        caption=f"{caption}, par département",
        columns=[
            ColumnFormat.text("label", "Département"),
            unit.column("value", "Valeur"),
            ColumnFormat.count("establishments_nb", "Établissements", is_corrected=None),
            ColumnFormat.text("word", "Classe"),
        ],
    )
    kind = "une tuile par département" if outlines is None else "carte des départements"
    return Figure(title, f"{caption}, {kind}. {title}. {' ; '.join(listed)}.", svg, table, tuple(notes))


def _classes(
    values: Sequence[float], unit: MeasureFormat, threshold: float | None, better: str
) -> tuple[list[MapClass], list[int | None]]:
    known = sorted(value for value in values if value == value)
    if threshold is not None:
        written = unit.write_threshold(threshold)
        miss = f"au-dessus de {written}" if better != "higher" else f"sous {written}"
        classes = [
            MapClass(f"{written} ou {'plus' if better == 'higher' else 'moins'}", ACCENT, 0.22, ""),
            MapClass(miss, WARNING, 0.30, "//"),
        ]

        def is_missed(value: float) -> bool:
            return value < threshold if better == "higher" else value > threshold

        return classes, [None if value != value else int(is_missed(value)) for value in values]
    cuts = [float(np.quantile(known, share)) for share in (1 / 3, 2 / 3)] if len(known) > 2 else []
    cuts = sorted({cut for cut in cuts if known[0] < cut < known[-1]})
    names = [f"jusqu'à {unit.write(cut)}" for cut in cuts] + [
        f"au-delà de {unit.write(cuts[-1])}" if cuts else "valeur"
    ]
    classes = [
        MapClass(name, ACCENT, alpha, hatch) for name, alpha, hatch in zip(names, (0.12, 0.3, 0.5), _LOW, strict=False)
    ]
    return classes, [None if value != value else sum(value > cut for cut in cuts) for value in values]


def _title(
    known: Sequence[tuple[float, str]],
    class_of: Sequence[int | None],
    classes: Sequence[MapClass],
    unit: MeasureFormat,
    target: str | None,
) -> str:
    number = french.in_words(len(known))
    if target is not None:
        missed = sum(place == 1 for place in class_of)
        if not missed:
            return f"Aucun département sur {number} n'est {classes[1].label}"
        count = french.plural(missed, "département", words=True)
        return f"{count[:1].upper()}{count[1:]} sur {number} {'sont' if missed > 1 else 'est'} {classes[1].label}"
    low, high = min(known), max(known)
    if len(known) == 1:
        return f"{_name(low[1])} : {unit.write(low[0])}"
    if unit.printed(low[0]) == unit.printed(high[0]):
        return f"Les {number} départements sont à {unit.write(low[0])}"
    return f"De {unit.write(low[0])} ({_who(low, known, unit)}) à {unit.write(high[0])} ({_who(high, known, unit)})"


def _who(one: tuple[float, str], known: Sequence[tuple[float, str]], unit: MeasureFormat) -> str:
    """Return the department at one end, or how many are there."""
    equal = sum(unit.printed(value) == unit.printed(one[0]) for value, _ in known)
    return _name(one[1]) if equal == 1 else french.plural(equal, "département", words=True)


def _name(code: str) -> str:
    return department_names().get(code, department_label(code))


def _legend(drawing: Canvas, classes: Sequence[MapClass], class_of: Sequence[int | None], top: float) -> None:
    entries: list[MapClass | None] = [one for place, one in enumerate(classes) if place in class_of]
    entries += [None] if None in class_of else []
    for number, one in enumerate(entries):
        y = top + _LINE * number
        _fill(drawing, Rectangle((4, y), 22, 12), one)
        drawing.text(32, y + 10.5, "sans valeur" if one is None else one.label, va="baseline")


def _fill(drawing: Canvas, shape: Rectangle | PathPatch, one: MapClass | None) -> None:
    """Draw a shape: its fill, then its pattern and edge, which keep their full strength."""
    colour = CONTEXT if one is None else one.colour
    shape.set(facecolor="none" if one is None else one.colour, alpha=None if one is None else one.alpha, linewidth=0)
    drawing.add_artist(shape)
    if isinstance(shape, Rectangle):
        edge: Rectangle | PathPatch = Rectangle(shape.get_xy(), shape.get_width(), shape.get_height())
    else:
        edge = PathPatch(shape.get_path())
    edge.set(facecolor="none", edgecolor=colour, linewidth=1.0, hatch=None if one is None else one.hatch or None)
    if one is not None and one.hatch:
        edge.set(alpha=0.55)
    drawing.add_artist(edge)


def _text(value: float, one: MapClass | None, unit: MeasureFormat) -> str:
    """Return what a department says of itself; a unit in words has no room there, and is that of the legend."""
    bare = unit if unit.unit in ("%", "€") else replace(unit, unit="")
    return _TOO_SMALL.label if one is _TOO_SMALL else bare.write(value)


def _height_of_legend(class_of: Sequence[int | None]) -> float:
    return _LINE * (len({place for place in class_of if place is not None}) + (None in class_of)) + 8


def _tiles(
    codes: Sequence[str],
    values: Sequence[float],
    class_of: Sequence[int | None],
    classes: Sequence[MapClass],
    unit: MeasureFormat,
) -> str:
    place = department_tiles(codes)
    rows_nb, columns_nb = (1 + max(at[axis] for at in place.values()) for axis in (0, 1))
    width = min((WIDTH - 8 - _GAP * (columns_nb - 1)) / columns_nb, _TILE_MAX)
    height = max(width * _TILE_HEIGHT, 34.0)
    head = _height_of_legend(class_of)
    figure, drawing = canvas(head + rows_nb * (height + _GAP) + 4)
    _legend(drawing, classes, class_of, 2)
    left = (WIDTH - columns_nb * width - (columns_nb - 1) * _GAP) / 2
    for code, value, number in zip(codes, values, class_of, strict=True):
        row, column = place[code]
        x, y = left + column * (width + _GAP), head + row * (height + _GAP)
        _fill(drawing, Rectangle((x, y), width, height), None if number is None else classes[number])
        text = _text(value, None if number is None else classes[number], unit)
        fits = text_width(text) <= width - 4
        drawing.text(
            x + width / 2, y + height / 2 - (3 if fits else -4.5), code, ha="center", va="baseline", weight="bold"
        )
        if fits:
            drawing.text(x + width / 2, y + height / 2 + 12, text, ha="center", va="baseline")
    return to_svg(figure)


def _outlined(
    codes: Sequence[str],
    values: Sequence[float],
    class_of: Sequence[int | None],
    classes: Sequence[MapClass],
    unit: MeasureFormat,
    outlines: Outlines,
) -> str:
    drawn = [code for code in codes if code in outlines]
    points = np.array([point for code in drawn for ring in outlines[code] for point in ring], dtype=np.float64)
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    shrink = float(np.cos(np.radians((south + north) / 2)))
    scale = min((WIDTH - 8) / ((east - west) * shrink or 1.0), _MAP_HEIGHT_MAX / ((north - south) or 1.0))
    head = _height_of_legend(class_of)
    left = (WIDTH - (east - west) * shrink * scale) / 2
    figure, drawing = canvas(head + (north - south) * scale + 8)
    _legend(drawing, classes, class_of, 2)

    def at(ring: Sequence[tuple[float, float]]) -> np.ndarray:
        where = np.array(ring, dtype=np.float64)
        x, y = left + (where[:, 0] - west) * shrink * scale, head + (north - where[:, 1]) * scale
        return np.column_stack([x, y])

    for code, value, number in zip(codes, values, class_of, strict=True):
        if code not in outlines:
            continue
        rings = [at(ring) for ring in outlines[code]]
        shape = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        _fill(drawing, PathPatch(shape), None if number is None else classes[number])
        largest = max(rings, key=lambda ring: float(np.ptp(ring[:, 0]) * np.ptp(ring[:, 1])))
        x, y = _centre(largest)
        text = _text(value, None if number is None else classes[number], unit)
        drawing.text(x, y - 2, code, ha="center", va="baseline", weight="bold")
        if text_width(text) < np.ptp(largest[:, 0]) - 6 and np.ptp(largest[:, 1]) > 40:
            drawing.text(x, y + 12, text, ha="center", va="baseline")
    drawing.plot([], [], color=INK)
    return to_svg(figure)


def _centre(ring: np.ndarray) -> tuple[float, float]:
    """Return the centroid of a closed ring (shoelace formula)."""
    x, y = ring[:, 0], ring[:, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = cross.sum() / 2
    if not area:
        return float(x.mean()), float(y.mean())
    return (
        float(((x + np.roll(x, -1)) * cross).sum() / (6 * area)),
        float(((y + np.roll(y, -1)) * cross).sum() / (6 * area)),
    )
