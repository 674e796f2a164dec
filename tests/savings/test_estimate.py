from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from caqes_analysis import savings, tables
from caqes_analysis.errors import CaqesError
from caqes_analysis.savings.estimate import COMPARED, INTERRUPTED, NOT_ESTIMABLE
from caqes_analysis.schemes.rules import IncentiveRule
from tests.forecast.series import region

RULE = IncentiveRule(source="essai", rate_pct=20, gate="attained", floor_eur="none", cap_eur="none")
BOUNDS = ["lower_95_eur", "lower_80_eur", "upper_80_eur", "upper_95_eur"]


def largest(monthly: pd.DataFrame, number: int) -> list[str]:
    before = monthly[monthly["month"].dt.year == 2022]
    return list(before.groupby("series")["amount_eur"].sum().sort_values().index[-number:])


def with_effect(monthly: pd.DataFrame, treated: list[str], share: float, since: str = "2023-01-01") -> pd.DataFrame:
    touched = monthly["series"].isin(treated) & (monthly["month"] >= since)
    return monthly.assign(
        amount_eur=monthly["amount_eur"].where(~touched, (monthly["amount_eur"] * (1 - share)).round(2))
    )


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return region(50, first_year=2018, last_year=2023, seed=6)


@pytest.fixture(scope="module")
def treated(monthly: pd.DataFrame) -> list[str]:
    return largest(monthly, 20)


@pytest.fixture(scope="module")
def estimated(monthly: pd.DataFrame, treated: list[str]) -> pd.DataFrame:
    return savings.estimate(
        with_effect(monthly, treated, 0.10),
        treated=treated,
        start="2023-01-01",
        targeting=savings.Targeting("level"),
        groups={name: "16" if at % 2 else "17" for at, name in enumerate(treated)},
        rule=RULE,
        target_pct=-5.0,
    )


def test_one_row_a_series_then_groups_then_the_region(estimated: pd.DataFrame, treated: list[str]) -> None:
    tables.SAVING_ESTIMATES.validate(estimated)
    assert estimated["level"].tolist() == ["series"] * 20 + ["group"] * 2 + ["region"]
    assert estimated["series"].tolist() == [*sorted(treated), "16", "17", "region"]
    assert set(estimated["method"]) == {COMPARED}
    assert estimated["comparison_nb"].eq(30).all()
    assert estimated["replays_nb"].eq(3).all()


def test_the_region_is_the_sum_of_the_establishments_to_the_cent(estimated: pd.DataFrame) -> None:
    by_level = estimated.set_index(["level", "series"])
    for column in ("actual_eur", "previous_eur", "counterfactual_eur", "saving_eur", "credited_eur"):
        total = by_level.loc[("region", "region"), column]
        assert sum(by_level.loc["series", column]) == total
        assert sum(by_level.loc["group", column]) == total


def test_amounts_are_those_received(estimated: pd.DataFrame, monthly: pd.DataFrame, treated: list[str]) -> None:
    before = monthly[monthly["series"].isin(treated) & (monthly["month"].dt.year == 2022)]
    assert estimated["previous_eur"].iloc[-1] == Decimal(f"{before['amount_eur'].sum():.2f}")
    saving = estimated["counterfactual_eur"].iloc[0] - estimated["actual_eur"].iloc[0]
    assert estimated["saving_eur"].iloc[0] == saving


def test_a_true_saving_of_a_tenth_is_found(estimated: pd.DataFrame) -> None:
    row = estimated.iloc[-1]
    true = float(row["actual_eur"]) / 0.9 * 0.1
    assert float(row["lower_95_eur"]) < true < float(row["upper_95_eur"])
    assert row["conclusion"] == "saving"
    assert row["prob_real"] > 0.97
    for low, high in pairwise(BOUNDS):
        assert (estimated[low] < estimated[high]).all()


def test_the_spending_of_the_treated_never_moves_what_is_expected_without_contract(
    estimated: pd.DataFrame, monthly: pd.DataFrame, treated: list[str]
) -> None:
    again = savings.estimate(
        with_effect(monthly, treated, 0.5), treated=treated, start="2023-01-01", targeting=savings.Targeting("level")
    )
    told = estimated.loc[estimated["level"] == "series", "counterfactual_eur"]
    assert again.loc[again["level"] == "series", "counterfactual_eur"].tolist() == told.tolist()


def test_same_seed_same_figures_whatever_the_order(
    estimated: pd.DataFrame, monthly: pd.DataFrame, treated: list[str]
) -> None:
    shuffled = with_effect(monthly, treated, 0.10).sample(frac=1, random_state=3)
    again = savings.estimate(
        shuffled,
        treated=treated[::-1],
        start="2023-01-01",
        targeting=savings.Targeting("level"),
        rule=RULE,
        target_pct=-5.0,
    )
    assert again.iloc[-1].equals(estimated.iloc[-1])


def test_what_a_contract_without_effect_would_be_paid(estimated: pd.DataFrame) -> None:
    row = estimated.iloc[-1]
    assert 0 < row["paid_without_effect_eur"] < Decimal("0.2") * row["credited_without_effect_eur"] + 1
    assert 0 < row["prob_paid_without_effect"] < row["prob_credited_without_effect"] <= 1


def test_the_objective_may_be_reached_without_any_effect(
    monthly: pd.DataFrame, treated: list[str], estimated: pd.DataFrame
) -> None:
    asked = {"treated": treated, "start": "2023-01-01", "targeting": savings.Targeting("level")}
    found = [
        savings.estimate(with_effect(monthly, treated, 0.10), **asked, target_pct=rate)["prob_target_without_effect"]
        for rate in (-50.0, -5.0, 0.0, 100.0)
    ]
    assert (found[0] == 0).all()
    assert (found[3] == 1).all()
    assert (found[1] <= found[2]).all()
    assert 0 < found[2].iloc[-1] < 1
    of_series = estimated[estimated["level"] == "series"]["prob_target_without_effect"]
    assert found[1].tolist()[:-1] == of_series.tolist()
    assert savings.estimate(monthly, **asked)["prob_target_without_effect"].isna().all()


def test_an_unknown_term_of_the_rule_pays_nothing_that_can_be_computed(
    monthly: pd.DataFrame, treated: list[str]
) -> None:
    rule = IncentiveRule(source="essai", rate_pct=20)
    row = savings.estimate(monthly, treated=treated, start="2023-01-01", rule=rule).iloc[-1]
    assert pd.isna(row["paid_without_effect_eur"])
    assert row["paid_reason"] == "non calculable : effet de l'objectif inconnu, plancher inconnu, plafond inconnu"
    assert row["credited_without_effect_eur"] > 0


def test_where_all_are_under_contract_the_series_are_interrupted(monthly: pd.DataFrame, treated: list[str]) -> None:
    everyone = list(monthly["series"].unique())
    row = savings.estimate(monthly, treated=everyone, start="2023-01-01").iloc[-1]
    compared = savings.estimate(monthly, treated=treated, start="2023-01-01").iloc[-1]
    assert (row["method"], row["comparison_nb"]) == (INTERRUPTED, 0)
    assert row["detectable_pct"] > 0
    assert compared["method"] == COMPARED


def test_too_few_establishments_without_contract_are_not_compared(monthly: pd.DataFrame) -> None:
    almost = largest(monthly, 45)
    row = savings.estimate(monthly, treated=almost, start="2023-01-01").iloc[-1]
    assert row["method"] == INTERRUPTED
    assert "5 établissements sans contrat : il en faut 10 pour comparer" in row["reason"]


def test_groups_whose_past_differs_are_not_compared(monthly: pd.DataFrame, treated: list[str]) -> None:
    years = (monthly["month"].dt.year - 2020).clip(lower=0)
    faster = monthly.assign(
        amount_eur=monthly["amount_eur"].where(
            ~monthly["series"].isin(treated), (monthly["amount_eur"] * 1.6**years).round(2)
        )
    )
    row = savings.estimate(faster, treated=treated, start="2023-01-01", targeting=savings.Targeting("level")).iloc[-1]
    assert row["method"] == INTERRUPTED
    assert "ressemblent par leur passé" in row["reason"]


def test_transition_months_are_not_counted(monthly: pd.DataFrame, treated: list[str]) -> None:
    row = savings.estimate(monthly, treated=treated, start="2022-07-01", transition_months_nb=2).iloc[-1]
    assert (row["period"], row["months_nb"]) == ("2022-09/2022-12", 4)
    assert "2 mois de transition déclarés, non comptés" in row["reason"]
    later = savings.estimate(monthly, treated=treated, start="2022-07-01", year=2023).iloc[-1]
    assert (later["period"], later["months_nb"]) == ("2023-01/2023-12", 12)
    kept = monthly["series"].isin(treated) & monthly["month"].between("2022-09-01", "2022-12-01")
    assert row["actual_eur"] == Decimal(f"{monthly.loc[kept, 'amount_eur'].sum():.2f}")


def test_a_series_that_cannot_be_estimated_says_why_and_leaves_the_total(
    monthly: pd.DataFrame, treated: list[str]
) -> None:
    late = sorted(treated)[0]
    young = sorted(treated)[1]
    cut = monthly[
        ~((monthly["series"] == late) & (monthly["month"] == "2023-11-01"))
        & ~((monthly["series"] == young) & (monthly["month"] < "2021-06-01"))
    ]
    rows = savings.estimate(cut, treated=treated, start="2023-01-01").set_index("series")
    assert rows.loc[late, "reason"] == "un mois évalué n'est pas reçu, ou il est provisoire"
    assert "vingt-quatre mois" in rows.loc[young, "reason"]
    assert pd.isna(rows.loc[late, "saving_eur"])
    assert rows.loc["region", "series_nb"] == 18
    assert "2 séries sous contrat hors du total" in rows.loc["region", "reason"]


def test_a_hole_of_the_past_is_interpolated_and_said(monthly: pd.DataFrame, treated: list[str]) -> None:
    name = sorted(treated)[0]
    cut = monthly[~((monthly["series"] == name) & (monthly["month"] == "2021-05-01"))]
    row = savings.estimate(cut, treated=treated, start="2023-01-01").set_index("series").loc[name]
    assert "1 mois manquant avant le contrat" in row["reason"]
    assert not pd.isna(row["saving_eur"])


def test_without_three_years_before_nothing_is_said(monthly: pd.DataFrame, treated: list[str]) -> None:
    rows = savings.estimate(monthly[monthly["month"] >= "2021-01-01"], treated=treated, start="2023-01-01")
    assert set(rows["method"]) == {NOT_ESTIMABLE}
    assert rows["saving_eur"].isna().all()
    assert rows["reason"].str.contains("trois ans").all()


def test_all_that_is_wrong_is_said_at_once(monthly: pd.DataFrame) -> None:
    with pytest.raises(CaqesError) as failure:
        savings.estimate(monthly, treated=["inconnue"], start="2024-01-01", year=2023)
    assert {problem.code for problem in failure.value.problems} == {"ECONOMIE_CONTRAT", "ECONOMIE_PERIODE"}
    with pytest.raises(CaqesError, match="aucun mois définitif"):
        savings.estimate(monthly, treated=["000000001/phmev"], start="2024-01-01")


def test_intervals_hold_their_promise_on_regions_without_contract() -> None:
    outside, found, runs_nb = 0, 0, 20
    for seed in range(runs_nb):
        whole = region(24, first_year=2018, last_year=2023, seed=100 + seed)
        chosen = largest(whole, 10)
        row = savings.estimate(
            whole, treated=chosen, start="2023-01-01", targeting=savings.Targeting("level"), seed=seed
        ).iloc[-1]
        spent = float(row["actual_eur"])
        outside += not float(row["lower_95_eur"]) <= 0 <= float(row["upper_95_eur"])
        found += float(row["lower_80_eur"]) > -0.2 * spent
    assert outside <= binom.ppf(0.99, runs_nb, 0.05)
    assert found >= 0.8 * runs_nb, "an interval that is always wide proves nothing"


def test_the_whole_year_after_a_growth_that_falls_back_is_not_called_a_saving() -> None:
    random = np.random.default_rng(4)
    months = pd.date_range("2018-01-01", "2023-12-01", freq="MS")
    level = np.exp(random.normal(12, 0.5, (60, 1)))
    passing = np.repeat(random.normal(0, 0.15, (60, 6)), 12, axis=1)  # each year stands alone: all growth falls back
    amounts = np.round(level * np.exp(passing + random.normal(0, 0.03, (60, 72))), 2)
    monthly = pd.DataFrame(
        {
            "series": np.repeat([f"{at:02d}" for at in range(60)], 72),
            "month": np.tile(months, 60),
            "amount_eur": amounts.ravel(),
        }
    )
    years = amounts.reshape(60, 6, 12).sum(axis=2)
    chosen = [f"{at:02d}" for at in np.argsort(years[:, 4] / years[:, 3])[-24:]]
    row = savings.estimate(monthly, treated=chosen, start="2023-01-01", targeting=savings.Targeting("growth")).iloc[-1]
    assert float(row["credited_eur"]) > 0.05 * float(row["actual_eur"]), "the rule credits the return to the mean"
    assert abs(row["saving_eur"]) < row["credited_eur"]
    assert row["conclusion"] not in ("saving", "overspending")
