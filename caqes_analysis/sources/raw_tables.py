"""A table as it lies in its file, whatever its layout: rows of cells with their lines, merged cells, formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caqes_analysis.errors import SourceError
from caqes_analysis.sources.encoding import decode
from caqes_analysis.sources.files import refuse_absent
from caqes_analysis.sources.grids import csv_rows
from caqes_analysis.sources.workbooks import formula_cells, merged_ranges, refuse_old_workbook, sheet_rows

__all__ = ["RawTable", "read_raw"]


@dataclass(frozen=True)
class RawTable:
    """Rows of a CSV or of one sheet of a workbook.

    Parameters
    ----------
    file
        Name of the file.
    rows
        Line (row of the sheet) and cells of each row.
    is_workbook
        True for a sheet: its empty cells are ``""`` and its numbers are numbers.
    merged
        For a sheet, the place (row, column, from 0) that holds the value of each other place of a merged range.
    formulas
        For a sheet, formula by place (line from 1, column from 0).
    ends_without_newline
        True when the last line of a CSV has no end of line.
    """

    file: str
    rows: tuple[tuple[int, list[Any]], ...]
    is_workbook: bool = False
    merged: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    formulas: Mapping[tuple[int, int], str] = field(default_factory=dict)
    ends_without_newline: bool = False

    def merged_into(self, line: int, place: int) -> tuple[int, int] | None:
        """Return the line (from 1) and column of the cell whose value a merged range shows here, if there is one."""
        owner = self.merged.get((line - 1, place))
        return None if owner is None else (owner[0] + 1, owner[1])


def read_raw(path: Path, *, sheet: str | int = 1, separator: str = ";") -> RawTable:
    """Read a CSV (UTF-8 or Windows-1252) or one sheet of an XLSX, told apart by their content.

    Parameters
    ----------
    path
        The file.
    sheet
        Name of the sheet, or its number among the visible ones, from 1.
    separator
        What separates the fields of a CSV.

    Raises
    ------
    SourceError
        When the file cannot be read as a table, or does not have that sheet.
    """
    path = Path(path)
    refuse_absent(path)
    with path.open("rb") as stream:
        head = stream.read(8)
    refuse_old_workbook(head, path.name)
    if head[:2] == b"PK":
        rows, name = sheet_rows(path, sheet)
        found = RawTable(
            path.name,
            tuple(rows),
            is_workbook=True,
            merged=merged_ranges(path, name),
            formulas={(line, place): formula for line, place, formula in formula_cells(path, name)},
        )
    else:
        data = path.read_bytes()
        text, _ = decode(data, path.name)
        found = RawTable(
            path.name,
            tuple(csv_rows(text, path.name, separator=separator)),
            ends_without_newline=not data.endswith((b"\n", b"\r")),
        )
    if not any(str(cell).strip() for _, cells in found.rows for cell in cells):
        raise SourceError.of(
            "FICHIER_SANS_LIGNE",
            "le tableau est vide.",
            "L'exporter de nouveau, ou corriger la feuille.",
            file=path.name,
        )
    return found
