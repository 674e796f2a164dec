"""Building a report: receive, run the notebooks, compile the site; whole or not at all, every failure listed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from caqes_analysis import french, perimeter, tables
from caqes_analysis.batch import Cache, Job, cluster_executor, prepare_kernels, prune_runs, run_notebooks
from caqes_analysis.batch.compare import Comparison, find_run, last_run
from caqes_analysis.batch.runs import RUNS
from caqes_analysis.book import compile_book, read_problems
from caqes_analysis.book.publish import inventory
from caqes_analysis.build_book import report_book
from caqes_analysis.build_lock import alone
from caqes_analysis.build_plan import SHEETS, Plan
from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.chapters.own_rows import keep_own_rows
from caqes_analysis.chapters.page import run_directory
from caqes_analysis.chapters.reads import Reads, table_hashes
from caqes_analysis.chapters.regional_context import keep_regional_context
from caqes_analysis.code_version import hash_of_files
from caqes_analysis.errors import BuildError, CampaignError, Problem
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.progress import Tell
from caqes_analysis.receive import input_files, kept_signature, open_store
from caqes_analysis.replacing import replace_folder, restore_folder
from caqes_analysis.run_record import RunRecord
from caqes_analysis.unchanged import begin_build, forget_build, record_build

__all__ = ["BuildReport", "build"]

READING, FORECASTS, SITE = "Lecture des fichiers reçus", "Prévisions", "Composition du site"


@dataclass(frozen=True)
class BuildReport:
    """What a build made.

    Parameters
    ----------
    notebooks
        One row per notebook, as :func:`caqes_analysis.batch.run_notebooks` returns it, with ``title`` and ``notebook``
        (name of its file).
    index
        First page of the site.
    page_problems
        What the check of the built pages found.
    manifest
        Manifest of the run: what was read, executed or taken again, written and missed.
    """

    notebooks: pd.DataFrame
    index: Path
    page_problems: tuple[Problem, ...] = ()
    manifest: Path | None = None

    @property
    def succeeded(self) -> bool:
        """True when every notebook and every page is right."""
        return bool((self.notebooks["status"] != "failed").all()) and not self.page_problems


def build(
    campaign_file: Path | str,
    *,
    output: Path | None = None,
    workers: int | None = None,
    only: Sequence[str] = (),
    force: bool = False,
    scheduler: str | None = None,
    compare_with: Path | None = None,
    stop_on_unexplained: bool = False,
    progress: Tell = lambda *_: None,
) -> BuildReport:
    """Build the report of a campaign.

    Parameters
    ----------
    campaign_file
        The campaign.
    output
        Folder of what is made; by default the campaign's (``reports/<campaign>``).
    workers
        Notebooks executed at the same time.
    only
        FINESS of the sheets to run; all when empty. The region is always whole.
    force
        True to run every notebook again, also those whose reads did not change.
    scheduler
        Address of a Dask scheduler whose workers run the notebooks; this machine alone when None.
    compare_with
        Folder of an earlier run, or of its build: a page then says what changed since.
    stop_on_unexplained
        True to stop before the chapters when numbers changed since that run (by default the last one that succeeded)
        though neither the data nor the parameters did; the site stays as it was.
    progress
        Told of each step.

    Raises
    ------
    CaqesError
        When the campaign or an input is wrong: nothing is then written. ``CONSTRUCTION_EN_COURS`` when another build
        of this campaign is running. ``ECARTS_INEXPLIQUES`` when asked to stop on them.
    """
    campaign = load_campaign(campaign_file)
    directory = output.resolve() if output else campaign.build_directory
    earlier = find_run(compare_with) if compare_with else None
    with alone(directory, file=campaign.file.name), ExitStack() as stack:
        executor = stack.enter_context(cluster_executor(scheduler, directory)) if scheduler else None
        earlier = earlier or (last_run(directory) if stop_on_unexplained else None)
        progress(READING, 0, 1)
        if executor is None:
            prepare_kernels(campaign.file)
        depended = begin_build(campaign, only=only, compare_with=compare_with)
        begun = time.perf_counter()
        before = kept_signature(directory / "store")
        store = open_store(campaign, directory)
        establishments = perimeter.current_establishments(store)
        _check_only(only, establishments, campaign)
        forget_build(directory)
        progress(READING, 1, 1)
        run = run_directory(directory)
        shutil.rmtree(run, ignore_errors=True)
        restore_folder(directory / "run")
        record = RunRecord(campaign, directory, results=run, only=only, force=force)
        signed = kept_signature(directory / "store")
        inputs = {str(path): signed[str(path)] for path in input_files(campaign)}
        status, received = "reused" if before == signed else "done", table_hashes(store)
        record.add_step(READING, status, time.perf_counter() - begun, outputs=received)
        with record.step(FORECASTS, reads=received) as told:
            told(reused=store.has(tables.FORECASTS))
            prepare_forecasts(store, campaign, progress=partial(progress, FORECASTS))
            keep_regional_context(store, campaign)
            derived = table_hashes(store)
            keep_own_rows(store, derived)
            told(outputs=derived)
        plan = Plan(campaign, directory, establishments, tuple(only), Reads(campaign, store))
        cache = Cache(directory / "cache")
        if force:
            cache.clear()
        run_step = partial(_run, workers=workers, executor=executor, progress=progress, cache=cache, record=record)
        sheets = run_step(plan.sheets(), SHEETS)
        record.publish(store)
        if earlier is not None:
            comparison = record.compared(earlier)
            if stop_on_unexplained and len(comparison.unexplained):
                record.end(sheets, [], succeeded=False)
                raise _unexplained(comparison)
            if compare_with:
                plan.add_changes(comparison)
        regional = [run_step(jobs, step) for step, jobs in plan.regional_steps()]
        outcomes = pd.concat([sheets, *regional], ignore_index=True)
        cache.prune()
        progress(SITE, 0, 1)
        with record.step(SITE, reads={"notebooks": hash_of_files(run, ("*.ipynb",))}) as told:
            book = report_book(plan, outcomes)
            index = compile_book(book, work=directory / "work", site=directory / "site", jobs=2)
            told(outputs=inventory(index.parent))
        problems = read_problems(directory / "work")
        replace_folder(run, directory / "run")
        report = BuildReport(
            outcomes.assign(title=outcomes["job"].map(plan.titles)), index, tuple(problems), record.manifest.path
        )
        if report.succeeded:
            record_build(directory, depended, inputs=inputs)
        record.end(outcomes, problems, succeeded=report.succeeded)
        prune_runs(directory)
        progress(SITE, 1, 1)
    return report


def _unexplained(comparison: Comparison) -> BuildError:
    before, after = (run.directory / RUNS / run.name for run in (comparison.before, comparison.after))
    count = french.plural(len(comparison.unexplained), "chiffre a changé", "chiffres ont changé")
    return BuildError.of(
        "ECARTS_INEXPLIQUES",
        f"{count} sans que ni les données ni les paramètres n'aient changé ; le site est laissé comme il était.",
        f"Voir lesquels avec « caqes compare {before} {after} » ; construire sans --stop-on-unexplained pour accepter.",
        file=str(before),
    )


def _check_only(only: Sequence[str], establishments: pd.DataFrame, campaign: Campaign) -> None:
    unknown = [finess for finess in only if finess not in set(establishments["finess"])]
    if unknown:
        raise CampaignError(
            Problem(
                "ETABLISSEMENT_INCONNU",
                "cet établissement n'est pas dans la campagne (ou un autre a repris son activité).",
                "Corriger --only.",
                file=campaign.file.name,
                value=finess,
            )
            for finess in unknown
        )


def _run(
    jobs: Sequence[Job],
    step: str,
    *,
    workers: int | None,
    executor: Executor | None,
    progress: Tell,
    cache: Cache,
    record: RunRecord,
) -> pd.DataFrame:
    done = 0
    progress(step, 0, len(jobs))

    def count(_job: Job, _status: str) -> None:
        nonlocal done
        done += 1
        progress(step, done, len(jobs))

    told = run_notebooks(jobs, workers=workers, executor=executor, on_done=count, cache=cache, manifest=record.manifest)
    return told.assign(notebook=[job.notebook.name for job in jobs])
