"""What the drug spending of a year is made of: ATC classes, establishments' levels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.store import Store

__all__ = ["FEES_LABEL", "MASKED_LABEL", "annual_levels", "annual_products", "annual_years", "drug_classes"]

MASKED_LABEL = "Classe masquée (secret statistique)"
FEES_LABEL = "Honoraires de dispensation"


def annual_products(store: Store) -> pd.DataFrame:
    """Return what was prescribed in the region in each yearly drug file, masked lines and fees left out.

    Returns
    -------
    DataFrame
        Table ``annual_products``.
    """
    return store.query(
        "select distinct year, cip13 from annual_drug_spend "
        "where cip13 <> '9999999999999' and atc1 not like '0%' order by year, cip13"
    )


def annual_years(store: Store) -> list[int]:
    """Return the years of the yearly drug files received, oldest first; empty when there is none."""
    if not store.has(tables.ANNUAL_DRUG_SPEND):
        return []
    rows = store.query("select year from annual_drug_spend union select year from annual_products order by year")
    return [int(year) for year in rows["year"]]


def drug_classes(store: Store, *, year: int, level: int = 2, finess: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what was reimbursed by ATC class in a yearly file, largest first.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``.
    year
        Year read; the year before is read too when it was received.
    level
        ATC level, 1 to 5.
    finess
        Establishments summed (their predecessors included); all when None.

    Returns
    -------
    DataFrame
        ``code, label, amount_eur, previous_eur, base_eur, boxes_nb``. Masked lines and dispensing fees are classes of
        their own, so that ``amount_eur`` adds up to the whole amount; ``previous_eur`` is missing for every class when
        the year before was not received, and zero for a class that it did not hold.
    """
    code, name = f"atc{level}", f"atc{level}_label"
    return store.query(
        f"""
        with lines as (
          select case when atc1 like '9%' then '999' when atc1 like '0%' then '0'
                      else coalesce({code}, '999') end as code,
                 case when atc1 like '9%' then $masked when atc1 like '0%' then $fees
                      else coalesce({name}, $masked) end as label,
                 a.year, a.reimbursed_eur, a.base_eur, a.boxes_nb
          from annual_drug_spend a left join successions s on s.finess = a.finess
          where a.year in ($year::int, $year::int - 1)
            and ($finess is null or list_contains($finess, coalesce(s.current_finess, a.finess)))
        )
        select code, min(label) as label,
               coalesce(sum(reimbursed_eur) filter (year = $year::int), 0)::decimal(18, 2) as amount_eur,
               case when $has_previous
                    then coalesce(sum(reimbursed_eur) filter (year = $year::int - 1), 0)::decimal(18, 2)
               end as previous_eur,
               coalesce(sum(base_eur) filter (year = $year::int), 0)::decimal(18, 2) as base_eur,
               coalesce(sum(boxes_nb) filter (year = $year::int), 0)::bigint as boxes_nb
        from lines group by code order by amount_eur desc, code
        """,
        {
            "year": year,
            "finess": list(finess) if finess is not None else None,
            "masked": MASKED_LABEL,
            "fees": FEES_LABEL,
            "has_previous": year - 1 in annual_years(store),
        },
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
