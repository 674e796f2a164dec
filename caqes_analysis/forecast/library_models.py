"""The two models that statisticians know best, fitted by statsmodels on one series: the workshop compares with them.

They are not candidates of the forecast: fitting one takes a thousand times longer than all the candidates together
(``docs/decisions/0013``), and on the reference set their intervals and errors are worse.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LIBRARY_MODELS", "library_rests"]

Floats = npt.NDArray[np.float64]

LIBRARY_MODELS: Mapping[str, str] = {
    "ets": "ETS amorti de statsmodels",
    "theta": "Theta de statsmodels",
}
"""Codes of the models, and how they are printed."""

_SEASON = 12
_MIN_MONTHS_NB = 2 * _SEASON


def library_rests(months_eur: Floats, *, months_nb: int) -> dict[str, float]:
    """Return what each model says of the rest of the year of one series.

    Parameters
    ----------
    months_eur
        Strictly positive months, oldest first; the models are fitted on their logarithms.
    months_nb
        Months left.

    Returns
    -------
    dict
        Euros of the months left by model; NaN with less than two years, or where the fit does not converge.

    Notes
    -----
    ETS(A, Ad, A): Hyndman, Koehler, Ord and Snyder, *Forecasting with Exponential Smoothing*, 2008, fitted by maximum
    likelihood. Theta: Assimakopoulos and Nikolopoulos, 2000, in the form of Hyndman and Billah, 2003. A sum of
    exponentials of medians is a little below the mean of the sum: both are read as medians.
    """
    if len(months_eur) < _MIN_MONTHS_NB:
        return dict.fromkeys(LIBRARY_MODELS, float("nan"))
    # Imported here: statsmodels takes two seconds, and only the workshop needs it.
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.forecasting.theta import ThetaModel

    logs = np.log(months_eur)
    fits: dict[str, Callable[[], Any]] = {
        "ets": lambda: ETSModel(
            logs, error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=_SEASON
        ).fit(disp=False),
        "theta": lambda: ThetaModel(logs, period=_SEASON, deseasonalize=True, use_test=False, method="additive").fit(),
    }
    rests = {}
    for name, fit in fits.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the optimiser's remarks: a fit that fails gives no amount
            try:
                rests[name] = float(np.exp(np.asarray(fit().forecast(months_nb))).sum())
            except (ValueError, np.linalg.LinAlgError):
                rests[name] = float("nan")
    return rests
