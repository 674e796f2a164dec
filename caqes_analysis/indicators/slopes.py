"""Slopes of short series: Theil-Sen, with the exact permutation distribution of Kendall's statistic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["ENOUGH_PERIODS", "LEVEL", "Slopes", "theil_sen"]

Floats = npt.NDArray[np.float64]

LEVEL: Final = 0.95
"""Confidence level of every interval of the trends."""

ENOUGH_PERIODS: Final = 5
"""Periods under which no ordering, even perfect, is rarer than 5 % by chance: 2 / 4! is 8 %, 2 / 5! is 1.7 %."""


@dataclass(frozen=True)
class Slopes:
    """Slopes of several series, per period.

    Parameters
    ----------
    slope
        Median of the slopes of all pairs of periods; missing under two known periods.
    lower, upper
        Interval at :data:`LEVEL` or a little more, missing under :data:`ENOUGH_PERIODS` periods.
    p_value
        Two-sided exact probability of an ordering as extreme; missing likewise.
    periods_nb
        Known periods of each series.
    """

    slope: Floats
    lower: Floats
    upper: Floats
    p_value: Floats
    periods_nb: npt.NDArray[np.int64]


def theil_sen(values: Floats) -> Slopes:
    """Return the slope of each series and its interval (Theil 1950, Sen 1968).

    Nothing is assumed of the shape of the errors: when there is no trend, every order of the periods is equally likely,
    and the probability is counted, not approximated. Ties make the test more careful. See ``docs/methods/trends.md``.

    Parameters
    ----------
    values
        Series × periods, equally spaced; missing values are NaN.

    Returns
    -------
    Slopes

    Examples
    --------
    >>> found = theil_sen(np.array([[1.0, 2.0, 4.0, 5.0, 7.0], [1.0, 2.0, 3.0, np.nan, np.nan]]))
    >>> found.slope.tolist(), found.lower.tolist(), found.p_value.round(4).tolist()
    ([1.5, 1.0], [1.0, nan], [0.0167, nan])
    """
    known = np.isfinite(values)
    periods_nb = known.sum(axis=1)
    slope, lower, upper, p_value = (np.full(len(values), np.nan) for _ in range(4))
    patterns, pattern_of = np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        at = np.flatnonzero(pattern)
        if len(at) < 2:
            continue
        rows = np.flatnonzero(pattern_of.reshape(-1) == number)
        pairs = np.array(list(combinations(at, 2)))
        differences = values[np.ix_(rows, pairs[:, 1])] - values[np.ix_(rows, pairs[:, 0])]
        slopes = np.sort(differences / (pairs[:, 1] - pairs[:, 0]), axis=1)
        slope[rows] = np.median(slopes, axis=1)
        if len(at) < ENOUGH_PERIODS:
            continue
        chance = _cumulated(len(at))
        outside = int(np.searchsorted(chance, (1 - LEVEL) / 2, side="right")) - 1
        lower[rows], upper[rows] = slopes[:, outside], slopes[:, -1 - outside]
        # A tie counts against the trend.
        falls, rises = (differences <= 0).sum(axis=1), (differences >= 0).sum(axis=1)
        p_value[rows] = np.minimum(2 * chance[np.minimum(falls, rises)], 1)
    return Slopes(slope, lower, upper, p_value, periods_nb.astype(np.int64))


@lru_cache(maxsize=16)
def _cumulated(periods_nb: int) -> Floats:
    """Return the probability of at most k falling pairs when every order is equally likely (Mahonian numbers)."""
    counts = np.ones(1)
    for size in range(2, periods_nb + 1):
        counts = np.convolve(counts, np.ones(size))
    return np.asarray(np.cumsum(counts) / counts.sum(), dtype=np.float64)
