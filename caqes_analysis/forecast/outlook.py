"""The months of the year that are not known yet: what the forecast puts there, and what the target still leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.tables import FORECASTS

__all__ = ["BOUNDS", "rest_of_months"]

Floats = npt.NDArray[np.float64]

BOUNDS = ("lower_95_eur", "lower_80_eur", "median_eur", "upper_80_eur", "upper_95_eur")
"""Columns of a forecast that become a path."""

_SHARE_YEARS_NB = 3


def rest_of_months(months: pd.DataFrame, forecast: pd.Series[Any]) -> pd.DataFrame:
    """Return the months of the year of a forecast that are not known: those to come, and those that were not received.

    What is not observed is spread as the same months weighed in the three last whole years at most; equal parts when
    there is none. Only the total of the year is calibrated: between today and December the bounds follow the season
    (``docs/methods/forecast.md``, « De mois en mois »).

    Parameters
    ----------
    months
        ``month, amount_eur`` of the series; before its first amount, no month is expected.
    forecast
        Its row of ``forecasts``, estimable.

    Returns
    -------
    DataFrame
        One row a month: ``month, previous_eur`` (same month of the year before; NaN when not known)``, expected_eur``
        (share of the median rest)``, available_eur`` (share of what the target leaves; NaN without target), and each of
        ``BOUNDS`` as an amount cumulated from what is observed. Floats: they are estimates.
    """
    year, observed_nb = int(forecast["year"]), int(forecast["observed_months_nb"])
    amounts = pd.Series(months["amount_eur"].to_numpy(dtype="float64", na_value=np.nan), index=months["month"])
    known = amounts.dropna().index
    every = [pd.Timestamp(year, number, 1) for number in range(1, 13)]
    when = [month for month in every if month.month > observed_nb or (month > known.min() and month not in known)]
    left = np.array([month.month for month in when], dtype=np.intp)
    shares = _shares(amounts, year, left)
    observed = float(forecast["observed_eur"])
    previous = amounts.reindex([month - pd.DateOffset(years=1) for month in when])
    target = float("nan") if pd.isna(forecast["target_eur"]) else float(forecast["target_eur"])
    rest = {name: float(forecast[name]) - observed for name in BOUNDS}
    return pd.DataFrame(
        {
            "month": pd.Series(when, dtype=FORECASTS.empty()["as_of"].dtype),
            "previous_eur": previous.to_numpy(),
            "expected_eur": shares * rest["median_eur"],
            "available_eur": shares * (target - observed),
            **{name: observed + np.cumsum(shares) * amount for name, amount in rest.items()},
        }
    )


def _shares(amounts: pd.Series[float], year: int, left: npt.NDArray[np.intp]) -> Floats:
    found = []
    for before in range(1, _SHARE_YEARS_NB + 1):
        part = amounts.reindex([pd.Timestamp(year - before, int(number), 1) for number in left]).to_numpy()
        if len(part) and np.isfinite(part).all() and (part >= 0).all() and part.sum() > 0:
            found.append(part / part.sum())
    shares: Floats = np.mean(found, axis=0) if found else np.full(len(left), 1 / max(len(left), 1))
    return shares
