"""How a forecast has moved as months arrived: its median and intervals, against the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.axes import month_axis, percent_axis
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.line_names import write_line_names
from caqes_analysis.display.series import checked, envelope_label, short_percent
from caqes_analysis.display.style import INK, envelope_colour, house_style, sketch
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["forecast_track"]

_COLUMNS = (
    "as_of", "evolution_pct", "evolution_lower_80_pct", "evolution_upper_80_pct", "evolution_lower_95_pct",
    "evolution_upper_95_pct",
)  # fmt: skip


def forecast_track(
    frame: pd.DataFrame,
    *,
    year: int,
    name: str,
    envelope: str,
    target_pct: float | None = None,
    target_label: str = "objectif",
    is_one_perimeter: bool = True,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the forecast evolution of a year as it was announced, month after month.

    Parameters
    ----------
    frame
        Rows of ``forecasts`` of one series: ``as_of`` (last month observed), the evolution and its bounds.
    year, name, envelope
        Year forecast, whose spending it is, code of the envelope.
    target_pct, target_label
        Evolution allowed, and what it is, as a masculine noun.
    is_one_perimeter
        False when the forecasts do not all sum the same establishments: the title then compares no month with another.
    notes
        Sentences printed under the figure.
    """
    rows = checked(frame, _COLUMNS, "forecast_track").dropna(subset=["evolution_pct"]).sort_values("as_of")
    rows = checked(rows, (), "forecast_track")
    subject = f"{name}, {envelope_label(envelope)}"
    first, last = rows.iloc[0], rows.iloc[-1]
    widths = [float(row["evolution_upper_80_pct"] - row["evolution_lower_80_pct"]) for row in (first, last)]
    is_closed = bool(last["evolution_lower_95_pct"] == last["evolution_upper_95_pct"])
    # Two forecasts are compared at the digits that both intervals carry; a year that is counted has its own.
    shared = min(_decimals(first), _decimals(last))
    digits = (_decimals(first), _decimals(last)) if is_closed else (shared, shared)
    said = [
        french.percent(row["evolution_pct"], decimals, signed=True)
        for row, decimals in zip((first, last), digits, strict=True)
    ]
    bounds = french.interval(last["evolution_lower_80_pct"], last["evolution_upper_80_pct"], unit="%", signed=True)
    when = [french.month_name(row["as_of"].month) for row in (first, last)]
    moved = f"{said[1]} fin {when[1]}"
    if len(rows) > 1 and is_one_perimeter:
        start = f"de {said[0]} fin {when[0]} à"
        moved = f"{moved}, comme fin {when[0]}" if said[0] == said[1] else f"{start} {moved}"
        if is_closed:
            moved = f"{said[0]} prévus fin {when[0]}, {said[1]} comptés fin {when[1]}"
    width = f"large de {french.points(widths[1], signed=False)}"
    before = f", contre {french.points(widths[0], signed=False)} fin {when[0]}" if len(rows) > 1 else ""
    facts = [
        f"{subject}, évolution de {year} prévue à chaque mois : {moved}.",
        f"L'intervalle à 80 % était large de {french.points(widths[0], signed=False)} fin {when[0]}."
        if is_closed
        else f"Intervalle à 80 % : {bounds}, {width}{before}.",
    ]
    if target_pct is not None:
        facts.append(f"{target_label.capitalize()} : {short_percent(target_pct, signed=True)}.")
    return Figure(
        title=f"Évolution {f'de {year}' if is_closed else f'prévue pour {year}'} : {moved}",
        alt=" ".join(facts),
        svg=_drawing(rows, envelope_colour(envelope), target_pct, target_label),
        table=_table(rows, subject, year),
        notes=tuple(notes),
    )


def _decimals(row: pd.Series[Any]) -> int:
    """Return the decimals of a rate that its 80 % interval can carry."""
    power = french.carried_power(row["evolution_lower_80_pct"], row["evolution_upper_80_pct"])
    return 1 if power is None or power < 0 else 0


def _drawing(rows: pd.DataFrame, colour: str, target_pct: float | None, target_label: str) -> str:
    months = rows["as_of"].dt.month.to_numpy()
    with house_style():
        figure, axes = sketch(230, left=46, right=14, top=24, bottom=26, has_ticks=False)
        for level, width, opacity in ((95, 3.0, 0.35), (80, 9.0, 0.55)):
            low, high = rows[f"evolution_lower_{level}_pct"], rows[f"evolution_upper_{level}_pct"]
            axes.vlines(months, low, high, color=colour, linewidth=width, alpha=opacity)
        axes.plot(months, rows["evolution_pct"], color=colour, linewidth=1.4, linestyle=(0, (1, 2)))
        axes.plot(months, rows["evolution_pct"], color=colour, marker="D", markersize=7, linestyle="none")
        reach = [*rows["evolution_lower_95_pct"], *rows["evolution_upper_95_pct"]]
        reach += [] if target_pct is None else [target_pct]
        spread = max(max(reach) - min(reach), 1.0)
        axes.set_ylim(min(reach) - 0.12 * spread, max(reach) + 0.12 * spread)
        month_axis(axes, labelled=(1, 3, 5, 7, 9, 11), margin=0.5)
        percent_axis(axes)
        if target_pct is not None:
            axes.axhline(target_pct, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
            label = f"{target_label} {short_percent(target_pct, signed=True)}"
            bounds = [name for name in map(str, rows) if name.startswith("evolution_")]
            taken = [(month, value) for name in bounds for month, value in zip(months, rows[name], strict=True)]
            write_line_names(axes, [(target_pct, label)], taken)
        return to_svg(figure)


def _table(rows: pd.DataFrame, subject: str, year: int) -> Table:
    frame = rows.assign(label=[french.month_year(month) for month in rows["as_of"]])
    return Table.from_frame(
        frame,
        caption=f"{subject} : évolution de {year} prévue avec les mois observés jusqu'à…",
        columns=[
            ColumnFormat.text("label", "Données à fin"),
            ColumnFormat.percent("evolution_pct", "Médiane", signed=True),
            *(
                ColumnFormat.percent(f"evolution_{side}_{level}_pct", f"{words} à {level} %", signed=True)
                for level in (80, 95)
                for side, words in (("lower", "Borne basse"), ("upper", "Borne haute"))
            ),
        ],
    )
