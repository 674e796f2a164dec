from __future__ import annotations

import numpy as np
import pytest

from caqes_analysis.forecast.candidates import Candidates
from caqes_analysis.forecast.dispersion import learn_dispersion, quantiles_of

LEVELS = np.array([0.025, 0.1, 0.5, 0.9, 0.975])


def alike(series_nb: int) -> Candidates:
    """Series that nothing tells apart."""
    ones = np.ones(series_nb)
    zeros = np.zeros((series_nb, 1))
    return Candidates(("a",), zeros, -ones, 0.05 * ones, 0.1 * ones, 1e6 * ones, zeros)


def errors(years_nb: int, shock: float, series_nb: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Errors of scale 0.05 whose years are shifted one way and the other."""
    random = np.random.default_rng(2)
    years = np.repeat(np.arange(2024 - years_nb, 2024), series_nb)
    shifts = shock * np.where(np.arange(years_nb) % 2, 1, -1)
    return 0.05 * (random.normal(size=len(years)) + np.repeat(shifts, series_nb)), years


def test_years_that_differ_have_a_common_share_and_years_alike_little() -> None:
    apart, years = errors(4, 1.0)
    alike_years, _ = errors(4, 0.0)
    candidates = alike(len(years))
    shared = learn_dispersion(candidates, apart, years, 6).common_share
    assert 0.3 < shared <= 0.5
    assert learn_dispersion(candidates, alike_years, years, 6).common_share < 0.1


def test_one_year_says_nothing_of_shocks_common_to_a_year() -> None:
    found, years = errors(1, 0.0)
    assert learn_dispersion(alike(len(years)), found, years, 6).common_share == pytest.approx(0.15)


def test_few_years_widen_the_intervals_and_the_tails_most() -> None:
    def widening(years_nb: int) -> np.ndarray:
        found, years = errors(years_nb, 0.0, series_nb=600 // years_nb)
        learned = learn_dispersion(alike(len(years)), found, years, 6)
        spread = np.quantile(found, LEVELS) - np.median(found)
        scaled = quantiles_of(LEVELS, learned) * np.exp(learned.intercept)
        return scaled[[4, 3]] / spread[[4, 3]]

    two, six = widening(2), widening(6)
    assert two[0] > two[1] > 1.02
    assert (two > six).all()


def test_quantiles_rise_and_their_middle_is_zero() -> None:
    found, years = errors(2, 0.8)
    learned = learn_dispersion(alike(len(years)), found, years, 9)
    assert (np.diff(learned.quantiles) > 0).all()
    assert quantiles_of(np.array([0.5]), learned) == pytest.approx([0.0], abs=0.05)


def width_80(found: np.ndarray, years: np.ndarray) -> float:
    """Width of the interval at 80 %, on logarithms."""
    learned = learn_dispersion(alike(len(years)), found, years, 9)
    low, high = quantiles_of(np.array([0.1, 0.9]), learned) * np.exp(learned.intercept)
    return float(high - low)


def test_one_bad_year_among_two_widens_the_next_by_little() -> None:
    calm, bad = width_80(*errors(2, 0.0)), width_80(*errors(2, 1.0))
    raw = np.subtract(*np.quantile(errors(2, 1.0)[0], [0.9, 0.1]))
    assert 1.02 * calm < bad < 0.95 * raw


def test_a_few_series_of_many_years_keep_the_width_of_their_errors() -> None:
    found, years = errors(40, 0.0, series_nb=1)
    assert width_80(found, years) > 0.9 * np.subtract(*np.quantile(found, [0.9, 0.1]))
