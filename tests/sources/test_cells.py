from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.sources.cells import CellError, parse_amount, parse_date, parse_finess, parse_month, parse_text

_AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False)


def refused(parse: Callable[[Any], Any], cell: Any) -> str:
    with pytest.raises(CellError) as caught:
        parse(cell)
    assert caught.value.problem.remedy
    return caught.value.problem.code


def grouped(amount: Decimal, separator: str) -> str:
    return f"{amount:,.2f}".replace(",", "#").replace(".", ",").replace("#", separator)


@given(_AMOUNTS)
def test_every_way_of_writing_an_amount_gives_it_back_exactly(amount: Decimal):
    assert parse_amount(f"{amount:.2f}") == amount
    assert parse_amount(f"{amount:.2f}".replace(".", ",")) == amount
    assert parse_amount(f"{amount:.2f} €".replace(".", ",").replace("-", "−")) == amount
    for separator in (" ", "\u00a0", "\u202f", "\u2009", "."):
        assert parse_amount(grouped(amount, separator)) == amount


@given(_AMOUNTS)
def test_a_spreadsheet_number_gives_its_cents_back(amount: Decimal):
    assert parse_amount(float(amount)) == amount
    assert parse_amount(int(amount)) == int(amount)


@given(st.integers(1, 10**9), st.integers(1, 9))
def test_a_third_decimal_is_refused_everywhere(whole: int, third: int):
    assert refused(parse_amount, f"{whole},12{third}") == "MONTANT_DECIMALES"
    assert refused(parse_amount, float(f"{whole}.12{third}")) == "MONTANT_DECIMALES"


@given(st.text(max_size=12))
def test_any_text_is_an_amount_a_gap_or_a_refusal(text: str):
    try:
        amount = parse_amount(text)
    except CellError as failure:
        code = failure.problem.code
    else:
        code = "MONTANT_VIDE" if amount is None else "MONTANT_LU"
        assert (amount is None) == (not text.strip())
    assert code.startswith("MONTANT_")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.234.56", "MONTANT_ILLISIBLE"),
        ("1.23,45", "MONTANT_ILLISIBLE"),
        ("12.34,56", "MONTANT_ILLISIBLE"),
        ("1,234.56", "MONTANT_ILLISIBLE"),
        ("1 23,45", "MONTANT_ILLISIBLE"),
        ("1 2345,00", "MONTANT_ILLISIBLE"),
        ("1,2,3", "MONTANT_ILLISIBLE"),
        ("1e5", "MONTANT_ILLISIBLE"),
        ("n.d.", "MONTANT_ILLISIBLE"),
        ("<script>", "MONTANT_ILLISIBLE"),
        ("--5", "MONTANT_ILLISIBLE"),
        ("-", "MONTANT_ILLISIBLE"),
        ("€", "MONTANT_ILLISIBLE"),
        ("(12,00)", "MONTANT_ILLISIBLE"),
        ("١٢", "MONTANT_ILLISIBLE"),
        (True, "MONTANT_ILLISIBLE"),
        (date(2024, 1, 1), "MONTANT_ILLISIBLE"),
        (float("nan"), "MONTANT_ILLISIBLE"),
        (float("inf"), "MONTANT_ILLISIBLE"),
        ("1.234", "MONTANT_AMBIGU"),
        ("1234.567", "MONTANT_DECIMALES"),
        ("1234,567", "MONTANT_DECIMALES"),
        ("1.234,567", "MONTANT_DECIMALES"),
        (1234.567, "MONTANT_DECIMALES"),
        ("1" * 14, "MONTANT_TROP_GRAND"),
        (1e14, "MONTANT_TROP_GRAND"),
        (1e300, "MONTANT_TROP_GRAND"),
    ],
)
def test_what_is_not_one_amount_is_refused(cell: Any, code: str):
    assert refused(parse_amount, cell) == code


def test_amounts_seen_in_files():
    assert parse_amount("1.234.567") == 1_234_567
    assert parse_amount("1234.5") == Decimal("1234.5")
    assert parse_amount(0.1 + 0.2) == Decimal("0.30")
    assert parse_amount("12,345", decimals=3) == Decimal("12.345")
    assert parse_amount("  ") is None
    assert parse_amount("0") == 0


@pytest.mark.parametrize(
    "cell", ["2024-09", "2024/09", "09/2024", "9/2024", "2024-9", "202409", 202409, 202409.0, " 2024-09 "]
)
def test_months(cell: Any):
    assert parse_month(cell) == date(2024, 9, 1)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2024-13", "MOIS_ILLISIBLE"),
        ("2024-00", "MOIS_ILLISIBLE"),
        ("13/2024", "MOIS_ILLISIBLE"),
        ("septembre 2024", "MOIS_ILLISIBLE"),
        ("01/09/2024", "MOIS_ILLISIBLE"),
        ("2024-09-01", "MOIS_ILLISIBLE"),
        (45536.0, "MOIS_ILLISIBLE"),
        ("1999-12", "MOIS_HORS_PERIODE"),
        ("2101-01", "MOIS_HORS_PERIODE"),
        (datetime(2024, 9, 1), "MOIS_DATE_EXCEL"),
        (date(2024, 9, 1), "MOIS_DATE_EXCEL"),
    ],
)
def test_what_is_not_a_month_is_refused(cell: Any, code: str):
    assert refused(parse_month, cell) == code


def test_dates():
    for cell in ("31/12/2024", "2024-12-31", date(2024, 12, 31), datetime(2024, 12, 31, 5)):
        assert parse_date(cell) == date(2024, 12, 31)
    assert parse_date(" ") is None
    for cell in ("31/02/2024", "12-31-2024", "2024-12", "1/1/2024", "01/01/1024", "2101-01-01", 45536.0):
        assert refused(parse_date, cell) == "DATE_ILLISIBLE"


def test_finess():
    assert parse_finess("2A0000014") == "2A0000014"
    assert parse_finess(330781196.0) == "330781196"
    assert parse_finess("") is None
    assert refused(parse_finess, "10007987") == "FINESS_8_CARACTERES"
    assert refused(parse_finess, 10007987) == "FINESS_8_CARACTERES"
    for cell in ("3307811966", "2a0000014", "2C0000014", "33 078 119", 1.5, True, "٣٣٠٧٨١١٩٦"):
        assert refused(parse_finess, cell) == "FINESS_INVALIDE"


def test_texts_are_just_texts():
    assert parse_text(" <script>alert(1)</script> {{ x }} $ ") == "<script>alert(1)</script> {{ x }} $"
    assert parse_text(12.5) == "12.5"
