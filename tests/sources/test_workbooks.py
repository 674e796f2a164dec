from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from caqes_analysis.errors import SourceError
from caqes_analysis.sources import workbooks
from caqes_analysis.sources.workbooks import formula_cells, sheet_rows


def saved(directory: Path) -> Path:
    book = openpyxl.Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.title = "cachée"
    hidden.sheet_state = "hidden"
    hidden["A1"] = "=1"
    shown = book.create_sheet("vue")
    shown["B2"] = "x"
    shown["C3"] = "=B2&1"
    path = directory / "a.xlsx"
    book.save(path)
    return path


def code_of(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        sheet_rows(path)
    return caught.value.problems[0].code


def test_the_first_visible_sheet_is_read_with_its_row_numbers(tmp_path: Path):
    rows, sheet = sheet_rows(saved(tmp_path))
    assert sheet == "vue"
    assert rows[:2] == [(1, ["", ""]), (2, ["", "x"])]


def test_formulas_are_found_where_they_stand_in_that_sheet(tmp_path: Path):
    assert list(formula_cells(saved(tmp_path), "vue")) == [(3, 2, "=B2&1")]


def test_a_text_that_looks_like_markup_is_no_formula(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "<f>1</f>"
    book.save(tmp_path / "a.xlsx")
    assert list(formula_cells(tmp_path / "a.xlsx", "Sheet")) == []


def test_what_is_not_a_sound_workbook_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = tmp_path / "a.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    assert code_of(other) == "CLASSEUR_ILLISIBLE"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("xl/workbook.xml", "<pas du xml")
    assert code_of(other) == "CLASSEUR_ILLISIBLE"
    path = saved(tmp_path)
    monkeypatch.setattr(workbooks, "_MOST_BYTES", 1000)
    assert code_of(path) == "CLASSEUR_TROP_GRAND"
