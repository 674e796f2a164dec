"""What would have happened otherwise: predicted from the past, moved by the year that the comparison group had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtrit

from caqes_analysis.savings.estimate_errors import Errors, describe, learn_errors
from caqes_analysis.savings.estimate_windows import FEATURES, Window

__all__ = ["MIN_LEARNING_NB", "USUAL_SHOCK_SD", "Counterfactual", "shock_variances", "simulate_counterfactual"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_LEARNING_NB = 8
"""Series-years below which nothing is learned of how predictions err."""

_PRIOR_SLOPE = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
_PRIOR_SLOPE_SD = np.array([0.3, 0.3, 0.3, 0.3, 0.3, 0.02])
"""Before any data: the mean of the smoothings is right, and nothing else is needed."""
USUAL_SHOCK_SD, _PRIOR_SHOCK_YEARS_NB = 0.01, 3.0
"""A region's common move from one year to another, before any data: 1 %, as three years would have said."""
_LEAST_USUAL_SHARE = 0.1
"""Part of that prior variance that stays, at least, whatever declared events explain: a region also moves by itself."""
_VARIANCES = np.geomspace(1e-8, 0.25, 400)
"""Variances of shocks between years that are weighed: from a ten-thousandth to a half, as standard deviations."""
_PRIOR_SELECTION_YEARS_NB, _PRIOR_EXCESS_YEARS_NB = 2.0, 4.0
"""The error of the targeted group is pulled to nothing as by two years without any; its excess variance by four."""
_GROWTH_PRIOR_YEARS_NB = 1.0
"""Where the rule reads growth, both are pulled as by one year only: it chooses on the very noise whose return towards
the mean the regression models, and nothing says that this model is exact for those it chooses."""
_LEAST_FREEDOM_NB = 3.0
"""Degrees of freedom below which Student's law has no variance, and the mean of the paths would be that of its tail."""
_LEAST_SHARE = 0.01
"""Nobody spends less than this share of what was expected: a path that is widened stays an amount."""
_TAIL = 0.01
"""Errors are drawn between their quantiles at 0.5 and 99.5 %: beyond, the exponential of a few extreme errors of small
series would make the mean of the large ones."""
_LARGEST_ERROR = 0.5
_LARGEST_OWN = 2.0
"""The error of a series moves it seven times at most: the exponential of those of a few, a hundred times larger a year
later, was the mean of a whole region."""
_HUBER, _ROUNDS_NB, _STEPS_NB = 1.5, 2, 6


@dataclass(frozen=True)
class Counterfactual:
    """Amounts that would have been spent without contract, path by path.

    Parameters
    ----------
    rows
        Series estimated.
    paths_eur
        Series × paths; the same path of all series has the same year: it can be summed.
    replays_nb
        Earlier years that taught.
    comparison_nb
        Comparison series; 0 when the year's common move is not measured.
    selection_log
        Mean error of the targeted in the years replayed, taken off (logarithm).
    common_sd
        Standard deviation of what the series share (logarithm).
    """

    rows: npt.NDArray[np.intp]
    paths_eur: Floats
    replays_nb: int
    comparison_nb: int
    selection_log: float
    common_sd: float


@dataclass(frozen=True)
class _Fit:
    """Slopes then shocks of the years, their covariance, and the residuals by window."""

    values: Floats
    covariance: Floats
    errors: Errors
    size_centre: float
    residuals: list[Floats]
    scales: list[Floats]


def simulate_counterfactual(
    replays: Sequence[Window],
    current: Window,
    treated: Flags,
    selections: Sequence[Flags],
    *,
    is_compared: bool,
    is_on_growth: bool = False,
    is_on_one_growth: bool = False,
    explained_variance: float = 0.0,
    usual_shock_sd: float = USUAL_SHOCK_SD,
    widening: float = 1.0,
    paths_nb: int,
    seed: int,
) -> Counterfactual:
    """Simulate what the establishments under contract would have spent without it.

    ``log(amount / reference) = shock of the year + slopes · past + error``, fitted together on the years replayed and
    on the comparison establishments of the year (``docs/methods/savings-estimate.md``, « Modèle »).

    Parameters
    ----------
    replays
        Earlier windows, whose outcomes stand before the contract; none when two years are all that was received, and
        the others must then be compared.
    current
        The window of the contract; the outcomes of the treated are not read.
    treated
        Who is under contract.
    selections
        For each replay, whom the rule of targeting would have chosen.
    is_compared
        Whether the others measure the shock of the year; otherwise it is drawn from those of the years replayed.
    is_on_growth
        Whether the rule chose the treated by their growth, and not by their level.
    is_on_one_growth
        Whether the past of a series is one growth and its size: bases without months, of four years or more.
    explained_variance
        What declared events, taken off the windows, explain of how years differ (logarithms, squared); 0 when others
        may have been left out.
    usual_shock_sd
        By how much what all share usually differs between years (standard deviation of logarithms): the prior of the
        shocks.
    widening
        By how much paths are moved away from their mean.
    paths_nb, seed
        Number of paths, and their seed.
    """
    windows = [*replays, current] if is_compared else list(replays)
    used = [window.is_readable & ~np.isnan(window.log_outcome) for window in windows]
    if is_compared:
        used[-1] &= ~treated
    fitted = _fit(windows, used)
    fit = _pool_shocks(fitted, len(replays), usual_shock_sd)
    random = np.random.default_rng(seed)
    levels = (np.arange(paths_nb) + 0.5) / paths_nb
    even = ndtri(levels)
    draws = random.multivariate_normal(fit.values, fit.covariance, paths_nb, method="cholesky")
    # Drawn whatever the design, so that the draws that follow are those of both.
    order = random.permutation(paths_nb)
    if is_compared:
        shock = draws[:, -1]
    else:
        first = len(FEATURES)
        known = shock_variances(
            fitted.values[first:],
            fitted.covariance[first:, first:],
            levels,
            explained=explained_variance,
            usual_sd=usual_shock_sd,
        )
        shock = _new_shock(draws, known[order], random.permutation(even))
    errors = fit.errors.quantiles(np.clip(ndtr(even), _TAIL, 1 - _TAIL))
    pulls = (_PRIOR_SELECTION_YEARS_NB, _PRIOR_EXCESS_YEARS_NB)
    if (is_on_growth or is_on_one_growth) and replays:
        pulls = (_GROWTH_PRIOR_YEARS_NB, _GROWTH_PRIOR_YEARS_NB)
    chosen = _as_informed(replays, current, selections) if is_on_growth else list(selections)
    selection, selection_sd, seen_nb = _selection(fit, replays, used, chosen, errors, is_compared, pulls)
    rows = np.flatnonzero(treated & current.is_readable)
    described = _described(current, rows)
    if not replays:
        # Nobody has shown how series as large as the treated err: the curve of the scale is not followed beyond.
        seen = _described(current, used[-1])
        described = np.clip(described, seen.min(axis=0), seen.max(axis=0))
        selection_sd = _unseen_selection_sd(current.reference_eur[rows], fit.errors.scale_of(described), errors)
    freedom = max(_LEAST_FREEDOM_NB, seen_nb + pulls[1])
    moved = selection + selection_sd * stdtrit(freedom, ndtr(random.permutation(even)))
    features = _centred(current.features[rows], fit.size_centre)
    scale = fit.errors.scale_of(described)
    own = (
        np.stack([random.permutation(errors) for _ in rows]) * scale[:, None] if len(rows) else np.empty((0, paths_nb))
    )
    largest = min(fit.errors.largest, _LARGEST_OWN)
    own = np.clip(own, -largest, largest)
    logs = features @ draws[:, : len(FEATURES)].T + shock + moved + own
    amounts = current.reference_eur[rows, None] * np.exp(logs)
    if widening != 1:  # of amounts, not of logarithms: what is expected does not move
        expected = amounts.mean(axis=1, keepdims=True)
        amounts = np.maximum(expected + widening * (amounts - expected), _LEAST_SHARE * expected)
    return Counterfactual(
        rows,
        amounts,
        len(replays),
        int(used[-1].sum()) if is_compared else 0,
        selection,
        float(np.std(shock + moved)),
    )


def _centred(features: Floats, size_centre: float) -> Floats:
    centre = np.zeros(len(FEATURES))
    centre[-1] = size_centre
    return features - centre


def _described(window: Window, rows: npt.NDArray[np.intp] | Flags) -> Floats:
    return describe(window.volatility[rows], window.spread[rows], window.reference_eur[rows])


def _fit(windows: Sequence[Window], used: Sequence[Flags]) -> _Fit:
    """Fit slopes and shocks by weighted ridge regression, robust to outliers; a series weighs by its errors."""
    pairs = list(zip(windows, used, strict=True))
    described = np.concatenate([_described(window, mask) for window, mask in pairs])
    outcome = np.concatenate([window.log_outcome[mask] for window, mask in pairs])
    features = np.concatenate([window.features[mask] for window, mask in pairs])
    years = np.repeat(np.arange(len(windows)), [int(mask.sum()) for mask in used])
    size_centre = float(np.median(features[:, -1]))
    design = np.concatenate(
        [_centred(features, size_centre), (years[:, None] == np.arange(len(windows))).astype(float)], axis=1
    )
    prior = np.concatenate([1 / _PRIOR_SLOPE_SD**2, np.full(len(windows), 1e-6)])
    pull = prior * np.concatenate([_PRIOR_SLOPE, np.zeros(len(windows))])
    scale = np.exp(described[:, 0]) / 2 + np.exp(described[:, 1])
    scale *= np.median(np.abs(outcome - np.median(outcome))) / np.median(scale) + 1e-9
    for _ in range(_ROUNDS_NB):
        weights = 1 / (2 * scale**2)
        for _ in range(_STEPS_NB):
            precision = (design * weights[:, None]).T @ design + np.diag(prior)
            values = np.linalg.solve(precision, (design * weights[:, None]).T @ outcome + pull)
            residual = outcome - design @ values
            # A Laplace-like error has a standard deviation of √2 times its mean absolute value, which is the scale.
            far = _HUBER * np.sqrt(2) * scale / np.maximum(np.abs(residual), 1e-9)
            weights = np.minimum(1.0, far) / (2 * scale**2)
        errors = learn_errors(described, residual)
        scale = errors.scale_of(described)
    ends = np.cumsum([int(mask.sum()) for mask in used])[:-1]
    return _Fit(
        values,
        np.linalg.inv(precision),
        errors,
        size_centre,
        np.split(residual, ends),
        np.split(scale, ends),
    )


def _pool_shocks(fit: _Fit, replays_nb: int, usual_shock_sd: float) -> _Fit:
    """Pull the shocks of the years towards their mean, as far as they differ by more than their own errors say.

    Returns the slopes and shocks after that, with their joint covariance.
    """
    if not replays_nb:
        return fit
    first, shocks_nb = len(FEATURES), len(fit.values) - len(FEATURES)
    past = slice(first, first + replays_nb)
    centring = np.eye(replays_nb) - 1 / replays_nb
    seen = float(((fit.values[past] - fit.values[past].mean()) ** 2).sum())
    # What sampling alone makes the shocks differ by is not a difference between years.
    by_sampling = float((centring * fit.covariance[past, past]).sum())
    freedom = _PRIOR_SHOCK_YEARS_NB + replays_nb - 1
    variance = (_PRIOR_SHOCK_YEARS_NB * usual_shock_sd**2 + max(0.0, seen - by_sampling)) / freedom
    precision = np.linalg.inv(fit.covariance)
    pulled = precision.copy()
    pulled[first:, first:] += (np.eye(shocks_nb) - 1 / shocks_nb) / variance
    covariance = np.linalg.inv(pulled)
    return replace(fit, values=covariance @ precision @ fit.values, covariance=covariance)


def shock_variances(
    shocks: Floats, sampling: Floats, levels: Floats, *, explained: float = 0.0, usual_sd: float = USUAL_SHOCK_SD
) -> Floats:
    """Return quantiles of what is known of the variance of shocks between years: the prior, then the years replayed.

    The shocks of few years are seen through their own errors of estimation: that they hardly differ does not say that
    years never do. The restricted likelihood weighs that; a variance estimated by difference would take it for granted
    (``docs/methods/savings-estimate.md``, « Choc de l'année »).

    Parameters
    ----------
    shocks
        Shocks of the years replayed, as estimated.
    sampling
        Covariance of their errors of estimation.
    levels
        Levels of the quantiles, increasing.
    explained
        Variance that declared events explain: the prior is that of years whose events nobody declared, and holds it.
    usual_sd
        Standard deviation of that prior.

    Returns
    -------
    ndarray
        Variances, as many as levels.
    """
    likely = np.array([_restricted_log_likelihood(shocks, sampling + one * np.eye(len(shocks))) for one in _VARIANCES])
    # Scaled inverse chi-squared law, per logarithm of the variance.
    usual = max(usual_sd**2 - explained, _LEAST_USUAL_SHARE * usual_sd**2)
    prior = -_PRIOR_SHOCK_YEARS_NB / 2 * (np.log(_VARIANCES) + usual / _VARIANCES)
    density = np.exp(likely + prior - (likely + prior).max())
    reached = np.cumsum(density) - density / 2
    found: Floats = np.exp(np.interp(levels, reached / density.sum(), np.log(_VARIANCES)))
    return found


def _restricted_log_likelihood(values: Floats, covariance: Floats) -> float:
    """Return the log-likelihood of values of unknown common mean, once that mean is integrated out."""
    precision = np.linalg.inv(covariance)
    weights = precision.sum(axis=0)
    apart = values - weights @ values / weights.sum()
    return -0.5 * float(np.linalg.slogdet(covariance)[1] + np.log(weights.sum()) + apart @ precision @ apart)


def _new_shock(draws: Floats, variances: Floats, even: Floats) -> Floats:
    """Return the shock of a year like those replayed, on each path."""
    replayed = draws[:, len(FEATURES) :]
    found: Floats = replayed.mean(axis=1) + np.sqrt(variances * (1 + 1 / replayed.shape[1])) * even
    return found


def _selection(
    fit: _Fit,
    replays: Sequence[Window],
    used: Sequence[Flags],
    selections: Sequence[Flags],
    drawn: Floats,
    is_compared: bool,
    pulls: tuple[float, float],
) -> tuple[float, float, int]:
    """Return the mean error of the group that the rule chose in the years replayed, its standard deviation, the years.

    What the regression leaves of the return towards the mean, weighted by amounts as the region's total is. ``pulls``:
    years without any error, and without excess variance, towards which both are pulled.
    """
    seen, noise = [], []
    for at, (window, mask, chosen) in enumerate(zip(replays, used, selections, strict=False)):
        inside = chosen[mask]
        if not inside.any():
            continue
        residual, scale = fit.residuals[at], fit.scales[at]
        if is_compared and not inside.all():
            weights = np.minimum(1.0, _HUBER * np.sqrt(2) * scale / np.maximum(np.abs(residual), 1e-9)) / scale**2
            residual = residual - np.average(residual[~inside], weights=weights[~inside])
        error = np.clip(residual[inside], -_LARGEST_ERROR, _LARGEST_ERROR)
        central = (window.reference_eur[mask] * np.exp(window.log_outcome[mask] - fit.residuals[at]))[inside]
        mean = central * np.exp(np.clip(np.outer(scale[inside], drawn), -_LARGEST_OWN, _LARGEST_OWN)).mean(axis=1)
        seen.append(float(np.log((central * np.exp(error)).sum() / mean.sum())))
        noise.append(float(((central * scale[inside]) ** 2).sum() / central.sum() ** 2 * (drawn**2).mean()))
    if not seen:
        return 0.0, 0.0, 0
    error, variance = np.array(seen), np.array(noise)
    precision = (1 / variance).sum() + pulls[0] / variance.mean()
    mean_error = float((error / variance).sum() / precision)
    excess = float(((error - mean_error) ** 2 - variance).sum()) / (len(seen) + pulls[1])
    return mean_error, float(np.sqrt(1 / precision + max(0.0, excess))), len(seen)


def _as_informed(replays: Sequence[Window], current: Window, selections: Sequence[Flags]) -> list[Flags]:
    """Empty the selections of the years that had less history than the one evaluated, unless all had.

    With fewer years behind them, growth that falls back is told less well from growth that lasts: what such a year
    leaves to the targeted group is another error.
    """
    same = [window.history_years_nb >= current.history_years_nb for window in replays]
    if not any(same):
        return list(selections)
    return [chosen & kept for chosen, kept in zip(selections, same, strict=True)]


def _unseen_selection_sd(reference_eur: Floats, scale: Floats, drawn: Floats) -> float:
    """Return how far the targeted group may be from nil error where no earlier year was seen: the prior alone."""
    noise = ((reference_eur * scale) ** 2).sum() / reference_eur.sum() ** 2 * (drawn**2).mean()
    return float(np.sqrt(noise / _PRIOR_SELECTION_YEARS_NB))
