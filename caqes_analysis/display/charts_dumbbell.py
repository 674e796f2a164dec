"""From one year to the next: the value before and the value now of those that weigh most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.measure import PERCENT, MeasureFormat
from caqes_analysis.display.series import capitalised, checked
from caqes_analysis.display.style import (
    ACCENT,
    CONTEXT,
    INK,
    WARNING,
    WIDTH,
    canvas,
    house_style,
    shortened_name,
    text_width,
)
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["dumbbells"]

_PITCH = 40.0
_MARGIN = 10.0
_LINE = 27.0
_LEGEND = 24.0
_KEY = 20.0
_FOOT = 20.0
# Amounts that differ more than this are drawn on a logarithmic scale: the values are printed beside.
_DECADES = 20.0
_MOVE_WORDS = {"good": "favorable", "bad": "défavorable", "none": "stable"}
_THOUSAND = 1000


def dumbbells(
    frame: pd.DataFrame,
    *,
    caption: str,
    now_label: str,
    before_label: str,
    unit: MeasureFormat = PERCENT,
    better: Literal["lower", "higher", "none"] = "lower",
    threshold: float | None = None,
    threshold_label: str = "objectif",
    shown_nb: int = 12,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the move of each establishment from one period to the next.

    Parameters
    ----------
    frame
        One row an establishment: ``finess, name, previous, value``, in the order in which they are drawn; the first
        ``shown_nb`` that have both values are drawn, all are in the table.
    caption
        What is measured (« IPP : montant remboursé »).
    now_label, before_label
        The periods.
    unit
        How values are written.
    better
        Which way is good; a move the other way is a triangle in the warning colour.
    threshold, threshold_label
        A level drawn as a line, and the masculine noun that names it.
    shown_nb
        How many are drawn.
    notes
        Sentences printed under the figure.
    """
    rows = checked(frame, ("finess", "name", "previous", "value"), "dumbbells")
    both = checked(rows.dropna(subset=["previous", "value"]), (), "dumbbells")
    shown = both.head(shown_nb)
    moves = [_move(a, b, unit, better) for a, b in zip(both["previous"], both["value"], strict=True)]
    title = _title(both, moves, unit, better)
    listed = [
        f"{name}, de {' à '.join(_told_apart(unit, a, b))}"
        for name, a, b in zip(shown["name"], shown["previous"], shown["value"], strict=True)
    ]
    more = len(both) - len(shown)
    every = [*notes]
    if _is_logarithmic([*shown["previous"], *shown["value"]]):
        every.append("Échelle logarithmique : une même longueur de trait est une même évolution en pour cent.")
    if more:
        every.append(f"Les {french.in_words(len(shown))} premiers, sur {french.in_words(len(both))} établissements.")
    if better != "none" and "none" in moves:
        every.append(
            "Stable : valeurs égales à l'euro près."
            if unit.unit == "€"
            else "Stable : valeurs arrondies égales, ou écart arrondi nul."
        )
    told_apart = unit.told_apart(both["previous"], both["value"]).without_false_zero(
        [*both["previous"], *both["value"]]
    )
    states = {"good": "good", "bad": "warning", "none": None}
    words = {move: (word, states[move]) for move, word in _MOVE_WORDS.items()}
    table = Table.from_frame(
        both.assign(move=moves),
        caption=f"{caption}, {before_label} et {now_label}",
        columns=[
            ColumnFormat.text("name", "Établissement"),
            told_apart.column("previous", before_label, is_corrected="was_corrected"),
            told_apart.column("value", now_label),
            *([] if better == "none" else [ColumnFormat.status("move", "Mouvement", words)]),  # type: ignore[arg-type]
        ],
    )
    return Figure(
        title=title,
        alt=f"{caption}, de {before_label} (cercle vide) à {now_label}. {title}. {' ; '.join(listed)}.",
        svg=_drawing(shown, unit, better, (before_label, now_label), threshold, threshold_label),
        table=table,
        notes=tuple(every),
    )


def _move(before: float, now: float, unit: MeasureFormat, better: str) -> str:
    # Two levels on either side of a rounding limit (24,44 and 24,46) have not moved: their change is printed 0,0.
    if better == "none" or unit.printed(before) == unit.printed(now) or not unit.printed(now - before):
        return "none"
    return "good" if (now < before) == (better == "lower") else "bad"


def _told_apart(unit: MeasureFormat, before: float, now: float) -> tuple[str, str]:
    """Return two values with the digits in which they differ: « 1 634 k€ » and « 1 561 k€ », never 1,6 M€ twice."""
    pair = (unit.write(before), unit.write(now))
    if pair[0] != pair[1] or unit.printed(before) == unit.printed(now):
        return pair
    thousands = tuple(f"{french.number(value / _THOUSAND)}{french.NBSP}k€" for value in (before, now))
    same = thousands[0] == thousands[1]
    return (french.euros(before), french.euros(now)) if same else (thousands[0], thousands[1])


def _title(both: pd.DataFrame, moves: Sequence[str], unit: MeasureFormat, better: str) -> str:
    number = len(moves)
    pairs = [(unit.printed(a), unit.printed(b)) for a, b in zip(both["previous"], both["value"], strict=True)]
    rises, falls = sum(now > before for before, now in pairs), sum(now < before for before, now in pairs)
    if not rises and not falls:
        level = f"à {unit.write(both['value'].iloc[0])}" if len(set(pairs)) == 1 else ""
        if number == 1:
            return f"Un établissement reste {level or 'stable'} d'une année à l'autre"
        return f"Les {french.in_words(number)} établissements restent {level or 'stables'} d'une année à l'autre"
    if better == "none":
        who = capitalised(french.plural(rises, "établissement", words=True)) if rises else "Aucun établissement"
        verb = "sont" if rises > 1 else "est" if rises else "n'est"
        down = french.in_words(falls) if falls else "aucun"
        return f"{who} sur {french.in_words(number)} {verb} en hausse d'une année à l'autre, {down} en baisse"
    good = sum(move == "good" for move in moves)
    verb = ("baissent" if good > 1 else "baisse") if better == "lower" else ("progressent" if good > 1 else "progresse")
    if not good:
        return f"Aucun établissement sur {french.in_words(number)} ne {verb} d'une année à l'autre"
    who = capitalised(french.plural(good, "établissement", words=True))
    return f"{who} sur {french.in_words(number)} {verb} d'une année à l'autre"


def _is_logarithmic(levels: Sequence[float]) -> bool:
    return min(levels) > 0 and max(levels) / min(levels) > _DECADES


def _look(move: str, is_rise: bool, better: str) -> tuple[str, str]:
    """Return the colour and the marker of a move: a move the wrong way is an arrow, so that colour is not alone."""
    if move == "bad":
        return WARNING, ">" if is_rise else "<"
    return ACCENT if move == "good" or better == "none" else CONTEXT, "o"


def _drawing(
    shown: pd.DataFrame,
    unit: MeasureFormat,
    better: str,
    labels: tuple[str, str],
    threshold: float | None,
    threshold_label: str,
) -> str:
    pairs = [(float(a), float(b)) for a, b in zip(shown["previous"], shown["value"], strict=True)]
    levels = [value for pair in pairs for value in pair]
    has_log = _is_logarithmic(levels)
    moves = [_move(before, now, unit, better) for before, now in pairs]
    key = [] if better == "none" else [move for move in _MOVE_WORDS if move in moves]
    drawn = [*levels, *([] if threshold is None or has_log else [threshold])]
    low, high = min(drawn), max(drawn)
    # A unit in words is told once: beside each pair, it would leave no room for the names.
    is_named = unit.unit not in ("%", "€", "")
    bare = replace(unit, unit="") if is_named else unit
    above = _LEGEND + (_KEY if key else 0.0)
    head = above + (20.0 if threshold is not None and not has_log else 0.0)

    def place(value: float) -> float:
        if has_log:
            share = math.log(value / low) / (math.log(high / low) or 1.0)
        else:
            share = (value - low) / ((high - low) or 1.0)
        return _MARGIN + share * (WIDTH - 2 * _MARGIN)

    with house_style():
        height = head + _PITCH * len(pairs) + 4
        figure, drawing = canvas(height + (_FOOT if has_log else 0.0))
        drawing.plot([_MARGIN], [12], linestyle="none", marker="o", markersize=8, color="none", markeredgecolor=INK)
        drawing.text(_MARGIN + 9, 12, labels[0], va="center")
        at = _MARGIN + 9 + text_width(labels[0]) + 22
        drawing.plot([at], [12], linestyle="none", marker="o", markersize=8, color=ACCENT)
        drawing.text(at + 9, 12, f"{labels[1]} ({unit.unit})" if is_named else labels[1], va="center")
        at = _MARGIN
        for move in key:
            colour, marker = _look(move, better == "lower", better)
            drawing.plot([at], [12 + _KEY], linestyle="none", marker=marker, markersize=8, color=colour)
            drawing.text(at + 9, 12 + _KEY, _MOVE_WORDS[move], va="center")
            at += 9 + text_width(_MOVE_WORDS[move]) + 22
        if has_log:
            drawing.text(_MARGIN, height + 8, unit.write(low), va="center")
            drawing.text(WIDTH / 2, height + 8, "échelle logarithmique", ha="center", va="center")
            drawing.text(WIDTH - _MARGIN, height + 8, unit.write(high), ha="right", va="center")
        if threshold is not None and not has_log:
            x = place(threshold)
            for number in range(len(pairs)):  # along the lines only: names are not crossed out
                y = head + _PITCH * number + _LINE
                drawing.plot([x, x], [y - 8, y + 8], color=INK, linewidth=2.0)
            label = f"{threshold_label} {unit.write_threshold(threshold)}"
            half = text_width(label) / 2
            drawing.text(min(max(x, half + 2), WIDTH - half - 2), head - 8, label, ha="center", va="baseline")
        for number, (name, (before, now)) in enumerate(zip(shown["name"], pairs, strict=True)):
            top = head + _PITCH * number
            printed = " → ".join(_told_apart(bare, before, now))
            room = WIDTH - 2 * _MARGIN - text_width(printed) - 10
            drawing.text(_MARGIN, top + 14, shortened_name(str(name), room), va="baseline")
            drawing.text(WIDTH - _MARGIN, top + 14, printed, ha="right", va="baseline")
            colour, marker = _look(moves[number], now > before, better)
            y = top + _LINE
            drawing.plot([_MARGIN, WIDTH - _MARGIN], [y, y], color=INK, linewidth=0.8, alpha=0.18)
            drawing.plot([place(before), place(now)], [y, y], color=colour, linewidth=3.0)
            drawing.plot([place(before)], [y], marker="o", markersize=8, color="none", markeredgecolor=INK)
            drawing.plot([place(now)], [y], marker=marker, markersize=9, color=colour)
        return to_svg(figure)
