"""French numbers, dates and words."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis import french

amounts = st.decimals(min_value=Decimal("-1e16"), max_value=Decimal("1e16"), places=2)
floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
FRENCH = re.compile(r"[+\u2212]?(0|[1-9][0-9]{0,2}(\u202f[0-9]{3})*)(,[0-9]+)?")


def parsed(text: str) -> Decimal:
    """Read a French number back."""
    assert FRENCH.fullmatch(text), text
    return Decimal(text.replace("\u202f", "").replace(",", ".").replace("\u2212", "-"))


@given(amounts)
def test_an_amount_is_read_back_to_the_cent(amount: Decimal) -> None:
    assert parsed(french.euros(amount, cents=True).removesuffix("\u00a0€")) == amount


@given(floats, st.integers(0, 6))
def test_any_float_is_rounded_half_up_from_what_it_prints(value: float, decimals: int) -> None:
    printed = parsed(french.number(value, decimals))
    distance = abs(Decimal(repr(value)) - printed)
    assert distance <= Decimal(5).scaleb(-decimals - 1)
    if distance == Decimal(5).scaleb(-decimals - 1):
        assert abs(printed) > abs(Decimal(repr(value)))


@given(amounts, st.integers(0, 2))
def test_signs(value: Decimal, decimals: int) -> None:
    plain, with_sign = french.number(value, decimals), french.signed(value, decimals)
    assert "-" not in plain + with_sign
    printed = parsed(plain)
    assert plain.startswith("\u2212") == (printed < 0)
    assert with_sign == (f"+{plain}" if printed > 0 else plain)
    assert french.percent(value, decimals, signed=True) == f"{with_sign}\u00a0%"


@given(st.one_of(amounts, floats.filter(lambda value: abs(value) < 1e18)))
def test_a_compact_amount_keeps_two_digits_and_stays_below_a_thousand_units(amount: Decimal | float) -> None:
    text, unit = french.compact_euros(amount).split("\u00a0")
    size = {"€": 1, "k€": 1_000, "M€": 1_000_000, "Md€": 1_000_000_000}[unit]
    printed = parsed(text)
    assert unit == "Md€" or abs(printed) < 1_000
    exact = Decimal(repr(amount)) if isinstance(amount, float) else amount
    assert abs(exact - printed * size) <= size / Decimal(20) or abs(printed) >= 100 or unit == "€"
    assert abs(exact - printed * size) <= size / Decimal(2)
    assert unit == "€" or abs(printed) >= 1


@pytest.mark.parametrize(
    "missing", [None, float("nan"), float("inf"), Decimal("NaN"), pd.NA, pd.NaT, np.float64("nan")]
)
def test_missing_values(missing: object) -> None:
    assert french.number(missing) == french.euros(missing) == french.compact_euros(missing) == "n. d."
    assert french.percent(missing, missing="–") == french.points(missing, missing="–") == "–"
    assert french.rounded_to_interval(missing, 1, 2) is None


def test_every_kind_of_number_is_accepted() -> None:
    same = [5, 5.0, Decimal(5), np.int64(5), np.float64(5), np.float32(5), pd.Series([5], dtype="Int64")[0]]
    assert {french.number(value, 1) for value in same} == {"5,0"}


def test_a_number_longer_than_the_default_precision_is_exact() -> None:
    assert french.number(Decimal("12345678901234567890123456789012.345"), 2).endswith("012,35")
    assert french.number(1e300).replace("\u202f", "") == "1" + "0" * 300


@given(amounts, st.integers(-6, 4))
def test_rounded_is_half_up(value: Decimal, decimals: int) -> None:
    expected = value.scaleb(decimals).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-decimals)
    assert french.rounded(value, decimals) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0,0\u00a0point"),
        (-1.94, "\u22121,9\u00a0point"),
        (1.95, "+2,0\u00a0points"),
        (-12, "\u221212,0\u00a0points"),
    ],
)
def test_points_agree_in_number(value: float, text: str) -> None:
    assert french.points(value) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (4.8312, 3.9, 5.8, "4.8"),
        (101_234_567, 94_000_000, 105_300_000, "101000000"),
        (1_234_567, 1_230_000, 1_240_000, "1235000"),
        (12.3456, 12.3, 12.4, "12.35"),
        (7.25, 7.25, 7.25, "7.25"),
    ],
)
def test_rounding_to_what_an_interval_can_carry(value: float, low: float, high: float, expected: str) -> None:
    assert french.rounded_to_interval(value, low, high) == Decimal(expected)


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_rounding_to_an_interval_moves_less_than_its_half_width(value: float, half_width: float) -> None:
    result = french.rounded_to_interval(value, Decimal(repr(value)) - Decimal(repr(half_width)), value + half_width)
    assert result is not None
    assert abs(result - Decimal(repr(value))) < Decimal("0.6") * Decimal(repr(half_width)) + Decimal("1e-6")


def test_months_and_dates() -> None:
    names = [french.month_name(month) for month in range(1, 13)]
    assert (names[0], names[1], names[7], names[11]) == ("janvier", "février", "août", "décembre")
    assert french.month_year(pd.Timestamp(2024, 2, 1), short=True) == "févr. 2024"
    assert french.date(dt.date(2024, 10, 2)) == "2 octobre 2024"
    assert french.date(dt.date(2024, 1, 1), short=True) == "01/01/2024"


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "mois", "0 mois"),
        (1, "journal", "1 journal"),
        (2, "journal", "2 journaux"),
        (3, "niveau", "3 niveaux"),
        (1.5, "point", "1,5 point"),
        (1_200, "boîte", "1\u202f200 boîtes"),
    ],
)
def test_plural(count: float, noun: str, text: str) -> None:
    assert french.plural(count, noun) == text


def test_the_plural_of_several_words_must_be_given() -> None:
    with pytest.raises(ValueError, match="établissement public"):
        french.plural(2, "établissement public")


def test_words() -> None:
    assert french.in_words(16) == "seize"
    assert french.in_words(2_500) == "2\u202f500"
    assert french.in_words(2.5) == "2,5"
    assert french.list_in_words([]) == ""
    assert french.list_in_words(["LPP"]) == "LPP"


@given(st.text())
def test_plain_text_changes_dangerous_characters_and_nothing_else(text: str) -> None:
    result = french.plain_text(text)
    assert len(result) == len(text)
    for before, after in zip(text, result, strict=True):
        dangerous = unicodedata.category(before) in ("Cc", "Cs") or unicodedata.bidirectional(before) in (
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        ) or before in "\u061c\u200e\u200f"  # fmt: skip
        assert after == ("\ufffd" if dangerous else before)
    assert french.plain_text(result) == result


def test_plain_text_of_several_lines() -> None:
    assert french.plain_text("a\n\tb\r\u202e", multiline=True) == "a\n\tb\ufffd\ufffd"
    assert french.plain_text("Élodie\u202f– العربية") == "Élodie\u202f– العربية"
