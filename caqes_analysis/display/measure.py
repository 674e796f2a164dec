"""How the values of a measure are written, whatever its unit: in sentences, tables and along axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from caqes_analysis import french
from caqes_analysis.display.axes import amount_axis, nice_ticks, percent_axis, side_axis, tick_decimals
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.scale import amount_scale
from caqes_analysis.display.series import short_percent

__all__ = ["PERCENT", "MeasureFormat"]

_TELLING_FIGURES_NB = 3


@dataclass(frozen=True)
class MeasureFormat:
    """How a measure is written.

    Parameters
    ----------
    unit
        ``%``, ``€`` or words (« boîtes »).
    decimals
        Digits after the comma, of percentages and of other numbers; amounts in euros choose their own unit.
    signed
        True for evolutions.
    to_euro
        True where the columns of a table give amounts to the euro, not in the unit that suits them.

    Examples
    --------
    >>> MeasureFormat("€").write(1_234_567), MeasureFormat("%", signed=True).write(4.04)
    ('1,2\\xa0M€', '+4,0\\xa0%')
    >>> MeasureFormat("boîtes", 0).write(8500)
    '8\\u202f500\\xa0boîtes'
    >>> MeasureFormat("trajets par séjour", 3).write(1.03)
    '1,030\\xa0trajet par séjour'
    """

    unit: str = "%"
    decimals: int = 1
    signed: bool = False
    to_euro: bool = False

    def write(self, value: Any) -> str:
        """Return a value with its unit."""
        if self.unit == "%":
            return french.percent(value, self.decimals, signed=self.signed)
        if self.unit == "€":
            return french.compact_euros(value, signed=self.signed)
        text = (french.signed if self.signed else french.number)(value, self.decimals)
        return text if text == french.MISSING or not self.unit else f"{text}{french.NBSP}{self.unit_of(value)}"

    def unit_of(self, value: Any) -> str:
        """Return the unit in words as it agrees with a value: singular below 2 (« 0,103 trajet par séjour »)."""
        counted, space, rest = self.unit.partition(" ")
        is_one = abs(self.printed(float(value))) < 2
        return f"{counted.removesuffix('s')}{space}{rest}" if is_one else self.unit

    def told_apart(self, before: Iterable[Any], now: Iterable[Any]) -> MeasureFormat:
        """Return the format whose columns show every change: itself, or to the euro where its unit would hide one.

        An amount of fewer than three figures (« 2 k€ », then « 1 k€ ») tells its change wrong: it is to the euro too.

        Parameters
        ----------
        before, now
            The values of the two columns, row by row; a missing value changes nothing.

        Examples
        --------
        >>> MeasureFormat("€").told_apart([1_485_100, 2_000_000], [1_485_400, 2_100_000]).to_euro
        True
        >>> MeasureFormat("€").told_apart([2_208, 400_000, 500_000], [719, 410_000, 510_000]).to_euro
        True
        """
        pairs = [(a, b) for a, b in zip(before, now, strict=True) if not (pd.isna(a) or pd.isna(b))]
        if self.unit != "€" or not pairs:
            return self
        column = self.column("", "").fitted([value for pair in pairs for value in pair])
        write = column.write
        is_coarse = column.unit == "k€"
        is_hidden = any(
            write(a) == write(b) or (is_coarse and (_is_short(write(a)) or _is_short(write(b))))
            for a, b in pairs
            if self.printed(a) != self.printed(b)
        )
        return replace(self, to_euro=True) if is_hidden else self

    def without_false_zero(self, values: Iterable[Any]) -> MeasureFormat:
        """Return the format whose column prints as 0 nothing that is not: itself, or to the euro.

        Parameters
        ----------
        values
            The values of the column; a missing value changes nothing.

        Examples
        --------
        >>> [MeasureFormat("€").without_false_zero(values).to_euro for values in ([316, 4_200_000], [0, 4_200_000])]
        [True, False]
        """
        known = [value for value in values if not pd.isna(value)]
        if self.unit != "€" or not known:
            return self
        write = self.column("", "").fitted(known).write
        is_hidden = any(write(value) == write(0) and self.printed(value) for value in known)
        return replace(self, to_euro=True) if is_hidden else self

    def write_threshold(self, value: float, *, signed: bool = False) -> str:
        """Return a threshold with as many decimals as it has (« 4 % », « 8 500 boîtes »), with its sign if wanted."""
        if self.unit == "%":
            return short_percent(value, signed=signed and self.signed)
        if self.unit == "€":
            return french.euros(value)
        exact = french.rounded(value, 2) or Decimal(0)
        decimals = max(-int(exact.normalize().as_tuple().exponent), 0)
        return f"{french.number(value, decimals)}{french.NBSP}{self.unit}".rstrip()

    def interval(self, low: Any, high: Any) -> str:
        """Return an interval with its unit, empty when there is none.

        Examples
        --------
        >>> MeasureFormat("€").interval(303_000, 379_000), MeasureFormat("boîtes", 0).interval(12, 19)
        ('[303\\xa0;\\xa0379]\\xa0k€', '[12\\xa0;\\xa019]\\xa0boîtes')
        """
        if pd.isna(low) or pd.isna(high):
            return ""
        if self.unit != "€":
            unit = self.unit if self.unit in ("%", "") else self.unit_of(high)
            return french.interval(low, high, self.decimals, unit=unit, signed=self.signed)
        scale = amount_scale(float(high))
        bounds = f"{french.NBSP};{french.NBSP}".join(scale.write(bound, signed=self.signed) for bound in (low, high))
        return f"[{bounds}]{french.NBSP}{scale.unit}"

    def printed(self, value: float) -> Decimal:
        """Return a value as it is printed, for comparisons that the reader can check."""
        return french.rounded(value, self.decimals if self.unit != "€" else 0) or Decimal(0)

    def hides(self, value: float, other: float) -> bool:
        """Say whether two values that are not the same are printed alike."""
        return value != other and self.printed(value) == self.printed(other)

    def column(self, name: str, label: str, **options: Any) -> ColumnFormat:
        """Return the format of a column of such values."""
        if self.unit == "%":
            return ColumnFormat.percent(name, label, decimals=self.decimals, signed=self.signed, **options)
        if self.unit == "€":
            column = ColumnFormat.amount if self.to_euro else ColumnFormat.compact_amount
            return column(name, label, signed=self.signed, **options)
        return ColumnFormat.number(
            name, label, decimals=self.decimals, signed=self.signed, **{"unit": self.unit, **options}
        )

    def is_share(self, smallest: float, largest: float) -> bool:
        """Say whether values are percentages of a whole: 0 to 100 %, and not an evolution."""
        return self.unit == "%" and not self.signed and smallest >= 0 and largest <= 100

    def axis(self, axes: Axes, smallest: float, largest: float) -> None:
        """Write the vertical axis in the unit of the measure, named above it."""
        if self.unit == "%":
            percent_axis(axes, plus=self.signed, is_share=self.is_share(smallest, largest))
        elif self.unit == "€":
            amount_axis(axes, largest)
        else:
            ticks = nice_ticks(axes, 5)
            side_axis(
                axes, {tick: french.number(tick, tick_decimals(ticks)) for tick in ticks}, self.unit, unit_left=40
            )


PERCENT = MeasureFormat()


def _is_short(text: str) -> bool:
    return sum(one.isdigit() for one in text) < _TELLING_FIGURES_NB and text.strip("0 ") != ""
