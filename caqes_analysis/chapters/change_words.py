"""A change from one year to the next and a slope over the years, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.words import format_of
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.intervals import in_points

__all__ = ["change_words", "slope_words"]

_MOST_DECIMALS_NB = 3


def change_words(measure: Measure, change: Any, low: Any = None, high: Any = None) -> str:
    """Return a change in words, with its interval when there is one; empty without a change.

    Parameters
    ----------
    measure
        What is measured: shares change in points, levels in percent.
    change
        The change.
    low, high
        Its 95 % interval; the unit is written once, before it.

    Examples
    --------
    >>> from caqes_analysis.indicators.measures import Measure
    >>> parts = {"table": "activity", "sum": "count_nb", "where": "activity = 'stays'"}
    >>> share = Measure.model_validate({"id": "share_pct", "label": "Part", "unit": "%", "numerator": parts})
    >>> change_words(share, 0.13, 0.04, 0.26), change_words(share, -0.6, -1.6, 0.3)
    ('+0,13\\xa0point [+0,04\\xa0;\\xa0+0,26]', '−0,6\\xa0point [−1,6\\xa0;\\xa0+0,3]')
    """
    if pd.isna(change):
        return ""
    decimals = _decimals(low, high)
    said = french.points(change, decimals) if in_points(measure) else french.percent(change, decimals, signed=True)
    return said if pd.isna(low) else f"{said} {french.interval(low, high, decimals, signed=True)}"


def _decimals(low: Any, high: Any) -> int:
    """Return with how many decimals a bound that excludes zero is not printed as zero."""
    if pd.isna(low) or not (low > 0 or high < 0):
        return 1
    nearest = min(abs(low), abs(high))
    return next((decimals for decimals in (1, 2) if french.rounded(nearest, decimals)), _MOST_DECIMALS_NB)


def slope_words(measure: Measure, region: pd.Series) -> str:
    """Return the yearly slope of the region in words, or why there is none.

    Parameters
    ----------
    measure
        What is measured.
    region
        Row of ``indicator_trends``: ``slope``, ``slope_lower``, ``slope_upper``, ``slope_reason``.
    """
    if isinstance(region["slope_reason"], str):
        return f"Tendance{french.NBSP}: {region['slope_reason']}."
    if pd.isna(region["slope_lower"]):
        return ""
    low, high = region["slope_lower"], region["slope_upper"]
    if in_points(measure):
        said = change_words(measure, region["slope"], low, high)
    else:
        signed = replace(format_of(measure), signed=True)
        said = f"{signed.write(region['slope'])} {signed.interval(low, high)}"
    return f"Pente, par an, aux mêmes établissements{french.NBSP}: {said}."
