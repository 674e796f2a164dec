"""The test that a definition carries: a few lines, what they must give by hand, and what they give."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis.code_lists import CodeList
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition
from caqes_analysis.indicators.expressions import SOURCE_TABLES
from caqes_analysis.indicators.measures import WorkedCase
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = ["check_worked_cases", "worked_values"]

_FINESS = "990000001"
# What a line of a case need not say.
_COMMON: Mapping[str, Any] = {
    "finess": _FINESS,
    "value_status": "reported",
    "is_provisional": False,
    "is_corrected": False,
    "date_basis": "care",
    "amount_kind": "reimbursed",
    "generic_status": "0",
    "age_class": "60",
    "sex": "1",
}
_ATC_LENGTHS = {"atc1": 1, "atc2": 3, "atc3": 4, "atc4": 5}
_MONTHS = range(1, 13)
_LEAST_DECIMALS = 2


def check_worked_cases(
    definitions: Iterable[IndicatorDefinition], code_lists: Mapping[str, CodeList]
) -> tuple[Problem, ...]:
    """Compute the worked cases of definitions, and return what is not what their authors found by hand.

    Parameters
    ----------
    definitions
        Definitions; those without a case are passed over.
    code_lists
        Code lists by identifier.

    Returns
    -------
    tuple of Problem
        ``CAS_FAUX`` for each measure that differs, ``CAS_ILLISIBLE`` for lines that are not rows of their table.
    """
    problems: list[Problem] = []
    for definition in definitions:
        for number, case in enumerate(definition.worked_cases, 1):
            place: dict[str, Any] = {"file": definition.file.name or f"{definition.id}.yml"}
            place["column"] = f"worked_cases[{number}]"
            try:
                values = worked_values(definition, case, code_lists)
            except CaqesError as failure:
                what = " ".join(problem.what for problem in failure.problems)
                remedy = "Écrire des colonnes de docs/tables.md, et leurs valeurs."
                problems.append(
                    Problem("CAS_ILLISIBLE", f"une ligne ne va pas dans sa table : {what}", remedy, **place)
                )
            else:
                found = {str(name): None if pd.isna(value) else float(value) for name, value in values["value"].items()}
                problems += [Problem("CAS_FAUX", what, how, **place) for what, how in _differences(case, found)]
    return tuple(problems)


def worked_values(
    definition: IndicatorDefinition, case: WorkedCase, code_lists: Mapping[str, CodeList]
) -> pd.DataFrame:
    """Compute one worked case of a definition.

    Parameters
    ----------
    definition, case
        The definition, and one of its cases.
    code_lists
        Code lists by identifier.

    Returns
    -------
    DataFrame
        ``value, numerator, denominator`` by measure, over the current perimeter.

    Raises
    ------
    CaqesError
        A line is not a row of its table.
    """
    with tempfile.TemporaryDirectory(prefix="caqes-") as folder:
        store = Store(Path(folder))
        for name, lines in case.lines.items():
            table = SOURCE_TABLES[name]
            rows = [row for number, line in enumerate(lines, 1) for row in _rows(table, line, number, case.year)]
            store.write(table, pd.DataFrame(rows), part="cas")
        values = compute_indicators(
            store, [definition], periods=[str(case.year)], finess=[_FINESS], code_lists=code_lists
        )
    own = values[values["perimeter"] == CURRENT_PERIMETER]
    return own.set_index(own["measure"].astype(str))[["value", "numerator", "denominator"]]


def _rows(table: Table, line: Mapping[str, Any], number: int, year: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table that a line of a case stands for: one a month when it names none."""
    said = {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in line.items()}
    of_year = int(said.pop("year", year))
    base = {name: value for name, value in _COMMON.items() if name in table.column_names}
    named = {
        "source": "cas",
        "source_line": number,
        "delivery": f"cas-{number}",
        "period": str(of_year),
        "year": of_year,
    }
    base |= {name: value for name, value in named.items() if name in table.column_names}
    if "atc5" in said:
        base |= {name: str(said["atc5"])[:length] for name, length in _ATC_LENGTHS.items()}
    if "month" in table.column_names and "month" not in said:
        for month in _MONTHS:
            line_number = {"source_line": 100 * number + month} if "source_line" in base else {}
            yield {**base, **line_number, **said, "month": dt.date(of_year, month, 1)}
    else:
        yield {**base, **said}


def _differences(case: WorkedCase, found: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
    how = "Refaire le calcul à la main ; corriger la définition, ou le cas."
    for measure, expected in case.expected.items():
        value = found.get(measure)
        if expected is None or value is None:
            if (expected is None) != (value is None):
                yield f"« {measure} » vaut {_said(value)}, et non {_said(expected)}.", how
            continue
        exponent = expected.as_tuple().exponent
        decimals = max(-exponent if isinstance(exponent, int) else 0, _LEAST_DECIMALS)
        if abs(value - float(expected)) > 0.5 * 10.0**-decimals * (1 + 1e-9):
            yield f"« {measure} » vaut {_said(value)}, et non {_said(expected)}.", how


def _said(value: float | Decimal | None) -> str:
    return "« manquant »" if value is None else f"{value:g}".replace(".", ",")
