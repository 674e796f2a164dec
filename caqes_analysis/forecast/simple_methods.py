"""What a spreadsheet gives: three simple landings, kept to be compared with, never printed as forecasts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, Histories

__all__ = ["SIMPLE_METHODS", "simple_landings"]

Floats = npt.NDArray[np.float64]

SIMPLE_METHODS: Mapping[str, str] = {
    "twelve_over_k": "cumul × 12 / mois observés",
    "last_ratio": "ratio de l'année d'avant",
    "year_share": "part moyenne de l'année",
}
"""Codes of the simple methods, and how they are printed."""

_SHARE_YEARS_NB = 3


def simple_landings(histories: Histories) -> dict[str, Floats]:
    """Return the whole year by each simple method (``docs/methods/forecast.md``, « Méthodes de comparaison »).

    ``twelve_over_k = observed × 12 / k``; ``last_ratio = observed × last year / same months of last year``;
    ``year_share = observed / mean share`` of the same months in the three last whole years at most.

    Parameters
    ----------
    histories
        What is known of each series; isolated gaps are already filled.

    Returns
    -------
    dict
        Euros of each series by method; NaN where the method has nothing to stand on.
    """
    years = histories.months_eur.reshape(len(histories.series), HISTORY_YEARS_NB + 1, 12)
    begun = np.arange(12) < histories.observed_nb[:, None]
    observed = np.where(begun, years[:, -1], 0.0).sum(axis=1)
    totals = years[:, :-1].sum(axis=2)
    same = np.where(begun[:, None], years[:, :-1], 0.0).sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where((totals > 0) & (same > 0), same / totals, np.nan)
        recent = shares[:, -_SHARE_YEARS_NB:]
        known_nb = np.isfinite(recent).sum(axis=1)
        mean = np.where(known_nb > 0, np.nansum(recent, axis=1) / known_nb, np.nan)
        return {
            "twelve_over_k": np.where(histories.observed_nb > 0, observed * 12 / histories.observed_nb, np.nan),
            "last_ratio": observed / shares[:, -1],
            "year_share": observed / mean,
        }
