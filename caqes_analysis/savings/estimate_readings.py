"""What simulated amounts allow to say of a saving: bounds, probability, conclusion, smallest saving detected."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CONCLUSION_WORDS", "conclude", "detectable_share", "read_saving"]

Floats = npt.NDArray[np.float64]

CONCLUSION_WORDS = {
    "saving": "économie établie",
    "probable_saving": "économie probable",
    "inconclusive": "les données ne permettent pas de conclure",
    "probable_overspending": "surcoût probable",
    "overspending": "surcoût établi",
}
"""How each conclusion is printed. « Établi » : the interval at 95 % leaves 0 out; « probable » : that at 80 % does."""

_POWER = 0.80
_LEVELS = {"lower_80_eur": 0.10, "upper_80_eur": 0.90, "lower_95_eur": 0.025, "upper_95_eur": 0.975}


def read_saving(without_eur: Floats, actual_eur: float) -> dict[str, Any]:
    """Read the saving of one series, or of a sum of series.

    Parameters
    ----------
    without_eur
        Amounts simulated without contract, one per path.
    actual_eur
        Amount that was spent.

    Returns
    -------
    dict
        Bounds of the saving in cents (int), ``prob_real`` (never 0 nor 1), ``detectable_pct``, ``conclusion``.

    Examples
    --------
    >>> read_saving(np.linspace(90.0, 110.0, 1001), 80.0)["conclusion"]
    'saving'
    """
    bounds = {
        name: round(100 * (float(value) - actual_eur))
        for name, value in zip(_LEVELS, np.quantile(without_eur, list(_LEVELS.values())), strict=True)
    }
    above = int((without_eur > actual_eur).sum())
    return {
        **bounds,
        "prob_real": (above + 0.5) / (len(without_eur) + 1),
        "detectable_pct": 100 * detectable_share(without_eur),
        "conclusion": conclude(bounds),
    }


def conclude(bounds: dict[str, int]) -> str:
    """Return what the intervals allow to say (``docs/methods/savings-estimate.md``, « Conclusions »)."""
    if bounds["lower_95_eur"] > 0:
        return "saving"
    if bounds["upper_95_eur"] < 0:
        return "overspending"
    if bounds["lower_80_eur"] > 0:
        return "probable_saving"
    if bounds["upper_80_eur"] < 0:
        return "probable_overspending"
    return "inconclusive"


def detectable_share(without_eur: Floats) -> float:
    """Return the smallest relative saving that the 95 % interval leaves above 0 in 80 % of cases.

    A saving of share ``d`` leaves ``(1 - d) C`` to be spent, where ``C`` is what would have been. It is detected when
    that is under the 2.5 % quantile of ``C``; in 80 % of cases, when ``d = 1 - Q(2.5 %) / Q(80 %)``.

    Examples
    --------
    >>> round(detectable_share(np.linspace(90.0, 110.0, 1001)), 3)
    0.146
    """
    low, high = np.quantile(without_eur, [_LEVELS["lower_95_eur"], _POWER])
    return float(1 - low / high) if high > 0 else float("nan")
