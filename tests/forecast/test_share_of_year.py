"""The share-of-year projection, by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.forecast.share_of_year import METHOD, project_share_of_year
from tests.builders import A, establishments, monthly_rows, store_of, whole_year


def projection_of(folder: Path, months: dict[str, str | None], month_nb: int) -> pd.Series:
    store = store_of(folder, monthly_rows({(A, "phmev"): months}), establishments({"finess": A}))
    return project_share_of_year(store, year=2024, month_nb=month_nb).iloc[0]


def first_months(year: int, amount: str, months_nb: int) -> dict[str, str | None]:
    return {f"{year}-{m:02d}": amount for m in range(1, months_nb + 1)}


def test_observed_months_are_divided_by_the_mean_share_of_the_years_before(tmp_path: Path) -> None:
    # By June 2022 spent 600 of 1200 (one half), 2023 600 of 1500 (two fifths): mean share 0.45.
    history = whole_year(2022) | whole_year(2023, "100.00", **{f"m{m:02d}": "150.00" for m in range(7, 13)})
    row = projection_of(tmp_path, history | first_months(2024, "90.00", 6), 6)
    assert row["observed_eur"] == Decimal("540.00")
    assert row["median_eur"] == Decimal("1200.00")
    assert row["expected_eur"] == row["median_eur"]
    assert row["previous_eur"] == Decimal("1500.00")
    assert row["evolution_pct"] == pytest.approx(-20.0)
    assert row["method"] == METHOD
    assert pd.isna(row["lower_80_eur"])
    assert pd.isna(row["prob_exceed"])


@pytest.mark.parametrize(
    ("months", "reason"),
    [
        (whole_year(2022) | whole_year(2023) | first_months(2024, "1.00", 6) | {"2024-03": None}, "un mois de l'année"),
        (first_months(2023, "1.00", 3) | first_months(2024, "1.00", 6), "aucune année antérieure complète"),
        (first_months(2024, "1.00", 6), "aucune année antérieure complète"),
    ],
)
def test_what_cannot_be_estimated_says_why(tmp_path: Path, months: dict[str, str | None], reason: str) -> None:
    row = projection_of(tmp_path, months, 6)
    assert pd.isna(row["median_eur"])
    assert row["reason"].startswith("non estimable")
    assert reason in row["reason"]


def test_an_incomplete_previous_year_gives_euros_without_a_rate(tmp_path: Path) -> None:
    row = projection_of(tmp_path, whole_year(2022) | whole_year(2023, m09=None) | first_months(2024, "100.00", 6), 6)
    assert row["median_eur"] == Decimal("1200.00")
    assert pd.isna(row["evolution_pct"])
    assert "pas de taux" in row["reason"]
