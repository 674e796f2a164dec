"""Where every establishment stands: points in order, against a target and the median."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.line_names import write_line_names
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.display.series import capitalised, checked
from caqes_analysis.display.style import (
    ACCENT,
    CONTEXT,
    INK,
    WARNING,
    house_style,
    shortened_name,
    sketch,
)
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table
from caqes_analysis.labels import some_of

__all__ = ["EVOLUTION", "Reference", "distribution"]

EVOLUTION = MeasureFormat("%", signed=True)
"""How evolutions are written."""

# Points farther from the middle half than this many times its width stand at the edge (Tukey's « far out » fence).
_FENCE = 3.0
_UNTOLD = "indéterminé"
"""How the reason begins of a value that nobody can compare; the others that are set aside have no rank."""
# Part of the height above which two lines of text no longer stand over a named level.
_ROOM_ABOVE = 0.72
_LAST_MONTH = 12
_MASKED = "too_few"


@dataclass(frozen=True)
class _Point:
    finess: str
    name: str
    value: float
    is_beyond: bool
    is_missed: bool | None = None
    set_aside: str | None = None
    is_corrected: bool = False


@dataclass(frozen=True)
class Reference:
    """One condition of a référentiel, as it is drawn.

    Parameters
    ----------
    value
        Threshold, which itself does not satisfy the condition.
    label
        What is printed along its line (« référentiel : moins de 8 500 boîtes »).
    is_below
        True when values below satisfy it, False when those above do.
    """

    value: float
    label: str
    is_below: bool = True

    def is_met(self, value: float) -> bool:
        """Say whether a value satisfies the condition."""
        return value < self.value if self.is_below else value > self.value


@dataclass(frozen=True)
class _Scene:
    points: Sequence[_Point]
    target_pct: float | None
    target_label: str
    better: Literal["lower", "higher"]
    unit: MeasureFormat
    reference: Reference | None = None
    month_nb: int = _LAST_MONTH
    scope: str = ""

    @property
    def counted(self) -> list[_Point]:
        """Return the points of which the title and the median speak."""
        return [point for point in self.points if point.set_aside is None]

    @property
    def middle(self) -> float:
        """Return the median of the counted points."""
        return median(point.value for point in self.counted)

    @property
    def counted_words(self) -> str:
        """Return « quatorze établissements », or « dix établissements classés » when some are set aside."""
        number = len(self.counted)
        if number == len(self.points):
            return french.plural(number, "établissement", words=True)
        is_untold = any(str(point.set_aside).startswith(_UNTOLD) for point in self.points)
        noun = "compté" if is_untold else "classé"
        return french.plural(number, f"établissement {noun}", f"établissements {noun}s", words=True)

    def misses(self, point: _Point) -> bool:
        """Say whether a value is on the wrong side of the target: as the frame says, else as it is printed."""
        if self.target_pct is None or point.set_aside is not None:
            return False
        if point.is_missed is not None:
            return point.is_missed
        value = point.value
        printed, target = self.unit.printed(value), Decimal(str(self.target_pct))
        return printed > target if self.better == "lower" else printed < target


def distribution(
    frame: pd.DataFrame,
    *,
    caption: str,
    target_pct: float | None = None,
    target_label: str = "objectif",
    better: Literal["lower", "higher"] = "lower",
    unit: MeasureFormat = EVOLUTION,
    reference: Reference | None = None,
    highlight: str | None = None,
    month_nb: int = _LAST_MONTH,
    scope: str = "",
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the value of every establishment in order, against the target.

    Parameters
    ----------
    frame
        One row an establishment: ``finess``, ``name``, ``value``, and ``is_missed`` where the verdict on the target is
        already known; rows without a value are named in a note, those apart whose ``value_status`` is masked.
        ``set_aside``, when there, is why a value is not to be interpreted (missing where it is): its point is hollow,
        and neither the title nor the median counts it.
    caption
        What is measured, where and when (« Taux d'évolution PHMEV, janvier à septembre 2024 »).
    target_pct, target_label
        The target, and the masculine noun that names it; the median is drawn in any case.
    better
        On which side of the target one should be.
    unit
        How values are written: evolutions in percent by default.
    reference
        Condition of the référentiel, which says who is targeted and not what is to be reached: a line of its own.
    highlight
        FINESS of the establishment to name.
    month_nb
        Last month of the values: before December the title says where they stand at that month, and no verdict.
    scope
        Who is counted, when the target does not bind them all (« sous contrat ou non »): the title then says on which
        side of the target they are, not who reaches it.
    notes
        Sentences printed under the figure.
    """
    rows = checked(frame, ("finess", "name", "value"), "distribution")
    known = checked(rows.dropna(subset=["value"]), (), "distribution").sort_values(["value", "finess"], kind="stable")
    values = [float(value) for value in known["value"]]
    reasons = [why if isinstance(why, str) else None for why in known.get("set_aside", [None] * len(known))]
    counted = [value for value, why in zip(values, reasons, strict=True) if why is None]
    checked(pd.DataFrame({"value": counted}), (), "distribution")
    kept = [*([] if target_pct is None else [target_pct]), *([] if reference is None else [reference.value])]
    low, high = _fences(counted, kept)
    corrected = known["is_corrected"].fillna(False).astype(bool) if "is_corrected" in known else [False] * len(known)
    verdicts = known["is_missed"].tolist() if "is_missed" in known else [None] * len(known)
    points = [
        _Point(str(finess), str(name), value, not low <= value <= high, missed, why, is_corrected)
        for finess, name, value, missed, why, is_corrected in zip(
            known["finess"], known["name"], values, verdicts, reasons, corrected, strict=True
        )
    ]
    scene = _Scene(points, target_pct, target_label, better, unit, reference, month_nb, scope)
    title = _title(scene, highlight)
    beyond = [point for point in points if point.is_beyond]
    every_note = [*notes, *_set_aside_notes(scene)]
    if beyond:
        who = some_of([f"{point.name} {unit.write(point.value)}" for point in beyond])
        every_note.append(f"Hors du cadre, au bord : {who}.")
    every_note += _without_notes(rows[rows["value"].isna()])
    return Figure(
        title=title,
        alt=" ".join([f"{caption} : {_facts(scene, highlight)} {title}.", *every_note]),
        svg=_drawing(scene, low, high, highlight),
        table=_table(scene, caption),
        notes=tuple(every_note),
    )


def _set_aside_notes(scene: _Scene) -> list[str]:
    reasons = [point.set_aside for point in scene.points if point.set_aside is not None]
    return [
        f"Point vide, hors du titre et de la médiane{french.NBSP}: {why} "
        f"({french.plural(reasons.count(why), 'établissement')})."
        for why in sorted(set(reasons))
    ]


def _without_notes(rows: pd.DataFrame) -> list[str]:
    """Name whose value is masked, then who has none; often nobody."""
    masked = rows["value_status"].eq(_MASKED) if "value_status" in rows else pd.Series(False, index=rows.index)
    found = (("Valeur masquée (secret statistique)", rows[masked]), ("Sans valeur", rows[~masked]))
    return [
        f"{head}{french.NBSP}: {some_of(sorted(own['name'].astype(str), key=french.alphabetical))}."
        for head, own in found
        if len(own)
    ]


def _fences(values: Sequence[float], kept: Sequence[float]) -> tuple[float, float]:
    if len(values) < 8:
        return min(*values, *kept, values[0]), max(*values, *kept, values[0])
    first, _, third = quantiles(values, n=4)
    if first == third:  # half of the values or more are equal: what differs is what is to be seen
        return min(*values, *kept, values[0]), max(*values, *kept, values[0])
    reach = _FENCE * (third - first)
    inside = [value for value in values if first - reach <= value <= third + reach]
    return min(*inside, *kept, inside[0]), max(*inside, *kept, inside[0])


def _title(scene: _Scene, highlight: str | None) -> str:
    points = scene.counted
    number = len(points)
    middle = scene.unit.write(scene.middle)
    if highlight is not None:
        for point in points:
            if point.finess == highlight:
                rank = 1 + sum(other.value < point.value for other in points)
                value = scene.unit.write(point.value)
                ordinal = "1er" if rank == 1 else f"{rank}e"
                return f"{value} : {ordinal} sur {number}, du plus bas au plus élevé (médiane {middle})"
    if scene.target_pct is None and scene.reference is not None:
        met = sum(scene.reference.is_met(point.value) for point in points)
        who = capitalised(french.plural(met, "établissement", words=True)) if met else "Aucun établissement"
        side = "sous" if scene.reference.is_below else "au-dessus de"
        limit = scene.unit.write_threshold(scene.reference.value)
        verb = "sont" if met > 1 else "est" if met else "n'est"
        return f"{who} sur {french.in_words(number)} {verb} {side} {limit} (référentiel)"
    if scene.target_pct is None:
        # With several values at the median, fewer than half are above it; of an odd number, one always is at it.
        above = sum(scene.unit.write(point.value) != middle and point.value > scene.middle for point in points)
        equal = sum(scene.unit.write(point.value) == middle for point in points)
        if above < number // 2 or (equal > 1 and 2 * above < number):
            return f"La valeur médiane des {scene.counted_words} est {middle}"
        half = "établissements" if number == len(scene.points) else scene.counted_words
        return f"La moitié des {half} dépasse {middle}"
    missed = sum(scene.misses(point) for point in points)
    target = f"{scene.target_label} de {scene.unit.write_threshold(scene.target_pct)}"
    target = french.elided("le", target)
    when = "" if scene.month_nb == _LAST_MONTH else f" à M{scene.month_nb}"
    scope = f", {scene.scope}" if scene.scope else ""
    if scene.better == "lower":
        # A fall is reached or not: « exceeds −5 % » would read as a success.
        if scene.target_pct < 0 and (when or scope):
            verb = f"{'sont' if missed > 1 else 'est'} au-dessus"
            target = f"du {target[3:]}" if target.startswith("le ") else f"de {target}"
        elif scene.target_pct < 0:
            if not missed:
                return f"Les {scene.counted_words} atteignent {target}"
            verb = "n'atteignent pas" if missed > 1 else "n'atteint pas"
        else:
            verb = "dépassent" if missed > 1 else "dépasse"
    else:
        verb = "restent sous" if missed > 1 else "reste sous"
    if not missed:
        return f"Aucun établissement sur {french.in_words(number)} {french.elided('ne', verb)} {target}{when}{scope}"
    who = capitalised(french.plural(missed, "établissement", words=True))
    return f"{who} sur {french.in_words(number)} {verb} {target}{when}{scope}"


def _facts(scene: _Scene, highlight: str | None) -> str:
    values = [point.value for point in scene.counted]
    low, middle, high = (scene.unit.write(v) for v in (values[0], scene.middle, values[-1]))
    text = f"{capitalised(scene.counted_words)} de {low} à {high}, médiane {middle}."
    if scene.reference is not None:
        text = f"{text} Un trait pointillé marque le {scene.reference.label}."
    named = [point.name for point in scene.points if point.finess == highlight]
    return f"{text} {named[0]} est mis en avant." if named else text


def _drawing(scene: _Scene, low: float, high: float, highlight: str | None) -> str:
    spread = (high - low) or 1.0
    bottom, top = low - 0.1 * spread, high + 0.12 * spread
    number = len(scene.points)
    size = 7.0 if number <= 60 else 4.5
    with house_style():
        figure, axes = sketch(250, left=46, right=10, top=24, bottom=24, has_ticks=False)
        axes.set_xlim(-0.03 * number, 1.03 * number)
        axes.set_ylim(bottom, top)
        axes.axhline(scene.middle, color=CONTEXT, linewidth=1.2)
        groups: dict[tuple[str, str, bool], list[tuple[float, float]]] = {}
        for rank, point in enumerate(scene.points):
            missed = scene.misses(point)
            wrong_side = "^" if scene.better == "lower" else "v"
            marker = ("^" if point.value > high else "v") if point.is_beyond else wrong_side if missed else "o"
            colour = WARNING if missed else CONTEXT if highlight and point.finess != highlight else ACCENT
            place = (rank + 0.5, min(max(point.value, low - 0.05 * spread), high + 0.06 * spread))
            groups.setdefault((marker, colour, point.set_aside is None), []).append(place)
            if point.finess == highlight:
                levels = [scene.middle, *([] if scene.target_pct is None else [scene.target_pct])]
                _name(axes, point, place, number, scene.unit, ceiling=max(levels))
        for (marker, colour, is_full), places in sorted(groups.items()):
            fill = {"color": colour} if is_full else {"color": "none", "markeredgecolor": colour}
            axes.plot(*zip(*places, strict=True), linestyle="none", marker=marker, markersize=size, **fill)
        scene.unit.axis(axes, low, high)
        axes.xaxis.set_visible(False)
        axes.text(0.5, -0.04, "du plus bas au plus élevé", transform=axes.transAxes, ha="center", va="top")
        _name_levels(axes, scene, [place for group in groups.values() for place in group], size / 2)
        return to_svg(figure)


def _name(
    axes: Axes, point: _Point, place: tuple[float, float], number: int, unit: MeasureFormat, *, ceiling: float
) -> None:
    """Ring a point and name it in the corner that points in ascending order leave empty.

    The name of the level at ``ceiling`` stands in the top left corner too: below it when there is no room above.
    """
    bottom, top = axes.get_ylim()
    level = (ceiling - bottom) / (top - bottom)
    height = level - 0.05 if level > _ROOM_ABOVE else 0.99
    axes.plot(*place, marker="o", markersize=12, color="none", markeredgecolor=INK, markeredgewidth=2.0, zorder=4)
    top_left = place[0] > number / 2
    axes.annotate(
        f"{shortened_name(point.name, 190, weight='bold')}\n{unit.write(point.value)}",
        place,
        (0.02, height) if top_left else (0.98, 0.03),
        textcoords="axes fraction",
        ha="left" if top_left else "right",
        va="top" if top_left else "bottom",
        weight="bold",
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 1.0, "shrinkB": 7},
    )


def _name_levels(axes: Axes, scene: _Scene, places: Sequence[tuple[float, float]], radius: float) -> None:
    """Draw the target and the référentiel, and name every line where no point stands."""
    levels = [(scene.middle, f"médiane {scene.unit.write(scene.middle)}")]
    if scene.target_pct is not None:
        axes.axhline(scene.target_pct, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
        label = f"{scene.target_label} {scene.unit.write_threshold(scene.target_pct, signed=True)}"
        levels.append((scene.target_pct, label))
    if scene.reference is not None:
        axes.axhline(scene.reference.value, color=INK, linewidth=1.4, linestyle=(0, (1, 2)))
        levels.append((scene.reference.value, scene.reference.label))
    write_line_names(axes, levels, places, radius=radius)


def _table(scene: _Scene, caption: str) -> Table:
    data = pd.DataFrame(
        {
            "name": [point.name for point in scene.points],
            "finess": [point.finess for point in scene.points],
            "value": [point.value for point in scene.points],
            "missed": [None if point.set_aside else scene.misses(point) for point in scene.points],
            "set_aside": [point.set_aside or "–" for point in scene.points],
            "is_corrected": [point.is_corrected for point in scene.points],
        }
    )
    columns = [
        ColumnFormat.text("name", "Établissement"),
        ColumnFormat.text("finess", "FINESS"),
        scene.unit.without_false_zero(point.value for point in scene.points).column("value", "Valeur"),
    ]
    if scene.target_pct is not None:
        side = "au-dessus" if scene.better == "lower" else "en dessous"
        words: dict[bool, tuple[str, Literal["warning", "good"]]] = {
            True: (side, "warning"),
            False: ("en dessous" if scene.better == "lower" else "au niveau", "good"),
        }
        columns.append(ColumnFormat.status("missed", f"Par rapport au seuil : {scene.target_label}", words))
    if len(scene.counted) < len(scene.points):
        columns.append(ColumnFormat.text("set_aside", "Non compté"))
    return Table.from_frame(data, caption=caption, columns=columns)
