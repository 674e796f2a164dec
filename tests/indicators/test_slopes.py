"""Theil-Sen on short series: exact probabilities, honest silences."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from caqes_analysis.indicators.slopes import ENOUGH_PERIODS, theil_sen


def test_the_slope_and_the_probability_are_those_of_scipy() -> None:
    random = np.random.default_rng(1)
    series = random.normal(0, 1, (20, 6)) + np.arange(6) * 0.5
    found = theil_sen(series)
    for row, values in enumerate(series):
        assert found.slope[row] == pytest.approx(stats.theilslopes(values, np.arange(6)).slope)
        exact = stats.kendalltau(np.arange(6), values, method="exact").pvalue
        assert found.p_value[row] == pytest.approx(exact)


def test_the_probability_of_every_order_of_five_years_is_counted() -> None:
    orders = np.array(list(permutations(range(ENOUGH_PERIODS))), dtype=float)
    found = theil_sen(orders)
    assert (found.p_value <= 0.05).sum() == 2  # the two monotone orders among 120
    assert ((found.lower > 0) | (found.upper < 0)).sum() == 2


def test_under_five_periods_there_is_a_slope_and_no_interval() -> None:
    found = theil_sen(np.array([[1.0, 2.0, 3.0, 4.0], [2.0, np.nan, 6.0, np.nan], [1.0, np.nan, np.nan, np.nan]]))
    assert found.slope.tolist()[:2] == [1.0, 2.0]
    assert math.isnan(found.slope[2])
    assert np.isnan([*found.lower, *found.upper, *found.p_value]).all()
    assert found.periods_nb.tolist() == [4, 2, 1]


def test_equal_years_are_no_trend() -> None:
    assert theil_sen(np.full((1, 5), 3.0)).p_value.tolist() == [1.0]


@pytest.mark.slow
def test_intervals_of_five_noisy_years_cover_the_slope() -> None:
    random = np.random.default_rng(2)
    series = 3.0 * np.arange(5) + random.standard_t(3, (20_000, 5))
    found = theil_sen(series)
    covered = ((found.lower <= 3) & (found.upper >= 3)).mean()
    assert covered == pytest.approx(1 - 2 / 120, abs=0.004)
