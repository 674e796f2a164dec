from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.evaluation.sanction import SanctionBase
from caqes_analysis.evaluation.score import grid_score
from caqes_analysis.schemes.grid import EvaluationGrid
from tests.schemes.test_grid import MINIMAL, minimal_grid

A, B = "990000001", "990000002"
SANCTION = {
    "source": "essai",
    "base_envelopes": ["extra_list_drugs"],
    "tiers": [
        {"score_from": 0, "rate_pct": 1},
        {"score_from": 40, "rate_pct": "0.5"},
        {"score_from": 60, "rate_pct": 0},
    ],
    "cap_eur": "none",
}


def contracts(*volets: str) -> pd.DataFrame:
    return pd.DataFrame({"contract_finess": [A], "category": ["CH"], "volets": [",".join(["socle", *volets])]})


def answers(finess: str = A, **told: str | float | None) -> pd.DataFrame:
    rows = [
        {"contract_finess": finess, "year": 2019, "criterion": name, "delivery": "essai"}
        | ({"answer": answer} if isinstance(answer, str) else {"value": answer})
        for name, answer in told.items()
    ]
    return tables.GRID_ANSWERS.conform(pd.DataFrame(rows, columns=tables.GRID_ANSWERS.column_names))


def measured(attainment: str, value: float = 2.0, finess: str = A) -> pd.DataFrame:
    row = {"contract_finess": finess, "subject": "phev_drugs", "attainment": attainment, "value": value, "reason": None}
    return pd.DataFrame([row])


def score(grid: EvaluationGrid, told: pd.DataFrame, who: pd.DataFrame | None = None, **more: Any) -> pd.DataFrame:
    found = grid_score(contracts() if who is None else who, told, grid=grid, year=2019, **more)
    rows = tables.EVALUATIONS.conform(found)
    return tables.EVALUATIONS.validate(rows).set_index("subject")


def base(amount: Decimal) -> SanctionBase:
    return SanctionBase((("Liste en sus, médicaments", amount),))


def changed(grid: EvaluationGrid, **changes: Any) -> EvaluationGrid:
    return EvaluationGrid.model_validate(grid.model_dump() | changes)


def test_a_score_computed_by_hand(tmp_path: Path) -> None:
    grid = minimal_grid(tmp_path)
    found = score(grid, answers(c1="oui", c2=49.999), contracts("transports"), measured=measured("attained"))
    # Section a: (10 × 1 + 0 × 1.5) / (10 + 8.25) = 54.79 %; section b: 100 %; score (2 × 54.79 + 1 × 100) / 3 = 69.86.
    assert found.loc["section/a", "score"] == Decimal("54.79")
    assert found.loc["section/b", "score"] == 100
    assert found.loc["score", "weighted_points"] == Decimal("209.589")
    assert found.loc["score", "score"] == Decimal("69.9")
    assert found.loc["criterion/c2", "points"] == 0


def test_a_section_enters_the_score_exactly_unless_annexe_3_rounds_it(tmp_path: Path) -> None:
    """100 × 1/3, weighted by 30, is 1 000: rounded to 33.33 it would have been 999.90."""
    second = next(line for line in MINIMAL.splitlines(keepends=True) if "id: c2" in line)
    text = MINIMAL.replace(second, "").replace("weight: 2", "weight: 30")
    text = text.replace('answers: {"oui": 10, "non": 0}', "answers: {oui: 1, presque: 3}")
    grid = minimal_grid(tmp_path, text)
    exactly = score(grid, answers(c1="oui"))
    assert exactly.loc["section/a", "score"] == Decimal("33.33")
    assert exactly.loc["score", "weighted_points"] == 1000
    rounding = changed(grid, score={"section_decimals": 2})
    assert score(rounding, answers(c1="oui")).loc["score", "weighted_points"] == Decimal("999.90")


@pytest.mark.parametrize(("value", "points"), [(49.999, "0"), (50, "5.5"), (50.001, "5.5")])
def test_a_tier_begins_at_its_value(tmp_path: Path, value: float, points: str) -> None:
    found = score(minimal_grid(tmp_path), answers(c1="oui", c2=value))
    assert found.loc["criterion/c2", "points"] == Decimal(points)
    assert found.loc["criterion/c2", "weighted_points"] == Decimal(points) * Decimal("1.5")


def test_a_volet_that_was_not_signed_does_not_count(tmp_path: Path) -> None:
    found = score(minimal_grid(tmp_path), answers(c1="non", c2=50))
    assert "section/b" not in found.index
    assert "criterion/c3" not in found.index
    assert found.loc["score", "score"] == Decimal("45.2")  # 8.25 / 18.25, alone


def test_a_missing_answer_leaves_no_score(tmp_path: Path) -> None:
    found = score(minimal_grid(tmp_path), answers(c1="oui"))
    assert found.loc["criterion/c2", "reason"] == "non calculable : sans réponse"
    assert found.loc[["section/a", "score"], "status"].tolist() == ["not_computable"] * 2
    assert pd.isna(found.loc["score", "score"])


def test_a_missing_answer_brings_no_points_when_the_grid_says_so(tmp_path: Path) -> None:
    grid = changed(minimal_grid(tmp_path), score={"missing_answer": "no_points"})
    found = score(grid, answers(c1="oui"))
    assert found.loc["criterion/c2", "points"] == 0
    assert found.loc["score", "score"] == Decimal("54.8")


def test_a_line_without_object_leaves_points_and_maximum(tmp_path: Path) -> None:
    who = contracts("transports")
    found = score(minimal_grid(tmp_path), answers(c1="oui", c2=50, c3="sans objet"), who, measured=None)
    assert found.loc["criterion/c3", "status"] == "not_applicable"
    assert found.loc["section/b", "status"] == "not_applicable"
    assert found.loc["score", "score"] == 100


def test_a_measured_line_without_verdict_leaves_no_score(tmp_path: Path) -> None:
    who = contracts("transports")
    found = score(minimal_grid(tmp_path), answers(c1="oui", c2=50), who, measured=measured("pending"))
    assert found.loc["score", "status"] == "not_computable"
    assert found.loc["section/a", "score"] == 100


def test_engagements_for_some_categories_only(tmp_path: Path) -> None:
    grid = minimal_grid(tmp_path, MINIMAL.replace("title: Un", "title: Un\n    applies_to: [CHU]"))
    found = score(grid, answers())
    assert found.loc["score", "status"] == "not_applicable"


def test_a_scale_of_points_adds_up(tmp_path: Path) -> None:
    grid = changed(minimal_grid(tmp_path), score={"scale": "points", "decimals": 2})
    found = score(grid, answers(c1="oui", c2=50), contracts("transports"), measured=measured("not_attained"))
    assert found.loc["score", "score"] == Decimal("36.50")  # 2 × (10 + 8.25) + 1 × 0


@pytest.mark.parametrize(
    ("value", "rate", "amount"),
    [(0, "0.5", "5000.01"), (50, "0", "0.00")],
)
def test_a_sanction_by_score(tmp_path: Path, value: float, rate: str, amount: str) -> None:
    grid = changed(minimal_grid(tmp_path), sanction=SANCTION)
    found = score(grid, answers(c1="oui", c2=value), bases={A: base(Decimal("1000001.00"))})
    row = found.loc["sanction"]
    assert (row["rate_pct"], row["amount_eur"]) == (Decimal(rate), Decimal(amount))  # 5 000,005 €: the half goes up


def test_a_score_exactly_at_a_step_gets_its_rate(tmp_path: Path) -> None:
    steps = [{"score_from": 0, "rate_pct": 1}, {"score_from": "54.8", "rate_pct": 0}]
    steps[1]["score_from"] = 54.8
    grid = changed(minimal_grid(tmp_path), sanction={**SANCTION, "tiers": steps})
    found = score(grid, answers(c1="oui", c2=0), bases={A: base(Decimal("100.00"))})
    assert found.loc["sanction", "amount_eur"] == 0


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ({"cap_eur": "unknown"}, {"bases": {A: base(Decimal(1))}}, "plafond inconnu"),
        ({}, {}, "assiette non reçue"),
        ({"tiers": [{"score_from": 90, "rate_pct": 1}]}, {"bases": {A: base(Decimal(1))}}, "taux inconnu"),
        ({"tiers": [{"score_from": 0, "rate_pct": "unknown"}]}, {"bases": {A: base(Decimal(1))}}, "taux inconnu"),
    ],
)
def test_an_unknown_term_gives_no_sanction(
    tmp_path: Path, changes: dict[str, Any], more: dict[str, Any], words: str
) -> None:
    grid = changed(minimal_grid(tmp_path), sanction=SANCTION | changes)
    row = score(grid, answers(c1="non", c2=0), **more).loc["sanction"]
    assert row["status"] == "not_computable"
    assert words in row["reason"]
    assert pd.isna(row["amount_eur"])


def test_a_contract_without_spending_has_no_base(tmp_path: Path) -> None:
    grid = changed(minimal_grid(tmp_path), sanction=SANCTION)
    nothing = SanctionBase((), ("Liste en sus, médicaments",))
    row = score(grid, answers(c1="non", c2=0), bases={A: nothing}).loc["sanction"]
    assert (row["status"], row["reason"]) == (
        "not_applicable",
        "aucune dépense (liste en sus, médicaments) : pas d'assiette",
    )
    zero = score(grid, answers(c1="non", c2=0), bases={A: base(Decimal("0.00"))}).loc["sanction"]
    assert (zero["status"], zero["amount_eur"]) == ("computed", 0)  # 1 % of nothing: the rule says it


def test_a_sanction_stops_at_its_cap_and_waits_for_the_procedure(tmp_path: Path) -> None:
    grid = changed(minimal_grid(tmp_path), sanction=SANCTION | {"cap_eur": 300})
    row = score(grid, answers(c1="non", c2=0), bases={A: base(Decimal("100000.00"))}).loc["sanction"]
    assert (row["gross_eur"], row["amount_eur"]) == (1000, 300)
    assert row["reason"] == "ramenée au plafond ; avant procédure contradictoire"


def test_a_year_without_sanction(tmp_path: Path) -> None:
    grid = changed(minimal_grid(tmp_path), sanction=SANCTION)
    row = score(grid, answers(c1="non", c2=0), bases={A: base(Decimal(1))}, with_sanction=False).loc["sanction"]
    assert (row["status"], row["reason"]) == ("not_applicable", "2019 : année évaluée sans sanction")


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["oui", "non", None]), st.integers(0, 100)), min_size=2, max_size=2),
    st.randoms(use_true_random=False),
)
def test_order_of_answers_changes_nothing_and_points_add_up(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Any], random: Any
) -> None:
    grid = minimal_grid(tmp_path_factory.mktemp("grille"))
    told = pd.concat([answers(finess, c1=one, c2=two) for finess, (one, two) in zip((A, B), drawn, strict=True)])
    told = told[told["answer"].notna() | told["value"].notna()]
    who = pd.DataFrame({"contract_finess": [B, A]})
    found = grid_score(who, told, grid=grid, year=2019)
    again = grid_score(who.iloc[::-1], told.sample(frac=1, random_state=random.randrange(99)), grid=grid, year=2019)
    pd.testing.assert_frame_equal(found, again)
    for finess, own in found.groupby("contract_finess"):
        lines = own[(own["kind"] == "criterion") & (own["status"] == "computed")]
        section = own[own["subject"] == "section/a"].iloc[0]
        if section["status"] == "computed":
            assert lines["weighted_points"].sum() == section["weighted_points"], finess
            assert 0 <= section["score"] <= 100
