"""One build at a time in a folder; the second one says who is building, and the lock of the dead is taken over."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from caqes_analysis import french
from caqes_analysis.errors import BuildError

__all__ = ["alone"]

_LOCK = ".build.lock"
# Not in the locked file itself: Windows lets nobody else read it.
_HOLDER = ".build.holder.json"


@contextmanager
def alone(directory: Path, *, file: str) -> Iterator[None]:
    """Hold the lock of a build folder: two builds of one campaign never mix.

    The system lets go of the lock of a process that dies, however it dies.

    Parameters
    ----------
    directory
        Folder of the build; made when absent.
    file
        Name of the campaign file, for the message.

    Raises
    ------
    BuildError
        ``CONSTRUCTION_EN_COURS``, with who is building, where and since when.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as failure:
        raise BuildError.of(
            "CONSTRUCTION_EN_COURS",
            f"une autre construction de cette campagne est en cours{_described(directory / _HOLDER)}.",
            "Attendre qu'elle se termine, ou construire ailleurs avec --output.",
            file=file,
        ) from failure
    try:
        with contextlib.suppress(OSError):  # it only serves the message
            (directory / _HOLDER).write_text(json.dumps(_self()), encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            (directory / _HOLDER).unlink()
        lock.release()


def _self() -> dict[str, str | int]:
    try:
        person = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account that the system does not know
        person = ""
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"person": person, "machine": socket.gethostname(), "process": os.getpid(), "since": since}


def _described(note: Path) -> str:
    try:
        holder = json.loads(note.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(holder["since"])
        when = f"depuis {since:%H:%M} le {french.date(since.date())}"
        person = f"par {holder['person']}, " if holder["person"] else ""
        return f", lancée {person}{when}, sur {holder['machine']} (processus {holder['process']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
