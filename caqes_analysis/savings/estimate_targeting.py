"""Who is under contract, whom the rule of targeting would have chosen in earlier years, and who can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from caqes_analysis.savings.estimate_windows import FEATURES, Window

__all__ = ["MIN_COMPARISON_NB", "MIN_OVERLAP_SHARE", "Targeting", "overlap_share", "replay_targeting"]

Flags = npt.NDArray[np.bool_]

MIN_COMPARISON_NB = 10
"""Establishments without contract below which the year's common move is not measured: their mean has an error of a
third of a single establishment's."""
MIN_OVERLAP_SHARE = 0.5
"""Share of the establishments under contract whose past resembles that of another: a half at least."""


@dataclass(frozen=True)
class Targeting:
    """The rule that chose the establishments under contract: what is chosen because it is high falls back by itself.

    Parameters
    ----------
    measure
        ``level``: total of the twelve months before the contract; ``growth``: its evolution against the twelve before.
    above
        Threshold, in euros or in %; None when it is not known: the same share of establishments, from the top.
    """

    measure: Literal["level", "growth"]
    above: float | None = None


def replay_targeting(window: Window, treated: Flags, targeting: Targeting | None) -> Flags:
    """Return whom the rule would have chosen at the date of a window.

    Parameters
    ----------
    window
        The window of an earlier year.
    treated
        Who is under contract now.
    targeting
        The rule; the establishments of now when None.
    """
    if targeting is None or treated.all():
        return treated & window.is_readable
    value = window.level_eur if targeting.measure == "level" else 100 * np.expm1(window.growth)
    value = np.where(window.is_readable, value, -np.inf)
    if targeting.above is not None:
        return np.asarray(value >= targeting.above)
    wanted_nb = round(float(treated.mean()) * int(window.is_readable.sum()))
    chosen = np.zeros(len(treated), dtype=bool)
    chosen[np.argsort(-value, kind="stable")[:wanted_nb]] = True
    return chosen & window.is_readable


def overlap_share(window: Window, treated: Flags, targeting: Targeting | None) -> float:
    """Return the share of the establishments under contract whose recent past lies within that of the others.

    Size and what the rule reads are left out: they stand on either side of the threshold by construction. What they
    change is measured in the years replayed, with the groups that the rule would have made
    (``docs/methods/savings-estimate.md``, « Témoins »).
    """
    compared = ~treated & window.is_readable & ~np.isnan(window.log_outcome)
    under = treated & window.is_readable
    if not compared.any() or not under.any():
        return 0.0
    apart = {"size", "growth", "smoothed"} if targeting is not None and targeting.measure == "growth" else {"size"}
    past = window.features[:, [at for at, name in enumerate(FEATURES) if name not in apart]]
    low, high = past[compared].min(axis=0), past[compared].max(axis=0)
    inside = ((past[under] >= low) & (past[under] <= high)).all(axis=1)
    return float(inside.mean())
