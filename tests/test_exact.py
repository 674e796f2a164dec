from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.exact import cents, exact, half_up, share_out

AMOUNTS = st.decimals(min_value=0, max_value=10**10, places=2)


def test_published_savings_at_both_bounds_of_the_rate() -> None:
    saved = Fraction("37535282.25")
    assert cents(saved * 20 / 100) == Decimal("7507056.45")
    assert cents(saved * 30 / 100) == Decimal("11260584.68")  # 11 260 584,675: the half goes up


def test_published_share_of_drugs_in_the_extra_list() -> None:
    """6,8 Md€ in 2020, 73 % of it drugs: the parts add up, and give the share back."""
    whole = Decimal("6800000000.00")
    parts = share_out(whole, {"drugs": Decimal(73), "devices": Decimal(27)})
    assert parts == {"drugs": Decimal("4964000000.00"), "devices": Decimal("1836000000.00")}
    assert half_up(100 * Fraction(parts["drugs"]) / Fraction(whole), 1) == Decimal("73.0")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6), st.integers(0, 4))
def test_rounding_is_decimal_s_half_up(value: Decimal, decimals: int) -> None:
    expected = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert half_up(Fraction(value), decimals) == expected


def test_a_float_counts_as_what_it_prints() -> None:
    assert exact(0.1) == Fraction(1, 10)
    assert exact(None) is None
    assert exact(float("nan")) is None


@given(AMOUNTS, st.dictionaries(st.text("abcdef", min_size=1, max_size=3), AMOUNTS, min_size=1, max_size=6))
def test_shares_add_up_to_the_cent(total: Decimal, weights: dict[str, Decimal]) -> None:
    parts = share_out(total, weights)
    assert set(parts) == set(weights)
    assert sum(parts.values()) == (total if sum(weights.values()) else 0)
    whole = sum(weights.values())
    for name, part in parts.items():
        if whole:
            assert abs(Fraction(part) - Fraction(total) * Fraction(weights[name]) / Fraction(whole)) < Fraction(1, 100)
