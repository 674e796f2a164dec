"""The kernels of a batch, by the extension points of Jupyter: a provisioner that forks, managers, a prompt client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode, default

from caqes_analysis.batch.template import STACK, ForkedKernel, TemplateError, can_fork, shared_template

__all__ = ["BatchKernelManager", "PromptClient", "WarmKernelManager", "WarmKernelSpecManager", "WarmProvisioner"]

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())  # what goes wrong is in the outcome of the notebook, in French
_PROVISIONER = "caqes-warm"
_LAUNCHER = "ipykernel_launcher"
_START_TIMEOUT_S = 60.0
_WELCOME_S = 0.2
# Longest path of a UNIX socket on Linux is 107 bytes; macOS has 103.
_SOCKET_PATH_BYTES = 100


class WarmProvisioner(LocalProvisioner):
    """Kernel provisioner ``caqes-warm``: a Python kernel is forked from a process that has imported the stack.

    Named in the ``metadata`` of a ``kernel.json``, it serves any Jupyter application::

        "kernel_provisioner": {"provisioner_name": "caqes-warm", "config": {"modules": ["pandas", "duckdb"]}}

    Where a kernel cannot be forked (Windows, macOS, a kernel of another interpreter), it starts an ordinary one.
    """

    modules = List(Unicode(), default_value=list(STACK), help="What the template imports.").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel and wait until it listens; return its connection information."""
        arguments = _kernel_arguments(cmd)
        if arguments is None or not can_fork():
            return await super().launch_kernel(cmd, **kwargs)
        place = kwargs.get("cwd") or Path.cwd()
        streams = {name: kwargs.get(name) for name in ("stdin", "stdout", "stderr")}
        try:
            kernel = await self._forked(arguments, kwargs["env"], place, streams)
        except TemplateError as failure:
            _LOG.warning("ordinary kernel instead of a forked one: %s", failure)
            if isinstance(self.parent, WarmKernelManager):
                self.parent.not_forked = str(failure)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = kernel  # type: ignore[assignment]  # it has the methods of Popen that are called
        self.pid = kernel.pid
        self.pgid = None  # signals go through the template
        self.cwd = place
        return self.connection_info

    async def _forked(
        self, arguments: list[str], env: dict[str, str], place: Path | str, streams: dict[str, Any]
    ) -> ForkedKernel:
        template = await asyncio.to_thread(shared_template, tuple(self.modules))
        kernel = await asyncio.to_thread(template.fork, arguments, env=env, cwd=place, **streams)
        try:
            await kernel.bound(_START_TIMEOUT_S)
        except BaseException:
            kernel.close()
            raise
        return kernel

    async def wait(self) -> int | None:
        """Wait for the end of the kernel, without polling."""
        if not isinstance(self.process, ForkedKernel):
            return await super().wait()
        status = await self.process.ended()
        self.process.close()
        self.process = None
        return status

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel; return when it has gone."""
        await super().kill(restart)
        await self._gone()

    async def shutdown_requested(self, restart: bool = False) -> None:  # noqa: ARG002
        """Wait for a kernel that was asked to end, instead of looking every tenth of a second."""
        await self._gone()

    async def _gone(self) -> None:
        if isinstance(self.process, ForkedKernel):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.ended(), self.get_shutdown_wait_time() / 2)

    async def cleanup(self, restart: bool = False) -> None:
        """Leave the kernel; it ends if it still lives."""
        if isinstance(self.process, ForkedKernel):
            self.process.close()
            self.process = None
        await super().cleanup(restart)


def _kernel_arguments(cmd: Sequence[str]) -> list[str] | None:
    """Return the arguments of an ipykernel of this interpreter, or None for another kernel."""
    interpreter, own = Path(shutil.which(cmd[0]) or ""), Path(sys.executable)
    # Not the same file: the interpreters of two environments are often links to one.
    if _LAUNCHER not in cmd or interpreter.parent.resolve() != own.parent.resolve():
        return None
    return list(cmd[cmd.index(_LAUNCHER) + 1 :])


class PromptClient(AsyncKernelClient):
    """A client that is ready as soon as the kernel is: it waits for messages, not for a time."""

    def start_channels(
        self, shell: bool = True, iopub: bool = True, stdin: bool = True, hb: bool = False, control: bool = True
    ) -> None:
        """Start the channels; not the heartbeat, unless asked: the manager knows whether the kernel lives."""
        super().start_channels(shell=shell, iopub=iopub, stdin=stdin, hb=hb, control=control)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers and what it publishes is heard.

        Raises
        ------
        RuntimeError
            When it died, or did not answer in time.
        """
        limit = time.monotonic() + (float("inf") if timeout is None else timeout)
        with contextlib.suppress(Empty):
            await self.get_iopub_msg(timeout=_WELCOME_S)  # iopub_welcome: published messages are heard from here on
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > limit:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _answers(self) -> bool:
        request = self.kernel_info()
        try:
            reply = await self._recv_reply(request, timeout=1)
            while not _is_idle(await self.get_iopub_msg(timeout=_WELCOME_S), request):
                pass
        except (Empty, TimeoutError):
            return False
        self._handle_kernel_info_reply(reply)
        return True


def _is_idle(message: dict[str, Any], request: str) -> bool:
    own = message["parent_header"].get("msg_id") == request
    return own and bool(message["content"].get("execution_state") == "idle")


class BatchKernelManager(AsyncKernelManager):
    """Manager of an ordinary kernel: its sockets are private files where the system has them, it says nothing."""

    @default("log")
    def _default_log(self) -> logging.Logger:
        return _LOG

    @default("client_factory")
    def _default_client_factory(self) -> type[PromptClient]:
        return PromptClient

    @default("transport")
    def _default_transport(self) -> str:
        return "ipc" if os.name == "posix" and _socket_folder() else "tcp"

    @default("connection_file")
    def _default_connection_file(self) -> str:
        folder = _socket_folder()
        self._private = Path(tempfile.mkdtemp(prefix="caqes-", dir=folder))
        return str(self._private / f"{uuid.uuid4().hex[:8]}.json")

    _private: Path | None = None
    exit_status: int | None = None
    """Status of the kernel when it ended before it was told to, negative for a signal."""

    async def _async_is_alive(self) -> bool:
        alive = await super()._async_is_alive()
        if not alive and self.provisioner is not None and self.exit_status is None:
            self.exit_status = await self.provisioner.poll()
        return alive

    is_alive = _async_is_alive

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Clean up, the private folder included."""
        await super().cleanup_resources(restart)
        if self._private is not None and not restart:
            shutil.rmtree(self._private, ignore_errors=True)


class WarmKernelSpecManager(KernelSpecManager):
    """Kernel specifications as they are, except that kernels of this Python are forked."""

    modules = List(Unicode(), default_value=list(STACK)).tag(config=True)

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return a specification; that of an ipykernel names the provisioner ``caqes-warm``."""
        spec = super().get_kernel_spec(kernel_name)
        if _LAUNCHER in spec.argv:
            chosen = {"provisioner_name": _PROVISIONER, "config": {"modules": list(self.modules)}}
            spec.metadata = {**spec.metadata, "kernel_provisioner": chosen}
        return spec


class WarmKernelManager(BatchKernelManager):
    """Manager of a kernel forked from the template."""

    not_forked: str | None = None
    """Why the kernel is an ordinary one, when it could not be forked."""

    @default("kernel_spec_manager")
    def _default_kernel_spec_manager(self) -> WarmKernelSpecManager:
        return WarmKernelSpecManager(data_dir=self.data_dir, parent=self)


def _socket_folder() -> str | None:
    """Return a temporary folder whose paths are short enough for UNIX sockets; None when there is none."""
    longest = len("/caqes-12345678/12345678-ipc-5")
    for place in (tempfile.gettempdir(), "/tmp"):
        if len(os.fsencode(place)) + longest <= _SOCKET_PATH_BYTES and os.access(place, os.W_OK):
            return place
    return None
