"""Simulated totals of the year: months observed plus the rest, by paths that all series share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from caqes_analysis.forecast.calibration import Calibration, Learned
from caqes_analysis.forecast.candidates import build_candidates
from caqes_analysis.forecast.combination import combine
from caqes_analysis.forecast.dispersion import Dispersion, scale_of, scaled_errors
from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, Histories, Method
from caqes_analysis.forecast.intermittent import draw_rest, silent_months, stopped_share

__all__ = ["Rest", "rest_of_year", "simulate_cents"]

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]

_PACE_INFLATION = 1.5
_PACE_MONTHS_NB = 6
_MAX_CENTS = 2.0**62


@dataclass(frozen=True)
class Rest:
    """The rest of the year of each series, before it is simulated.

    Parameters
    ----------
    log_eur
        Logarithm of its central estimate in euros; NaN where it is not modelled so.
    scale
        Scale of its error, on logarithms.
    dispersions
        Distribution of its scaled error.
    """

    log_eur: Floats
    scale: Floats
    dispersions: tuple[Dispersion | None, ...]


def rest_of_year(histories: Histories, calibration: Calibration) -> Rest:
    """Estimate the rest of the year of each series.

    Parameters
    ----------
    histories
        What is known.
    calibration
        What earlier years taught, for the months observed here.

    Returns
    -------
    Rest
        Central estimate and scale, for the methods that have one.
    """
    series_nb = len(histories.series)
    log_eur, scale = np.full(series_nb, np.nan), np.full(series_nb, np.nan)
    profile = np.array(calibration.profile)
    dispersions: list[Dispersion | None] = [None] * series_nb
    combined = {Method.COMBINED, Method.SHORT}
    groups: dict[tuple[int, int], list[int]] = {}
    for row, method in enumerate(histories.methods):
        if method in combined:
            groups.setdefault((int(histories.observed_nb[row]), int(histories.years_nb[row])), []).append(row)
        elif method is Method.PACE:
            learned = _learned(calibration, int(histories.observed_nb[row]), 1)
            log_eur[row] = _pace(histories, row, profile)
            scale[row] = _PACE_INFLATION * np.exp(learned.dispersion.intercept)
            dispersions[row] = learned.dispersion
    for (observed_nb, years_nb), members in groups.items():
        rows = np.array(members, dtype=np.intp)
        learned = _learned(calibration, observed_nb, years_nb)
        log_eur[rows], scale[rows] = _centre_and_scale(histories, rows, learned, years_nb, observed_nb, profile)
        short = calibration.short[observed_nb]
        if years_nb > 1 and not learned.dispersion.errors_nb and short.dispersion.errors_nb:
            # No year could be replayed with two before it: the errors known are those of forecasts from one year.
            beside, scale[rows] = _centre_and_scale(histories, rows, short, 1, observed_nb, profile)
            log_eur[rows] = (log_eur[rows] + beside) / 2
            learned = short
        for row in members:
            dispersions[row] = learned.dispersion
    log_eur += np.log(histories.future_factor)
    return Rest(log_eur, scale * histories.widening, tuple(dispersions))


def _centre_and_scale(
    histories: Histories,
    rows: npt.NDArray[np.intp],
    learned: Learned,
    years_nb: int,
    observed_nb: int,
    profile: Floats,
) -> tuple[Floats, Floats]:
    """Return the logarithm of the rest of the year in euros, and the scale of its error."""
    candidates = build_candidates(histories.model_months(rows, years_nb, observed_nb), observed_nb, profile)
    log_ratio = combine(candidates, learned.combination, observed_nb)
    log_eur = candidates.log_rest(log_ratio) + np.log(candidates.size_eur)
    return log_eur, scale_of(candidates, learned.dispersion)


def _learned(calibration: Calibration, observed_nb: int, years_nb: int) -> Learned:
    return (calibration.short if years_nb == 1 else calibration.seasoned)[observed_nb]


def _pace(histories: Histories, row: int, profile: Floats) -> float:
    """Return the logarithm of the rest of the year at the pace of the last months, with the region's seasons."""
    stop = 12 * HISTORY_YEARS_NB + int(histories.observed_nb[row])
    at = np.arange(stop)[~np.isnan(histories.months_eur[row, :stop])][-_PACE_MONTHS_NB:]
    pace = (histories.months_eur[row, at] / np.exp(profile[at % 12])).mean()
    return float(np.log(pace * np.exp(profile[int(histories.observed_nb[row]) :]).sum()))


def simulate_cents(histories: Histories, calibration: Calibration, *, paths_nb: int, seed: int) -> Cents:
    """Simulate the total of the year of every series, path by path.

    A path has one common draw, shared by all the series, and one draw of each series: the amounts of a path can be
    summed over any group (``docs/methods/forecast.md``, « Trajectoires »).

    Parameters
    ----------
    histories
        What is known.
    calibration
        What earlier years taught.
    paths_nb
        Number of paths.
    seed
        Seed. The draws of a series depend on the seed, the year and its name, not on the other series.

    Returns
    -------
    ndarray
        Cents, series × paths; the months observed alone where nothing is estimable.
    """
    rest = rest_of_year(histories, calibration)
    # Evenly spaced draws in random order: the same law with less sampling noise than independent ones.
    even = ndtri((np.arange(paths_nb) + 0.5) / paths_nb)
    common = np.random.default_rng([seed, histories.year]).permutation(even)
    totals = np.repeat(histories.observed_cents[:, None], paths_nb, axis=1)
    for row, name in enumerate(histories.series):
        random = np.random.default_rng([seed, histories.year, _number_of(name)])
        dispersion = rest.dispersions[row]
        if dispersion is not None:
            own = random.permutation(even)
            share = dispersion.common_share
            scores = np.sqrt(share) * common + np.sqrt(1 - share) * own
            error = rest.scale[row] * scaled_errors(scores, dispersion)
            error = np.clip(error, -dispersion.log_cap, dispersion.log_cap)
            left = np.exp(rest.log_eur[row] + error)
            stopped = stopped_share(silent_months(_known(histories, row)))
            if stopped:
                left[random.permutation(paths_nb) < round(stopped * paths_nb)] = 0.0
            left += histories.filled_eur[row]
        elif histories.methods[row] is Method.DRAWN:
            left = _drawn(histories, row, paths_nb, random) + histories.filled_eur[row]
        else:
            continue
        totals[row] += np.rint(np.minimum(left * 100, _MAX_CENTS)).astype(np.int64)
    return totals


def _known(histories: Histories, row: int) -> Floats:
    """Return the months known of a series, up to the last one observed."""
    past = histories.months_eur[row, : 12 * HISTORY_YEARS_NB + int(histories.observed_nb[row])]
    return past[~np.isnan(past)]


def _drawn(histories: Histories, row: int, paths_nb: int, random: np.random.Generator) -> Floats:
    left_nb = 12 - int(histories.observed_nb[row])
    return draw_rest(_known(histories, row), months_left_nb=left_nb, paths_nb=paths_nb, random=random)


def _number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
