"""Columns of an ATIH fixed-width file: slices of positions of all lines at once, texts or whole numbers.

The bytes stay bytes: a code is verified once per distinct value, and a number is read digit by digit in integers, so
that no amount passes through floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from caqes_analysis.errors import Problem
from caqes_analysis.sources.atih_layout import Layout, LayoutField
from caqes_analysis.sources.problems import shown

__all__ = ["RESEND", "Bools", "Codes", "Ints", "Lines", "Tally"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

RESEND = "Demander ou exporter de nouveau le fichier : ses positions ne sont plus sûres."
_BLANK, _MINUS, _ZERO = 32, 45, 48


@dataclass(frozen=True)
class Codes:
    """A column of few distinct texts: the texts, and for each line the rank of its own."""

    values: list[str]
    ranks: npt.NDArray[np.int32]

    def mapped(self, change: Callable[[str], str]) -> Codes:
        """Return the same column with each distinct text changed."""
        return Codes([change(value) for value in self.values], self.ranks)

    def where(self, wanted: Callable[[str], bool]) -> Bools:
        """Return the lines whose text is wanted."""
        chosen = np.array([wanted(value) for value in self.values], dtype=bool)
        found: Bools = chosen[self.ranks] if len(chosen) else np.zeros(0, dtype=bool)
        return found

    def numbers(self, number: Callable[[str], int]) -> Ints:
        """Return for each line the number that its text stands for."""
        values = np.array([number(value) for value in self.values], dtype=np.int64)
        found: Ints = values[self.ranks] if len(values) else np.zeros(0, dtype=np.int64)
        return found

    def to_arrow(self) -> pa.Array:
        """Return the column; empty texts are missing."""
        texts = pa.array([value or None for value in self.values], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(self.ranks), texts).cast(pa.string())


@dataclass
class Tally:
    """What is worth telling, by code: how many lines, and the first of them."""

    found: dict[tuple[str, str], Problem] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        """Count a problem; the first of its code and column gives the place."""
        key = problem.code, problem.column or ""
        known = self.found.get(key)
        self.found[key] = problem if known is None else known.at(count=known.count + problem.count)

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Count several problems."""
        for problem in problems:
            self.add(problem)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found.values())

    def __bool__(self) -> bool:
        return bool(self.found)


@dataclass
class Lines:
    """Lines of one layout, of equal length, that can be read field by field.

    Parameters
    ----------
    layout
        Where the fields stand.
    numbers
        Line of the file of each.
    problems
        Takes what is wrong.
    """

    layout: Layout
    numbers: Ints
    problems: Tally
    _bytes: npt.NDArray[np.uint8]
    _starts: Ints

    def __len__(self) -> int:
        return len(self.numbers)

    def raw(self, one: LayoutField) -> npt.NDArray[np.uint8]:
        """Return the bytes of a field: a line a row, a position a column."""
        places = self._starts[:, None] + np.arange(one.start - 1, one.end)
        found: npt.NDArray[np.uint8] = self._bytes[places]
        return found

    def codes(self, one: LayoutField) -> Codes:
        """Return the texts of a field, without the blanks around."""
        width = one.end - one.start + 1
        packed = pa.py_buffer(np.ascontiguousarray(self.raw(one)))
        column = pa.Array.from_buffers(pa.binary(width), len(self), [None, packed]).dictionary_encode()
        texts = [value.as_py().decode("ascii", "replace").strip() for value in column.dictionary]
        return Codes(texts, column.indices.to_numpy(zero_copy_only=False).astype(np.int32))

    def check(self, one: LayoutField, codes: Codes, wrong: Callable[[str], tuple[str, str, str] | None]) -> Codes:
        """Refuse the texts that are ``wrong`` (code, sentence, remedy of the problem, or None), once per kind."""
        faults = [wrong(value) for value in codes.values]
        for kind in dict.fromkeys(fault for fault in faults if fault is not None):
            bad = np.array([fault == kind for fault in faults])[codes.ranks]
            first = int(np.flatnonzero(bad)[0])
            self.refuse(one, kind, first, codes.values[codes.ranks[first]], int(bad.sum()))
        return codes

    def refuse(self, one: LayoutField, fault: tuple[str, str, str], row: int, value: str, count: int) -> None:
        """Add a problem of a field."""
        code, what, remedy = fault
        self.problems.add(
            Problem(code, what, remedy, None, int(self.numbers[row]), one.place, shown(value), count),
        )

    def integers(self, one: LayoutField, *, required: bool) -> Ints:
        """Return the numbers of a field, as whole numbers of its last decimal; blanks give 0.

        Parameters
        ----------
        one
            The field.
        required
            True when an empty field is a problem.
        """
        found = self.raw(one)
        rows, width = found.shape
        blanks = np.zeros(rows, dtype=np.int64)
        negative = np.zeros(rows, dtype=bool)
        digits = found - _ZERO  # wraps around for what stands before « 0 »
        if digits.size and digits.max() > 9:
            leading = np.logical_and.accumulate(found == _BLANK, axis=1)
            blanks = leading.sum(axis=1)
            first = np.minimum(blanks, width - 1)
            negative = found[np.arange(rows), first] == _MINUS
            digits = np.where(leading, 0, digits)
            digits[np.flatnonzero(negative), first[negative]] = 0
        empty = blanks == width
        wrong = (digits > 9).any(axis=1) | (negative & (blanks == width - 1))
        for mask, fault in (
            (wrong, ("CHAMP_NON_NUMERIQUE", "ce champ attend un nombre, sans point ni virgule.", RESEND)),
            (empty & required, ("CHAMP_VIDE", "ce champ attend un nombre ; il est vide.", RESEND)),
        ):
            if mask.any():
                row = int(np.flatnonzero(mask)[0])
                self.refuse(one, fault, row, found[row].tobytes().decode("ascii", "replace"), int(mask.sum()))
        powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
        values: Ints = digits.astype(np.int64) @ powers
        return np.where(negative, -values, values)
