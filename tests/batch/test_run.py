"""Notebooks are executed apart from each other, and each failure says where and why, whatever the kernels."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
import pytest

from caqes_analysis.batch import Job, Kernels, prepare_kernels, run_notebooks
from caqes_analysis.batch.template import can_fork, close_shared_templates, shared_template
from caqes_analysis.errors import CampaignError
from tests.batch.notebooks import job, said, write_notebook
from tests.campaigns import small_campaign

FAULTS = {
    "raises": "1 / 0",
    "silent": "word",
    "dies": "import os; os._exit(9)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "endless": "import time\nwhile True: time.sleep(0.01)",
    "syntax": "def",
    "leaves": "import sys; sys.exit(3)",
}
ERRORS = {
    "raises": "ZeroDivisionError : division by zero",
    "silent": "le carnet n'a pas écrit silent.txt",
    "dies": "le noyau s'est arrêté de lui-même (code 9)",
    "killed": "le noyau a été tué (signal 9) : mémoire insuffisante, le plus souvent",
    "endless": "une cellule dépasse le temps permis (3 s)",
    "leaves": "SystemExit : 3",
}
GOOD = "from pathlib import Path; Path(place).write_text(word); word"
KERNELS = [
    pytest.param("warm", marks=pytest.mark.skipif(not can_fork(), reason="this system does not fork kernels")),
    pytest.param("ordinary", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("kernels", KERNELS)
def test_each_failure_is_named_and_the_others_finish(tmp_path: Path, kernels: Kernels) -> None:
    good = [job(tmp_path, f"good-{number}", GOOD) for number in range(5)]
    bad = [job(tmp_path, name, source, timeout_s=3 if name == "endless" else 60) for name, source in FAULTS.items()]
    jobs = [*good[:2], *bad, *good[2:]]
    seen: list[tuple[str, str]] = []
    result = run_notebooks(
        jobs, workers=3, on_done=lambda done, status: seen.append((done.name, status)), kernels=kernels
    )
    rows = result.set_index("job")
    assert list(result["job"]) == [each.name for each in jobs]
    assert rows["status"].to_dict() == {each.name: "failed" if each in bad else "done" for each in jobs}
    assert dict(seen) == rows["status"].to_dict()
    assert len(seen) == len(jobs)
    assert {name: rows.loc[name, "error"] for name in ERRORS} == ERRORS
    assert "SyntaxError" in rows.loc["syntax", "error"]
    # Parameters, injected parameters, the failing cell; a missing output is not the fault of one cell.
    assert rows["cell"].dropna().to_dict() == {name: 3 for name in FAULTS if name != "silent"}
    assert all((tmp_path / f"{each.name}.txt").read_text() == "bonjour" for each in good)
    assert rows["outputs"].map(len).to_dict() == {each.name: int(each in good) for each in jobs}
    assert "ZeroDivisionError" in (tmp_path / "executed" / "raises.ipynb").read_text(encoding="utf-8")


SHOWS = (
    "import matplotlib.pyplot as plt, pandas as pd\nprint(word)",
    "fig, ax = plt.subplots()\nlines = ax.plot([1, 2], [3, 4])",
    "pd.DataFrame({'a': [1.5, 2.5]})",
)


@pytest.mark.parametrize("kernels", KERNELS)
def test_two_executions_give_equal_bytes(tmp_path: Path, kernels: Kernels) -> None:
    def executed() -> bytes:
        run_notebooks([job(tmp_path, "good", GOOD)], workers=1, kernels=kernels)
        return (tmp_path / "executed" / "good.ipynb").read_bytes()

    assert executed() == executed()


@pytest.mark.slow
@pytest.mark.skipif(not can_fork(), reason="this system does not fork kernels")
def test_forked_and_ordinary_kernels_give_equal_bytes(tmp_path: Path) -> None:
    shown = {}
    for kernels in ("warm", "ordinary"):
        task = job(tmp_path, "shows", *SHOWS, output=False)
        assert run_notebooks([task], kernels=kernels)["error"].isna().all()
        shown[kernels] = task.executed.read_bytes()
    assert b"image/png" in shown["warm"]
    assert shown["warm"] == shown["ordinary"]


def test_parameters_are_refused_before_anything_starts(tmp_path: Path) -> None:
    wrong = [job(tmp_path, "good", GOOD, wrd="x"), job(tmp_path, "other", GOOD, word=3)]
    with pytest.raises(CampaignError, match="Vouliez-vous dire « word »") as caught:
        run_notebooks(wrong)
    assert [problem.code for problem in caught.value.problems] == [
        "NOTEBOOK_PARAMETRE_INCONNU",
        "NOTEBOOK_PARAMETRE_TYPE",
    ]
    assert not (tmp_path / "executed").exists()


def test_no_job_is_no_row() -> None:
    assert run_notebooks([]).empty


def test_what_a_dead_kernel_said_is_kept_beside_the_notebook(tmp_path: Path) -> None:
    tasks = [
        job(tmp_path, "crash", "import ctypes, faulthandler; faulthandler.enable()\nctypes.string_at(0)"),
        job(tmp_path, "good", GOOD),
    ]
    result = run_notebooks(tasks).set_index("job")
    assert result["status"].to_dict() == {"crash": "failed", "good": "done"}
    assert "Segmentation fault" in tasks[0].log.read_text(encoding="utf-8")
    assert not tasks[1].log.exists()


def test_nothing_is_said_at_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tasks = [job(tmp_path, "good", GOOD), job(tmp_path, "dies", "import os; os._exit(1)", output=False)]
    run_notebooks(tasks)
    assert capfd.readouterr() == ("", "")


def test_an_interruption_stops_the_notebooks(tmp_path: Path) -> None:
    tasks = [job(tmp_path, "quick", GOOD)]
    tasks += [job(tmp_path, f"long-{n}", "import time; time.sleep(120)", output=False) for n in range(4)]

    def stop(_job: Job, _status: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_notebooks(tasks, workers=3, on_done=stop)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("notebook")]
    assert not tasks[-1].executed.exists()


@pytest.mark.slow
def test_any_executor_will_do(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = run_notebooks([job(tmp_path, "good", GOOD), job(tmp_path, "bad", "1 / 0")], executor=pool)
    assert list(result["status"]) == ["done", "failed"]


def test_a_notebook_without_parameters_given_runs_on_its_defaults(tmp_path: Path) -> None:
    plain = job(tmp_path, "plain", "print(word)", output=False)
    run_notebooks([Job(plain.name, plain.notebook, plain.executed)])
    assert said(plain.executed).strip() == "?"
    assert len(nbformat.read(plain.executed, as_version=4).cells) == 2


@pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")
def test_kernels_prepared_beforehand_are_those_that_run(tmp_path: Path) -> None:
    close_shared_templates()
    prepare_kernels()
    prepared = shared_template().pid
    asked = job(tmp_path, "parent", "import os; print(os.getppid())")
    run_notebooks([asked])
    assert said(asked.executed).strip() == str(prepared)


READING = """
import os
from caqes_analysis.campaign import CAMPAIGN_VARIABLE, load_campaign
from caqes_analysis.parameter_files import _content
parsed_nb = _content.cache_info().misses
title = load_campaign(campaign).title
print(title, _content.cache_info().misses - parsed_nb, os.environ.get(CAMPAIGN_VARIABLE))
"""


@pytest.mark.slow
@pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")
def test_kernels_find_their_campaign_parsed_and_read_it_again_when_it_changed(tmp_path: Path) -> None:
    close_shared_templates()
    campaign = small_campaign(tmp_path, establishments_nb=3).file
    said_of = []
    for name, title in (("before", "Rapport d'essai"), ("after", "Autre titre")):
        campaign.write_text(campaign.read_text(encoding="utf-8").replace("Rapport d'essai", title), encoding="utf-8")
        notebook = write_notebook(tmp_path / f"{name}.ipynb", READING, parameters='campaign: str = ""')
        run_notebooks([Job(name, notebook, tmp_path / f"{name}.out.ipynb", {"campaign": str(campaign)})])
        said_of.append(said(tmp_path / f"{name}.out.ipynb").strip())
    assert said_of == ["Rapport d'essai 0 None", "Autre titre 1 None"]
