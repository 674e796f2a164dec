from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis.simulation import departments
from caqes_analysis.simulation.establishments import build_establishments, finess_number, sample_mix


def luhn_sum(finess: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(finess)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total


@given(st.sampled_from(departments()["code"].tolist()), st.booleans(), st.integers(1, 9999))
def test_finess_numbers_carry_the_key_of_real_ones(department: str, is_site: bool, rank: int) -> None:
    finess = finess_number(department, is_site, rank)
    assert len(finess) == 9
    assert finess.startswith(department)
    assert luhn_sum(finess) % 10 == 0


@settings(max_examples=15)
@given(st.integers(3, 300), st.integers(0, 10_000))
def test_any_region_is_well_formed(establishments_nb: int, seed: int) -> None:
    region = build_establishments(establishments_nb, seed=seed, year=2024)
    assert len(region) == establishments_nb
    assert len({one.finess_ej for one in region} | {one.finess_et for one in region}) == 2 * establishments_nb
    assert len({one.name for one in region}) == establishments_nb
    assert [one.role for one in region if one.closed_on] == ["merged"]
    by_finess = {one.finess: one for one in region}
    assert [by_finess[one.successor].role for one in region if one.successor] == ["successor"]
    if establishments_nb >= 13:
        assert {one.department for one in region} == set(departments()["code"])


def test_the_mix_of_categories_is_that_of_the_sample() -> None:
    region = build_establishments(1000, seed=1, year=2024)
    counts = Counter(one.kind for one in region)
    sample = sample_mix()["establishments_nb"]
    provincial = sum(sample.values()) - sample["3+"]
    expected = {
        "chu": sample["CHU"],
        "ch": sample["CH"],
        "local": sample["HL"],
        "mental": sample["PSY"],
        "cancer": sample["CLCC"],
        "espic": sample["ESPIC"] + sample["AUTRES"],
    }
    public = establishments = 1000 - counts["private"]
    assert counts["private"] / 1000 == pytest.approx(8 / 39, abs=0.01)
    for kind, value in expected.items():
        assert counts[kind] / public == pytest.approx(value / provincial, abs=0.01), (kind, establishments)


def test_sizes_run_from_a_few_tens_of_thousands_to_a_hundred_millions() -> None:
    region = build_establishments(254, seed=2024, year=2024)
    sizes = sorted(one.yearly_eur for one in region if one.in_open_phmev)
    assert 50e3 <= sizes[0] < 100e3
    assert 90e6 < sizes[-1] <= 250e6
    assert 80e6 < region[0].yearly_eur < 125e6
    assert region[0].category == "CHU"
