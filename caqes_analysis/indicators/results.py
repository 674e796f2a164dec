"""From sums to values: establishments first, then groups whose value is that of their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import tables
from caqes_analysis.indicators.measures import Measure
from caqes_analysis.indicators.places import Places
from caqes_analysis.indicators.readings import KNOWN, MISSING, OUTSIDE, Reading
from caqes_analysis.indicators.sums import SCALE

__all__ = ["Groups", "Result", "values_frame"]

_STATUSES = ("reported", "missing", "not_applicable", "zero")
_ZERO = 3
_ESTABLISHMENT = "establishment"
_NAMES = ("indicator", "measure", "perimeter", "period", "unit_label")
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """One measure over one period, by establishment.

    Parameters
    ----------
    numerator, denominator
        Thousandths; no denominator for a level.
    states
        ``KNOWN``, ``MISSING`` or ``OUTSIDE``.
    scale
        Factor of the ratio.
    change
        True for an evolution: the value is the ratio less one.
    provisional, corrected
        By establishment.
    months
        Months counted; -1 where the whole period was received at once; None without months.
    ratios
        Values of now and before, for the evolution of a ratio (whose sums are not those of the sheets).
    masked
        Masked amounts, and all amounts of that kind.
    counts
        For groups, numbers of establishments that have a value, and whose value is missing.
    names
        Identifiers of the indicator, measure, perimeter and period, and the unit.
    """

    numerator: Numbers
    denominator: Numbers | None
    states: npt.NDArray[np.int8]
    scale: int
    provisional: npt.NDArray[np.bool_]
    corrected: npt.NDArray[np.bool_]
    months: npt.NDArray[np.int64] | None = None
    change: bool = False
    ratios: tuple[Result, Result] | None = None
    masked: tuple[Numbers, Numbers] | None = None
    counts: tuple[Numbers, Numbers] | None = None
    names: tuple[str, str, str, str, str] = ("", "", "", "", "")

    @classmethod
    def of(
        cls,
        numerator: Reading,
        denominator: Reading | None,
        *,
        scale: int,
        states: npt.NDArray[np.int8] | None = None,
        months: npt.NDArray[np.int64] | None = None,
        change: bool = False,
        in_both_years: npt.NDArray[np.bool_] | None = None,
    ) -> Result:
        """Add up the months of two readings.

        Parameters
        ----------
        numerator, denominator
            Readings over the same months.
        scale, months, change
            As in the class.
        states
            Common state of each month; that of the numerator by default.
        in_both_years
            For an evolution, establishments that were open in the two years: the others have none.
        """
        known = numerator.states if states is None else states
        outside = (known == OUTSIDE).all(axis=1)
        nothing = ~(known == KNOWN).any(axis=1)
        state = np.where(outside, OUTSIDE, np.where(nothing, MISSING, KNOWN))
        if in_both_years is not None:
            state = np.where((state == KNOWN) & ~in_both_years, OUTSIDE, state)
        flags = [numerator] if denominator is None else [numerator, denominator]
        return cls(
            numerator=numerator.amounts.sum(axis=1),
            denominator=None if denominator is None else denominator.amounts.sum(axis=1),
            states=state.astype(np.int8),
            scale=scale,
            provisional=np.any([reading.provisional.any(axis=1) for reading in flags], axis=0),
            corrected=np.any([reading.corrected.any(axis=1) for reading in flags], axis=0),
            months=months,
            change=change,
        )

    @classmethod
    def of_ratios(cls, now: Result, before: Result) -> Result:
        """Return the evolution of a ratio."""
        missing = (now.states == MISSING) | (before.states == MISSING)
        outside = (now.states == OUTSIDE) | (before.states == OUTSIDE)
        return replace(
            now,
            states=np.where(missing, MISSING, np.where(outside, OUTSIDE, KNOWN)).astype(np.int8),
            provisional=now.provisional | before.provisional,
            corrected=now.corrected | before.corrected,
            scale=100,
            change=True,
            ratios=(now, before),
        )

    def named(
        self,
        indicator: str,
        measure: Measure,
        perimeter: str,
        period: str,
        *,
        masked: tuple[Reading, Reading] | None,
    ) -> Result:
        """Return the result with what identifies it, and its masked part."""
        hidden = None if masked is None else (masked[0].amounts.sum(axis=1), masked[1].amounts.sum(axis=1))
        return replace(self, names=(indicator, measure.id, perimeter, period, measure.unit), masked=hidden)

    def grouped(self, groups: Groups) -> Result:
        """Return the sums of groups; an establishment whose value is missing is left out.

        An evolution is at constant perimeter: one that was not open in the two years is left out of it too.

        Parameters
        ----------
        groups
            Group of each establishment.
        """
        kept = self.states != MISSING
        summed = self.states == KNOWN if self.change else kept

        def added(values: npt.NDArray[Any]) -> Numbers:
            return groups.added(np.where(summed, values, 0))

        known_nb, kept_nb = groups.added(self.states == KNOWN), groups.added(kept)
        state = np.where(known_nb > 0, KNOWN, np.where(kept_nb > 0, OUTSIDE, MISSING)).astype(np.int8)
        return replace(
            self,
            numerator=added(self.numerator),
            denominator=None if self.denominator is None else added(self.denominator),
            states=state,
            provisional=added(self.provisional) > 0,
            corrected=added(self.corrected) > 0,
            months=None,
            ratios=None
            if self.ratios is None
            else (self._common(self.ratios[0]).grouped(groups), self._common(self.ratios[1]).grouped(groups)),
            masked=None if self.masked is None else (added(self.masked[0]), added(self.masked[1])),
            counts=(groups.added(self._has_value), groups.added(~kept)),
        )

    @property
    def _has_value(self) -> npt.NDArray[np.bool_]:
        """Say which establishments have a value: known, and over something."""
        known = np.asarray(self.states == KNOWN, dtype=bool)
        if self.ratios is not None:
            return known & (self.ratios[1].values()[2] > 0)
        return known if self.denominator is None else known & (self.denominator > 0)

    def _common(self, ratio: Result) -> Result:
        """Return a ratio over the establishments that have both years."""
        return replace(ratio, states=np.where(self.states == KNOWN, ratio.states, MISSING).astype(np.int8))

    def values(self) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int8]]:
        """Return numerator, denominator and value as printed numbers, and the status of each (as a place)."""
        if self.ratios is not None:
            above, below = self.ratios[0].values()[2], self.ratios[1].values()[2]
            top, bottom, value = above, below, _ratio((above - below) * self.scale, below)
        elif self.denominator is None:
            top, bottom = self.numerator / SCALE, np.full(len(self.numerator), np.nan)
            value = top * self.scale
        else:
            top, bottom = self.numerator / SCALE, self.denominator / SCALE
            # Whole numbers until one division: a share of exactly 20 % is 20.
            counted = self.numerator - self.denominator if self.change else self.numerator
            value = _ratio(counted * self.scale, self.denominator)
        status = self.states.copy()
        unread = status != KNOWN if self.change else status == MISSING
        if self.denominator is not None or self.ratios is not None:
            status = np.where((status == KNOWN) & ~(bottom > 0), OUTSIDE, status).astype(np.int8)
        value = np.where(status == KNOWN, value, np.nan)
        if not self.change:
            status = np.where((status == KNOWN) & (value == 0), _ZERO, status).astype(np.int8)
        return np.where(unread, np.nan, top), np.where(unread, np.nan, bottom), value, status


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below, dtype=np.float64)


@dataclass(frozen=True)
class Groups:
    """Establishments put together: by department, by category, all of them.

    Parameters
    ----------
    level
        Level of the table ``indicator_values``.
    names
        The groups, sorted.
    order, starts
        Establishments in the order of their group, and where each group begins.
    """

    level: str
    names: npt.NDArray[np.str_]
    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, level: str, groups: npt.NDArray[np.str_]) -> Groups:
        """Return the groups of establishments, from the name of the group of each."""
        names, member = np.unique(groups, return_inverse=True)
        order = np.argsort(member, kind="stable")
        return cls(level, names, order, np.searchsorted(member[order], np.arange(len(names))))

    def added(self, values: npt.NDArray[Any]) -> Numbers:
        """Return the exact sum of whole numbers by group."""
        return np.asarray(np.add.reduceat(values[self.order].astype(np.int64), self.starts))


def values_frame(results: Sequence[Result], places: Places, *, finess: Sequence[str] | None) -> pd.DataFrame:
    """Return results as the table ``indicator_values``.

    Parameters
    ----------
    results
        Measures by period.
    places
        The establishments.
    finess
        Establishments wanted, without groups; all, with the groups, when None.

    Returns
    -------
    DataFrame
        Ordered by indicator, measure, perimeter, period, level, then FINESS or group.
    """
    everyone = np.array(places.finess, dtype=object)
    wanted = np.arange(len(everyone)) if finess is None else np.flatnonzero(np.isin(everyone, list(finess)))
    groups = (
        [Groups.of(level, names) for level, names in places.groups.items()] if finess is None and len(everyone) else []
    )
    blocks: list[tuple[Result, str, npt.NDArray[Any]]] = []
    for result in sorted(results, key=lambda one: one.names[:4]):
        blocks.append((result, _ESTABLISHMENT, wanted))
        blocks += [(result.grouped(group), group.level, np.arange(len(group.names))) for group in groups]
    if not blocks:
        return tables.INDICATOR_VALUES.empty()
    sizes = [len(kept) for *_, kept in blocks]

    def repeated(texts: Sequence[str]) -> pd.Series[Any]:
        kinds, codes = np.unique(np.array(texts, dtype=str), return_inverse=True)
        return _coded(np.repeat(codes, sizes), kinds)

    def placed(names: Mapping[str, npt.NDArray[Any]]) -> pd.Series[Any]:
        known = sorted({str(name) for values in names.values() for name in values})
        codes = {level: np.searchsorted(known, values.astype(str)) for level, values in names.items()}
        nobody = np.full(max(sizes), -1)
        every = [codes[level] if level in codes else nobody[: len(kept)] for _, level, kept in blocks]
        return _coded(np.concatenate(every), known)

    rows = [_numbers(result, kept) for result, _, kept in blocks]
    texts = {name: repeated([result.names[place] for result, *_ in blocks]) for place, name in enumerate(_NAMES)}
    frame = pd.DataFrame(
        {
            "finess": placed({_ESTABLISHMENT: everyone[wanted]}),
            "group": placed({group.level: group.names for group in groups}),
            "level": repeated([level for _, level, _ in blocks]),
            **texts,
            **{name: np.concatenate([row[name] for row in rows]) for name in rows[0]},
        }
    )
    frame["value_status"] = _coded(frame["value_status"].to_numpy(), _STATUSES)
    return tables.INDICATOR_VALUES.conform(frame)


def _coded(codes: Any, kinds: Any) -> pd.Series[Any]:
    """Return texts written once and repeated by their place; -1 is a missing one."""
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index([str(kind) for kind in kinds])))


def _numbers(result: Result, kept: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Return the numeric columns of one block of rows."""
    top, bottom, value, status = result.values()
    nothing = np.full(len(top), np.nan)
    masked = nothing if result.masked is None else np.where(result.states == MISSING, np.nan, _ratio(*result.masked))
    months = nothing if result.months is None else np.where(result.months < 0, np.nan, result.months)
    counted, left_out = (nothing, nothing) if result.counts is None else result.counts
    columns = {
        "numerator": top,
        "denominator": bottom,
        "value": value,
        "masked_share": masked,
        "months_nb": months,
        "establishments_nb": counted.astype(np.float64),
        "missing_nb": left_out.astype(np.float64),
        "value_status": status,
        "is_provisional": result.provisional,
        "is_corrected": result.corrected,
    }
    return {name: values[kept] for name, values in columns.items()}
