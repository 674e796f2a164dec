"""Bases without months: what two years allow to say, and what more of them add."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import savings
from caqes_analysis.chapters.savings_estimates import estimate_note
from caqes_analysis.errors import CaqesError
from caqes_analysis.savings.estimate import COMPARED, INTERRUPTED, NOT_ESTIMABLE
from caqes_analysis.savings.estimate_windows import FEATURES, build_yearly_window
from tests.forecast.series import region


@pytest.fixture(scope="module")
def yearly() -> pd.DataFrame:
    months = region(50, first_year=2018, last_year=2023, seed=6)
    sums = months.assign(year=months["month"].dt.year).groupby(["series", "year"], as_index=False)["amount_eur"].sum()
    return sums.assign(amount_eur=sums["amount_eur"].round(2))


@pytest.fixture(scope="module")
def treated(yearly: pd.DataFrame) -> list[str]:
    before = yearly[yearly["year"] == 2022].sort_values("amount_eur")
    return list(before["series"].iloc[-20:])


def cut(yearly: pd.DataFrame, treated: list[str], share: float) -> pd.DataFrame:
    touched = yearly["series"].isin(treated) & (yearly["year"] == 2023)
    return yearly.assign(amount_eur=yearly["amount_eur"].where(~touched, (yearly["amount_eur"] * (1 - share)).round(2)))


def test_two_years_compare_with_the_establishments_without_contract(yearly: pd.DataFrame, treated: list[str]) -> None:
    two = cut(yearly, treated, 0.3)[yearly["year"] >= 2022]
    rows = savings.estimate(two, treated=treated, start="2023-01-01", targeting=savings.Targeting("level"))
    whole = rows.iloc[-1]
    true = float(whole["actual_eur"]) / 0.7 * 0.3
    assert whole["method"] == COMPARED
    assert (whole["replays_nb"], whole["comparison_nb"]) == (0, 30)
    assert float(whole["lower_95_eur"]) < true < float(whole["upper_95_eur"])
    assert whole["conclusion"] == "saving"
    assert "deux années seulement" in whole["reason"]
    assert rows.loc[rows["level"] == "series", "saving_eur"].sum() == whole["saving_eur"]


def test_more_years_replay_the_targeting_and_narrow_the_interval(yearly: pd.DataFrame, treated: list[str]) -> None:
    found = {}
    for first in (2018, 2022):
        own = yearly[yearly["year"] >= first]
        row = savings.estimate(own, treated=treated, start="2023-01-01", targeting=savings.Targeting("level")).iloc[-1]
        found[first] = (row["replays_nb"], float(row["upper_95_eur"]) - float(row["lower_95_eur"]))
    assert found[2018][0] == 3
    assert found[2018][1] < found[2022][1]


def test_two_years_do_not_follow_the_curve_of_the_scale_beyond_the_sizes_compared() -> None:
    # The smallest err by a factor of two, those in the middle hardly, the largest a little: the curve of their errors
    # climbs again, and would lend to those under contract, far larger, the errors of the smallest.
    place = np.linspace(0, 1, 40)
    before = np.concatenate([np.exp(8 + 6 * place), np.full(6, 2e8)])
    noise = np.concatenate([0.03 + 1.2 * ((place - 0.75) / 0.75) ** 2, np.full(6, 0.05)])
    after = before * np.exp(noise * np.where(np.arange(46) % 2, 1, -1))
    names = [f"{row:02d}" for row in range(46)]
    table = pd.DataFrame(
        {"series": names * 2, "year": [2022] * 46 + [2023] * 46, "amount_eur": np.concatenate([before, after]).round(2)}
    )
    rows = savings.estimate(
        table, treated=names[40:], start="2023-01-01", design="compared", targeting=savings.Targeting("level")
    ).set_index("level")
    assert abs(rows.loc["region", "saving_pct"]) < 6
    assert rows.loc["series", "detectable_pct"].max() < 45


def test_an_estimate_of_yearly_bases_says_what_its_trial_without_contract_shows(
    yearly: pd.DataFrame, treated: list[str]
) -> None:
    said = {}
    for first in (2018, 2020, 2021, 2022):
        own = yearly[yearly["year"] >= first]
        for measure in ("level", "growth"):
            rule = savings.Targeting(measure)
            said[first, measure] = savings.estimate(own, treated=treated, start="2023-01-01", targeting=rule).iloc[-1]
    reasons = {key: str(row["reason"]) for key, row in said.items()}
    sheet = estimate_note(said[2022, "level"].to_dict() | {"label": "IPP"})
    told = (
        "Essayée sur des bases annuelles où aucun contrat n'existait, la méthode montre en moyenne une économie de 2 %"
    )
    assert f"{told} de la dépense, qui n'existe pas." in sheet
    assert {key for key, why in reasons.items() if "la méthode montre en moyenne une économie de 2 %" in why} == {
        (first, "level") for first in (2018, 2020, 2021, 2022)
    }, "the trial of a growth targeting shows another bias"
    assert {
        key for key, why in reasons.items() if "l'intervalle est trop large et peut cacher une économie réelle" in why
    } == {(first, "level") for first in (2020, 2021, 2022)}
    assert {key for key, why in reasons.items() if "l'intervalle est faux" in why} == {
        (2021, "growth"),
        (2022, "growth"),
    }


def test_where_all_are_under_contract_two_years_say_nothing(yearly: pd.DataFrame) -> None:
    everyone = list(yearly["series"].unique())
    two = yearly[yearly["year"] >= 2022]
    row = savings.estimate(two, treated=everyone, start="2023-01-01").iloc[-1]
    assert row["method"] == NOT_ESTIMABLE
    assert "deux années seulement" in row["reason"]
    whole = savings.estimate(yearly, treated=everyone, start="2023-01-01").iloc[-1]
    assert whole["method"] == INTERRUPTED
    assert whole["saving_eur"] is not pd.NA


def test_a_missing_base_is_named(yearly: pd.DataFrame, treated: list[str]) -> None:
    with pytest.raises(CaqesError, match="bases annuelles de 2023"):
        savings.estimate(yearly[yearly["year"] != 2022], treated=treated, start="2023-01-01")
    with pytest.raises(CaqesError, match="sous contrat"):
        savings.estimate(yearly, treated=["inconnue"], start="2023-01-01")


def test_a_series_without_the_year_before_is_left_out(yearly: pd.DataFrame, treated: list[str]) -> None:
    young = sorted(treated)[0]
    kept = yearly[(yearly["year"] >= 2022) & ~((yearly["series"] == young) & (yearly["year"] == 2022))]
    rows = savings.estimate(kept, treated=treated, start="2023-01-01").set_index("series")
    assert "année d'avant" in rows.loc[young, "reason"]
    assert pd.isna(rows.loc[young, "saving_eur"])
    assert rows.loc["region", "series_nb"] == 19
    assert rows.loc["region", "actual_eur"] == sum(rows["actual_eur"].drop([young, "region"]), Decimal(0))


def test_the_yearly_window_reads_nothing_of_the_year_it_predicts() -> None:
    years = np.array([[100.0, 110.0, 121.0], [50.0, 0.0, 60.0]])
    window = build_yearly_window(years, 2, has_growth=True)
    assert window.reference_eur[0] == 110.0
    assert np.isclose(window.features[0, FEATURES.index("growth")], np.log(1.1))
    assert np.isclose(window.log_outcome[0], np.log(1.1))
    assert not window.is_readable[1]
    changed = build_yearly_window(years * [1, 1, 7], 2, has_growth=True)
    assert np.array_equal(window.features, changed.features, equal_nan=True)
