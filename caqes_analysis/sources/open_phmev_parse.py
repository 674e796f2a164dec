"""Cut a block of lines of an Open PHMEV base into columns, quickly when it is regular, line by line when it is not.

A line says three things of three kinds: a product (14 columns), a patient class and an establishment (12 columns), then
its numbers. The same product and the same establishment come back on thousands of lines, so a regular block is cut only
where the kind changes, and each distinct product or establishment is parsed once. A block that is not regular (a quoted
semicolon, a missing field) goes through the general parser, which gives the same columns or the problems.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import Evidence, evidence_in
from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev_layout import AMOUNTS, COLUMNS, DELIMITER
from caqes_analysis.sources.open_phmev_numbers import cents, whole_numbers

__all__ = ["TRUNCATED", "Parsed", "Texts", "parse_block"]

TRUNCATED = "Le télécharger ou l'exporter de nouveau : la fin manque."
_PARSE_BYTES = 1 << 22
# Marks are looked for in pieces that stay in the processor's cache.
_SEARCH_BYTES = 1 << 18
# Arrow's view of a text of that length or less holds the text itself.
_INLINE_BYTES = 12
_PRODUCT = {"cip13", "l_cip13", "top_gen", "gen_num"} | {
    f"{mark}atc{level}" for mark in ("", "l_") for level in range(1, 6)
}
_PERSON = {"age", "sexe"}
_READ = {column.name for column in COLUMNS}
_KNOWN = _READ | {"nom_voie", "numero_voie"}
_Places = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Texts:
    """A text column of a block: its distinct values as received, and which one each row has."""

    values: list[bytes]
    codes: npt.NDArray[np.int32]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of rows of each distinct value."""
        return np.bincount(self.codes, minlength=len(self.values))

    def rows_of(self, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Return the rows whose value is among those wanted."""
        return np.flatnonzero(wanted[self.codes])


@dataclass
class Parsed:
    """The columns of a block, as received.

    Parameters
    ----------
    evidence
        Of its encoding.
    lines
        Number in the file of each row.
    problems
        Lines that are not rows.
    texts
        Columns of text; empty when the block could not be parsed at all.
    counted
        Columns of numbers written as expected: boxes, or cents.
    numbers
        The other columns of numbers, still as texts.
    """

    evidence: Evidence
    lines: npt.NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, Texts] = field(default_factory=dict)
    counted: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    numbers: dict[str, pa.Array] = field(default_factory=dict)


def parse_block(block: Block, names: list[str], *, general: bool = False) -> Parsed:
    """Return the columns of a block.

    Parameters
    ----------
    block
        Whole lines, without the header.
    names
        Names of the columns of the file in lower case, in order.
    general
        True to use the general parser whatever the block.
    """
    return (None if general else _parse_regular(block, names)) or _parse_any(block, names)


def _parse_any(block: Block, names: list[str]) -> Parsed:
    evidence = evidence_in(block.data, block.first_line)
    lines = np.arange(block.first_line, block.first_line + block.lines_nb, dtype=np.int64)
    problems: list[Problem] = []
    table = _parse(block.data, names, len(lines))
    if table is None:
        problems, data, lines = _sort_lines(block, len(names))
        table = _parse(data, names, len(lines)) if len(lines) else None
    if table is None:
        return Parsed(evidence, lines[:0], problems or [_unreadable(block)])
    texts = {name: _texts(table.column(name)) for name in table.column_names if name not in AMOUNTS}
    numbers = {name: table.column(name).combine_chunks() for name in AMOUNTS}
    return Parsed(evidence, lines, problems, texts, numbers=numbers)


def _parse_regular(block: Block, names: list[str]) -> Parsed | None:
    """Parse a block whose lines all have their fields, with no separator inside a field; None for any other."""
    data = block.data if block.data.endswith(b"\n") else block.data + b"\n"
    ends = _field_ends(data, len(names), block.lines_nb)
    if ends is None:
        return None
    buffer = np.frombuffer(data, np.uint8)
    parsed = Parsed(Evidence(), np.arange(block.first_line, block.first_line + len(ends), dtype=np.int64))
    starts = np.zeros(len(ends), np.int32)
    starts[1:] = ends[:-1, -1] + 1 + (buffer[ends[:-1, -1]] == ord("\r"))
    for first, last in _spans(names):
        name = names[first]
        if _READ.isdisjoint(names[first:last]):
            continue
        begin, end = (ends[:, first - 1] + 1 if first else starts), np.ascontiguousarray(ends[:, last - 1])
        if name in AMOUNTS:
            counted = whole_numbers(buffer, begin, end) if name == "boites" else cents(buffer, begin, end)
            if counted is None:
                parsed.numbers[name] = _cells(data, begin, end).view(pa.string())
            else:
                parsed.counted[name] = counted
            continue
        coded = _distinct(data, buffer, begin, end)
        values = coded.dictionary.to_pylist()
        joined = b"\n".join(values) + b"\n"
        table = _parse(joined, names[first:last], len(values))
        if table is None:
            return None
        codes: _Places = coded.indices.to_numpy()
        parsed.evidence = _earliest(parsed.evidence, _placed(evidence_in(joined, 0), codes, block.first_line))
        for one in table.column_names:
            distinct = _texts(table.column(one))
            parsed.texts[one] = Texts(distinct.values, distinct.codes[codes])
    return parsed


def _field_ends(data: bytes, fields_nb: int, lines_nb: int) -> _Places | None:
    """Return where each field of each line ends (lines × fields); None when the lines do not all have them."""
    buffer = np.frombuffer(data, np.uint8)
    found: list[_Places] = []
    for start in range(0, len(buffer), _SEARCH_BYTES):
        piece = buffer[start : start + _SEARCH_BYTES]
        marks = np.flatnonzero((piece == ord(DELIMITER)) | (piece == ord("\n")))
        found.append((marks + start).astype(np.int32))
    places = np.concatenate(found)
    if len(places) != lines_nb * fields_nb:
        return None
    ends = places.reshape(lines_nb, fields_nb)
    # There are as many line feeds as lines: when all of them end a row of the table, none is elsewhere.
    last = ends[:, -1]
    if not (buffer[last] == ord("\n")).all():
        return None
    last -= buffer[last - 1] == ord("\r")
    return ends


def _kind(name: str) -> str:
    if name in _PRODUCT:
        return "product"
    if name in _PERSON:
        return "person"
    return name if name in AMOUNTS or name not in _KNOWN else "establishment"


def _spans(names: list[str]) -> list[tuple[int, int]]:
    """Return the runs of columns of one kind: place of the first, place after the last."""
    spans = []
    for _, run in groupby(range(len(names)), key=lambda place: _kind(names[place])):
        places = list(run)
        spans.append((places[0], places[-1] + 1))
    return spans


def _cells(data: bytes, begin: _Places, end: _Places) -> pa.Array:
    """Return one cell per line."""
    bounds = np.stack([begin, end], axis=1)
    offsets = np.append(bounds.ravel(), np.int32(len(data)))
    both = pa.Array.from_buffers(pa.binary(), bounds.size, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    # What stands between two cells comes in between.
    return both.take(pa.array(np.arange(0, bounds.size, 2)))


def _distinct(data: bytes, buffer: npt.NDArray[np.uint8], begin: _Places, end: _Places) -> pa.DictionaryArray:
    """Return one cell per line as a dictionary, without copying long cells."""
    lengths = end - begin
    if lengths.min() <= _INLINE_BYTES:
        return _cells(data, begin, end).dictionary_encode()
    views = np.zeros((len(begin), 4), np.int32)
    views[:, 0], views[:, 3] = lengths, begin
    prefixes = views.view(np.uint8)
    for place in range(4):
        prefixes[:, 4 + place] = buffer[begin + place]
    buffers = [None, pa.py_buffer(views), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary_view(), len(begin), buffers).dictionary_encode()


def _placed(evidence: Evidence, codes: _Places, first_line: int) -> Evidence:
    """Turn evidence on distinct values into evidence on the lines that hold them."""

    def line_of(value: int | None) -> int | None:
        return None if value is None else first_line + int(np.argmax(codes == value))

    return Evidence(*(line_of(value) for value in vars(evidence).values()))


def _earliest(one: Evidence, other: Evidence) -> Evidence:
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return Evidence(*(min((line for line in pair if line is not None), default=None) for pair in pairs))


def _parse(data: bytes, names: list[str], lines_nb: int) -> pa.Table | None:
    """Parse lines with Arrow; None when a line does not have the right number of fields, or a quote spans lines."""
    wanted = [column.name for column in COLUMNS if column.name in names]
    text = pa.dictionary(pa.int32(), pa.binary())
    try:
        parsed = pa_csv.read_csv(
            pa.py_buffer(data),
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=_PARSE_BYTES),
            parse_options=pa_csv.ParseOptions(delimiter=DELIMITER, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=False,
                strings_can_be_null=False,
                include_columns=wanted,
                column_types={name: pa.string() if name in AMOUNTS else text for name in wanted},
            ),
        )
    except pa.ArrowInvalid:
        return None
    return parsed if parsed.num_rows == lines_nb else None


def _sort_lines(block: Block, fields_nb: int) -> tuple[list[Problem], bytes, npt.NDArray[np.int64]]:
    """Find, line by line, those that Arrow cannot parse; return their problems, the other lines and their numbers."""
    problems, kept, numbers = [], [], []
    every = block.data.split(b"\n")
    for offset, line in enumerate(every[: block.lines_nb]):
        number = block.first_line + offset
        is_cut = offset == block.lines_nb - 1 and not block.data.endswith(b"\n")
        problem = _line_problem(line.removesuffix(b"\r"), fields_nb, is_cut=is_cut)
        if problem is None:
            kept.append(line + b"\n")
            numbers.append(number)
        else:
            problems.append(problem.at(line=number))
    return problems, b"".join(kept), np.array(numbers, dtype=np.int64)


def _line_problem(line: bytes, fields_nb: int, *, is_cut: bool) -> Problem | None:
    if not line:
        return None
    if line.count(b'"') % 2:
        return Problem(
            "GUILLEMET_NON_FERME",
            "un guillemet est ouvert et n'est pas fermé sur cette ligne.",
            TRUNCATED if is_cut else "Doubler ou retirer le guillemet, ou exporter de nouveau.",
        )
    if b"\r" in line:
        return Problem(
            "RETOUR_CHARIOT_ISOLE",
            "un retour de ligne coupe cette ligne en deux.",
            "Exporter de nouveau sans retour de ligne à l'intérieur des champs.",
        )
    found = line.count(b";") + 1
    if b'"' in line:
        found = len(next(csv.reader([line.decode("latin-1")], delimiter=DELIMITER)))
    if found == fields_nb:
        return None
    if is_cut and found < fields_nb:
        return _cut_problem(found, fields_nb)
    return Problem(
        "NB_CHAMPS",
        f"cette ligne a {found} champs au lieu de {fields_nb}.",
        "Exporter de nouveau : un champ manque, ou un point-virgule figure dans un champ sans guillemets.",
        value=line[:60].decode("cp1252", "replace"),
    )


def _cut_problem(found: int, fields_nb: int) -> Problem:
    return Problem(
        "DERNIERE_LIGNE_TRONQUEE",
        f"la dernière ligne s'arrête au champ {found} sur {fields_nb} : le fichier est tronqué.",
        TRUNCATED,
    )


def _unreadable(block: Block) -> Problem:
    return Problem(
        "CSV_ILLISIBLE",
        f"les lignes {block.first_line} à {block.first_line + block.lines_nb - 1} ne forment pas un CSV régulier.",
        "Exporter de nouveau.",
        line=block.first_line,
    )


def _texts(column: pa.ChunkedArray) -> Texts:
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # no row at all
        return Texts([], np.empty(0, np.int32))
    return Texts(whole.dictionary.to_pylist(), whole.indices.to_numpy())
