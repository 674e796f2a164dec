"""Columns whose header is blank: harmless when they are empty, a loss when they hold numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from caqes_analysis.errors import Problem

__all__ = ["UNNAMED", "unnamed_columns", "unnamed_texts"]

UNNAMED = "sans nom"
"""What a column without a name is called, after its number."""

_NUMBER = re.compile(r"[-+\u2212]?[0-9][0-9 \u00a0\u202f.,]*(?:€|%)?")


def unnamed_columns(
    header: Sequence[Any], header_line: int, rows: Iterable[tuple[int, Sequence[Any]]]
) -> list[Problem]:
    """Return the columns of numbers that have no name: nothing says what they are, and they would not be read.

    Parameters
    ----------
    header
        Names of the columns.
    header_line
        Line of the header.
    rows
        Line and cells of each row of data.

    Examples
    --------
    >>> [problem.column for problem in unnamed_columns(["finess", "", ""], 1, [(2, ["330781196", "12,50", ""])])]
    ['2']
    """
    blank = [place for place, name in enumerate(header) if not str(name).strip()]
    first: dict[int, tuple[int, str]] = {}
    for line, row in rows:
        for place in blank:
            cell = str(row[place]).strip() if place < len(row) else ""
            if place not in first and _NUMBER.fullmatch(cell):
                first[place] = (line, cell)
    return [
        Problem(
            "COLONNE_SANS_NOM",
            f"cette colonne n'a pas de nom et contient des nombres (ligne {line} : {cell}) : elle ne serait pas lue, "
            "ou l'en-tête est décalé.",
            "Lui rendre son nom à la source, ou la retirer.",
            line=header_line,
            column=str(place + 1),
        )
        for place, (line, cell) in sorted(first.items())
    ]


def unnamed_texts(header: Sequence[Any], rows: Iterable[tuple[int, Sequence[Any]]]) -> list[str]:
    """Return, in words, the columns of texts that have no name.

    Parameters
    ----------
    header, rows
        As for :func:`unnamed_columns`.

    Examples
    --------
    >>> unnamed_texts(["finess", ""], [(2, ["330781196", "CHU"])])
    ['colonne 2, sans nom']
    """
    filled = {place for _, row in rows for place, cell in enumerate(row) if str(cell).strip()}
    return [
        f"colonne {place + 1}, {UNNAMED}"
        for place, name in enumerate(header)
        if place in filled and not str(name).strip()
    ]
