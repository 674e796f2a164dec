"""What several tests share."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run on all cores already; set before NumPy is imported, and passed on to the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Workers are given a width of window, which the consoles would keep: tests choose theirs.
os.environ.pop("COLUMNS", None)

# What a machine under load takes longer for is not wrong.
settings.register_profile("caqes", deadline=None)
settings.load_profile("caqes")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _field_size() -> Iterator[None]:
    """Give Python's CSV reader back its limit: the reader of Data Packages lifts it for the whole process."""
    kept = csv.field_size_limit()
    yield
    csv.field_size_limit(kept)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real public files; the test is skipped where it is absent."""
    place = Path(os.environ.get("CAQES_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not place.is_dir():
        pytest.skip(f"real data absent: {place} (set CAQES_REAL_DATA to the folder that holds them)")
    return place
