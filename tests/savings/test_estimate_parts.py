from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from caqes_analysis.savings.estimate_model import Counterfactual, shock_variances, simulate_counterfactual
from caqes_analysis.savings.estimate_null import pass_through_rule
from caqes_analysis.savings.estimate_readings import CONCLUSION_WORDS, conclude, detectable_share, read_saving
from caqes_analysis.savings.estimate_targeting import Targeting, overlap_share, replay_targeting
from caqes_analysis.savings.estimate_threshold import MIN_SIDE_NB, Threshold, threshold_effect
from caqes_analysis.savings.estimate_windows import FEATURES, Window, build_window
from caqes_analysis.schemes.rules import IncentiveRule
from caqes_analysis.tables import CONCLUSIONS

YEAR = np.arange(12)


def grown(levels: list[float], rates: list[float], years_nb: int = 6) -> np.ndarray:
    """Series that grow each year by their rate, flat within a year."""
    steps = np.repeat(np.arange(years_nb), 12)
    return np.array([level * (1 + rate) ** steps for level, rate in zip(levels, rates, strict=True)])


def rule(**terms: object) -> IncentiveRule:
    return IncentiveRule(
        source="essai", **({"rate_pct": 20, "gate": "none", "floor_eur": "none", "cap_eur": "none"} | terms)
    )


@pytest.mark.parametrize(
    ("terms", "paid"),
    [
        ({}, [0.0, 0.8, 4.0]),
        ({"gate": "attained"}, [0.0, 0.0, 4.0]),
        ({"gate": "proportional"}, [0.0, 0.64, 4.0]),
        ({"floor_eur": 1}, [0.0, 0.0, 4.0]),
        ({"cap_eur": 3}, [0.0, 0.8, 3.0]),
        ({"rates_pct": {"phev_ipp": 30}}, [0.0, 1.2, 6.0]),
    ],
)
def test_the_rule_pays_noise(terms: dict[str, object], paid: list[float]) -> None:
    found = pass_through_rule(
        np.array([100.0]), np.array([[101.0, 96.0, 80.0]]), rule=rule(**terms), indicator="phev_ipp", target_pct=-5.0
    )
    assert found.credited_eur.tolist() == [[0.0, 4.0, 20.0]]
    assert found.paid_eur is not None
    assert found.paid_eur[0] == pytest.approx(paid)


def test_the_objective_of_a_share_is_each_ones_own_evolution() -> None:
    """200 € aimed at of 250, 90 of 100, and one whose share is not known: nor is what it would be paid."""
    paths = np.array([[201.0, 199.0, 150.0], [89.0, 91.0, 80.0], [10.0, 10.0, 10.0]])
    asked = {"rule": rule(gate="attained"), "indicator": "ambulance", "target_pct": np.array([-20.0, -10.0, np.nan])}
    found = pass_through_rule(np.array([250.0, 100.0, 100.0]), paths, **asked)
    assert found.paid_eur is not None
    assert found.paid_eur == pytest.approx(np.array([[0.0, 10.2, 20.0], [2.2, 0.0, 4.0], [np.nan] * 3]), nan_ok=True)
    part = pass_through_rule(np.array([250.0, 100.0, 100.0]), paths, **asked | {"rule": rule(gate="proportional")})
    assert part.paid_eur is None
    assert part.reason == "non calculable : part de l'objectif atteinte sans objet pour cette mesure"


@pytest.mark.parametrize(
    ("terms", "target", "words"),
    [
        ({"rate_pct": "unknown"}, -5.0, "taux inconnu"),
        ({"gate": "unknown"}, -5.0, "effet de l'objectif inconnu"),
        ({"gate": "attained"}, None, "objectif non renseigné"),
        ({"cap_eur": "unknown"}, -5.0, "plafond inconnu"),
    ],
)
def test_an_unknown_term_gives_no_number(terms: dict[str, object], target: float | None, words: str) -> None:
    found = pass_through_rule(
        np.array([100.0]), np.array([[90.0]]), rule=rule(**terms), indicator="phev_ipp", target_pct=target
    )
    assert found.paid_eur is None
    assert words in found.reason


def test_conclusions_follow_the_intervals() -> None:
    without = np.linspace(90.0, 110.0, 1001)
    said = {spent: read_saving(without, spent)["conclusion"] for spent in (88.0, 91.0, 100.0, 109.0, 112.0)}
    assert list(said.values()) == list(CONCLUSIONS)
    assert tuple(CONCLUSION_WORDS) == CONCLUSIONS
    assert conclude({"lower_80_eur": 1, "upper_80_eur": 9, "lower_95_eur": 0, "upper_95_eur": 10}) == "probable_saving"


def test_probabilities_are_never_certain() -> None:
    without = np.linspace(90.0, 110.0, 999)
    assert read_saving(without, 50.0)["prob_real"] == pytest.approx(0.9995)
    assert read_saving(without, 150.0)["prob_real"] == pytest.approx(0.0005)
    assert read_saving(without, 100.0)["prob_real"] == pytest.approx(0.5, abs=1e-3)


def test_the_smallest_saving_detected_is_detected_eight_times_in_ten() -> None:
    without = np.random.default_rng(1).normal(100.0, 3.0, 20_000)
    share = detectable_share(without)
    truth = np.random.default_rng(2).normal(100.0, 3.0, 20_000)
    detected = (truth * (1 - share) < np.quantile(without, 0.025)).mean()
    assert detected == pytest.approx(0.80, abs=0.01)


def test_a_window_reads_nothing_after_its_date_but_the_outcome() -> None:
    months = grown([100.0, 200.0], [0.05, 0.0])
    window = build_window(months, 48, YEAR)
    changed = months.copy()
    changed[:, 48:] *= 3
    again = build_window(changed, 48, YEAR)
    assert (window.features == again.features).all()
    assert window.log_outcome == pytest.approx(np.log([1.05, 1.0]))
    assert again.log_outcome == pytest.approx(np.log([3.15, 3.0]))
    assert window.features[:, FEATURES.index("growth")] == pytest.approx(np.log([1.05, 1.0]))


def test_a_window_of_july_compares_with_the_same_months() -> None:
    months = np.tile(np.arange(1.0, 13.0), (1, 5)) * 1.0
    window = build_window(months, 12 * 3 + 6, np.arange(6))
    assert window.reference_eur.tolist() == [float(sum(range(7, 13)))]
    assert window.log_outcome == pytest.approx([0.0])


@pytest.mark.parametrize("broken", ["missing", "nil"])
def test_a_series_without_two_years_is_not_readable(broken: str) -> None:
    months = grown([100.0, 100.0], [0.0, 0.0])
    months[0, 36:48] = np.nan if broken == "missing" else 0.0
    assert build_window(months, 48, YEAR).is_readable.tolist() == [False, True]


def test_targeting_is_replayed_with_the_rule_not_with_those_of_today() -> None:
    months = np.concatenate([grown([100.0, 300.0], [0.30, 0.0], 6), grown([50.0, 40.0], [0.0, 0.0], 6)])
    early, late = build_window(months, 24, YEAR), build_window(months, 60, YEAR)
    today = np.array([True, False, False, False])
    assert replay_targeting(late, today, Targeting("level", above=3_000)).tolist() == [True, True, False, False]
    assert replay_targeting(early, today, Targeting("level", above=3_000)).tolist() == [False, True, False, False]
    assert replay_targeting(early, today, Targeting("level")).tolist() == [False, True, False, False]
    assert replay_targeting(early, today, Targeting("growth", above=10.0)).tolist() == [True, False, False, False]
    assert replay_targeting(early, today, None).tolist() == today.tolist()


def test_overlap_leaves_out_what_the_rule_reads() -> None:
    random = np.random.default_rng(1)
    months = grown([100.0] * 20, [0.2] * 5 + [0.0] * 15) * np.exp(random.normal(0, 0.02, (20, 72)))
    window = build_window(months, 60, YEAR)
    treated = np.arange(20) < 5
    assert overlap_share(window, treated, None) == 0.0
    assert overlap_share(window, treated, Targeting("growth")) > 0.5
    assert overlap_share(window, np.ones(20, dtype=bool), None) == 0.0


def near_the_threshold(effect: float, side_nb: int = 20, growth: float = 0.0) -> tuple[Window, Threshold, np.ndarray]:
    random = np.random.default_rng(8)
    treated = np.arange(2 * side_nb) >= side_nb
    value = np.where(treated, 9_000.0, 8_000.0) + random.uniform(-400, 400, 2 * side_nb)
    months = np.exp(random.normal(5, 0.03, (2 * side_nb, 72)))
    months[treated] *= (1 + growth) ** np.repeat(np.arange(6), 12)
    months[np.ix_(treated, np.arange(60, 72))] *= 1 - effect
    names = {str(at): float(one) for at, one in enumerate(value)}
    return build_window(months, 60, YEAR), Threshold(names, 8_500.0), treated


def test_both_sides_of_the_threshold_find_a_true_effect() -> None:
    window, threshold, treated = near_the_threshold(0.10)
    found = threshold_effect(window, tuple(threshold.values), treated, threshold)
    assert found.shares is not None
    assert found.shares["lower_95"] < 0.10 < found.shares["upper_95"]
    assert found.shares["lower_95"] > 0.05
    assert found.shares["lower_95"] <= found.shares["lower_80"] < found.shares["saving"] < found.shares["upper_80"]
    assert found.treated_near.tolist() == treated.tolist()


def test_the_interval_of_the_threshold_is_that_of_the_rank_sum() -> None:
    window, threshold, treated = near_the_threshold(0.0)
    found = threshold_effect(window, tuple(threshold.values), treated, threshold)
    assert found.shares is not None
    assert found.shares["lower_95"] < 0 < found.shares["upper_95"]


def test_the_threshold_says_nothing_of_few_or_different_establishments() -> None:
    window, threshold, treated = near_the_threshold(0.1, side_nb=MIN_SIDE_NB - 1)
    few = threshold_effect(window, tuple(threshold.values), treated, threshold)
    assert few.shares is None
    assert "il en faut 8 de chaque côté" in few.reason
    refused = threshold_effect(window, tuple(threshold.values), treated, Threshold({}, 1.0, "valeurs non reçues"))
    assert (refused.shares, refused.reason) == (None, "valeurs non reçues")
    window, threshold, treated = near_the_threshold(0.0, growth=0.2)
    apart = threshold_effect(window, tuple(threshold.values), treated, threshold)
    assert apart.shares is None
    assert "évoluaient déjà différemment" in apart.reason


def moving_region() -> tuple[list[Window], Window, np.ndarray, list[np.ndarray]]:
    """Return five years and the one evaluated of eighty series, whom growth would have chosen then and now."""
    random = np.random.default_rng(12)
    months = np.exp(random.normal(9, 0.6, (80, 1)) + np.repeat(random.normal(0, 0.08, (80, 6)), 12, axis=1))
    months = months * np.exp(random.normal(0, 0.03, (80, 72)))
    replays = [build_window(months[:, :60], 60 - 12 * back, YEAR) for back in (1, 2, 3)]
    current = build_window(months, 60, YEAR)
    treated = current.growth >= np.sort(current.growth)[-32]
    return replays, current, treated, [replay_targeting(one, treated, Targeting("growth")) for one in replays]


def simulated(selections: list[np.ndarray], *, is_on_growth: bool) -> Counterfactual:
    replays, current, treated, _ = moving_region()
    return simulate_counterfactual(
        replays, current, treated, selections, is_compared=True, is_on_growth=is_on_growth, paths_nb=400, seed=1
    )


def test_a_year_with_less_history_teaches_nothing_of_a_choice_by_growth() -> None:
    replays, current, _, chosen = moving_region()
    assert [one.history_years_nb for one in (current, *replays)] == [3, 3, 3, 2]
    without_last = [*chosen[:2], np.zeros(80, dtype=bool)]
    known, cut = (simulated(one, is_on_growth=True) for one in (chosen, without_last))
    assert np.array_equal(known.paths_eur, cut.paths_eur)
    assert simulated(chosen, is_on_growth=False).selection_log != known.selection_log


def test_what_a_choice_by_growth_leaves_is_believed_more_and_surer_less() -> None:
    _, _, _, chosen = moving_region()
    two = [*chosen[:2], np.zeros(80, dtype=bool)]
    by_growth, by_level = (simulated(two, is_on_growth=one) for one in (True, False))
    assert abs(by_growth.selection_log) > abs(by_level.selection_log)
    assert by_growth.common_sd > by_level.common_sd


LEVELS = (np.arange(1000) + 0.5) / 1000


def test_shocks_measured_exactly_give_the_conjugate_posterior() -> None:
    shocks = np.array([0.00, 0.02, 0.04])
    found = shock_variances(shocks, np.eye(3) * 1e-14, LEVELS)
    # Prior of three years at 1 %, and three shocks whose squares around their mean add up to 0.0008: five degrees.
    expected = (3 * 0.01**2 + 0.0008) / chi2.ppf(1 - LEVELS, 5)
    np.testing.assert_allclose(found[20:-20], expected[20:-20], rtol=0.02)


def test_shocks_hardly_seen_leave_the_prior() -> None:
    found = shock_variances(np.array([0.01, 0.01, 0.01]), np.eye(3), LEVELS)
    expected = 3 * 0.01**2 / chi2.ppf(1 - LEVELS, 3)
    np.testing.assert_allclose(found[50:-50], expected[50:-50], rtol=0.02)


@pytest.mark.parametrize(("explained", "left"), [(0.0, 1.0), (0.00004, 0.6), (0.0001, 0.1), (0.01, 0.1)])
def test_what_declared_events_explain_is_not_expected_twice(explained: float, left: float) -> None:
    found = shock_variances(np.array([0.01, 0.01, 0.01]), np.eye(3), LEVELS, explained=explained)
    expected = 3 * left * 0.01**2 / chi2.ppf(1 - LEVELS, 3)
    np.testing.assert_allclose(found[50:-50], expected[50:-50], rtol=0.02)


def test_equal_shocks_are_no_proof_when_each_is_uncertain() -> None:
    equal = np.full(3, 0.01)
    known, hardly_known = (shock_variances(equal, np.eye(3) * sd**2, LEVELS)[975] for sd in (0.0001, 0.05))
    assert hardly_known > 2 * known
