"""Lists of prescribers against what is known of their establishments."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.quality.prescriber_controls import check_prescribers
from caqes_analysis.store import Store
from tests.savings.test_levers import LABELS, PEERS, line, store_with

CODE = "3400000000001"
STATE = {"value_status": "reported", "is_provisional": False, "is_corrected": False}


def told(folder: Path, *lines: tuple[str, str, str, int, str]) -> list[tuple[str, str, int]]:
    """Ten boxes of one product at 50 € in the establishment, half of it reimbursed, and a list of prescribers."""
    store = store_with(folder, [line(PEERS[0], "C", 10, "50.00", cip13=CODE, product_label=LABELS["C"])])
    rows = pd.DataFrame(lines, columns=["finess", "prescriber", "prescriber_kind", "boxes_nb", "reimbursed_eur"])
    rows["reimbursed_eur"] = [Decimal(text) for text in rows["reimbursed_eur"]]
    rows["boxes_nb"] = [Decimal(nb) for nb in rows["boxes_nb"]]
    list_ = tables.PRESCRIBER_SPEND.conform(rows, year=2023, code=CODE, delivery="am", **STATE)
    store.write(tables.PRESCRIBER_SPEND, list_, part="am")
    return [(one.code, one.example, one.count) for one in check_prescribers(store)]


def test_equal_to_the_total_is_no_finding(tmp_path: Path) -> None:
    assert told(tmp_path, (PEERS[0], "10000000008", "rpps", 4, "100"), (PEERS[0], "UF1", "service", 10, "250")) == []


def test_a_cent_above_the_total_is_told(tmp_path: Path) -> None:
    parts = (PEERS[0], "10000000008", "rpps", 4, "100"), (PEERS[0], "10000000016", "rpps", 6, "150.01")
    ((code, example, count),) = told(tmp_path, *parts)
    assert (code, count) == ("PRESCRIPTEURS_AU_DESSUS", 1)
    assert example.startswith(f"{CODE} : 250,01")
    assert "250,00" in example


def test_an_unknown_establishment_is_told(tmp_path: Path) -> None:
    found = told(tmp_path, ("990000099", "10000000008", "rpps", 4, "100"))
    assert ("PRESCRIPTEURS_ETABLISSEMENT_INCONNU", "990000099", 1) in found


def test_nothing_received_nothing_told(tmp_path: Path) -> None:
    assert check_prescribers(Store(tmp_path)) == []
