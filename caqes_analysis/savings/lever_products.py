"""The presentations behind the levers of each establishment: what to look at, and with whom."""

from __future__ import annotations

from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.savings.lever_rates import AVOIDED_CLASSES, REPLACED_STATUS
from caqes_analysis.store import Store

__all__ = ["lever_products"]

_TOP_NB: Final = 20
# A box is looked at by its molecule and its status in the list of generics, or by its class alone.
_LOOKED_AT: Final = " union all ".join(
    [f"select '{lever}' as lever, atc5 as product_group, * from lines where status = '{status}'"
     for lever, status in REPLACED_STATUS.items()]
    + [f"select '{lever}', '{lever}', * from lines where "
       + " or ".join(f"starts_with(atc5, '{one}')" for one in classes)
       for lever, classes in AVOIDED_CLASSES.items()]
)  # fmt: skip
_QUERY: Final = f"""
with gained as (
  select distinct finess, year, lever, product_group, label from levers where saving_eur > 0
),
lines as (
  select coalesce(s.current_finess, a.finess) as finess, a.year, a.cip13, coalesce(a.atc5, '') as atc5,
         a.generic_status as status, max(a.product_label) as product_label, sum(a.boxes_nb)::bigint as boxes_nb,
         sum(a.reimbursed_eur)::decimal(18, 2) as reimbursed_eur, bool_or(a.is_provisional) as is_provisional,
         bool_or(a.is_corrected) as is_corrected
  from annual_drug_spend a left join successions s on s.finess = a.finess
  where a.cip13 <> '9999999999999' and a.year in (select year from gained) group by all
),
looked_at as ({_LOOKED_AT})
select g.finess, g.lever, g.year, g.label, l.cip13, l.product_label, l.boxes_nb, l.reimbursed_eur, l.is_provisional,
       l.is_corrected, row_number() over own as rank, case when l.reimbursed_eur = 0 then 'zero' else 'reported' end
         as value_status
from gained g join looked_at l using (finess, year, lever, product_group)
window own as (partition by g.finess order by l.reimbursed_eur desc, l.cip13, g.lever, g.label, l.status)
qualify rank <= $top_nb::int
order by g.finess, rank
"""


def lever_products(store: Store) -> pd.DataFrame:
    """Return the presentations behind the levers of every establishment.

    Parameters
    ----------
    store
        Store with ``levers`` and the ``annual_drug_spend`` of their year.

    Returns
    -------
    DataFrame
        Table ``lever_products``: the twenty presentations of each establishment on which most was reimbursed, that
        another one could replace or that could be avoided. Levers that are no drug have no presentation, nor has the
        ceiling of the generics list.
    """
    return tables.LEVER_PRODUCTS.conform(store.query(_QUERY, {"top_nb": _TOP_NB}))
