"""Execute parameterised notebooks, several at a time, and say what became of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd

from caqes_analysis.batch.cache import Cache
from caqes_analysis.batch.job import Job, Kernels, Outcome
from caqes_analysis.batch.manifest import Manifest
from caqes_analysis.batch.template import can_fork, shared_template
from caqes_analysis.batch.undeclared import FolderWatch
from caqes_analysis.campaign import CAMPAIGN_VARIABLE
from caqes_analysis.light_jsonschema import import_jsonschema
from caqes_analysis.system_reasons import system_reason

__all__ = ["COLUMNS", "KERNELS_VARIABLE", "prepare_kernels", "run_notebooks"]

COLUMNS = ["job", "status", "duration_s", "error", "cell", "outputs", "undeclared", "not_forked"]
"""Columns of the table that :func:`run_notebooks` returns."""

KERNELS_VARIABLE = "CAQES_KERNELS"
"""Environment variable: ``ordinary`` renounces forked kernels, should they not suit a machine."""

_CAMPAIGN_PARAMETER = "campaign"
# A kernel waits as much as it computes while it starts: one more worker than cores keeps the cores busy.
_WORKERS_BEYOND_CORES = 1


def run_notebooks(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    on_done: Callable[[Job, str], None] | None = None,
    kernels: Kernels | None = None,
    cache: Cache | None = None,
    manifest: Manifest | None = None,
) -> pd.DataFrame:
    """Execute notebooks, each in a fresh kernel.

    Parameters
    ----------
    jobs
        What to execute; the order is that of the returned rows.
    workers
        Notebooks executed at the same time; by default one more than the cores.
    executor
        Any ``concurrent.futures.Executor`` to use instead of local threads (``workers`` is then ignored).
    on_done
        Called with each job and its status as it ends, for a progress bar.
    kernels
        ``warm``: forked from a process that has imported the scientific stack, the default where the system allows
        it (Linux); ``ordinary``: a new interpreter each. The results are the same.
    cache
        Where the results of equal jobs are taken instead of being computed, and those that succeed are kept; without
        one, every job runs.
    manifest
        Where what becomes of each job is written as it ends.

    Returns
    -------
    DataFrame
        One row per job: ``job, status`` (``done``, ``reused`` or ``failed``), ``duration_s, error`` (text, or missing),
        ``cell`` (number of the failing cell, counted from 1), ``outputs`` (list of paths that exist), ``undeclared``
        (files written or removed beside the declared outputs: such a job is never reused), ``not_forked`` (why its
        kernel was an ordinary one though a forked one was wanted, or missing).

    Raises
    ------
    CampaignError
        ``NOTEBOOK_PARAMETRE_…``: every parameter that a notebook does not declare, lacks, or declares otherwise, before
        anything starts.
    """
    import_jsonschema()
    from caqes_analysis.batch.parameters import check_parameters

    check_parameters([(job.notebook, job.name, job.parameters) for job in jobs])
    outcomes = {i: Outcome("reused", 0.0) for i, job in enumerate(jobs) if cache is not None and cache.take(job)}

    def ended(job: Job, outcome: Outcome) -> None:
        if cache is not None and outcome.status == "done" and not outcome.undeclared:
            cache.keep(job)
        if manifest is not None:
            manifest.add_notebook(job, outcome)
        if on_done is not None:
            on_done(job, outcome.status)

    for position, outcome in outcomes.items():
        ended(jobs[position], outcome)
    left = {i: job for i, job in enumerate(jobs) if i not in outcomes}
    if left:
        folders = FolderWatch(list(left.values()))

        def executed(job: Job, outcome: Outcome) -> None:
            folders.ended(job, outcome)
            ended(job, outcome)

        outcomes |= _executed(left, workers, executor, executed, kernels or _default_kernels())
        outcomes |= _undeclared(left, outcomes, folders, cache, manifest)
    return _table(jobs, [outcomes[i] for i in range(len(jobs))])


def _undeclared(
    jobs: Mapping[int, Job],
    outcomes: Mapping[int, Outcome],
    folders: FolderWatch,
    cache: Cache | None,
    manifest: Manifest | None,
) -> dict[int, Outcome]:
    """Return the outcomes of the jobs that wrote what they do not declare: it is told, and they run again next time."""
    unseen = folders.found(known={path for i in jobs for path in outcomes[i].undeclared})
    told = {}
    for position, job in jobs.items():
        paths = (*outcomes[position].undeclared, *unseen.get(job.name, ()))
        if paths:
            told[position] = replace(outcomes[position], undeclared=paths)
            if cache is not None:
                cache.discard(job)
            if manifest is not None:
                manifest.add("undeclared", job=job.name, files=list(paths))
    return told


def _executed(
    jobs: Mapping[int, Job],
    workers: int | None,
    executor: Executor | None,
    ended: Callable[[Job, Outcome], None],
    chosen: Kernels,
) -> dict[int, Outcome]:
    if chosen == "warm" and executor is None:
        shared_template(environment=_warmed_with(jobs.values()))  # it imports while this process does
    from caqes_analysis.batch.notebook import Running, execute

    running = Running() if executor is None else None
    outcomes: dict[int, Outcome] = {}
    with nullcontext(executor) if executor is not None else _threads(workers, len(jobs)) as pool:
        futures = {pool.submit(execute, job, chosen, running): i for i, job in jobs.items()}
        try:
            for future in as_completed(futures):
                position = futures[future]
                outcomes[position] = _outcome(future)
                ended(jobs[position], outcomes[position])
        except BaseException:
            for future in futures:
                future.cancel()
            if running is not None:
                running.cancel()
            raise
    return outcomes


def prepare_kernels(campaign_file: Path | None = None) -> None:
    """Begin to import what the notebooks need, in the process that their kernels come from, while this one goes on.

    Parameters
    ----------
    campaign_file
        The campaign that they read.
    """
    if _default_kernels() == "warm":
        shared_template(environment={} if campaign_file is None else {CAMPAIGN_VARIABLE: str(campaign_file)})


def _warmed_with(jobs: Iterable[Job]) -> dict[str, str]:
    """Return the variable that names the campaign of notebooks that all have the same one."""
    named = {str(job.parameters.get(_CAMPAIGN_PARAMETER) or "") for job in jobs}
    return {CAMPAIGN_VARIABLE: named.pop()} if len(named) == 1 and "" not in named else {}


def _default_kernels() -> Kernels:
    if os.environ.get(KERNELS_VARIABLE) == "ordinary" or not can_fork():
        return "ordinary"
    return "warm"


def _threads(workers: int | None, jobs_nb: int) -> ThreadPoolExecutor:
    wanted = workers or (os.cpu_count() or 1) + _WORKERS_BEYOND_CORES
    return ThreadPoolExecutor(max_workers=max(1, min(wanted, jobs_nb)), thread_name_prefix="notebook")


def _outcome(future: Future[Outcome]) -> Outcome:
    failure = future.exception()
    if failure is None:
        return future.result()
    reason = system_reason(failure) if isinstance(failure, OSError) else None
    return Outcome("failed", 0.0, reason or f"{type(failure).__name__} : {failure}")


def _table(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> pd.DataFrame:
    rows = [
        (job.name, o.status, o.duration_s, o.error, o.cell, _existing(job), list(o.undeclared), o.not_forked)
        for job, o in zip(jobs, outcomes, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"cell": "Int64", "duration_s": "float64"})


def _existing(job: Job) -> list[str]:
    return [str(path) for path in job.outputs if path.exists()]
