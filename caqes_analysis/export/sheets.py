"""Sheets of a workbook written row by row: French headers that stay in view, widths, numbers with their decimals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Field", "Number", "add_table_sheet", "add_text_sheet"]

_HEADER_FILL: Final = PatternFill("solid", fgColor="E3E8EF")
_BOLD: Final = Font(bold=True)
_TITLE: Final = Font(bold=True, size=14)
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top")
_TEXT_WIDTH: Final = 110
_SPACES: Final = re.compile(r"[ \u00a0\u202f]+")


@dataclass(frozen=True)
class Field:
    """One column of a sheet: French header, width in characters, and whether long texts are wrapped."""

    header: str
    width: int
    wrap: bool = False


@dataclass(frozen=True)
class Number:
    """A number and the decimals with which it is shown; the cell keeps all of them."""

    value: float
    decimals: int

    @property
    def format(self) -> str:
        """Number format of the cell; the spreadsheet writes it with the separators of its own language."""
        return "#,##0" + ("." + "0" * self.decimals if self.decimals else "")


def add_table_sheet(
    book: Workbook,
    title: str,
    fields: Sequence[Field],
    rows: Iterable[Sequence[Any]],
    *,
    frozen_columns_nb: int = 0,
    above: str = "",
    total: Sequence[Any] | None = None,
) -> None:
    """Add a sheet that holds a table: its header, and its first columns if wanted, stay in view.

    Parameters
    ----------
    book
        Workbook in write-only mode.
    title
        Name of the sheet, 31 characters at most.
    fields
        Its columns.
    rows
        Cells: texts, :class:`Number`, integers, or None.
    frozen_columns_nb
        Columns that stay in view.
    above
        Line above the header that stays in view too, and is printed on every page (who may read the sheet).
    total
        Cells of a last line, in bold, that neither sorts nor filters move.
    """
    sheet = book.create_sheet(title)
    last = get_column_letter(len(fields))
    header_nb = 2 if above else 1
    sheet.freeze_panes = f"{get_column_letter(frozen_columns_nb + 1)}{header_nb + 1}"
    for place, one in enumerate(fields, 1):
        sheet.column_dimensions[get_column_letter(place)].width = one.width
    sheet.print_title_rows = f"1:{header_nb}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if above:
        marked = _cell(sheet, above)
        marked.font = _BOLD
        sheet.append([marked])
    header = [_cell(sheet, one.header) for one in fields]
    for cell in header:
        cell.font, cell.fill, cell.alignment = _BOLD, _HEADER_FILL, _WRAPPED
    sheet.append(header)
    lines_nb = header_nb
    for row in rows:
        sheet.append(_line(sheet, fields, row))
        lines_nb += 1
    sheet.auto_filter.ref = f"A{header_nb}:{last}{lines_nb}"
    if total is not None:
        cells = _line(sheet, fields, total)
        for cell in cells:
            cell.font = _BOLD
        sheet.append(cells)


def add_text_sheet(book: Workbook, title: str, paragraphs: Sequence[tuple[str, bool]]) -> None:
    """Add a sheet of text, one paragraph a line; the first is the title of the workbook.

    Parameters
    ----------
    book
        Workbook in write-only mode.
    title
        Name of the sheet.
    paragraphs
        Text, and whether it is a heading.
    """
    sheet = book.create_sheet(title)
    sheet.column_dimensions["A"].width = _TEXT_WIDTH
    for place, (text, is_heading) in enumerate(paragraphs):
        cell = _cell(sheet, text)
        cell.alignment = _WRAPPED
        if is_heading:
            cell.font = _BOLD if place else _TITLE
        sheet.append([cell])


def _line(sheet: Worksheet, fields: Sequence[Field], row: Sequence[Any]) -> list[Any]:
    cells = [_cell(sheet, value) for value in row]
    for cell, one in zip(cells, fields, strict=True):
        if one.wrap:
            cell.alignment = _WRAPPED
    return cells


def _cell(sheet: Worksheet, value: Any) -> Any:
    if isinstance(value, Number):
        cell = WriteOnlyCell(sheet, value.value)
        cell.number_format = value.format
        return cell
    if isinstance(value, str):
        # A spreadsheet searches for plain spaces, and a name that begins with « = » is a text.
        cell = WriteOnlyCell(sheet, _SPACES.sub(" ", ILLEGAL_CHARACTERS_RE.sub("", value)))
        cell.data_type = "s"
        return cell
    return WriteOnlyCell(sheet, None if pd.isna(value) else value)
