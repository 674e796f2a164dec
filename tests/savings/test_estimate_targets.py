"""The objective of a share is simulated as the evolution that reaches it, the other amounts held as received."""

from __future__ import annotations

import pandas as pd
import pytest

from caqes_analysis import savings
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.savings.estimate_targets import evolution_to_reach
from tests.forecast.series import region
from tests.savings.test_estimate import RULE, largest

DEFINITIONS = load_catalogue()


def contracts(**columns: list[float | None]) -> pd.DataFrame:
    base = {
        "contract_finess": ["330000001", "330000002"],
        "previous_eur": [500.0, 200.0],
        "current_eur": [600.0, 100.0],
    }
    return pd.DataFrame(base | {"value": [60.0, 25.0], "target_value": [50.0, 50.0]} | columns)


def test_a_share_is_reached_by_an_evolution_of_each_contract() -> None:
    """Others 400 €: 400 is half of 800, 500 the year before. Others 300 €: 300 is half of 600, 200 the year before."""
    found = evolution_to_reach(DEFINITIONS["transport_ambulance_share"], contracts())
    assert found == pytest.approx({"330000001": -20.0, "330000002": 50.0})
    lacking = evolution_to_reach(DEFINITIONS["transport_ambulance_share"], contracts(value=[60.0, None]))
    assert lacking == pytest.approx({"330000001": -20.0})
    assert evolution_to_reach(DEFINITIONS["transport_ambulance_share"], contracts(target_value=[None, None])) is None


def test_an_evolution_is_the_same_for_all_or_is_not_known() -> None:
    assert evolution_to_reach(DEFINITIONS["phev_ipp"], contracts(target_value=[-5.0, -5.0])) == -5.0
    assert evolution_to_reach(DEFINITIONS["phev_ipp"], contracts(target_value=[-5.0, -3.0])) is None
    assert evolution_to_reach(DEFINITIONS["heart_failure_readmissions"], contracts()) is None


def test_one_evolution_for_all_and_the_same_for_each_pay_alike() -> None:
    monthly = region(50, first_year=2018, last_year=2023, seed=6)
    treated = largest(monthly, 20)
    asked = {"treated": treated, "start": "2023-01-01", "targeting": savings.Targeting("level"), "rule": RULE}
    one = savings.estimate(monthly, **asked, target_pct=-5.0)
    each = savings.estimate(monthly, **asked, target_pct=dict.fromkeys(treated, -5.0))
    pd.testing.assert_frame_equal(one, each)
    easier = savings.estimate(monthly, **asked, target_pct=dict.fromkeys(treated, -5.0) | {treated[0]: 100.0})
    own, before = (frame.set_index("series")["prob_target_without_effect"] for frame in (easier, one))
    assert own[treated[0]] == 1 > before[treated[0]]
    assert own[treated[1:]].equals(before[treated[1:]])
    lacking = savings.estimate(monthly, **asked, target_pct=dict.fromkeys(treated[1:], -5.0)).set_index("series")
    assert pd.isna(lacking.loc[treated[0], "prob_target_without_effect"])
    unknown = lacking.loc[[treated[0], "region"]]
    assert unknown["prob_paid_without_effect"].isna().all(), "what the region would be paid is not known either"
    assert unknown["prob_target_without_effect"].isna().all()
    assert set(unknown["paid_reason"]) == {"non calculable : objectif non renseigné"}
    assert (
        lacking.loc[treated[1], "prob_paid_without_effect"]
        == one.set_index("series").loc[treated[1], "prob_paid_without_effect"]
    )
