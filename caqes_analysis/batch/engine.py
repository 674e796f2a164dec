"""The papermill engine ``caqes``: ``papermill --engine caqes in.ipynb out.ipynb`` runs in a warm kernel."""

from __future__ import annotations

from typing import Any

from caqes_analysis.batch.kernels import BatchKernelManager, WarmKernelManager
from caqes_analysis.batch.template import can_fork

__all__ = ["warm_engine"]

_engines: list[type[Any]] = []


def warm_engine() -> type[Any]:
    """Return papermill's own engine on kernels forked from a template that this process keeps.

    The first notebook pays for the imports, the following ones start in a fraction of a second. Where kernels cannot
    be forked, they are ordinary ones.
    """
    # papermill loads its engines while it is imported: importing it from the top of this module would be a circle.
    from papermill.engines import NBClientEngine, NotebookExecutionManager

    class WarmEngine(NBClientEngine):  # type: ignore[misc]
        """The engine; its class method is what papermill calls."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> Any:
            """Execute the notebook held by ``nb_man``; the arguments are those of papermill's engine."""
            manager = WarmKernelManager if can_fork() else BatchKernelManager
            return super().execute_managed_notebook(nb_man, kernel_name, **{"kernel_manager_class": manager, **kwargs})

    if not _engines:
        _engines.append(WarmEngine)
    return _engines[0]


def __getattr__(name: str) -> Any:
    """Make ``WarmEngine``, the name that the entry point gives, when it is first asked for."""
    if name == "WarmEngine":
        return warm_engine()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
