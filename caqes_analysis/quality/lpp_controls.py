"""The controls of the LPP by code: its total against the envelope, the price of a unit against that of the code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.quality.lpp_units import unit_findings
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["check_lpp", "lpp_gaps"]

COVERED_SHARE: Final = 0.02
"""The codes are compared with the envelope when they usually make it up within this share: elsewhere the file holds
some codes only."""
GAP_SHARE: Final = 0.02
"""… and a month is told beyond this share of its envelope."""
PRICE_TIMES: Final = 5.0
"""A unit five times dearer than the code usually is, or cheaper, is told (package's choice)."""
_LEAST_QUANTITY: Final = 20
_FEWEST_LINES_NB: Final = 10


def check_lpp(store: Store) -> list[Finding]:
    """Return what contradicts itself in the LPP by code.

    Parameters
    ----------
    store
        Store with ``lpp_spend``, and ``monthly_spend`` where there is one.

    Returns
    -------
    list of Finding
        ``UNITE_DOUTEUSE`` by file and year, ``ECART_LPP`` by establishment, ``PRIX_UNITAIRE_ATYPIQUE`` by establishment
        and code.
    """
    if not store.has(tables.LPP_SPEND):
        return []
    units = list(unit_findings(store))
    # A year in another unit would be told again for each of its codes.
    return [*units, *_gaps(lpp_gaps(store)), *([] if units else _prices(store))]


def lpp_gaps(store: Store) -> pd.DataFrame:
    """Return the sum of the codes and the envelope « lpp » of the months of which both were received.

    Parameters
    ----------
    store
        As for :func:`check_lpp`.

    Returns
    -------
    DataFrame
        ``finess, month, codes_eur`` (0 where the establishment has no code that month), ``envelope_eur``, ordered;
        establishments that have some code, and months that have some.
    """
    columns = ["finess", "month", "codes_eur", "envelope_eur"]
    if not (store.has(tables.LPP_SPEND) and store.has(tables.MONTHLY_SPEND)):
        return pd.DataFrame(columns=columns)
    return store.query(
        """
        with codes as (
          select finess, make_date(period[:4]::int, period[6:7]::int, 1) as month, sum(amount_eur) as codes_eur
          from lpp_spend where regexp_matches(period, '^[0-9]{4}-[0-9]{2}$') group by all
        )
        select m.finess, m.month, coalesce(c.codes_eur, 0)::decimal(18, 2) as codes_eur, m.amount_eur as envelope_eur
        from monthly_spend m left join codes c on c.finess = m.finess and c.month = m.month
        where m.envelope = 'lpp' and m.amount_kind = 'reimbursed' and m.amount_eur > 0
          and m.finess in (select finess from codes) and m.month in (select month from codes)
        order by m.finess, m.month
        """
    )


def _gaps(rows: pd.DataFrame) -> Iterator[Finding]:
    if rows.empty:
        return
    share = (rows["codes_eur"].astype("float64") / rows["envelope_eur"].astype("float64") - 1).abs()
    if share.median() > COVERED_SHARE:
        return
    for finess, months in rows[share > GAP_SHARE].groupby("finess", sort=True):
        first = months.iloc[0]
        yield Finding(
            delivery="campagne",
            code="ECART_LPP",
            place=f"{finess}, LPP, {french.month_year(first['month'])}",
            severity="warning",
            count=len(months),
            example=f"somme des codes {french.euros(first['codes_eur'], cents=True)}, "
            f"enveloppe {french.euros(first['envelope_eur'], cents=True)}",
            remedy="Les codes font d'ordinaire toute l'enveloppe : un montant a été changé, ou des lignes manquent, "
            "dans l'une des deux sources. Rien n'est changé.",
        )


def _prices(store: Store) -> Iterator[Finding]:
    rows = store.query(
        "select finess, lpp, period, delivery, quantity_nb::double as quantity, amount_eur::double as amount "
        "from lpp_spend where quantity_nb > 0 and amount_eur > 0 order by lpp, finess, period"
    )
    price = (rows["amount"] / rows["quantity"]).map(np.log)
    by_code = price.groupby(rows["lpp"])
    far = price - by_code.transform("median")
    is_odd = ((far < -np.log(PRICE_TIMES)) & (rows["quantity"] >= _LEAST_QUANTITY)) | (far > np.log(PRICE_TIMES))
    odd = rows.assign(far=far)[is_odd & (by_code.transform("size") >= _FEWEST_LINES_NB)]
    for (lpp, finess), lines in odd.groupby(["lpp", "finess"], sort=True):
        first = lines.iloc[0]
        usual = first["amount"] / first["quantity"] / np.exp(first["far"])
        yield Finding(
            delivery=first["delivery"],
            code="PRIX_UNITAIRE_ATYPIQUE",
            place=f"{finess}, code {lpp}, {first['period']}",
            severity="warning",
            count=len(lines),
            example=f"{french.number(first['amount'] / first['quantity'], 2)} € l'unité, d'ordinaire "
            f"{french.number(usual, 2)} €",
            remedy="Cause probable : quantité ou montant changé, ou unité de compte différente. Gardé tel quel, à "
            "vérifier avec la source.",
        )
