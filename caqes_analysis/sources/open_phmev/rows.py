"""The tidy rows of one block of an Open PHMEV base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from caqes_analysis import tables
from caqes_analysis.sources.encoding import Encoding
from caqes_analysis.sources.open_phmev.known import Codes, KnownPart
from caqes_analysis.sources.open_phmev.layout import COLUMNS, part_of
from caqes_analysis.sources.open_phmev.parts import Amounts, Cut

__all__ = ["SCHEMA", "Layout", "rows_of"]


def _schema() -> pa.Schema:
    """Types of the rows given to the sink: those of the table, its texts as dictionaries."""
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [f.with_type(text) if pa.types.is_string(f.type) else f for f in tables.ANNUAL_DRUG_SPEND.arrow_schema]
    )


SCHEMA = _schema()
_STATUSES = pa.array(["reported", "zero", "missing"])


@dataclass(frozen=True)
class Layout:
    """What is the same for all the blocks of a file: its columns in lower case, its delivery, its year."""

    names: list[str]
    delivery: str
    year: int


def rows_of(
    cut: Cut, codes: Mapping[str, Codes], known: Mapping[str, KnownPart], layout: Layout, encoding: Encoding
) -> pa.Table:
    """Return the rows of a block, of type :data:`SCHEMA`.

    Parameters
    ----------
    cut
        The block.
    codes
        For each part, which text of the file each row has.
    known
        Texts of the file.
    layout
        Of the file.
    encoding
        Of the file.
    """
    rows_nb = len(cut.lines)
    columns: dict[str, pa.Array] = {
        "source": pa.DictionaryArray.from_arrays(np.zeros(rows_nb, np.int32), pa.array([layout.delivery])),
        "source_line": pa.array(cut.lines),
        "year": pa.array(np.full(rows_nb, layout.year, np.int64)),
        "value_status": _value_status(cut.amounts["rem"]),
        "is_provisional": pa.array(np.zeros(rows_nb, bool)),
        "is_corrected": pa.array(np.zeros(rows_nb, bool)),
    }
    for rule in COLUMNS:
        if rule.target is None or rule.name not in layout.names:
            continue
        part = part_of(rule.name)
        if part is None:
            columns[rule.target] = _numbers(cut.amounts[rule.name], is_count=rule.name == "boites")
        else:
            column = known[part].columns[rule.name]
            values = column.codes.take(codes[part])
            columns[rule.target] = pa.DictionaryArray.from_arrays(pa.array(values), column.decoded(encoding))
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _numbers(amounts: Amounts, *, is_count: bool) -> pa.Array:
    if is_count:
        return pa.array(amounts.values, mask=amounts.is_missing)
    # An Arrow decimal is an integer of 128 bits and the place of its comma.
    wide = np.stack([amounts.values, amounts.values >> 63], axis=1)
    present = None if amounts.is_missing is None else _bits(~amounts.is_missing)
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(wide), [present, pa.py_buffer(wide)])


def _bits(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def _value_status(reimbursed: Amounts) -> pa.DictionaryArray:
    statuses = (reimbursed.values == 0).astype(np.int32)
    if reimbursed.is_missing is not None:
        statuses[reimbursed.is_missing] = 2
    return pa.DictionaryArray.from_arrays(statuses, _STATUSES)
