from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.finess import GEOLOCATION_POSITIONS, SITE_POSITIONS, read_finess
from tests.sources.reference_lines import site, written

HEAD = "finess;etalab;111;2026-05-12"
PLACE = "geolocalisation;990000011;417000.5;6420000.25;1,IGN,LAMBERT_93;2026-05-12"
_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


def problems(path: Path) -> list[Problem]:
    with pytest.raises(SourceError) as caught:
        read_finess(path, delivery="f")
    assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
    return list(caught.value.problems)


def codes(path: Path) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in problems(path)]


def test_layout_has_32_and_6_positions() -> None:
    assert len(SITE_POSITIONS) == 32
    assert len(GEOLOCATION_POSITIONS) == 6


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_site_with_its_coordinates(tmp_path: Path, encoding: str) -> None:
    got = read_finess(written(tmp_path / "f.csv", HEAD, site(), PLACE, encoding=encoding), delivery="f")
    tables.FINESS_SITES.validate(got.rows)
    row = got.rows.iloc[0]
    assert (row["finess_et"], row["finess_ej"]) == ("990000011", "990000001")
    assert row["name"] == "CENTRE HOSPITALIER D'ESSAI"
    assert (row["category_code"], row["legal_status"], row["town"]) == ("355", "public", "ESSAI")
    assert (row["x"], row["y"]) == (417000.5, 6420000.25)
    assert row["extracted_on"] == pd.Timestamp(2026, 5, 12)
    assert got.delivery["period"].iloc[0] == "au 12/05/2026"
    assert len(got.findings) == 0


def test_without_coordinates_and_without_date(tmp_path: Path) -> None:
    got = read_finess(written(tmp_path / "f.csv", site()), delivery="f")
    assert got.rows[["x", "y"]].isna().all().all()
    assert got.findings.codes() == {"EXTRACTION_SANS_DATE"}


def test_names_between_quotation_marks_and_short_names(tmp_path: Path) -> None:
    path = written(tmp_path / "f.csv", HEAD, site(rs='"LE ""PRÉ"" ; SUD"', rslongue=""))
    assert read_finess(path, delivery="f").rows["name"].iloc[0] == 'LE "PRÉ" ; SUD'


def test_departments_overseas_have_their_insee_code(tmp_path: Path) -> None:
    lines = [
        site(nofinesset=f"98000000{place}", departement=code)
        for place, code in enumerate(["9A", "9D", "9F", "2A", "1", "75"])
    ]
    got = read_finess(written(tmp_path / "f.csv", HEAD, *lines), delivery="f")
    assert list(got.rows["department"]) == ["971", "974", "976", "2A", "01", "75"]


def test_status_is_said_only_where_the_code_says_it(tmp_path: Path) -> None:
    lines = [
        site(nofinesset=f"98000000{place}", codesph=code) for place, code in enumerate(["1", "6", "7", "0", "9", ""])
    ]
    got = read_finess(written(tmp_path / "f.csv", HEAD, *lines), delivery="f")
    assert list(got.rows["legal_status"].fillna("")) == ["public", "espic", "prive", "", "", ""]


def test_all_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "f.csv",
        HEAD,
        site(nofinesset="90000011"),
        site(dateouv="hier"),
        site(nofinesset="990000013", rs=""),
        "structureet;990000014;990000001",
        site(nofinesset="990000015"),
        site(nofinesset="990000015"),
        "geolocalisation;990000015;x;2;3;4",
        "equipement;1",
    )
    assert codes(path) == [
        ("FINESS_INVALIDE", 2),
        ("DATE_ILLISIBLE", 3),
        ("CELLULE_VIDE", 4),
        ("NB_CHAMPS", 5),
        ("SITE_EN_DOUBLE", 7),
        ("COORDONNEE_ILLISIBLE", 8),
        ("LIGNE_INCONNUE", 9),
    ]


def test_an_impossible_date_is_told_and_left_out(tmp_path: Path) -> None:
    got = read_finess(written(tmp_path / "f.csv", HEAD, site(datemaj="2924-11-29")), delivery="f")
    assert got.rows["updated_on"].isna().all()
    assert got.findings.codes() == {"DATE_IMPOSSIBLE"}


def test_coordinates_of_no_site_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "f.csv", HEAD, site(), PLACE.replace("990000011", "990000099"))
    assert read_finess(path, delivery="f").findings.codes() == {"COORDONNEES_SANS_SITE"}


def test_truncated_and_unclosed_files_are_refused(tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv"
    cut.write_text("\n".join([HEAD, site(), "structureet;990000012;9900"]), encoding="utf-8")
    assert codes(cut) == [("DERNIERE_LIGNE_TRONQUEE", 3)]
    assert codes(written(tmp_path / "q.csv", HEAD, site(rs='"SANS FIN'))) == [("GUILLEMET_NON_FERME", 2)]
    assert codes(written(tmp_path / "geo.csv", HEAD, PLACE)) == [("FICHIER_SANS_LIGNE", None)]


@_QUIET
@given(
    names=st.lists(st.text("ABCÉÈ '-.0123456789\";", min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=8)
)
def test_any_name_is_read_back(tmp_path: Path, names: list[str]) -> None:
    lines = [
        site(nofinesset=f"99{place:07d}", rs='"' + name.replace('"', '""') + '"', rslongue="")
        for place, name in enumerate(names)
    ]
    got = read_finess(written(tmp_path / "f.csv", HEAD, *lines), delivery="f")
    assert list(got.rows["name"]) == [" ".join(name.split()) for name in names]


@_QUIET
@given(place=st.integers(1, 29))
def test_a_line_that_loses_a_position_is_refused_or_harmless(tmp_path: Path, place: int) -> None:
    cells = site().split(";")
    del cells[place]
    path = written(tmp_path / "f.csv", HEAD, ";".join(cells), site(nofinesset="990000012"))
    try:
        got = read_finess(path, delivery="f")
    except SourceError:
        return
    # Only a position that holds nothing can go unnoticed, when what follows still fits.
    assert got.rows["finess_et"].iloc[0] == "990000011"
    assert got.rows["finess_ej"].iloc[0] == "990000001"
