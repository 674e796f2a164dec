from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.forecast import backtest, forecast_year_end
from caqes_analysis.forecast.year_end import FORECAST_COLUMNS
from tests.forecast.series import region, until


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return region(70, first_year=2018, last_year=2024, seed=5)


@pytest.fixture(scope="module")
def replayed(monthly: pd.DataFrame) -> pd.DataFrame:
    return backtest(monthly, years=range(2022, 2025))


def test_one_row_per_series_year_and_months_observed(replayed: pd.DataFrame) -> None:
    assert list(replayed.columns) == [*FORECAST_COLUMNS, "actual_eur", "actual_evolution_pct"]
    assert len(replayed) == 70 * 3 * 3
    assert not replayed.duplicated(["series", "year", "observed_months_nb"]).any()


def test_is_the_forecast_that_would_have_been_made(monthly: pd.DataFrame, replayed: pd.DataFrame) -> None:
    then = forecast_year_end(until(monthly, "2022-06-01"), year=2022)
    same = replayed[(replayed["year"] == 2022) & (replayed["observed_months_nb"] == 6)]
    pd.testing.assert_frame_equal(same[list(FORECAST_COLUMNS)].reset_index(drop=True), then)
    actual = monthly[monthly["month"].dt.year == 2022].groupby("series")["amount_eur"].sum()
    assert same["actual_eur"].astype(float).to_numpy() == pytest.approx(actual.to_numpy(), abs=0.01)


def test_intervals_hold_what_they_say_and_narrow(replayed: pd.DataFrame) -> None:
    for level, least, most in ((80, 0.72, 0.88), (95, 0.90, 0.99)):
        inside = (replayed["actual_eur"] >= replayed[f"lower_{level}_eur"]) & (
            replayed["actual_eur"] <= replayed[f"upper_{level}_eur"]
        )
        cover = inside.groupby(replayed["observed_months_nb"]).mean()
        assert cover.between(least, most).all(), cover
    width = replayed["evolution_upper_80_pct"] - replayed["evolution_lower_80_pct"]
    mean = width.groupby(replayed["observed_months_nb"]).mean()
    assert mean[3] > mean[6] > mean[9]


def test_is_better_than_the_share_of_year_and_the_last_year_ratio(
    monthly: pd.DataFrame, replayed: pd.DataFrame
) -> None:
    yearly = monthly.assign(year=monthly["month"].dt.year)
    totals = yearly.groupby(["series", "year"])["amount_eur"].sum().unstack()
    for observed_nb in (3, 6, 9):
        head = yearly[yearly["month"].dt.month <= observed_nb].groupby(["series", "year"])["amount_eur"].sum().unstack()
        rows = replayed[replayed["observed_months_nb"] == observed_nb]
        ours = (rows["evolution_pct"] - rows["actual_evolution_pct"]).abs().mean()
        errors = []
        for year in range(2022, 2025):
            ratio = totals[year - 1] * head[year] / head[year - 1]
            errors.append(100 * np.abs(ratio - totals[year]) / totals[year - 1])
        assert ours < np.mean(errors)


def test_years_that_are_not_there_give_no_row(monthly: pd.DataFrame) -> None:
    assert backtest(monthly, years=[2030]).empty
