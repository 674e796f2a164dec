"""What the drug spending of a year is made of: ATC classes, establishments' levels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.store import Store

__all__ = ["annual_levels", "annual_years", "top_classes"]

MASKED_LABEL = "Classe masquée (secret statistique)"
FEES_LABEL = "Honoraires de dispensation"


def annual_years(store: Store) -> list[int]:
    """Return the years of the yearly drug files received, oldest first; empty when there is none."""
    if not store.has(tables.ANNUAL_DRUG_SPEND):
        return []
    return [int(year) for year in store.query("select distinct year from annual_drug_spend order by year")["year"]]


def top_classes(
    store: Store, *, year: int, level: int = 2, number: int = 10, finess: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the ATC classes on which most was reimbursed in a year, then all the others as one row.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``.
    year
        Year read; the year before gives the evolution when it was received.
    level
        ATC level, 1 to 5.
    number
        Classes kept apart; masked lines and dispensing fees are classes of their own when they are large enough.
    finess
        Establishments summed (their predecessors included); all when None.

    Returns
    -------
    DataFrame
        ``code, label, reimbursed_eur, previous_eur, base_eur, boxes_nb, share`` (0-1 of the reimbursed amount),
        ``evolution_pct``, largest first; the rest under the code ``autres``. The sum of ``reimbursed_eur`` is the
        whole amount, masked lines included.
    """
    code, name = f"atc{level}", f"atc{level}_label"
    wanted = list(finess) if finess is not None else None
    rows = store.query(
        f"""
        with lines as (
          select case when atc1 like '9%' then '999' when atc1 like '0%' then '0' else {code} end as code,
                 case when atc1 like '9%' then $masked when atc1 like '0%' then $fees else {name} end as label,
                 a.year, a.reimbursed_eur, a.base_eur, a.boxes_nb
          from annual_drug_spend a left join successions s on s.finess = a.finess
          where a.year in ($year::int, $year::int - 1)
            and ($finess is null or list_contains($finess, coalesce(s.current_finess, a.finess)))
        ),
        sums as (
          select coalesce(code, '999') as code, min(coalesce(label, $masked)) as label,
                 coalesce(sum(reimbursed_eur) filter (year = $year::int), 0) as reimbursed_eur,
                 sum(reimbursed_eur) filter (year = $year::int - 1) as previous_eur,
                 coalesce(sum(base_eur) filter (year = $year::int), 0) as base_eur,
                 coalesce(sum(boxes_nb) filter (year = $year::int), 0) as boxes_nb
          from lines group by 1
        ),
        ranked as (select *, row_number() over (order by reimbursed_eur desc, code) <= $number::int as is_top from sums)
        select case when is_top then code else 'autres' end as code,
               case when is_top then min(label) else 'Autres classes' end as label,
               sum(reimbursed_eur)::decimal(18, 2) as reimbursed_eur,
               sum(previous_eur)::decimal(18, 2) as previous_eur,
               sum(base_eur)::decimal(18, 2) as base_eur, sum(boxes_nb)::bigint as boxes_nb
        from ranked group by is_top, case when is_top then code else 'autres' end
        order by is_top desc, sum(reimbursed_eur) desc, code
        """,
        {"year": year, "number": number, "finess": wanted, "masked": MASKED_LABEL, "fees": FEES_LABEL},
    )
    total = float(rows["reimbursed_eur"].sum()) if len(rows) else 0.0
    previous = rows["previous_eur"].astype("float64")
    current = rows["reimbursed_eur"].astype("float64")
    return rows.assign(
        share=current / total if total else float("nan"),
        evolution_pct=(100 * (current / previous - 1)).where(previous > 0),
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
