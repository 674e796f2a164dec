"""Which code made a figure: short hashes of the package and of the notebooks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

__all__ = ["HASH_LENGTH", "hash_of_files", "package_hash"]

HASH_LENGTH = 12
"""Characters kept of a SHA-256 where it only tells versions apart."""

_CODE = ("*.py", "*.csv", "*.json", "*.yml")


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
    return hash_of_files(Path(__file__).parent, _CODE)
