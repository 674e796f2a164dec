"""Writing a table in the layout that a column mapping describes: what a region's own dashboards look like."""

from __future__ import annotations

import calendar
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook

from caqes_analysis.sources.column_mapping import MEASURES, ColumnMapping
from caqes_analysis.sources.mapped_cells import Period
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = ["Fact", "write_mapped"]

_NBSP = "\u00a0"
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


class Fact(NamedTuple):
    """One value, or one per measure: what a tidy row holds.

    Parameters
    ----------
    finess, period, item
        Establishment, period and code (envelope, activity, LPP).
    values
        Value by measure; None when it is missing.
    """

    finess: str
    period: Period
    item: str
    values: Mapping[str, Decimal | None]


def write_mapped(
    path: Path,
    mapping: ColumnMapping,
    facts: Sequence[Fact],
    *,
    names: Mapping[str, str] | None = None,
    encoding: str = "cp1252",
) -> Path:
    """Write facts as a mapping lays them out: header, merged cells, totals, notes, words, units.

    Parameters
    ----------
    path
        File to write: a workbook when it ends in ``.xlsx``, a CSV otherwise. The same facts give the same bytes.
    mapping
        The layout.
    facts
        What to write; a cell that no fact fills is written as a missing value.
    names
        Name by FINESS, for the columns that the mapping ignores.
    encoding
        Encoding of a CSV.

    Returns
    -------
    Path
        ``path``.
    """
    sheet = _Sheet(mapping, facts, names or {})
    if path.suffix.lower() == ".xlsx":
        book = Workbook()
        page = book.active
        assert page is not None
        page.title = mapping.sheet if isinstance(mapping.sheet, str) else "Feuille 1"
        for row in sheet.rows:
            page.append([None if cell == "" else cell for cell in row])
        for first_row, first_column, last_row, last_column in sheet.merges:
            page.merge_cells(start_row=first_row, start_column=first_column, end_row=last_row, end_column=last_column)
        save_undated(book, path)
    else:
        with path.open("w", encoding=encoding, newline="") as text:
            csv.writer(text, delimiter=mapping.separator, lineterminator="\r\n").writerows(sheet.rows)
    return path


@dataclass(frozen=True)
class _Column:
    """A column of values: what its header says, and how to find its values."""

    period: Period | None
    item: str | None
    measure: str


class _Sheet:
    """The rows of one table, and its merged ranges (from 1)."""

    def __init__(self, mapping: ColumnMapping, facts: Sequence[Fact], names: Mapping[str, str]) -> None:
        self.mapping, self.names = mapping, names
        self.words = {code: word for word, code in mapping.items.items()}
        named = mapping.columns.named()
        self.keys = [part for part in ("finess", "month", "year", "item") if part in named]
        self.is_named = "name" in mapping.header
        self.columns = self._value_columns(facts)
        self.values: dict[tuple[Any, ...], Decimal | None] = {
            (fact.finess, fact.period, fact.item, measure): value
            for fact in facts
            for measure, value in fact.values.items()
        }
        self.rows: list[list[Any]] = [[f"{mapping.title} ({line})"] for line in range(1, mapping.skip_rows + 1)]
        self.merges: list[tuple[int, int, int, int]] = []
        self._write_header(named)
        self._write_lines(facts)
        if mapping.notes:
            self.rows.append([f"{mapping.notes[0]} : données simulées"])

    def _value_columns(self, facts: Sequence[Fact]) -> list[_Column]:
        said = set(self.mapping.header)
        present = [name for name in MEASURES[self.mapping.table] if any(name in fact.values for fact in facts)]
        if self.is_named:
            return [_Column(None, None, name) for name in present if getattr(self.mapping.columns, name) is not None]
        by_measure = [name for name in present if name in self.mapping.measures] if "measure" in said else present[:1]
        whens: list[Period | None] = [None]
        items: list[str | None] = [None]
        if said & {"month", "year"}:
            whens = [*sorted({fact.period for fact in facts}, key=lambda period: (period.year or 0, period.month or 0))]
        if "item" in said:
            items = list(dict.fromkeys(fact.item for fact in facts))
        if self.mapping.header[0] == "item":
            return [_Column(when, item, name) for item in items for when in whens for name in by_measure]
        if self.mapping.header[0] == "measure":
            return [_Column(when, item, name) for name in by_measure for item in items for when in whens]
        return [_Column(when, item, name) for when in whens for item in items for name in by_measure]

    @property
    def _has_totals(self) -> bool:
        return bool(self.mapping.totals) and not self.is_named and len({one.measure for one in self.columns}) == 1

    def _write_header(self, named: Mapping[str, str]) -> None:
        left = [named["finess"], *self.mapping.ignore, *(named[part] for part in self.keys[1:])]
        lines_nb = len(self.mapping.header)
        first = len(self.rows) + 1
        for rank, meaning in enumerate(self.mapping.header):
            is_last = rank == lines_nb - 1
            head: list[Any] = list(left) if rank == 0 else [""] * len(left)
            shows = not self.is_named or is_last
            head += [self._header_cell(meaning, column, named) if shows else "" for column in self.columns]
            if self._has_totals:
                head.append("Total" if is_last else head[-1])
            self.rows.append(head)
        if lines_nb == 2:
            for place in range(1, len(left) + 1):
                self.merges.append((first, place, first + 1, place))
            self._merge_top(first, len(left))

    def _merge_top(self, line: int, left_nb: int) -> None:
        """Merge the equal neighbours of the first header line."""
        top = self.rows[line - 1]
        start = left_nb
        for place in range(left_nb + 1, len(top) + 1):
            if place == len(top) or top[place] != top[start]:
                if place - start > 1:
                    self.merges.append((line, start + 1, line, place))
                    top[start + 1 : place] = [""] * (place - start - 1)
                start = place

    def _header_cell(self, meaning: str, column: _Column, named: Mapping[str, str]) -> Any:
        if meaning == "name":
            return named[column.measure]
        if meaning == "measure":
            return self.mapping.measures[column.measure]  # type: ignore[index]
        if meaning == "item":
            return self.words.get(column.item or "", column.item)
        assert column.period is not None
        return column.period.year if meaning == "year" else self._month(column.period)

    def _month(self, period: Period) -> Any:
        year, month = period.year or 0, period.month or 1
        last = date(year, month, calendar.monthrange(year, month)[1]) if year else None
        forms: dict[str, Any] = {
            "AAAA-MM": f"{year}-{month:02d}",
            "MM/AAAA": f"{month:02d}/{year}",
            "AAAAMM": f"{year}{month:02d}",
            "mois AAAA": f"{_MONTHS[month - 1]} {year}",
            "mois": _MONTHS[month - 1],
            "MM": f"{month:02d}",
            "JJ/MM/AAAA": f"{last:%d/%m/%Y}" if last else "",
            "date": last,
            "AAAA": f"{year}",
            "AAAA-MMM": f"{year}-M{month:02d}",
        }
        if self.mapping.table != "monthly_spend":  # several kinds of periods may stand in one column
            return next(forms[f] for f in self.mapping.months if _fits(f, period))
        return forms[self.mapping.months[0]]

    def _write_lines(self, facts: Sequence[Fact]) -> None:
        by_row: dict[str, list[tuple[Period | None, str | None]]] = {}
        has_period = {"month", "year"} & set(self.keys)
        for fact in facts:
            key = (fact.period if has_period else None, fact.item if "item" in self.keys else None)
            rows = by_row.setdefault(fact.finess, [])
            if key not in rows:
                rows.append(key)
        left_nb = len(self.keys) + len(self.mapping.ignore)
        totals = [Decimal(0)] * len(self.columns)
        only = (
            facts[0].period if facts and not has_period and not {"month", "year"} & set(self.mapping.header) else None
        )
        for finess, rows in by_row.items():
            begins = len(self.rows) + 1
            sums = [Decimal(0)] * len(self.columns)
            for rank, (period, item) in enumerate(rows):
                found = [
                    self.values.get(
                        (finess, c.period or period or only, c.item or item or self.mapping.item, c.measure)
                    )
                    for c in self.columns
                ]
                sums = [a + (value or 0) for a, value in zip(sums, found, strict=True)]
                is_hanging = rank > 0 and "finess" in self.mapping.merged
                said = {
                    "month": self._month(period) if period is not None else "",
                    "year": period.year if period is not None else "",
                    "item": self.words.get(item or "", item),
                }
                head: list[Any] = ["" if is_hanging else finess]
                head += [self._name(finess, is_hanging) for _ in self.mapping.ignore]
                head += [said[part] for part in self.keys[1:]]
                self._append(head, found)
            if "finess" in self.mapping.merged and len(rows) > 1:
                self.merges += [
                    (begins, place, len(self.rows), place) for place in range(1, 2 + len(self.mapping.ignore))
                ]
                label = f"{self.mapping.totals[0]} {self.names.get(finess, finess)}" if self.mapping.totals else None
                if label and self.mapping.ignore:
                    self._append(["", label, *[""] * (left_nb - 2)], sums)
            totals = [a + b for a, b in zip(totals, sums, strict=True)]
        if self.mapping.grand_total:
            self._append([self.mapping.grand_total[0], *[""] * (left_nb - 1)], totals)

    def _name(self, finess: str, is_hanging: bool) -> str:
        return "" if is_hanging else self.names.get(finess, "")

    def _append(self, head: list[Any], found: Sequence[Decimal | None]) -> None:
        cells = [self._value(value, column.measure) for value, column in zip(found, self.columns, strict=True)]
        if self._has_totals:
            cells.append(
                self._value(sum((value or Decimal(0) for value in found), Decimal(0)), self.columns[0].measure)
            )
        self.rows.append([*head, *cells])

    def _value(self, value: Decimal | None, measure: str) -> str:
        if value is None:
            return self.mapping.missing_words[0] if self.mapping.missing_words else ""
        if value == 0 and self.mapping.zero_words:
            return self.mapping.zero_words[0]
        if measure != "amount":
            return f"{value.normalize():f}".replace(".", ",")
        if self.mapping.amount_unit == "keur":
            return f"{value / 1000:,.5f}".replace(",", _NBSP).replace(".", ",")
        return f"{value:,.2f}".replace(",", _NBSP).replace(".", ",") + f"{_NBSP}€"


def _fits(form: str, period: Period) -> bool:
    if period.month is None:
        return form == "AAAA"
    return (form == "AAAA-MMM") == period.is_cumulative and form != "AAAA"
