"""Totals of one source against another."""

from __future__ import annotations

from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.deliveries import PERIODS
from caqes_analysis.store import Store

__all__ = [
    "UNMATCHED_WORDS",
    "annual_absences",
    "annual_gaps",
    "annual_years_in_doubt",
    "envelope_weights",
    "reconciliation",
    "unmatched_years",
]

UNMATCHED_WORDS: Final = "la somme des mois n'est pas celle d'Open PHMEV"
"""What is said of the years of :func:`unmatched_years`, of which nothing else is said."""
GAP_SHARE: Final = 0.02
"""Sources that usually agree within this share (dates of care against dates of reimbursement) warn beyond it…"""
GAP_USUAL_TIMES: Final = 5.0
"""… or beyond so many times their usual gap; those that agree to the cent warn at the first cent."""
EXACT_SHARE: Final = 1e-9
_MONTHS_NB: Final = 12
_YEARS: Final = f"""
select finess, year(period_end) as year, sum(amount_eur) as monthly_eur, sum(months_nb) as months_nb
from ({PERIODS}) where envelope = 'phmev' and amount_kind = 'reimbursed' group by 1, 2
"""
"""What each establishment spent of the PHMEV each year, by its months or its cumuls, and how many months these are."""


def _are_both_received(store: Store) -> bool:
    has_months = store.has(tables.MONTHLY_SPEND) or store.has(tables.CUMULATIVE_SPEND)
    return store.has(tables.ANNUAL_DRUG_SPEND) and has_months


def reconciliation(store: Store) -> pd.DataFrame:
    """Compare each year of the yearly drug files with the sum of its months, establishment by establishment.

    Returns
    -------
    DataFrame
        ``year, establishments_nb, annual_eur, monthly_eur, gap_eur, differing_nb``: sums over the establishments found
        in both sources (those of today), and the number of those whose two totals differ. Empty unless both sources
        were received.
    """
    columns = ["year", "establishments_nb", "annual_eur", "monthly_eur", "gap_eur", "differing_nb"]
    if not _are_both_received(store):
        return pd.DataFrame(columns=columns)
    return store.query(
        f"""
        with annual as (
          select finess, year, sum(reimbursed_eur) as annual_eur from annual_drug_spend group by finess, year
        ),
        monthly as ({_YEARS})
        select year, count(distinct coalesce(s.current_finess, finess)) as establishments_nb,
               sum(annual_eur)::decimal(18, 2) as annual_eur,
               sum(monthly_eur)::decimal(18, 2) as monthly_eur,
               (sum(monthly_eur) - sum(annual_eur))::decimal(18, 2) as gap_eur,
               count(*) filter (annual_eur <> monthly_eur) as differing_nb
        from annual join monthly using (finess, year) left join (select finess, current_finess from successions) s
          using (finess)
        group by year order by year
        """
    )


def annual_gaps(store: Store, *, merged: bool = False) -> pd.DataFrame:
    """Compare each establishment's year in Open PHMEV with the sum of its months.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, and ``monthly_spend`` or ``cumulative_spend``.
    merged
        True to count those that merged with the one that took them over, as the monthly grid does.

    Returns
    -------
    DataFrame
        ``finess, year, annual_eur, monthly_eur`` (0 where it has no month), ``months_nb`` (months with an amount),
        ``usual_share`` (median gap of all establishments that year, as a share), ``is_beyond`` (the two disagree more
        than the sources usually do), ordered; years of which the months were received. Empty unless both sources were.
    """
    columns = ["finess", "year", "annual_eur", "monthly_eur", "months_nb", "usual_share", "is_beyond"]
    if not _are_both_received(store):
        return pd.DataFrame(columns=columns)
    rows = store.query(
        f"""
        with merged as (select finess, current_finess from successions where $merged),
        months as (  -- What a cumul adds stands in its last month, and covers those before.
          select *, unnest(generate_series(period_start, period_end, interval 1 month))::date as month
          from ({PERIODS}) where envelope = 'phmev' and amount_kind = 'reimbursed'
        ),
        annual as (
          select coalesce(s.current_finess, a.finess) as finess, year, sum(reimbursed_eur) as annual_eur
          from annual_drug_spend a left join merged s on s.finess = a.finess group by 1, 2
        ),
        monthly as (
          select coalesce(s.current_finess, m.finess) as finess, year(month) as year,
                 sum(amount_eur) filter (month = period_end) as monthly_eur, count(distinct month) as months_nb
          from months m left join merged s on s.finess = m.finess group by 1, 2
        ),
        whole as (select year(month) as year from months group by 1 having count(distinct month) = 12),
        paired as (
          select a.finess, a.year, a.annual_eur, coalesce(m.monthly_eur, 0)::decimal(18, 2) as monthly_eur,
                 coalesce(m.months_nb, 0) as months_nb
          from annual a join whole using (year) left join monthly m using (finess, year)
        )
        select *, coalesce(median(abs(monthly_eur / annual_eur - 1)::double)
                             filter (months_nb > 0 and annual_eur > 0) over (partition by year), 0) as usual_share
        from paired order by year, finess
        """,
        {"merged": merged},
    )
    pairs = zip(rows["monthly_eur"], rows["annual_eur"], strict=True)
    share = pd.Series(
        [abs(float((monthly - annual) / annual)) if annual else 0.0 for monthly, annual in pairs],
        index=rows.index,
        dtype="float64",
    )
    limit = (GAP_USUAL_TIMES * rows["usual_share"]).clip(lower=GAP_SHARE)
    return rows.assign(is_beyond=share > limit.where(rows["usual_share"] > EXACT_SHARE, 0.0))


def unmatched_years(store: Store) -> pd.DataFrame:
    """Return the years of PHMEV whose twelve months do not make the yearly base: they say no verdict.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, and ``monthly_spend`` or ``cumulative_spend``.

    Returns
    -------
    DataFrame
        Rows of :func:`annual_gaps`, mergers applied, beyond the tolerance of the finding « écart annuel », that no
        missing month explains. A base that looks like another year's proves nothing.
    """
    rows = annual_gaps(store, merged=True)
    if rows.empty:
        return rows
    doubtful = annual_years_in_doubt(store)["year"].tolist()
    is_whole = rows["months_nb"] == _MONTHS_NB
    return rows[rows["is_beyond"] & is_whole & ~rows["year"].isin(doubtful)].reset_index(drop=True)


def annual_absences(store: Store) -> pd.DataFrame:
    """Return, by year, the establishments followed by month of which the yearly base has no line.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, and ``monthly_spend`` or ``cumulative_spend``.

    Returns
    -------
    DataFrame
        ``year, source, absent_nb, followed_nb, finess, monthly_eur``: the largest of those left out; years whose base
        has most of the establishments followed. Empty unless both sources were received.
    """
    columns = ["year", "source", "absent_nb", "followed_nb", "finess", "monthly_eur"]
    if not _are_both_received(store):
        return pd.DataFrame(columns=columns)
    return store.query(
        f"""
        with base as (select year, min(source) as source from annual_drug_spend group by year),
        followed as (
          select coalesce(s.current_finess, m.finess) as finess, m.year, sum(m.monthly_eur) as monthly_eur
          from ({_YEARS}) m left join successions s on s.finess = m.finess
          group by all having sum(m.monthly_eur) > 0
        ),
        known as (
          select distinct coalesce(s.current_finess, a.finess) as finess, a.year
          from annual_drug_spend a left join successions s on s.finess = a.finess
        ),
        paired as (
          select f.*, b.source, k.finess is null as is_absent
          from followed f join base b using (year) left join known k on k.finess = f.finess and k.year = f.year
        )
        select year, any_value(source) as source, count(*) filter (is_absent) as absent_nb, count(*) as followed_nb,
               arg_max(finess, monthly_eur) filter (is_absent) as finess,
               (max(monthly_eur) filter (is_absent))::decimal(18, 2) as monthly_eur
        from paired group by year
        having count(*) filter (is_absent) between 1 and count(*) // 2 order by year
        """
    )


def envelope_weights(store: Store) -> pd.DataFrame:
    """Return what each envelope weighs beside the PHMEV of the same establishments and months.

    Parameters
    ----------
    store
        Store with ``monthly_spend``.

    Returns
    -------
    DataFrame
        ``envelope, delivery, year, ratio`` (sum of the envelope over the sum of the PHMEV), ordered. Empty without
        PHMEV.
    """
    return store.query(
        """
        with phmev as (select finess, month, amount_eur from monthly_spend where envelope = 'phmev' and amount_eur > 0)
        select m.envelope, m.delivery, year(m.month) as year, (sum(m.amount_eur) / sum(p.amount_eur))::double as ratio
        from monthly_spend m join phmev p using (finess, month)
        where m.envelope <> 'phmev' and m.amount_eur > 0
        group by all order by all
        """
    )


def annual_years_in_doubt(store: Store) -> pd.DataFrame:
    """Return the yearly bases that are closer to another year than to the one they are given for.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, and ``monthly_spend`` or ``cumulative_spend`` where there is one.

    Returns
    -------
    DataFrame
        ``year, source, other_year, against`` (``months`` of the other year, or its own yearly ``base``),
        ``establishments_nb, own_share, other_share`` (median gaps, as shares; ``own_share`` is missing against a
        base), ordered. Two bases are the same when most establishments have the same total to the cent.
    """
    columns = ["year", "source", "other_year", "against", "establishments_nb", "own_share", "other_share"]
    if not store.has(tables.ANNUAL_DRUG_SPEND):
        return pd.DataFrame(columns=columns)
    return store.query(
        f"""
        with annual as (
          select finess, year, min(source) as source, sum(reimbursed_eur) as eur from annual_drug_spend
          group by finess, year having sum(reimbursed_eur) > 0
        ),
        monthly as (
          select finess, year, monthly_eur as eur from ({_YEARS}) where months_nb = {_MONTHS_NB} and monthly_eur > 0
        ),
        fits as (
          select a.year, any_value(a.source) as source, m.year as other_year, count(*) as establishments_nb,
                 median(abs(m.eur / a.eur - 1)::double) as share
          from annual a join monthly m using (finess) group by a.year, m.year
        ),
        best as (
          select o.*, f.share as own_share from fits o join fits f on f.year = o.year and f.other_year = f.year
          where o.other_year <> o.year and o.establishments_nb >= 3
          qualify row_number() over (partition by o.year order by o.share, o.other_year) = 1
        )
        select year, source, other_year, 'months' as against, establishments_nb, own_share, share as other_share
        from best where share < own_share / 4
        union all
        select a.year, any_value(a.source), b.year, 'base', count(*), null, 0.0
        from annual a join annual b on a.finess = b.finess and a.year > b.year
        group by a.year, b.year having count(*) filter (a.eur = b.eur) > count(*) / 2 and count(*) >= 3
        order by all
        """
    )
