"""What was known of every series before a date, and what came after: the same window replayed in earlier years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from caqes_analysis.forecast.smoothing import Smoothing, seasonal_profile, smooth, theta

__all__ = ["FEATURES", "MIN_HISTORY_MONTHS_NB", "Window", "build_window", "build_yearly_window"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_HISTORY_MONTHS_NB = 24
"""Two years before: one to compare with, one to know how spending was moving."""
_MAX_HISTORY_YEARS_NB = 3
_MAX_GROWTH = 2.0
"""Growths are cut at e², 7 times: what lies beyond is another establishment, not a trend."""
_FLOOR_SHARE = 0.05
_YEARLY_VOLATILITY = 0.05
"""The same for all series of a yearly base: it changes no figure, the scale of the errors being learned."""
_SMOOTHINGS = (
    Smoothing(0.05, 0.005, 0.97, 0.0),
    Smoothing(0.1, 0.01, 0.9, 0.25),
    Smoothing(0.2, 0.01, 0.97, 0.1),
    Smoothing(0.3, 0.01, 0.97, 0.0),
    Smoothing(0.45, 0.0, 0.8, 0.1),
    Smoothing(0.65, 0.0, 0.8, 0.0),
    Smoothing(0.9, 0.0, 0.8, 0.0),
    Smoothing(0.65, 0.05, 0.9, 0.1),
)
_SLOW, _FAST = 0, 5
_THETAS = (0.3, 0.7)
"""Chosen once for windows of several months, and not moved when the forecast room changes its own."""

FEATURES = ("smoothed", "tilt", "growth", "half_year", "quarter", "size")
"""What predicts a series: the mean of the smoothings, how the fast differ from the slow, the growth of the year (which
falls back towards the mean), that of the last six and three months beyond it, and the size."""


@dataclass(frozen=True)
class Window:
    """One date, what predicts each series after it, and what came.

    Parameters
    ----------
    reference_eur
        Same months of the twelve before the date; NaN where the series cannot be read.
    log_outcome
        Logarithm of (what came / ``reference_eur``); NaN where it did not come, or was not positive.
    features
        Series × ``FEATURES``, logarithms.
    level_eur, growth
        Total of the twelve months before the date, and logarithm of its ratio to the twelve before: what targeting
        reads.
    volatility, spread
        Typical unexpected move of a month; disagreement of the smoothings: what makes a series hard to predict.
    history_years_nb
        Years before the date that were read, in most series.
    """

    reference_eur: Floats
    log_outcome: Floats
    features: Floats
    level_eur: Floats
    growth: Floats
    volatility: Floats
    spread: Floats
    history_years_nb: int = 1

    @property
    def is_readable(self) -> Flags:
        """Whether each series has the history that a prediction needs."""
        return np.asarray(~np.isnan(self.features).any(axis=1))


def build_window(months_eur: Floats, origin: int, offsets: npt.NDArray[np.int64]) -> Window:
    """Read the window of one date.

    Parameters
    ----------
    months_eur
        Series × months; NaN where not known.
    origin
        Column of the first month after the date; nothing from it on is read but to say what came.
    offsets
        Months evaluated, counted from ``origin``.

    Returns
    -------
    Window
        Series whose twenty-four months before are not all known, or whose sums are not positive, are NaN.
    """
    series_nb, width = months_eur.shape
    reference = months_eur[:, origin - 12 + offsets % 12].sum(axis=1)
    came = np.full(series_nb, np.nan)
    if origin + int(offsets.max()) < width:
        came = months_eur[:, origin + offsets].sum(axis=1)
    features = np.full((series_nb, len(FEATURES)), np.nan)
    volatility, spread = np.full(series_nb, np.nan), np.full(series_nb, np.nan)
    level = months_eur[:, origin - 12 : origin].sum(axis=1)
    before = months_eur[:, origin - 24 : origin - 12].sum(axis=1)
    known = ~np.isnan(months_eur[:, :origin])
    years_nb = np.minimum(known[:, ::-1].cumprod(axis=1).sum(axis=1) // 12, _MAX_HISTORY_YEARS_NB)
    readable = (level > 0) & (before > 0) & (reference > 0) & (years_nb >= 2)
    for history in np.unique(years_nb[readable]):
        rows = np.flatnonzero(readable & (years_nb == history))
        months = months_eur[rows, origin - 12 * history : origin]
        features[rows], volatility[rows], spread[rows] = _features(_positive(months), offsets)
    features[readable, -1] = np.log(reference[readable])
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(readable, np.log(level / before), np.nan)
        outcome = np.where(came > 0, np.log(came / reference), np.nan)
    reference = np.where(readable, reference, np.nan)
    usual_nb = int(np.median(years_nb[readable])) if readable.any() else 0
    return Window(reference, outcome, features, level, growth, volatility, spread, usual_nb)


def build_yearly_window(years_eur: Floats, origin: int, *, has_growth: bool) -> Window:
    """Read the window of one year in bases that have no month.

    Parameters
    ----------
    years_eur
        Series × years; NaN where not known.
    origin
        Column of the year evaluated; the column before is what it is compared with.
    has_growth
        Whether the growth of the year before predicts; it is 0 for all otherwise, and the column before that one is
        not read.

    Returns
    -------
    Window
        Series whose years before are not known, or not positive, are NaN. Only the size tells how hard a series is to
        predict.
    """
    series_nb, width = years_eur.shape
    positive = np.where(years_eur > 0, years_eur, np.nan)
    reference = positive[:, origin - 1]
    came = positive[:, origin] if origin < width else np.full(series_nb, np.nan)
    growth = np.log(reference / positive[:, origin - 2]) if has_growth else np.zeros(series_nb)
    readable = ~np.isnan(reference) & ~np.isnan(growth)
    features = np.zeros((series_nb, len(FEATURES)))
    features[:, FEATURES.index("growth")] = np.clip(growth, -_MAX_GROWTH, _MAX_GROWTH)
    features[:, FEATURES.index("size")] = np.log(reference)
    reference = np.where(readable, reference, np.nan)
    same = np.where(readable, _YEARLY_VOLATILITY, np.nan)
    return Window(
        reference,
        np.log(came / reference),
        np.where(readable[:, None], features, np.nan),
        reference,
        np.where(readable, growth, np.nan),
        same,
        same,
    )


def _positive(months: Floats) -> Floats:
    """Let little stand for a month that is nil or negative, never more than the smallest positive one."""
    positive = np.where(months > 0, months, np.nan)
    floor = np.minimum(_FLOOR_SHARE * np.nanmean(positive, axis=1), np.nanmin(positive, axis=1))
    return np.where(months > 0, months, floor[:, None])


def _features(months: Floats, offsets: npt.NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return the features of series that share one length of history, their volatility and their spread."""
    logs = np.log(months)
    profile, _ = seasonal_profile(logs)
    later = [*smooth(logs, profile, 0, _SMOOTHINGS), *(theta(logs, profile, 0, by) for by in _THETAS)]
    base = np.log(months[:, -12 + offsets % 12].sum(axis=1))
    # Beyond a year the smoothed months are repeated at the last one's distance: damped trends have levelled off.
    said = np.stack([np.log(np.exp(one[:, offsets % 12]).sum(axis=1)) - base for one in later], axis=1)
    said = np.clip(said, -_MAX_GROWTH, _MAX_GROWTH)
    centre = np.median(said, axis=1)
    growth = {
        nb: np.log(months[:, -nb:].sum(axis=1) / months[:, -12 - nb : months.shape[1] - 12].sum(axis=1))
        for nb in (3, 6, 12)
    }
    growth = {nb: np.clip(value, -_MAX_GROWTH, _MAX_GROWTH) for nb, value in growth.items()}
    found = np.stack(
        [
            said[:, : len(_SMOOTHINGS)].mean(axis=1),
            said[:, _FAST] - said[:, _SLOW],
            growth[12],
            growth[6] - growth[12],
            growth[3] - growth[6],
            np.zeros(len(months)),
        ],
        axis=1,
    )
    moves = np.diff(logs, axis=1)
    moves = (moves[:, 12:] - moves[:, :-12]) / np.sqrt(2)
    volatility = np.minimum(np.abs(moves - np.median(moves, axis=1, keepdims=True)), 2.0).mean(axis=1) + 1e-4
    return found, volatility, np.abs(said - centre[:, None]).mean(axis=1)
