"""The form by which establishments declare indicators: an XLSX template, protected, with its instructions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field, model_validator

from caqes_analysis.errors import CaqesError, SourceError
from caqes_analysis.parameter_files import Parameters, load_parameters
from caqes_analysis.sources.cells import parse_text
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = [
    "FIRST_LINE",
    "HEADER",
    "NOT_APPLICABLE",
    "STRUCTURE_SHEET",
    "VALUES_SHEET",
    "DeclaredItem",
    "DeclaredItems",
    "Structure",
    "load_declared_items",
    "write_declared_form",
]

VALUES_SHEET = "Déclaration"
"""Sheet that the establishment fills."""

STRUCTURE_SHEET = "_structure"
"""Hidden sheet that says what the form was when it was written."""

HEADER = ("FINESS", "Établissement", "Code", "Indicateur", "Unité", "Valeur", "Preuve")
FIRST_LINE = 4
NOT_APPLICABLE = "sans objet"
_PERIOD_LINE, _HEADER_LINE = 1, 3
_WIDTHS = (12, 38, 26, 60, 14, 14, 50)
_VERSION = 1
_GUIDE = (
    "Formulaire de déclaration – indicateurs des annexes 1 et 2 du CAQES",
    "1. Ouvrir la feuille « Déclaration ». Seules les colonnes Valeur et Preuve se remplissent ; le reste est protégé.",
    "2. Valeur : un nombre, un pourcentage de 0 à 100, ou oui / non, selon l'unité indiquée.",
    "3. Écrire 0 pour un vrai zéro. Laisser vide ce qui n'est pas connu. Écrire « sans objet » quand l'indicateur ne "
    "concerne pas l'établissement.",
    "4. Preuve : le document que l'établissement tient à disposition (titre, date, page), comme le manuel des "
    "engagements le demande.",
    "5. Ne pas ajouter, supprimer ni déplacer de ligne ou de colonne ; ne pas coller de formule. Un formulaire dont la "
    "structure a changé est refusé.",
    "6. Enregistrer en .xlsx et renvoyer le classeur à l'OMEDIT.",
)


class DeclaredItem(Parameters):
    """One indicator that establishments declare.

    Parameters
    ----------
    code
        Identifier; the table ``activity`` calls it ``declared_<code>``.
    label
        Question printed on the form.
    kind
        ``count`` (whole number), ``percent`` (0 to 100) or ``yes_no``.
    unit
        Unit printed on the form.
    part_of
        Code of the count of which this one counts a part, and which it cannot exceed.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    kind: Literal["count", "percent", "yes_no"] = "count"
    unit: str = "nombre"
    part_of: str | None = None


class DeclaredItems(Parameters):
    """A file of declared indicators.

    Parameters
    ----------
    source
        Text or decision from which the list comes.
    items
        The indicators, in the order of the form.
    """

    source: str
    items: tuple[DeclaredItem, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _wholes_come_first(self) -> DeclaredItems:
        counts: set[str] = set()
        for item in self.items:
            if item.part_of is not None and (item.kind != "count" or item.part_of not in counts):
                wanted = f"partie d'un nombre déclaré avant lui (part_of : {item.part_of})"
                raise ValueError(f"« {item.code} » doit être un nombre, {wanted}")
            if item.kind == "count":
                counts.add(item.code)
        return self


def load_declared_items(path: Path) -> tuple[DeclaredItem, ...]:
    """Read a list of declared indicators (``parameters/declared/*.yml``).

    Parameters
    ----------
    path
        The YAML file.

    Raises
    ------
    CampaignError
        All its problems at once.
    """
    return load_parameters(path, DeclaredItems).items


@dataclass(frozen=True)
class Structure:
    """What a form was when it was written.

    Parameters
    ----------
    period
        Year (``2024``) or cumulative month (``2024-M09``) that is declared.
    establishments
        FINESS and name of each establishment.
    items
        The indicators.
    """

    period: str
    establishments: tuple[tuple[str, str], ...]
    items: tuple[DeclaredItem, ...]

    @property
    def lines(self) -> list[tuple[str, DeclaredItem]]:
        """FINESS and indicator of each line of the form."""
        return [(finess, item) for finess, _ in self.establishments for item in self.items]

    @property
    def title(self) -> str:
        """First line of the form."""
        return f"Indicateurs déclarés – période {self.period}"

    def protected(self) -> Iterator[tuple[int, dict[int, str]]]:
        """Yield the protected cells: line, and text by column place."""
        yield _PERIOD_LINE, {0: self.title}
        yield _HEADER_LINE, dict(enumerate(HEADER))
        names = dict(self.establishments)
        for line, (finess, item) in enumerate(self.lines, FIRST_LINE):
            yield line, {0: finess, 1: names[finess], 2: item.code, 3: item.label, 4: item.unit}

    def to_text(self) -> str:
        """Return the structure as one line of text."""
        content = {
            "version": _VERSION,
            "period": self.period,
            "establishments": [list(one) for one in self.establishments],
            "items": [item.model_dump() for item in self.items],
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    @classmethod
    def read(cls, rows: Sequence[tuple[int, list[Any]]], file: str) -> Structure:
        """Read what the hidden sheet holds.

        Raises
        ------
        SourceError
            ``FORMULAIRE_INCONNU`` when the sheet is absent, was changed, or is of another version.
        """
        cells = [parse_text(cells[0]) for _, cells in rows if cells]
        digest, text = (cells[0], "".join(cells[1:])) if cells else ("", "")
        if not text or hashlib.sha256(text.encode()).hexdigest() != digest:
            raise SourceError.of(
                "FORMULAIRE_INCONNU",
                "ce classeur n'est pas un formulaire de déclaration, ou sa structure cachée a été changée.",
                "Reprendre le formulaire d'origine : la feuille Déclaration ne se copie pas dans un autre classeur.",
                file=file,
            )
        content = json.loads(text)
        if content["version"] != _VERSION:
            raise SourceError.of(
                "FORMULAIRE_INCONNU",
                f"ce formulaire est de la version {content['version']} ; la version lue est {_VERSION}.",
                "Le lire avec la version de l'outil qui l'a écrit, ou en envoyer un nouveau.",
                file=file,
            )
        return cls(
            content["period"],
            tuple((finess, name) for finess, name in content["establishments"]),
            tuple(DeclaredItem(**item) for item in content["items"]),
        )


def write_declared_form(
    path: Path, establishments: pd.DataFrame, items: Sequence[DeclaredItem], *, period: str
) -> Path:
    """Write the form that establishments fill; the same arguments give the same bytes.

    Parameters
    ----------
    path
        XLSX file to write; replaced whole.
    establishments
        ``finess`` and ``name``: one establishment for a form of its own, several for a form filled by the region.
    items
        The indicators (see :func:`load_declared_items`).
    period
        Year (``2024``) or cumulative month (``2024-M09``).

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    CaqesError
        ``FORMULAIRE_VIDE`` without establishment or indicator, ``FORMULAIRE_DOUBLON`` when one is there twice.
    """
    known = tuple(zip(establishments["finess"].astype(str), establishments["name"].map(parse_text), strict=True))
    codes = [item.code for item in items]
    if not known or not codes:
        raise CaqesError.of(
            "FORMULAIRE_VIDE", "un formulaire demande un établissement et un indicateur.", "Compléter la liste."
        )
    if len({finess for finess, _ in known}) < len(known) or len(set(codes)) < len(codes):
        raise CaqesError.of(
            "FORMULAIRE_DOUBLON", "un établissement ou un indicateur figure deux fois.", "N'en garder qu'un."
        )
    structure = Structure(period, known, tuple(items))
    book = Workbook()
    guide, form, hidden = book.active, book.create_sheet(VALUES_SHEET), book.create_sheet(STRUCTURE_SHEET)
    assert guide is not None
    guide.title = "Mode d'emploi"
    for line, text in enumerate(_GUIDE, 1):
        cell = guide.cell(line, 1, text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=line == 1, size=14 if line == 1 else 11)
    guide.column_dimensions["A"].width = 110
    guide.protection.sheet = True
    _write_form(form, structure)
    _write_structure(hidden, structure)
    book.active = book.index(form)
    for sheet in book:
        sheet.sheet_view.tabSelected = sheet is form
    book.security.lockStructure = True
    save_undated(book, path)
    return path


def _write_form(sheet: Worksheet, structure: Structure) -> None:
    for line, texts in structure.protected():
        for place, text in texts.items():
            cell = sheet.cell(line, place + 1, text)
            cell.number_format = "@"
            cell.data_type = "s"  # a name that begins with « = » is a text
            cell.alignment = Alignment(wrap_text=place in (1, 3), vertical="top")
            cell.font = Font(bold=line < FIRST_LINE)
    blank = PatternFill("solid", fgColor="FFF7D6")
    lists = {kind: _validation(kind) for kind in ("count", "percent", "yes_no")}
    for line, (_, item) in enumerate(structure.lines, FIRST_LINE):
        for column in (HEADER.index("Valeur") + 1, HEADER.index("Preuve") + 1):
            cell = sheet.cell(line, column)
            cell.protection, cell.fill = Protection(locked=False), blank
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        lists[item.kind].add(sheet.cell(line, HEADER.index("Valeur") + 1))
    for validation in lists.values():
        if validation.sqref.ranges:
            sheet.add_data_validation(validation)
    for place, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = f"A{FIRST_LINE}"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False


def _validation(kind: str) -> DataValidation:
    value = f"{get_column_letter(HEADER.index('Valeur') + 1)}{FIRST_LINE}"
    if kind == "yes_no":
        rule = DataValidation(type="list", formula1=f'"oui,non,{NOT_APPLICABLE}"', allow_blank=True)
        rule.error = f"Choisir oui, non ou {NOT_APPLICABLE}."
    else:
        whole = f",{value}=INT({value})" if kind == "count" else f",{value}<=100"
        number = f"AND(ISNUMBER({value}),{value}>=0{whole})"
        rule = DataValidation(
            type="custom", formula1=f'IF(ISTEXT({value}),{value}="{NOT_APPLICABLE}",{number})', allow_blank=True
        )
        wanted = "un nombre entier, 0 ou plus" if kind == "count" else "un pourcentage de 0 à 100"
        rule.error = f"Écrire {wanted}, ou {NOT_APPLICABLE}."
    rule.errorTitle, rule.showErrorMessage = "Valeur refusée", True
    return rule


# A cell holds at most 32,767 characters.
_CELL_CHARACTERS = 30_000


def _write_structure(sheet: Worksheet, structure: Structure) -> None:
    text = structure.to_text()
    parts = [text[start : start + _CELL_CHARACTERS] for start in range(0, len(text), _CELL_CHARACTERS)]
    for line, part in enumerate([hashlib.sha256(text.encode()).hexdigest(), *parts], 1):
        cell = sheet.cell(line, 1, part)
        cell.data_type = "s"
    sheet.sheet_state = "veryHidden"
    sheet.protection.sheet = True
