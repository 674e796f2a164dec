"""The candidate forecasts of the whole year, all series at once: shares of the year, recent growth, smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from caqes_analysis.forecast.smoothing import SMOOTHINGS, THETAS, seasonal_profile, smooth, theta

__all__ = ["Candidates", "build_candidates", "candidate_names"]

Floats = npt.NDArray[np.float64]

_MAX_LOG = 3.0
"""A candidate may not move the rest of the year by more than e³, 20 times: a guard against overflows."""
_SPREAD_BETWEEN = (0.2, 0.8)
_GROWTH_PARTS = (0.25, 0.5, 0.75)
"""Parts of the growth of the months observed that the rest of the year keeps."""
_OWN_REPLAYS = (0.6, 0.4)
"""Weights of the year before and of the one before that in the errors that a series saw of each candidate."""
_OWN_ERROR_CAP = 1.0


@dataclass(frozen=True)
class Candidates:
    """What each candidate says of the whole year, and what measures how hard each series is.

    Parameters
    ----------
    names
        Names of the candidates.
    log_ratios
        Series × candidates: logarithm of (total of the year / total of the year before).
    log_observed
        Logarithm of (months observed / total of the year before), one per series.
    volatility
        Typical unexpected move of a month, on logarithms, one per series.
    spread
        Disagreement of the candidates about the rest of the year, on logarithms, one per series: distance between
        their quantiles at 20 and 80 %.
    size_eur
        Total of the year before, one per series.
    own_errors
        Series × candidates: mean absolute error, on logarithms, of the candidate when it forecasts the series' own
        earlier years (two at most); 0 for all the candidates of a series too short for that.
    """

    names: tuple[str, ...]
    log_ratios: Floats
    log_observed: Floats
    volatility: Floats
    spread: Floats
    size_eur: Floats
    own_errors: Floats

    def log_rest(self, log_ratios: Floats) -> Floats:
        """Return the logarithm of (rest of the year / total of the year before) that log ratios of the year imply."""
        rest: Floats = np.log(np.maximum(np.exp(log_ratios) - np.exp(self.log_observed), 1e-9))
        return rest

    def rows(self, chosen: npt.NDArray[np.bool_]) -> Self:
        """Return the candidates of some of the series."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _arrays()})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the candidates of all the parts, which must have the same names."""
        return cls(parts[0].names, *(np.concatenate([getattr(part, name) for part in parts]) for name in _arrays()))


def _arrays() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Candidates) if field.name != "names")


def candidate_names(history_years_nb: int, months_observed_nb: int) -> tuple[str, ...]:
    """Return the names of the candidates that so many years and months allow, in order."""
    months = np.exp(np.zeros((1, 12 * history_years_nb + months_observed_nb)))
    return build_candidates(months, months_observed_nb).names


def build_candidates(months: Floats, months_observed_nb: int, common_profile: Floats | None = None) -> Candidates:
    """Compute every candidate for series that share the same history.

    Parameters
    ----------
    months
        Strictly positive amounts in euros, series × (12 × whole years before + months observed of the year).
    months_observed_nb
        Months observed of the year, 1 to 11.
    common_profile
        Seasons towards which those of each series are moved; those of ``months`` when None.

    Returns
    -------
    Candidates
        With one year before, seasons cannot be told from growth: smoothing candidates are left out.
    """
    said = _said(months, months_observed_nb, common_profile)
    return replace(said, own_errors=_own_errors(months, months_observed_nb, common_profile, said.log_ratios.shape))


def _own_errors(months: Floats, known: int, common: Floats | None, shape: tuple[int, ...]) -> Floats:
    """Return the mean absolute error of each candidate on the years of each series that have two years before."""
    years_nb = (months.shape[1] - known) // 12
    weights = _OWN_REPLAYS[: max(years_nb - 2, 0)]
    found = np.zeros(shape)
    for back, weight in enumerate(weights, start=1):
        start = 12 * (years_nb - back)
        then = _said(months[:, : start + known], known, common)
        came = np.log(months[:, start : start + 12].sum(axis=1) / then.size_eur)
        found += weight / sum(weights) * np.minimum(np.abs(then.log_ratios - came[:, None]), _OWN_ERROR_CAP)
    return found


def _said(months: Floats, known: int, common_profile: Floats | None) -> Candidates:
    """Return what the candidates say, without their errors on earlier years."""
    years_nb = (months.shape[1] - known) // 12
    years = months[:, : 12 * years_nb].reshape(len(months), years_nb, 12)
    now = months[:, 12 * years_nb :]
    observed = now.sum(axis=1)
    head, rest, before = years[:, :, :known].sum(axis=2), years[:, :, known:].sum(axis=2), years[:, -1].sum(axis=1)
    found: dict[str, Floats] = {}
    left_by_head = np.log(rest / head)
    found["part_3_ans"] = observed * np.exp(left_by_head[:, -3:].mean(axis=1))
    found["part_n_1"] = observed * np.exp(left_by_head[:, -1])
    growth = np.log(observed / head[:, -1])
    for part in _GROWTH_PARTS:
        found[f"croissance_amortie_{part:g}"] = rest[:, -1] * np.exp(part * growth)
    late = min(3, known)
    found["croissance_recente"] = rest[:, -1] * np.exp(
        0.8 * np.log(now[:, -late:].sum(axis=1) / years[:, -1, known - late : known].sum(axis=1))
    )
    found["annee_precedente"] = rest[:, -1]
    for tail in range(1, min(3, known) + 1):
        by_tail = np.log(rest / years[:, :, known - tail : known].sum(axis=2))
        found[f"derniers_{tail}_mois"] = now[:, -tail:].sum(axis=1) * np.exp(by_tail[:, -3:].mean(axis=1))
    logs = np.log(months)
    if years_nb >= 2:
        found |= _with_seasons(months, logs, years_nb, known, left_by_head, rest, common_profile)
    names = tuple(found)
    rests = np.stack([found[name] for name in names], axis=1)
    centre = np.log(np.median(rests, axis=1, keepdims=True))
    rests = np.exp(np.clip(np.log(rests), centre - _MAX_LOG, centre + _MAX_LOG))
    low_and_high = np.quantile(np.log(rests), _SPREAD_BETWEEN, axis=1)
    return Candidates(
        names,
        np.log((observed[:, None] + rests) / before[:, None]),
        np.log(observed / before),
        _volatility(logs, years_nb),
        low_and_high[1] - low_and_high[0],
        before,
        np.zeros_like(rests),
    )


def _with_seasons(
    months: Floats,
    logs: Floats,
    years_nb: int,
    known: int,
    left_by_head: Floats,
    rest: Floats,
    common: Floats | None,
) -> dict[str, Floats]:
    """Return the candidates that need two years before or more."""
    observed = months[:, 12 * years_nb :].sum(axis=1)
    found: dict[str, Floats] = {}
    found["part_mediane"] = observed * np.exp(np.median(left_by_head, axis=1))
    weights = np.linspace(0.6, 1.4, years_nb)
    found["part_ponderee"] = observed * np.exp(left_by_head @ weights / weights.sum())
    found["part_2_ans"] = observed * np.exp(left_by_head[:, -2:].mean(axis=1))
    # The rest of each year against the twelve months before it: no month counts twice, none is left out.
    twelve = [months[:, 12 * at + known - 12 : 12 * at + known].sum(axis=1) for at in range(1, years_nb + 1)]
    by_twelve = np.stack([np.log(rest[:, at] / twelve[at - 1]) for at in range(1, years_nb)], axis=1)
    found["douze_mois_glissants"] = twelve[-1] * np.exp(by_twelve[:, -3:].mean(axis=1))
    found["croissance_annuelle"] = rest[:, -1] * np.exp(0.5 * np.log(twelve[-1] / months[:, -24:-12].sum(axis=1)))
    profile, _ = seasonal_profile(logs, common)
    for smoothing, later in zip(SMOOTHINGS, smooth(logs, profile, known), strict=True):
        found[smoothing.name] = _sum_of_exponentials(later)
    for level_by in THETAS:
        found[f"theta_{level_by:g}"] = _sum_of_exponentials(theta(logs, profile, known, level_by))
    return found


def _sum_of_exponentials(logs: Floats) -> Floats:
    total: Floats = np.exp(np.clip(logs, -60, 60)).sum(axis=1)
    return total


def _volatility(logs: Floats, years_nb: int) -> Floats:
    """Return the mean absolute move of a month, net of what the same month moved the year before where known."""
    moves = np.diff(logs, axis=1)
    if years_nb >= 2:
        moves = (moves[:, 12:] - moves[:, :-12]) / np.sqrt(2)
    found: Floats = np.minimum(np.abs(moves - np.median(moves, axis=1, keepdims=True)), 2.0).mean(axis=1)
    return found + 1e-4
