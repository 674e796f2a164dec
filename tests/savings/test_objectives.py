"""Under a scheme of rates: the objective in euros, what the change is made of, what was real, by contract."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.savings.objectives import (
    bears_objectives,
    objective_effects,
    objective_steps,
    spending_objectives,
)
from caqes_analysis.schemes.scheme import Scheme, known_schemes

Objectives = dict[str, tuple[IndicatorDefinition, str]]


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    return known_schemes()["caqes-2018"]


@pytest.fixture(scope="module")
def objectives(scheme: Scheme) -> Objectives:
    return spending_objectives(load_catalogue().values(), scheme)


def store_of(**frames: pd.DataFrame) -> Any:
    """A store that holds these tables, by name."""
    read: Callable[[Any], pd.DataFrame] = lambda table: frames[table.name]  # noqa: E731
    return SimpleNamespace(read=read)


def evaluated(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "year": 2019,
        "scheme": "caqes-2018",
        "kind": "indicator",
        "label": "PHEV",
        "status": "computed",
        "attainment": "unknown",
        "period": "2019",
        "target_value": 3.3,
    }
    return tables.EVALUATIONS.conform(pd.DataFrame([base | row for row in rows]))


def amounts(previous: str, current: str) -> dict[str, Decimal]:
    return {"previous_eur": Decimal(previous), "current_eur": Decimal(current)}


def test_only_the_envelopes_that_everyone_signs_bear_an_objective(objectives: Objectives) -> None:
    assert {"phev", "phev_drugs", "phev_lpp", "extra_list_drugs", "extra_list_devices"} <= set(objectives)
    assert "transports" not in objectives, "a volet that some sign"
    assert "repertoire_share" not in objectives, "no euros"
    assert objectives["phev"][1] == "reimbursed_eur"


def test_a_scheme_that_shares_savings_has_none() -> None:
    schemes = known_schemes()
    assert bears_objectives(schemes["caqes-2018"])
    assert not bears_objectives(schemes["caqes-2022"])


@pytest.mark.parametrize(
    ("previous", "current", "rate", "target", "overrun"),
    [
        ("68040.06", "68986.69", 3.3, "70285.38", "-1298.69"),  # 70 285,38198
        ("100.50", "103.00", 3.0, "103.52", "-0.52"),  # 103,515: half-up
        ("1000.00", "1033.00", 3.3, "1033.00", "0.00"),
        ("0.00", "12.34", 3.2, "0.00", "12.34"),
    ],
)
def test_the_objective_in_euros_by_hand(
    scheme: Scheme, objectives: Objectives, previous: str, current: str, rate: float, target: str, overrun: str
) -> None:
    row = {"contract_finess": "330000001", "subject": "phev", "target_value": rate, **amounts(previous, current)}
    found = objective_steps(store_of(evaluations=evaluated(row)), scheme, objectives).set_index("component")
    assert found["amount_eur"].drop("rate").to_dict() == {
        "previous": Decimal(previous),
        "current": Decimal(current),
        "target": Decimal(target),
        "overrun": Decimal(overrun),
    }
    assert float(found.loc["rate", "value"]) == rate
    assert found["rule"].str.contains("non officielle").all()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"target_value": None, **amounts("1.00", "2.00")}, "non calculable : objectif non renseigné"),
        ({"status": "not_computable", "reason": "des mois manquent"}, "non calculable : des mois manquent"),
    ],
)
def test_what_is_not_known_has_a_reason_and_no_amount(
    scheme: Scheme, objectives: Objectives, said: dict[str, Any], words: str
) -> None:
    rows = evaluated({"contract_finess": "330000001", "subject": "phev", **said})
    last = objective_steps(store_of(evaluations=rows), scheme, objectives).set_index("component").loc["overrun"]
    assert pd.isna(last["amount_eur"])
    assert (last["status"], last["reason"]) == ("not_computable", words)


def effects(finess: str, indicator: str, **parts: str) -> list[dict[str, Any]]:
    return [
        {"finess": finess, "indicator": indicator, "component": name, "amount_eur": Decimal(amount)}
        for name, amount in parts.items()
    ]


def test_the_change_of_a_contract_is_that_of_its_envelopes_when_they_count_the_same(
    scheme: Scheme, objectives: Objectives
) -> None:
    counted = evaluated(
        {"contract_finess": "330000001", "subject": "phev", **amounts("30.00", "36.00")},
        {"contract_finess": "330000002", "subject": "phev", **amounts("99.00", "99.00")},
    )
    establishments = tables.ESTABLISHMENTS.conform(
        pd.DataFrame(
            [
                {"finess": one, "contract_finess": one, "name": one, "valid_from": pd.Timestamp("2010-01-01")}
                for one in ("330000001", "330000002")
            ]
        )
    )
    store = store_of(evaluations=counted, establishments=establishments)
    rows = [
        *effects("330000001", "phmev", previous="10.00", current="15.00", price="-1.00", volume="4.00", mix="2.00"),
        *effects("330000001", "lpp", previous="20.00", current="21.00", price="0.50", volume="0.25", mix="0.25"),
        *effects("330000002", "phmev", previous="10.00", current="15.00", price="-1.00", volume="4.00", mix="2.00"),
    ]
    envelopes = tables.SAVINGS.conform(
        pd.DataFrame(rows), year=2019, method="decomposed", perimeter="courant", status="computed"
    )
    campaign: Any = SimpleNamespace(
        all_envelopes=[SimpleNamespace(code=code) for code in ("phmev", "lpp", "extra_list_drugs")]
    )
    steps = objective_steps(store, scheme, objectives)
    found = objective_effects(store, campaign, objectives, steps=steps, envelopes=envelopes)
    # The contract counts without hepatitis C what the base holds with it: its envelope without them is what it counts.
    without = tables.SAVINGS.conform(
        pd.DataFrame(
            effects("330000001", "phmev", previous="9.00", current="12.00", price="-1.00", volume="2.00", mix="2.00")
        ),
        year=2019,
        method="decomposed",
        perimeter="constant",
        status="computed",
    )
    narrow = evaluated({"contract_finess": "330000001", "subject": "phev", **amounts("29.00", "33.00")})
    other = store_of(evaluations=narrow, establishments=establishments)
    both = pd.concat([envelopes, without], ignore_index=True)
    narrower = objective_effects(
        other, campaign, objectives, steps=objective_steps(other, scheme, objectives), envelopes=both
    )
    assert narrower.set_index("component")["amount_eur"].to_dict() == {
        "previous": Decimal("29.00"),
        "current": Decimal("33.00"),
        "price": Decimal("-0.50"),
        "volume": Decimal("2.25"),
        "mix": Decimal("2.25"),
    }
    same = objective_effects(store, campaign, objectives, steps=steps, envelopes=both)
    assert same.equals(found), "a contract that counts everything is told by everything"
    assert set(found["finess"]) == {"330000001"}, "the other counts euros that no envelope has"
    assert found.set_index("component")["amount_eur"].to_dict() == {
        "previous": Decimal("30.00"),
        "current": Decimal("36.00"),
        "price": Decimal("-0.50"),
        "volume": Decimal("4.25"),
        "mix": Decimal("2.25"),
    }


def test_an_objective_on_the_yearly_base_is_told_by_what_that_base_is_made_of(
    scheme: Scheme, objectives: Objectives
) -> None:
    """The first counts the base without hepatitis C, the second an amount that the base does not hold."""
    first, second = "330000001", "330000002"
    counted = evaluated(
        *(
            {"contract_finess": finess, "subject": "phmev_annual", **amounts("9.00", current)}
            for finess, current in ((first, "12.00"), (second, "12.01"))
        )
    )
    known = [
        {"finess": one, "contract_finess": one, "name": one, "valid_from": "2010-01-01"} for one in (first, second)
    ]
    establishments = tables.ESTABLISHMENTS.conform(pd.DataFrame(known).astype({"valid_from": "datetime64[us]"}))
    store = store_of(evaluations=counted, establishments=establishments)
    narrow = {"previous": "9.00", "current": "12.00", "price": "-1.00", "volume": "2.00", "mix": "2.00"}
    whole = narrow | {"previous": "10.00", "current": "15.00", "volume": "4.00"}
    envelopes = pd.concat(
        tables.SAVINGS.conform(
            pd.DataFrame([row for finess in (first, second) for row in effects(finess, "phmev", **parts)]),
            year=2019,
            method="decomposed",
            perimeter=perimeter,
            status="computed",
        )
        for parts, perimeter in ((whole, "courant"), (narrow, "constant"))
    )
    campaign: Any = SimpleNamespace(all_envelopes=[SimpleNamespace(code="phmev")])
    steps = objective_steps(store, scheme, objectives)
    found = objective_effects(store, campaign, objectives, steps=steps, envelopes=envelopes)
    assert set(zip(found["indicator"], found["finess"], strict=True)) == {("phmev_annual", first)}
    assert found.set_index("component")["amount_eur"].to_dict() == {
        name: Decimal(amount) for name, amount in narrow.items()
    }
