"""The last runs of a campaign: their manifests, and the tables they published, kept once by their content.

``runs/<run>/manifest.jsonl`` tells a run; ``runs/tables/<sha256>.parquet`` holds what it and others published: a table
that did not change is there once. A folder of ``runs`` that a person renames (« edition-mars ») is kept for good.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from caqes_analysis.batch.manifest import MANIFEST, Manifest, new_run_id, read_lines
from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import nearest
from caqes_analysis.replacing import write_whole
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.tables import Table, from_arrow

__all__ = ["KEPT_RUNS_NB", "RUNS", "Run", "begin_run", "keep_table", "list_runs", "load_run", "prune_runs"]

RUNS = "runs"
"""Folder of the runs, in that of the build."""

KEPT_RUNS_NB = 30
"""Runs that are kept: those of a month of daily work."""

_TABLES = "tables"
_RUN_ID = re.compile(r"^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Run:
    """A run, as its manifest tells it.

    Parameters
    ----------
    directory
        Folder of the build.
    name
        Name of the run.
    lines
        Lines of its manifest.
    """

    directory: Path
    name: str
    lines: tuple[dict[str, Any], ...]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the lines that tell ``run``, ``input``, ``step``, ``notebook``, ``table`` or ``end``."""
        return [line for line in self.lines if line["event"] == event]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Return what the run was: times, versions, hashes, resolved parameters; empty when it was killed at once."""
        return next(iter(self.events("run")), {})

    @property
    def succeeded(self) -> bool:
        """True when it went to its end and nothing failed."""
        return any(line["succeeded"] for line in self.events("end"))

    def read(self, table: Table, *, unlike: Run | None = None) -> pd.DataFrame:
        """Return a table as this run published it, with the column ``part``; empty (and typed) when it published none.

        Parameters
        ----------
        table
            Definition of the table, the one of today: a column that the version of this run did not have is empty.
        unlike
            Another run: only the parts that are not the same in it.
        """
        found = [table.empty().assign(part="")]
        for (name, part), content in self.published.items():
            if name == table.name and (unlike is None or unlike.published.get((name, part)) != content):
                found.append(_kept_rows(table, self.kept_file(content)).assign(part=part))
        return pd.concat(found, ignore_index=True)

    def kept_file(self, sha256: str) -> Path:
        """Return where a published file is kept."""
        return self.directory / RUNS / _TABLES / f"{sha256}.parquet"

    @cached_property
    def published(self) -> dict[tuple[str, str], str]:
        """Return what the run published: (table, part) → SHA-256 of its file."""
        return {(line["table"], line["part"]): line["sha256"] for line in self.events("table")}


def _kept_rows(table: Table, path: Path) -> pd.DataFrame:
    content = from_arrow(pq.read_table(path))
    kept = content[[name for name in table.column_names if name in content]]
    missing = [column.name for column in table.columns if column.name not in content]
    return table.conform(kept.assign(**dict.fromkeys(missing)))


def begin_run(directory: Path, *, root: Path) -> Manifest:
    """Return the manifest of a new run.

    Parameters
    ----------
    directory
        Folder of the build.
    root
        Folder to which the paths of what notebooks write are relative.
    """
    return Manifest(directory / RUNS / new_run_id(), root=root)


def keep_table(directory: Path, manifest: Manifest, table: str, part: str, path: Path) -> None:
    """Keep one part of a published table by its content, and say so in the manifest.

    Parameters
    ----------
    directory
        Folder of the build.
    manifest
        Manifest of the run.
    table, part
        Name of the table, and of its part (a sheet, a step).
    path
        Its Parquet file.
    """
    content = sha256_of(path)
    kept = directory / RUNS / _TABLES / f"{content}.parquet"
    if not kept.is_file():
        write_whole(kept, path.read_bytes())
    manifest.add("table", table=table, part=part, sha256=content)


def list_runs(directory: Path) -> list[str]:
    """Return the names of the runs of a build folder, the oldest first; runs renamed by a person come last.

    Parameters
    ----------
    directory
        Folder of the build.
    """
    names = [path.parent.name for path in (directory / RUNS).glob(f"*/{MANIFEST}")]
    return sorted(names, key=lambda name: (not _RUN_ID.match(name), name))


def load_run(directory: Path, name: str) -> Run:
    """Return a run of a build folder.

    Parameters
    ----------
    directory
        Folder of the build.
    name
        Name of the run, or its beginning where no other begins so.

    Raises
    ------
    CampaignError
        ``EXECUTION_INCONNUE``, with the nearest name or the last ones.
    """
    known = list_runs(directory)
    found = [name] if name in known else [other for other in known if other.startswith(name)]
    if not name or len(found) != 1:
        close = None if found else nearest(name, known)
        last = ", ".join(f"« {other} »" for other in (found or known)[-3:])
        shown = f"Les dernières : {last}." if last else "Construire d'abord le rapport."
        raise CampaignError.of(
            "EXECUTION_INCONNUE",
            "plusieurs exécutions commencent ainsi." if found else "aucune exécution gardée n'a ce nom.",
            f"Vouliez-vous dire « {close} » ?" if close else shown,
            file=str(directory / RUNS),
            value=name,
        )
    return Run(directory, found[0], tuple(read_lines(directory / RUNS / found[0] / MANIFEST)))


def prune_runs(directory: Path, *, kept_nb: int = KEPT_RUNS_NB) -> None:
    """Delete the oldest runs, then the tables that no run publishes any more.

    Parameters
    ----------
    directory
        Folder of the build; no other build is running there.
    kept_nb
        Runs to keep, beside those that a person has renamed.
    """
    ours = [name for name in list_runs(directory) if _RUN_ID.match(name)]
    for name in ours[: max(0, len(ours) - kept_nb)]:
        shutil.rmtree(directory / RUNS / name, ignore_errors=True)
    wanted = set(_published(directory))
    for path in (directory / RUNS / _TABLES).glob("*"):
        if path.stem not in wanted or path.suffix != ".parquet":
            path.unlink(missing_ok=True)


def _published(directory: Path) -> Iterator[str]:
    for name in list_runs(directory):
        yield from (line["sha256"] for line in read_lines(directory / RUNS / name / MANIFEST, event="table"))
