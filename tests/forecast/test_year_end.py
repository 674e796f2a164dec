from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.errors import CaqesError
from caqes_analysis.forecast import Calibration, backtest, calibrate, forecast_year_end, histories, simulate_year_end
from caqes_analysis.forecast.panel import build_panel
from caqes_analysis.forecast.series import parts_of
from caqes_analysis.forecast.year_end import FORECAST_COLUMNS
from tests.forecast.series import one, region, until

BOUNDS = ["lower_95_eur", "lower_80_eur", "median_eur", "upper_80_eur", "upper_95_eur"]


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return until(region(), "2024-09-01")


@pytest.fixture(scope="module")
def calibration(monthly: pd.DataFrame) -> Calibration:
    return calibrate(monthly, year=2024, observed_months=[3, 6, 9])


@pytest.fixture(scope="module")
def forecast(monthly: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    return forecast_year_end(monthly, year=2024, target_pct=4.0, calibration=calibration)


def test_has_the_columns_of_the_contract_and_fits_the_table(forecast: pd.DataFrame) -> None:
    assert tuple(forecast.columns) == FORECAST_COLUMNS
    parts = parts_of(forecast["series"])
    as_stored = forecast.assign(
        as_of=pd.Timestamp("2024-09-01"),
        unit_label="€",
        reason=forecast["reason"].replace("", None),
        level="establishment",
        **parts,
    )
    tables.FORECASTS.validate(tables.FORECASTS.conform(as_stored))


def test_amounts_and_rates_agree(monthly: pd.DataFrame, forecast: pd.DataFrame) -> None:
    first = monthly[monthly["series"] == "000000000/phmev"].set_index("month")["amount_eur"]
    row = forecast.iloc[0]
    assert row["observed_eur"] == Decimal(f"{first['2024'].sum():.2f}")
    assert row["previous_eur"] == Decimal(f"{first['2023'].sum():.2f}")
    assert row["evolution_pct"] == pytest.approx(100 * (float(row["median_eur"]) / float(row["previous_eur"]) - 1))
    assert (forecast["observed_months_nb"] == 9).all()
    for lower, upper in pairwise(BOUNDS):
        assert (forecast[lower] < forecast[upper]).all()
    assert (forecast["lower_95_eur"] > forecast["observed_eur"]).all()
    assert forecast["prob_exceed"].between(0, 1, inclusive="neither").all()
    assert set(forecast["method"]) == {"combinaison apprise"}


def test_same_seed_same_figures_whatever_the_order(
    monthly: pd.DataFrame, calibration: Calibration, forecast: pd.DataFrame
) -> None:
    shuffled = monthly.sample(frac=1, random_state=3)
    again = forecast_year_end(shuffled, year=2024, target_pct=4.0, calibration=calibration)
    pd.testing.assert_frame_equal(again, forecast)
    other = forecast_year_end(monthly, year=2024, target_pct=4.0, calibration=calibration, seed=1)
    assert (other["expected_eur"] != forecast["expected_eur"]).any()


def test_a_series_forecast_alone_is_the_same(
    monthly: pd.DataFrame, calibration: Calibration, forecast: pd.DataFrame
) -> None:
    alone = forecast_year_end(
        monthly[monthly["series"] == "000000007/phmev"], year=2024, target_pct=4.0, calibration=calibration
    )
    same = forecast[forecast["series"] == "000000007/phmev"]
    pd.testing.assert_frame_equal(alone, same.reset_index(drop=True))


def test_paths_are_those_of_the_table_and_add_up_to_the_cent(
    monthly: pd.DataFrame, calibration: Calibration, forecast: pd.DataFrame
) -> None:
    paths = simulate_year_end(monthly, year=2024, calibration=calibration)
    assert list(paths.columns) == ["series", "path", "total_eur"]
    assert len(paths) == 30_000
    assert isinstance(paths["total_eur"].iloc[0], Decimal)
    mean = sum(paths["total_eur"][:1000], Decimal()) / 1000
    assert mean.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") == forecast["expected_eur"].iloc[0]
    halves = paths.assign(half=paths["series"] < "000000015/phmev").groupby(["half", "path"])["total_eur"].sum()
    summed = [one + other for one, other in zip(halves[True], halves[False], strict=True)]
    assert summed == paths.groupby("path")["total_eur"].sum().tolist()


def test_a_regional_interval_is_narrower_than_the_sum_of_bounds(
    monthly: pd.DataFrame, calibration: Calibration, forecast: pd.DataFrame
) -> None:
    paths = simulate_year_end(monthly, year=2024, calibration=calibration)
    total = paths.groupby("path")["total_eur"].sum().astype("float64")
    region_width = total.quantile(0.9) - total.quantile(0.1)
    summed_width = float((forecast["upper_80_eur"] - forecast["lower_80_eur"]).sum())
    assert 0 < region_width < 0.9 * summed_width


def test_a_future_month_changes_nothing_to_a_past_forecast() -> None:
    months = region(12)
    march = forecast_year_end(until(months, "2024-03-01"), year=2024)
    masked = months.assign(amount_eur=months["amount_eur"].where(months["month"] <= "2024-03-01"))
    pd.testing.assert_frame_equal(forecast_year_end(masked, year=2024), march)


def test_provisional_months_are_ignored_and_said() -> None:
    months = until(region(12), "2024-09-01")
    provisional = months.assign(is_provisional=months["month"] >= "2024-08-01")
    found = forecast_year_end(provisional, year=2024)
    assert (found["observed_months_nb"] == 7).all()
    assert found["reason"].str.contains("mois provisoires ignorés").all()
    july = forecast_year_end(until(months, "2024-07-01"), year=2024)
    assert found["expected_eur"].tolist() == july["expected_eur"].tolist()


def test_targets_by_series() -> None:
    months = until(region(6), "2024-09-01")
    found = forecast_year_end(months, year=2024, target_pct={"000000000/phmev": -90.0, "000000001/phmev": 300.0})
    assert found["prob_exceed"].iloc[0] == 1.0
    assert "objectif déjà dépassé par les mois observés" in found["reason"].iloc[0]
    assert 0 < found["prob_exceed"].iloc[1] < 0.01
    assert found["prob_exceed"].iloc[2:].isna().all()


def test_the_ladder_gives_a_reason_for_each_rung() -> None:
    base = until(region(10), "2024-09-01")
    steady = np.full(70, 1000.0)
    odd = [
        one(steady[:33], start="2022-01-01", series="b24"),
        one(steady[:21], start="2023-01-01", series="b13"),
        one(steady[:5], start="2024-05-01", series="c_new"),
        one(steady[:2], start="2024-08-01", series="c_too_new"),
        one([0.0, 500.0, 0.0] * 15, start="2021-01-01", series="d_rare"),
        one([0.0] * 45, start="2021-01-01", series="e_nothing"),
        one(steady[:36], start="2021-01-01", series="f_closed"),
        one(steady[:48], start="2021-01-01", series="g_whole"),
    ]
    found = forecast_year_end(pd.concat([base, *odd]), year=2024, target_pct=4.0).set_index("series")
    assert found.loc["b24", "method"] == "combinaison apprise"
    assert found.loc["b13", "method"] == "combinaison sur une année d'historique"
    assert "une seule année complète" in found.loc["b13", "reason"]
    assert found.loc["c_new", "method"] == "rythme des mois observés"
    assert "pas de taux" in found.loc["c_new", "reason"]
    assert np.isnan(found.loc["c_new", "evolution_pct"])
    assert found.loc["c_too_new", "method"] == "non estimable"
    assert pd.isna(found.loc["c_too_new", "expected_eur"])
    assert "il en faut au moins 3" in found.loc["c_too_new", "reason"]
    assert found.loc["d_rare", "method"] == "tirage des mois passés"
    assert found.loc["e_nothing", "method"] == "série sans dépense"
    assert found.loc["e_nothing", "expected_eur"] == 0
    assert found.loc["f_closed", "method"] == "non estimable"
    assert found.loc["g_whole", "method"] == "année complète"
    assert found.loc["g_whole", "upper_95_eur"] == 12_000
    assert found.loc["g_whole", "prob_exceed"] == 0.0
    assert (found["reason"].ne("") | found["method"].eq("combinaison apprise")).all()


def test_missing_months_are_estimated_and_said() -> None:
    months = until(region(10), "2024-09-01")
    name = "000000003/phmev"
    full = forecast_year_end(months, year=2024).set_index("series").loc[name]
    holes = months[~((months["series"] == name) & months["month"].isin(pd.to_datetime(["2022-05-01", "2024-04-01"])))]
    found = forecast_year_end(holes, year=2024).set_index("series").loc[name]
    assert "mai 2022 et avril 2024 manquants, estimés" in found["reason"]
    assert found["observed_eur"] < full["observed_eur"]
    assert float(found["median_eur"]) == pytest.approx(float(full["median_eur"]), rel=0.05)


def test_a_closed_year_says_nothing_of_months_missing_long_before() -> None:
    months = until(region(10), "2024-12-01")
    name = "000000003/phmev"
    holes = months[~((months["series"] == name) & (months["month"] == pd.Timestamp("2022-05-01")))]
    found = forecast_year_end(holes, year=2024).set_index("series").loc[name]
    assert (found["method"], found["reason"]) == ("année complète", "les douze mois sont reçus")


def test_a_year_that_waits_for_a_month_names_it() -> None:
    months = until(region(10), "2024-12-01")
    name = "000000003/phmev"
    holes = months[~((months["series"] == name) & (months["month"] == pd.Timestamp("2024-06-01")))]
    found = forecast_year_end(holes, year=2024).set_index("series").loc[name]
    assert found["reason"] == "décembre est reçu, mais juin 2024 manque"


@pytest.mark.parametrize("series_nb", [1, 20])
def test_the_panel_is_copied_as_often_whatever_the_series(monkeypatch: pytest.MonkeyPatch, series_nb: int) -> None:
    """A copy for each series made ten thousand of them wait for three seconds, at every year learned from."""
    copied: list[int] = []
    window = histories._window
    monkeypatch.setattr(
        histories, "_window", lambda values, *place: copied.append(len(values)) or window(values, *place)
    )
    panel = build_panel(until(region(series_nb), "2024-09-01"))
    assert len(histories.prepare(panel, 2024).series) == series_nb
    assert copied == [series_nb] * 3


def test_quarterly_deliveries_are_spread() -> None:
    months = until(region(10), "2024-09-01")
    quarter = months["month"].dt.to_period("Q").dt.end_time.dt.to_period("M").dt.to_timestamp()
    quarterly = months.assign(month=quarter).groupby(["series", "month"], as_index=False)["amount_eur"].sum()
    found = forecast_year_end(quarterly, year=2024)
    full = forecast_year_end(months, year=2024)
    assert found["reason"].str.contains("reçue par trimestres").all()
    assert found["observed_eur"].tolist() == full["observed_eur"].tolist()
    ratio = found["median_eur"].astype(float) / full["median_eur"].astype(float)
    assert ratio.between(0.9, 1.1).all()


def test_negative_months_may_lower_the_year() -> None:
    months = until(region(10), "2024-09-01")
    random = np.random.default_rng(0)
    credit = one(random.normal(100, 300, 45), start="2021-01-01", series="z")
    found = forecast_year_end(pd.concat([months, credit]), year=2024, target_pct=0.0).set_index("series").loc["z"]
    assert found["method"] == "tirage des mois passés"
    assert found["lower_95_eur"] < found["observed_eur"]


def test_all_problems_at_once() -> None:
    bad = pd.DataFrame(
        {
            "series": ["a", "a", "a", "a"],
            "month": ["2024-01-02", "2024-02-01", "2024-02-01", "x"],
            "amount_eur": [1.0, float("inf"), 2.0, "douze"],
        }
    )
    with pytest.raises(CaqesError) as caught:
        forecast_year_end(bad, year=2024)
    codes = {problem.code: problem.count for problem in caught.value.problems}
    assert codes == {"PREVISION_MOIS": 2, "PREVISION_MONTANT": 2, "PREVISION_DOUBLON": 1}
    with pytest.raises(CaqesError, match="PREVISION_COLONNES"):
        forecast_year_end(bad.drop(columns="month"), year=2024)


def test_a_calibration_of_later_years_or_other_months_is_refused(
    monthly: pd.DataFrame, calibration: Calibration
) -> None:
    with pytest.raises(CaqesError, match="CALIBRAGE_ANNEE"):
        forecast_year_end(monthly, year=2023, calibration=calibration)
    with pytest.raises(CaqesError, match="CALIBRAGE_MOIS"):
        forecast_year_end(until(monthly, "2024-08-01"), year=2024, calibration=calibration)


def test_an_empty_table_gives_an_empty_forecast() -> None:
    empty = pd.DataFrame({"series": [], "month": pd.to_datetime([]), "amount_eur": []})
    assert tuple(forecast_year_end(empty, year=2024).columns) == FORECAST_COLUMNS
    assert len(simulate_year_end(empty, year=2024)) == 0


amount = st.one_of(
    st.just(0.0), st.none(), st.floats(-1e6, 1e9), st.floats(0.01, 1e3), st.sampled_from([1000.0, 1e-2, 5e8])
)


def test_the_closed_year_of_an_opening_is_known() -> None:
    months = pd.date_range("2024-05-01", "2024-12-01", freq="MS")
    monthly = pd.DataFrame({"series": "x", "month": months, "amount_eur": [10.0] * 8})
    row = forecast_year_end(monthly, year=2024).iloc[0]
    assert row["method"] == "année complète"
    assert row["reason"].startswith("tous les mois depuis l'ouverture sont reçus ; pas de taux")
    assert [row[name] for name in BOUNDS] == [80] * 5


@settings(max_examples=30)
@given(st.lists(amount, min_size=1, max_size=60), st.integers(0, 11))
def test_any_series_gets_an_answer_that_holds(amounts: list[float | None], shift: int) -> None:
    start = pd.Timestamp("2020-01-01") + pd.DateOffset(months=shift)
    months = pd.date_range(start, periods=len(amounts), freq="MS")
    monthly = pd.DataFrame({"series": "x", "month": months, "amount_eur": pd.Series(amounts, dtype="float64")})
    row = forecast_year_end(monthly, year=int(months[-1].year), target_pct=3.0).iloc[0]
    if row["method"] == "non estimable":
        assert row["reason"]
        assert pd.isna(row["median_eur"])
        return
    values = [row[name] for name in BOUNDS]
    assert values == sorted(values)
    if not any(value is not None and value < 0 for value in amounts):
        assert row["lower_95_eur"] >= row["observed_eur"]
    if row["prob_exceed"] in (0.0, 1.0):
        assert row["reason"]


def test_two_years_of_history_have_intervals_that_are_neither_blind_nor_boastful() -> None:
    monthly = region(120, first_year=2022, seed=5)
    rows = forecast_year_end(until(monthly, "2024-06-01"), year=2024)
    assert set(rows["method"]) == {"combinaison apprise"}
    actual = monthly[monthly["month"].dt.year == 2024].groupby("series")["amount_eur"].sum().to_numpy()
    inside = (actual >= rows["lower_80_eur"].astype(float)) & (actual <= rows["upper_80_eur"].astype(float))
    assert 0.7 < inside.mean() < 0.9, "no year can be replayed with two before it: default intervals held 98 %"


def test_what_cannot_be_asked_is_refused_in_french() -> None:
    months = until(region(3), "2024-09-01")
    refused = {
        "PREVISION_TRAJECTOIRES": lambda: simulate_year_end(months, year=2024, n_paths=0),
        "PREVISION_GRAINE": lambda: forecast_year_end(months, year=2024, seed=-1),
        "PREVISION_OBJECTIF": lambda: forecast_year_end(months, year=2024, target_pct=float("inf")),
        "PREVISION_MOIS_OBSERVES": lambda: backtest(months, years=[2023], observed_months=[12]),
        "PREVISION_SERIE": lambda: forecast_year_end(
            months.assign(series=months["series"].str[:9].astype(int)), year=2024
        ),
        "PREVISION_PROVISOIRE": lambda: forecast_year_end(months.assign(is_provisional="non"), year=2024),
    }
    for code, asked in refused.items():
        with pytest.raises(CaqesError) as failure:
            asked()
        assert [problem.code for problem in failure.value.problems] == [code]


def test_targets_may_be_of_some_series_and_exact() -> None:
    months = until(region(3), "2024-09-01")
    targets = {"000000000/phmev": Decimal("2.5"), "000000001/phmev": None}
    found = forecast_year_end(months, year=2024, target_pct=targets).set_index("series")["prob_exceed"]
    assert found.notna().tolist() == [name == "000000000/phmev" for name in found.index]
