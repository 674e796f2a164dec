"""Why a notebook would run again: data, code, parameters, environment, each by the hash of its content."""

from __future__ import annotations

import json
from hashlib import sha256

from caqes_analysis.batch.job import Job
from caqes_analysis.tables import RUN_CAUSES, RunCause

__all__ = ["Causes", "causes_of", "key_of"]

Causes = dict[RunCause, dict[str, str]]
"""For each cause, name → hash of the content."""

_CAUSE_OF: dict[str, RunCause] = {
    "code": "code",
    "report code": "code",
    "environment": "environment",
    "campaign": "parameters",
    "parameters": "parameters",
}
"""Causes of the names of :attr:`Job.reads`; the others are data."""


def causes_of(job: Job) -> Causes:
    """Return what the result of a job depends on, cause by cause.

    Parameters
    ----------
    job
        The job; its notebook exists.

    Returns
    -------
    dict
        ``data``, ``code`` (the notebook included), ``parameters`` (each value given, as ``value NAME``, but
        :attr:`Job.places`) and ``environment``: name → hash.
    """
    from caqes_analysis.batch.parameters import plain_value

    found: Causes = {cause: {} for cause in RUN_CAUSES}
    for name, content in job.reads.items():
        found[_CAUSE_OF.get(name, "data")][name] = content
    found["code"]["notebook"] = sha256(job.notebook.read_bytes()).hexdigest()
    for name, value in job.parameters.items():
        if name not in job.places:
            found["parameters"][f"value {name}"] = _hash(plain_value(value))
    return {cause: dict(sorted(names.items())) for cause, names in found.items()}


def key_of(job: Job) -> str:
    """Return the key of a job: two jobs with the same one give the same files at the same places."""
    from caqes_analysis.batch.parameters import plain_value

    places = {name: plain_value(job.parameters[name]) for name in job.places if name in job.parameters}
    return _hash([causes_of(job), dict(sorted(places.items()))])


def _hash(content: object) -> str:
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
