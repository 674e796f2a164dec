"""A condition of a definition, said in French: « de classe ATC L04AB01, biosimilaires »."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from caqes_analysis import french
from caqes_analysis.activities import ACTIVITIES, DECLARED_PREFIX
from caqes_analysis.campaign import REPOSITORY
from caqes_analysis.code_lists import CodeList
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.indicators.expressions import IN_LIST, SOURCE_TABLES, syntax_tree
from caqes_analysis.sources.declared_form import load_declared_items

__all__ = ["condition_in_words"]

_GENERIC_STATUSES = {
    "0": "ni génériques, ni biosimilaires",
    "1": "génériques",
    "4": "princeps du répertoire",
    "9": "masqués",
    "B": "biosimilaires",
    "C": "de référence",
}
_KINDS = {"drug": "médicaments", "device": "dispositifs médicaux"}
_ROLES = {
    "biosimilar": "biosimilaires",
    "reference": "médicaments de référence",
    "diffuseur": "diffuseurs",
    "systeme_actif_electrique": "systèmes actifs électriques",
    "consommables_sa_diff": "consommables SA/DIFF",
}
_COMPARISONS = {
    "COMPARE_EQUAL": "vaut",
    "COMPARE_NOTEQUAL": "ne vaut pas",
    "COMPARE_DISTINCT_FROM": "ne vaut pas",
    "COMPARE_LESSTHAN": "est inférieur à",
    "COMPARE_LESSTHANOREQUALTO": "est au plus",
    "COMPARE_GREATERTHAN": "est supérieur à",
    "COMPARE_GREATERTHANOREQUALTO": "est au moins",
}
_EQUAL = "COMPARE_EQUAL"
_NEGATIVE = ("COMPARE_NOTEQUAL", "COMPARE_DISTINCT_FROM")


def condition_in_words(table: str, text: str, lists: Mapping[str, CodeList]) -> str:
    """Say a condition in French, as it follows « des médicaments » or « des produits ».

    Parameters
    ----------
    table
        Table whose rows it keeps.
    text
        The condition, as the definition writes it.
    lists
        Code lists by identifier: those that are not there are named by their identifier.

    Returns
    -------
    str
        Empty when it keeps every row. What this module has no words for is named by its columns.

    Examples
    --------
    >>> condition_in_words("annual_drug_spend", "atc5 = 'L04AB01' and generic_status in ('B', 'C')", {})
    'de classe ATC L04AB01, biosimilaires ou de référence'
    """
    return _said(table, syntax_tree(text), lists)


def _said(table: str, node: Mapping[str, Any], lists: Mapping[str, CodeList]) -> str:
    kind = str(node["type"])
    if kind in ("CONJUNCTION_AND", "CONJUNCTION_OR"):
        joint = ", " if kind == "CONJUNCTION_AND" else " ou "
        children = node["children"]
        if kind == "CONJUNCTION_OR" and all(_is_in_list(child) for child in children):
            return _in_lists([_constant(_arguments(child)[1]) for child in children], lists)
        parts = [_said(table, child, lists) for child in children]
        return joint.join(dict.fromkeys(part for part in parts if part))
    if _is_in_list(node):
        return _in_lists([_constant(_arguments(node)[1])], lists)
    if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
        column, *values = node["children"]
        words = _values(table, _column(column), [_constant(value) for value in values])
        return words if kind == "COMPARE_IN" else f"sauf {words}"
    if node["class"] == "COMPARISON" and node["left"]["class"] == "COLUMN_REF":
        column, value = _column(node["left"]), _constant(node["right"])
        words = _values(table, column, [value])
        if kind == _EQUAL:
            return words
        if kind in _NEGATIVE and column in _WRITERS:
            return f"sauf {words}"
        return f"dont « {_description(table, column)} » {_COMPARISONS[kind]} {value}"
    if kind == "OPERATOR_NOT":
        said = _said(table, node["children"][0], lists)
        return f"sauf {'ceux ' if said.startswith('de ') else ''}{said}"
    if kind == "OPERATOR_COALESCE":  # what an empty cell answers adds nothing to the words
        return _said(table, node["children"][0], lists)
    if node["class"] in ("CONSTANT", "CAST"):
        return ""
    return f"choisies d'après {french.list_in_words(_described(table, node))}"


def _arguments(node: Mapping[str, Any]) -> list[Any]:
    return [item.get("expression", item) for item in node.get("arguments") or node.get("children") or []]


def _is_in_list(node: Mapping[str, Any]) -> bool:
    return node["class"] == "FUNCTION" and str(node["function_name"]).lower() == IN_LIST


def _in_lists(names: list[str], lists: Mapping[str, CodeList]) -> str:
    """Name code lists, each once with the roles that are kept of it."""
    roles: dict[str, list[str]] = {}
    for name in names:
        identifier, _, role = name.partition("/")
        roles.setdefault(identifier, []).extend([_ROLES.get(role, role.replace("_", " "))] if role else [])
    said = []
    for identifier, kept in roles.items():
        title = lists[identifier].title if identifier in lists else identifier
        which = f" ({french.list_in_words(kept)})" if kept else ""
        said.append(f"de la liste de codes « {title} »{which}")
    return " ou ".join(said)


def _column(node: Mapping[str, Any]) -> str:
    return str(node["column_names"][-1]).lower() if node["class"] == "COLUMN_REF" else ""


def _constant(node: Mapping[str, Any]) -> str:
    while node["class"] == "CAST":
        node = node["child"]
    return str(node.get("literal", {}).get("text") or node.get("value", {}).get("value") or "")


def _values(table: str, column: str, values: list[str]) -> str:
    if column in _WRITERS:
        return _WRITERS[column](values)
    if column.startswith("atc"):
        several = "de classes ATC" if len(values) > 1 else "de classe ATC"
        return f"{several} {french.list_in_words(values)}"
    return f"dont « {_description(table, column)} » vaut {' ou '.join(values)}"


def _either(names: Mapping[str, str], values: list[str]) -> str:
    return " ou ".join(names.get(value, value) for value in values)


def _of_envelopes(values: list[str]) -> str:
    labels = {one.code: one.label for one in ENVELOPES}
    named = french.list_in_words([f"« {labels.get(value, value)} »" for value in values])
    whose = "des enveloppes" if len(values) > 1 else "de l'enveloppe"
    return f"{whose} {named}"


def _of_activities(values: list[str]) -> str:
    labels = {one.code: one.label for one in ACTIVITIES} | _declared_labels()
    plain = [labels.get(value, value.removeprefix(DECLARED_PREFIX).replace("_", " ")) for value in values]
    return french.list_in_words([f"« {label} »" for label in plain])


@cache
def _declared_labels() -> dict[str, str]:
    files = sorted((REPOSITORY / "parameters" / "declared").glob("*.yml"))
    items = [item for file in files for item in load_declared_items(file)]
    return {f"{DECLARED_PREFIX}{item.code}": item.label for item in items}


_WRITERS = {
    "generic_status": lambda values: _either(_GENERIC_STATUSES, values),
    "kind": lambda values: _either(_KINDS, values),
    "envelope": _of_envelopes,
    "activity": _of_activities,
}


def _description(table: str, column: str) -> str:
    known = {one.name: one.description for one in SOURCE_TABLES[table].columns}
    return known.get(column, column).partition(" ;")[0].rstrip(".").lower()


def _described(table: str, node: Any) -> list[str]:
    """Return what the columns of a condition are, for the conditions that have no words here."""
    found: dict[str, None] = {}
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if item.get("class") == "COLUMN_REF":
                found[f"« {_description(table, _column(item))} »"] = None
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return list(found)
