"""What a process forked from the template does: become an ordinary ipykernel, in its own group, and leave cleanly."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import locale
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any

__all__ = ["become_kernel"]

_PR_SET_PDEATHSIG = 1
_LAUNCHER = "ipykernel_launcher"
_CONTROL_END_S = 5.0


def become_kernel(connection: socket.socket, request: dict[str, Any], stdio: Sequence[int], template_pid: int) -> int:
    """Run a kernel in this process until it is told to stop.

    Parameters
    ----------
    connection
        Told ``bound`` when the kernel listens, or ``error`` when it could not start.
    request
        ``arguments`` of the kernel application, ``env`` and ``cwd``: those that a new interpreter would receive.
    stdio
        Descriptors that become the standard input, output and error.
    template_pid
        The parent, with which the kernel dies.

    Returns
    -------
    int
        Exit status.
    """
    os.setsid()
    _die_with(template_pid)
    for target, descriptor in enumerate(stdio):
        os.dup2(descriptor, target)
        os.close(descriptor)
    try:
        _take_place(request)
        app = _started_kernel(request["arguments"], template_pid)
    except BaseException as failure:  # noqa: BLE001 (whatever it is, the owner of the kernel must know)
        traceback.print_exc()
        _tell(connection, error=f"{type(failure).__name__}: {failure}")
        return 1
    _tell(connection, bound=True)
    connection.close()
    status = 0
    try:
        app.start()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    _leave(app)
    return status


def _tell(connection: socket.socket, **message: Any) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _die_with(parent_pid: int) -> None:
    """Ask Linux to kill this process when its parent dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died in between
        os._exit(1)


def _take_place(request: dict[str, Any]) -> None:
    """Take the environment that a new interpreter would have started in."""
    gc.enable()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    if "numpy" in sys.modules:  # Python reseeds its own generator at a fork; numpy's would be the same in all kernels
        sys.modules["numpy"].random.seed()
    backend = os.environ.get("MPLBACKEND")
    if backend and "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = backend


def _started_kernel(arguments: Sequence[str], parent_pid: int) -> Any:
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = [_LAUNCHER, *arguments]
    app = IPKernelApp.instance(parent_handle=parent_pid)
    app.initialize(list(arguments))  # type: ignore[no-untyped-call]
    return app


def _leave(app: Any) -> None:
    """Do what an interpreter does when it ends, except freeing one by one the modules shared with the template."""
    # It still answers the request to end; closing the streams under it would have it wait ten seconds for a flush.
    if app.control_thread is not None:
        app.control_thread.join(timeout=_CONTROL_END_S)
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()
    shell = getattr(app, "shell", None)
    if shell is not None:  # files left open are flushed as their last reference goes
        shell.user_ns.clear()
        shell.user_module.__dict__.clear()
    gc.collect()  # IPython's own collection comes before it forgets them
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(ValueError, OSError):
            if stream is not None:
                stream.flush()
