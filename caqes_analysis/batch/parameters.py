"""What a notebook may be given: names, types and ranges of its ``parameters`` cell, checked before anything runs."""

from __future__ import annotations

import ast
import datetime
import json
import pathlib
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import annotated_types
import nbformat
import numpy as np
from pydantic import TypeAdapter, ValidationError

from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.parameter_files import nearest

__all__ = ["Parameter", "check_parameters", "declared_parameters", "injected_lines", "plain_value"]

_TAG = "parameters"
_KNOWN_NAMES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (str, int, float, bool, list, dict, tuple)},
    **{name: getattr(typing, name) for name in ("Annotated", "Any", "Literal", "Optional", "Union")},
    **{name: getattr(annotated_types, name) for name in ("Ge", "Gt", "Le", "Lt", "Interval", "Len", "MultipleOf")},
    **{kind.__name__: kind for kind in (datetime.date, datetime.datetime, pathlib.Path)},
    "pathlib": pathlib,
}
"""What an annotation of the ``parameters`` cell may be made of."""

# A value of these types is injected as text, then converted by the notebook's own annotation.
_CONVERSIONS = {datetime.date: ".fromisoformat({})", datetime.datetime: ".fromisoformat({})", pathlib.Path: "({})"}


@dataclass(frozen=True)
class Parameter:
    """One parameter that a notebook declares.

    Parameters
    ----------
    name
        Its name.
    written
        Its declaration, as in the cell (``month_nb: int = 9``).
    annotation
        Source of its annotation; None when it has none.
    kind
        The type, with its range; ``Any`` when the annotation is unknown here.
    required
        True when it has no default.
    """

    name: str
    written: str
    annotation: str | None
    kind: Any
    required: bool


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook by name: assignments to plain names in the cells tagged ``parameters``.

    Parameters
    ----------
    notebook
        The notebook.

    Raises
    ------
    CampaignError
        ``NOTEBOOK_ILLISIBLE`` when there is no such notebook, or it is not one, or its parameters are not Python.
    """
    try:
        content = nbformat.read(notebook, as_version=4)
        cells = [cell for cell in content.cells if _TAG in cell.metadata.get("tags", [])]
        statements = [node for cell in cells for node in ast.parse(cell.source).body]
    except Exception as failure:
        reason = next(iter(str(failure).splitlines()), type(failure).__name__)
        raise CampaignError.of(
            "NOTEBOOK_ILLISIBLE",
            f"ce carnet n'existe pas, ou n'est pas un carnet lisible ({reason}).",
            "L'ouvrir dans JupyterLab, ou le reprendre de la dernière version enregistrée.",
            file=notebook.name,
        ) from failure
    found = (_parameter(node) for node in statements)
    return {parameter.name: parameter for parameter in found if parameter is not None}


def _parameter(node: ast.stmt) -> Parameter | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        source = ast.unparse(node.annotation)
        return Parameter(node.target.id, ast.unparse(node), source, _kind(source), required=node.value is None)
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        default = node.value.value if isinstance(node.value, ast.Constant) else None
        kind = type(default) if isinstance(default, str | bool | int | float) else Any
        return Parameter(node.targets[0].id, ast.unparse(node), None, kind, required=False)
    return None


def _kind(annotation: str) -> Any:
    # The text comes from a notebook that is about to be executed whole; only names of types resolve here.
    names = _KNOWN_NAMES | ({"datetime": datetime} if "datetime." in annotation else {})
    try:
        return eval(annotation, {"__builtins__": {}}, names)
    except (NameError, AttributeError, TypeError):
        return Any


def check_parameters(given: Sequence[tuple[Path, str, Mapping[str, Any]]]) -> None:
    """Refuse what notebooks cannot receive, everything at once.

    Parameters
    ----------
    given
        For each notebook to execute: its path, the name of the job, the parameters.

    Raises
    ------
    CampaignError
        ``NOTEBOOK_PARAMETRE_INCONNU`` (not declared: the nearest name is told), ``NOTEBOOK_PARAMETRE_MANQUANT``
        (declared without default, not given), ``NOTEBOOK_PARAMETRE_TYPE`` (of another type, or out of its range),
        ``NOTEBOOK_ILLISIBLE``. The same mistake in several jobs is counted.
    """
    declared: dict[Path, dict[str, Parameter]] = {}
    unreadable: dict[Path, Problem] = {}
    problems: dict[tuple[Path, str, str], Problem] = {}
    for notebook, job, values in given:
        if notebook not in declared:
            try:
                declared[notebook] = declared_parameters(notebook)
            except CampaignError as failure:
                declared[notebook] = {}
                unreadable[notebook] = failure.problems[0]
        if notebook in unreadable:
            continue
        for name, problem in _problems(declared[notebook], values):
            key = (notebook, name, problem.code)
            first = problems.get(key, problem.at(file=notebook.name, value=job, count=0))
            problems[key] = first.at(count=first.count + 1)
    if problems or unreadable:
        raise CampaignError([*unreadable.values(), *problems.values()])


def _problems(declared: Mapping[str, Parameter], values: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    for name, value in values.items():
        if name not in declared:
            close = nearest(name, list(declared))
            known = ", ".join(f"« {other} »" for other in declared) or "aucun"
            yield (
                name,
                Problem(
                    "NOTEBOOK_PARAMETRE_INCONNU",
                    f"ce carnet n'a pas de paramètre « {name} ».",
                    f"Vouliez-vous dire « {close} » ?" if close else f"Paramètres du carnet : {known}.",
                ),
            )
        elif not _accepts(declared[name], value):
            yield (
                name,
                Problem(
                    "NOTEBOOK_PARAMETRE_TYPE",
                    f"le paramètre « {name} » ne peut pas valoir {value!r} (de type {type(value).__name__}).",
                    f"Le carnet déclare « {declared[name].written} ».",
                ),
            )
    for name, parameter in declared.items():
        if parameter.required and name not in values:
            yield (
                name,
                Problem(
                    "NOTEBOOK_PARAMETRE_MANQUANT",
                    f"le paramètre « {name} » n'a pas de valeur par défaut et n'est pas donné.",
                    f"Le donner ; le carnet déclare « {parameter.written} ».",
                ),
            )


def _accepts(parameter: Parameter, value: Any) -> bool:
    if value is None and parameter.annotation is None:
        return True
    try:
        TypeAdapter(parameter.kind).validate_json(json.dumps(plain_value(value)), strict=True)
    except (ValidationError, TypeError):
        return False
    return True


def plain_value(value: Any) -> Any:
    """Return a value as JSON knows it: numpy scalars as Python's, dates and paths as text, tuples as lists.

    Parameters
    ----------
    value
        A parameter.

    Examples
    --------
    >>> plain_value({"mois": np.int64(9), "le": datetime.date(2024, 9, 30), "ou": pathlib.PurePosixPath("a/b")})
    {'mois': 9, 'le': '2024-09-30', 'ou': 'a/b'}
    """
    if isinstance(value, np.datetime64):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, datetime.datetime) and value.time() == datetime.time() and value.tzinfo is None:
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    return value


def injected_lines(declared: Mapping[str, Parameter], values: Mapping[str, Any]) -> list[str]:
    """Return the lines that convert injected texts to the dates and paths that the notebook declares.

    Parameters
    ----------
    declared
        Parameters of the notebook.
    values
        Values given to some of them.
    """
    lines = []
    for name, value in values.items():
        parameter = declared[name]
        conversion = _CONVERSIONS.get(parameter.kind) if value is not None else None
        if conversion is not None:
            lines.append(f"{name} = {parameter.annotation}{conversion.format(name)}")
    return lines
