"""Cumulative evolution rates: the months of a year against the same months of the year before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.store import Store

__all__ = ["annual_evolution", "comparable_months", "contributions", "cumulative_evolution", "sum_evolutions"]


def cumulative_evolution(
    store: Store, *, year: int, month_nbs: Collection[int], finess: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the evolution of the cumulative spending of each establishment and envelope.

    ``evolution_pct = 100 × (current_eur / previous_eur − 1)``, both sums over the months from January to ``month_nb``
    that are known in both years (``docs/methods/evolution.md``).

    Parameters
    ----------
    store
        Store with the table ``monthly_grid``.
    year
        Year read against the one before.
    month_nbs
        Months at which to read the cumulative sum (``{7, 9}``).
    finess
        Establishments wanted; all when None.

    Returns
    -------
    DataFrame
        Table ``evolutions``. A month missing in either year is left out of both sums and named in
        ``missing_months``, unless the amount since January is known in both years (cumulative deliveries): the two are
        then compared whole. Months before the establishment began count as zero in ``previous_eur``: when it had none
        at all, the rate is ``not_applicable`` but its euros stay in the sums.
    """
    parameters = {"year": year, "months": sorted(month_nbs), "finess": list(finess) if finess is not None else None}
    return tables.EVOLUTIONS.conform(store.query(_EVOLUTION, parameters))


_EVOLUTION = """
with cells as (
  select finess, envelope, year(month) as year, month(month) as m, amount_eur, value_status, is_provisional,
         is_corrected, cumulative_eur
  from monthly_grid
  where year(month) in ($year::int, $year::int - 1) and ($finess is null or list_contains($finess, finess))
),
pairs as (
  select c.finess, c.envelope, c.m,
         coalesce(c.amount_eur, 0) as current_eur,
         coalesce(p.amount_eur, 0) as previous_eur,
         c.value_status = 'missing' or p.value_status = 'missing' or p.value_status is null as is_missing,
         c.value_status <> 'not_applicable' as is_active,
         p.value_status <> 'not_applicable' as was_active,
         c.is_provisional, c.is_corrected or coalesce(p.is_corrected, false) as is_corrected
  from cells c left join cells p on p.finess = c.finess and p.envelope = c.envelope and p.m = c.m
                                and p.year = c.year - 1
  where c.year = $year::int
),
-- Since January: as a cumulative delivery says it, or the sum of the months when all are known.
cumuls as (
  select finess, envelope, year, m,
         coalesce(cumulative_eur,
                  case when count(*) filter (value_status = 'missing') over so_far = 0
                       then sum(coalesce(amount_eur, 0)) over so_far end) as to_date_eur
  from cells window so_far as (partition by finess, envelope, year order by m)
),
sums as (
  select p.finess, p.envelope, w.month_nb,
         sum(case when not is_missing then current_eur else 0 end)::decimal(18, 2) as current_eur,
         sum(case when not is_missing then previous_eur else 0 end)::decimal(18, 2) as previous_eur,
         count(*) filter (not is_missing) as compared_months_nb,
         string_agg(m::varchar, ', ' order by m) filter (is_missing) as missing_months,
         bool_or(is_active) as is_active, bool_or(was_active) as was_active,
         bool_or(is_provisional) as is_provisional, bool_or(is_corrected) as is_corrected
  from pairs p join (select unnest($months::int[]) as month_nb) w on p.m <= w.month_nb
  group by p.finess, p.envelope, w.month_nb
),
joined as (
  select s.*, c.to_date_eur, b.to_date_eur as previous_to_date_eur,
         s.missing_months is not null and c.to_date_eur is not null and b.to_date_eur is not null as is_whole
  from sums s
  left join cumuls c on c.finess = s.finess and c.envelope = s.envelope and c.year = $year::int and c.m = s.month_nb
  left join cumuls b on b.finess = s.finess and b.envelope = s.envelope and b.year = $year::int - 1
                    and b.m = s.month_nb
),
whole as (
  select * replace (
    case when is_whole then to_date_eur else current_eur end::decimal(18, 2) as current_eur,
    case when is_whole then previous_to_date_eur else previous_eur end::decimal(18, 2) as previous_eur,
    case when is_whole then month_nb else compared_months_nb end as compared_months_nb,
    case when is_whole then null else missing_months end as missing_months)
  from joined
)
select finess, envelope, $year::int as year, month_nb, current_eur, previous_eur,
       case when previous_eur > 0 and compared_months_nb > 0
            then 100 * (current_eur::double / previous_eur::double - 1) end as evolution_pct,
       compared_months_nb, missing_months,
       case when compared_months_nb = 0 then 'missing'
            when not was_active or previous_eur <= 0 then 'not_applicable'
            else 'reported' end as value_status,
       is_provisional, is_corrected
from whole
where is_active
order by finess, envelope, month_nb
"""


def annual_evolution(store: Store, *, year: int) -> pd.DataFrame:
    """Return the evolution between two yearly drug files, by establishment (annual mode).

    Parameters
    ----------
    store
        Store with ``annual_drug_spend`` for ``year`` and, for an evolution, for the year before.
    year
        Year read against the one before.

    Returns
    -------
    DataFrame
        Table ``evolutions`` for the envelope ``phmev`` at month 12; the rate is ``not_applicable`` when the year
        before was not received.
    """
    return tables.EVOLUTIONS.conform(store.query(_ANNUAL, {"year": year}))


_ANNUAL = """
with sums as (
  select coalesce(s.current_finess, a.finess) as finess,
         sum(reimbursed_eur) filter (year = $year::int) as current_eur,
         sum(reimbursed_eur) filter (year = $year::int - 1) as previous_eur,
         bool_or(is_corrected) as is_corrected
  from annual_drug_spend a left join successions s on s.finess = a.finess
  where year in ($year::int, $year::int - 1)
  group by 1
)
select finess, 'phmev' as envelope, $year::int as year, 12 as month_nb,
       coalesce(current_eur, 0)::decimal(18, 2) as current_eur,
       coalesce(previous_eur, 0)::decimal(18, 2) as previous_eur,
       case when previous_eur > 0 and current_eur is not null
            then 100 * (current_eur::double / previous_eur::double - 1) end as evolution_pct,
       12 as compared_months_nb, null::varchar as missing_months,
       case when previous_eur > 0 and current_eur is not null then 'reported' else 'not_applicable' end as value_status,
       false as is_provisional, is_corrected
from sums order by finess
"""


def sum_evolutions(evolutions: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add the evolutions of establishments up to groups: the group's rate is that of its sums.

    Parameters
    ----------
    evolutions
        Table ``evolutions``, possibly with more columns (``department``, ``category``…).
    by
        Columns that make a group; ``envelope`` and ``month_nb`` belong among them.

    Returns
    -------
    DataFrame
        ``by`` + ``current_eur, previous_eur, evolution_pct, establishments_nb``, ordered by group. Amounts are exact
        sums of what the sheets show.

    Examples
    --------
    >>> amounts = {"current_eur": [60, 45], "previous_eur": [50, 50]}
    >>> rows = pd.DataFrame({"envelope": "phmev", "finess": ["a", "b"], **amounts})
    >>> sum_evolutions(rows, ["envelope"])["evolution_pct"].round(1).tolist()
    [5.0]
    """
    sums = (
        evolutions.groupby(list(by), dropna=False, sort=True)
        .agg(
            current_eur=("current_eur", "sum"),
            previous_eur=("previous_eur", "sum"),
            establishments_nb=("finess", "nunique"),
        )
        .reset_index()
    )
    for column in ("current_eur", "previous_eur"):  # a sum widens the decimal type: sums of sums would overflow it
        if isinstance(evolutions[column].dtype, pd.ArrowDtype):
            sums[column] = sums[column].astype(evolutions[column].dtype)
    previous = sums["previous_eur"].astype("float64")
    sums["evolution_pct"] = (100 * (sums["current_eur"].astype("float64") / previous - 1)).where(previous > 0)
    return sums


def contributions(evolutions: pd.DataFrame) -> pd.DataFrame:
    """Return what each establishment adds to the growth of its region, largest first.

    Parameters
    ----------
    evolutions
        Table ``evolutions`` for one envelope and one month.

    Returns
    -------
    DataFrame
        The input + ``change_eur`` (current − previous), ``contribution_points`` (percentage points of the regional
        rate; they add up to it), ``regional_share`` (0-1, of the regional current amount) and ``rank``.
    """
    change = evolutions["current_eur"] - evolutions["previous_eur"]
    base = float(evolutions["previous_eur"].sum())
    total = float(evolutions["current_eur"].sum())
    frame = evolutions.assign(
        change_eur=change,
        contribution_points=100 * change.astype("float64") / base if base else float("nan"),
        regional_share=evolutions["current_eur"].astype("float64") / total if total else float("nan"),
    )
    ordered = frame.sort_values(["change_eur", "finess"], ascending=[False, True]).reset_index(drop=True)
    return ordered.assign(rank=range(1, len(ordered) + 1))


def comparable_months(store: Store, *, envelope: str, year: int, by: str | None = None) -> pd.DataFrame:
    """Return the months of a region, summed over the establishments whose month is known in both years.

    Parameters
    ----------
    store
        Store with ``monthly_grid`` and ``establishments``.
    envelope
        Envelope summed.
    year
        Year; the two before are returned too.
    by
        Column of ``establishments`` that makes groups (``department``); None for the region.

    Returns
    -------
    DataFrame
        ``group, month, amount_eur, value_status, is_provisional, left_out_nb``, ordered. An establishment whose month
        is missing in ``year`` or the year before is left out of that month in both, so that the cumulative rate of
        the region is that of the sum of the sheets; ``left_out_nb`` counts them. The year two before is summed whole.
    """
    group = f"any_value(e.{by})" if by else "null::varchar"
    return store.query(
        f"""
        with known as (select finess, {group} as "group" from establishments e group by finess),
        cells as (
          select k."group", g.finess, g.month, g.amount_eur, g.value_status, g.is_provisional,
                 bool_or(g.value_status = 'missing' and year(g.month) >= $year::int - 1)
                   over (partition by g.finess, month(g.month)) as is_left_out
          from monthly_grid g left join known k on k.finess = g.finess
          where g.envelope = $envelope and year(g.month) between $year::int - 2 and $year::int
        )
        select "group", month,
               sum(amount_eur) filter (year(month) < $year::int - 1 or not is_left_out)::decimal(18, 2) as amount_eur,
               case when sum(amount_eur) filter (year(month) < $year::int - 1 or not is_left_out) is null
                    then 'missing' else 'reported' end as value_status,
               bool_or(is_provisional) as is_provisional,
               count(*) filter (is_left_out and year(month) >= $year::int - 1) as left_out_nb
        from cells group by "group", month order by "group", month
        """,
        {"envelope": envelope, "year": year},
    )
