"""Defects that others may plant, tried one by one in a whole region: what tells each, and what tells none.

What nothing tells is said on the quality page (``chapters.data_quality_limits``).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.defects_tried import TRIED
from tests.full_region import FullRegion, full_region
from tests.further_defects import FURTHER
from tests.silent_defects import SILENT

EVERY = TRIED | FURTHER | SILENT


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> FullRegion:
    return full_region(tmp_path_factory.mktemp("region"), establishments_nb=20, seed=31)


@pytest.fixture
def region(clean: FullRegion, tmp_path: Path) -> FullRegion:
    """The same files, to damage."""
    shutil.copytree(clean.folder / "recus", tmp_path / "recus")
    return FullRegion(tmp_path, clean.quiet)


@pytest.mark.slow
@pytest.mark.parametrize(("sources", "name"), EVERY, ids=[name for _, name in EVERY])
def test_each_defect_is_told(sources: tuple[str, ...], name: str, region: FullRegion) -> None:
    code, words, plant = EVERY[sources, name]
    plant(region)
    told = region.told(*sources)
    assert [place for other, place in told if other == code and words in place], told


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 8, 31, 77])
def test_nothing_is_told_of_whole_regions_without_defects(seed: int, tmp_path: Path) -> None:
    region = full_region(tmp_path, establishments_nb=20, seed=seed)
    assert region.told("contracts", "activity", "lpp", "base", "months", "cumuls") == []
    assert region.told("successive") == []


def test_ninety_kinds_are_tried() -> None:
    assert len(EVERY) >= 90
