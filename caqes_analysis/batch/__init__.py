"""Running notebooks in numbers: each in a kernel of its own, every failure named.

The kernels are forked from a template process that has imported the scientific stack once; the same ones serve any
Jupyter application (kernel provisioner ``caqes-warm``) and papermill (``papermill --engine caqes``).

The template imports this package too: what it gives is loaded when it is asked for, for Jupyter's client is long to
import and no kernel needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caqes_analysis.batch.cache import Cache
    from caqes_analysis.batch.cluster import cluster_executor
    from caqes_analysis.batch.job import Job, Kernels, Outcome
    from caqes_analysis.batch.manifest import Manifest
    from caqes_analysis.batch.run import prepare_kernels, run_notebooks
    from caqes_analysis.batch.runs import Run, begin_run, list_runs, load_run, prune_runs

__all__ = [
    "Cache",
    "Job",
    "Kernels",
    "Manifest",
    "Outcome",
    "Run",
    "begin_run",
    "cluster_executor",
    "list_runs",
    "load_run",
    "prepare_kernels",
    "prune_runs",
    "run_notebooks",
]

_ROOMS = {
    "cache": ("Cache",),
    "cluster": ("cluster_executor",),
    "job": ("Job", "Kernels", "Outcome"),
    "manifest": ("Manifest",),
    "run": ("prepare_kernels", "run_notebooks"),
    "runs": ("Run", "begin_run", "list_runs", "load_run", "prune_runs"),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
