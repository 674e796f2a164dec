"""Which code and which files made a figure: short hashes of the package and of the notebooks, hashes of files."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

__all__ = [
    "CODE_FILES",
    "HASH_LENGTH",
    "content_hash",
    "environment_hash",
    "hash_of_files",
    "package_hash",
    "page_code_hash",
    "report_code_hash",
]

HASH_LENGTH = 12
"""Characters kept of a SHA-256 where it only tells versions apart."""

CODE_FILES = ("*.py", "*.csv", "*.json", "*.yml")
"""Files of the package that can change a figure."""

# Rooms that no notebook of a build loads: they run the notebooks or compile what these have shown.
_AROUND_PAGES = {
    *("batch", "book", "bootstrap", "bound_process", "build", "build_book", "build_lock", "build_plan", "cli"),
    *("command_line", "export", "page_foot", "progress", "reopen", "run_record", "unchanged", "written_files"),
}


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or « absent » when there is none."""
    if not path.is_file():
        return "absent"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_of_files(folder: Path, patterns: Sequence[str]) -> str:
    """Return a short hash of the names and contents of the files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(found for pattern in patterns for found in folder.rglob(pattern)):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:HASH_LENGTH]


@cache
def package_hash() -> str:
    """Return a short hash of the package's code and data: equal hashes ran equal code."""
    return hash_of_files(Path(__file__).parent, CODE_FILES)


@cache
def report_code_hash() -> str:
    """Return a short hash of the package and of the notebooks: two reports with the same one ran the same code."""
    notebooks = hash_of_files(Path(__file__).resolve().parent.parent / "notebooks", ("*.ipynb",))
    return hashlib.sha256((package_hash() + notebooks).encode()).hexdigest()[:HASH_LENGTH]


@cache
def page_code_hash() -> str:
    """Return a short hash of the code that notebooks may load: what runs them and compiles them is left out."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(found for pattern in CODE_FILES for found in package.rglob(pattern)):
        place = path.relative_to(package)
        if place.with_suffix("").parts[0] not in _AROUND_PAGES:
            digest.update(place.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:HASH_LENGTH]


@cache
def environment_hash() -> str:
    """Return a short hash of Python's version and of the versions of all that is installed."""
    installed = sorted({f"{one.name}=={one.version}" for one in distributions()})
    return hashlib.sha256("\n".join([sys.version, *installed]).encode()).hexdigest()[:HASH_LENGTH]
