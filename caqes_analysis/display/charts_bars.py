"""Ordered bars: who contributes to the change, which classes weigh most, how a year divides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
from matplotlib.patches import Rectangle

from caqes_analysis import french
from caqes_analysis.display.columns import (
    SMALL_BASE,
    SMALL_BASE_TEXT,
    ColumnFormat,
    corrections_of,
    now_corrected,
)
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import (
    capitalised,
    checked,
    envelope_label,
    evolution_pct,
    exact_column,
    small_base_note,
    with_small_bases,
)
from caqes_analysis.display.style import (
    CONTEXT,
    INK,
    WIDTH,
    canvas,
    envelope_colour,
    house_style,
    shortened_name,
    text_width,
)
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["Bar", "draw_bars", "top_classes", "year_totals"]

_PITCH = 36.0
_BAR_HEIGHT = 12.0
_MARGIN = 4.0


@dataclass(frozen=True)
class Bar:
    """One bar: its name above, what is printed at the right of the name, and its length.

    Parameters
    ----------
    name, printed
        Name of the row, and its value in words.
    value
        Length, in any unit; negative ones go left of the origin.
    previous
        Where a thin mark stands: the value of the year before.
    colour
        Colour of the bar.
    is_context
        True for a bar that is not of the same nature (« 23 autres »): hatched.
    """

    name: str
    printed: str
    value: float
    previous: float | None = None
    colour: str = CONTEXT
    is_context: bool = False


def draw_bars(bars: Sequence[Bar], *, rule_after: int | None = None, rule_label: str = "") -> str:
    """Draw horizontal bars, names above them so that long ones are read on a narrow screen.

    Parameters
    ----------
    bars
        From top to bottom.
    rule_after
        Number of bars above a horizontal rule; None for no rule.
    rule_label
        What the rule says, printed above it.
    """
    rule_height = 24.0 if rule_after is not None else 0.0
    lengths = [value for bar in bars for value in (bar.value, bar.previous or 0.0)]
    low, high = min(0.0, *lengths), max(0.0, *lengths)
    scale = (WIDTH - 2 * _MARGIN) / ((high - low) or 1.0)
    with house_style():
        figure, drawing = canvas(_PITCH * len(bars) + rule_height + 4)
        top = 0.0
        for position, bar in enumerate(bars):
            if position == rule_after:
                drawing.plot(
                    [_MARGIN, WIDTH - _MARGIN], [top + 19] * 2, color=INK, linewidth=1.2, linestyle=(0, (4, 2))
                )
                drawing.text(WIDTH - _MARGIN, top + 14, rule_label, ha="right", va="baseline", weight="bold")
                top += rule_height
            printed_width = text_width(bar.printed)
            name = shortened_name(bar.name, WIDTH - 2 * _MARGIN - printed_width - 10)
            drawing.text(_MARGIN, top + 14, name, va="baseline")
            drawing.text(WIDTH - _MARGIN, top + 14, bar.printed, ha="right", va="baseline")
            start, end = sorted((-low * scale, (bar.value - low) * scale))
            inside, hatch = ("none", "////") if bar.is_context else (bar.colour, "")
            drawing.add_artist(
                Rectangle(
                    (_MARGIN + start, top + 19),
                    max(end - start, 0.8),
                    _BAR_HEIGHT,
                    facecolor=inside,
                    edgecolor=bar.colour,
                    hatch=hatch,
                    linewidth=0.8,
                )
            )
            if low < 0:
                origin = _MARGIN - low * scale
                drawing.plot([origin, origin], [top + 17, top + 21 + _BAR_HEIGHT], color=INK, linewidth=0.8)
            if bar.previous is not None:
                at = _MARGIN + (bar.previous - low) * scale
                drawing.plot([at, at], [top + 17, top + 21 + _BAR_HEIGHT], color=INK, linewidth=2.0)
            top += _PITCH
        return to_svg(figure)


def _shares(amounts: Sequence[Decimal], whole: Decimal) -> list[float | None]:
    return [float(amount / whole * 100) if whole > 0 else None for amount in amounts]


def top_classes(
    frame: pd.DataFrame, *, year: int, name: str, envelope: str = "phmev", top_nb: int = 10, level: str = "classe"
) -> Figure:
    """Draw the classes that weigh most, with their share and, when two years are known, their evolution.

    Parameters
    ----------
    frame
        One row a class, all of them: ``code``, ``label``, ``amount_eur`` and, when it is known,
        ``previous_eur``. The rows beyond ``top_nb`` are summed as « autres ».
    year, name, envelope
        Year, whose spending it is, code of the envelope.
    top_nb
        How many classes are drawn.
    level
        What a row is, a feminine noun (« classe », « molécule », « sous-classe »).
    """
    rows = checked(frame, ("code", "label", "amount_eur"), "top_classes")
    data = _ordered(rows, ["code"])
    if "evolution_pct" in data:
        data = with_small_bases(data)
    data = data.assign(
        name=lambda d: [
            f"{code} {label}" if str(code) else str(label) for code, label in zip(d.code, d.label, strict=True)
        ]
    )
    subject = f"{name}, {envelope_label(envelope)}"
    noun = f"{level}s"
    half = _fewest(list(data["share_pct"]), 50.0)
    if half is not None and 1 < half <= 5:
        title = (
            f"{capitalised(french.in_words(half, feminine=True))} {noun} font plus de la moitié des dépenses de {year}"
        )
    else:
        title = f"{data['name'].iloc[0]} : {french.percent(data['share_pct'].iloc[0])} des dépenses de {year}"
    caption = f"{subject} : {noun} les plus coûteuses de {year}"
    return _ranking(data, title=title, caption=caption, header=capitalised(level), year=year, top_nb=top_nb,
                    colour=envelope_colour(envelope))  # fmt: skip


def year_totals(
    frame: pd.DataFrame,
    *,
    year: int,
    name: str,
    envelope: str,
    header: str = "Catégorie",
    month_nb: int = 12,
    top_nb: int = 15,
) -> Figure:
    """Draw how the spending of a year divides between categories or departments.

    Parameters
    ----------
    frame
        One row a group: ``label``, ``amount_eur`` and, where they are known, ``previous_eur`` and
        ``establishments_nb``.
    year, name, envelope
        Year, whose spending it is, code of the envelope.
    header
        What a row is (« Catégorie », « Département »).
    month_nb
        Last month that the amounts hold, since January.
    top_nb
        How many groups are drawn.
    """
    rows = checked(frame, ("label", "amount_eur"), "year_totals")
    data = _ordered(rows, ["label"]).assign(name=lambda d: d["label"])
    whole = sum(data["amount_eur"], Decimal(0))
    share = french.percent(data["share_pct"].iloc[0])
    when = "" if month_nb == 12 else f" à M{month_nb}"
    title = f"{data['name'].iloc[0]} : {share} des {french.compact_euros(whole)} de {year}{when}"
    caption = f"{name}, {envelope_label(envelope)} : dépenses de {year}{when} par {header.lower()}"
    return _ranking(data, title=title, caption=caption, header=header, year=year, top_nb=top_nb,
                    colour=envelope_colour(envelope), when=when)  # fmt: skip


def _ordered(rows: pd.DataFrame, ties: list[str]) -> pd.DataFrame:
    """Return the rows by decreasing amount, exact, with share and evolution."""
    data = rows.dropna(subset=["amount_eur"])
    data = checked(data.assign(amount_eur=exact_column(data["amount_eur"])), (), "barres")
    data = data.sort_values(["amount_eur", *ties], ascending=[False, *[True] * len(ties)], kind="stable")
    amounts = list(data["amount_eur"])
    data["share_pct"] = _shares(amounts, sum(amounts, Decimal(0)))
    if "previous_eur" in data and not data["previous_eur"].fillna(0).any():
        data = data.drop(columns="previous_eur")  # the year before was not received, or came before an opening
    if "previous_eur" in data:
        data["previous_eur"] = exact_column(data["previous_eur"])
        data["evolution_pct"] = [evolution_pct(*pair) for pair in zip(amounts, data["previous_eur"], strict=True)]
    return data.reset_index(drop=True)


def _fewest(shares: Sequence[float | None], threshold: float) -> int | None:
    """Return how many of the first shares pass the threshold together."""
    reached = 0.0
    for number, share in enumerate(shares, start=1):
        reached += share or 0.0
        if reached > threshold:
            return number
    return None


def _ranking(
    data: pd.DataFrame,
    *,
    title: str,
    caption: str,
    header: str,
    year: int,
    top_nb: int,
    colour: str,
    when: str = "",
) -> Figure:
    compared = "evolution_pct" in data
    shown, rest = data.iloc[:top_nb], data.iloc[top_nb:]
    bars = [
        Bar(
            row["name"],
            _printed(
                row["amount_eur"],
                row["share_pct"],
                row.get("evolution_pct"),
                compared,
                is_small=row.get("evolution_status") == SMALL_BASE,
            ),
            float(row["amount_eur"]),
            float(row["previous_eur"]) if compared and row["previous_eur"] is not None else None,
            colour,
        )
        for row in shown.to_dict("records")
    ]
    if len(rest):
        amount, before = _summed(rest, "amount_eur"), _summed(rest, "previous_eur") if compared else None
        share = sum(value or 0.0 for value in rest["share_pct"])
        printed = _printed(amount, share, evolution_pct(amount, before), compared)
        bars.append(
            Bar(_others(len(rest)), printed, float(amount), None if before is None else float(before), CONTEXT, True)
        )
    marks = f" Le trait vertical marque {year - 1}{when}." if compared else ""
    first = [f"{bar.name}, {bar.printed.replace(' · ', ', ')}" for bar in bars[:5]]
    alt = f"{caption}, barres de la plus longue à la plus courte.{marks} {' ; '.join(first)}."
    formats = [ColumnFormat.text("name", header)]
    if "establishments_nb" in data:
        formats.append(ColumnFormat.count("establishments_nb", "Établissements", is_corrected=None))
    now = now_corrected(data)
    formats.append(ColumnFormat.amount("amount_eur", f"{year}{when}", is_corrected=now))
    formats.append(ColumnFormat.percent("share_pct", "Part", is_corrected=now))
    totals: dict[str, list[Any]] = {
        "name": ["Total"],
        "amount_eur": [_summed(data, "amount_eur")],
        "share_pct": [100.0],
    }
    totals |= corrections_of(data)
    if "establishments_nb" in data:
        totals["establishments_nb"] = [data["establishments_nb"].sum()]
    if compared:
        formats.insert(-2, ColumnFormat.amount("previous_eur", f"{year - 1}{when}", is_corrected="was_corrected"))
        status = "evolution_status" if "evolution_status" in data else "value_status"
        label = f"Évolution {year}/{year - 1}"
        formats.append(ColumnFormat.percent("evolution_pct", label, signed=True, value_status=status))
        before = _summed(data, "previous_eur")
        totals |= {"previous_eur": [before], "evolution_pct": [evolution_pct(_summed(data, "amount_eur"), before)]}
    table = Table.from_frame(
        data, caption=caption, columns=formats, totals=pd.DataFrame(totals), notes=small_base_note(data)
    )
    notes = [f"Le trait vertical marque le montant de {year - 1}{when}."] if compared else []
    notes += small_base_note(shown)
    return Figure(title, alt, draw_bars(bars), table, tuple(notes))


def _printed(
    amount: Decimal, share: float | None, evolution: float | None, compared: bool, *, is_small: bool = False
) -> str:
    parts = [french.compact_euros(amount), french.percent(share, 0)]
    if compared:
        parts.append(SMALL_BASE_TEXT if is_small else french.percent(evolution, signed=True))
    return " · ".join(parts)


def _others(count: int) -> str:
    return "1 autre" if count == 1 else f"{french.number(count)} autres"


def _summed(data: pd.DataFrame, column: str) -> Decimal:
    return sum((value for value in data[column] if value is not None and not pd.isna(value)), Decimal(0))
