from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.simulation import planted_events, simulate_truth
from caqes_analysis.simulation.series import ENVELOPE_TRAITS, Region


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    frame = simulate_truth(establishments_nb=120, seed=11)
    return frame.assign(eur=frame["amount_eur"].astype(float), year=frame["month"].dt.year)


def phmev(truth: pd.DataFrame) -> pd.DataFrame:
    return truth[truth["envelope"] == "phmev"]


def test_seasons_have_mean_one_an_august_trough_and_a_busy_end_of_year() -> None:
    for traits in ENVELOPE_TRAITS.values():
        assert np.mean(traits.seasonality) == pytest.approx(1.0, abs=0.01)
        assert int(np.argmin(traits.seasonality)) == 7
    assert int(np.argmax(ENVELOPE_TRAITS["phmev"].seasonality)) == 11


def test_the_region_has_the_trough_of_august_every_year(truth: pd.DataFrame) -> None:
    months = phmev(truth).groupby("month")["eur"].sum()
    for year in (2021, 2022, 2023, 2024):
        of_year = months[months.index.year == year]
        assert of_year.idxmin().month == 8
        assert of_year.idxmax().month == 12


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_phmev_grows_by_five_to_eight_percent_or_so(seed: int) -> None:
    frame = simulate_truth(establishments_nb=120, seed=seed)
    years = frame[frame["envelope"] == "phmev"].groupby(frame["month"].dt.year)["amount_eur"].sum().astype(float)
    yearly_pct = 100 * ((years[2024] / years[2021]) ** (1 / 3) - 1)
    assert 4.5 <= yearly_pct <= 8.5


def test_hospitals_do_not_all_grow_alike(truth: pd.DataFrame) -> None:
    years = phmev(truth).pivot_table(index="finess", columns="year", values="eur", aggfunc="sum")
    planted = planted_events(establishments_nb=120, seed=11)
    ordinary = years.drop(planted[planted["event"].isin(["merger", "tiny", "new", "level_break"])]["finess"])
    growth_pct = 100 * (ordinary[2022] / ordinary[2021] - 1)
    assert 2.0 < growth_pct.std() < 12.0
    assert 0.05 < (growth_pct < 0).mean() < 0.35


def test_small_series_are_noisier_than_large_ones(truth: pd.DataFrame) -> None:
    table = phmev(truth).pivot_table(index="month", columns="finess", values="eur", aggfunc="sum").dropna(axis=1)
    table = table.loc[:, (table > 0).all()]
    season = np.log(table.sum(axis=1)).diff()
    noise = np.log(table).diff().sub(season, axis=0).std()
    sizes = table.mean()
    small, large = sizes.nsmallest(15).index, sizes.nlargest(15).index
    assert noise[small].mean() > 3 * noise[large].mean()


def test_the_spring_of_2020_is_a_dip(truth: pd.DataFrame) -> None:
    months = truth.groupby(["envelope", "month"])["eur"].sum()
    for envelope, share in (("transport_taxi", 0.65), ("extra_list_devices", 0.6), ("phmev", 0.95)):
        april = [months[envelope, pd.Timestamp(year, 4, 1)] for year in (2020, 2021)]
        assert april[0] < share * april[1]
        january = [months[envelope, pd.Timestamp(year, 1, 1)] for year in (2020, 2021)]
        assert january[0] > 0.85 * january[1]


def test_level_breaks_stand_where_they_are_planted() -> None:
    truth, events = simulate_truth(), planted_events()
    breaks = events[events["event"] == "level_break"]
    assert len(breaks) == 2
    for one in breaks.itertuples():
        series = truth[(truth["finess"] == one.finess) & (truth["envelope"] == "phmev")].set_index("month")[
            "amount_eur"
        ]
        euros = series.astype(float)
        before = euros[one.month - pd.DateOffset(months=6) : one.month - pd.DateOffset(months=1)].mean()
        after = euros[one.month : one.month + pd.DateOffset(months=5)].mean()
        assert after / before == pytest.approx(one.factor, rel=0.15)


def test_the_tiny_one_has_true_zeros_and_the_new_one_thirteen_months() -> None:
    truth, events = simulate_truth(), planted_events()
    finess = dict(zip(events["event"], events["finess"], strict=True))
    tiny = truth[(truth["finess"] == finess["tiny"]) & (truth["envelope"] == "phmev")]["amount_eur"].astype(float)
    assert len(tiny) == 60
    assert 3 < (tiny == 0).sum() < 30
    assert tiny.sum() / 5 < 5000
    new = truth[(truth["finess"] == finess["new"]) & (truth["envelope"] == "phmev")]["month"]
    assert new.min() == pd.Timestamp(2023, 9, 1)
    assert (new <= "2024-09-01").sum() == 13


def test_an_establishment_alone_is_the_same_as_among_others() -> None:
    region = Region(30, 4, 2024, 5)
    one = region.establishments[7]
    alone = {series.envelope: series.cents for series in replace(region).series(one)}
    list(region.series(region.establishments[3]))
    for series in region.series(one):
        np.testing.assert_array_equal(series.cents, alone[series.envelope])
    assert "phmev" in alone
