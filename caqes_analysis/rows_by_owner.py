"""Rows of a table kept by their owner: a file from which those of one establishment are read at once.

The file is in the Arrow IPC format, one record batch per owner: as many as there are, none is read but those asked for,
and nothing is decoded that Parquet would have to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

__all__ = ["OwnedRows", "write_by_owner"]

_COMPRESSION: Final = "lz4"


@dataclass(frozen=True)
class OwnedRows:
    """Rows of some owners in a file written by :func:`write_by_owner`.

    Parameters
    ----------
    path
        The file.
    places
        Positions of these owners in it, from 0.
    """

    path: Path
    places: tuple[int, ...]

    def read(self) -> pa.Table:
        """Return the rows, owner after owner, each in the order in which they were written."""
        with pa.OSFile(str(self.path)) as source:
            # As many readers work at once as there are cores.
            file = ipc.open_file(source, options=ipc.IpcReadOptions(use_threads=False))
            return pa.Table.from_batches([file.get_batch(place) for place in self.places], schema=file.schema)


def write_by_owner(rows: pa.RecordBatchReader, column: str, path: Path) -> list[str]:
    """Write rows that come in order of their owner; return the owners, in order of their places.

    Parameters
    ----------
    rows
        Rows, those of one owner side by side, none without an owner.
    column
        The column that says whose they are.
    path
        The file.
    """
    owners: list[str] = []
    pending: list[pa.RecordBatch] = []
    with ipc.new_file(path, rows.schema, options=ipc.IpcWriteOptions(compression=_COMPRESSION)) as file:
        for owner, piece in _pieces(rows, column):
            if owners and owner != owners[-1]:
                file.write_batch(pa.concat_batches(pending))
                pending.clear()
            if not owners or owner != owners[-1]:
                owners.append(owner)
            pending.append(piece)
        if pending:
            file.write_batch(pa.concat_batches(pending))
    return owners


def _pieces(rows: pa.RecordBatchReader, column: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of one owner, in one piece or, across the batches read, in several."""
    for batch in rows:
        if batch.num_rows:
            runs = pc.run_end_encode(batch.column(column))
            begin = 0
            for owner, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
                yield owner, batch.slice(begin, end - begin)
                begin = end
