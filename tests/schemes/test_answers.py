from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis.errors import SourceError
from caqes_analysis.schemes.answers import read_grid_answers
from caqes_analysis.sources.received import Received
from tests.schemes.test_grid import minimal_grid

A, B = "990000001", "990000002"
HEADER = "finess_contrat;annee;critere;reponse;preuve\n"


def read(folder: Path, text: str, *, name: str = "reponses.csv") -> Received:
    path = folder / name
    path.write_text(HEADER + text, encoding="utf-8")
    return read_grid_answers(path, delivery="reponses", grid=minimal_grid(folder), contracts=[A, B])


def test_answers_of_both_kinds(tmp_path: Path) -> None:
    rows = read(tmp_path, f"{A};2019;c1;OUI;note 12\n{A};2019;c2;49,5;\n{B};2019;c3;sans objet;\n").rows
    assert rows["answer"].fillna("").tolist() == ["oui", "", "sans objet"]
    assert rows["value"].iloc[1] == Decimal("49.5")
    assert rows["proof"].iloc[0] == "note 12"


def test_an_empty_answer_is_a_finding_not_a_zero(tmp_path: Path) -> None:
    received = read(tmp_path, f"{A};2019;c1;;\n{A};2019;c2;0;\n")
    assert received.findings.codes() == {"REPONSE_VIDE"}
    assert received.rows["value"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{A};2019;c1;peut-être;", "REPONSE_INCONNUE"),
        (f"{A};2019;c1;sans objet;", "SANS_OBJET_REFUSE"),
        (f"{A};2019;c3;oui;", "CRITERE_MESURE"),
        (f"{A};2019;c9;oui;", "CRITERE_INCONNU"),
        (f"{A};2018;c1;oui;", "ANNEE_HORS_GRILLE"),
        ("990000003;2019;c1;oui;", "FINESS_SANS_CONTRAT"),
        ("99000000;2019;c1;oui;", "FINESS_8_CARACTERES"),
        (f"{A};2019;c2;1.234.56;", "MONTANT_ILLISIBLE"),
        (f"{A};;c1;oui;", "CELLULE_VIDE"),
        (f"{A};2019;c1;oui;\n{A};2019;c1;non;", "REPONSE_EN_DOUBLE"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_line(tmp_path: Path, line: str, code: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, f"{B};2019;c1;oui;\n{line}\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == (code, "reponses.csv")
    assert problem.line in (3, 4)


def test_every_wrong_answer_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, f"{A};2019;c1;x;\n{A};2019;c9;oui;\n1;2019;c1;oui;\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_a_workbook_gives_the_same_answers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["finess_contrat", "annee", "critere", "reponse"], [A, 2019, "c1", "oui"], [A, 2019, "c2", 80]):
        sheet.append(row)
    book.save(tmp_path / "reponses.xlsx")
    grid = minimal_grid(tmp_path)
    received = read_grid_answers(tmp_path / "reponses.xlsx", delivery="r", grid=grid, contracts=[A])
    assert received.rows["value"].iloc[1] == 80
    assert received.rows["year"].tolist() == [2019, 2019]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.decimals(min_value=0, max_value=10**6, places=3))
def test_a_declared_number_comes_back_exact(tmp_path: Path, number: Decimal) -> None:
    text = f"{number:f}".replace(".", ",")
    assert read(tmp_path, f"{A};2019;c2;{text};\n").rows["value"].iloc[0] == number
