"""Who makes the change of a region: establishments ordered by what they add to it or take from it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.charts_bars import Bar, draw_bars
from caqes_analysis.display.columns import ColumnFormat, corrections_of, now_corrected
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import (
    capitalised,
    checked,
    envelope_label,
    evolution_pct,
    exact_column,
)
from caqes_analysis.display.style import CONTEXT, envelope_colour
from caqes_analysis.display.table import Table

__all__ = ["LARGE_SHARE_PCT", "contributions"]

# The share of the change whose bearers are counted: report.md, « contributions (ordered bars, 80 % line) ».
LARGE_SHARE_PCT = 80


def contributions(
    frame: pd.DataFrame,
    *,
    period: str,
    name: str,
    envelope: str,
    top_nb: int = 12,
    highlight: str | None = None,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw what each establishment adds to the change of the region, or takes from it.

    The change is the sum of all differences. When it is a rise, the establishments that rise are ordered and those that
    make up 80 % of the *gross* rise (the sum of the rises, falls apart) are counted; when it is a fall, likewise.

    Parameters
    ----------
    frame
        One row an establishment, all of them, over the same months: ``finess``, ``name``, ``amount_eur``,
        ``previous_eur``. Rows where either is missing are left out and counted in a note. ``is_corrected`` says it of
        either amount; ``now_is_corrected`` and ``was_corrected``, when there, of which.
    period
        The months compared, in words (« janvier à septembre 2024 »).
    name, envelope
        The region, and the code of the envelope.
    top_nb
        How many establishments are drawn at most; the others are summed.
    highlight
        FINESS of an establishment to draw whatever its rank.
    notes
        Said first under the figure.
    """
    rows = checked(frame, ("finess", "name", "amount_eur", "previous_eur"), "contributions")
    data = rows.assign(amount_eur=exact_column(rows["amount_eur"]), previous_eur=exact_column(rows["previous_eur"]))
    complete = checked(data.dropna(subset=["amount_eur", "previous_eur"]), (), "contributions")
    complete["change_eur"] = complete["amount_eur"] - complete["previous_eur"]
    before = sum(complete["previous_eur"], Decimal(0))
    net = sum(complete["change_eur"], Decimal(0))
    sign = 1 if net >= 0 else -1
    complete["order"] = [-change * sign for change in complete["change_eur"]]
    complete = complete.sort_values(["order", "finess"], kind="stable").reset_index(drop=True)
    complete["contribution"] = [
        float(change / before * 100) if before > 0 else None for change in complete["change_eur"]
    ]
    complete["evolution"] = [
        evolution_pct(a, b) for a, b in zip(complete.amount_eur, complete.previous_eur, strict=True)
    ]
    same_way = [change for change in complete["change_eur"] if change * sign > 0]
    bearers = _bearers(same_way)
    word = "hausse" if sign > 0 else "baisse"
    subject = f"{name}, {envelope_label(envelope)}, {period}"
    notes = [*notes, *_notes(complete, len(data) - len(complete), same_way, word)]
    rate = french.percent(evolution_pct(before + net, before), signed=True)
    leaders = ", ".join(
        f"{row['name']} ({french.compact_euros(row['change_eur'], signed=True)})"
        for row in complete.head(min(bearers, 5) or 1).to_dict("records")
    )
    alt = (
        f"{subject} : évolution de {french.compact_euros(net, signed=True)} ({rate}), par établissement, barres de la "
        f"plus forte {word} à la plus faible. {_title(bearers, word)}. D'abord {leaders}. {' '.join(notes)}"
    )
    return Figure(
        title=_title(bearers, word),
        alt=alt.strip(),
        svg=_drawing(complete, bearers, word, top_nb, highlight, envelope_colour(envelope)),
        table=_table(complete, subject, before, net),
        notes=tuple(notes),
    )


def _bearers(changes: Sequence[Decimal]) -> int:
    whole = sum(changes, Decimal(0))
    if not whole:
        return 0
    return next(n for n, part in enumerate(accumulate(changes), 1) if abs(part) * 100 >= abs(whole) * LARGE_SHARE_PCT)


def _title(bearers: int, word: str) -> str:
    if not bearers:
        return "Aucun établissement ne change d'une période à l'autre"
    who = french.plural(bearers, "établissement", words=True)
    return f"{capitalised(who)} {'porte' if bearers == 1 else 'portent'} {LARGE_SHARE_PCT}{french.NBSP}% de la {word}"


def _notes(data: pd.DataFrame, absent_nb: int, same_way: Sequence[Decimal], word: str) -> list[str]:
    gross = sum(same_way, Decimal(0))
    against = [change for change in data["change_eur"] if change * gross < 0]
    notes = []
    if against:
        count, amount = (
            french.plural(len(against), "établissement"),
            french.compact_euros(abs(sum(against, Decimal(0)))),
        )
        if word == "hausse":
            effect = f"en baisse en {'retranchent' if len(against) > 1 else 'retranche'} {amount}"
        else:
            effect = f"en hausse la {'réduisent' if len(against) > 1 else 'réduit'} de {amount}"
        notes.append(f"La {word} de {french.compact_euros(abs(gross))} est brute : {count} {effect}.")
    if absent_nb:
        verb = "ne figurent pas" if absent_nb > 1 else "ne figure pas"
        notes.append(f"{french.plural(absent_nb, 'établissement')} sans les deux périodes {verb}.")
    return notes


def _drawing(data: pd.DataFrame, bearers: int, word: str, top_nb: int, highlight: str | None, colour: str) -> str:
    sign = 1 if word == "hausse" else -1
    shown_nb = min(top_nb, max(bearers + 2, 6), len(data))
    rest = data.iloc[shown_nb:]
    chosen = rest[rest["finess"] == highlight] if highlight else rest.iloc[:0]
    bars = [
        Bar(
            row["name"],
            french.compact_euros(row["change_eur"], signed=True),
            float(row["change_eur"]) * sign,
            colour=colour if position < bearers else CONTEXT,
        )
        for position, row in enumerate([*data.head(shown_nb).to_dict("records"), *chosen.to_dict("records")])
    ]
    rest = rest.drop(chosen.index)
    for same, label in ((True, word), (False, "baisse" if sign > 0 else "hausse")):
        others = [change for change in rest["change_eur"] if (change * sign > 0) == same and (same or change != 0)]
        if others:
            amount = sum(others, Decimal(0))
            name = f"{french.plural(len(others), 'autre')} en {label}"
            bars.append(Bar(name, french.compact_euros(amount, signed=True), float(amount) * sign, is_context=True))
    rule = bearers if 0 < bearers < len(bars) and bearers <= shown_nb else None
    return draw_bars(bars, rule_after=rule, rule_label=f"{LARGE_SHARE_PCT}{french.NBSP}% de la {word}")


def _table(data: pd.DataFrame, subject: str, before: Decimal, net: Decimal) -> Table:
    totals = pd.DataFrame(
        {
            "name": ["Ensemble"],
            "previous_eur": [before],
            "amount_eur": [before + net],
            "change_eur": [net],
            "evolution": [evolution_pct(before + net, before)],
            "contribution": [evolution_pct(before + net, before)],
            **corrections_of(data),
        }
    )
    return Table.from_frame(
        data,
        caption=f"{subject} : contribution de chaque établissement à l'évolution",
        columns=[
            ColumnFormat.text("name", "Établissement"),
            ColumnFormat.amount("previous_eur", "Un an plus tôt", is_corrected="was_corrected"),
            ColumnFormat.amount("amount_eur", "Période", is_corrected=now_corrected(data)),
            ColumnFormat.amount("change_eur", "Différence", signed=True),
            ColumnFormat.percent("evolution", "Évolution", signed=True),
            ColumnFormat.points("contribution", "Contribution", decimals=2),
        ],
        totals=totals,
    )
