"""The table of layouts: whole, coherent, and extended by rows alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from caqes_analysis.errors import SourceError
from caqes_analysis.sources.atih_layout import FILE_TYPES, LAYOUT_FILE, layouts_of, types_of_length

ROWS = list(csv.DictReader(LAYOUT_FILE.read_text(encoding="utf-8").splitlines(), delimiter=";"))
KNOWN = sorted({(row["file_type"], int(row["year"])) for row in ROWS})


@pytest.mark.parametrize(("file_type", "year"), KNOWN)
def test_every_layout_is_contiguous_and_complete(file_type: str, year: int) -> None:
    layouts = layouts_of(file_type, year)
    assert set(layouts) == set(FILE_TYPES[file_type].kinds)
    for layout in layouts.values():
        upto = 0
        for field in layout.fields:
            assert field.start == upto + 1
            upto = field.end
        assert layout.length == upto


def test_every_file_is_known_from_2011_to_2021_and_invoices_from_2012() -> None:
    for name in FILE_TYPES:
        years = [year for known, year in KNOWN if known == name]
        assert years == list(range(2012 if name == "rafael" else 2011, 2022))


def test_the_positions_of_2021_are_those_of_atih() -> None:
    layout = layouts_of("rsa_med", 2021)[""]
    places = {field.name: (field.start, field.end) for field in layout.fields}
    assert places["NOFINESS"] == (1, 9)
    assert places["NBSEJ"] == (45, 50)
    assert places["CDUCD"] == (51, 63)
    assert places["NBADM"] == (64, 73)
    assert places["PRIX"] == (74, 83)
    assert places["INDICATION"] == (96, 102)
    assert {field.name: field.decimals for field in layout.fields if field.role in ("quantity", "purchase")} == {
        "NBADM": 3,
        "PRIX": 3,
    }


def test_the_layout_of_2016_that_contradicts_itself_is_marked_as_deduced() -> None:
    drugs, devices = layouts_of("rafael", 2016)["H"], layouts_of("rafael", 2016)["P"]
    assert {field.status for field in drugs.fields if field.start >= 43} == {"inferred"}
    site = drugs.role("site")
    assert site is not None
    assert site == devices.role("site")


def test_an_unknown_year_names_those_known_and_the_file_to_extend() -> None:
    with pytest.raises(SourceError) as caught:
        layouts_of("rha_med", 2022)
    problem = caught.value.problems[0]
    assert problem.code == "ANNEE_SANS_DISPOSITION"
    assert "2011-2021" in problem.what
    assert "caqes_analysis/sources/atih_layouts.csv" in problem.remedy


def test_an_unknown_file_type_names_those_known() -> None:
    with pytest.raises(SourceError) as caught:
        layouts_of("rsa_medicament", 2021)
    assert "rsa_med" in caught.value.problems[0].remedy


def extended(path: Path, *, change: tuple[str, str] = ("", "")) -> Path:
    """The rows of 2021 of one file, copied for 2023."""
    rows = [dict(row, year="2023") for row in ROWS if (row["file_type"], row["year"]) == ("rsa_med", "2021")]
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, ROWS[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    if change[0]:
        path.write_text(path.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    return path


def test_a_new_year_is_rows_added(tmp_path: Path) -> None:
    layout = layouts_of("rsa_med", 2023, extended(tmp_path / "dispositions.csv"))[""]
    assert layout.length == 102
    assert layouts_of("rsa_med", 2020, tmp_path / "dispositions.csv")[""].length == 102


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((";51;63;", ";52;63;"), "le champ CDUCD commence en 52"),
        ((";51;63;", ";x;63;"), "ses nombres ne se lisent pas"),
        (("quantity", "quantite"), "type ou rôle inconnu"),
        ((";purchase;", ";;"), "purchase ou unit_purchase"),
        (("rsa_med", "rsa_medic"), "fichier ou enregistrement inconnu"),
        (("decimals", "decimales"), "decimals"),
    ],
)
def test_a_wrong_table_of_layouts_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(SourceError) as caught:
        layouts_of("rsa_med", 2023, extended(tmp_path / "dispositions.csv", change=change))
    assert said in str(caught.value)
    assert "dispositions.csv" in str(caught.value)


def test_a_length_names_the_files_that_have_it() -> None:
    assert types_of_length(102) == ["rsa_med (2020-2021)"]
    assert types_of_length(1) == []


@pytest.mark.real
def test_the_package_s_table_says_what_atih_publishes(real_data: Path) -> None:
    with (real_data / "schema" / "atih_layouts.csv").open(encoding="utf-8") as text:
        published = list(csv.DictReader(text))
    mine = {(row["file_type"], row["record"], row["year"], row["field"]): row for row in ROWS}
    assert len(published) == len(ROWS)
    for row in published:
        own = mine[row["table"], row["enregistrement"], row["annee"], row["nom"]]
        if own["status"] != "inferred":
            assert (own["start"], own["end"]) == (row["debut"], row["fin"])
