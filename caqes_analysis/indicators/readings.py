"""Sums of one period read from a ledger, month by month, with what is known of each month."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from caqes_analysis.errors import CaqesError
from caqes_analysis.indicators.asked import LISTINGS
from caqes_analysis.indicators.sums import SCALE, Ledger, Request

__all__ = ["KNOWN", "MISSING", "OUTSIDE", "Period", "Reading", "align", "read_period", "spread", "total"]

KNOWN, MISSING, OUTSIDE = 0, 1, 2
"""What is known of a month: its amount; that it should be there and is not; that nothing is expected of it."""

_MONTHS_NB = 12
_WRITTEN = re.compile(r"(20[0-9]{2})(?:-M(0[1-9]|1[0-2]))?")

Numbers = npt.NDArray[np.int64]
States = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Period:
    """A whole year (``2024``), or the months from January to M (``2024-M09``).

    Parameters
    ----------
    year
        Year.
    month_nb
        Last month of a cumulative period; None for the whole year.
    """

    year: int
    month_nb: int | None = None

    @classmethod
    def read(cls, text: str) -> Period:
        """Return the period of that name.

        Raises
        ------
        CaqesError
            ``PERIODE_ILLISIBLE``.

        Examples
        --------
        >>> Period.read("2024-M09").months[-1]
        '2024-09'
        """
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise CaqesError.of(
                "PERIODE_ILLISIBLE",
                "ce n'est pas une période.",
                "Écrire une année (2024) ou un cumul (2024-M09).",
                value=text,
            )
        return cls(int(found[1]), int(found[2]) if found[2] else None)

    @property
    def name(self) -> str:
        """How it is written in tables."""
        return f"{self.year}" if self.month_nb is None else f"{self.year}-M{self.month_nb:02d}"

    @property
    def months(self) -> tuple[str, ...]:
        """Its months."""
        return tuple(f"{self.year}-{month:02d}" for month in range(1, (self.month_nb or _MONTHS_NB) + 1))

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """Its first and last days."""
        month_nb = self.month_nb or _MONTHS_NB
        return dt.date(self.year, 1, 1), dt.date(self.year, month_nb, monthrange(self.year, month_nb)[1])

    @property
    def previous(self) -> Period:
        """The same months of the year before."""
        return replace(self, year=self.year - 1)


@dataclass(frozen=True)
class Reading:
    """A sum by establishment and month of a period; what is received for the whole period stands in the first month.

    Parameters
    ----------
    amounts
        Thousandths, establishments × months; zero where it is not known.
    states
        ``KNOWN``, ``MISSING`` or ``OUTSIDE``.
    whole
        Establishments whose first month holds the whole period.
    provisional, corrected
        Establishments × months.
    """

    amounts: Numbers
    states: States
    whole: npt.NDArray[np.bool_]
    provisional: npt.NDArray[np.bool_]
    corrected: npt.NDArray[np.bool_]


def read_period(ledger: Ledger, request: Request, column: str | None, received: Request, period: Period) -> Reading:
    """Return a sum by establishment of the ledger and month of a period.

    Parameters
    ----------
    ledger
        The table, added up.
    request
        Rows to add up.
    column
        Column added up; None to count the rows.
    received
        Rows that prove that an establishment's data were received: without such a row, nothing is zero.
    period
        The period.
    """
    kept, proof = ledger.classes(request), ledger.classes(received)
    if ledger.table == "annual_drug_spend":
        slots: Sequence[str] = (period.name,)
    else:
        slots = period.months
    reading = _read_slots(ledger, kept, proof, column, slots)
    if ledger.table == "annual_drug_spend":
        return replace(reading, whole=np.ones(len(ledger.finess), dtype=bool))
    if ledger.table in ("lpp_spend", "activity") and period.name in ledger.ticks:
        given = _read_slots(ledger, kept, proof, column, (period.name,))
        return _overlay(reading, given, given.states[:, 0] == KNOWN)
    if ledger.table == "monthly_grid" and "month" not in request.where.columns:
        return _overlay(reading, *_cumulative(ledger, kept, column, slots[-1], reading))
    return reading


def _read_slots(
    ledger: Ledger,
    kept: npt.NDArray[np.bool_],
    proof: npt.NDArray[np.bool_],
    column: str | None,
    slots: Sequence[str],
) -> Reading:
    place = {tick: number for number, tick in enumerate(ledger.ticks)}
    shape = (len(ledger.finess), len(slots))
    amounts, states = np.zeros(shape, np.int64), np.full(shape, MISSING, np.int8)
    provisional, corrected = np.zeros(shape, bool), np.zeros(shape, bool)
    here = [place[slot] for slot in slots if slot in place]
    there = [number for number, slot in enumerate(slots) if slot in place]
    if not here:
        return Reading(amounts, states, np.zeros(shape[0], bool), provisional, corrected)
    chosen = np.ix_(np.arange(shape[0]), np.array(here), np.flatnonzero(kept))
    rows = ledger.rows[chosen]
    outside = ledger.outside[chosen]
    if column is None:
        amounts[:, there] = rows.sum(axis=2) * SCALE
        gaps = ledger.missing[chosen]
    else:
        amounts[:, there] = ledger.sums[column][chosen].sum(axis=2)
        gaps = ledger.nulls[column][chosen] - np.minimum(outside, ledger.nulls[column][chosen])
    found = rows.sum(axis=2)
    if ledger.table in LISTINGS:
        proven = ledger.rows[:, here][:, :, proof].sum(axis=2) > 0
        # A hospital may use nothing in a month: its file was received when the year holds any of its lines.
        is_there = np.repeat(proven.any(axis=1)[:, None], len(here), axis=1) & proven.any(axis=0)[None, :]
        state = np.where(is_there & (gaps.sum(axis=2) == 0), KNOWN, MISSING)
    else:
        # A code that others report at that date and this establishment does not is a gap, not a zero.
        expected = (rows > 0).any(axis=0)
        lacking = (expected[None, :, :] & (rows == 0)).any(axis=2) if ledger.table == "activity" else False
        beside = ledger.rows[:, here][:, :, proof].sum(axis=2)
        outside_nb = np.where(found > 0, outside.sum(axis=2), ledger.outside[:, here][:, :, proof].sum(axis=2))
        seen = np.where(found > 0, found, beside)
        state = np.where((seen == 0) | (gaps.sum(axis=2) > 0) | lacking, MISSING, KNOWN)
        state = np.where((seen > 0) & (outside_nb == seen), OUTSIDE, state)
    states[:, there] = state
    amounts[states != KNOWN] = 0
    provisional[:, there] = ledger.provisional[chosen].sum(axis=2) > 0
    corrected[:, there] = ledger.corrected[chosen].sum(axis=2) > 0
    return Reading(amounts, states, np.zeros(shape[0], bool), provisional, corrected)


def _cumulative(
    ledger: Ledger, kept: npt.NDArray[np.bool_], column: str | None, last: str, reading: Reading
) -> tuple[Reading, npt.NDArray[np.bool_]]:
    """Return the amounts since January that cumulative deliveries gave, where months are missing."""
    nothing = np.zeros(len(ledger.finess), dtype=bool)
    if column != "amount_eur" or "to_date_eur" not in ledger.sums or last not in ledger.ticks:
        return reading, nothing
    at = ledger.ticks.index(last)
    given = ledger.sums["to_date_eur"][:, at][:, kept].sum(axis=1)
    rows = ledger.rows[:, at][:, kept].sum(axis=1)
    gaps = ledger.nulls["to_date_eur"][:, at][:, kept].sum(axis=1)
    usable = (rows > 0) & (gaps == 0) & np.any(reading.states == MISSING, axis=1)
    amounts, states = reading.amounts.copy(), reading.states.copy()
    amounts[:, 0], states[:, 0] = given, KNOWN
    return replace(reading, amounts=amounts, states=states), usable


def _overlay(reading: Reading, given: Reading, where: npt.NDArray[np.bool_]) -> Reading:
    """Put what was received for the whole period in the first month of the establishments ``where``."""
    amounts, states = reading.amounts.copy(), reading.states.copy()
    provisional, corrected = reading.provisional.copy(), reading.corrected.copy()
    amounts[where], states[where] = 0, OUTSIDE
    amounts[where, 0], states[where, 0] = given.amounts[where, 0], KNOWN
    provisional[where, 0] |= given.provisional[where, 0]
    corrected[where, 0] |= given.corrected[where, 0]
    return Reading(amounts, states, reading.whole | where, provisional, corrected)


def total(reading: Reading) -> Reading:
    """Return the reading with the whole period in its first month; missing as a whole when one month is missing.

    Half an amount would pass for a fall.
    """
    return _gathered(reading, np.ones(len(reading.whole), dtype=bool))


def _gathered(reading: Reading, where: npt.NDArray[np.bool_]) -> Reading:
    is_missing = np.any(reading.states == MISSING, axis=1)
    is_outside = np.all(reading.states == OUTSIDE, axis=1)
    state = np.where(is_missing, MISSING, np.where(is_outside, OUTSIDE, KNOWN)).astype(np.int8)
    amounts, states = reading.amounts.copy(), reading.states.copy()
    amounts[where], states[where] = 0, OUTSIDE
    amounts[where, 0] = np.where(is_missing, 0, reading.amounts.sum(axis=1))[where]
    states[where, 0] = state[where]
    provisional, corrected = reading.provisional.copy(), reading.corrected.copy()
    provisional[where, 0] = np.any(reading.provisional, axis=1)[where]
    corrected[where, 0] = np.any(reading.corrected, axis=1)[where]
    return Reading(amounts, states, reading.whole | where, provisional, corrected)


def align(one: Reading, other: Reading) -> tuple[Reading, Reading, States]:
    """Return two readings over the months that both know: a month missing in one leaves both.

    Returns
    -------
    tuple
        Both readings with zero elsewhere, and the common state of each month.
    """
    if one.states.shape != other.states.shape:
        one, other = total(one), total(other)
        one, other = _first(one), _first(other)
    where = one.whole ^ other.whole
    one, other = _gathered(one, where), _gathered(other, where)
    missing = (one.states == MISSING) | (other.states == MISSING)
    outside = (one.states == OUTSIDE) & (other.states == OUTSIDE)
    states = np.where(missing, MISSING, np.where(outside, OUTSIDE, KNOWN)).astype(np.int8)
    keep = states == KNOWN
    return (
        replace(one, amounts=np.where(keep, one.amounts, 0)),
        replace(other, amounts=np.where(keep, other.amounts, 0)),
        states,
    )


def _first(reading: Reading) -> Reading:
    return Reading(
        reading.amounts[:, :1],
        reading.states[:, :1],
        reading.whole,
        np.any(reading.provisional, axis=1)[:, None],
        np.any(reading.corrected, axis=1)[:, None],
    )


def spread(reading: Reading, places: Mapping[str, int], finess: Sequence[str], size: int) -> Reading:
    """Return a reading over other establishments; those that its table does not hold are missing."""
    at = np.array([places[name] for name in finess], dtype=np.int64)
    months = reading.states.shape[1]
    amounts, states = np.zeros((size, months), np.int64), np.full((size, months), MISSING, np.int8)
    whole = np.zeros(size, bool)
    provisional, corrected = np.zeros((size, months), bool), np.zeros((size, months), bool)
    amounts[at], states[at], whole[at] = reading.amounts, reading.states, reading.whole
    provisional[at], corrected[at] = reading.provisional, reading.corrected
    return Reading(amounts, states, whole, provisional, corrected)
