"""The digits that are kept of what chance and the region move: bounds, slopes, contributions."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["ESTIMATED_COLUMNS", "ESTIMATED_DIGITS_NB", "at_kept_precision"]

ESTIMATED_DIGITS_NB: Final = 6
"""Significant digits kept of an estimate. No page prints as many; beyond them, a cent spent anywhere in the region
would move the bounds of everybody."""

ESTIMATED_COLUMNS: Final = (
    "lower",
    "upper",
    "change_lower",
    "change_upper",
    "slope",
    "slope_lower",
    "slope_upper",
    "slope_p",
    "contribution",
)
"""Columns of ``indicator_values`` and ``indicator_trends`` that are estimates; values and amounts stay whole."""


def at_kept_precision(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their estimates rounded to :data:`ESTIMATED_DIGITS_NB` significant digits.

    Examples
    --------
    >>> at_kept_precision(pd.DataFrame({"value": [0.123456789], "lower": [-1234567.8]})).iloc[0].tolist()
    [0.123456789, -1234570.0]
    """
    known = [name for name in ESTIMATED_COLUMNS if name in rows]
    return rows.assign(**{name: _rounded(rows[name].to_numpy("float64")) for name in known})


def _rounded(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    texts = [f"{value:.{ESTIMATED_DIGITS_NB - 1}e}" for value in values]  # exact in decimal, unlike a scaled rounding
    return np.array([float(text) for text in texts], dtype="float64")
