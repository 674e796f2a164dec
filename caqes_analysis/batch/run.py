"""Execute parameterised notebooks with papermill, several at a time, and say what became of each."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.parameter_files import nearest

__all__ = ["COLUMNS", "Job", "run_notebooks"]

COLUMNS = ["job", "status", "duration_s", "error", "cell", "outputs"]
"""Columns of the table that :func:`run_notebooks` returns."""

_KERNEL = "python3"
# A kernel waits as much as it computes while it starts: one more worker than cores keeps the cores busy.
_WORKERS_BEYOND_CORES = 1


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
        Values for that cell.
    executed
        Where the executed notebook goes; written whole, also when a cell fails.
    outputs
        Files that the notebook must have written; the job fails when one is absent.
    timeout_s
        Time allowed to each cell.
    """

    name: str
    notebook: Path
    executed: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[Path, ...] = ()
    timeout_s: int = 600


@dataclass(frozen=True)
class _Outcome:
    status: str
    duration_s: float
    error: str | None = None
    cell: int | None = None


def run_notebooks(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    on_done: Callable[[Job, str], None] | None = None,
) -> pd.DataFrame:
    """Execute notebooks, each in a fresh kernel.

    Parameters
    ----------
    jobs
        What to execute; the order is that of the returned rows.
    workers
        Notebooks executed at the same time; by default one more than the cores.
    executor
        Any ``concurrent.futures.Executor`` to use instead of local processes (``workers`` is then ignored).
    on_done
        Called with each job and its status as it ends, for a progress bar.

    Returns
    -------
    DataFrame
        One row per job: ``job, status`` (``done`` or ``failed``), ``duration_s, error`` (text, or missing),
        ``cell`` (number of the failing cell, counted from 1), ``outputs`` (list of paths that exist).

    Raises
    ------
    CampaignError
        ``NOTEBOOK_PARAMETRE_INCONNU``: every parameter that a notebook does not declare, before anything starts.
    """
    _check_parameters(jobs)
    outcomes: dict[int, _Outcome] = {}
    with nullcontext(executor) if executor is not None else _local_processes(workers, len(jobs)) as pool:
        futures: dict[Future[_Outcome], int] = {pool.submit(_execute, job): i for i, job in enumerate(jobs)}
        for future in as_completed(futures):
            position = futures[future]
            failure = future.exception()
            outcomes[position] = (
                _Outcome("failed", 0.0, f"{type(failure).__name__} : {failure}") if failure else future.result()
            )
            if on_done is not None:
                on_done(jobs[position], outcomes[position].status)
    rows = [
        (job.name, o.status, o.duration_s, o.error, o.cell, [str(path) for path in job.outputs if path.exists()])
        for job, o in ((jobs[i], outcomes[i]) for i in range(len(jobs)))
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"cell": "Int64", "duration_s": "float64"})


def _local_processes(workers: int | None, jobs_nb: int) -> ProcessPoolExecutor:
    wanted = workers or (os.cpu_count() or 1) + _WORKERS_BEYOND_CORES
    return ProcessPoolExecutor(
        max_workers=max(1, min(wanted, jobs_nb)), mp_context=multiprocessing.get_context("spawn")
    )


def _check_parameters(jobs: Sequence[Job]) -> None:
    from papermill import inspect_notebook  # heavy: only when notebooks run

    declared: dict[Path, list[str]] = {}
    problems = []
    for job in jobs:
        if job.notebook not in declared:
            declared[job.notebook] = list(inspect_notebook(str(job.notebook)))
        for name in job.parameters:
            if name not in declared[job.notebook]:
                close = nearest(name, declared[job.notebook])
                problems.append(
                    Problem(
                        "NOTEBOOK_PARAMETRE_INCONNU",
                        f"ce carnet n'a pas de paramètre « {name} ».",
                        f"Vouliez-vous dire « {close} » ?" if close else f"Paramètres : {declared[job.notebook]}.",
                        file=job.notebook.name,
                        value=job.name,
                    )
                )
    if problems:
        raise CampaignError(problems)


def _execute(job: Job) -> _Outcome:
    """Execute one notebook in this process's child kernel; never raises for what a notebook may do."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    begun = time.perf_counter()
    draft = job.executed.with_suffix(".draft.ipynb")
    job.executed.parent.mkdir(parents=True, exist_ok=True)
    error, cell = None, None
    try:
        execute_notebook(
            str(job.notebook),
            str(draft),
            parameters=dict(job.parameters),
            kernel_name=_KERNEL,
            progress_bar=False,
            cwd=str(job.notebook.parent),
            execution_timeout=job.timeout_s,
        )
    except PapermillExecutionError as failure:
        error, cell = f"{failure.ename} : {failure.evalue}", failure.cell_index + 1
    except CellTimeoutError:
        error = f"une cellule dépasse le temps permis ({job.timeout_s} s)"
    except DeadKernelError:
        error = "le noyau s'est arrêté (mémoire insuffisante ?)"
    if error is None:
        absent = [path.name for path in job.outputs if not path.exists()]
        error = f"le carnet n'a pas écrit {', '.join(absent)}" if absent else None
    if draft.exists():
        _write_reproducibly(draft, job.executed)
    return _Outcome("failed" if error else "done", time.perf_counter() - begun, error, cell)


def _write_reproducibly(draft: Path, executed: Path) -> None:
    """Keep what the notebook shows; leave out times, random identifiers and paths, so that runs are equal."""
    notebook = nbformat.read(draft, as_version=4)
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        for trace in ("papermill", "execution"):
            cell.metadata.pop(trace, None)
    nbformat.write(notebook, draft)
    draft.replace(executed)
