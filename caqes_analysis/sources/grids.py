"""Small tables as people send them: CSV with semicolons or XLSX, a header line, one fact a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.cells import CellError
from caqes_analysis.sources.encoding import decode
from caqes_analysis.sources.files import refuse_absent
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.odd_lines import grouped, odd_line
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.unnamed_columns import unnamed_columns, unnamed_texts
from caqes_analysis.sources.workbooks import (
    formula_cells,
    merged_cell_problem,
    merged_ranges,
    refuse_old_workbook,
    sheet_rows,
)

__all__ = ["Grid", "csv_rows", "read_grid", "width_problem"]

T = TypeVar("T")
_OTHER_SEPARATORS = {",": "la virgule", "\t": "la tabulation", "|": "la barre verticale"}


@dataclass(frozen=True)
class Grid:
    """A table as received: cells by column, and the line of each.

    Parameters
    ----------
    file
        Name of the file.
    lines
        Line of the file (row of the sheet) of each row.
    cells
        Values by expected column: texts from a CSV, texts, numbers, booleans and dates from a sheet.
    labels
        Name of each expected column as written in the file.
    ignored
        Columns that nobody expects.
    absent
        Optional columns that the file does not have.
    ends_without_newline
        True when the last line of a CSV has no end of line.
    """

    file: str
    lines: tuple[int, ...]
    cells: dict[str, list[Any]]
    labels: dict[str, str]
    ignored: tuple[str, ...] = ()
    ends_without_newline: bool = False
    absent: tuple[str, ...] = ()

    def parsed(
        self, column: str, parse: Callable[[Any], T | None], log: ProblemLog, *, required: bool = False
    ) -> list[T | None]:
        """Return a whole column parsed; cells that cannot be go to ``log`` with their line, and give None.

        Parameters
        ----------
        column
            Expected name; a column that the file does not have gives None everywhere.
        parse
            Function of one cell, which raises ``CellError``.
        log
            Takes the problems.
        required
            True when an empty cell is a problem.
        """
        if column not in self.cells:
            return [None] * len(self.lines)
        memory: dict[tuple[type, Any], T | CellError | None] = {}
        values: list[T | None] = []
        for line, cell in zip(self.lines, self.cells[column], strict=True):
            key = (type(cell), cell)
            if key not in memory:
                memory[key] = _attempt(parse, cell)
            found = memory[key]
            if isinstance(found, CellError):
                log.add(found.problem.at(line=line, column=self.labels[column], value=str(cell)))
                found = None
            elif required and found in (None, ""):
                log.add(
                    Problem(
                        "CELLULE_VIDE", "cette cellule est vide.", "La remplir.", line=line, column=self.labels[column]
                    )
                )
            values.append(found)
        return values

    def repeated(
        self,
        keys: Mapping[str, Sequence[Any]],
        *,
        code: str = "LIGNE_EN_DOUBLE",
        what: str = "ce code figure déjà",
        remedy: str = "N'en garder qu'une.",
    ) -> list[Problem]:
        """Return the lines whose key was already given by an earlier one.

        Parameters
        ----------
        keys
            Values by column, as messages name it; a line with a missing or empty value has no key.
        code, what, remedy
            Of the problem: ``what`` begins its sentence, which ends with the earlier line.
        """
        seen: dict[tuple[Any, ...], int] = {}
        found = []
        for line, *key in zip(self.lines, *keys.values(), strict=True):
            first = seen.setdefault(tuple(key), line)
            if first != line and not any(value in (None, "") for value in key):
                found.append(
                    Problem(
                        code,
                        f"{what} à la ligne {first}.",
                        remedy,
                        line=line,
                        column=", ".join(keys),
                        value=", ".join(map(str, key)),
                    )
                )
        return found


def _attempt(parse: Callable[[Any], T | None], cell: Any) -> T | CellError | None:
    try:
        return parse(cell)
    except CellError as failure:
        return failure


def read_grid(path: Path, *, required: Sequence[str], optional: Sequence[str] = (), separators: str = ";") -> Grid:
    """Read a CSV (``;``, UTF-8 or Windows-1252) or the first sheet of an XLSX.

    Parameters
    ----------
    path
        The file; its kind is told by its content.
    required, optional
        Expected columns; case, accents and punctuation of the header do not matter.
    separators
        Characters that may separate the columns of a CSV: the one that its first line holds most is taken.

    Raises
    ------
    SourceError
        With all that is wrong in the structure: encoding, separator, columns, number of fields, formulas.
    """
    path = Path(path)
    refuse_absent(path)
    with path.open("rb") as stream:
        head = stream.read(4)
    refuse_old_workbook(head, path.name)
    if head[:2] == b"PK":
        return _from_workbook(path, required, optional)
    return _from_csv(path, required, optional, separators)


def _from_csv(path: Path, required: Sequence[str], optional: Sequence[str], separators: str) -> Grid:
    data = path.read_bytes()
    text, _ = decode(data, path.name)
    head = text.lstrip().partition("\n")[0]
    rows = csv_rows(text, path.name, separator=max(separators, key=head.count))
    log = ProblemLog(path.name)
    header_line, header = next(((line, row) for line, row in rows if any(cell.strip() for cell in row)), (1, []))
    if not header:
        raise SourceError.of(
            "FICHIER_SANS_LIGNE", "le fichier n'a que des lignes vides.", "L'exporter de nouveau.", file=path.name
        )
    if len(header) == 1 and len(required) > 1 and any(mark in header[0] for mark in _OTHER_SEPARATORS):
        raise SourceError(_separator_problem(header[0], header_line).at(file=path.name))
    places, ignored = _columns(header, header_line, required, optional, log)
    width = len(header)
    body = []
    last = rows[-1][0] if rows else 0
    cut_short = not data.endswith((b"\n", b"\r"))
    for line, row in rows:
        if line <= header_line or not any(cell.strip() for cell in row):
            continue
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            log.add(width_problem(line, len(row), width, is_cut=cut_short and line == last))
        else:
            body.append((line, row))
    absent = [name for name in optional if name not in places]
    return _grid(
        path.name, body, places, ignored, header, header_line, log, absent=absent, ends_without_newline=cut_short
    )


def csv_rows(text: str, file: str, *, separator: str = ";") -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV, each with the line on which it begins.

    Parameters
    ----------
    text
        The decoded content.
    file
        Name of the file, for messages.
    separator
        What separates the fields.

    Raises
    ------
    SourceError
        ``GUILLEMET_NON_FERME``.
    """
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as failure:
        raise SourceError.of(
            "GUILLEMET_NON_FERME",
            f"un guillemet est mal placé ou n'est pas fermé à partir de cette ligne ({failure}).",
            "Doubler ou retirer le guillemet, ou exporter de nouveau.",
            file=file,
            line=line,
        ) from failure
    return rows


def _separator_problem(header: str, line: int) -> Problem:
    found = max(_OTHER_SEPARATORS, key=header.count)
    return Problem(
        "SEPARATEUR",
        f"le séparateur attendu est le point-virgule ; celui du fichier semble être {_OTHER_SEPARATORS[found]}.",
        "Exporter de nouveau en CSV avec le point-virgule.",
        line=line,
        value=header[:80],
    )


def width_problem(
    line: int,
    found: int,
    width: int,
    *,
    is_cut: bool,
    remedy: str = "Vérifier les points-virgules de cette ligne ; un texte qui en contient s'écrit entre guillemets.",
) -> Problem:
    """Return the problem of a line that has not as many fields as its header.

    Parameters
    ----------
    line
        Line of the file.
    found, width
        Number of fields of the line, and of the header.
    is_cut
        True for a last line without end: when it is too short, the file is truncated.
    remedy
        What to do of any other line.
    """
    if is_cut and found < width:
        return Problem(
            "DERNIERE_LIGNE_TRONQUEE",
            f"la dernière ligne s'arrête au champ {found} sur {width} : le fichier est tronqué.",
            "L'exporter ou le télécharger de nouveau : la fin manque.",
            line=line,
        )
    return Problem("NB_CHAMPS", f"cette ligne a {found} champs au lieu de {width}.", remedy, line=line)


def _columns(
    header: Sequence[Any], line: int, required: Sequence[str], optional: Sequence[str], log: ProblemLog
) -> tuple[dict[str, int], list[str]]:
    plain = [plain_name(str(name)) for name in header]
    expected = [*required, *optional]
    for name in expected:
        if plain.count(name) > 1:
            log.add(
                Problem(
                    "COLONNE_EN_DOUBLE",
                    "cette colonne figure deux fois.",
                    "N'en garder qu'une.",
                    line=line,
                    column=name,
                )
            )
    others = [name for name in plain if name and name not in expected]
    for name in required:
        if name not in plain:
            near = get_close_matches(name, others, n=1, cutoff=0.6)
            hint = f" La colonne « {near[0]} » est peut-être celle-ci." if near else ""
            log.add(
                Problem(
                    "COLONNE_ABSENTE",
                    "cette colonne est attendue.",
                    f"L'ajouter à la première ligne ; colonnes lues : {', '.join(expected)}.{hint}",
                    line=line,
                    column=name,
                )
            )
    places = {name: plain.index(name) for name in expected if name in plain}
    ignored = [str(name).strip() for name, bare in zip(header, plain, strict=True) if bare and bare not in expected]
    return places, ignored


def _grid(
    file: str,
    body: Sequence[tuple[int, Sequence[Any]]],
    places: dict[str, int],
    ignored: Sequence[str],
    header: Sequence[Any],
    header_line: int,
    log: ProblemLog,
    *,
    absent: Sequence[str] = (),
    ends_without_newline: bool = False,
) -> Grid:
    labels = {name: str(header[place]).strip() for name, place in places.items()}
    log.extend(unnamed_columns(header, header_line, body))
    odd = {line: odd_line({name: row[place] for name, place in places.items()}, labels) for line, row in body}
    log.extend(grouped(problem.at(line=line) for line, problem in odd.items() if problem is not None))
    if not log and not body:
        log.add(Problem("FICHIER_SANS_LIGNE", "le fichier n'a que son en-tête.", "L'exporter de nouveau.", line=1))
    log.raise_if_any()
    return Grid(
        file,
        tuple(line for line, _ in body),
        {name: [row[place] for _, row in body] for name, place in places.items()},
        labels,
        (*ignored, *unnamed_texts(header, body)),
        ends_without_newline,
        tuple(absent),
    )


def _from_workbook(path: Path, required: Sequence[str], optional: Sequence[str]) -> Grid:
    rows, sheet = sheet_rows(path)
    log = ProblemLog(path.name)
    header_line, header = next(((line, row) for line, row in rows if any(str(cell).strip() for cell in row)), (1, []))
    if not header:
        raise SourceError.of(
            "FICHIER_SANS_LIGNE",
            "la première feuille est vide.",
            "Mettre le tableau dans la première feuille.",
            file=path.name,
        )
    places, ignored = _columns(header, header_line, required, optional, log)
    names = {place: str(header[place]).strip() for place in places.values()}
    for (row, place), owner in merged_ranges(path, sheet).items():
        if row >= header_line and place in names and str(rows[owner[0]][1][owner[1]]).strip():
            log.add(merged_cell_problem(row + 1, names[place]))
    for line, place, formula in formula_cells(path, sheet):
        if line >= header_line and place in names:
            log.add(
                Problem(
                    "CELLULE_CALCULEE",
                    "cellule calculée : sa valeur dépend du tableur et peut être périmée.",
                    "Copier la colonne et coller les valeurs.",
                    line=line,
                    column=names[place],
                    value=formula,
                )
            )
    body = [(line, row) for line, row in rows if line > header_line and any(str(cell).strip() for cell in row)]
    absent = [name for name in optional if name not in places]
    return _grid(path.name, body, places, ignored, header, header_line, log, absent=absent)
