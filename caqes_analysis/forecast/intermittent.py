"""Series with nil months: their rest of the year drawn among past months, and how likely one that stopped stays so."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_SILENT_NB", "draw_rest", "silent_months", "stopped_share"]

Floats = npt.NDArray[np.float64]

LEAST_SILENT_NB = 2
"""Nil months at the end from which the rest of the year may well be nil too: a closure, or months not received."""
_MONTHS_NB = 36
_SHORTEST_MEMORY, _LONGEST_MEMORY = 1.0, 24.0
"""Half-lives, in months, of what a path remembers: nobody knows whether the last months or the last years tell more."""
_SEASONAL_SHARE, _SEASONAL_WEIGHT = 0.75, 101.0
"""Share of the paths in which the same month of the years before counts for so many others."""
_LEVEL_SD = 0.2
"""Standard deviation, on logarithms, of a level that no past month shows."""
_LEAST_WEIGHT = 1e-6


def draw_rest(past: Floats, *, months_left_nb: int, paths_nb: int, random: np.random.Generator) -> Floats:
    """Draw each month left among the months known, whose own frequencies are drawn first (Bayesian bootstrap).

    What a path remembers is drawn too: a series that stopped may go on at nil, or start again (``docs/methods/
    forecast.md``, « Séries intermittentes »).

    Parameters
    ----------
    past
        Months known up to the last observed one, in order; the last three years are read.
    months_left_nb
        Months to draw.
    paths_nb
        Number of paths.
    random
        Source of the draws.

    Returns
    -------
    ndarray
        Amount of the months left, by path, in the unit of ``past``.

    Examples
    --------
    >>> nothing = draw_rest(np.zeros(24), months_left_nb=3, paths_nb=10, random=np.random.default_rng(0))
    >>> float(nothing.max())
    0.0
    """
    known = past[-_MONTHS_NB:]
    age = np.arange(len(known))[::-1]
    even = (random.permutation(paths_nb) + 0.5) / paths_nb
    memory = _SHORTEST_MEMORY * (_LONGEST_MEMORY / _SHORTEST_MEMORY) ** even
    shape = np.maximum(0.5 ** (age / memory[:, None]), _LEAST_WEIGHT)
    frequency = random.gamma(shape)
    is_seasonal = random.random((paths_nb, 1)) < _SEASONAL_SHARE
    total = np.zeros(paths_nb)
    for ahead in range(1, months_left_nb + 1):
        weight = np.where(is_seasonal & ((age + ahead) % 12 == 0), _SEASONAL_WEIGHT, 1.0)
        reached = (frequency * weight).cumsum(axis=1)
        drawn = (random.random(paths_nb) * reached[:, -1])[:, None] > reached
        total += known[np.minimum(drawn.sum(axis=1), len(known) - 1)]
    found: Floats = total * np.exp(_LEVEL_SD * random.standard_normal(paths_nb))
    return found


def silent_months(past: Floats) -> int:
    """Return how many of the last months known are nil.

    Examples
    --------
    >>> silent_months(np.array([5.0, np.nan, 0.0, 0.0]))
    2
    """
    spent = np.flatnonzero((past != 0) & ~np.isnan(past))
    known = ~np.isnan(past)
    return int(known[spent[-1] + 1 :].sum() if len(spent) else known.sum())


def stopped_share(silent_nb: int) -> float:
    """Return the share of the paths in which a series that spent every month, and stopped, goes on at nil.

    Examples
    --------
    >>> [round(stopped_share(number), 2) for number in (1, 2, 3, 6)]
    [0.0, 0.33, 0.5, 0.71]
    """
    return (silent_nb - 1) / (silent_nb + 1) if silent_nb >= LEAST_SILENT_NB else 0.0
