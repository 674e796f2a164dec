"""Trips against what they cost: the two come from the same invoices."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["find_trip_prices"]

PRICE_TIMES: Final = 1.7
"""A trip 1.7 times dearer or cheaper than the mode usually is in the region (package's choice: an ambulance costs some
1.6 times a taxi, and three times a VSL)…"""
PRICE_SDS: Final = 5.0
"""… and five robust standard deviations away, is told."""
_SD_FLOOR: Final = 0.08
_FEWEST_NB: Final = 8
_LEAST_TRIPS_NB: Final = 100
_MAD_TO_SD: Final = 1.4826
_NAMES: Final = {"ambulance": "ambulance", "taxi": "taxi", "vsl": "VSL"}


def find_trip_prices(store: Store, explained: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Yield the establishments whose euros per trip are far from those of the others, mode by mode.

    Parameters
    ----------
    store
        Store with ``activity`` and ``monthly_spend``.
    explained
        Establishments and periods of which something wrong is already told; an empty FINESS means all.
    """
    if not store.has(tables.MONTHLY_SPEND):
        return
    rows = store.query(
        """
        with trips as (
          select finess, period, activity[7:] as mode, count_nb::double as trips_nb, delivery,
                 period[:4]::int as year, if(length(period) = 4, 12, period[7:8]::int) as months_nb
          from activity
          where activity in ('trips_ambulance', 'trips_taxi', 'trips_vsl') and count_nb >= $least
            and regexp_matches(period, '^[0-9]{4}(-M[0-9]{2})?$')
        )
        select t.finess, t.period, t.mode, t.trips_nb, t.delivery, sum(m.amount_eur)::double as spent_eur
        from trips t join monthly_spend m
          on m.finess = t.finess and m.envelope = 'transport_' || t.mode and m.amount_kind = 'reimbursed'
             and year(m.month) = t.year and month(m.month) <= t.months_nb
        group by all having count(m.amount_eur) = any_value(t.months_nb) and sum(m.amount_eur) > 0
        order by t.finess, t.mode, t.period
        """,
        {"least": _LEAST_TRIPS_NB},
    )
    price = pd.Series(np.log(rows["spent_eur"] / rows["trips_nb"]), index=rows.index, dtype="float64")
    usual = price.groupby(rows["mode"]).transform("median")
    far = price - usual
    sd = np.maximum(_MAD_TO_SD * far.abs().groupby(rows["mode"]).transform("median"), _SD_FLOOR)
    enough = rows.groupby("mode")["finess"].transform("nunique") >= _FEWEST_NB
    odd = rows.assign(price=np.exp(price), usual=np.exp(usual))[
        enough & (far.abs() > np.maximum(np.log(PRICE_TIMES), PRICE_SDS * sd))
    ]
    known = [(finess, period) in explained or ("", period) in explained for finess, period in
             zip(odd["finess"], odd["period"], strict=True)]  # fmt: skip
    odd = odd[~pd.Series(known, index=odd.index, dtype=bool)]
    for finess, lines in odd.groupby("finess", sort=True):
        first = lines.iloc[0]
        modes = french.list_in_words([_NAMES[mode] for mode in dict.fromkeys(lines["mode"])])
        yield Finding(
            delivery=first["delivery"],
            code="PRIX_PAR_TRAJET_ATYPIQUE",
            place=f"{finess}, {modes}, {first['period']}",
            severity="warning",
            count=len(lines),
            example=f"{_NAMES[first['mode']]} : {french.number(first['price'], 0)} € le trajet, d'ordinaire "
            f"{french.number(first['usual'], 0)} €",
            remedy="Les trajets et leurs euros ne vont pas ensemble : nombres ou montants de deux modes échangés, ou "
            "l'un des deux faux. Rien n'est changé, à vérifier avec la source.",
        )
