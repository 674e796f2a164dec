"""Totals: paths of envelopes added up to an indicator, of establishments to departments and region, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from caqes_analysis import french
from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, INCOMPLETE_YEAR_NOTE, Histories, Method

__all__ = ["Group", "GroupSums"]

Cents = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CERTAIN = (Method.COMPLETE, Method.DORMANT)


@dataclass
class Group:
    """What was added up so far for one group of series.

    Parameters
    ----------
    total_cents
        Whole year, by path.
    observed_cents, previous_cents
        Months observed, and the year before.
    members_nb
        Series added up.
    is_certain, has_negative
        Whether all of them are complete or dormant; whether one has a negative month.
    has_base
        Whether the year before is whole for all of them.
    left_out_nb, left_out_cents
        Series left out because they cannot be estimated or because a month of the year before is missing, and their
        months observed.
    """

    total_cents: Cents
    observed_cents: int = 0
    previous_cents: int = 0
    members_nb: int = 0
    is_certain: bool = True
    has_negative: bool = False
    has_base: bool = True
    left_out_nb: int = 0
    left_out_cents: int = 0


class GroupSums:
    """Adds the paths of series up to groups, block after block.

    Parameters
    ----------
    year, observed_nb
        Year forecast, and months of it that the region has observed.
    paths_nb
        Number of paths.
    needs_all
        True for the envelopes of an indicator: without one of them nothing is said of their sum, and without the year
        before of one of them it has no rate. The establishments of a region that cannot be estimated, or that have no
        year before, are left out, and counted.
    """

    def __init__(self, year: int, observed_nb: int, paths_nb: int, *, needs_all: bool = False) -> None:
        self.year = year
        self.observed_nb = observed_nb
        self.paths_nb = paths_nb
        self.needs_all = needs_all
        self.groups: dict[str, Group] = {}

    def add(
        self,
        histories: Histories,
        totals: Cents,
        *,
        names: Sequence[Sequence[str]],
        base_cents: Cents,
        has_base: Flags,
    ) -> None:
        """Add a block of series.

        Parameters
        ----------
        histories, totals
            The series, and their paths in cents.
        names
            Groups of each series.
        base_cents, has_base
            What the year before amounts to for a group, and whether it is whole: not where a month of it is missing,
            nor where its establishment opened in the course of it. A region or a department leaves the series out; the
            sum of an indicator has then an amount and no rate.
        """
        for row, groups in enumerate(names):
            for name in groups:
                group = self.groups.setdefault(name, Group(np.zeros(self.paths_nb, dtype=np.int64)))
                if histories.methods[row] is Method.NONE or not (has_base[row] or self.needs_all):
                    group.left_out_nb += 1
                    group.left_out_cents += int(histories.observed_cents[row])
                    continue
                group.total_cents += totals[row]
                group.observed_cents += int(histories.observed_cents[row])
                group.previous_cents += int(base_cents[row])
                group.members_nb += 1
                group.is_certain &= histories.methods[row] in _CERTAIN
                group.has_negative |= bool(histories.has_negative[row])
                group.has_base &= bool(has_base[row])

    def as_series(self) -> tuple[Histories, Cents]:
        """Return the groups as series, with their paths, sorted by name."""
        names = sorted(self.groups)
        found = [self.groups[name] for name in names]
        size = len(names)
        totals = np.array([group.total_cents for group in found], dtype=np.int64).reshape(size, self.paths_nb)
        histories = Histories(
            series=tuple(names),
            year=self.year,
            months_eur=np.full((size, 12 * (HISTORY_YEARS_NB + 1)), np.nan),
            observed_nb=np.full(size, self.observed_nb),
            years_nb=np.zeros(size, dtype=np.int64),
            observed_cents=np.array([self._observed_cents(group) for group in found], dtype=np.int64),
            filled_eur=np.zeros(size),
            previous_cents=np.array([group.previous_cents for group in found], dtype=np.int64),
            has_previous=np.array([self._is_said(group) and group.has_base for group in found], dtype=bool),
            has_negative=np.array([group.has_negative for group in found], dtype=bool),
            methods=tuple(self._method(group) for group in found),
            reasons=tuple(self._reason(group) for group in found),
            future_factor=np.ones(size),
            widening=np.ones(size),
        )
        return histories, totals

    def _observed_cents(self, group: Group) -> int:
        """Return the months observed: of all the envelopes of an indicator, those that cannot be estimated included."""
        return group.observed_cents + (group.left_out_cents if self.needs_all else 0)

    def _is_said(self, group: Group) -> bool:
        return group.members_nb > 0 and not (self.needs_all and group.left_out_nb)

    def _method(self, group: Group) -> Method:
        if not self._is_said(group):
            return Method.NONE
        return Method.COMPLETE if group.is_certain else Method.SUMMED

    def _reason(self, group: Group) -> str:
        noun = "enveloppe" if self.needs_all else "établissement"
        summed = f"somme de {french.plural(group.members_nb, noun)}"
        if not group.left_out_nb:
            return summed if group.has_base else f"{summed} ; {INCOMPLETE_YEAR_NOTE}"
        if self.needs_all:
            return f"{french.plural(group.left_out_nb, noun)} de la somme : non estimable"
        why = "non estimable ou année précédente incomplète"
        left = french.plural(group.left_out_nb, "établissement laissé", "établissements laissés")
        amount = french.compact_euros(group.left_out_cents / 100)
        return f"{summed} ; {left} à part ({why} ; {amount} observés)" if group.members_nb else f"{left} à part ({why})"
