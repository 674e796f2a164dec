"""Years of a series that are wrong as a whole: another level from January to December, cents that they have lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.quality.panels import Panel, row_medians

__all__ = [
    "OddYear",
    "RoundedSeries",
    "StoppedSeries",
    "find_not_started",
    "find_odd_years",
    "find_rounded",
    "find_stopped",
]

Floats = npt.NDArray[np.float64]

YEAR_LOG: Final = float(np.log(1.6))
"""A year so far above, or below, the months that touch it is odd (package's choice: a lasting rise of a third, a
pandemic, do not reach it)…"""
YEAR_SDS: Final = 4.0
"""… when it is also that many robust standard deviations of its own months away…"""
RETURN_SHARE: Final = 0.5
"""… and, for a year that others follow, when the years before and after are nearer to each other than this share of the
distance."""
COMMON_YEAR_LOG: Final = float(np.log(1.5))
"""The same for all establishments together…"""
COMMON_PHMEV_LOG: Final = float(np.log(1.2))
"""… and for their PHMEV: on forty simulated regions nothing moved it by more than a tenth (package's choice); other
envelopes may follow a tariff that changes on 1 January."""
ROUND_UNITS_EUR: Final = (1000, 100, 10, 1)
"""Units to which amounts may be rounded."""
MOSTLY_EXACT_SHARE: Final = 0.5
"""A series is told when this share of the other amounts of its envelope have cents."""
STEADY_SD: Final = 0.4
"""A series stops when it is steady…"""
STOPPED_LEVEL_EUR: Final = 5000.0
"""… and not tiny (package's choice: as for a lone zero)."""
_EDGE_MONTHS_NB: Final = 3
_FEWEST_MONTHS_NB: Final = 6
_MONTHS_OF_YEAR_NB: Final = 12
_EVERYONE: Final = ""
_MAD_TO_SD: Final = 1.4826
_PHMEV: Final = "phmev"
_GROSS_LOG: Final = float(np.log(5))


@dataclass(frozen=True)
class OddYear:
    """A year at another level than the months that touch it, from its first month to its last.

    Parameters
    ----------
    finess
        Establishment; empty when all are concerned.
    envelope, delivery
        What the amounts are, and the file they came in.
    year, months_nb
        Year, and its months received.
    factor
        Received over what the months before and after would give.
    is_last
        True when nothing follows the year: a lasting change looks the same.
    """

    finess: str
    envelope: str
    delivery: str
    year: int
    months_nb: int
    factor: float
    is_last: bool


@dataclass(frozen=True)
class RoundedSeries:
    """A series of which all amounts are whole multiples of a unit, where the others have cents.

    Parameters
    ----------
    finess, delivery
        Whose amounts, and the file they came in.
    unit_eur, months_nb
        The unit, and how many amounts are so.
    month, amount_eur
        One of them.
    """

    finess: str
    delivery: str
    unit_eur: int
    months_nb: int
    month: pd.Timestamp
    amount_eur: float


@dataclass(frozen=True)
class StoppedSeries:
    """A steady series of which the last months, or the first years, are all written zero.

    Parameters
    ----------
    finess, delivery
        Whose amounts, and the file they came in.
    month, months_nb
        First month at zero, and how many follow, itself included.
    usual_eur
        Median of the three months before, or after.
    """

    finess: str
    delivery: str
    month: pd.Timestamp
    months_nb: int
    usual_eur: float


def find_odd_years(panel: Panel) -> Iterator[OddYear]:
    """Yield the years that begin, and end, with a jump: those of all establishments first.

    Parameters
    ----------
    panel
        Months of one envelope; provisional ones are left out.

    Notes
    -----
    A year is compared with the three months before it and the three after it, season removed, by their medians. Five
    times more, or less, is told month by month already. A tenth of the changes that really last begin in a January:
    the last year of a series, which nothing follows, is told as a doubt.
    """
    years = np.asarray(panel.months.year)
    rests = np.where(panel.provisional, np.nan, panel.residuals)
    common = _beyond_usual_season(panel)
    least = COMMON_PHMEV_LOG if panel.envelope == _PHMEV else COMMON_YEAR_LOG
    told: set[int] = set()
    for year, factor, months_nb, is_last in _jumps(common, years, least):
        told.add(year)
        yield OddYear(
            _EVERYONE, panel.envelope, _names(panel, slice(None), years == year), year, months_nb, factor, is_last
        )
    for row, finess in enumerate(panel.finess):
        for year, factor, months_nb, is_last in _jumps(rests[row], years, YEAR_LOG):
            if year not in told and abs(np.log(factor)) > YEAR_SDS * _scale_without(rests[row], years != year):
                name = _names(panel, slice(row, row + 1), years == year)
                yield OddYear(finess, panel.envelope, name, year, months_nb, factor, is_last)


def _jumps(rest: Floats, years: npt.NDArray[np.int64], limit: float) -> Iterator[tuple[int, float, int, bool]]:
    """Yield the years far from what touches them: year, factor, months known, and whether nothing follows."""
    odd = 0
    for year in sorted(set(years.tolist()))[1:]:
        inside = np.flatnonzero((years == year) & np.isfinite(rest))
        before = np.flatnonzero((years < year) & np.isfinite(rest))[-_EDGE_MONTHS_NB:]
        after = np.flatnonzero((years > year) & np.isfinite(rest))[:_EDGE_MONTHS_NB]
        if len(inside) < _FEWEST_MONTHS_NB or len(before) < _EDGE_MONTHS_NB:
            continue
        level, start = float(np.median(rest[inside])), float(np.median(rest[before]))
        is_last = len(after) < _EDGE_MONTHS_NB
        if is_last and odd == year - 1:  # back to the usual level
            continue
        end = start if is_last else float(np.median(rest[after]))
        jump = level - (start + end) / 2
        first = float(np.median(rest[inside[:_EDGE_MONTHS_NB]])) - start
        last = jump if is_last else float(np.median(rest[inside[-_EDGE_MONTHS_NB:]])) - end
        if not limit < abs(jump) < _GROSS_LOG or abs(end - start) > RETURN_SHARE * abs(jump):
            continue
        if min(first * np.sign(jump), last * np.sign(jump)) > limit * (1 - RETURN_SHARE / 2):
            odd = year
            yield int(year), float(np.exp(jump)), len(inside), is_last


def _scale_without(rest: Floats, others: npt.NDArray[np.bool_]) -> float:
    """Return the robust standard deviation of the months of the other years: those of the year would hide it.

    A few months may be alike by chance: below a year of them, those of the year itself must not vary more.
    """
    known, own = (rest[chosen & np.isfinite(rest)] for chosen in (others, ~others))
    spread = _robust_sd(known)
    return spread if len(known) >= _MONTHS_OF_YEAR_NB else max(spread, _robust_sd(own))


def _robust_sd(values: Floats) -> float:
    return _MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))


def _beyond_usual_season(panel: Panel) -> Floats:
    """Return what the movement of all, each month, has that the same month of the other years has not."""
    season = np.where(panel.has_season, panel.season, np.nan)
    numbers = np.asarray(panel.months.month)
    usual = np.full(len(season), np.nan)
    for number in np.unique(numbers):
        usual[numbers == number] = row_medians(season[numbers == number][None, :])[0]
    rest: Floats = season - usual
    return rest


def _names(panel: Panel, rows: slice, inside: npt.NDArray[np.bool_]) -> str:
    return ", ".join(sorted({str(name) for name in panel.deliveries[rows][:, inside].ravel() if name}))


def find_rounded(panel: Panel) -> Iterator[RoundedSeries]:
    """Yield the series, or their years, without a cent where the other establishments have some.

    Parameters
    ----------
    panel
        Months of one envelope.

    Notes
    -----
    Six amounts in a year that all end in « ,00 » happen by chance once in 10^12; a file that everyone has rounded is
    another layout, and is not told.
    """
    cents = np.round(panel.amounts * 100)
    filled = np.isfinite(cents) & (cents != 0)
    exact = filled & (np.mod(cents, 100) == 0)
    years = np.asarray(panel.months.year)
    for row, finess in enumerate(panel.finess):
        others = filled.sum() - filled[row].sum()
        if not others or exact.sum() - exact[row].sum() > MOSTLY_EXACT_SHARE * others:
            continue
        concerned = _rounded_months(exact[row], filled[row], years)
        if not concerned.any():
            continue
        amounts = panel.amounts[row, concerned]
        unit = next(unit for unit in ROUND_UNITS_EUR if not np.mod(np.round(amounts), unit).any())
        first = int(np.flatnonzero(concerned)[0])
        yield RoundedSeries(
            finess, _names(panel, slice(row, row + 1), concerned), unit, int(concerned.sum()), panel.months[first],
            float(panel.amounts[row, first]),
        )  # fmt: skip


def _rounded_months(
    exact: npt.NDArray[np.bool_], filled: npt.NDArray[np.bool_], years: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return the months of the years in which every amount is whole."""
    found = np.zeros(len(exact), bool)
    for year in np.unique(years):
        inside = (years == year) & filled
        if inside.sum() >= _FEWEST_MONTHS_NB and exact[inside].all():
            found |= inside
    return found


def find_stopped(panel: Panel) -> Iterator[StoppedSeries]:
    """Yield the steady series that fall to zero from one month to the next, three months at least, until the last.

    Parameters
    ----------
    panel
        Months of one envelope. An activity that really ends looks the same: it is a doubt.
    """
    for row, finess in enumerate(panel.finess):
        amounts = panel.amounts[row]
        spent = np.flatnonzero(amounts > 0)
        if not len(spent) or amounts[-1] != 0 or panel.scales[row, 0] >= STEADY_SD:
            continue
        start = int(spent[-1]) + 1
        zeros = np.flatnonzero(amounts[start:] == 0) + start
        before = amounts[spent[-_EDGE_MONTHS_NB:]]
        level = float(np.exp(panel.levels[row, 0]))
        if len(zeros) < _EDGE_MONTHS_NB or level < STOPPED_LEVEL_EUR or before[-1] < level / 2:
            continue
        name = str(panel.deliveries[row, zeros[0]])
        yield StoppedSeries(finess, name, panel.months[zeros[0]], len(zeros), float(np.median(before)))


def find_not_started(panel: Panel) -> Iterator[StoppedSeries]:
    """Yield the steady series written zero from their first month to the end of a year, and usual the month after.

    Parameters
    ----------
    panel
        Months of one envelope. An activity that opens on 1 January looks the same: it is a doubt.

    Notes
    -----
    The first months are not those of a slow start: each of the three after the zeros is at half the level at least.
    """
    numbers = np.asarray(panel.months.month)
    for row, finess in enumerate(panel.finess):
        amounts = panel.amounts[row]
        spent = np.flatnonzero(amounts > 0)
        if not len(spent) or not spent[0] or numbers[spent[0]] != 1 or panel.scales[row, 0] >= STEADY_SD:
            continue
        zeros = np.flatnonzero(amounts[: spent[0]] == 0)
        after = amounts[spent[:_EDGE_MONTHS_NB]]
        level = float(np.exp(panel.levels[row, 0]))
        if len(zeros) < _FEWEST_MONTHS_NB or level < STOPPED_LEVEL_EUR or after.min() < level / 2:
            continue
        name = str(panel.deliveries[row, zeros[0]])
        yield StoppedSeries(finess, name, panel.months[zeros[0]], len(zeros), float(np.median(after)))
