"""Exact arithmetic: what decides about money is compared and rounded as fractions, never as floats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

__all__ = ["cents", "exact", "half_up", "share_out"]

_CENTS_NB = 2


def exact(value: Any) -> Fraction | None:
    """Return a number as a fraction, None when it is missing; a float counts as what it prints.

    Examples
    --------
    >>> exact(0.1) == Fraction(1, 10), exact(float("nan"))
    (True, None)
    """
    if value is None or pd.isna(value):
        return None
    if isinstance(value, Fraction):
        return value
    if isinstance(value, float):
        return Fraction(Decimal(repr(float(value))))
    return Fraction(value if isinstance(value, Decimal) else Decimal(str(value)))


def half_up(value: Fraction, decimals: int = 0) -> Decimal:
    """Return a fraction rounded to so many decimals, the half away from zero.

    Examples
    --------
    >>> half_up(Fraction(11_260_584_675, 1000), 2), half_up(Fraction(-1, 2))
    (Decimal('11260584.68'), Decimal('-1'))
    """
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals) if whole else Decimal(0).scaleb(-decimals)


def cents(value: Fraction) -> Decimal:
    """Return an amount in euros, to the cent, half-up.

    Examples
    --------
    >>> cents(Fraction(20, 100) * Fraction("37535282.25"))
    Decimal('7507056.45')
    """
    return half_up(value, _CENTS_NB)


def share_out(total: Decimal, weights: Mapping[str, Decimal] | Sequence[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Share an amount in proportion to weights, to the cent, so that the parts add up to it exactly.

    Parameters
    ----------
    total
        Amount to the cent, not negative.
    weights
        Positive weights by name.

    Returns
    -------
    dict
        Part of each name: rounded down, the remaining cents going to the largest remainders, then by name.

    Examples
    --------
    >>> share_out(Decimal("1.00"), {"a": Decimal(1), "b": Decimal(1), "c": Decimal(1)})
    {'a': Decimal('0.34'), 'b': Decimal('0.33'), 'c': Decimal('0.33')}
    """
    named = dict(weights)
    whole = sum(Fraction(weight) for weight in named.values())
    if not whole:
        return dict.fromkeys(named, Decimal("0.00"))
    due = {name: Fraction(total) * 100 * Fraction(weight) / whole for name, weight in named.items()}
    parts = {name: part.numerator // part.denominator for name, part in due.items()}
    left = int(Fraction(total) * 100) - sum(parts.values())
    for name in sorted(due, key=lambda one: (parts[one] - due[one], one))[:left]:
        parts[name] += 1
    return {name: Decimal(part).scaleb(-_CENTS_NB) for name, part in parts.items()}
