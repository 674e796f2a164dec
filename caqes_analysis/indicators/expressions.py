"""Conditions written in definition files: one DuckDB expression each, over one tidy table, and nothing else.

A condition is parsed by DuckDB itself and accepted only when every node of its syntax tree is on a short list: columns
of the table, constants, comparisons, and functions of one row that can neither read anything nor work for long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from caqes_analysis import tables
from caqes_analysis.parameter_files import nearest
from caqes_analysis.tables import Table

__all__ = ["FUNCTIONS", "IN_LIST", "SOURCE_TABLES", "Condition", "leaves_out", "read_condition", "syntax_tree"]

SOURCE_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        tables.ANNUAL_DRUG_SPEND,
        tables.MONTHLY_GRID,
        tables.LPP_SPEND,
        tables.EXTRA_LIST_USE,
        tables.ACTIVITY,
    )
}
"""Tables that a definition may sum. Monthly spending is read from ``monthly_grid`` (mergers applied, gaps said, one
kind of amount per envelope), not from ``monthly_spend``, which holds what was received as it was received."""

IN_LIST = "in_list"
"""``in_list(column, 'list')``: the code of the row belongs to a code list, at the date of the row."""

FUNCTIONS: tuple[str, ...] = (
    IN_LIST,
    "starts_with",
    "ends_with",
    "contains",
    "lower",
    "upper",
    "trim",
    "left",
    "right",
    "substr",
    "substring",
    "length",
    "coalesce",
    "nullif",
    "year",
    "month",
    "quarter",
    "abs",
    "round",
    "floor",
    "ceil",
)
"""Functions that a condition may call."""

_OPERATORS = {"+", "-", "*", "/", "//", "%", "||", "~~", "!~~", "~~*", "!~~*", "like_escape", "not_like_escape"}
_CLASSES = {"CONJUNCTION", "COMPARISON", "BETWEEN", "CONSTANT", "COLUMN_REF", "CASE", "CAST", "TYPE"}
_OPERATOR_TYPES = {
    "COMPARE_IN",
    "COMPARE_NOT_IN",
    "OPERATOR_NOT",
    "OPERATOR_IS_NULL",
    "OPERATOR_IS_NOT_NULL",
    "OPERATOR_COALESCE",
    "OPERATOR_NULLIF",
    "IN",
    "NOT_IN",
    "NOT",
    "IS_NULL",
    "IS_NOT_NULL",
    "COALESCE",
    "NULLIF",
}
_TYPES = {"BOOLEAN", "INTEGER", "BIGINT", "VARCHAR", "DATE", "DECIMAL", "DOUBLE"}
_LONGEST_NB = 4000
_IN_LIST_ARGUMENTS_NB = 2
_REFUSED = "Écrire une condition sur les colonnes de la table ; docs/ajouter-un-indicateur.md donne ce qui est permis."


@dataclass(frozen=True)
class Condition:
    """A condition that was read and accepted.

    Parameters
    ----------
    table
        Name of the table whose columns it uses.
    text
        The expression as written.
    columns
        Columns that it reads.
    code_lists
        Code lists that it names, each as it is named: ``perfadom``, or one of its roles, ``perfadom/diffuseur``.
    sql
        The expression to run: ``in_list(_from, _to, column, 'list')``, the dates of the row added.
    """

    table: str
    text: str
    columns: frozenset[str]
    code_lists: frozenset[str]
    sql: str


@cache
def read_condition(table: str, text: str) -> Condition:
    """Read one condition.

    Parameters
    ----------
    table
        Name of a table of ``SOURCE_TABLES``.
    text
        DuckDB boolean expression (``"atc4 = 'A02BC'"``).

    Raises
    ------
    ValueError
        French sentence, arrow, remedy: not one expression, a column or function that is not permitted, not a condition.

    Examples
    --------
    >>> sorted(read_condition("annual_drug_spend", "atc4 = 'A02BC' and in_list(cip13, 'ipp')").code_lists)
    ['ipp']
    """
    tree = syntax_tree(text)
    columns: set[str] = set()
    lists: set[str] = set()
    openings: list[int] = []
    for node in _nodes(tree):
        _refuse_node(node)
        if node["class"] == "COLUMN_REF":
            columns.add(_column(table, node))
        elif node["class"] == "FUNCTION" and _function(node) == IN_LIST:
            lists.add(_list_name(node))
            openings.append(node["query_location"] - len(_HEAD))
    condition = Condition(table, text, frozenset(columns), frozenset(lists), _dated(text, openings))
    _refuse_other_than_boolean(condition)
    return condition


_HEAD = "select ("


def syntax_tree(text: str) -> dict[str, Any]:
    """Return the syntax tree of one expression, as DuckDB writes it.

    Parameters
    ----------
    text
        The expression.

    Raises
    ------
    ValueError
        French sentence, arrow, remedy: too long, empty, commented, or not one expression.
    """
    if len(text) > _LONGEST_NB:
        raise ValueError(f"cette condition dépasse {_LONGEST_NB} caractères. → Nommer une liste de codes (in_list).")
    if not text.strip():
        raise ValueError("cette condition est vide. → L'écrire, ou retirer la clé where pour garder toutes les lignes.")
    bare = _outside_quotes(text)
    if "--" in bare or "/*" in bare:
        raise ValueError("cette condition contient un commentaire. → L'écrire dans les notes de la définition.")
    if ";" in bare:
        raise ValueError(f"cette condition contient un point-virgule : une seule expression est permise. → {_REFUSED}")
    row = _parser().execute("select json_serialize_sql(?)", [f"{_HEAD}{text})"]).fetchone()
    answer: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if answer["error"]:
        said = str(answer.get("error_message", "")).splitlines()
        reason = f" ({said[0]})" if said else ""
        raise ValueError(f"cette condition n'est pas une expression SQL lisible{reason}. → {_REFUSED}")
    statements = answer["statements"]
    node = statements[0]["node"]
    is_alone = (
        len(statements) == 1
        and node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not node.get("where_clause")
        and not node.get("modifiers")
        and not node.get("having")
        and not node.get("qualify")
        and not node.get("sample")
        and not node.get("group_expressions")
        and not node["cte_map"]["map"]
    )
    if not is_alone:
        raise ValueError(f"cette condition n'est pas une expression seule. → {_REFUSED}")
    return dict(node["select_list"][0])


def leaves_out(text: str, excluded: str) -> bool:
    """Say whether a condition already leaves out what another one tells, however it is written.

    Parameters
    ----------
    text
        The condition. It says it as the computation of a perimeter does, ``not coalesce(<excluded>, false)``, alone or
        joined to the rest by ``and``.
    excluded
        Condition that tells what is excluded.

    Examples
    --------
    >>> leaves_out("atc1 = 'A' AND NOT Coalesce(ATC4 = 'A02BC', FALSE)", "atc4  = 'A02BC'")
    True
    >>> leaves_out("atc1 = 'A' or not coalesce(atc4 = 'A02BC', false)", "atc4 = 'A02BC'")
    False
    """
    whole = _bare(syntax_tree(text))
    parts = whole["children"] if whole["type"] == "CONJUNCTION_AND" else [whole]
    return _bare(syntax_tree(f"not coalesce(({excluded}), false)")) in parts


_WHERE_WRITTEN = {"alias", "query_location", "query_location_length"}
_NAMES = {"column_names", "function_name", "path"}


def _bare(tree: Any, key: str = "") -> Any:
    """Return a syntax tree without what its writing adds: places, capitals of names, order of what and, or join."""
    if isinstance(tree, dict):
        bare = {name: _bare(value, name) for name, value in tree.items() if name not in _WHERE_WRITTEN}
        if bare.get("class") == "CONJUNCTION":
            bare["children"] = sorted(bare["children"], key=str)
        return bare
    if isinstance(tree, list):
        return [_bare(value, key) for value in tree]
    return tree.lower() if key in _NAMES and isinstance(tree, str) else tree


def _outside_quotes(text: str) -> str:
    return "".join(text.split("'")[::2])


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Connection that parses, with the tables empty; it can open nothing."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "enable_external_access": "false",
        }
    )
    for table in SOURCE_TABLES.values():
        connection.register(f"_{table.name}", table.arrow_schema.empty_table())
        connection.execute(
            f'create table "{table.name}" as select *, null::date as _from, null::date as _to from "_{table.name}"'
        )
        connection.unregister(f"_{table.name}")
    connection.execute(f"create macro {IN_LIST}(_from, _to, code, list) as code = list")
    connection.execute("set lock_configuration = true")
    return connection


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of a syntax tree, parents first."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _function(node: dict[str, Any]) -> str:
    return str(node["function_name"]).lower()


def _refuse_node(node: dict[str, Any]) -> None:
    kind = node["class"]
    if kind == "FUNCTION":
        name = _function(node)
        is_plain = not (node.get("schema") or node.get("catalog") or node.get("distinct") or node.get("filter"))
        if not is_plain or node.get("order_bys", {}).get("orders"):
            raise ValueError(
                f"la fonction {name} s'emploie ici sans DISTINCT, FILTER, ORDER BY ni schéma. → {_REFUSED}"
            )
        if name not in FUNCTIONS and name not in _OPERATORS:
            close = nearest(name, FUNCTIONS)
            hint = f"Vouliez-vous dire « {close} » ? " if close else ""
            raise ValueError(
                f"la fonction {name} n'est pas permise dans une définition. "
                f"→ {hint}Fonctions permises : {', '.join(FUNCTIONS)}."
            )
    elif kind == "OPERATOR":
        if node["type"] not in _OPERATOR_TYPES:
            raise ValueError(f"l'opération {node['type']} n'est pas permise. → {_REFUSED}")
    elif kind == "TYPE":
        if str(node["type_name"]).upper() not in _TYPES:
            raise ValueError(
                f"le type {node['type_name']} n'est pas permis. → Types permis : {', '.join(sorted(_TYPES))}."
            )
    elif kind not in _CLASSES:
        words = {"SUBQUERY": "une sous-requête", "WINDOW": "une fenêtre (OVER)", "STAR": "l'étoile (*)"}
        what = words.get(kind, f"l'écriture {kind}")
        raise ValueError(f"{what} n'est pas permise dans une condition. → {_REFUSED}")


def _column(table: str, node: dict[str, Any]) -> str:
    names = [str(name) for name in node["column_names"]]
    known = SOURCE_TABLES[table].column_names
    if len(names) == 1 and names[0].lower() in known:
        return names[0].lower()
    close = nearest(names[-1].lower(), known)
    hint = f"Vouliez-vous dire « {close} » ? " if close else ""
    raise ValueError(
        f"la table {table} n'a pas de colonne « {'.'.join(names)} ». → {hint}Colonnes : {', '.join(known)}."
    )


def _list_name(node: dict[str, Any]) -> str:
    given = node.get("arguments") or node.get("children") or []
    arguments = [item.get("expression", item) for item in given]
    shape = [argument["class"] for argument in arguments]
    if len(arguments) != _IN_LIST_ARGUMENTS_NB or shape != ["COLUMN_REF", "CONSTANT"]:
        raise ValueError("in_list prend une colonne et le nom d'une liste. → Écrire in_list(atc5, 'ma_liste').")
    constant = arguments[1]
    name = constant.get("literal", {}).get("text") or constant.get("value", {}).get("value")
    if not isinstance(name, str) or not name:
        raise ValueError("in_list prend le nom d'une liste entre apostrophes. → Écrire in_list(atc5, 'ma_liste').")
    return name


def _dated(text: str, places: list[int]) -> str:
    """Return the expression with the dates of the row given to each ``in_list``."""
    raw = text.encode()
    for place in sorted(places, reverse=True):
        opening = raw.index(b"(", place) + 1
        raw = raw[:opening] + b"_from, _to, " + raw[opening:]
    return raw.decode()


def _refuse_other_than_boolean(condition: Condition) -> None:
    try:
        question = f'describe select ({condition.sql}) as answer from "{condition.table}"'
        row = _parser().execute(question).fetchone()
    except duckdb.Error as failure:
        said = str(failure).splitlines()[0]
        raise ValueError(f"la base refuse cette condition ({said}). → {_REFUSED}") from failure
    if row is None or row[1] != "BOOLEAN":
        raise ValueError("cette expression ne répond pas par vrai ou faux. → Écrire une comparaison (atc4 = 'A02BC').")
