"""Files of records without a header line, as public bodies publish them: each position has a fixed meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.encoding import decode
from caqes_analysis.sources.files import open_content
from caqes_analysis.sources.grids import Grid, csv_rows
from caqes_analysis.sources.problems import ProblemLog

__all__ = ["Record", "check_shapes", "grid_of", "read_records"]

Record = tuple[int, list[str]]
"""Line of the file, and its cells."""


def read_records(path: Path, *, separator: str, quoted: bool) -> tuple[list[Record], bool]:
    """Read the records of a file (CSV or text, alone or in a ZIP), blank lines left out.

    Parameters
    ----------
    path
        The file; its encoding (UTF-8 or Windows-1252) is told by its content.
    separator
        What separates the positions.
    quoted
        True when a text may stand between quotation marks; False when a quotation mark is a character like others.

    Returns
    -------
    records, ends_without_newline

    Raises
    ------
    SourceError
        What makes the whole file unreadable: absent, empty, encoding, quotation mark never closed.
    """
    path = Path(path)
    with open_content(path) as stream:
        data = stream.read()
    text, _ = decode(data, path.name)
    rows = csv_rows(text, path.name, separator=separator) if quoted else _plain(text, separator)
    records = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
    if not records:
        raise SourceError.of(
            "FICHIER_SANS_LIGNE",
            "le fichier n'a que des lignes vides.",
            "Le télécharger de nouveau.",
            file=path.name,
        )
    return records, not data.endswith((b"\n", b"\r"))


def _plain(text: str, separator: str) -> Iterator[Record]:
    for line, content in enumerate(text.split("\n"), 1):
        yield line, content.removesuffix("\r").split(separator)


def grid_of(
    file: str,
    records: Sequence[Record],
    columns: Sequence[str],
    log: ProblemLog,
    *,
    least: int | None = None,
    ends_without_newline: bool = False,
    wrong: Mapping[str, str] | None = None,
) -> Grid:
    """Return records of one layout as a table, every record that has another number of positions said.

    Parameters
    ----------
    file
        Name of the file.
    records
        Its records.
    columns
        Names of the positions, in order.
    log
        Takes the problems.
    least
        Fewest positions allowed when the last ones may be left out; by default all are needed.
    ends_without_newline
        True when the last line of the file has no end of line: when it is short, it is truncated.
    wrong
        Names of the separators that a wrong export uses, to say so rather than list every line.
    """
    least = least or len(columns)
    kept: list[Record] = []
    last = records[-1][0] if records else 0
    if records and all(len(row) == 1 for _, row in records) and len(columns) > 1:
        line, row = records[0]
        found = next((name for mark, name in (wrong or {}).items() if mark in row[0]), None)
        log.add(
            Problem(
                "SEPARATEUR",
                f"le séparateur du fichier semble être {found}."
                if found
                else "le séparateur attendu ne s'y trouve pas.",
                "Redonner le fichier tel qu'il a été téléchargé, sans passer par un tableur.",
                line=line,
                value=row[0],
            )
        )
        return Grid(file, (), {name: [] for name in columns}, {name: name for name in columns})
    for line, row in records:
        extra = any(cell.strip() for cell in row[len(columns) :])
        if least <= len(row) and not extra:
            kept.append((line, [*row, *[""] * (len(columns) - len(row))]))
            continue
        truncated = line == last and ends_without_newline and len(row) < least
        log.add(
            Problem(
                "DERNIERE_LIGNE_TRONQUEE" if truncated else "NB_CHAMPS",
                f"cette ligne a {len(row)} champs au lieu de {len(columns)}"
                + (" : le fichier est tronqué." if truncated else "."),
                "Télécharger de nouveau le fichier."
                if truncated
                else "Vérifier que c'est bien ce fichier-là, et le redonner tel qu'il a été téléchargé.",
                line=line,
            )
        )
    return Grid(
        file,
        tuple(line for line, _ in kept),
        {name: [row[place] for _, row in kept] for place, name in enumerate(columns)},
        {name: name for name in columns},
        ends_without_newline=ends_without_newline,
    )


def check_shapes(grid: Grid, shapes: Mapping[str, re.Pattern[str]], log: ProblemLog) -> None:
    """Refuse a file whose positions do not hold what their names say: columns were exchanged, or one was inserted.

    Parameters
    ----------
    grid
        The records.
    shapes
        By position, how its text begins. Official files have exceptions: a position is refused when most of its cells
        are otherwise.
    log
        Takes ``COLONNES_ECHANGEES``, one per position, at the first cell of another shape.
    """
    for name, shape in shapes.items():
        filled = [(line, cell) for line, cell in zip(grid.lines, grid.cells[name], strict=True) if cell.strip()]
        odd = [(line, cell) for line, cell in filled if not shape.match(cell.strip())]
        if 2 * len(odd) > len(filled):
            line, cell = odd[0]
            log.add(
                Problem(
                    "COLONNES_ECHANGEES",
                    "la plupart des cellules de cette position n'ont pas la forme attendue : des colonnes ont été "
                    "échangées ou décalées.",
                    "Redonner le fichier tel qu'il a été téléchargé.",
                    line=line,
                    column=name,
                    value=cell,
                    count=len(odd),
                )
            )
