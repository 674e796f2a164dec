"""One build at a time: the second says who holds the folder; the dead hold nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from caqes_analysis.build_lock import alone
from caqes_analysis.errors import BuildError

HOLDER = """
import sys, time
from pathlib import Path
from caqes_analysis.build_lock import alone
with alone(Path(sys.argv[1]), file="essai.yml"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_says_who_holds_it(tmp_path: Path) -> None:
    with alone(tmp_path / "sortie", file="essai.yml"):
        with pytest.raises(BuildError) as refusal, alone(tmp_path / "sortie", file="essai.yml"):
            raise AssertionError
        (problem,) = refusal.value.problems
        assert (problem.code, problem.file) == ("CONSTRUCTION_EN_COURS", "essai.yml")
        assert f"(processus {os.getpid()})" in problem.what
        assert "lancée par " in problem.what
    assert [path.name for path in (tmp_path / "sortie").iterdir()] == [".build.lock"]


@pytest.mark.parametrize("note", ["", "{", "[]", json.dumps({"person": "marie"})])
def test_an_unreadable_note_hides_nothing_else(tmp_path: Path, note: str) -> None:
    with alone(tmp_path, file="essai.yml"):
        (tmp_path / ".build.holder.json").write_text(note, encoding="utf-8")
        with pytest.raises(BuildError, match="en cours\\."), alone(tmp_path, file="essai.yml"):
            raise AssertionError


def test_the_lock_of_the_dead_is_taken_over(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BuildError, match=f"processus {holder.pid}"), alone(tmp_path, file="essai.yml"):
            raise AssertionError
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with alone(tmp_path, file="essai.yml"):
            kept = json.loads((tmp_path / ".build.holder.json").read_text(encoding="utf-8"))
        assert kept["process"] == os.getpid()
    finally:
        holder.kill()
        holder.stdout.close()
