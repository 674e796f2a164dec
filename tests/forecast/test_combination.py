from __future__ import annotations

import numpy as np
import pytest

from caqes_analysis.forecast.candidates import Candidates, build_candidates
from caqes_analysis.forecast.combination import combine, equal_weights, learn_combination

SEASON = np.array([1.02, 0.97, 1.05, 0.99, 0.98, 1.01, 0.99, 0.89, 0.98, 1.04, 1.01, 1.07])


def growing(rate: float, years_nb: int, observed_nb: int) -> np.ndarray:
    """One series whose every month is that of the year before, multiplied."""
    months_nb = 12 * years_nb + observed_nb
    at = np.arange(months_nb)
    return (1000 * SEASON[at % 12] * (1 + rate) ** (at // 12))[None, :]


def said(values: list[list[float]], own_errors: list[list[float]] | None = None) -> Candidates:
    ratios = np.array(values)
    series_nb = len(ratios)
    return Candidates(
        tuple("abc"[: ratios.shape[1]]),
        ratios,
        np.full(series_nb, -1.0),
        np.full(series_nb, 0.05),
        np.full(series_nb, 0.1),
        np.full(series_nb, 1e6),
        np.zeros_like(ratios) if own_errors is None else np.array(own_errors),
    )


def test_own_errors_say_which_candidates_served_the_series() -> None:
    found = build_candidates(growing(0.1, 4, 6), 6)
    errors = dict(zip(found.names, found.own_errors[0], strict=True))
    assert errors["part_n_1"] == pytest.approx(0, abs=1e-9)
    assert errors["annee_precedente"] > errors["croissance_amortie_0.25"] > errors["croissance_amortie_0.75"] > 0.005


def test_two_years_of_history_have_no_own_errors() -> None:
    assert not build_candidates(growing(0.1, 2, 6), 6).own_errors.any()
    assert build_candidates(growing(0.1, 3, 6), 6).own_errors.any()


def test_rows_and_joined_undo_each_other() -> None:
    found = build_candidates(np.concatenate([growing(0.1, 3, 3), growing(-0.2, 3, 3)]), 3)
    first = np.array([True, False])
    again = Candidates.joined([found.rows(first), found.rows(~first)])
    assert again.names == found.names
    np.testing.assert_array_equal(again.own_errors, found.own_errors)
    np.testing.assert_array_equal(again.size_eur, found.size_eur)


def test_a_candidate_that_served_the_series_weighs_more() -> None:
    equal = equal_weights(("a", "b", "c"))
    plain = combine(said([[-0.1, 0.0, 0.3]]), equal, 9)
    moved = combine(said([[-0.1, 0.0, 0.3]], [[0.2, 0.2, 0.001]]), equal, 9)
    same = combine(said([[-0.1, 0.0, 0.3]], [[0.2, 0.2, 0.2]]), equal, 9)
    assert moved[0] > plain[0] + 0.03
    assert same == pytest.approx(plain)


def test_candidates_without_disagreement_are_their_common_value() -> None:
    assert combine(said([[0.2, 0.2, 0.2]]), equal_weights(("a", "b", "c")), 3) == pytest.approx([0.2])


def test_the_candidate_that_was_right_gets_the_weight_and_the_forecast() -> None:
    random = np.random.default_rng(4)
    actual = random.normal(0.05, 0.1, 200)
    noise = random.normal(0, 1, (200, 3)) * np.array([0.005, 0.1, 0.2])
    past = said((actual[:, None] + noise).tolist())
    learned = learn_combination(past, actual, np.repeat([2021, 2022], 100), 9)
    assert learned.weights[0] > 0.7
    assert sum(learned.weights) == pytest.approx(1, abs=1e-6)
    assert combine(said([[0.1, 0.3, -0.3]]), learned, 9)[0] == pytest.approx(0.1, abs=0.03)


def test_late_years_count_more() -> None:
    actual = np.zeros(200)
    errors = np.full((200, 2), 0.1)
    errors[:100, 0], errors[100:, 1] = 0.01, 0.01
    learned = learn_combination(said(errors.tolist()), actual, np.repeat([2021, 2022], 100), 9)
    assert learned.weights[1] > learned.weights[0]
