"""Indicator values: every definition, establishment, group and period, from a few passes over the tidy tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

from caqes_analysis.code_lists import CodeList, known_code_lists
from caqes_analysis.exact import cents
from caqes_analysis.indicators.asked import asked
from caqes_analysis.indicators.book import Book, is_read_at
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.measures import Measure, Perimeter
from caqes_analysis.indicators.readings import KNOWN, OUTSIDE, Period, Reading
from caqes_analysis.indicators.results import values_frame
from caqes_analysis.indicators.secrecy import without_small_counts
from caqes_analysis.indicators.sums import SCALE
from caqes_analysis.store import Store

__all__ = ["amounts_received", "common_sums", "compute_indicators", "missing_code_lists"]

_SERIES = ("indicator", "measure", "perimeter", "period")
_SUMS = (("numerator", "denominator"), ("previous_numerator", "previous_denominator"))


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
    book = Book(store, wanted, when, lists)
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
    book = Book(store, [definition], when, lists)
    top, _, _ = asked(definition.measure(measure), definition.perimeters[0])
    parts = [_by_period(book, book.reading(top, period), top.table, period) for period in when]
    return pd.concat(parts, ignore_index=True)


def _by_period(book: Book, reading: Reading, table: str, period: Period) -> pd.DataFrame:
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


def common_sums(
    store: Store,
    definitions: Iterable[IndicatorDefinition],
    values: pd.DataFrame,
    *,
    code_lists: Mapping[str, CodeList] | None = None,
) -> pd.DataFrame:
    """Return the sums of each ratio over the months common to a period and to the same of the year before.

    Parameters
    ----------
    store
        Store of the campaign.
    definitions
        Their definitions.
    values
        What :func:`compute_indicators` returned: only the ratios that it has on a part of the months of some
        establishment are read again, the others have the same months in every year.
    code_lists
        As :func:`compute_indicators` takes them.

    Returns
    -------
    DataFrame
        ``indicator, measure, perimeter, period, finess, numerator, denominator, previous_numerator,
        previous_denominator``: missing where no month is common.
    """
    known = {one.id: one for one in definitions}
    months_nb = values["period"].map(lambda name: len(Period.read(str(name)).months)).astype(float)
    in_part = values[values["finess"].notna() & values["value"].notna() & (values["months_nb"] < months_nb)]
    lacking = set(zip(*(in_part[name] for name in ("indicator", "measure", "period")), strict=True))
    periods = {name: Period.read(str(name)) for name in values["period"].unique()}
    asked_for = [
        (known[name].model_copy(update={"measures": (measure,)}), measure, period)
        for name, one in sorted({names[:2] for names in lacking})
        if (measure := known[name].measure(one)).denominator is not None
        for period in periods.values()
        if period.previous.name in periods and {(name, one, period.name), (name, one, period.previous.name)} & lacking
    ]
    series = {(one.id, measure.id): one for one, measure, _ in asked_for}
    lists = known_code_lists() if code_lists is None and series else (code_lists or {})
    book = Book(store, list(series.values()), [period for *_, period in asked_for], lists)
    parts = [
        _common(book, one, measure, perimeter, period)
        for one, measure, period in asked_for
        for perimeter in one.perimeters
        if is_read_at(one, measure, period)
    ]
    nothing = pd.DataFrame(columns=[*_SERIES, "finess", *_SUMS[0], *_SUMS[1]])
    return pd.concat(parts, ignore_index=True) if parts else nothing


def _common(
    book: Book, definition: IndicatorDefinition, measure: Measure, perimeter: Perimeter, period: Period
) -> pd.DataFrame:
    found = {}
    for result, names in zip(book.over_common_months(measure, perimeter, period), _SUMS, strict=True):
        assert result.denominator is not None
        for name, amounts in zip(names, (result.numerator, result.denominator), strict=True):
            found[name] = np.where(result.states == KNOWN, amounts / SCALE, np.nan)
    series = dict(zip(_SERIES, (definition.id, measure.id, perimeter.id, period.name), strict=True))
    return pd.DataFrame({"finess": book.places.finess, **found}).assign(**series)


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
