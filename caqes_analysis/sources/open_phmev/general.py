"""Cut a block whose lines are not all regular: a quoted separator, a missing field, an unexpected order of columns.

Slower than :mod:`caqes_analysis.sources.open_phmev.cut`, it gives the same thing, or the problems line by line.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import evidence_in
from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev.amounts import TRUNCATED, last_amount_problem, number_problems, read_amounts
from caqes_analysis.sources.open_phmev.layout import AMOUNTS, COLUMNS, DELIMITER, PARTS, part_of
from caqes_analysis.sources.open_phmev.parts import FIELDS_JOINED_BY, Cut, Part

__all__ = ["Texts", "cut_any", "parse_lines", "texts_of"]

_PARSE_BYTES = 1 << 22


@dataclass(frozen=True)
class Texts:
    """A text column: its distinct values as received, and which one each row has."""

    values: list[bytes]
    codes: npt.NDArray[np.int32]


def cut_any(block: Block, names: list[str]) -> Cut:
    """Cut a block, regular or not.

    Parameters
    ----------
    block
        Whole lines, without the header.
    names
        Names of the columns of the file in lower case, in order.
    """
    lines = np.arange(block.first_line, block.first_line + block.lines_nb, dtype=np.int64)
    problems: list[Problem] = []
    data = block.data
    evidence = evidence_in(data, block.first_line)
    table = parse_lines(data, names, len(lines))
    if table is None:
        problems, data, lines = _sort_lines(block, len(names))
        table = parse_lines(data, names, len(lines)) if len(lines) else None
    is_cut_short = not block.is_ended
    cut = Cut(lines, problems=problems, evidence=evidence, ends_without_newline=is_cut_short)
    if table is None:
        cut.lines = lines[:0]
        cut.problems = problems or [_unreadable(block)]
        return cut
    texts = {name: texts_of(table.column(name)) for name in table.column_names if name not in AMOUNTS}
    numbers = {name: table.column(name).combine_chunks() for name in AMOUNTS}
    blank = _blank_rows(texts, numbers)
    if blank.any():
        cut.blank_lines = lines[blank].tolist()
        cut.lines = lines[~blank]
        texts = {name: Texts(one.values, one.codes[~blank]) for name, one in texts.items()}
        numbers = {name: values.filter(pa.array(~blank)) for name, values in numbers.items()}
    cut.parts = {part: _part(part, texts) for part in PARTS}
    for name, values in numbers.items():
        amounts = read_amounts(name, values)
        if amounts is None:
            cut.problems += number_problems(name, values, cut.lines)
        else:
            cut.amounts[name] = amounts
    if is_cut_short and not cut.problems and len(cut.lines):
        problem = last_amount_problem(numbers["bse"][-1], int(cut.lines[-1]))
        cut.problems += [problem] if problem else []
    return cut


def parse_lines(data: bytes, names: list[str], lines_nb: int) -> pa.Table | None:
    """Parse lines with Arrow; None when a line does not have the right number of fields, or a quote spans lines.

    Parameters
    ----------
    data
        Whole lines.
    names
        Names of their fields.
    lines_nb
        Their number.
    """
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


def texts_of(column: pa.ChunkedArray) -> Texts:
    """Return a column of :func:`parse_lines`."""
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # no row at all
        return Texts([], np.empty(0, np.int32))
    return Texts(whole.dictionary.to_pylist(), whole.indices.to_numpy())


def _blank_rows(texts: dict[str, Texts], numbers: dict[str, pa.StringArray]) -> npt.NDArray[np.bool_]:
    """Return the rows that hold nothing (whether they are harmless is known only at the end of the file)."""
    finess = texts["etb_rgt"]
    blank = np.isin(finess.codes, [code for code, value in enumerate(finess.values) if not value])
    if not blank.any():
        return blank
    for one in texts.values():
        blank &= np.isin(one.codes, [code for code, value in enumerate(one.values) if not value])
    for values in numbers.values():
        blank &= pc.equal(values, "").to_numpy(zero_copy_only=False)
    return blank


def _part(part: str, texts: dict[str, Texts]) -> Part:
    columns = [texts[column.name] for column in COLUMNS if column.name in texts and part_of(column.name) == part]
    codes = np.zeros(len(columns[0].codes), np.int64)
    for column in columns:
        _, codes = np.unique(codes * len(column.values) + column.codes, return_inverse=True)
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    joined = [
        FIELDS_JOINED_BY.join(column.values[column.codes[row]] for column in columns) for row in first[order].tolist()
    ]
    return Part(pa.array(joined, pa.binary()), rank[codes], is_as_received=False)


def _sort_lines(block: Block, fields_nb: int) -> tuple[list[Problem], bytes, npt.NDArray[np.int64]]:
    """Find, line by line, those that Arrow cannot parse; return their problems, the other lines and their numbers."""
    problems, kept, numbers = [], [], []
    every = block.data.split(b"\n")
    for offset, line in enumerate(every[: block.lines_nb]):
        number = block.first_line + offset
        is_cut = offset == block.lines_nb - 1 and not block.is_ended
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
