"""How sure a potential saving is: the rate of one year is partly chance, more than its boxes alone would say.

The dispersion is that of the trends of indicators (:mod:`caqes_analysis.indicators.dispersion`), estimated over the two
last years of the lever; the rate of reference is taken as known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from caqes_analysis.indicators.dispersion import Dispersion, Kind, estimate_dispersion
from caqes_analysis.indicators.slopes import LEVEL

__all__ = ["NO_DISPERSION", "NO_PREVIOUS_YEAR", "rate_bounds", "sum_bounds"]

NO_PREVIOUS_YEAR = "sans intervalle : l'aléa d'un taux demande l'année précédente"
"""Why a saving has no interval when one year only was received."""
NO_DISPERSION = "sans intervalle : trop peu d'établissements suivis deux ans, ou un taux sans variation"
"""Why a saving has no interval when the dispersion of its rate cannot be estimated."""

# Levers whose rate is a share of euros; the others count boxes, packages or trips.
_IN_EUROS = ("pansements",)
_KEY = ["lever", "product_group"]
Floats = npt.NDArray[np.float64]


def rate_bounds(rates: pd.DataFrame, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Return the bounds at 95 % of the practice behind each rate.

    Parameters
    ----------
    rates
        A frame of rates of year N (:mod:`caqes_analysis.savings.lever_rates`).
    previous
        The same of year N-1; None when it was not received.

    Returns
    -------
    DataFrame
        ``lower_rate, upper_rate, why_not``, on the index of ``rates``; missing where the dispersion is not estimable or
        where the rate is not a share. Wilson's interval, the denominator replaced by the number of independent units
        that would vary as much.
    """
    found = pd.DataFrame({"lower_rate": np.nan, "upper_rate": np.nan}, index=rates.index)
    if previous is None:
        return found.assign(why_not=NO_PREVIOUS_YEAR)
    earlier = dict(iter(previous.groupby(_KEY)))
    for key, own in rates.groupby(_KEY):
        spread = _spread(own, earlier.get(key), "amount_share" if key[0] in _IN_EUROS else "count_share")
        if spread is None:
            continue
        share = (own["numerator_nb"] / own["denominator_nb"]).to_numpy(dtype="float64")
        found.loc[own.index, ["lower_rate", "upper_rate"]] = _wilson(
            share, spread.variance(own["denominator_nb"].to_numpy(dtype="float64")), spread.df
        )
    reasons = [NO_DISPERSION if missing else None for missing in found["lower_rate"].isna()]
    return found.assign(why_not=pd.Series(reasons, index=found.index, dtype=object))


def _spread(own: pd.DataFrame, before: pd.DataFrame | None, kind: Kind) -> Dispersion | None:
    if before is None or (own["numerator_nb"] > own["denominator_nb"]).any():
        return None
    both = before.set_index("finess")[["numerator_nb", "denominator_nb"]].join(
        own.set_index("finess")[["numerator_nb", "denominator_nb"]].add_suffix("_now"), how="outer"
    )
    above = both[["numerator_nb", "numerator_nb_now"]].to_numpy(dtype="float64")
    below = both[["denominator_nb", "denominator_nb_now"]].to_numpy(dtype="float64")
    if np.nanmax(above - below, initial=0.0) > 0:
        return None
    spread = estimate_dispersion(above, below, kind=kind)
    return spread if isinstance(spread, Dispersion) else None


def _wilson(share: Floats, variance: Floats, df: int) -> Floats:
    squared = float(stdtrit(df, (1 + LEVEL) / 2)) ** 2
    effective = 1 / np.maximum(variance, 1e-12)
    middle = (share + squared / (2 * effective)) / (1 + squared / effective)
    half = np.sqrt(squared * (share * (1 - share) / effective + squared / (4 * effective**2))) / (
        1 + squared / effective
    )
    return np.column_stack([np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)])


def sum_bounds(values: Sequence[float], lower: Sequence[float], upper: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of a sum of independent estimates, from theirs.

    Method of variance estimates recovery: G. Y. Zou and A. Donner, « Construction of confidence limits about effect
    measures: a general approach », *Statistics in Medicine*, 2008. Missing bounds make the sum's missing.

    Examples
    --------
    >>> sum_bounds([10.0, 20.0], [7.0, 16.0], [13.0, 24.0])
    (25.0, 35.0)
    """
    known = np.asarray([values, lower, upper], dtype="float64")
    whole = float(known[0].sum())
    below, above = (float(np.sqrt(((known[0] - known[side]) ** 2).sum())) for side in (1, 2))
    return whole - below, whole + above
