"""Why the year of an indicator is not the whole one, establishment by establishment."""

from __future__ import annotations

from collections.abc import Mapping

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.verdicts import absent_months_words
from caqes_analysis.chapters.words import MAIN_ENVELOPE
from caqes_analysis.evaluation.values import months_of
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition, Measure
from caqes_analysis.indicators.months import counts_envelope, envelopes_counted
from caqes_analysis.known_periods import UNKNOWN_MONTHS
from caqes_analysis.quality import UNMATCHED_WORDS

__all__ = ["indicator_gaps", "missing_months"]

_MONTHS_NB = 12


def indicator_gaps(page: Page, definition: IndicatorDefinition, measure: Measure, period: str) -> Mapping[str, str]:
    """Return why the year of an establishment has no verdict, by FINESS; the whole years are absent.

    Parameters
    ----------
    page
        The data of the notebook.
    definition, measure
        The indicator, and the measure compared with its target.
    period
        A whole year.
    """
    level = definition.measure(measure.evolution_of or measure.id)
    years = [period] if level is measure else [period, str(int(period) - 1)]
    rows = page.store.rows(
        tables.INDICATOR_VALUES,
        where={
            "indicator": definition.id,
            "measure": level.id,
            "perimeter": CURRENT_PERIMETER,
            "level": "establishment",
            "period": years,
        },
        columns=["finess", "value_status", "months_nb"],
    )
    counted = rows[rows["value_status"] != "not_applicable"].groupby("finess")["months_nb"].min()
    gaps = {
        str(finess): absent_months_words(_MONTHS_NB - int(months_nb))
        for finess, months_nb in counted[counted.between(1, _MONTHS_NB - 1)].items()
    }
    if counts_envelope(level, MAIN_ENVELOPE):
        gaps = {f: UNMATCHED_WORDS for f, year in page.unmatched if str(year) in years} | gaps
    return gaps


def missing_months(page: Page, level: Measure, period: str) -> dict[str, list[int]]:
    """Return the months missing in either year, by FINESS, of the envelopes that an evolution counts.

    Parameters
    ----------
    page
        The data of the notebook.
    level
        The measure whose evolution is read.
    period
        The year, or its first months.
    """
    line = level.numerator
    if line is None or line.table != "monthly_grid":
        return {}
    received = page.store.query("select distinct envelope from monthly_grid order by envelope")["envelope"]
    rows = page.store.query(
        f"select distinct finess, m as month_nb from ({UNKNOWN_MONTHS}) "
        "where year between $year - 1 and $year and m <= $month_nb "
        "and list_contains($envelopes, envelope) order by finess, month_nb",
        {
            "year": int(period[:4]),
            "month_nb": months_of(period),
            "envelopes": list(envelopes_counted(line.condition, received.tolist())),
        },
    )
    return {str(finess): [int(month) for month in part] for finess, part in rows.groupby("finess")["month_nb"]}
