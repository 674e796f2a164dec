"""Two series that have taken each other's place for a year: two envelopes, two establishments, two counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from caqes_analysis.quality.panels import Panel, row_medians

__all__ = ["ExchangedYear", "exchanged_rows", "find_exchanges"]

Floats = npt.NDArray[np.float64]

FIT_SHARE: Final = 0.35
"""Each of the two must be nearer to the other's usual level than this share of what separates them."""
LEAST_GAP_LOG: Final = float(np.log(1.4))
"""Envelopes of one establishment whose usual levels are nearer cannot be told from each other (package's choice)."""
LEAST_GAP_OF_TWO_LOG: Final = float(np.log(2))
"""… and two establishments: there are many more pairs."""
LEAST_SDS: Final = 3.0
"""Each must have moved by that many standard deviations of its own months."""
_FEWEST_OTHERS_NB: Final = 2
_FEWEST_MONTHS_NB: Final = 6
_TOGETHER: Final = frozenset({"lpp", "perfadom"})


@dataclass(frozen=True)
class ExchangedYear:
    """A year in which two series have each other's usual level.

    Parameters
    ----------
    finess, other_finess
        The two establishments; the same one when two of its envelopes are exchanged.
    envelope, other_envelope
        The two envelopes; the same one when two establishments are exchanged.
    delivery
        File of the first of the two.
    year
        Year concerned.
    median_eur, usual_eur
        Median month of the first series that year, and in the other years.
    """

    finess: str
    other_finess: str
    envelope: str
    other_envelope: str
    delivery: str
    year: int
    median_eur: float
    usual_eur: float


def exchanged_rows(levels: Floats, *, least_gap: float, least_moves: Floats) -> Iterator[tuple[int, int, int]]:
    """Yield the pairs of rows that have each other's usual level in one column.

    Parameters
    ----------
    levels
        Logarithms, a series a row and a period a column; NaN where nothing is known.
    least_gap
        Least distance of the usual levels of two rows.
    least_moves
        Least distance of each row to its own usual level, on the same scale.

    Yields
    ------
    tuple
        The two rows, the first usually the greater, and the column.

    Notes
    -----
    The usual level of a row is its median over the other columns, two at least. Movements that two series really live
    may look so: rarely, when each must land where the other usually is, and where it is in the column before or in the
    one after.
    """
    if levels.shape[1] <= _FEWEST_OTHERS_NB:
        return
    for column in range(levels.shape[1]):
        others = np.delete(levels, column, axis=1)
        usual = np.where(np.isfinite(others).sum(axis=1) >= _FEWEST_OTHERS_NB, row_medians(others), np.nan)
        now = levels[:, column]
        with np.errstate(invalid="ignore"):
            moved = np.flatnonzero(np.abs(now - usual) > np.maximum(least_moves, (1 - FIT_SHARE) * least_gap))
        for high, low in combinations(sorted(moved.tolist(), key=lambda row: -usual[row]), 2):
            gap = usual[high] - usual[low]
            if gap < least_gap:
                continue
            fits = max(abs(now[high] - usual[low]), abs(now[low] - usual[high])) < FIT_SHARE * gap
            if fits and _fits_around(levels[[high, low]], column, least_gap):
                yield int(high), int(low), column


def _fits_around(both: Floats, column: int, least_gap: float) -> bool:
    """Say whether two series are where the other was just before, or is just after: two trends that meet are not."""
    near = [place for place in (column - 1, column + 1) if 0 <= place < both.shape[1]]
    near = [place for place in near if np.isfinite(both[:, place]).all()]
    high, low = both
    return not near or any(
        (gap := high[place] - low[place]) >= least_gap
        and max(abs(high[column] - low[place]), abs(low[column] - high[place])) < FIT_SHARE * gap
        for place in near
    )


def find_exchanges(every: Sequence[Panel]) -> Iterator[ExchangedYear]:
    """Yield the years in which two envelopes of an establishment, or two establishments of an envelope, are exchanged.

    Parameters
    ----------
    every
        Months of each envelope. PERFADOM, a part of the LPP, cannot pass it: those two are not compared.
    """
    yearly = [_Yearly(panel) for panel in every]
    by_finess: dict[str, list[tuple[_Yearly, int]]] = {}
    for one in yearly:
        for row, finess in enumerate(one.panel.finess):
            by_finess.setdefault(finess, []).append((one, row))
        pairs = exchanged_rows(one.levels, least_gap=LEAST_GAP_OF_TWO_LOG, least_moves=LEAST_SDS * one.scales)
        for first, second, column in pairs:
            if one.panel.finess[first] != one.panel.finess[second]:
                yield _described((one, first), (one, second), column)
    years = sorted({year for one in yearly for year in one.years})
    for own in by_finess.values():
        levels = np.full((len(own), len(years)), np.nan)
        for place, (one, row) in enumerate(own):
            levels[place, [years.index(year) for year in one.years]] = one.levels[row]
        moves = LEAST_SDS * np.array([one.scales[row] for one, row in own])
        for first, second, column in exchanged_rows(levels, least_gap=LEAST_GAP_LOG, least_moves=moves):
            pair = {own[first][0].panel.envelope, own[second][0].panel.envelope}
            kinds = {own[first][0].panel.amount_kind, own[second][0].panel.amount_kind}
            if len(pair) == 2 and pair != _TOGETHER and len(kinds) == 1:
                yield _described(own[first], own[second], own[first][0].years.index(years[column]))


class _Yearly:
    """The median month of each year of a panel, on the log scale."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        months = np.asarray(panel.months.year)
        self.years: list[int] = sorted(set(months.tolist()))
        known = np.where(panel.provisional, np.nan, panel.logs)
        inside = [known[:, months == year] for year in self.years]
        self.levels: Floats = np.stack(
            [np.where(np.isfinite(one).sum(axis=1) >= _FEWEST_MONTHS_NB, row_medians(one), np.nan) for one in inside],
            axis=1,
        )
        self.scales: Floats = panel.scales[:, 0]


def _described(first: tuple[_Yearly, int], second: tuple[_Yearly, int], column: int) -> ExchangedYear:
    (one, row), (other, place) = first, second
    inside = np.asarray(one.panel.months.year) == one.years[column]
    deliveries = [name for name in one.panel.deliveries[row, inside] if name]
    usual = float(row_medians(np.delete(one.levels, column, axis=1))[row])
    return ExchangedYear(
        one.panel.finess[row], other.panel.finess[place], one.panel.envelope, other.panel.envelope, deliveries[0],
        one.years[column], float(np.exp(one.levels[row, column])), float(np.exp(usual)),
    )  # fmt: skip
