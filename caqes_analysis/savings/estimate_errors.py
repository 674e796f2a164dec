"""How wrong the predictions of a window are: a scale for each series, and one distribution around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported where they are first named: half a second that most commands spare
from scipy.special import stdtrit

__all__ = ["Errors", "describe", "learn_errors"]

Floats = npt.NDArray[np.float64]

_PRIOR_SLOPES = np.array([0.5, 0.4, 0.0, 0.0])
_RIDGE, _RIDGE_ERRORS_NB = 0.02, 100
_PRIOR_ERRORS_NB, _PRIOR_DEGREES = 40.0, 4.0
"""Weight, in errors seen, of Student's distribution, which stands where a region has seen few."""
_EXTREME_SCALES = (0.002, 0.998)
_LARGEST_SHARE = 0.99
_FLOOR = 1e-4


@dataclass(frozen=True)
class Errors:
    """Distribution of the errors of a window, on logarithms, once the shock of its year is taken off.

    The forecast room learns the errors of a year with its shock inside; here the shock is a term of the model.

    Parameters
    ----------
    centre
        Means of what describes a series: logarithms of its volatility, of the disagreement of smoothings, of its size.
    coefficients
        Logarithm of the scale: intercept, then slopes on the three and on the square of the third.
    lowest_scale, highest_scale
        The scales seen; none is used beyond.
    scaled
        Errors seen divided by their scale, median 0.
    largest
        No error beyond this is drawn.
    """

    centre: Floats
    coefficients: Floats
    lowest_scale: float
    highest_scale: float
    scaled: Floats
    largest: float

    def scale_of(self, described: Floats) -> Floats:
        """Return the scale of each series from what describes it."""
        logs = _design(described, self.centre) @ self.coefficients
        found: Floats = np.clip(np.exp(logs), self.lowest_scale, self.highest_scale)
        return found

    def quantiles(self, levels: Floats) -> Floats:
        """Return the quantiles of error / scale: those seen, mixed with Student's where few were.

        One more error than were seen, at worst beyond the extremes: the finite-sample step of conformal prediction.
        """
        seen_nb = len(self.scaled)
        learned = seen_nb / (seen_nb + _PRIOR_ERRORS_NB)
        corrected = np.clip(0.5 + (levels - 0.5) * (seen_nb + 1) / seen_nb, 0, 1)
        usual = np.median(np.abs(self.scaled)) / stdtrit(_PRIOR_DEGREES, 0.75)
        student = stdtrit(_PRIOR_DEGREES, levels)
        found: Floats = learned * np.quantile(self.scaled, corrected) + (1 - learned) * usual * student
        return found


def describe(volatility: Floats, spread: Floats, size_eur: Floats) -> Floats:
    """Return what decides the scale of a series: three logarithms, series × 3."""
    return np.log(np.stack([volatility, spread + _FLOOR, size_eur], axis=1))


def _design(described: Floats, centre: Floats) -> Floats:
    moved = np.clip(described - centre, -6, 6)
    return np.concatenate([np.ones((len(moved), 1)), moved, moved[:, 2:] ** 2 / 4], axis=1)


def learn_errors(described: Floats, errors: Floats) -> Errors:
    """Learn scale and distribution from the errors of the windows fitted.

    Parameters
    ----------
    described
        What :func:`describe` returns, one row per error.
    errors
        Logarithms of (what came / what the model says).

    Returns
    -------
    Errors
        Scale by maximum likelihood of Laplace's law, pulled towards the usual dependence on volatility and spread.
    """
    centre = described.mean(axis=0)
    design = _design(described, centre)
    size = np.minimum(np.abs(errors), np.quantile(np.abs(errors), _LARGEST_SHARE)) + _FLOOR
    ridge = _RIDGE * (1 + _RIDGE_ERRORS_NB / len(errors))

    def cost(free: Floats) -> tuple[float, Floats]:
        logs = design @ free
        ratio = size * np.exp(-logs)
        apart = free[1:] - _PRIOR_SLOPES
        slope = design.T @ (1 - ratio) / len(size)
        slope[1:] += 2 * ridge * apart
        return float((ratio + logs).mean() + ridge * (apart**2).sum()), slope

    start = np.concatenate([[np.log(size.mean())], _PRIOR_SLOPES])
    found = scipy.optimize.minimize(cost, start, jac=True, method="L-BFGS-B").x
    scale = np.exp(design @ found)
    lowest, highest = (float(one) for one in np.quantile(scale, _EXTREME_SCALES))
    scaled = errors / np.clip(scale, lowest, highest)
    # The median error of two or three years is no lesson for the next.
    return Errors(centre, found, lowest, highest, scaled - np.median(scaled), 1.25 * float(np.abs(errors).max()) + 0.1)
