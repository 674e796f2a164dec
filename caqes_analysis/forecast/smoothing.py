"""Exponential smoothing of many monthly series at once, on logarithms, with profiles that favour late years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SMOOTHINGS", "THETAS", "Smoothing", "seasonal_profile", "smooth", "theta"]

Floats = npt.NDArray[np.float64]

_OLDEST_WEIGHT, _LATEST_WEIGHT = 0.6, 1.4
_SHRINKAGE = 0.5
"""Half of what sampling explains of a profile is moved to the common profile (chosen on years that no test scores)."""
_MEAN_ABSOLUTE_TO_VARIANCE = 2.5
_MAX_LOG_STEP = 3.0


@dataclass(frozen=True)
class Smoothing:
    """Constants of one damped-trend smoothing with additive seasons on logarithms.

    Parameters
    ----------
    level, trend, damping, season
        Smoothing constants of the level, the trend and the seasons, and the damping of the trend, each from 0 to 1.
    """

    level: float
    trend: float
    damping: float
    season: float

    @property
    def name(self) -> str:
        """Name of the candidate, as weights are stored."""
        return f"lissage_{self.level:g}_{self.trend:g}_{self.damping:g}_{self.season:g}"


# From slow (the mean of years) to fast (the last month and its slope): which is best is learned, by months left.
SMOOTHINGS: tuple[Smoothing, ...] = (
    Smoothing(0.05, 0.005, 0.97, 0.0),
    Smoothing(0.1, 0.01, 0.9, 0.25),
    Smoothing(0.2, 0.01, 0.97, 0.1),
    Smoothing(0.3, 0.01, 0.97, 0.0),
    Smoothing(0.45, 0.0, 0.8, 0.1),
    Smoothing(0.65, 0.0, 0.8, 0.0),
    Smoothing(0.9, 0.0, 0.8, 0.0),
    Smoothing(0.65, 0.05, 0.9, 0.1),
    Smoothing(0.8, 0.2, 0.8, 0.0),
    Smoothing(0.9, 0.2, 0.9, 0.0),
    Smoothing(0.9, 0.1, 0.95, 0.1),
)
THETAS = (0.3, 0.7)
"""Level constants of the two Theta candidates."""


def seasonal_profile(logs: Floats, common: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the seasonal profile of each series on logarithms, and their common profile.

    Months are compared with a centred mean of twelve; late years weigh more; the profile is then moved towards the
    common one by half of what sampling alone would explain (``docs/methods/forecast.md``, « Saisons »).

    Parameters
    ----------
    logs
        Logarithms, series × months, January first, at least 24 months.
    common
        Twelve values towards which profiles are moved; the median of the profiles when None.

    Returns
    -------
    tuple of ndarray
        Series × 12, each of mean 0; and the twelve values of the common profile.
    """
    months_nb = logs.shape[1]
    sums = np.cumsum(np.pad(logs, ((0, 0), (1, 0))), axis=1)
    twelve = sums[:, 12:] - sums[:, :-12]
    gaps = logs[:, 6 : months_nb - 6] - (twelve[:, :-1] + twelve[:, 1:]) / 24
    month_at = (np.arange(gaps.shape[1]) + 6) % 12
    profile = np.empty((len(logs), 12))
    noise = np.zeros(len(logs))
    for month in range(12):
        same = gaps[:, month_at == month]
        weights = np.linspace(_OLDEST_WEIGHT, _LATEST_WEIGHT, same.shape[1])
        profile[:, month] = same @ weights / weights.sum()
        spread = np.abs(same - np.median(same, axis=1, keepdims=True)).mean(axis=1)
        noise += _MEAN_ABSOLUTE_TO_VARIANCE * spread**2 / same.shape[1] / 12
    if common is None:
        common = np.median(profile, axis=0)
    apart = ((profile - common) ** 2).mean(axis=1)
    kept = np.clip(1 - _SHRINKAGE * noise / (apart + 1e-12), 0.0, 1.0)[:, None]
    profile = common + kept * (profile - common)
    return profile - profile.mean(axis=1, keepdims=True), common


def smooth(
    logs: Floats, profile: Floats, months_observed_nb: int, smoothings: tuple[Smoothing, ...] = SMOOTHINGS
) -> Floats:
    """Continue every series to December by each of the smoothings.

    Parameters
    ----------
    logs
        Logarithms, series × months, January first.
    profile
        Seasonal profile, series × 12.
    months_observed_nb
        Months of the last year in ``logs``.
    smoothings
        The constants.

    Returns
    -------
    ndarray
        Logarithms of the months left: smoothings × series × months.
    """
    series_nb, months_nb = logs.shape
    left = np.arange(1, 13 - months_observed_nb)
    level_by, trend_by, damping, season_by = (
        np.array([getattr(one, name) for one in smoothings])[:, None]
        for name in ("level", "trend", "damping", "season")
    )
    plain = logs - profile[:, np.arange(months_nb) % 12]
    trend = np.tile((plain[:, 12:24].mean(axis=1) - plain[:, :12].mean(axis=1)) / 12, (len(smoothings), 1))
    level = plain[:, :12].mean(axis=1) - 6.5 * trend
    seasons = np.tile(profile.T, (len(smoothings), 1, 1))
    for at in range(months_nb):
        expected = level + damping * trend
        error = logs[:, at] - expected - seasons[:, at % 12]
        level = expected + level_by * error
        trend = damping * trend + trend_by * error
        seasons[:, at % 12] += season_by * error
    reach = np.cumsum(damping ** left[None, :], axis=1)
    slope = np.clip(trend[:, :, None] * reach[:, None, :], -_MAX_LOG_STEP, _MAX_LOG_STEP)
    found: Floats = level[:, :, None] + slope + np.moveaxis(seasons[:, months_observed_nb:], 1, 2)
    return found.reshape(len(smoothings), series_nb, len(left))


def theta(logs: Floats, profile: Floats, months_observed_nb: int, level_by: float) -> Floats:
    """Continue every series to December by the Theta method: smoothing with half the drift of its whole line.

    Parameters
    ----------
    logs, profile, months_observed_nb
        As for :func:`smooth`.
    level_by
        Smoothing constant of the level.

    Returns
    -------
    ndarray
        Logarithms of the months left: series × months.
    """
    months_nb = logs.shape[1]
    plain = logs - profile[:, np.arange(months_nb) % 12]
    time = np.arange(months_nb) - (months_nb - 1) / 2
    drift = plain @ time / (time @ time) / 2
    level = plain[:, :6].mean(axis=1)
    for at in range(months_nb):
        level = level + drift
        level = level + level_by * (plain[:, at] - level)
    left = np.arange(1, 13 - months_observed_nb)
    found: Floats = level[:, None] + drift[:, None] * left + profile[:, months_observed_nb:]
    return found
