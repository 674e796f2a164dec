"""What a build writes in its manifest beside its notebooks: the campaign, its inputs, its steps, what it published."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

import caqes_analysis
from caqes_analysis import tables
from caqes_analysis.batch import Manifest, begin_run
from caqes_analysis.batch.causes import Causes
from caqes_analysis.batch.compare import Comparison, compare_runs
from caqes_analysis.batch.runs import Run, keep_table, load_run
from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.code_version import environment_hash, package_hash
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.receive import input_files, kept_signature, received_files
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = ["PUBLISHED_TABLES", "RunRecord"]

PUBLISHED_TABLES: tuple[Table, ...] = (
    tables.EVOLUTIONS,
    tables.INDICATORS,
    tables.INDICATOR_VALUES,
    tables.INDICATOR_TRENDS,
    tables.TARGETS,
    tables.FORECASTS,
    tables.FORECAST_TRIALS,
    tables.FORECAST_CHANCES,
    tables.EVALUATIONS,
    tables.SAVINGS,
    tables.SAVING_ESTIMATES,
    tables.LEVERS,
)
"""Tables whose numbers the pages print: they are kept with each run."""

_LOCK_FILE = REPOSITORY / "requirements.lock"


class RunRecord:
    """The record of one build, from the moment when its inputs are known to be right.

    Parameters
    ----------
    campaign
        The campaign.
    directory
        Folder of the build.
    results
        Folder of what the notebooks of this build write.
    only
        Sheets asked for.
    force
        True when everything runs again.
    """

    def __init__(
        self, campaign: Campaign, directory: Path, *, results: Path, only: Sequence[str] = (), force: bool = False
    ) -> None:
        self._campaign = campaign
        self._directory = directory
        self._results = results
        self.manifest: Manifest = begin_run(directory, root=results)
        known = kept_signature(directory / "store")
        self._inputs = {self._name(path): known[str(path)] for path in input_files(campaign)}
        self._data = {self._name(path): known[str(path)] for path in received_files(campaign)}
        resolved = self._plain(campaign.model_dump())
        self._parameters = sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()
        self.manifest.add(
            "run",
            run=self.manifest.run_id,
            version=caqes_analysis.__version__,
            code=package_hash(),
            python=platform.python_version(),
            environment=environment_hash(),
            lock=sha256_of(_LOCK_FILE) if _LOCK_FILE.is_file() else None,
            campaign=campaign.file.name,
            parameters_hash=self._parameters,
            parameters=resolved,
            only=list(only),
            force=force,
        )
        for path, content in self._inputs.items():
            self.manifest.add("input", file=path, sha256=content, cause="data" if path in self._data else "parameters")

    @contextmanager
    def step(self, name: str, *, reads: Mapping[str, str] | None = None) -> Iterator[Callable[..., None]]:
        """Record a step of the build: how long it took, on what it depended, what it made, why it failed.

        Parameters
        ----------
        name
            Name of the step, in French as the progress shows it.
        reads
            Data that it read: name → hash; by default the inputs of the campaign.

        Yields
        ------
        callable
            To be told ``reused=True`` when nothing had to be done, and ``outputs``: name → hash.
        """
        told: dict[str, Any] = {"reused": False, "outputs": {}}
        begun = time.perf_counter()
        failure: BaseException | None = None
        try:
            yield told.update
        except BaseException as caught:
            failure = caught
            raise
        finally:
            status = "failed" if failure else "reused" if told["reused"] else "done"
            self.add_step(
                name, status, time.perf_counter() - begun, reads=reads, outputs=told["outputs"], error=failure
            )

    def add_step(
        self,
        name: str,
        status: str,
        duration_s: float,
        *,
        reads: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Add a step that has ended; see :meth:`step`."""
        self.manifest.add(
            "step",
            step=name,
            status=status,
            duration_s=round(duration_s, 3),
            causes=self._causes(self._data if reads is None else reads),
            outputs=dict(outputs or {}),
            error=None if error is None else _told(error),
        )

    def publish(self, store: Store) -> None:
        """Keep the tables whose numbers are printed: those of the store, and what the sheets wrote of the others.

        Parameters
        ----------
        store
            Store of the campaign, complete.
        """
        for table in PUBLISHED_TABLES:
            parts = {path.stem: path for path in sorted((store.directory / table.name).glob("*.parquet"))}
            written = {path.stem: path for path in sorted(self._results.glob(f"*/*/{table.name}/*.parquet"))}
            for part, path in (parts or written).items():
                keep_table(self._directory, self.manifest, table.name, part, path)

    def compared(self, before: Run) -> Comparison:
        """Return what differs between an earlier run and what this one has published.

        Parameters
        ----------
        before
            The earlier run, of this campaign or of another.
        """
        return compare_runs(before, load_run(self._directory, self.manifest.run_id))

    def end(self, notebooks: pd.DataFrame, problems: Sequence[Problem], *, succeeded: bool) -> None:
        """Add the last line: how the build ended.

        Parameters
        ----------
        notebooks
            Rows of :func:`caqes_analysis.batch.run_notebooks`.
        problems
            What the check of the pages found.
        succeeded
            True when nothing failed.
        """
        counts = {status: int((notebooks["status"] == status).sum()) for status in ("done", "reused", "failed")}
        self.manifest.add("end", succeeded=succeeded, **counts, page_problems=[asdict(one) for one in problems])

    def _causes(self, data: Mapping[str, str]) -> Causes:
        rules = {path: content for path, content in self._inputs.items() if path not in self._data}
        return {
            "data": dict(data),
            "code": {"package": package_hash()},
            "parameters": {"campaign": self._parameters, **rules},
            "environment": {"environment": environment_hash()},
        }

    def _name(self, path: PurePath) -> str:
        """Return a path as seen from the campaign file, so that equal campaigns of two machines say the same."""
        try:
            return Path(os.path.relpath(path, self._campaign.file.parent)).as_posix()
        except ValueError:  # another drive of Windows
            return path.as_posix()

    def _plain(self, value: Any) -> Any:
        """Return a resolved parameter as JSON holds it; paths as seen from the campaign file."""
        if isinstance(value, dict):
            return {str(key): self._plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(item) for item in value]
        if isinstance(value, PurePath):
            return self._name(value)
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _told(error: BaseException) -> str:
    if isinstance(error, CaqesError):
        return str(error)
    return f"{type(error).__name__} : {error}"
