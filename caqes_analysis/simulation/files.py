"""Writing the small raw files of the simulated region: lists as CSV, months as CSV and XLSX."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from openpyxl import Workbook

from caqes_analysis.simulation.establishments import Establishment
from caqes_analysis.simulation.geography import REGION
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.series import ENVELOPE_TRAITS
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = [
    "OTHER_ENVELOPES",
    "MonthRow",
    "french_amount",
    "month_rows",
    "write_all_or_nothing",
    "write_csv",
    "write_establishments",
    "write_months",
    "write_xlsx",
]

# FINESS, month (AAAA-MM), word for the envelope, amount in cents or None when it was not received.
MonthRow = tuple[str, str, str, int | None]
OTHER_ENVELOPES = ("lpp", "perfadom", "transport_ambulance", "transport_taxi", "transport_vsl")
"""Envelopes that Assurance Maladie sends together, beside the PHMEV."""

_MONTH_HEADER = ("finess", "mois", "enveloppe", "montant")


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]], *, encoding: str) -> None:
    """Write a CSV with semicolons; lines end as on Windows in cp1252, as on Linux in UTF-8."""
    end = "\r\n" if encoding == "cp1252" else "\n"
    with path.open("w", encoding=encoding, newline="") as text:
        text.write(";".join(header) + end)
        text.writelines(";".join(row) + end for row in rows)


def _day(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else ""


def write_establishments(path: Path, establishments: Iterable[Establishment]) -> None:
    """Write ``etablissements.csv``."""
    header = (
        "finess;finess_ej;finess_et;finess_contrat;nom;categorie;statut;departement;commune;region;"
        "valide_du;valide_au;successeur"
    )
    rows = (
        (
            *(one.finess, one.finess_ej, one.finess_et, one.finess, one.name, one.category, one.legal_status),
            *(one.department, one.town, REGION, _day(one.opened_on), _day(one.closed_on), one.successor or ""),
        )
        for one in establishments
    )
    write_csv(path, header.split(";"), rows, encoding="cp1252")


def month_rows(reception: Reception, envelopes: Iterable[str]) -> Iterator[MonthRow]:
    """Yield the months received of some envelopes, an establishment after another."""
    wanted = set(envelopes)
    for one in reception.region.establishments:
        for series, came in reception.received(one):
            if series.envelope in wanted:
                word = ENVELOPE_TRAITS[series.envelope].received_as
                for month, cents, is_there in zip(series.months.astype(str), series.cents.tolist(), came, strict=True):
                    yield one.finess, str(month), word, cents if is_there else None


def french_amount(cents: int | None) -> str:
    """Return cents as euros with a comma, without separators; empty when nothing was received."""
    return "" if cents is None else f"{cents // 100},{cents % 100:02d}"


def write_months(path: Path, rows: Iterable[MonthRow], *, encoding: str) -> None:
    """Write months as CSV, amounts as ``1234567,89``."""
    texts = ((finess, month, word, french_amount(cents)) for finess, month, word, cents in rows)
    write_csv(path, _MONTH_HEADER, texts, encoding=encoding)


def write_xlsx(path: Path, rows: Iterable[MonthRow]) -> None:
    """Write months as a workbook of one sheet, the same bytes for the same rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Liste en sus")
    sheet.append(_MONTH_HEADER)
    for finess, month, word, cents in rows:
        sheet.append((finess, month, word, None if cents is None else cents / 100))
    save_undated(book, path)


def write_all_or_nothing(directory: Path, writers: Mapping[str, Callable[[Path], object]]) -> list[Path]:
    """Write every file in a folder beside, then put them in place; return their paths.

    Parameters
    ----------
    directory
        Folder of the files; made when absent.
    writers
        By name of file, what writes it at the path it is given.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = directory.parent / f".{directory.name}.{os.getpid()}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        for name, write in writers.items():
            write(draft / name)
        directory.mkdir(exist_ok=True)
        return [(draft / name).replace(directory / name) for name in writers]
    finally:
        shutil.rmtree(draft, ignore_errors=True)
