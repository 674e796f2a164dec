"""Names of the French departments, and of those of the simulated region."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

__all__ = ["department_label", "department_names"]

_FILES = (Path(__file__).parent / "departments.csv", Path(__file__).parent / "simulation" / "departments.csv")


@cache
def department_names() -> dict[str, str]:
    """Return the name of each department by its code (text: 2A, 974)."""
    names: dict[str, str] = {}
    for path in _FILES:
        delimiter = ";" if ";" in path.read_text(encoding="utf-8").splitlines()[0] else ","
        with path.open(encoding="utf-8", newline="") as file:
            names |= {row["code"]: row["name"] for row in csv.DictReader(file, delimiter=delimiter)}
    return names


def department_label(code: object) -> str:
    """Return a department as it is printed.

    Examples
    --------
    >>> department_label("33"), department_label("999"), department_label(None)
    ('Gironde (33)', 'Département 999', 'Département non renseigné')
    """
    if not isinstance(code, str):
        return "Département non renseigné"
    name = department_names().get(code)
    return f"{name} ({code})" if name else f"Département {code}"
