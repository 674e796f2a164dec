"""Code lists: shipped facts, a region's own, everything wrong said at once."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from caqes_analysis import french, tables
from caqes_analysis.code_lists import CODE_LISTS, code_list_files, code_lists_table, known_code_lists, load_code_list
from caqes_analysis.errors import CampaignError
from caqes_analysis.extra_list import listing_periods
from caqes_analysis.sources.extra_list_history import read_ucd_history

IPP = """\
id: ipp
title: "IPP"
kind: atc
source: "essai"
status: regional
codes:
  - {code: "A02BC", label: "IPP"}
"""


def written(folder: Path, text: str, name: str = "liste.yml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_lists_hold_the_facts() -> None:
    lists = known_code_lists()
    shipped = {
        "anti-pd1": 5,
        "avastin": 2,
        "biosimilaires-bevacizumab": 12,
        "biosimilaires-infliximab": 7,
        "biosimilaires-rituximab": 9,
        "biosimilaires-trastuzumab": 15,
        "cno-adultes": 29,
        "ezetimibe": 4,
        "hepatite-c": 1,
        "ipp": 1,
        "pansements": 404,
        "perfadom": 25,
    }
    # A region may have dropped its own lists beside them.
    assert {name: len(lists[name].codes) for name in shipped} == shipped
    assert [one.code for one in lists["ezetimibe"].codes] == ["C10AX09", "C10BA02", "C10BA05", "C10BA06"]
    assert {one.code for one in lists["avastin"].codes} == {"9261104", "9261110"}
    opdivo = lists["anti-pd1"]
    assert not opdivo.holds("9409452", date(2016, 12, 26))
    assert opdivo.holds("9409452", date(2016, 12, 27))
    assert lists["perfadom"].as_of == date(2019, 1, 31)
    remsima = lists["biosimilaires-infliximab"]
    days = (date(2021, 2, 1), date(2021, 2, 2), date(2021, 7, 15), date(2021, 7, 16))
    assert [remsima.holds("9000458", day) for day in days] == [False, True, True, False]
    references = {
        name: [code.label for code in one.codes if code.role == "reference"]
        for name, one in lists.items()
        if name.startswith("biosimilaires")
    }
    brands = {name.rpartition("-")[2]: {(label or "").split()[0] for label in own} for name, own in references.items()}
    assert brands == {
        "bevacizumab": {"AVASTIN"},
        "infliximab": {"REMICADE"},
        "rituximab": {"MABTHERA"},
        "trastuzumab": {"HERCEPTIN"},
    }
    tables.CODE_LISTS.validate(code_lists_table(lists.values()))


def test_an_atc_class_holds_its_members() -> None:
    ipp = load_code_list(CODE_LISTS / "ipp.yml")
    assert ipp.holds("A02BC02", date(2024, 1, 1))
    assert ipp.holds("A02BC", date(2024, 1, 1))
    assert not ipp.holds("A02B", date(2024, 1, 1))
    perfadom = load_code_list(CODE_LISTS / "perfadom.yml")
    assert not perfadom.holds("110339", date(2024, 1, 1))
    assert perfadom.holds("1103392", date(2018, 12, 31))  # a list of 2019 that dates no code says nothing of its start
    opdivo = load_code_list(CODE_LISTS / "anti-pd1.yml")
    assert not opdivo.holds("9409452", date(2016, 12, 26))


def test_the_longest_class_decides(tmp_path: Path) -> None:
    text = IPP + '  - {code: "A02BC05", valid_from: 2020-01-01}\n'
    one = load_code_list(written(tmp_path, text))
    assert not one.holds("A02BC05", date(2019, 1, 1))
    assert one.holds("A02BC01", date(2019, 1, 1))


def test_a_list_of_the_region_wins(tmp_path: Path) -> None:
    written(tmp_path / "code_lists", IPP.replace('"A02BC"', '"A02B"'))
    lists = known_code_lists(tmp_path / "code_lists", tmp_path / "absent")
    assert [one.code for one in lists["ipp"].codes] == ["A02B"]
    assert len(lists) == len(known_code_lists())
    assert code_list_files(tmp_path / "code_lists")[-1].name == "liste.yml"


def test_in_one_folder_only_a_regional_list_takes_the_place_of_another(tmp_path: Path) -> None:
    national = IPP.replace("regional", "verified").replace('"A02BC"', '"A02BA"')
    for names in (("a.yml", "b.yml"), ("b.yml", "a.yml")):
        folder = tmp_path / names[0]
        written(folder, IPP, names[0])
        written(folder, national, names[1])
        assert [one.code for one in known_code_lists(folder)["ipp"].codes] == ["A02BC"]
    folder = tmp_path / "deux"
    written(folder, IPP, "a.yml")
    written(folder, IPP, "b.yml")
    with pytest.raises(CampaignError) as caught:
        known_code_lists(folder)
    assert [(problem.code, problem.file) for problem in caught.value.problems] == [("LISTE_EN_DOUBLE", "b.yml")]


def test_all_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    text = """\
id: essai
title: "Essai"
kind: lpp
source: "essai"
status: data
valid_from: 2020-01-01
valid_to: 2019-01-01
codes:
  - {code: "1103392"}
  - {code: "110339"}
  - {code: "1103392", label: "{accolades}"}
  - {code: "1104629", valid_from: 2022-01-01, valid_to: 2021-01-01}
"""
    with pytest.raises(CampaignError) as caught:
        load_code_list(written(tmp_path, text))
    problems = caught.value.problems
    assert [problem.line for problem in problems][:3] == [7, 9, 10]
    said = {(problem.line, problem.what) for problem in problems}
    assert (7, "la liste finit avant de commencer.") in said
    assert (10, "un code LPP de 7 chiffres est attendu.") in said
    assert (11, "ce code figure déjà dans la liste.") in said
    assert (12, "ce code finit avant de commencer.") in said
    assert all(problem.remedy and problem.file == "liste.yml" for problem in problems)


def test_a_drug_code_of_the_other_length_is_refused_with_the_one_to_write(tmp_path: Path) -> None:
    text = IPP.replace("kind: atc", "kind: ucd").replace("A02BC", "3400890002943")
    with pytest.raises(CampaignError) as caught:
        load_code_list(written(tmp_path, text))
    assert "9000294" in caught.value.problems[0].remedy
    with pytest.raises(CampaignError) as caught:
        load_code_list(written(tmp_path, text.replace("kind: ucd", "kind: cip").replace("3400890002943", "3000001")))
    assert "3400930000014" in caught.value.problems[0].remedy


def test_wrong_keys_and_values_are_said_in_french(tmp_path: Path) -> None:
    text = IPP.replace("kind: atc", "kind: icd10").replace("status: regional", "statut: data") + "codes_bis: []\n"
    with pytest.raises(CampaignError) as caught:
        load_code_list(written(tmp_path, text))
    assert {problem.code for problem in caught.value.problems} == {
        "PARAMETRES_VALEUR",
        "PARAMETRES_CLE_ABSENTE",
        "PARAMETRES_CLE_INCONNUE",
    }


def test_problems_of_several_files_come_together(tmp_path: Path) -> None:
    written(tmp_path, IPP.replace("A02BC", "a02bc"), "a.yml")
    written(tmp_path, "id: [", "b.yml")
    with pytest.raises(CampaignError) as caught:
        known_code_lists(tmp_path)
    assert [problem.file for problem in caught.value.problems] == ["a.yml", "b.yml"]


@pytest.mark.real
def test_the_shipped_lpp_lists_are_those_of_the_nomenclature(real_data: Path) -> None:
    lists = known_code_lists()
    for name, file in (("perfadom", "perfadom"), ("pansements", "pansements"), ("cno-adultes", "cno_adultes")):
        with (real_data / "lpp" / f"lpp_{file}.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, delimiter=";"))
        assert {row[0] for row in rows[1:]} == {one.code for one in lists[name].codes}
        assert {one.days_of(code) for one in [lists[name]] for code in one.codes} == {(None, None)}
        assert {row[-1] for row in rows[1:]} == {""}  # the source dates the end of no code, and the start of none


# A powder for the eye under a temporary recommendation, and products of which the molecule is a part.
NOT_IN_A_GROUP = {"9876544", "9001080", "9001081", "9400043", "9400066"}


@pytest.mark.real
def test_the_shipped_lists_of_drugs_are_those_of_the_history(real_data: Path) -> None:
    """Every product of a molecule is in its list, however the history writes its name (« Bévacizumab »)."""
    history = read_ucd_history(real_data / "liste_en_sus" / "liste_en_sus_ucd_historique.csv", delivery="u").rows
    names = history["substance"].fillna("").map(french.alphabetical)
    periods = listing_periods(history).set_index("code")
    lists = known_code_lists()
    for molecule in ("bevacizumab", "infliximab", "rituximab", "trastuzumab"):
        group = lists[f"biosimilaires-{molecule}"]
        known = set(history.loc[names.str.contains(molecule), "code"]) - NOT_IN_A_GROUP
        assert {one.code for one in group.codes} == known, molecule
        ends = periods.loc[sorted(known), "listed_to"].dropna().dt.date.to_dict()
        assert {one.code: one.valid_to for one in group.codes if one.valid_to} == ends
    dated = [one for one in lists.values() if one.kind == "ucd"]
    assert {one.as_of for one in dated} == {history["published_on"].max().date()} == {date(2021, 11, 30)}
    assert history["effective_on"].max().date() == date(2022, 3, 1)
