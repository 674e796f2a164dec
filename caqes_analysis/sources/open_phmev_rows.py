"""The tidy rows of one block of an Open PHMEV base, with what is noticed in it and the establishments it names."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis import tables
from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import Encoding, Evidence
from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev_block import Converted, convert
from caqes_analysis.sources.open_phmev_findings import Tallies
from caqes_analysis.sources.open_phmev_layout import COLUMNS
from caqes_analysis.sources.open_phmev_parse import Texts

__all__ = ["NAMING", "SCHEMA", "Identity", "Layout", "Prepared", "prepare"]

Identity = dict[str, str | None]
"""Who an establishment is, as received, by source column."""

NAMING = ("raison_sociale_etb", "nom_etb", "categorie_jur", "categorie_jur_rgt", "region_etb")
"""What must not change from one line of an establishment to another."""

_IDENTITY = (*NAMING, "code_postal", "nom_ville")


def _schema() -> pa.Schema:
    """Types of the rows given to the sink: those of the table, its texts as dictionaries."""
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [f.with_type(text) if pa.types.is_string(f.type) else f for f in tables.ANNUAL_DRUG_SPEND.arrow_schema]
    )


SCHEMA = _schema()


@dataclass(frozen=True)
class Layout:
    """What is the same for all the blocks of a file: its columns in lower case, its delivery, its year."""

    names: list[str]
    delivery: str
    year: int


@dataclass
class Prepared:
    """What a block gives.

    Parameters
    ----------
    evidence
        Of its encoding.
    problems
        Why the file must be refused.
    blank_lines, last_line
        Lines that hold nothing; last line that holds a row (0 when there is none).
    rows
        Rows of type :data:`SCHEMA`; None when there is a problem.
    rows_nb
        Their number.
    keys
        Fingerprint of the natural key of each.
    tallies
        What was noticed.
    identities
        Establishments, in order of appearance.
    variable
        Those whose name, category or region changes inside the block.
    """

    evidence: Evidence
    problems: list[Problem]
    blank_lines: list[int]
    last_line: int
    tallies: Tallies
    rows: pa.Table | None = None
    rows_nb: int = 0
    keys: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    identities: dict[str, Identity] = field(default_factory=dict)
    variable: set[str] = field(default_factory=set)


def prepare(block: Block, layout: Layout) -> Prepared:
    """Parse, check, type and count one block; done in a thread of its own.

    Parameters
    ----------
    block
        Whole lines, without the header.
    layout
        Of the file.
    """
    converted = convert(block, layout.names)
    prepared = Prepared(
        converted.evidence,
        converted.problems,
        converted.blank_lines.tolist(),
        int(converted.lines[-1]) if len(converted.lines) else 0,
        Tallies(layout.delivery),
    )
    if converted.problems or converted.evidence.problems():
        return prepared
    prepared.rows_nb, prepared.keys = len(converted.lines), converted.keys
    prepared.tallies.block(converted)
    prepared.rows = _rows(converted, layout)
    _meet_establishments(converted, prepared)
    return prepared


def _meet_establishments(converted: Converted, prepared: Prepared) -> None:
    finess = converted.texts["etb_rgt"]
    first_rows = np.empty(len(finess.values), np.int64)
    first_rows[finess.codes[::-1]] = np.arange(len(finess.codes))[::-1]
    for code in np.argsort(first_rows):
        identity = _identity(converted, int(first_rows[code]), converted.evidence.encoding)
        prepared.identities[finess.values[code].decode("ascii")] = identity
    first_of_row = first_rows[finess.codes]
    for name in NAMING:
        if name in converted.texts:
            codes = converted.texts[name].codes
            changed = np.unique(finess.codes[codes != codes[first_of_row]])
            prepared.variable |= {finess.values[code].decode("ascii") for code in changed}


def _rows(converted: Converted, layout: Layout) -> pa.Table:
    rows_nb = len(converted.lines)
    columns: dict[str, pa.Array] = {
        "source": _constant(layout.delivery, rows_nb),
        "source_line": pa.array(converted.lines),
        "year": pa.array(np.full(rows_nb, layout.year, np.int64)),
        "value_status": _value_status(converted.numbers["rem"]),
        "is_provisional": pa.array(np.zeros(rows_nb, bool)),
        "is_corrected": pa.array(np.zeros(rows_nb, bool)),
    }
    for column in COLUMNS:
        if column.target and column.name in converted.texts:
            columns[column.target] = _dictionary(converted.texts[column.name], converted.evidence.encoding)
        elif column.target:
            columns[column.target] = converted.numbers[column.name]
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _identity(converted: Converted, row: int, encoding: Encoding) -> Identity:
    def value(name: str) -> str | None:
        texts = converted.texts.get(name)
        return None if texts is None else " ".join(texts.values[texts.codes[row]].decode(encoding).split())

    return {name: value(name) for name in _IDENTITY}


def _dictionary(texts: Texts, encoding: Encoding) -> pa.DictionaryArray:
    values = pa.array([value.decode(encoding) for value in texts.values], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(texts.codes), values)


def _constant(text: str, rows_nb: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows_nb, np.int32)), pa.array([text]))


def _value_status(reimbursed: pa.Array) -> pa.DictionaryArray:
    zero = pc.equal(reimbursed, pa.scalar(0, pa.int8()).cast(reimbursed.type))
    codes = zero.cast(pa.int32()).fill_null(2)
    return pa.DictionaryArray.from_arrays(codes, pa.array(["reported", "zero", "missing"]))
