"""Summaries of a back-test, by hand."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS
from caqes_analysis.forecast.track_record import brier_scores, reliability, summarise_trials, with_size_class


def trials(actual: list[float]) -> pd.DataFrame:
    size = len(actual)
    rates = {"evolution_pct": 5.0, **{f"{name}_pct": 8.0 for name in SIMPLE_METHODS}}
    bounds = {"lower_80_eur": 104, "upper_80_eur": 106, "lower_95_eur": 102, "upper_95_eur": 108}
    return pd.DataFrame(
        {
            "level": "establishment",
            "envelope": "phmev",
            "method": "combinaison apprise",
            "unit_label": "€",
            "year": 2023,
            "observed_months_nb": 9,
            "previous_eur": [Decimal(100 * (rank + 1)) for rank in range(size)],
            "actual_eur": [100 + value for value in actual],
            "actual_evolution_pct": actual,
            **rates,
            **bounds,
        }
    )


def test_errors_and_cover_by_hand() -> None:
    (row,) = summarise_trials(trials([5.0, 7.0, 300.0]), ["observed_months_nb"]).to_dict("records")
    assert row["forecasts_nb"] == 3
    assert row["error_points"] == pytest.approx((0 + 2 + 100) / 3), "errors count 100 points at most"
    assert row["last_ratio_points"] == pytest.approx((3 + 1 + 100) / 3)
    assert row["cover_80_pct"] == pytest.approx(100 / 3)
    assert row["cover_95_pct"] == pytest.approx(200 / 3)


def test_thirds_by_amount() -> None:
    found = with_size_class(trials([5.0] * 6))["size_class"].tolist()
    assert found == ["petites"] * 2 + ["moyennes"] * 2 + ["grandes"] * 2


def chances() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "observed_months_nb": 9,
            "prob_exceed": [0.05, 0.05, 0.95, 0.95],
            "prob_last_ratio": [float("nan"), 0.5, 0.5, float("nan")],
            "is_exceeded": [False, True, True, True],
        }
    )


def test_reliability_and_brier_by_hand() -> None:
    rows = reliability(chances())
    assert rows["chances_nb"].tolist() == [2, 2]
    assert rows["announced_pct"].tolist() == pytest.approx([5, 95])
    assert rows["happened_pct"].tolist() == pytest.approx([50, 100])
    (score,) = brier_scores(chances()).to_dict("records")
    assert score["brier"] == pytest.approx((3 * 0.05**2 + 0.95**2) / 4)
    assert score["compared_nb"] == 2
    assert score["compared_brier"] == pytest.approx((0.95**2 + 0.05**2) / 2)
    assert score["last_ratio_brier"] == pytest.approx(0.25)
