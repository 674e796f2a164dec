"""Executed notebooks kept by what they read: what has not changed is taken again, whole, instead of being run.

The key of a job (:func:`~caqes_analysis.batch.causes.key_of`) is made of the data that it says it reads, of code,
parameters and environment. An entry is a folder written beside the others and then renamed: a build that is killed
leaves entries that are whole or absent, and the next build goes on from them.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from caqes_analysis.batch.causes import key_of
from caqes_analysis.batch.job import Job

__all__ = ["Cache"]

_CONTENT = "content.json"
_EXECUTED = "executed.ipynb"
_DAY_S = 86_400
_KEPT_DAYS = 30


class Cache:
    """A folder of executed notebooks with what they wrote.

    Parameters
    ----------
    directory
        The folder; made when a first entry is kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)

    def take(self, job: Job) -> bool:
        """Put the executed notebook and the outputs of an equal job where this one wants them.

        Parameters
        ----------
        job
            The job.

        Returns
        -------
        bool
            False when there is no such entry, or when one of its files is not what was kept: the job must then run.
        """
        entry = self._entry(job)
        try:
            kept: dict[str, str] = json.loads((entry / _CONTENT).read_text(encoding="utf-8"))
            contents = {name: (entry / name).read_bytes() for name in kept}
        except (OSError, ValueError):
            return False
        wanted = _files(job)
        if wanted.keys() != kept.keys() or any(sha256(contents[n]).hexdigest() != kept[n] for n in kept):
            shutil.rmtree(entry, ignore_errors=True)
            return False
        for name, place in wanted.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(contents[name])
        os.utime(entry)  # the age of an entry counts from its last use
        return True

    def keep(self, job: Job) -> None:
        """Keep what a job that succeeded has written; a disk that is full keeps nothing, and the build goes on."""
        entry = self._entry(job)
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.directory))
        except OSError:
            return
        try:
            kept = {}
            for name, place in _files(job).items():
                content = place.read_bytes()
                (draft / name).write_bytes(content)
                kept[name] = sha256(content).hexdigest()
            (draft / _CONTENT).write_text(json.dumps(kept, indent=1), encoding="utf-8")
            shutil.rmtree(entry, ignore_errors=True)
            draft.rename(entry)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)

    def discard(self, job: Job) -> None:
        """Delete the entry of a job, if there is one."""
        shutil.rmtree(self._entry(job), ignore_errors=True)

    def clear(self) -> None:
        """Delete every entry."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def prune(self, *, now_s: float | None = None) -> None:
        """Delete the entries that no build has used for a month, and what killed builds left."""
        limit_s = (time.time() if now_s is None else now_s) - _KEPT_DAYS * _DAY_S
        for entry in self.directory.glob("*"):
            left_by_another = entry.name.startswith(".draft-")
            if entry.stat().st_mtime < limit_s + (_KEPT_DAYS - 1) * _DAY_S * left_by_another:
                shutil.rmtree(entry, ignore_errors=True)

    def _entry(self, job: Job) -> Path:
        return self.directory / key_of(job)


def _files(job: Job) -> dict[str, Path]:
    """Return the files of a job by the name that they have in an entry."""
    return {_EXECUTED: job.executed} | {f"{number}-{path.name}": path for number, path in enumerate(job.outputs)}
