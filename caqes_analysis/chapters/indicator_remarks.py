"""What the page of an indicator says beside its figures: which euros, values that round to the target, a merger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.amounts_received import received_amounts
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.assessment_words import OBJECTIVES, threshold_notes
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.chapters.same_objective import is_prudent
from caqes_analysis.chapters.words import period_words, sentence_case
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.dispersion import DETRENDED_FROM
from caqes_analysis.indicators.months import envelopes_counted
from caqes_analysis.labels import some_of

__all__ = ["amount_notes", "base_notes", "binding_notes", "few_years_notes", "merger_notes", "near_target_notes"]

_MOST_DECIMALS_NB = 4
_MONTHS_NB = 12


def amount_notes(reading: IndicatorReading) -> list[str]:
    """Say which euros the monthly files hold, of an indicator that adds them up.

    Parameters
    ----------
    reading
        The indicator.
    """
    counted = _counted_envelopes(reading)
    kinds = [] if counted is None else received_amounts(reading.page, counted, reading.year)
    return [f"Montants reçus{french.NBSP}: {' ; '.join(kinds)}."] if kinds else []


@asked_once
def _counted_envelopes(reading: IndicatorReading) -> Sequence[str] | None:
    """Return the envelopes whose months an indicator adds up; None for one that reads no month."""
    line = reading.level.numerator
    if line is None or line.table != tables.MONTHLY_GRID.name:
        return None
    known = reading.page.store.query("select distinct envelope from monthly_grid order by envelope")["envelope"]
    return envelopes_counted(line.condition, known.tolist())


def near_target_notes(reading: IndicatorReading, named: Iterable[tuple[str, float]]) -> list[str]:
    """Give more decimals of the values that are printed as the target that they are not.

    Parameters
    ----------
    reading
        The indicator.
    named
        Names, and values of the measure read.
    """
    target, unit = reading.target, reading.unit
    if target.value is None:
        return []
    near = [
        f"{name} {_told_apart(unit, value, target.value)}"
        for name, value in named
        if not pd.isna(value) and unit.hides(value, target.value)
    ]
    printed = unit.write(target.value)
    return [f"Imprimé {printed}, comparé avant arrondi{french.NBSP}: {some_of(near)}."] if near else []


def _told_apart(unit: MeasureFormat, value: float, target: float) -> str:
    for decimals in range(unit.decimals + 1, _MOST_DECIMALS_NB):
        finer = replace(unit, decimals=decimals)
        if not finer.hides(value, target):
            return finer.write(value)
    return replace(unit, decimals=_MOST_DECIMALS_NB).write(value)


def few_years_notes(reading: IndicatorReading) -> list[str]:
    """Say that the intervals hold the own movement of each establishment too, for want of years to tell it apart.

    Parameters
    ----------
    reading
        The indicator.
    """
    has_bounds = bool(reading.rows("establishment")["lower"].notna().any())
    if not has_bounds or not is_prudent(reading, "region"):
        return []
    return [f"Intervalles plutôt trop larges, faute de {french.in_words(DETRENDED_FROM)} années connues."]


def base_notes(reading: IndicatorReading, level: Measure, first_period: str | None) -> list[str]:
    """Say over which months of each year a movement is read, and which exceptional months its first year holds.

    Parameters
    ----------
    reading
        The indicator.
    level
        What moves: an amount, a share; of an evolution, the first rate starts from the year before.
    first_period
        First period that is read; None when there is none.
    """
    if first_period is None:
        return []
    months = period_words(reading.period).removesuffix(f" {reading.year}")
    said = [f"{sentence_case(months)} de chaque année."] if reading.month_nb != _MONTHS_NB else []
    counted = _counted_envelopes(reading)
    if counted is None:
        return said
    year = int(first_period[:4]) - (level.evolution_of is not None)
    for one in reading.page.campaign.evenements:
        if one.kind != "temporary" or one.establishment or not (one.envelope is None or one.envelope in counted):
            continue
        if one.indicator not in (None, reading.definition.id):
            continue
        last = one.until or one.date
        if one.date <= f"{year}-{reading.month_nb:02d}" and last >= f"{year}-01":
            said.append(
                f"{one.label}{french.NBSP}: le point de départ, {year}, en contient des mois ; moyenne, pente et "
                "premier taux en dépendent."
            )
    return said


def binding_notes(reading: IndicatorReading) -> list[str]:
    """Say what the contracts alone answer for, and which threshold of the texts their verdict does not use.

    Parameters
    ----------
    reading
        The indicator.
    """
    page = reading.page
    read = reading.definition.data_year(evaluated_year(page.campaign))
    later = []
    if reading.contract_year != reading.year:
        later = [
            "Le contrat d'une année lit les données de l'année d'avant : celles de "
            f"{reading.year} comptent pour {reading.contract_year}."
        ]
    if not reading.target.is_contractual or reading.period != str(read):
        return later
    rows = page.evaluations
    own = rows[rows["kind"].isin(OBJECTIVES) & (rows["subject"] == reading.definition.id)]
    return [*later, *threshold_notes(own, page.targets, scheme=page.campaign.scheme, year=reading.year)]


def merger_notes(reading: IndicatorReading) -> list[str]:
    """Name the mergers of the two years compared: the years of those that became one are added up.

    Parameters
    ----------
    reading
        The indicator.
    """
    page = reading.page
    rows = page.store.query(
        "select s.finess, s.current_finess, max(e.name) as name, max(e.valid_to) as day from successions s "
        "join establishments e using (finess) where s.finess <> s.current_finess "
        "and year(e.valid_to) between $year - 1 and $year group by all order by day, s.finess",
        {"year": reading.year},
    )
    names = page.establishments.set_index("finess")["name"]
    present = set(reading.establishments["finess"])
    answered = _answered(reading)
    said = [
        f"{row['name']}, repris par {names.get(row['current_finess'], row['current_finess'])} "
        f"le {french.date(row['day'] + pd.Timedelta(days=1), short=True)}"
        for row in rows.to_dict("records")
        if row["current_finess"] in present and (answered is None or row["finess"] in answered)
    ]
    return [f"Fusion, années des établissements réunis additionnées{french.NBSP}: {some_of(said)}."] if said else []


def _answered(reading: IndicatorReading) -> set[str] | None:
    """Return who sent the answers that a declared measure adds up; None for what is not declared on a form."""
    line = reading.measure.numerator
    if line is None or not reading.measure.is_declared:
        return None
    rows = reading.page.store.query(
        f"select distinct finess from activity where ({line.where}) "
        "and left(period, 4)::int between $year - 1 and $year",
        {"year": reading.year},
    )
    return set(rows["finess"])
