"""Conditions of definitions, evaluated by a DuckDB that can open nothing: no file, network, extension or second try.

The conditions never meet the facts: they are asked of the distinct combinations of the columns that they read (some
thousands of rows, in memory), and the facts are then added up by the class that a combination falls into. A condition
that would work for ever is interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from caqes_analysis.code_lists import CodeList
from caqes_analysis.errors import CaqesError
from caqes_analysis.indicators.expressions import IN_LIST, Condition
from caqes_analysis.store import quiet

__all__ = ["MEMORY_LIMIT", "TIME_LIMIT_S", "evaluate_conditions", "locked_connection", "run_limited"]

TIME_LIMIT_S = 60.0
"""Seconds that all the conditions of one table may take together; on national data they take a few."""

MEMORY_LIMIT = "2GB"
"""Memory that they may take together."""

_LIST_SEPARATOR = "/"


def evaluate_conditions(
    rows: pa.Table,
    conditions: Sequence[Condition],
    lists: Mapping[str, CodeList],
    *,
    time_limit_s: float = TIME_LIMIT_S,
) -> npt.NDArray[np.bool_]:
    """Return which rows satisfy which conditions.

    Parameters
    ----------
    rows
        Distinct combinations of the columns that the conditions read, with the dates ``_from`` and ``_to`` of each.
    conditions
        The conditions, of one table.
    lists
        Code lists by identifier; those that the conditions name are in it.
    time_limit_s
        Seconds allowed.

    Returns
    -------
    ndarray
        Rows × conditions; a condition that is neither true nor false (a missing value) is not satisfied.

    Raises
    ------
    CaqesError
        ``DEFINITION_REFUSEE`` when DuckDB cannot evaluate a condition, ``DEFINITION_TROP_LONGUE`` beyond the limit.
    """
    answer = np.zeros((rows.num_rows, len(conditions)), dtype=bool)
    if not conditions or not rows.num_rows:
        return answer
    connection = locked_connection(rows, _named_lists(conditions, lists))
    try:
        columns = ", ".join(f"coalesce(({c.sql}), false) as c{n}" for n, c in enumerate(conditions))
        found = run_limited(connection, f"select {columns} from rows order by _row", time_limit_s=time_limit_s)
    finally:
        connection.close()
    for number in range(len(conditions)):
        answer[:, number] = found.column(number).to_numpy(zero_copy_only=False)
    return answer


def locked_connection(rows: pa.Table, lists: Mapping[str, CodeList]) -> duckdb.DuckDBPyConnection:
    """Open a connection that holds one table, ``rows``, and the macro ``in_list``, and can reach nothing else.

    Parameters
    ----------
    rows
        Content of the table; copied, and numbered by ``_row``.
    lists
        Code lists, by the name that the conditions use.
    """
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "enable_external_access": "false",
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": "",
            "python_enable_replacements": "false",
        }
    )
    numbered = rows.append_column("_row", pa.array(np.arange(rows.num_rows)))
    connection.register("received", numbered)
    connection.execute("create table rows as select * from received")
    connection.unregister("received")
    connection.execute(_macro(lists))
    quiet(connection)
    connection.execute("set lock_configuration = true")
    return connection


def run_limited(connection: duckdb.DuckDBPyConnection, query: str, *, time_limit_s: float) -> pa.Table:
    """Return the answer of a query, interrupted when it takes too long.

    Parameters
    ----------
    connection
        A locked connection.
    query
        The query, a single statement.
    time_limit_s
        Seconds allowed.

    Raises
    ------
    CaqesError
        ``DEFINITION_REFUSEE`` or ``DEFINITION_TROP_LONGUE``.
    """
    timer = threading.Timer(time_limit_s, connection.interrupt)
    timer.start()
    try:
        return connection.sql(query).to_arrow_table()
    except duckdb.InterruptException as failure:
        raise CaqesError.of(
            "DEFINITION_TROP_LONGUE",
            f"les conditions des définitions demandent plus de {time_limit_s:g} secondes.",
            "Simplifier la dernière définition ajoutée, ou nommer une liste de codes (in_list).",
        ) from failure
    except duckdb.Error as failure:
        raise CaqesError.of(
            "DEFINITION_REFUSEE",
            f"la base ne peut pas évaluer les conditions des définitions ({str(failure).splitlines()[0]}).",
            "Vérifier la dernière définition ajoutée : comparer un texte à un texte, un nombre à un nombre.",
        ) from failure
    finally:
        timer.cancel()


def _named_lists(conditions: Iterable[Condition], lists: Mapping[str, CodeList]) -> dict[str, CodeList]:
    """Return the lists by the name that conditions use: ``perfadom``, or one of its roles, ``perfadom/diffuseur``."""
    named = {}
    for name in sorted({name for condition in conditions for name in condition.code_lists}):
        identifier, _, role = name.partition(_LIST_SEPARATOR)
        whole = lists[identifier]
        kept = tuple(code for code in whole.codes if not role or code.role == role)
        if not kept:
            roles = sorted({code.role for code in whole.codes if code.role})
            raise CaqesError.of(
                "LISTE_SANS_ROLE",
                f"la liste de codes « {identifier} » n'a aucun code de rôle « {role} ».",
                f"Rôles de cette liste : {', '.join(roles) or 'aucun'}.",
            )
        named[name] = whole.model_copy(update={"codes": kept})
    return named


def _macro(lists: Mapping[str, CodeList]) -> str:
    cases = " ".join(f"when {_quoted(name)} then ({_membership(one)})" for name, one in lists.items())
    body = f"case list {cases} else false end" if cases else "false"
    return f"create macro {IN_LIST}(_from, _to, code, list) as {body}"


def _membership(one: CodeList) -> str:
    """Return the test of a code: codes of the same days together; an ATC class holds all that begins like it."""
    by_days: dict[tuple[str, str], list[str]] = {}
    for entry in one.codes:
        start, end = one.days_of(entry)
        days = (f"_to >= date '{start}'" if start else "true", f"_from <= date '{end}'" if end else "true")
        by_days.setdefault(days, []).append(entry.code)
    tests = []
    for (start_test, end_test), codes in by_days.items():
        if one.kind == "atc":
            held = " or ".join(f"starts_with(code, {_quoted(code)})" for code in codes)
        else:
            held = f"code in ({', '.join(_quoted(code) for code in codes)})"
        tests.append(f"(({held}) and {start_test} and {end_test})")
    return " or ".join(tests)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
