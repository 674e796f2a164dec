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


def change_words(measure: Measure, change: Any, low: Any = None, high: Any = None) -> str:
    """Return a change in words, with its interval when there is one; empty without a change.

    Parameters
    ----------
    measure
        What is measured: shares change in points, levels in percent.
    change
        The change.
    low, high
        Its 95 % interval.
    """
    if pd.isna(change):
        return ""
    if in_points(measure):
        said = french.points(change)
        bounds = "" if pd.isna(low) else f" {french.interval(low, high, signed=True, unit='points')}"
    else:
        said = french.percent(change, signed=True)
        bounds = "" if pd.isna(low) else f" {french.interval(low, high, signed=True, unit='%')}"
    return f"{said}{bounds}"


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
        return f"Pente{french.NBSP}: {region['slope_reason']}."
    if pd.isna(region["slope_lower"]):
        return ""
    low, high = region["slope_lower"], region["slope_upper"]
    if in_points(measure):
        said = f"{french.points(region['slope'])} {french.interval(low, high, signed=True, unit='points')}"
    else:
        signed = replace(format_of(measure), signed=True)
        said = f"{signed.write(region['slope'])} {signed.interval(low, high)}"
    return f"Pente, par an, aux mêmes établissements{french.NBSP}: {said}."
