"""The public FINESS extract (cs1100502, or cs1100507 with coordinates): every geographic site and its entity."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import CellError, parse_date, parse_text
from caqes_analysis.sources.code_cells import optional_text, readable_dates
from caqes_analysis.sources.delimited import Record, check_shapes, grid_of, read_records
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["GEOLOCATION_POSITIONS", "SITE_POSITIONS", "read_finess"]

SITE_POSITIONS = [
    "section",
    "nofinesset",
    "nofinessej",
    "rs",
    "rslongue",
    "complrs",
    "compldistrib",
    "numvoie",
    "typvoie",
    "voie",
    "compvoie",
    "lieuditbp",
    "commune",
    "departement",
    "libdepartement",
    "ligneacheminement",
    "telephone",
    "telecopie",
    "categetab",
    "libcategetab",
    "categagretab",
    "libcategagretab",
    "siret",
    "codeape",
    "codemft",
    "libmft",
    "codesph",
    "libsph",
    "dateouv",
    "dateautor",
    "datemaj",
    "numuai",
]
"""The 32 positions of a line « structureet »; older extracts may leave the last one out."""

GEOLOCATION_POSITIONS = ["section", "nofinesset", "coordxet", "coordyet", "sourcecoordet", "datemaj"]
"""The 6 positions of a line « geolocalisation »."""

_FEWEST_POSITIONS_NB = 31
# FINESS numbers some entities overseas with letters beyond those of Corsica.
_NUMBER = re.compile(tables.FINESS_PATTERN)
# What the code of participation to the public hospital service says without doubt; 0 and 9 say nothing.
_LEGAL_STATUSES = {"1": "public", "6": "espic", "7": "prive"}
# FINESS has its own codes for the departments overseas; the rest of the package uses those of INSEE.
_OVERSEAS = {"9A": "971", "9B": "972", "9C": "973", "9D": "974", "9E": "975", "9F": "976", "9J": "986"}
_COORDINATE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_ISO_DAY = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_DATED = {"dateouv": "opened_on", "dateautor": "authorised_on", "datemaj": "updated_on"}
_SHAPES = {
    "departement": re.compile(r"[0-9][0-9A-Z]{1,2}$"),
    "libdepartement": re.compile(r"[^0-9]"),
    "ligneacheminement": re.compile(r"[0-9]{5} "),
    "categetab": re.compile(r"[0-9]{3}$"),
    "libcategetab": re.compile(r"[^0-9]"),
    "siret": re.compile(r"[0-9]{14}$"),
    "codesph": re.compile(r"[0-9]$"),
    "libsph": re.compile(r"[^0-9]"),
}
_TOWN = re.compile(r"^[0-9]{5}\s+(.+?)(?:\s+CEDEX(?:\s+[0-9]+)?)?$")


def read_finess(path: Path, *, delivery: str) -> Received:
    """Read an extract: lines « structureet » of 32 positions, and « geolocalisation » when it has coordinates.

    Parameters
    ----------
    path
        The file as downloaded (CSV or ZIP), without header; its first line usually dates it
        (``finess;etalab;111;2026-05-12``).
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``finess_sites``, in the order of the file.

    Raises
    ------
    SourceError
        With all that is wrong: number of positions, FINESS, dates, coordinates, a site twice, an unknown kind of line.
    """
    path = Path(path)
    records, ends_without_newline = read_records(path, separator=";", quoted=True)
    log = ProblemLog(path.name)
    sites, places, extracted_on = _sorted(records, log)
    grid = grid_of(
        path.name, sites, SITE_POSITIONS, log, least=_FEWEST_POSITIONS_NB, ends_without_newline=ends_without_newline
    )
    geolocation = grid_of(
        path.name, places, GEOLOCATION_POSITIONS, log, ends_without_newline=ends_without_newline and not sites[-1:]
    )
    if not sites and not log:
        log.add(Problem("FICHIER_SANS_LIGNE", "aucune ligne « structureet ».", "Télécharger l'extraction des sites."))
    check_shapes(grid, _SHAPES, log)
    columns = _columns(grid, log)
    told: list[Finding] = []
    for position, name in _DATED.items():
        columns[name], found = readable_dates(grid, position, log, delivery=delivery)
        told += found
    where = _coordinates(geolocation, log)
    log.extend(
        grid.repeated(
            {"nofinesset": columns["finess_et"]},
            code="SITE_EN_DOUBLE",
            what="ce site figure déjà",
            remedy="Télécharger de nouveau l'extraction : deux versions ont été collées.",
        )
    )
    log.raise_if_any()
    rows = pd.DataFrame(columns).merge(where.drop_duplicates("finess_et"), on="finess_et", how="left")
    rows = tables.FINESS_SITES.conform(rows, extracted_on=extracted_on)
    tables.FINESS_SITES.validate(rows)
    period = None if extracted_on is None else f"au {extracted_on:%d/%m/%Y}"
    described = delivery_row(path, delivery=delivery, period=period, rows_nb=len(rows))
    return Received(rows, Findings(told) + _findings(delivery, grid, rows, where, extracted_on), described)


def _sorted(records: Sequence[Record], log: ProblemLog) -> tuple[list[Record], list[Record], date | None]:
    """Tell the lines apart by their first cell."""
    sites, places, extracted_on = [], [], None
    for line, row in records:
        section = row[0].strip()
        if section == "structureet":
            sites.append((line, row))
        elif section == "geolocalisation":
            places.append((line, row))
        elif section == "finess" and len(row) <= len(SITE_POSITIONS):
            # The first line of the public extract dates it; some copies hold the names of the columns there.
            extracted_on = _day_in(row) or extracted_on
        else:
            log.add(
                Problem(
                    "LIGNE_INCONNUE",
                    "cette ligne ne commence ni par « structureet » ni par « geolocalisation ».",
                    "Donner l'extraction FINESS des sites (cs1100502 ou cs1100507), telle que téléchargée.",
                    line=line,
                    value=section,
                )
            )
    return sites, places, extracted_on


def _day_in(row: Sequence[str]) -> date | None:
    written = next((cell.strip() for cell in row if _ISO_DAY.fullmatch(cell.strip())), None)
    return parse_date(written) if written else None


def _columns(grid: Grid, log: ProblemLog) -> dict[str, list[Any]]:
    names = grid.parsed("rs", optional_text, log, required=True)
    long_names = grid.parsed("rslongue", optional_text, log)
    return {
        "finess_et": grid.parsed("nofinesset", _number, log, required=True),
        "finess_ej": grid.parsed("nofinessej", _number, log, required=True),
        "name": [long or short for long, short in zip(long_names, names, strict=True)],
        "category_code": grid.parsed("categetab", optional_text, log),
        "category_label": grid.parsed("libcategetab", optional_text, log),
        "legal_status": [_LEGAL_STATUSES.get(cell.strip()) for cell in grid.cells["codesph"]],
        "siret": grid.parsed("siret", optional_text, log),
        "sph_code": grid.parsed("codesph", optional_text, log),
        "department": grid.parsed("departement", _department, log),
        "town": grid.parsed("ligneacheminement", _town, log),
    }


def _coordinates(grid: Grid, log: ProblemLog) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "finess_et": grid.parsed("nofinesset", _number, log, required=True),
            "x": grid.parsed("coordxet", _coordinate, log),
            "y": grid.parsed("coordyet", _coordinate, log),
            "coordinates_source": grid.parsed("sourcecoordet", optional_text, log),
        }
    )


def _number(cell: Any) -> str | None:
    text = parse_text(cell)
    if text and not _NUMBER.fullmatch(text):
        raise CellError(
            "FINESS_INVALIDE",
            "un FINESS a 9 caractères : des chiffres, ou 2A ou 2B en tête.",
            "Redonner l'extraction telle que téléchargée : un tableur retire les zéros de tête.",
        )
    return text or None


def _department(cell: Any) -> str | None:
    code = parse_text(cell).upper()
    return _OVERSEAS.get(code, code.zfill(2)) if code else None


def _town(cell: Any) -> str | None:
    text = optional_text(cell)
    match = _TOWN.match(text) if text else None
    return match[1] if match else text


def _coordinate(cell: Any) -> float | None:
    text = parse_text(cell)
    if not text:
        return None
    if not _COORDINATE.fullmatch(text):
        raise CellError("COORDONNEE_ILLISIBLE", "ce n'est pas une coordonnée.", "Télécharger de nouveau l'extraction.")
    return float(text)


def _findings(
    delivery: str, grid: Grid, rows: pd.DataFrame, where: pd.DataFrame, extracted_on: date | None
) -> Findings:
    found = []
    if extracted_on is None:
        found.append(
            Finding(
                delivery,
                "EXTRACTION_SANS_DATE",
                "première ligne",
                "information",
                1,
                grid.file,
                "La première ligne ne date pas l'extraction : noter la date du téléchargement (received_on).",
            )
        )
    unknown = where[~where["finess_et"].isin(rows["finess_et"])]
    if len(unknown):
        found.append(
            Finding(
                delivery,
                "COORDONNEES_SANS_SITE",
                "geolocalisation",
                "information",
                len(unknown),
                str(unknown["finess_et"].iloc[0]),
                "Ces coordonnées ne sont rattachées à aucun site : elles ne sont pas lues.",
            )
        )
    return Findings(found) + common_findings(delivery, grid)
