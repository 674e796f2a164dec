"""Activity that contradicts itself is told once, with its place; what establishments live is not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.quality.activity_controls import check_activity
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments

USUAL = {
    (finess, period, "stays"): str(count)
    for finess, level in ((A, 1200), (B, 800), (C, 90))
    for period, count in (("2022", level), ("2023", level * 11 // 10), ("2024-M09", level * 3 // 4))
}


def told(folder: Path, changes: dict[tuple[str, str, str], str | None]) -> list[tuple[str, str]]:
    counts = {key: count for key, count in (USUAL | changes).items() if count is not None}
    rows = pd.DataFrame([(*key, Decimal(count)) for key, count in counts.items()])
    rows.columns = pd.Index(["finess", "period", "activity", "count_nb"])
    known = establishments({"finess": A}, {"finess": B}, {"finess": C, "valid_from": "2022-10-01"})
    store = Store(folder)
    activity = tables.ACTIVITY.conform(
        rows, delivery="d", value_status="reported", is_provisional=False, is_corrected=False
    )
    store.write(tables.ACTIVITY, activity, part="d")
    store.write(tables.ESTABLISHMENTS, known, part="campagne")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    return [(one.code, one.place) for one in check_activity(store)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({(A, "2023", "stays"): "13200"}, [("ACTIVITE_ATYPIQUE", f"{A}, Séjours, 2023")]),
        ({(A, "2022", "stays"): "120"}, [("ACTIVITE_ATYPIQUE", f"{A}, Séjours, 2022")]),
        ({(B, "2024-M09", "stays"): "6000"}, [("ACTIVITE_ATYPIQUE", f"{B}, Séjours, 2024-M09")]),
        ({(C, "2022", "stays"): "9"}, []),  # opened in October
        ({(A, "2023", "stays"): "1320.5"}, [("NOMBRE_NON_ENTIER", f"{A}, Séjours, 2023")]),
        ({(B, "2023", "stays"): None}, [("ACTIVITE_MANQUANTE", f"{B}, 2023")]),
        ({(B, "2022", "stays"): None}, []),  # nothing before it
        (
            {(A, "2023", "prescriptions"): "100", (A, "2023", "prescriptions_with_rpps"): "101"},
            [
                (
                    "PARTIE_AU_DESSUS_DU_TOUT",
                    f"{A}, Prescriptions hospitalières avec le numéro RPPS du prescripteur, 2023",
                )
            ],
        ),
        ({(A, "2023", "prescriptions"): "100", (A, "2023", "prescriptions_with_rpps"): "100"}, []),
    ],
)
def test_each_contradiction_is_told_once(
    tmp_path: Path, changes: dict[tuple[str, str, str], str | None], expected: list[tuple[str, str]]
) -> None:
    assert told(tmp_path, changes) == expected


def told_of_a_merger(
    folder: Path, counts: dict[tuple[str, str], str], others: dict[str, dict[tuple[str, str], str]] | None = None
) -> list[Finding]:
    """B closes in June 2022, and A takes it over; ``counts`` are stays, ``others`` what else is counted."""
    counted = {"stays": counts, **(others or {})}
    rows = pd.DataFrame([(*key, of, Decimal(count)) for of, own in counted.items() for key, count in own.items()])
    rows.columns = pd.Index(["finess", "period", "activity", "count_nb"])
    known = establishments(
        {"finess": A},
        {"finess": B, "valid_to": "2022-06-30", "successor": A},
        {"finess": C, "valid_from": "2022-10-01"},
    )
    store = Store(folder)
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.ACTIVITY, tables.ACTIVITY.conform(rows, delivery="d", **state), part="d")
    store.write(tables.ESTABLISHMENTS, known, part="campagne")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    return check_activity(store)


MERGER = {(A, "2021"): "1200", (B, "2021"): "800", (A, "2022"): "1400", (B, "2022"): "400"}


@pytest.mark.parametrize(
    ("after", "expected"),
    [("1300", ["ACTIVITE_NON_REPRISE"]), ("2050", []), ("1600", [])],
    ids=["lost", "kept", "half"],
)
def test_the_activity_of_a_merged_establishment_goes_on_with_its_successor(
    tmp_path: Path, after: str, expected: list[str]
) -> None:
    found = told_of_a_merger(tmp_path, MERGER | {(A, "2023"): after})
    assert [one.code for one in found] == expected
    if expected:
        assert found[0].place == f"{A}, Séjours"
        assert "1 300 en rythme annuel en 2023, 2 000 en 2021" in found[0].example.replace("\u202f", " ")


@pytest.mark.parametrize(("taxi_after", "expected"), [("1450", []), ("500", ["ACTIVITE_NON_REPRISE"])])
def test_trips_that_change_of_mode_at_a_merger_are_not_lost(
    tmp_path: Path, taxi_after: str, expected: list[str]
) -> None:
    """B sent by ambulance those whom A sends by taxi."""
    others = {
        "trips_ambulance_consultations": {(A, "2021"): "400", (B, "2021"): "800", (A, "2023"): "420"},
        "trips_taxi_consultations": {(A, "2021"): "600", (B, "2021"): "100", (A, "2023"): taxi_after},
    }
    found = told_of_a_merger(tmp_path, MERGER | {(A, "2023"): "2050"}, others)
    assert [one.code for one in found] == expected
    if expected:
        assert found[0].place == f"{A}, Trajets pour une consultation externe, tous modes confondus"
        assert "920 en rythme annuel en 2023, 1 900 en 2021" in found[0].example.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (
            {
                "trips_ambulance": {(A, "2021"): "400", (B, "2021"): "800", (A, "2023"): "420"},
                "trips_taxi": {(A, "2023"): "780"},
            },
            [],
        ),
        (
            {
                "trips_ambulance": {(B, "2021"): "800"},
                "trips_taxi": {(A, "2021"): "400", (A, "2023"): "420"},
            },
            [f"Trajets, tous modes confondus : 420 en rythme annuel en 2023, 1 200 en 2021 avec {B}, repris depuis"],
        ),
    ],
    ids=["a mode new to both", "a mode left by both"],
)
def test_trips_by_a_mode_that_only_one_of_the_years_has_are_counted(
    tmp_path: Path, others: dict[str, dict[tuple[str, str], str]], expected: list[str]
) -> None:
    found = told_of_a_merger(tmp_path, MERGER | {(A, "2023"): "2050"}, others)
    lost = [one.example.replace("\u202f", " ") for one in found if one.code == "ACTIVITE_NON_REPRISE"]
    assert lost == expected


def cumuls(finess: str, year: int, total: int) -> dict[tuple[str, str], str]:
    return {(finess, f"{year}-M{month:02d}"): str(total * month // 12) for month in (3, 6, 9)}


@pytest.mark.parametrize(("after", "expected"), [(1320, ["ACTIVITE_NON_REPRISE"]), (2040, [])], ids=["lost", "kept"])
@pytest.mark.parametrize("years_too", [True, False])
def test_periods_of_one_year_are_not_added_up(tmp_path: Path, after: int, expected: list[str], years_too: bool) -> None:
    """Cumuls at March, June and September, and the year where it is received: the longest alone says the year."""
    counts = cumuls(A, 2021, 1200) | cumuls(B, 2021, 800) | cumuls(A, 2023, after)
    if years_too:
        counts |= MERGER | {(A, "2023"): str(after), (A, "2023-M03"): "5"}
    found = told_of_a_merger(tmp_path, counts)
    assert [one.code for one in found] == expected
    if expected:
        assert "1 320 en rythme annuel en 2023, 2 000 en 2021" in found[0].example.replace("\u202f", " ")


def test_months_of_activity_are_no_years(tmp_path: Path) -> None:
    counts = {(A, f"{year}-{month:02d}"): "100" for year in (2021, 2022, 2023) for month in range(1, 13)}
    counts |= {(B, f"{year}-{month:02d}"): "60" for year in (2021, 2022) for month in range(1, 7)}
    assert told_of_a_merger(tmp_path, counts | {(A, f"2023-{month:02d}"): "170" for month in range(1, 13)}) == []
    assert told_of_a_merger(tmp_path / "both", counts | MERGER | {(A, "2023"): "2040", (A, "2023-12"): "170"}) == []
