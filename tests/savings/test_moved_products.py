"""The products that moved most: exact, ranked, the region being the sum of its establishments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.savings.changes import PAIR_COLUMNS
from caqes_analysis.savings.decomposition import decompose
from caqes_analysis.savings.estimate import REGION
from caqes_analysis.savings.moved_products import moved_products
from tests.builders import A, B

EFFECTS = ["price", "volume", "mix", "rate", "entries", "exits", "perimeter", "masked"]


def pair(finess: str, code: str, previous: int, current: int, **more: Any) -> dict[str, Any]:
    amounts = {f"{when}_{what}": cents for when, cents in (("previous", previous), ("current", current))
               for what in ("base_cents", "cents", "milli_nb")}  # fmt: skip
    named = {"label": f"Boîte {code}", "atc": f"A{code[:1]}", "atc_label": f"MOLÉCULE {code[:1]}"}
    return {"finess": finess, "code": code, **named, "nature": "product", "scope": "both", **amounts, **more}


def found(*pairs: dict[str, Any], is_by_molecule: bool = True) -> pd.DataFrame:
    rows = pd.DataFrame(pairs, columns=list(PAIR_COLUMNS))
    moved = moved_products(rows, indicator="phmev", year=2024, is_by_molecule=is_by_molecule)
    tables.SAVING_PRODUCTS.validate(moved)
    return moved


def test_the_largest_moves_come_first_whatever_their_sign() -> None:
    rows = found(
        pair(A, "11", 10_000, 20_000),
        pair(A, "12", 10_000, 30_000),  # the same molecule: +300 € in all
        pair(A, "21", 90_000, 10_000),
        pair(A, "31", 5_000, 5_099),  # under 1 €
        pair(B, "11", 20_000, 10_000),
    )
    own = rows[rows["series"] == A]
    assert own[["rank", "code", "label"]].to_numpy().tolist() == [[1, "A2", "MOLÉCULE 2"], [2, "A1", "MOLÉCULE 1"]]
    assert (own["current_eur"] - own["previous_eur"]).tolist() == [Decimal("-800.00"), Decimal("300.00")]
    region = rows[rows["series"] == REGION].set_index("code")
    assert (region["previous_eur"]["A1"], region["current_eur"]["A1"]) == (Decimal("400.00"), Decimal("600.00"))


def test_codes_are_told_one_by_one_where_no_molecule_is_known() -> None:
    rows = found(pair(A, "11", 100, 900), pair(A, "12", 900, 100, label=None), is_by_molecule=False)
    own = rows[rows["series"] == A]
    assert own["code"].tolist() == ["11", "12"], "the same size: in order of their codes"
    assert own["label"].tolist() == ["Boîte 11", ""]


def test_fees_and_hidden_classes_are_no_product_and_a_masked_line_is_one_of_its_class() -> None:
    rows = found(
        pair(A, "11", 100, 200, nature="masked"),
        pair(A, "99", 100, 90_000, nature="masked", atc="999"),
        pair(A, "honoraires", 100, 90_000, nature="fees"),
    )
    own = rows[rows["series"] == A]
    assert own["code"].tolist() == ["A1"]
    assert own["masked_eur"].tolist() == [Decimal("1.00")]


def test_ten_are_kept_and_of_nothing_there_is_none() -> None:
    rows = found(*(pair(A, f"{n:02}", 0, 100 * n, atc=f"M{n:02}", atc_label="m") for n in range(1, 14)))
    own = rows[rows["series"] == A]
    assert own["code"].tolist() == [f"M{n:02}" for n in range(13, 3, -1)]
    assert found().empty


PAIRS = st.lists(
    st.tuples(
        st.sampled_from([A, B]),
        st.sampled_from(["11", "12", "21"]),
        st.integers(0, 10**7),
        st.integers(0, 10**7),
        st.sampled_from(["both", "entry", "exit", "perimeter"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one[:2],
)


@given(PAIRS)
def test_effects_are_those_of_the_decomposition_and_add_up(lines: list[tuple[str, str, int, int, str]]) -> None:
    pairs = [pair(*line[:4], scope=line[4]) for line in lines]
    rows = found(*pairs)
    whole = [rows[f"{name}_eur"] for name in EFFECTS]
    assert (rows["previous_eur"] + sum(whole) == rows["current_eur"]).all()
    for owner, by in ((rows["series"] != REGION, ["finess", "atc"]), (rows["series"] == REGION, ["atc"])):
        known = decompose(pd.DataFrame(pairs), by=by, volume_by=("finess", "atc")).set_index(by)
        for row in rows[owner].to_dict("records"):
            expected = known.loc[(row["series"], row["code"]) if len(by) > 1 else row["code"]]
            assert [row[f"{name}_eur"] for name in EFFECTS] == [expected[f"{name}_eur"] for name in EFFECTS]
