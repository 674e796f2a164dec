"""Mergers and gaps: a month says whether it was received, is missing, or had no reason to exist."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import perimeter, tables
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year


def grid_of(store: Store) -> dict[tuple[str, str], tuple[Decimal | None, str]]:
    grid = store.read(tables.MONTHLY_GRID)
    return {
        (finess, f"{month:%Y-%m}"): (None if pd.isna(amount) else amount, status)
        for finess, month, amount, status in zip(
            grid["finess"], grid["month"], grid["amount_eur"], grid["value_status"], strict=True
        )
    }


def test_a_chain_of_mergers_is_followed_to_its_end() -> None:
    known = establishments(
        {"finess": A, "successor": B, "valid_to": "2022-12-31"},
        {"finess": B, "successor": C, "valid_to": "2023-12-31"},
        {"finess": C},
    )
    found = perimeter.successions(known)
    assert list(zip(found["finess"], found["current_finess"], strict=True)) == [(A, C), (B, C)]
    assert list(found["since"].dt.strftime("%Y-%m-%d")) == ["2023-01-01", "2024-01-01"]


def test_merged_establishments_are_one_from_the_beginning(tmp_path: Path) -> None:
    monthly = monthly_rows(
        {
            (A, "phmev"): whole_year(2022, "10.00"),
            (B, "phmev"): whole_year(2022, "100.00") | whole_year(2023, "111.00"),
        }
    )
    known = establishments({"finess": A, "successor": B, "valid_to": "2022-12-31"}, {"finess": B})
    store = store_of(tmp_path, monthly, known, last="2023-12")
    grid = grid_of(store)
    assert {finess for finess, _ in grid} == {B}
    assert grid[B, "2022-05"] == (Decimal("110.00"), "reported")
    assert grid[B, "2023-05"] == (Decimal("111.00"), "reported")
    assert list(perimeter.current_establishments(store)["finess"]) == [B]


def test_the_sites_of_aphp_are_followed_as_the_entity_that_signs_for_them(tmp_path: Path) -> None:
    entity = perimeter.APHP_ENTITY
    sites = {"finess_ej": entity, "contract_finess": entity}
    described = establishments({"finess": A, **sites}, {"finess": B, **sites}, {"finess": C})
    known = perimeter.with_contract_entity(described)
    assert perimeter.with_contract_entity(known) is known
    found = perimeter.successions(known)
    assert list(zip(found["finess"], found["current_finess"], strict=True)) == [(A, entity), (B, entity)]
    assert found["since"].isna().all()
    months = {(A, "phmev"): {"2022-01": "10.00", "2022-02": "11.00"}, (B, "phmev"): {"2022-01": "1.00"}}
    store = store_of(tmp_path, monthly_rows(months), known, last="2022-02")
    grid = grid_of(store)
    assert {finess for finess, _ in grid} == {entity}
    assert grid[entity, "2022-01"] == (Decimal("11.00"), "reported")
    assert grid[entity, "2022-02"] == (None, "missing"), "a site that is late is missing, it has not closed"
    current = perimeter.current_establishments(store)
    assert set(current["finess"]) == {entity, C}
    assert "AP-HP" in current.set_index("finess").loc[entity, "name"]


def test_a_site_that_closed_into_another_site_of_aphp_is_counted_in_the_entity() -> None:
    entity = perimeter.APHP_ENTITY
    sites = {"finess_ej": entity, "contract_finess": entity}
    closed = {"finess": A, "successor": B, "valid_to": "2022-12-31", **sites}
    found = perimeter.successions(perimeter.with_contract_entity(establishments(closed, {"finess": B, **sites})))
    rows = found.set_index("finess")
    assert list(rows["current_finess"]) == [entity, entity]
    assert (rows.loc[A, "since"], rows.loc[B, "since"] is pd.NaT) == (pd.Timestamp(2023, 1, 1), True)


def test_gap_zero_and_not_yet_open_are_three_things(tmp_path: Path) -> None:
    months = {"2022-03": "5.00", "2022-04": "0.00", "2022-05": None, "2022-07": "8.00"}
    store = store_of(tmp_path, monthly_rows({(A, "lpp"): months}), establishments({"finess": A}), last="2022-08")
    grid = grid_of(store)
    assert grid[A, "2022-02"] == (None, "not_applicable")
    assert grid[A, "2022-03"] == (Decimal("5.00"), "reported")
    assert grid[A, "2022-04"] == (Decimal("0.00"), "zero")
    assert grid[A, "2022-05"] == (None, "missing")  # received empty
    assert grid[A, "2022-06"] == (None, "missing")  # never received
    assert grid[A, "2022-08"] == (None, "missing")  # late


def test_half_of_a_merged_month_is_a_missing_month(tmp_path: Path) -> None:
    monthly = monthly_rows(
        {(A, "phmev"): whole_year(2022, "10.00", m06=None), (B, "phmev"): whole_year(2022, "100.00")}
    )
    known = establishments({"finess": A, "successor": B, "valid_to": "2022-12-31"}, {"finess": B})
    grid = grid_of(store_of(tmp_path, monthly, known, last="2022-12"))
    assert grid[B, "2022-06"] == (None, "missing")
    assert grid[B, "2022-07"] == (Decimal("110.00"), "reported")


def test_an_establishment_was_there_since_the_first_day_of_those_that_it_took_over(tmp_path: Path) -> None:
    """B, since 2020, closed into the new FINESS C in July 2024; A has another name since March 2024."""
    known = establishments(
        {"finess": A, "valid_from": "2019-01-15", "valid_to": "2024-02-29"},
        {"finess": A, "valid_from": "2024-03-01"},
        {"finess": B, "valid_from": "2020-09-01", "valid_to": "2024-06-30", "successor": C},
        {"finess": C, "valid_from": "2024-07-01"},
    )
    store = store_of(tmp_path, monthly_rows({(A, "phmev"): whole_year(2024)}), known)
    lives = perimeter.lifetimes(store)
    assert lives["first_day"].dt.date.astype(str).to_dict() == {A: "2019-01-15", C: "2020-09-01"}
    assert lives["part_year"].fillna(0).to_dict() == {A: 0, C: 2020}  # who opened in January has its year whole
    assert set(lives["last_day"].dt.year) == {9999}
    kept = tables.LIFETIMES.conform(store.query(perimeter.LIFETIMES))
    store.write(tables.LIFETIMES, kept, part="campagne")
    pd.testing.assert_frame_equal(perimeter.lifetimes(store), lives)


def test_the_latest_description_is_that_in_force_whatever_the_order_of_the_files() -> None:
    known = establishments(
        {"finess": A, "name": "CH de demain", "valid_from": "2024-01-01"},
        {"finess": A, "name": "CH d'hier"},
        {"finess": B, "name": "CH repris"},
    )
    latest = perimeter.latest_descriptions(known).set_index("finess")["name"]
    assert latest.to_dict() == {A: "CH de demain", B: "CH repris"}
