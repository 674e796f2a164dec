"""Overdispersion: what it is estimated from, and how often its intervals are right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from caqes_analysis.indicators.dispersion import Dispersion, Unestimated, estimate_dispersion

Array = np.ndarray


def beta_binomial(
    random: np.random.Generator, *, establishments_nb: int, years_nb: int, rho: float
) -> tuple[Array, Array, Array]:
    """Counts, denominators and true shares of a region whose shares move by chance around their level."""
    sizes = np.exp(random.normal(np.log(3000), 1.3, (establishments_nb, 1)))
    below = np.round(sizes * np.exp(random.normal(0, 0.1, (establishments_nb, years_nb)))).clip(30)
    level = random.normal(0, 0.5, (establishments_nb, 1)) + np.cumsum(random.normal(0.1, 0.05, (1, years_nb)), axis=1)
    share = 1 / (1 + np.exp(-level))
    strength = 1 / rho - 1
    above = random.binomial(below.astype(int), random.beta(share * strength, (1 - share) * strength))
    return above.astype(float), below, share


def test_a_share_that_moves_as_lines_drawn_one_by_one_has_no_overdispersion() -> None:
    random = np.random.default_rng(3)
    below = np.full((200, 3), 5000.0)
    above = random.binomial(5000, 0.3, (200, 3)).astype(float)
    found = estimate_dispersion(above, below, kind="count_share")
    assert isinstance(found, Dispersion)
    assert found.rho < 2e-5
    assert found.df == 199 * 2
    assert found.variance(np.array([5000.0]))[0] == pytest.approx(1 / 5000, rel=0.1)


def test_the_correlation_of_a_simulated_region_is_found() -> None:
    above, below, _ = beta_binomial(np.random.default_rng(4), establishments_nb=400, years_nb=3, rho=0.01)
    found = estimate_dispersion(above, below, kind="count_share")
    assert isinstance(found, Dispersion)
    assert found.rho == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize(("phi", "power"), [(0.01, 0.0), (500.0, 1.0)])
def test_amounts_tell_a_constant_coefficient_of_variation_from_a_poisson_like_one(phi: float, power: float) -> None:
    random = np.random.default_rng(5)
    expected = np.exp(random.normal(12, 1.6, (300, 1)) + np.array([[0.0, 0.05, 0.1]]))
    variance = phi * expected**-power
    found = estimate_dispersion(random.gamma(1 / variance, expected * variance), np.ones((300, 3)), kind="ratio")
    assert isinstance(found, Dispersion)
    assert found.power == power
    assert found.phi == pytest.approx(phi, rel=0.15)


def test_one_merger_does_not_widen_the_intervals_of_a_region() -> None:
    random = np.random.default_rng(6)
    expected = np.full((60, 3), 1e6)
    amounts = random.gamma(400, expected / 400)
    usual = estimate_dispersion(amounts, np.ones_like(amounts), kind="ratio")
    amounts[0, 2] *= 3
    struck = estimate_dispersion(amounts, np.ones_like(amounts), kind="ratio")
    assert isinstance(usual, Dispersion)
    assert isinstance(struck, Dispersion)
    ratio = struck.variance(np.array([1e6]))[0] / usual.variance(np.array([1e6]))[0]
    assert 1 < ratio < 1.4


@pytest.mark.parametrize(
    ("shape", "why"),
    [((40, 1), "une seule période"), ((8, 2), "trop peu d'établissements")],
)
def test_what_cannot_be_estimated_says_why(shape: tuple[int, int], why: str) -> None:
    amounts = np.random.default_rng(7).gamma(50, 100, shape)
    found = estimate_dispersion(amounts, np.ones(shape), kind="ratio")
    assert isinstance(found, Unestimated)
    assert why in found.reason


def test_shares_always_at_100_pct_are_not_too_few_establishments() -> None:
    boxes = np.full((28, 2), 40.0)
    above = boxes.copy()
    above[:4, 1] = 30.0  # four of twenty-eight vary: three degrees of freedom, where twenty-seven are known
    found = estimate_dispersion(above, boxes, kind="count_share")
    assert isinstance(found, Unestimated)
    assert found.reason.startswith("trop peu d'établissements dont la part varie")
    few = estimate_dispersion(above[:9], boxes[:9], kind="count_share")
    assert isinstance(few, Unestimated)
    assert few.reason.startswith("trop peu d'établissements et de périodes")
    amounts = np.where(np.arange(28)[:, None] < 4, 10.0, 0.0) + np.zeros((28, 2))
    spent = estimate_dispersion(amounts, np.ones((28, 2)), kind="ratio")
    assert isinstance(spent, Unestimated)
    assert spent.reason.startswith("trop peu d'établissements ont une valeur autre que zéro")


def test_values_that_never_move_have_no_interval() -> None:
    found = estimate_dispersion(np.full((30, 3), 1000.0), np.ones((30, 3)), kind="ratio")
    assert isinstance(found, Unestimated)


@pytest.mark.slow
@pytest.mark.parametrize(("establishments_nb", "years_nb"), [(40, 2), (40, 3), (40, 5), (254, 3)])
@pytest.mark.parametrize("rho", [0.0005, 0.005, 0.03])
def test_95_pct_intervals_of_a_beta_binomial_region_cover_93_to_97_pct(
    establishments_nb: int, years_nb: int, rho: float
) -> None:
    random = np.random.default_rng(8)
    covered = []
    for _ in range(200):
        above, below, share = beta_binomial(random, establishments_nb=establishments_nb, years_nb=years_nb, rho=rho)
        found = estimate_dispersion(above, below, kind="count_share")
        assert isinstance(found, Dispersion)
        quantile = stats.t.ppf(0.975, found.df)
        effective, observed = 1 / found.variance(below), above / below
        # Wilson's interval contains the truth when the truth's own standard error reaches the observation.
        covered.append(np.abs(observed - share) <= quantile * np.sqrt(share * (1 - share) / effective))
    assert 0.93 <= np.mean(covered) <= 0.97
