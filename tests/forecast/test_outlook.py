"""The months left: shares of the season, sums to the forecast and to the target."""

from __future__ import annotations

import pandas as pd
import pytest

from caqes_analysis.forecast.outlook import BOUNDS, rest_of_months
from tests.forecast.series import one


def forecast(**changes: float) -> pd.Series:
    row = {"year": 2024, "observed_months_nb": 9, "observed_eur": 900.0, "target_eur": 1260.0}
    row |= dict(zip(BOUNDS, (1100.0, 1150.0, 1200.0, 1250.0, 1300.0), strict=True))
    return pd.Series(row | changes)


def test_the_rest_follows_the_season_and_adds_up() -> None:
    months = one([100.0] * 9 + [100.0, 200.0, 300.0] + [100.0] * 9, start="2023-01-01")
    rest = rest_of_months(months, forecast())
    assert rest["month"].dt.month.tolist() == [10, 11, 12]
    assert rest["previous_eur"].tolist() == [100, 200, 300]
    assert rest["expected_eur"].tolist() == pytest.approx([50, 100, 150])
    assert rest["available_eur"].tolist() == pytest.approx([60, 120, 180])
    for name in BOUNDS:
        assert rest[name].iloc[-1] == pytest.approx(forecast()[name])
    assert (rest["upper_80_eur"] - rest["lower_80_eur"]).is_monotonic_increasing


def test_a_month_that_was_not_received_is_one_of_those_to_know() -> None:
    """Its estimate is in the forecast and not in what is observed: spread on the others, it would be spent twice."""
    months = one([100.0] * 24 + [100.0, 100.0, None] + [100.0] * 6, start="2022-01-01")
    rest = rest_of_months(months, forecast(observed_eur=800.0))
    assert rest["month"].dt.month.tolist() == [3, 10, 11, 12]
    assert rest["available_eur"].tolist() == pytest.approx([115] * 4)
    assert rest["expected_eur"].tolist() == pytest.approx([100] * 4)
    opened = one([None] * 2 + [100.0] * 7, start="2024-01-01")
    assert rest_of_months(opened, forecast())["month"].dt.month.tolist() == [10, 11, 12]


def test_without_history_the_months_left_are_equal_and_without_target_nothing_is_available() -> None:
    rest = rest_of_months(one([100.0] * 9, start="2024-01-01"), forecast(target_eur=float("nan")))
    assert rest["expected_eur"].tolist() == pytest.approx([100, 100, 100])
    assert rest["available_eur"].isna().all()
    assert rest["previous_eur"].isna().all()
