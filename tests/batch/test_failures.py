"""Among hundreds of notebooks, exactly those that failed are listed, each with what it takes to reopen it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from caqes_analysis.batch import Job, Outcome, notebook, run_notebooks
from caqes_analysis.batch.template import TemplateError
from caqes_analysis.build import BuildReport
from caqes_analysis.command_line.gathered import failed_rows
from caqes_analysis.command_line.reports import print_failures, print_unforked
from caqes_analysis.reopen import reopen_page
from tests.batch.notebooks import job

NOTEBOOKS_NB = 250
GOOD = "from pathlib import Path; Path(place).write_text(word); word"
FAULTS = {
    "330000017": ("raise ValueError('montant négatif')", "ValueError : montant négatif"),
    "330000042": ("import time\nwhile True: time.sleep(0.01)", "une cellule dépasse le temps permis (5 s)"),
    "330000081": ("hoard = bytearray(1 << 62)", "mémoire insuffisante (MemoryError)"),
    "330000122": (
        "import os; os.kill(os.getpid(), 9)",
        "le noyau a été tué (signal 9) : mémoire insuffisante, le plus souvent",
    ),
    "330000163": ("import os; os._exit(3)", "le noyau s'est arrêté de lui-même (code 3)"),
    "330000204": (
        "import ctypes; ctypes.string_at(0)",
        "le noyau s'est arrêté sur un défaut d'une bibliothèque (signal 11)",
    ),
    "330000249": ("word", "le carnet n'a pas écrit 330000249.txt"),
}


def jobs(folder: Path, notebooks_nb: int) -> list[Job]:
    """Return that many jobs, the faulty ones in their place; executed notebooks go where a build puts them."""
    names = [f"330000{n:03d}" for n in range(notebooks_nb)]
    made = []
    for name in names:
        source = FAULTS[name][0] if name in FAULTS else GOOD
        one = job(folder, name, source, timeout_s=5 if name in FAULTS else 120)
        made.append(replace(one, executed=folder / "run" / "executed" / f"{name}.ipynb"))
    return made


@pytest.mark.slow
def test_exactly_the_planted_faults_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned = jobs(tmp_path, NOTEBOOKS_NB)
    told = run_notebooks(planned)
    assert (told["status"] == "done").sum() == NOTEBOOKS_NB - len(FAULTS)
    assert all((tmp_path / f"{one.name}.txt").is_file() for one in planned if one.name not in FAULTS)
    titles = [f"CH de {name}" for name in told["job"]]
    notebooks = told.assign(title=titles, notebook=[one.notebook.name for one in planned])
    report = BuildReport(notebooks, tmp_path / "site" / "index.html")
    assert not report.succeeded

    failed = failed_rows(report.notebooks, report.index.parent.parent, Path("essai 2024.yml"), tmp_path)
    assert {row["job"]: row["error"] for row in failed} == {name: error for name, (_, error) in FAULTS.items()}
    assert {row["title"] for row in failed} == {f"CH de {name}" for name in FAULTS}
    assert {row["job"]: row["notebook"] for row in failed} == {name: f"{name}.ipynb" for name in FAULTS}
    # Parameters, injected parameters, the failing cell; a missing output is not the fault of one cell.
    assert [row["cell"] for row in failed if not pd.isna(row["cell"])] == [3] * (len(FAULTS) - 1)
    for row in failed:
        words = shlex.split(str(row["command"]))
        assert words[-5:] == ["essai 2024.yml", "--page", row["job"], "--output", str(tmp_path)]
        cells = nbformat.read(reopen_page(str(row["job"]), tmp_path), as_version=4).cells
        assert f"{row['job']}.txt" in cells[1].source  # the parameters it was given
        assert cells[2].source == FAULTS[str(row["job"])][0]

    print_failures(failed)
    said = capsys.readouterr().err
    assert said.startswith("7 carnets en échec")
    assert said.count("--page ") == said.count("Le rouvrir dans JupyterLab") == len(FAULTS)
    assert [name for name in told["job"] if f"--page {name}" in said] == list(FAULTS)


def test_a_disk_that_is_full_is_said_in_french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Outcome:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("caqes_analysis.batch.notebook.execute", full)
    told = run_notebooks([job(tmp_path, "a", GOOD)])
    assert told["error"].tolist() == ["il n'y a plus de place sur le disque"]


def test_what_a_cell_showed_is_not_lost_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last_cell, heard = 3, notebook._Client.process_message

    def never_idle(self: Any, message: dict[str, Any], cell: Any, index: int) -> None:
        """Hear nothing of what the last cell shows, as when messages come after the answer, and late."""
        if index < last_cell:
            heard(self, message, cell, index)

    monkeypatch.setattr(notebook._Client, "process_message", never_idle)
    monkeypatch.setattr(notebook, "_SHOWN_WITHIN_S", 1)
    told = run_notebooks([job(tmp_path, "a", "1", "word", output=False)]).iloc[0]
    assert (told["status"], told["cell"]) == ("failed", last_cell + 1)
    assert "ce qu'elle montre n'est pas arrivé en 1 s" in told["error"]


def test_what_a_notebook_cannot_keep_is_told_with_its_cell(tmp_path: Path) -> None:
    source = "from IPython.display import publish_display_data\npublish_display_data({'text/html': {'a': 1}})"
    told = run_notebooks([job(tmp_path, "330000001", source, output=False)]).iloc[0]
    assert (told["status"], told["cell"]) == ("failed", 3)
    assert told["error"].startswith("une cellule montre ce qu'un carnet ne peut pas garder ({'a': 1}")


def test_a_display_that_changes_afterwards_is_kept_as_it_became(tmp_path: Path) -> None:
    source = "shown = display('avant', display_id=True); display('entre'); shown.update('après')"
    planned = job(tmp_path, "330000001", source, output=False)
    assert run_notebooks([planned])["status"].tolist() == ["done"]
    outputs = nbformat.read(planned.executed, as_version=4).cells[-1].outputs
    assert [one.data["text/plain"] for one in outputs] == ["'après'", "'entre'"]


def test_kernels_that_could_not_be_forked_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise TemplateError("le processus modèle n'a pas démarré : ValueError: une carte graphique")

    forked = run_notebooks([job(tmp_path, "a", GOOD)])
    print_unforked(forked)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("caqes_analysis.batch.kernels.shared_template", refused)
    monkeypatch.setattr("caqes_analysis.batch.run.shared_template", lambda **_: None)
    told = run_notebooks([job(tmp_path, name, GOOD) for name in "ab"])
    assert told["status"].tolist() == ["done", "done"]
    print_unforked(told)
    said = " ".join(capsys.readouterr().err.replace("\u00a0", " ").split())
    assert "2 carnets ont eu un noyau ordinaire" in said
    assert "deux secondes de plus chacun" in said
    assert "2 fois : « le processus modèle n'a pas démarré : ValueError: une carte graphique »" in said
    print_unforked(told[:1])
    said = " ".join(capsys.readouterr().err.replace("\u00a0", " ").split())
    assert "1 carnet a eu un noyau ordinaire : les résultats sont les mêmes, en deux secondes de plus." in said
