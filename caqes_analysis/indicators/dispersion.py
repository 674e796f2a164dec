"""How much a year moves by chance: overdispersion estimated across establishments and years, per indicator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported where they are first named: half a second that most commands spare
from scipy.special import chdtr, chdtrc

__all__ = ["DETRENDED_FROM", "ENOUGH_DF", "Dispersion", "Unestimated", "estimate_dispersion"]

Floats: TypeAlias = npt.NDArray[np.float64]
Kind: TypeAlias = Literal["count_share", "amount_share", "ratio"]

ENOUGH_DF = 10
"""Degrees of freedom under which nothing is estimated: below, the spread itself is known to 22 % at best
(relative standard error ``1 / sqrt(2 df)``)."""

CAP = 2.5
"""Standardised residuals count as this at most: one merger must not widen the intervals of a whole region."""

DETRENDED_FROM = 4
"""Periods from which each establishment's own straight line is removed too."""

_POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_ITERATIONS_NB = 200
_TOLERANCE = 1e-10
_STEP = 2.0
# Mean of the capped square of a standard normal variable: what makes the robust scale unbiased for it.
_CAPPED_MEAN = float(chdtr(3, CAP**2) + CAP**2 * chdtrc(1, CAP**2))


@dataclass(frozen=True)
class Unestimated:
    """Why no dispersion can be estimated, in French."""

    reason: str


@dataclass(frozen=True)
class Dispersion:
    """What chance does to one value: its variance as a function of its size.

    Parameters
    ----------
    kind
        ``count_share`` (beta-binomial: boxes among boxes), ``amount_share`` (euros among euros) or ``ratio`` (an
        amount, a count, a rate).
    df
        Degrees of freedom of the estimate.
    rho
        Intra-class correlation of a beta-binomial share.
    phi, power
        Variance ``phi × size^-power`` of the other kinds: ``power`` 1 is quasi-Poisson, 0 is a constant coefficient of
        variation (negative binomial without its Poisson part).
    """

    kind: Kind
    df: int
    rho: float = 0.0
    phi: float = 0.0
    power: float = 0.0

    def variance(self, size: Floats) -> Floats:
        """Return the variance of values of those sizes.

        Parameters
        ----------
        size
            Denominators of shares; amounts of the other kinds.

        Returns
        -------
        array
            For shares, in units of ``p(1 - p)``; otherwise the squared coefficient of variation. Missing without size.

        Examples
        --------
        >>> Dispersion("count_share", 20, rho=0.01).variance(np.array([1.0, 101.0])).round(4).tolist()
        [1.0, 0.0198]
        """
        known = np.where(size > 0, size, np.nan)
        if self.kind == "count_share":
            return np.asarray(self.rho + (1 - self.rho) / known, dtype=np.float64)
        return np.asarray(self.phi * known**-self.power, dtype=np.float64)


def estimate_dispersion(numerator: Floats, exposure: Floats, *, kind: Kind) -> Dispersion | Unestimated:
    """Estimate the dispersion of an indicator from what its establishments did over its periods.

    Each value is compared with what its establishment and its period lead to expect (two additive effects, on the
    logit scale for shares and on the log scale otherwise; from four periods on, each establishment's own straight line
    too). What remains is chance. See ``docs/methods/trends.md``.

    Parameters
    ----------
    numerator, exposure
        Establishments × periods; missing values are NaN. The exposure is the denominator, or ones for a level.
    kind
        As in :class:`Dispersion`.

    Returns
    -------
    Dispersion or Unestimated
    """
    above, below, known_nb = _block(numerator, exposure, is_share=kind != "ratio")
    rows_nb, periods_nb = above.shape
    if periods_nb < 2:
        return Unestimated("une seule période connue, l'aléa d'une année à l'autre n'est pas estimable")
    df_per_row = periods_nb - 1 - (periods_nb >= DETRENDED_FROM)
    df = (rows_nb - 1) * df_per_row
    if df < ENOUGH_DF:
        return Unestimated(f"{_too_few(kind, (known_nb - 1) * df_per_row)} pour estimer l'aléa d'une année à l'autre")
    expected = _expected_share(above, below) if kind != "ratio" else _expected_amount(above, below)
    if kind == "ratio":
        residual, weight, size = above / expected - 1, expected, expected
    else:
        residual = (above / below - expected) / np.sqrt(expected * (1 - expected))
        weight, size = below * expected * (1 - expected), below
    squares = _standardised(residual, weight)
    if kind == "count_share":
        return Dispersion(kind, df, rho=_correlation(squares, size))
    phi, power = _variance_function(squares, size)
    if not phi > 0:
        return Unestimated("les valeurs ne varient pas : l'aléa n'est pas estimable")
    return Dispersion(kind, df, phi=phi, power=power)


def _too_few(kind: Kind, df_of_the_known: int) -> str:
    """Say whether establishments lack, or only values that vary."""
    if df_of_the_known < ENOUGH_DF:
        return "trop peu d'établissements et de périodes"
    if kind == "ratio":
        return "trop peu d'établissements ont une valeur autre que zéro à chaque période"
    return "trop peu d'établissements dont la part varie (les autres restent à 0 % ou à 100 %)"


def _block(numerator: Floats, exposure: Floats, *, is_share: bool) -> tuple[Floats, Floats, int]:
    """Return the establishments known in every period that say something of the spread, and how many are known.

    The oldest periods go first when too few are.
    """
    known = np.isfinite(numerator) & np.isfinite(exposure) & (exposure > 0)
    periods = np.flatnonzero(known.any(axis=0))
    while True:
        rows = np.flatnonzero(known[:, periods].all(axis=1)) if len(periods) else np.array([], dtype=np.intp)
        above, below = numerator[np.ix_(rows, periods)], exposure[np.ix_(rows, periods)]
        # Nothing at all, or everything always: such a row says nothing of the spread.
        moves = above.sum(axis=1) > 0
        if is_share:
            moves &= above.sum(axis=1) < below.sum(axis=1)
        else:
            moves &= (above > 0).all(axis=1)
        if moves.sum() > ENOUGH_DF or len(periods) <= 2:
            return above[moves], below[moves], len(rows)
        periods = periods[1:]


def _expected_share(above: Floats, below: Floats) -> Floats:
    """Return the shares of the logistic model with one effect a row and one a period (alternating Newton steps)."""
    whole = below.sum(axis=1)
    rows = np.log((above.sum(axis=1) + 0.5) / (whole - above.sum(axis=1) + 0.5))
    periods = np.zeros(above.shape[1])
    share = np.zeros_like(above)
    for _ in range(_ITERATIONS_NB):
        moved = 0.0
        for axis in (0, 1):
            share = 1 / (1 + np.exp(-(rows[:, None] + periods)))
            score = (above - below * share).sum(axis=axis)
            information = (below * share * (1 - share)).sum(axis=axis)
            step = np.clip(score / np.maximum(information, 1e-12), -_STEP, _STEP)
            if axis == 0:
                periods += step
            else:
                rows += step
            moved = max(moved, float(np.abs(step).max()))
        if moved < 1e-8:
            break
    return np.asarray(np.clip(1 / (1 + np.exp(-(rows[:, None] + periods))), 1e-9, 1 - 1e-9), dtype=np.float64)


def _expected_amount(above: Floats, exposure: Floats) -> Floats:
    """Return the amounts of the log-linear model with one effect a row and one a period (iterative scaling)."""
    expected = exposure.astype(np.float64)
    for _ in range(_ITERATIONS_NB):
        before = expected
        expected = expected * (above.sum(axis=0) / expected.sum(axis=0))
        expected = expected * (above.sum(axis=1) / expected.sum(axis=1))[:, None]
        if np.abs(expected / before - 1).max() < _TOLERANCE:
            break
    return expected


def _standardised(residual: Floats, weight: Floats) -> Floats:
    """Return squared residuals, each divided by the part of its variance that the fitted effects leave."""
    row = weight / weight.sum(axis=1, keepdims=True)
    left = 1 - row
    if residual.shape[1] >= DETRENDED_FROM:
        time = np.arange(residual.shape[1], dtype=np.float64)
        centred = time - (row * time).sum(axis=1, keepdims=True)
        spread = (weight * centred**2).sum(axis=1, keepdims=True)
        residual = residual - centred * (weight * centred * residual).sum(axis=1, keepdims=True) / spread
        left = left - weight * centred**2 / spread
    left = left * (1 - weight / weight.sum(axis=0))
    return np.asarray(residual**2 / np.maximum(left, 1e-6), dtype=np.float64)


def _capped(ratios: Floats) -> float:
    """Return the mean of capped squared residuals, 1 for standard normal ones (Huber's proposal 2)."""
    return float(np.minimum(ratios, CAP**2).mean()) / _CAPPED_MEAN


def _correlation(squares: Floats, size: Floats) -> float:
    """Return the correlation of the beta-binomial: the one that makes standardised residuals have variance 1."""

    def excess(rho: float) -> float:
        return _capped(squares / (rho + (1 - rho) / size)) - 1

    if excess(0.0) <= 0:
        return 0.0
    return 1.0 if excess(1.0) >= 0 else float(scipy.optimize.brentq(excess, 0.0, 1.0, xtol=1e-12))


def _variance_function(squares: Floats, size: Floats) -> tuple[float, float]:
    """Return ``phi`` and ``power``: the power on a grid that has the highest pseudo-likelihood."""
    best: tuple[float, float, float] | None = None
    for power in _POWERS:
        phi = _scale(squares * size**power)
        if not phi > 0:
            continue
        ratios = np.minimum(squares * size**power / phi, CAP**2)
        deviance = float((np.log(phi) - power * np.log(size) + ratios / _CAPPED_MEAN).mean())
        if best is None or deviance < best[0]:
            best = (deviance, phi, power)
    return (0.0, 0.0) if best is None else best[1:]


def _scale(squares: Floats) -> float:
    """Return the robust variance of residuals whose squares are given."""
    middle: Any = np.mean(squares)
    if not middle > 0:
        return 0.0

    def excess(log_phi: float) -> float:
        return _capped(squares / np.exp(log_phi)) - 1

    high = float(np.log(middle)) + 1
    low = high - 60
    if excess(low) <= 0:
        return 0.0
    return float(np.exp(scipy.optimize.brentq(excess, low, high, xtol=1e-9)))
