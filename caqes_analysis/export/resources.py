"""What is exported, table by table: where its rows are, in which order, under which Table Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.code_lists import CodeList
from caqes_analysis.guide.formulas import measure_in_words
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.definition import IndicatorDefinition, Measure
from caqes_analysis.tables import VALUE_STATUSES, Table

__all__ = ["PUBLISHED", "Resource", "indicator_resource", "resources", "table_resource"]

PUBLISHED: tuple[Table, ...] = (
    tables.ESTABLISHMENTS,
    tables.CONTRACTS,
    tables.DELIVERIES,
    tables.INDICATORS,
    tables.INDICATOR_VALUES,
    tables.INDICATOR_TRENDS,
    tables.TARGETS,
    tables.EVOLUTIONS,
    tables.FORECASTS,
    tables.FORECAST_TRIALS,
    tables.FORECAST_CHANCES,
    tables.EVALUATIONS,
    tables.SAVINGS,
    tables.LEVERS,
    tables.CODE_LISTS,
)
"""What the report computes and what it compares with; never the lines received (decision record 0015)."""

_ROW_COLUMNS = ("level", "finess", "group", "period", "perimeter")
_FLAGS = ("is_provisional", "is_corrected")


@dataclass(frozen=True)
class Resource:
    """One CSV file of an export.

    Parameters
    ----------
    name
        Name in the data package, unique.
    path
        File, relative to the export.
    title, description
        French words.
    schema
        Its Table Schema.
    query
        DuckDB query that gives its rows, in a fixed order.
    parameters
        Values of the ``$name`` places of the query.
    rows
        Rows that the query calls ``computed``, for a table that the store does not keep.
    sources
        Texts it rests on.
    """

    name: str
    path: str
    title: str
    description: str
    schema: Mapping[str, Any]
    query: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: pa.Table | None = None
    sources: tuple[str, ...] = ()


def resources(page: Page, lists: Mapping[str, CodeList]) -> Iterator[Resource]:
    """Yield what a campaign exports: each published table that holds anything, then each indicator that has values.

    Parameters
    ----------
    page
        The data of the campaign.
    lists
        Code lists by identifier, named in the descriptions.
    """
    catalogue = page.store.read(tables.INDICATORS)
    names = dict(zip(catalogue["indicator"], catalogue["short_name"], strict=True))
    for table in PUBLISHED:
        if table is tables.EVOLUTIONS:
            rows = table.conform(page.evolutions)
            computed = pa.Table.from_pandas(rows, schema=table.arrow_schema, preserve_index=False)
            if len(rows):
                yield table_resource(table, names, rows=computed)
        elif page.store.has(table):
            yield table_resource(table, names)
    for definition in catalogue.loc[catalogue["period"].notna(), "definition"]:
        yield indicator_resource(stored_definition(definition), lists)


def table_resource(table: Table, indicators: Mapping[str, str], *, rows: pa.Table | None = None) -> Resource:
    """Return the resource of a whole tidy table; months are written ``2024-07``, as its schema says.

    Parameters
    ----------
    table
        Definition of the table.
    indicators
        Short name of each indicator, by identifier: what the values of a column ``indicator`` mean.
    rows
        Its rows when the store does not keep it.
    """
    schema = table.table_schema()
    for named in schema["fields"]:
        if named["name"] == "indicator" and table is not tables.SAVINGS:  # which also names envelopes
            named["categories"] = [{"value": name, "label": label} for name, label in sorted(indicators.items())]
    shown = [f'strftime("{c.name}", \'%Y-%m\') as "{c.name}"' for c in table.columns if c.kind == "month"]
    replaced = f" replace ({', '.join(shown)})" if shown else ""
    order = ", ".join(f'"{name}"' for name in (table.key or table.column_names))
    place = table.name if rows is None else "computed"
    return Resource(
        name=table.name,
        path=f"donnees/{table.name}.csv",
        title=table.name.replace("_", " "),
        description=table.description,
        schema={**schema, "missingValues": [""]},
        query=f'select *{replaced} from "{place}" order by {order}',
        rows=rows,
    )


def indicator_resource(definition: IndicatorDefinition, lists: Mapping[str, CodeList]) -> Resource:
    """Return the resource of one indicator: a column a measure, described by its definition.

    Parameters
    ----------
    definition
        The definition.
    lists
        Code lists by identifier.
    """
    shared = {column.name: column for column in tables.INDICATOR_VALUES.columns}
    places = Table(definition.id, definition.name, _ROW_COLUMNS, tuple(shared[name] for name in _ROW_COLUMNS))
    state = Table(definition.id, definition.name, (), tuple(shared[name] for name in _FLAGS))
    fields = [*places.table_schema()["fields"]]
    columns = [f'"{name}"' for name in _ROW_COLUMNS]
    for measure in definition.measures:
        fields += _measure_fields(definition, measure, lists)
        for column, suffix in (("value", ""), ("lower", "_lower"), ("upper", "_upper"), ("value_status", "_status")):
            columns.append(f"max({column}) filter (measure = '{measure.id}') as \"{measure.id}{suffix}\"")
    fields += state.table_schema()["fields"]
    columns += [f"bool_or({name}) as {name}" for name in _FLAGS]
    order = ", ".join(f'"{name}"' for name in _ROW_COLUMNS)
    return Resource(
        name=f"indicateur-{definition.id}",
        path=f"indicateurs/{definition.id}.csv",
        title=definition.name,
        description=definition.why,
        schema={
            "name": definition.id,
            "title": definition.name,
            "description": definition.why,
            "fields": fields,
            "primaryKey": list(_ROW_COLUMNS),
            "missingValues": [""],
        },
        query=f"select {', '.join(columns)} from indicator_values where indicator = $indicator "
        f"group by {order} order by {order}",
        parameters={"indicator": definition.id},
        sources=(*definition.legal_sources, *sorted(_list_sources(definition, lists))),
    )


def _list_sources(definition: IndicatorDefinition, lists: Mapping[str, CodeList]) -> set[str]:
    known = (lists[name] for name in definition.used_code_lists if name in lists)
    return {f"{one.title} : {one.source}" for one in known}


def _measure_fields(
    definition: IndicatorDefinition, measure: Measure, lists: Mapping[str, CodeList]
) -> Iterator[dict[str, Any]]:
    unit = f" ({measure.unit})" if measure.unit else ""
    said = " ".join(part for part in (measure_in_words(definition, measure, lists), measure.note) if part)
    optional = {"required": False}
    yield {
        "name": measure.id,
        "title": f"{measure.label}{unit}",
        "type": "number",
        "description": said,
        "constraints": optional,
    }
    for suffix, bound in (("_lower", "basse"), ("_upper", "haute")):
        yield {
            "name": f"{measure.id}{suffix}",
            "type": "number",
            "description": f"Borne {bound} de l'intervalle à 95 %{unit} ; vide quand il n'y en a pas.",
            "constraints": optional,
        }
    yield {
        "name": f"{measure.id}_status",
        "type": "string",
        "description": "Valeur déclarée, zéro vrai, manquante, sans objet ou masquée ; vide sans ligne de la mesure.",
        "constraints": {**optional, "enum": list(VALUE_STATUSES)},
    }
