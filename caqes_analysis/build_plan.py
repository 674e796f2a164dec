"""What a build runs: one job per sheet, per chapter and per indicator, and what each of them reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.batch import Job
from caqes_analysis.batch.compare import Comparison
from caqes_analysis.batch.runs import RUNS
from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.chapters import CHAPTERS, SHEET_NOTEBOOK
from caqes_analysis.chapters.contents import CHANGES_CHAPTER, INDICATOR_NOTEBOOK, PROVENANCE_PAGE, Chapter
from caqes_analysis.chapters.page import SHEET_TABLES, results_directory, run_directory
from caqes_analysis.chapters.reads import Reads
from caqes_analysis.code_version import report_code_hash
from caqes_analysis.store import Store

__all__ = ["NOTEBOOKS", "SHEETS", "Plan", "indicator_job"]

NOTEBOOKS = REPOSITORY / "notebooks"
"""Folder of the notebooks."""
SHEETS = "Fiches des établissements"
"""Name of the first step."""
_REGIONAL = "Chapitres régionaux"
_INDICATORS = "Pages des indicateurs"


class Plan:
    """What a build runs: the sheets first, because the chapters read what they write.

    Parameters
    ----------
    campaign
        The campaign.
    directory
        Folder of the build.
    establishments
        Establishments of today.
    only
        FINESS of the sheets to run; all when empty.
    reads
        What each notebook reads.
    """

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
        self.chapters = CHAPTERS
        self._compared: dict[str, str] = {}
        self.titles = {c.path: c.title for c in CHAPTERS} | dict(
            zip(establishments["finess"], establishments["name"], strict=True)
        )
        self.titles |= {
            indicator_job(name): title
            for name, title in zip(self.indicators["indicator"], self.indicators["short_name"], strict=True)
        }

    def sheets(self) -> list[Job]:
        """Return the jobs of the sheets."""
        return [self._sheet(finess) for finess in self.establishments["finess"]]

    def add_changes(self, comparison: Comparison) -> None:
        """Add the page that compares this run with an earlier one.

        Parameters
        ----------
        comparison
            What differs.
        """
        runs = {"before_run": comparison.before, "after_run": comparison.after}
        places = {name: str(run.directory / RUNS / run.name) for name, run in runs.items()}
        self.chapters = (*self.chapters, replace(CHANGES_CHAPTER, parameters=places))
        self.titles[CHANGES_CHAPTER.path] = CHANGES_CHAPTER.title
        self._compared = {"comparison": comparison.content_hash}

    def regional_steps(self) -> Iterator[tuple[str, list[Job]]]:
        """Yield the later steps, each with its jobs; the sheets have run."""
        reads = self.reads.of_chapter(results_directory(self.directory))
        yield _REGIONAL, [self._chapter(chapter, reads) for chapter in self.chapters]
        yield (
            _INDICATORS,
            [self._job(indicator_job(n), INDICATOR_NOTEBOOK, reads, indicator=n) for n in self.indicators["indicator"]],
        )

    def _chapter(self, chapter: Chapter, reads: Mapping[str, str]) -> Job:
        own = {CHANGES_CHAPTER.path: self._compared, PROVENANCE_PAGE: {"report code": report_code_hash()}}
        reads = {**reads, **own.get(chapter.path, {})}
        return self._job(chapter.path, chapter.notebook, reads, **chapter.parameters)

    def _sheet(self, finess: str) -> Job:
        place = results_directory(self.directory) / finess
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
            places=("campaign", "build_directory", "before_run", "after_run"),
        )

    def executed(self, name: str) -> Path:
        """Return where the executed notebook of a job goes."""
        return run_directory(self.directory) / "executed" / f"{name}.ipynb"


def indicator_job(indicator: str) -> str:
    """Return the name of the job that makes the page of an indicator."""
    return f"indicateur-{indicator}"
