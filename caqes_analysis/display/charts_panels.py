"""Small panels side by side: the same months, group by group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import (
    MonthValue,
    capitalised,
    checked,
    comparable_months,
    envelope_label,
    evolution_pct,
    lone_places,
    natural_order,
    through,
    total,
    year_months,
)
from caqes_analysis.display.style import CONTEXT, INK, WIDTH, Canvas, canvas, envelope_colour, house_style, shortened
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["small_multiples"]

_COLUMNS_NB = 3
_GAP = 16.0
_PANEL_HEIGHT = 62.0
_HEAD_HEIGHT = 36.0


@dataclass(frozen=True)
class _Panel:
    label: str
    now: Sequence[MonthValue]
    before: Sequence[MonthValue]
    compared: tuple[int, ...]
    rate_pct: float | None
    partial: tuple[int, ...] = ()
    is_new: bool = False

    @property
    def lines(self) -> tuple[list[float], list[float]]:
        """Both years, 100 being the average month of the year before (of this year, when there is none).

        A month that does not hold all of the group is no point of its line: it would be drawn as a plunge.
        """
        known = self._whole(self.before) or self._whole(self.now)
        mean = float(sum(known, Decimal(0))) / len(known) if known else 1.0
        now, before = (
            [
                math.nan
                if m.amount_eur is None or m.month in self.partial or not mean
                else 100 * float(m.amount_eur) / mean
                for m in months
            ]
            for months in (self.now, self.before)
        )
        return now, before

    def _whole(self, months: Sequence[MonthValue]) -> list[Decimal]:
        return [m.amount_eur for m in months if m.amount_eur is not None and m.month not in self.partial]


def small_multiples(
    frame: pd.DataFrame, *, year: int, name: str, envelope: str, noun: str = "département", feminine: bool = False
) -> Figure:
    """Draw the months of a year and of the year before, one panel a group, on one common scale.

    The scale is an index: 100 is the average month of the group's previous year, so that a small department is read as
    well as a large one.

    Parameters
    ----------
    frame
        One row a group and month: ``label`` (name of the group), ``month``, ``amount_eur`` and, where they exist,
        ``value_status``, ``is_provisional``, ``left_out_nb`` and ``by_cumul_nb`` (how many of the group are not in the
        month, or are there for several): such a month is no point of the line. ``is_new`` is true of a group that was
        not there all the year before: it has no rate, and lacks nothing.
    year, name, envelope
        Year, whose spending it is, code of the envelope.
    noun, feminine
        What a group is.
    """
    rows = checked(frame, ("label", "month", "amount_eur"), "small_multiples")
    panels = [_panel(str(label), group, year) for label, group in sorted(rows.groupby("label"), key=_by_label)]
    panels = [panel for panel in panels if any(month.amount_eur is not None for month in panel.now)]
    checked(pd.DataFrame({"label": [panel.label for panel in panels]}), (), "small_multiples")
    subject = f"{name}, {envelope_label(envelope)}"
    rates = {panel.label: panel.rate_pct for panel in panels if panel.rate_pct is not None}
    said = ", ".join(f"{label} {french.percent(rate, signed=True)}" for label, rate in rates.items())
    title = _title(rates, year, noun, feminine)
    when = through(max(max(panel.compared, default=0) for panel in panels), year) if rates else f"en {year}"
    return Figure(
        title=title,
        alt=f"{subject}, dépenses mensuelles de {year} et de {year - 1} par {noun}, un panneau chacun, en indice. "
        f"{title}. Évolution du cumul {when} : {said or 'non calculable'}.",
        svg=_drawing(panels, year, envelope_colour(envelope)),
        table=_table(panels, f"{subject} : cumul par {noun}, {when}", noun, year),
        notes=(
            f"Indice 100 : mois moyen de {year - 1}. Le taux est celui du cumul depuis janvier.",
            *_gap_notes(panels),
        ),
    )


def _by_label(group: tuple[Any, pd.DataFrame]) -> Any:
    return natural_order(group[0])


def _panel(label: str, rows: pd.DataFrame, year: int) -> _Panel:
    now, before = year_months(rows, year), year_months(rows, year - 1)
    # A month missing in either year is left out of both, as on the sheets; a group that opens has no rate.
    known = [m.month for m, same in zip(now, before, strict=True) if None not in (m.amount_eur, same.amount_eur)]
    compared = tuple(known if comparable_months(now, before) else ())
    rate = evolution_pct(_sum(now, compared), _sum(before, compared)) if compared else None
    is_new = bool(rows["is_new"].any()) if "is_new" in rows else False
    return _Panel(label, now, before, compared, rate, _partial_months(rows, now, year), is_new)


def _partial_months(rows: pd.DataFrame, now: Sequence[MonthValue], year: int) -> tuple[int, ...]:
    """Return the months of the two years that do not hold all of the group; none when no other month is left."""
    apart = rows[[name for name in ("left_out_nb", "by_cumul_nb") if name in rows]].fillna(0).sum(axis=1)
    dates = pd.to_datetime(rows["month"])
    found = sorted(set(dates[(apart > 0) & (dates.dt.year >= year - 1)].dt.month))
    drawn = {month.month for month in now if month.amount_eur is not None}
    return tuple(found) if drawn - set(found) else ()


def _sum(months: Sequence[MonthValue], compared: Sequence[int]) -> Decimal:
    return total([month for month in months if month.month in compared])


def _gap_notes(panels: Sequence[_Panel]) -> list[str]:
    """Say which groups are read without a month that is missing in one of both years."""
    cut = [
        f"{one.label} ({french.list_in_words([french.month_name(month) for month in one.partial])})"
        for one in panels
        if one.partial
    ]
    said = []
    if cut:
        said.append(
            f"Courbe interrompue : {', '.join(cut)}. Un établissement, écarté de ce mois des deux années ou reçu en "
            "cumul, y manque ; les autres restent dans le taux."
        )
    gapped = [one.label for one in panels if one.compared and len(one.compared) < max(one.compared)]
    if gapped:
        said.append(f"{french.list_in_words(gapped)} : cumul lu sans les mois qui manquent une des deux années.")
    return said


def _title(rates: dict[str, float], year: int, noun: str, feminine: bool) -> str:
    if not rates:
        return f"Dépenses de {year} par {noun} : pas d'année précédente à comparer"
    rising = sum((french.rounded(rate, 1) or 0) > 0 for rate in rates.values())
    highest = max(rates, key=lambda label: (rates[label], label))
    top = f"{highest} le plus ({french.percent(rates[highest], signed=True)})"
    all_nb = french.in_words(len(rates), feminine=feminine)
    if not rising and len(rates) > 1:
        return f"{'Aucune' if feminine else 'Aucun'} {noun} sur {all_nb} n'est en hausse en {year}"
    if len(rates) == 1:
        return f"{highest} : {french.percent(rates[highest], signed=True)} en {year}"
    if rising == len(rates):
        return f"Les {all_nb} {noun}s sont en hausse en {year}, {top}"
    count = capitalised(french.plural(rising, noun, f"{noun}s", words=True))
    if feminine and rising == 1:
        count = f"Une {noun}"
    return f"{count} sur {all_nb} {'sont' if rising > 1 else 'est'} en hausse en {year}, {top}"


def _drawing(panels: Sequence[_Panel], year: int, colour: str) -> str:
    width = (WIDTH - 8 - _GAP * (_COLUMNS_NB - 1)) / _COLUMNS_NB
    lines_nb = math.ceil(len(panels) / _COLUMNS_NB)
    values = [value for panel in panels for line in panel.lines for value in line if not math.isnan(value)]
    low, high = min(*values, 100.0), max(*values, 100.0)
    span = (high - low) or 1.0
    pitch = _PANEL_HEIGHT + _HEAD_HEIGHT + 10
    with house_style():
        figure, drawing = canvas(28 + pitch * lines_nb + 14)
        _legend(drawing, year, colour)
        for number, panel in enumerate(panels):
            left = 4 + (number % _COLUMNS_NB) * (width + _GAP)
            top = 28 + (number // _COLUMNS_NB) * pitch
            whole, name = shortened(panel.label, width), panel.label.partition(" (")[0]
            drawing.text(left, top + 12, whole if whole == panel.label else shortened(name, width), va="baseline")
            rate = french.percent(panel.rate_pct, signed=True)
            drawing.text(left, top + 28, rate, va="baseline", weight="bold")
            floor = top + _HEAD_HEIGHT + _PANEL_HEIGHT

            def place(value: float, floor: float = floor) -> float:
                return floor - (value - low) / span * _PANEL_HEIGHT

            drawing.plot([left, left + width], [place(100.0)] * 2, color=INK, linewidth=0.8, alpha=0.35)
            months = [left + width * position / 11 for position in range(12)]
            now, before = ([place(value) for value in line] for line in panel.lines)
            drawing.plot(months, before, color=CONTEXT, linewidth=1.4)
            drawing.plot(months, now, color=colour, linewidth=2.4)
            for line, paint in ((before, CONTEXT), (now, colour)):
                for alone in lone_places(line):
                    drawing.plot([months[alone]], [line[alone]], color=paint, marker="o", markersize=3)
            last = max(position for position, value in enumerate(now) if not math.isnan(value))
            drawing.plot(months[last : last + 1], now[last : last + 1], color=colour, marker="o", markersize=5)
            if number >= len(panels) - _COLUMNS_NB:
                drawing.text(left, floor + 16, "janv.", va="baseline")
                drawing.text(left + width, floor + 16, "déc.", va="baseline", ha="right")
        return to_svg(figure)


def _legend(drawing: Canvas, year: int, colour: str) -> None:
    drawing.plot([4, 24], [11, 11], color=colour, linewidth=2.4)
    drawing.plot([24], [11], color=colour, marker="o", markersize=5)
    drawing.text(32, 15.5, str(year), va="baseline")
    drawing.plot([84, 104], [11, 11], color=CONTEXT, linewidth=1.4)
    drawing.text(110, 15.5, str(year - 1), va="baseline")
    drawing.plot([164, 184], [11, 11], color=INK, linewidth=0.8, alpha=0.35)
    drawing.text(190, 15.5, "indice 100", va="baseline")


def _is_corrected(months: Sequence[MonthValue], compared: Sequence[int]) -> bool:
    return any(month.is_corrected for month in months if month.month in compared)


def _status(panel: _Panel) -> str | None:
    """Return « sans objet » of a group that was not there all the year before; nothing else is known of its state."""
    return "not_applicable" if panel.is_new and not panel.compared else None


def _table(panels: Sequence[_Panel], caption: str, noun: str, year: int) -> Table:
    data = pd.DataFrame(
        {
            "label": [panel.label for panel in panels],
            "months": [len(panel.compared) for panel in panels],
            "before": [_sum(panel.before, panel.compared) if panel.compared else None for panel in panels],
            "now": [_sum(panel.now, panel.compared) if panel.compared else None for panel in panels],
            "rate": [panel.rate_pct for panel in panels],
            "now_is_corrected": [_is_corrected(panel.now, panel.compared) for panel in panels],
            "was_corrected": [_is_corrected(panel.before, panel.compared) for panel in panels],
            "value_status": [_status(panel) for panel in panels],
        }
    )
    data["is_corrected"] = data["now_is_corrected"] | data["was_corrected"]
    return Table.from_frame(
        data,
        caption=caption,
        columns=[
            ColumnFormat.text("label", capitalised(noun)),
            ColumnFormat.count("months", "Mois comparés", is_corrected=None, value_status=None),
            ColumnFormat.amount("before", str(year - 1), is_corrected="was_corrected"),
            ColumnFormat.amount("now", str(year), is_corrected="now_is_corrected"),
            ColumnFormat.percent("rate", "Évolution", signed=True),
        ],
    )
