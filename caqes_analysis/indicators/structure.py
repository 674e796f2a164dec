"""What the drug spending of a year is made of: ATC classes, establishments' levels."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.store import Store

__all__ = ["FEES_LABEL", "MASKED_LABEL", "annual_levels", "annual_years", "drug_classes", "establishment_classes"]

MASKED_LABEL = "Classe masquée (secret statistique)"
FEES_LABEL = "Honoraires de dispensation"


def annual_years(store: Store) -> list[int]:
    """Return the years of the yearly drug files received, oldest first; empty when there is none."""
    if not store.has(tables.ANNUAL_DRUG_SPEND):
        return []
    rows = store.query("select distinct year from annual_drug_spend order by year")
    return [int(year) for year in rows["year"]]


def drug_classes(store: Store, *, year: int, level: int = 2) -> pd.DataFrame:
    """Return what was reimbursed by ATC class in the region, from a yearly file, largest first.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``.
    year
        Year read; the year before is read too when it was received.
    level
        ATC level, 1 to 5.

    Returns
    -------
    DataFrame
        ``code, label, amount_eur, previous_eur, base_eur, boxes_nb``. Masked lines and dispensing fees are classes of
        their own, so that ``amount_eur`` adds up to the whole amount; ``previous_eur`` is missing for every class when
        the year before was not received, and zero for a class that it did not hold.
    """
    return _classes(store, year=year, level=level).drop(columns=["finess", "is_provisional", "is_corrected"])


def establishment_classes(store: Store) -> pd.DataFrame:
    """Return what was reimbursed to each establishment by ATC class, from the last yearly file.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``; what merged establishments spent is that of the one that took them over.

    Returns
    -------
    DataFrame
        Table ``annual_drug_classes``: the classes of :func:`drug_classes` at level 2, establishment by establishment.
    """
    years = annual_years(store)
    if not years:
        return tables.ANNUAL_DRUG_CLASSES.empty()
    rows = _classes(store, year=years[-1], level=2, owner="coalesce(s.current_finess, a.finess)")
    status = ["reported" if amount else "zero" for amount in rows["amount_eur"]]
    return tables.ANNUAL_DRUG_CLASSES.conform(rows.assign(value_status=status), year=years[-1])


def _classes(store: Store, *, year: int, level: int, owner: str = "null::text") -> pd.DataFrame:
    """Return the classes of a yearly file, owner after owner, the largest first."""
    code, name = f"atc{level}", f"atc{level}_label"
    return store.query(
        f"""
        with lines as (
          select {owner} as finess,
                 case when atc1 like '9%' then '999' when atc1 like '0%' then '0'
                      else coalesce({code}, '999') end as code,
                 case when atc1 like '9%' then $masked when atc1 like '0%' then $fees
                      else coalesce({name}, $masked) end as label,
                 a.year = $year::int as is_now, a.reimbursed_eur, a.base_eur, a.boxes_nb, a.is_provisional,
                 a.is_corrected
          from annual_drug_spend a left join successions s on s.finess = a.finess
          where a.year in ($year::int, $year::int - 1)
        )
        select finess, code, min(label) as label,
               coalesce(sum(reimbursed_eur) filter (is_now), 0)::decimal(18, 2) as amount_eur,
               case when $has_previous
                    then coalesce(sum(reimbursed_eur) filter (not is_now), 0)::decimal(18, 2) end as previous_eur,
               coalesce(sum(base_eur) filter (is_now), 0)::decimal(18, 2) as base_eur,
               coalesce(sum(boxes_nb) filter (is_now), 0)::bigint as boxes_nb,
               bool_or(is_provisional) as is_provisional, bool_or(is_corrected) as is_corrected
        from lines group by finess, code order by finess, amount_eur desc, code
        """,
        {"year": year, "masked": MASKED_LABEL, "fees": FEES_LABEL, "has_previous": year - 1 in annual_years(store)},
    )


def annual_levels(store: Store, *, year: int) -> pd.DataFrame:
    """Return what each establishment was reimbursed in a yearly file.

    Returns
    -------
    DataFrame
        ``finess, reimbursed_eur, base_eur, boxes_nb, masked_eur`` (amount of the lines whose CIP13 is masked),
        ordered by FINESS; exact sums.
    """
    return store.query(
        """
        select coalesce(s.current_finess, a.finess) as finess,
               sum(reimbursed_eur)::decimal(18, 2) as reimbursed_eur, sum(base_eur)::decimal(18, 2) as base_eur,
               sum(boxes_nb)::bigint as boxes_nb,
               coalesce(sum(reimbursed_eur) filter (cip13 = '9999999999999'), 0)::decimal(18, 2) as masked_eur
        from annual_drug_spend a left join successions s on s.finess = a.finess
        where year = $year::int group by 1 order by 1
        """,
        {"year": year},
    )
