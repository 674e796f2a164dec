"""XLSX workbooks: the cells of a sheet, which of them are formulas, which are merged."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.files import guarded_member, opened_zip

__all__ = [
    "formula_cells",
    "hidden_sheet_rows",
    "merged_cell_problem",
    "merged_ranges",
    "refuse_old_workbook",
    "sheet_rows",
]

# No yearly table of a region comes near; a workbook made to fill the memory does.
_MOST_BYTES = 1 << 30
_OLE_HEAD = b"\xd0\xcf\x11\xe0"
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_ERROR = re.compile(rb"""\bt=["']e["']""")
_READ_BYTES = 1 << 20


def refuse_old_workbook(head: bytes, file: str) -> None:
    """Refuse a file whose first bytes are those of a workbook of before 2007, or of a protected one.

    Raises
    ------
    SourceError
        ``FORMAT_NON_LU``.
    """
    if head.startswith(_OLE_HEAD):
        raise SourceError.of(
            "FORMAT_NON_LU",
            "c'est un ancien classeur (.xls) ou un classeur protégé par un mot de passe.",
            "L'enregistrer en .xlsx sans mot de passe, ou en CSV.",
            file=file,
        )


def sheet_rows(path: Path, sheet: str | int = 1) -> tuple[list[tuple[int, list[Any]]], str]:
    """Return the rows of a visible sheet, each with its number, and the name of the sheet.

    A cell that holds an error of the spreadsheet holds its text (« #REF! »): it is no empty cell.

    Parameters
    ----------
    path
        The workbook.
    sheet
        Name of the sheet (case does not matter), or its number among the visible ones, from 1.

    Raises
    ------
    SourceError
        ``CLASSEUR_ILLISIBLE``, ``CLASSEUR_TROP_GRAND``, ``FEUILLE_ABSENTE``, or what is wrong in the archive that a
        workbook is.
    """
    _refuse_oversized(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            visible = [known.name for known in workbook.sheets_metadata if known.visible == SheetVisibleEnum.Visible]
            if not visible:
                raise _unreadable(path, "aucune feuille visible")
            name = _sheet_name(path, visible, sheet)
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except python_calamine.CalamineError as failure:
        raise _unreadable(path, str(failure)) from failure
    for line, place, error in _cells_of_type("e", path, name, _ERROR):
        rows[line - 1][place] = error
    return list(enumerate(rows, start=1)), name


def _sheet_name(path: Path, visible: Sequence[str], sheet: str | int) -> str:
    if isinstance(sheet, int):
        if 1 <= sheet <= len(visible):
            return visible[sheet - 1]
    else:
        for name in visible:
            if name.strip().casefold() == sheet.strip().casefold():
                return name
    raise SourceError.of(
        "FEUILLE_ABSENTE",
        "cette feuille n'est pas dans le classeur.",
        f"Feuilles visibles : {', '.join(visible)}. Corriger sheet dans la correspondance de colonnes.",
        file=path.name,
        value=str(sheet),
    )


def hidden_sheet_rows(path: Path, sheet: str) -> list[tuple[int, list[Any]]]:
    """Return the rows of a sheet, hidden or not, with their numbers; none when the workbook does not have it.

    Parameters
    ----------
    path
        The workbook.
    sheet
        Name of the sheet.

    Raises
    ------
    SourceError
        ``CLASSEUR_ILLISIBLE`` or ``CLASSEUR_TROP_GRAND``.
    """
    _refuse_oversized(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            if sheet not in workbook.sheet_names:
                return []
            rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except python_calamine.CalamineError as failure:
        raise _unreadable(path, str(failure)) from failure
    return list(enumerate(rows, start=1))


def merged_ranges(path: Path, sheet: str) -> dict[tuple[int, int], tuple[int, int]]:
    """Return, for each place (row, column, from 0) inside a merged range, the place that holds its value.

    Parameters
    ----------
    path
        The workbook.
    sheet
        Name of the sheet.
    """
    with CalamineWorkbook.from_path(str(path)) as workbook:
        ranges = workbook.get_sheet_by_name(sheet).merged_cell_ranges or []
    return {
        (row, column): first
        for first, last in ranges
        for row in range(first[0], last[0] + 1)
        for column in range(first[1], last[1] + 1)
        if (row, column) != first
    }


def merged_cell_problem(line: int, column: str) -> Problem:
    """Return what is said of a cell whose value was lost when it was merged into another.

    Parameters
    ----------
    line, column
        Its row, and the name of its column.
    """
    return Problem(
        "CELLULES_FUSIONNEES",
        "cette cellule est fusionnée avec une autre, qui garde seule une valeur.",
        "Défusionner les cellules, et écrire la valeur de chacune.",
        line=line,
        column=column,
    )


def formula_cells(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Yield the formulas of a sheet: row number from 1, column place from 0, formula.

    Parameters
    ----------
    path
        The workbook.
    sheet
        Name of the sheet.
    """
    yield from _cells_of_type("f", path, sheet, _FORMULA)


def _cells_of_type(kind: str, path: Path, sheet: str, sign: re.Pattern[bytes]) -> Iterator[tuple[int, int, str]]:
    """Yield the cells of a type of openpyxl (row, place, text), when the sheets mention one."""
    if not _mentions(path, sign):
        return
    with warnings.catch_warnings():
        # openpyxl warns of decorations that it does not keep; nothing is written here.
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=False)
        try:
            for row in workbook[sheet].iter_rows():
                for cell in row:
                    if cell.data_type == kind:
                        yield cell.row, cell.column - 1, _cell_text(cell.value)
        finally:
            workbook.close()


def _cell_text(value: Any) -> str:
    # Array formulas and data tables come as objects.
    return str(getattr(value, "text", value))


def _refuse_oversized(path: Path) -> None:
    with path.open("rb") as stream, opened_zip(stream, path.name) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise _unreadable(path, "l'archive ne contient pas de classeur XLSX")
        if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
            raise SourceError.of(
                "CLASSEUR_TROP_GRAND",
                "ce classeur dépasse un gigaoctet une fois décompressé.",
                "Donner un CSV.",
                file=path.name,
            )


def _mentions(path: Path, sign: re.Pattern[bytes]) -> bool:
    with path.open("rb") as stream, opened_zip(stream, path.name) as archive:
        for info in archive.infolist():
            if not info.filename.startswith("xl/worksheets/"):
                continue
            with guarded_member(archive, info, path.name) as content:
                tail = b""
                while data := content.read(_READ_BYTES):
                    if sign.search(tail + data):
                        return True
                    tail = data[-20:]
    return False


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError.of(
        "CLASSEUR_ILLISIBLE",
        f"ce classeur ne s'ouvre pas ({why}).",
        "L'enregistrer de nouveau en .xlsx, ou en CSV.",
        file=path.name,
    )
