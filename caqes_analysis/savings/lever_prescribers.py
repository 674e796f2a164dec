"""Who prescribed the products behind a lever, where the region's extract says it: for the establishment alone."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.exact import cents, share_out
from caqes_analysis.store import Store

__all__ = ["MINIMUM_BOXES_NB", "OTHERS", "lever_prescribers", "listed_establishments"]

MINIMUM_BOXES_NB: Final = 11
"""Boxes of a product under which a prescriber is not named: as few patients may stand behind a line."""
OTHERS: Final = "Autres"
"""Prescriber of what is left of a product: those not named, and boxes that the list gives to nobody."""

_COLUMNS: Final = [
    *("finess", "lever", "code", "product_label", "prescriber_kind", "prescriber", "prescriber_label"),
    *("units_nb", "spent_eur", "saving_eur"),
]
_KEY: Final = ["finess", "lever", "product_group", "code", "prescriber_kind"]
_LINES: Final = """
select coalesce(s.current_finess, p.finess) as finess, p.code, p.prescriber_kind, p.prescriber,
       max(p.prescriber_label) as prescriber_label, sum(p.boxes_nb) as listed_nb, sum(p.reimbursed_eur) as listed_eur
from prescriber_spend p left join successions s on s.finess = p.finess
where p.year = $year::int and p.boxes_nb > 0 and p.reimbursed_eur is not null
group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""


def listed_establishments(store: Store, *, year: int) -> list[str]:
    """Return the establishments of which a list of prescribers was received for a year, in order.

    Parameters
    ----------
    store
        Store with ``prescriber_spend``; none without it.
    year
        Year of volumes and prices of the levers.
    """
    if not store.has(tables.PRESCRIBER_SPEND):
        return []
    return sorted(store.query(_LINES, {"year": year})["finess"].unique())


def lever_prescribers(store: Store, details: pd.DataFrame, *, year: int) -> pd.DataFrame:
    """Return who prescribed the products behind the levers, product by product.

    The saving of a product is shared among its prescribers as its boxes are; a prescriber of fewer than
    :data:`MINIMUM_BOXES_NB` boxes of it is counted with the others. Products without part of the saving, or of which
    nobody can be named, are left out.

    Parameters
    ----------
    store
        Store with ``prescriber_spend``; nothing without it.
    details
        What :func:`~caqes_analysis.savings.lever_details.lever_details` returns.
    year
        Year of volumes and prices of the levers.

    Returns
    -------
    DataFrame
        ``finess, lever, code, product_label, prescriber_kind`` (``rpps``, ``service``)``, prescriber``
        (:data:`OTHERS` for what is left)``, prescriber_label, units_nb, spent_eur, saving_eur`` (exact decimals), the
        largest saving first within a lever and a kind. By product and kind, ``saving_eur`` adds up to the product's;
        so do units and euros, unless the list holds more than the establishment's own total.
    """
    if details.empty or not store.has(tables.PRESCRIBER_SPEND):
        return pd.DataFrame(columns=_COLUMNS)
    gaining = details[details["saving_eur"] > 0]
    found = gaining.merge(store.query(_LINES, {"year": year}), on=["finess", "code"])
    shared = [part for _, rows in found.groupby(_KEY, sort=True) if len(part := _share(rows))]
    if not shared:
        return pd.DataFrame(columns=_COLUMNS)
    whole = pd.concat(shared, ignore_index=True)
    order = ["finess", "lever", "prescriber_kind", "saving_eur", "code", "prescriber"]
    is_ascending = [True, True, True, False, True, True]
    return whole.sort_values(order, ascending=is_ascending, ignore_index=True)[_COLUMNS]


def _share(rows: pd.DataFrame) -> pd.DataFrame:
    """Share one product among those who prescribed it, then what is left."""
    first = rows.iloc[0]
    named = rows[rows["listed_nb"] >= MINIMUM_BOXES_NB]
    if named.empty:
        return pd.DataFrame(columns=_COLUMNS)
    units = {str(who): Decimal(nb) for who, nb in zip(named["prescriber"], named["listed_nb"], strict=True)}
    spent = {str(who): Decimal(eur) for who, eur in zip(named["prescriber"], named["listed_eur"], strict=True)}
    labels = dict(zip(named["prescriber"], named["prescriber_label"], strict=True))
    left_nb = _exact(first["units_nb"]) - sum(units.values())
    if left_nb > 0:
        units[OTHERS] = left_nb
        spent[OTHERS] = max(Decimal("0.00"), first["spent_eur"] - sum(spent.values()))
    savings = share_out(first["saving_eur"], units)
    shared: list[dict[str, Any]] = [
        {
            **{name: first[name] for name in ("finess", "lever", "code", "product_label", "prescriber_kind")},
            "prescriber": who,
            "prescriber_label": labels.get(who),
            "units_nb": nb,
            "spent_eur": spent[who],
            "saving_eur": savings[who],
        }
        for who, nb in units.items()
    ]
    return pd.DataFrame(shared, columns=_COLUMNS)


def _exact(units_nb: float) -> Decimal:
    return cents(Fraction(units_nb))
