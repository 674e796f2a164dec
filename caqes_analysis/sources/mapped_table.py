"""Monthly spending, activity and LPP by code from a region's own tables, as a column mapping describes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.envelopes import ENVELOPES, Envelope
from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import parse_finess
from caqes_analysis.sources.column_mapping import MEASURES, ColumnMapping
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.mapped_cells import Period, item_parser, parse_period, parse_year, value_parser
from caqes_analysis.sources.mapped_findings import absent_columns, header_findings, line_findings, value_findings
from caqes_analysis.sources.mapped_header import Header, ValueColumn, read_header
from caqes_analysis.sources.mapped_lines import Lines, cut_value, kept_lines
from caqes_analysis.sources.mapped_totals import check_grand_total, check_line_totals
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.raw_tables import RawTable, read_raw
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["read_mapped"]

_TABLES = {"monthly_spend": tables.MONTHLY_SPEND, "activity": tables.ACTIVITY, "lpp_spend": tables.LPP_SPEND}
_VALUES = {
    "monthly_spend": {"amount": "amount_eur", "quantity": "quantity_nb"},
    "activity": {"count": "count_nb"},
    "lpp_spend": {"amount": "amount_eur", "quantity": "quantity_nb"},
}
_ITEMS = {"monthly_spend": "envelope", "activity": "activity", "lpp_spend": "lpp"}


def read_mapped(
    path: Path,
    mapping: ColumnMapping,
    *,
    delivery: str,
    amount_kind: str | None = None,
    date_basis: str | None = None,
    tax: str | None = None,
    envelopes: tuple[Envelope, ...] = ENVELOPES,
    provisional_from: date | None = None,
    as_of: date | None = None,
) -> Received:
    """Read a table laid out as a column mapping says, CSV or XLSX.

    Parameters
    ----------
    path
        The file.
    mapping
        Its layout, and the tidy table that it fills.
    delivery
        Identifier of the delivery.
    amount_kind, date_basis, tax
        What the amounts of ``monthly_spend`` are; the other tables do without.
    envelopes
        The envelopes known.
    provisional_from
        First month that may still be completed.
    as_of
        Month of the delivery: that of every value when the file names none, and the year of months without theirs.

    Returns
    -------
    Received
        Rows of ``monthly_spend``, ``activity`` or ``lpp_spend``, in the order of the file. What is dropped (totals,
        notes, empty columns) is counted in the findings.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    raw = read_raw(path, sheet=mapping.sheet, separator=mapping.separator)
    log = ProblemLog(raw.file)
    parse_item = item_parser(mapping, envelopes)
    header, problems = read_header(raw, mapping, parse_item=parse_item, as_of_year=as_of.year if as_of else None)
    log.extend(problems)
    if mapping.needs_as_of and as_of is None:
        log.add(_no_period())
    log.raise_if_any()
    lines = kept_lines(raw, header, mapping, log)
    grid = _grid(raw, header, lines)
    finess = grid.parsed("finess", parse_finess, log, required=True)
    items = grid.parsed("item", parse_item, log, required=True) if "item" in header.keys else None
    periods = _periods(grid, header, mapping, as_of, log)
    empty = [column for column in header.values if _is_empty(grid, column, header.values, mapping)]
    blocks = []
    for column in header.values:
        values = grid.parsed(f"value {column.place}", value_parser(mapping, column.measure), log)
        if column in empty:
            continue
        blocks.append(_block(column, grid, finess, items, periods, values, mapping))
    facts = _facts(blocks, mapping)
    log.extend(_duplicates(grid, facts, mapping))
    log.extend(cut_value(raw, header, lines, mapping))
    wrong = check_line_totals(header, lines, mapping)
    # A line that is wrong makes the foot of the table wrong too: it is told once, where it is.
    log.extend(wrong or check_grand_total(header, lines, grid, mapping))
    log.raise_if_any()
    rows = _conform(facts, mapping, delivery, amount_kind, date_basis, tax, provisional_from)
    findings = (
        value_findings(delivery, facts, MEASURES[mapping.table][0], grid)
        + header_findings(delivery, header, [column.label for column in empty])
        + absent_columns(delivery, header, mapping)
        + line_findings(delivery, raw, lines)
    )
    described = delivery_row(
        path, delivery=delivery, period=_span(facts), rows_nb=len(rows), lines_nb=len(lines.numbers)
    )
    return Received(rows, findings, described)


def _no_period() -> Problem:
    return Problem(
        "PERIODE_INCONNUE",
        "ni le fichier ni la campagne ne disent de quel mois sont ces valeurs.",
        "Ajouter as_of (AAAA-MM) à la source, dans la campagne.",
    )


def _grid(raw: RawTable, header: Header, lines: Lines) -> Grid:
    cells = {part: [row[place] for row in lines.cells] for part, place in header.keys.items()}
    cells |= {f"value {column.place}": [row[column.place] for row in lines.cells] for column in header.values}
    labels = header.labels | {f"value {column.place}": column.label for column in header.values}
    return Grid(raw.file, lines.numbers, cells, labels, (), raw.ends_without_newline)


def _is_empty(grid: Grid, column: ValueColumn, columns: Sequence[ValueColumn], mapping: ColumnMapping) -> bool:
    """True for a month whose column is wholly empty: the file was made for the year and is filled as it goes."""
    if "month" not in mapping.header:
        return False
    together = [other for other in columns if (other.period, other.item) == (column.period, column.item)]
    return not any(str(cell).strip() for other in together for cell in grid.cells[f"value {other.place}"])


def _periods(
    grid: Grid, header: Header, mapping: ColumnMapping, as_of: date | None, log: ProblemLog
) -> list[Period | None]:
    """Return the period that each line says, completed by its year and by the delivery."""
    forms = mapping.months
    months = grid.parsed("month", partial(parse_period, forms=forms), log, required="month" in header.keys)
    years = grid.parsed("year", parse_year, log, required="year" in header.keys)
    if mapping.needs_as_of and as_of is not None:
        is_monthly = mapping.table == "monthly_spend"
        whole = (
            Period(as_of.year, as_of.month, not is_monthly) if is_monthly or as_of.month < 12 else Period(as_of.year)
        )
        return [whole] * len(grid.lines)
    completed: list[Period | None] = []
    for line, month, year in zip(grid.lines, months, years, strict=True):
        known = year if year is not None or "year" in header.keys else (as_of.year if as_of else None)
        period = (month or Period()).completed(known)
        if month is not None and not period.is_complete and "year" not in mapping.header:
            log.add(
                Problem(
                    "ANNEE_ABSENTE",
                    "rien ne dit l'année de ce mois.",
                    "Donner as_of dans la campagne, ou une colonne year dans la correspondance de colonnes.",
                    line=line,
                    column=grid.labels["month"],
                )
            )
        completed.append(period if "month" in header.keys or "year" in header.keys else None)
    return completed


def _block(
    column: ValueColumn,
    grid: Grid,
    finess: Sequence[str | None],
    items: Sequence[str | None] | None,
    periods: Sequence[Period | None],
    values: Sequence[Any],
    mapping: ColumnMapping,
) -> pd.DataFrame:
    """One column of values as long rows."""
    said = column.period
    if said is None:
        when = list(periods)
    elif said.is_complete and said.month is None:  # the header says the year, a column may say the month
        when = [(period or Period())._replace(year=said.year) for period in periods]
    else:
        when = [said if period is None else said.completed(period.year) for period in periods]
    if items is None:
        items = [column.item or mapping.item] * len(grid.lines)
    return pd.DataFrame(
        {
            "line": list(grid.lines),
            "place": column.place,
            "measure": column.measure,
            "finess": pd.Series(list(finess), dtype=object),
            "period": pd.Series([None if p is None else p.text for p in when], dtype=object),
            "day": pd.Series([None if p is None or not p.is_complete else p.first_day for p in when], dtype=object),
            "item": pd.Series(list(items), dtype=object),
            "value": pd.Series(list(values), dtype=object),
        }
    )


def _facts(blocks: Sequence[pd.DataFrame], mapping: ColumnMapping) -> pd.DataFrame:
    """One row per establishment, period and item, with a column per measure."""
    columns = ["line", "place", "finess", "period", "day", "item"]
    if not blocks:
        return pd.DataFrame(columns=[*columns, *MEASURES[mapping.table]])
    long = pd.concat(blocks, ignore_index=True).sort_values(["line", "place"], kind="stable")
    first, *others = MEASURES[mapping.table]
    facts = long[long["measure"] == first].rename(columns={"value": first})[[*columns, first]]
    for measure in others:
        part = long[long["measure"] == measure]
        keys = ["line", "finess", "period", "item"]
        values = part.drop_duplicates(keys).set_index(keys)["value"] if len(part) else None
        found = (
            [None] * len(facts)
            if values is None
            else values.reindex(pd.MultiIndex.from_frame(facts[keys])).astype(object).tolist()
        )
        facts = facts.assign(**{measure: pd.Series(found, index=facts.index, dtype=object)})
    return facts.reset_index(drop=True)


def _duplicates(grid: Grid, facts: pd.DataFrame, mapping: ColumnMapping) -> list[Problem]:
    keys = ["finess", "period", "item"]
    known = facts.dropna(subset=keys)
    repeated = known[known.duplicated(keys)]
    if repeated.empty:
        return []
    first = known.drop_duplicates(keys).set_index(keys)["line"]
    name = {"monthly_spend": "enveloppe", "activity": "activité", "lpp_spend": "code LPP"}[mapping.table]
    return [
        Problem(
            "LIGNE_EN_DOUBLE",
            f"ce FINESS, cette période et ce nom ({name}) figurent déjà à la ligne {first[finess, period, item]}.",
            "N'en garder qu'une, ou additionner à la source.",
            line=int(line),
            column=grid.labels["finess"],
            value=f"{finess}, {period}, {item}",
        )
        for line, finess, period, item in repeated[["line", *keys]].itertuples(index=False)
    ]


def _conform(
    facts: pd.DataFrame,
    mapping: ColumnMapping,
    delivery: str,
    amount_kind: str | None,
    date_basis: str | None,
    tax: str | None,
    provisional_from: date | None,
) -> pd.DataFrame:
    table, main = _TABLES[mapping.table], MEASURES[mapping.table][0]
    status = ["missing" if value is None else "reported" if value else "zero" for value in facts[main].tolist()]
    is_late = [
        provisional_from is not None and (day.year, day.month) >= (provisional_from.year, provisional_from.month)
        if len(period) > 4 and "M" not in period
        else False
        for day, period in zip(facts["day"], facts["period"], strict=True)
    ]
    rows = facts.rename(columns=_VALUES[mapping.table] | {"item": _ITEMS[mapping.table]}).assign(
        value_status=status, is_provisional=is_late
    )
    defaults: dict[str, Any] = {"delivery": delivery, "is_corrected": False}
    if mapping.table == "monthly_spend":
        rows = rows.assign(month=rows["day"]).drop(columns="period")
        defaults |= {"amount_kind": amount_kind, "date_basis": date_basis, "tax": tax}
    conformed = table.conform(rows.drop(columns=["line", "place", "day"]), **defaults)
    return table.validate(conformed)


def _span(facts: pd.DataFrame) -> str | None:
    periods = sorted(set(facts["period"]))
    if not periods:
        return None
    return periods[0] if len(periods) == 1 else f"{periods[0]} à {periods[-1]}"
