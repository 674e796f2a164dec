from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.simulation.open_phmev_file import HEADER, french_amounts
from tests.simulation.conftest import french, open_phmev_bytes, rows_of


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=30))
def test_amounts_read_back(cents: list[int]) -> None:
    texts = french_amounts(np.array(cents)).to_pylist()
    assert [french(text) * 100 for text in texts] == cents
    for text in texts:
        whole, _, decimals = text.lstrip("-").partition(",")
        assert len(decimals) == 2
        first, *groups = whole.split(".")
        assert 1 <= len(first) <= 3
        assert all(len(group) == 3 for group in groups)


@pytest.mark.parametrize("name", ["OPEN_PHMEV_2022.zip", "OPEN_PHMEV_2023.CSV"])
def test_the_layout_is_the_real_one(region_folder: Path, name: str) -> None:
    content = open_phmev_bytes(region_folder / name)
    head, _, body = content.partition(b"\r\n")
    assert head.decode("cp1252") == HEADER
    assert head.count(b";") == 30
    assert body.endswith(b"\r\n")
    assert body.count(b"\n") == body.count(b"\r\n")
    rows = rows_of(content, "cp1252")
    assert len(rows) > 50_000
    assert all(len(row) == 31 and None not in row for row in rows)
    assert {row["TOP_GEN"] for row in rows} == {"0", "1", "4", "9", "B", "C"}
    assert {row["age"] for row in rows} == {"0", "20", "60", "99"}
    assert {row["SEXE"] for row in rows} == {"1", "2", "9"}
    assert {row["region_etb"] for row in rows} == {"96"}
    assert any(row["raison_sociale_etb"] == "" for row in rows)
    quoted = {row[f"L_ATC{depth}"] for row in rows for depth in (3, 4)}
    assert any('"LOW-CEILING"' in label for label in quoted), "labels with quotes are quoted, as in the real file"
    fees = [row for row in rows if row["atc1"] == "0"]
    assert fees
    assert all(
        (row["ATC5"], row["CIP13"], row["BOITES"]) == ("0000000", "0", "0") and french(row["REM"]) >= 0 for row in fees
    )
    masked = [row for row in rows if row["CIP13"] == "9" * 13]
    assert 0.2 < len(masked) / len(rows) < 0.35
    assert any(row["atc2"] == "999" and row["L_ATC2"] == "INCONNU" for row in masked)
    assert any(row["ATC5"] != "9999999" for row in masked)
    assert all(french(row["BSE"]) >= french(row["REM"]) for row in rows)


def test_the_addresses_are_those_of_the_list(region_folder: Path) -> None:
    listed = {row["finess"]: row for row in rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")}
    rows = rows_of((region_folder / "OPEN_PHMEV_2023.CSV").read_bytes(), "cp1252")
    for row in {row["etb_rgt"]: row for row in rows}.values():
        hospital = listed[row["etb_rgt"]]
        assert row["code_postal"].startswith(hospital["departement"])
        assert len(row["code_postal"]) == 5
        assert hospital["statut"] != "prive"


@pytest.mark.real
def test_the_header_is_that_of_the_real_file(real_data: Path) -> None:
    with (real_data / "phmev" / "OPEN_PHMEV_2024_echantillon_national.csv").open(encoding="cp1252") as text:
        assert text.readline().rstrip() == HEADER
