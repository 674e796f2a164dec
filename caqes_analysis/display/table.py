"""Tables: one description, with its caption, its headers and their units, its totals and its notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from caqes_analysis.display.base import Display, element, sentence
from caqes_analysis.display.columns import CORRECTED_MARK, PROVISIONAL_MARK, Cell, ColumnFormat
from caqes_analysis.display.payload import CONTRACT_VERSION, CellPayload, ColumnPayload, TablePayload
from caqes_analysis.french import NBSP, plural

__all__ = ["Header", "Table", "notes_html"]

PROVISIONAL_NOTE = f"{PROVISIONAL_MARK}{NBSP}: montant provisoire, qui peut encore être complété."
CORRECTED_NOTE = f"{CORRECTED_MARK}{NBSP}: remplacé d'après le registre des corrections (page « Qualité des données »)."
_EMPTY_NOTE = "Aucune ligne à montrer."


@dataclass(frozen=True)
class Header:
    """Header of a column: label, unit, alignment and an optional definition."""

    label: str
    unit: str = ""
    align: str = "left"
    description: str = ""


@dataclass(frozen=True)
class Table(Display):
    """A table as it is printed; usually made by :meth:`from_frame`.

    Parameters
    ----------
    caption
        What the table shows: subject, place, period.
    columns
        Headers.
    rows
        Cells, one tuple a row; the last ``totals_nb`` rows are totals.
    row_header
        Position of the column that names each row, if one does.
    totals_nb
        How many of the last rows are totals.
    notes
        Sentences printed under the table.
    """

    caption: str
    columns: tuple[Header, ...]
    rows: tuple[tuple[Cell, ...], ...]
    row_header: int | None = 0
    totals_nb: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        caption: str,
        columns: Sequence[ColumnFormat],
        row_header: str | None = None,
        totals: pd.DataFrame | None = None,
        notes: Sequence[str] = (),
    ) -> Table:
        """Describe the rows of a frame.

        Parameters
        ----------
        frame
            One row per row of the table, already in order; columns that no format names are not printed.
        caption
            What the table shows: subject, place, period.
        columns
            The printed columns, in order.
        row_header
            Name of the column that names each row; the first one when not given.
        totals
            Rows of totals, with the same columns, printed last.
        notes
            Sentences printed under the table. What « (p) » and « (c) » mean, and that there is no row, is added when
            needed.

        Raises
        ------
        ValueError
            When there is no column, when the caption is empty, or when ``row_header`` is not one of the columns.

        Examples
        --------
        >>> spend = pd.DataFrame({"name": ["CH de Rive", "CLCC"], "amount_eur": [1234.5, None]})
        >>> formats = [ColumnFormat.text("name", "Établissement"), ColumnFormat.amount("amount_eur", "Remboursé")]
        >>> table = Table.from_frame(spend, caption="Dépenses de 2024", columns=formats)
        >>> [cell.text for cell in table.rows[0]], table.columns[1].unit
        (['CH de Rive', '1\\u202f235'], '€')
        """
        names = [column.name for column in columns]
        if not columns or not caption.strip():
            raise ValueError("a table needs a caption and at least one column")
        if row_header is not None and row_header not in names:
            raise ValueError(f"row_header {row_header!r} is not one of the columns {names}")
        parts = [frame] if totals is None else [frame, totals]
        formats = _fitted(columns, frame)
        cells = [[cell for part in parts for cell in column.cells(part)] for column in formats]
        rows = tuple(zip(*cells, strict=True))
        extra = [] if rows else [_EMPTY_NOTE]
        if any(PROVISIONAL_MARK in cell.text for row in rows for cell in row):
            extra.append(PROVISIONAL_NOTE)
        if any(CORRECTED_MARK in cell.text for row in rows for cell in row):
            extra.append(CORRECTED_NOTE)
        return cls(
            caption=caption,
            columns=tuple(Header(column.label, column.unit, column.align, column.description) for column in formats),
            rows=rows,
            row_header=0 if row_header is None else names.index(row_header),
            totals_nb=0 if totals is None else len(totals),
            notes=(*notes, *extra),
        )

    def with_notes(self, *notes: str) -> Table:
        """Return the same table with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    @property
    def payload(self) -> TablePayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "table",
            "caption": sentence(self.caption),
            "columns": [_column_payload(column) for column in self.columns],
            "row_header": self.row_header,
            "rows": [[_cell_payload(cell) for cell in row] for row in self.rows],
            "total_rows": self.totals_nb,
            "notes": [sentence(note) for note in self.notes],
        }

    def summary(self) -> str:
        """Return the caption and the size of the table."""
        return f"{sentence(self.caption)} ({plural(len(self.rows), 'ligne')}, {plural(len(self.columns), 'colonne')})"

    def html(self) -> str:
        """Return the table with caption and scoped headers."""
        head = element("tr", *(_header_html(column) for column in self.columns))
        body_nb = len(self.rows) - self.totals_nb
        groups = [element("tbody", *(self._row_html(row) for row in self.rows[:body_nb]))]
        if self.totals_nb:
            totals = (self._row_html(row) for row in self.rows[body_nb:])
            groups.append(element("tfoot", *totals, style="font-weight:bold;border-top:2px solid"))
        caption = element("caption", escape(sentence(self.caption)), style="caption-side:top;text-align:left")
        table = element("table", caption, element("thead", head), *groups, class_="caqes-table")
        return element("div", table, notes_html(self.notes), class_="caqes-display")

    def _row_html(self, row: tuple[Cell, ...]) -> str:
        return element(
            "tr",
            *(
                element(
                    "th" if position == self.row_header else "td",
                    escape(sentence(cell.text)),
                    scope="row" if position == self.row_header else None,
                    class_=f"caqes-{cell.state}" if cell.state else None,
                    style=_aligned(column.align),
                )
                for position, (cell, column) in enumerate(zip(row, self.columns, strict=True))
            ),
        )


def _fitted(columns: Sequence[ColumnFormat], frame: pd.DataFrame) -> list[ColumnFormat]:
    """Choose the units that depend on the values: one for all the amounts of the table, one for all its changes."""
    together: dict[bool | None, list[Any]] = {}
    for column in columns:
        together.setdefault(column.scale_signed, []).extend(frame[column.name])
    return [column.fitted(together[column.scale_signed]) for column in columns]


def notes_html(notes: Sequence[str]) -> str:
    """Return notes as small paragraphs."""
    return "".join(element("p", escape(sentence(note)), style="font-size:smaller") for note in notes)


def _aligned(align: str) -> str:
    figures = ";font-variant-numeric:tabular-nums;white-space:nowrap" if align == "right" else ""
    return f"text-align:{align}{figures}"


def _header_html(column: Header) -> str:
    label = escape(sentence(column.label))
    unit = f" ({escape(column.unit)})" if column.unit else ""
    return element(
        "th", label + unit, scope="col", title=column.description or None, style=f"text-align:{column.align}"
    )


def _column_payload(column: Header) -> ColumnPayload:
    payload: ColumnPayload = {
        "label": sentence(column.label),
        "unit": column.unit,
        "align": "right" if column.align == "right" else "left",
    }
    if column.description:
        payload["description"] = sentence(column.description)
    return payload


def _cell_payload(cell: Cell) -> CellPayload:
    payload: CellPayload = {"text": sentence(cell.text)}
    if cell.state is not None:
        payload["state"] = cell.state
    if cell.href is not None:
        payload["href"] = cell.href
    if cell.sort is not None:
        payload["sort"] = cell.sort
    return payload
