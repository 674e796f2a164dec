"""The months of an indicator counted from lines by code: what its year-end forecast stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from caqes_analysis import tables
from caqes_analysis.code_lists import CodeList
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.expressions import Condition, read_condition
from caqes_analysis.indicators.locked import evaluate_conditions
from caqes_analysis.indicators.measures import Sum
from caqes_analysis.indicators.readings import KNOWN, MISSING, Period, read_period
from caqes_analysis.indicators.sums import SCALE, Request, read_ledger
from caqes_analysis.store import Store

__all__ = ["MONTHS_COLUMNS", "counts_envelope", "envelopes_counted", "monthly_amounts"]

MONTHS_COLUMNS = ("finess", "month", "amount_eur", "is_provisional", "is_corrected")
"""Columns of the months of an indicator."""

_CENTS = 100


def monthly_amounts(
    store: Store, line: Sum, *, years: Sequence[int], code_lists: Mapping[str, CodeList]
) -> pd.DataFrame:
    """Return what a sum amounts to, month by month, for each establishment that ever has any of it.

    Parameters
    ----------
    store
        Store of the campaign.
    line
        Amounts by code (``lpp_spend``, ``extra_list_use``).
    years
        Years wanted.
    code_lists
        Code lists by identifier.

    Returns
    -------
    DataFrame
        ``MONTHS_COLUMNS``: exact amounts, missing where the month was not received or the code list does not cover the
        year. No row before the first line of an establishment, whatever its code: it may not have been open; nor for a
        year that was received as a whole. Empty when the table or a code list is not there.
    """
    lists = {name.partition("/")[0] for name in line.code_lists}
    if line.sum is None or not store.has(tables.table_named(line.table)) or not lists <= set(code_lists):
        return pd.DataFrame(columns=list(MONTHS_COLUMNS))
    wanted, received = Request(line.condition), Request(read_condition(line.table, line.received_if or "true"))
    conditions = [*wanted.conditions, *received.conditions]
    ledger = read_ledger(store, line.table, columns=[line.sum], conditions=conditions, years=years, lists=code_lists)
    has_line = ledger.rows[:, :, ledger.classes(received)].sum(axis=2) > 0
    begun = np.array(ledger.ticks, dtype=object)[has_line.argmax(axis=1)]
    parts = []
    for year in years:
        period = Period(year)
        reading = read_period(ledger, wanted, line.sum, received, period)
        is_covered = all(code_lists[name].covers(*period.days) for name in lists)
        known = (reading.states == KNOWN) & is_covered
        asked = np.isin(reading.states, (KNOWN, MISSING)) & (np.array(period.months, dtype=object) >= begun[:, None])
        rows, at = np.nonzero(asked & ~reading.whole[:, None])
        cents = reading.amounts[rows, at] * _CENTS // SCALE
        exact = [
            Decimal(int(amount)) / _CENTS if there else None
            for amount, there in zip(cents, known[rows, at], strict=True)
        ]
        parts.append(
            pd.DataFrame(
                {
                    "finess": np.array(ledger.finess, dtype=object)[rows],
                    "month": pd.to_datetime(np.array(period.months)[at] + "-01"),
                    "amount_eur": pd.Series(exact, dtype=object),
                    "is_provisional": reading.provisional[rows, at],
                    "is_corrected": reading.corrected[rows, at],
                }
            )
        )
    found = pd.concat(parts, ignore_index=True)
    ever = found.groupby("finess")["amount_eur"].transform(lambda amounts: any(amount for amount in amounts))
    return found[ever.astype(bool)].sort_values(["finess", "month"]).reset_index(drop=True)


def envelopes_counted(condition: Condition, envelopes: Sequence[str]) -> tuple[str, ...]:
    """Return which envelopes a condition over ``monthly_grid`` counts; none when it asks more than the envelope.

    Parameters
    ----------
    condition
        The condition.
    envelopes
        Codes of the envelopes received.

    Examples
    --------
    >>> where = read_condition("monthly_grid", "envelope in ('phmev', 'lpp')")
    >>> envelopes_counted(where, ["lpp", "perfadom", "phmev"])
    ('lpp', 'phmev')
    """
    if condition.columns != {"envelope"} or not envelopes:
        return ()
    rows = pa.table({"envelope": list(envelopes)})
    counted = evaluate_conditions(rows, [condition], {})[:, 0]
    return tuple(name for name, is_counted in zip(envelopes, counted, strict=True) if is_counted)


def counts_envelope(measure: Measure, envelope: str) -> bool:
    """Say whether a measure adds up the months of an envelope, alone or with others.

    Parameters
    ----------
    measure
        A sum; the level of an evolution, not the evolution.
    envelope
        Code of the envelope.
    """
    line = measure.numerator
    if line is None or line.table != tables.MONTHLY_GRID.name:
        return False
    return envelope in envelopes_counted(line.condition, [envelope])
