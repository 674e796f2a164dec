"""What was spent on each product in N-1 and in N, side by side: the rows that a decomposition reads.

Amounts are whole cents and quantities whole thousandths: the arithmetic that follows is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from caqes_analysis.known_periods import KNOWN_TO_DATE
from caqes_analysis.perimeter import YEARS_IN_PART
from caqes_analysis.store import Store

__all__ = ["PAIR_COLUMNS", "annual_pairs", "extra_list_pairs", "lpp_pairs", "transport_pairs"]

PAIR_COLUMNS = (
    "finess",
    "code",
    "label",
    "atc",
    "atc_label",
    "nature",
    "scope",
    "previous_milli_nb",
    "current_milli_nb",
    "previous_base_cents",
    "current_base_cents",
    "previous_cents",
    "current_cents",
)
"""Columns of a pair. ``nature``: product, fees or masked. ``scope``: both, entry, exit or perimeter."""

# A code that nobody had the year before has entered the market; an establishment without any line has changed the
# perimeter, as one that opened or closed in the course of a year, whose lines are those of a part of it. Both are read
# on the whole base, whatever establishments are asked for.
_PAIRED = f"""
, here as (
  select finess, bool_or(year = $year::int - 1) as was_here, bool_or(year = $year::int) as is_here
  from lines group by finess
),
part_year as ({YEARS_IN_PART}),
market as (
  select code, bool_or(year = $year::int - 1) as was_sold, bool_or(year = $year::int) as is_sold
  from lines where nature = 'product' group by code
),
paired as (
  select finess, code, nature, max(label) as label, max(atc) as atc, max(atc_label) as atc_label,
         coalesce(sum(milli_nb) filter (year = $year::int - 1), 0)::bigint as previous_milli_nb,
         coalesce(sum(milli_nb) filter (year = $year::int), 0)::bigint as current_milli_nb,
         coalesce(sum(base_cents) filter (year = $year::int - 1), 0)::bigint as previous_base_cents,
         coalesce(sum(base_cents) filter (year = $year::int), 0)::bigint as current_base_cents,
         coalesce(sum(cents) filter (year = $year::int - 1), 0)::bigint as previous_cents,
         coalesce(sum(cents) filter (year = $year::int), 0)::bigint as current_cents
  from lines where $finess::text[] is null or list_contains($finess::text[], finess)
  group by finess, code, nature
)
select p.finess, p.code, p.label, p.atc, p.atc_label, p.nature,
       case when not (h.was_here and h.is_here) or coalesce(y.is_part, false) then 'perimeter'
            when p.nature <> 'product' then 'both'
            when not m.was_sold then 'entry' when not m.is_sold then 'exit' else 'both' end as scope,
       p.previous_milli_nb, p.current_milli_nb, p.previous_base_cents, p.current_base_cents,
       p.previous_cents, p.current_cents
from paired p join here h on h.finess = p.finess left join part_year y on y.finess = p.finess
left join market m on m.code = p.code and p.nature = 'product'
order by p.finess, p.code, p.nature
"""
# A masked line may still tell its class of level 4.
_FINEST_ATC = "case when a.atc5 is null or starts_with(a.atc5, '9') then a.atc4 else a.atc5 end"
_LISTED = """
exists (select 1 from code_lists k where k.list = ${name}
        and ((k.kind = 'atc' and starts_with(coalesce({atc}, ''), k.code)) or (k.kind = '{kind}' and k.code = {code})))
"""


def annual_pairs(
    store: Store,
    *,
    year: int,
    level: int = 5,
    finess: Sequence[str] | None = None,
    within: str | None = None,
    without: str | None = None,
) -> pd.DataFrame:
    """Return what each establishment was reimbursed by presentation in two yearly drug files.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend`` of ``year`` and of the year before.
    year
        Year N.
    level
        ATC level of ``atc``, 1 to 5.
    finess
        Establishments wanted (their predecessors included); all when None.
    within
        Code list (ATC or CIP13) to which the lines are limited; fees belong to none.
    without
        Code list left out of both years: « champ constant ».

    Returns
    -------
    DataFrame
        Columns :data:`PAIR_COLUMNS`; quantities are boxes, the base is the base of reimbursement. Masked lines are one
        product per ATC class that is still told; fees are a nature of their own.
    """
    kept = _kept(within, without, atc=_FINEST_ATC, kind="cip13", code="a.cip13")
    return store.query(
        f"""
        with lines as (
          select coalesce(s.current_finess, a.finess) as finess, a.year,
                 case when a.atc1 like '0%' then 'fees' when a.cip13 = '9999999999999' then 'masked'
                      else 'product' end as nature,
                 case when a.atc1 like '0%' then 'honoraires'
                      when a.cip13 = '9999999999999' then coalesce(a.atc5, '999') else a.cip13 end as code,
                 a.product_label as label, a.atc{level} as atc, a.atc{level}_label as atc_label,
                 1000 * coalesce(a.boxes_nb, 0) as milli_nb,
                 (100 * coalesce(a.base_eur, 0))::bigint as base_cents,
                 (100 * coalesce(a.reimbursed_eur, 0))::bigint as cents
          from annual_drug_spend a left join successions s on s.finess = a.finess
          where a.year in ($year::int - 1, $year::int) and {kept}
        )
        {_PAIRED}
        """,
        _parameters(year, finess, within=within, without=without),
    )


def extra_list_pairs(
    store: Store,
    *,
    year: int,
    kind: Literal["drug", "device"] = "drug",
    last_month_nb: int = 12,
    amount_kind: Literal["reimbursed", "purchase"] = "purchase",
    finess: Sequence[str] | None = None,
    within: str | None = None,
    without: str | None = None,
) -> pd.DataFrame:
    """Return what each establishment used by UCD or LPP of the liste en sus, over the same months of two years.

    The base is the amount at the tariff: the one received, else the quantity at the dated tariff (TTC) of its month,
    else, for a product whose tariff nobody gave, the amount itself. So a tariff that falls is a price effect, for the
    reference as for its biosimilars, and what is paid beside the tariff is the rate effect.

    Parameters
    ----------
    store
        Store with ``extra_list_use``, and ``extra_list_tariffs`` when a history was received.
    year
        Year N.
    kind
        Drugs (UCD) or devices (LPP).
    last_month_nb
        Last month of both years.
    amount_kind
        Amount followed: what was reimbursed, or the purchase price.
    finess, within, without
        As in :func:`annual_pairs`.

    Returns
    -------
    DataFrame
        Columns :data:`PAIR_COLUMNS`; ``atc`` is empty: the lines do not tell it, and ``label`` is that of the code
        lists, where one has the code.
    """
    code_kind = "ucd" if kind == "drug" else "lpp"
    kept = _kept(within, without, atc="''", kind=code_kind, code="u.code")
    return store.query(
        f"""
        with labels as (select code, min(label) as label from code_lists where kind = '{code_kind}' group by code),
        lines as (
          select coalesce(s.current_finess, u.finess) as finess, year(u.month) as year, 'product' as nature, u.code,
                 k.label, null::text as atc, null::text as atc_label,
                 (1000 * coalesce(u.quantity_nb, 0))::bigint as milli_nb,
                 (100 * coalesce(u.tariff_eur, round(u.quantity_nb * t.tariff_ttc_eur, 2), u.{amount_kind}_eur, 0)
                 )::bigint as base_cents,
                 (100 * coalesce(u.{amount_kind}_eur, 0))::bigint as cents
          from extra_list_use u
          left join successions s on s.finess = u.finess
          left join labels k on k.code = u.code
          left join extra_list_tariffs t on t.kind = u.kind and t.code = u.code and t.valid_from <= u.month
                                        and (t.valid_to is null or u.month <= t.valid_to)
          where u.kind = '{kind}' and year(u.month) in ($year::int - 1, $year::int)
            and month(u.month) <= $last_month::int and {kept}
        )
        {_PAIRED}
        """,
        {**_parameters(year, finess, within=within, without=without), "last_month": last_month_nb},
    )


def lpp_pairs(
    store: Store,
    *,
    year: int,
    last_month_nb: int = 12,
    finess: Sequence[str] | None = None,
    within: str | None = None,
    without: str | None = None,
) -> pd.DataFrame:
    """Return what each establishment was reimbursed by LPP code, over the same months of two years.

    The base is the amount reimbursed: the extract gives no other, so that the rate effect is zero.

    Parameters
    ----------
    store
        Store with ``lpp_spend``, by month or by year.
    year, last_month_nb, finess, within, without
        As in :func:`extra_list_pairs`; a line of a whole year counts only when all its months do.

    Returns
    -------
    DataFrame
        Columns :data:`PAIR_COLUMNS`.
    """
    kept = _kept(within, without, atc="''", kind="lpp", code="l.lpp")
    return store.query(
        f"""
        with labels as (select code, min(label) as label from code_lists where kind = 'lpp' group by code),
        lines as (
          select coalesce(s.current_finess, l.finess) as finess, left(l.period, 4)::int as year, 'product' as nature,
                 l.lpp as code, k.label, null::text as atc, null::text as atc_label,
                 (1000 * coalesce(l.quantity_nb, 0))::bigint as milli_nb,
                 (100 * coalesce(l.amount_eur, 0))::bigint as base_cents,
                 (100 * coalesce(l.amount_eur, 0))::bigint as cents
          from lpp_spend l left join successions s on s.finess = l.finess left join labels k on k.code = l.lpp
          where left(l.period, 4)::int in ($year::int - 1, $year::int) and {kept}
            and case when length(l.period) = 4 then $last_month::int = 12
                     else right(l.period, 2)::int <= $last_month::int end
        )
        {_PAIRED}
        """,
        {**_parameters(year, finess, within=within, without=without), "last_month": last_month_nb},
    )


def transport_pairs(store: Store, *, year: int, finess: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what each establishment was reimbursed by mode of transport, with its trips, in two whole years.

    Parameters
    ----------
    store
        Store with ``monthly_grid`` and ``activity`` (``trips_ambulance``, ``trips_taxi``, ``trips_vsl``, by year).
    year, finess
        As in :func:`annual_pairs`.

    Returns
    -------
    DataFrame
        Columns :data:`PAIR_COLUMNS`, one product per mode (``ambulance``, ``taxi``, ``vsl``); an establishment one of
        whose months is missing is left out: half a year would pass for a fall.
    """
    return store.query(
        f"""
        with years as (
          select * from ({KNOWN_TO_DATE})
          where starts_with(envelope, 'transport_') and year in ($year::int - 1, $year::int) and month_nb = 12
        ),
        whole as (
          select finess from years group by finess having bool_and(is_known) and count(distinct year) = 2
        ),
        spent as (
          select finess, year, replace(envelope, 'transport_', '') as code, amount_eur
          from years semi join whole using (finess) where has_begun
        ),
        trips as (
          select coalesce(s.current_finess, a.finess) as finess, a.period::int as year,
                 replace(a.activity, 'trips_', '') as code, sum(a.count_nb) as count_nb
          from activity a left join successions s on s.finess = a.finess
          where a.activity in ('trips_ambulance', 'trips_taxi', 'trips_vsl')
            and a.period in (($year::int - 1)::text, $year::int::text) group by all
        ),
        lines as (
          select p.finess, p.year, 'product' as nature, p.code, p.code as label, null::text as atc,
                 null::text as atc_label, (1000 * coalesce(t.count_nb, 0))::bigint as milli_nb,
                 (100 * p.amount_eur)::bigint as base_cents, (100 * p.amount_eur)::bigint as cents
          from spent p left join trips t using (finess, year, code) where p.amount_eur is not null
        )
        {_PAIRED}
        """,
        _parameters(year, finess),
    )


def _kept(within: str | None, without: str | None, **columns: str) -> str:
    inside = "true" if within is None else _LISTED.format(name="within", **columns)
    outside = "true" if without is None else f"not {_LISTED.format(name='without', **columns)}"
    return f"{inside} and {outside}"


def _parameters(year: int, finess: Sequence[str] | None, **lists: str | None) -> dict[str, object]:
    named = {name: code_list for name, code_list in lists.items() if code_list is not None}
    return {"year": year, "finess": None if finess is None else list(finess), **named}
