from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import load_parameters
from caqes_analysis.savings.incentive import incentive
from caqes_analysis.savings.regional import regional_incentive
from caqes_analysis.schemes.rules import IncentiveRule, RegionalIncentiveRule
from caqes_analysis.schemes.scheme import known_schemes

A, B = "990000001", "990000002"
KNOWN: dict[str, Any] = {"source": "essai", "rate_pct": 20, "gate": "attained", "floor_eur": "none", "cap_eur": "none"}


def rule(**changes: Any) -> IncentiveRule:
    return IncentiveRule.model_validate(KNOWN | changes)


def row(subject: str, previous: str | None, current: str | None, attainment: str = "attained", **more: Any) -> dict:
    amounts = {"previous_eur": previous and Decimal(previous), "current_eur": current and Decimal(current)}
    return {"contract_finess": A, "subject": subject, "year": 2023, "attainment": attainment, **amounts, **more}


def one(result: pd.DataFrame, subject: str, finess: str = A) -> pd.Series:
    return result[(result["subject"] == subject) & (result["contract_finess"] == finess)].iloc[0]


@pytest.mark.parametrize(("rate", "expected"), [(20, "7507056.45"), (30, "11260584.68")])
def test_published_savings_to_the_cent(rate: int, expected: str) -> None:
    result = incentive(pd.DataFrame([row("phev_ipp", "40000000.00", "2464717.75")]), rule=rule(rate_pct=rate))
    assert one(result, "phev_ipp")["saving_eur"] == Decimal("37535282.25")
    assert result["amount_eur"].tolist() == [Decimal(expected)] * 2


def test_a_rise_is_no_saving_and_takes_nothing_without_netting() -> None:
    rows = pd.DataFrame([row("phev_ipp", "100.00", "60.00"), row("phev_perfadom", "100.00", "130.00")])
    result = incentive(rows, rule=rule())
    assert one(result, "phev_perfadom")["saving_eur"] == 0
    assert one(result, "incentive")["amount_eur"] == Decimal("8.00")


def test_netting_takes_the_rise_from_the_savings_of_the_contract() -> None:
    rows = pd.DataFrame(
        [row("a", "100.00", "60.00"), row("b", "100.00", "80.00"), row("c", "100.00", "130.00")],
    )
    result = incentive(rows, rule=rule(netting="contract"))
    assert one(result, "a")["kept_saving_eur"] == Decimal("20.00")  # 40 of the 60 saved, of the 30 that remain
    assert one(result, "b")["kept_saving_eur"] == Decimal("10.00")
    assert one(result, "incentive")["amount_eur"] == Decimal("6.00")


def test_netting_says_nothing_when_an_amount_is_missing() -> None:
    rows = pd.DataFrame([row("a", "100.00", "60.00"), row("b", None, "80.00")])
    total = one(incentive(rows, rule=rule(netting="contract")), "incentive")
    assert total["status"] == "not_computable"
    assert pd.isna(total["amount_eur"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate_pct": "unknown"}, "taux inconnu"),
        ({"gate": "unknown"}, "effet de l'objectif inconnu"),
        ({"floor_eur": "unknown"}, "plancher inconnu"),
        ({"cap_eur": "unknown"}, "plafond inconnu"),
        ({"cap_eur": "unknown", "limits_bear_on": "indicator"}, "plafond inconnu"),
    ],
)
def test_an_unknown_term_gives_no_number(changes: dict[str, Any], words: str) -> None:
    result = incentive(pd.DataFrame([row("phev_ipp", "100.00", "60.00")]), rule=rule(**changes))
    total = one(result, "incentive")
    assert total["status"] == "not_computable"
    assert pd.isna(total["amount_eur"])
    assert total["reason"].startswith("non calculable : ")
    assert words in total["reason"]
    assert one(result, "phev_ipp")["saving_eur"] == Decimal("40.00")  # what was observed is not hidden


def test_the_shipped_rules_pay_nothing_until_their_terms_are_given() -> None:
    shipped = known_schemes()["caqes-2022"].incentive
    assert shipped is not None
    total = one(incentive(pd.DataFrame([row("phev_ipp", "100.00", "60.00")]), rule=shipped), "incentive")
    assert pd.isna(total["amount_eur"])
    assert total["label"].endswith("(formule non officielle)")
    for word in ("taux inconnu", "effet de l'objectif inconnu", "plancher inconnu", "plafond inconnu"):
        assert word in total["reason"]


def test_the_gate_closes_when_the_objective_is_missed() -> None:
    result = incentive(pd.DataFrame([row("phev_ipp", "100.00", "97.00", "not_attained")]), rule=rule())
    assert one(result, "phev_ipp")["gate"] == 0
    assert one(result, "incentive")["amount_eur"] == 0


def test_a_proportional_gate_pays_the_share_of_the_objective() -> None:
    rows = pd.DataFrame([row("phev_ipp", "100.00", "97.00", "not_attained", value=-3.0, target_value=-5.0)])
    result = incentive(rows, rule=rule(gate="proportional"))
    assert one(result, "phev_ipp")["gate"] == Decimal("0.600")
    assert one(result, "incentive")["amount_eur"] == Decimal("0.36")  # 20 % of 3.00 €, at 0.6


@pytest.mark.parametrize("value", [2.0, -5.0, -50.0])
def test_a_proportional_gate_stays_between_0_and_1(value: float) -> None:
    state = "attained" if value <= -5 else "not_attained"
    rows = pd.DataFrame([row("phev_ipp", "100.00", "50.00", state, value=value, target_value=-5.0)])
    assert one(incentive(rows, rule=rule(gate="proportional")), "phev_ipp")["gate"] == (1 if value <= -5 else 0)


def test_no_incentive_before_the_end_of_the_year() -> None:
    result = incentive(pd.DataFrame([row("phev_ipp", "100.00", "60.00", "pending")]), rule=rule(gate="none"))
    assert result["status"].tolist() == ["pending", "pending"]
    assert result["amount_eur"].isna().all()


def test_an_indicator_without_euros_is_not_valued_and_blocks_nothing() -> None:
    rows = pd.DataFrame([row("phev_ipp", "100.00", "60.00"), row("heart", None, None, is_valued=False)])
    result = incentive(rows, rule=rule())
    assert one(result, "heart")["status"] == "not_valued"
    assert one(result, "heart")["reason"].startswith("non valorisable")
    assert one(result, "incentive")["status"] == "computed"


def test_a_total_that_leaves_an_indicator_out_says_so() -> None:
    rows = pd.DataFrame([row("phev_ipp", "100.00", "60.00"), row("phev_perfadom", None, None)])
    total = one(incentive(rows, rule=rule()), "incentive")
    assert (total["status"], total["amount_eur"]) == ("partial", Decimal("8.00"))
    assert total["reason"] == "partiel : 1 indicateur non calculable"


def test_a_partial_sum_under_the_floor_says_nothing() -> None:
    rows = pd.DataFrame([row("phev_ipp", "100.00", "60.00"), row("phev_perfadom", None, None)])
    total = one(incentive(rows, rule=rule(floor_eur=10)), "incentive")
    assert (total["status"], total["gross_eur"]) == ("not_computable", Decimal("8.00"))
    assert pd.isna(total["amount_eur"])


def test_a_contract_outside_the_source_is_without_object() -> None:
    rows = pd.DataFrame([row("phev_ipp", None, None, "not_applicable"), row("b", "10.00", "5.00")])
    result = incentive(rows, rule=rule())
    assert one(result, "phev_ipp")["status"] == "not_applicable"
    assert one(result, "phev_ipp")["reason"] == "sans objet pour cet établissement"
    told = incentive(rows.assign(reason=["aucune dépense de ce type dans Open PHMEV", None]), rule=rule())
    assert one(told, "phev_ipp")["reason"] == "aucune dépense de ce type dans Open PHMEV"
    assert (one(result, "incentive")["status"], one(result, "incentive")["amount_eur"]) == ("computed", 1)


def test_floor_and_cap_of_the_contract() -> None:
    rows = pd.DataFrame([row("a", "100.00", "60.00"), row("b", "100.00", "60.00")])
    limits = rule(floor_eur=20, cap_eur=50)
    assert one(incentive(rows, rule=limits), "incentive")["amount_eur"] == 0  # 16.00 under the floor
    assert one(incentive(rows, rule=rule(floor_eur=16, cap_eur=50)), "incentive")["amount_eur"] == 16  # exactly at it
    capped = one(incentive(rows, rule=rule(floor_eur="none", cap_eur=10)), "incentive")
    assert (capped["gross_eur"], capped["amount_eur"]) == (16, 10)
    assert "plafond" in capped["reason"]


@pytest.mark.parametrize("on", ["contract", "indicator"])
def test_a_floor_is_not_why_nothing_is_due(on: str) -> None:
    limits = rule(floor_eur=20, cap_eur="none", limits_bear_on=on)
    result = incentive(pd.DataFrame([row("a", "60.00", "100.00")]), rule=limits)
    for subject in ("a", "incentive"):
        assert (one(result, subject)["amount_eur"], one(result, subject)["reason"]) == (0, None)
    small = incentive(pd.DataFrame([row("a", "100.00", "60.00")]), rule=limits)
    assert "sous le plancher" in one(small, "incentive" if on == "contract" else "a")["reason"]


def test_floor_of_each_indicator() -> None:
    rows = pd.DataFrame([row("a", "100.00", "60.00"), row("b", "100.00", "95.00")])
    result = incentive(rows, rule=rule(floor_eur=5, cap_eur="none", limits_bear_on="indicator"))
    assert one(result, "b")["amount_eur"] == 0
    assert one(result, "incentive")["amount_eur"] == Decimal("8.00")


def test_rates_the_rule_s_own_then_the_definition_s_then_the_rule_s_for_all() -> None:
    rows = pd.DataFrame([row(name, "100.00", "0.00", definition_rate_pct=25) for name in ("a", "b")])
    result = incentive(rows, rule=rule(rates_pct={"a": 30}))
    assert [one(result, name)["rate_pct"] for name in ("a", "b")] == [30, 25]
    without = incentive(rows.drop(columns="definition_rate_pct"), rule=rule(rates_pct={"a": 30}))
    assert one(without, "b")["rate_pct"] == 20


CENTS = st.decimals(min_value=0, max_value=10**8, places=2)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([A, B]), st.sampled_from("abcde"), CENTS, CENTS, st.sampled_from(["attained", "not_attained"])
    ),
    min_size=1,
    max_size=10,
    unique_by=lambda drawn: drawn[:2],
)


@settings(max_examples=60)
@given(ROWS, st.sampled_from(["none", "contract"]), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing_and_steps_add_up(drawn: list[Any], netting: str, random: Any) -> None:
    names = ["contract_finess", "subject", "previous_eur", "current_eur", "attainment"]
    rows = pd.DataFrame([dict(zip(names, line, strict=True)) | {"year": 2023} for line in drawn])
    shuffled = rows.sample(frac=1, random_state=random.randrange(1000))
    terms = rule(netting=netting, rate_pct="23.5")
    result = incentive(rows, rule=terms)
    pd.testing.assert_frame_equal(result, incentive(shuffled, rule=terms))
    totals = result[result["kind"] == "incentive"]
    parts = result[result["kind"] != "incentive"]
    assert totals["amount_eur"].sum() == parts["amount_eur"].sum()  # contracts add up to the region
    assert len(totals) == rows["contract_finess"].nunique()
    assert (parts["kept_saving_eur"] <= parts["saving_eur"]).all()
    for finess, own in parts.groupby("contract_finess"):
        change = sum(own["previous_eur"]) - sum(own["current_eur"])
        expected = max(Decimal(0), change) if netting == "contract" else own["saving_eur"].sum()
        assert own["kept_saving_eur"].sum() == expected, finess


def write_rule(tmp_path: Any, text: str) -> Any:
    path = tmp_path / "regle.yml"
    path.write_text(f"source: essai\n{text}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate_bounds_pct: [20, 30]\nrate_pct: 35", "sortent des bornes"),
        ("rate_pct: beaucoup", "un taux en % est attendu"),
        ("rate_pct: 120", "de 0 à 100"),
        ("floor_eur: 10\ncap_eur: 5", "plancher dépasse le plafond"),
        ("cap_eur: 5.001", "plus de deux décimales"),
        ("floor_eur: -1", "négatif"),
        ("plafond: 5", "n'existe pas"),
    ],
)
def test_a_wrong_rule_is_refused_in_french(tmp_path: Any, text: str, words: str) -> None:
    with pytest.raises(CampaignError, match=words):
        load_parameters(write_rule(tmp_path, text), IncentiveRule)


def test_all_wrong_terms_are_told_at_once(tmp_path: Any) -> None:
    with pytest.raises(CampaignError) as caught:
        load_parameters(write_rule(tmp_path, "rate_pct: x\ncap_eur: y\ngate: z"), IncentiveRule)
    assert [(p.column, p.line) for p in caught.value.problems] == [("rate_pct", 2), ("gate", 4), ("cap_eur", 3)]


def regional(**terms: Any) -> RegionalIncentiveRule:
    return RegionalIncentiveRule.model_validate({"source": "essai", **terms})


def attainments(*states: str) -> pd.DataFrame:
    names = ["r1", "r2", "r3"]
    rows = [
        {"contract_finess": A, "subject": n, "year": 2023, "attainment": s} for n, s in zip(names, states, strict=False)
    ]
    return pd.DataFrame(rows)


def test_regional_amounts_by_indicator() -> None:
    terms = regional(basis="per_indicator", indicators=["r1", "r2"], amounts_eur={"r1": 1000, "r2": 500.5})
    result = regional_incentive(attainments("attained", "not_attained", "attained"), rule=terms)
    assert result["amount_eur"].tolist() == [Decimal(1000), Decimal(0), Decimal(1000)]


def test_regional_amount_by_number_of_indicators() -> None:
    tiers = [{"attained_from_nb": 1, "amount_eur": 100}, {"attained_from_nb": 2, "amount_eur": 300}]
    terms = regional(basis="by_number", indicators=["r1", "r2", "r3"], tiers=tiers)
    found = regional_incentive(attainments("attained", "not_attained", "attained"), rule=terms)
    assert one(found, "regional_incentive")["amount_eur"] == 300
    none = regional_incentive(attainments("not_attained", "not_attained", "not_attained"), rule=terms)
    assert one(none, "regional_incentive")["amount_eur"] == 0


@pytest.mark.parametrize("basis", ["unknown", "per_indicator"])
def test_an_unknown_regional_scale_gives_no_number(basis: str) -> None:
    total = one(
        regional_incentive(attainments("attained"), rule=regional(basis=basis, indicators=["r1"])), "regional_incentive"
    )
    assert total["status"] == "not_computable"
    assert pd.isna(total["amount_eur"])
    assert "inconnu" in total["reason"]


def test_regional_incentive_waits_for_verdicts() -> None:
    terms = regional(basis="per_indicator", indicators=["r1", "r2"], amounts_eur={"r1": 1, "r2": 2})
    assert (
        one(regional_incentive(attainments("pending", "attained"), rule=terms), "regional_incentive")["status"]
        == "pending"
    )
    missing = one(regional_incentive(attainments("unknown", "attained"), rule=terms), "regional_incentive")
    assert missing["status"] == "not_computable"


def test_a_regional_indicator_that_is_not_about_a_contract_leaves_its_sum_alone() -> None:
    """A clinic that Open PHMEV leaves out had « non calculable »: nothing is missing of it."""
    terms = regional(basis="per_indicator", indicators=["r1", "r2"], amounts_eur={"r1": 1, "r2": 2})
    found = regional_incentive(attainments("not_applicable", "attained"), rule=terms)
    assert (one(found, "r1")["status"], one(found, "regional_incentive")["amount_eur"]) == ("not_applicable", 2)
    alone = one(regional_incentive(attainments("not_applicable"), rule=terms), "regional_incentive")
    assert (alone["status"], alone["amount_eur"]) == ("not_applicable", None)


@pytest.mark.parametrize(
    "terms",
    [
        {"basis": "by_number"},
        {"basis": "per_indicator", "indicators": ["r1"], "amounts_eur": {"r2": 5}},
        {
            "basis": "by_number",
            "indicators": ["r1"],
            "tiers": [{"attained_from_nb": 2, "amount_eur": 1}, {"attained_from_nb": 1, "amount_eur": 2}],
        },
    ],
)
def test_a_wrong_regional_scale_is_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="→"):
        regional(**terms)
