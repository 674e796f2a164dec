"""A whole Open PHMEV base: into the store, or into a frame when it is small."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa

from caqes_analysis import tables
from caqes_analysis.sources.files import is_archive, refuse_absent, sha256_of
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.open_phmev.establishments import establishment_rows
from caqes_analysis.sources.open_phmev.scan import scan
from caqes_analysis.sources.open_phmev.separators import Bytes
from caqes_analysis.sources.open_phmev.writing import RowWriter
from caqes_analysis.sources.received import delivery_row
from caqes_analysis.store import Store

__all__ = ["ingest_open_phmev", "read_open_phmev"]

_ESTABLISHMENT_COLUMNS = ["finess", "name", "category", "department", "town", "region"]


def ingest_open_phmev(path: Path, store: Store, *, year: int | None = None, delivery: str | None = None) -> Findings:
    """Stream a complete base into the store: its rows, the establishments seen and the delivery; or nothing at all.

    Parameters
    ----------
    path
        ``OPEN_PHMEV_2024.CSV`` as downloaded, or the ZIP that holds it.
    store
        Store of the campaign. Parts of the same delivery are replaced.
    year
        Year of the data; deduced from the name of the file by default.
    delivery
        Identifier of the delivery; the name of the file without suffix by default.

    Returns
    -------
    Findings
        What was noticed and kept as received.

    Raises
    ------
    SourceError
        With all the problems of the file; nothing is then written.

    Notes
    -----
    Amounts are exact decimals; every line of the file is one row, because lines that share all their codes hold
    distinct amounts. Memory does not grow with the file: it is read by blocks.
    """
    path = Path(path)
    delivery = delivery or path.stem
    refuse_absent(path)
    with _draft_folder(store) as folder, _fingerprint(path) as fingerprint:
        draft = folder / "rows.parquet"
        with RowWriter(draft) as writer:
            seen = scan(path, writer.add, year=year, delivery=delivery, witness=fingerprint.see)
        establishments = establishment_rows(seen.establishments, seen.year)
        period, sha256 = str(seen.year), fingerprint.sha256()
        described = delivery_row(path, delivery=delivery, period=period, rows_nb=seen.rows_nb, sha256=sha256)
        store.write(tables.ESTABLISHMENTS, establishments, part=delivery)
        store.write(tables.DELIVERIES, described, part=delivery)
        draft.replace(store.part_path(tables.ANNUAL_DRUG_SPEND, delivery))
    return seen.findings


def read_open_phmev(path: Path, *, year: int | None = None) -> pd.DataFrame:
    """Return the rows of a small complete base (an extract, a region) with the establishment of each.

    Parameters
    ----------
    path
        CSV, or ZIP with one CSV.
    year
        Year of the data; deduced from the name of the file by default.

    Returns
    -------
    DataFrame
        Columns of ``annual_drug_spend``, then ``name``, ``category``, ``department``, ``town`` and ``region`` of the
        establishment.

    Raises
    ------
    SourceError
        Where :func:`ingest_open_phmev` would refuse, with the same problems.
    """
    path = Path(path)
    blocks: list[pa.Table] = []
    seen = scan(path, blocks.append, year=year, delivery=path.stem)
    plain = pa.concat_tables(blocks).cast(tables.ANNUAL_DRUG_SPEND.arrow_schema)
    rows = tables.ANNUAL_DRUG_SPEND.conform(tables.from_arrow(plain))
    known = establishment_rows(seen.establishments, seen.year)[_ESTABLISHMENT_COLUMNS]
    return rows.merge(known, on="finess", how="left", validate="many_to_one")


class _Fingerprint:
    """SHA-256 of a file, taken beside from the very bytes that are read; an archive is read once more for its own."""

    def __init__(self, path: Path, beside: ThreadPoolExecutor) -> None:
        self._beside = beside
        self._digest = hashlib.sha256()
        self._whole = beside.submit(sha256_of, path) if is_archive(path) else None
        self._last: Future[None] | None = None

    def see(self, content: Bytes) -> None:
        """Take the next bytes, one block late at most so that blocks do not pile up."""
        if self._whole is None:
            if self._last is not None:
                self._last.result()
            self._last = self._beside.submit(self._digest.update, content.data)

    def sha256(self) -> str:
        """Return the fingerprint, in hexadecimal."""
        if self._whole is not None:
            return self._whole.result()
        if self._last is not None:
            self._last.result()
        return self._digest.hexdigest()


@contextmanager
def _fingerprint(path: Path) -> Iterator[_Fingerprint]:
    with ThreadPoolExecutor(1) as beside:
        yield _Fingerprint(path, beside)


@contextmanager
def _draft_folder(store: Store) -> Iterator[Path]:
    """Give a folder on the disk of the store, so that what is finished can be moved there whole."""
    existed = store.directory.exists()
    store.directory.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".lecture-", dir=store.directory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not existed and not any(store.directory.iterdir()):
            store.directory.rmdir()
