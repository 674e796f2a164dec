"""Cumulative evolution rates: the months of a year against the same months of the year before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.perimeter import GRID_TO_DATE, LIFETIMES
from caqes_analysis.store import Store

__all__ = [
    "annual_evolution",
    "comparable_months",
    "contributions",
    "cumulative_evolution",
    "in_both_years",
    "missing_numbers",
    "sum_evolutions",
]


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
        ``missing_months``, unless a cumulative delivery covers it: up to the last month at which the amount since
        January is known in both years, these two amounts are compared whole. Months before the establishment began
        count as zero in ``previous_eur``: the rate is then ``not_applicable``, because it would compare a year with a
        part of one, and ``is_perimeter_change`` is true: its euros stay in the sums, out of the rates of groups.
    """
    parameters = {"year": year, "months": sorted(month_nbs), "finess": list(finess) if finess is not None else None}
    return tables.EVOLUTIONS.conform(store.query(_EVOLUTION, parameters))


_EVOLUTION = f"""
with cells as (
  select * from ({GRID_TO_DATE})
  where year in ($year::int, $year::int - 1) and ($finess is null or list_contains($finess, finess))
),
pairs as (
  select c.finess, c.envelope, c.m,
         coalesce(c.amount_eur, 0) as current_eur,
         coalesce(p.amount_eur, 0) as previous_eur,
         c.value_status = 'missing' or p.value_status = 'missing' or p.value_status is null as is_missing,
         c.to_date_eur, p.to_date_eur as previous_to_date_eur,
         c.value_status <> 'not_applicable' as is_active,
         p.value_status <> 'not_applicable' as was_active,
         c.is_provisional, c.is_corrected or coalesce(p.is_corrected, false) as is_corrected
  from cells c left join cells p on p.finess = c.finess and p.envelope = c.envelope and p.m = c.m
                                and p.year = c.year - 1
  where c.year = $year::int
),
-- Last month at which both years are known since January: before it, nothing is left out.
anchored as (
  select p.*, w.month_nb,
         coalesce(max(m) filter (to_date_eur is not null and previous_to_date_eur is not null)
                    over (partition by p.finess, p.envelope, w.month_nb), 0) as anchor_m
  from pairs p join (select unnest($months::int[]) as month_nb) w on p.m <= w.month_nb
),
whole as (
  select finess, envelope, month_nb,
         sum(case when m = anchor_m then to_date_eur when m > anchor_m and not is_missing then current_eur else 0 end)
           ::decimal(18, 2) as current_eur,
         sum(case when m = anchor_m then previous_to_date_eur
                  when m > anchor_m and not is_missing then previous_eur else 0 end)::decimal(18, 2) as previous_eur,
         count(*) filter (m <= anchor_m or not is_missing) as compared_months_nb,
         string_agg(m::varchar, ', ' order by m) filter (m > anchor_m and is_missing) as missing_months,
         bool_or(is_active) as is_active,
         bool_or(was_active) and bool_and(was_active or not is_active) as was_active,
         bool_or(is_provisional) as is_provisional, bool_or(is_corrected) as is_corrected
  from anchored group by finess, envelope, month_nb
)
select finess, envelope, $year::int as year, month_nb, current_eur, previous_eur,
       case when was_active and previous_eur > 0 and compared_months_nb > 0
            then 100 * (current_eur::double / previous_eur::double - 1) end as evolution_pct,
       compared_months_nb, missing_months,
       case when compared_months_nb = 0 then 'missing'
            when not was_active or previous_eur <= 0 then 'not_applicable'
            else 'reported' end as value_status,
       is_provisional, is_corrected,
       coalesce(compared_months_nb > 0 and not was_active, false) as is_perimeter_change
from whole
where is_active
order by finess, envelope, month_nb
"""


def missing_numbers(missing_months: Any) -> list[int]:
    """Return the numbers of the months that a row of ``evolutions`` leaves out, as ``missing_months`` writes them.

    Parameters
    ----------
    missing_months
        Numbers separated by commas; a row where it is missing leaves out none.

    Examples
    --------
    >>> missing_numbers("3, 12")
    [3, 12]
    >>> missing_numbers(None)
    []
    """
    return [int(number) for number in missing_months.split(",")] if isinstance(missing_months, str) else []


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
        before was not received, or when the establishment opened in the course of it. ``is_perimeter_change`` is true
        in these two cases, and for an establishment that the base no longer holds.
    """
    return tables.EVOLUTIONS.conform(store.query(_ANNUAL, {"year": year}))


_ANNUAL = f"""
with sums as (
  select coalesce(s.current_finess, a.finess) as finess,
         sum(reimbursed_eur) filter (year = $year::int) as current_eur,
         sum(reimbursed_eur) filter (year = $year::int - 1) as previous_eur,
         bool_or(is_corrected) as is_corrected
  from annual_drug_spend a left join successions s on s.finess = a.finess
  where year in ($year::int, $year::int - 1)
  group by 1
),
read as (
  select sums.*, previous_eur > 0 and current_eur is not null and not is_opened as has_rate, is_opened
  from (
    select sums.*, coalesce(part_year = $year::int - 1, false) as is_opened
    from sums left join ({LIFETIMES}) using (finess)
  ) sums
)
select finess, 'phmev' as envelope, $year::int as year, 12 as month_nb,
       coalesce(current_eur, 0)::decimal(18, 2) as current_eur,
       coalesce(previous_eur, 0)::decimal(18, 2) as previous_eur,
       case when has_rate then 100 * (current_eur::double / previous_eur::double - 1) end as evolution_pct,
       12 as compared_months_nb, null::varchar as missing_months,
       case when has_rate then 'reported' else 'not_applicable' end as value_status,
       false as is_provisional, is_corrected,
       current_eur is null or previous_eur is null or is_opened as is_perimeter_change
from read order by finess
"""


def in_both_years(evolutions: pd.DataFrame) -> pd.Series[bool]:
    """Say which rows make the rate of a group: those of establishments that were there in the two periods.

    Parameters
    ----------
    evolutions
        Table ``evolutions``; without ``is_perimeter_change``, every row is in both years.
    """
    if "is_perimeter_change" not in evolutions:
        return pd.Series(True, index=evolutions.index)
    return ~evolutions["is_perimeter_change"].fillna(False).astype(bool)


_STATES = ("is_provisional", "is_corrected", "now_is_corrected", "was_corrected")


def sum_evolutions(evolutions: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add the evolutions of establishments up to groups: the group's rate is that of its sums, at constant perimeter.

    Parameters
    ----------
    evolutions
        Table ``evolutions``, possibly with more columns (``department``, ``category``…).
    by
        Columns that make a group; ``envelope`` and ``month_nb`` belong among them.

    Returns
    -------
    DataFrame
        ``by`` + ``current_eur, previous_eur, establishments_nb``, sums of all the establishments; ``compared_eur,
        compared_previous_eur``, sums of those that are in both years; ``evolution_pct``, rate of the latter; and
        ``perimeter_eur, perimeter_points``, what the others add to the change and to the rate. Ordered by group;
        amounts are exact sums of what the sheets show. Where ``evolutions`` has them, ``is_provisional``,
        ``is_corrected``, ``now_is_corrected`` and ``was_corrected``: a sum is what one of its parts is.

    Examples
    --------
    >>> amounts = {"current_eur": [60, 45, 10], "previous_eur": [50, 50, 0]}
    >>> rows = pd.DataFrame({"envelope": "phmev", "finess": ["a", "b", "c"], **amounts})
    >>> sums = sum_evolutions(rows.assign(is_perimeter_change=[False, False, True]), ["envelope"])
    >>> sums[["evolution_pct", "perimeter_eur", "perimeter_points"]].round(1).values.tolist()
    [[5.0, 10.0, 10.0]]
    """
    states = {name: (name, "any") for name in _STATES if name in evolutions}
    kept = in_both_years(evolutions)
    parts = {
        "compared_eur": evolutions["current_eur"].where(kept, 0),
        "compared_previous_eur": evolutions["previous_eur"].where(kept, 0),
    }
    sums = (
        evolutions.assign(**{name: part.astype(evolutions["current_eur"].dtype) for name, part in parts.items()})
        .groupby(list(by), dropna=False, sort=True)
        .agg(
            **{name: (name, "sum") for name in ("current_eur", "previous_eur", *parts)},
            establishments_nb=("finess", "nunique"),
            **states,
        )
        .reset_index()
    )
    for column in ("current_eur", "previous_eur", *parts):  # a sum widens the type: sums of sums would overflow it
        if isinstance(evolutions["current_eur"].dtype, pd.ArrowDtype):
            sums[column] = sums[column].astype(evolutions["current_eur"].dtype)
    change = sums["current_eur"] - sums["previous_eur"]
    return sums.assign(
        evolution_pct=_rate(sums["compared_eur"], sums["compared_previous_eur"]),
        perimeter_eur=change - (sums["compared_eur"] - sums["compared_previous_eur"]),
        perimeter_points=_rate(sums["current_eur"], sums["previous_eur"])
        - _rate(sums["compared_eur"], sums["compared_previous_eur"]),
    )


def _rate(current: pd.Series[Any], previous: pd.Series[Any]) -> pd.Series[float]:
    before = previous.astype("float64")
    return (100 * (current.astype("float64") / before - 1)).where(before > 0)


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
        rate; they add up to it), ``regional_share`` (0-1, of the regional current amount) and ``rank``. An
        establishment that is not in both years has neither contribution nor rank: ``perimeter_points`` is what its
        change alone would add to the rate of the others.
    """
    kept = in_both_years(evolutions)
    change = evolutions["current_eur"] - evolutions["previous_eur"]
    compared = evolutions[kept]
    now, base = float(compared["current_eur"].sum()), float(compared["previous_eur"].sum())
    total = float(evolutions["current_eur"].sum())
    with_each = 100 * (
        (now + evolutions["current_eur"].astype("float64")) / (base + evolutions["previous_eur"].astype("float64"))
        - now / base
        if base
        else pd.Series(float("nan"), index=evolutions.index)
    )
    frame = evolutions.assign(
        change_eur=change,
        contribution_points=(100 * change.astype("float64") / base).where(kept) if base else float("nan"),
        perimeter_points=with_each.where(~kept),
        regional_share=evolutions["current_eur"].astype("float64") / total if total else float("nan"),
    )
    ordered = frame.sort_values(["change_eur", "finess"], ascending=[False, True]).reset_index(drop=True)
    is_ranked = in_both_years(ordered)
    return ordered.assign(rank=is_ranked.cumsum().where(is_ranked).astype("Int64"))


def comparable_months(
    store: Store, *, envelope: str, year: int, by: str | None = None, counts_cumuls: bool = True
) -> pd.DataFrame:
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
    counts_cumuls
        Whether an amount known by a cumulative delivery alone counts, at the month of the cumul. False where each month
        is shown for itself: its establishment is then left out of the months that the cumul covers.

    Returns
    -------
    DataFrame
        ``group, month, amount_eur, value_status, is_provisional, is_corrected, left_out_nb, by_cumul_nb``, ordered. An
        establishment whose month is missing in ``year`` or the year before is left out of that month in all three, so
        that the cumulative rate of the region is that of the sum of the sheets and the curves have one perimeter;
        ``left_out_nb`` counts them. Where a later cumulative delivery covers the missing months in both years, their
        amount stands whole at the month of the cumul: ``by_cumul_nb`` counts the establishments concerned, at each
        month of such a period. An establishment that had not begun in some month of the year before is left out of
        every month, unless its group holds no other: the curve has the perimeter of the rate.
    """
    group = f"any_value(e.{by})" if by else "null::varchar"
    asked = {"envelope": envelope, "year": year, "counts_cumuls": counts_cumuls}
    return store.query(_MONTHS.format(group=group), asked)


# A period runs from the month after one at which both years are known since January to the next such month: most last
# one month. Months that no such month follows make a last period without end.
# The months of the year before that are still to come in the year are read apart.
_MONTHS = f"""
with known as (select finess, {{group}} as "group" from establishments e group by finess),
cells as (
  select * from ({GRID_TO_DATE}) where envelope = $envelope and year between $year::int - 2 and $year::int
),
entered as (
  select distinct n.finess from cells n join cells p on p.finess = n.finess and p.m = n.m and p.year = n.year - 1
  where n.year = $year::int and n.value_status <> 'not_applicable' and p.value_status = 'not_applicable'
),
compared as (
  select finess, m, bool_or(value_status = 'missing') as is_missing,
         count(*) = count(to_date_eur) as is_anchor, count(*) = 1 as is_to_come
  from cells where year >= $year::int - 1 group by finess, m
),
numbered as (
  select *, coalesce(count(*) filter (is_anchor) over before, 0) as period
  from compared
  window before as (partition by finess, is_to_come order by m rows between unbounded preceding and 1 preceding)
),
periods as (
  select finess, m, is_missing, bool_or(is_missing) over whole as has_gap, min(m) over whole as starts,
         max(m) filter (is_anchor and $counts_cumuls) over whole as ends
  from numbered window whole as (partition by finess, is_to_come, period)
),
counted as (
  select k."group", c.month, c.value_status,
         c.year >= $year::int - 1 and has_gap and ends is not null as is_by_cumul,
         c.year >= $year::int - 1 and is_missing and ends is null as is_left_out,
         case when not has_gap then c.amount_eur
              when c.year < $year::int - 1 and ends is not null then c.amount_eur
              when ends is null then case when not is_missing then c.amount_eur end
              when c.m = ends and c.value_status <> 'not_applicable' then c.to_date_eur - coalesce(b.to_date_eur, 0)
         end as amount_eur,
         c.is_provisional, c.is_corrected, e.finess is not null as is_entered
  from cells c
  left join entered e on e.finess = c.finess
  left join periods p on p.finess = c.finess and p.m = c.m
  left join cells b on b.finess = c.finess and b.year = c.year and b.m = p.starts - 1
  left join known k on k.finess = c.finess
)
select "group", month, sum(amount_eur)::decimal(18, 2) as amount_eur,
       case when sum(amount_eur) is null then 'missing'
            when bool_and(value_status = 'zero') filter (amount_eur is not null) then 'zero'
            else 'reported' end as value_status,
       bool_or(is_provisional) as is_provisional,
       coalesce(bool_or(is_corrected) filter (amount_eur is not null), false) as is_corrected,
       count(*) filter (is_left_out) as left_out_nb, count(*) filter (is_by_cumul) as by_cumul_nb
from (select *, bool_and(is_entered) over (partition by "group") as is_alone from counted)
where is_alone or not is_entered
group by "group", month order by "group", month
"""
