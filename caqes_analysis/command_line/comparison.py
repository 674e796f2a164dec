"""What changed between two runs, at a terminal and in files for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from caqes_analysis import french
from caqes_analysis.batch.compare import Comparison
from caqes_analysis.chapters.changes import (
    CAUSE_LABELS,
    causes_in_words,
    changes_by_table,
    largest_changes,
    verdict,
)
from caqes_analysis.code_version import HASH_LENGTH
from caqes_analysis.command_line.files import write_tables
from caqes_analysis.command_line.text import OUT, plain, typeset

__all__ = ["print_comparison", "write_comparison"]

_SHOWN_NB = 15


def print_comparison(comparison: Comparison) -> None:
    """Print what may have caused changes, the changes of each table, and the largest.

    Parameters
    ----------
    comparison
        As :func:`caqes_analysis.batch.compare.compare_runs` returns it.
    """
    OUT.print(typeset(Text(plain(verdict(comparison)), "bold")))
    _print("Ce qui diffère entre les deux exécutions", _causes(comparison.causes))
    if comparison.changes.empty:
        return
    _print("Chiffres publiés qui ont changé", _tables(comparison.changes))
    _print("Les plus grands écarts", _largest(comparison.changes))


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the causes and all the changes as CSV files that a French spreadsheet opens.

    Parameters
    ----------
    comparison
        As :func:`caqes_analysis.batch.compare.compare_runs` returns it.
    folder
        Folder of the files, made when needed.
    """
    return write_tables(folder, {"causes": comparison.causes, "ecarts": comparison.changes})


def _print(title: str, table: Table) -> None:
    if table.row_count:
        OUT.print(typeset(Text(title, "bold")))
        OUT.print(table)


def _table(**columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for header, justify in columns.items():
        table.add_column(header.replace("_", " "), justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def _causes(causes: pd.DataFrame) -> Table:
    table = _table(Cause="left", Quoi="left", Avant="left", Après="left")
    for row in causes.to_dict("records"):
        table.add_row(CAUSE_LABELS[row["cause"]], plain(row["name"]), _short(row["before"]), _short(row["after"]))
    return table


def _short(value: str | float) -> str:
    return plain(value)[:HASH_LENGTH] if isinstance(value, str) else "–"


def _tables(changes: pd.DataFrame) -> Table:
    table = _table(
        Table="left", Changés="right", Apparues="right", Disparues="right", Plus_grand="right", Causes="left"
    )
    for row in changes_by_table(changes).to_dict("records"):
        counts = [french.number(row[name], 0) for name in ("changed_nb", "appeared_nb", "disappeared_nb")]
        largest = french.percent(row["largest_pct"], 2, missing="–")
        table.add_row(row["table"], *counts, largest, causes_in_words(row["causes"]))
    return table


def _largest(changes: pd.DataFrame) -> Table:
    table = _table(Table="left", Ligne="left", Colonne="left", Avant="right", Après="right")
    for row in largest_changes(changes, _SHOWN_NB).to_dict("records"):
        table.add_row(row["table"], plain(row["row"]), row["column"], row["before"], row["after"])
    return table
