"""Write the rows of a base as Parquet, in groups of a size that queries like."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from caqes_analysis.sources.open_phmev.rows import SCHEMA

__all__ = ["RowWriter"]

_GROUP_ROWS_NB = 200_000
# The dictionary of a column is written once per group: all the labels of a national base must fit.
_DICTIONARY_BYTES = 64 << 20
_TEXTS = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]
# Rows come in no order: least and greatest values of codes would cost time and help no query.
_BOUNDED = [field.name for field in SCHEMA if not pa.types.is_dictionary(field.type)]
# Differences packed in as few bits as they need: as small as a general compression of whole numbers, three times
# quicker to write, quicker to read. Codes of dictionaries are packed already: compressing them saves a tenth.
_PACKED = ("source_line", "year", "boxes_nb", "reimbursed_eur", "base_eur")


class RowWriter:
    """Writes blocks of rows of type :data:`~caqes_analysis.sources.open_phmev.rows.SCHEMA` to one file.

    Parameters
    ----------
    path
        File to write; complete when the context is left.
    """

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(
            path,
            SCHEMA,
            compression="none",
            use_dictionary=_TEXTS,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            column_encoding=dict.fromkeys(_PACKED, "DELTA_BINARY_PACKED"),
            store_decimal_as_integer=True,
            store_schema=False,
            write_statistics=_BOUNDED,
        )
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write()
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Take the rows of a block, the dictionaries of which begin with those of the block before.

        Parameters
        ----------
        rows
            Written now or with the next ones.
        """
        self._waiting.append(rows)
        if sum(one.num_rows for one in self._waiting) >= _GROUP_ROWS_NB:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            columns = [_column([one.column(name) for one in self._waiting]) for name in SCHEMA.names]
            self._waiting = []
            self._writer.write_table(pa.table(columns, schema=SCHEMA))


def _column(blocks: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    chunks = [chunk for block in blocks for chunk in block.chunks]
    if isinstance(chunks[-1], pa.DictionaryArray):
        # Dictionaries only grow along a file: the last one explains the codes of all the blocks.
        chunks = [pa.DictionaryArray.from_arrays(chunk.indices, chunks[-1].dictionary) for chunk in chunks]
    return pa.chunked_array(chunks)
