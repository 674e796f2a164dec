"""A whole file of LPP by code in another unit: against the envelope of the same establishments, against other years."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["unit_findings"]

POWER_TOLERANCE: Final = 0.15
"""A ratio is a power of ten within 10^0.15 = 1.41, like a lone month (package's choice)…"""
SPREAD: Final = 0.15
"""… and the same for all: half of the establishments and periods within that many powers of ten of each other. A file
of a few codes has a share of the envelope of its own in each."""
LEAST_ENVELOPE_EUR: Final = 1000.0
_FEWEST_NB: Final = 6
_FEWEST_CODES_NB: Final = 10
_MOST_POWERS: Final = 3


def unit_findings(store: Store) -> Iterator[Finding]:
    """Yield the files, by year, whose amounts are a power of ten away from what another source says.

    Parameters
    ----------
    store
        Store with ``lpp_spend``, and ``monthly_spend`` where there is one.
    """
    told: set[tuple[str, str]] = set()
    for rows, against in ((_to_envelope(store), "l'enveloppe LPP des mêmes établissements"), (_to_before(store), "")):
        for (delivery, year), group in rows.groupby(["delivery", "year"], sort=True):
            powers = group["powers"]
            middle = float(powers.median())
            nearest = round(middle)
            spread = float(powers.quantile(0.75) - powers.quantile(0.25))
            is_power = 0 < abs(nearest) <= _MOST_POWERS and abs(middle - nearest) < POWER_TOLERANCE
            if (str(delivery), str(year)) in told or not is_power or spread > SPREAD:
                continue
            told.add((str(delivery), str(year)))
            yield _finding(str(delivery), str(year), middle, len(group), against or f"les années avant {year}")


def _finding(delivery: str, year: str, powers: float, count: int, against: str) -> Finding:
    small = powers < 0
    times = french.number(10 ** abs(powers), 0)
    units = {-3: "montants en milliers d'euros (k€)", 2: "montants en centimes"}
    return Finding(
        delivery=delivery,
        code="UNITE_DOUTEUSE",
        place=f"LPP par code, {year}",
        severity="error",
        count=count,
        example=f"{times} fois {'moins' if small else 'plus'} que {against}",
        remedy=f"Cause probable : {units.get(round(powers), 'virgule décalée')} dans tout le fichier. Le faire "
        "renvoyer en euros, ou donner son unité dans la correspondance de colonnes. Rien n'est changé.",
    )


def _to_envelope(store: Store) -> pd.DataFrame:
    """Return, by establishment and period, the power of ten of the codes over the envelope."""
    if not store.has(tables.MONTHLY_SPEND):
        return pd.DataFrame(columns=["delivery", "year", "powers"])
    rows = store.query(
        """
        with codes as (
          select delivery, finess, period, sum(amount_eur)::double as codes_eur from lpp_spend
          where regexp_matches(period, '^[0-9]{4}(-[0-9]{2})?$') group by all
        ),
        spent as (
          select finess, strftime(month, '%Y-%m') as period, amount_eur::double as amount_eur from monthly_spend
          where envelope = 'lpp' and amount_kind = 'reimbursed' and amount_eur is not null
        ),
        envelope as (
          from spent union all
          select finess, period[:4], sum(amount_eur) from spent group by finess, period[:4] having count(*) = 12
        )
        select c.delivery, c.period[:4] as year, log10(c.codes_eur / e.amount_eur) as powers
        from codes c join envelope e using (finess, period)
        where c.codes_eur > 0 and e.amount_eur >= ? order by all
        """,
        [LEAST_ENVELOPE_EUR],
    )
    return _known(rows, _FEWEST_NB)


def _to_before(store: Store) -> pd.DataFrame:
    """Return, by code, the power of ten of the price of a unit over that of the years before."""
    prices = store.query(
        """
        select delivery, period[:4] as year, lpp, sum(amount_eur)::double as amount, sum(quantity_nb)::double as nb
        from lpp_spend where quantity_nb > 0 and amount_eur > 0 group by all order by all
        """
    )
    parts = []
    for year in sorted(set(prices["year"]))[1:]:
        before = prices[prices["year"] < year].groupby("lpp")[["amount", "nb"]].sum()
        usual = np.log10(before["amount"] / before["nb"])
        now = prices[prices["year"] == year]
        powers = np.log10(now["amount"] / now["nb"]) - now["lpp"].map(usual)
        parts.append(now.assign(powers=powers).dropna(subset=["powers"]))
    rows = pd.concat(parts) if parts else pd.DataFrame(columns=["delivery", "year", "powers"])
    return _known(rows, _FEWEST_CODES_NB)


def _known(rows: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Keep the files and years of which enough is known."""
    if rows.empty:
        return rows
    return rows[rows.groupby(["delivery", "year"])["powers"].transform("size") >= fewest]
