"""A yearly base against its months as a whole, and the price of its boxes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.identifiers import CIP13_HEAD, long_code
from caqes_analysis.quality.annual_controls import check_annual
from caqes_analysis.store import Store
from tests.builders import establishments, monthly_rows

HOSPITALS = [f"99000000{rank}" for rank in range(1, 7)]
PRICES = {long_code(CIP13_HEAD, f"30000{rank:02d}"): Decimal(10 + rank) for rank in range(24)}


def told(
    folder: Path, *, months: str = "1", boxes: dict[str, int] | None = None, years: tuple[int, ...] = (2023,)
) -> list[tuple[str, str, str]]:
    """Six hospitals, 24 products, a hundred boxes of each; the months are so many times the base."""
    store, known = Store(folder), establishments(*({"finess": finess} for finess in HOSPITALS))
    lines = [
        (year, finess, cip13, (boxes or {}).get(finess, 100) if year == 2023 else 100, 100 * price)
        for year in years
        for finess in HOSPITALS
        for cip13, price in PRICES.items()
    ]
    rows = pd.DataFrame(lines, columns=["year", "finess", "cip13", "boxes_nb", "base_eur"])
    rows = rows.assign(reimbursed_eur=rows["base_eur"], source_line=range(2, len(rows) + 2))
    annual = tables.ANNUAL_DRUG_SPEND.conform(
        rows, source="base", value_status="reported", is_provisional=False, is_corrected=False, generic_status="0"
    )
    month = (sum(PRICES.values()) * 100 * Decimal(months) / 12).quantize(Decimal("0.01"))
    series = {(finess, "phmev"): {f"2023-{rank:02d}": str(month) for rank in range(1, 13)} for finess in HOSPITALS}
    store.write(tables.ANNUAL_DRUG_SPEND, annual, part="base")
    store.write(tables.MONTHLY_SPEND, monthly_rows(series), part="mois")
    store.write(tables.ESTABLISHMENTS, known, part="campagne")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    return [(one.code, one.place, one.severity) for one in check_annual(store)]


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ("1", []),
        ("1.05", []),
        ("0.5", [("ECART_ANNUEL_REGIONAL", "Open PHMEV, 2023", "error")]),  # the file is there twice
        ("1.5", [("ECART_ANNUEL_REGIONAL", "Open PHMEV, 2023", "error")]),  # a third of it was lost
        ("1000", [("ECART_ANNUEL_REGIONAL", "Open PHMEV, 2023", "error")]),
    ],
)
def test_a_base_far_from_all_its_months_is_told(
    months: str, expected: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    assert told(tmp_path, months=months) == expected


def test_doses_counted_for_boxes_are_told(tmp_path: Path) -> None:
    assert told(tmp_path, boxes={HOSPITALS[0]: 2800}) == [
        ("PRIX_PAR_BOITE_ATYPIQUE", f"{HOSPITALS[0]}, Open PHMEV, 2023", "warning")
    ]
    assert told(tmp_path / "slightly", boxes={HOSPITALS[0]: 200}) == []


def test_doses_counted_for_boxes_in_a_whole_base_are_told_by_the_other_year(tmp_path: Path) -> None:
    everywhere = dict.fromkeys(HOSPITALS, 1000)
    assert told(tmp_path / "alone", boxes=everywhere) == []
    assert told(tmp_path, boxes=everywhere, years=(2022, 2023)) == [
        ("PRIX_PAR_BOITE_ATYPIQUE", "tous les établissements, Open PHMEV, 2023", "error")
    ]
