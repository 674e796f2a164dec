from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import SourceError
from caqes_analysis.sources import Received, read_establishments

HEADER = (
    "finess;finess_ej;finess_et;finess_contrat;nom;categorie;statut;departement;commune;region;valide_du;valide_au;"
    "successeur"
)


def written(directory: Path, *lines: str, header: str = HEADER, encoding: str = "cp1252") -> Path:
    path = directory / "etablissements.csv"
    path.write_bytes(("\r\n".join([header, *lines]) + "\r\n").encode(encoding))
    return path


def read(path: Path) -> Received:
    return read_establishments(path, delivery="e")


def places(path: Path) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(SourceError) as caught:
        read(path)
    assert all(one.remedy and one.file == path.name for one in caught.value.problems)
    return [(one.code, one.line, one.column) for one in caught.value.problems]


def line(finess: str = "330781196", **values: str) -> str:
    known: dict[str, str] = {"finess": finess, "nom": "CHU d’Été", **values}
    return ";".join(known.get(name, "") for name in HEADER.split(";"))


def test_a_full_file(tmp_path: Path):
    got = read(
        written(
            tmp_path,
            "330000001;330000010;330000001;330000010;CH de L'Été;CH;public;33;Été-sur-Mer;75;01/01/2010;30/06/2023;"
            "330781196",
            "330781196;330781196;;;CHU de Bordeaux;CHU;Public;33;Bordeaux;75;2010-01-01;;",
        )
    )
    tables.ESTABLISHMENTS.validate(got.rows)
    assert got.rows.iloc[0].to_dict() == {
        "finess": "330000001",
        "valid_from": pd.Timestamp(2010, 1, 1),
        "finess_ej": "330000010",
        "finess_et": "330000001",
        "contract_finess": "330000010",
        "name": "CH de L'Été",
        "category": "CH",
        "legal_status": "public",
        "department": "33",
        "town": "Été-sur-Mer",
        "region": "75",
        "valid_to": pd.Timestamp(2023, 6, 30),
        "successor": "330781196",
    }
    assert got.rows["legal_status"][1] == "public"
    assert [(one.code, one.count) for one in got.findings] == [("FINESS_CONTRAT_DEDUIT", 1)]
    assert got.delivery["rows"][0] == 2


def test_only_finess_and_name_are_compulsory(tmp_path: Path):
    got = read(written(tmp_path, "330781196;<script>alert('{{ x }}')</script> $x$ \u2022", header="FINESS;Nom"))
    assert got.rows["name"][0] == "<script>alert('{{ x }}')</script> $x$ \u2022"
    assert got.rows["valid_from"][0] == pd.Timestamp(1900, 1, 1)
    assert pd.isna(got.rows["valid_to"][0])
    assert got.rows["contract_finess"][0] == "330781196"
    assert places(written(tmp_path, "330781196;", header="finess;nom")) == [("CELLULE_VIDE", 2, "nom")]
    assert places(written(tmp_path, "330781196", header="finess")) == [("COLONNE_ABSENTE", 1, "nom")]


@pytest.mark.parametrize(
    ("status", "level"), [("public", "330000010"), ("espic", "330000020"), ("privé", "330000020"), ("", "330000020")]
)
def test_public_contracts_are_signed_by_the_entity_others_by_the_site(tmp_path: Path, status: str, level: str):
    got = read(written(tmp_path, line(statut=status, finess_ej="330000010", finess_et="330000020")))
    assert got.rows["contract_finess"][0] == level


def test_periods_that_follow_each_other_are_fine(tmp_path: Path):
    got = read(
        written(
            tmp_path,
            line(valide_du="01/01/2022"),
            line(valide_au="31/12/2021"),
        )
    )
    assert len(got.rows) == 2


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("33078119")], [("FINESS_8_CARACTERES", 2, "finess")]),
        ([line(finess_ej="x")], [("FINESS_INVALIDE", 2, "finess_ej")]),
        ([line(statut="associatif")], [("STATUT_INCONNU", 2, "statut")]),
        ([line(departement="1")], [("DEPARTEMENT_INVALIDE", 2, "departement")]),
        ([line(region="Nouvelle-Aquitaine")], [("REGION_INVALIDE", 2, "region")]),
        ([line(valide_du="31/02/2020")], [("DATE_ILLISIBLE", 2, "valide_du")]),
        ([line(valide_du="02/01/2020", valide_au="01/01/2020")], [("DATES_INVERSEES", 2, "valide_au")]),
        ([line(), line()], [("ETABLISSEMENT_EN_DOUBLE", 3, "finess")]),
        ([line(), line(valide_du="01/01/2020")], [("PERIODES_CHEVAUCHANTES", 3, "valide_du")]),
        (
            [line(valide_du="01/01/2020"), line(valide_au="01/01/2020")],
            [("PERIODES_CHEVAUCHANTES", 2, "valide_du")],
        ),
        ([line(successeur="330000001")], [("SUCCESSEUR_INCONNU", 2, "successeur")]),
        ([line(successeur="330781196")], [("SUCCESSEUR_SOI_MEME", 2, "successeur")]),
        (
            [
                line("330000001", successeur="330000002"),
                line("330000002", successeur="330000003"),
                line("330000003", successeur="330000001"),
                line("330000004", successeur="330000001"),
            ],
            [("SUCCESSEURS_EN_CERCLE", 2, "successeur")],
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, lines: list[str], expected: list[Any]):
    assert places(written(tmp_path, *lines)) == expected


def test_two_circles_are_both_named(tmp_path: Path):
    pairs = [
        ("330000001", "330000002"),
        ("330000002", "330000001"),
        ("330000003", "330000004"),
        ("330000004", "330000003"),
    ]
    found = places(written(tmp_path, *(line(one, successeur=other) for one, other in pairs)))
    assert found == [("SUCCESSEURS_EN_CERCLE", 2, "successeur"), ("SUCCESSEURS_EN_CERCLE", 4, "successeur")]


def test_a_chain_of_mergers_is_fine_and_an_undated_one_is_said(tmp_path: Path):
    got = read(
        written(
            tmp_path,
            line("330000001", successeur="330000002", valide_au="31/12/2020"),
            line("330000002", successeur="330000003"),
            line("330000003"),
        )
    )
    assert [(one.code, one.severity, one.example) for one in got.findings if one.code == "SUCCESSEUR_SANS_DATE"] == [
        ("SUCCESSEUR_SANS_DATE", "warning", "330000002 (ligne 3)")
    ]


def test_a_workbook_with_real_dates(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Finess", "Nom", "Valide du", "Région", "Département"])
    sheet.append([330781196, "CHU", pd.Timestamp(2020, 1, 1).to_pydatetime(), 75, "2A"])
    path = tmp_path / "etablissements.xlsx"
    book.save(path)
    row = read(path).rows.iloc[0]
    assert (row["valid_from"], row["region"], row["department"]) == (pd.Timestamp(2020, 1, 1), "75", "2A")


def test_columns_that_were_exchanged_are_told(tmp_path: Path):
    good = "330000001;330000010;330000001;330000001;Clinique du Lac;privé;prive;33;Lac;75;01/01/2010;;"
    assert len(read(written(tmp_path, good)).findings) == 0
    for line, code in (
        (good.replace(";330000001;Clinique", ";330000099;Clinique"), "FINESS_INCOHERENTS"),
        (good.replace("330000001;330000010;330000001", "330000099;330000010;330000001"), "FINESS_INCOHERENTS"),
        (good.replace("Clinique du Lac;privé", "privé;Clinique du Lac"), "NOM_DOUTEUX"),
    ):
        assert [(one.code, one.severity) for one in read(written(tmp_path, line)).findings] == [(code, "warning")]
