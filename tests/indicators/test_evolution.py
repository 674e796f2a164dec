"""Evolution rates on tables small enough to check by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.indicators.evolution import (
    comparable_months,
    contributions,
    cumulative_evolution,
    sum_evolutions,
)
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year


def test_same_months_of_two_years_are_compared(tmp_path: Path) -> None:
    monthly = monthly_rows({(A, "phmev"): whole_year(2023) | whole_year(2024, "107.52")})
    store = store_of(tmp_path, monthly, establishments({"finess": A}))
    rows = cumulative_evolution(store, year=2024, month_nbs={7, 12})
    assert list(rows["month_nb"]) == [7, 12]
    assert list(rows["current_eur"]) == [Decimal("752.64"), Decimal("1290.24")]
    assert rows["evolution_pct"].tolist() == pytest.approx([7.52, 7.52])
    assert rows["missing_months"].isna().all()


def test_a_missing_month_leaves_both_years(tmp_path: Path) -> None:
    monthly = monthly_rows({(A, "phmev"): whole_year(2023, m02=None) | whole_year(2024, "110.00", m05=None)})
    row = cumulative_evolution(
        store_of(tmp_path, monthly, establishments({"finess": A})), year=2024, month_nbs={6}
    ).iloc[0]
    assert (row["current_eur"], row["previous_eur"]) == (Decimal("440.00"), Decimal("400.00"))
    assert row["evolution_pct"] == pytest.approx(10.0)
    assert (row["compared_months_nb"], row["missing_months"]) == (4, "2, 5")


def test_a_new_establishment_has_euros_but_no_rate(tmp_path: Path) -> None:
    monthly = monthly_rows({(A, "phmev"): whole_year(2023) | whole_year(2024), (B, "phmev"): whole_year(2024, "10.00")})
    store = store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B}))
    rows = cumulative_evolution(store, year=2024, month_nbs={12}).set_index("finess")
    assert rows.loc[B, "value_status"] == "not_applicable"
    assert rows["evolution_pct"].isna().tolist() == [False, True]
    region = sum_evolutions(rows.reset_index(), ["envelope", "month_nb"]).iloc[0]
    assert (region["evolution_pct"], region["perimeter_points"]) == pytest.approx((0.0, 10.0))
    assert (region["current_eur"], region["perimeter_eur"]) == (Decimal("1320.00"), Decimal("120.00"))


def test_contributions_add_up_to_the_regional_rate(tmp_path: Path) -> None:
    monthly = monthly_rows(
        {
            (A, "phmev"): whole_year(2023) | whole_year(2024, "120.00"),
            (B, "phmev"): whole_year(2023, "50.00") | whole_year(2024, "45.00"),
            (C, "phmev"): whole_year(2023, "850.00") | whole_year(2024, "850.00"),
        }
    )
    store = store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B}, {"finess": C}))
    rows = contributions(cumulative_evolution(store, year=2024, month_nbs={12}))
    assert list(rows["finess"]) == [A, C, B]
    assert rows["contribution_points"].tolist() == pytest.approx([2.0, 0.0, -0.5])
    assert rows["regional_share"].sum() == pytest.approx(1.0)


def test_only_the_wanted_establishments_are_computed(tmp_path: Path) -> None:
    monthly = monthly_rows({(f, "phmev"): whole_year(2023) | whole_year(2024) for f in (A, B)})
    store = store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B}))
    rows = cumulative_evolution(store, year=2024, month_nbs={12}, finess=[B])
    assert list(rows["finess"]) == [B]


def test_the_region_of_the_figures_is_the_sum_of_the_sheets(tmp_path: Path) -> None:
    monthly = monthly_rows(
        {
            (A, "phmev"): whole_year(2022) | whole_year(2023) | whole_year(2024, "120.00", m03=None),
            (B, "phmev"): whole_year(2022) | whole_year(2023, "50.00", m05=None) | whole_year(2024, "45.00"),
        }
    )
    store = store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B}))
    region = sum_evolutions(cumulative_evolution(store, year=2024, month_nbs={12}), ["envelope", "month_nb"])
    months = comparable_months(store, envelope="phmev", year=2024)
    by_year = months.groupby(months["month"].dt.year)["amount_eur"].sum()
    assert by_year[2024] == region["current_eur"].iloc[0] == Decimal("1815.00")
    assert by_year[2023] == region["previous_eur"].iloc[0] == Decimal("1650.00")
    assert by_year[2022] == Decimal("2200.00")  # without March of A and May of B, as in the two other years
    march = months[months["month"] == "2024-03-01"].iloc[0]
    assert (march["amount_eur"], march["left_out_nb"]) == (Decimal("45.00"), 1)


def test_a_correction_travels_to_the_sums_and_to_the_months_of_the_region(tmp_path: Path) -> None:
    monthly = monthly_rows({(f, "phmev"): whole_year(2023) | whole_year(2024) for f in (A, B)})
    monthly["is_corrected"] = (monthly["finess"] == A) & (monthly["month"] == "2024-02-01")
    store = store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B}))
    rows = cumulative_evolution(store, year=2024, month_nbs={1, 2})
    assert sum_evolutions(rows, ["month_nb"])["is_corrected"].tolist() == [False, True]
    months = comparable_months(store, envelope="phmev", year=2024).set_index("month")["is_corrected"]
    assert months[months].index.strftime("%Y-%m").tolist() == ["2024-02"]


def _with_an_opening(tmp_path: Path) -> Store:
    """A grows from 1 200 to 1 320; B opened in September 2023 and spends 50 a month, then 60."""
    opened = {f"2023-{m:02d}": "50.00" for m in range(9, 13)} | whole_year(2024, "60.00")
    monthly = monthly_rows({(A, "phmev"): whole_year(2023) | whole_year(2024, "110.00"), (B, "phmev"): opened})
    known = establishments({"finess": A}, {"finess": B, "department": "992", "valid_from": "2023-09-01"})
    return store_of(tmp_path, monthly, known)


def test_an_opening_is_said_beside_the_rate_of_its_region(tmp_path: Path) -> None:
    store = _with_an_opening(tmp_path)
    rows = cumulative_evolution(store, year=2024, month_nbs={7, 12})
    assert rows["is_perimeter_change"].tolist() == [False, False, True, True]
    months, year = sum_evolutions(rows, ["month_nb"]).to_dict("records")
    assert (months["evolution_pct"], year["evolution_pct"]) == pytest.approx((10.0, 10.0))
    assert (months["perimeter_eur"], year["perimeter_eur"]) == (Decimal("420.00"), Decimal("520.00"))
    assert months["perimeter_points"] == pytest.approx(60.0)  # 420 of 700
    assert year["perimeter_points"] == pytest.approx(100 * (2040 / 1400 - 1320 / 1200))
    assert (year["current_eur"], year["compared_eur"]) == (Decimal("2040.00"), Decimal("1320.00"))


def test_an_opening_has_a_perimeter_effect_and_no_rank(tmp_path: Path) -> None:
    rows = contributions(cumulative_evolution(_with_an_opening(tmp_path), year=2024, month_nbs={7})).set_index("finess")
    assert rows.loc[A, "rank"] == 1
    assert rows["contribution_points"].dropna().to_dict() == pytest.approx({A: 10.0})
    assert pd.isna(rows.loc[B, "rank"])
    assert rows["perimeter_points"].dropna().to_dict() == pytest.approx({B: 60.0})


def test_the_curve_of_a_region_has_the_perimeter_of_its_rate(tmp_path: Path) -> None:
    store = _with_an_opening(tmp_path)
    region = comparable_months(store, envelope="phmev", year=2024)
    assert region.groupby(region["month"].dt.year)["amount_eur"].sum().to_dict() == {2023: 1200, 2024: 1320, 2022: 0}
    alone = comparable_months(store, envelope="phmev", year=2024, by="department").query("group == '992'")
    assert alone.groupby(alone["month"].dt.year)["amount_eur"].sum()[2024] == Decimal("720.00")
