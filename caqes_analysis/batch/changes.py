"""Which values of a published table differ between two runs, by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import tables
from caqes_analysis.tables import Column, Kind, Table

__all__ = ["WHOLE_ROW", "Tolerance", "table_changes"]

WHOLE_ROW = "ligne"
"""Name of the column when a whole row appeared or disappeared."""

_EXACT: tuple[Kind, ...] = ("amount", "quantity", "count", "year")
_PART = "part"
_SEPARATOR = " · "


@dataclass(frozen=True)
class Tolerance:
    """Below what a difference is none.

    Parameters
    ----------
    amount_eur
        Largest difference of an amount, in euros, that is not told.
    relative
        Largest difference of another number, as a share of the larger of the two, that is not told: another processor
        may round the last digit of a rate otherwise.
    """

    amount_eur: float = 0.0
    relative: float = 1e-9


def table_changes(table: Table, before: pd.DataFrame, after: pd.DataFrame, tolerance: Tolerance) -> pd.DataFrame:
    """Return the values of a table that differ.

    Parameters
    ----------
    table
        Definition of the table.
    before, after
        Its rows in each run, with the column ``part``.
    tolerance
        Differences that are not told.

    Returns
    -------
    DataFrame
        Columns of :data:`~caqes_analysis.tables.CHANGES`, ``causes`` empty. Numbers, dates, flags and statuses are
        compared; words (labels, reasons) are not.
    """
    first, second = _keyed(table, before), _keyed(table, after)
    both = first.merge(second, on="row", how="outer", suffixes=("_before", "_after"), indicator="where", sort=True)
    part = both[f"{_PART}_after"].fillna(both[f"{_PART}_before"])
    found = [
        _whole_rows(both, part, "left_only", "disappeared"),
        _whole_rows(both, part, "right_only", "appeared"),
        *(_column_changes(both, part, column, tolerance) for column in _compared(table)),
    ]
    told = pd.concat(found, ignore_index=True).assign(table=table.name, causes="")
    return tables.CHANGES.conform(told).sort_values(["row", "column"], ignore_index=True)


def _compared(table: Table) -> list[Column]:
    """Return the columns that hold a number, a date, a flag or a status, besides those that identify a row."""
    return [c for c in table.columns if c.name not in table.key and (c.kind != "text" or c.values)]


def _keyed(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the compared columns of some rows, with the identity of each in words."""
    words = [_words(rows[name], _kind(table, name)) for name in table.key]
    identity = pd.Series([_SEPARATOR.join(filter(None, parts)) for parts in zip(*words, strict=True)], dtype=str)
    again = rows.groupby(identity.to_numpy()).cumcount().to_numpy()
    identity = identity.where(again == 0, identity + _SEPARATOR + (again + 1).astype(str))
    return rows[[column.name for column in _compared(table)] + [_PART]].assign(row=identity.to_numpy())


def _kind(table: Table, name: str) -> Kind:
    return next(column.kind for column in table.columns if column.name == name)


def _words(values: pd.Series[Any], kind: Kind) -> list[str]:
    if kind in ("month", "date"):
        values = values.dt.strftime("%Y-%m-%d")
    return ["" if pd.isna(value) else str(value) for value in values]


def _whole_rows(both: pd.DataFrame, part: pd.Series[str], where: str, kind: str) -> pd.DataFrame:
    these = both["where"] == where
    told = {"part": part[these], "row": both.loc[these, "row"], "column": WHOLE_ROW, "kind": kind}
    return pd.DataFrame(told)


def _column_changes(both: pd.DataFrame, part: pd.Series[str], column: Column, tolerance: Tolerance) -> pd.DataFrame:
    before, after = both[f"{column.name}_before"], both[f"{column.name}_after"]
    differs = (both["where"] == "both") & ~_are_equal(before, after, column.kind, tolerance)
    told = {
        "part": part[differs],
        "row": both.loc[differs, "row"],
        "column": column.name,
        "kind": "changed",
        "before": _words(before[differs], column.kind),
        "after": _words(after[differs], column.kind),
    }
    if column.kind in (*_EXACT, "ratio"):
        numbers = _numbers(before[differs]), _numbers(after[differs])
        change = numbers[1] - numbers[0]
        base = np.where(numbers[0] == 0, np.nan, np.abs(numbers[0]))
        told |= {"change": change, "change_pct": change / base * 100}
    return pd.DataFrame(told)


def _are_equal(before: pd.Series[Any], after: pd.Series[Any], kind: Kind, tolerance: Tolerance) -> pd.Series[bool]:
    missing = before.isna().to_numpy(bool), after.isna().to_numpy(bool)
    if kind in (*_EXACT, "ratio"):
        first, second = _numbers(before), _numbers(after)
        gap = np.abs(second - first)
        if kind == "amount":
            # Half a cent: floats of two equal amounts may differ, two amounts that differ do by one cent at least.
            close = gap < tolerance.amount_eur + 0.005
        elif kind in _EXACT:
            close = gap == 0
        else:
            close = gap <= tolerance.relative * np.maximum(np.abs(first), np.abs(second))
    else:
        close = np.array(_words(before, kind)) == np.array(_words(after, kind))
    return pd.Series((missing[0] & missing[1]) | (~missing[0] & ~missing[1] & close), index=before.index)


def _numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(values.astype("Float64").to_numpy(dtype=float, na_value=np.nan), np.float64)
