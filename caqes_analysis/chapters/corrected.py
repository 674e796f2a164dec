"""Which of two years a correction of the register bears on: a mark stands beside what is corrected, and only there."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.indicators.definition import CURRENT_PERIMETER

if TYPE_CHECKING:
    from caqes_analysis.chapters.indicator_reading import IndicatorReading
    from caqes_analysis.chapters.page import Page
    from caqes_analysis.indicators.definition import Measure

__all__ = ["corrected_before", "corrected_values", "with_corrected_years"]


def with_corrected_years(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of ``evolutions`` with the year corrected: ``now_is_corrected`` and ``was_corrected``.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``evolutions`` read at the last settled month.
    """
    if page.campaign.is_annual or not page.store.has(tables.MONTHLY_GRID):
        return rows.assign(now_is_corrected=rows["is_corrected"], was_corrected=False)
    found = page.store.query(
        "select distinct finess, envelope, year(month) as year from monthly_grid "
        "where is_corrected and month(month) <= $month_nb and year(month) between $year::int - 1 and $year::int",
        {"year": page.campaign.year, "month_nb": page.campaign.settled_month_nb},
    )
    corrected = set(found.itertuples(index=False, name=None))
    flags = {
        name: [(finess, code, year) in corrected for finess, code in zip(rows["finess"], rows["envelope"], strict=True)]
        for name, year in (("now_is_corrected", page.campaign.year), ("was_corrected", page.campaign.year - 1))
    }
    return rows.assign(**flags)


@asked_once
def corrected_values(page: Page, indicator: str, measure: str, period: str) -> Collection[str]:
    """Return the FINESS of the establishments whose value rests on a correction; empty text for the region.

    Parameters
    ----------
    page
        The page.
    indicator, measure, period
        The value.
    """
    rows = page.store.query(
        "select distinct coalesce(finess, '') as finess from indicator_values where indicator = $indicator "
        "and measure = $measure and period = $period and perimeter = $perimeter and is_corrected "
        "and level in ('establishment', 'region') order by 1",
        {"indicator": indicator, "measure": measure, "period": period, "perimeter": CURRENT_PERIMETER},
    )
    return frozenset(rows["finess"])


@asked_once
def corrected_before(reading: IndicatorReading, measure: Measure) -> Collection[str]:
    """Return the same of the period a year before the one that a page reads."""
    previous = f"{reading.year - 1}{reading.period[4:]}"
    return corrected_values(reading.page, reading.definition.id, measure.id, previous)
