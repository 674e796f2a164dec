"""The stored forecasts of the demonstration, read as a critical reader does: every row, every month."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import load_campaign
from caqes_analysis.chapters import Page, forecasts
from caqes_analysis.display import Figure
from caqes_analysis.forecast.campaign import FIRST_KEPT_MONTH_NB, prepare_forecasts
from caqes_analysis.forecast.histories import Method
from caqes_analysis.forecast.year_end import PATHS_NB
from caqes_analysis.receive import open_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    campaign = load_campaign(repository / "parameters" / "demonstration-2024.yml")
    store = open_store(campaign, tmp_path_factory.mktemp("demonstration"))
    prepare_forecasts(store, campaign)
    return Page(campaign, store)


@pytest.fixture(scope="module")
def known(page: Page) -> pd.DataFrame:
    rows = page.forecast_track
    return rows[rows["median_eur"].notna()].assign(months_nb=rows["as_of"].dt.month)


def test_nothing_is_forecast_below_what_is_spent_without_negative_months(page: Page, known: pd.DataFrame) -> None:
    assert len(known) > 2000
    months = page.store.read(tables.MONTHLY_GRID)
    negative = months[months["amount_eur"].fillna(0) < 0]
    regularised = set(negative["finess"] + "/" + negative["envelope"])
    below = known[known["lower_95_eur"] < known["observed_eur"]]
    own = below[below["level"] == "establishment"]
    assert set(own["series"]) <= regularised
    assert set(below["envelope"]) <= set(negative["envelope"]), "a group is below when one of its series is"


def test_no_probability_is_0_or_1_without_a_reason(known: pd.DataFrame) -> None:
    said = known[known["prob_exceed"].notna()]
    certain = said["prob_exceed"].isin([0.0, 1.0])
    assert certain.any(), "one establishment is over its target already"
    decided = said["reason"].str.contains("déjà dépassé") | said["method"].isin([Method.COMPLETE, Method.DORMANT])
    assert decided[certain].all()
    least = 0.5 / (PATHS_NB + 1)
    assert said.loc[~certain, "prob_exceed"].between(least, 1 - least).all()
    over = said[said["reason"].str.contains("déjà dépassé", na=False)]
    assert (over["observed_eur"] > over["target_eur"]).all()


def test_intervals_narrow_on_average_as_months_arrive(known: pd.DataFrame) -> None:
    width = known["evolution_upper_80_pct"] - known["evolution_lower_80_pct"]
    usual = known["method"].isin([Method.COMBINED, Method.SUMMED])
    for level in ("establishment", "department", "region"):
        wide = known.assign(width=width)[usual & (known["level"] == level)]
        by_month = wide.pivot(index="series", columns="months_nb", values="width").dropna()
        assert len(by_month) >= 9
        assert (by_month.mean().diff().dropna() < 0).all(), (level, by_month.mean())


def test_how_the_forecast_moved_is_kept_and_drawn(page: Page, known: pd.DataFrame) -> None:
    months = list(range(FIRST_KEPT_MONTH_NB, page.campaign.settled_month_nb + 1))
    assert sorted(known["months_nb"].unique()) == months
    regions = known[known["level"] == "region"].groupby("envelope")["months_nb"].agg(list)
    assert all(sorted(found) == months for found in regions)
    established = known[known["level"] == "establishment"].groupby("series")["months_nb"].nunique()
    assert (established == len(months)).mean() > 0.9
    assert page.store.has(tables.REPLACED_SPEND), "the campaign keeps its earlier deliveries"
    region = known.query("series == 'region-96/phmev'").sort_values("months_nb")
    assert region["observed_eur"].is_monotonic_increasing
    assert region["median_eur"].nunique() == len(months), "it moved"
    own = known.query("level == 'establishment' and envelope == 'phmev' and method == @Method.COMBINED")
    finess = str(own["subject"].iloc[0])
    for one in (page, Page(page.campaign, page.store, finess=finess)):
        figure = forecasts.track_figure(one)
        assert isinstance(figure, Figure)
        assert len(figure.table.rows) == len(months)
        assert "livraisons antérieures" in figure.notes[0]
        assert "ne garde pas" not in figure.notes[0]
