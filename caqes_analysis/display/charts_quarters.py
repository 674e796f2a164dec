"""Spending known only since January, at the months at which cumulative deliveries were drawn up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.axes import amount_axis, month_axis
from caqes_analysis.display.charts_cumulative import name_ends
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import (
    capitalised,
    checked,
    envelope_label,
    evolution_pct,
    of_the,
    short_percent,
    through,
)
from caqes_analysis.display.style import CONTEXT, INK, envelope_colour, house_style, shortened, sketch
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["cumulative_points"]

_LABELS_WIDTH = 118.0
_BETWEEN = (
    "Reçu en cumul depuis janvier : seuls les points sont connus, les traits qui les joignent ne disent rien des mois "
    "entre eux."
)


def cumulative_points(
    frame: pd.DataFrame,
    *,
    year: int,
    name: str,
    envelope: str,
    target_pct: float | None = None,
    target_label: str = "objectif",
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the amounts since January at the months received, against the same months of the year before.

    Parameters
    ----------
    frame
        One row per month at which the amount since January is known: ``month`` (number), ``now_eur``, ``before_eur``
        (missing where the year before does not say it), ``is_provisional``.
    year, name, envelope
        Year drawn, whose spending it is, code of the envelope.
    target_pct, target_label
        Evolution allowed, in percent, and what it is, as a masculine noun.
    notes
        Sentences printed under the figure.
    """
    rows = checked(frame, ("month", "now_eur", "before_eur", "is_provisional"), "cumulative_points")
    rows = rows.sort_values("month", ignore_index=True)
    subject = f"{name}, {envelope_label(envelope)}"
    now: list[Decimal] = [Decimal(value) for value in rows["now_eur"]]
    before = [None if pd.isna(value) else Decimal(value) for value in rows["before_eur"]]
    rates = [evolution_pct(value, earlier) for value, earlier in zip(now, before, strict=True)]
    title = _title(int(rows["month"].iloc[-1]), year, now[-1], rates[-1], target_pct, target_label)
    said = [
        f"{capitalised(through(int(month), year))}, {french.compact_euros(value)}"
        + (f", {french.percent(rate, signed=True)} sur un an" if rate is not None else "")
        for month, value, rate in zip(rows["month"], now, rates, strict=True)
    ]
    alt = f"{subject}, dépenses cumulées de {year} aux mois reçus. {'. '.join(said)}. {title}."
    return Figure(
        title=title,
        alt=f"{alt} {_BETWEEN}",
        svg=_drawing(rows, before, year, envelope_colour(envelope), target_pct, target_label),
        table=_table(rows, now, before, rates, f"{subject} : dépenses cumulées de {year}, aux mois reçus", year),
        notes=(_BETWEEN, *notes),
    )


def _title(
    month_nb: int, year: int, value: Decimal, rate: float | None, target_pct: float | None, target_label: str
) -> str:
    when = capitalised(through(month_nb, year))
    if rate is None:
        return f"{when} : {french.compact_euros(value)}"
    written = french.percent(rate, signed=True)
    if target_pct is None:
        return f"{when} : {french.compact_euros(value)}, {written} sur un an"
    gap = french.rounded((french.rounded(rate, 1) or Decimal(0)) - Decimal(str(target_pct)), 1) or Decimal(0)
    if gap == 0:
        return f"{when} : {written}, au niveau {of_the(target_label)}"
    distance = f"{french.points(abs(gap), signed=False)} {'au-dessus' if gap > 0 else 'en dessous'}"
    return f"{when} : {written}, {distance} {of_the(target_label)}"


def _drawing(
    rows: pd.DataFrame,
    before: Sequence[Decimal | None],
    year: int,
    colour: str,
    target_pct: float | None,
    target_label: str,
) -> str:
    numbers = [int(month) for month in rows["month"]]
    values = [float(value) for value in rows["now_eur"]]
    earlier = [(month, float(value)) for month, value in zip(numbers, before, strict=True) if value is not None]
    labels: list[tuple[float, float, str, bool]] = [(numbers[-1], values[-1], str(year), True)]
    with house_style():
        figure, axes = sketch(230, left=46, right=130, top=24, bottom=26, has_ticks=False)
        if earlier:
            months, amounts = zip(*earlier, strict=True)
            axes.plot(months, amounts, color=CONTEXT, linewidth=1.0, linestyle=(0, (1, 2)), marker="s", markersize=7)
            labels.append((months[-1], amounts[-1], str(year - 1), False))
            if target_pct is not None:
                allowed = [amount * (1 + target_pct / 100) for amount in amounts]
                axes.plot(months, allowed, color=INK, linestyle="none", marker="_", markersize=16, markeredgewidth=2)
                percent = short_percent(target_pct, signed=True)
                labels.append((months[-1], allowed[-1], f"{shortened(target_label, _LABELS_WIDTH)}\n{percent}", False))
        axes.plot(numbers, values, color=colour, linewidth=1.4, linestyle=(0, (1, 2)))
        for month, value, is_late in zip(numbers, values, rows["is_provisional"], strict=True):
            fill = "none" if is_late else colour
            axes.plot([month], [value], color=colour, marker="o", markersize=9, markerfacecolor=fill, linestyle="none")
        axes.set_ylim(0, None)
        month_axis(axes, labelled=(1, 3, 6, 9, 12), margin=0.45)
        amount_axis(axes, axes.get_ylim()[1])
        name_ends(axes, labels)
        return to_svg(figure)


def _table(
    rows: pd.DataFrame,
    now: Sequence[Decimal],
    before: Sequence[Decimal | None],
    rates: Sequence[float | None],
    caption: str,
    year: int,
) -> Table:
    added = [value - last for value, last in zip(now, [Decimal(0), *now], strict=False)]
    data = pd.DataFrame(
        {
            "month": [french.month_name(int(month)) for month in rows["month"]],
            "before": pd.Series(list(before), dtype=object),
            "now": pd.Series(list(now), dtype=object),
            "added": pd.Series(added, dtype=object),
            "rate": rates,
            "is_provisional": rows["is_provisional"].to_numpy(bool),
        }
    )
    return Table.from_frame(
        data,
        caption=caption,
        columns=[
            ColumnFormat.text("month", "Cumul à fin"),
            ColumnFormat.amount("before", str(year - 1), is_provisional=None),
            ColumnFormat.amount("now", str(year)),
            ColumnFormat.amount("added", "Ajouté depuis le point précédent"),
            ColumnFormat.percent("rate", "Évolution du cumul", signed=True),
        ],
    )
