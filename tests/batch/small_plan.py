"""A plan as a build has it, in small: sheets, a chapter that reads them, a site, a manifest; killed where it is told.

The pieces are those of a build, in the order in which it calls them. Kernels come from one template that the runs of a
test share, so that a run takes a fraction of a second.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat

from caqes_analysis.batch import Cache, Job, begin_run, prune_runs, run_notebooks
from caqes_analysis.batch.runs import keep_table
from caqes_analysis.batch.template import Template, shared_template
from caqes_analysis.book.publish import publish
from caqes_analysis.build_lock import alone
from caqes_analysis.replacing import replace_folder, restore_folder, write_whole
from tests.batch.notebooks import write_notebook

SHEET = """
import json, pathlib, pyarrow as pa, pyarrow.parquet as pq
amounts = json.loads(pathlib.Path(data).read_text())
table = pa.table({"finess": [finess], "total_nb": [sum(amounts)]})
pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
pq.write_table(table, output)
print(finess, sum(amounts))
"""
CHAPTER = """
import pathlib, pyarrow.parquet as pq
parts = sorted(pathlib.Path(results).glob("*/totals/*.parquet"))
print("region", sum(pq.read_table(part)["total_nb"][0].as_py() for part in parts))
"""
_DURABLE = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime", "shutil.copyfile"}


@dataclass(frozen=True)
class SmallPlan:
    """Inputs of a plan: notebooks, and one file of amounts per establishment.

    Parameters
    ----------
    folder
        Where they stand.
    """

    folder: Path

    def write(self, **amounts: list[int]) -> None:
        """Write the notebooks, and the amounts of some establishments."""
        self.folder.mkdir(exist_ok=True)
        write_notebook(self.folder / "sheet.ipynb", SHEET, parameters='finess: str = ""\ndata = ""\noutput = ""')
        write_notebook(self.folder / "chapter.ipynb", CHAPTER, parameters='results: str = ""')
        for finess, values in amounts.items():
            (self.folder / f"{finess}.json").write_text(str(values), encoding="utf-8")

    def run(self, directory: Path) -> None:
        """Run the plan into a folder, as a build does."""
        with alone(directory, file="plan"):
            run, site = directory / "run.draft", directory / "site"
            shutil.rmtree(run, ignore_errors=True)
            for place in (directory / "run", site):
                restore_folder(place)
            manifest = begin_run(directory, root=run)
            manifest.add("run", run=manifest.run_id)
            cache = Cache(directory / "cache")
            sheets = [self._sheet(path, run) for path in sorted(self.folder.glob("*.json"))]
            told = [run_notebooks(sheets, workers=3, cache=cache, manifest=manifest)]
            chapter = self._chapter(run)
            told.append(run_notebooks([chapter], cache=cache, manifest=manifest))
            failures = [error for frame in told for error in frame["error"].dropna()]
            if failures:
                raise OSError(errno.EIO, str(failures))
            for path in sorted(run.glob("results/*/totals/*.parquet")):
                keep_table(directory, manifest, "totals", path.stem, path)
            publish(*self._pages([*sheets, chapter], directory / "work"), self.folder / "assets", site)
            replace_folder(run, directory / "run")
            write_whole(directory / "built.json", b"{}")
            manifest.add("end", succeeded=True)
            prune_runs(directory)

    def _sheet(self, data: Path, run: Path) -> Job:
        output = run / "results" / data.stem / "totals" / f"{data.stem}.parquet"
        return Job(
            name=data.stem,
            notebook=self.folder / "sheet.ipynb",
            executed=run / "executed" / f"{data.stem}.ipynb",
            parameters={"finess": data.stem, "data": str(data), "output": str(output)},
            outputs=(output,),
            reads={"table amounts": sha256(data.read_bytes()).hexdigest()},
            places=("data", "output"),
        )

    def _chapter(self, run: Path) -> Job:
        written = sorted(run.glob("results/*/totals/*.parquet"))
        return Job(
            name="synthese",
            notebook=self.folder / "chapter.ipynb",
            executed=run / "executed" / "synthese.ipynb",
            parameters={"results": str(run / "results")},
            reads={f"sheet {path.stem}": sha256(path.read_bytes()).hexdigest() for path in written},
            places=("results",),
        )

    def _pages(self, jobs: list[Job], work: Path) -> tuple[Path, list[str]]:
        (self.folder / "assets").mkdir(exist_ok=True)
        (work / "_static").mkdir(parents=True, exist_ok=True)
        (work / "_static" / "caqes-search-data.js").touch()
        for job in jobs:
            cells = nbformat.read(job.executed, as_version=4).cells
            shown = "".join(output["text"] for output in cells[-1].outputs)
            (work / f"{job.name}.html").write_text(f"<p>{shown}</p>", encoding="utf-8")
        return work, [job.name for job in jobs]


def contents(directory: Path) -> dict[str, str]:
    """Return the hash of every file of the site and of the result tables of a build folder."""
    files = sorted(path for name in ("site", "run/results") for path in (directory / name).rglob("*"))
    return {
        path.relative_to(directory).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def in_a_process(work: Callable[[], Any]) -> int:
    """Run something in a fork of this process, with its kernels from the template of this one; return its status.

    The status is 0, 1 after an exception, or the negative number of the signal that ended it.
    """
    _warm()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setsid()
            Template.usable = property(lambda _: True)  # type: ignore[assignment, method-assign]  # though not its own
            work()
            status = 0
        except OSError:
            pass
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


@cache
def _warm() -> None:
    """Have the template of this process answer once: runs that are forked from here then find it ready."""
    null = subprocess.DEVNULL
    kernel = shared_template().fork(["-f", "none"], env={}, cwd="/", stdout=null, stderr=null)
    kernel.kill()
    kernel.close()


class Trap:
    """Count what a process changes on the disk and, at the n-th change, strike.

    Parameters
    ----------
    at
        Which change; 0 counts only.
    delay_s
        None to kill just before the change; else so long after it, at whatever instruction.
    full
        True to refuse that change and the following ones, as a full disk does, instead of killing.
    """

    def __init__(self, at: int = 0, *, delay_s: float | None = None, full: bool = False) -> None:
        self.count, self.at, self.delay_s, self.full = 0, at, delay_s, full

    def set(self) -> None:
        """Watch this process, for good."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not writes and event not in _DURABLE:
            return
        self.count += 1
        if not self.at or self.count < self.at:
            return
        if self.full:
            if event in {"open", "os.mkdir", "shutil.copyfile"} and arguments[0] != os.devnull:
                raise OSError(errno.ENOSPC, "No space left on device")
        elif self.count == self.at and self.delay_s is None:
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.count == self.at:
            signal.setitimer(signal.ITIMER_REAL, max(self.delay_s or 0, 1e-6))
