"""Every reader of workbooks against what spreadsheets do: refused with its place and remedy, told, or harmless."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from caqes_analysis.errors import CaqesError
from caqes_analysis.sources.column_mapping import known_mappings
from caqes_analysis.sources.declared import DeclaredItem, read_declared, write_declared_form
from caqes_analysis.sources.declared_form import FIRST_LINE, HEADER, VALUES_SHEET
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.mapped_table import read_mapped
from tests.sources.corruptions import Text
from tests.sources.received_files import A, B, Kind, kinds
from tests.sources.test_corruptions import LIKE_COLUMNS, serious, without_lines
from tests.sources.test_mapped_table import DASHBOARD, KNOWN, MERGES, workbook
from tests.sources.workbook_corruptions import CORRUPTIONS, as_workbook

# Kinds of text files that people also send as workbooks, and two that are workbooks alone.
_NAMES = (
    *("activity", "activity_by_column", "biosimilar_tariffs", "contracts", "corrections", "dashboard", "declared"),
    *("establishments", "grid_answers", "known_codes", "lpp_by_code", "lpp_list", "lpp_spend", "monthly_spend"),
    *("monthly_spend_quantity", "signed_contracts", "transports_by_month", "transports_cumul"),
)
_OPTIONAL = "an optional column, which a plainer file does not have either"
_EMPTY = "a cell that may be empty"
_PUSHED = "told as one missing value: only a control total of each establishment tells the rest"

# What no reader can see, by kind and corruption: how many files of that corruption, and why.
_UNSEEN: dict[tuple[str, str], tuple[int, str]] = {
    **LIKE_COLUMNS,
    ("transports_by_month", "columns_exchanged"): (1, "two months: only another delivery or a control total tells"),
    ("dashboard", "columns_exchanged"): (1, "two months"),
    # A column that a plainer file does not have either; under another name it is told as information.
    ("biosimilar_tariffs", "column_deleted"): (2, _OPTIONAL),
    ("biosimilar_tariffs", "header_changed"): (2, _OPTIONAL),
    ("contracts", "column_deleted"): (4, _OPTIONAL),
    ("contracts", "header_changed"): (4, _OPTIONAL),
    ("establishments", "column_deleted"): (9, _OPTIONAL),
    ("establishments", "header_changed"): (9, _OPTIONAL),
    ("grid_answers", "column_deleted"): (1, _OPTIONAL),
    ("grid_answers", "header_changed"): (1, _OPTIONAL),
    ("lpp_list", "column_deleted"): (4, _OPTIONAL),
    ("lpp_list", "header_changed"): (4, _OPTIONAL),
    ("monthly_spend_quantity", "column_deleted"): (1, _OPTIONAL),
    ("monthly_spend_quantity", "header_changed"): (1, _OPTIONAL),
    ("signed_contracts", "column_deleted"): (1, _OPTIONAL),
    ("signed_contracts", "header_changed"): (1, _OPTIONAL),
    # Values that moved up by one row: the last one is missing, the others look sound.
    ("activity", "cells_pushed"): (1, _PUSHED),
    ("biosimilar_tariffs", "cells_pushed"): (5, _PUSHED),
    ("contracts", "cells_pushed"): (4, _PUSHED),
    ("corrections", "cells_pushed"): (2, "told when they are applied"),
    ("establishments", "cells_pushed"): (6, _PUSHED),
    ("grid_answers", "cells_pushed"): (1, "a proof less"),
    ("lpp_by_code", "cells_pushed"): (2, _PUSHED),
    ("lpp_list", "cells_pushed"): (3, _PUSHED),
    ("lpp_spend", "cells_pushed"): (2, _PUSHED),
    ("monthly_spend", "cells_pushed"): (1, _PUSHED),
    ("monthly_spend_quantity", "cells_pushed"): (2, _PUSHED),
    ("signed_contracts", "cells_pushed"): (2, _PUSHED),
    # An empty cell merged over a full one, as no spreadsheet does: they keep the value that there is.
    ("contracts", "merged_cells_moved"): (1, _EMPTY),
    ("corrections", "merged_cells_moved"): (1, _EMPTY),
    ("establishments", "merged_cells_moved"): (1, _EMPTY),
    ("grid_answers", "merged_cells_moved"): (1, _EMPTY),
    ("signed_contracts", "merged_cells_moved"): (2, _EMPTY),
    # Events said twice change neither periods nor tariffs; they are told as information.
    ("biosimilar_tariffs", "row_added_or_lost"): (1, "same events"),
    # A year is a period of these tables: beside its months it is refused (settlement), alone it is a year.
    ("corrections", "month_written_otherwise"): (2, "a year is a period"),
    ("lpp_spend", "month_written_otherwise"): (2, "a year is a period"),
}


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    folder = tmp_path_factory.mktemp("classeurs")
    found = {}
    for name, kind in kinds(folder).items():
        if name in _NAMES:
            text = Text(kind)
            title = "Transports" if name == "transports_by_month" else "Feuil1"
            found[name] = replace(kind, content=as_workbook([text.cells(line) for line in text.lines], title))
    return {**found, "dashboard": _dashboard(folder), "declared": _declared(folder)}


def _dashboard(folder: Path) -> Kind:
    mapping = known_mappings()["transports-mois-en-colonnes"]

    def read(path: Path) -> tuple[pd.DataFrame, Findings]:
        received = read_mapped(path, mapping, **KNOWN)
        return received.rows, received.findings

    return Kind(workbook(folder / "t.xlsx", DASHBOARD, MERGES).read_bytes(), read)


def _declared(folder: Path) -> Kind:
    hospitals = pd.DataFrame({"finess": [A, B], "name": ["CH d'Ici", "Clinique"]})
    items = (
        DeclaredItem(code="lits", label="Combien ?"),
        DeclaredItem(code="part", label="Quelle part ?", kind="percent"),
    )
    path = write_declared_form(folder / "f.xlsx", hospitals, items, period="2023")
    book = openpyxl.load_workbook(path)
    for line, value in enumerate((120, 45.5, 12, 30.25), FIRST_LINE):
        book[VALUES_SHEET].cell(line, HEADER.index("Valeur") + 1, value)
        book[VALUES_SHEET].cell(line, HEADER.index("Preuve") + 1, f"PV {line}")
    book.save(path)

    def read(path: Path) -> tuple[pd.DataFrame, Findings]:
        received = read_declared(path, delivery="d")
        return received.rows, received.findings

    return Kind(path.read_bytes(), read)


def tried(kind: Kind, corruption: str, path: Path) -> tuple[int, int]:
    """How many files of a corruption were read otherwise in silence, and refused without place or remedy."""
    path.write_bytes(kind.content)
    rows, findings = kind.read(path)
    clean, usual = without_lines(rows), serious(findings)
    unseen_nb = misplaced_nb = 0
    for content in CORRUPTIONS[corruption](kind.content):
        path.write_bytes(content)
        try:
            rows, findings = kind.read(path)
        except CaqesError as failure:
            misplaced_nb += sum(not (problem.file and problem.remedy) for problem in failure.problems)
            continue
        unseen_nb += not (without_lines(rows).equals(clean) or serious(findings) - usual)
    return unseen_nb, misplaced_nb


def test_every_kind_is_tried(every_kind: dict[str, Kind]) -> None:
    assert sorted(every_kind) == sorted(_NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", _NAMES)
def test_no_corruption_of_a_workbook_passes_in_silence(name: str, every_kind: dict[str, Kind], tmp_path: Path) -> None:
    found = {what: tried(every_kind[name], what, tmp_path / "recu.xlsx") for what in CORRUPTIONS}
    assert {what: nb for what, (_, nb) in found.items() if nb} == {}
    assert {what: nb for what, (nb, _) in found.items() if nb} == {
        what: nb for (kind, what), (nb, _) in _UNSEEN.items() if kind == name
    }


@pytest.mark.parametrize("corruption", ["archive_cut", "merged_cells_moved", "number_written_as_text"])
def test_a_few_corruptions_of_monthly_spending(corruption: str, every_kind: dict[str, Kind], tmp_path: Path) -> None:
    assert tried(every_kind["monthly_spend"], corruption, tmp_path / "recu.xlsx") == (0, 0)
