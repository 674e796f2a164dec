"""Open PHMEV, the complete yearly base of drugs prescribed in hospital and dispensed in town."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from caqes_analysis import tables
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.open_phmev_layout import category_of, department_of, legal_status_of, region_of
from caqes_analysis.sources.open_phmev_rows import SCHEMA
from caqes_analysis.sources.open_phmev_scan import Scan, scan
from caqes_analysis.sources.received import delivery_row
from caqes_analysis.store import Store

__all__ = ["establishments_seen", "ingest_open_phmev", "read_open_phmev"]

# AP-HP stands in the base by geographic site, under one juridical entity; the two other « 3+ » stand as entities.
_APHP_ENTITY = "750712184"
_ENTITIES_AMONG_LARGEST = ("690781810", "130786049")
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
    distinct amounts. Memory does not grow with the file: it is read by blocks of 32 MB.
    """
    path = Path(path)
    delivery = delivery or path.stem
    with _draft_folder(store) as folder:
        draft = folder / "rows.parquet"
        with _writer(draft) as writer:
            seen = scan(path, writer.write_table, year=year, delivery=delivery)
        establishments = establishments_seen(seen)
        described = delivery_row(path, delivery=delivery, period=str(seen.year), rows_nb=seen.rows_nb)
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
    known = establishments_seen(seen)[_ESTABLISHMENT_COLUMNS]
    return rows.merge(known, on="finess", how="left", validate="many_to_one")


def establishments_seen(seen: Scan) -> pd.DataFrame:
    """Return the establishments of a file as rows of ``establishments``, valid from 1 January of its year.

    Parameters
    ----------
    seen
        What the reading gave.

    Notes
    -----
    The key of the base is the juridical entity, except for AP-HP, which stands by site: the entity at which its
    contract is signed is then 750712184. An ESPIC may sign by site, which this base does not know: its
    ``contract_finess`` stays empty.
    """
    rows = []
    for finess, identity in seen.establishments.items():
        grouped, old = identity["categorie_jur_rgt"], identity["categorie_jur"] or ""
        status = legal_status_of(grouped, old)
        entity = _entity_of(finess, is_largest="3+" in (grouped, old)) if status == "public" else None
        rows.append(
            {
                "finess": finess,
                "valid_from": pd.Timestamp(seen.year, 1, 1),
                "finess_ej": entity,
                "finess_et": finess if entity not in (None, finess) else None,
                "contract_finess": entity,
                "name": identity["raison_sociale_etb"] or identity["nom_etb"] or finess,
                "category": category_of(grouped, old),
                "legal_status": status,
                "department": department_of(
                    (identity["code_postal"] or "").zfill(5) if identity["code_postal"] else ""
                ),
                "town": identity["nom_ville"] or None,
                "region": region_of(identity["region_etb"] or ""),
            }
        )
    return tables.ESTABLISHMENTS.conform(pd.DataFrame(rows))


def _entity_of(finess: str, *, is_largest: bool) -> str:
    return _APHP_ENTITY if is_largest and finess not in _ENTITIES_AMONG_LARGEST else finess


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


@contextmanager
def _writer(path: Path) -> Iterator[pq.ParquetWriter]:
    texts = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]
    # Rows come in no order: least and greatest values of codes would cost half of the writing and help no query.
    bounded = [field.name for field in SCHEMA if not pa.types.is_dictionary(field.type)]
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        use_dictionary=texts,
        column_encoding={"source_line": "DELTA_BINARY_PACKED"},
        store_decimal_as_integer=True,
        store_schema=False,
        write_statistics=bounded,
    ) as writer:
        yield writer
