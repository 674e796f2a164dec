"""Mergers, openings and closures: what the perimeter of a comparison owes them, in euros."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.deliveries import PERIODS
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.store import Store

__all__ = ["closures_without_successor", "may_have_changed", "perimeter_changes", "spending_outside_validity"]


def perimeter_changes(store: Store, *, year: int, first_month: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return the mergers, openings and closures of a year and of the one before, with their reimbursed amount.

    Parameters
    ----------
    store
        Store with ``monthly_spend``, ``cumulative_spend``, ``successions`` and ``establishments``.
    year
        Year of the campaign.
    first_month
        First month received of the region: who begins later has opened. By default the first of the store, which is
        that of the region unless the store is limited to one establishment.

    Returns
    -------
    DataFrame
        ``finess, kind`` (``merger``, ``opening`` or ``closure`` without successor), ``since, current_finess,
        amount_eur, other_kinds_nb, is_provisional``, ordered by date. ``amount_eur`` is what was reimbursed, all
        envelopes (what two of them count in one month and one kind is added once), in the twelve months before the
        merger or the closure, or since the opening (a merger that makes a new FINESS is none); kinds of amounts are
        never added to each other: envelopes received only in another kind are left out and counted in
        ``other_kinds_nb``. What is known by cumuls counts by whole periods: one that begins before the twelve months is
        left out.
    """
    parts = [envelope for envelope in ENVELOPES if envelope.part_of is not None]
    return store.query(
        f"""
        with opened as (
          select finess, date_trunc('month', min(valid_from))::date as day from establishments group by finess
        ),
        own as (  -- A first cumul begins when its establishment opened.
          select p.* exclude (period_start),
                 case when o.day between p.period_start and p.period_end then o.day else p.period_start end as month
          from ({PERIODS}) p left join opened o using (finess)
        ),
        spent as (
          select m.finess, s.since, s.current_finess, m.month, m.envelope, m.amount_kind, m.amount_eur,
                 m.is_provisional,
                 exists (select 1 from own w
                         where w.finess = m.finess and w.envelope = p.whole and w.amount_kind = m.amount_kind
                           and w.month <= m.period_end and w.period_end >= m.month) as is_part
          from own m
          left join successions s on s.finess = m.finess
          left join (select unnest($parts) as part, unnest($wholes) as whole) p on p.part = m.envelope
        ),
        begun as (select finess, min(month) as since from spent where amount_eur is not null group by finess),
        taken_over as (
          select current_finess as finess, min(month) as since from spent
          where amount_eur is not null and current_finess is not null group by current_finess
        ),
        ended as (
          select finess, (max(valid_to) + interval 1 day)::date as since from establishments
          group by finess
          having count(*) filter (valid_to is null) = 0 and count(successor) = 0
        ),
        changes as (
          select finess, 'merger' as kind, since, current_finess, envelope, amount_kind, is_part, is_provisional,
                 case when month >= since - interval 1 year then amount_eur end as amount_eur
          from spent where since is not null and year(since) >= $year::int - 1
          union all
          select p.finess, 'opening', b.since, null, p.envelope, p.amount_kind, p.is_part, p.is_provisional,
                 p.amount_eur
          from spent p join begun b on b.finess = p.finess left join taken_over t on t.finess = p.finess
          where year(b.since) >= $year::int - 1 and coalesce(b.since <= t.since, true)
            and b.since > coalesce($first::date, (select min(month) from own))
          union all
          select p.finess, 'closure', e.since, null, p.envelope, p.amount_kind, p.is_part, p.is_provisional,
                 case when p.month >= e.since - interval 1 year and p.month < e.since then p.amount_eur end
          from spent p join ended e on e.finess = p.finess where year(e.since) >= $year::int - 1
        )
        select finess, kind, since, current_finess,
               sum(amount_eur) filter (amount_kind = 'reimbursed' and not is_part)::decimal(18, 2) as amount_eur,
               count(distinct envelope) filter (amount_eur is not null)
                 - count(distinct envelope) filter (amount_eur is not null and amount_kind = 'reimbursed')
                 as other_kinds_nb,
               coalesce(bool_or(is_provisional) filter (amount_eur is not null), false) as is_provisional
        from changes group by finess, kind, since, current_finess order by since, finess
        """,
        {
            "year": year,
            "first": None if first_month is None else first_month.date(),
            "parts": [envelope.code for envelope in parts],
            "wholes": [envelope.part_of for envelope in parts],
        },
    )


def may_have_changed(store: Store, finess: str, *, first_month: pd.Timestamp) -> bool:
    """Say whether :func:`perimeter_changes` may name a merger into an establishment, or its opening.

    It costs ten times as much, and of most establishments it names neither: nobody merged into them, and a month of
    theirs is as old as the region's.

    Parameters
    ----------
    store
        As for :func:`perimeter_changes`.
    finess
        The establishment.
    first_month
        First month received of the region.
    """
    counted = store.read(tables.SUCCESSIONS)
    if ((counted["current_finess"] == finess) & counted["since"].notna()).any():
        return True
    months = store.rows(tables.MONTHLY_SPEND, where={"finess": finess}, columns=["month", "amount_eur"])
    received = months.loc[months["amount_eur"].notna(), "month"].min()
    return not received <= first_month  # of cumuls alone, no month is known


def spending_outside_validity(store: Store) -> pd.DataFrame:
    """Return what establishments spent before they opened or after they closed.

    Parameters
    ----------
    store
        Store with ``monthly_spend`` and ``establishments``.

    Returns
    -------
    DataFrame
        ``finess, kind`` (``before`` or ``after``), ``bound`` (day of opening or closing), ``months_nb, first_month,
        last_month, amount_eur, delivery, successor``, ordered by FINESS.
    """
    return store.query(
        """
        with validity as (
          select finess, min(valid_from) as opens,
                 case when count(*) filter (valid_to is null) = 0 then max(valid_to) end as closes,
                 any_value(successor) as successor
          from establishments group by finess
        ),
        outside as (
          select m.*, v.successor, case when m.month > v.closes then 'after' else 'before' end as kind,
                 case when m.month > v.closes then v.closes else v.opens end as bound
          from monthly_spend m join validity v using (finess)
          where m.amount_eur <> 0 and (m.month > v.closes or m.month < date_trunc('month', v.opens))
        )
        select finess, kind, bound, count(distinct month) as months_nb, min(month) as first_month,
               max(month) as last_month, sum(amount_eur)::decimal(18, 2) as amount_eur, min(delivery) as delivery,
               any_value(successor) as successor
        from outside group by finess, kind, bound order by finess, kind
        """
    )


def closures_without_successor(store: Store) -> pd.DataFrame:
    """Return the establishments that closed during the months received and that nobody has taken over.

    Those that spend after they closed are left out: their date is in doubt before their successor is.

    Parameters
    ----------
    store
        Store with ``monthly_spend`` and ``establishments``.

    Returns
    -------
    DataFrame
        ``finess, closed_on, amount_eur`` (reimbursed, all envelopes, in the twelve months before), ordered by FINESS.
    """
    return store.query(
        """
        with ended as (
          select finess, max(valid_to) as closed_on from establishments
          group by finess having count(*) filter (valid_to is null) = 0 and count(successor) = 0
        )
        select e.finess, e.closed_on, sum(m.amount_eur)::decimal(18, 2) as amount_eur
        from ended e join monthly_spend m using (finess)
        where m.amount_kind = 'reimbursed' and m.amount_eur > 0 and e.closed_on < (select max(month) from monthly_spend)
          and m.month <= e.closed_on and m.month > e.closed_on - interval 1 year
          and not exists (
            select 1 from monthly_spend later
            where later.finess = e.finess and later.month > e.closed_on and later.amount_eur <> 0)
        group by all order by e.finess
        """
    )
