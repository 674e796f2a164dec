"""The notebooks: stripped, short, parameterised, and each runs alone on its defaults."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from caqes_analysis.chapters import CHAPTERS, SHEET_NOTEBOOK, WORKSHOP_NOTEBOOKS
from caqes_analysis.chapters.contents import CHANGES_CHAPTER, INDICATOR_NOTEBOOK
from tests.conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
CODE_CELLS_MAX = 12
LINES_MAX = 8


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_every_chapter_has_its_notebook() -> None:
    named = {chapter.notebook for chapter in (*CHAPTERS, CHANGES_CHAPTER)} | {
        SHEET_NOTEBOOK,
        INDICATOR_NOTEBOOK,
        *WORKSHOP_NOTEBOOKS,
    }
    assert named == {path.name for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_short_stripped_and_parameterised(path: Path) -> None:
    cells = code_cells(path)
    assert len(cells) <= CODE_CELLS_MAX
    assert "parameters" in cells[0].metadata.tags
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    for cell in cells:
        assert len(cell.source.splitlines()) <= LINES_MAX


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_only_calls_the_package(path: Path) -> None:
    parameters, *others = code_cells(path)
    for node in ast.parse(parameters.source).body:
        assert isinstance(node, ast.AnnAssign)
    for cell in others:
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.If)
            if isinstance(node, ast.ImportFrom):
                assert str(node.module).startswith("caqes_analysis")
            assert not isinstance(node, ast.Import)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_alone_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("text/html" in output.get("data", {}) for output in shown)
    assert not [output for output in shown if output.output_type == "error"]


def test_the_list_of_indicators_says_why_some_stop_at_a_closed_year() -> None:
    said = (REPOSITORY / "notebooks" / "indicateurs.ipynb").read_text(encoding="utf-8")
    assert "Un cumul arrêté à un autre mois ne peut pas être ramené à celui-là" in said
