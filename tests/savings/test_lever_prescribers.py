"""Who prescribed: parts by boxes to the cent, few boxes named to nobody."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.savings.lever_prescribers import OTHERS, lever_prescribers, listed_establishments
from caqes_analysis.store import Store
from tests.savings.test_levers import PEERS, line, store_with

CODE = "3400000000001"
STATE = {"value_status": "reported", "is_provisional": False, "is_corrected": False}


def list_of(folder: Path, *lines: tuple[str, str, str, int, str]) -> Store:
    store = store_with(folder, [line(PEERS[0], "C", 60, "50.00")])
    rows = pd.DataFrame(lines, columns=["prescriber", "prescriber_kind", "prescriber_label", "boxes_nb", "eur"])
    rows["reimbursed_eur"] = [Decimal(text) for text in rows.pop("eur")]
    rows["boxes_nb"] = [Decimal(nb) for nb in rows["boxes_nb"]]
    listed = tables.PRESCRIBER_SPEND.conform(rows, finess=PEERS[0], year=2023, code=CODE, delivery="am", **STATE)
    store.write(tables.PRESCRIBER_SPEND, listed, part="am")
    return store


def details(*, saving: str = "100.00", units: float = 60.0, spent: str = "3000.00") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "finess": [PEERS[0]],
            "lever": ["biosimilars"],
            "product_group": ["L04AB04"],
            "label": ["Adalimumab"],
            "code": [CODE],
            "product_label": ["HUMIRA"],
            "units_nb": [units],
            "spent_eur": [Decimal(spent)],
            "saving_eur": [Decimal(saving)],
        }
    )


def test_the_saving_is_shared_by_boxes_to_the_cent(tmp_path: Path) -> None:
    store = list_of(
        tmp_path,
        ("10000000008", "rpps", "Rhumatologie", 20, "1000.00"),
        ("10000000016", "rpps", "Gériatrie", 11, "550.00"),
        ("10000000024", "rpps", "Urgences", 10, "500.00"),
    )
    found = lever_prescribers(store, details(), year=2023)
    # 60 boxes: 20, 11, and 29 of the others (10 of one who is not named, 19 of nobody). 20/60, 11/60, 29/60 of 100 €.
    assert found[["prescriber", "units_nb", "spent_eur", "saving_eur"]].to_numpy().tolist() == [
        [OTHERS, Decimal(29), Decimal("1450.00"), Decimal("48.33")],
        ["10000000008", Decimal(20), Decimal("1000.00"), Decimal("33.34")],
        ["10000000016", Decimal(11), Decimal("550.00"), Decimal("18.33")],
    ]
    assert sum(found["saving_eur"]) == Decimal("100.00")
    assert "10000000024" not in found.to_string()


def test_services_are_shared_apart_from_prescribers(tmp_path: Path) -> None:
    store = list_of(tmp_path, ("10000000008", "rpps", "", 60, "3000.00"), ("UF1", "service", "", 60, "3000.00"))
    found = lever_prescribers(store, details(), year=2023)
    assert found[["prescriber_kind", "saving_eur"]].to_numpy().tolist() == [
        ["rpps", Decimal("100.00")],
        ["service", Decimal("100.00")],
    ]


def test_where_nobody_can_be_named_nothing_is_listed(tmp_path: Path) -> None:
    store = list_of(tmp_path, ("10000000008", "rpps", "", 10, "500.00"))
    assert lever_prescribers(store, details(), year=2023).empty
    assert lever_prescribers(store, details(saving="0.00"), year=2023).empty
    assert lever_prescribers(store, details(), year=2022).empty, "another year than that of the levers"
    assert listed_establishments(store, year=2023) == [PEERS[0]]
    assert listed_establishments(store, year=2022) == []


def test_without_a_list_there_is_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert lever_prescribers(store, details(), year=2023).empty
    assert listed_establishments(store, year=2023) == []
