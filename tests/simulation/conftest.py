"""A simulated region, written once, and simple readers that share nothing with the package."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from caqes_analysis.simulation import simulate_region

Rows = list[dict[str, str]]


def rows_of(content: bytes, encoding: str) -> Rows:
    """Read a CSV with semicolons."""
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=";"))


def open_phmev_bytes(path: Path) -> bytes:
    """Return the CSV of an Open PHMEV file, zipped or not."""
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return archive.read(name)


def french(text: str) -> Decimal:
    """Read ``1.234,56``."""
    return Decimal(text.replace(".", "").replace(",", "."))


def reimbursed_by_finess(content: bytes) -> dict[str, Decimal]:
    """Add up the reimbursed amounts of an Open PHMEV file by establishment."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows_of(content, "cp1252"):
        totals[row["etb_rgt"]] += french(row["REM"])
    return dict(totals)


@pytest.fixture(scope="session")
def region_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the demonstration region (40 establishments)."""
    folder = tmp_path_factory.mktemp("region") / "donnees"
    simulate_region(folder)
    return folder


@pytest.fixture(scope="session")
def phmev_months(region_folder: Path) -> Rows:
    """Rows of ``phmev_mensuel.csv``."""
    return rows_of((region_folder / "phmev_mensuel.csv").read_bytes(), "cp1252")
