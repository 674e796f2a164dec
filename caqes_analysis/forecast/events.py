"""Events that the region knows of: a drug added to the list, a tariff cut, a merger, pandemic months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, Histories, Method

__all__ = [
    "EVENT_KINDS",
    "EVERYONE",
    "DatedEvent",
    "apply_events",
    "begun_events",
    "disturbed_rests",
    "months_without",
    "read_events",
]

Floats = npt.NDArray[np.float64]

EVENT_KINDS = {"level": "changement de niveau", "temporary": "mois exceptionnels"}
"""Kinds of events, and how they are printed: lasting from the date on, or from the date to ``until``."""

EVERYONE = "*/"
"""What stands before an envelope when an event is that of every establishment."""

_UNKNOWN_WIDENING = 1.5
"""An event whose effect can be neither given nor measured widens the interval by half: a convention, printed."""
_MIN_MEASURED_MONTHS_NB = 3
_BEFORE_MONTHS_NB = 6
_START, _STOP = 0, 12 * (HISTORY_YEARS_NB + 1)


@dataclass(frozen=True)
class DatedEvent:
    """An event as it was declared, its months counted from the first of the months read.

    Parameters
    ----------
    series
        Whom it concerns: a series, the part before its slash, or ``*/`` and an envelope; None: all.
    first, last
        First and last month concerned; a lasting event ends after all that is read.
    kind
        One of :data:`EVENT_KINDS`.
    factor
        What amounts are multiplied by; None when nobody knows.
    words
        What is printed: label, month, source.
    """

    series: str | None
    first: int
    last: int
    kind: str
    factor: float | None
    words: str

    def concerns(self, name: str) -> bool:
        """Tell whether the event is one of that series: all, itself, those of its FINESS, those of its envelope."""
        if self.series is None or name == self.series:
            return True
        if self.series.startswith(EVERYONE):
            return name.endswith(self.series.removeprefix(EVERYONE[:-1]))
        return name.startswith(f"{self.series}/")


def apply_events(histories: Histories, events: pd.DataFrame | None) -> Histories:
    """Put the months that candidates read at the level of today, and say what the months left will see.

    Parameters
    ----------
    histories
        What is known.
    events
        ``date`` (first month concerned), ``kind`` (``level`` or ``temporary``), ``factor`` (what amounts are
        multiplied by; missing when unknown), optionally ``series`` (a series, the part before its slash, or ``*/`` and
        an envelope; missing: all), ``until`` (last month of a temporary event; ``date`` when missing), ``label`` and
        ``source`` (what is printed). Amounts observed are never changed.

    Returns
    -------
    Histories
        With the months adjusted, ``future_factor`` and ``widening``, and each event printed in ``reasons``.

    Raises
    ------
    CaqesError
        ``EVENEMENT_ILLISIBLE``: every event that cannot be read.
    """
    if events is None or not len(events):
        return histories
    known = read_events(events, 12 * (histories.year - HISTORY_YEARS_NB - 1970))
    months = histories.months_eur.copy()
    future = np.ones_like(months[:, -12:])
    widening = histories.widening.copy()
    reasons = list(histories.reasons)
    stops = 12 * HISTORY_YEARS_NB + histories.observed_nb
    is_forecast = np.array([method not in (Method.NONE, Method.COMPLETE) for method in histories.methods], dtype=bool)
    for event in known:
        if event.last < 0 or event.first >= _STOP:
            continue
        begun = np.isfinite(months).argmax(axis=1)
        is_before = event.last < begun
        if event.kind == "level":
            is_before |= event.first <= begun  # the series began after it
        concerned = np.array([event.concerns(name) for name in histories.series], dtype=bool)
        rows = np.flatnonzero(concerned & is_forecast & ~is_before)
        for stop in np.unique(stops[rows]):
            same = rows[stops[rows] == stop]
            notes = _apply(event, months, future, same, int(stop))
            for row, note in zip(same, notes, strict=True):
                if note is None:
                    widening[row] *= _UNKNOWN_WIDENING
                said = f"{event.words} : {note or 'effet inconnu, intervalle élargi'}"
                reasons[row] = " ; ".join(part for part in (reasons[row], said) if part)
    return replace(
        histories,
        months_eur=months,
        future_factor=_mean_future(months, future, histories),
        widening=widening,
        reasons=tuple(reasons),
    )


def begun_events(events: pd.DataFrame | None, month: pd.Timestamp) -> pd.DataFrame | None:
    """Return the events that had begun at a month: those that a forecast made then could have known.

    Parameters
    ----------
    events
        As for :func:`apply_events`.
    month
        First day of the last month observed.
    """
    return None if events is None else events[pd.to_datetime(events["date"], errors="coerce") <= month]


def disturbed_rests(
    series: Sequence[str], events: pd.DataFrame | None, *, year: int, observed_nb: int
) -> npt.NDArray[np.bool_]:
    """Return the series whose rest of the year saw a known event begin, or months made exceptional by one.

    What came then says nothing of ordinary errors: nothing is learned from it.

    Parameters
    ----------
    series
        Names of the series.
    events
        As for :func:`apply_events`.
    year, observed_nb
        Year replayed, and months of it observed.
    """
    found = np.zeros(len(series), dtype=bool)
    if events is None:
        return found
    for event in read_events(events, 12 * (year - 1970)):
        inside = event.first if event.kind == "level" else min(event.last, 11)
        if observed_nb <= inside < 12 and event.first < 12:
            found |= np.array([event.concerns(name) for name in series], dtype=bool)
    return found


def _apply(
    event: DatedEvent, months: Floats, future: Floats, rows: npt.NDArray[np.intp], stop: int
) -> list[str | None]:
    """Apply an event in place to series observed until ``stop``; return for each what was done, None if not known."""
    inside = slice(max(event.first, 0), min(event.last + 1, stop))
    later = slice(max(event.first - 12 * HISTORY_YEARS_NB, 0), max(event.last + 1 - 12 * HISTORY_YEARS_NB, 0))
    factor = event.factor
    if event.kind == "temporary":
        if event.last >= stop and factor is None:
            return [None] * len(rows)
        if factor is not None:
            months[rows, inside] /= factor
            future[rows, later] *= factor
            return [f"neutralisé (× {french.number(factor, 2)})"] * len(rows)
        affected = np.arange(inside.start, inside.stop)
        months[np.ix_(rows, affected)] = months_without(months[rows], affected, stop)
        return ["neutralisé d'après les mêmes mois des autres années"] * len(rows)
    if factor is not None:
        _move(event, months, future, rows, stop, later, factor)
        return [f"effet donné × {french.number(factor, 2)}"] * len(rows)
    notes: list[str | None] = []
    for row in rows:
        measured = _measured(months[row], event.first, stop)
        if measured is not None:
            _move(event, months, future, row, stop, later, measured)
        notes.append(None if measured is None else f"effet mesuré × {french.number(measured, 2)}")
    return notes


def _move(event: DatedEvent, months: Floats, future: Floats, rows: Any, stop: int, later: slice, factor: float) -> None:
    """Put the months before a change of level at its level, or those that will see it."""
    if event.first < stop:
        months[rows, : max(event.first, 0)] *= factor
    else:
        future[rows, later] *= factor


def months_without(months: Floats, affected: npt.NDArray[np.intp], stop: int) -> Floats:
    """Return what the affected months would have been: other years' months, moved as the rest of the year moved.

    Parameters
    ----------
    months
        Series × months, from a January.
    affected
        Months concerned.
    stop
        First month that is not observed.

    Returns
    -------
    ndarray
        Series × affected months; as they are where no other year says anything.
    """
    found = months[:, affected].copy()
    free = np.ones(months.shape[1], dtype=bool)
    free[affected] = False
    free[stop:] = False
    years, is_free = months.reshape(len(months), -1, 12), free.reshape(-1, 12)
    for year in np.unique(affected // 12):
        here = affected // 12 == year
        shared = is_free & is_free[year]
        # Added month after month: sums by pairs would differ in the last bit.
        base = np.where(shared, years, 0.0).cumsum(axis=2)[:, :, -1]
        own = np.where(shared, years[:, year, None, :], 0.0).cumsum(axis=2)[:, :, -1]
        said = shared.any(axis=1) & (base > 0) & np.isfinite(base)
        columns = affected[here] % 12
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = years[:, :, columns] * own[:, :, None] / base[:, :, None]
        usable = said[:, :, None] & is_free[:, columns]
        found[:, here] = _medians(np.where(usable, moved, np.nan), otherwise=found[:, here])
    return found


def _medians(values: Floats, *, otherwise: Floats) -> Floats:
    """Return the median over the years (second axis) of what is known; ``otherwise`` where nothing finite is."""
    ordered = np.sort(values, axis=1)  # what is not known comes last
    known_nb = np.maximum((~np.isnan(values)).sum(axis=1, keepdims=True), 1)
    low, high = (np.take_along_axis(ordered, at, axis=1)[:, 0] for at in ((known_nb - 1) // 2, known_nb // 2))
    found: Floats = np.where(np.isfinite(values).any(axis=1), (low + high) / 2, otherwise)
    return found


def _measured(months: Floats, first: int, stop: int) -> float | None:
    """Measure a change of level on the growth over a year of the months after, against that of the months before."""
    logs = np.log(np.where(months[:stop] > 0, months[:stop], np.nan))
    growth = logs[12:] - logs[:-12]
    at = first - 12
    after, before = growth[max(at, 0) : at + 12], growth[max(at - _BEFORE_MONTHS_NB, 0) : max(at, 0)]
    if np.isfinite(after).sum() < _MIN_MEASURED_MONTHS_NB or np.isfinite(before).sum() < _MIN_MEASURED_MONTHS_NB:
        return None
    return float(np.exp(np.nanmedian(after) - np.nanmedian(before)))


def _mean_future(months: Floats, future: Floats, histories: Histories) -> Floats:
    """Return by how much the whole rest of the year is multiplied: months left weigh as a year before."""
    found = np.ones(len(months))
    for row in np.flatnonzero((future != 1).any(axis=1)):
        left = slice(int(histories.observed_nb[row]), 12)
        weights = np.nan_to_num(months[row, 12 * (HISTORY_YEARS_NB - 1) : 12 * HISTORY_YEARS_NB][left])
        weights = weights if weights.sum() > 0 and (weights >= 0).all() else np.ones_like(weights)
        found[row] = np.average(future[row, left], weights=weights)
    return found


def read_events(events: pd.DataFrame, origin: int) -> list[DatedEvent]:
    """Read the events, the earliest first.

    Parameters
    ----------
    events
        As for :func:`apply_events`.
    origin
        First of the months read, in months since January 1970.

    Raises
    ------
    CaqesError
        ``EVENEMENT_ILLISIBLE``: every event that cannot be read.
    """
    problems: list[Problem] = []
    found = []
    for line, one in enumerate(events.to_dict("records"), start=1):
        first, last = _month(one.get("date")), _month(one.get("until"))
        factor = one.get("factor")
        what = None
        if first is None:
            what, column = "la date n'est pas un mois", "date"
        elif one.get("kind") not in EVENT_KINDS:
            what, column = f"le genre n'est ni {' ni '.join(EVENT_KINDS)}", "kind"
        elif not pd.isna(factor) and not (isinstance(factor, (int, float)) and 0 < factor < 100):
            what, column = "le facteur n'est pas un nombre entre 0 et 100", "factor"
        elif last is not None and last < first:
            what, column = "la fin est avant le début", "until"
        if what is not None or first is None:
            value = str(one.get(column))
            problems.append(
                Problem(
                    "EVENEMENT_ILLISIBLE", f"{what}.", "Corriger l'événement.", line=line, column=column, value=value
                )
            )
            continue
        kind = str(one["kind"])
        end = (last if last is not None else first) if kind == "temporary" else origin + _STOP
        series = None if pd.isna(one.get("series")) else str(one["series"])
        month = french.month_year(pd.Timestamp(one["date"]).date())
        label, source = one.get("label"), one.get("source")
        known_from = "" if source is None or pd.isna(source) else f", {source}"
        words = f"{EVENT_KINDS[kind] if label is None or pd.isna(label) else label} ({month}{known_from})"
        known = None if pd.isna(factor) else float(factor)
        found.append(DatedEvent(series, first - origin, end - origin, kind, known, words))
    if problems:
        raise CaqesError(problems)
    return sorted(found, key=lambda event: event.first)


def _month(value: Any) -> int | None:
    date = pd.to_datetime(value, errors="coerce")
    return None if date is None or pd.isna(date) else int(12 * (date.year - 1970) + date.month - 1)
