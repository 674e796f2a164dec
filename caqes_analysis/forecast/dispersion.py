"""How wrong forecasts of the rest of the year are: a scale for each series, and the distribution around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported where they are first named: half a second that most commands spare
from pydantic import BaseModel, ConfigDict
from scipy.special import ndtri, stdtrit

from caqes_analysis.forecast.candidates import Candidates

__all__ = ["Dispersion", "default_dispersion", "learn_dispersion", "quantiles_of", "scale_of", "scaled_errors"]

Floats = npt.NDArray[np.float64]

_PRIOR_SLOPES = np.array([0.5, 0.4, 0.0, 0.0])
_PRIOR_ERRORS_NB = 40.0
"""Weight, in numbers of past errors, of the distribution used when a region has too few of them."""
_PRIOR_DEGREES = 4.0
_RIDGE = 0.02
_GRID = np.concatenate([[0.001, 0.0025, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.9975, 0.999]])
_GRID_SCORES = ndtri(_GRID)
_PRIOR_COMMON_SHARE = 0.15
"""Share of the variance common to a year before years are counted: with it the intervals hold what they say on average,
on years and series that no test scores (docs/methods/forecast.md)."""
_PRIOR_YEARS_NB, _PRIOR_SHOCKS_NB = 2.0, 20.0
"""Weight of that share, in years: for the dependence between series, then for the width of the interval of one. On
years and series that no test scores, interval scores fall as the second grows: one bad year among two says little of
the next."""
_MAX_COMMON_SHARE = 0.5
_WIDEST_SCALE = 1.0
"""A series may be harder than all those of the past, one whose year is fifty times the one before: its scale goes up to
this one, as where there is no past at all."""
_FLOOR = 1e-4


class Dispersion(BaseModel):
    """Distribution of the errors of the rest of the year, on logarithms.

    Parameters
    ----------
    centre
        Means of the features (log volatility, log disagreement, log size) where they were learned.
    intercept, slopes
        Logarithm of the scale of a series: ``intercept + slopes · (features - centre)``, the fourth on size squared.
    lowest_scale, highest_scale
        Bounds of the scale: the least ones of the past, and the largest ones or more.
    quantiles
        Quantiles of error / scale at the levels of the module's grid.
    errors_nb, years_nb
        How many past errors, of how many years, taught it (0: nothing could).
    common_share
        Share of the variance that all series share in one year.
    log_cap
        No error beyond this is simulated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    centre: tuple[float, float, float]
    intercept: float
    slopes: tuple[float, float, float, float]
    lowest_scale: float
    highest_scale: float
    quantiles: tuple[float, ...]
    errors_nb: int
    years_nb: int
    common_share: float
    log_cap: float


def _raw_features(candidates: Candidates) -> Floats:
    columns = (candidates.volatility, candidates.spread + _FLOOR, candidates.size_eur)
    return np.log(np.stack(columns, axis=1))


def _features(raw: Floats, centre: Floats) -> Floats:
    moved = np.clip(raw - centre, -6, 6)
    return np.concatenate([moved, moved[:, 2:] ** 2 / 4], axis=1)


def scale_of(candidates: Candidates, dispersion: Dispersion) -> Floats:
    """Return the scale of the error of each series (logarithm of the rest of the year)."""
    features = _features(_raw_features(candidates), np.array(dispersion.centre))
    logs = dispersion.intercept + features @ np.array(dispersion.slopes)
    found: Floats = np.clip(np.exp(logs), dispersion.lowest_scale, dispersion.highest_scale)
    return found


def quantiles_of(levels: Floats, dispersion: Dispersion) -> Floats:
    """Return the quantiles of error / scale at any levels; beyond the grid, the last one known."""
    return scaled_errors(ndtri(levels), dispersion)


def scaled_errors(scores: Floats, dispersion: Dispersion) -> Floats:
    """Return error / scale at the levels of draws of a standard normal variable."""
    found: Floats = np.interp(scores, _GRID_SCORES, np.array(dispersion.quantiles))
    return found


def default_dispersion(months_observed_nb: int) -> Dispersion:
    """Return the wide distribution used when no earlier year can teach one.

    A tenth of the rest of the year in scale, more when the rest is one volatile month; Student's tails.
    """
    return Dispersion(
        centre=(np.log(0.1), np.log(0.12), np.log(1e6)),
        intercept=round(float(np.log(0.12 + 0.01 * (12 - months_observed_nb))), 9),
        slopes=(0.5, 0.4, 0.0, 0.0),
        lowest_scale=0.01,
        highest_scale=_WIDEST_SCALE,
        quantiles=_stored(stdtrit(_PRIOR_DEGREES, _GRID)),
        errors_nb=0,
        years_nb=0,
        common_share=_PRIOR_COMMON_SHARE,
        log_cap=2.0,
    )


def learn_dispersion(
    candidates: Candidates, errors: Floats, years: npt.NDArray[np.int64], months_observed_nb: int
) -> Dispersion:
    """Learn the scale and the distribution from the errors of earlier years.

    Parameters
    ----------
    candidates
        Candidates of the series-years that taught, for their features.
    errors
        Logarithm of (rest of the year that came / rest forecast), one per series-year.
    years
        Year of each error.
    months_observed_nb
        Months observed when they were made.

    Returns
    -------
    Dispersion
        Scale by volatility, disagreement and size; quantiles of the scaled errors mixed with wide default ones, whose
        weight fades with the number of errors; share of variance common to all the series of a year.
    """
    if len(errors) < 3:
        return default_dispersion(months_observed_nb)
    raw = _raw_features(candidates)
    centre = raw.mean(axis=0)
    features = _features(raw, centre)
    size = np.minimum(np.abs(errors), np.quantile(np.abs(errors), 0.99)) + _FLOOR
    ridge = _RIDGE * (1 + 100 / len(errors))

    def cost(free: Floats) -> float:
        logs = free[0] + features @ free[1:]
        return float(np.mean(size * np.exp(-logs) + logs) + ridge * ((free[1:] - _PRIOR_SLOPES) ** 2).sum())

    found = scipy.optimize.minimize(cost, np.concatenate([[np.log(size.mean())], _PRIOR_SLOPES]), method="L-BFGS-B").x
    fitted = np.exp(found[0] + features @ found[1:])
    lowest, usual = np.quantile(fitted, [0.002, 0.998])
    highest = max(usual, _WIDEST_SCALE)
    fitted = np.clip(fitted, lowest, highest)
    scaled = errors / fitted
    learned = len(errors) / (len(errors) + _PRIOR_ERRORS_NB)
    # One more error than were seen, at worst beyond the extremes: the finite-sample step of conformal prediction.
    corrected = np.clip(0.5 + (_GRID - 0.5) * (len(errors) + 1) / len(errors), 0, 1)
    shocks = _shocks(scaled, years)
    own = scaled - shocks[np.unique(years, return_inverse=True)[1]]
    prior = stdtrit(_PRIOR_DEGREES, _GRID) * np.quantile(np.abs(own), 0.5) / stdtrit(_PRIOR_DEGREES, 0.75)
    # The median error of two or three years is no lesson: removed, it forecasts better in the years after.
    quantiles = learned * np.quantile(own - np.median(own), corrected) + (1 - learned) * prior
    quantiles *= _new_year_widening(own, shocks)
    stored = _stored(np.concatenate([centre, found[1:]]))
    return Dispersion(
        centre=(stored[0], stored[1], stored[2]),
        intercept=round(float(found[0]), 9),
        slopes=(stored[3], stored[4], stored[5], stored[6]),
        lowest_scale=round(float(lowest), 9),
        highest_scale=round(float(highest), 9),
        quantiles=_stored(quantiles),
        errors_nb=len(errors),
        years_nb=len(shocks),
        common_share=round(_common_share(scaled, years), 9),
        log_cap=round(1.25 * float(np.abs(errors).max()) + 0.1, 9),
    )


def _common_share(scaled: Floats, years: npt.NDArray[np.int64]) -> float:
    """Return the share of variance that the series of one year have in common, pulled towards the usual one.

    Errors are centred: ``Y`` years say as much of it as ``Y - 1``.
    """
    ranks = scaled.argsort(kind="stable").argsort(kind="stable")
    scores = ndtri((ranks + 0.5) / len(scaled))
    shares = []
    for year in np.unique(years):
        same = scores[years == year]
        if len(same) > 1:
            shares.append((len(same) * same.mean() ** 2 - 1) / (len(same) - 1))
    known = max(len(shares) - 1, 0)
    mixed = (sum(shares) * (known > 0) + _PRIOR_YEARS_NB * _PRIOR_COMMON_SHARE) / (known + _PRIOR_YEARS_NB)
    return float(np.clip(mixed, 0.0, _MAX_COMMON_SHARE))


def _shocks(scaled: Floats, years: npt.NDArray[np.int64]) -> Floats:
    """Return what all the series of each year had in common: its median error, moved towards 0 when they are few."""
    found = []
    for year in np.unique(years):
        same = scaled[years == year]
        known = len(same) * _PRIOR_COMMON_SHARE
        found.append(np.median(same) * known / (known + 1 - _PRIOR_COMMON_SHARE))
    return np.array(found)


def _new_year_widening(own: Floats, shocks: Floats) -> Floats:
    """Return by how much each quantile of the series' own errors widens for the shock common to a new year.

    Its variance, in units of theirs, is the usual one, moved by the years seen; it follows Student's law with the years
    seen and the prior ones as degrees of freedom, and its centre is estimated: variance ``1 + 1 / years``.
    """
    years_nb = len(shocks)
    variance = (np.subtract(*np.quantile(own, [0.9, 0.1])) / (2 * ndtri(0.9))) ** 2
    usual = _PRIOR_COMMON_SHARE / (1 - _PRIOR_COMMON_SHARE)
    seen = ((shocks - shocks.mean()) ** 2).sum() / max(variance, _FLOOR)
    added = min((seen + _PRIOR_SHOCKS_NB * usual) / (years_nb - 1 + _PRIOR_SHOCKS_NB), 1.0)
    normal = _GRID_SCORES
    heavy = stdtrit(years_nb + _PRIOR_SHOCKS_NB, _GRID) * np.sqrt(1 + 1 / years_nb)
    ratio = np.divide(heavy, normal, out=np.ones_like(normal), where=np.abs(normal) > 1e-9)
    found: Floats = np.sqrt(1 + added * ratio**2)
    return found


def _stored(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 9) for value in values)
