"""Where each field of an ATIH fixed-width file stands: a table of data, one row per field, file and year."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.problems import ProblemLog

__all__ = ["FILE_TYPES", "LAYOUT_FILE", "FileType", "Layout", "LayoutField", "layouts_of", "types_of_length"]

LAYOUT_FILE = Path(__file__).with_name("atih_layouts.csv")
"""The package's table of layouts; a new year is rows added to it (or to a file of the region's own)."""

_COLUMNS = ("file_type", "record", "year", "field", "label", "start", "end", "kind", "decimals", "role", "status")
_AMOUNTS = ("purchase", "unit_purchase")
_NEEDED = ("finess", "product", "quantity")
_WHEN = ({"use_date"}, {"use_year", "use_month"})
_ROLES = {
    *("finess", "site", "benefit_type", "file_year", "file_month", "stays", "product", "quantity", "fraction"),
    *("purchase", "unit_purchase", "unit_tariff", "billed", "use_year", "use_month", "use_date", "indication"),
    *("record", ""),
}


@dataclass(frozen=True)
class FileType:
    """A kind of ATIH file.

    Parameters
    ----------
    name
        Name in the campaign file and in the table of layouts.
    label
        French description.
    kinds
        ``drug`` or ``device`` by letter of record (the empty letter when all lines are alike).
    date_basis
        Which date ranges a line in its month.
    """

    name: str
    label: str
    kinds: dict[str, str]
    date_basis: str


FILE_TYPES: dict[str, FileType] = {
    one.name: one
    for one in (
        FileType("rsa_med", "MCO, médicaments (sortie)", {"": "drug"}, "administration"),
        FileType("rum_med", "MCO, médicaments (entrée)", {"": "drug"}, "administration"),
        FileType("rsa_dmi", "MCO, dispositifs (sortie)", {"": "device"}, "administration"),
        FileType("rum_dmi", "MCO, dispositifs (entrée)", {"": "device"}, "administration"),
        FileType("rapss_med", "HAD, médicaments", {"": "drug"}, "administration"),
        FileType("rha_med", "SMR, médicaments", {"": "drug"}, "administration"),
        FileType("rafael", "factures du secteur privé", {"H": "drug", "P": "device"}, "care"),
    )
}


@dataclass(frozen=True)
class LayoutField:
    """One field of a line.

    Parameters
    ----------
    name, label
        Name and description of ATIH.
    start, end
        First and last position, from 1, both included.
    kind
        ``number`` or ``text``.
    decimals
        Number of decimals that a number carries without a point (3: thousandths).
    role
        What the reader does with it; empty when it is only checked.
    status
        ``published`` by ATIH; ``to_confirm`` (positions published, decimals not); ``inferred`` (positions deduced).
    """

    name: str
    label: str
    start: int
    end: int
    kind: str
    decimals: int
    role: str
    status: str

    @property
    def place(self) -> str:
        """Name and positions, as messages print them."""
        positions = f"position {self.start}" if self.start == self.end else f"positions {self.start}-{self.end}"
        return f"{self.name}, {positions}"


@dataclass(frozen=True)
class Layout:
    """The layout of one kind of line in one year.

    Parameters
    ----------
    file_type, record, year
        What it is the layout of; ``record`` is empty when all lines of the file are alike.
    fields
        Its fields, in order of position.
    """

    file_type: str
    record: str
    year: int
    fields: tuple[LayoutField, ...]

    @property
    def length(self) -> int:
        """Number of positions of a line."""
        return self.fields[-1].end

    @property
    def kind(self) -> str:
        """``drug`` or ``device``."""
        return FILE_TYPES[self.file_type].kinds[self.record]

    def role(self, role: str) -> LayoutField | None:
        """Return the field that has a role, if this layout has one."""
        return next((field for field in self.fields if field.role == role), None)

    def has(self, role: str) -> bool:
        """Say whether a field has this role."""
        return self.role(role) is not None


def layouts_of(file_type: str, year: int, extra: Path | None = None) -> dict[str, Layout]:
    """Return the layouts of a file, by letter of record.

    Parameters
    ----------
    file_type
        One of :data:`FILE_TYPES`.
    year
        Year of the file.
    extra
        A region's own table of layouts, with the same columns; its layouts come before the package's.

    Raises
    ------
    SourceError
        ``FICHIER_ATIH_INCONNU``, ``ANNEE_SANS_DISPOSITION`` (it names the years known and the file to extend), or the
        problems of ``extra``.

    Examples
    --------
    >>> layouts_of("rsa_med", 2021)[""].role("purchase").place
    'PRIX, positions 74-83'
    """
    if file_type not in FILE_TYPES:
        raise SourceError.of(
            "FICHIER_ATIH_INCONNU",
            "ce type de fichier de l'ATIH n'est pas connu.",
            f"Écrire l'un de ceux-ci dans file_type : {', '.join(FILE_TYPES)}.",
            column="file_type",
            value=file_type,
        )
    known = dict(_package_layouts())
    if extra is not None:
        known |= _read(Path(extra))
    found = {record: layout for (name, record, when), layout in known.items() if (name, when) == (file_type, year)}
    if not found:
        years = sorted({when for name, _, when in known if name == file_type})
        raise SourceError.of(
            "ANNEE_SANS_DISPOSITION",
            f"la disposition du fichier {file_type} n'est pas connue pour {year} ; années connues : {_spans(years)}.",
            "Ajouter à caqes_analysis/sources/atih_layouts.csv (ou à votre fichier, nommé par layouts) une ligne par "
            f"champ de {year} ; si rien n'a changé depuis {years[-1]}, recopier ses lignes avec la nouvelle année.",
            column="year",
            value=str(year),
        )
    return found


def types_of_length(length: int) -> list[str]:
    """Return the files and years whose lines have this length, for messages (« rsa_dmi 2017-2021 »)."""
    years: dict[str, list[int]] = {}
    for (name, record, when), layout in _package_layouts().items():
        if layout.length == length:
            years.setdefault(f"{name} {record}".strip(), []).append(when)
    return [f"{name} ({_spans(sorted(when))})" for name, when in years.items()]


def _spans(years: list[int]) -> str:
    """Return years as spans: « 2011-2014, 2016 »."""
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


@cache
def _package_layouts() -> dict[tuple[str, str, int], Layout]:
    return _read(LAYOUT_FILE)


def _read(path: Path) -> dict[tuple[str, str, int], Layout]:
    log = ProblemLog(path.name)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failure:
        raise SourceError.of(
            "DISPOSITIONS_ILLISIBLES",
            f"cette table de dispositions ne se lit pas ({failure}).",
            "Vérifier le chemin ; l'enregistrer en CSV UTF-8 avec des points-virgules.",
            file=path.name,
        ) from failure
    reader = csv.DictReader(text.splitlines(), delimiter=";")
    if absent := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
        raise SourceError.of(
            "COLONNE_ABSENTE",
            f"il manque des colonnes à cette table de dispositions : {', '.join(absent)}.",
            "Reprendre l'en-tête de caqes_analysis/sources/atih_layouts.csv.",
            file=path.name,
            line=1,
        )
    grouped: dict[tuple[str, str, int], list[LayoutField]] = {}
    for line, row in enumerate(reader, start=2):
        try:
            field = LayoutField(
                row["field"],
                row["label"],
                int(row["start"]),
                int(row["end"]),
                row["kind"],
                int(row["decimals"] or 0),
                row["role"],
                row["status"],
            )
            key = row["file_type"], row["record"], int(row["year"])
        except (TypeError, ValueError) as failure:
            log.add(_row_problem(line, f"ses nombres ne se lisent pas ({failure})"))
            continue
        if wrong := _wrong(field, key):
            log.add(_row_problem(line, wrong))
        grouped.setdefault(key, []).append(field)
    found = {}
    for key, fields in grouped.items():
        found[key] = Layout(*key, tuple(sorted(fields, key=lambda one: one.start)))
        if wrong := _incomplete(found[key]):
            log.add(_row_problem(None, f"{' '.join(map(str, key))} : {wrong}"))
    log.raise_if_any()
    return found


def _wrong(field: LayoutField, key: tuple[str, str, int]) -> str | None:
    if key[0] not in FILE_TYPES or key[1] not in FILE_TYPES[key[0]].kinds:
        return f"fichier ou enregistrement inconnu ({key[0]} {key[1]})"
    if not 1 <= field.start <= field.end:
        return f"positions impossibles ({field.start}-{field.end})"
    if field.kind not in ("text", "number") or field.role not in _ROLES:
        return f"type ou rôle inconnu ({field.kind}, {field.role})"
    if field.kind == "number" and field.end - field.start >= 15:
        return "un nombre a 15 positions au plus"
    return None


def _incomplete(layout: Layout) -> str | None:
    ends = [0, *(field.end for field in layout.fields)]
    for field, before in zip(layout.fields, ends, strict=False):
        if field.start != before + 1:
            return f"le champ {field.name} commence en {field.start}, le précédent finit en {before}"
    roles = {field.role for field in layout.fields}
    if missing := [role for role in _NEEDED if role not in roles]:
        return f"aucun champ n'a le rôle {', '.join(missing)}"
    if not roles & set(_AMOUNTS):
        return "aucun champ n'a le rôle purchase ou unit_purchase"
    if not any(when <= roles for when in _WHEN):
        return "aucun champ ne donne le mois (use_date, ou use_year et use_month)"
    return None


def _row_problem(line: int | None, what: str) -> Problem:
    return Problem(
        "DISPOSITION_INVALIDE",
        f"ligne de disposition inutilisable : {what}.",
        "La corriger ; docs/methods/atih.md décrit chaque colonne.",
        line=line,
    )
