"""Execute one notebook in a kernel of its own and say what became of it; nothing that a notebook does raises here."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4.rwbase import strip_transient
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from caqes_analysis.batch.job import Job, Kernels, Outcome
from caqes_analysis.batch.kernels import BatchKernelManager, WarmKernelManager
from caqes_analysis.batch.parameters import declared_parameters, injected_lines, plain_value
from caqes_analysis.batch.template import KERNEL_ENVIRONMENT
from caqes_analysis.batch.undeclared import undeclared_files
from caqes_analysis.replacing import replace_file
from caqes_analysis.written_files import read_written, watch_line

__all__ = ["Running", "execute"]

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())  # nbclient speaks English to the terminal; the outcome says the same in French
_KERNEL = "python3"
_INJECTED_TAG = "injected-parameters"
_LOG_BYTES = 100_000
_NO_HISTORY = ("--HistoryManager.enabled=False",)  # one database in the user's home, which all kernels would lock
_KILLED = 9
# What a cell showed comes apart from the answer that it has ended; on a machine that is short of time, much later.
_SHOWN_WITHIN_S = 60


class Running:
    """The notebooks that threads of this process are executing, so that an interruption stops them."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._cancelled = False

    def enter(self) -> asyncio.Task[Any]:
        """Register the current task; refused by its cancellation when everything was stopped already."""
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            self._tasks[task] = asyncio.get_running_loop()
            if self._cancelled:
                task.cancel()
        return task

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Forget a task that has ended."""
        with self._lock:
            self._tasks.pop(task, None)

    def cancel(self) -> None:
        """Stop all: each kernel is interrupted, then ended."""
        with self._lock:
            self._cancelled = True
            for task, loop in self._tasks.items():
                loop.call_soon_threadsafe(task.cancel)


def execute(job: Job, kernels: Kernels = "warm", running: Running | None = None) -> Outcome:
    """Execute a notebook; its executed copy is written whole, with what it showed until it failed.

    Parameters
    ----------
    job
        The notebook and its parameters, already checked.
    kernels
        Kind of kernel.
    running
        Where the execution registers, so that it can be stopped.
    """
    begun = time.perf_counter()
    notebook = _parameterised(job)
    client = _Client(
        notebook,
        timeout=job.timeout_s,
        kernel_name=_KERNEL,
        kernel_manager_class=WarmKernelManager if kernels == "warm" else BatchKernelManager,
        record_timing=False,
        iopub_timeout=_SHOWN_WITHIN_S,
        raise_on_iopub_timeout=True,  # otherwise a cell goes on without what it showed, and nobody is told
        log=_LOG,
    )
    client.on_cell_execute = client.enter
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="caqes-") as own:
        report = Path(own) / "written"
        client.extra_arguments = [f"--IPKernelApp.exec_lines={watch_line(report)}", *_NO_HISTORY]
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # zmq asks for this loop on Windows
                runner.run(_run(client, job, said, running))
            error = None
        except CellExecutionError as failure:
            leaves = failure.ename == "SystemExit" and failure.evalue in ("", "0")  # sys.exit(): the rest is not wanted
            error = None if leaves else _exception_told(failure)
        except CellTimeoutError as failure:
            error = _delay_told(failure, job)
        except (DeadKernelError, asyncio.CancelledError):
            error = _death_told(client.exit_status)
        except (RuntimeError, OSError) as failure:
            error = f"le noyau n'a pas démarré ({failure})"
        cell = client.cell if error is not None else None
        if error is None:
            absent = [path.name for path in job.outputs if not path.exists()]
            error, cell = (f"le carnet n'a pas écrit {', '.join(absent)}", None) if absent else _malformed(notebook)
        _keep_log(job, said, failed=error is not None)
        undeclared = undeclared_files(job, read_written(report))
    _write_reproducibly(notebook, job.executed)
    status, duration_s = "failed" if error else "done", time.perf_counter() - begun
    return Outcome(status, duration_s, error, cell, undeclared, client.not_forked)


class _Client(NotebookClient):
    """A client that knows the cell being executed, counted from 1, and how its kernel ended."""

    cell: int | None = None
    _manager: KernelManager | None = None

    def create_kernel_manager(self) -> KernelManager:
        """Keep the manager: the client forgets it when the kernel has ended."""
        self._manager = super().create_kernel_manager()
        return self._manager

    def enter(self, cell_index: int, **_: Any) -> None:
        """Note the cell that begins."""
        self.cell = cell_index + 1

    def output(
        self, outs: list[nbformat.NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> nbformat.NotebookNode | None:
        """Keep what a cell displays; the notebook is validated whole at its end, much quicker than piece by piece."""
        content, asked_by = msg["content"], msg["parent_header"].get("msg_id")
        plain = msg["msg_type"] == "display_data" and not display_id and not self.clear_before_next_output
        if not plain or self.output_hook_stack[asked_by]:
            return super().output(outs, msg, display_id, cell_index)
        shown = {"output_type": "display_data", "metadata": content["metadata"], "data": content["data"]}
        outs.append(nbformat.from_dict(shown))
        return outs[-1]

    @property
    def not_forked(self) -> str | None:
        """Why the kernel was an ordinary one, when a forked one was wanted."""
        return self._manager.not_forked if isinstance(self._manager, WarmKernelManager) else None

    @property
    def exit_status(self) -> int | None:
        """Status of a kernel that ended before it was told to, negative for a signal."""
        return self._manager.exit_status if isinstance(self._manager, BatchKernelManager) else None


def _malformed(notebook: nbformat.NotebookNode) -> tuple[str | None, int | None]:
    """Say what a notebook cannot keep of what its cells show, and which cell shows it; nothing when all is well."""
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as failure:
        places = [place for place in failure.absolute_path if isinstance(place, int)]
        told = f"une cellule montre ce qu'un carnet ne peut pas garder ({str(failure).splitlines()[0]})"
        return told, places[0] + 1 if places else None
    return None, None


def _exception_told(failure: CellExecutionError) -> str:
    told = f"{failure.ename} : {failure.evalue}".removesuffix(" : ")
    return f"mémoire insuffisante ({told})" if failure.ename.endswith("MemoryError") else told


def _delay_told(failure: CellTimeoutError, job: Job) -> str:
    if "IOPub" in str(failure):
        return f"une cellule a fini, mais ce qu'elle montre n'est pas arrivé en {_SHOWN_WITHIN_S} s"
    return f"une cellule dépasse le temps permis ({job.timeout_s} s)"


def _death_told(status: int | None) -> str:
    """Say how a kernel ended by itself; the system kills with signal 9 what takes too much memory."""
    if status is None:
        return "le noyau s'est arrêté (mémoire insuffisante ?)"
    if status >= 0:
        return f"le noyau s'est arrêté de lui-même (code {status})"
    if status == -_KILLED:
        return f"le noyau a été tué (signal {_KILLED}) : mémoire insuffisante, le plus souvent"
    return f"le noyau s'est arrêté sur un défaut d'une bibliothèque (signal {-status})"


def _parameterised(job: Job) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = load_notebook_node(str(job.notebook))
    if not job.parameters:
        return notebook
    values = {name: plain_value(value) for name, value in job.parameters.items()}
    notebook = parameterize_notebook(notebook, values, kernel_name=_KERNEL, language="python")
    conversions = injected_lines(declared_parameters(job.notebook), job.parameters)
    for cell in notebook.cells:
        if conversions and _INJECTED_TAG in cell.metadata.get("tags", []):
            cell.source = "\n".join([cell.source.rstrip("\n"), *conversions, ""])
    return notebook


async def _run(client: _Client, job: Job, said: IO[bytes], running: Running | None) -> None:
    task = running.enter() if running is not None else None
    try:
        await client.async_execute(
            cwd=str(job.notebook.parent), env={**os.environ, **KERNEL_ENVIRONMENT}, stdout=said, stderr=said
        )
    finally:
        if running is not None and task is not None:
            running.leave(task)


def _keep_log(job: Job, said: IO[bytes], *, failed: bool) -> None:
    """Keep the end of what the kernel itself printed, past the notebook; it tells why a kernel died."""
    job.log.unlink(missing_ok=True)
    length = said.seek(0, os.SEEK_END)
    if failed and length:
        said.seek(max(0, length - _LOG_BYTES))
        job.log.parent.mkdir(parents=True, exist_ok=True)
        job.log.write_bytes(said.read())


def _write_reproducibly(notebook: nbformat.NotebookNode, executed: Path) -> None:
    """Write what the notebook shows; leave out times, random identifiers and paths, so that runs are equal."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        for trace in ("papermill", "execution"):
            cell.metadata.pop(trace, None)
    executed.parent.mkdir(parents=True, exist_ok=True)
    draft = executed.with_suffix(".draft.ipynb")
    # nbformat's own writer copies the whole and indents it in Python: a quarter of what a sheet costs this process.
    draft.write_text(json.dumps(strip_transient(notebook), ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    replace_file(draft, executed)
