"""Mergers and openings, with what they weigh in reimbursed euros."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.deliveries import difference, to_cumulative
from caqes_analysis.quality import may_have_changed, perimeter_changes
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year


def test_effects_are_in_reimbursed_euros_never_mixed(tmp_path: Path) -> None:
    series = {
        (A, "phmev"): whole_year(2022, "10.00") | whole_year(2023, "10.00"),
        (B, "phmev"): whole_year(2022) | whole_year(2023) | whole_year(2024),
        (C, "phmev"): {"2024-03": "5.00", "2024-04": "7.00"},
    }
    bought = monthly_rows({(A, "extra_list_drugs"): whole_year(2023, "999.00")}).assign(amount_kind="purchase")
    known = establishments({"finess": A, "successor": B, "valid_to": "2023-12-31"}, {"finess": B}, {"finess": C})
    monthly = tables.MONTHLY_SPEND.conform(pd.concat([monthly_rows(series), bought]))
    rows = perimeter_changes(store_of(tmp_path, monthly, known), year=2024)
    assert rows[["finess", "kind", "amount_eur", "other_kinds_nb"]].values.tolist() == [
        [A, "merger", Decimal("120.00"), 1],
        [C, "opening", Decimal("12.00"), 0],
    ]
    assert rows["current_finess"].tolist()[0] == B


def test_what_two_envelopes_count_is_added_once(tmp_path: Path) -> None:
    """PERFADOM is a part of the LPP; of an establishment whose LPP was not received it is all that is known."""
    year = whole_year(2023, "10.00")
    series = {(B, "phmev"): whole_year(2022) | whole_year(2023), (A, "phmev"): year, (C, "perfadom"): year}
    series |= {(A, "lpp"): whole_year(2023, "4.00"), (A, "perfadom"): whole_year(2023, "3.00")}
    known = establishments(
        {"finess": A, "successor": B, "valid_to": "2023-12-31"},
        {"finess": B},
        {"finess": C, "successor": B, "valid_to": "2023-12-31"},
    )
    rows = perimeter_changes(store_of(tmp_path, monthly_rows(series), known, last="2023-12"), year=2024)
    amounts = rows[rows["kind"] == "merger"].set_index("finess")["amount_eur"].to_dict()
    assert amounts == {A: Decimal("168.00"), C: Decimal("120.00")}


def test_a_closure_without_successor_is_listed_with_what_it_takes_away(tmp_path: Path) -> None:
    series = {
        (A, "phmev"): whole_year(2022, "10.00") | {"2023-01": "11.00", "2023-02": "12.00"},
        (B, "phmev"): whole_year(2022) | whole_year(2023),
    }
    known = establishments({"finess": A, "valid_to": "2023-02-28"}, {"finess": B})
    rows = perimeter_changes(store_of(tmp_path, monthly_rows(series), known, last="2023-12"), year=2024)
    assert rows[["finess", "kind", "amount_eur"]].values.tolist() == [[A, "closure", Decimal("123.00")]]
    assert rows["since"].tolist() == [pd.Timestamp(2023, 3, 1)]


def test_a_part_is_left_out_only_of_the_months_in_which_the_whole_is_known(tmp_path: Path) -> None:
    """The LPP of January alone, then the LPP of another kind: PERFADOM is all that is known of the other months."""
    part, merged = whole_year(2023, "3.00"), {"successor": B, "valid_to": "2023-12-31"}
    series = {(B, "phmev"): whole_year(2022) | whole_year(2023), (A, "perfadom"): part, (C, "perfadom"): part}
    series |= {(A, "lpp"): {"2023-01": "4.00", "2023-02": None}, (C, "lpp"): whole_year(2023, "5.00")}
    monthly = monthly_rows(series)
    monthly.loc[(monthly["finess"] == C) & (monthly["envelope"] == "lpp"), "amount_kind"] = "base"
    known = establishments({"finess": A, **merged}, {"finess": B}, {"finess": C, **merged})
    rows = perimeter_changes(store_of(tmp_path, monthly, known, last="2023-12"), year=2024)
    rows = rows[rows["kind"] == "merger"].set_index("finess")
    assert rows["amount_eur"].to_dict() == {A: Decimal("37.00"), C: Decimal("36.00")}
    assert rows["other_kinds_nb"].to_dict() == {A: 0, C: 1}


def test_a_merger_that_makes_a_new_finess_is_no_opening_too(tmp_path: Path) -> None:
    """A closed into the new FINESS C in July 2024; B began in that month and nobody was there before."""
    months = whole_year(2024, "10.00")
    first, last = dict(list(months.items())[:6]), dict(list(months.items())[6:])
    series = {(A, "phmev"): whole_year(2023) | first, (B, "phmev"): last, (C, "phmev"): last}
    known = establishments({"finess": A, "valid_to": "2024-06-30", "successor": C}, {"finess": B}, {"finess": C})
    rows = perimeter_changes(store_of(tmp_path, monthly_rows(series), known), year=2024)
    assert sorted(zip(rows["finess"], rows["kind"], strict=True)) == [(A, "merger"), (B, "opening")]


def test_whoever_a_change_concerns_may_have_changed(tmp_path: Path) -> None:
    """A was taken over by B; C has no month before March 2024; D was there; E opened, and is known by cumuls alone."""
    both = whole_year(2023) | whole_year(2024)
    d, e = "990000004", "990000005"
    series = {(A, "phmev"): whole_year(2023), (B, "phmev"): both, (C, "phmev"): {"2024-03": "5.00"}, (d, "phmev"): both}
    known = establishments(
        {"finess": A, "valid_to": "2023-12-31", "successor": B}, {"finess": B}, {"finess": C}, {"finess": d},
        {"finess": e, "valid_from": "2024-02-01"},
    )  # fmt: skip
    store = store_of(tmp_path, monthly_rows(series), known, first="2023-01")
    cumul = to_cumulative(monthly_rows({(e, "phmev"): {"2024-06": "60.00"}}))
    store.write(tables.CUMULATIVE_SPEND, difference(cumul), part="cumuls")
    first = pd.Timestamp(2023, 1, 1)
    changes = perimeter_changes(store, year=2024, first_month=first)
    concerned = {
        *changes.loc[changes["kind"] == "merger", "current_finess"],
        *changes.loc[changes["kind"] == "opening", "finess"],
    }
    assert concerned == {B, C, e}
    assert {one for one in (A, B, C, d, e) if may_have_changed(store, one, first_month=first)} == concerned
