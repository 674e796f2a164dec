"""Structure and evolution from yearly drug files, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.indicators.evolution import annual_evolution
from caqes_analysis.indicators.structure import (
    FEES_LABEL,
    MASKED_LABEL,
    annual_levels,
    annual_years,
    drug_classes,
    establishment_classes,
)
from caqes_analysis.store import Store
from tests.builders import A, B, establishments

Line = tuple[int, str, str, str, str, str]


def store_with(directory: Path, lines: Sequence[Line], known: pd.DataFrame) -> Store:
    """A store of yearly lines ``(year, finess, cip13, atc1, atc2, amount)``."""
    store = Store(directory)
    frame = pd.DataFrame(lines, columns=["year", "finess", "cip13", "atc1", "atc2", "reimbursed_eur"])
    for year, rows in frame.groupby("year"):
        amounts = rows["reimbursed_eur"].map(Decimal)
        typed = rows.assign(
            reimbursed_eur=amounts,
            base_eur=amounts * 2,
            boxes_nb=1,
            atc2_label=rows["atc2"].map({"A02": "Antiacides", "B01": "Antithrombotiques"}),
            source=f"base-{year}",
            source_line=range(2, len(rows) + 2),
        )
        table = tables.ANNUAL_DRUG_SPEND.conform(
            typed, value_status="reported", is_provisional=False, is_corrected=False
        )
        store.write(tables.ANNUAL_DRUG_SPEND, table, part=f"base-{year}")
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    return store


@pytest.fixture
def two_years(tmp_path: Path) -> Store:
    """Two establishments; A was taken over by B between the two years."""
    lines: list[Line] = [
        (2023, A, "3400000000001", "A", "A02", "100.00"),
        (2023, B, "3400000000001", "A", "A02", "300.00"),
        (2023, B, "3400000000002", "B", "B01", "50.00"),
        (2024, B, "3400000000001", "A", "A02", "420.00"),
        (2024, B, "9999999999999", "9", "999", "30.00"),
        (2024, B, "3400000000009", "0", "0", "22.50"),
    ]
    known = establishments({"finess": A, "successor": B, "valid_to": "2023-12-31"}, {"finess": B})
    return store_with(tmp_path, lines, known)


def test_two_yearly_files_give_the_evolution_of_one_perimeter(two_years: Store) -> None:
    assert annual_years(two_years) == [2023, 2024]
    row = annual_evolution(two_years, year=2024)
    assert row["finess"].tolist() == [B]
    assert (row["current_eur"].iloc[0], row["previous_eur"].iloc[0]) == (Decimal("472.50"), Decimal("450.00"))
    assert row["evolution_pct"].iloc[0] == pytest.approx(5.0)
    assert row["value_status"].iloc[0] == "reported"


def test_one_yearly_file_gives_levels_only(two_years: Store) -> None:
    row = annual_evolution(two_years, year=2023).set_index("finess")
    assert row["value_status"].unique().tolist() == ["not_applicable"]
    assert row["evolution_pct"].isna().all()
    assert drug_classes(two_years, year=2023)["previous_eur"].isna().all()


def test_masked_lines_and_fees_are_classes_of_their_own(two_years: Store) -> None:
    classes = drug_classes(two_years, year=2024)
    assert list(zip(classes["label"], classes["amount_eur"], strict=True)) == [
        ("Antiacides", Decimal("420.00")),
        (MASKED_LABEL, Decimal("30.00")),
        (FEES_LABEL, Decimal("22.50")),
        ("Antithrombotiques", Decimal("0.00")),
    ]
    assert classes["amount_eur"].sum() == annual_levels(two_years, year=2024)["reimbursed_eur"].sum()
    assert classes.set_index("label").loc["Antiacides", "previous_eur"] == Decimal("400.00")


def test_levels_tell_what_is_masked(two_years: Store) -> None:
    row = annual_levels(two_years, year=2024).iloc[0]
    assert (row["masked_eur"], row["base_eur"], row["boxes_nb"]) == (Decimal("30.00"), Decimal("945.00"), 3)


def test_the_classes_of_one_establishment_hold_its_predecessors(two_years: Store) -> None:
    classes = establishment_classes(two_years)
    tables.ANNUAL_DRUG_CLASSES.validate(classes)
    assert set(classes["finess"]) == {B}
    region = drug_classes(two_years, year=2024)
    assert classes[region.columns].equals(region), "alone, it is the region"
    assert classes["previous_eur"].sum() == Decimal("450.00")
    states = dict(zip(classes["label"], classes["value_status"], strict=True))
    assert (states["Antiacides"], states["Antithrombotiques"]) == ("reported", "zero")


def test_without_a_base_there_are_no_classes(tmp_path: Path) -> None:
    assert establishment_classes(Store(tmp_path)).empty


def test_the_classes_of_establishments_make_those_of_the_region(tmp_path: Path) -> None:
    lines: list[Line] = [
        (2024, A, "3400000000001", "A", "A02", "1.10"),
        (2024, B, "3400000000001", "A", "A02", "2.20"),
        (2024, B, "3400000000002", "B", "B01", "0.05"),
    ]
    store = store_with(tmp_path, lines, establishments({"finess": A}, {"finess": B}))
    classes, region = establishment_classes(store), drug_classes(store, year=2024).set_index("code")
    for name in ("amount_eur", "base_eur", "boxes_nb"):
        assert classes.groupby("code")[name].sum().to_dict() == region[name].to_dict()
    assert classes["previous_eur"].isna().all()
