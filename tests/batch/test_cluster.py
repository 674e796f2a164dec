"""A plan on a real cluster of two processes, one of which is killed; wrong clusters are refused, in French."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caqes_analysis.batch import Job, cluster_executor, run_notebooks
from caqes_analysis.batch import cluster as cluster_module
from caqes_analysis.errors import BuildError
from tests.batch.notebooks import job

distributed = pytest.importorskip("distributed", reason="the extra « cluster » is not installed")

SLOW_ENOUGH = "import time; time.sleep(1)\nfrom pathlib import Path\nPath(place).write_text(word)"


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two worker processes of one thread, with no dashboard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the library closes late
        made = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
        with made:
            yield made


@pytest.mark.slow
def test_a_plan_survives_the_death_of_a_worker(cluster: Any, tmp_path: Path) -> None:
    tasks = [job(tmp_path, f"sheet-{n}", SLOW_ENOUGH, word=str(n)) for n in range(8)]
    tasks.append(job(tmp_path, "bad", "1 / 0", output=False))
    victims: list[int] = []

    def kill_one(_job: Job, _status: str) -> None:
        if not victims:
            victims.append(next(iter(cluster.workers.values())).pid)
            os.kill(victims[0], signal.SIGKILL)

    with cluster_executor(cluster.scheduler_address, tmp_path) as executor:
        result = run_notebooks(tasks, executor=executor, on_done=kill_one).set_index("job")
    assert victims
    assert result["status"].to_dict() == {task.name: "failed" if task.name == "bad" else "done" for task in tasks}
    assert [task.outputs[0].read_text(encoding="utf-8") for task in tasks[:-1]] == [str(n) for n in range(8)]


def test_workers_that_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "state_of_worker", lambda _folder: ("other code", "other libraries", True))
    states = {"tcp://a": ("code", "libraries", True), "tcp://b": ("other code", "other libraries", False)}
    with pytest.raises(BuildError) as refusal:
        cluster_module._check_workers(states, tmp_path)
    assert [(problem.code, problem.value) for problem in refusal.value.problems] == [
        ("ORDONNANCEUR_AUTRE_CODE", "tcp://a"),
        ("ORDONNANCEUR_AUTRE_ENVIRONNEMENT", "tcp://a"),
        ("ORDONNANCEUR_SANS_DOSSIER", "tcp://b"),
    ]
    with pytest.raises(BuildError, match="aucun ouvrier"):
        cluster_module._check_workers({}, tmp_path)


def test_a_scheduler_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_CONNECTION_S", 0.5)
    with pytest.raises(BuildError, match="ORDONNANCEUR_INJOIGNABLE"), cluster_executor("tcp://127.0.0.1:9", tmp_path):
        pass
