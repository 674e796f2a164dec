"""Every establishment of an indicator in a table: rank, interval, move, situation, contribution."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_words import REFERENCE_WORDS
from caqes_analysis.chapters.corrected import corrected_before
from caqes_analysis.chapters.indicator_masked import counted_noun, hidden_changes, masked_notes, masked_part
from caqes_analysis.chapters.indicator_population import (
    constant_perimeter_notes,
    contribution_note,
    mean_words,
    opened_since,
    opening_notes,
    part_notes,
    part_received,
    small_counts,
    undecided,
)
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.indicator_remarks import few_years_notes, near_target_notes
from caqes_analysis.chapters.indicator_uniform import is_yes_or_no
from caqes_analysis.chapters.level_changes import listed_changes_note
from caqes_analysis.chapters.words import masked_words
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.display.style import abbreviated
from caqes_analysis.indicators.intervals import in_points
from caqes_analysis.indicators.secrecy import UNRANKED
from caqes_analysis.indicators.standing import ranks_by_size

__all__ = ["no_rank_reason", "ranking_table"]

_OUTSIDE = "not_applicable"
_BEFORE_ROUNDING = "Écarts et rangs calculés avant arrondi."
_NOBODY = ""  # a region is not targeted


def ranking_table(reading: IndicatorReading) -> Table | Notice:
    """Return every establishment with rank, interval, move and status; the region as total."""
    rows = reading.establishments
    if rows.empty:
        return Notice("missing", "Classement", "Aucun établissement n'est concerné par cet indicateur.")
    unit, measure = reading.unit, reading.measure
    no_rank = no_rank_reason(reading, rows)
    is_ranked = rows["unranked_reason"].isna()
    without_change = rows["previous_status"].where(rows["previous_status"] == _OUTSIDE, None)
    is_opening = opened_since(reading, rows)
    is_small = rows["finess"].isin(small_counts(reading, measure))
    part = masked_part(reading)
    is_unread, no_change = part is not None and part.is_unread, part is not None and part.leaves_no_change
    rows = rows.assign(change=rows["change"].mask(is_small | rows["finess"].isin(hidden_changes(reading))))
    situations = [
        reading.situation(value, finess) if counts else ("–", "muted")
        for value, finess, counts in zip(rows["value"], rows["finess"], is_ranked, strict=True)
    ]
    corrected = corrected_before(reading, measure)
    frame = rows.assign(
        name=[_name(reading, *pair) for pair in zip(rows["finess"], rows["name"], strict=True)],
        place=[_rank_words(row) for row in rows.to_dict("records")],
        bounds=[unit.interval(*pair) or "–" for pair in zip(rows["lower"], rows["upper"], strict=True)],
        answer=[_answer_words(value) for value in rows["value"]],
        previous=rows["previous_value"],
        was_corrected=rows["finess"].isin(corrected),
        change_status=without_change.where(without_change.notna() | ~(is_opening & rows["change"].isna()), _OUTSIDE),
        part_status=without_change.where(~is_opening, _OUTSIDE),
        position=[word for word, _ in situations],
        state=[state for _, state in situations],
        reference=reading.references.reindex(rows["finess"]).to_numpy() if len(reading.references) else None,
    )
    region = reading.region.copy()
    if is_unread:
        region[["value", "previous_value", "lower", "upper"]] = float("nan")
    if no_change:
        region["change"] = float("nan")
    total = pd.DataFrame([region]).assign(
        place="",
        name=_total_name(reading, rows),
        href=None,
        department="",
        bounds=unit.interval(region["lower"], region["upper"]) or "–",
        answer=unit.write(region["value"]),
        previous=region["previous_value"],
        was_corrected="" in corrected,
        position="",
        state=None,
        reference=_NOBODY,
        contribution=reading.rows("establishment")["contribution"].sum(min_count=1),
    )
    unit = unit.told_apart(rows["previous_value"], rows["value"])
    change = (
        ColumnFormat.points("change", "Écart", value_status="change_status", is_provisional=None)
        if in_points(measure)
        else ColumnFormat.percent("change", "Écart", signed=True, value_status="change_status", is_provisional=None)
    )
    columns = [
        ColumnFormat.text("name", "Établissement", href="href"),
        ColumnFormat.text("answer", f"Réponse {reading.period_label}", align="right")
        if is_yes_or_no(measure)
        else unit.column("value", f"{reading.period_label}, produit connu" if is_unread else reading.period_label),
    ]
    if no_rank is None:
        ranked_nb = french.number(rows["rank"].notna().sum())
        columns.append(ColumnFormat.text("place", f"Rang sur {ranked_nb}", align="right"))
    has_bounds = rows["lower"].notna().any()
    if has_bounds:
        columns.append(ColumnFormat.text("bounds", "Intervalle à 95 %", align="right"))
    if rows["previous_value"].notna().any():
        previous = unit.column(
            "previous",
            reading.previous_label,
            value_status="previous_status",
            is_provisional=None,
            is_corrected="was_corrected",
        )
        columns += [previous, change]
    if reading.target.value is not None:
        columns.append(ColumnFormat.text("position", reading.target.short_label.capitalize(), state="state"))
    if len(reading.references):
        words = {**REFERENCE_WORDS, _NOBODY: ("", None)}
        columns.append(ColumnFormat.status("reference", f"Référentiel {reading.closed_year}", words))
    if has_parts := bool(rows["contribution"].notna().any()) and not no_change:
        columns.append(
            ColumnFormat.points(
                "contribution", "Contribution", decimals=2, value_status="part_status", is_provisional=None
            )
        )
    columns.append(ColumnFormat.text("department", "Dép."))
    parts = [*(["rang"] if no_rank is None else []), *(["intervalle"] if has_bounds else []), "situation"]
    return Table.from_frame(
        frame,
        caption=f"{measure.label}, {period_words(reading.period)} : {french.list_in_words(parts)}",
        columns=columns,
        totals=total,
        notes=[
            *_ranking_notes(reading, rows, no_rank),
            *([contribution_note(reading)] if has_parts else []),
            *constant_perimeter_notes(reading),
        ],
    )


def _total_name(reading: IndicatorReading, rows: pd.DataFrame) -> str:
    part = part_received(reading)
    if part is not None:  # the sum of a few is not that of the region
        return f"Ces {part.short_words}" if part.known_nb > 1 else "Cet établissement"
    return f"Région ({french.number(_in_region(reading, rows))})"


def _in_region(reading: IndicatorReading, rows: pd.DataFrame) -> int:
    """Return how many establishments the value of the region is made of: those that secrecy masks may be of them."""
    known = reading.history(reading.measure).set_index("period")["establishments_nb"].dropna()
    return int(known.get(reading.period, rows["value"].notna().sum()))


def _name(reading: IndicatorReading, finess: str, name: str) -> str:
    part = reading.parts_read.get(finess)
    return f"{abbreviated(str(name))} ({part.split(',')[0]})" if part else abbreviated(str(name))


def _answer_words(value: float) -> str:
    return french.MISSING if pd.isna(value) else "oui" if value else "non"


def _rank_words(row: dict[Any, Any]) -> str:
    if not pd.isna(row["rank"]):
        return str(row["rank"])
    return "non classé" if isinstance(row["unranked_reason"], str) else "–"


def no_rank_reason(reading: IndicatorReading, rows: pd.DataFrame) -> str | None:
    """Return why the values have no rank; None when they have one."""
    if is_yes_or_no(reading.measure):
        return "Réponse par oui ou par non : pas de rang."
    part = masked_part(reading)
    if part is not None and part.is_unread:
        noun = counted_noun(reading.measure)
        return f"Produit masqué pour {french.percent(100 * part.share)} des {noun} de la région : pas de rang."
    known = rows.loc[rows["rank"].notna(), "value"]
    if len(known) > 1 and len({reading.unit.printed(value) for value in known}) == 1:
        return f"Toutes les valeurs classées sont à {reading.unit.write(known.iloc[0])} : pas de rang."
    return None


def _ranking_notes(reading: IndicatorReading, rows: pd.DataFrame, no_rank: str | None) -> list[str]:
    better = {
        "lower": "Rang 1 : la valeur la plus basse, la plus favorable.",
        "higher": "Rang 1 : la valeur la plus élevée, la plus favorable.",
        "none": "Rang 1 : la valeur la plus élevée ; aucun sens n'est meilleur.",
    }
    notes = [better[reading.definition.direction]]
    if ranks_by_size(reading.measure):
        notes = ["Rang 1 : la valeur la plus élevée. Ce rang dit qui est grand, pas qui fait bien."]
    if no_rank is not None:
        notes = [no_rank]
    else:
        notes += [f"Non classé : {why}." for why in sorted(set(rows["unranked_reason"].dropna()))]
    if UNRANKED in set(rows["unranked_reason"]):
        notes.append(masked_words(reading.page.campaign))
        if _in_region(reading, rows) > rows["value"].notna().sum():
            notes.append("La région compte les établissements masqués.")
    judged = rows[undecided(reading, rows).isna()]
    notes += near_target_notes(reading, zip(judged["name"], judged["value"], strict=True))
    notes += part_notes(reading)
    if reading.measure.evolution_of is None and rows["previous_value"].notna().any():
        both = rows["value"].notna() & rows["previous_value"].notna() & ~opened_since(reading, rows)
        part = masked_part(reading)
        if part is None or not part.leaves_no_change:
            notes.append(
                "Écart de la région : aux mêmes établissements, ceux qui ont une valeur les deux années "
                f"({french.number(both.sum())})."
            )
        notes.append(_BEFORE_ROUNDING)
        minimum_nb = reading.definition.minimum_count_nb
        if (both & rows["change"].isna() & rows["finess"].isin(small_counts(reading, reading.measure))).any():
            notes.append(f"Écart n. d. : effectif inférieur à {minimum_nb} l'une des deux années.")
        if (both & rows["change"].isna() & rows["finess"].isin(hidden_changes(reading))).any():
            notes.append(f"Écart n. d. : {counted_noun(reading.measure)} au produit masqué qui suffisent à le faire.")
        notes += opening_notes(reading, rows)
    elif rows["previous_value"].notna().any():
        notes.append(_BEFORE_ROUNDING)
    notes += [f"Région{french.NBSP}: {mean_words(reading)}."] if mean_words(reading) else []
    notes += [f"Sans intervalle : {why}." for why in sorted(set(rows["interval_reason"].dropna()))]
    notes += few_years_notes(reading)
    return notes + masked_notes(reading) + _changes_notes(reading, rows)


def _changes_notes(reading: IndicatorReading, rows: pd.DataFrame) -> list[str]:
    """Name whose level changed with no declared event; the forecasts of an indicator of months say it beside them."""
    page, name, line = reading.page, reading.definition.id, reading.level.numerator
    is_of_months = line is None or line.table == tables.MONTHLY_GRID.name
    if reading.measure.evolution_of is None or is_of_months or len(reading.period) > len("2024"):
        return []
    known = rows.loc[rows["value"].notna(), ["finess"]].assign(envelope=name)
    return listed_changes_note(page, known, year=reading.year)
