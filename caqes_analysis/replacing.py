"""Put what was written beside in its place, whole: tried again while somebody has it open, then explained.

Windows and network shares refuse to replace a file, or to move a folder, that another program has open.
"""

from __future__ import annotations

import errno
import shutil
import time
from pathlib import Path

from caqes_analysis.errors import BuildError

__all__ = ["replace_file", "replace_folder", "restore_folder", "write_whole"]

_RETRIES_NB = 20
_RETRY_S = 0.25
_BUSY = {errno.EBUSY, errno.ETXTBSY, errno.ENOTEMPTY, errno.EEXIST}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is never seen half written.

    Parameters
    ----------
    path
        The file; its folder is made when needed.
    content
        Its content.

    Raises
    ------
    BuildError
        ``FICHIER_OCCUPE``; what stood there is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(content)
    replace_file(draft, path)


def replace_file(draft: Path, path: Path) -> None:
    """Put a file in place of another.

    Parameters
    ----------
    draft
        The new file, beside its place.
    path
        Its place.

    Raises
    ------
    BuildError
        ``FICHIER_OCCUPE``: the old one is open elsewhere, and stays.
    """
    for attempt in range(_RETRIES_NB):
        try:
            draft.replace(path)
        except OSError as failure:
            _wait_or_explain(failure, attempt, path, draft)
        else:
            return


def replace_folder(fresh: Path, place: Path, *, code: str = "DOSSIER_OCCUPE") -> None:
    """Put a folder in place of another, which stays until the new one is there.

    Parameters
    ----------
    fresh
        The new folder, beside its place.
    place
        Its place.
    code
        Code of the problem.

    Raises
    ------
    BuildError
        ``code``: a file of the old folder is open elsewhere; the old folder stays, and the new one waits beside.
    """
    old = _aside(place)
    for attempt in range(_RETRIES_NB):
        shutil.rmtree(old, ignore_errors=True)
        try:
            if place.exists():
                place.rename(old)
            fresh.rename(place)
        except OSError as failure:
            restore_folder(place)
            _wait_or_explain(failure, attempt, place, fresh, code)
        else:
            shutil.rmtree(old, ignore_errors=True)
            return


def restore_folder(place: Path) -> None:
    """Put back the old folder that a replacement, killed half-way, has left aside.

    Parameters
    ----------
    place
        The place given to :func:`replace_folder`.
    """
    old = _aside(place)
    if old.exists() and not place.exists():
        old.rename(place)


def _aside(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _wait_or_explain(failure: OSError, attempt: int, place: Path, fresh: Path, code: str = "FICHIER_OCCUPE") -> None:
    if not isinstance(failure, PermissionError) and failure.errno not in _BUSY:
        raise failure
    if attempt == _RETRIES_NB - 1:
        raise BuildError.of(
            code,
            f"« {place.name} » ne peut pas être remplacé : un fichier est ouvert ailleurs ({failure}).",
            f"Fermer les fichiers ouverts, puis relancer ; ce qui est neuf attend dans « {fresh.name} ».",
            file=place.name,
        ) from failure
    time.sleep(_RETRY_S)
