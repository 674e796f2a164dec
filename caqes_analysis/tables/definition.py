"""What a tidy table is: its definition gives validation, storage types, documentation and the published schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from caqes_analysis.errors import CaqesError, Problem

__all__ = ["Column", "Kind", "Table", "from_arrow"]

Kind = Literal["text", "year", "month", "date", "count", "amount", "quantity", "ratio", "flag"]

_ARROW: dict[Kind, arrow.DataType] = {
    "text": arrow.string(),
    "year": arrow.int64(),
    "month": arrow.date32(),
    "date": arrow.date32(),
    "count": arrow.int64(),
    "amount": arrow.decimal128(18, 2),
    "quantity": arrow.decimal128(18, 3),
    "ratio": arrow.float64(),
    "flag": arrow.bool_(),
}
# Amounts stay exact decimals in pandas too: sums of floats depend on the order of the rows.
_PANDAS: dict[Kind, Any] = {
    "text": pd.StringDtype(na_value=float("nan")),
    "year": pd.Int64Dtype(),
    "month": "datetime64[us]",
    "date": "datetime64[us]",
    "count": pd.Int64Dtype(),
    "amount": pd.ArrowDtype(_ARROW["amount"]),
    "quantity": pd.ArrowDtype(_ARROW["quantity"]),
    "ratio": "float64",
    "flag": "bool",
}
_SCHEMA_TYPE: dict[Kind, str] = {
    "text": "string",
    "year": "year",
    "month": "yearmonth",
    "date": "date",
    "count": "integer",
    "amount": "number",
    "quantity": "number",
    "ratio": "number",
    "flag": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column of a tidy table.

    Parameters
    ----------
    name
        Name with its unit (``amount_eur``, ``evolution_pct``, ``boxes_nb``).
    kind
        What it holds; decides the types in Arrow, pandas and the published schema.
    description
        French sentence for the documentation.
    required
        False when the value may be missing.
    values, pattern
        Closed list of values, or a regular expression, when there is one.
    """

    name: str
    kind: Kind
    description: str
    required: bool = True
    values: tuple[str, ...] = ()
    pattern: str | None = None

    def check(self) -> pa.Column:
        """Return the pandera column that verifies this definition."""
        checks = []
        if self.values:
            checks.append(pa.Check.isin(list(self.values)))
        if self.pattern:
            checks.append(pa.Check.str_matches(self.pattern))
        if self.kind == "month":
            checks.append(pa.Check(lambda months: months.dt.day == 1, name="premier_du_mois"))
        return pa.Column(_PANDAS[self.kind], checks=checks, nullable=not self.required, name=self.name)


@dataclass(frozen=True)
class Table:
    """One tidy table: its columns, what identifies a row, and everything derived from them.

    Parameters
    ----------
    name
        Name of the table and of its Parquet file.
    description
        French sentence: what a row is.
    key
        Columns that identify a row; empty when the natural key repeats in the source.
    columns
        All the columns, in order.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def arrow_schema(self) -> arrow.Schema:
        """Types of the Parquet file."""
        return arrow.schema([arrow.field(c.name, _ARROW[c.kind], nullable=not c.required) for c in self.columns])

    def empty(self) -> pd.DataFrame:
        """Return the table without rows, typed."""
        return _without_rows(self).copy()

    def conform(self, frame: pd.DataFrame, **defaults: Any) -> pd.DataFrame:
        """Return ``frame`` with exactly the columns of the table, in order and typed.

        Parameters
        ----------
        frame
            Rows to type. Columns that the table does not know are refused.
        **defaults
            Values for columns that ``frame`` lacks; an optional column that is in neither is filled as missing.

        Raises
        ------
        CaqesError
            ``TABLE_COLONNES`` when a required column is absent or an unknown one is present; ``TABLE_TYPES`` when a
            value does not fit the type of its column.
        """
        absent = [c.name for c in self.columns if c.required and c.name not in frame and c.name not in defaults]
        unknown = [name for name in frame.columns if name not in self.column_names]
        if absent or unknown:
            raise CaqesError.of(
                "TABLE_COLONNES",
                f"la table {self.name} attend {', '.join(self.column_names)} ; "
                f"absentes : {', '.join(absent) or 'aucune'} ; inconnues : {', '.join(map(str, unknown)) or 'aucune'}.",
                "Compléter ou renommer les colonnes.",
            )
        kinds = {column.name: _PANDAS[column.kind] for column in self.columns}
        if frame.dtypes.to_dict() == kinds and list(frame.columns) == self.column_names:
            return frame.reset_index(drop=True)
        typed = {}
        for column in self.columns:
            values = frame[column.name] if column.name in frame else defaults.get(column.name)
            typed[column.name] = _typed(self.name, column, values, frame.index)
        return pd.DataFrame(typed, index=frame.index).reset_index(drop=True)

    def validate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Check every rule of the table on ``frame`` and return it.

        Raises
        ------
        CaqesError
            One problem per broken rule, each with the first offending row.
        """
        try:
            return _rules(self).validate(frame, lazy=True)
        except pa.errors.SchemaErrors as failure:
            raise CaqesError(self._problems(failure.failure_cases)) from failure

    def _problems(self, cases: pd.DataFrame) -> list[Problem]:
        problems = []
        for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=True):
            first = group.iloc[0]
            problems.append(
                Problem(
                    "TABLE_REGLE",
                    f"la table {self.name} ne respecte pas la règle « {check} ».",
                    f"Corriger la colonne ; ce qu'elle attend est écrit dans docs/tables.md#{self.name}.",
                    line=None if pd.isna(first["index"]) else int(first["index"]) + 1,
                    column=str(column),
                    value=str(first["failure_case"]),
                    count=len(group),
                )
            )
        return problems

    def table_schema(self) -> dict[str, Any]:
        """Return the definition as a Table Schema (Frictionless), for open-data publication."""
        fields = []
        for column in self.columns:
            constraints: dict[str, Any] = {"required": column.required}
            if column.values:
                constraints["enum"] = list(column.values)
            if column.pattern:
                constraints["pattern"] = column.pattern
            fields.append(
                {
                    "name": column.name,
                    "type": _SCHEMA_TYPE[column.kind],
                    "description": column.description,
                    "constraints": constraints,
                }
            )
        schema: dict[str, Any] = {"name": self.name, "description": self.description, "fields": fields}
        if self.key:
            schema["primaryKey"] = list(self.key)
        return schema

    def to_markdown(self) -> str:
        """Return the definition as a section of the documentation."""
        lines = [f"## {self.name}", "", self.description, ""]
        if self.key:
            lines += [f"Une ligne est identifiée par : {', '.join(f'`{name}`' for name in self.key)}.", ""]
        lines += ["| Colonne | Type | Obligatoire | Contenu |", "|---|---|---|---|"]
        for column in self.columns:
            allowed = f" Valeurs : {', '.join(f'`{value}`' for value in column.values)}." if column.values else ""
            required = "oui" if column.required else "non"
            lines.append(f"| `{column.name}` | {column.kind} | {required} | {column.description}{allowed} |")
        return "\n".join([*lines, ""])


@lru_cache(maxsize=256)
def _rules(table: Table) -> pa.DataFrameSchema:
    columns = {column.name: column.check() for column in table.columns}
    return pa.DataFrameSchema(columns, unique=list(table.key) or None, strict=True, ordered=True)


@lru_cache(maxsize=256)
def _without_rows(table: Table) -> pd.DataFrame:
    return table.conform(pd.DataFrame(columns=table.column_names))


def _typed(table: str, column: Column, values: Any, index: pd.Index[Any]) -> pd.Series[Any]:
    series = values if isinstance(values, pd.Series) else pd.Series([values] * len(index), index=index, dtype=object)
    try:
        if column.kind in ("month", "date"):
            return pd.to_datetime(series).astype(_PANDAS[column.kind])
        if column.kind in ("amount", "quantity") and not isinstance(series.dtype, pd.ArrowDtype):
            exact = [None if pd.isna(value) else value for value in series]
            return pd.Series(pd.array(exact, dtype=_PANDAS[column.kind]), index=index)
        return series.astype(_PANDAS[column.kind])
    except (ValueError, TypeError, arrow.ArrowException) as failure:
        raise CaqesError.of(
            "TABLE_TYPES",
            f"la table {table} attend des valeurs de type {column.kind} ({failure}).",
            "Convertir les valeurs avant de les ranger dans la table.",
            column=column.name,
        ) from failure


def from_arrow(result: arrow.Table) -> pd.DataFrame:
    """Return an Arrow table as pandas with the package's types: exact decimals, nullable integers, plain strings."""

    def dtype(kind: arrow.DataType) -> Any:
        if arrow.types.is_decimal(kind):
            return pd.ArrowDtype(kind)
        if arrow.types.is_integer(kind):
            return pd.Int64Dtype()
        if arrow.types.is_string(kind) or arrow.types.is_large_string(kind):
            return _PANDAS["text"]
        return None

    # Cast here: pandas would copy the whole frame to change its dates.
    for place, kind in enumerate(result.schema.types):
        if arrow.types.is_date(kind) or (arrow.types.is_timestamp(kind) and kind.tz is None):
            result = result.set_column(place, result.schema.names[place], result.column(place).cast("timestamp[us]"))
    frame: pd.DataFrame = result.to_pandas(types_mapper=dtype)
    return frame
