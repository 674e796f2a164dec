"""The targeting by distance to the regional median: exact, strict, and silent about what nobody gave."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from caqes_analysis.evaluation.atypie import atypie_steps, atypie_verdicts
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.schemes.rules import AtypieRule

FOUR = ("transport_per_stay", "transport_per_consultation", "ambulance_weight_stays", "ambulance_weight_sessions")
NAMES = "ABCDE"


def rule(**terms: Any) -> AtypieRule:
    return AtypieRule.model_validate(
        {
            "label": "essai",
            "source": "inventée",
            "indicators": list(FOUR),
            "at_least_nb": 2,
            "excess_pct": 25,
            "spending_indicator": "transports",
            "spending_measure": "reimbursed_eur",
            "spending_above_eur": 200_000,
        }
        | terms
    )


def values(ratios: dict[str, dict[str, int | None]], spent: dict[str, float]) -> pd.DataFrame:
    """Ratios over 1 000, and amounts, of the year 2019."""
    catalogue = load_catalogue()
    rows = []
    for indicator, by_finess in ratios.items():
        measure = catalogue[indicator].main
        for finess, top in by_finess.items():
            state = "missing" if top is None else "reported"
            row = {"finess": finess, "indicator": indicator, "measure": measure.id, "numerator": top}
            rows.append(row | {"denominator": 1000, "value_status": state})
    for finess, amount in spent.items():
        row = {"finess": finess, "indicator": "transports", "measure": "reimbursed_eur", "numerator": amount}
        rows.append(row | {"denominator": None, "value_status": "reported"})
    frame = pd.DataFrame(rows).astype({"numerator": "float64", "denominator": "float64"})
    return frame.assign(period="2019", months_nb=12, value=frame["numerator"])


def verdicts(frame: pd.DataFrame, terms: AtypieRule) -> pd.Series[Any]:
    catalogue = load_catalogue()
    steps = atypie_steps(frame, catalogue.values(), rule=terms, year=2019)
    found = atypie_verdicts(steps, frame, catalogue, rule=terms, year=2019)
    return found.set_index("finess")["reference_status"]


# The median is 400: 500 is exactly 25 % above it, 501 more.
SAME = dict(zip(NAMES, (300, 400, 400, 500, 501), strict=True))
RICH = dict.fromkeys(NAMES, 200_000.01)


def test_an_excess_is_strict_and_exact() -> None:
    steps = atypie_steps(
        values({FOUR[0]: SAME}, {}), load_catalogue().values(), rule=rule(indicators=FOUR[:1], at_least_nb=1), year=2019
    )
    assert steps["is_atypical"].tolist() == [False, False, False, False, True]
    assert steps["median"].unique().tolist() == [float(steps["value"].iloc[1])]
    assert [round(gap, 2) for gap in steps["gap_pct"]] == [-25, 0, 0, 25, 25.25]


def test_above_a_median_of_zero_is_beyond_any_percent_of_it() -> None:
    """Nobody could be told apart there, nor cleared: a hospital with no ambulance at all was « on ne sait pas »."""
    frame = values({FOUR[3]: dict(zip(NAMES, (0, 0, 0, 1, 800), strict=True))}, {})
    one = rule(indicators=FOUR[3:], at_least_nb=1)
    steps = atypie_steps(frame, load_catalogue().values(), rule=one, year=2019)
    assert steps["is_atypical"].tolist() == [False, False, False, True, True]
    assert steps["gap_pct"].isna().all()
    unknown = one.model_copy(update={"excess_pct": "unknown"})
    steps = atypie_steps(frame, load_catalogue().values(), rule=unknown, year=2019)
    assert steps["is_atypical"].astype(object).where(steps["is_atypical"].notna(), None).tolist() == [
        *[False] * 3,
        None,
        None,
    ]


def test_two_of_four_and_more_than_200_000_euros() -> None:
    flat = dict.fromkeys(NAMES, 400)
    ratios = {FOUR[0]: SAME, FOUR[1]: SAME | {"D": 900}, FOUR[2]: flat, FOUR[3]: flat}
    found = verdicts(values(ratios, RICH), rule())
    assert found.to_dict() == dict(zip(NAMES, ["respected"] * 4 + ["targeted"], strict=True))  # D: one only
    exactly = verdicts(values(ratios, RICH | {"E": 200_000.00}), rule())
    assert exactly["E"] == "respected"
    alone = verdicts(values(ratios, RICH | {"E": 200_000.00}), rule(spending_above_eur="none", at_least_nb=1))
    assert alone[["D", "E"]].tolist() == ["targeted", "targeted"]


def test_an_unknown_excess_targets_nobody_and_clears_whoever_is_not_above_the_median() -> None:
    """No text found says which gap is « significatif »: nothing is invented, and what is sure stays sure."""
    flat = dict.fromkeys(NAMES, 400)
    ratios = {FOUR[0]: SAME, FOUR[1]: SAME, FOUR[2]: flat, FOUR[3]: flat}
    found = verdicts(values(ratios, RICH | {"D": 100.0}), rule(excess_pct="unknown"))
    assert found.to_dict() == {"A": "respected", "B": "respected", "C": "respected", "D": "respected", "E": "unknown"}
    no_limit = verdicts(values(ratios, RICH), rule(spending_above_eur="unknown"))
    assert no_limit[["A", "E"]].tolist() == ["respected", "unknown"]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((501, 501, None, None), "targeted"),
        ((501, 400, None, 400), "unknown"),
        ((400, 400, None, 501), "unknown"),
        ((400, 400, 400, None), "respected"),
    ],
)
def test_a_missing_indicator_matters_only_where_it_could_change_the_answer(
    known: tuple[int | None, ...], expected: str
) -> None:
    base = dict.fromkeys("ABCD", 400)
    ratios = {name: base | {"E": value} for name, value in zip(FOUR, known, strict=True)}
    assert verdicts(values(ratios, RICH), rule())["E"] == expected


@pytest.mark.parametrize("terms", [{"at_least_nb": 5}, {"indicators": [FOUR[0], FOUR[0]]}])
def test_a_rule_that_nobody_could_meet_is_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"indicateurs"):
        rule(**terms)
