"""How candidates are combined: weights learned on earlier years, on all series and on the series' own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported where they are first named: half a second that most commands spare
from pydantic import BaseModel, ConfigDict

from caqes_analysis.forecast.candidates import Candidates

__all__ = ["Combination", "combine", "equal_weights", "learn_combination"]

Floats = npt.NDArray[np.float64]

_CENTRES_AT = (0.1, 0.3, 0.5, 0.7, 0.9)
_LEARNING_WIDTH, _JOINT_LEARNING_WIDTH, _APPLYING_WIDTH = 0.6, 1.0, 0.4
_YEAR_DECAY = 0.5
"""Late years resemble the year to forecast, and were forecast from as long a history."""
_SHARPNESS, _SHARPNESS_BY_MONTH = 2.0, 2 / 3
"""A candidate weighs (its error / the least error) to the power -4 in March, -6 in June, -8 in September."""
_OWN_STRENGTH, _OWN_FLOOR = 2.0, 0.003
_JOINT_SHARE = 0.25
"""Share of the weights chosen jointly: they use what candidates have in contrary errors, and move more by chance."""
_MEAN_SHARE = 0.75
_PLAIN_MONTHS_NB, _PLAIN_SHARE_MAX = 13, 1 / 3
"""The plain median weighs (months left / 13)², a third at most, a fifth in June, 5 % in September: late in the year
learned weights are surer."""
_PENALTY = 0.02
"""Pull towards equal weights, in the unit of the mean absolute error of the evolution (2 points at most)."""
_PRIOR_SERIES_NB = 15.0
_ERROR_CAP = 1.0
_LOG_CAP = 2.0


class Combination(BaseModel):
    """Learned weights of the candidates.

    Parameters
    ----------
    names
        Candidates, in the order of the weights.
    centres, width
        Centres, in the logarithm of the candidates' disagreement, of the local weights; and its standard deviation.
    by_error
        One row of weights per centre: each candidate by its own past error.
    joint
        One row of weights per centre: those of the least error of the weighted mean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    centres: tuple[float, ...]
    width: float
    by_error: tuple[tuple[float, ...], ...]
    joint: tuple[tuple[float, ...], ...]

    @property
    def weights(self) -> tuple[float, ...]:
        """Mean weights of the candidates, before the history of each series moves them."""
        mixed = _JOINT_SHARE * np.array(self.joint) + (1 - _JOINT_SHARE) * np.array(self.by_error)
        return _stored(mixed.mean(axis=0))


def equal_weights(names: tuple[str, ...]) -> Combination:
    """Return the combination used when no earlier year can teach one: equal weights."""
    equal = tuple([1 / len(names)] * len(names))
    return Combination(names=names, centres=(-3.0,), width=1.0, by_error=(equal,), joint=(equal,))


def learn_combination(
    candidates: Candidates, actual: Floats, years: npt.NDArray[np.int64], months_observed_nb: int
) -> Combination:
    """Learn the weights that would have served best in earlier years.

    Parameters
    ----------
    candidates
        What each said, one row per series-year.
    actual
        Logarithm of (total / total of the year before) that came true, one per series-year.
    years
        Year of each; a year counts for half of the next one.
    months_observed_nb
        Months observed of each year.

    Returns
    -------
    Combination
        Convex weights, for series whose candidates agree and for series whose candidates do not
        (``docs/methods/forecast.md``, « Années rejouées et combinaison »).
    """
    said = np.clip(candidates.log_ratios, -_LOG_CAP, _LOG_CAP)
    came = np.clip(actual, -_LOG_CAP, _LOG_CAP)
    errors = np.minimum(np.abs(np.exp(said) - np.exp(came)[:, None]), _ERROR_CAP)
    log_spread = np.log(candidates.spread + 1e-4)
    width = max(float(log_spread.std()), 0.1)
    centres = np.quantile(log_spread, _CENTRES_AT)
    recent = _YEAR_DECAY ** (years.max() - years).astype(float)
    apart = (log_spread - centres[:, None]) / width
    near, wide = (recent * np.exp(-0.5 * (apart / by) ** 2) for by in (_LEARNING_WIDTH, _JOINT_LEARNING_WIDTH))
    sharpness = _SHARPNESS + _SHARPNESS_BY_MONTH * months_observed_nb
    return Combination(
        names=candidates.names,
        centres=_stored(centres),
        width=round(width, 9),
        by_error=tuple(_stored(_by_error(errors, one, sharpness)) for one in near),
        joint=tuple(_stored(_convex(said, came, one)) for one in wide),
    )


def combine(candidates: Candidates, combination: Combination, months_observed_nb: int) -> Floats:
    """Combine the candidates of each series.

    Parameters
    ----------
    candidates
        What each says, and how wrong it was on the series' own earlier years.
    combination
        Learned weights.
    months_observed_nb
        Months observed of the year.

    Returns
    -------
    ndarray
        Logarithm of (total / total of the year before), one per series: the plain median for a part that falls with
        the months left, and for the rest the weighted mean (three quarters) and the weighted median.
    """
    said = candidates.log_ratios
    near = np.log(candidates.spread + 1e-4)[:, None] - np.array(combination.centres)
    near = -0.5 * (near / (_APPLYING_WIDTH * combination.width)) ** 2
    near = np.exp(near - near.max(axis=1, keepdims=True))
    near /= near.sum(axis=1, keepdims=True)
    own = candidates.own_errors
    relative = own / (np.median(own, axis=1, keepdims=True) + _OWN_FLOOR)
    by_error = (near @ np.array(combination.by_error)) * np.exp(-_OWN_STRENGTH * relative)
    by_error /= by_error.sum(axis=1, keepdims=True)
    weights = _JOINT_SHARE * (near @ np.array(combination.joint)) + (1 - _JOINT_SHARE) * by_error
    learned = _MEAN_SHARE * (weights * said).sum(axis=1) + (1 - _MEAN_SHARE) * _weighted_median(said, weights)
    share = min(((12 - months_observed_nb) / _PLAIN_MONTHS_NB) ** 2, _PLAIN_SHARE_MAX)
    found: Floats = share * np.median(said, axis=1) + (1 - share) * learned
    return found


def _by_error(errors: Floats, importance: Floats, sharpness: float) -> Floats:
    """Return weights that fall as a power of the mean error of each candidate."""
    mean = importance @ errors / importance.sum() + 1e-9
    weights = (mean / mean.min()) ** -sharpness
    shares: Floats = weights / weights.sum()
    return shares


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

    found = scipy.optimize.minimize(cost, np.zeros(candidates_nb), jac=True, method="L-BFGS-B").x
    weights: Floats = np.exp(found - found.max())
    shares: Floats = weights / weights.sum()
    return shares


def _weighted_median(said: Floats, weights: Floats) -> Floats:
    """Return the weighted median of each row, interpolated between the two values around half of the weight."""
    order = np.argsort(said, axis=1, kind="stable")
    values, shares = np.take_along_axis(said, order, axis=1), np.take_along_axis(weights, order, axis=1)
    middle = np.cumsum(shares, axis=1) - shares / 2
    rows = np.arange(len(said))
    above = (middle >= 0.5 - 1e-12).argmax(axis=1)
    below = np.maximum(above - 1, 0)
    gap = np.maximum(middle[rows, above] - middle[rows, below], 1e-12)
    part = np.clip((0.5 - middle[rows, below]) / gap, 0.0, 1.0)
    found: Floats = values[rows, below] + part * (values[rows, above] - values[rows, below])
    return found


def _stored(values: Floats) -> tuple[float, ...]:
    """Round what is stored: a calibration read back gives the same forecasts, on any machine."""
    return tuple(round(float(value), 9) for value in values)
