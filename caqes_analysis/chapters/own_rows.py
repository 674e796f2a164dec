"""What a sheet can see: of its region, only what it prints; of the large tables, its own rows.

A sheet reads the tables of the store but :data:`REGIONAL_TABLES`; of :data:`OWN_ROWS` only what is about its
establishment, its predecessors or its contract; of the region, what it prints of it (table ``regional_context``). The
store that it opens holds nothing else, so that it cannot read what it does not say.

These rows are kept once more, in order of their owner: a sheet finds its own at one place, however many establishments
there are. In the order received, it would read all rows of all others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from caqes_analysis import tables
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.perimeter import successions
from caqes_analysis.replacing import replace_folder
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
    tables.REGIONAL_CONTEXT: ("finess", "establishment"),
    tables.INDICATOR_VALUES: ("finess", "establishment"),
    tables.INDICATOR_TRENDS: ("finess", "establishment"),
    tables.MONTHLY_GRID: ("finess", "establishment"),
    tables.EVOLUTIONS: ("finess", "establishment"),
    tables.MONTHLY_SPEND: ("finess", "establishment"),
    tables.REPLACED_SPEND: ("finess", "establishment"),
    tables.CUMULATIVE_SPEND: ("finess", "establishment"),
    tables.LPP_SPEND: ("finess", "establishment"),
    tables.EXTRA_LIST_USE: ("finess", "establishment"),
    tables.ACTIVITY: ("finess", "establishment"),
    tables.CORRECTIONS: ("finess", "establishment"),
    tables.ANNUAL_DRUG_SPEND: ("finess", "entity"),
    tables.ESTABLISHMENTS: ("finess", "entity"),
}
"""Tables of which a sheet reads only its own rows: the column that says whose they are, and whose are its own."""

REGIONAL_TABLES: tuple[Table, ...] = (
    tables.DELIVERIES,
    tables.FINDINGS,
    tables.FORECAST_TRIALS,
    tables.FORECAST_CHANCES,
    tables.SAVING_SENSITIVITY,
    tables.PRESCRIBER_SPEND,
)
"""Tables that no sheet reads: they change with each file, whatever it holds, or are about the region."""

UNREAD_COLUMNS: Mapping[Table, tuple[str, ...]] = {
    tables.INDICATOR_VALUES: ("lower", "upper"),
    tables.INDICATOR_TRENDS: (
        *("change_lower", "change_upper", "mean_annual_change", "slope", "slope_lower", "slope_upper", "slope_p"),
        *("percentile", "peer_percentile", "contribution"),
    ),
}
"""Columns that no sheet reads in its own rows: they are estimated with those of the others."""

_FOLDER, _KEYS, _SIGNATURE = "own_rows", "keys.parquet", "signature.json"
_ROWS_PER_GROUP: Final = 20_480  # a few establishments: what is read in one go


class OwnKeys:
    """Whose rows are an establishment's own.

    Parameters
    ----------
    establishments
        Table ``establishments``.
    """

    def __init__(self, establishments: pd.DataFrame) -> None:
        self.signatories = contract_keys(establishments)
        known = establishments.drop_duplicates("finess", keep="last").set_index("finess")["finess_ej"]
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
    """Keep the tables of which a sheet reads its own rows in order of their owner, beside the store.

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
    for table, (column, _) in OWN_ROWS.items():
        _order(store, table, column, fresh)
    _write_keys(store.read(tables.ESTABLISHMENTS), fresh / _KEYS)
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
    place = build_directory / _FOLDER
    rows = pq.read_table(place / _KEYS, filters=[("finess", "==", finess)]).to_pydict()
    keys: dict[str, list[str]] = {}
    for whose, key in zip(rows["whose"], rows["key"], strict=True):
        keys.setdefault(whose, []).append(key)
    return Store(
        build_directory / "store",
        only={table.name: (column, tuple(keys.get(whose, (finess,)))) for table, (column, whose) in OWN_ROWS.items()},
        elsewhere={table.name: place / table.name for table in OWN_ROWS},
        hidden={table.name for table in REGIONAL_TABLES},
        hidden_columns={table.name: names for table, names in UNREAD_COLUMNS.items()},
        is_settled=True,
    )


def _order(store: Store, table: Table, column: str, folder: Path) -> None:
    """Write each part of a table again, in order of the owner of its rows, then as they stood."""
    (folder / table.name).mkdir()
    with store.connect() as connection:
        for part in sorted((store.directory / table.name).glob("*.parquet")):
            read, written = (str(path).replace("'", "''") for path in (part, folder / table.name / part.name))
            connection.execute(
                f"copy (select * exclude (file_row_number) from read_parquet('{read}', file_row_number = true) "
                f'order by "{column}", file_row_number) '
                f"to '{written}' (format parquet, compression zstd, row_group_size {_ROWS_PER_GROUP})"
            )


def _write_keys(establishments: pd.DataFrame, path: Path) -> None:
    keys = OwnKeys(establishments)
    rows = [
        (finess, whose, key)
        for finess in sorted(set(establishments["finess"]))
        for whose in get_args(Whose)
        for key in keys.of(finess, whose)
    ]
    columns = [pa.array(list(values), pa.string()) for values in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, names=["finess", "whose", "key"]), path, row_group_size=_ROWS_PER_GROUP)
