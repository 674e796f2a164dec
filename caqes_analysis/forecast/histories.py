"""What is known of each series when its year is forecast, and which method that allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.forecast.intermittent import LEAST_SILENT_NB, silent_months
from caqes_analysis.forecast.panel import Panel

__all__ = [
    "EMPTY_YEAR_NOTE",
    "HISTORY_YEARS_NB",
    "INCOMPLETE_YEAR_NOTE",
    "PROVISIONAL_NOTE",
    "WHOLE_YEAR_NOTE",
    "Histories",
    "Method",
    "prepare",
]

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_Kind = TypeVar("_Kind", bound=np.generic)

HISTORY_YEARS_NB = 4
"""Whole years before that candidates read: what a region usually keeps, and what the method was chosen on."""
PROVISIONAL_NOTE = "mois provisoires ignorés"
"""What is printed of a series whose last months are provisional."""
INCOMPLETE_YEAR_NOTE = "pas de taux, l'année précédente est incomplète"
"""What is printed of a series that has no evolution."""
EMPTY_YEAR_NOTE = "pas de taux, l'année précédente est nulle ou négative"
"""What is printed of a series whose year before cannot be the base of a rate."""
WHOLE_YEAR_NOTE = "les douze mois sont reçus"
"""What is printed of a series whose year is known whole."""
_MAX_GAPS_NB = 3
_MAX_NON_POSITIVE_SHARE = 0.25
_FLOOR_SHARE = 0.05
_MIN_PACE_MONTHS_NB = 3
_MIN_DRAWN_MONTHS_NB = 12
_DORMANT_MONTHS_NB = 12


class Method(StrEnum):
    """The rungs of the ladder, from the best to none, as they are printed."""

    COMPLETE = "année complète"
    COMBINED = "combinaison apprise"
    SHORT = "combinaison sur une année d'historique"
    PACE = "rythme des mois observés"
    DRAWN = "tirage des mois passés"
    DORMANT = "série sans dépense"
    SUMMED = "somme des trajectoires"
    NONE = "non estimable"


@dataclass(frozen=True)
class Histories:
    """Series ready to be forecast, one row each.

    Parameters
    ----------
    series
        Names, sorted.
    year
        Year to forecast.
    months_eur
        Amounts of ``HISTORY_YEARS_NB`` years and of the year, gaps filled, series × months; NaN where not known.
    observed_nb
        Months observed: up to the last one that is not provisional nor follows a provisional one.
    years_nb
        Whole years before, at most ``HISTORY_YEARS_NB``.
    observed_cents, filled_eur
        Sum of the months observed, and estimate of the gaps between them.
    previous_cents, has_previous
        Total of the year before, where its twelve months are known.
    has_negative
        Whether a month known is negative.
    methods, reasons
        Rung of the ladder and the French reason of each.
    future_factor, widening
        What known events multiply the rest of the year by, and the scale of its error; 1 without event.
    """

    series: tuple[str, ...]
    year: int
    months_eur: Floats
    observed_nb: Counts
    years_nb: Counts
    observed_cents: Cents
    filled_eur: Floats
    previous_cents: Cents
    has_previous: Flags
    has_negative: Flags
    methods: tuple[Method, ...]
    reasons: tuple[str, ...]
    future_factor: Floats
    widening: Floats

    def rows(self, chosen: Callable[[int], bool]) -> npt.NDArray[np.intp]:
        """Return the rows for which ``chosen`` is true."""
        return np.array([row for row in range(len(self.series)) if chosen(row)], dtype=np.intp)

    def take(self, rows: npt.NDArray[np.intp]) -> Histories:
        """Return the histories of some rows."""
        arrays: dict[str, Any] = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        words: dict[str, Any] = {
            name: tuple(getattr(self, name)[row] for row in rows) for name in ("series", "methods", "reasons")
        }
        return replace(self, **arrays, **words)

    def model_months(self, rows: npt.NDArray[np.intp], years_nb: int, observed_nb: int) -> Floats:
        """Return the strictly positive months that candidates read: the last years and the months observed."""
        start = 12 * (HISTORY_YEARS_NB - years_nb)
        months = self.months_eur[rows, start : 12 * HISTORY_YEARS_NB + observed_nb]
        return np.where(months > 0, months, _floor(months)[:, None])


def _floor(months: Floats) -> Floats:
    """Return what stands for a month that is nil or negative: little, and never more than the smallest month."""
    positive = np.where(months > 0, months, np.nan)
    found: Floats = np.minimum(_FLOOR_SHARE * np.nanmean(positive, axis=1), np.nanmin(positive, axis=1))
    return found


def prepare(panel: Panel, year: int) -> Histories:
    """Read what is known of every series before its year is forecast.

    Parameters
    ----------
    panel
        Months; those after the last observed one of ``year`` are ignored where a provisional one stands before.
    year
        Year to forecast.

    Returns
    -------
    Histories
        One row a series, each with its rung and reason.
    """
    width = 12 * (HISTORY_YEARS_NB + 1)
    start = panel.year_at(year) - 12 * HISTORY_YEARS_NB
    cents, known = _window(panel.cents, start, width), _window(panel.known, start, width)
    now = slice(12 * HISTORY_YEARS_NB, width)
    provisional = _window(panel.provisional, start, width)[:, now]
    before_provisional = np.where(provisional.any(axis=1), provisional.argmax(axis=1), 12)
    settled = known[:, now] & (np.arange(12) < before_provisional[:, None])
    known = known.copy()
    known[:, now] = settled
    observed_nb = np.where(settled.any(axis=1), 12 - settled[:, ::-1].argmax(axis=1), 0)
    months = np.where(known, cents / 100, np.nan)
    gaps_before = _fill_gaps(months, observed_nb)
    years = months[:, : 12 * HISTORY_YEARS_NB].reshape(len(months), HISTORY_YEARS_NB, 12)
    whole: Flags = np.asarray((~np.isnan(years)).all(axis=2))
    years_nb = whole[:, ::-1].cumprod(axis=1).sum(axis=1)
    last = slice(12 * (HISTORY_YEARS_NB - 1), 12 * HISTORY_YEARS_NB)
    filled = np.where(settled, 0.0, np.nan_to_num(months[:, now]))
    goes_on: Flags = np.asarray(((cents[:, now] > 0) & (np.arange(12) >= observed_nb[:, None])).any(axis=1))
    before = np.zeros(len(panel.series), dtype=bool)
    methods, reasons = [], []
    for row in range(len(panel.series)):
        method, reason = _rung(months[row], int(observed_nb[row]), int(years_nb[row]))
        if method in (Method.COMPLETE,) and filled[row].any():
            absent = (12 * HISTORY_YEARS_NB + np.flatnonzero(filled[row])).tolist()
            named = french.list_in_words([french.month_year(_month_at(year, gap)) for gap in absent])
            method = Method.NONE
            reason = f"décembre est reçu, mais {named} {'manque' if len(absent) == 1 else 'manquent'}"
        notes = [reason] if reason else []
        if method is not Method.NONE:
            until = months[row, : 12 * HISTORY_YEARS_NB + int(observed_nb[row])]
            notes += [] if goes_on[row] else _silence(method, silent_months(until))
            # Of a year known whole nothing is estimated, whatever was not received long before it.
            before_year = [] if method is Method.COMPLETE else gaps_before[row]
            gaps = [*before_year, *(12 * HISTORY_YEARS_NB + np.flatnonzero(filled[row])).tolist()]
            notes += _notes(panel, row, [_month_at(year, gap) for gap in gaps], bool(provisional[row].any()))
        before[row] = known[row, last].all()
        if not before[row] and method is not Method.NONE:
            notes.append(INCOMPLETE_YEAR_NOTE)
        methods.append(method)
        reasons.append(" ; ".join(notes))
    return Histories(
        panel.series,
        year,
        months,
        observed_nb,
        years_nb,
        np.where(settled, cents[:, now], 0).sum(axis=1),
        filled.sum(axis=1),
        cents[:, last].sum(axis=1),
        before,
        np.asarray((np.nan_to_num(months) < 0).any(axis=1)),
        tuple(methods),
        tuple(reasons),
        np.ones(len(panel.series)),
        np.ones(len(panel.series)),
    )


def _window(values: npt.NDArray[_Kind], start: int, width: int) -> npt.NDArray[_Kind]:
    """Return ``width`` columns from ``start``, zeros or False outside the panel."""
    found = np.zeros((len(values), width), dtype=values.dtype)
    first, stop = max(start, 0), min(start + width, values.shape[1])
    if stop > first:
        found[:, first - start : stop - start] = values[:, first:stop]
    return found


def _month_at(year: int, index: int) -> pd.Timestamp:
    """Return the month of an index of the histories of a year."""
    return pd.Timestamp(year - HISTORY_YEARS_NB + index // 12, index % 12 + 1, 1)


def _fill_gaps(months: Floats, observed_nb: Counts) -> list[list[int]]:
    """Fill in place the isolated missing months, and return which were filled before the year, series by series."""
    filled: list[list[int]] = [[] for _ in months]
    for row in range(len(months)):
        present = np.flatnonzero(~np.isnan(months[row]))
        if not len(present):
            continue
        stop = 12 * HISTORY_YEARS_NB + int(observed_nb[row])
        inside = np.arange(present[0], stop)
        absent = inside[np.isnan(months[row, inside])]
        if not len(absent):
            continue
        given = months[row].copy()
        for year in np.unique(absent // 12):
            same = absent[absent // 12 == year]
            if len(same) > _MAX_GAPS_NB:
                continue
            for at in same:
                months[row, at] = _neighbour(given, int(at))
            if year < HISTORY_YEARS_NB:
                filled[row] += same.tolist()
    return filled


def _neighbour(given: Floats, at: int) -> float:
    """Estimate a missing month: the same month of the years around, moved as its neighbours moved."""
    left = next((place for place in range(at - 1, -1, -1) if not np.isnan(given[place])), None)
    right = next((place for place in range(at + 1, len(given)) if not np.isnan(given[place])), None)
    around = [place for place in (left, right) if place is not None and abs(place - at) <= _MAX_GAPS_NB + 1]
    found = []
    for shift in (-12, 12):
        places = [at + shift, *(place + shift for place in around)]
        if around and all(0 <= place < len(given) and not np.isnan(given[place]) for place in places):
            base = sum(given[place] for place in places[1:])
            if base > 0 and given[at + shift] > 0:
                found.append(given[at + shift] * sum(given[place] for place in around) / base)
    if found:
        return float(np.mean(found))
    return float(np.mean([given[place] for place in around])) if around else float("nan")


def _rung(months: Floats, observed_nb: int, years_nb: int) -> tuple[Method, str]:
    """Return the best method that a series allows, and why not a better one."""
    until = months[: 12 * HISTORY_YEARS_NB + observed_nb]
    now = months[12 * HISTORY_YEARS_NB :][:observed_nb]
    if observed_nb == 0:
        return Method.NONE, "aucun mois définitif de l'année n'est reçu"
    opened = int(np.isnan(now).argmin())
    if np.isnan(now[opened:]).any() or (opened and years_nb):
        return Method.NONE, "trop de mois de l'année manquent"
    if observed_nb == 12:
        return Method.COMPLETE, "tous les mois depuis l'ouverture sont reçus" if opened else WHOLE_YEAR_NOTE
    recent = until[~np.isnan(until)][-36:]
    if len(recent) >= _DORMANT_MONTHS_NB and not recent[-_DORMANT_MONTHS_NB:].any():
        return Method.DORMANT, "aucune dépense depuis douze mois : prolongée à zéro, sans intervalle"
    if years_nb:
        used = until[12 * (HISTORY_YEARS_NB - years_nb) :]
        yearly = used[: 12 * years_nb].reshape(years_nb, 12)
        parts = np.concatenate([yearly[:, :observed_nb].sum(axis=1), yearly[:, observed_nb:].sum(axis=1), [now.sum()]])
        if (used <= 0).mean() <= _MAX_NON_POSITIVE_SHARE and (parts > 0).all():
            if years_nb == 1:
                return Method.SHORT, "une seule année complète avant : saisons et croissance ne se distinguent pas"
            return Method.COMBINED, ""
    if len(recent) >= _MIN_DRAWN_MONTHS_NB and (recent <= 0).mean() > 0:
        return Method.DRAWN, "mois nuls ou négatifs trop nombreux : total estimé sans croissance"
    pace = recent[-6:]
    if len(recent) >= _MIN_PACE_MONTHS_NB and (pace > 0).all():
        return Method.PACE, f"aucune année complète avant, {len(recent)} mois connus"
    if len(recent) < _MIN_PACE_MONTHS_NB:
        return Method.NONE, f"{len(recent)} mois connus : il en faut au moins {_MIN_PACE_MONTHS_NB}"
    return Method.NONE, "mois nuls ou négatifs et moins de douze mois connus"


def _silence(method: Method, silent_nb: int) -> list[str]:
    """Say that a series has stopped, where its year is not over: a closure, or months that were not received."""
    if method not in (Method.COMBINED, Method.SHORT, Method.DRAWN) or silent_nb < LEAST_SILENT_NB:
        return []
    return [f"aucune dépense dans les {silent_nb} derniers mois définitifs : arrêt possible, ou mois non reçus"]


def _notes(panel: Panel, row: int, gaps: Sequence[pd.Timestamp], provisional: bool) -> list[str]:
    notes = []
    if panel.quarterly[row]:
        notes.append("reçue par trimestres, répartis en mois égaux")
    if gaps:
        named = french.list_in_words([french.month_year(gap) for gap in gaps])
        words = ("manquant", "estimé") if len(gaps) == 1 else ("manquants", "estimés")
        notes.append(f"{named} {words[0]}, {words[1]}")
    if provisional:
        notes.append(PROVISIONAL_NOTE)
    return notes
