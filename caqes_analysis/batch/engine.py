"""The papermill engine ``caqes``: ``papermill -e caqes in.ipynb out.ipynb`` runs in a warm kernel."""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager

from caqes_analysis.batch.kernels import BatchKernelManager, WarmKernelManager
from caqes_analysis.batch.template import can_fork

__all__ = ["WarmEngine"]


class WarmEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine on kernels forked from a template that this process keeps.

    The first notebook pays for the imports, the following ones start in a fraction of a second. Where kernels cannot
    be forked, they are ordinary ones.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> Any:
        """Execute the notebook held by ``nb_man``; the arguments are those of papermill's engine."""
        manager = WarmKernelManager if can_fork() else BatchKernelManager
        return super().execute_managed_notebook(nb_man, kernel_name, **{"kernel_manager_class": manager, **kwargs})
