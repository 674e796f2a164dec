"""The joint paths of a region, kept in its store: any group can be added up afterwards, path by path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from caqes_analysis.errors import CaqesError
from caqes_analysis.store import Store

__all__ = ["PATHS_FOLDER", "PathsWriter", "read_paths"]

Cents = npt.NDArray[np.int64]

PATHS_FOLDER = "forecast_paths"
"""Folder of the store that holds the paths: an array by series, not a tidy table."""

_SCHEMA = pa.schema([pa.field("series", pa.string()), pa.field("total_cents", pa.list_(pa.int64()))])


def _place(store: Store) -> Path:
    return store.directory / PATHS_FOLDER / "previsions.parquet"


class PathsWriter:
    """Writes the paths of a region block after block, whole or not at all; used in a ``with``.

    Parameters
    ----------
    store
        Store of the campaign.
    """

    def __init__(self, store: Store) -> None:
        self._path = _place(store)
        self._draft = self._path.with_suffix(".draft")

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._draft, _SCHEMA, compression="zstd")
        return self

    def write(self, series: Sequence[str], totals: Cents) -> None:
        """Add series, with their totals in cents, series × paths."""
        starts = np.arange(0, totals.size + 1, totals.shape[1] if len(totals) else 1, dtype=np.int32)
        lists = pa.ListArray.from_arrays(pa.array(starts), pa.array(totals.ravel()))
        self._writer.write_table(pa.table([pa.array(series, pa.string()), lists], schema=_SCHEMA))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink()


def read_paths(store: Store, series: Sequence[str]) -> Cents:
    """Return the paths of some series, in cents, series × paths.

    Parameters
    ----------
    store
        Store of a campaign whose forecasts were computed.
    series
        Names, in the order wanted.

    Raises
    ------
    CaqesError
        ``TRAJECTOIRES_ABSENTES`` when a series has no path: it is not estimable, or nothing was computed.
    """
    path = _place(store)
    known: dict[str, Cents] = {}
    if path.is_file() and series:
        rows = pq.read_table(path, filters=[("series", "in", list(series))])
        lists = rows["total_cents"].combine_chunks()
        known = {name: np.asarray(lists[at].values) for at, name in enumerate(rows["series"].to_pylist())}
    absent = [name for name in series if name not in known]
    if absent:
        raise CaqesError.of(
            "TRAJECTOIRES_ABSENTES",
            "cette série n'a pas de trajectoires : elle n'est pas estimable, ou rien n'a été calculé.",
            "Voir la raison dans la table forecasts.",
            value=absent[0],
            count=len(absent),
        )
    return np.array([known[name] for name in series], dtype=np.int64)
