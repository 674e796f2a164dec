"""Spending month by month, against the two previous years."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, IdentityTransform

from caqes_analysis import french
from caqes_analysis.display.axes import amount_axis, month_axis, vertical_bars
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import (
    MonthValue,
    capitalised,
    checked,
    envelope_label,
    evolution_pct,
    lone_places,
    period_in_words,
    total,
    year_months,
)
from caqes_analysis.display.style import INK, envelope_colour, house_style, sketch, text_width
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["corrected_sentence", "monthly_spending", "provisional_sentence"]

_HATCH = "////"
_KEY_WIDTH, _KEY_HEIGHT, _KEY_PAD, _KEY_GAP, _KEY_RISE = 17.0, 9.0, 5.0, 13.0, 10.0
"""Marks of the key and the room around them, in units."""


def monthly_spending(frame: pd.DataFrame, *, year: int, name: str, envelope: str, notes: Sequence[str] = ()) -> Figure:
    """Draw the months of a year against the same months of the two previous years.

    Parameters
    ----------
    frame
        One row a month of one series: ``month`` (first of month), ``amount_eur``; ``value_status``,
        ``is_provisional`` and ``is_corrected`` where they exist. A missing month is a gap marked ×, a provisional one
        is hatched, a corrected one of the year is marked (c).
    year
        The year in bars.
    name
        Whose spending it is.
    envelope
        Code of the envelope (decides the colour) or, for another series, its name.
    notes
        Sentences printed under the figure, after those on the state of the months.

    Raises
    ------
    CaqesError
        When a column is absent, a month stands twice, or the year has no amount.
    """
    rows = checked(frame, ("month", "amount_eur"), "monthly_spending")
    years = {offset: year_months(rows, year - offset) for offset in (0, 1, 2)}
    checked(rows[rows["month"].dt.year == year].dropna(subset=["amount_eur"]), (), "monthly_spending")
    subject = f"{name}, {envelope_label(envelope)}"
    return Figure(
        title=_monthly_title(years[0], years[1], year),
        alt=_monthly_alt(years, year, subject),
        svg=_monthly_drawing(years, year, envelope_colour(envelope)),
        table=_monthly_table(years, year, subject),
        notes=(*_monthly_notes(years[0], year), *notes),
    )


def _compared(now: Sequence[MonthValue], before: Sequence[MonthValue]) -> list[tuple[MonthValue, Decimal, Decimal]]:
    return [
        (month, month.amount_eur, same.amount_eur)
        for month, same in zip(now, before, strict=True)
        if month.amount_eur is not None and same.amount_eur is not None
    ]


def _monthly_title(now: Sequence[MonthValue], before: Sequence[MonthValue], year: int) -> str:
    pairs = _compared(now, before)
    present = [month for month in now if month.amount_eur is not None]
    # A month that can still be completed is drawn, and says nothing yet.
    settled = [pair for pair in pairs if not pair[0].is_provisional]
    if not settled:
        firm = [month for month in present if not month.is_provisional]
        kind = " définitifs" if 1 < len(firm) < len(present) else " définitif" if 0 < len(firm) < len(present) else ""
        count = french.in_words(len(firm or present))
        return f"{french.compact_euros(total(firm or present))} sur {count} mois{kind} en {year}"
    kind = " définitifs" if len(settled) < len(pairs) else ""
    one = kind.removesuffix("s")
    higher, count = sum(amount > same for _, amount, same in settled), french.in_words(len(settled))
    if len(pairs) < len(present) and higher in (0, len(settled)) and len(settled) > 1:
        comparable = f"{count} mois comparables"
        every = f"aucun des {comparable} ne dépasse son" if higher == 0 else f"les {comparable} dépassent leur"
        return f"En {year}, {every} niveau de {year - 1}"
    if higher == 0:
        return f"En {year}, aucun mois{one} ne dépasse son niveau de {year - 1}"
    if higher == len(settled):
        has_gap = len(settled) < settled[-1][0].month
        every = f"les {count} mois{kind or ' comparés'}" if has_gap else f"tous les mois{kind}"
        named = f"{every} dépassent leur" if len(settled) > 1 else f"{_named(settled[0][0])} dépasse son"
        return f"En {year}, {named} niveau de {year - 1}"
    kind, verb = (one, "dépasse son") if higher == 1 else (kind, "dépassent leur")
    return f"En {year}, {french.in_words(higher)} mois{kind} sur {count} {verb} niveau de {year - 1}"


def _named(month: MonthValue) -> str:
    return french.month_name(month.month)


def _monthly_alt(years: dict[int, list[MonthValue]], year: int, subject: str) -> str:
    present = [month for month in years[0] if month.amount_eur is not None]
    amounts = {month.month: month.amount_eur or Decimal(0) for month in present}
    highest, lowest = max(amounts, key=lambda m: amounts[m]), min(amounts, key=lambda m: amounts[m])
    period = capitalised(period_in_words(dt.date(year, present[0].month, 1), dt.date(year, present[-1].month, 1)))
    if amounts[highest] == amounts[lowest]:
        level = f"{period}, {french.compact_euros(amounts[highest])}{' chaque mois' if len(present) > 1 else ''}."
    else:
        level = (
            f"{period}, le mois le plus élevé est {french.month_name(highest)} "
            f"({french.compact_euros(amounts[highest])}), le plus bas {french.month_name(lowest)} "
            f"({french.compact_euros(amounts[lowest])})."
        )
    sentences = [
        f"{subject}, dépenses mensuelles de {year} en barres, {year - 1} et {year - 2} en lignes.",
        level,
    ]
    pairs = _compared(years[0], years[1])
    if pairs:
        spent, same = sum((pair[1] for pair in pairs), Decimal(0)), sum((pair[2] for pair in pairs), Decimal(0))
        rate = evolution_pct(spent, same)
        sentences.append(
            f"Sur {french.plural(len(pairs), 'mois comparable', 'mois comparables')}, le total est de "
            f"{french.compact_euros(spent)}, contre {french.compact_euros(same)} en {year - 1}"
            f"{f', soit {french.percent(rate, signed=True)}' if rate is not None else ''}."
        )
    return " ".join([*sentences, *_monthly_notes(years[0], year)])


def _monthly_notes(months: Sequence[MonthValue], year: int) -> list[str]:
    last = max(month.month for month in months if month.amount_eur is not None)
    missing = [_named(month) for month in months[:last] if month.amount_eur is None]
    notes = []
    if missing:
        verb = "manque" if len(missing) == 1 else "manquent"
        notes.append(f"{capitalised(french.list_in_words(missing))} {year} {verb} dans les données reçues (×).")
    sentences = (provisional_sentence(months, year), corrected_sentence(months, year))
    return [*notes, *(sentence for sentence in sentences if sentence)]


def corrected_sentence(months: Sequence[MonthValue], year: int) -> str:
    """Return the sentence that names the corrected months, empty when there is none."""
    names = [_named(month) for month in months if month.is_corrected]
    if not names:
        return ""
    verb = "sont corrigés" if len(names) > 1 else "est corrigé"
    return f"{capitalised(french.list_in_words(names))} {year} {verb} d'après le registre des corrections (c)."


def provisional_sentence(months: Sequence[MonthValue], year: int) -> str:
    """Return the sentence that names the provisional months, empty when there is none."""
    names = [_named(month) for month in months if month.is_provisional and month.amount_eur is not None]
    if not names:
        return ""
    many = len(names) > 1
    return (
        f"{capitalised(french.list_in_words(names))} {year} {'sont provisoires' if many else 'est provisoire'} : "
        f"{'ces montants peuvent' if many else 'ce montant peut'} encore être {'complétés' if many else 'complété'}."
    )


def _monthly_table(years: dict[int, list[MonthValue]], year: int, subject: str) -> Table:
    last = max(month.month for month in years[0] if month.amount_eur is not None)
    columns: dict[str, list[Any]] = {"month": [french.month_name(month) for month in range(1, 13)]}
    for offset, months in years.items():
        columns[f"amount_{offset}"] = [month.amount_eur for month in months]
        columns[f"status_{offset}"] = [
            "reported" if offset == 0 and month.month > last else month.value_status  # months to come are not missing
            for month in months
        ]
        columns[f"provisional_{offset}"] = [month.is_provisional for month in months]
        columns[f"corrected_{offset}"] = [month.is_corrected for month in months]
    # Nothing is to be compared with a month before the opening: that is not a missing value.
    columns["status"] = [month.value_status if month.value_status == "not_applicable" else None for month in years[1]]
    columns["evolution_pct"] = [
        evolution_pct(now.amount_eur, before.amount_eur) for now, before in zip(years[0], years[1], strict=True)
    ]
    columns["is_corrected"] = [
        now.is_corrected or before.is_corrected for now, before in zip(years[0], years[1], strict=True)
    ]
    amounts = [
        ColumnFormat.amount(
            f"amount_{offset}",
            str(year - offset),
            value_status=f"status_{offset}",
            is_provisional=f"provisional_{offset}",
            is_corrected=f"corrected_{offset}",
        )
        for offset in (2, 1, 0)
    ]
    return Table.from_frame(
        pd.DataFrame(columns),
        caption=f"{subject} : dépenses mensuelles de {year - 2} à {year}",
        columns=[
            ColumnFormat.text("month", "Mois"),
            *amounts,
            ColumnFormat.percent("evolution_pct", f"Évolution {year}/{year - 1}", signed=True, value_status="status"),
        ],
    )


def _monthly_drawing(years: dict[int, list[MonthValue]], year: int, colour: str) -> str:
    values = {
        offset: [math.nan if month.amount_eur is None else float(month.amount_eur) for month in months]
        for offset, months in years.items()
    }
    shown = [value for series in values.values() for value in series if not math.isnan(value)]
    last = max(month.month for month in years[0] if month.amount_eur is not None)
    numbers = range(1, 13)
    with house_style():
        figure, axes = sketch(250, left=46, right=4, top=30, bottom=26, has_ticks=False)
        key: list[tuple[str, Artist]] = []
        for firm in (True, False):
            bars = [
                (month.month, value)
                for month, value in zip(years[0], values[0], strict=True)
                if month.is_provisional != firm and not math.isnan(value)
            ]
            if bars:
                label = str(year) if firm else f"{year} provisoire" if len(bars) == last else "provisoire"
                look: dict[str, Any] = {
                    "edgecolor": colour,
                    "facecolor": colour if firm else "none",
                    "hatch": "" if firm else _HATCH,
                }
                vertical_bars(axes, bars, width=0.72, **look)
                key.append((label, Rectangle((0, 0), _KEY_WIDTH, _KEY_HEIGHT, **look)))
        for offset, marker, dashes in ((1, "o", "solid"), (2, "", (0, (2, 2)))):
            if not all(math.isnan(value) for value in values[offset]):
                line: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": dashes, "marker": marker}
                alone = {} if marker else {"marker": "o", "markersize": 3.0, "markevery": lone_places(values[offset])}
                axes.add_artist(Line2D(numbers, values[offset], zorder=3, **{**line, **alone}))
                middle = _KEY_HEIGHT / 2
                key.append(
                    (str(year - offset), Line2D([0, _KEY_WIDTH / 2, _KEY_WIDTH], [middle] * 3, markevery=[1], **line))
                )
        gaps = [month.month for month in years[0][:last] if month.amount_eur is None]
        for gap in gaps:
            axes.annotate("×", (gap, 0), (0, 4), textcoords="offset points", ha="center", weight="bold")
        for month, value in zip(years[0], values[0], strict=True):
            if month.is_corrected and not math.isnan(value):
                place = (month.month, max(value, 0.0))  # above its bar: ink cannot be read on the colour
                axes.annotate("(c)", place, (0, 3), textcoords="offset points", ha="center", color=INK)
        axes.set_ylim(min(0.0, *shown) * 1.05, max(0.0, *shown) * 1.05 or 1.0)
        month_axis(axes)
        amount_axis(axes, max(map(abs, shown)))
        _write_key(axes, key)
        return to_svg(figure)


def _write_key(axes: Axes, entries: Sequence[tuple[str, Artist]]) -> None:
    """Write what each mark is on one line above the axes; a legend of matplotlib costs as much as all the rest."""
    x, y = axes.bbox.x0 + _KEY_PAD, axes.bbox.y1 + _KEY_RISE
    for label, mark in entries:
        mark.set_transform(Affine2D().translate(x, y))
        mark.set_clip_on(False)
        axes.add_artist(mark)
        x += _KEY_WIDTH + _KEY_PAD
        axes.text(x, y, label, transform=IdentityTransform(), va="baseline")
        x += text_width(label) + _KEY_GAP
