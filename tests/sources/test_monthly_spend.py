from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.envelopes import ENVELOPES, Envelope
from caqes_analysis.errors import CaqesError, Problem, SourceError
from caqes_analysis.sources import Received, read_monthly_spend

HEADER = "finess;mois;enveloppe;montant\n"
GOOD = HEADER + "330781196;2024-09;phmev;1234,56\n"
_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def read(path: Path, **options: Any) -> Received:
    known = {"delivery": "d", "amount_kind": "reimbursed", "date_basis": "care", "tax": "TTC"}
    return read_monthly_spend(path, **{**known, **options})


def csv_file(directory: Path, text: str, encoding: str = "cp1252") -> Path:
    path = directory / "mensuel.csv"
    path.write_bytes(text.encode(encoding))
    return path


def workbook(directory: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in rows:
        sheet.append(cells)
    path = directory / "mensuel.xlsx"
    book.save(path)
    return path


def problems(path: Path, **options: Any) -> list[Problem]:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(SourceError) as caught:
        read(path, **options)
    assert sorted(path.parent.rglob("*")) == before
    assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
    return list(caught.value.problems)


def one_problem(path: Path) -> tuple[str, int | None, str | None, str | None]:
    (problem,) = problems(path)
    return problem.code, problem.line, problem.column, problem.value


def test_rows_states_and_delivery(tmp_path: Path):
    path = csv_file(
        tmp_path,
        HEADER
        + "330781196;2024-07;phmev;1 234,56\n330781196;2024-08;PHMEV;0,00\n\n"
        + "330781196;09/2024;Liste en sus médicaments;\n",
    )
    got = read(path, provisional_from=date(2024, 8, 1))
    rows = got.rows
    tables.MONTHLY_SPEND.validate(rows)
    assert list(rows["amount_eur"][:2]) == [Decimal("1234.56"), Decimal("0.00")]
    assert pd.isna(rows["amount_eur"][2])
    assert list(rows["value_status"]) == ["reported", "zero", "missing"]
    assert list(rows["envelope"]) == ["phmev", "phmev", "extra_list_drugs"]
    assert list(rows["is_provisional"]) == [False, True, True]
    assert set(rows["tax"]) == {"TTC"}
    delivery = got.delivery.iloc[0]
    assert delivery[["as_of", "total_eur", "total_nb"]].isna().all()
    assert delivery.drop(["as_of", "total_eur", "total_nb"]).to_dict() | {"received_on": None} == {
        "delivery": "d",
        "file": "mensuel.csv",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "received_on": None,
        "period": "2024-07 à 2024-09",
        "rows": 3,
        "lines": 3,
        "total_base_eur": None,
        "total_billed_eur": None,
        "total_tariff_eur": None,
    }
    assert [(one.code, one.count, one.example) for one in got.findings] == [
        ("MONTANT_MANQUANT", 1, "330781196, 2024-09 (ligne 5)")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_header_is_known_whatever_its_case_accents_and_order(tmp_path: Path, encoding: str):
    text = "Enveloppe;QUANTITÉ;Mois;Montant (ignoré);FINESS;montant\nphmev;-1,5;202409;x;330781196;-3\n"
    got = read(csv_file(tmp_path, text, encoding))
    assert got.rows["quantity_nb"][0] == Decimal("-1.5")
    assert got.rows["amount_eur"][0] == Decimal(-3)
    assert [(one.code, one.severity, one.count) for one in got.findings] == [
        ("MONTANT_NEGATIF", "warning", 1),
        ("COLONNE_IGNOREE", "information", 1),
    ]


def test_a_region_adds_its_envelope(tmp_path: Path):
    mine = Envelope("retrocession", "Rétrocession", "Rétroc.", ("retrocession",))
    path = csv_file(tmp_path, HEADER + "330781196;2024-09;Rétrocession;1\n")
    assert read(path, envelopes=(*ENVELOPES, mine)).rows["envelope"][0] == "retrocession"
    code, line, column, value = one_problem(path)
    assert (code, line, column, value) == ("ENVELOPPE_INCONNUE", 2, "enveloppe", "Rétrocession")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("33078119;2024-09;phmev;1", ("FINESS_8_CARACTERES", 3, "finess", "33078119")),
        ("330781196;2024-13;phmev;1", ("MOIS_ILLISIBLE", 3, "mois", "2024-13")),
        ("330781196;1999-12;phmev;1", ("MOIS_HORS_PERIODE", 3, "mois", "1999-12")),
        ("330781196;2024-10;phmev;1.234.56", ("MONTANT_ILLISIBLE", 3, "montant", "1.234.56")),
        ("330781196;2024-10;phmev;12,345", ("MONTANT_DECIMALES", 3, "montant", "12,345")),
        ("330781196;2024-10;phmev;<script>", ("MONTANT_ILLISIBLE", 3, "montant", "<script>")),
        ("330781196;2024-10;inconnue;1", ("ENVELOPPE_INCONNUE", 3, "enveloppe", "inconnue")),
        (";2024-10;phmev;1", ("CELLULE_VIDE", 3, "finess", None)),
        ("330781196;;phmev;1", ("CELLULE_VIDE", 3, "mois", "")),
        ("330781196;2024-10;;1", ("CELLULE_VIDE", 3, "enveloppe", None)),
        ("330781196;2024-10;phmev", ("NB_CHAMPS", 3, None, None)),
        ("330781196;2024-10;phmev;1;2", ("NB_CHAMPS", 3, None, None)),
        ('330781196;2024-10;"phmev;1', ("GUILLEMET_NON_FERME", 3, None, None)),
        (
            "330781196;09/2024;PHMEV;7",
            ("LIGNE_EN_DOUBLE", 3, "finess, mois, enveloppe", "330781196, 2024-09, phmev"),
        ),
    ],
)
def test_a_wrong_line_is_refused_with_its_place(tmp_path: Path, cells: str, expected: tuple[Any, ...]):
    assert one_problem(csv_file(tmp_path, GOOD + cells + "\n")) == expected


def test_a_duplicate_names_both_lines(tmp_path: Path):
    (problem,) = problems(csv_file(tmp_path, GOOD + "330781196;2024-09;phmev;7\n"))
    assert problem.line == 3
    assert "ligne 2" in problem.what


def test_all_problems_come_at_once(tmp_path: Path):
    text = GOOD + "33078119;2024-13;x;1.2.3\n330781196;2024-09;phmev;1\n"
    found = problems(csv_file(tmp_path, text))
    assert [(one.code, one.line) for one in found] == [
        ("FINESS_8_CARACTERES", 3),
        ("MOIS_ILLISIBLE", 3),
        ("ENVELOPPE_INCONNUE", 3),
        ("MONTANT_ILLISIBLE", 3),
        ("LIGNE_EN_DOUBLE", 4),
    ]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "FICHIER_VIDE", None),
        (b"\r\n;;\r\n", "FICHIER_SANS_LIGNE", None),
        (HEADER.encode(), "FICHIER_SANS_LIGNE", 1),
        (GOOD.replace(";", ",").encode(), "SEPARATEUR", 1),
        (GOOD.replace(";", "\t").encode(), "SEPARATEUR", 1),
        (GOOD.encode("utf-16"), "ENCODAGE_UTF16", 1),
        ((GOOD + "é\n").encode() + "é\n".encode("cp1252"), "ENCODAGE_MIXTE", 4),
        (GOOD.replace("montant", "montnat").encode(), "COLONNE_ABSENTE", 1),
        (GOOD.replace("enveloppe", "mois").encode(), "COLONNE_ABSENTE", 1),
        (b"\xd0\xcf\x11\xe0 ancien classeur", "FORMAT_NON_LU", None),
        (b"PK\x03\x04 rien", "ZIP_ILLISIBLE", None),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, data: bytes, code: str, line: int | None):
    path = tmp_path / "mensuel.csv"
    path.write_bytes(data)
    found = problems(path)
    assert (code, line) in [(one.code, one.line) for one in found]


def test_a_misspelt_column_is_proposed(tmp_path: Path):
    (problem,) = problems(csv_file(tmp_path, GOOD.replace("montant", "montnat")))
    assert "« montnat »" in problem.remedy


def test_an_absent_file(tmp_path: Path):
    with pytest.raises(SourceError) as caught:
        read(tmp_path / "rien.csv")
    assert caught.value.problems[0].code == "FICHIER_ABSENT"


def test_cut_anywhere_a_file_is_refused_or_its_beginning_is_read(tmp_path: Path):
    lines = [f"330781196;2024-{month:02d};phmev;{month}23{month},5{month % 10}" for month in range(1, 10)]
    text = HEADER + "".join(line + "\n" for line in lines)
    whole = [str(amount) for amount in read(csv_file(tmp_path, text)).rows["amount_eur"]]
    refused_nb = 0
    for cut in range(1, len(text)):
        try:
            got = read(csv_file(tmp_path, text[:cut]))
        except SourceError:
            refused_nb += 1
            continue
        amounts = [str(amount) for amount in got.rows["amount_eur"]]
        if len(amounts) == 1 and not text[:cut].endswith("\n"):
            assert "FIN_SANS_RETOUR_DE_LIGNE" in got.findings.codes()
        else:
            assert amounts == whole[: len(amounts)]
    assert refused_nb > 0.9 * (len(text) - 2 * len(lines)) - 40


def test_amount_kind_must_be_known(tmp_path: Path):
    with pytest.raises(CaqesError) as caught:
        read(csv_file(tmp_path, GOOD), amount_kind="brut")
    assert caught.value.problems[0].column == "amount_kind"


def test_workbook_cells(tmp_path: Path):
    got = read(
        workbook(
            tmp_path,
            ["FINESS", "Mois", "Enveloppe", "Montant"],
            ["330781196", "2024-09", "phmev", 1234.56],
            [330781196, 202410, "lpp", "1\u202f234,56 €"],
            [None, None, None, None],
            ["2A0000014", "09/2024", "taxi", 0],
            ["2A0000014", "10/2024", "taxi", None],
        )
    )
    assert [str(amount) for amount in got.rows["amount_eur"]] == ["1234.56", "1234.56", "0.00", "<NA>"]
    assert list(got.rows["value_status"]) == ["reported", "reported", "zero", "missing"]
    assert got.findings.codes() == {"MONTANT_MANQUANT"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["330781196", datetime(2024, 9, 1), "phmev", 1], ("MOIS_DATE_EXCEL", 2, "mois")),
        (["330781196", datetime(2024, 9, 17), "phmev", 1], ("MOIS_DATE_EXCEL", 2, "mois")),
        (["330781196", "2024-09", "phmev", "=1+1"], ("CELLULE_CALCULEE", 2, "montant")),
        (["330781196", "2024-09", "phmev", 1.005], ("MONTANT_DECIMALES", 2, "montant")),
        (["330781196", "2024-09", "phmev", True], ("MONTANT_ILLISIBLE", 2, "montant")),
        ([10007987, "2024-09", "phmev", 1], ("FINESS_8_CARACTERES", 2, "finess")),
    ],
)
def test_a_wrong_cell_of_a_workbook_is_refused(tmp_path: Path, row: list[Any], expected: tuple[Any, ...]):
    path = workbook(tmp_path, ["finess", "mois", "enveloppe", "montant"], row)
    assert one_problem(path)[:3] == expected


def test_a_formula_in_a_column_that_is_not_read_is_harmless(tmp_path: Path):
    path = workbook(
        tmp_path,
        ["finess", "mois", "enveloppe", "montant", "total"],
        ["330781196", "2024-09", "phmev", 1, "=SUM(D2:D2)"],
    )
    assert read(path).findings.codes() == {"COLONNE_IGNOREE"}


def test_an_empty_workbook_and_one_without_rows(tmp_path: Path):
    assert problems(workbook(tmp_path))[0].code == "FICHIER_SANS_LIGNE"
    assert problems(workbook(tmp_path, ["finess", "mois", "enveloppe", "montant"]))[0].code == "FICHIER_SANS_LIGNE"


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["330781196", "2A0000014", "970100228"]),
        st.dates(date(2000, 1, 1), date(2100, 12, 31)).map(lambda day: day.replace(day=1)),
        st.sampled_from([envelope.code for envelope in ENVELOPES]),
        st.none() | st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[:3],
)


@_QUIET
@given(_ROWS, st.sampled_from(["csv", "xlsx"]))
def test_any_table_is_read_back_equal(tmp_path: Path, rows: list[tuple[str, date, str, Decimal | None]], kind: str):
    if kind == "csv":
        lines = [
            f"{finess};{month:%m/%Y};{envelope};{'' if amount is None else f'{amount:.2f}'.replace('.', ',')}"
            for finess, month, envelope, amount in rows
        ]
        path = csv_file(tmp_path, HEADER + "\r\n".join(lines) + "\r\n")
    else:
        cells = [
            [finess, f"{month:%Y-%m}", envelope, None if amount is None else float(amount)]
            for finess, month, envelope, amount in rows
        ]
        path = workbook(tmp_path, ["finess", "mois", "enveloppe", "montant"], *cells)
    got = read(path).rows
    assert list(got["finess"]) == [row[0] for row in rows]
    assert [day.date() for day in got["month"]] == [row[1] for row in rows]
    assert list(got["envelope"]) == [row[2] for row in rows]
    assert [None if pd.isna(amount) else amount for amount in got["amount_eur"]] == [row[3] for row in rows]
