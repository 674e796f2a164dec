"""Counts that leave the level of their other periods, are exchanged, copied, lost, or do not fit their euros."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.quality.activity_controls import check_activity
from caqes_analysis.quality.activity_repeats import find_repeated_counts
from caqes_analysis.store import Store
from tests.builders import establishments, monthly_rows

HOSPITALS = [f"99000000{rank}" for rank in range(1, 10)]
A, B = HOSPITALS[0], HOSPITALS[8]
PERIODS = {"2022": 1.0, "2023": 1.02, "2024-M09": 0.78}
PER_HOSPITAL = {
    "stays": 1000,
    "sessions": 600,
    "external_consultations": 4000,
    "trips_ambulance": 500,
    "trips_vsl": 200,
}
EUROS_PER_TRIP = {"trips_ambulance": 90, "trips_vsl": 30}
Key = tuple[str, str, str]


def usual() -> dict[Key, str]:
    """Nine hospitals, each a tenth greater than the one before."""
    return {
        (finess, period, activity): str(round(count * share * 1.1**rank))
        for rank, finess in enumerate(HOSPITALS)
        for period, share in PERIODS.items()
        for activity, count in PER_HOSPITAL.items()
    }


def told(folder: Path, changes: dict[Key, str | None]) -> list[tuple[str, str]]:
    counts = {key: count for key, count in (usual() | changes).items() if count is not None}
    rows = pd.DataFrame([(*key, Decimal(count)) for key, count in counts.items()])
    rows.columns = pd.Index(["finess", "period", "activity", "count_nb"])
    store, known = Store(folder), establishments(*({"finess": finess} for finess in HOSPITALS))
    activity = tables.ACTIVITY.conform(
        rows, delivery="d", value_status="reported", is_provisional=False, is_corrected=False
    )
    spent = {
        (finess, activity.replace("trips", "transport")): {
            f"{period[:4]}-{month:02d}": f"{round(int(usual()[finess, period, activity]) * euros / last)}.00"
            for period, last in (("2022", 12), ("2023", 12), ("2024-M09", 9))
            for month in range(1, last + 1)
        }
        for finess in HOSPITALS
        for activity, euros in EUROS_PER_TRIP.items()
    }
    spent |= {(finess, "phmev"): {"2023-01": "100.00"} for finess in HOSPITALS}
    store.write(tables.ACTIVITY, activity, part="d")
    store.write(tables.MONTHLY_SPEND, monthly_rows(spent), part="mois")
    store.write(tables.ESTABLISHMENTS, known, part="campagne")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    return [(one.code, one.place) for one in check_activity(store, last_month=pd.Timestamp(2024, 9, 1))]


def exchanged(finess: str, periods: list[str], first: str, second: str) -> dict[Key, str | None]:
    known = usual()
    return {
        (finess, period, new): known[finess, period, old]
        for period in periods
        for new, old in ((first, second), (second, first))
    }


def scaled(finess: list[str], period: str, share: str) -> dict[Key, str | None]:
    known = usual()
    return {
        (one, period, activity): str(round(int(known[one, period, activity]) * Decimal(share)))
        for one in finess
        for activity in PER_HOSPITAL
    }


def of_period(finess: list[str], new: str, old: str) -> dict[Key, str | None]:
    known = usual()
    return {(one, new, activity): known[one, old, activity] for one in finess for activity in PER_HOSPITAL}


AMBULANCE, VSL = "Trajets en ambulance", "Trajets en véhicule sanitaire léger (VSL)"
CASES: dict[str, tuple[dict[Key, str | None], list[tuple[str, str]]]] = {
    "nothing": ({}, []),
    "a count doubled": ({(A, "2023", "stays"): "2040"}, [("ACTIVITE_ATYPIQUE", f"{A}, Séjours, 2023")]),
    "a count half greater": ({(A, "2023", "stays"): "1530"}, []),
    "a count of zero": ({(A, "2023", "sessions"): "0"}, [("ACTIVITE_ATYPIQUE", f"{A}, Séances, 2023")]),
    "half a year": (scaled([A], "2023", "0.5"), [("ACTIVITE_ATYPIQUE", f"{A}, 5 activités, 2023")]),
    "half a year for all": (
        scaled(HOSPITALS, "2023", "0.5"),
        [("ACTIVITE_ATYPIQUE", "tous les établissements, 5 activités, 2023")],
    ),
    "trips exchanged for a year": (
        exchanged(A, ["2023"], "trips_ambulance", "trips_vsl"),
        [("ACTIVITES_ECHANGEES", f"{A}, {AMBULANCE} et {VSL}, 2023")],
    ),
    "trips exchanged always": (
        exchanged(A, list(PERIODS), "trips_ambulance", "trips_vsl"),
        [("PRIX_PAR_TRAJET_ATYPIQUE", f"{A}, ambulance et VSL, 2022")],
    ),
    "stays and sessions exchanged": (
        exchanged(A, ["2024-M09"], "stays", "sessions"),
        [("ACTIVITES_ECHANGEES", f"{A}, Séjours et Séances, 2024-M09")],
    ),
    "another year copied": (of_period([A], "2023", "2022"), [("ACTIVITE_REPETEE", f"{A}, 2023")]),
    "another year copied for all": (
        of_period(HOSPITALS, "2023", "2022"),
        [("ACTIVITE_REPETEE", "tous les établissements, 2023")],
    ),
    "a count left out": ({(A, "2023", "stays"): None}, [("ACTIVITE_MANQUANTE", f"{A}, Séjours, 2023")]),
    "the end left out": (
        {(B, "2024-M09", activity): None for activity in PER_HOSPITAL},
        [("ACTIVITE_MANQUANTE", f"{B}, 2024")],
    ),
    "a hospital left out": (
        {(B, period, activity): None for period in PERIODS for activity in PER_HOSPITAL},
        [("ACTIVITE_ABSENTE", "activité")],
    ),
    "one period only": ({key: None for key in usual() if key[1] != "2023"}, []),
    "half the hospitals left out": (
        {(one, period, activity): None for one in HOSPITALS[4:] for period in PERIODS for activity in PER_HOSPITAL},
        [],
    ),
    "a FINESS that nobody has": (
        {("990000099", "2023", "stays"): "1234"},
        [("ETABLISSEMENT_NON_DECRIT", "activité")],
    ),
    "a year that is not over": (
        {(A, "2024", activity): usual()[A, "2024-M09", activity] for activity in PER_HOSPITAL}
        | {(A, "2024-M09", activity): None for activity in PER_HOSPITAL},
        [("PERIODE_INACHEVEE", "activité, 2024")],
    ),
    "parts that make more than their whole": (
        {(A, "2023", "trips_vsl_stays"): "150", (A, "2023", "trips_vsl_sessions"): "100"},
        [("PARTIE_AU_DESSUS_DU_TOUT", f"{A}, {VSL}, 2023")],
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_told_once_and_alone(kind: str, tmp_path: Path) -> None:
    changes, expected = CASES[kind]
    assert told(tmp_path, changes) == expected


def test_an_establishment_received_under_two_finess_is_told(tmp_path: Path) -> None:
    known = usual()
    twin = {(B, period, activity): known[A, period, activity] for period in PERIODS for activity in PER_HOSPITAL}
    assert told(tmp_path, dict(twin)) == [("ACTIVITE_RECOPIEE", f"{B}, activité")]


@pytest.mark.parametrize("wrong", [("101000", "100000"), ("100000", "110000")], ids=["down", "up"])
def test_two_wrong_counts_side_by_side_are_told(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """The farther of the two has the other beside it: it hardly moves from there."""
    known = {(one, year, "stays"): usual()[one, "2022", "stays"] for one in HOSPITALS for year in ("2020", "2021")}
    changes = dict(zip(((A, "2023", "stays"), (A, "2024-M09", "stays")), wrong, strict=True))
    changes[A, "2024-M09", "stays"] = str(int(wrong[1]) * 9 // 12)
    found = told(tmp_path, known | changes)
    assert [one for one in found if one[0] == "ACTIVITE_ATYPIQUE"] == [("ACTIVITE_ATYPIQUE", f"{A}, Séjours, 2023")]


def test_three_equal_counts_among_many_are_chance() -> None:
    """A hospital counts fifteen activities, three of them equal in two years: so it is in a region without defects."""
    rows = pd.DataFrame(
        [
            (finess, period, f"activity {rank}", 300 + 40 * rank + 13 * year + 5 * place, "d")
            for place, finess in enumerate(HOSPITALS)
            for year, period in enumerate(PERIODS)
            for rank in range(15)
        ],
        columns=["finess", "period", "activity", "count_nb", "delivery"],
    )
    own, rank = rows["finess"] == A, rows["activity"].str.split().str[-1].astype(int)
    three = rows.assign(count_nb=rows["count_nb"].mask(own & (rank < 3), 300 + 40 * rank))
    assert find_repeated_counts(three) == ([], set())
    whole = rows.assign(count_nb=rows["count_nb"].mask(own & (rows["period"] != "2024-M09"), 300 + 40 * rank))
    found, cells = find_repeated_counts(whole)
    assert [(one.code, one.place) for one in found] == [("ACTIVITE_REPETEE", f"{A}, 2023")]
    assert cells == {(A, "2023")}


def test_few_trips_halve_by_themselves(tmp_path: Path) -> None:
    """243 trips in a year, 76 in nine months: a few patients fewer, when each makes trips by the dozen."""
    counts = {"2022": "239", "2023": "247", "2024-M09": "76"}
    assert told(tmp_path, {(HOSPITALS[0], period, "trips_vsl"): nb for period, nb in counts.items()}) == []


def test_few_trips_that_halve_with_the_stays_are_counted_with_them(tmp_path: Path) -> None:
    known = usual()
    changes: dict[Key, str | None] = {
        (A, "2024-M09", activity): str(int(known[A, "2024-M09", activity]) // 2) for activity in ("stays", "trips_vsl")
    }
    assert told(tmp_path, changes) == [("ACTIVITE_ATYPIQUE", f"{A}, 2 activités, 2024-M09")]
    opposed = changes | {(A, "2024-M09", "trips_vsl"): str(2 * int(known[A, "2024-M09", "trips_vsl"]))}
    assert told(tmp_path, opposed) == [("ACTIVITE_ATYPIQUE", f"{A}, Séjours, 2024-M09")]


@pytest.mark.parametrize("activity", ["trips_ambulance", "sessions"])
def test_counts_that_fall_by_a_third_each_year_are_no_error(activity: str, tmp_path: Path) -> None:
    """Taxis of a clean simulated region: 3 147 trips, then 2 045, then 1 032 in nine months; their euros fell too."""
    parts = {"2022": "3147", "2023": "2045", "2024-M09": "1032"}
    falling: dict[Key, str | None] = {(B, period, activity): nb for period, nb in parts.items()}
    assert [one for one in told(tmp_path, falling) if one[0] == "ACTIVITE_ATYPIQUE"] == []
    halved = falling | {(B, "2024-M09", activity): "516"}
    assert [code for code, place in told(tmp_path, halved) if B in place and "2024-M09" in place] == [
        "ACTIVITE_ATYPIQUE"
    ]
