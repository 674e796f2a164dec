"""The store of a campaign: one folder of Parquet files per tidy table, queried with DuckDB."""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from caqes_analysis import tables
from caqes_analysis.errors import CaqesError
from caqes_analysis.replacing import replace_file
from caqes_analysis.rows_by_owner import OwnedRows
from caqes_analysis.tables import Table

__all__ = ["Store", "quiet"]

# Hospital networks are closed: DuckDB must never try to download anything. Parts are replaced while a store is open:
# no content of a file is kept from one query to the next.
_SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_file_cache": "false",
}


def quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a connection that draws no progress bar, neither at the terminal nor in a notebook.

    Turning off what is off already is an error in a notebook where ``ipywidgets`` is not installed.
    """
    if connection.sql("select current_setting('enable_progress_bar')").fetchall()[0][0]:
        connection.execute("set enable_progress_bar = false")
    return connection


class Store:
    """Parquet files of a campaign, one folder per table and one file per part (usually per delivery).

    Parameters
    ----------
    directory
        Folder of the store; made when a first part is written.
    only
        Rows that stand for some whole tables, by name of table: whoever reads such a store cannot see the others.
        Nobody writes it any more: what was asked once is not read again.
    hidden
        Names of tables that whoever reads such a store does not see at all.

    Examples
    --------
    >>> import tempfile
    >>> from caqes_analysis import tables
    >>> store = Store(Path(tempfile.mkdtemp()))
    >>> rows = pd.DataFrame({"contract_finess": ["330000001"], "scheme": ["caqes-2022"], "status": ["signé"]})
    >>> store.write(tables.CONTRACTS, rows, part="exemple")
    >>> store.query("select contract_finess, status from contracts").iloc[0].tolist()
    ['330000001', 'signé']
    """

    def __init__(
        self,
        directory: Path,
        *,
        only: Mapping[str, OwnedRows] | None = None,
        hidden: Collection[str] = (),
    ) -> None:
        self.directory = Path(directory)
        self.only = dict(only or {})
        self.hidden = frozenset(hidden)
        self._answers: dict[tuple[str, str], pd.DataFrame] = {}
        self._own: dict[str, pd.DataFrame] = {}
        self._opened: list[duckdb.DuckDBPyConnection] = []
        weakref.finalize(self, self._opened.clear)  # also when Python ends: DuckDB complains of what is still open
        self._filled: dict[str, bool] = {}
        self._limited: dict[str, pa.Table] = {}
        self._opening = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _store, (self.directory, self.only, self.hidden)

    def part_path(self, table: Table, part: str) -> Path:
        """Return the Parquet file of one part of a table (its folder is made when needed)."""
        path = self.directory / table.name / f"{part}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, table: Table, frame: pd.DataFrame, *, part: str, validate: bool = True) -> None:
        """Write one part of a table, whole or not at all, in place of the part of that name.

        Parameters
        ----------
        table
            Definition of the table.
        frame
            Its rows; typed by ``Table.conform``.
        part
            Name of the part (a delivery, a step).
        validate
            False when the rows have just been validated.

        Raises
        ------
        CaqesError
            When a row breaks a rule of the table.
        """
        rows = table.conform(frame)
        if validate:
            table.validate(rows)
        content = pa.Table.from_pandas(rows, schema=table.arrow_schema, preserve_index=False)
        path = self.part_path(table, part)
        draft = path.with_suffix(".draft")
        pq.write_table(content, draft, compression="zstd")
        replace_file(draft, path)

    def has(self, table: Table) -> bool:
        """Say whether the table holds at least one part."""
        if table.name in self.only:
            return self.only[table.name].path.exists()
        return any((self.directory / table.name).glob("*.parquet"))

    def parts(self, table: Table) -> list[Path]:
        """Return the Parquet files of a table, in the order in which their rows are read."""
        return sorted((self.directory / table.name).glob("*.parquet"))

    def read(self, table: Table) -> pd.DataFrame:
        """Return a whole table, rows in the order of their parts; empty (and typed) when nothing was written."""
        if not self.has(table) and table.name not in self.hidden:
            return table.empty()
        if not self.only or table.name in self.hidden:
            return self.query(f'select * from "{table.name}"')
        if table.name not in self._own:
            self._own[table.name] = tables.from_arrow(self._limited_rows(table))
        return self._own[table.name].copy(deep=False)

    def rows(
        self,
        table: Table,
        *,
        where: Mapping[str, str | Collection[str]],
        columns: Sequence[str] = (),
        order_by: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Return the rows of a table that hold some values: what is in memory already is not asked of the database.

        Parameters
        ----------
        table
            Definition of the table.
        where
            The value wanted in a column, or those of which it holds one, by name of column.
        columns
            Columns wanted; all when empty.
        order_by
            Columns by which the rows are ordered, those without a value last.
        """
        wanted = {name: [values] if isinstance(values, str) else sorted(values) for name, values in where.items()}
        if self.only and table.name not in self.hidden:
            content = self._limited_rows(table)
            for name, values in wanted.items():
                content = content.filter(pc.is_in(content[name], pa.array(values, content.schema.field(name).type)))
            if order_by:
                content = content.sort_by([(name, "ascending") for name in order_by])
            return tables.from_arrow(content.select(list(columns)) if columns else content)
        chosen = ", ".join(f'"{name}"' for name in columns) or "*"
        held = " and ".join(f'list_contains(${name}::text[], "{name}")' for name in wanted)
        ordered = ", ".join(f'"{name}"' for name in order_by)
        sql = f'select {chosen} from "{table.name}" where {held or "true"}' + (
            f" order by {ordered}" if ordered else ""
        )
        return self.query(sql, wanted)

    @staticmethod
    def read_parts(table: Table, paths: Sequence[Path]) -> pd.DataFrame:
        """Return the rows of some Parquet files of a table, file after file, typed.

        Parameters
        ----------
        table
            Definition of the table.
        paths
            Files written by :meth:`write`, in any folder.
        """
        if not paths:
            return table.empty()
        content = pa.concat_tables([pq.read_table(path, schema=table.arrow_schema) for path in paths])
        return table.conform(tables.from_arrow(content))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a connection to the tables, each a view of its files, empty where nothing was received.

        All connections of a store share one database in memory, because making one costs as much as ten queries.
        """
        with self._opening:
            connection = self._database(tables.ALL_TABLES).cursor()
        for name, rows in self._limited.items():  # what is registered is known to one connection only
            connection.register(name, rows)
        return connection

    def _database(self, asked: Iterable[Table]) -> duckdb.DuckDBPyConnection:
        """Return the connection of the store, with the tables asked for; whoever calls holds the lock."""
        if not self._opened:
            # The rows of one reader are few, and as many readers work at once as there are cores.
            own = {"threads": "1"} if self.only else {}
            self._opened.append(quiet(duckdb.connect(config={**_SETTINGS, **own})))
            if self.only:  # planning is most of what a query over few rows costs
                self._opened[0].execute("pragma disable_optimizer")
        for table in asked:
            if table.name in self.hidden or (self.only and table.name in self._filled):
                continue
            filled = self.has(table)
            if self._filled.get(table.name) != filled:
                self._define(self._opened[0], table, filled=filled)
                self._filled[table.name] = filled
        return self._opened[0]

    def _limited_rows(self, table: Table) -> pa.Table:
        """Return what the reader of a limited store sees of a table."""
        if table.name not in self._limited:
            if not self.has(table):
                rows = table.arrow_schema.empty_table()
            elif table.name in self.only:
                rows = self.only[table.name].read()
            else:
                rows = pa.concat_tables([pq.ParquetFile(part).read(use_threads=False) for part in self.parts(table)])
            self._limited[table.name] = rows
        return self._limited[table.name]

    def _define(self, connection: duckdb.DuckDBPyConnection, table: Table, *, filled: bool) -> None:
        if self.only and (table.name in self.only or not filled):
            connection.register(table.name, self._limited_rows(table))
            return
        if filled:
            files = str(self.directory / table.name / "*.parquet").replace("'", "''")
            rows = f"read_parquet('{files}')"
        else:
            rows = f'"no_{table.name}"'
            connection.register("nothing", table.arrow_schema.empty_table())
            connection.execute(f"create or replace table {rows} as from nothing")
            connection.unregister("nothing")
        connection.execute(f'create or replace view "{table.name}" as from {rows}')

    def _answer(self, connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any) -> pa.Table:
        if not self.only:
            return connection.sql(sql, params=parameters).to_arrow_table()
        # The rows of one reader are few: planning is all that such a query costs, and « sql » plans twice.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)
            return connection.execute(sql, parameters).to_arrow_table()

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the answer of a query over the tables, with exact decimals and plain strings.

        Parameters
        ----------
        sql
            A DuckDB query; the tables have the names of the catalogue. Order the rows when their order matters.
        parameters
            Values of the ``?`` or ``$name`` places of the query.

        Raises
        ------
        CaqesError
            ``REQUETE`` when DuckDB refuses the query.
        """
        question = (sql, repr(parameters))
        if question in self._answers:
            return self._answers[question].copy(deep=False)
        asked = [table for table in tables.ALL_TABLES if table.name in sql]
        with ExitStack() as stack:
            if self.only:
                stack.enter_context(self._opening)
                connection = self._database(asked)
            else:
                with self._opening:
                    connection = stack.enter_context(self._database(asked).cursor())
            try:
                answer = tables.from_arrow(self._answer(connection, sql, parameters))
            except duckdb.Error as failure:
                raise CaqesError.of(
                    "REQUETE",
                    f"la base a refusé la requête ({str(failure).splitlines()[0]}).",
                    "Vérifier les noms de tables et de colonnes (docs/tables.md) et que les sources ont été lues.",
                ) from failure
        if self.only:
            self._answers[question] = answer.copy(deep=False)
        return answer


def _store(directory: Path, only: Mapping[str, OwnedRows], hidden: Collection[str]) -> Store:
    return Store(directory, only=only, hidden=hidden)
