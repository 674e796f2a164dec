"""The manifest of a run: what was read, executed or taken again, written and missed, one JSON line per fact.

Lines are only ever added: a run that is killed leaves what it knew. Times and random identifiers stand here and nowhere
else, so that equal runs write equal files.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from caqes_analysis.batch.causes import causes_of
from caqes_analysis.batch.job import Job, Outcome
from caqes_analysis.sources.files import sha256_of

__all__ = ["MANIFEST", "Manifest", "new_run_id", "read_lines"]

MANIFEST = "manifest.jsonl"
"""Name of the file in the folder of a run."""

_RANDOM_BYTES = 4


def new_run_id(now: datetime | None = None) -> str:
    """Return the name of a new run: the time, by which runs are sorted, then something random.

    Parameters
    ----------
    now
        Time of its beginning; that of the clock by default.

    Examples
    --------
    >>> new_run_id(datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC))[:-8]
    '20260314T092653.589Z-'
    """
    begun = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{begun:%Y%m%dT%H%M%S}.{begun.microsecond // 1000:03d}Z-{secrets.token_hex(_RANDOM_BYTES)}"


class Manifest:
    """The manifest of the run that is going on.

    Parameters
    ----------
    folder
        Folder of the run, made here; its name is that of the run.
    root
        Folder to which the paths of what notebooks write are relative.
    """

    def __init__(self, folder: Path, *, root: Path) -> None:
        self.path = Path(folder) / MANIFEST
        self.root = Path(root)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.path.parent.name

    def add(self, event: str, **facts: Any) -> None:
        """Add a line, with the time.

        Parameters
        ----------
        event
            What the line tells: ``run``, ``input``, ``step``, ``notebook``, ``table`` or ``end``.
        **facts
            What JSON can hold; anything else is written as text.
        """
        line = {"event": event, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **facts}
        content = json.dumps(line, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
        with self.path.open("ab") as stream:
            stream.write(content + b"\n")

    def add_notebook(self, job: Job, outcome: Outcome) -> None:
        """Add what became of a job: its causes, its state, its duration, what it wrote, why it failed."""
        self.add(
            "notebook",
            job=job.name,
            notebook=job.notebook.name,
            status=outcome.status,
            duration_s=round(outcome.duration_s, 3),
            causes=causes_of(job),
            executed=self._hashes([job.executed]),
            outputs=self._hashes(job.outputs),
            error=outcome.error,
            cell=outcome.cell,
        )

    def _hashes(self, paths: Iterable[Path]) -> dict[str, str]:
        found = {}
        for path in paths:
            if path.is_file():
                inside = path.is_relative_to(self.root)
                found[path.relative_to(self.root).as_posix() if inside else path.name] = sha256_of(path)
        return found


def read_lines(path: Path, *, event: str | None = None) -> list[dict[str, Any]]:
    """Return the lines of a manifest, but one that a kill or a full disk has cut.

    Parameters
    ----------
    path
        The file.
    event
        What the lines tell; all when None.
    """
    begun = b"" if event is None else json.dumps({"event": event}).encode()[:-1]
    found = []
    for line in filter(lambda line: line.startswith(begun), path.read_bytes().split(b"\n")):
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found
