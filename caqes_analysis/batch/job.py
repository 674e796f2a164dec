"""A notebook to execute, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Job", "Kernels", "Outcome"]

Kernels = Literal["warm", "ordinary"]
"""``warm``: forked from a process that imported the stack once. ``ordinary``: a new interpreter for each notebook."""


@dataclass(frozen=True)
class Job:
    """One notebook to execute.

    Parameters
    ----------
    name
        What the job is called in messages (a chapter, a FINESS).
    notebook
        The notebook; one of its cells is tagged ``parameters``.
    parameters
        Values for that cell: text, numbers, dates, paths, numpy scalars, lists and dictionaries of these.
    executed
        Where the executed notebook goes; written whole, also when a cell fails.
    outputs
        Files that the notebook must have written; the job fails when one is absent.
    timeout_s
        Time allowed to each cell.
    reads
        What the notebook reads beside its parameters: name → hash of the content. ``code``, ``environment``,
        ``campaign`` and ``parameters`` are what they say, other names are data. Two jobs with equal notebooks,
        parameters and reads give equal results: a cache relies on it.
    places
        Names of the parameters that only say where files are: no cause of a change.
    """

    name: str
    notebook: Path
    executed: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[Path, ...] = ()
    timeout_s: int = 600
    reads: Mapping[str, str] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        """Where what the kernel itself said is kept when the job fails and it said something."""
        return self.executed.with_suffix(".log")


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Parameters
    ----------
    status
        ``done``, ``reused`` (taken from the cache) or ``failed``.
    duration_s
        From the start of the kernel to its end.
    error
        French text, when it failed.
    cell
        Number of the cell that was running, counted from 1, when it failed in one.
    undeclared
        Files that it wrote, or removed, beside the outputs that it declares.
    not_forked
        Why its kernel was an ordinary one though a forked one was wanted: same results, about two seconds more.
    """

    status: str
    duration_s: float
    error: str | None = None
    cell: int | None = None
    undeclared: tuple[str, ...] = ()
    not_forked: str | None = None
