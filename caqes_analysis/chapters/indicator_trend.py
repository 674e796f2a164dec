"""The region over the years on the page of an indicator, and what its title may say of the move."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.change_words import change_words, slope_words
from caqes_analysis.chapters.indicator_masked import masked_notes, masked_part, unread_notice
from caqes_analysis.chapters.indicator_population import constant_perimeter_notes, part_received, rates_overlap
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.chapters.indicator_remarks import base_notes
from caqes_analysis.chapters.words import format_of, sentence_case
from caqes_analysis.display import Figure, Notice
from caqes_analysis.display.charts_trend import DatedFact, yearly_trend
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.indicators.definition import Measure

__all__ = ["trend_figure"]


def trend_figure(reading: IndicatorReading) -> Figure | Notice:
    """Return the region over the years, with the interval of each value; the amount where one evolution is known."""
    measure = reading.measure
    if unread := unread_notice(reading, "Pas de tendance à lire"):
        return unread
    known = reading.history(measure).dropna(subset=["value"])
    if len(known) < 2 and measure.evolution_of:
        measure = reading.level
        known = reading.history(measure).dropna(subset=["value"])
    if len(known) < 2:
        return Notice("missing", "Pas de tendance à montrer", "Une seule période est connue : il en faut deux.")
    region, unit, own = reading.rows("region", measure.id).iloc[0], format_of(measure), measure is reading.measure
    notes = []
    if pd.isna(region["lower"]) and isinstance(region["interval_reason"], str):
        notes.append(f"Pas d'intervalle{french.NBSP}: {region['interval_reason']}.")
    else:
        notes.append(
            "Intervalle à 95 % : la part du hasard, estimée sur les établissements et les années ; ce qui touche toute "
            "la région la même année n'y est pas."
        )
    change = change_words(measure, region["change"], region["change_lower"], region["change_upper"])
    if change:
        against = sentence_case(reading.against_words)
        if measure is not reading.measure:
            against = f"Par rapport à {reading.previous_label}, aux mêmes établissements"
        notes.append(f"{against}{french.NBSP}: {change}.")
    notes += masked_notes(reading)
    if (part := part_received(reading)) is not None:
        notes.append(f"{sentence_case(part.words)}, pas dans la région entière.")
    if measure.evolution_of is None and known["establishments_nb"].nunique() > 1:
        low, high = known["establishments_nb"].min(), known["establishments_nb"].max()
        notes.append(
            f"De {low} à {high} établissements ont une valeur selon l'année : les niveaux de la figure ne se comparent "
            "pas ; l'écart et la tendance sont lus aux mêmes établissements."
        )
    notes += base_notes(reading, measure, str(known["period"].iloc[0]))
    if len({unit.printed(value) for value in known["value"]}) > 1:
        notes.append(slope_words(measure, region))
    notes += constant_perimeter_notes(reading)
    month = "" if reading.month_nb == 12 else f" à M{reading.month_nb}"
    return yearly_trend(
        known.assign(period=[f"{year}{month}" for year in known["year"]]),
        caption=f"{measure.label}, {reading.page.campaign.region.name}",
        title=_trend_title(reading, measure, known, region),
        unit=unit,
        target=reading.target.value if own else None,
        target_label=reading.target.noun,
        facts=[DatedFact(one.on, one.text, one.source) for one in reading.definition.annotations],
        notes=[note for note in notes if note],
    )


def _trend_title(reading: IndicatorReading, measure: Measure, known: pd.DataFrame, region: pd.Series) -> str:
    unit = format_of(measure)
    first, last = known["year"].iloc[0], known["year"].iloc[-1]
    part = masked_part(reading)
    if part is not None and part.hides_change:
        return f"De {reading.year - 1} à {reading.year}, les données ne permettent pas de conclure"
    low, high = region["change_lower"], region["change_upper"]
    if not pd.isna(region["slope_lower"]) and (region["slope_lower"] > 0 or region["slope_upper"] < 0):
        return f"Tendance à la {'hausse' if region['slope_lower'] > 0 else 'baisse'} de {first} à {last}"
    levels = {unit.printed(value) for value in known["value"]}
    if len(levels) == 1:
        same = unit.write(known["value"].iloc[-1])
        return f"{same} en {first} et en {last}" if len(known) == 2 else f"{same} chaque année, de {first} à {last}"
    if pd.isna(low):
        change = change_words(measure, region["change"])
        if measure.evolution_of is None and change and known["establishments_nb"].nunique() > 1:
            return f"{change} de {reading.year - 1} à {reading.year}, aux mêmes établissements"
        return _levels_title(unit, known)
    if low > 0 or high < 0:
        return f"{'Hausse' if low > 0 else 'Baisse'} de {reading.year - 1} à {reading.year}, au-delà du hasard"
    return f"De {reading.year - 1} à {reading.year}, les données ne permettent pas de conclure"


def _levels_title(unit: MeasureFormat, known: pd.DataFrame) -> str:
    """Return the first and the last level, or the lowest and the highest where one between is outside these two."""
    levels = [(float(value), int(year)) for value, year in zip(known["value"], known["year"], strict=True)]
    start, end = levels[0], levels[-1]
    low, high = min(levels), max(levels)
    printed = {unit.printed(start[0]), unit.printed(end[0])}
    if len(printed) == 2 and {unit.printed(low[0]), unit.printed(high[0])} <= printed:
        if rates_overlap(known):
            apart = f"{unit.write(end[0])} en {end[1]}, {unit.write(start[0])} en {start[1]}"
            return f"{apart} : les intervalles se chevauchent"
        return f"De {unit.write(start[0])} à {unit.write(end[0])}, de {start[1]} à {end[1]}"
    between = f"Entre {unit.write(low[0])} ({low[1]}) et {unit.write(high[0])} ({high[1]})"
    return between if end in (low, high) else f"{between} ; {unit.write(end[0])} en {end[1]}"
