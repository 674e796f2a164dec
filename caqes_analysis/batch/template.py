"""Handle of the template process: start it, have it fork kernels, end it with everything it started."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from caqes_analysis.batch.template_process import NEW_KERNEL, RETIRE

__all__ = [
    "KERNEL_ENVIRONMENT",
    "STACK",
    "ForkedKernel",
    "Template",
    "TemplateError",
    "can_fork",
    "close_shared_templates",
    "shared_template",
]

KERNEL_MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
)
"""What every kernel imports as it starts."""

STACK = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "duckdb",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_svg",
    "pyarrow.pandas_compat",  # this one and the following are imported by a first reading, conversion, validation
    "pyarrow.dataset",
    "pyarrow.acero",
    "pandas.core.arrays.arrow._arrow_utils",
    "pandas.core.methods.to_dict",
    "pandas.core.reshape.reshape",
    "pandas.io.formats.string",
    "pandera.accessors.pandas_accessor",
    "pandera.backends.pandas.register",
    "pandera.backends.pandas.container",
    "pandera.backends.pandas.builtin_checks",
    "pandera.backends.pandas.builtin_hypotheses",
    "pandera.backends.register_checks",
    "pandera.api.geopandas.container",
    "ruamel.yaml.mergevalue",
    "zmq.utils.garbage",
    "encodings.utf_8_sig",
    "caqes_analysis.chapters.*",
)
"""What the notebooks of the report import; those that are not installed are left out.

Not what binds itself to the running kernel as it is imported: ``matplotlib_inline`` would never show a figure.
"""

KERNEL_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger that ipykernel imports warns about Python itself
}
"""Environment of the kernels of a batch: several run at once, and a template must have one thread."""

_INLINE_BACKEND = "module://matplotlib_inline.backend_inline"
_START_TIMEOUT_S = 120
_CHUNK = 1 << 16


class TemplateError(RuntimeError):
    """The template process, or a kernel forked from it, did not start."""


def can_fork() -> bool:
    """Say whether kernels can be forked here: Linux only, because the system libraries of macOS do not bear it."""
    return sys.platform == "linux" and hasattr(os, "fork")


class ForkedKernel:
    """A kernel forked from the template, with the methods of ``subprocess.Popen`` that its owner needs.

    The owner speaks to the template, which is the parent: a signal never reaches another process that received the
    same number. When the owner goes, the connection closes and the template kills the kernel.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self.returncode: int | None = None
        self.pid: int | None = None
        self._connection = connection
        self._received = b""
        self._bound = False
        self._error: str | None = None

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while the kernel lives."""
        with contextlib.suppress(BlockingIOError, OSError):
            while self.returncode is None:
                self._feed(self._connection.recv(_CHUNK))
        return self.returncode

    def wait(self) -> int | None:
        """Return the exit status of a kernel that has ended, and forget it."""
        status = self.poll()
        self.close()
        return status

    async def bound(self, timeout_s: float) -> None:
        """Wait until the kernel listens.

        Raises
        ------
        TemplateError
            When it could not start.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self._bound and self.returncode is None:
                    await self._receive()
        except TimeoutError:
            self.kill()
            raise TemplateError(f"le noyau dérivé ne répond pas après {timeout_s:.0f} s") from None
        if not self._bound:
            raise TemplateError(self._error or f"le noyau dérivé s'est arrêté (code {self.returncode})")

    async def ended(self) -> int | None:
        """Wait until the kernel has ended; return its exit status."""
        while self.returncode is None:
            await self._receive()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and to what it started."""
        if self.returncode is None:
            with contextlib.suppress(OSError):
                self._connection.send(json.dumps({"signal": int(number)}).encode() + b"\n")

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Leave the kernel; the template ends it if it still lives."""
        self._connection.close()
        if self.returncode is None:
            self.returncode = -signal.SIGKILL

    async def _receive(self) -> None:
        try:
            received = await asyncio.get_running_loop().sock_recv(self._connection, _CHUNK)
        except OSError:
            received = b""
        self._feed(received)

    def _feed(self, received: bytes) -> None:
        if not received:  # the template has gone, and every kernel with it
            self.returncode = -signal.SIGKILL if self.returncode is None else self.returncode
        *lines, self._received = (self._received + received).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.pid = message.get("pid", self.pid)
            self._bound = message.get("bound", self._bound)
            self._error = message.get("error", self._error)
            self.returncode = message.get("exit", self.returncode)


class Template:
    """A template process; it starts at once and is waited for at the first kernel.

    Parameters
    ----------
    modules
        What it imports beyond the modules of a kernel; a module that starts a thread at import is left to the
        notebooks.
    environment
        Variables of the process while it imports; its kernels have those that they ask for.
    """

    def __init__(self, modules: Sequence[str] = STACK, environment: Mapping[str, str] | None = None) -> None:
        self.modules = list(modules)
        self._environment = dict(environment or {})
        self.left_out: list[str] = []
        self._lock = threading.Lock()
        self._owner_pid = os.getpid()
        self._start()

    def fork(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | str,
        stdin: IO[Any] | int | None = None,
        stdout: IO[Any] | int | None = None,
        stderr: IO[Any] | int | None = None,
    ) -> ForkedKernel:
        """Fork a kernel.

        Parameters
        ----------
        arguments
            Of the kernel application (``-f`` and its connection file).
        env, cwd
            Environment and folder of the kernel.
        stdin, stdout, stderr
            As for ``subprocess.Popen``; None is the null device for the first and this process's for the others.

        Raises
        ------
        TemplateError
            When the template cannot start or has gone.
        """
        with self._lock:
            self._wait_ready()
        request = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
        ours, theirs = socket.socketpair()
        with open(os.devnull, "r+b") as null:  # noqa: PTH123
            streams = (
                _descriptor(stdin, null.fileno(), null),
                _descriptor(stdout, 1, null),
                _descriptor(stderr, 2, null),
            )
            try:
                socket.send_fds(self._control, [NEW_KERNEL], [theirs.fileno(), *streams])
                theirs.close()
                ours.sendall(json.dumps(request).encode() + b"\n")
            except OSError as failure:
                ours.close()
                theirs.close()
                raise TemplateError("le processus modèle n'est plus là") from failure
        ours.setblocking(False)
        return ForkedKernel(ours)

    @property
    def usable(self) -> bool:
        """True while the process lives, belongs to this one, and no file that it imported has changed since."""
        if self._owner_pid != os.getpid() or self._process.poll() is not None:
            return False
        return all(_stamp(path) == stamp for path, stamp in self._stamps.items())

    @property
    def pid(self) -> int:
        """Number of the template process."""
        return self._process.pid

    def retire(self) -> None:
        """Fork no more; the process ends when its last kernel has."""
        with contextlib.suppress(OSError):
            self._control.send(RETIRE)

    def close(self) -> None:
        """End the template and every kernel forked from it."""
        with contextlib.suppress(OSError):
            self._control.close()
        if self._owner_pid != os.getpid():  # a copy made by a fork: the process is not this one's
            self._process.returncode = 0
            self._messages.close()
            return
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._messages.close()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 (closed by « close »)
        self._ready = False
        self._stamps: dict[str, tuple[int, int] | None] = {}
        env = {**os.environ, **KERNEL_ENVIRONMENT, **self._environment}
        env.setdefault("MPLBACKEND", _INLINE_BACKEND)  # as an ordinary kernel does before matplotlib is imported
        env.pop("JPY_PARENT_PID", None)
        fd = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.template_process", str(fd), *KERNEL_MODULES, *self.modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._messages,
                env=env,
                pass_fds=(fd,),
                start_new_session=True,  # Ctrl-C at the terminal reaches the owner, which ends the kernels in order
            )

    def _wait_ready(self) -> None:
        while not self._ready:
            answer = self._first_answer()
            self._stamps = {path: _stamp(path) for path in answer["files"]}
            self._ready = answer["ready"]
            if not self._ready:
                culprit = answer["culprit"]
                self.close()
                kept = [m for m in self.modules if m != culprit and not culprit.startswith(m.removesuffix("*"))]
                if kept == self.modules:
                    raise TemplateError(f"importer {culprit} démarre un fil d'exécution")
                self.left_out.append(culprit)
                self.modules = kept
                self._start()

    def _first_answer(self) -> dict[str, Any]:
        self._control.settimeout(_START_TIMEOUT_S)
        received = b""
        try:
            while not received.endswith(b"\n"):
                chunk = self._control.recv(_CHUNK)
                if not chunk:
                    raise ConnectionError
                received += chunk
        except OSError as failure:
            self._messages.seek(0)
            said = self._messages.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise TemplateError(f"le processus modèle n'a pas démarré : {said or failure}") from failure
        self._control.settimeout(None)
        answer: dict[str, Any] = json.loads(received)
        return answer


def _descriptor(stream: IO[Any] | int | None, default: int, null: IO[bytes]) -> int:
    if stream is None:
        return default
    if isinstance(stream, int):
        return null.fileno() if stream < 0 else stream  # DEVNULL; a pipe makes no sense here
    return stream.fileno()


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


_shared: dict[tuple[str, ...], Template] = {}
_retired: list[Template] = []
_sharing = threading.Lock()


def shared_template(modules: Sequence[str] = STACK, environment: Mapping[str, str] | None = None) -> Template:
    """Return the template of this process for these modules, started at need and again when their files changed.

    One that runs already serves as it is, whatever its environment was.
    """
    key = tuple(modules)
    with _sharing:
        found = _shared.get(key)
        if found is None or not found.usable:
            if found is not None:
                found.retire()  # kernels of other threads may still run
                _retired.append(found)
            found = _shared[key] = Template(modules, environment)
        return found


@atexit.register
def close_shared_templates() -> None:
    """End the templates that this process shares; the next call of :func:`shared_template` starts anew."""
    with _sharing:
        for template in (*_shared.values(), *_retired):
            template.close()
        _shared.clear()
        _retired.clear()
