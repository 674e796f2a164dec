"""What any small table may show: columns that are not read, a last line without end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from caqes_analysis.sources.cells import parse_text
from caqes_analysis.sources.findings import Finding
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.problems import shown
from caqes_analysis.sources.unnamed_columns import UNNAMED

__all__ = ["common_findings", "unfinished_line"]

_CENTS = re.compile(r",[0-9]{2}$")


def common_findings(delivery: str, grid: Grid) -> list[Finding]:
    """Return what any small table may show: columns that are not read, a last line without end.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    grid
        The table.
    """
    found = []
    near = {name: close for name in grid.ignored if (close := _meant(name, grid.absent))}
    if near:
        name, expected = next(iter(near.items()))
        found.append(
            Finding(
                delivery,
                "COLONNE_MAL_NOMMEE",
                "en-tête",
                "warning",
                len(near),
                shown(f"{name} : peut-être {expected}"),
                "Ce nom n'est pas connu : la colonne n'est pas lue. La renommer si c'est bien elle.",
            )
        )
    others = [name for name in grid.ignored if name not in near]
    if others:
        found.append(
            Finding(
                delivery,
                "COLONNE_IGNOREE",
                "en-tête",
                "information",
                len(others),
                shown(", ".join(others)),
                "Colonne inconnue : elle n'est pas lue." + _lacking(grid.absent),
            )
        )
    return found + unfinished_line(delivery, grid)


def _lacking(absent: Sequence[str]) -> str:
    return f" Colonnes facultatives que le fichier n'a pas : {', '.join(absent)}." if absent else ""


def _meant(name: str, absent: Sequence[str]) -> str | None:
    """Return which column that the file lacks a column that nobody expects may be."""
    if name.endswith(UNNAMED) and absent:
        return " ou ".join(absent)
    return next(iter(get_close_matches(plain_name(name), absent, n=1)), None)


def unfinished_line(delivery: str, grid: Grid) -> list[Finding]:
    """Return the finding of a file whose last line has no end, if it is one.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    grid
        The table.
    """
    if not grid.ends_without_newline:
        return []
    # A text or an amount with its cents is whole, or nearly so; a number cut short is another number.
    last = parse_text(list(grid.cells.values())[-1][-1])
    may_be_cut = last[-1:].isdigit() and not _CENTS.search(last)
    return [
        Finding(
            delivery,
            "FIN_SANS_RETOUR_DE_LIGNE",
            "dernière ligne",
            "warning" if may_be_cut else "information",
            1,
            shown(f"{last or 'cellule vide'} (ligne {grid.lines[-1]})"),
            "Le fichier ne finit pas par une fin de ligne : rien ne prouve que sa dernière valeur est entière. La "
            "comparer à l'original, puis donner sha256 ou control_total_eur dans la campagne.",
        )
    ]
