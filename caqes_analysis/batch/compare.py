"""Two runs of a report: which published numbers changed, and which of data, code, parameters, environment did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.batch.changes import Tolerance, table_changes
from caqes_analysis.batch.manifest import MANIFEST
from caqes_analysis.batch.runs import RUNS, Run, list_runs, load_run
from caqes_analysis.errors import CampaignError
from caqes_analysis.tables import RUN_CAUSES, RunCause, Table

__all__ = ["Comparison", "compare_runs", "find_run", "last_run"]

_EXPLAINING: tuple[RunCause, ...] = ("data", "parameters")
_BY_RUN: dict[RunCause, tuple[str, ...]] = {
    "code": ("version", "code"),
    "environment": ("python", "environment", "lock"),
    "parameters": ("only",),
}
"""Facts of a run that belong to a cause; those that are empty in both are equal."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    Parameters
    ----------
    before, after
        The runs.
    causes
        Rows of :data:`~caqes_analysis.tables.CHANGE_CAUSES`.
    changes
        Rows of :data:`~caqes_analysis.tables.CHANGES`.
    compared_nb
        Published files compared, those that are the same included.
    """

    before: Run
    after: Run
    causes: pd.DataFrame
    changes: pd.DataFrame
    compared_nb: int

    @property
    def content_hash(self) -> str:
        """Hash of what is told: equal comparisons give equal pages."""
        told = [self.before.name, *(frame.to_csv(index=False) for frame in (self.causes, self.changes))]
        return sha256("\n".join(told).encode()).hexdigest()

    @property
    def unexplained(self) -> pd.DataFrame:
        """Changes that neither the data nor the parameters can have caused."""
        explained = self.changes["causes"].map(lambda words: bool(set(words.split(", ")) & set(_EXPLAINING)))
        return self.changes[~explained.astype(bool)].reset_index(drop=True)


def compare_runs(before: Run, after: Run, tolerance: Tolerance | None = None) -> Comparison:
    """Compare two runs of one campaign, or of two.

    Parameters
    ----------
    before, after
        The runs; one that failed is compared on what it published.
    tolerance
        Differences of numbers that are not told; by default none but the last digit of rates.

    Returns
    -------
    Comparison
        A change is given the causes that differ for the sheet that wrote it; for a regional table, those that differ
        between the two runs. Where several differ, all are named: which of them did it is not known without a run of
        each.
    """
    causes = _causes(before, after)
    regional = [cause for cause in RUN_CAUSES if cause in set(causes["cause"])]
    known = _published(before) | _published(after)
    found = [tables.CHANGES.empty()]
    for table in known:
        first, second = before.read(table, unlike=after), after.read(table, unlike=before)
        told = table_changes(table, first, second, tolerance or Tolerance())
        by_part = {part: ", ".join(_part_causes(before, after, part, regional)) for part in told["part"].unique()}
        found.append(told.assign(causes=told["part"].map(by_part).astype(str)))
    changes = tables.CHANGES.conform(pd.concat(found, ignore_index=True))
    return Comparison(before, after, causes, changes, len(before.published | after.published))


def find_run(place: Path) -> Run:
    """Return the run that a user names.

    Parameters
    ----------
    place
        Folder of a run, or of a build: its last run that succeeded.

    Raises
    ------
    CampaignError
        ``EXECUTION_INCONNUE``.
    """
    place = place.resolve()
    if (place / MANIFEST).is_file() and place.parent.name == RUNS:
        return load_run(place.parent.parent, place.name)
    found = last_run(place)
    if found is None:
        raise CampaignError.of(
            "EXECUTION_INCONNUE",
            "ce n'est ni le dossier d'une exécution, ni celui d'une construction qui en garde une complète.",
            "Donner reports/<campagne>/runs/<exécution>, ou reports/<campagne> pour la dernière.",
            file=str(place),
        )
    return found


def last_run(directory: Path, *, before: Run | None = None) -> Run | None:
    """Return the last run of a build folder that succeeded; None when there is none.

    Parameters
    ----------
    directory
        Folder of the build.
    before
        Run that it must precede; any by default.
    """
    runs = [run for run in (load_run(directory, name) for name in list_runs(directory)) if run.succeeded]
    earlier = [run for run in runs if before is None or run.facts["at"] < before.facts["at"]]
    return max(earlier, key=lambda run: run.facts["at"], default=None)


def _published(run: Run) -> dict[Table, None]:
    """Return the tables of a run that this version knows, in its order."""
    names = {table for table, _ in run.published}
    return dict.fromkeys(table for table in tables.ALL_TABLES if table.name in names)


def _causes(before: Run, after: Run) -> pd.DataFrame:
    found = [
        *(_input_causes(before, after)),
        *(_fact_causes(before.facts, after.facts)),
        *(_differences("parameters", _flat(before.facts.get("parameters")), _flat(after.facts.get("parameters")))),
        *(_differences("code", *_shared(_notebooks(before), _notebooks(after)))),
    ]
    return tables.CHANGE_CAUSES.conform(pd.DataFrame(found, columns=tables.CHANGE_CAUSES.column_names))


def _input_causes(before: Run, after: Run) -> Iterator[dict[str, str | None]]:
    for cause in _EXPLAINING:
        yield from _differences(cause, _inputs(before, cause), _inputs(after, cause))


def _inputs(run: Run, cause: RunCause) -> dict[str, str]:
    return {event["file"]: event["sha256"] for event in run.events("input") if event["cause"] == cause}


def _fact_causes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    for cause, names in _BY_RUN.items():
        facts = [{name: str(run[name]) for name in names if run.get(name)} for run in (before, after)]
        yield from _differences(cause, *facts)


def _shared(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what both have: a run that has not reached a notebook says nothing of it."""
    names = first.keys() & second.keys()
    return {name: first[name] for name in names}, {name: second[name] for name in names}


def _notebooks(run: Run) -> dict[str, str]:
    """Return the notebooks that a run executed or took again, each with its hash."""
    return {e["notebook"]: e["causes"]["code"]["notebook"] for e in run.events("notebook")}


def _differences(
    cause: RunCause, before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> Iterator[dict[str, str | None]]:
    for name in sorted(before.keys() | after.keys()):
        first, second = before.get(name), after.get(name)
        if first != second:
            kind = "appeared" if first is None else "disappeared" if second is None else "changed"
            yield {"cause": cause, "name": name, "kind": kind, "before": first, "after": second}


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """Return resolved parameters as place → value in words."""
    if isinstance(value, Mapping):
        pairs: Sequence[tuple[str, Any]] = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(str(number), item) for number, item in enumerate(value, 1)]
    else:
        return {} if value is None else {place: str(value)}
    found: dict[str, str] = {}
    for key, item in pairs:
        found |= _flat(item, f"{place}.{key}" if place else key)
    return found


def _part_causes(before: Run, after: Run, part: str, regional: Sequence[RunCause]) -> list[RunCause]:
    """Return the causes that differ for the notebook which wrote a part, or for the runs where none did."""
    found = [_job_causes(run).get(part) for run in (before, after)]
    first, second = found
    if first is None or second is None:
        return list(regional)
    return [cause for cause in RUN_CAUSES if first.get(cause) != second.get(cause)]


def _job_causes(run: Run) -> dict[str, Mapping[str, Any]]:
    return {event["job"]: event["causes"] for event in run.events("notebook")}
