"""Running notebooks in numbers: each in a kernel of its own, every failure named."""

from caqes_analysis.batch.run import Job, run_notebooks

__all__ = ["Job", "run_notebooks"]
