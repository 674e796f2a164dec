"""What makes a change: from the amount of a year to that of the next, one effect after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

import pandas as pd
from matplotlib.patches import Rectangle

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import checked, envelope_label, evolution_pct, exact_amounts
from caqes_analysis.display.style import (
    CONTEXT,
    INK,
    WIDTH,
    Canvas,
    canvas,
    envelope_colour,
    house_style,
    shortened,
    text_width,
)
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table
from caqes_analysis.labels import within_a_sentence

__all__ = ["EFFECT_LABELS", "EFFECT_MEANINGS", "waterfall"]

EFFECT_LABELS: Mapping[str, str] = {
    "price": "Prix",
    "volume": "Volume",
    "mix": "Structure",
    "rate": "Taux de remboursement",
    "fees": "Honoraires de dispensation",
    "entries": "Produits nouveaux",
    "exits": "Produits sortis",
    "perimeter": "Périmètre",
    "masked": "Lignes masquées",
}
EFFECT_MEANINGS: Mapping[str, str] = {
    "price": "les mêmes produits, au prix d'une année puis de l'autre",
    "volume": "plus ou moins d'unités, au coût moyen de l'unité",
    "mix": "des produits plus coûteux ou moins coûteux que la moyenne",
    "rate": "une part remboursée plus grande ou plus petite",
    "fees": "honoraires des pharmaciens, sans produit",
    "entries": "produits que personne n'avait l'année d'avant dans la base",
    "exits": "produits que personne n'a plus",
    "perimeter": "établissements qui n'étaient pas ouverts toutes les deux années",
    "masked": "la source n'y dit pas le produit : ni prix ni volume ne s'y lisent",
}
_SUBJECTS: Mapping[str, str] = {
    "price": "les prix",
    "volume": "le volume",
    "mix": "la structure",
    "rate": "le taux de remboursement",
    "fees": "les honoraires",
    "entries": "les produits nouveaux",
    "exits": "les produits sortis",
    "perimeter": "le périmètre",
    "masked": "les lignes masquées",
}
_PITCH, _BAR_HEIGHT, _MARGIN = 36.0, 12.0, 4.0


@dataclass(frozen=True)
class _Step:
    """One row of the drawing: a level (start, end) or an effect, with the running total on both sides of it."""

    name: str
    printed: str
    before: float
    after: float
    is_level: bool = False


def waterfall(
    effects: pd.DataFrame,
    *,
    year: int,
    name: str,
    envelope: str,
    period: str = "",
    unit: str = "boîtes",
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the effects that lead from the amount of a year to that of the next.

    Parameters
    ----------
    effects
        One row: ``previous_eur``, ``<effect>_eur`` for the effects of :data:`EFFECT_LABELS`, ``current_eur``, as
        :func:`caqes_analysis.savings.decompose` returns them.
    year, name, envelope
        Year N, whose spending it is, code of the envelope.
    period
        The months compared, in words; the whole years when empty.
    unit
        What the volume counts.
    notes
        Sentences printed under the figure, after those of the figure.

    Raises
    ------
    CaqesError
        ``FIGURE_COLONNES`` or ``FIGURE_VIDE``.
    """
    names = ["previous_eur", "current_eur", *(f"{effect}_eur" for effect in EFFECT_LABELS)]
    row = checked(effects, names, "waterfall").iloc[0]
    before, now, *amounts = (amount or Decimal(0) for amount in exact_amounts(row[names]))
    change = now - before
    parts = dict(zip(EFFECT_LABELS, amounts, strict=True))
    labels = {**EFFECT_LABELS, "volume": f"{EFFECT_LABELS['volume']} ({unit})"}
    shown = {effect: amount for effect, amount in parts.items() if amount}
    when = period or f"{year} comparé à {year - 1}"
    title = _title(shown, change)
    if not period:  # whole years, which the page around them may not be about
        title = f"De {year - 1} à {year}, {within_a_sentence(title)}"
    subject = f"{name}, {envelope_label(envelope)}, {when}"
    told = ", ".join(f"{labels[one]} {french.compact_euros(amount, signed=True)}" for one, amount in shown.items())
    rate = french.percent(evolution_pct(now, before), signed=True)
    alt = (
        f"{subject} : de {french.compact_euros(before)} à {french.compact_euros(now)} ({rate}), effet après effet. "
        f"{told or 'Aucun effet'}."
    )
    own_notes = ["Les effets s'additionnent au centime ; l'échelle ne part pas de zéro."]
    return Figure(
        title=title,
        alt=alt,
        svg=_drawing(_steps(before, now, shown, labels, year), envelope_colour(envelope)),
        table=_table(parts, labels, subject, before, now, year),
        notes=(*own_notes, *notes),
    )


def _title(parts: Mapping[str, Decimal], change: Decimal) -> str:
    if not change:
        return "La dépense n'a pas changé"
    word = "Hausse" if change > 0 else "Baisse"
    same = {effect: amount for effect, amount in parts.items() if amount * change > 0}
    against = {effect: amount for effect, amount in parts.items() if amount * change < 0}
    title = f"{word} de {french.compact_euros(abs(change))} : d'abord {_largest(same)}"
    return f"{title} ; à l'inverse, {_largest(against)}" if against else title


def _largest(parts: Mapping[str, Decimal]) -> str:
    effect = max(parts, key=lambda one: abs(parts[one]))
    return f"{_SUBJECTS[effect]} ({french.compact_euros(parts[effect], signed=True)})"


def _steps(
    before: Decimal, now: Decimal, parts: Mapping[str, Decimal], labels: Mapping[str, str], year: int
) -> list[_Step]:
    totals = list(accumulate(parts.values(), initial=before))
    found = [_Step(str(year - 1), french.compact_euros(before), float(before), float(before), True)]
    found += [
        _Step(labels[effect], french.compact_euros(amount, signed=True), float(totals[place]), float(totals[place + 1]))
        for place, (effect, amount) in enumerate(parts.items())
    ]
    return [*found, _Step(str(year), french.compact_euros(now), float(now), float(now), True)]


def _drawing(steps: Sequence[_Step], colour: str) -> str:
    places = [value for step in steps for value in (step.before, step.after)]
    low, high = min(places), max(places)
    scale = (WIDTH - 4 * _MARGIN) / ((high - low) or 1.0)

    def at(value: float) -> float:
        return 2 * _MARGIN + (value - low) * scale

    with house_style():
        figure, drawing = canvas(_PITCH * len(steps) + 4)
        for place, step in enumerate(steps):
            _row(drawing, step, _PITCH * place, (at(step.before), at(step.after)), colour)
            if place:
                here = at(step.before)
                top = _PITCH * place
                drawing.plot([here, here], [top - 5, top + 2], color=CONTEXT, linewidth=0.8, linestyle=(0, (2, 2)))
        return to_svg(figure)


def _row(drawing: Canvas, step: _Step, top: float, ends: tuple[float, float], colour: str) -> None:
    weight = "bold" if step.is_level else "normal"
    room = WIDTH - 2 * _MARGIN - text_width(step.printed, weight=weight) - 10
    drawing.text(_MARGIN, top + 14, shortened(step.name, room, weight=weight), va="baseline", weight=weight)
    drawing.text(WIDTH - _MARGIN, top + 14, step.printed, ha="right", va="baseline", weight=weight)
    left, right = sorted(ends)
    if step.is_level:
        drawing.plot([left, left], [top + 18, top + 20 + _BAR_HEIGHT], color=INK, linewidth=3.0)
        return
    falls = ends[1] < ends[0]
    drawing.add_artist(
        Rectangle(
            (left, top + 19),
            max(right - left, 0.8),
            _BAR_HEIGHT,
            facecolor="none" if falls else colour,
            edgecolor=colour,
            hatch="////" if falls else "",
            linewidth=0.8,
        )
    )


def _table(
    parts: Mapping[str, Decimal], labels: Mapping[str, str], subject: str, before: Decimal, now: Decimal, year: int
) -> Table:
    rows = pd.DataFrame(
        {
            "label": [str(year - 1), *(labels[effect] for effect in parts), str(year)],
            "amount_eur": [before, *parts.values(), now],
            "points": [None, *(_points(amount, before) for amount in parts.values()), None],
            "points_status": ["not_applicable", *[None] * len(parts), "not_applicable"],
            "meaning": ["départ", *(EFFECT_MEANINGS[effect] for effect in parts), "arrivée"],
        }
    )
    totals = pd.DataFrame(
        {
            "label": ["Différence"],
            "amount_eur": [now - before],
            "points": [_points(now - before, before)],
            "meaning": ["somme des effets"],
        }
    )
    return Table.from_frame(
        rows,
        caption=f"{subject} : effets, au centime",
        columns=[
            ColumnFormat.text("label", "Effet"),
            ColumnFormat.amount("amount_eur", "Montant", cents=True),
            ColumnFormat.points("points", "Contribution à l'évolution", decimals=2, value_status="points_status"),
            ColumnFormat.text("meaning", "Ce que c'est"),
        ],
        totals=totals,
    )


def _points(amount: Decimal, before: Decimal) -> float | None:
    return float(amount / before * 100) if before > 0 else None
