"""Reopening an executed notebook by hand."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from caqes_analysis.errors import CampaignError
from caqes_analysis.reopen import executed_notebooks, reopen_page


@pytest.fixture
def built(tmp_path: Path) -> Path:
    cells = [
        nbformat.v4.new_code_cell('finess = ""', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(
            '# Parameters\ncampaign = "a.yml"\nbuild_directory = "/un/dossier"\nfiness = "330781196"\n',
            metadata={"tags": ["injected-parameters"]},
        ),
        nbformat.v4.new_code_cell(
            "1 / 0",
            outputs=[nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue="division", traceback=["…"])],
        ),
    ]
    executed = tmp_path / "run" / "executed"
    executed.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), executed / "330781196.ipynb")
    (executed / "phmev.draft.ipynb").touch()
    return tmp_path


def test_the_copy_no_longer_writes_into_the_build(built: Path) -> None:
    copy = reopen_page("330781196", built)
    assert copy == built / "lab" / "330781196.ipynb"
    notebook = nbformat.read(copy, as_version=4)
    values: dict[str, str] = {}
    exec(notebook.cells[1].source, values)
    assert (values["build_directory"], values["campaign"], values["finess"]) == ("", "a.yml", "330781196")
    assert notebook.cells[2].outputs[0].ename == "ZeroDivisionError"
    executed = nbformat.read(built / "run" / "executed" / "330781196.ipynb", as_version=4)
    assert "/un/dossier" in executed.cells[1].source


def test_a_copy_that_was_worked_on_is_kept(built: Path) -> None:
    copy = reopen_page("330781196", built)
    copy.write_text("le travail de quelqu'un", encoding="utf-8")
    assert reopen_page("330781196", built) == copy
    assert copy.read_text(encoding="utf-8") == "le travail de quelqu'un"


def test_unknown_page(built: Path) -> None:
    assert list(executed_notebooks(built)) == ["330781196"]
    with pytest.raises(CampaignError, match="330781196"):
        reopen_page("330781195", built)
    with pytest.raises(CampaignError, match="PAGE_INCONNUE"):
        reopen_page("phmev", built / "ailleurs")
