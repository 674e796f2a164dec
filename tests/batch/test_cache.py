"""What did not change is taken again, whole; anything else is run."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from caqes_analysis.batch import Cache, Job, run_notebooks
from tests.batch.notebooks import job, said, write_notebook

GOOD = "from pathlib import Path; Path(place).write_text(word); word"
DAY_S = 86_400


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Cache, Job]:
    """A job that a cache holds, whose files are gone."""
    done = replace(job(tmp_path, "sheet", GOOD), reads={"table": "a"})
    done.executed.parent.mkdir()
    done.executed.write_bytes(b"executed")
    done.outputs[0].write_bytes(b"output")
    cache = Cache(tmp_path / "cache")
    cache.keep(done)
    for path in (done.executed, *done.outputs):
        path.unlink()
    return cache, done


def test_an_equal_job_gets_the_same_files(kept: tuple[Cache, Job]) -> None:
    cache, done = kept
    assert cache.take(done)
    assert (done.executed.read_bytes(), done.outputs[0].read_bytes()) == (b"executed", b"output")


@pytest.mark.parametrize("change", ["reads", "parameters", "notebook", "more"])
def test_any_change_of_what_is_read_runs_it(kept: tuple[Cache, Job], change: str) -> None:
    cache, done = kept
    changed = {
        "reads": lambda: replace(done, reads={"table": "b"}),
        "parameters": lambda: replace(done, parameters={**done.parameters, "word": "autre"}),
        "more": lambda: replace(done, reads={"table": "a", "comment": "c"}),
        "notebook": lambda: replace(done, notebook=write_notebook(done.notebook, GOOD, "1")),
    }[change]()
    assert not cache.take(changed)
    assert not done.executed.exists()


@pytest.mark.parametrize("damage", ["changed", "lost", "unreadable"])
def test_a_damaged_entry_is_never_taken(kept: tuple[Cache, Job], damage: str) -> None:
    cache, done = kept
    (entry,) = cache.directory.iterdir()
    if damage == "changed":
        (entry / "executed.ipynb").write_bytes(b"executee")
    elif damage == "lost":
        (entry / "executed.ipynb").unlink()
    else:
        (entry / "content.json").write_text("{", encoding="utf-8")
    assert not cache.take(done)
    assert not done.executed.exists()


def test_entries_go_a_month_after_their_last_use(kept: tuple[Cache, Job]) -> None:
    cache, done = kept
    (entry,) = cache.directory.iterdir()
    (cache.directory / ".draft-left").mkdir()
    now_s = time.time()
    cache.prune(now_s=now_s + 2 * DAY_S)
    assert list(cache.directory.iterdir()) == [entry]
    os.utime(entry, (now_s - 40 * DAY_S,) * 2)
    assert cache.take(done)  # a use
    cache.prune(now_s=now_s)
    assert entry.exists()
    cache.prune(now_s=now_s + 31 * DAY_S)
    assert not entry.exists()


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, kept: tuple[Cache, Job]) -> None:
    _, done = kept
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache")
    cache.keep(done)
    assert not cache.take(done)


def test_only_what_changed_and_what_failed_runs_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    jobs = [
        replace(job(tmp_path, "same", GOOD), reads={"table": "a"}),
        replace(job(tmp_path, "other", GOOD), reads={"table": "a"}),
        job(tmp_path, "fails", "1 / 0"),
    ]
    seen: list[tuple[str, str]] = []
    first = run_notebooks(jobs, cache=cache)
    assert first["status"].tolist() == ["done", "done", "failed"]
    before = jobs[0].executed.read_bytes()
    jobs[0].executed.unlink()
    jobs[1] = replace(jobs[1], reads={"table": "b"})
    second = run_notebooks(jobs, cache=cache, on_done=lambda done, status: seen.append((done.name, status)))
    assert second["status"].tolist() == ["reused", "done", "failed"]
    assert dict(seen) == dict(zip(second["job"], second["status"], strict=True))
    assert jobs[0].executed.read_bytes() == before
    assert second["outputs"].tolist() == first["outputs"].tolist()
    assert said(jobs[0].executed) == "'bonjour'"
