"""How the last months fill up from one delivery to the next: chain ladder, with the standard error of Mack (1993)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from caqes_analysis.deliveries import history, restatements
from caqes_analysis.quality.corrections import without_corrected
from caqes_analysis.store import Store

__all__ = [
    "COMPLETED_COLUMNS",
    "Ladder",
    "completed_by_establishment",
    "completed_months",
    "fit_ladder",
    "links_of",
    "total_error",
]

OLDEST_AGE: Final = 24
"""Months after which a month is taken as complete (package's choice; claims are due within 27 months)."""
COMPLETED_COLUMNS: Final = (
    "envelope", "amount_kind", "month", "as_of", "age", "received_eur", "completed_eur", "standard_error_eur",
    "lower_80_eur", "upper_80_eur",
)  # fmt: skip
_Z_80: Final = float(ndtri(0.9))
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ladder:
    """Development factors from each age to the next.

    Parameters
    ----------
    step
        Months between two ages.
    ages
        Ages from which there is a factor, in months, increasing.
    factors
        Volume-weighted factors: ``Σ C(age + step) / Σ C(age)``.
    variances
        Mack's ``σ²`` of each age; NaN where links are too few.
    weights_eur
        ``Σ C(age)`` over the links of each age.
    links_nb
        Number of links of each age.
    """

    step: int
    ages: npt.NDArray[np.int64]
    factors: Floats
    variances: Floats
    weights_eur: Floats
    links_nb: npt.NDArray[np.int64]

    def chain(self, age: int) -> npt.NDArray[np.intp]:
        """Return the places of the factors that lead from an age to the last one; empty when it is complete."""
        places = []
        while (place := np.flatnonzero(self.ages == age)).size:
            places.append(place[0])
            age += self.step
        return np.array(places, dtype=np.intp)

    def moves(self, age: int) -> bool:
        """Say whether an amount received at an age is still expected, or known, to change."""
        places = self.chain(age)
        return bool((self.factors[places] != 1).any() or (self.variances[places] > 0).any())

    def complete(self, received_eur: float, age: int) -> tuple[float, float]:
        """Return what an amount received at an age becomes when complete, and the standard error of that.

        Notes
        -----
        Mack (1993), ASTIN Bulletin 23(2), formula (7): ``se² = Ĉ² Σ σ²/f² (1/Ĉ_k + 1/Σ_j C_jk)``, process and
        estimation errors together. Nothing is added beyond the last age observed.
        """
        value, relative = float(received_eur), 0.0
        for place in self.chain(age):
            factor, variance = self.factors[place], self.variances[place]
            if value > 0:
                relative += variance / factor**2 * (1 / value + 1 / self.weights_eur[place])
            value *= factor
        return value, value * float(np.sqrt(relative))


def links_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the links of each month: what the same establishments amounted to in one delivery and in a later one.

    Parameters
    ----------
    rows
        ``finess, month, as_of, amount_eur``: every value ever received of one envelope.

    Returns
    -------
    DataFrame
        ``month, age, gap`` (months to the next delivery), ``from_eur, to_eur``; establishments that one of the two
        deliveries does not give are left out of both.
    """
    known = rows.dropna(subset=["amount_eur", "as_of"]).sort_values(["finess", "month", "as_of"])
    known = known.assign(age=_months(known["as_of"]) - _months(known["month"]), value=known["amount_eur"].astype(float))
    later = known.groupby(["finess", "month"])[["age", "value"]].shift(-1)
    pairs = known.assign(gap=later["age"] - known["age"], to_eur=later["value"]).dropna(subset=["to_eur"])
    pairs = pairs[(pairs["gap"] > 0) & (pairs["age"] >= 0)]
    summed = pairs.groupby(["month", "age", "gap"], as_index=False)[["value", "to_eur"]].sum()
    return summed.rename(columns={"value": "from_eur"}).astype({"age": int, "gap": int})


def fit_ladder(links: pd.DataFrame) -> Ladder | None:
    """Return the development factors that links give; None when there is none.

    Parameters
    ----------
    links
        As :func:`links_of` returns them. Deliveries come at a regular step, the most frequent gap; others are left
        out.
    """
    usable = links[(links["from_eur"] > 0) & (links["age"] < OLDEST_AGE)]
    if usable.empty:
        return None
    step = int(usable["gap"].mode().iloc[0])
    usable = usable[usable["gap"] == step]
    ages, factors, variances, weights, counts = [], [], [], [], []
    for age, group in usable.groupby("age", sort=True):
        before, after = group["from_eur"].to_numpy(float), group["to_eur"].to_numpy(float)
        factor = after.sum() / before.sum()
        spread = (before * (after / before - factor) ** 2).sum() / (len(group) - 1) if len(group) > 1 else np.nan
        ages.append(int(str(age)))
        factors.append(factor)
        variances.append(spread)
        weights.append(before.sum())
        counts.append(len(group))
    return Ladder(
        step, np.array(ages), np.array(factors), _extended(np.array(ages), np.array(variances), step),
        np.array(weights), np.array(counts),
    )  # fmt: skip


def _extended(ages: npt.NDArray[np.int64], variances: Floats, step: int) -> Floats:
    """Fill the variance of an age that has a single link from the two ages before it, as Mack does for the last."""
    known = dict(zip(ages.tolist(), variances.tolist(), strict=True))
    for age in ages.tolist():
        if np.isnan(known[age]):
            one, two = known.get(age - step, np.nan), known.get(age - 2 * step, np.nan)
            known[age] = min(one**2 / two, one, two) if two > 0 else 0.0 if one == two == 0 else np.nan
    return np.array([known[age] for age in ages.tolist()])


def total_error(ladder: Ladder, received_eur: Floats, ages: npt.NDArray[np.int64]) -> float:
    """Return the standard error of the sum of several months completed by the same factors.

    Parameters
    ----------
    ladder
        The factors.
    received_eur, ages
        Amounts received, and their ages.

    Notes
    -----
    The months share the factors, hence their errors of estimation: Mack (1993), corollary to theorem 3.
    """
    completed = [ladder.complete(value, int(age)) for value, age in zip(received_eur, ages, strict=True)]
    values = np.array([value for value, _ in completed])
    total = float(sum(error**2 for _, error in completed))
    common = ladder.variances / ladder.factors**2 / ladder.weights_eur
    chains = [set(ladder.chain(int(age)).tolist()) for age in ages]
    for i in range(len(values)):
        for j in range(i):
            shared = sorted(chains[i] & chains[j])
            total += 2 * values[i] * values[j] * float(common[shared].sum())
    return float(np.sqrt(total))


def completed_months(store: Store) -> pd.DataFrame:
    """Return the last months of the region as received and as completed, envelope by envelope.

    Parameters
    ----------
    store
        Store of a campaign that keeps earlier deliveries.

    Returns
    -------
    DataFrame
        Columns :data:`COMPLETED_COLUMNS`: months that at least one factor still moves, ordered by envelope and month.
        ``age`` is the number of months between the month and its last delivery. The standard error, and the interval
        at 80 % (lognormal), are missing where deliveries are too few. Empty when no earlier delivery is kept. Months
        that the register of corrections changes are left out.
    """
    rows: list[dict[str, object]] = []
    for (envelope, kind), group in without_corrected(store, history(store)).groupby(
        ["envelope", "amount_kind"], sort=True
    ):
        rows += [dict(zip(COMPLETED_COLUMNS, (envelope, kind, *one), strict=True)) for one in _completed(group)]
    return pd.DataFrame(rows, columns=list(COMPLETED_COLUMNS))


def completed_by_establishment(store: Store) -> pd.DataFrame:
    """Return the last months of the establishments whose own deliveries have changed, completed by their own factors.

    Parameters
    ----------
    store
        As in :func:`completed_months`.

    Returns
    -------
    DataFrame
        ``finess`` and the columns of :func:`completed_months`, ordered. Those whose months never changed have none:
        the factor of the region, which a few late ones make, is not theirs.
    """
    changed = restatements(store)[["finess", "envelope", "amount_kind"]].drop_duplicates()
    own = without_corrected(store, history(store)).merge(changed, on=["finess", "envelope", "amount_kind"])
    rows: list[dict[str, object]] = []
    for (finess, envelope, kind), group in own.groupby(["finess", "envelope", "amount_kind"], sort=True):
        known = {"finess": finess, "envelope": envelope, "amount_kind": kind}
        rows += [known | dict(zip(COMPLETED_COLUMNS[2:], one, strict=True)) for one in _completed(group)]
    return pd.DataFrame(rows, columns=["finess", *COMPLETED_COLUMNS])


def _completed(group: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Yield the months of an envelope that a factor still moves: month, delivery, age, received, completed, bounds."""
    ladder = fit_ladder(links_of(group))
    if ladder is None:
        return
    known = group[group["is_latest"]].dropna(subset=["amount_eur", "as_of"])
    for (month, as_of), latest in known.groupby(["month", "as_of"], sort=True):
        first, last = pd.Timestamp(str(month)), pd.Timestamp(str(as_of))
        age = (last.year - first.year) * 12 + last.month - first.month
        if not ladder.moves(age):
            continue
        received = float(latest["amount_eur"].astype(float).sum())
        value, error = ladder.complete(received, age)
        yield (first, last, age, received, value, error, *_interval(value, error))


def _interval(value: float, error: float) -> tuple[float, float]:
    if np.isnan(error) or value <= 0:
        return np.nan, np.nan
    spread = np.sqrt(np.log1p((error / value) ** 2))
    centre = np.log(value) - spread**2 / 2
    return float(np.exp(centre - _Z_80 * spread)), float(np.exp(centre + _Z_80 * spread))


def _months(dates: pd.Series[pd.Timestamp]) -> pd.Series[int]:
    moments = pd.to_datetime(dates)
    return moments.dt.year * 12 + moments.dt.month
