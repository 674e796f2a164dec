"""Files that notebooks write without declaring them: found from inside their kernels, then by comparing folders.

Such a notebook cannot be taken from a cache: what it wrote elsewhere would not come back with it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from caqes_analysis.batch.job import Job, Outcome
from caqes_analysis.written_files import Written

__all__ = ["FolderWatch", "undeclared_files"]

# What libraries keep for themselves.
_CACHES = {"__pycache__", ".ipynb_checkpoints", "AppData"}
_CLOCK_S = 0.05


def undeclared_files(job: Job, seen: Written) -> tuple[str, ...]:
    """Return what a notebook wrote beside its outputs, and what it removed.

    Temporary files and the caches that libraries keep count for nothing, unless they stand in a folder of the job.

    Parameters
    ----------
    job
        The job.
    seen
        What its kernel noted.
    """
    own = {path.absolute() for path in job.outputs}
    written = [str(path) for path in seen.written - own if not _is_nobodys(path, job)]
    removed = [f"{path} (supprimé)" for path in seen.removed - own if not _is_nobodys(path, job)]
    return tuple(sorted([*written, *removed]))


def _is_nobodys(path: Path, job: Job) -> bool:
    if path.parts[:2] in {("/", "dev"), ("/", "proc")} or path.name == os.devnull or _CACHES & set(path.parts):
        return True
    if any(path.is_relative_to(folder) for folder in _folders(job)):
        return False
    home = Path.home()
    hidden = path.is_relative_to(home) and path.relative_to(home).parts[0].startswith(".")
    return hidden or path.is_relative_to(tempfile.gettempdir())


def _folders(job: Job) -> set[Path]:
    """Return the folders where a job has its files."""
    return {path.absolute().parent for path in (job.notebook, job.executed, *job.outputs)}


class FolderWatch:
    """Compare the folders of some jobs before and after they run, for what nobody in Python was seen to write.

    Parameters
    ----------
    jobs
        The jobs that are about to run.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._ends_s: dict[str, tuple[float, float]] = {}
        self._before = dict(self._files())

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Take note that a job has just ended."""
        now_s = time.time()
        self._ends_s[job.name] = (now_s - outcome.duration_s, now_s)

    def found(self, *, known: set[str]) -> dict[str, tuple[str, ...]]:
        """Return the files that came or changed and that no job declares, by name of job.

        Parameters
        ----------
        known
            Files that kernels have noted: said already.

        Returns
        -------
        dict
            A file that was written while several notebooks ran is told of each of them, as of one among others.
        """
        declared = {str(p.absolute()) for job in self._jobs for p in (job.executed, job.log, *job.outputs)}
        told: dict[str, tuple[str, ...]] = {}
        for path, (size_bytes, changed_ns) in self._files():
            if self._before.get(path) == (size_bytes, changed_ns) or path in declared | known:
                continue
            at_s = changed_ns / 1e9
            running = [n for n, (begun, end) in self._ends_s.items() if begun - _CLOCK_S <= at_s <= end + _CLOCK_S]
            running = running or list(self._ends_s)
            doubt = f" (lui ou un autre des {len(running)} carnets exécutés alors)" if len(running) > 1 else ""
            for name in running:
                told[name] = (*told.get(name, ()), path + doubt)
        return told

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for folder in sorted({folder for job in self._jobs for folder in _folders(job)}):
            if folder.is_dir():
                for entry in os.scandir(folder):
                    if entry.is_file():
                        found = entry.stat()
                        yield os.path.join(folder, entry.name), (found.st_size, found.st_mtime_ns)  # noqa: PTH118
