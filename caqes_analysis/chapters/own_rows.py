"""What a sheet can see: of its region, only what it prints; of the large tables, its own rows.

A sheet reads the tables of the store but :data:`REGIONAL_TABLES`; of :data:`OWN_ROWS` only what is about its
establishment, its predecessors or its contract; of the region, what it prints of it (table ``regional_context``). The
store that it opens holds nothing else, so that it cannot read what it does not say.

These rows are kept once more, by their owner: a sheet finds its own at one place, however many establishments there
are. In the order received, it would read all rows of all others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from caqes_analysis import tables
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.perimeter import latest_descriptions, successions
from caqes_analysis.replacing import replace_folder
from caqes_analysis.rows_by_owner import OwnedRows, write_by_owner
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = ["OWN_ROWS", "REGIONAL_TABLES", "UNREAD_COLUMNS", "OwnKeys", "Whose", "keep_own_rows", "own_store"]

Whose = Literal["establishment", "contract", "entity"]
"""``establishment``: itself and those that it took over. ``contract``: itself and the signatory of its contract.
``entity``: all whose yearly spending is read at the level of that contract."""

OWN_ROWS: Mapping[Table, tuple[str, Whose]] = {
    tables.CONTRACTS: ("contract_finess", "contract"),
    tables.EVALUATIONS: ("contract_finess", "contract"),
    tables.FORECASTS: ("subject", "contract"),
    tables.SAVINGS: ("finess", "contract"),
    tables.SAVING_ESTIMATES: ("series", "contract"),
    tables.LEVERS: ("finess", "contract"),
    tables.LEVER_PRODUCTS: ("finess", "establishment"),
    tables.SAVING_PRODUCTS: ("series", "establishment"),
    tables.ANNUAL_DRUG_CLASSES: ("finess", "establishment"),
    tables.REGIONAL_CONTEXT: ("finess", "establishment"),
    tables.INDICATOR_VALUES: ("finess", "establishment"),
    tables.INDICATOR_TRENDS: ("finess", "establishment"),
    tables.MONTHLY_GRID: ("finess", "establishment"),
    tables.EVOLUTIONS: ("finess", "establishment"),
    tables.MONTHLY_SPEND: ("finess", "establishment"),
    tables.REPLACED_SPEND: ("finess", "establishment"),
    tables.CUMULATIVE_SPEND: ("finess", "establishment"),
    tables.CORRECTIONS: ("finess", "establishment"),
    tables.ESTABLISHMENTS: ("finess", "entity"),
    tables.LIFETIMES: ("finess", "establishment"),
}
"""Tables of which a sheet reads only its own rows: the column that says whose they are, and whose are its own."""

REGIONAL_TABLES: tuple[Table, ...] = (
    tables.ANNUAL_DRUG_SPEND,
    tables.LPP_SPEND,
    tables.EXTRA_LIST_USE,
    tables.ACTIVITY,
    tables.DELIVERIES,
    tables.FINDINGS,
    tables.FORECAST_TRIALS,
    tables.FORECAST_CHANCES,
    tables.SAVING_SENSITIVITY,
    tables.PRESCRIBER_SPEND,
    tables.RESTATED_VALUES,
)
"""Tables that no sheet reads: what it prints of their lines is derived by establishment, they change with each file,
whatever it holds, or are about the region."""

UNREAD_COLUMNS: Mapping[Table, tuple[str, ...]] = {
    tables.INDICATOR_VALUES: ("lower", "upper"),
    tables.INDICATOR_TRENDS: (
        *("change_lower", "change_upper", "mean_annual_change", "slope", "slope_lower", "slope_upper", "slope_p"),
        *("percentile", "peer_percentile", "contribution"),
    ),
}
"""Columns that no sheet reads in its own rows: they are estimated with those of the others."""

_FOLDER, _PLACES, _SIGNATURE = "own_rows", "places.parquet", "signature.json"
_PLACES_PER_GROUP: Final = 20_480  # those of some hundred establishments: what is read in one go
_PLACE: Final = pa.schema({"finess": pa.string(), "table": pa.string(), "place": pa.int32()})
_POSITION: Final = ("filename", "file_row_number")


class OwnKeys:
    """Whose rows are an establishment's own.

    Parameters
    ----------
    establishments
        Table ``establishments``.
    """

    def __init__(self, establishments: pd.DataFrame) -> None:
        self.signatories = contract_keys(establishments)
        self.establishments = sorted(set(establishments["finess"]))
        known = latest_descriptions(establishments).set_index("finess")["finess_ej"]
        self._entity = {str(finess): entity for finess, entity in known.items() if isinstance(entity, str)}
        followed = successions(establishments)
        self._before: dict[str, list[str]] = {}
        for finess, current in zip(followed["finess"], followed["current_finess"], strict=True):
            self._before.setdefault(current, []).append(finess)
        self._together: dict[str, list[str]] = {}
        for finess, signatory in self.signatories.items():
            self._together.setdefault(signatory, []).append(finess)

    def of(self, finess: str, whose: Whose) -> tuple[str, ...]:
        """Return the values that the column of a table has in the rows of an establishment."""
        signatory = self.signatories.get(finess, finess)
        if whose == "contract":
            return tuple(sorted({finess, signatory}))
        own = {finess, *self._before.get(finess, ())}
        if whose == "entity":
            own |= {signatory, self._entity.get(signatory, signatory), *self._together.get(signatory, ())}
        return tuple(sorted(own))


def keep_own_rows(store: Store, hashes: Mapping[str, str]) -> None:
    """Keep the tables of which a sheet reads its own rows by their owner, beside the store.

    Parameters
    ----------
    store
        Store of the campaign, everything derived.
    hashes
        Hash of the content of each of its tables, by name: nothing is written when they have not changed.
    """
    place = store.directory.parent / _FOLDER
    signature = json.dumps({table.name: hashes.get(table.name) for table in (*OWN_ROWS, tables.ESTABLISHMENTS)})
    kept = place / _SIGNATURE
    if kept.is_file() and kept.read_text(encoding="utf-8") == signature:
        return
    fresh = place.with_suffix(".draft")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    owners = {
        table: _write(store, table, column, _file(fresh, table))
        for table, (column, _) in OWN_ROWS.items()
        if store.has(table)
    }
    _write_places(OwnKeys(store.read(tables.ESTABLISHMENTS)), owners, fresh / _PLACES)
    (fresh / _SIGNATURE).write_text(signature, encoding="utf-8")
    replace_folder(fresh, place)


def own_store(build_directory: Path, finess: str) -> Store:
    """Return the store as the sheet of an establishment reads it.

    Parameters
    ----------
    build_directory
        Folder of the build, with its store and the rows kept by :func:`keep_own_rows`.
    finess
        The establishment.
    """
    folder = build_directory / _FOLDER
    found = pq.read_table(folder / _PLACES, filters=[("finess", "==", finess)]).to_pydict()
    places: dict[str, list[int]] = {}
    for table, place in zip(found["table"], found["place"], strict=True):
        places.setdefault(table, []).append(place)
    return Store(
        build_directory / "store",
        only={table.name: OwnedRows(_file(folder, table), tuple(places.get(table.name, ()))) for table in OWN_ROWS},
        hidden={table.name for table in REGIONAL_TABLES},
    )


def _file(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.arrow"


def _write(store: Store, table: Table, column: str, path: Path) -> list[str]:
    """Write what a sheet reads of a table by the owner of its rows, in order of their parts; return the owners."""
    parts = ", ".join("'" + str(part).replace("'", "''") + "'" for part in store.parts(table))
    unread = ", ".join(f'"{name}"' for name in (*UNREAD_COLUMNS.get(table, ()), *_POSITION))
    rows = f"read_parquet([{parts}], filename = true, file_row_number = true)"
    with store.connect() as connection:
        ordered = connection.sql(
            f'select * exclude ({unread}) from {rows} where "{column}" is not null '
            f'order by "{column}", {", ".join(_POSITION)}'
        )
        return write_by_owner(ordered.to_arrow_reader(), column, path)


def _write_places(keys: OwnKeys, owners: Mapping[Table, Sequence[str]], path: Path) -> None:
    """Write where the rows of each establishment stand in each table."""
    positions = {table: {owner: place for place, owner in enumerate(found)} for table, found in owners.items()}
    rows = [
        (finess, table.name, positions[table][key])
        for finess in keys.establishments
        for table in owners
        for key in keys.of(finess, OWN_ROWS[table][1])
        if key in positions[table]
    ]
    content = pa.Table.from_pylist([dict(zip(_PLACE.names, row, strict=True)) for row in rows], schema=_PLACE)
    pq.write_table(content, path, row_group_size=_PLACES_PER_GROUP)
