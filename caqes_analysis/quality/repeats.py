"""Amounts that are too equal to be two facts: a month copied from another, a total left among the establishments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.quality.panels import Panel

__all__ = [
    "CHANCE_EXPECTED_NB",
    "REPEAT_LAGS",
    "Repeat",
    "TotalRow",
    "find_copies",
    "find_entities",
    "find_repeats",
    "find_totals",
]

CHANCE_EXPECTED_NB: Final = 0.005
"""A repetition is told when fewer than this many would be expected by chance in the series (package's choice); it is a
warning when they would be in the whole file (:mod:`~caqes_analysis.quality.repeat_chances`)."""
_SMALL_EUR: Final = 500.0
REPEAT_LAGS: Final = (1, 12)
"""Months apart that are compared: the month before, the same month of the year before."""
_COPIED_MONTHS_NB: Final = 2
_FEWEST_PARTS_NB: Final = 3
_FEWEST_SITES_NB: Final = 2
_MAD_TO_SD: Final = 1.4826


@dataclass(frozen=True)
class Repeat:
    """Months of an establishment that repeat, to the cent, other months of its own or those of another.

    Parameters
    ----------
    finess, envelope, amount_kind, delivery
        Whose amounts, and the file they came in.
    month, months_nb
        First month concerned, and how many in a row.
    copied_month, copied_finess
        Where the same amount stands.
    amount_eur
        Amount of the first month.
    chance
        Probability that two of its months are equal, as its amounts vary.
    compared_nb
        How many pairs of its months were compared.
    expected_nb
        How many such repetitions chance alone gives in all that was received; 0 until it is counted.
    """

    finess: str
    envelope: str
    amount_kind: str
    delivery: str
    month: pd.Timestamp
    months_nb: int
    copied_month: pd.Timestamp
    copied_finess: str
    amount_eur: float
    chance: float = 0.0
    compared_nb: int = 0
    expected_nb: float = 0.0

    @property
    def lag(self) -> int:
        """Months between the two that are equal."""
        return 12 * (self.month.year - self.copied_month.year) + self.month.month - self.copied_month.month

    @property
    def is_sure(self) -> bool:
        """Whether chance would not give it in all that was received."""
        return self.expected_nb < CHANCE_EXPECTED_NB


@dataclass(frozen=True)
class TotalRow:
    """A line whose amounts are the sum of others of its months: a total left in, an entity beside its own sites.

    Parameters
    ----------
    finess, envelope, amount_kind, delivery
        FINESS under which it was received, and the file.
    month, months_nb
        First month concerned, and how many in all.
    amount_eur
        Amount of the first month.
    """

    finess: str
    envelope: str
    amount_kind: str
    delivery: str
    month: pd.Timestamp
    months_nb: int
    amount_eur: float


def find_repeats(panel: Panel) -> Iterator[Repeat]:
    """Yield the months equal to the cent to the month before, or to the same month of the year before.

    Parameters
    ----------
    panel
        Months of one envelope.

    Notes
    -----
    Equal amounts happen by chance when they are small or rounded: the expected number of them is
    ``pairs × resolution / (2 √π σ)`` for amounts that vary with a standard deviation ``σ``; a repetition is told only
    when that number is below :data:`CHANCE_EXPECTED_NB`.
    """
    cents = _cents(panel)
    for row, finess in enumerate(panel.finess):
        for lag in REPEAT_LAGS:
            later, earlier = cents[row, lag:], cents[row, :-lag]
            equal = (later == earlier) & (later >= _SMALL_EUR * 100)
            if not equal.any():
                continue
            chance, compared_nb = _chance(later, earlier)
            if chance * compared_nb > CHANCE_EXPECTED_NB:
                continue
            for start, stop in _runs(equal):
                month = start + lag
                yield Repeat(
                    finess, panel.envelope, panel.amount_kind, str(panel.deliveries[row, month]), panel.months[month],
                    stop - start, panel.months[start], finess, cents[row, month] / 100, chance, compared_nb,
                )  # fmt: skip


def find_copies(panel: Panel) -> Iterator[Repeat]:
    """Yield the months that two establishments share to the cent, two in a row at least.

    Parameters
    ----------
    panel
        Months of one envelope.
    """
    cents = _cents(panel)
    known: dict[tuple[int, int, int], int] = {}
    told: set[tuple[str, str]] = set()
    for month in range(cents.shape[1] - 1):
        for row in np.flatnonzero((cents[:, month] >= _SMALL_EUR * 100) & (cents[:, month + 1] > 0)):
            key = (month, int(cents[row, month]), int(cents[row, month + 1]))
            other = known.setdefault(key, int(row))
            pair = (panel.finess[other], panel.finess[row])
            if pair in told or pair[0] == pair[1]:
                continue
            told.add(pair)
            same = int((cents[row] == cents[other])[cents[row] > 0].sum())
            if same >= _COPIED_MONTHS_NB:
                yield Repeat(
                    panel.finess[row], panel.envelope, panel.amount_kind, str(panel.deliveries[row, month]),
                    panel.months[month], same, panel.months[month], panel.finess[other], cents[row, month] / 100,
                )  # fmt: skip


def find_totals(panel: Panel) -> Iterator[TotalRow]:
    """Yield the establishments whose amounts are, to the cent, the sum of all the others.

    Parameters
    ----------
    panel
        Months of one envelope.
    """
    cents = np.where(np.isfinite(panel.amounts), _cents(panel), 0)
    sums, parts = cents.sum(axis=0), (cents != 0).sum(axis=0)
    is_total = (cents == sums - cents) & (cents > 0) & (parts > _FEWEST_PARTS_NB)
    for row in np.flatnonzero(is_total.any(axis=1)):
        months = np.flatnonzero(is_total[row])
        yield TotalRow(
            panel.finess[row], panel.envelope, panel.amount_kind, str(panel.deliveries[row, months[0]]),
            panel.months[months[0]], len(months), cents[row, months[0]] / 100,
        )  # fmt: skip


def find_entities(panel: Panel, entities: Mapping[str, str]) -> Iterator[TotalRow]:
    """Yield the juridical entities whose amounts are, to the cent, the sum of those of their own sites.

    Parameters
    ----------
    panel
        Months of one envelope.
    entities
        Juridical entity of each establishment. A single site that repeats its entity is told by :func:`find_copies`.
    """
    cents = np.where(np.isfinite(panel.amounts), _cents(panel), 0)
    for row, entity in enumerate(panel.finess):
        sites = [
            place for place, finess in enumerate(panel.finess) if entities.get(finess) == entity and finess != entity
        ]
        if len(set(sites)) < _FEWEST_SITES_NB:
            continue
        months = np.flatnonzero((cents[row] == cents[sites].sum(axis=0)) & (cents[row] > 0))
        if len(months) >= _COPIED_MONTHS_NB:
            yield TotalRow(
                entity, panel.envelope, panel.amount_kind, str(panel.deliveries[row, months[0]]),
                panel.months[months[0]], len(months), cents[row, months[0]] / 100,
            )  # fmt: skip


def _cents(panel: Panel) -> npt.NDArray[np.int64]:
    """Return the amounts in cents; -1 where nothing was received (amounts below zero never repeat)."""
    cents: npt.NDArray[np.int64] = np.rint(np.where(panel.amounts >= 0, panel.amounts * 100, -1.0)).astype(np.int64)
    return cents


def _chance(later: npt.NDArray[np.int64], earlier: npt.NDArray[np.int64]) -> tuple[float, int]:
    """Return the probability that two months of a series are equal, and how many pairs there are."""
    both = (later > 0) & (earlier > 0)
    moves = np.abs(later[both] - earlier[both])
    sd = _MAD_TO_SD * float(np.median(moves)) / np.sqrt(2)
    if sd == 0:
        return 1.0, int(both.sum())  # a series that hardly moves: rent, lump sum
    resolution = int(np.gcd.reduce(later[both]))
    return float(resolution / (2 * np.sqrt(np.pi) * sd)), int(both.sum())


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
