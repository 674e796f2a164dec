"""The establishments of a region: who they are, since when, until when, and who takes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import CellError, parse_date, parse_finess, parse_text
from caqes_analysis.sources.establishment_findings import establishment_findings
from caqes_analysis.sources.grids import read_grid
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["read_establishments"]

_REQUIRED = ("finess", "nom")
_OPTIONAL = (
    "finess_ej",
    "finess_et",
    "finess_contrat",
    "categorie",
    "statut",
    "departement",
    "commune",
    "region",
    "valide_du",
    "valide_au",
    "successeur",
)
# Before any contract: an establishment without a date has always been there.
_ALWAYS = date(1900, 1, 1)
_LEGAL_STATUSES = ("public", "espic", "prive")


@dataclass(frozen=True)
class _Line:
    line: int
    finess: str
    valid_from: date
    valid_to: date | None
    successor: str | None


def read_establishments(path: Path, *, delivery: str) -> Received:
    """Read the list of establishments, CSV or XLSX; only ``finess`` and ``nom`` are compulsory.

    Parameters
    ----------
    path
        The file: ``finess;finess_ej;finess_et;finess_contrat;nom;categorie;statut;departement;commune;region;``
        ``valide_du;valide_au;successeur``, one line per establishment and period of validity.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``establishments``. An empty ``valide_du`` is 1 January 1900. An empty ``finess_contrat`` is the
        juridical entity of a public establishment and the site of any other, or the FINESS of the line itself.

    Raises
    ------
    SourceError
        With all the problems of the file: cells, overlapping periods, unknown successors, circles of successors.
    """
    grid = read_grid(path, required=_REQUIRED, optional=_OPTIONAL)
    log = ProblemLog(grid.file)
    columns: dict[str, list[Any]] = {
        "finess": grid.parsed("finess", parse_finess, log, required=True),
        "finess_ej": grid.parsed("finess_ej", parse_finess, log),
        "finess_et": grid.parsed("finess_et", parse_finess, log),
        "contract_finess": grid.parsed("finess_contrat", parse_finess, log),
        "name": grid.parsed("nom", parse_text, log, required=True),
        "category": grid.parsed("categorie", _optional_text, log),
        "legal_status": grid.parsed("statut", _legal_status, log),
        "department": grid.parsed("departement", _department, log),
        "town": grid.parsed("commune", _optional_text, log),
        "region": grid.parsed("region", _region, log),
        "valid_from": [day or _ALWAYS for day in grid.parsed("valide_du", parse_date, log)],
        "valid_to": grid.parsed("valide_au", parse_date, log),
        "successor": grid.parsed("successeur", parse_finess, log),
    }
    known = [
        _Line(line, finess, valid_from, valid_to, successor)
        for line, finess, valid_from, valid_to, successor in zip(
            grid.lines, *(columns[name] for name in ("finess", "valid_from", "valid_to", "successor")), strict=True
        )
        if finess
    ]
    log.extend(_validity_problems(known))
    log.extend(_successor_problems(known))
    log.raise_if_any()
    deduced = [place for place, finess in enumerate(columns["contract_finess"]) if finess is None]
    for place in deduced:
        columns["contract_finess"][place] = _contract_level(
            columns["finess"][place],
            columns["finess_ej"][place],
            columns["finess_et"][place],
            columns["legal_status"][place],
        )
    rows = tables.ESTABLISHMENTS.conform(pd.DataFrame(columns))
    tables.ESTABLISHMENTS.validate(rows)
    described = delivery_row(path, delivery=delivery, period=None, rows_nb=len(rows))
    return Received(rows, establishment_findings(delivery, grid, columns, deduced), described)


def _contract_level(finess: str, entity: str | None, site: str | None, legal_status: str | None) -> str:
    """Public establishments sign as juridical entities, private ones and ESPIC by geographic site."""
    return (entity if legal_status == "public" else site) or finess


def _optional_text(cell: Any) -> str | None:
    return parse_text(cell) or None


def _legal_status(cell: Any) -> str | None:
    word = plain_name(parse_text(cell))
    if word and word not in _LEGAL_STATUSES:
        raise CellError("STATUT_INCONNU", "ce statut juridique n'existe pas.", "Écrire public, espic ou prive.")
    return word or None


def _department(cell: Any) -> str | None:
    code = parse_text(cell).upper()
    if code and not (len(code) in (2, 3) and code[0].isdigit() and code.isalnum() and code.isascii()):
        raise CellError(
            "DEPARTEMENT_INVALIDE",
            "un code de département a 2 ou 3 caractères (01, 2A, 974).",
            "Mettre la colonne au format texte et rétablir le zéro de tête.",
        )
    return code or None


def _region(cell: Any) -> str | None:
    code = parse_text(cell)
    if code and not (len(code) == 2 and code.isascii() and code.isdigit()):
        raise CellError(
            "REGION_INVALIDE",
            "un code de région a 2 chiffres (75 pour la Nouvelle-Aquitaine).",
            "Mettre la colonne au format texte et écrire le code, non le nom.",
        )
    return code or None


def _validity_problems(known: list[_Line]) -> Iterator[Problem]:
    by_finess: dict[str, list[_Line]] = {}
    for one in known:
        by_finess.setdefault(one.finess, []).append(one)
        if one.valid_to is not None and one.valid_to < one.valid_from:
            yield Problem(
                "DATES_INVERSEES",
                f"la validité finit le {one.valid_to:%d/%m/%Y}, avant de commencer le {one.valid_from:%d/%m/%Y}.",
                "Corriger valide_du ou valide_au.",
                line=one.line,
                column="valide_au",
                value=f"{one.valid_to:%d/%m/%Y}",
            )
    for finess, lines in by_finess.items():
        ordered = sorted(lines, key=lambda one: (one.valid_from, one.line))
        for before, after in pairwise(ordered):
            if before.valid_from == after.valid_from:
                yield Problem(
                    "ETABLISSEMENT_EN_DOUBLE",
                    f"cet établissement figure déjà à la ligne {min(before.line, after.line)} avec la même date.",
                    "N'en garder qu'une, ou dater les périodes (valide_du, valide_au).",
                    line=max(before.line, after.line),
                    column="finess",
                    value=finess,
                )
            elif before.valid_to is None or before.valid_to >= after.valid_from:
                yield Problem(
                    "PERIODES_CHEVAUCHANTES",
                    f"la période de la ligne {before.line} n'est pas finie quand celle-ci commence.",
                    "Écrire à la ligne précédente le dernier jour de validité (valide_au).",
                    line=after.line,
                    column="valide_du",
                    value=f"{after.valid_from:%d/%m/%Y}",
                )


def _successor_problems(known: list[_Line]) -> Iterator[Problem]:
    present = {one.finess for one in known}
    following = {one.finess: one.successor for one in known if one.successor}
    circled: set[str] = set()
    for one in known:
        place = {"line": one.line, "column": "successeur", "value": one.successor}
        if one.successor is None:
            continue
        if one.successor == one.finess:
            yield Problem(
                "SUCCESSEUR_SOI_MEME", "un établissement ne se succède pas à lui-même.", "Corriger le successeur."
            ).at(**place)
        elif one.successor not in present:
            yield Problem(
                "SUCCESSEUR_INCONNU",
                "ce successeur ne figure pas dans le fichier.",
                "L'ajouter au fichier, ou corriger son FINESS.",
            ).at(**place)
        elif one.finess not in circled and (circle := _circle_from(one.finess, following)):
            circled |= set(circle)
            yield Problem(
                "SUCCESSEURS_EN_CERCLE",
                f"les successeurs forment un cercle : {' → '.join([*circle, circle[0]])}.",
                "Corriger le successeur de l'un d'eux : l'activité doit finir quelque part.",
            ).at(**place)


def _circle_from(start: str, following: Mapping[str, str]) -> list[str]:
    """Return the circle that the successors of ``start`` come back to it by; empty when they do not."""
    path = [start]
    step = following.get(start)
    while step is not None and step not in path:
        path.append(step)
        step = following.get(step)
    return path if step == start and len(path) > 1 else []
