"""Establishments through time: who follows whom, and monthly series in which what is missing is said."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.quarters import QUARTER_SERIES, QUARTERS
from caqes_analysis.store import Store

__all__ = [
    "APHP_ENTITY",
    "GRID_TO_DATE",
    "LIFETIMES",
    "YEARS_IN_PART",
    "clinics_without_drugs",
    "current_establishments",
    "latest_descriptions",
    "lifetimes",
    "monthly_grid",
    "successions",
    "with_contract_entity",
]

APHP_ENTITY = "750712184"
"""Juridical entity at which AP-HP signs; Open PHMEV and FINESS stand by its sites."""

GRID_TO_DATE = """
select * exclude (anchor_m),
       case when count(*) filter (value_status = 'missing' and m > anchor_m) over since = 0
            then (coalesce(max(cumulative_eur) over since, 0)
                  + coalesce(sum(amount_eur) filter (m > anchor_m) over since, 0))::decimal(18, 2) end as to_date_eur
from (
  select *, year(month) as year, month(month) as m,
         max(case when cumulative_eur is not null then month(month) else 0 end)
           over (partition by finess, envelope, year(month) order by month) as anchor_m
  from monthly_grid
)
window since as (partition by finess, envelope, year, anchor_m order by m)
"""
"""The monthly grid with ``year``, ``m`` and ``to_date_eur``: what is known since January, as a cumulative delivery says
it and the months that follow add to it, or as the months alone add up; missing when one of those is."""

LIFETIMES = """
select coalesce(s.current_finess, e.finess) as finess, min(e.valid_from) as first_day,
       max(coalesce(e.valid_to, date '9999-12-31')) as last_day,
       case when month(min(e.valid_from)) > 1 then year(min(e.valid_from)) end as part_year
from establishments e left join successions s on s.finess = e.finess group by 1
"""
"""First and last days of each establishment of today. It was there from the first day of those that it took over: a
merger that makes a new FINESS opens nothing. ``part_year`` is the year in the course of which it opened, after January:
its amounts are those of a part of it."""

YEARS_IN_PART = f"""
select finess, coalesce(part_year = $year::int - 1, false) or year(first_day) = $year::int
                 or last_day < make_date($year::int, 12, 1) as is_part
from ({LIFETIMES})
"""
"""By establishment of today, whether ``$year`` and the year before are not two whole years of it: it opened or closed
in the course of them, or was not there. Their difference says nothing of what it prescribed."""

# When an envelope was received in several kinds of amount, the first of these that exists is followed.
_KIND_ORDER = ("reimbursed", "purchase", "tariff", "base")


def with_contract_entity(establishments: pd.DataFrame) -> pd.DataFrame:
    """Return the establishments with the entity at which AP-HP signs, when they hold its sites and not the entity.

    Parameters
    ----------
    establishments
        Table ``establishments``.
    """
    sites = establishments[establishments["finess_ej"] == APHP_ENTITY]
    if sites.empty or (establishments["finess"] == APHP_ENTITY).any():
        return establishments
    entity = {
        "finess": APHP_ENTITY,
        "valid_from": sites["valid_from"].min(),
        "finess_ej": APHP_ENTITY,
        "contract_finess": APHP_ENTITY,
        "name": "Assistance publique - Hôpitaux de Paris (AP-HP)",
        "category": "CHU",
        "legal_status": "public",
        "department": "75",
        "town": "Paris",
        "region": "11",
    }
    return pd.concat([establishments, tables.ESTABLISHMENTS.conform(pd.DataFrame([entity]))], ignore_index=True)


def successions(establishments: pd.DataFrame) -> pd.DataFrame:
    """Return who takes over each merged establishment, chains followed to their end, and who signs for AP-HP's sites.

    Parameters
    ----------
    establishments
        Table ``establishments``.

    Returns
    -------
    DataFrame
        Table ``successions``: ``finess, current_finess, since``. The sites of AP-HP are counted in their entity, when
        it is there: nothing was taken over, and ``since`` is missing.
    """
    has_aphp = bool((establishments["finess"] == APHP_ENTITY).any())
    if establishments["successor"].isna().all() and not has_aphp:
        return tables.SUCCESSIONS.empty()
    closed = establishments[establishments["successor"].notna()].sort_values(["finess", "valid_from"])
    follows = dict(zip(closed["finess"], closed["successor"], strict=True))
    rows = []
    for finess, end in zip(closed["finess"], closed["valid_to"], strict=True):
        current, seen = finess, {finess}
        while current in follows and follows[current] not in seen:
            current = follows[current]
            seen.add(current)
        rows.append({"finess": finess, "current_finess": current, "since": end + pd.Timedelta(days=1)})
    frame = pd.DataFrame(rows, columns=tables.SUCCESSIONS.column_names).drop_duplicates("finess", keep="last")
    if has_aphp:
        sites = establishments.loc[establishments["finess_ej"] == APHP_ENTITY, "finess"]
        frame.loc[frame["current_finess"].isin(sites), "current_finess"] = APHP_ENTITY
        signing = sorted(set(sites) - {APHP_ENTITY, *frame["finess"]})
        grouped = [{"finess": finess, "current_finess": APHP_ENTITY, "since": None} for finess in signing]
        frame = pd.DataFrame([*frame.to_dict("records"), *grouped], columns=tables.SUCCESSIONS.column_names)
    return tables.SUCCESSIONS.conform(frame)


def latest_descriptions(establishments: pd.DataFrame) -> pd.DataFrame:
    """Return the description in force of each establishment, one row each: of those taken over, the last they had.

    Parameters
    ----------
    establishments
        Table ``establishments``, in the order of its files.
    """
    return establishments.sort_values(["finess", "valid_from"]).drop_duplicates("finess", keep="last")


def current_establishments(store: Store) -> pd.DataFrame:
    """Return the establishments of today, one row each, without those that another one has taken over or signs for.

    Parameters
    ----------
    store
        Store of the campaign, with the table ``establishments``.

    Returns
    -------
    DataFrame
        The columns of ``establishments``, ordered by department, name and FINESS.
    """
    everyone = store.read(tables.ESTABLISHMENTS)
    gone = set(successions(everyone)["finess"])
    latest = latest_descriptions(everyone)
    kept = latest[~latest["finess"].isin(gone)]
    return kept.sort_values(["department", "name", "finess"], na_position="last").reset_index(drop=True)


def lifetimes(store: Store) -> pd.DataFrame:
    """Return since when each establishment of today was there, by FINESS.

    Parameters
    ----------
    store
        Store with ``lifetimes`` or, before they are derived, ``establishments`` and ``successions``.

    Returns
    -------
    DataFrame
        ``first_day, last_day, part_year`` of :data:`LIFETIMES`, ordered by FINESS.
    """
    kept = store.has(tables.LIFETIMES)
    rows = store.read(tables.LIFETIMES) if kept else store.query(LIFETIMES)
    return rows.sort_values("finess").set_index("finess")


def clinics_without_drugs(store: Store) -> frozenset[str]:
    """Return the for-profit clinics of which no month of PHMEV was ever received: it does not apply to them.

    Their drugs prescribed for town are in no hospital file: neither zero nor missing. A sum of PHMEV and of another
    envelope does not apply to them either; of a clinic whose PHMEV a region receives, it does.

    Parameters
    ----------
    store
        Store with ``establishments`` and ``monthly_grid``.
    """
    if not store.has(tables.MONTHLY_GRID):
        return frozenset()
    known = current_establishments(store)
    clinics = known.loc[known["legal_status"].eq("prive").fillna(False), "finess"].tolist()
    months = store.rows(tables.MONTHLY_GRID, where={"envelope": "phmev", "finess": clinics}, columns=["finess"])
    return frozenset(clinics) - frozenset(months["finess"])


def monthly_grid(store: Store, *, first_month: pd.Timestamp, last_month: pd.Timestamp) -> pd.DataFrame:
    """Return every establishment, envelope and month of a period, mergers applied and gaps said.

    Parameters
    ----------
    store
        Store with ``monthly_spend`` and ``successions``.
    first_month, last_month
        Bounds of the period, both included.

    Returns
    -------
    DataFrame
        Table ``monthly_grid``. A month that no delivery holds is ``missing`` between the first month ever received
        for the series and ``last_month``, and ``not_applicable`` before that first month; a first cumul received begins
        with the month in which its establishment opened, not in January, unless it is a new FINESS that took over
        others, none of which gives anything of that year under its own: it gives theirs. When several establishments
        have merged, a month in which one of those that had begun is missing is missing as a whole: half an amount
        would pass for a fall. A closed predecessor counts until its last received month. Months that only a
        cumulative delivery covers are ``missing``, and ``cumulative_eur`` holds the amount since January at each month
        at which one was received (``docs/decisions/0010-successive-deliveries.md``). Amounts given at the ends of
        quarters only (:mod:`caqes_analysis.quarters`) are quarters, in a file of months too.
    """
    parameters = {"first": first_month.date(), "last": last_month.date()}
    return tables.MONTHLY_GRID.conform(store.query(_GRID, parameters))


_GRID = f"""
with ranked as (
  select envelope, amount_kind,
         row_number() over (partition by envelope
                            order by list_position({list(_KIND_ORDER)!r}, amount_kind)) as rank
  from (select distinct envelope, amount_kind from monthly_spend
        union select distinct envelope, amount_kind from cumulative_spend)
),
quarterly as ({QUARTER_SERIES}),
received as (  -- The amount of a quarter is that of no month.
  select m.finess as origin, coalesce(s.current_finess, m.finess) as finess, s.since, m.envelope, m.month,
         m.amount_kind, case when q.finess is null then m.amount_eur end as amount_eur,
         case when q.finess is null then m.value_status else 'missing' end as value_status,
         m.value_status <> 'missing' as is_known, m.is_provisional, m.is_corrected
  from monthly_spend m
  left join quarterly q on q.finess = m.finess and q.envelope = m.envelope and q.amount_kind = m.amount_kind
  join ranked r on r.envelope = m.envelope and r.amount_kind = m.amount_kind and r.rank = 1
  left join successions s on s.finess = m.finess
),
counted as (
  select c.finess, c.envelope, c.amount_kind, c.month, c.period_start, c.cumulative_eur, c.is_provisional,
         c.is_corrected
  from (
    select finess, envelope, amount_kind, month, period_start, cumulative_eur, is_provisional, is_corrected
    from cumulative_spend where replaced_by is null
    union all
    select finess, envelope, amount_kind, month, period_start, cumulative_eur, is_provisional, is_corrected
    from ({QUARTERS})
  ) c
  join ranked r on r.envelope = c.envelope and r.amount_kind = c.amount_kind and r.rank = 1
  where c.cumulative_eur is not null
),
openings as (
  select finess, date_trunc('month', min(valid_from))::date as opens from establishments group by finess
),
heirs as (  -- The last year of each envelope that those that an establishment took over gave under their own FINESS.
  select e.successor as finess, k.envelope, max(year(k.month)) as last_year
  from (select origin, envelope, month from received where amount_eur is not null
        union all select finess, envelope, month from counted) k
  join establishments e on e.finess = k.origin and e.successor is not null
  group by all
),
cumuls as (
  select c.finess as origin, coalesce(s.current_finess, c.finess) as finess, s.since, c.envelope, c.amount_kind,
         c.month, c.cumulative_eur,
         -- A new FINESS that gives the whole year of those it took over has opened in January.
         case when o.opens between c.period_start and c.month and coalesce(h.last_year >= year(o.opens), true)
              then o.opens else c.period_start end as period_start,
         c.is_provisional, c.is_corrected
  from counted c
  left join successions s on s.finess = c.finess
  left join openings o on o.finess = c.finess
  left join heirs h on h.finess = c.finess and h.envelope = c.envelope
),
evidence as (
  select origin, finess, since, envelope, amount_kind, month, month as last_month, is_known from received
  union all
  select origin, finess, since, envelope, amount_kind, period_start, month, true from cumuls
),
origins as (
  select origin, finess, envelope, any_value(amount_kind) as amount_kind,
         min(month) filter (is_known) as begins,
         case when any_value(since) is null then $last::date
              else least($last::date, max(last_month)) end as ends
  from evidence group by origin, finess, envelope
),
months as (select unnest(generate_series($first::date, $last::date, interval 1 month))::date as month),
cells as (
  select o.origin, o.finess, o.envelope, o.amount_kind, t.month,
         t.month >= o.begins and t.month <= o.ends as is_active,
         o.ends, r.amount_eur, r.value_status, c.cumulative_eur,
         coalesce(r.is_provisional, false) or (r.amount_eur is null and coalesce(c.is_provisional, false))
           as is_provisional,
         coalesce(r.is_corrected, false) or (r.amount_eur is null and coalesce(c.is_corrected, false)) as is_corrected
  from origins o cross join months t
  left join received r on r.origin = o.origin and r.envelope = o.envelope and r.month = t.month
  left join cumuls c on c.origin = o.origin and c.envelope = o.envelope and c.month = t.month
  where o.begins is not null
),
to_date as (
  select *, bool_or(is_active) over so_far as has_begun,
         -- Months that are all received count before a cumul, which may be older than they are.
         coalesce(case when count(*) filter (is_active and amount_eur is null) over so_far = 0
                       then sum(amount_eur) filter (is_active) over so_far end,
                  cumulative_eur,
                  case when month > ends then max(case when month = ends then cumulative_eur end) over so_far end)
           as to_date_eur
  from cells
  window so_far as (partition by origin, envelope, year(month) order by month)
)
select finess, envelope, month, any_value(amount_kind) as amount_kind,
       case when count(*) filter (is_active) = 0 then null
            when count(*) filter (is_active and amount_eur is null) > 0 then null
            else sum(amount_eur) filter (is_active) end::decimal(18, 2) as amount_eur,
       case when count(cumulative_eur) > 0 and count(*) filter (has_begun and to_date_eur is null) = 0
            then sum(to_date_eur) filter (has_begun) end::decimal(18, 2) as cumulative_eur,
       case when count(*) filter (is_active) = 0 then 'not_applicable'
            when count(*) filter (is_active and amount_eur is null) > 0 then 'missing'
            when bool_and(value_status = 'zero') filter (is_active) then 'zero'
            else 'reported' end as value_status,
       coalesce(bool_or(is_provisional), false) as is_provisional,
       coalesce(bool_or(is_corrected), false) as is_corrected
from to_date
group by finess, envelope, month
order by finess, envelope, month
"""
