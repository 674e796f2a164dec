"""Of whom the page of an indicator speaks: who counts, who is set aside and why, whose months are partly missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.change_words import change_words
from caqes_analysis.chapters.constant_perimeter import left_out_words, opened_on
from caqes_analysis.chapters.indicator_masked import counted_noun, masked_part
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.chapters.received_in_part import PartReceived, region_received
from caqes_analysis.chapters.words import format_of
from caqes_analysis.evaluation.gaps import openings_of
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, Measure
from caqes_analysis.labels import some_of

__all__ = [
    "are_missed",
    "constant_perimeter_notes",
    "contribution_note",
    "mean_words",
    "opened_since",
    "opening_notes",
    "order_note",
    "other_readings",
    "part_notes",
    "part_received",
    "ranked",
    "rates_overlap",
    "set_aside",
    "small_counts",
    "small_notes",
    "undecided",
]


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose value is interpreted: those that have one, over a large enough denominator."""
    return rows[rows["value"].notna() & rows["unranked_reason"].isna()]


def are_missed(reading: IndicatorReading, rows: pd.DataFrame) -> list[bool]:
    """Say of each row whether its value is on the wrong side of its target."""
    states = [reading.situation(*pair)[1] for pair in zip(rows["value"], rows["finess"], strict=True)]
    return [state == "warning" for state in states]


def undecided(reading: IndicatorReading, rows: pd.DataFrame) -> pd.Series[Any]:
    """Return why each value has no verdict on its target though it is known, missing where it has one.

    Parameters
    ----------
    reading
        The indicator.
    rows
        Rows of ``indicator_trends``, of establishments, of the measure and period read.
    """
    pairs = zip(rows["value"], rows["finess"], strict=True)
    found = [reading.gaps.get(who) if reading.situation(value, who)[1] == "missing" else None for value, who in pairs]
    return pd.Series(found, index=rows.index, dtype=object)


def set_aside(
    reading: IndicatorReading, rows: pd.DataFrame, measure: str, period: str, *, is_verdict: bool
) -> pd.Series[Any]:
    """Return why each value does not count, missing where it does.

    Parameters
    ----------
    reading
        The indicator.
    rows
        Rows of ``indicator_trends``, of establishments.
    measure, period
        What they hold.
    is_verdict
        True against a référentiel, which is decided on a whole year and whatever the number of cases.
    """
    reasons = rows["unranked_reason"]
    if not is_verdict and (measure, period) != (reading.measure.id, reading.period):
        return reasons
    if not is_verdict:
        untold = [f"indéterminé, {why}" if isinstance(why, str) else None for why in undecided(reading, rows)]
        return reasons.where(reasons.notna(), pd.Series(untold, index=rows.index, dtype=object))
    parts = set(reading.months_counted(measure, period).index)
    if reading.definition.measure(measure).denominator is None:
        parts |= set(openings_of(reading.page.store, years=[int(period[:4])]))
    return rows["finess"].map(lambda finess: "indéterminé, année incomplète" if finess in parts else None)


@asked_once
def part_notes(reading: IndicatorReading) -> list[str]:
    """Name the establishments read on a part of the months of the period, or of those it is compared with."""
    names = reading.page.establishments.set_index("finess")["name"]
    parts = [f"{names.get(finess, finess)} ({words})" for finess, words in reading.parts_read.items()]
    notes = [f"Sur une partie des mois{french.NBSP}: {some_of(parts)}."] if parts else []
    if reading.measure.evolution_of is not None:
        return notes
    compared = _compared(reading)
    counted = reading.months_counted(reading.measure.id, f"{reading.year - 1}{reading.period[4:]}")
    before = [f"{names.get(who, who)} ({nb} mois)" for who, nb in counted.items() if who in compared]
    if before:
        notes.append(f"Sur une partie des mois de {reading.year - 1}{french.NBSP}: {some_of(before)}.")
    if before or compared & set(reading.parts_read):
        notes.append(
            f"Écart avec {reading.year - 1}{french.NBSP}: un mois qui manque une des deux années est écarté des deux ; "
            "les deux valeurs imprimées gardent chacune les leurs."
        )
    return notes


def _compared(reading: IndicatorReading) -> set[str]:
    """Return who has a value both years, and was there from the first day of the year before."""
    rows = reading.establishments
    both = rows["value"].notna() & rows["previous_value"].notna() & ~opened_since(reading, rows)
    return set(rows.loc[both, "finess"])


def rates_overlap(known: pd.DataFrame) -> bool:
    """Say whether the intervals of the first and of the last value leave their difference to chance.

    Parameters
    ----------
    known
        Rows of :meth:`IndicatorReading.history`, in order; without both intervals nothing is said.
    """
    if len(known) < 2 or not {"lower", "upper"} <= set(known):
        return False
    first, last = known.iloc[0], known.iloc[-1]
    return bool(first["lower"] <= last["upper"] and last["lower"] <= first["upper"])


@asked_once
def part_received(reading: IndicatorReading, measure: Measure | None = None) -> PartReceived | None:
    """Return of whom the region of a page is the sum, when that is not everybody with lines.

    Parameters
    ----------
    reading
        The indicator.
    measure
        Another of its measures; the one read when None.
    """
    return region_received(reading.page.store, reading.definition, measure or reading.measure, reading.period)


@asked_once
def constant_perimeter_notes(reading: IndicatorReading) -> list[str]:
    """Say who is left out of the evolution of the region, not being open in the two years; often nobody."""
    region, level = reading.region, reading.level
    if reading.measure.evolution_of is None or level.denominator is not None or pd.isna(region["value"]):
        return []
    rows = reading.rows("establishment")
    apart = rows.loc[(rows["value_status"] == "not_applicable") & rows["contribution"].isna(), "finess"]
    previous = f"{reading.year - 1}{reading.period[4:]}"
    sums = reading.page.store.query(
        "select finess, sum(numerator) filter (period = $period) as now, sum(numerator) filter (period = $previous) "
        "as before from indicator_values where indicator = $indicator and measure = $measure "
        "and perimeter = $perimeter and list_contains([$period, $previous], period) "
        "and list_contains($finess, finess) group by finess having sum(numerator) > 0 order by finess",
        {
            "indicator": reading.definition.id,
            "measure": level.id,
            "perimeter": CURRENT_PERIMETER,
            "period": reading.period,
            "previous": previous,
            "finess": apart.tolist(),
        },
    )
    if sums.empty:
        return []
    now, before = sums["now"].sum(), sums["before"].sum()
    whole_pct = 100 * ((region["numerator"] + now) / (region["denominator"] + before) - 1)
    change = replace(format_of(level), signed=True).write(level.scale * (now - before))
    effect_points = whole_pct - region["value"]
    return [left_out_words(reading.page, sums["finess"], change, region["value"], effect_points)]


def opened_since(reading: IndicatorReading, rows: pd.DataFrame) -> pd.Series[Any]:
    """Say which establishments have both years and are in no change: the year before is that of their opening.

    Parameters
    ----------
    reading
        The indicator.
    rows
        Rows of ``indicator_trends``, of establishments and of a level: of an evolution, nobody is told.
    """
    of_level = reading.definition.measure(rows["measure"].iloc[0]).evolution_of is None if len(rows) else False
    both = rows["value"].notna() & rows["previous_value"].notna()
    return both & rows["contribution"].isna() & (of_level and bool(rows["contribution"].notna().any()))


@asked_once
def small_counts(reading: IndicatorReading, level: Measure) -> set[str]:
    """Return the establishments whose count is under the minimum in either year: their move is that of a few boxes.

    Parameters
    ----------
    reading
        The indicator.
    level
        The measure that is compared; one that has no denominator has no count to be small.
    """
    if level.denominator is None or level.evolution_of is not None:
        return set()
    rows = reading.page.store.query(
        "select distinct finess from indicator_values where indicator = $indicator and measure = $measure "
        "and perimeter = $perimeter and level = 'establishment' and list_contains([$period, $previous], period) "
        "and value is not null and denominator < $minimum_nb order by finess",
        {
            "indicator": reading.definition.id,
            "measure": level.id,
            "perimeter": CURRENT_PERIMETER,
            "period": reading.period,
            "previous": f"{reading.year - 1}{reading.period[4:]}",
            "minimum_nb": reading.definition.minimum_count_nb,
        },
    )
    return set(rows["finess"])


def small_notes(reading: IndicatorReading, level: Measure) -> list[str]:
    """Name those that :func:`small_counts` finds among the moves of the page; often nobody."""
    rows = reading.rows("establishment", level.id)
    # One that has a value in a single year, of few boxes, is named too: the figure lacks it all the same.
    small = rows[rows["finess"].isin(small_counts(reading, level))]
    small = small.dropna(subset=["value", "previous_value"], how="all")
    if small.empty:
        return []
    names = reading.page.establishments.set_index("finess")["name"].reindex(small["finess"]).astype(str)
    minimum_nb = reading.definition.minimum_count_nb
    return [
        f"Hors de la comparaison, effectif inférieur à {minimum_nb} l'une des deux années{french.NBSP}: "
        f"{some_of(sorted(names))}."
    ]


def opening_notes(reading: IndicatorReading, rows: pd.DataFrame) -> list[str]:
    """Name those that :func:`opened_since` finds; often nobody."""
    names = reading.page.establishments.set_index("finess")["name"]
    days = {
        one: opened_on(reading.page, one, year=reading.year) for one in rows.loc[opened_since(reading, rows), "finess"]
    }
    who = [
        f"{names.get(one, one)}" + ("" if day is None else f" (ouverture le {french.date(day, short=True)})")
        for one, day in days.items()
    ]
    part = masked_part(reading)
    is_told = not pd.isna(reading.region["change"]) and not (part is not None and part.leaves_no_change)
    head = "Hors de l'écart de la région" if is_told else "Écart sans objet"
    return [f"{head}{french.NBSP}: {some_of(who)}."] if who else []


def other_readings(reading: IndicatorReading) -> list[str]:
    """Return what else the region's value may be: other evolutions, other perimeters, the part of the masked lines."""
    definition, read = reading.definition, reading.measure
    rows = reading.page.store.query(
        "select measure, perimeter, value, masked_share from indicator_values where indicator = $indicator "
        "and period = $period and level = 'region' order by measure, perimeter",
        {"indicator": definition.id, "period": reading.period},
    ).set_index(["measure", "perimeter"])
    values = rows["value"].dropna()
    other = [one for one in definition.measures if one.evolution_of and read.evolution_of and one.id != read.id]
    found = [
        f"{one.label}{french.NBSP}: {format_of(one).write(values[one.id, CURRENT_PERIMETER])} {_where(reading, one)}."
        for one in other
        if (one.id, CURRENT_PERIMETER) in values.index
    ]
    found += [
        f"{one.label}{french.NBSP}: {reading.unit.write(values[read.id, one.id])} {_where(reading, read)}."
        for one in definition.perimeters
        if one.id != CURRENT_PERIMETER and (read.id, one.id) in values.index and not reading.level.leaves_out(one)
    ]
    masked = rows["masked_share"].reindex([(read.id, CURRENT_PERIMETER)]).dropna()
    found += [_masked_sentence(reading, float(one)) for one in masked]
    return found + _same_numerator(reading, values)


def _where(reading: IndicatorReading, measure: Measure) -> str:
    part = part_received(reading, measure)
    return "dans la région" if part is None else part.words


def _masked_sentence(reading: IndicatorReading, share: float) -> str:
    measure = reading.measure
    noun, part = counted_noun(measure), masked_part(reading)
    masked = "masqués" if noun == "montants" else "masquées"
    said = f"Part des {noun} {masked} dans la région{french.NBSP}: {french.percent(100 * share)}"
    bounds = "" if part is None else f" ; la part réelle est {part.bounds_words(measure.decimals)}"
    return " ".join([f"{said}{bounds}.", *([measure.masked.note] if measure.masked else [])])


def _same_numerator(reading: IndicatorReading, values: pd.Series[float]) -> list[str]:
    """Return the value of the region over another denominator, where the definition has one: without masked lines."""
    own, unit = reading.measure, reading.unit
    return [
        f"{one.label}{french.NBSP}: {unit.write(values[one.id, CURRENT_PERIMETER])} dans la région."
        for one in reading.definition.measures
        if one is not own
        and one.numerator is not None
        and one.numerator == own.numerator
        and one.denominator is not None
        and (one.id, CURRENT_PERIMETER) in values.index
    ]


def mean_words(reading: IndicatorReading) -> str:
    """Return « en moyenne simple des établissements » where a group's value is the mean of declared percentages."""
    top, bottom = reading.measure.numerator, reading.measure.denominator
    is_mean = top is not None and top.sum is not None and bottom is not None and bottom.count == "lines"
    return "en moyenne simple des établissements" if is_mean and reading.measure.scale == 1 else ""


def contribution_note(reading: IndicatorReading) -> str:
    """Say to what the contributions add up: the rate of an evolution, the change of a level."""
    if reading.measure.evolution_of is not None:
        rate = reading.unit.write(reading.region["value"])
        return f"Contribution : part de chacun dans le taux de la région ({rate}) ; les contributions s'y additionnent."
    change = f"l'écart de la région ({change_words(reading.measure, reading.region['change'])})"
    if reading.measure.denominator is None:
        return f"Contribution : ce que chacun ajoute à {change} ; les contributions s'y additionnent."
    return (
        f"Contribution : ce que chacun ajoute à {change}, par sa valeur qui bouge et par son poids dans la région qui "
        "change. Elle peut être de sens contraire à son écart, ou n'être pas nulle quand sa valeur ne bouge pas ; les "
        "contributions s'y additionnent."
    )


def order_note(reading: IndicatorReading) -> str:
    """Say in which order the moves are drawn."""
    if reading.measure.evolution_of is not None:
        return "Dans l'ordre de ce que chacun pèse dans le taux de la région."
    if reading.measure.denominator is None:
        return "Dans l'ordre de ce que chacun pèse dans l'écart de la région."
    return "Dans l'ordre de ce que chacun ajoute à l'écart de la région : effet de sa valeur et effet de son poids."
