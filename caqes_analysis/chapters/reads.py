"""What each notebook reads, by the hash of its content: a page whose reads did not change is not run again.

A sheet reads what :mod:`caqes_analysis.chapters.own_rows` lets it see, its own comment, the parameters, the code and
the environment. A chapter reads all of that for the region, and what the sheets wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.chapters.own_rows import OWN_ROWS, REGIONAL_TABLES, UNREAD_COLUMNS, OwnKeys
from caqes_analysis.code_version import content_hash, environment_hash, page_code_hash
from caqes_analysis.figure_parameters import parameter_files
from caqes_analysis.forecast.kept_paths import PATHS_FOLDER
from caqes_analysis.savings.dotation import DOTATION
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = ["Reads", "table_hashes"]

_PATTERNS = ("*.yml", "*.yaml", "*.csv")


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
        self._own = {table: _own_hashes(store, table, column) for table, (column, _) in OWN_ROWS.items()}
        self._keys = OwnKeys(store.read(tables.ESTABLISHMENTS))

    def of_sheet(self, finess: str) -> Mapping[str, str]:
        """Return what the sheet of an establishment reads: name → hash."""
        own = {f"table {table.name}, own rows": self._own_hash(table, finess) for table in OWN_ROWS}
        apart = {*(table.name for table in OWN_ROWS), *(table.name for table in REGIONAL_TABLES), PATHS_FOLDER}
        shared = {f"table {name}": value for name, value in self._tables.items() if name not in apart}
        return {**self._common, **shared, **own, "comment": self._comments([finess])}

    def _own_hash(self, table: Table, finess: str) -> str:
        rows = self._own[table]
        if rows is None:
            return ""
        return _hash(rows.get(key, "") for key in self._keys.of(finess, OWN_ROWS[table][1]))

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
            "figures": _hash(f"{path}:{content_hash(path)}" for path in parameter_files(self._campaign)),
            "sheets": _hash(f"{path.relative_to(results).as_posix()}:{sha256_of(path)}" for path in written),
            "comment": self._comments(None),
        }

    def _comments(self, pages: Iterable[str] | None) -> str:
        """Hash the comments of some pages; of all but the sheets' when none is named."""
        if pages is None:
            folder = self._campaign.comments_folder
            pages = sorted(path.stem for path in folder.glob("*.md") if path.stem not in self._keys.signatories)
        found = {page: self._campaign.comment_file(page) for page in pages}
        return _hash(f"{page}:{sha256_of(path)}" for page, path in found.items() if path is not None)


def table_hashes(store: Store) -> dict[str, str]:
    """Return the hash of the content of each table of a store, by name."""
    return {
        folder.name: _hash(f"{part.name}:{sha256_of(part)}" for part in sorted(folder.glob("*.parquet")))
        for folder in sorted(path for path in store.directory.iterdir() if path.is_dir())
    }


def _parameter_files(campaign: Campaign) -> list[tuple[str, Path]]:
    """Return the files of parameters: those of the package, those beside the campaign file, and the rules it names."""
    found = {path for folder in campaign.parameter_folders for pattern in _PATTERNS for path in folder.rglob(pattern)}
    rules = (path for path in (campaign.scheme_rules, campaign.evaluation_grid, DOTATION) if path is not None)
    return [(str(path), path) for path in sorted({*found, *campaign.target_files, *rules}) if path.is_file()]


def _own_hashes(store: Store, table: Table, column: str) -> dict[str, str] | None:
    """Return a hash of the rows of each owner, in whatever order they stand; None when the table is absent."""
    if not store.has(table):
        return None
    unread = ", ".join(UNREAD_COLUMNS.get(table, ()))
    read = f"* exclude ({unread})" if unread else "*"
    rows = store.query(
        f"select {column} as owner, count(*) || '/' || sum(hash(t)) || '/' || sum(hash(t, 1)) as content "
        f'from (select {read} from "{table.name}") t where {column} is not null group by {column}'
    )
    return dict(zip(rows["owner"], rows["content"], strict=True))


def _hash(parts: Iterable[str]) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
