"""Monthly series made for the tests of forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEASON = np.array([1.02, 0.97, 1.05, 0.99, 0.98, 1.01, 0.99, 0.89, 0.98, 1.04, 1.01, 1.07])


def region(
    series_nb: int = 30,
    *,
    first_year: int = 2019,
    last_year: int = 2024,
    seed: int = 1,
    noise: float = 0.05,
    shock: float = 0.02,
) -> pd.DataFrame:
    """Series with seasons, growth, a drifting level and a shock common to all in each year; amounts to the cent."""
    random = np.random.default_rng(seed)
    months = pd.date_range(f"{first_year}-01-01", f"{last_year}-12-01", freq="MS")
    years = (np.arange(len(months)) // 12)[None, :]
    size = np.exp(random.normal(10, 1.5, (series_nb, 1)))
    growth = random.normal(0.05, 0.03, (series_nb, 1))
    common = np.cumsum(random.normal(0, shock, years.max() + 1))[years]
    drift = np.cumsum(random.normal(0, noise / 4, (series_nb, len(months))), axis=1)
    spread = noise * np.exp(random.normal(0, 0.4, (series_nb, 1)))
    logs = growth * np.arange(len(months)) / 12 + common + drift + spread * random.standard_t(5, drift.shape)
    amounts = np.round(size * SEASON[np.arange(len(months)) % 12] * np.exp(logs), 2)
    return pd.DataFrame(
        {
            "series": np.repeat([f"{number:09d}/phmev" for number in range(series_nb)], len(months)),
            "month": np.tile(months, series_nb),
            "amount_eur": amounts.ravel(),
        }
    )


def until(monthly: pd.DataFrame, month: str) -> pd.DataFrame:
    """The months up to ``month``."""
    return monthly[monthly["month"] <= month].reset_index(drop=True)


def one(amounts: list[float] | np.ndarray, *, start: str, series: str = "a/phmev") -> pd.DataFrame:
    """One series from its first month."""
    months = pd.date_range(start, periods=len(amounts), freq="MS")
    return pd.DataFrame({"series": series, "month": months, "amount_eur": np.asarray(amounts, dtype=float)})
