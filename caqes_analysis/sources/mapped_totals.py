"""The totals that a region's own table writes, compared with its values: line by line, and at its foot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from caqes_analysis import french
from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import CellError
from caqes_analysis.sources.column_mapping import ColumnMapping
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.mapped_cells import value_parser
from caqes_analysis.sources.mapped_header import Header
from caqes_analysis.sources.mapped_lines import Lines
from caqes_analysis.sources.problems import ProblemLog

__all__ = ["check_grand_total", "check_line_totals"]

_DIGIT = re.compile(r"[0-9]")
_ROUNDING_EUR: Final = Decimal("0.01")
"""What each value in thousands of euros may lose when a total in thousands is rounded apart from its parts."""


def check_grand_total(header: Header, lines: Lines, grid: Grid, mapping: ColumnMapping) -> list[Problem]:
    """Compare each sum of the line that adds all up with the lines themselves, to the cent.

    Parameters
    ----------
    header, lines, mapping
        The table, sorted.
    grid
        Its cells, by column.
    """
    if lines.grand_total is None:
        return []
    number, row = lines.grand_total
    problems = []
    for column in header.values:
        parse = value_parser(mapping, column.measure)
        try:
            announced = parse(row[column.place])
            values = [parse(cell) for cell in grid.cells[f"value {column.place}"]]
        except CellError:
            continue  # a cell that cannot be read is told where it stands
        found = sum((value for value in values if value is not None), Decimal(0))
        if announced is not None and announced != found:
            problems.append(
                Problem(
                    "TOTAL_DU_FICHIER",
                    "cette ligne annonce un total que les lignes ne font pas "
                    f"(elles font {_shown(found, {column.measure})}).",
                    "Demander un nouvel envoi : une ligne manque, est en trop ou a été changée.",
                    line=number,
                    column=column.label,
                    value=str(row[column.place]).strip(),
                )
            )
    return problems


def check_line_totals(header: Header, lines: Lines, mapping: ColumnMapping) -> list[Problem]:
    """Compare the total that each line writes with the values of the line.

    Parameters
    ----------
    header, lines, mapping
        The table, sorted. Nothing is compared when it has several columns of totals, several measures, or columns of
        numbers that the mapping leaves unread: nothing then says what the total is the sum of.

    Examples
    --------
    A line « 10,00 €;5,00 €;Total 16,00 € » is refused (``TOTAL_DE_LIGNE``): two columns were exchanged, or a digit
    changed.
    """
    measures = {column.measure for column in header.values}
    others = [place for place in header.unread if place not in header.total_places]
    if len(header.total_places) != 1 or len(measures) != 1:
        return []
    if any(_DIGIT.match(str(row[place]).strip()) for row in lines.cells for place in others):
        return []
    parse = value_parser(mapping, next(iter(measures)))
    (place,) = header.total_places
    tolerance = Decimal(0) if mapping.amount_unit == "eur" else _ROUNDING_EUR * len(header.values)
    log = ProblemLog("")
    for line, row in zip(lines.numbers, lines.cells, strict=True):
        announced, found = _sums(row, place, [column.place for column in header.values], parse)
        if announced is not None and abs(announced - found) > tolerance:
            log.add(
                Problem(
                    "TOTAL_DE_LIGNE",
                    f"cette ligne annonce un total que ses valeurs ne font pas (elles font {_shown(found, measures)}).",
                    "Demander un nouvel envoi : une valeur a été changée, ou deux colonnes échangées.",
                    line=line,
                    column=header.totals[0],
                    value=str(row[place]).strip(),
                )
            )
    return log.problems()


def _sums(
    row: Sequence[Any], total: int, places: Sequence[int], parse: Callable[[Any], Decimal | None]
) -> tuple[Decimal | None, Decimal]:
    try:
        return parse(row[total]), sum((parse(row[place]) or Decimal(0) for place in places), Decimal(0))
    except CellError:  # a cell that cannot be read is told where it stands
        return None, Decimal(0)


def _shown(value: Decimal, measures: set[str]) -> str:
    return french.euros(value, cents=True) if "amount" in measures else french.number(value, 3)
