"""Series that follow the season of all, but a month early or late: the months of a file have been shifted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from caqes_analysis.quality.panels import SHARED_SEASON_ESTABLISHMENTS_NB, Panel

__all__ = ["Shift", "find_shifts"]

FIT_RATIO: Final = 2.0
"""The shifted season must leave half, at most, of the variance that the true one leaves (package's choice)."""
UNUSUAL_RATIO: Final = 4.0
"""… and the true season must leave this many times what it leaves in the establishment's other years."""
SEEN_RATIO: Final = 2.0
"""… of which a season a month aside would make twice what the other years leave at least, and a third of what this one
does: a weak season shows no shift, and noise is none."""
_EXPLAINED_SHARE: Final = 1 / 3
_FEWEST_MONTHS_NB: Final = 9
_LEAST_SEASON_SD: Final = 0.02


@dataclass(frozen=True)
class Shift:
    """A year of an establishment whose months stand one too early or too late.

    Parameters
    ----------
    finess, envelope, amount_kind, delivery
        Whose months, and the file they came in.
    year
        Year concerned.
    months_nb
        1 when the amounts stand a month too late, -1 a month too early.
    ratio
        Variance left by the season as it is, over the variance left by the shifted season.
    """

    finess: str
    envelope: str
    amount_kind: str
    delivery: str
    year: int
    months_nb: int
    ratio: float


def find_shifts(panel: Panel) -> Iterator[Shift]:
    """Yield the establishments and years whose months fit the common season better one month aside.

    Parameters
    ----------
    panel
        Months of one envelope.

    Notes
    -----
    The season is the median movement of all establishments, month by month: at least five are needed, and a season
    that moves by 2 % or more. Provisional months are left out. What no season shows (a steady or tiny series, a file
    shifted as a whole) is not seen here.
    """
    if len(panel.finess) < SHARED_SEASON_ESTABLISHMENTS_NB:
        return
    years = np.asarray(panel.months.year)
    own = np.where(panel.provisional, np.nan, panel.logs - panel.levels)
    fits = {lag: _distance_to(panel.season, lag, own) for lag in (-1, 0, 1)}
    left = {int(year): _left(fits, years == year) for year in np.unique(years)}
    for year, (counts, variances, moves) in left.items():
        others = [variances_of[0] for other, (_, variances_of, _) in left.items() if other != year]
        if not others or np.std(panel.season[years == year]) < _LEAST_SEASON_SD:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # no other year of some establishments: nothing is told
            usual = np.nanmedian(others, axis=0)
        for row in np.flatnonzero(counts >= _FEWEST_MONTHS_NB):
            lag = min((-1, 1), key=lambda side: variances[side][row])
            ratio = float(variances[0][row] / variances[lag][row])
            least = max(SEEN_RATIO * usual[row], _EXPLAINED_SHARE * variances[0][row])
            is_unusual = variances[0][row] > UNUSUAL_RATIO * usual[row]
            if ratio > FIT_RATIO and is_unusual and moves[lag][row] > least:
                known = [name for name in panel.deliveries[row, years == year] if name]
                yield Shift(panel.finess[row], panel.envelope, panel.amount_kind, known[0], year, lag, ratio)


def _left(
    fits: dict[int, npt.NDArray[np.float64]], inside: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], dict[int, npt.NDArray[np.float64]], dict[int, npt.NDArray[np.float64]]]:
    """Return the number of months that can be compared, the variance that each way leaves, and that of its move."""
    usable = np.isfinite(np.stack([fit[:, inside] for fit in fits.values()])).all(axis=0)
    counts: npt.NDArray[np.int64] = usable.sum(axis=1)
    usable &= (counts >= _FEWEST_MONTHS_NB)[:, None]
    variances = {lag: _variance(np.where(usable, fit[:, inside], np.nan)) for lag, fit in fits.items()}
    moves = {lag: _variance(np.where(usable, (fit - fits[0])[:, inside], np.nan)) for lag, fit in fits.items()}
    return counts, variances, moves


def _distance_to(season: npt.NDArray[np.float64], lag: int, own: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far each month is from the season ``lag`` months before it."""
    moved = np.full(len(season), np.nan)
    if lag > 0:
        moved[lag:] = season[:-lag]
    elif lag < 0:
        moved[:lag] = season[-lag:]
    else:
        moved[:] = season
    distance: npt.NDArray[np.float64] = own - moved
    return distance


def _variance(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the variance of what is known of each row; not a number where nothing is."""
    counts = np.isfinite(values).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.nansum(values, axis=1) / counts
        variance: npt.NDArray[np.float64] = np.nansum((values - means[:, None]) ** 2, axis=1) / counts
    return variance
