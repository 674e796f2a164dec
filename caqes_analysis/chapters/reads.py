"""What each notebook reads, by the hash of its content: a page whose reads did not change is not run again.

A sheet reads the tables of the store but :data:`REGIONAL_TABLES`, and of :data:`OWN_ROWS` only what is about its
establishment and its contract: the store that it opens holds nothing else, so that it cannot read what it does not
say. It also reads its own comment, the parameters, the code and the environment. A chapter reads all of that for the
region, and what the sheets wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import environment_hash, page_code_hash
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.forecast.kept_paths import PATHS_FOLDER
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = ["OWN_ROWS", "REGIONAL_TABLES", "Reads", "own_store", "table_hashes"]

OWN_ROWS: Mapping[Table, str] = {
    tables.CONTRACTS: "contract_finess",
    tables.EVALUATIONS: "contract_finess",
    tables.FORECASTS: "subject",
    tables.SAVINGS: "finess",
    tables.SAVING_ESTIMATES: "series",
    tables.LEVERS: "finess",
}
"""Tables of which a sheet reads only its own rows, and the column that says whose they are."""

REGIONAL_TABLES: tuple[Table, ...] = (
    tables.DELIVERIES,
    tables.FINDINGS,
    tables.FORECAST_TRIALS,
    tables.FORECAST_CHANCES,
    tables.SAVING_SENSITIVITY,
)
"""Tables that no sheet reads: they change with each file, whatever it holds, or are about the region."""

_PATTERNS = ("*.yml", "*.yaml", "*.csv")


def own_store(directory: Path, finess: str) -> Store:
    """Return the store as the sheet of an establishment reads it.

    Parameters
    ----------
    directory
        Folder of the campaign's store.
    finess
        The establishment.
    """
    signatory = contract_keys(Store(directory).read(tables.ESTABLISHMENTS)).get(finess, finess)
    return Store(
        directory,
        only={table.name: (key, (finess, signatory)) for table, key in OWN_ROWS.items()},
        hidden={table.name for table in REGIONAL_TABLES},
    )


class Reads:
    """Hashes of what the notebooks of one build read.

    Parameters
    ----------
    campaign
        The campaign.
    store
        Its store, complete.
    """

    def __init__(self, campaign: Campaign, store: Store) -> None:
        self._campaign = campaign
        self._common = {
            "code": page_code_hash(),
            "environment": environment_hash(),
            "campaign": sha256_of(campaign.file),
            "parameters": _hash(f"{name}:{sha256_of(path)}" for name, path in _parameter_files(campaign)),
            "map": sha256_of(campaign.map) if campaign.map is not None and campaign.map.is_file() else "",
        }
        self._tables = table_hashes(store)
        self._own = {table.name: _own_hashes(store, table, key) for table, key in OWN_ROWS.items()}
        self._signatories = contract_keys(store.read(tables.ESTABLISHMENTS))

    def of_sheet(self, finess: str) -> Mapping[str, str]:
        """Return what the sheet of an establishment reads: name → hash."""
        keys = sorted({finess, self._signatories.get(finess, finess)})
        own = {f"table {name}, own rows": _hash(rows.get(key, "") for key in keys) for name, rows in self._own.items()}
        apart = {*self._own, *(table.name for table in REGIONAL_TABLES), PATHS_FOLDER}
        shared = {f"table {name}": value for name, value in self._tables.items() if name not in apart}
        return {**self._common, **shared, **own, "comment": self._comments([finess])}

    def of_chapter(self, results: Path) -> Mapping[str, str]:
        """Return what a regional chapter reads: name → hash.

        Parameters
        ----------
        results
            Folder of what the sheets of this build wrote.
        """
        written = sorted(results.rglob("*.parquet"))
        return {
            **self._common,
            **{f"table {name}": value for name, value in self._tables.items()},
            "sheets": _hash(f"{path.relative_to(results).as_posix()}:{sha256_of(path)}" for path in written),
            "comment": self._comments(None),
        }

    def _comments(self, pages: Iterable[str] | None) -> str:
        """Hash the comments of some pages; of all but the sheets' when none is named."""
        if pages is None:
            folder = self._campaign.comments_folder
            pages = sorted(path.stem for path in folder.glob("*.md") if path.stem not in self._signatories)
        found = {page: self._campaign.comment_file(page) for page in pages}
        return _hash(f"{page}:{sha256_of(path)}" for page, path in found.items() if path is not None)


def table_hashes(store: Store) -> dict[str, str]:
    """Return the hash of the content of each table of a store, by name."""
    return {
        folder.name: _hash(f"{part.name}:{sha256_of(part)}" for part in sorted(folder.glob("*.parquet")))
        for folder in sorted(path for path in store.directory.iterdir() if path.is_dir())
    }


def _parameter_files(campaign: Campaign) -> list[tuple[str, Path]]:
    """Return the files of parameters: those of the package, and those that stand beside the campaign file."""
    found = {path for folder in campaign.parameter_folders for pattern in _PATTERNS for path in folder.rglob(pattern)}
    return [(str(path), path) for path in sorted({*found, *campaign.target_files}) if path.is_file()]


def _own_hashes(store: Store, table: Table, key: str) -> dict[str, str]:
    if not store.has(table):
        return {}
    rows = store.query(
        f"select {key} as owner, md5(string_agg(t::varchar, chr(10) order by t::varchar)) as content "
        f'from "{table.name}" t group by {key}'
    )
    return dict(zip(rows["owner"], rows["content"], strict=True))


def _hash(parts: Iterable[str]) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
