"""How the columns of a table are written: label, unit in the header, text and state of each cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any, Literal

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.payload import State
from caqes_analysis.display.scale import amount_scale

__all__ = [
    "CORRECTED_MARK",
    "NOT_APPLICABLE_TEXT",
    "PROVISIONAL_MARK",
    "SMALL_BASE",
    "SMALL_BASE_TEXT",
    "Cell",
    "ColumnFormat",
    "corrections_of",
    "now_corrected",
]

PROVISIONAL_MARK = "(p)"
CORRECTED_MARK = "(c)"
NOT_APPLICABLE_TEXT = "sans objet"
SMALL_BASE, SMALL_BASE_TEXT = "small_base", "n. s."
"""Status, and text, of a rate that is not told because it starts from next to nothing."""
_MISSING_TEXT = "manquant"
_MASKED_TEXT = "masqué"
_MILLION, _MOST_IN_THOUSANDS = 1_000_000, 100_000_000
_CORRECTED, _NOW_CORRECTED, _WAS_CORRECTED = "is_corrected", "now_is_corrected", "was_corrected"
_STATELESS: Mapping[str, Any] = {"value_status": None, "is_provisional": None, "is_corrected": None}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as printed.

    Parameters
    ----------
    text
        What is printed, without the unit of the column.
    state
        How it is to be taken; the text, or a note of the table, says it too.
    href
        Page of the site it leads to.
    sort
        Key by which the column sorts.
    """

    text: str
    state: State | None = None
    href: str | None = None
    sort: float | str | None = None


@dataclass(frozen=True)
class ColumnFormat:
    """How one column of a frame is printed; made by :meth:`text`, :meth:`amount`, :meth:`percent`…

    Parameters
    ----------
    name
        Column of the frame.
    label, unit, description
        Header, unit printed in the header, and a sentence that defines the column.
    align
        ``left`` for words, ``right`` for numbers.
    write
        Text of a value that is present.
    sort_key
        Key by which the column sorts, from a value that is present; None when it does not sort.
    href
        Column of the frame that holds the page each cell leads to.
    state
        Column of the frame that holds the state of each cell.
    states
        State of each value, for the columns made by :meth:`status`.
    value_status, is_provisional, is_corrected
        Columns of the frame that hold the state of the value; used when the frame has them. Words have none. A value
        that is present is printed whatever its status, which only says why one is absent.
    scale_signed
        Set while the unit is still to be chosen from the values: whether they are printed with their sign.
    """

    name: str
    label: str
    unit: str = ""
    description: str = ""
    align: Literal["left", "right"] = "right"
    write: Callable[[Any], str] = str
    sort_key: Callable[[Any], float | str] | None = None
    href: str | None = None
    state: str | None = None
    states: Mapping[Any, State] | None = None
    value_status: str | None = "value_status"
    is_provisional: str | None = "is_provisional"
    is_corrected: str | None = "is_corrected"
    scale_signed: bool | None = None

    @classmethod
    def text(cls, name: str, label: str, **options: Any) -> ColumnFormat:
        """Words, as received."""
        return cls(name, label, **{"align": "left", **_STATELESS, **options})

    @classmethod
    def amount(
        cls, name: str, label: str, *, cents: bool = False, signed: bool = False, **options: Any
    ) -> ColumnFormat:
        """Amounts in euros, to the euro or exactly to the cent."""
        return cls._numeric(name, label, 2 if cents else 0, signed, unit="€", **options)

    @classmethod
    def compact_amount(cls, name: str, label: str, *, signed: bool = False, **options: Any) -> ColumnFormat:
        """Amounts in €, k€ or M€: one unit for all such columns of a table, chosen from their median."""
        return cls._numeric(name, label, 0, signed, unit="€", scale_signed=signed, **options)

    @classmethod
    def count(cls, name: str, label: str, *, signed: bool = False, **options: Any) -> ColumnFormat:
        """Whole numbers; give ``unit`` when the label does not say what is counted."""
        return cls._numeric(name, label, 0, signed, **options)

    @classmethod
    def number(cls, name: str, label: str, *, decimals: int = 1, signed: bool = False, **options: Any) -> ColumnFormat:
        """Numbers with a fixed number of decimals."""
        return cls._numeric(name, label, decimals, signed, **options)

    @classmethod
    def percent(cls, name: str, label: str, *, decimals: int = 1, signed: bool = False, **options: Any) -> ColumnFormat:
        """Percentages (4.0 is 4 %); evolutions are ``signed``."""
        return cls._numeric(name, label, decimals, signed, unit="%", **options)

    @classmethod
    def points(cls, name: str, label: str, *, decimals: int = 1, **options: Any) -> ColumnFormat:
        """Signed differences of percentages."""
        return cls._numeric(name, label, decimals, True, unit="points", **options)

    @classmethod
    def month(cls, name: str, label: str, *, short: bool = False, **options: Any) -> ColumnFormat:
        """Months, from any date of theirs."""

        def write(when: dt.date) -> str:
            return french.month_year(when, short=short)

        return cls.text(name, label, write=write, sort_key=dt.date.isoformat, **options)

    @classmethod
    def date(cls, name: str, label: str, **options: Any) -> ColumnFormat:
        """Dates as dd/mm/yyyy."""

        def write(when: dt.date) -> str:
            return french.date(when, short=True)

        return cls.text(name, label, write=write, sort_key=dt.date.isoformat, **options)

    @classmethod
    def status(
        cls, name: str, label: str, words: Mapping[Any, tuple[str, State | None]], **options: Any
    ) -> ColumnFormat:
        """Values of a closed list, each with the words that are printed and its state."""
        texts = {value: text for value, (text, _) in words.items()}
        states = {value: state for value, (_, state) in words.items() if state}
        return cls.text(name, label, write=texts.__getitem__, states=states, **options)

    @classmethod
    def _numeric(cls, name: str, label: str, decimals: int, signed: bool, **options: Any) -> ColumnFormat:
        sign = french.signed if signed else french.number
        return cls(name, label, **{"write": lambda value: sign(value, decimals), "sort_key": float, **options})

    def fitted(self, values: Sequence[Any]) -> ColumnFormat:
        """Return the format with the unit that suits ``values``; itself when its unit is fixed."""
        if self.scale_signed is None:
            return self
        sizes = [abs(float(value)) for value in values if not pd.isna(value) and value != 0]
        scale = amount_scale(_common_size(sizes))
        write = partial(scale.write, signed=self.scale_signed)
        return replace(self, unit=scale.unit, write=write, scale_signed=None)

    def cells(self, frame: pd.DataFrame) -> list[Cell]:
        """Return the cells of the column, one per row of ``frame``.

        Raises
        ------
        KeyError
            When the frame has no such column.
        """
        columns = (
            frame[self.name],
            _of(frame, self.href),
            _of(frame, self.state),
            _of(frame, self.value_status if self.value_status in frame else None),
            _of(frame, self.is_provisional if self.is_provisional in frame else None),
            _of(frame, self.is_corrected if self.is_corrected in frame else None),
        )
        return [self._cell(*row) for row in zip(*columns, strict=True)]

    def _cell(self, value: Any, page: Any, state: Any, status: Any, provisional: Any, corrected: Any) -> Cell:
        href = None if page is None or pd.isna(page) else str(page)
        if pd.isna(value):
            if status == "not_applicable":
                return Cell(NOT_APPLICABLE_TEXT, "muted", href)
            if status == SMALL_BASE:
                return Cell(SMALL_BASE_TEXT, "muted", href)
            if status == "too_few":
                return Cell(_MASKED_TEXT, "muted", href)
            word = _MISSING_TEXT if status == "missing" else french.MISSING
            return Cell(f"{word}{french.NBSP}{CORRECTED_MARK}" if _is_true(corrected) else word, "missing", href)
        text = french.plain_text(self.write(value))
        chosen = None if state is None or pd.isna(state) else state
        if self.states:
            chosen = chosen or self.states.get(value)
        if _is_true(corrected):
            text = f"{text}{french.NBSP}{CORRECTED_MARK}"
        if _is_true(provisional):
            text, chosen = f"{text}{french.NBSP}{PROVISIONAL_MARK}", chosen or "provisional"
        return Cell(text, chosen, href, self.sort_key(value) if self.sort_key else None)


def now_corrected(frame: pd.DataFrame) -> str:
    """Return the column that says whether the amount of this year was corrected, where one of two years may be."""
    return _NOW_CORRECTED if _NOW_CORRECTED in frame else _CORRECTED


def corrections_of(frame: pd.DataFrame) -> dict[str, list[bool]]:
    """Return, for the line of the total, whether some row was corrected, by column that says it."""
    flags = (_CORRECTED, _NOW_CORRECTED, _WAS_CORRECTED)
    return {name: [bool(frame[name].any())] for name in flags if name in frame}


def _is_true(flag: Any) -> bool:
    return flag is not None and not pd.isna(flag) and bool(flag)


def _common_size(sizes: Sequence[float]) -> float:
    """Return the size whose unit suits a column: the median, or less where that unit would leave one digit to some."""
    middle = median(sizes) if sizes else 0
    is_coarse = middle >= _MILLION and min(sizes) < _MILLION and max(sizes) < _MOST_IN_THOUSANDS
    return _MILLION - 1 if is_coarse else middle


def _of(frame: pd.DataFrame, name: str | None) -> list[Any]:
    return [None] * len(frame) if name is None else list(frame[name])
