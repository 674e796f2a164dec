"""Building a report: receive, run the notebooks, compile the site; whole or not at all, every failure listed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import french, perimeter, tables
from caqes_analysis.batch import Cache, Job, prune_runs, run_notebooks
from caqes_analysis.book import Book, compile_book, read_problems
from caqes_analysis.book import Page as BookPage
from caqes_analysis.book.publish import inventory
from caqes_analysis.build_lock import alone
from caqes_analysis.campaign import REPOSITORY, Campaign, load_campaign
from caqes_analysis.chapters import CHAPTERS, SHEET_NOTEBOOK
from caqes_analysis.chapters.contents import INDICATOR_NOTEBOOK, INDICATORS_PART, PROVENANCE_PAGE
from caqes_analysis.chapters.indicator_reading import indicator_href, volet_label
from caqes_analysis.chapters.page import SHEET_TABLES, results_directory
from caqes_analysis.chapters.reads import Reads, table_hashes
from caqes_analysis.code_version import hash_of_files, report_code_hash
from caqes_analysis.departments import department_label
from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.guide import GuideSources, book_pages, guide_provenance
from caqes_analysis.page_foot import page_foot, page_hash, sources_of_indicator
from caqes_analysis.receive import input_files, kept_signature, open_store
from caqes_analysis.replacing import replace_folder, restore_folder
from caqes_analysis.run_record import RunRecord
from caqes_analysis.store import Store
from caqes_analysis.unchanged import forget_build, record_build

__all__ = ["BuildReport", "build"]

NOTEBOOKS = REPOSITORY / "notebooks"
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


Progress = Callable[[str, int, int], None]
"""Called with the step in French, what is done and what there is to do."""


def build(
    campaign_file: Path | str,
    *,
    output: Path | None = None,
    workers: int | None = None,
    only: Sequence[str] = (),
    force: bool = False,
    progress: Progress = lambda *_: None,
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
    progress
        Told of each step.

    Raises
    ------
    CaqesError
        When the campaign or an input is wrong: nothing is then written. ``CONSTRUCTION_EN_COURS`` when another build
        of this campaign is running.
    """
    campaign = load_campaign(campaign_file)
    directory = output.resolve() if output else campaign.build_directory
    with alone(directory, file=campaign.file.name):
        progress(READING, 0, 1)
        begun = time.perf_counter()
        before = kept_signature(directory / "store")
        store = open_store(campaign, directory)
        establishments = perimeter.current_establishments(store)
        _check_only(only, establishments, campaign)
        forget_build(directory)
        progress(READING, 1, 1)
        run = directory / "run.draft"
        shutil.rmtree(run, ignore_errors=True)
        restore_folder(directory / "run")
        record = RunRecord(campaign, directory, results=run, only=only, force=force)
        received = before == kept_signature(directory / "store")
        status = "reused" if received else "done"
        record.add_step(READING, status, time.perf_counter() - begun, outputs=table_hashes(store))
        with record.step(FORECASTS, reads=table_hashes(store)) as told:
            told(reused=store.has(tables.FORECASTS))
            prepare_forecasts(store, campaign, progress=partial(progress, FORECASTS))
            told(outputs=table_hashes(store))
        plan = _Plan(campaign, directory, establishments, tuple(only), Reads(campaign, store))
        cache = Cache(directory / "cache")
        if force:
            cache.clear()
        outcomes = pd.concat(
            [_run(jobs, workers, step, progress, cache, record) for step, jobs in plan.steps()], ignore_index=True
        )
        cache.prune()
        record.publish(store)
        progress(SITE, 0, 1)
        with record.step(SITE, reads={"notebooks": hash_of_files(run, ("*.ipynb",))}) as told:
            book = _book(plan, outcomes)
            index = compile_book(book, work=directory / "work", site=directory / "site", jobs=2)
            told(outputs=inventory(index.parent))
        problems = read_problems(directory / "work")
        replace_folder(run, directory / "run")
        report = BuildReport(
            outcomes.assign(title=outcomes["job"].map(plan.titles)), index, tuple(problems), record.manifest.path
        )
        if report.succeeded:
            record_build(campaign, directory, inputs=input_files(campaign), only=only)
        record.end(outcomes, problems, succeeded=report.succeeded)
        prune_runs(directory)
        progress(SITE, 1, 1)
    return report


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
    jobs: Sequence[Job], workers: int | None, step: str, progress: Progress, cache: Cache, record: RunRecord
) -> pd.DataFrame:
    done = 0
    progress(step, 0, len(jobs))

    def count(_job: Job, _status: str) -> None:
        nonlocal done
        done += 1
        progress(step, done, len(jobs))

    told = run_notebooks(jobs, workers=workers, on_done=count, cache=cache, manifest=record.manifest)
    return told.assign(notebook=[job.notebook.name for job in jobs])


class _Plan:
    """What a build runs: the sheets first, because the chapters read what they write."""

    def __init__(
        self,
        campaign: Campaign,
        directory: Path,
        establishments: pd.DataFrame,
        only: tuple[str, ...],
        reads: Reads,
    ) -> None:
        self.campaign = campaign
        self.directory = directory
        self.reads = reads
        wanted = establishments["finess"].isin(only) if only else [True] * len(establishments)
        self.establishments = establishments[wanted].reset_index(drop=True)
        self.indicators = Store(directory / "store").read(tables.INDICATORS).dropna(subset=["period"])
        self.titles = {c.path: c.title for c in CHAPTERS} | dict(
            zip(establishments["finess"], establishments["name"], strict=True)
        )
        self.titles |= {
            _indicator_job(name): title
            for name, title in zip(self.indicators["indicator"], self.indicators["short_name"], strict=True)
        }

    def steps(self) -> Iterator[tuple[str, list[Job]]]:
        yield "Fiches des établissements", [self._sheet(finess) for finess in self.establishments["finess"]]
        reads = self.reads.of_chapter(self.directory / "run.draft" / "results")
        versions = {**reads, "report code": report_code_hash()}
        yield (
            "Chapitres régionaux",
            [
                self._job(
                    c.path, c.notebook, {**reads, **(versions if c.path == PROVENANCE_PAGE else {})}, **c.parameters
                )
                for c in CHAPTERS
            ],
        )
        yield (
            "Pages des indicateurs",
            [
                self._job(_indicator_job(n), INDICATOR_NOTEBOOK, reads, indicator=n)
                for n in self.indicators["indicator"]
            ],
        )

    def _sheet(self, finess: str) -> Job:
        place = results_directory(self.directory, finess)
        outputs = tuple(place / table.name / f"{finess}.parquet" for table in SHEET_TABLES)
        return self._job(finess, SHEET_NOTEBOOK, self.reads.of_sheet(finess), outputs=outputs, finess=finess)

    def _job(
        self, name: str, notebook: str, reads: Mapping[str, str], *, outputs: tuple[Path, ...] = (), **parameters: Any
    ) -> Job:
        return Job(
            name=name,
            notebook=NOTEBOOKS / notebook,
            executed=self.executed(name),
            parameters={
                "campaign": str(self.campaign.file),
                "build_directory": str(self.directory),
                **parameters,
            },
            outputs=outputs,
            timeout_s=self.campaign.batch.timeout_s,
            reads=reads,
            places=("campaign", "build_directory"),
        )

    def executed(self, name: str) -> Path:
        return self.directory / "run.draft" / "executed" / f"{name}.ipynb"


def _book(plan: _Plan, outcomes: pd.DataFrame) -> Book:
    campaign = plan.campaign
    failures = _failures(outcomes)

    def page(
        path: str,
        name: str,
        title: str,
        group: tuple[str, ...],
        keywords: tuple[str, ...] = (),
        sources: Collection[str] | None = None,
    ) -> BookPage:
        failure = failures.get(name)
        executed = plan.executed(name)
        foot = page_foot(campaign, sources)
        return BookPage(
            path=path,
            title=title,
            notebook=None if failure else executed,
            group=group,
            keywords=keywords,
            provenance=foot if failure else {**foot, "Empreinte de la page": page_hash(executed)},
            failure=failure,
        )

    pages = [page(c.path, c.path, c.title, c.group, sources=c.sources) for c in CHAPTERS]
    finder = next(i for i, c in enumerate(CHAPTERS) if c.path == "etablissements") + 1
    pages[finder - 1 : finder - 1] = indicators = list(_indicator_pages(plan, page))
    finder += len(indicators)
    sheets = []
    for row in plan.establishments.to_dict("records"):
        finess, name, town, department = (row[key] for key in ("finess", "name", "town", "department"))
        keywords = tuple(word for word in (finess, name, town) if isinstance(word, str))
        group = ("Établissements", department_label(department))
        sheets.append(page(f"etablissements/{finess}", finess, name, group, keywords))
    sources = GuideSources.read(campaign)
    own_foot = guide_provenance(sources)
    guide = book_pages(sources, plan.directory / "run.draft" / "guide", provenance=own_foot, is_part=True)
    return Book(
        title=campaign.title,
        subtitle=_subtitle(campaign),
        pages=(*pages[:finder], *sheets, *guide, *pages[finder:]),
        simulated=campaign.is_simulated,
        footer=("Rapport produit par caqes_analysis.",),
        provenance_page=PROVENANCE_PAGE,
    )


def _indicator_job(indicator: str) -> str:
    """Return the name of the job that makes the page of an indicator."""
    return f"indicateur-{indicator}"


def _indicator_pages(plan: _Plan, page: Callable[..., BookPage]) -> Iterator[BookPage]:
    """Yield the pages of the indicators, volet by volet."""
    rows = plan.indicators.assign(
        part=[
            volet_label(volet, schemes, plan.campaign.scheme)
            for volet, schemes in zip(plan.indicators["volet"], plan.indicators["schemes"], strict=True)
        ]
    )
    follow_up_last = rows["part"].str.startswith("Volet").map({True: 0, False: 1})
    for row in rows.assign(order=follow_up_last).sort_values(["order", "part", "indicator"]).to_dict("records"):
        name = row["indicator"]
        group = (INDICATORS_PART, row["part"])
        sources = sources_of_indicator(row["definition"])
        yield page(indicator_href(name), _indicator_job(name), row["short_name"], group, (name, row["name"]), sources)


def _subtitle(campaign: Campaign) -> str:
    if campaign.last_month is None:
        return f"{campaign.region.name}, année {campaign.year}"
    return f"{campaign.region.name}, données à fin {french.month_year(pd.Timestamp(f'{campaign.last_month}-01'))}"


def _failures(outcomes: pd.DataFrame) -> dict[str, str]:
    failed = outcomes[outcomes["status"] == "failed"]
    words = [
        error if pd.isna(cell) else f"{error} (cellule {cell})"
        for error, cell in zip(failed["error"], failed["cell"], strict=True)
    ]
    return dict(zip(failed["job"], words, strict=True))
