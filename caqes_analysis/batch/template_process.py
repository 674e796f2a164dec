"""The template process: import the scientific stack once, fork a kernel from it at each request, watch over it.

Started by :mod:`caqes_analysis.batch.template` as ``python -m caqes_analysis.batch.template_process FD MODULE…``.
``FD`` is one end of a UNIX socket pair; its closing ends the process and every kernel, so that nothing outlives the
parent. Each byte received on it is an order: a new kernel, or an end when the last kernel has ended.
The process has one thread and keeps it: a fork of a process with several may inherit a lock that nobody releases.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from caqes_analysis.batch.forked_kernel import become_kernel

__all__ = ["NEW_KERNEL", "RETIRE", "main"]

NEW_KERNEL, RETIRE = b"k", b"r"
"""Orders of the owner of the template."""

_STDIO = 3
_CHUNK = 1 << 16


def main(arguments: Sequence[str]) -> None:
    """Import the modules named, say so, then serve until the control socket closes.

    Parameters
    ----------
    arguments
        Number of the file descriptor of the control socket, then module names; ``package.*`` is every module of a
        package. A module that is not installed is left out; one that starts a thread is reported, and nothing is
        served.
    """
    control = socket.socket(fileno=int(arguments[0]))
    control.set_inheritable(False)
    sys.path.pop(0)  # the folder that « -m » put there, which an ordinary kernel does not have
    gc.disable()
    culprit = _import_all(arguments[1:])
    _say(control, ready=culprit is None, culprit=culprit, files=sorted(_own_files()))
    if culprit is None:
        gc.freeze()  # shared pages of what was imported are not touched by the collections of the kernels
        _Server(control).serve()


def _import_all(names: Sequence[str]) -> str | None:
    """Import modules one after another; return the first that left a second thread, or None."""
    for name in _expanded(names):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
        if _threads_nb() > 1:
            return name
    return None


def _expanded(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        package = name.removesuffix(".*")
        yield package
        if package != name and package in sys.modules:
            yield from (f"{package}.{found.name}" for found in pkgutil.iter_modules(sys.modules[package].__path__))


def _threads_nb() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 (counts the threads of C libraries too)
    except OSError:
        return 1


def _own_files() -> Iterator[str]:
    """Yield the files of modules that may be edited while the template lives: those outside of Python's folders."""
    kept = tuple({os.path.realpath(place) for place in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))})  # noqa: PTH120
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and not os.path.realpath(path).startswith(kept):
            yield path


def _say(connection: socket.socket, **message: Any) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the closing is seen by the loop
        connection.sendall(json.dumps(message).encode() + b"\n")


@dataclass
class _Child:
    connection: socket.socket
    stdio: list[int]
    pid: int | None = None
    received: bytearray = field(default_factory=bytearray)


class _Server:
    """Serve requests one by one; the loop sleeps until a request, a signal to pass on, or the end of a kernel."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[socket.socket, _Child] = {}
        self.retired = False
        self.selector = selectors.DefaultSelector()
        self.woken, self.waking = socket.socketpair()
        for end in (self.woken, self.waking):
            end.setblocking(False)

    def serve(self) -> None:
        signal.set_wakeup_fd(self.waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.selector.register(self.control, selectors.EVENT_READ)
        self.selector.register(self.woken, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.control:
                    if not self._welcome():
                        self._end()
                        return
                elif key.fileobj is self.woken:
                    with contextlib.suppress(BlockingIOError):
                        self.woken.recv(_CHUNK)
                elif key.fileobj in self.children:
                    self._listen(self.children[key.fileobj])
            self._bury()
            if self.retired and not self.children:
                return

    def _welcome(self) -> bool:
        """Take the connection of a new kernel and its standard streams; False when the parent has gone."""
        order, descriptors, _, _ = socket.recv_fds(self.control, 1, 1 + _STDIO, socket.MSG_CMSG_CLOEXEC)
        if order == RETIRE:
            self.retired = True
            return True
        if not order:
            return False
        connection = socket.socket(fileno=descriptors[0])
        connection.setblocking(False)
        self.children[connection] = _Child(connection, list(descriptors[1:]))
        self.selector.register(connection, selectors.EVENT_READ)
        return True

    def _listen(self, child: _Child) -> None:
        try:
            received = child.connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._abandon(child)
        child.received += received
        while b"\n" in child.received:
            line, _, rest = bytes(child.received).partition(b"\n")
            child.received[:] = rest
            message = json.loads(line)
            if "signal" in message:
                _send_signal(child, message["signal"])
            else:
                self._fork(child, message)

    def _abandon(self, child: _Child) -> None:
        """Kill the kernel whose owner has gone."""
        self.selector.unregister(child.connection)
        if child.pid is None:
            self._forget(child)
        else:
            _send_signal(child, signal.SIGKILL)

    def _fork(self, child: _Child, request: dict[str, Any]) -> None:
        template = os.getpid()
        try:
            pid = os.fork()
        except OSError as failure:  # no memory, too many processes
            _say(child.connection, error=str(failure))
            self.selector.unregister(child.connection)
            self._forget(child)
            return
        if pid == 0:
            status = 1
            try:
                self._release(child)
                status = become_kernel(child.connection, request, child.stdio, template)
            finally:
                os._exit(status)
        child.pid = pid
        _close(child.stdio)
        _say(child.connection, pid=pid)

    def _release(self, own: _Child) -> None:
        """In the child: give back what belongs to the template and to the other kernels."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.selector.close()
        for end in (self.control, self.woken, self.waking):
            end.close()
        for child in self.children.values():
            if child is not own:
                child.connection.close()
                _close(child.stdio)
        own.connection.setblocking(True)

    def _bury(self) -> None:
        """Report the kernels that ended; end with them what they had started and left."""
        for child in [child for child in self.children.values() if child.pid is not None]:
            ended = os.waitid(os.P_PID, child.pid or 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                continue
            _send_signal(child, signal.SIGKILL)  # the group; its number is not reused before waitpid
            _, status = os.waitpid(child.pid or 0, 0)
            _say(child.connection, exit=os.waitstatus_to_exitcode(status))
            with contextlib.suppress(KeyError):
                self.selector.unregister(child.connection)
            self._forget(child)

    def _forget(self, child: _Child) -> None:
        self.children.pop(child.connection)
        child.connection.close()
        _close(child.stdio)

    def _end(self) -> None:
        for child in self.children.values():
            if child.pid is not None:
                _send_signal(child, signal.SIGKILL)


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
    descriptors.clear()


def _send_signal(child: _Child, number: int) -> None:
    """Signal the group of a kernel, and the kernel itself in case it has not made its group yet."""
    if child.pid is None:
        return
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)


if __name__ == "__main__":
    main(sys.argv[1:])
