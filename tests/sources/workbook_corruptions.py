"""What spreadsheets and their users do to a workbook: each corruption as the files that it may leave."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl

__all__ = ["CORRUPTIONS", "Corruption", "as_workbook"]

Corruption = Callable[[bytes], Iterator[bytes]]
CORRUPTIONS: dict[str, Corruption] = {}
_AMOUNT = re.compile(r"-?[0-9]+,[0-9]{2}")
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


def corruption(make: Corruption) -> Corruption:
    CORRUPTIONS[make.__name__] = make
    return make


def as_workbook(lines: list[list[str]], title: str = "Feuil1") -> bytes:
    """The same table as a workbook: amounts as numbers, all the rest as texts."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for cells in lines:
        sheet.append([float(cell.replace(",", ".")) if _AMOUNT.fullmatch(cell) else cell or None for cell in cells])
    return _bytes(book)


def _bytes(book: Any) -> bytes:
    page = io.BytesIO()
    book.save(page)
    return page.getvalue()


def changed(content: bytes, change: Callable[[Any, Any], object]) -> bytes:
    """The workbook after a change of the sheet that holds most cells."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    visible = [sheet for sheet in book if sheet.sheet_state == "visible"]
    change(book, max(visible, key=lambda sheet: sheet.max_row * sheet.max_column))
    return _bytes(book)


def _size(content: bytes) -> tuple[int, int]:
    found: list[tuple[int, int]] = []
    changed(content, lambda _, sheet: found.append((sheet.max_row, sheet.max_column)))
    return found[0]


def _cells(content: bytes, wanted: Callable[[Any], bool]) -> list[tuple[int, int, Any]]:
    """The first and the last cell whose value is as wanted: row, column, value."""
    found: list[tuple[int, int, Any]] = []

    def look(_: Any, sheet: Any) -> None:
        found.extend((c.row, c.column, c.value) for row in sheet.iter_rows() for c in row if wanted(c.value))

    changed(content, look)
    return [found[0], found[-1]] if found else []


def _with(content: bytes, row: int, column: int, value: Any) -> bytes:
    return changed(content, lambda _, sheet: sheet.cell(row, column, value))


@corruption
def archive_cut(content: bytes) -> Iterator[bytes]:
    for kept in (len(content) - 1, len(content) - 30, len(content) // 2, 100, 0):
        yield content[:kept]
    yield content[:200] + bytes(50) + content[250:]


@corruption
def sheet_renamed_or_moved(content: bytes) -> Iterator[bytes]:
    yield changed(content, lambda _, sheet: setattr(sheet, "title", "Copie de travail"))
    yield changed(content, lambda book, _: book.create_sheet("Notes", 0).append(["Lire d'abord l'autre feuille"]))
    yield changed(content, lambda book, sheet: (book.create_sheet("Vide"), setattr(sheet, "sheet_state", "hidden")))
    yield changed(content, lambda _, sheet: sheet.delete_rows(1, sheet.max_row))


@corruption
def columns_exchanged(content: bytes) -> Iterator[bytes]:
    """Every two neighbours, in all the rows but those of the header."""
    rows_nb, columns_nb = _size(content)
    first = min((row for row, *_ in _cells(content, lambda v: isinstance(v, float | int))), default=2)
    for column in range(1, columns_nb):

        def exchange(_: Any, sheet: Any, column: int = column) -> None:
            for range_ in list(sheet.merged_cells.ranges):
                sheet.unmerge_cells(str(range_))
            for row in range(first, rows_nb + 1):
                left, right = sheet.cell(row, column), sheet.cell(row, column + 1)
                left.value, right.value = right.value, left.value

        yield changed(content, exchange)


@corruption
def column_deleted(content: bytes) -> Iterator[bytes]:
    for column in range(1, _size(content)[1] + 1):
        yield changed(content, lambda _, sheet, column=column: sheet.delete_cols(column))


@corruption
def column_inserted(content: bytes) -> Iterator[bytes]:
    for column in range(1, _size(content)[1] + 2):
        yield changed(content, lambda _, sheet, column=column: sheet.insert_cols(column))


@corruption
def cells_pushed(content: bytes) -> Iterator[bytes]:
    """One cell deleted, the rest of its column moved up or the rest of its row moved left."""
    rows_nb, columns_nb = _size(content)
    for column in range(1, columns_nb + 1):

        def up(_: Any, sheet: Any, column: int = column) -> None:
            for row in range(rows_nb // 2 + 1, rows_nb + 1):
                sheet.cell(row, column).value = sheet.cell(row + 1, column).value

        if not _has_merges(content):
            yield changed(content, up)

    def left(_: Any, sheet: Any) -> None:
        for column in range(1, columns_nb + 1):
            sheet.cell(rows_nb, column).value = sheet.cell(rows_nb, column + 1).value

    yield changed(content, left)


@corruption
def header_doubled(content: bytes) -> Iterator[bytes]:
    line = _header_row(content)
    for column in range(2, _size(content)[1] + 1):

        def double(_: Any, sheet: Any, column: int = column) -> None:
            if type(sheet.cell(line, column)).__name__ != "MergedCell":
                sheet.cell(line, column).value = sheet.cell(line, column - 1).value

        yield changed(content, double)


@corruption
def header_changed(content: bytes) -> Iterator[bytes]:
    line = _header_row(content)
    for column in range(1, _size(content)[1] + 1):
        for new in (None, "Inconnu"):

            def rename(_: Any, sheet: Any, column: int = column, new: str | None = new) -> None:
                if type(sheet.cell(line, column)).__name__ != "MergedCell":
                    sheet.cell(line, column).value = new

            yield changed(content, rename)
    yield changed(content, lambda _, sheet: sheet.delete_rows(line))
    yield changed(content, lambda _, sheet: sheet.insert_rows(1))


@corruption
def row_added_or_lost(content: bytes) -> Iterator[bytes]:
    rows_nb, columns_nb = _size(content)
    if not _has_merges(content):
        yield changed(content, lambda _, sheet: sheet.insert_rows(rows_nb - 1))

    def twice(_: Any, sheet: Any) -> None:
        last = max(row for row in range(1, rows_nb + 1) if isinstance(_last_value(sheet, row), float | int | str))
        sheet.append([sheet.cell(last, column).value for column in range(1, columns_nb + 1)])

    yield changed(content, twice)
    yield changed(content, lambda _, sheet: sheet.append([None] * (columns_nb + 3) + [9]))


@corruption
def number_written_as_text(content: bytes) -> Iterator[bytes]:
    """As the house writes it, as an English spreadsheet does, as an accountant does, in k€, an error, a truth."""
    for row, column, value in _cells(content, lambda v: isinstance(v, float | int) and not isinstance(v, bool)):
        french = f"{value:,.2f}".replace(",", "\u202f").replace(".", ",")
        for new in (french, f"{french} €", f"{1000 * value:,.2f}", f"({value:.2f})", f"{french} k€", "#REF!", True):
            yield _with(content, row, column, new)
        yield _with(content, row, column, f"={value}+1")
        yield _with(content, row, column, dt.datetime(2024, 3, 1))


@corruption
def month_written_otherwise(content: bytes) -> Iterator[bytes]:
    for row, column, value in _cells(content, lambda v: isinstance(v, str) and bool(_MONTH.fullmatch(v))):
        year, month = map(int, value.split("-"))
        yield _with(content, row, column, dt.datetime(year, month, 1))
        for new in (f"{month:02d}/{year}", f"{month:02d}/{year % 100}", dt.datetime(year, month, 17), year, 45352.0):
            yield _with(content, row, column, new)


@corruption
def identifier_written_as_number(content: bytes) -> Iterator[bytes]:
    for row, column, value in _cells(content, lambda v: isinstance(v, str) and bool(re.fullmatch("[0-9]{9}", v))):
        for new in (int(value), float(value), f"{int(value):.3E}", value[1:], f"{value[:2]} {value[2:]}"):
            yield _with(content, row, column, new)


@corruption
def merged_cells_moved(content: bytes) -> Iterator[bytes]:
    """Two cells of a column merged (the second is then empty), or the merges of the file moved down by one row."""
    rows_nb, columns_nb = _size(content)
    if not _has_merges(content):
        for column in range(1, columns_nb + 1):
            yield changed(
                content,
                lambda _, sheet, column=column: sheet.merge_cells(
                    start_row=rows_nb - 1, end_row=rows_nb, start_column=column, end_column=column
                ),
            )
        return

    def moved(_: Any, sheet: Any) -> None:
        for range_ in [one for one in sheet.merged_cells.ranges if one.size["columns"] == 1 and one.min_row > 4]:
            top = sheet.cell(range_.min_row, range_.min_col).value
            below = sheet.cell(range_.max_row + 1, range_.min_col).value
            sheet.unmerge_cells(str(range_))
            sheet.cell(range_.min_row, range_.min_col).value = None
            if below is None:
                sheet.cell(range_.min_row + 1, range_.min_col).value = top

    def unmerged(_: Any, sheet: Any) -> None:
        for range_ in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(range_))

    yield changed(content, moved)
    yield changed(content, unmerged)


@corruption
def what_is_only_shown_changed(content: bytes) -> Iterator[bytes]:
    """Rows and columns hidden by a filter, formats of numbers: the facts are the same."""
    yield changed(content, lambda _, sheet: sheet.row_dimensions.__getitem__(3).__setattr__("hidden", True))
    yield changed(content, lambda _, sheet: sheet.column_dimensions.__getitem__("B").__setattr__("hidden", True))
    yield changed(content, lambda _, sheet: [setattr(c, "number_format", "# ##0") for row in sheet for c in row])


@corruption
def file_of_another_kind(content: bytes) -> Iterator[bytes]:
    yield b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    yield b"<html><body>Erreur 404</body></html>\n"
    yield b"a;b\n1;2\n"


def _has_merges(content: bytes) -> bool:
    found: list[bool] = []
    changed(content, lambda _, sheet: found.append(bool(sheet.merged_cells.ranges)))
    return found[0]


def _last_value(sheet: Any, row: int) -> Any:
    return next((c.value for c in reversed(sheet[row]) if c.value is not None), None)


def _header_row(content: bytes) -> int:
    """The row above the first number: that of the names of the columns."""
    rows = [row for row, *_ in _cells(content, lambda v: isinstance(v, float | int))]
    return max(1, min(rows, default=2) - 1)
