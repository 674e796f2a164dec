"""Simulated activity, LPP by code, cumulative transports and declared indicators agree with the spending."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from caqes_analysis.activities import ACTIVITIES
from caqes_analysis.simulation.successive import quarters
from tests.simulation.conftest import french, rows_of


def test_activity_is_plausible(region_folder: Path) -> None:
    rows = rows_of((region_folder / "activite.csv").read_bytes(), "cp1252")
    assert {row["activite"] for row in rows} == {activity.code for activity in ACTIVITIES}
    assert {row["periode"] for row in rows} == {"2022", "2023", "2024-M09"}
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        assert row["activite"] not in counts[row["finess"], row["periode"]], "one line per cell"
        counts[row["finess"], row["periode"]][row["activite"]] = int(row["nombre"])
    for known in counts.values():
        assert known.get("heart_failure_readmissions", 0) <= known.get("heart_failure_first_episodes", 0)
        assert known.get("prescriptions_with_rpps", 0) <= known.get("prescriptions", 0)
        for mode in ("ambulance", "taxi", "vsl"):
            parts = [known.get(f"trips_{mode}_{why}", 0) for why in ("stays", "sessions", "consultations")]
            assert sum(parts) == known.get(f"trips_{mode}", 0)


def test_codes_add_up_to_the_envelopes_to_the_cent(region_folder: Path) -> None:
    codes: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows_of((region_folder / "lpp_par_code.csv").read_bytes(), "utf-8"):
        codes[row["finess"], row["periode"]] += french(row["montant"])
    months = {
        (row["finess"], row["mois"]): french(row["montant"])
        for row in rows_of((region_folder / "enveloppes_mensuelles.csv").read_bytes(), "utf-8")
        if row["enveloppe"] == "lpp" and french(row["montant"] or "0") > 0
    }
    assert codes == months


def test_the_last_cumul_is_the_sum_of_the_months(region_folder: Path) -> None:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows_of((region_folder / "enveloppes_mensuelles.csv").read_bytes(), "utf-8"):
        if row["enveloppe"].startswith("transport") and row["mois"] >= "2024":
            sums[row["finess"], row["enveloppe"]] += french(row["montant"] or "0")
    words = {"Ambulances": "transport_ambulance", "Taxis": "transport_taxi", "VSL": "transport_vsl"}
    rows = rows_of((region_folder / "transports_cumul_2024-09.csv").read_bytes(), "cp1252")
    found = {
        (row["FINESS"], code): Decimal(row[word].replace("\u00a0", "").removesuffix("€").replace(",", "."))
        for row in rows
        for word, code in words.items()
        if not row["FINESS"].startswith("Total")
    }
    assert found == dict(sums)
    assert rows[-1]["FINESS"] == "Total région"


def test_quarters_reached() -> None:
    assert [quarters(month) for month in (1, 3, 8, 12)] == [(), (3,), (3, 6), (3, 6, 9, 12)]


def test_a_merged_hospital_takes_its_activity_to_its_successor(region_folder: Path) -> None:
    known = rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")
    (merged,) = [row for row in known if row["successeur"]]
    stays: dict[str, int] = defaultdict(int)
    for row in rows_of((region_folder / "activite.csv").read_bytes(), "cp1252"):
        if row["activite"] == "stays" and row["finess"] in (merged["finess"], merged["successeur"]):
            stays[row["periode"]] += int(row["nombre"])
    years = [stays["2022"], stays["2023"], stays["2024-M09"] * 12 / 9]
    assert max(years) < 1.06 * min(years), years
