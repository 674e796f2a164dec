from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis.savings import biosimilar_dotation, regulatory, transport_trajectory
from caqes_analysis.savings.dotation import BiosimilarDotation, load_dotation
from caqes_analysis.savings.regulatory import regulatory_steps
from caqes_analysis.schemes.rules import IncentiveRule
from caqes_analysis.schemes.scheme import known_schemes

A, B = "990000001", "990000002"
KNOWN: dict[str, Any] = {"source": "essai", "rate_pct": 20, "gate": "attained", "floor_eur": "none", "cap_eur": "none"}


def rule(**changes: Any) -> IncentiveRule:
    return IncentiveRule.model_validate(KNOWN | changes)


def row(subject: str, previous: str | None, current: str | None, **more: Any) -> dict[str, Any]:
    amounts = {"previous_eur": previous and Decimal(previous), "current_eur": current and Decimal(current)}
    return {"contract_finess": A, "subject": subject, "year": 2023, "attainment": "attained", **amounts, **more}


def step(found: pd.DataFrame, indicator: str, component: str, finess: str = A) -> pd.Series:
    own = found[(found["finess"] == finess) & (found["indicator"] == indicator) & (found["component"] == component)]
    assert len(own) == 1
    return own.iloc[0]


def test_every_step_is_kept_in_the_order_of_the_computation() -> None:
    rows = pd.DataFrame([row("phev_ipp", "100000.00", "80000.05")])
    found = regulatory(rows, rule=rule(floor_eur=100, cap_eur=3000))
    own = found[found["indicator"] == "phev_ipp"]
    assert own["component"].tolist() == [
        "previous", "current", "saving", "kept_saving", "gate", "rate", "gross", "incentive"
    ]  # fmt: skip
    assert step(found, "phev_ipp", "saving")["amount_eur"] == Decimal("19999.95")
    assert step(found, "phev_ipp", "gross")["amount_eur"] == Decimal("3999.99")
    assert step(found, "incentive", "cap")["amount_eur"] == Decimal("3000.00")
    assert step(found, "incentive", "incentive")["amount_eur"] == Decimal("3000.00")
    assert "plafond" in step(found, "incentive", "incentive")["reason"]


def test_the_default_rule_is_said_not_official_and_gives_no_amount() -> None:
    default = known_schemes()["caqes-2022"].incentive
    assert default is not None
    found = regulatory(pd.DataFrame([row("phev_ipp", "100.00", "60.00")]), rule=default)
    assert found["rule"].str.startswith("formule non officielle").all()
    assert step(found, "phev_ipp", "saving")["amount_eur"] == Decimal("40.00")
    paid = step(found, "phev_ipp", "incentive")
    assert pd.isna(paid["amount_eur"])
    assert paid["status"] == "not_computable"
    assert "taux inconnu" in paid["reason"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "8.00"),
        ({"netting": "contract"}, "2.00"),
        ({"floor_eur": "8.01"}, "0.00"),
        ({"cap_eur": 5}, "5.00"),
        ({"gate": "none", "rate_pct": "22.5"}, "9.00"),
    ],
)
def test_gate_floor_cap_and_netting_are_those_of_the_rule_file(changes: dict[str, Any], expected: str) -> None:
    rows = pd.DataFrame([row("phev_ipp", "100.00", "60.00"), row("phev_perfadom", "100.00", "130.00")])
    found = regulatory(rows, rule=rule(**changes))
    assert step(found, "incentive", "incentive")["amount_eur"] == Decimal(expected)


def test_the_two_perimeters_of_an_indicator_are_never_added() -> None:
    rows = pd.DataFrame(
        [row("phev_ipp", "100.00", "60.00"), row("phev_ipp", "90.00", "60.00", perimeter="constant")],
    ).fillna({"perimeter": "courant"})
    found = regulatory(rows, rule=rule())
    totals = found[(found["indicator"] == "incentive") & (found["component"] == "incentive")].set_index("perimeter")
    assert totals["amount_eur"].to_dict() == {"courant": Decimal("8.00"), "constant": Decimal("6.00")}


def test_other_indicators_of_an_evaluation_are_left_out() -> None:
    evaluated = pd.DataFrame(
        [row("phev", None, None, kind="indicator", status="computed"), row("x", None, None, kind="score", status="ok")]
    )
    assert regulatory_steps(evaluated, rule=rule(), indicators=["phev_ipp"]).empty
    assert regulatory(evaluated.iloc[:0], rule=rule()).empty


amounts = st.decimals(min_value=0, max_value=10**8, places=2)


@settings(max_examples=5)  # each example is many rows
@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=30), st.decimals(20, 30, places=3))
def test_figures_equal_decimal_arithmetic_on_the_raw_rows(pairs: list[tuple[Decimal, Decimal]], rate: Decimal) -> None:
    rows = [row(f"i{place}", str(before), str(now)) for place, (before, now) in enumerate(pairs)]
    found = regulatory(pd.DataFrame(rows), rule=rule(rate_pct=rate))
    due = [
        (max(Decimal(0), before - now) * rate / 100).quantize(Decimal("0.01"), ROUND_HALF_UP) for before, now in pairs
    ]
    assert [step(found, f"i{place}", "incentive")["amount_eur"] for place in range(len(pairs))] == due
    assert step(found, "incentive", "incentive")["amount_eur"] == sum(due)
    backwards = regulatory(pd.DataFrame(rows[::-1]), rule=rule(rate_pct=rate))
    pd.testing.assert_frame_equal(found, backwards)


def boxes(reference: int, biosimilar: int, *, atc: str = "L04AB01", year: int = 2019, finess: str = A) -> list[dict]:
    base = {"finess": finess, "year": year, "atc": atc}
    return [
        {**base, "cip13": "3400000000001", "role": "reference", "boxes_nb": reference},
        {**base, "cip13": "3400000000002", "role": "biosimilar", "boxes_nb": biosimilar},
    ]


@pytest.mark.parametrize(("atc", "expected"), [("L04AB01", "9000.00"), ("A10AE04", "345.00"), ("L04AB04", "9390.00")])
def test_dotation_of_a_thousand_boxes_thirty_per_cent_biosimilar(atc: str, expected: str) -> None:
    found = biosimilar_dotation(pd.DataFrame(boxes(700, 300, atc=atc)), rule=load_dotation())
    assert step(found, f"biosimilar_dotation/{atc}", "boxes")["value"] == 1000
    assert step(found, f"biosimilar_dotation/{atc}", "share")["value"] == 30
    assert step(found, f"biosimilar_dotation/{atc}", "incentive")["amount_eur"] == Decimal(expected)


def test_dotation_without_a_dated_r_pays_nothing_and_says_why() -> None:
    found = biosimilar_dotation(pd.DataFrame(boxes(700, 300, year=2020)), rule=load_dotation())
    paid = step(found, "biosimilar_dotation/L04AB01", "incentive")
    assert pd.isna(paid["amount_eur"])
    assert "R inconnu" in paid["reason"]
    nothing = biosimilar_dotation(pd.DataFrame(boxes(0, 0)), rule=load_dotation())
    assert step(nothing, "biosimilar_dotation/L04AB01", "incentive")["status"] == "not_applicable"


def test_weights_count_in_v_and_in_t_only_when_the_rule_says_so() -> None:
    group = {"atc": "L04AB01", "label": "étanercept", "year": 2019, "rate_eur": "30"}
    rules = {"source": "essai", "status": "verified", "groups": [group], "box_weights": {"3400000000002": "2"}}
    lines = pd.DataFrame(boxes(700, 300))
    plain = biosimilar_dotation(lines, rule=BiosimilarDotation.model_validate(rules))
    both = biosimilar_dotation(lines, rule=BiosimilarDotation.model_validate(rules | {"weighted_share": True}))
    assert step(plain, "biosimilar_dotation/L04AB01", "incentive")["amount_eur"] == Decimal(
        "11700.00"
    )  # 1300 × 30 × .3
    assert step(both, "biosimilar_dotation/L04AB01", "incentive")["amount_eur"] == Decimal("18000.00")  # 600 × 30


def test_transport_targets_follow_one_another_and_the_overrun_is_signed() -> None:
    found = transport_trajectory(
        A,
        reference_year=2018,
        reference_eur=Decimal("512345.67"),
        rates_pct=dict.fromkeys((2019, 2020), Decimal("2.2")),
        realised_eur={2019: Decimal("530000.00"), 2020: Decimal("530000.00")},
    ).set_index(["year", "component"])["amount_eur"]
    assert found[2019, "target"] == Decimal("523617.27")  # 512345.67 × 1.022 = 523617.27474
    assert found[2019, "overrun"] == Decimal("6382.73")
    assert found[2020, "reference"] == Decimal("523617.27")
    assert found[2020, "target"] == Decimal("535136.85")  # 523617.27 × 1.022 = 535136.84994
    assert found[2020, "overrun"] == Decimal("-5136.85")


@pytest.mark.parametrize(("rounds", "second"), [(True, "522242.29"), (False, "522242.28")])
def test_the_place_of_the_rounding_is_an_option(rounds: bool, second: str) -> None:
    found = transport_trajectory(
        A,
        reference_year=2018,
        reference_eur=Decimal("500000.27"),
        rates_pct=dict.fromkeys((2019, 2020), Decimal("2.2")),
        realised_eur={2019: None, 2020: None},
        rounds_each_year=rounds,
    ).set_index(["year", "component"])["amount_eur"]
    assert found[2019, "target"] == found[2020, "reference"] == Decimal("511000.28")  # 511000.27594
    assert found[2020, "target"] == Decimal(second)  # from 511000.28: 522242.28616; from 511000.27594: 522242.28201


def test_transport_trajectory_stops_where_a_rate_is_unknown() -> None:
    found = transport_trajectory(
        A,
        reference_year=2017,
        reference_eur=Decimal("500000.00"),
        rates_pct={2018: None, 2019: Decimal("2.2")},
        realised_eur={2019: Decimal("520000.00")},
    )
    assert found[found["component"] == "target"]["amount_eur"].isna().all()
    assert (found["reason"] == "non calculable : taux d'une année inconnu").all()
