"""Names of the French departments and their place on a grid of tiles; those of the simulated region too."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

__all__ = ["department_label", "department_names", "department_tiles"]

_FILES = (Path(__file__).parent / "departments.csv", Path(__file__).parent / "simulation" / "departments.csv")


@cache
def _rows() -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for path in _FILES:
        delimiter = ";" if ";" in path.read_text(encoding="utf-8").splitlines()[0] else ","
        with path.open(encoding="utf-8", newline="") as file:
            rows |= {row["code"]: row for row in csv.DictReader(file, delimiter=delimiter)}
    return rows


@cache
def department_names() -> dict[str, str]:
    """Return the name of each department by its code (text: 2A, 974)."""
    return {code: row["name"] for code, row in _rows().items()}


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


def department_tiles(codes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return where departments stand on a grid of tiles, rows and columns without any of them left out.

    Each tile stands near its department (positions of the centroids, put on the grid with the least total displacement;
    departments overseas are set apart). A department without a tile is put in a row of its own, last.

    Parameters
    ----------
    codes
        Departments drawn.

    Returns
    -------
    dict
        Row and column from the top left, by code.

    Examples
    --------
    >>> department_tiles(["33", "24", "47", "40"])
    {'24': (0, 2), '33': (0, 1), '40': (1, 0), '47': (1, 1)}
    """
    wanted = sorted(set(codes))
    placed = {code: (int(_rows()[code]["row"]), int(_rows()[code]["column"])) for code in wanted if code in _rows()}
    rows = {row: place for place, row in enumerate(sorted({row for row, _ in placed.values()}))}
    columns = {column: place for place, column in enumerate(sorted({column for _, column in placed.values()}))}
    strangers = [code for code in wanted if code not in placed]
    tiles = {code: (rows[row], columns[column]) for code, (row, column) in placed.items()}
    tiles |= {code: (len(rows), place) for place, code in enumerate(strangers)}
    return {code: tiles[code] for code in wanted}
