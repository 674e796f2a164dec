"""Declared events in the months that an estimate reads: what a tariff cut takes off is not what a contract saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.forecast.events import DatedEvent, months_without, read_events
from caqes_analysis.savings.estimate_windows import Window, build_window, build_yearly_window

__all__ = ["Declared", "PeriodEvents", "align_events"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Columns = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Declared:
    """What was declared, on the series and the months (or the years) that an estimate reads.

    A known factor is taken off every month that it touches, and put back on what was expected of the period
    (``docs/methods/savings-estimate.md``, « Événements déclarés »).

    Parameters
    ----------
    events
        Events, the earliest first.
    factors
        Series × periods: by what the events of known effect, together, multiply each.
    concerned
        Events × series: whom each concerns.
    effects
        Events × periods: by what each multiplies a period; 1 where its factor is not given.
    touched
        Events × periods: the periods in which it begins (a lasting one), or that it covers (a temporary one).
    """

    events: tuple[DatedEvent, ...]
    factors: Floats
    concerned: Flags
    effects: Floats
    touched: Flags

    def by_year(self) -> Declared:
        """Return the same on years, whose months are taken as equal."""
        factors, effects, touched = (
            months.reshape(len(months), -1, 12) for months in (self.factors, self.effects, self.touched)
        )
        return replace(
            self,
            factors=factors.mean(axis=2),
            effects=effects.mean(axis=2),
            touched=np.asarray(touched.any(axis=2)),
        )

    def window(self, months_eur: Floats, origin: int, offsets: Columns) -> Window:
        """Read the window of one date as :func:`~caqes_analysis.savings.estimate_windows.build_window`, without events.

        Exceptional months of unknown effect that come before the date are replaced by those of other years. The level
        and the growth that targeting reads stay those received.
        """
        plain = months_eur / self.factors[:, : months_eur.shape[1]]
        whole_years = np.full((len(plain), -(-plain.shape[1] // 12) * 12), np.nan)
        whole_years[:, : plain.shape[1]] = plain
        for at in self._exceptional(np.arange(origin)):
            affected = np.flatnonzero(self.touched[at, :origin])
            rows = np.flatnonzero(self.concerned[at])
            plain[np.ix_(rows, affected)] = months_without(whole_years[rows], affected, origin)
        return _as_targeted(build_window(plain, origin, offsets), build_window(months_eur, origin, offsets))

    def yearly_window(self, years_eur: Floats, origin: int, *, has_growth: bool) -> Window:
        """Read the window of one year as ``build_yearly_window`` does, without the events of known effect."""
        plain = years_eur / self.factors[:, : years_eur.shape[1]]
        return _as_targeted(
            build_yearly_window(plain, origin, has_growth=has_growth),
            build_yearly_window(years_eur, origin, has_growth=has_growth),
        )

    def taught(self, window: Window, columns: Columns) -> Window:
        """Return a window replayed without what came in exceptional periods of unknown effect: it teaches nothing."""
        lost = self.concerned[self._exceptional(columns)].any(axis=0)
        return replace(window, log_outcome=np.where(lost, np.nan, window.log_outcome))

    def on_period(
        self, amounts_eur: Floats, columns: Columns, before: Columns, *, since: int, is_yearly: bool
    ) -> PeriodEvents:
        """Return what the events do to the period evaluated.

        Parameters
        ----------
        amounts_eur
            Series × periods, as received.
        columns, before
            The period evaluated, and the same of the year before, whose amounts say how much each month weighs.
        since
            First period of the contract: a lasting event that begins between it and the period evaluated moves it all.
        is_yearly
            Whether the periods are years: nothing then neutralises an exceptional one before.
        """
        weights = amounts_eur[:, before] / self.factors[:, before]
        moved, moved_before = (_weighted_mean(self.factors[:, at], weights) for at in (columns, before))
        lasting = [at for at in self._unknown(np.arange(since, columns.max())) if self.events[at].kind == "level"]
        unknown = sorted({*lasting, *self._unknown(columns), *(self._exceptional(before) if is_yearly else ())})
        common = [at for at in unknown if self.concerned[at].all()]
        alone = [at for at in unknown if at not in common]
        own = [[at for at in alone if self.concerned[at, row]] for row in range(len(amounts_eur))]
        return PeriodEvents(
            moved,
            moved / moved_before,
            tuple(self._notes(row, columns, before, is_yearly=is_yearly) for row in range(len(amounts_eur))),
            tuple(self._not_separable(mine) if mine else "" for mine in own),
            self._not_separable(common) if common else "",
            f"{self._named(common)}, effet non donné, mesuré sur les établissements sans contrat" if common else "",
        )

    def common_move(self, amounts_eur: Floats, columns: Columns, before: Columns) -> float:
        """Return by how much events of known effect moved the sum of all series against a year before (logarithm).

        Parameters
        ----------
        amounts_eur
            Series × periods, as received.
        columns, before
            Some periods, and the same of the year before, whose amounts say how much each weighs.
        """
        weights = amounts_eur[:, before] / self.factors[:, before]
        weights = np.where(weights > 0, weights, 0.0)
        if not weights.any():
            return 0.0
        after, earlier = (float((self.factors[:, at] * weights).sum()) for at in (columns, before))
        return float(np.log(after / earlier))

    def _unknown(self, columns: Columns) -> list[int]:
        """Return the events of unknown effect that begin, or last, in the columns given."""
        return [at for at, event in enumerate(self.events) if event.factor is None and self.touched[at, columns].any()]

    def _exceptional(self, columns: Columns) -> list[int]:
        """Return those of them that are temporary."""
        return [at for at in self._unknown(columns) if self.events[at].kind == "temporary"]

    def _notes(self, row: int, columns: Columns, before: Columns, *, is_yearly: bool) -> tuple[str, ...]:
        """Return what is printed of the events that move the period of a series against the year before."""
        found = []
        for at, event in enumerate(self.events):
            effects = self.effects[at]
            if not self.concerned[at, row]:
                continue
            if (effects[columns] != effects[before]).any():
                found.append(f"{self._named([at])}, effet donné × {french.number(event.factor, 3)}")
            elif not is_yearly and at in self._exceptional(before):
                found.append(f"{self._named([at])}, mois neutralisés d'après ceux des autres années")
        return tuple(found)

    def _named(self, at: Sequence[int]) -> str:
        return french.list_in_words([self.events[one].words.replace(" ; ", ", ") for one in at])

    def _not_separable(self, at: Sequence[int]) -> str:
        given = "effet non donné (clé factor)" if len(at) == 1 else "effets non donnés (clé factor)"
        return f"{self._named(at)}, {given}, que rien ne sépare de celui du contrat"


@dataclass(frozen=True)
class PeriodEvents:
    """What declared events do to the period evaluated.

    Parameters
    ----------
    moved
        By what those of known effect multiply the period of each series.
    moved_since
        The same against the year before: 1 for an event that moved both alike.
    notes
        For each series, what is printed of them.
    alone
        For each series, why it is not estimated: events of its own, of unknown effect; empty when there is none.
    common, common_measured
        What is said of events of unknown effect that concern all the series: where nobody is compared, why nothing is
        estimated; where the others are compared, that they measure it. Empty when there is none.
    """

    moved: Floats
    moved_since: Floats
    notes: tuple[tuple[str, ...], ...]
    alone: tuple[str, ...]
    common: str
    common_measured: str

    def without_alone(self, window: Window) -> Window:
        """Return the window of the contract without the outcomes that an event of unknown effect moved."""
        lost = np.array([bool(reason) for reason in self.alone], dtype=bool)
        return replace(window, log_outcome=np.where(lost, np.nan, window.log_outcome))

    def told(self, rows: npt.NDArray[np.intp]) -> str:
        """Return what is printed of the events of several series, each with how many it concerns unless all."""
        notes = [note for row in rows for note in self.notes[int(row)]]
        return " ; ".join(
            note if notes.count(note) == len(rows) else f"{note} (pour {french.plural(notes.count(note), 'série')})"
            for note in dict.fromkeys(notes)
        )


def _as_targeted(plain: Window, received: Window) -> Window:
    """Return a window without events, whose level and growth are those received: what the rule of targeting read."""
    return replace(plain, level_eur=received.level_eur, growth=received.growth)


def _weighted_mean(values: Floats, weights: Floats) -> Floats:
    """Return the mean of each row; months that are not known, or not positive, do not weigh, unless none is."""
    positive = np.where(weights > 0, weights, 0.0)
    positive = np.where(positive.any(axis=1, keepdims=True), positive, 1.0)
    found: Floats = (values * positive).sum(axis=1) / positive.sum(axis=1)
    return found


def align_events(
    events: pd.DataFrame | None, series: Sequence[str], *, first_year: int, months_nb: int
) -> Declared | None:
    """Put declared events on the series and months that an estimate reads.

    Parameters
    ----------
    events
        As :func:`~caqes_analysis.forecast.events.apply_events` reads them.
    series
        Names of the series.
    first_year, months_nb
        Year of the first month, and number of months.

    Returns
    -------
    Declared or None
        None when no event concerns these series.

    Raises
    ------
    CaqesError
        ``EVENEMENT_ILLISIBLE``: every event that cannot be read.
    """
    if events is None or not len(events):
        return None
    known = read_events(events, 12 * (first_year - 1970))
    concerned = [np.array([event.concerns(name) for name in series], dtype=bool) for event in known]
    kept = [at for at, own in enumerate(concerned) if own.any()]
    if not kept:
        return None
    months = np.arange(months_nb)
    effects, touched = np.ones((len(kept), months_nb)), np.zeros((len(kept), months_nb), dtype=bool)
    for row, event in enumerate(known[at] for at in kept):
        lasts = event.kind == "level"
        inside = (months >= event.first) & (lasts | (months <= event.last))
        touched[row] = (months == event.first) if lasts else inside
        effects[row] = np.where(inside, 1.0 if event.factor is None else event.factor, 1.0)
    whom = np.array([concerned[at] for at in kept])
    factors = np.where(whom[:, :, None], effects[:, None, :], 1.0).prod(axis=0)
    return Declared(tuple(known[at] for at in kept), factors, whom, effects, touched)
