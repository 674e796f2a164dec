"""Notebooks are executed apart from each other, and each failure says where and why."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from caqes_analysis.batch import Job, run_notebooks
from caqes_analysis.errors import CampaignError

BODIES = {
    "good": "from pathlib import Path; Path(place).write_text(word); word",
    "raises": "1 / 0",
    "silent": "word",
    "dies": "import os; os._exit(9)",
    "endless": "import time; time.sleep(60)",
}


def notebook(folder: Path, name: str) -> Path:
    cells = [
        new_code_cell('word = "?"\nplace = "?"', metadata={"tags": ["parameters"]}),
        new_code_cell(BODIES[name]),
    ]
    path = folder / f"{name}.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def job(folder: Path, name: str, *, timeout_s: int = 60, **parameters: str) -> Job:
    output = folder / f"{name}.txt"
    return Job(
        name=name,
        notebook=notebook(folder, name),
        executed=folder / "executed" / f"{name}.ipynb",
        parameters={"word": "bonjour", "place": str(output), **parameters},
        outputs=(output,),
        timeout_s=timeout_s,
    )


@pytest.mark.slow
def test_each_failure_is_named_and_the_others_finish(tmp_path: Path) -> None:
    jobs = [job(tmp_path, name, timeout_s=5 if name == "endless" else 60) for name in BODIES]
    seen: list[tuple[str, str]] = []
    result = run_notebooks(jobs, workers=3, on_done=lambda j, status: seen.append((j.name, status)))
    rows = result.set_index("job")
    assert list(result["job"]) == list(BODIES)
    assert rows["status"].to_dict() == {name: "done" if name == "good" else "failed" for name in BODIES}
    assert (tmp_path / "good.txt").read_text() == "bonjour"
    assert rows.loc["raises", "error"] == "ZeroDivisionError : division by zero"
    assert rows.loc["raises", "cell"] == 3  # parameters, injected parameters, the failing cell
    assert rows.loc["silent", "error"] == "le carnet n'a pas écrit silent.txt"
    assert "noyau" in rows.loc["dies", "error"]
    assert "temps permis (5 s)" in rows.loc["endless", "error"]
    assert dict(seen) == rows["status"].to_dict()


@pytest.mark.slow
def test_two_executions_give_equal_bytes(tmp_path: Path) -> None:
    def executed() -> bytes:
        run_notebooks([job(tmp_path, "good")], workers=1)
        return (tmp_path / "executed" / "good.ipynb").read_bytes()

    assert executed() == executed()


def test_an_unknown_parameter_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="Vouliez-vous dire « word »"):
        run_notebooks([job(tmp_path, "good", wrd="x")])
    assert not (tmp_path / "executed").exists()
