"""Whole simulated regions without any defect: every file is read, every control runs, and none tells anything.

More seeds, and other sizes of region: ``benchmarks/clean_regions.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.full_region import full_region


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_whole_clean_regions_raise_nothing(seed: int, tmp_path: Path) -> None:
    region = full_region(tmp_path, establishments_nb=20, seed=seed)
    assert region.told("contracts", "activity", "lpp", "base", "months", "cumuls") == []
    assert region.told("successive") == []
