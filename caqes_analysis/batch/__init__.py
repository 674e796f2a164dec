"""Running notebooks in numbers: each in a kernel of its own, every failure named.

The kernels are forked from a template process that has imported the scientific stack once; the same ones serve any
Jupyter application (kernel provisioner ``caqes-warm``) and papermill (``papermill --engine caqes``).
"""

from caqes_analysis.batch.cache import Cache
from caqes_analysis.batch.cluster import cluster_executor
from caqes_analysis.batch.job import Job, Kernels, Outcome
from caqes_analysis.batch.manifest import Manifest
from caqes_analysis.batch.run import run_notebooks
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
    "prune_runs",
    "run_notebooks",
]
