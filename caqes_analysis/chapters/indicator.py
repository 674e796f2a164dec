"""The page of an indicator: who is where against target and référentiel, and is it moving?"""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.corrected import corrected_before, corrected_values
from caqes_analysis.chapters.indicator_answer import answer, scope_words
from caqes_analysis.chapters.indicator_masked import (
    hidden_change_notes,
    hidden_changes,
    hidden_moves_notice,
    unread_notice,
)
from caqes_analysis.chapters.indicator_population import (
    are_missed,
    constant_perimeter_notes,
    mean_words,
    opened_since,
    opening_notes,
    order_note,
    part_notes,
    set_aside,
    small_counts,
    small_notes,
    undecided,
)
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.indicator_remarks import binding_notes, near_target_notes
from caqes_analysis.chapters.indicator_text import guide_link, reading_text
from caqes_analysis.chapters.indicator_trend import trend_figure
from caqes_analysis.chapters.indicator_uniform import same_level_notice, same_moves_notice
from caqes_analysis.chapters.words import as_sentence, format_of
from caqes_analysis.departments import department_label
from caqes_analysis.departments_map import read_outlines
from caqes_analysis.display import Figure, Notice
from caqes_analysis.display.charts_dumbbell import dumbbells
from caqes_analysis.display.charts_map import department_map
from caqes_analysis.display.charts_position import Reference, distribution
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.places import UNKNOWN_GROUP
from caqes_analysis.labels import some_of

__all__ = [
    "answer",
    "guide_link",
    "map_figure",
    "moves_figure",
    "position_figures",
    "reading_text",
    "trend_figure",
]

_FEW = 3


def position_figures(reading: IndicatorReading) -> tuple[Figure | Notice, ...]:
    """Return where every establishment stands, against the target, then against each condition of the référentiel."""
    if unread := unread_notice(reading, "Pas de figure : la part ne se lit pas"):
        return (unread,)
    figures: list[Figure | Notice] = []
    own = _condition(reading, reading.measure.id) if reading.month_nb == 12 else None
    figures.append(_position(reading, reading.measure.id, reading.period, own, with_target=True))
    reference = reading.reference
    for condition in reference.conditions if reference else ():
        if reading.closed_year and not (own and condition.measure == reading.measure.id):
            line = _condition(reading, condition.measure)
            figures.append(_position(reading, condition.measure, reading.closed_year, line, with_target=False))
    return tuple(figures)


def _condition(reading: IndicatorReading, measure: str) -> Reference | None:
    reference = reading.reference
    for condition in reference.conditions if reference else ():
        if condition.measure == measure:
            below = condition.below is not None
            value = float(condition.below if condition.below is not None else condition.above or 0)
            written = format_of(reading.definition.measure(measure)).write_threshold(value)
            return Reference(value, f"référentiel{french.NBSP}: {'moins' if below else 'plus'} de {written}", below)
    return None


def _position(
    reading: IndicatorReading, measure: str, period: str, reference: Reference | None, *, with_target: bool
) -> Figure | Notice:
    named = reading.definition.measure(measure)
    rows = reading.rows("establishment", measure, period)
    names = reading.page.establishments.set_index("finess")["name"]
    rows = rows[rows["value_status"] != "not_applicable"].assign(name=lambda d: names.reindex(d["finess"]).to_numpy())
    caption = f"{named.label}, {period_words(period)}"
    if reference is None and (same := same_level_notice(named, rows, period_words(period))):
        return same
    rows = rows.assign(set_aside=set_aside(reading, rows, measure, period, is_verdict=reference is not None))
    if (rows["value"].notna() & rows["set_aside"].isna()).sum() < _FEW:
        return Notice("missing", caption, "Moins de trois établissements ont une valeur qui compte : pas de figure.")
    target = reading.target if with_target else None
    if target is not None:
        rows = rows.assign(is_missed=are_missed(reading, rows))
    notes = [as_sentence(target.label)] if target and target.value is not None else []
    if with_target:
        judged = rows[undecided(reading, rows).isna()]
        notes += binding_notes(reading)
        notes += near_target_notes(reading, zip(judged["name"], judged["value"], strict=True))
        notes += part_notes(reading)
    if reference is not None:
        notes.append("Le référentiel dit qui est ciblé, pas ce qui doit être atteint.")
    return distribution(
        rows,
        caption=caption,
        target_pct=None if target is None else target.value,
        target_label="objectif" if target is None else target.noun,
        better="higher" if reading.definition.direction == "higher" else "lower",
        unit=format_of(named),
        reference=reference,
        month_nb=reading.month_nb,
        scope=scope_words(reading) if with_target else "",
        notes=notes,
    )


def moves_figure(reading: IndicatorReading) -> Figure | Notice:
    """Return the moves of those that weigh most in the change of the region; of an evolution, the amounts compared."""
    level = reading.level
    if unread := unread_notice(reading, "Pas de mouvement à lire"):
        return unread
    rows = _moves(reading)
    if not (rows["value"].notna() & rows["previous_value"].notna()).any():
        if hidden_changes(reading):
            return hidden_moves_notice(reading)
        return Notice(
            "missing",
            "Pas de mouvement à lire",
            f"La même période de {reading.year - 1} n'est pas connue : il faut deux années pour comparer.",
        )
    names = reading.page.establishments.set_index("finess")["name"]
    left_out = [
        *_left_out_notes(rows.assign(name=names.reindex(rows["finess"]).to_numpy())),
        *small_notes(reading, level),
        *hidden_change_notes(reading, names.reindex(sorted(_hidden(reading, level))).astype(str)),
        *opening_notes(reading, reading.rows("establishment")),
    ]
    if same := same_moves_notice(level, rows, (reading.previous_label, reading.period_label), left_out):
        return same
    now = corrected_values(reading.page, reading.definition.id, level.id, reading.period)
    ordered = rows.assign(
        name=names.reindex(rows["finess"]).to_numpy(),
        previous=rows["previous_value"],
        is_corrected=rows["finess"].isin(now),
        was_corrected=rows["finess"].isin(corrected_before(reading, level)),
        weight=rows["contribution"].abs().fillna(-1.0),
    ).sort_values(["weight", "finess"], ascending=[False, True])
    own = level.id == reading.measure.id
    return dumbbells(
        ordered,
        caption=level.label,
        now_label=reading.period_label,
        before_label=reading.previous_label,
        unit=format_of(level),
        better=reading.definition.direction,
        threshold=reading.target.value if own else None,
        threshold_label=reading.target.noun,
        notes=[order_note(reading), *part_notes(reading), *left_out],
    )


def _moves(reading: IndicatorReading) -> pd.DataFrame:
    """Return the establishments of the ranking with both values; of an evolution, the two sums that it compares."""
    rows, level = reading.rows("establishment"), reading.level
    if level.denominator is None and level is not reading.measure:
        rows = rows[rows["value_status"] != "not_applicable"]
        return rows.assign(
            value=(level.scale * rows["numerator"]).where(rows["value"].notna()),
            previous_value=(level.scale * rows["denominator"]).where(rows["value"].notna()),
        )
    rows = reading.rows("establishment", level.id)
    rows = rows[~rows["finess"].isin(_without_rate(reading, level))]
    if level.denominator is None:
        return rows[~opened_since(reading, rows)]
    return rows[~rows["finess"].isin(small_counts(reading, level) | _hidden(reading, level))]


def _hidden(reading: IndicatorReading, level: Measure) -> set[str]:
    """Return whom masked lines alone could move, but for those whose few boxes are told already."""
    return set(hidden_changes(reading)) - small_counts(reading, level)


def _without_rate(reading: IndicatorReading, level: Measure) -> list[str]:
    """Return the establishments whose years do not compare: opened in the course of the year before, or since."""
    rates = [one.id for one in reading.definition.measures if one.evolution_of == level.id]
    found = [reading.rows("establishment", rate).query("value_status == 'not_applicable'")["finess"] for rate in rates]
    return sorted({finess for part in found for finess in part})


def _left_out_notes(rows: pd.DataFrame) -> list[str]:
    lacking = rows[rows["value_status"] != "not_applicable"]
    lacking = lacking[lacking["value"].isna() | lacking["previous_value"].isna()]
    if lacking.empty:
        return []
    names = [str(name) for name in lacking["name"].sort_values()]
    return [f"Hors de la comparaison, faute d'une des deux valeurs{french.NBSP}: {some_of(names)}."]


def map_figure(reading: IndicatorReading) -> Figure | Notice:
    """Return the departments, on tiles or on the map that the campaign names."""
    if unread := unread_notice(reading, "Pas de carte : la part ne se lit pas"):
        return unread
    rows = reading.rows("department").rename(columns={"group": "department"})
    rows = rows[rows["department"] != UNKNOWN_GROUP]
    if rows["value"].notna().sum() < 2:
        return Notice("missing", "Départements", "Moins de deux départements ont une valeur : pas de carte.")
    department = reading.page.establishments.set_index("finess")["department"]
    known = reading.establishments.dropna(subset=["value"])
    counts = department.reindex(known["finess"]).value_counts()
    target = reading.target
    place = reading.page.campaign.map
    minimum_nb = reading.definition.minimum_count_nb
    is_small = (rows["denominator"] < minimum_nb) & (reading.measure.denominator is not None)
    if (rows["value"].notna() & ~is_small).sum() < 2:
        return Notice("missing", "Départements", f"Moins de deux départements ont un effectif d'au moins {minimum_nb}.")
    notes = [as_sentence(target.label)] if target.value is not None else []
    departments = [
        (department_label(code), value) for code, value in zip(rows["department"], rows["value"], strict=True)
    ]
    notes += near_target_notes(reading, departments)
    notes += [f"Chaque département{french.NBSP}: {mean_words(reading)}."] if mean_words(reading) else []
    notes += constant_perimeter_notes(reading)
    if (is_small & rows["value"].notna()).any():
        notes.append(f"Trop petit : effectif du département inférieur à {french.number(minimum_nb)}.")
    outlines = None if place is None else read_outlines(place)
    without = [] if outlines is None else [code for code in rows["department"] if code not in outlines]
    if without and len(without) == len(rows):
        outlines, said = None, "Tuiles : la carte de la campagne (map) n'a le contour d'aucun de ces départements."
        notes.append(said)
    elif without:
        names = french.list_in_words([department_label(code) for code in without])
        notes.append(f"Sans contour dans la carte de la campagne, donc dans le tableau seul{french.NBSP}: {names}.")
    return department_map(
        rows.assign(
            establishments_nb=counts.reindex(rows["department"]).fillna(0).to_numpy(dtype=int), is_small=is_small
        ),
        caption=f"{reading.measure.label}, {period_words(reading.period)}",
        unit=reading.unit,
        threshold=target.value,
        threshold_label=target.noun,
        better=reading.definition.direction,
        outlines=outlines,
        notes=notes,
    )
