"""From sums to values: establishments first, then groups whose value is that of their sums."""

from __future__ import annotations

from collections.abc import Sequence
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

__all__ = ["Result", "values_frame"]

_STATUSES = np.array(["reported", "missing", "not_applicable", "zero"])
_ZERO = 3
_LEVELS = ("establishment", "department", "category", "region")
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
        begun: npt.NDArray[np.bool_] | None = None,
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
        begun
            For an evolution, establishments that had anything the year before.
        """
        known = numerator.states if states is None else states
        outside = (known == OUTSIDE).all(axis=1)
        nothing = ~(known == KNOWN).any(axis=1)
        state = np.where(outside, OUTSIDE, np.where(nothing, MISSING, KNOWN))
        if begun is not None:
            state = np.where((state == KNOWN) & ~begun, OUTSIDE, state)
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

    def grouped(self, member: Numbers, groups_nb: int) -> Result:
        """Return the sums of groups; an establishment whose value is missing is left out.

        Parameters
        ----------
        member
            Number of the group of each establishment.
        groups_nb
            Number of groups.
        """
        kept = self.states != MISSING

        def added(values: npt.NDArray[Any]) -> Numbers:
            sums = np.zeros(groups_nb, dtype=np.int64)
            np.add.at(sums, member[kept], values[kept].astype(np.int64))
            return sums

        known_nb, kept_nb = added(self.states == KNOWN), added(kept)
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
            else (
                self._common(self.ratios[0]).grouped(member, groups_nb),
                self._common(self.ratios[1]).grouped(member, groups_nb),
            ),
            masked=None if self.masked is None else (added(self.masked[0]), added(self.masked[1])),
        )

    def _common(self, ratio: Result) -> Result:
        """Return a ratio over the establishments that have both years."""
        return replace(ratio, states=np.where(self.states == MISSING, MISSING, ratio.states).astype(np.int8))

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
        if self.denominator is not None or self.ratios is not None:
            status = np.where((status == KNOWN) & ~(bottom > 0), OUTSIDE, status).astype(np.int8)
        unknown = status == MISSING
        value = np.where(status == KNOWN, value, np.nan)
        if not self.change:
            status = np.where((status == KNOWN) & (value == 0), _ZERO, status).astype(np.int8)
        return np.where(unknown, np.nan, top), np.where(unknown, np.nan, bottom), value, status


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below, dtype=np.float64)


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
    """
    blocks: list[pd.DataFrame] = []
    wanted = None if finess is None else np.isin(places.finess, list(finess))
    own = np.array(places.finess, dtype=object)
    who = {level: np.unique(groups, return_inverse=True) for level, groups in places.groups.items() if finess is None}
    for result in results:
        block = _block(result, "establishment", own, None)
        blocks.append(block if wanted is None else block[wanted])
        for level, (names, member) in who.items():
            grouped = result.grouped(member, len(names))
            left_out = np.bincount(member[result.states == MISSING], minlength=len(names))
            counted = np.bincount(member[result.states == KNOWN], minlength=len(names))
            blocks.append(_block(grouped, level, names.astype(object), (counted, left_out)))
    if not blocks:
        return tables.INDICATOR_VALUES.empty()
    frame = pd.concat(blocks, ignore_index=True)
    frame["rank"] = frame["level"].map({level: rank for rank, level in enumerate(_LEVELS)})
    order = ["indicator", "measure", "perimeter", "period", "rank", "group", "finess"]
    frame = frame.sort_values(order, na_position="first", kind="stable").drop(columns="rank")
    return tables.INDICATOR_VALUES.conform(frame.reset_index(drop=True))


def _block(result: Result, level: str, names: npt.NDArray[np.object_], counts: tuple[Any, Any] | None) -> pd.DataFrame:
    top, bottom, value, status = result.values()
    indicator, measure, perimeter, period, unit = result.names
    nothing = np.full(len(names), None, dtype=object)
    masked = np.full(len(names), np.nan)
    if result.masked is not None:
        masked = np.where(result.states == MISSING, np.nan, _ratio(*result.masked))
    months = None if result.months is None else np.where(result.months < 0, np.nan, result.months)
    return pd.DataFrame(
        {
            "finess": names if level == "establishment" else nothing,
            "group": nothing if level == "establishment" else names,
            "level": level,
            "period": period,
            "indicator": indicator,
            "measure": measure,
            "perimeter": perimeter,
            "numerator": top,
            "denominator": bottom,
            "value": value,
            "unit_label": unit,
            "lower": np.nan,
            "upper": np.nan,
            "masked_share": masked,
            "months_nb": np.nan if months is None else months,
            "establishments_nb": np.nan if counts is None else counts[0].astype(float),
            "missing_nb": np.nan if counts is None else counts[1].astype(float),
            "value_status": _STATUSES[status],
            "is_provisional": result.provisional,
            "is_corrected": result.corrected,
        }
    )
