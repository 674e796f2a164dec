"""What each change of perimeter moves between two years, whatever the way in which they were received."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.chapters import Page, data_quality
from caqes_analysis.deliveries import difference, to_cumulative
from caqes_analysis.indicators.evolution import annual_evolution, cumulative_evolution
from caqes_analysis.indicators.perimeter_effects import annual_perimeter_changes, grouped_sites, perimeter_effects
from caqes_analysis.perimeter import APHP_ENTITY
from caqes_analysis.quality import perimeter_changes
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file
from tests.chapters.test_contract_level import ANNUAL

D = "990000004"
SITES = ("750000001", "750000002")
KNOWN = establishments(
    {"finess": A, "successor": B, "valid_to": "2023-12-31"},
    {"finess": B},
    {"finess": C, "valid_from": "2024-01-01"},
    {"finess": D},
)


def read(store: Store, *, is_annual: bool = False) -> pd.DataFrame:
    changes = annual_perimeter_changes(store, year=2024) if is_annual else perimeter_changes(store, year=2024)
    rows = annual_evolution(store, year=2024) if is_annual else cumulative_evolution(store, year=2024, month_nbs=[12])
    found = perimeter_effects(store, changes, rows, year=2024, month_nb=12, is_annual=is_annual)
    return found.set_index("finess")


def by_months(folder: Path) -> Store:
    """A (120 in 2023) merged into B (240, then 372); C opened (60); D is always there (600, then 660)."""
    series = {
        (A, "phmev"): whole_year(2023, "10.00"),
        (B, "phmev"): whole_year(2023, "20.00") | whole_year(2024, "31.00"),
        (C, "phmev"): whole_year(2024, "5.00"),
        (D, "phmev"): whole_year(2023, "50.00") | whole_year(2024, "55.00"),
    }
    return store_of(folder, monthly_rows(series), KNOWN, first="2023-01", last="2024-12")


def by_cumuls(folder: Path) -> Store:
    store = store_of(folder, monthly_rows({(D, "lpp"): whole_year(2023)}), KNOWN, first="2023-01", last="2024-12")
    amounts = {(A, 2023): 10, (B, 2023): 20, (B, 2024): 31, (C, 2024): 5, (D, 2023): 50, (D, 2024): 55}
    rows = [
        to_cumulative(monthly_rows({(who, "phmev"): {f"{year}-{m:02d}": str(m * eur)}}, delivery=f"{year}m{m}"))
        for (who, year), eur in amounts.items()
        for m in (6, 12)
    ]
    store.write(tables.CUMULATIVE_SPEND, difference(pd.concat(rows, ignore_index=True)), part="cumuls")
    span = {"first_month": pd.Timestamp(2023, 1, 1), "last_month": pd.Timestamp(2024, 12, 1)}
    store.write(tables.MONTHLY_GRID, perimeter.monthly_grid(store, **span), part="campagne")
    return store


def by_years(folder: Path) -> Store:
    store = Store(folder)
    amounts = {(A, 2023): 120, (B, 2023): 240, (B, 2024): 372, (C, 2024): 60, (D, 2023): 600, (D, 2024): 660}
    write_years(store, amounts)
    store.write(tables.ESTABLISHMENTS, KNOWN, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(KNOWN), part="essai")
    return store


def write_years(store: Store, amounts: dict[tuple[str, int], int]) -> None:
    rows = [
        {"finess": who, "year": year, "source": "essai", "source_line": line, "reimbursed_eur": Decimal(eur)}
        for line, ((who, year), eur) in enumerate(amounts.items())
    ]
    frame = pd.DataFrame(rows)
    rest = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.ANNUAL_DRUG_SPEND, tables.ANNUAL_DRUG_SPEND.conform(frame, **rest), part="essai")


@pytest.mark.parametrize("how", [by_months, by_cumuls, by_years])
def test_a_change_says_what_it_moves(how: object, tmp_path: Path) -> None:
    found = read(how(tmp_path), is_annual=how is by_years)  # type: ignore[operator]
    assert found["kind"].to_dict() == {A: "merger", C: "opening"}
    assert found["amount_eur"].to_dict() == {A: Decimal("120.00"), C: Decimal("60.00")}
    assert found["effect_eur"].to_dict() == {A: Decimal("-120.00"), C: Decimal("60.00")}
    # B alone grows by 55 %; with A, by 3.33 %. The region grows by 7.5 % (1032 against 960); with C, by 13.75 %.
    assert found["without_pct"].round(2).to_dict() == {A: 55.0, C: 7.5}
    assert found["with_pct"].round(2).to_dict() == {A: 3.33, C: 13.75}


def test_who_enters_or_leaves_a_base_without_a_date_is_listed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    known = establishments({"finess": A}, {"finess": B}, {"finess": D})
    write_years(store, {(A, 2023): 100, (B, 2024): 50, (D, 2023): 600, (D, 2024): 660})
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    found = read(store, is_annual=True)
    assert found["kind"].to_dict() == {A: "left", B: "entered"}
    assert found["since"].isna().all()
    assert found["effect_eur"].to_dict() == {A: Decimal("-100.00"), B: Decimal("50.00")}


@pytest.mark.parametrize("is_annual", [True, False])
def test_the_sites_of_aphp_are_one_line(tmp_path: Path, is_annual: bool) -> None:
    known = perimeter.with_contract_entity(
        establishments(*({"finess": site, "finess_ej": APHP_ENTITY} for site in SITES), {"finess": D})
    )
    months = {(site, "phmev"): whole_year(2023, "10.00") | whole_year(2024, "11.00") for site in SITES}
    store = store_of(tmp_path, monthly_rows(months), known, first="2023-01", last="2024-12")
    write_years(store, {(site, year): 120 + 12 * (year - 2023) for site in SITES for year in (2023, 2024)})
    row = grouped_sites(store, year=2024, is_annual=is_annual).iloc[0]
    assert (row["kind"], row["sites_nb"], row["amount_eur"]) == ("grouping", 2, Decimal("264.00"))
    assert not (read(store, is_annual=is_annual)["kind"] == "grouping").any()
    rows = annual_evolution(store, year=2024) if is_annual else cumulative_evolution(store, year=2024, month_nbs=[12])
    frame = grouped_sites(store, year=2024, is_annual=is_annual)
    found = perimeter_effects(store, frame, rows, year=2024, month_nb=12, is_annual=is_annual).iloc[0]
    assert round(found["with_pct"], 2) == 10.0
    assert pd.isna(found["effect_eur"])


def test_the_page_prints_both_rates(tmp_path: Path) -> None:
    store = by_months(tmp_path / "store")
    rows = cumulative_evolution(store, year=2024, month_nbs=[10])
    store.write(tables.EVOLUTIONS, rows, part="campagne")
    text = MONTHLY.replace('"2024-09"', '"2024-12"')
    table = data_quality.perimeter_table(Page(campaign_file(tmp_path, text), store))
    labels = [column.label for column in table.columns]
    merged = dict(zip(labels, (cell.text for cell in table.rows[0]), strict=True))
    assert merged["Évolution de"] == "repreneur"
    assert [merged[name] for name in labels[-2:]] == ["+55,0", "+3,3"]


def test_an_annual_campaign_lists_them_too(tmp_path: Path) -> None:
    store = by_years(tmp_path / "store")
    store.write(tables.EVOLUTIONS, annual_evolution(store, year=2024), part="campagne")
    table = data_quality.perimeter_table(Page(campaign_file(tmp_path, ANNUAL), store))
    labels = [column.label for column in table.columns]
    first, second = (dict(zip(labels, (cell.text for cell in row), strict=True)) for row in table.rows)
    assert [first[name] for name in ("Changement", "Depuis le", "Sans", "Avec")] == [
        "fusion", "01/01/2024", "+55,0", "+3,3",
    ]  # fmt: skip
    assert [second[name] for name in ("Changement", "Évolution de", "Sans")] == ["ouverture", "région", "+7,5"]
    said = " ".join(table.notes)
    assert "Effet d'une ouverture : ce que l'établissement ajoute à la dépense de PHMEV de la région en 2024" in said
    assert "moins ce qu'il y ajoutait en 2023" in said
    assert "elle est passée au repreneur, celle de la région n'en change pas" in said, "a merger saves nothing"
