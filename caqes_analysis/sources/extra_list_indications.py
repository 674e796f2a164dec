"""The indications of the drugs of the liste en sus (codes LES), as ATIH publishes them: drug and indication a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.cells import CellError, parse_date, parse_text
from caqes_analysis.sources.code_cells import digits, optional_text
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid, read_grid
from caqes_analysis.sources.problems import ProblemLog, shown
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["read_extra_list_indications"]

# An I and six digits, but for a few of another form (CTOCI98).
_LES = re.compile(r"[A-Z][0-9A-Z]{6}")
_PERIOD = re.compile(r"(20[0-9]{2})(0[1-9]|1[0-2])")
# The file writes a star where a column does not apply.
_NOT_SAID = "*"
_STATUSES: Mapping[str, str] = {"oui": "listed", "non": "not_listed", "rtu": "rtu"}
# A spreadsheet leaves dates as the number of days since 1900.
_DAYS_NUMBER = re.compile(r"[0-9]{5}")
_KEPT = "La ligne est gardée ; "


def read_extra_list_indications(path: Path, *, delivery: str) -> Received:
    """Read the list of indications (``les_indications_last.csv``).

    Parameters
    ----------
    path
        The file: comma or semicolon, header ``ucd7, specialite, code_les, inscription, ucd13, dci, labo,
        libindication, datedebut, classind1, classind2, periode, …, gener, datefin``.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``extra_list_indications``, one per line received. Findings: inscription said by another word than oui,
        non or RTU, date that a spreadsheet turned into a number, indication given twice for a drug.

    Raises
    ------
    SourceError
        With all that is wrong: columns, codes, dates, period.
    """
    grid = read_grid(
        path,
        required=("ucd7", "code_les", "inscription", "libindication", "datedebut", "periode"),
        optional=("specialite", "ucd13", "dci", "labo", "classind1", "classind2", "gener", "datefin", "time_i"),
        separators=",;",
    )
    log = ProblemLog(grid.file)
    words = [parse_text(cell) for cell in grid.cells["inscription"]]
    origins = grid.parsed("gener", _text, log)
    columns = {
        "source_line": grid.lines,
        "indication": grid.parsed("code_les", _indication, log, required=True),
        "code": grid.parsed("ucd7", _ucd7, log),
        "label": grid.parsed("libindication", optional_text, log, required=True),
        "status": [_STATUSES.get(word.lower(), "unknown") for word in words],
        "status_label": [word or None for word in words],
        "listed_from": grid.parsed("datedebut", _day, log),
        "listed_to": grid.parsed("datefin", _day, log),
        "product": grid.parsed("specialite", _text, log),
        "substance": grid.parsed("dci", _text, log),
        "laboratory": grid.parsed("labo", _text, log),
        "ucd13": grid.parsed("ucd13", _ucd13, log),
        "disease_group": grid.parsed("classind1", _text, log),
        "disease": grid.parsed("classind2", _text, log),
        "origin": [None if origin is None else origin.lower() for origin in origins],
        "as_of": grid.parsed("periode", _month, log, required=True),
    }
    log.raise_if_any()
    rows = tables.EXTRA_LIST_INDICATIONS.conform(pd.DataFrame(columns), source=delivery)
    tables.EXTRA_LIST_INDICATIONS.validate(rows)
    described = delivery_row(path, delivery=delivery, period=f"{rows['as_of'].max():%Y-%m}", rows_nb=len(rows))
    return Received(rows, Findings(_told(delivery, grid, rows)) + common_findings(delivery, grid), described)


def _text(cell: Any) -> str | None:
    text = optional_text(cell)
    return None if text == _NOT_SAID else text


def _ucd7(cell: Any) -> str | None:
    return None if parse_text(cell) == _NOT_SAID else digits(7, "UCD")(cell)


def _ucd13(cell: Any) -> str | None:
    return None if parse_text(cell) == _NOT_SAID else digits(13, "UCD13")(cell)


def _indication(cell: Any) -> str:
    text = parse_text(cell)
    if not _LES.fullmatch(text):
        raise CellError("CODE_LES", "un code LES a 7 caractères : I000001.", "Redonner le fichier tel que reçu.")
    return text


def _day(cell: Any) -> date | None:
    text = parse_text(cell)
    return None if text in ("", _NOT_SAID) or _DAYS_NUMBER.fullmatch(text) else parse_date(cell)


def _month(cell: Any) -> date:
    found = _PERIOD.fullmatch(parse_text(cell))
    if found is None:
        raise CellError("PERIODE", "la période s'écrit AAAAMM.", "Redonner le fichier tel que reçu.")
    return date(int(found[1]), int(found[2]), 1)


def _told(delivery: str, grid: Grid, rows: pd.DataFrame) -> list[Finding]:
    days = [grid.cells.get(name, [""] * len(rows)) for name in ("datedebut", "datefin")]
    spoilt = [any(_DAYS_NUMBER.fullmatch(parse_text(cell)) for cell in both) for both in zip(*days, strict=True)]
    twice = rows["code"].notna() & rows.duplicated(["code", "indication"], keep=False)
    found = []
    for code, place, is_told, remedy in (
        (
            "INSCRIPTION_INCONNUE",
            "inscription",
            (rows["status"] == "unknown") & rows["code"].notna(),
            _KEPT + "ni oui, ni non, ni RTU : le sens de ce mot n'est pas publié, rien n'en est déduit.",
        ),
        (
            "DATE_ABIMEE",
            "datedebut, datefin",
            pd.Series(spoilt, index=rows.index, dtype=bool),
            _KEPT + "un tableur a changé cette date en nombre de jours : elle est comptée comme manquante.",
        ),
        (
            "INDICATION_EN_DOUBLE",
            "ucd7, code_les",
            twice,
            "Plusieurs lignes pour le même médicament et la même indication : toutes gardées, aucune choisie.",
        ),
    ):
        if is_told.any():
            first = rows[is_told].iloc[0]
            example = f"{first['code']} {first['indication']} (ligne {first['source_line']})"
            found.append(Finding(delivery, code, place, "information", int(is_told.sum()), shown(example), remedy))
    return found
