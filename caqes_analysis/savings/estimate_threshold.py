"""Both sides of the référentiel's threshold: establishments that the rule separates and that little else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported where they are first named: half a second that most commands spare
from scipy.special import ndtri

from caqes_analysis import french
from caqes_analysis.savings.estimate_windows import FEATURES, Window

__all__ = ["MIN_SIDE_NB", "Threshold", "ThresholdEffect", "threshold_effect"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_SIDE_NB = 8
"""Establishments on each side of the threshold: fewer, and no order of theirs is rare enough to exclude at 5 %."""
_REACH = 2.0
"""Only what lies between half the threshold and its double is compared."""
_BALANCE_LEVEL = 0.05
_Z = {"lower_80": 0.90, "upper_80": 0.10, "lower_95": 0.975, "upper_95": 0.025}


@dataclass(frozen=True)
class Threshold:
    """What the référentiel reads, and where it cuts.

    Parameters
    ----------
    values
        Value of each series in the year that decided (boxes, euros, share).
    cutoff
        Threshold: at or above it, an establishment is targeted.
    reason
        French: why both sides cannot be compared; empty when they can.
    """

    values: Mapping[str, float]
    cutoff: float
    reason: str = ""


@dataclass(frozen=True)
class ThresholdEffect:
    """What both sides of the threshold say.

    Parameters
    ----------
    shares
        ``saving`` and its bounds, as shares of the spending without contract; None where nothing can be said.
    treated_near
        Series under contract that were compared.
    comparison_nb
        Series without contract that were.
    reason
        French: why nothing is said, or what the figure is about.
    """

    shares: dict[str, float] | None
    treated_near: Flags
    comparison_nb: int
    reason: str


def threshold_effect(window: Window, series: tuple[str, ...], treated: Flags, threshold: Threshold) -> ThresholdEffect:
    """Compare the evolution, net of the past, of establishments just above and just below the threshold.

    Local randomisation (Cattaneo, Frandsen and Titiunik, 2015): near the cutoff, the difference in location and its
    interval are those of Hodges and Lehmann, by inversion of the rank-sum test, which holds for few establishments.

    Parameters
    ----------
    window
        The window of the contract.
    series
        Names of its rows.
    treated
        Who is under contract; those on the wrong side of the threshold are not compared.
    threshold
        Running variable and cutoff.
    """
    nothing = np.zeros(len(series), dtype=bool)
    if threshold.reason:
        return ThresholdEffect(None, nothing, 0, threshold.reason)
    value = np.array([float(threshold.values.get(name, np.nan)) for name in series])
    net = window.log_outcome - window.features[:, 0]
    near = (value >= threshold.cutoff / _REACH) & (value <= threshold.cutoff * _REACH) & ~np.isnan(net)
    above, below = near & treated & (value >= threshold.cutoff), near & ~treated & (value < threshold.cutoff)
    if min(above.sum(), below.sum()) < MIN_SIDE_NB:
        words = f"{french.plural(int(above.sum()), 'établissement')} au-dessus du seuil, {int(below.sum())} au-dessous"
        return ThresholdEffect(None, nothing, 0, f"{words} : il en faut {MIN_SIDE_NB} de chaque côté")
    both = above | below
    known = [window.features[:, FEATURES.index(name)] for name in ("growth", "smoothed")]
    known = [past for past in known if np.ptp(past[both]) > 0]
    if not known:
        reason = "l'évolution d'avant le contrat n'est pas connue : rien ne dit que les deux côtés se ressemblaient"
        return ThresholdEffect(None, nothing, 0, reason)
    for past in known:
        if scipy.stats.mannwhitneyu(past[above], past[below]).pvalue < _BALANCE_LEVEL:
            reason = "de part et d'autre du seuil, les dépenses évoluaient déjà différemment avant le contrat"
            return ThresholdEffect(None, nothing, 0, reason)
    differences = np.sort((net[above][:, None] - net[below][None, :]).ravel())
    shares = {"saving": float(-np.expm1(np.median(differences)))}
    shares |= {name: float(-np.expm1(_bound(differences, above, below, level))) for name, level in _Z.items()}
    reason = "effet près du seuil seulement : il ne dit rien des établissements qui en sont loin"
    return ThresholdEffect(shares, above, int(below.sum()), reason)


def _bound(differences: Floats, above: Flags, below: Flags, level: float) -> float:
    """Return the bound of the difference in location at a level, by the normal law of the rank sum."""
    first, second = int(above.sum()), int(below.sum())
    spread = np.sqrt(first * second * (first + second + 1) / 12)
    # The half-unit makes the interval at least as wide as the exact one.
    at = first * second / 2 + ndtri(level) * spread + (0.5 if level > 0.5 else -0.5)
    return float(differences[int(np.clip(np.ceil(at) - 1 if level > 0.5 else np.floor(at), 0, len(differences) - 1))])
