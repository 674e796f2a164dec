"""Months that are not months: amounts cumulated since January, a last month that is not all there, lone months."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.quality.panels import SHARED_SEASON_ESTABLISHMENTS_NB, Panel

__all__ = ["CumulatedYear", "IncompleteEnd", "find_cumulated", "find_incomplete_end"]

CUMUL_TOLERANCE_LOG: Final = 0.3
"""How far, on the log scale, the month of rank ``m`` may be from ``m`` times January (package's choice)."""
_FEWEST_MONTHS_NB: Final = 5
FALL_LOG: Final = float(np.log(1.3))
"""A last month so far below the season of all is not all there (package's choice: a month half received is far below,
no season of the simulated regions is)."""
_BEFORE_NB: Final = 6


@dataclass(frozen=True)
class CumulatedYear:
    """A year whose amounts run from January to each month.

    Parameters
    ----------
    finess, delivery
        Whose amounts, and the file they came in.
    year, months_nb
        Year concerned, and its months received.
    first_eur, last_eur
        Amounts of January and of the last month.
    """

    finess: str
    delivery: str
    year: int
    months_nb: int
    first_eur: float
    last_eur: float


@dataclass(frozen=True)
class IncompleteEnd:
    """A last month that all establishments have only in part, and that is not said provisional.

    Parameters
    ----------
    delivery, month
        The file, and the month.
    received_share
        What was received over what the season and the months before would give.
    """

    delivery: str
    month: pd.Timestamp
    received_share: float


def find_cumulated(panel: Panel) -> Iterator[CumulatedYear]:
    """Yield the years in which the month of rank ``m`` is worth some ``m`` times January, always rising.

    Parameters
    ----------
    panel
        Months of one envelope.
    """
    years = np.asarray(panel.months.year)
    for year in np.unique(years):
        inside = np.flatnonzero(years == year)
        if len(inside) < _FEWEST_MONTHS_NB or panel.months[inside[0]].month != 1:
            continue
        for row, finess in enumerate(panel.finess):
            amounts = panel.amounts[row, inside]
            known = amounts[: int(np.argmin(np.append(amounts > 0, False)))]
            if len(known) < _FEWEST_MONTHS_NB or not (np.diff(known) > 0).all():
                continue
            far = np.abs(np.log(known / known[0] / np.arange(1, len(known) + 1)))
            if far.max() < CUMUL_TOLERANCE_LOG:
                yield CumulatedYear(
                    finess, str(panel.deliveries[row, inside[0]]), int(year), len(known), float(known[0]),
                    float(known[-1]),
                )  # fmt: skip


def find_incomplete_end(panel: Panel) -> Iterator[IncompleteEnd]:
    """Yield the last month when it is final by its dates, and far below what all establishments usually have then.

    Parameters
    ----------
    panel
        Months of one envelope. The season of the month must be known from two other years at least.
    """
    last = len(panel.months) - 1
    received = np.flatnonzero(np.isfinite(panel.amounts[:, last]))
    if len(received) < SHARED_SEASON_ESTABLISHMENTS_NB or panel.provisional[received, last].mean() > 0.5:
        return
    rest = _beyond_season(panel)
    before = rest[max(0, last - _BEFORE_NB) : last]
    if not np.isfinite(rest[last]) or not np.isfinite(before).any():
        return
    fall = float(rest[last] - np.nanmedian(before))
    if fall < -FALL_LOG:
        names = sorted({name for name in panel.deliveries[:, last] if name})
        yield IncompleteEnd(", ".join(names), panel.months[last], float(np.exp(fall)))


def _beyond_season(panel: Panel) -> npt.NDArray[np.float64]:
    """Return what the movement of all, each month, has that the same month of the other years has not."""
    season = np.where(panel.has_season, panel.season, np.nan)
    years, numbers = np.asarray(panel.months.year), np.asarray(panel.months.month)
    rest = np.full(len(season), np.nan)
    for month in range(len(season)):
        others = season[(numbers == numbers[month]) & (years != years[month])]
        if np.isfinite(others).sum() >= 2:
            rest[month] = season[month] - np.nanmedian(others)
    return rest
