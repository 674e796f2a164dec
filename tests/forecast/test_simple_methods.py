"""What a spreadsheet gives, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from caqes_analysis.forecast.histories import prepare
from caqes_analysis.forecast.panel import build_panel
from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS, simple_landings
from tests.forecast.series import one


def landings(amounts: list[float], start: str) -> dict[str, float]:
    found = simple_landings(prepare(build_panel(one(amounts, start=start)), 2024))
    assert set(found) == set(SIMPLE_METHODS)
    return {name: float(values[0]) for name, values in found.items()}


def test_each_rule_by_hand() -> None:
    # By June 2022 had spent 600 of 1200 (one half), 2023 600 of 1500 (two fifths): mean share 0.45.
    found = landings([100.0] * 12 + [100.0] * 6 + [150.0] * 6 + [90.0] * 6, "2022-01-01")
    assert found["twelve_over_k"] == pytest.approx(1080)
    assert found["last_ratio"] == pytest.approx(1350)
    assert found["year_share"] == pytest.approx(1200)


def test_without_a_year_before_only_the_pace_is_left() -> None:
    found = landings([100.0] * 5, "2024-01-01")
    assert found["twelve_over_k"] == pytest.approx(1200)
    assert np.isnan(found["last_ratio"])
    assert np.isnan(found["year_share"])
