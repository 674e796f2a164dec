"""Can the figures be trusted? Completeness of the months, and totals of one source against another."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.store import Store

__all__ = ["completeness", "missing_months", "perimeter_changes", "reconciliation"]


def completeness(store: Store, *, envelope: str, year: int) -> pd.DataFrame:
    """Return the state of every month of an envelope in a year and the year before.

    Returns
    -------
    DataFrame
        Rows of ``monthly_grid`` (``finess, month, amount_eur, value_status, is_provisional``).
    """
    return store.query(
        "select finess, month, amount_eur, value_status, is_provisional from monthly_grid "
        "where envelope = $envelope and year(month) between $year::int - 1 and $year::int order by finess, month",
        {"envelope": envelope, "year": year},
    )


def missing_months(store: Store, *, year: int) -> pd.DataFrame:
    """Return the months that are missing in a year or the year before.

    Returns
    -------
    DataFrame
        ``finess, envelope, month``, ordered.
    """
    return store.query(
        "select finess, envelope, month from monthly_grid where value_status = 'missing' "
        "and year(month) between $year::int - 1 and $year::int order by finess, envelope, month",
        {"year": year},
    )


def perimeter_changes(store: Store, *, year: int) -> pd.DataFrame:
    """Return the mergers and openings that bear on a year and the one before, with their amount.

    Returns
    -------
    DataFrame
        ``finess, kind`` (``merger`` or ``opening``), ``since, current_finess, amount_eur`` (what the establishment
        spent in the year before it merged, or since it opened, all envelopes), ordered by date.
    """
    return store.query(
        """
        with spent as (
          select m.finess, s.since, s.current_finess, m.month, m.amount_eur
          from monthly_spend m left join successions s on s.finess = m.finess
        ),
        begun as (select finess, min(month) as since from spent where amount_eur is not null group by finess)
        select finess, 'merger' as kind, since, current_finess,
               sum(amount_eur) filter (month >= since - interval 1 year)::decimal(18, 2) as amount_eur
        from spent where since is not null and year(since) >= $year::int - 1
        group by finess, since, current_finess
        union all
        select p.finess, 'opening', b.since, null, sum(p.amount_eur)::decimal(18, 2)
        from spent p join begun b on b.finess = p.finess
        where year(b.since) >= $year::int - 1 and b.since > (select min(month) from monthly_spend)
        group by p.finess, b.since
        order by since, finess
        """,
        {"year": year},
    )


def reconciliation(store: Store) -> pd.DataFrame:
    """Compare each year of the yearly drug files with the sum of its months, establishment by establishment.

    Returns
    -------
    DataFrame
        ``year, establishments_nb, annual_eur, monthly_eur, gap_eur, differing_nb``: sums over the establishments found
        in both sources, and the number of those whose two totals differ. Empty unless both sources were received.
    """
    columns = ["year", "establishments_nb", "annual_eur", "monthly_eur", "gap_eur", "differing_nb"]
    if not (store.has(tables.ANNUAL_DRUG_SPEND) and store.has(tables.MONTHLY_SPEND)):
        return pd.DataFrame(columns=columns)
    return store.query(
        """
        with annual as (
          select finess, year, sum(reimbursed_eur) as annual_eur from annual_drug_spend group by finess, year
        ),
        monthly as (
          select finess, year(month) as year, sum(amount_eur) as monthly_eur from monthly_spend
          where envelope = 'phmev' and amount_kind = 'reimbursed' group by 1, 2
        )
        select year, count(*) as establishments_nb, sum(annual_eur)::decimal(18, 2) as annual_eur,
               sum(monthly_eur)::decimal(18, 2) as monthly_eur,
               (sum(monthly_eur) - sum(annual_eur))::decimal(18, 2) as gap_eur,
               count(*) filter (annual_eur <> monthly_eur) as differing_nb
        from annual join monthly using (finess, year) group by year order by year
        """
    )
