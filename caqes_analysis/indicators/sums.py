"""Sums of the tidy tables by establishment, period and class of rows: one pass over each table for all definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from caqes_analysis.code_lists import CodeList
from caqes_analysis.indicators.expressions import Condition
from caqes_analysis.indicators.locked import evaluate_conditions
from caqes_analysis.perimeter import GRID_TO_DATE
from caqes_analysis.store import Store

__all__ = ["SCALE", "Ledger", "Request", "read_ledger"]

SCALE = 1000
"""Sums are whole thousandths, exact: amounts have two decimals and quantities three."""

_TICKS = {
    "annual_drug_spend": ("year", "year::varchar", "make_date(year::int, 1, 1)", "make_date(year::int, 12, 31)"),
    "monthly_grid": ("month", "strftime(month, '%Y-%m')", "month", "last_day(month)"),
    "extra_list_use": ("month", "strftime(month, '%Y-%m')", "month", "last_day(month)"),
    "lpp_spend": ("period", "period", *(2 * ("",))),
    "activity": ("period", "period", *(2 * ("",))),
}
_PERIOD_DAYS = (
    "make_date(left(period, 4)::int, if(length(period) = 7, right(period, 2)::int, 1), 1)",
    "last_day(make_date(left(period, 4)::int, if(length(period) > 4, right(period, 2)::int, 12), 1))",
)


@dataclass(frozen=True)
class Request:
    """Rows that are added up together.

    Parameters
    ----------
    where
        Condition that tells them.
    exclude
        Condition that leaves some of them out (a perimeter).
    """

    where: Condition
    exclude: Condition | None = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions to evaluate."""
        return (self.where,) if self.exclude is None else (self.where, self.exclude)


@dataclass(frozen=True)
class Ledger:
    """A table added up: establishments × ticks (years, months or received periods) × classes of rows.

    Parameters
    ----------
    table
        Name of the table.
    finess, ticks
        What the first two axes are.
    members
        By condition, the classes whose rows satisfy it.
    sums
        By column, sums in thousandths.
    nulls
        By column, the number of rows without a value.
    rows, missing, outside
        Numbers of rows, of rows that are ``missing``, and ``not_applicable``.
    provisional, corrected
        Numbers of such rows.
    """

    table: str
    finess: tuple[str, ...]
    ticks: tuple[str, ...]
    members: Mapping[Condition, npt.NDArray[np.bool_]]
    sums: Mapping[str, npt.NDArray[np.int64]]
    nulls: Mapping[str, npt.NDArray[np.int64]]
    rows: npt.NDArray[np.int64]
    missing: npt.NDArray[np.int64]
    outside: npt.NDArray[np.int64]
    provisional: npt.NDArray[np.int64]
    corrected: npt.NDArray[np.int64]

    def classes(self, request: Request) -> npt.NDArray[np.bool_]:
        """Return the classes of rows that a request adds up."""
        kept = self.members[request.where]
        return kept if request.exclude is None else kept & ~self.members[request.exclude]


def read_ledger(
    store: Store,
    table: str,
    *,
    columns: Iterable[str],
    conditions: Sequence[Condition],
    years: Sequence[int],
    lists: Mapping[str, CodeList],
) -> Ledger:
    """Add up one table for all the conditions of all the definitions, in one pass over its rows.

    Parameters
    ----------
    store
        Store of the campaign.
    table
        Name of the table.
    columns
        Columns to add up.
    conditions
        Conditions asked, of this table.
    years
        Years to read.
    lists
        Code lists that the conditions name.

    Returns
    -------
    Ledger
        Rows are put to the establishment of today (``successions``).
    """
    summed = sorted(set(columns))
    wanted = list(dict.fromkeys(conditions))
    tick_column, tick, first_day, last_day = _TICKS[table]
    # With what is known since January, by cumuls and the months received after them.
    source = f"({GRID_TO_DATE})" if table == "monthly_grid" else f'"{table}"'
    if tick_column == "period":
        first_day, last_day = _PERIOD_DAYS
    # A cell of the activity table is one activity: a class never mixes two, so that an absent one is seen.
    always = {tick_column} | ({"activity"} if table == "activity" else set())
    keys = sorted(always.union(*(condition.columns for condition in wanted)))
    names = ", ".join(f'"{key}"' for key in keys)
    period = f"(({first_day}) is null or year({first_day}) in ({', '.join(map(str, sorted(years))) or 'null'}))"
    with store.connect() as connection:
        distinct = connection.sql(
            f"select distinct {names}, {first_day} as _from, {last_day} as _to from {source} where {period}"
        ).to_arrow_table()
        satisfied = evaluate_conditions(distinct, wanted, lists)
        cells = distinct.column("activity").to_pylist() if table == "activity" else None
        number, classes = _classes(satisfied, cells)
        known = distinct.select(keys).append_column("_class", pa.array(number))
        connection.register("known", known)
        joined = " and ".join(f'f."{key}" is not distinct from k."{key}"' for key in keys)
        amounts = "".join(
            f', (sum(f."{name}") * {SCALE})::bigint as "sum_{name}", count(*) - count(f."{name}") as "null_{name}"'
            for name in summed
        )
        who = "f.finess" if table == "monthly_grid" else "coalesce(s.current_finess, f.finess)"
        found = connection.sql(
            f"""
            select {who} as finess, {tick.replace(tick_column, "f." + tick_column, 1)} as tick, k._class as class,
                   count(*) as rows, count(*) filter (f.value_status = 'missing') as missing,
                   count(*) filter (f.value_status = 'not_applicable') as outside,
                   count(*) filter (f.is_provisional) as provisional,
                   count(*) filter (f.is_corrected) as corrected{amounts}
            from {source} f join known k on {joined} left join successions s on s.finess = f.finess
            group by all
            """
        ).to_arrow_table()
    members = {condition: classes[:, place] for place, condition in enumerate(wanted)}
    return _dense(table, found, summed, members, classes.shape[0])


def _classes(
    satisfied: npt.NDArray[np.bool_], cells: Sequence[str] | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the class of each combination (same answers to all conditions, same cell), and the answers of each."""
    answers = np.packbits(satisfied, axis=1) if satisfied.shape[1] else np.zeros((len(satisfied), 1), np.uint8)
    parts = [answers]
    if cells is not None:
        _, cell = np.unique(np.asarray(cells, dtype=str), return_inverse=True)
        parts.append(cell.astype(">u4").view(np.uint8).reshape(len(cell), 4))
    _, first, number = np.unique(np.hstack(parts), axis=0, return_index=True, return_inverse=True)
    return number.reshape(-1).astype(np.int64), satisfied[first]


def _numbered(texts: pa.ChunkedArray) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]:
    """Return the distinct texts, sorted, and the number of each; only the distinct ones are sorted."""
    encoded = texts.combine_chunks().cast(pa.string()).dictionary_encode()
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False).astype(str)
    order = np.argsort(distinct)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return distinct[order], number[encoded.indices.to_numpy()]


def _dense(
    table: str,
    found: pa.Table,
    summed: Sequence[str],
    members: Mapping[Condition, npt.NDArray[np.bool_]],
    classes_nb: int,
) -> Ledger:
    finess, who = _numbered(found.column("finess"))
    ticks, when = _numbered(found.column("tick"))
    kind = found.column("class").to_numpy()
    shape = (len(finess), len(ticks), classes_nb)

    def cube(name: str) -> npt.NDArray[np.int64]:
        values = np.zeros(shape, dtype=np.int64)
        values[who, when, kind] = found.column(name).combine_chunks().fill_null(0).to_numpy(zero_copy_only=False)
        return values

    return Ledger(
        table=table,
        finess=tuple(finess),
        ticks=tuple(ticks),
        members=members,
        sums={name: cube(f"sum_{name}") for name in summed},
        nulls={name: cube(f"null_{name}") for name in summed},
        rows=cube("rows"),
        missing=cube("missing"),
        outside=cube("outside"),
        provisional=cube("provisional"),
        corrected=cube("corrected"),
    )
