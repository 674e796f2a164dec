"""How candidates are combined: weights learned on earlier years, varying smoothly with how much candidates disagree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize

from caqes_analysis.forecast.candidates import Candidates

__all__ = ["Combination", "combine", "equal_weights", "learn_combination"]

Floats = npt.NDArray[np.float64]

_PENALTY = 0.02
"""Pull towards equal weights, in the unit of the mean absolute error of the evolution (2 points at most)."""
_ERROR_CAP = 1.0
_LOG_CAP = 2.0
_CENTRES_AT = (0.2, 0.5, 0.8)
_LEARNING_WIDTH, _APPLYING_WIDTH = 1.0, 0.5
_MEDIAN_DIVISOR = 27
"""The plain median weighs (months left)/27: a third in March, a ninth in September, when learned weights are surer."""
_PRIOR_SERIES_NB = 15.0
_YEAR_DECAY = 0.5
"""Late years resemble the year to forecast, and were forecast from as long a history (chosen on unscored years)."""


class Combination(BaseModel):
    """Learned weights of the candidates.

    Parameters
    ----------
    names
        Candidates, in the order of the weights.
    weights
        Weights learned on all the series.
    centres, width
        Centres, in the logarithm of the candidates' disagreement, of the local weights; and its standard deviation.
    local_weights
        One row of weights per centre.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    weights: tuple[float, ...]
    centres: tuple[float, ...]
    width: float
    local_weights: tuple[tuple[float, ...], ...]


def equal_weights(names: tuple[str, ...]) -> Combination:
    """Return the combination used when no earlier year can teach one: equal weights."""
    equal = tuple([1 / len(names)] * len(names))
    return Combination(names=names, weights=equal, centres=(-3.0,), width=1.0, local_weights=(equal,))


def learn_combination(
    names: tuple[str, ...],
    log_ratios: Floats,
    actual: Floats,
    spread: Floats,
    years: npt.NDArray[np.int64],
) -> Combination:
    """Learn the weights that would have served best in earlier years.

    Parameters
    ----------
    names
        Candidates.
    log_ratios
        Series-years × candidates: logarithms of (total / total of the year before) as each candidate said.
    actual
        The logarithms that came true.
    spread
        Disagreement of the candidates, one per series-year.
    years
        Year of each; a year counts for half of the next one.

    Returns
    -------
    Combination
        Convex weights that minimise the mean absolute error (capped), pulled towards equal weights, the more so as
        there are few series-years.
    """
    said, came = np.clip(log_ratios, -_LOG_CAP, _LOG_CAP), np.clip(actual, -_LOG_CAP, _LOG_CAP)
    log_spread = np.log(spread + 1e-4)
    width = max(float(log_spread.std()), 0.1)
    centres = np.quantile(log_spread, _CENTRES_AT)
    recent = _YEAR_DECAY ** (years.max() - years).astype(float)
    everyone = _convex(said, came, recent)
    local = [
        _convex(said, came, recent * np.exp(-0.5 * ((log_spread - centre) / (_LEARNING_WIDTH * width)) ** 2))
        for centre in centres
    ]
    return Combination(
        names=names,
        weights=_stored(everyone),
        centres=_stored(centres),
        width=round(width, 9),
        local_weights=tuple(_stored(one) for one in local),
    )


def combine(candidates: Candidates, combination: Combination, months_observed_nb: int) -> Floats:
    """Combine the candidates of each series.

    Parameters
    ----------
    candidates
        What each says.
    combination
        Learned weights.
    months_observed_nb
        Months observed of the year.

    Returns
    -------
    ndarray
        Logarithm of (total / total of the year before), one per series: the plain median for a part that falls with
        the months left, and for the rest, half and half, the locally weighted mean and the weighted median.
    """
    said = candidates.log_ratios
    plain = np.median(said, axis=1)
    centres, local = np.array(combination.centres), np.array(combination.local_weights)
    near = np.log(candidates.spread + 1e-4)[:, None] - centres
    near = -0.5 * (near / (_APPLYING_WIDTH * combination.width)) ** 2
    near = np.exp(near - near.max(axis=1, keepdims=True))
    mean = ((near / near.sum(axis=1, keepdims=True)) * (said @ local.T)).sum(axis=1)
    median = _weighted_median(said, np.array(combination.weights))
    share = (12 - months_observed_nb) / _MEDIAN_DIVISOR
    found: Floats = share * plain + (1 - share) * (mean + median) / 2
    return found


def _convex(said: Floats, came: Floats, importance: Floats) -> Floats:
    """Return the weights, positive and of sum 1, of the least penalised mean absolute error."""
    importance = importance / importance.sum()
    candidates_nb = said.shape[1]
    effective_nb = 1 / (importance**2).sum()
    penalty = _PENALTY * (1 + _PRIOR_SERIES_NB / effective_nb)

    def cost(free: Floats) -> tuple[float, Floats]:
        weights = np.exp(free - free.max())
        weights /= weights.sum()
        error = said @ weights - came
        smooth_error = np.sqrt(error**2 + 1e-5)
        counted = smooth_error < _ERROR_CAP
        apart = weights - 1 / candidates_nb
        slope = said.T @ (importance * counted * error / smooth_error) + 2 * penalty * apart
        value = (importance * np.minimum(smooth_error, _ERROR_CAP)).sum() + penalty * (apart**2).sum()
        return float(value), weights * (slope - weights @ slope)

    found = minimize(cost, np.zeros(candidates_nb), jac=True, method="L-BFGS-B").x
    weights: Floats = np.exp(found - found.max())
    shares: Floats = weights / weights.sum()
    return shares


def _weighted_median(said: Floats, weights: Floats) -> Floats:
    order = np.argsort(said, axis=1, kind="stable")
    cumulated = np.cumsum(weights[order], axis=1)
    at = (cumulated >= 0.5 - 1e-12).argmax(axis=1)
    found: Floats = np.take_along_axis(said, order, axis=1)[np.arange(len(said)), at]
    return found


def _stored(values: Floats) -> tuple[float, ...]:
    """Round what is stored: a calibration read back gives the same forecasts, on any machine."""
    return tuple(round(float(value), 9) for value in values)
