from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis import tables
from caqes_analysis.errors import SourceError
from caqes_analysis.sources.biosimilars import groups_of_tariffs, read_biosimilar_flags
from caqes_analysis.sources.extra_list_history import read_biosimilar_tariffs
from caqes_analysis.sources.lpp_lists import read_lpp_list
from tests.sources.reference_lines import written

FLAGS = "ATC5,L_ATC5,CIP13,l_cip13,TOP_GEN"
LPP = "code_lpp;nom_court;arbo;lib_arbo3;lib_arbo4;lib_arbo5;date_fin"


def test_flags_give_groups(tmp_path: Path) -> None:
    path = written(
        tmp_path / "f.csv",
        FLAGS,
        "A10AE04,INSULINE GLARGINE,3400930000014,A,B",
        "A10AE04,INSULINE GLARGINE,3400930000021,B,C",
    )
    got = read_biosimilar_flags(path, delivery="f")
    tables.BIOSIMILAR_GROUPS.validate(got.rows)
    assert list(got.rows["role"]) == ["biosimilar", "reference"]
    assert set(got.rows["group"]) == {"insuline glargine"}


def test_wrong_flags_are_refused(tmp_path: Path) -> None:
    line = "A10AE04,INSULINE GLARGINE,3400930000014,A,B"
    path = written(tmp_path / "f.csv", FLAGS, line, line, line.replace("014,A,B", "021,A,4"), line.replace("014", ""))
    with pytest.raises(SourceError) as caught:
        read_biosimilar_flags(path, delivery="f")
    assert [(problem.code, problem.line) for problem in caught.value.problems] == [
        ("CODE_EN_DOUBLE", 3),
        ("MARQUE_INCONNUE", 4),
        ("CODE_INVALIDE", 5),
    ]


def test_a_list_of_lpp_codes(tmp_path: Path) -> None:
    path = written(
        tmp_path / "l.csv", LPP, "1100001;ESSAI, B/3;11;CHAPITRE;BRANCHE;;31/12/2020", "1100002;AUTRE;11;CHAPITRE;;;"
    )
    got = read_lpp_list(path, delivery="l", name="essai")
    tables.CODE_LISTS.validate(got.rows)
    assert list(got.rows["role"]) == ["BRANCHE", "CHAPITRE"]
    assert list(got.rows["valid_to"].dt.strftime("%Y-%m-%d").fillna("")) == ["2020-12-31", ""]
    twice = written(tmp_path / "t.csv", LPP, "1100001;A;;;;;", "1100001;B;;;;;", "11;C;;;;;")
    with pytest.raises(SourceError) as caught:
        read_lpp_list(twice, delivery="l", name="essai")
    assert [(problem.code, problem.line) for problem in caught.value.problems] == [
        ("CODE_EN_DOUBLE", 3),
        ("CODE_INVALIDE", 4),
    ]


@pytest.mark.real
def test_the_real_groups_and_lists(real_data: Path) -> None:
    flags = read_biosimilar_flags(real_data / "phmev" / "phmev2024_biosimilar_flags_BC.csv", delivery="f").rows
    assert len(flags) == 87
    assert flags["role"].value_counts().to_dict() == {"biosimilar": 57, "reference": 30}
    assert flags["group"].nunique() == 14
    events = read_biosimilar_tariffs(
        real_data / "liste_en_sus" / "liste_en_sus_tarifs_biosimilaires.csv", delivery="b"
    ).rows
    groups = groups_of_tariffs(events)
    tables.BIOSIMILAR_GROUPS.validate(groups)
    assert groups["group"].value_counts().to_dict() == {
        "trastuzumab": 15,
        "bevacizumab": 9,
        "rituximab": 9,
        "infliximab": 7,
    }
    counts = {"perfadom": 25, "pansements": 404, "cno_adultes": 29}
    for name, count in counts.items():
        got = read_lpp_list(real_data / "lpp" / f"lpp_{name}.csv", delivery="l", name=name.replace("_", "-"))
        assert (len(got.rows), got.rows["code"].nunique()) == (count, count)
