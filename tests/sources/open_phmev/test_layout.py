from __future__ import annotations

import pytest

from caqes_analysis.sources.open_phmev.layout import (
    category_of,
    department_of,
    header_problems,
    legal_status_of,
    region_of,
    unknown_columns,
)
from tests.sources.phmev_files import HEADER


@pytest.mark.parametrize(
    ("grouped", "old", "category", "status"),
    [
        ("3+", "3+", "CHU", "public"),
        ("CHU", "ch", "CHU", "public"),
        ("CH", "hl", "CH", "public"),
        ("HL", "hl", "HL", "public"),
        ("CLCC", "can", "CLCC", "espic"),
        ("ESPIC", "ch", "ESPIC", "espic"),
        ("PSY", "psy", "PSY", None),
        ("AUTRES", "ssr", "AUTRES", None),
        (None, "chr", "CHU", "public"),
        (None, "ch", "CH", None),
        (None, "can", "CLCC", "espic"),
        (None, "esld", "AUTRES", None),
        ("", "", None, None),
        ("NOUVEAU", "x", "NOUVEAU", None),
        (None, "xyz", "XYZ", None),
    ],
)
def test_categories_and_the_status_that_follows(
    grouped: str | None, old: str, category: str | None, status: str | None
):
    assert (category_of(grouped, old), legal_status_of(grouped, old)) == (category, status)


@pytest.mark.parametrize(
    ("code", "department"),
    [
        ("33076", "33"),
        ("01500", "01"),
        ("20000", "2A"),
        ("20190", "2A"),
        ("20200", "2B"),
        ("20620", "2B"),
        ("97150", "971"),
        ("97600", "976"),
        ("98800", "988"),
        ("96567", "965"),
        ("", None),
    ],
)
def test_department_of_a_postal_code(code: str, department: str | None):
    assert department_of(code) == department


def test_region_codes_have_two_digits():
    assert [region_of(code) for code in ("1", "06", "75")] == ["01", "06", "75"]


def test_header_problems():
    names = HEADER.split(";")
    assert header_problems(names) == []
    assert header_problems([name.swapcase() for name in names]) == []
    old = [name for name in names if name != "categorie_jur_rgt"]
    assert header_problems(old) == []
    without = [name for name in names if name not in ("REM", "age")]
    assert [(one.code, one.line, one.column) for one in header_problems(without)] == [
        ("COLONNE_ABSENTE", 1, "age"),
        ("COLONNE_ABSENTE", 1, "REM"),
    ]
    twice = header_problems([*names, "rem"])
    assert [(one.code, one.column) for one in twice] == [("COLONNE_EN_DOUBLE", "rem")]
    near = header_problems(["boite" if name == "BOITES" else name for name in names])
    assert "« boite »" in near[0].remedy
    (separator,) = header_problems([HEADER.replace(";", ",")])
    assert (separator.code, separator.line) == ("SEPARATEUR", 1)
    assert "virgule" in separator.what


def test_unknown_columns_are_named_as_received():
    assert unknown_columns([*HEADER.split(";"), "Nouvelle"]) == ["Nouvelle"]
