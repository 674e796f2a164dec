"""What a delivery changed, value by value: the largest on the page, all in the annexes, small counts masked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from caqes_analysis import deliveries, tables
from caqes_analysis.chapters import Page, data_quality, restated
from caqes_analysis.chapters.restated import restated_details, restated_values
from caqes_analysis.display import Table
from caqes_analysis.export.annexes import write_annexes
from caqes_analysis.settlement import settle
from caqes_analysis.store import Store
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file


def page_of(folder: Path, changes: int, *counts: tuple[str, int | None, int | None]) -> Page:
    """Two deliveries of PHMEV, of which that many months differ by 1, 2, 3… €; and restated counts of stays."""
    months = {**whole_year(2022), **whole_year(2023), **{f"2024-{month:02d}": "100.00" for month in range(1, 10)}}
    names = sorted(months)
    old = {A: dict(months), B: dict(months)}
    for rank in range(1, changes + 1):
        finess = (A, B)[rank % 2]
        old[finess][names[-rank]] = f"{100 - rank}.00"
    store = store_of(
        folder,
        monthly_rows({(A, "phmev"): months, (B, "phmev"): months}, delivery="sept"),
        establishments({"finess": A, "name": "CH A"}, {"finess": B, "name": "CH B"}),
        last="2024-09",
    )
    store.part_path(tables.MONTHLY_SPEND, "essai").unlink()
    for name, series in (("sept", {A: months, B: months}), ("aout", old)):
        given = monthly_rows({(finess, "phmev"): own for finess, own in series.items()}, delivery=name)
        store.write(tables.MONTHLY_SPEND, given, part=name)
    listed = pd.DataFrame({"delivery": ["aout", "sept"], "as_of": pd.to_datetime(["2024-08-01", "2024-09-01"])})
    store.write(tables.DELIVERIES, tables.DELIVERIES.conform(listed, file="f.csv", sha256="0" * 64), part="essai")
    settle(store)
    if counts:
        rows = pd.DataFrame(
            [
                {
                    "item": item,
                    "old_nb": None if old is None else Decimal(old),
                    "new_nb": None if new is None else Decimal(new),
                }
                for item, old, new in counts
            ]
        )
        known = {"finess": A, "period": "2024-03", "source_table": "activity", "old_delivery": "aout"}
        store.write(tables.RESTATED_VALUES, tables.RESTATED_VALUES.conform(rows, delivery="sept", **known), part="a")
    return Page(campaign_file(folder, MONTHLY), store)


def texts(table: Table | None) -> list[list[str]]:
    assert table is not None
    return [[cell.text.replace("\u00a0", " ").replace("\u202f", " ") for cell in row] for row in table.rows]


def test_each_change_names_its_establishment_its_month_and_both_amounts(tmp_path: Path) -> None:
    page = page_of(tmp_path, 2)
    assert texts(restated.restated_amounts_table(page)) == [
        ["CH A", "PHMEV", "août 2024", "à fin août 2024", "98", "à fin septembre 2024", "100 (p)", "+2"],
        ["CH B", "PHMEV", "septembre 2024", "à fin août 2024", "99", "à fin septembre 2024", "100 (p)", "+1"],
    ]
    assert restated.restated_counts_table(page) is None
    folded = restated_details(page)
    assert folded is not None
    assert [texts(table) for table in folded.shown] == [texts(restated.restated_amounts_table(page))]


def test_the_page_lists_thirty_and_counts_the_others(tmp_path: Path) -> None:
    table = restated.restated_amounts_table(page_of(tmp_path, 33))
    assert table is not None
    assert len(table.rows) == 30
    assert texts(table)[0][-1] == "+33"
    assert table.notes[0].startswith("3 autres")


def test_a_page_asks_once_what_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(tmp_path, 2)
    asked: list[Store] = []
    restatements = deliveries.restatements

    def counted(store: Store) -> pd.DataFrame:
        asked.append(store)
        return restatements(store)

    monkeypatch.setattr(deliveries, "restatements", counted)
    assert restated.restated_amounts_table(page) is not None
    assert restated.restated_counts_table(page) is None
    assert isinstance(data_quality.restatements_table(page), Table)
    assert len(asked) == 1
    assert restated_values(Page(page.campaign, page.store)).equals(restated_values(page))
    assert len(asked) == 2, "another page asks anew"


def test_no_change_no_table(tmp_path: Path) -> None:
    page = page_of(tmp_path, 0)
    assert restated.restated_amounts_table(page) is None
    assert restated_details(page) is None


def test_a_count_of_few_stays_is_masked_with_its_difference(tmp_path: Path) -> None:
    page = page_of(
        tmp_path, 0, ("stays", 100, 107), ("sessions", 9, 40), ("declared_beds", 3, 5), ("trips_taxi", 50, None)
    )
    shown = {row[1]: row[4:5] + row[6:] for row in texts(restated.restated_counts_table(page))}
    assert shown["Séjours"] == ["100", "107", "+7"]
    assert shown["Séances"] == ["masqué", "40", "masqué"]
    assert shown["declared_beds"] == ["3", "5", "+2"]
    assert shown["Trajets en taxi conventionné"] == ["50", "manquant", "manquant"]
    # The order would tell between which others its difference is.
    assert restated_values(page)["subject"].iloc[-1] == "Séances"


def test_the_annexes_hold_them_all(tmp_path: Path) -> None:
    page = page_of(tmp_path, 33, ("sessions", 9, 40))
    write_annexes(page, tmp_path / "annexes.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "annexes.xlsx")["Valeurs modifiées"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(rows) == 34
    period = ("PHMEV", "janvier 2022", "à fin août 2024", "à fin septembre 2024")
    assert rows[0] == (B, "CH B", *period, 67, 100, 33, "€")
    assert rows[-1][6:] == ("masquée", 40, "masquée", "nombre")
