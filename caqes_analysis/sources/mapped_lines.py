"""The lines of a region's own table: which are data, which are totals or notes, and cells that hang from above."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import parse_text
from caqes_analysis.sources.column_mapping import ColumnMapping
from caqes_analysis.sources.grids import width_problem
from caqes_analysis.sources.mapped_header import Header, begins_with
from caqes_analysis.sources.odd_lines import grouped, odd_line
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.raw_tables import RawTable
from caqes_analysis.sources.unnamed_columns import unnamed_columns
from caqes_analysis.sources.workbooks import merged_cell_problem
from caqes_analysis.tables import FINESS_PATTERN

__all__ = ["Lines", "cut_value", "kept_lines"]

_FINESS = re.compile(FINESS_PATTERN)
_ODD_WIDTH = (
    "Vérifier les séparateurs de cette ligne ; une ligne de note se déclare dans notes (correspondance de colonnes)."
)


@dataclass(frozen=True)
class Lines:
    """The lines of data of a table, and what was left aside.

    Parameters
    ----------
    numbers
        Line of the file of each.
    cells
        Cells of each, merged ones filled.
    totals, notes
        Lines dropped, by number, with the words that told them.
    grand_total
        Line and cells of the line that adds all up, if there is one.
    """

    numbers: tuple[int, ...]
    cells: tuple[list[Any], ...]
    totals: tuple[tuple[int, str], ...] = ()
    notes: tuple[tuple[int, str], ...] = ()
    grand_total: tuple[int, list[Any]] | None = None


def kept_lines(table: RawTable, header: Header, mapping: ColumnMapping, log: ProblemLog) -> Lines:
    """Sort the lines under the header.

    Parameters
    ----------
    table, header, mapping
        The table, its header and its mapping.
    log
        Takes lines of another width, and formulas in cells that are read.
    """
    numbers, cells, totals, notes = [], [], [], []
    grand: tuple[int, list[Any]] | None = None
    above: dict[int, Any] = {}
    hanging = {header.keys[part] for part in mapping.merged if part in header.keys}
    by_ranges = {
        place for place in hanging if any(column == place for row, column in table.merged if row >= header.line)
    }
    last = table.rows[-1][0]
    columns = _columns(header)
    labels = {name: label for name, (_, label) in columns.items()}
    odd: list[Problem] = []
    read = {*header.keys.values(), *(column.place for column in header.values)}
    for line, row in table.rows:
        if line <= header.line or not any(str(cell).strip() for cell in row):
            continue
        padded = [*row, *[""] * (header.width - len(row))]
        texts = _telling_texts(padded, header)
        if (word := _first(texts, mapping.grand_total)) is not None:
            totals.append((line, word))
            grand, above = (line, padded), {}
        elif (word := _first(texts, mapping.totals)) is not None:
            totals.append((line, word))
            above = {}
        elif (note := _note(padded, header, mapping)) is not None:
            notes.append((line, note))
        elif len(row) < header.width or any(str(cell).strip() for cell in row[header.width :]):
            is_cut = table.ends_without_newline and line == last and len(row) < header.width
            log.add(width_problem(line, len(row), header.width, is_cut=is_cut, remedy=_ODD_WIDTH))
        else:
            filled = _filled(table, line, padded, hanging, by_ranges, above)
            problem = odd_line({name: filled[place] for name, (place, _) in columns.items()}, labels)
            if problem is not None:
                odd.append(problem.at(line=line))
                continue
            if table.formulas:
                _refuse_formulas(table, line, read, header, log)
            if table.merged:
                log.extend(_merged(table, line, columns.values(), hanging))
            numbers.append(line)
            cells.append(filled)
    log.extend(grouped(odd))
    log.extend(unnamed_columns(header.names, header.line, zip(numbers, cells, strict=True)))
    if not numbers and not log:
        log.add(Problem("FICHIER_SANS_LIGNE", "aucune ligne de données n'est trouvée.", "Exporter de nouveau."))
    return Lines(tuple(numbers), tuple(cells), tuple(totals), tuple(notes), grand)


def _columns(header: Header) -> dict[str, tuple[int, str]]:
    """Return the place and the label of every column that is read."""
    keys = {part: (place, header.labels[part]) for part, place in header.keys.items()}
    return keys | {f"value {column.place}": (column.place, column.label) for column in header.values}


def _telling_texts(row: list[Any], header: Header) -> list[str]:
    """The cells that may say that a line is a total: among the keys, and the unread ones when no FINESS is there.

    A line that names an establishment is never dropped for its name (« Ensemble hospitalier… »).
    """
    places = [place for part, place in header.keys.items() if part != "finess"]
    if not _FINESS.match(parse_text(row[header.keys["finess"]])):
        places = [header.keys["finess"], *places, *header.unread]
    return [row[place].strip() for place in places if isinstance(row[place], str) and row[place].strip()]


def _first(texts: Sequence[str], words: Sequence[str]) -> str | None:
    return next((text for text in texts if begins_with(text, words)), None)


def _note(row: list[Any], header: Header, mapping: ColumnMapping) -> str | None:
    if _FINESS.match(parse_text(row[header.keys["finess"]])):
        return None
    text = next(cell for cell in row if str(cell).strip())
    return str(text).strip() if begins_with(text, mapping.notes) else None


def _filled(
    table: RawTable, line: int, row: list[Any], hanging: set[int], by_ranges: set[int], above: dict[int, Any]
) -> list[Any]:
    """Fill the cells that hang from one above: as the sheet says where it does, else when they are empty."""
    filled = list(row)
    for place in hanging:
        if str(row[place]).strip():
            above[place] = row[place]
        elif place not in by_ranges or table.merged_into(line, place) is not None:
            filled[place] = above.get(place, "")
    return filled


def _merged(table: RawTable, line: int, columns: Iterable[tuple[int, str]], hanging: set[int]) -> Iterator[Problem]:
    """Yield the cells read whose value was lost in a merge that the mapping does not describe."""
    for place, label in columns:
        owner = table.merged_into(line, place)
        if owner is not None and place not in hanging and str(table.rows[owner[0] - 1][1][owner[1]]).strip():
            yield merged_cell_problem(line, label)


def _refuse_formulas(table: RawTable, line: int, read: set[int], header: Header, log: ProblemLog) -> None:
    names = {place: header.labels[part] for part, place in header.keys.items()}
    names |= {column.place: column.label for column in header.values}
    for place in sorted(read):
        if (line, place) in table.formulas:
            log.add(
                Problem(
                    "CELLULE_CALCULEE",
                    "cellule calculée : sa valeur dépend du tableur et peut être périmée.",
                    "Copier la colonne et coller les valeurs.",
                    line=line,
                    column=names[place],
                    value=table.formulas[line, place],
                )
            )


def cut_value(table: RawTable, header: Header, lines: Lines, mapping: ColumnMapping) -> list[Problem]:
    """Tell a CSV cut inside its last amount, which is still regular: only it lacks the decimals of all the others."""
    last_column = max(header.values, key=lambda column: column.place)
    if (
        not table.ends_without_newline
        or last_column.place != header.width - 1
        or last_column.measure != "amount"
        or len(lines.numbers) < 2
        or lines.numbers[-1] != table.rows[-1][0]
    ):
        return []
    *others, last = (str(row[last_column.place]).strip() for row in lines.cells)
    if mapping.amount_unit != "eur" or any(cell and cell[-3:-2] != "," for cell in others) or last[-3:-2] == ",":
        return []
    return [
        Problem(
            "DERNIERE_LIGNE_TRONQUEE",
            "la dernière ligne s'arrête au milieu d'un montant : le fichier semble tronqué.",
            "L'exporter de nouveau ; s'il est complet, ajouter un retour à la ligne à la fin.",
            line=lines.numbers[-1],
            column=last_column.label,
            value=last,
        )
    ]
