"""The step of a build that computes every indicator once: values, intervals, trends, ranks among peers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.indicators.available import available_indicators
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.compute import common_sums, compute_indicators
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.peers import peer_groups
from caqes_analysis.indicators.places import Places
from caqes_analysis.indicators.precision import at_kept_precision
from caqes_analysis.indicators.structure import annual_years
from caqes_analysis.indicators.trends import trends, with_intervals
from caqes_analysis.perimeter import GRID_TO_DATE
from caqes_analysis.store import Store

__all__ = ["HISTORY_YEARS_NB", "computed_for", "keep_indicators", "read_periods", "sizes"]

HISTORY_YEARS_NB = 5
"""Years followed: as many as monthly spending is kept for, and enough for a slope to have an interval."""

_LAST_MONTH = 12


def read_periods(campaign: Campaign) -> tuple[str, ...]:
    """Return the periods of a campaign: whole closed years, and the last settled month of each year.

    Parameters
    ----------
    campaign
        The campaign.

    Examples
    --------
    >>> from caqes_analysis.campaign import load_campaign
    >>> read_periods(load_campaign("parameters/demonstration-2024.yml"))[-3:]
    ('2023', '2023-M07', '2024-M07')
    """
    years = range(campaign.year - HISTORY_YEARS_NB + 1, campaign.year + 1)
    month_nb = campaign.settled_month_nb
    if month_nb == _LAST_MONTH:
        return tuple(str(year) for year in years)
    # A year that is not over is no year: its first months alone are read.
    return tuple(sorted([*(str(year) for year in years[:-1]), *(f"{year}-M{month_nb:02d}" for year in years)]))


def sizes(store: Store) -> pd.Series[float]:
    """Return the size of each establishment: what its prescriptions cost in town over the last whole year received.

    Parameters
    ----------
    store
        Store of the campaign: PHMEV of ``monthly_grid``, else of ``annual_drug_spend``.

    Returns
    -------
    Series
        Euros by FINESS; empty when neither was received.
    """
    if store.has(tables.MONTHLY_GRID):
        rows = store.query(
            f"""
            with cells as (
              select *, coalesce(max(m) filter (to_date_eur is not null) over (partition by finess, year), 0) as known_m
              from ({GRID_TO_DATE}) where envelope = 'phmev' and value_status <> 'not_applicable'
            ),
            years as (
              select finess, year,
                     sum(case when m = known_m then to_date_eur when m > known_m then amount_eur end) as size,
                     count(*) filter (m <= known_m or amount_eur is not null) as months_nb
              from cells group by all having size is not null
            )
            select finess, arg_max(size, (months_nb, year))::double as size from years group by finess order by finess
            """
        )
    else:
        years = annual_years(store)
        rows = store.query(
            """
            select coalesce(s.current_finess, a.finess) as finess, sum(reimbursed_eur)::double as size
            from annual_drug_spend a left join successions s on s.finess = a.finess
            where year = $year::int group by 1 order by 1
            """,
            {"year": years[-1] if years else 0},
        )
    return rows.set_index("finess")["size"].astype("float64")


def computed_for(
    store: Store, campaign: Campaign, definitions: Sequence[IndicatorDefinition], *, periods: Sequence[str]
) -> pd.DataFrame:
    """Compute indicators with the code lists and the statistical secrecy of a campaign.

    Parameters
    ----------
    store, campaign
        The campaign, and what it received.
    definitions, periods
        As in :func:`~caqes_analysis.indicators.compute.compute_indicators`, which says what is returned.
    """
    return compute_indicators(
        store,
        definitions,
        periods=periods,
        code_lists=known_code_lists(campaign.code_lists_folder),
        minimum_count_nb=campaign.disclosure.minimum_count_nb,
    )


def keep_indicators(store: Store, campaign: Campaign, *, part: str) -> None:
    """Compute every indicator of a campaign: tables ``indicators``, ``indicator_values`` and ``indicator_trends``.

    Parameters
    ----------
    store
        Store of the campaign, everything received.
    campaign
        The campaign.
    part
        Name of the part written.
    """
    catalogue, code_lists = list(definitions_of(campaign).values()), known_code_lists(campaign.code_lists_folder)
    published = [one for one in catalogue if one.status == "published"]
    values = computed_for(store, campaign, published, periods=read_periods(campaign))
    followed = tables.INDICATOR_TRENDS.empty()
    if not values.empty:
        places = Places.read(store, sorted(values["finess"].dropna().unique()))
        groups = {level: pd.Series(names, index=list(places.finess)) for level, names in places.groups.items()}
        category = groups["category"].rename("category").rename_axis("finess").reset_index()
        common = common_sums(store, published, values, code_lists=code_lists)
        values, measured, layout = with_intervals(values, published, groups, places.openings(), common)
        peers = peer_groups(category, sizes(store))
        followed = trends(values, published, measured=measured, layout=layout, peers=peers)
    received = [table.name for table in tables.ALL_TABLES if store.has(table)]
    available = available_indicators(catalogue, followed, year=campaign.year, received=received, code_lists=code_lists)
    for table, rows in (
        (tables.INDICATORS, available),
        (tables.INDICATOR_VALUES, at_kept_precision(values)),
        (tables.INDICATOR_TRENDS, at_kept_precision(followed)),
    ):
        store.write(table, rows, part=part, validate=False)
