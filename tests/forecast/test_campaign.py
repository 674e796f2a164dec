"""The declared step: every forecast of a simulated region, and what a critical reader looks for in it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.errors import CampaignError, CaqesError
from caqes_analysis.forecast.calibration import Calibration
from caqes_analysis.forecast.campaign import Step, events_of, prepare_forecasts
from caqes_analysis.forecast.kept_paths import read_paths
from caqes_analysis.forecast.series import as_first_received
from caqes_analysis.forecast.workshop import candidates_of, events_compared
from caqes_analysis.simulation.series import Region
from caqes_analysis.store import Store
from tests.builders import establishments, monthly_rows, store_of
from tests.campaigns import campaign_file

CAMPAIGN = """\
title: "Essai"
region: {code: "96", name: "Essai"}
year: 2024
last_month: "2024-06"
provisional_months_nb: 2
scheme: caqes-2022
sources:
  monthly_spend: [{path: absent.csv, amount_kind: reimbursed, date_basis: care}]
"""
ENVELOPES = ("phmev", "lpp", "transport_taxi")


def region_store(folder: Path, envelopes: Sequence[str] = ENVELOPES, *, size: int = 12, last: str = "2024-06") -> Store:
    """The months of a simulated region, the two last ones provisional, in departments of three establishments."""
    region = Region(size, 11, 2024, 5)
    series = {
        (one.finess, found.envelope): {
            str(month): f"{Decimal(int(cents)) / 100:.2f}"
            for month, cents in zip(found.months, found.cents, strict=True)
            if month <= np.datetime64(last)
        }
        for one in region.establishments
        for found in region.series(one)
        if found.envelope in envelopes
    }
    known = establishments(
        *({"finess": one.finess, "department": f"99{rank // 3}"} for rank, one in enumerate(region.establishments))
    )
    store = store_of(folder, monthly_rows(series), known, first="2020-01", last=last)
    target = {"subject": ["phev_drugs"], "finess": ["all"], "value": [6.0], "status": ["regional"]}
    rest = {"scheme": "caqes-2022", "measure": "evolution_pct", "data_year": 2024, "unit_label": "%", "source": "essai"}
    store.write(tables.TARGETS, pd.DataFrame(target).assign(**rest), part="essai")
    return store


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return campaign_file(tmp_path_factory.mktemp("campagne"), CAMPAIGN)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, campaign: Campaign) -> Store:
    store = region_store(tmp_path_factory.mktemp("region") / "store")
    prepare_forecasts(store, campaign)
    return store


@pytest.fixture(scope="module")
def forecasts(store: Store) -> pd.DataFrame:
    return store.read(tables.FORECASTS)


def today(forecasts: pd.DataFrame) -> pd.DataFrame:
    return forecasts[forecasts["as_of"] == "2024-04-01"].set_index("series")


def test_departments_and_region_are_sums_of_paths_to_the_cent(store: Store, forecasts: pd.DataFrame) -> None:
    rows = today(forecasts)
    for envelope in ENVELOPES:
        own = rows[(rows["level"] == "establishment") & (rows["envelope"] == envelope)]
        known = own[own["median_eur"].notna() & own["previous_eur"].notna()]
        paths = read_paths(store, list(known.index)).sum(axis=0)
        whole = rows.loc[f"region-96/{envelope}"]
        departments = rows[(rows["level"] == "department") & (rows["envelope"] == envelope)]
        for column in ("observed_eur", "previous_eur"):
            assert whole[column] == departments[column].sum()
        assert whole["observed_eur"] == known["observed_eur"].sum(), "what has opened since is apart"
        assert whole["median_eur"] == Decimal(int(np.rint(np.median(paths)))) / 100
        assert abs(whole["expected_eur"] - known["expected_eur"].sum()) <= Decimal("0.01") * len(known)
        width = whole["upper_80_eur"] - whole["lower_80_eur"]
        assert width < (known["upper_80_eur"] - known["lower_80_eur"]).sum(), "bounds are never summed"


@pytest.mark.slow
def test_intervals_narrow_on_average_as_months_arrive(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, CAMPAIGN.replace("2024-06", "2024-11"))
    step = Step(region_store(tmp_path / "store", size=40, last="2024-11"), campaign)
    widths = []
    for months_nb in (3, 6, 9):
        rows = step.forecasts(months_nb).query("level == 'establishment' and method == 'combinaison apprise'")
        assert len(rows) > 90
        widths.append((rows["evolution_upper_80_pct"] - rows["evolution_lower_80_pct"]).mean())
    assert widths[2] < widths[1] < widths[0]


def test_no_forecast_below_what_is_spent_and_no_certainty_without_a_reason(forecasts: pd.DataFrame) -> None:
    known = forecasts[forecasts["lower_95_eur"].notna()]
    assert len(known) > 60
    assert (known["lower_95_eur"] >= known["observed_eur"]).all()
    certain = known[known["prob_exceed"].isin([0.0, 1.0])]
    assert certain["reason"].str.contains("déjà dépassé|douze mois").all()
    said = today(forecasts)["prob_exceed"].dropna()
    assert len(said) > 8
    assert said.between(0, 1).all()


def test_stakes_are_the_mean_excess_over_the_target(store: Store, forecasts: pd.DataFrame) -> None:
    row = today(forecasts).query("level == 'establishment' and target_eur.notna()").iloc[0]
    paths = read_paths(store, [row.name])[0]
    limit = int(row["target_eur"] * 100)
    assert row["target_eur"] == (row["previous_eur"] * Decimal("1.06")).quantize(Decimal("0.01"))
    assert row["expected_excess_eur"] == Decimal(int(np.rint(np.maximum(paths - limit, 0).mean()))) / 100
    assert today(forecasts).query("envelope == 'lpp'")["prob_exceed"].isna().all(), "no target, no probability"


def test_the_calibration_is_frozen_and_read_again(store: Store, campaign: Campaign) -> None:
    kept = list((store.directory.parent / "calibration").glob("2024-*.json"))
    assert len(kept) == 2
    step = Step(store, campaign)
    frozen = Calibration.from_json(kept[0].read_text(encoding="utf-8"))
    changed = frozen.model_copy(update={"series_nb": 999})
    kept[0].write_text(changed.to_json(), encoding="utf-8")
    assert step.calibration(set(frozen.observed_months)).series_nb == 999
    kept[0].write_text(frozen.to_json(), encoding="utf-8")


def test_trials_leave_the_year_of_the_campaign_out(store: Store) -> None:
    trials, chances = store.read(tables.FORECAST_TRIALS), store.read(tables.FORECAST_CHANCES)
    assert set(trials["year"]) == {2022, 2023}
    assert set(trials["observed_months_nb"]) == {3, 4, 6, 9}
    assert {"establishment", "region"} == set(trials["level"])
    row = trials[trials["level"] == "establishment"].iloc[0]
    assert row["actual_evolution_pct"] == pytest.approx(
        100 * (float(row["actual_eur"]) / float(row["previous_eur"]) - 1)
    )
    assert chances["prob_exceed"].between(0, 1, inclusive="neither").all()
    assert chances[chances["year"] == 2022]["prob_last_ratio"].isna().all()
    assert chances[chances["year"] == 2023]["prob_last_ratio"].notna().all()


def test_paths_of_an_unknown_series_are_refused(store: Store) -> None:
    with pytest.raises(CaqesError, match="TRAJECTOIRES_ABSENTES"):
        read_paths(store, ["000000000/phmev"])


def test_events_of_the_campaign_reach_their_series(tmp_path: Path, campaign: Campaign) -> None:
    events = """\
evenements:
  - {date: "2024-05", kind: level, factor: 0.5, envelope: lpp, label: "Baisse de tarif inventée"}
"""
    told = campaign_file(tmp_path, CAMPAIGN + events)
    assert events_of(campaign) is None
    store = region_store(tmp_path / "store", ["lpp", "transport_taxi"])
    plain, moved = (
        Step(store, one).forecasts(4).set_index("series").query("level == 'establishment'") for one in (campaign, told)
    )
    rest = (frame["median_eur"].astype(float) - frame["observed_eur"].astype(float) for frame in (moved, plain))
    ratio = next(rest) / next(rest)
    usual = plain["method"] == "combinaison apprise"
    assert ratio[usual & (plain["envelope"] == "lpp")].to_numpy() == pytest.approx(0.5, rel=1e-4)
    assert ratio[usual & (plain["envelope"] == "transport_taxi")].to_numpy() == pytest.approx(1.0)
    assert "Baisse de tarif inventée (mai 2024)" in moved[moved["envelope"] == "lpp"]["reason"].iloc[0]


def test_one_series_alone_is_the_same_as_in_the_region(
    store: Store, campaign: Campaign, forecasts: pd.DataFrame
) -> None:
    rows = today(forecasts).query("level == 'establishment' and evolution_pct.notna()")
    alone = Step(store, campaign).landing(rows.index[2])
    for column in ("median_eur", "lower_80_eur", "upper_95_eur"):
        assert alone[column] == rows.iloc[2][column]


def test_the_workshop_shows_candidates_and_their_past_errors(
    store: Store, campaign: Campaign, forecasts: pd.DataFrame
) -> None:
    usual = today(forecasts).query("level == 'establishment' and method == 'combinaison apprise'")
    found = candidates_of(Step(store, campaign), usual.index[0])
    own = found[found["kind"] == "candidate"]
    assert own["weight_pct"].sum() == pytest.approx(100)
    compared = found[found["kind"] != "candidate"]
    assert set(compared["kind"]) == {"simple", "library"}
    assert compared["weight_pct"].isna().all()
    row = usual.iloc[0]
    reach = (own["evolution_pct"].min() - 1, own["evolution_pct"].max() + 1)
    assert reach[0] < row["evolution_pct"] < reach[1]
    assert found["error_2023_points"].notna().all()


def test_leaving_an_event_out_is_another_forecast(tmp_path: Path, store: Store) -> None:
    events = """\
evenements:
  - {date: "2024-05", kind: level, factor: 0.5, envelope: lpp, label: "Baisse"}
  - {date: "2024-06", kind: level, factor: 3.0, envelope: phmev, label: "Autre"}
"""
    step = Step(store, campaign_file(tmp_path, CAMPAIGN + events))
    lpp = next(name for name in step.panel.series if name.endswith("/lpp"))
    rows = events_compared(step, lpp).set_index("events")["median_eur"].astype(float)
    assert list(rows.index) == [
        "tous les événements de la campagne",
        "aucun événement",
        "sans « Baisse »",
        "sans « Autre »",
    ]
    assert rows.iloc[0] == rows.iloc[3] < rows.iloc[1] == rows.iloc[2]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ('{date: "2024-08", kind: level, envelope: rien, label: x}', "enveloppe inconnue"),
        ('{date: "2024-08", kind: level, envelope: lpp, indicator: phev_ipp, label: x}', "pas les deux"),
        ('{date: "2024-08", kind: level, until: "2024-09", label: x}', "n'a pas de fin"),
        ('{date: "2024-08", kind: temporary, until: "2024-07", label: x}', "finit avant"),
    ],
)
def test_a_wrong_event_is_refused(tmp_path: Path, event: str, said: str) -> None:
    with pytest.raises(CampaignError, match=said):
        campaign_file(tmp_path, f"{CAMPAIGN}evenements:\n  - {event}\n")


def test_earlier_forecasts_read_the_deliveries_of_their_time(tmp_path: Path) -> None:
    finess = "990000001"
    first = monthly_rows({(finess, "phmev"): {"2024-01": "100.00", "2024-02": "80.00"}}, delivery="fevrier")
    last = monthly_rows({(finess, "phmev"): {"2024-01": "100.00", "2024-02": "95.00"}}, delivery="mars")
    store = store_of(tmp_path, last, establishments({"finess": finess}), first="2024-01", last="2024-02")
    replaced = first[first["month"] == "2024-02-01"].assign(replaced_by="mars")
    store.write(tables.REPLACED_SPEND, tables.REPLACED_SPEND.conform(replaced), part="fevrier")
    listed = pd.DataFrame({"delivery": ["fevrier", "mars"], "as_of": pd.to_datetime(["2024-02-01", "2024-03-01"])})
    facts = {"file": "x.csv", "sha256": "0" * 64, "period": "2024", "rows": 1, "received_on": pd.NaT}
    store.write(tables.DELIVERIES, tables.DELIVERIES.conform(listed.assign(**facts)), part="essai")
    months = pd.DataFrame(
        {
            "series": f"{finess}/phmev",
            "month": pd.to_datetime(["2024-01-01", "2024-02-01"]),
            "amount_eur": [Decimal("100.00"), Decimal("95.00")],
            "is_corrected": False,
        }
    )
    then = as_first_received(months, store, as_of=pd.Timestamp("2024-02-01"))
    assert then["amount_eur"].tolist() == [Decimal("100.00"), Decimal("80.00")]
    assert as_first_received(months, store, as_of=pd.Timestamp("2024-03-01")) is months
    corrected = months.assign(is_corrected=True)
    assert as_first_received(corrected, store, as_of=pd.Timestamp("2024-02-01")) is corrected
