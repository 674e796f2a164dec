"""One unit of amount for a whole column or axis, so that its numbers compare at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from caqes_analysis import french

__all__ = ["AmountScale", "amount_scale"]

_UNITS: Final = (("€", 0), ("k€", 3), ("M€", 6), ("Md€", 9))


@dataclass(frozen=True)
class AmountScale:
    """One unit for many amounts: a column of a table, an axis.

    Parameters
    ----------
    unit
        €, k€, M€ or Md€.
    power
        Its power of ten.
    decimals
        Digits after the comma.
    """

    unit: str
    power: int
    decimals: int

    def write(self, value: Any, *, signed: bool = False) -> str:
        """Return the amount in that unit, without the unit."""
        exact = french.rounded(value, 6)
        scaled = None if exact is None else exact.scaleb(-self.power)
        return (french.signed if signed else french.number)(scaled, self.decimals)


def amount_scale(size: float) -> AmountScale:
    """Return the scale in which an amount of that size has three digits or a little more.

    Examples
    --------
    >>> amount_scale(12_340), amount_scale(103_140_000).write(98_765_432)
    (AmountScale(unit='k€', power=3, decimals=1), '98,8')
    """
    unit, power = next((scale for scale in reversed(_UNITS) if abs(size) >= 10 ** scale[1]), _UNITS[0])
    whole = power == 0 or (power == 3 and abs(size) >= 100_000)
    return AmountScale(unit, power, 0 if whole else 1)
