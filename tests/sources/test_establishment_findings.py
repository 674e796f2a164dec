"""What a list of establishments that reads well shows: each defect is told once, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.sources import read_establishments

HEADER = "finess;finess_ej;finess_et;nom;categorie;statut;commune;valide_du;valide_au;successeur"
FIRST = "330000001;330000001;330100009;Hôpital de Langon;CH;public;Langon;;;"
SECOND = "330000002;330000002;330100017;Hôpital de Bazas;CH;public;Bazas;;;"
THIRD = "330000003;330000003;330100025;Hôpital de Créon;HL;public;Créon;;;"


def told(folder: Path, *lines: str) -> list[tuple[str, int, str]]:
    path = folder / "etablissements.csv"
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    found = read_establishments(path, delivery="d").findings
    return [(one.code, one.count, one.example) for one in found if one.severity == "warning"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((FIRST, SECOND, THIRD), []),
        (
            (FIRST, SECOND.replace("330100017", "330100009"), THIRD),
            [("SITE_PARTAGE", 1, "330000002, 330100009 (ligne 3)")],
        ),
        # The entity and its site, both followed; a site that passed from one entity to another.
        ((FIRST, SECOND, f"330100017{SECOND[9:]}", THIRD), []),
        (
            (
                FIRST.replace(";;;", ";01/01/2010;31/12/2022;"),
                SECOND.replace("330100017", "330100009").replace(";;;", ";01/01/2023;;"),
            ),
            [],
        ),
        (
            (FIRST, SECOND, THIRD.replace("ô", "?").replace("é", "?")),
            [("ACCENTS_PERDUS", 1, "330000003, H?pital de Cr?on (ligne 4)")],
        ),
        (
            (FIRST, SECOND, THIRD.replace("HL", "ZZ")),
            [("CATEGORIE_INCONNUE", 1, "330000003, ZZ (ligne 4)")],
        ),
        # A region with a list of its own.
        (tuple(line.replace("CH", "MCO A").replace("HL", "MCO B") for line in (FIRST, SECOND, THIRD)), []),
        (
            (
                FIRST.replace(";;;", ";01/01/2010;30/06/2023;330000002"),
                SECOND.replace(";;;", ";01/01/2010;31/12/2021;"),
                THIRD,
            ),
            [("SUCCESSEUR_DEJA_FERME", 1, "330000001, 330000002 (ligne 2)")],
        ),
        (
            ("330000001;330000001;330100009;Langon;CH;public;Hôpital de Langon;;;",),
            [("NOM_DOUTEUX", 1, "330000001, Langon (ligne 2)")],
        ),
        (
            (FIRST, SECOND.replace("de Bazas", "de LANGON"), THIRD),
            [("NOM_EN_DOUBLE", 1, "330000002, Hôpital de LANGON (ligne 3)")],
        ),
        # The same name, later.
        (
            (
                FIRST.replace(";;;", ";01/01/2010;31/12/2022;"),
                SECOND.replace("de Bazas", "de Langon").replace(";;;", ";01/01/2023;;"),
            ),
            [],
        ),
        # One hospital that bears a part of the name of its town is not an exchange.
        ((FIRST, SECOND, "330000003;330000003;330100025;Cadillac;HL;public;Cadillac-sur-Garonne;;;"), []),
    ],
)
def test_each_doubt_is_told_once(lines: tuple[str, ...], expected: list[tuple[str, int, str]], tmp_path: Path) -> None:
    assert told(tmp_path, *lines) == expected


@pytest.mark.parametrize(
    ("departments", "expected"),
    [
        (("33", "33", "40", "2A", "971", "976"), []),
        (("33", "40", "40", "2A", "971", "976"), ["330000002, 40 (ligne 3)"]),
        (("33", "33", "40", "2A", "972", "976"), []),  # nothing else here begins as Guadeloupe does
        (("64", "33", "40", "2A", "971", "976"), ["330000001, 64 (ligne 2)"]),
        (("", "33", "", "2A", "971", "976"), []),
        (("1", "1", "1", "1", "1", "33"), []),  # a list with departments of its own
    ],
)
def test_a_department_that_is_not_the_one_of_its_finess_is_told(
    departments: tuple[str, ...], expected: list[str], tmp_path: Path
) -> None:
    codes = ("330000001", "330000002", "400000003", "2A0000014", "970100186", "980500003")
    names = ("Un", "Deux", "Trois", "Quatre", "Cinq", "Six")
    lines = [
        f"{code};{code};{name};CH;public;{department.rjust(2, '0') if department else ''}"
        for code, name, department in zip(codes, names, departments, strict=True)
    ]
    path = tmp_path / "etablissements.csv"
    path.write_text("\n".join(["finess;finess_ej;nom;categorie;statut;departement", *lines, ""]), encoding="utf-8")
    found = read_establishments(path, delivery="d").findings
    assert [one.example for one in found if one.code == "DEPARTEMENT_DOUTEUX"] == expected
