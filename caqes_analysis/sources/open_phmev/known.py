"""The distinct products, patient classes and establishments of a file, each text cut into its columns once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import Encoding, Evidence, evidence_in
from caqes_analysis.sources.open_phmev.general import parse_lines, texts_of
from caqes_analysis.sources.open_phmev.layout import COLUMNS, NATURAL_KEY, SourceColumn, part_of
from caqes_analysis.sources.open_phmev.parts import FIELDS_JOINED_BY, Part
from caqes_analysis.sources.open_phmev.separators import Places
from caqes_analysis.sources.problems import LISTED_NB

__all__ = ["Codes", "KnownColumn", "KnownPart"]

Codes = npt.NDArray[np.intp]
"""Which text of the file each row has."""

_MIXED = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class KnownColumn:
    """A column of a part: its distinct values as received, and which one each distinct text of the part has."""

    rule: SourceColumn
    values: list[bytes] = field(default_factory=list)
    codes: Places = field(default_factory=lambda: np.empty(0, np.int32))
    has_wrong: bool = False
    _places: dict[bytes, int] = field(default_factory=dict)
    _decoded: pa.StringArray = field(default_factory=lambda: pa.array([], pa.string()))

    def learn(self, values: list[bytes], codes: Places) -> None:
        """Add the values of new texts: their distinct values, and which one each has."""
        for value in values:
            if self._places.setdefault(value, len(self.values)) == len(self.values):
                self.values.append(value)
                self.has_wrong |= self.is_wrong(value)
        places = np.array([self._places[value] for value in values], np.int32)
        self.codes = np.append(self.codes, places[codes])

    def is_wrong(self, value: bytes) -> bool:
        """Say whether a value breaks the rule of the column."""
        return self.rule.pattern is not None and self.rule.pattern.match(value) is None

    def decoded(self, encoding: Encoding) -> pa.StringArray:
        """Return the distinct values as texts."""
        if len(self._decoded) < len(self.values):
            new = [value.decode(encoding) for value in self.values[len(self._decoded) :]]
            self._decoded = pa.concat_arrays([self._decoded, pa.array(new, pa.string())])
        return self._decoded

    def where(self, test: Callable[[bytes], bool]) -> npt.NDArray[np.bool_]:
        """Return the texts whose value passes a test."""
        return np.array([test(value) for value in self.values], bool)[self.codes]


class KnownPart:
    """The distinct texts of a part met so far, in the order of the file.

    Parameters
    ----------
    part
        Name of the part.
    names
        Names of the columns of the file in lower case, in order.

    Attributes
    ----------
    columns
        The columns that are read, by name.
    counts, first_lines
        For each text: number of rows, line of the first one.
    keys
        For each text: its share of the fingerprint of the natural key.
    """

    def __init__(self, part: str, names: list[str]) -> None:
        self._received = [name for name in names if part_of(name) == part]
        rules = [column for column in COLUMNS if column.name in self._received]
        self.columns = {rule.name: KnownColumn(rule) for rule in rules}
        self.counts = np.empty(0, np.int64)
        self.first_lines = np.empty(0, np.int64)
        self.keys = np.empty(0, np.uint64)
        self._texts = pa.array([], pa.binary())

    def meet(self, part: Part, lines: npt.NDArray[np.int64]) -> tuple[Codes, Evidence]:
        """Recognise the texts of a block, learn the new ones and count the rows of all.

        Parameters
        ----------
        part
            Texts of a block.
        lines
            Number in the file of each of its rows.

        Returns
        -------
        codes, evidence
            Which text of the file each row has; what the new ones say of the encoding.
        """
        evidence = Evidence()
        found = pc.index_in(part.texts, value_set=self._texts)
        if found.null_count:
            is_new = found.is_null()
            first_lines = lines[part.first_rows()[is_new.to_numpy(zero_copy_only=False)]]
            evidence = self._learn(part.texts.filter(is_new), first_lines, is_as_received=part.is_as_received)
            found = pc.index_in(part.texts, value_set=self._texts)
        # Of the size in which places are counted: they will be used once per column.
        codes = found.to_numpy().astype(np.intp)[part.codes]
        self.counts += np.bincount(codes, minlength=len(self.counts))
        return codes, evidence

    def problems(self, codes: Codes, lines: npt.NDArray[np.int64]) -> Iterator[Problem]:
        """Give the problems of the rows of a block whose values break the rule of their column."""
        for column in self.columns.values():
            if not column.has_wrong:
                continue
            rows = np.flatnonzero(column.where(column.is_wrong)[codes])
            for row in rows[:LISTED_NB]:
                yield _problem(column, int(codes[row]), int(lines[row]))
            if len(rows) > LISTED_NB:
                row = rows[LISTED_NB]
                yield _problem(column, int(codes[row]), int(lines[row]), len(rows) - LISTED_NB)

    def _learn(self, texts: pa.BinaryArray, first_lines: npt.NDArray[np.int64], *, is_as_received: bool) -> Evidence:
        values = texts.to_pylist()
        evidence = Evidence()
        if is_as_received:
            joined = b"\n".join(values) + b"\n"
            evidence = _on_lines(evidence_in(joined, 0), first_lines)
            table = parse_lines(joined, self._received, len(values))
            assert table is not None  # cut_regular lets no other through
            for name, column in self.columns.items():
                new = texts_of(table.column(name))
                column.learn(new.values, new.codes)
        else:
            fields = zip(*(text.split(FIELDS_JOINED_BY) for text in values), strict=True)
            for column, new_values in zip(self.columns.values(), fields, strict=True):
                column.learn(list(new_values), np.arange(len(values), dtype=np.int32))
        self._texts = pa.concat_arrays([self._texts, texts])
        self.counts = np.append(self.counts, np.zeros(len(values), np.int64))
        self.first_lines = np.append(self.first_lines, first_lines)
        self.keys = np.append(self.keys, self._fingerprints(len(values)))
        return evidence

    def _fingerprints(self, texts_nb: int) -> npt.NDArray[np.uint64]:
        """Return the share of the last texts in the fingerprint of the natural key; the same in every run."""
        total = np.zeros(texts_nb, np.uint64)
        for place, name in enumerate(NATURAL_KEY):
            if name in self.columns:
                column = self.columns[name]
                weight = _MIXED ** np.uint64(place)
                digests = b"".join(hashlib.blake2b(value, digest_size=8).digest() for value in column.values)
                total += weight * np.frombuffer(digests, np.uint64)[column.codes[-texts_nb:]]
        return total


def _on_lines(evidence: Evidence, first_lines: npt.NDArray[np.int64]) -> Evidence:
    """Turn evidence on texts into evidence on the lines that hold them first."""
    return Evidence(*(None if text is None else int(first_lines[text]) for text in vars(evidence).values()))


def _problem(column: KnownColumn, text: int, line: int, count: int = 1) -> Problem:
    rule, value = column.rule, column.values[column.codes[text]]
    if rule.name == "etb_rgt":
        code, remedy = "FINESS_INVALIDE", "Garder le FINESS en texte, avec ses zéros de tête."
    else:
        code, remedy = "VALEUR_INATTENDUE", "Vérifier que les colonnes n'ont pas été décalées ou échangées."
    what = f"cette colonne attend {rule.expected}."
    return Problem(code, what, remedy, None, line, rule.name, value.decode("cp1252", "replace"), count)
