"""Which files a notebook writes: noted from inside its kernel, whoever in Python opens, renames or removes them.

A kernel of a batch is told to :func:`watch` before its first cell; the batch reads what was noted with
:func:`read_written`. What C libraries write by themselves (a Parquet file, a DuckDB ``COPY``) is not seen here: the
batch compares folders for these.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Written", "read_written", "watch", "watch_line"]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_OPEN, _RENAME, _REMOVE = "open", "os.rename", "os.remove"


@dataclass(frozen=True)
class Written:
    """What a notebook did to files.

    Parameters
    ----------
    written
        Files that it wrote, or put in place by renaming, and that it has not removed.
    removed
        Files older than its kernel that it removed or renamed.
    """

    written: frozenset[Path] = frozenset()
    removed: frozenset[Path] = frozenset()


def watch_line(report: Path) -> str:
    """Return the line of Python by which a kernel begins to note what it writes in ``report``."""
    return f"__import__({__name__!r}, fromlist=['watch']).watch({str(report)!r})"


def watch(report: str) -> None:
    """Note from now on, in this process, the files that are written, renamed and removed.

    Parameters
    ----------
    report
        File that receives one JSON line for each.
    """
    begun_ns = time.time_ns()
    descriptor = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    owner = os.getpid()
    known: set[str] = set()

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event == _OPEN:
            writes = isinstance(arguments[2], int) and arguments[2] & _WRITING
            paths = arguments[:1] if writes else ()
        elif event in (_RENAME, _REMOVE):
            paths = arguments[: 1 + (event == _RENAME)]
        else:
            return
        if paths and not any(isinstance(path, int) for path in paths) and os.getpid() == owner:
            older = event != _OPEN and _is_older(paths[0], begun_ns)
            line = json.dumps([event, older, *(os.path.abspath(os.fsdecode(path)) for path in paths)])  # noqa: PTH100
            if event != _OPEN or line not in known:
                known.add(line)
                os.write(descriptor, line.encode("utf-8", "surrogatepass") + b"\n")

    sys.addaudithook(see)


def _is_older(path: str, begun_ns: int) -> bool:
    try:
        return os.stat(path).st_mtime_ns < begun_ns  # noqa: PTH116
    except OSError:
        return False


def read_written(report: Path) -> Written:
    """Return what a kernel noted; nothing when it noted nothing.

    Parameters
    ----------
    report
        The file given to :func:`watch`.
    """
    if not report.is_file():
        return Written()
    written: set[Path] = set()
    removed: set[Path] = set()
    for line in report.read_bytes().splitlines():
        event, older, *names = json.loads(line)
        paths = [Path(name) for name in names]
        if event != _OPEN:
            written.discard(paths[0])
            removed |= {paths[0]} if older else set()
        if event != _REMOVE:
            written.add(paths[-1])
            removed.discard(paths[-1])
    return Written(frozenset(written), frozenset(removed))
