"""Indicator values: every definition, establishment, group and period, from a few passes over the tidy tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import tables
from caqes_analysis.code_lists import CodeList, known_code_lists
from caqes_analysis.exact import cents
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.expressions import Condition, read_condition
from caqes_analysis.indicators.measures import Measure, Perimeter, Sum
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
from caqes_analysis.indicators.results import Result, values_frame
from caqes_analysis.indicators.secrecy import without_small_counts
from caqes_analysis.indicators.sums import SCALE, Ledger, Request, read_ledger
from caqes_analysis.perimeter import clinics_without_drugs
from caqes_analysis.store import Store

__all__ = ["amounts_received", "compute_indicators", "missing_code_lists"]

_PERCENT = 100
_DRUGS = "phmev"
_LISTINGS = ("annual_drug_spend", "lpp_spend", "extra_list_use")


def compute_indicators(
    store: Store,
    definitions: Iterable[IndicatorDefinition],
    *,
    periods: Sequence[str],
    finess: Sequence[str] | None = None,
    code_lists: Mapping[str, CodeList] | None = None,
    minimum_count_nb: int = 1,
) -> pd.DataFrame:
    """Compute indicators for each establishment, department, category and the region.

    A group's value is that of its sums, never a mean of values; sums are exact. A value is ``missing`` when its source
    was not received (for the establishment, the year, the month, or its code list is not there), ``not_applicable``
    when it has no meaning (denominator of zero, establishment outside the source, no year before), ``zero`` when it is
    a true zero, ``too_few`` when it would tell a few patients or stays. See ``docs/methods/indicators.md``.

    Parameters
    ----------
    store
        Store of the campaign.
    definitions
        Definitions to compute (see :func:`~caqes_analysis.indicators.catalogue.load_catalogue`).
    periods
        Years (``2024``) and cumulative months (``2024-M09``); the latter only for definitions that are read at month M.
    finess
        Establishments wanted, alone and without groups; all, with the groups, when None.
    code_lists
        Code lists by identifier; those of the package when None.
    minimum_count_nb
        Smallest count of patients or stays that is published; 1 masks nothing.

    Returns
    -------
    DataFrame
        Table ``indicator_values``, ordered by indicator, measure, perimeter, period, level, group and FINESS.

    Raises
    ------
    CaqesError
        When a period or a condition cannot be read.
    """
    wanted = sorted(definitions, key=lambda definition: definition.id)
    lists = code_lists
    if lists is None:
        lists = known_code_lists() if any(definition.code_lists for definition in wanted) else {}
    when = [Period.read(text) for text in dict.fromkeys(periods)]
    book = _Book(store, wanted, when, lists)
    results = [
        result
        for definition in wanted
        for measure in definition.measures
        for perimeter in definition.perimeters
        for period in when
        if (result := book.result(definition, measure, perimeter, period)) is not None
    ]
    values = values_frame(results, book.places, finess=finess)
    return without_small_counts(values, wanted, book.places.groups, minimum_count_nb=minimum_count_nb)


def amounts_received(
    store: Store,
    definition: IndicatorDefinition,
    *,
    measure: str,
    years: Sequence[int],
    code_lists: Mapping[str, CodeList] | None = None,
) -> pd.DataFrame:
    """Return what a sum in euros was, establishment by establishment, month by month or year by year.

    Parameters
    ----------
    store
        Store of the campaign.
    definition
        The indicator.
    measure
        One of its measures: a sum, without denominator.
    years
        Years wanted.
    code_lists
        Code lists by identifier; those of the package when None.

    Returns
    -------
    DataFrame
        ``finess, period`` (``2023-04``, or ``2023`` for a table that has no months)``, amount_eur`` (exact; missing
        where it should have been received and was not)``, is_provisional``; nothing of an establishment outside the
        source.
    """
    lists = known_code_lists() if code_lists is None and definition.code_lists else (code_lists or {})
    when = [Period(year) for year in years]
    book = _Book(store, [definition], when, lists)
    top, _, _ = _asked(definition.measure(measure), definition.perimeters[0])
    parts = [_by_period(book, book.reading(top, period), top.table, period) for period in when]
    return pd.concat(parts, ignore_index=True)


def _by_period(book: _Book, reading: Reading, table: str, period: Period) -> pd.DataFrame:
    names = np.array([period.name] if table == "annual_drug_spend" else period.months)
    row, column = np.nonzero((reading.states != OUTSIDE) & ~(reading.whole[:, None] & (len(names) > 1)))
    known = reading.states[row, column] == KNOWN
    thousandths = reading.amounts[row, column].tolist()
    return pd.DataFrame(
        {
            "finess": np.array(book.places.finess)[row],
            "period": names[column],
            "amount_eur": [
                cents(Fraction(amount, SCALE)) if there else None
                for amount, there in zip(thousandths, known, strict=True)
            ],
            "is_provisional": reading.provisional[row, column],
        }
    )


def missing_code_lists(
    definitions: Iterable[IndicatorDefinition], code_lists: Mapping[str, CodeList] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return, by definition, the code lists that nobody has given: the region supplies them.

    Parameters
    ----------
    definitions
        Definitions.
    code_lists
        Code lists by identifier; those of the package when None.
    """
    lists = known_code_lists() if code_lists is None else code_lists
    found = {d.id: tuple(sorted(d.used_code_lists - set(lists))) for d in definitions}
    return {name: absent for name, absent in found.items() if absent}


@dataclass(frozen=True)
class _Asked:
    """A sum over a perimeter, with the rows that prove the reception."""

    table: str
    column: str | None
    request: Request
    received: Request


class _Book:
    """The ledgers of all the tables that the definitions need, and what is read in them."""

    def __init__(
        self,
        store: Store,
        definitions: Sequence[IndicatorDefinition],
        periods: Sequence[Period],
        lists: Mapping[str, CodeList],
    ) -> None:
        self.lists = lists
        self._read: dict[tuple[_Asked, Period], Reading] = {}
        asked: dict[str, list[_Asked]] = {}
        for definition in definitions:
            for measure in definition.measures:
                for perimeter in definition.perimeters:
                    for one in _all_asked(measure, perimeter):
                        if self._has_lists(one):
                            asked.setdefault(one.table, []).append(one)
        years = sorted({year for period in periods for year in (period.year, period.year - 1)})
        self.ledgers: dict[str, Ledger] = {}
        for table, parts in sorted(asked.items()):
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

    def _has_lists(self, one: _Asked) -> bool:
        conditions = (*one.request.conditions, *one.received.conditions)
        return all(name.partition("/")[0] in self.lists for c in conditions for name in c.code_lists)

    def _lists_cover(self, one: _Asked, period: Period) -> bool:
        """Say whether what is counted was listed in that period: before the first day of a list nothing is zero."""
        names = {name.partition("/")[0] for name in one.request.where.code_lists}
        return all(self.lists[name].covers(*period.days) for name in names)

    def reading(self, one: _Asked, period: Period) -> Reading:
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

    def _whole_sum(self, one: _Asked, reading: Reading) -> Reading:
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
        if period.month_nb is not None and (
            definition.period != "cumulative_month" or "annual_drug_spend" in base.tables
        ):
            return None
        if measure.evolution_of is None:
            found = self._level(measure, perimeter, period)
        elif base.denominator is None:
            found = self._evolution(base, perimeter, period)
        else:
            found = self._evolution_of_ratio(base, perimeter, period)
        masked = self._masked(measure, perimeter, period)
        return found.named(definition.id, measure, perimeter.id, period.name, masked=masked)

    def _level(self, measure: Measure, perimeter: Perimeter, period: Period) -> Result:
        top, bottom, _ = _asked(measure, perimeter)
        numerator = self.reading(top, period)
        if bottom is None:
            return Result.of(total(numerator), None, scale=measure.scale, months=_months(top.table, numerator))
        one, other, states = align(numerator, self.reading(bottom, period))
        return Result.of(one, other, scale=measure.scale, states=states, months=_months(top.table, one, states))

    def _evolution(self, base: Measure, perimeter: Perimeter, period: Period) -> Result:
        top, _, _ = _asked(base, perimeter)
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

    def _evolution_of_ratio(self, base: Measure, perimeter: Perimeter, period: Period) -> Result:
        now, before = self._level(base, perimeter, period), self._level(base, perimeter, period.previous)
        return Result.of_ratios(now, before)

    def _masked(self, measure: Measure, perimeter: Perimeter, period: Period) -> tuple[Reading, Reading] | None:
        if measure.masked is None:
            return None
        _, _, masked = _asked(measure, perimeter)
        assert masked is not None
        hidden, every = self.reading(masked[0], period), self.reading(masked[1], period)
        one, other, _ = align(hidden, every)
        return one, other


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


def _all_asked(measure: Measure, perimeter: Perimeter) -> list[_Asked]:
    if measure.evolution_of is not None:
        return []
    top, bottom, masked = _asked(measure, perimeter)
    return [one for one in (top, bottom, *(masked or ())) if one is not None]


def _asked(measure: Measure, perimeter: Perimeter) -> tuple[_Asked, _Asked | None, tuple[_Asked, _Asked] | None]:
    """Return the sums of numerator and denominator, and of the masked lines and of all lines of that kind."""
    assert measure.numerator is not None
    bottom = None if measure.denominator is None else _one(measure.denominator, perimeter, None)
    # Where the denominator was received, an envelope without any line is a true zero.
    shared = (
        bottom.request.where
        if bottom is not None and measure.numerator.table == bottom.table == "monthly_grid"
        else None
    )
    top = _one(measure.numerator, perimeter, shared)
    if measure.masked is None:
        return top, bottom, None
    counted = measure.denominator or measure.numerator
    hidden = counted.model_copy(update={"where": measure.masked.where})
    every = counted.model_copy(update={"where": f"({counted.where}) or ({measure.masked.where})"})
    return top, bottom, (_one(hidden, perimeter, None), _one(every, perimeter, None))


def _one(part: Sum, perimeter: Perimeter, shared: Condition | None) -> _Asked:
    text = perimeter.exclude.get(part.table)
    exclude = read_condition(part.table, text) if text else None
    if part.received_if is not None:
        proof = read_condition(part.table, part.received_if)
    elif part.table in _LISTINGS:
        proof = read_condition(part.table, "true")
    else:
        proof = shared or part.condition
    return _Asked(part.table, part.sum, Request(part.condition, exclude), Request(proof))
