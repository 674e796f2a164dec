"""The ledgers of the tables that some definitions need, and what each of their measures is over a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from caqes_analysis import tables
from caqes_analysis.code_lists import CodeList
from caqes_analysis.indicators.asked import Asked, asked, sums_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.measures import Measure, Perimeter
from caqes_analysis.indicators.months import envelopes_counted
from caqes_analysis.indicators.places import Places
from caqes_analysis.indicators.readings import (
    KNOWN,
    MISSING,
    OUTSIDE,
    Period,
    Reading,
    align,
    read_period,
    spread,
    total,
)
from caqes_analysis.indicators.results import Result
from caqes_analysis.indicators.sums import Ledger, Request, read_ledger
from caqes_analysis.perimeter import clinics_without_drugs
from caqes_analysis.store import Store

__all__ = ["Book", "is_read_at"]

_PERCENT = 100
_DRUGS = "phmev"


class Book:
    """The ledgers of all the tables that the definitions need, and what is read in them."""

    def __init__(
        self,
        store: Store,
        definitions: Sequence[IndicatorDefinition],
        periods: Sequence[Period],
        lists: Mapping[str, CodeList],
    ) -> None:
        self.lists = lists
        self._read: dict[tuple[Asked, Period], Reading] = {}
        wanted: dict[str, list[Asked]] = {}
        for definition in definitions:
            for measure in definition.measures:
                for perimeter in definition.perimeters:
                    for one in sums_of(measure, perimeter):
                        if self._has_lists(one):
                            wanted.setdefault(one.table, []).append(one)
        years = sorted({year for period in periods for year in (period.year, period.year - 1)})
        self.ledgers: dict[str, Ledger] = {}
        for table, parts in sorted(wanted.items()):
            if not store.has(tables.table_named(table)):
                continue
            columns = {part.column for part in parts if part.column}
            if table == "monthly_grid" and "amount_eur" in columns:
                columns.add("to_date_eur")
            conditions = [c for part in parts for c in (*part.request.conditions, *part.received.conditions)]
            self.ledgers[table] = read_ledger(
                store, table, columns=columns, conditions=conditions, years=years, lists=lists
            )
        known = sorted({name for ledger in self.ledgers.values() for name in ledger.finess})
        self.places = Places.read(store, known)
        self._number = {name: number for number, name in enumerate(self.places.finess)}
        has_grid = store.has(tables.MONTHLY_GRID)
        received = store.query("select distinct envelope from monthly_grid")["envelope"] if has_grid else ()
        self._envelopes = sorted({*received, _DRUGS})
        self._has_no_drugs = np.isin(self.places.finess, sorted(clinics_without_drugs(store)))

    def _has_lists(self, one: Asked) -> bool:
        conditions = (*one.request.conditions, *one.received.conditions)
        return all(name.partition("/")[0] in self.lists for c in conditions for name in c.code_lists)

    def _lists_cover(self, one: Asked, period: Period) -> bool:
        """Say whether what is counted was listed in that period: before the first day of a list nothing is zero."""
        names = {name.partition("/")[0] for name in one.request.where.code_lists}
        return all(self.lists[name].covers(*period.days) for name in names)

    def reading(self, one: Asked, period: Period) -> Reading:
        """Return a sum over all the establishments; missing everywhere when its table or its code list is not there."""
        key = (one, period)
        if key not in self._read:
            ledger = self.ledgers.get(one.table)
            size, months = len(self.places.finess), 1 if one.table == "annual_drug_spend" else len(period.months)
            if ledger is None or not self._has_lists(one) or not self._lists_cover(one, period):
                nothing = np.zeros((size, months), bool)
                states = np.full((size, months), MISSING, np.int8)
                found = Reading(np.zeros((size, months), np.int64), states, nothing[:, 0], nothing, nothing)
            else:
                read = read_period(ledger, one.request, one.column, one.received, period)
                if one.table == "monthly_grid":
                    read = _without_never(read, ledger, one.received)
                found = self._whole_sum(one, spread(read, self._number, ledger.finess, size))
            self._read[key] = self._outside(one.table, found, period)
        return self._read[key]

    def _whole_sum(self, one: Asked, reading: Reading) -> Reading:
        """Expect nothing of PHMEV and another envelope together where PHMEV does not apply: a part is not the sum."""
        counted = envelopes_counted(one.request.where, self._envelopes) if one.table == "monthly_grid" else ()
        if len(counted) < 2 or _DRUGS not in counted:
            return reading
        apart = self._has_no_drugs[:, None]
        states = np.where(apart, OUTSIDE, reading.states).astype(np.int8)
        return replace(reading, amounts=np.where(apart, 0, reading.amounts), states=states)

    def _outside(self, table: str, reading: Reading, period: Period) -> Reading:
        """Expect nothing of an establishment that the source does not cover, or that was not open."""
        closed = self.places.closed_during(period.year)[:, None]
        if table == "annual_drug_spend":
            closed = closed | self.places.is_private[:, None]
        else:
            closed = closed | self.places.not_yet_open(period.year, reading.states.shape[1])
        # A zero received for a time when it was not open says nothing either.
        is_empty = (reading.states == MISSING) | ((reading.states == KNOWN) & (reading.amounts == 0))
        states = np.where(is_empty & closed, OUTSIDE, reading.states).astype(np.int8)
        return Reading(reading.amounts, states, reading.whole, reading.provisional, reading.corrected)

    def result(
        self, definition: IndicatorDefinition, measure: Measure, perimeter: Perimeter, period: Period
    ) -> Result | None:
        """Return a measure over a period; None when the definition is not read at that period."""
        base = definition.measure(measure.evolution_of) if measure.evolution_of else measure
        if not is_read_at(definition, base, period):
            return None
        if measure.evolution_of is None:
            found = self._level(measure, perimeter, period)
        elif base.denominator is None:
            found = self._evolution(base, perimeter, period)
        else:
            found = Result.of_ratios(*self.over_common_months(base, perimeter, period))
        masked = self._masked(measure, perimeter, period)
        return found.named(definition.id, measure, perimeter.id, period.name, masked=masked)

    def _level(self, measure: Measure, perimeter: Perimeter, period: Period) -> Result:
        top, bottom, _ = asked(measure, perimeter)
        numerator = self.reading(top, period)
        if bottom is None:
            return Result.of(total(numerator), None, scale=measure.scale, months=_months(top.table, numerator))
        one, other = self._same_months(top, bottom, period)
        return Result.of(one, other, scale=measure.scale, months=_months(top.table, one))

    def _evolution(self, base: Measure, perimeter: Perimeter, period: Period) -> Result:
        top, _, _ = asked(base, perimeter)
        now, before = self.reading(top, period), self.reading(top, period.previous)
        one, other, states = align(now, before)
        months = _months(top.table, one, states)
        both = self._in_both_years(now, before, period)
        return Result.of(one, other, scale=_PERCENT, states=states, months=months, change=True, in_both_years=both)

    def _in_both_years(self, now: Reading, before: Reading, period: Period) -> npt.NDArray[np.bool_]:
        """Say which establishments have a rate: one that opened within the year before would be read against a part."""
        has_months = ~(now.whole | before.whole)
        begins_late = ((before.states == OUTSIDE) & (now.states != OUTSIDE)).any(axis=1)
        opened_late = self.places.opened_within(period.year - 1)
        is_closed = (now.states == OUTSIDE).all(axis=1)
        has_year = (before.states == KNOWN).any(axis=1) & ~(has_months & begins_late) & ~opened_late & ~is_closed
        return np.asarray(has_year, dtype=bool)

    def over_common_months(self, base: Measure, perimeter: Perimeter, period: Period) -> tuple[Result, Result]:
        """Return a ratio and that of the year before, over the months that both years know."""
        top, bottom, _ = asked(base, perimeter)
        assert bottom is not None
        (now, now_below), (before, before_below) = (
            self._same_months(top, bottom, when) for when in (period, period.previous)
        )
        now, before, common = align(now, before)
        now_below, before_below, _ = align(now_below, before_below)

        def ratio(above: Reading, below: Reading) -> Result:
            states = np.where(common == MISSING, MISSING, above.states).astype(np.int8)
            return Result.of(above, below, scale=base.scale, states=states, months=_months(top.table, above, states))

        return ratio(now, now_below), ratio(before, before_below)

    def _same_months(self, top: Asked, bottom: Asked, period: Period) -> tuple[Reading, Reading]:
        above, below, states = align(self.reading(top, period), self.reading(bottom, period))
        return replace(above, states=states), replace(below, states=states)

    def _masked(self, measure: Measure, perimeter: Perimeter, period: Period) -> tuple[Reading, Reading] | None:
        if measure.masked is None:
            return None
        _, _, masked = asked(measure, perimeter)
        assert masked is not None
        hidden, every = self.reading(masked[0], period), self.reading(masked[1], period)
        one, other, _ = align(hidden, every)
        return one, other


def is_read_at(definition: IndicatorDefinition, base: Measure, period: Period) -> bool:
    """Say whether a measure, which is no evolution, is read at a period."""
    return period.month_nb is None or (
        definition.period == "cumulative_month" and "annual_drug_spend" not in base.tables
    )


def _without_never(reading: Reading, ledger: Ledger, received: Request) -> Reading:
    """Expect nothing of an establishment that is in the monthly files, but never once in the envelopes counted."""
    never = ledger.rows[:, :, ledger.classes(received)].sum(axis=(1, 2)) == 0
    return replace(reading, states=np.where(never[:, None], OUTSIDE, reading.states).astype(np.int8))


def _months(table: str, reading: Reading, states: np.ndarray | None = None) -> np.ndarray | None:
    """Return how many months were counted, where there are months."""
    if table == "annual_drug_spend":
        return None
    counted = ((reading.states if states is None else states) == KNOWN).sum(axis=1)
    return np.where(reading.whole, -1, counted)
