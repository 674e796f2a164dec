"""Deliveries that follow each other: cumuls cut into periods, what counts, what changed from one to the next."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.quarters import QUARTER_SERIES
from caqes_analysis.store import Store

__all__ = ["PERIODS", "difference", "history", "latest", "periods", "restated_cumuls", "restatements", "to_cumulative"]

_CELL = ["finess", "month", "envelope", "amount_kind"]
_SERIES = ["finess", "envelope", "amount_kind"]


def to_cumulative(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows read as monthly for what they are: cumuls from January to their month.

    Parameters
    ----------
    rows
        Table ``monthly_spend`` as a reader gave it.

    Returns
    -------
    DataFrame
        Table ``cumulative_spend``, not yet differenced.
    """
    renamed = rows.rename(columns={"amount_eur": "cumulative_eur", "quantity_nb": "cumulative_nb"})
    return tables.CUMULATIVE_SPEND.conform(renamed)


def difference(cumuls: pd.DataFrame) -> pd.DataFrame:
    """Say what each cumul adds to the one before it in its year: ``increment = cumul − previous cumul``.

    Parameters
    ----------
    cumuls
        Table ``cumulative_spend``; rows with ``replaced_by`` are left as they are.

    Returns
    -------
    DataFrame
        The same rows, ordered, with ``period_start``, ``months_nb``, ``increment_eur`` and ``increment_nb``. A missing
        cumul adds nothing: the next one then adds a longer period. Negative increments are kept.

    Examples
    --------
    >>> from decimal import Decimal
    >>> months = {"2024-03-01": Decimal("30.00"), "2024-06-01": Decimal("70.00"), "2024-09-01": Decimal("65.00")}
    >>> rows = pd.DataFrame({"month": list(months), "cumulative_eur": list(months.values()), "finess": "990000001"})
    >>> rows = rows.assign(envelope="lpp", amount_kind="reimbursed", delivery=["m3", "m6", "m9"], date_basis="care")
    >>> state = {"tax": "TTC", "value_status": "reported", "is_provisional": False, "is_corrected": False}
    >>> found = difference(tables.CUMULATIVE_SPEND.conform(rows.assign(**state)))
    >>> found[["period_start", "months_nb", "increment_eur"]].astype(str).values.tolist()
    [['2024-01-01', '3', '30.00'], ['2024-04-01', '3', '40.00'], ['2024-07-01', '3', '-5.00']]
    """
    rows = cumuls.sort_values([*_SERIES, "month", "delivery"], ignore_index=True)
    counts = rows["replaced_by"].isna() & rows["cumulative_eur"].notna()
    known = rows[counts]
    keys = [known[name] for name in _SERIES] + [known["month"].dt.year]
    before = known.groupby(keys, sort=False)[["month", "cumulative_eur", "cumulative_nb"]].shift()
    january = pd.to_datetime(known["month"].dt.year.astype(str) + "-01-01").astype(known["month"].dtype)
    start = (before["month"] + pd.DateOffset(months=1)).where(before["month"].notna(), january)
    is_first = before["month"].isna()
    rows["period_start"] = start.reindex(rows.index)
    rows["months_nb"] = (known["month"].dt.month - start.dt.month + 1).reindex(rows.index)
    for total, increment in (("cumulative_eur", "increment_eur"), ("cumulative_nb", "increment_nb")):
        added = (known[total] - before[total]).where(~is_first, known[total])
        rows[increment] = added.reindex(rows.index)
    return tables.CUMULATIVE_SPEND.conform(rows)


def latest(store: Store) -> pd.DataFrame:
    """Return the months that count: for each, the value of the last delivery that gives it.

    Parameters
    ----------
    store
        Store of a campaign, received.

    Returns
    -------
    DataFrame
        Table ``monthly_spend``, ordered; one row per ``finess, month, envelope, amount_kind``.
    """
    return store.read(tables.MONTHLY_SPEND).sort_values(_CELL, ignore_index=True)


def history(store: Store) -> pd.DataFrame:
    """Return every value ever received for each month, in the order of the deliveries.

    Parameters
    ----------
    store
        Store of a campaign, received.

    Returns
    -------
    DataFrame
        ``finess, envelope, amount_kind, month, delivery, received_on, as_of, rank, is_latest, amount_eur,
        value_status``, ordered. ``rank`` counts from 1, the oldest; ``as_of`` is the month of the delivery, or the
        last month for which it holds an amount when the campaign does not say it.
    """
    return store.query(_HISTORY)


_HISTORY = """
with every as (
  select finess, envelope, amount_kind, month, delivery, amount_eur, value_status, true as is_latest from monthly_spend
  union all
  select finess, envelope, amount_kind, month, delivery, amount_eur, value_status, false from replaced_spend
),
ends as (select delivery, max(month) filter (amount_eur is not null) as last_month from every group by delivery),
dated as (
  select e.*, d.received_on, coalesce(d.as_of, n.last_month) as as_of,
         count(distinct d.received_on) over (partition by finess, envelope, amount_kind, month)
           = count(*) over (partition by finess, envelope, amount_kind, month) as is_told_by_reception
  from every e join ends n using (delivery) left join deliveries d using (delivery)
)
select finess, envelope, amount_kind, month, delivery, received_on, as_of,
       row_number() over (partition by finess, envelope, amount_kind, month
                          order by case when is_told_by_reception then received_on else as_of end, delivery) as rank,
       is_latest, amount_eur, value_status
from dated order by finess, envelope, amount_kind, month, rank
"""


def restatements(store: Store) -> pd.DataFrame:
    """Return each change of a month from one delivery to the next that gives it.

    Parameters
    ----------
    store
        Store of a campaign, received.

    Returns
    -------
    DataFrame
        ``finess, envelope, amount_kind, month, old_delivery, new_delivery, received_on, as_of`` (of the new one)
        ``, old_eur, new_eur, difference_eur`` (missing when one of the two is), ordered; unchanged values are left
        out.
    """
    return store.query(
        f"""
        with history as ({_HISTORY}),
        steps as (
          select *, lag(delivery) over cell as old_delivery, lag(amount_eur) over cell as old_eur
          from history window cell as (partition by finess, envelope, amount_kind, month order by rank)
        )
        select finess, envelope, amount_kind, month, old_delivery, delivery as new_delivery, received_on, as_of,
               old_eur, amount_eur as new_eur, (amount_eur - old_eur)::decimal(18, 2) as difference_eur
        from steps where old_delivery is not null and old_eur is distinct from amount_eur
        order by finess, envelope, amount_kind, month, rank
        """
    )


def restated_cumuls(store: Store) -> pd.DataFrame:
    """Return each change of a cumul from one delivery to the next that gives it; corrected ones are left out.

    Parameters
    ----------
    store
        Store of a campaign, received.

    Returns
    -------
    DataFrame
        ``finess, envelope, amount_kind, month`` (the last of the cumul) ``, old_delivery, new_delivery, old_eur,
        new_eur``, ordered.
    """
    return store.query(
        """
        with dated as (  -- As superseding.delivery_orders: by reception, else by month of drawing up.
          select c.*, case when count(distinct d.received_on) over cell = count(*) over cell
                           then d.received_on else d.as_of end as told_on
          from cumulative_spend c left join deliveries d using (delivery)
          window cell as (partition by finess, month, envelope, amount_kind)
        ),
        steps as (
          select *, lag(delivery) over cell as old_delivery, lag(cumulative_eur) over cell as old_eur
          from dated window cell as (partition by finess, month, envelope, amount_kind order by told_on, delivery)
        )
        select finess, envelope, amount_kind, month, old_delivery, delivery as new_delivery, old_eur,
               cumulative_eur as new_eur
        from steps where old_delivery is not null and old_eur is distinct from cumulative_eur and not is_corrected
        order by finess, envelope, amount_kind, month, told_on, new_delivery
        """
    )


def periods(store: Store) -> pd.DataFrame:
    """Return what is known of each series, by the periods in which it was received: months, quarters…

    Parameters
    ----------
    store
        Store of a campaign, received.

    Returns
    -------
    DataFrame
        ``finess, envelope, amount_kind, period_start, period_end`` (first days of the first and last months)
        ``, months_nb, amount_eur, is_provisional``, ordered. Periods of several months come from quarters in
        a file of months (:mod:`caqes_analysis.quarters`) and from cumulative deliveries; the latter are left out where
        a month of theirs is known by itself, so that nothing counts twice.
    """
    return store.query(f"{PERIODS} order by finess, envelope, amount_kind, period_start")


PERIODS = f"""
with quarterly as ({QUARTER_SERIES}),
long as (
  select * from cumulative_spend c
  where replaced_by is null and months_nb > 1 and increment_eur is not null and not exists (
    select 1 from monthly_spend m
    where m.finess = c.finess and m.envelope = c.envelope and m.amount_kind = c.amount_kind
      and m.amount_eur is not null and m.month between c.period_start and c.month)
)
select finess, envelope, amount_kind,
       case when first_end is null then month else (month - interval 2 month)::date end as period_start,
       month as period_end, case when first_end is null then 1 else 3 end::bigint as months_nb, amount_eur,
       is_provisional
from monthly_spend left join quarterly using (finess, envelope, amount_kind) where amount_eur is not null
union all
select finess, envelope, amount_kind, period_start, month, months_nb, increment_eur, is_provisional from long
"""
"""What :func:`periods` returns, to be read within another query."""
