"""A program that a build starts does not outlive it, nor what the program starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import os, sys, time
if sys.argv[1] == "ends":
    sys.exit(3)
child = os.fork()
if child:
    print(os.getpid(), child, flush=True)
time.sleep(600)
"""
OWNER = """
import subprocess, sys, time
command = [sys.executable, "-m", "caqes_analysis.bound_process", "program", "stays"]
program = subprocess.Popen(command, stdin=subprocess.PIPE)
time.sleep(600)
"""


@pytest.fixture
def environment(tmp_path: Path, repository: Path) -> dict[str, str]:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "entry.py").write_text("def start(): return 4", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(repository)])}


def test_its_end_and_its_arguments_are_those_of_the_module(environment: dict[str, str]) -> None:
    for name, status in (("program", 3), ("entry:start", 4)):
        command = [sys.executable, "-m", "caqes_analysis.bound_process", name, "ends"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as program:
            assert program.wait(timeout=60) == status


@pytest.mark.skipif(os.name != "posix", reason="the program of this test forks")
def test_it_ends_with_its_owner_and_takes_its_children_along(environment: dict[str, str]) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, env=environment) as owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        assert all(psutil.pid_exists(pid) for pid in pids)
        owner.send_signal(signal.SIGKILL)
        owner.wait(timeout=10)
    limit = time.monotonic() + 10
    while (left := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < limit:
        time.sleep(0.02)
    assert left == []


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended may wait for a parent that never reads its status."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
