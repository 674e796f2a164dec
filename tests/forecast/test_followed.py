"""The indicators of the contract forecast within the year: sums of envelopes, and lines by code."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.command_line.track_record import print_record, record_of
from caqes_analysis.forecast.campaign import Step, prepare_forecasts
from caqes_analysis.forecast.followed import followed_indicators
from caqes_analysis.forecast.kept_paths import read_paths
from caqes_analysis.forecast.track_record import KINDS, series_trials, with_kind
from caqes_analysis.store import Store
from tests.campaigns import campaign_file
from tests.forecast.test_campaign import CAMPAIGN, region_store

BOXES = """\
id: dressing_boxes
name: "Boîtes de pansements prescrites à l'hôpital"
short_name: "Boîtes de pansements"
status: published
schemes: [caqes-2022]
theme: "Produits et prestations (LPP)"
why: "Essai d'un indicateur que la région suit en boîtes."
period: cumulative_month
direction: lower
main_measure: boxes_nb
measures:
  - id: boxes_nb
    label: "Boîtes"
    unit: "boîtes"
    decimals: 0
    numerator: {table: lpp_spend, sum: quantity_nb, where: "in_list(lpp, 'pansements')"}
  - id: boxes_evolution_pct
    label: "Évolution des boîtes"
    unit: "%"
    evolution_of: boxes_nb
target: {subject: dressing_boxes, measure: boxes_evolution_pct}
code_lists: [pansements]
author: "Essai"
checker: "Un autre"
reviewed_on: 2026-11-22
history:
  - {on: 2026-11-22, text: "Première version."}
"""
OLD_SCHEME = CAMPAIGN.replace("caqes-2022", "caqes-2018")


def set_target(store: Store, scheme: str, subject: str, value: float) -> None:
    """Write one target of 2024 for all."""
    row = {"scheme": scheme, "subject": subject, "measure": "evolution_pct", "data_year": 2024, "finess": "all"}
    rows = pd.DataFrame([{**row, "value": value, "unit_label": "%", "source": "essai", "status": "regional"}])
    store.write(tables.TARGETS, rows, part=subject)


def write_dressings(store: Store, last: str = "2024-06") -> str:
    """Write three years of one code of dressings for the first establishment; return its FINESS."""
    finess = str(store.read(tables.ESTABLISHMENTS)["finess"].min())
    code = known_code_lists()["pansements"].codes[0].code
    months = pd.date_range("2022-01-01", f"{last}-01", freq="MS")
    amounts = np.random.default_rng(3).integers(900_000, 1_100_000, len(months))
    rows = pd.DataFrame(
        {
            "finess": finess,
            "period": months.strftime("%Y-%m"),
            "lpp": code,
            "quantity_nb": (amounts // 1000).astype(float),
            "amount_eur": [Decimal(int(cents)) / 100 for cents in amounts],
        }
    )
    states = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(rows, delivery="essai", **states), part="essai")
    return finess


@pytest.fixture(scope="module")
def summed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("somme")
    store = region_store(folder / "store", ["phmev", "lpp"], size=6)
    set_target(store, "caqes-2018", "phev", 4.0)
    prepare_forecasts(store, campaign_file(folder, OLD_SCHEME))
    rows = store.read(tables.FORECASTS)
    return store, rows[rows["as_of"] == "2024-04-01"].set_index("series")


def test_envelopes_add_up_to_their_indicator_path_by_path(summed: tuple[Store, pd.DataFrame]) -> None:
    store, rows = summed
    own = rows[(rows["level"] == "establishment") & (rows["envelope"] == "phev") & rows["median_eur"].notna()]
    both = [name for name in own.index if {f"{name[:9]}/lpp", f"{name[:9]}/phmev"} <= set(rows.index)]
    assert len(both) >= 3
    for name in both:
        parts = rows.loc[[f"{name[:9]}/lpp", f"{name[:9]}/phmev"]]
        paths = read_paths(store, list(parts.index)).sum(axis=0)
        assert own.loc[name, "observed_eur"] == parts["observed_eur"].sum()
        assert own.loc[name, "median_eur"] == Decimal(int(np.rint(np.median(paths)))) / 100
        width = own.loc[name, "upper_80_eur"] - own.loc[name, "lower_80_eur"]
        assert width < (parts["upper_80_eur"] - parts["lower_80_eur"]).sum(), "bounds are never summed"
        assert "somme de 2 enveloppes" in own.loc[name, "reason"]
    assert own.loc[both, "prob_exceed"].notna().all()


def test_a_sum_without_a_whole_year_before_has_no_rate_and_is_apart_in_the_region(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, OLD_SCHEME)
    store = region_store(tmp_path / "store", ["phmev", "lpp"], size=6)
    grid = store.read(tables.MONTHLY_GRID)
    opened = str(grid.loc[grid["envelope"] == "lpp", "finess"].min())
    late = (grid["finess"] == opened) & (grid["month"] < "2023-05-01")
    grid.loc[late, ["amount_eur", "value_status"]] = [None, "not_applicable"]
    store.write(tables.MONTHLY_GRID, grid, part="campagne")
    set_target(store, "caqes-2018", "phev", 4.0)
    rows = Step(store, campaign).forecasts(4).set_index("series")
    row = rows.loc[f"{opened}/phev"]
    assert pd.isna(row["evolution_pct"])
    assert pd.isna(row["prob_exceed"])
    assert "pas de taux" in row["reason"]
    assert row["median_eur"] > 0
    own = rows[(rows["level"] == "establishment") & (rows["envelope"] == "phev") & rows["previous_eur"].notna()]
    region = rows.loc["region-96/phev"]
    assert region["observed_eur"] == own["observed_eur"].sum()
    assert "2 établissements laissés à part" in region["reason"]  # another cannot be forecast
    assert opened not in {name[:9] for name in own.index}


def test_indicators_add_up_to_the_region(summed: tuple[Store, pd.DataFrame]) -> None:
    _, rows = summed
    own = rows[(rows["level"] == "establishment") & (rows["envelope"] == "phev") & rows["median_eur"].notna()]
    whole = rows.loc["region-96/phev"]
    assert whole["observed_eur"] == own["observed_eur"].sum()
    assert whole["target_pct"] == 4.0
    assert abs(whole["expected_eur"] - own["expected_eur"].sum()) <= Decimal("0.01") * len(own)


def test_lines_by_code_are_forecast_against_the_target_of_their_indicator(tmp_path: Path) -> None:
    store = region_store(tmp_path / "store", ["phmev"], size=6)
    finess = write_dressings(store)
    set_target(store, "caqes-2022", "phev_pansements", -3.0)
    row = (
        Step(store, campaign_file(tmp_path, CAMPAIGN)).forecasts(4).set_index("series").loc[f"{finess}/phev_pansements"]
    )
    lines = store.read(tables.LPP_SPEND)
    now = lines[lines["period"].isin([f"2024-{month:02d}" for month in range(1, 5)])]
    assert row["observed_eur"] == now["amount_eur"].sum()
    assert row["target_eur"] == (row["previous_eur"] * Decimal("0.97")).quantize(Decimal("0.01"))
    assert row["lower_95_eur"] >= row["observed_eur"]
    assert 0 < row["prob_exceed"] < 1


def test_an_envelope_stands_for_its_indicator_and_no_target_no_forecast(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, CAMPAIGN)
    with_envelope = region_store(tmp_path / "avec", ["perfadom"], size=6)
    without = region_store(tmp_path / "sans", ["phmev"], size=6)
    for store in (with_envelope, without):
        assert followed_indicators(store, campaign) == ()
        set_target(store, "caqes-2022", "phev_perfadom", -5.0)
    assert followed_indicators(with_envelope, campaign) == ()
    assert [one.indicator for one in followed_indicators(without, campaign)] == ["phev_perfadom"]


def test_sums_of_envelopes_are_replayed_with_what_came(summed: tuple[Store, pd.DataFrame]) -> None:
    store, _ = summed
    trials = store.read(tables.FORECAST_TRIALS)
    own = with_kind(trials).query("level == 'establishment' and observed_months_nb == 9 and year == 2023")
    parts, sums = (own[own["kind"] == kind] for kind in KINDS)
    assert len(sums) >= 4
    assert set(sums["envelope"]) == {"phev"}
    assert len(series_trials(trials)) + (trials["envelope"] == "phev").sum() < len(trials), "the region is neither"
    both = parts.assign(finess=parts["series"].str[:9]).groupby("finess")[["actual_eur", "previous_eur"]].sum()
    for row in sums.itertuples():
        assert row.actual_eur == both.loc[row.series[:9], "actual_eur"]
        assert row.previous_eur == both.loc[row.series[:9], "previous_eur"]
        one = parts[parts["series"].str.startswith(row.series[:9])]
        if len(one) > 1:
            widths = one[["lower_80_eur", "upper_80_eur"]].sum()
            assert row.upper_80_eur - row.lower_80_eur < widths["upper_80_eur"] - widths["lower_80_eur"]
    assert parts["series"].str[:9].duplicated().sum() >= 3
    region = trials.query("series == 'region-96/phev' and observed_months_nb == 9 and year == 2023").iloc[0]
    assert region["actual_eur"] == sums["actual_eur"].sum()
    assert region["previous_eur"] == sums["previous_eur"].sum()
    assert sums["last_ratio_pct"].isna().all(), "the simple rules are asked of what was received"


def test_the_cover_of_a_sum_is_beside_that_of_its_envelopes(
    summed: tuple[Store, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    store, _ = summed
    trials, chances = store.read(tables.FORECAST_TRIALS), store.read(tables.FORECAST_CHANCES)
    found = record_of(trials, chances)["couverture-par-enveloppe"].query("observed_months_nb == 9")
    rows = found.set_index(["envelope", "level"])
    assert rows["kind"].to_dict() == {
        (envelope, level): KINDS[envelope == "phev"]
        for envelope in ("lpp", "phev", "phmev")
        for level in ("establishment", "region")
    }
    assert rows["forecasts_nb"].xs("region", level="level").tolist() == [2, 2, 2], "two years replayed"
    assert chances["series"].str.endswith("/phev").sum() == 0
    print_record({"couverture-par-enveloppe": found})
    printed = capsys.readouterr().out
    assert printed.count("phev (somme)") == 2
    assert printed.count("région") >= 3
    assert max(map(len, printed.splitlines())) <= 80


def boxes_campaign(folder: Path) -> tuple[Store, Campaign, str]:
    """A region that follows dressings in boxes, with a target of its own: its store, its campaign, one FINESS."""
    (folder / "indicators").mkdir()
    (folder / "indicators" / "dressing_boxes.yml").write_text(BOXES, encoding="utf-8")
    store = region_store(folder / "store", ["phmev"], size=6)
    finess = write_dressings(store)
    row = {"scheme": "caqes-2022", "subject": "dressing_boxes", "measure": "boxes_evolution_pct", "data_year": 2024}
    rest = {"finess": "all", "value": -3.0, "unit_label": "%", "source": "essai", "status": "regional"}
    store.write(tables.TARGETS, pd.DataFrame([{**row, **rest}]), part="boites")
    return store, campaign_file(folder, CAMPAIGN), finess


def test_boxes_by_month_are_forecast_in_boxes(tmp_path: Path) -> None:
    store, campaign, finess = boxes_campaign(tmp_path)
    (one,) = followed_indicators(store, campaign)
    assert (one.indicator, one.unit_label) == ("dressing_boxes", "boîtes")
    rows = Step(store, campaign).forecasts(4).set_index("series")
    row = rows.loc[f"{finess}/dressing_boxes"]
    lines = store.read(tables.LPP_SPEND)
    now = lines[lines["period"].isin([f"2024-{month:02d}" for month in range(1, 5)])]
    assert row["unit_label"] == "boîtes"
    assert row["observed_eur"] == now["quantity_nb"].sum()
    assert row["target_eur"] == (row["previous_eur"] * Decimal("0.97")).quantize(Decimal("0.01"))
    assert row["lower_95_eur"] > row["observed_eur"]
    assert 0 < row["prob_exceed"] < 1
    assert rows.loc["region-96/dressing_boxes", "unit_label"] == "boîtes"
    assert set(rows.loc[rows["envelope"] == "phmev", "unit_label"]) == {"€"}
