"""Which months were received: the state of every month, and those that are missing."""

from __future__ import annotations

from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.known_periods import UNKNOWN_MONTHS
from caqes_analysis.quarters import QUARTER_SERIES
from caqes_analysis.store import Store

__all__ = ["absent_months", "completeness", "lone_months", "missing_months"]

_LONE_GAP_MONTHS_NB: Final = 3
"""First months followed by so long a hole before the rest of their series stand alone (package's choice)…"""
_MOST_LONE_NB: Final = 2
"""… when they are so few at most…"""
_FEWEST_OF_SERIES_NB: Final = 12
"""… in a series of so many months at least…"""
_MOST_ZEROS_SHARE: Final = 0.1
"""… of which no more are zeros: a hole is no surprise in the months of an establishment of a few patients."""
_LONE = f"""
steps as (
  select finess, envelope, month, amount_eur, delivery,
         lead(month) over (partition by finess, envelope, amount_kind order by month) as next_month
  from monthly_spend where amount_eur <> 0
),
rests as (
  select finess, envelope,
         min(month) filter (next_month is null or next_month <= month + to_months({_LONE_GAP_MONTHS_NB})) as begins
  from steps group by all having count(*) >= {_FEWEST_OF_SERIES_NB}
),
followed as (
  select finess, envelope, begins
  from rests join monthly_spend m using (finess, envelope)
  where m.month >= begins and m.amount_eur is not null
  group by all having avg((m.amount_eur = 0)::int) <= {_MOST_ZEROS_SHARE}
),
lone as (
  select finess, envelope, month, amount_eur, delivery, begins
  from steps join followed using (finess, envelope) where month < begins
  qualify count(*) over (partition by finess, envelope) <= {_MOST_LONE_NB}
)
"""

_GRID = """
select *,
       value_status = 'missing' and coalesce(month <= max(case when cumulative_eur is not null then month end)
         over (partition by finess, envelope, year(month)), false) as is_in_cumul
from monthly_grid
"""


def completeness(store: Store, *, envelope: str, year: int) -> pd.DataFrame:
    """Return the state of every month of an envelope in a year and the year before.

    Returns
    -------
    DataFrame
        Rows of ``monthly_grid`` (``finess, month, amount_eur, value_status, is_provisional, is_corrected,
        is_in_cumul``), ordered. ``is_in_cumul``: the month is missing by itself, and a later cumulative delivery of its
        year covers it.
    """
    return store.query(
        f"select finess, month, amount_eur, value_status, is_provisional, is_corrected, is_in_cumul from ({_GRID}) "
        "where envelope = $envelope and year(month) between $year::int - 1 and $year::int order by finess, month",
        {"envelope": envelope, "year": year},
    )


def missing_months(store: Store, *, year: int) -> pd.DataFrame:
    """Return the months that are missing in a year or the year before, and that no cumulative delivery covers.

    Returns
    -------
    DataFrame
        ``finess, envelope, month``, ordered.
    """
    # Most establishments lack none: their sheets need no database to know it.
    if store.rows(tables.MONTHLY_GRID, where={"value_status": "missing"}, columns=["finess"]).empty:
        return tables.MONTHLY_GRID.empty()[["finess", "envelope", "month"]]
    return store.query(
        f"select finess, envelope, month from ({UNKNOWN_MONTHS}) "
        "where year between $year::int - 1 and $year::int order by finess, envelope, month",
        {"year": year},
    )


def absent_months(store: Store, *, last_month: pd.Timestamp) -> pd.DataFrame:
    """Return the months of which no line was received at all, although the establishment was open and followed.

    A month that a file writes with an empty amount is a declared gap; a month without any line may be one that was
    lost on the way.

    Parameters
    ----------
    store
        Store with ``monthly_spend`` and ``establishments``.
    last_month
        Last month that the campaign announces.

    Returns
    -------
    DataFrame
        ``finess, envelope, month, open_nb`` (establishments followed that month in that envelope), ordered: between
        the first month of each series, those of :func:`lone_months` left out, and ``last_month``, or the closing month.
        Establishments that no file describes have none: their FINESS is what is wrong; months that a cumulative
        delivery of the envelope covers are not expected one by one.
    """
    return store.query(
        f"""
        with {_LONE},
        series as (
          select finess, envelope, min(month) as begins
          from monthly_spend anti join lone using (finess, envelope, month)
          anti join ({QUARTER_SERIES}) using (finess, envelope, amount_kind)
          where finess not in (
            select finess from establishments
            where category is null and department is null and name = 'Établissement ' || finess
          )
          group by all
        ),
        open as (
          select finess, min(valid_from) as opens, max(coalesce(valid_to, $last::date)) as closes
          from establishments group by finess
        ),
        due as (
          select s.finess, s.envelope, unnest(generate_series(
            s.begins, least(coalesce(date_trunc('month', o.closes), $last::date), $last::date), interval 1 month
          ))::date as month
          from series s left join open o using (finess)
        ),
        counted as (select *, count(*) over (partition by envelope, month) as open_nb from due)
        select finess, envelope, month, open_nb
        from counted anti join monthly_spend using (finess, envelope, month)
        where not exists (
          select 1 from cumulative_spend c
          where c.envelope = counted.envelope and year(c.month) = year(counted.month) and c.month >= counted.month
        )
        order by envelope, finess, month
        """,
        {"last": last_month.date()},
    )


def lone_months(store: Store) -> pd.DataFrame:
    """Return the one or two months that stand long before the rest of their series: a year written wrong.

    Parameters
    ----------
    store
        Store with ``monthly_spend``.

    Returns
    -------
    DataFrame
        ``finess, envelope, month, amount_eur, delivery, begins`` (first month of the rest), ordered.
    """
    return store.query(f"with {_LONE} select * from lone order by envelope, finess, month")
