"""What earlier years teach: weights of the candidates and distribution of the errors, frozen and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from caqes_analysis.errors import CaqesError
from caqes_analysis.forecast.candidates import Candidates, build_candidates, candidate_names
from caqes_analysis.forecast.combination import Combination, combine, equal_weights, learn_combination
from caqes_analysis.forecast.dispersion import Dispersion, default_dispersion, learn_dispersion
from caqes_analysis.forecast.events import apply_events, begun_events, disturbed_rests
from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, Histories, Method, prepare
from caqes_analysis.forecast.panel import Panel, build_panel
from caqes_analysis.forecast.smoothing import seasonal_profile

__all__ = ["Calibration", "Learned", "calibrate", "calibrate_panel", "check_observed_months", "cut"]

Floats = npt.NDArray[np.float64]

MAX_PAST_YEARS_NB = 6
"""Earlier years replayed at most: older ones say less of what errors are now."""
_MIN_LEARNING_NB = 8
_FORMAT = 2


class Learned(BaseModel):
    """What was learned for one number of months observed and one length of history.

    Parameters
    ----------
    combination
        Weights of the candidates.
    dispersion
        Distribution of the errors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    combination: Combination
    dispersion: Dispersion


class Calibration(BaseModel):
    """What earlier years taught, for the forecasts of one year.

    Parameters
    ----------
    format
        Version of this format.
    year
        Year whose forecasts it serves: it has read earlier years only.
    series_nb
        Number of series that taught it.
    profile
        Common seasonal profile, twelve logarithms of mean 0.
    seasoned, short
        What was learned by number of months observed, for series with two whole years before or more, and with one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    year: int
    series_nb: int
    profile: tuple[float, ...]
    seasoned: dict[int, Learned]
    short: dict[int, Learned]

    @property
    def observed_months(self) -> tuple[int, ...]:
        """Numbers of months observed for which it was made."""
        return tuple(sorted(self.seasoned))

    @property
    def sha256(self) -> str:
        """Hash of its content: two calibrations with the same hash give the same forecasts."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return its content as JSON, to be stored with the delivery."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        CaqesError
            ``CALIBRAGE_ILLISIBLE`` when it is not a calibration of this version.
        """
        try:
            found = cls.model_validate_json(text)
        except ValueError as failure:
            found, reason = None, str(failure).splitlines()[0]
        if found is None or found.format != _FORMAT:
            raise CaqesError.of(
                "CALIBRAGE_ILLISIBLE",
                f"ce calibrage ne se lit pas ({reason if found is None else f'format {found.format}'}).",
                "Le refaire avec forecast.calibrate.",
            )
        return found


def calibrate(
    monthly: pd.DataFrame, *, year: int, observed_months: Collection[int], events: pd.DataFrame | None = None
) -> Calibration:
    """Learn from the years before ``year`` how candidates combine and how wrong they are.

    Each earlier year is forecast again as it would have been, from the months that stood before it, and compared with
    what came (``docs/methods/forecast.md``, « Années rejouées »).

    Parameters
    ----------
    monthly
        ``series``, ``month``, ``amount_eur``; months of ``year`` and later are not read.
    year
        Year to forecast.
    observed_months
        Numbers of months observed, 1 to 11, that will be asked.
    events
        Known events, as :func:`~caqes_analysis.forecast.events.apply_events` reads them: applied to the years replayed
        once they had begun; nothing is learned from a rest of year that one of them moved.

    Returns
    -------
    Calibration
        Frozen; ``to_json`` and ``sha256`` keep it with the delivery.

    Raises
    ------
    CaqesError
        ``PREVISION_MOIS_OBSERVES`` when a number of months is not between 1 and 11; the errors of the months' table.
    """
    return calibrate_panel(build_panel(monthly), year=year, observed_months=observed_months, events=events)


def calibrate_panel(
    panel: Panel, *, year: int, observed_months: Collection[int], events: pd.DataFrame | None = None
) -> Calibration:
    """Do what :func:`calibrate` does on months already aligned."""
    check_observed_months(observed_months)
    past = cut(panel, year - 1, 12)
    replayed = [
        earlier
        for earlier in range(year - 1, year - 1 - MAX_PAST_YEARS_NB, -1)
        if 0 <= past.year_at(earlier) <= past.cents.shape[1] - 12
    ]
    seasoned, short = {}, {}
    for observed_nb in sorted(set(observed_months)):
        replays = [_replay(past, earlier, observed_nb, events) for earlier in replayed]
        seasoned[observed_nb] = _learn(replays, observed_nb, HISTORY_YEARS_NB)
        short[observed_nb] = _learn(replays, observed_nb, 1)
    last = apply_events(prepare(cut(panel, year - 1, 12), year), begun_events(events, pd.Timestamp(year - 1, 12, 1)))
    return Calibration(
        year=year,
        series_nb=int((last.years_nb > 0).sum()),
        profile=_common_profile(last),
        seasoned=seasoned,
        short=short,
    )


def check_observed_months(observed_months: Collection[int]) -> None:
    """Refuse numbers of months from which no year can be forecast.

    Raises
    ------
    CaqesError
        ``PREVISION_MOIS_OBSERVES`` when one is not between 1 and 11.
    """
    wrong = [number for number in observed_months if not 1 <= number <= 11]
    if wrong:
        raise CaqesError.of(
            "PREVISION_MOIS_OBSERVES",
            "le nombre de mois observés va de 1 à 11.",
            "Corriger observed_months.",
            value=", ".join(map(str, wrong)),
        )


def cut(panel: Panel, year: int, observed_nb: int) -> Panel:
    """Return the panel as it stood after ``observed_nb`` months of ``year``."""
    known = panel.known.copy()
    known[:, max(panel.year_at(year) + observed_nb, 0) :] = False
    return replace(panel, known=known, provisional=panel.provisional & known)


class _Replay:
    """One earlier year as it would have been forecast, and what came."""

    def __init__(self, histories: Histories, actual_eur: Floats) -> None:
        self.histories = histories
        self.actual_eur = actual_eur
        self.year = histories.year


def _replay(past: Panel, year: int, observed_nb: int, events: pd.DataFrame | None) -> _Replay:
    received = prepare(cut(past, year, observed_nb), year)
    histories = apply_events(received, begun_events(events, pd.Timestamp(year, observed_nb, 1)))
    start = past.year_at(year)
    months = past.cents[:, start : start + 12] / 100
    ordinary = ~disturbed_rests(past.series, events, year=year, observed_nb=observed_nb) & (histories.widening == 1)
    usable = past.known[:, start : start + 12].all(axis=1) & ordinary
    return _Replay(histories, np.where(usable, months[:, observed_nb:].sum(axis=1), np.nan))


def _learn(replays: list[_Replay], observed_nb: int, max_years_nb: int) -> Learned:
    """Learn from all the replays, with at most ``max_years_nb`` years of history in each (1: the short class)."""
    parts: list[Candidates] = []
    rests, years = [], []
    for replay in replays:
        histories = replay.histories
        for years_nb in range(1, HISTORY_YEARS_NB + 1):
            wanted = (Method.COMBINED, Method.SHORT) if max_years_nb == 1 else (Method.COMBINED,)
            rows = histories.rows(
                lambda row, h=histories, n=years_nb, w=wanted, r=replay: bool(  # type: ignore[misc]
                    h.years_nb[row] == n
                    and h.methods[row] in w
                    and h.observed_nb[row] == observed_nb
                    and r.actual_eur[row] > 0
                )
            )
            if len(rows):
                used = min(years_nb, max_years_nb)
                parts.append(build_candidates(histories.model_months(rows, used, observed_nb), observed_nb))
                rests.append(replay.actual_eur[rows])
                years.append(np.full(len(rows), replay.year))
    names = candidate_names(min(max_years_nb, 2), observed_nb)
    if sum(map(len, rests)) < _MIN_LEARNING_NB:
        return Learned(combination=equal_weights(names), dispersion=default_dispersion(observed_nb))
    return _fit(Candidates.joined(parts), np.concatenate(rests), np.concatenate(years), observed_nb)


def _fit(candidates: Candidates, rest: Floats, years: npt.NDArray[np.int64], observed_nb: int) -> Learned:
    actual = np.log(np.exp(candidates.log_observed) + rest / candidates.size_eur)
    folds = years if len(np.unique(years)) > 1 else np.arange(len(years)) % 5
    said = np.empty(len(rest))
    for fold in np.unique(folds):
        # The errors of a year are measured with weights that have not read it, as will be those of the year forecast.
        out = folds == fold
        taught = learn_combination(candidates.rows(~out), actual[~out], years[~out], observed_nb)
        said[out] = combine(candidates.rows(out), taught, observed_nb)
    errors = np.log(rest / candidates.size_eur) - candidates.log_rest(said)
    return Learned(
        combination=learn_combination(candidates, actual, years, observed_nb),
        dispersion=learn_dispersion(candidates, errors, years, observed_nb),
    )


def _common_profile(histories: Histories) -> tuple[float, ...]:
    """Return the median seasonal profile of the series with two whole years; flat when there is none."""
    profiles = []
    for years_nb in range(2, HISTORY_YEARS_NB + 1):
        rows = histories.rows(
            lambda row, n=years_nb: bool(  # type: ignore[misc]
                histories.years_nb[row] == n and (histories.months_eur[row, -12 * (n + 1) : -12] > 0).all()
            )
        )
        if len(rows):
            start = 12 * (HISTORY_YEARS_NB - years_nb)
            logs = np.log(histories.months_eur[rows, start : 12 * HISTORY_YEARS_NB])
            profiles.append(seasonal_profile(logs)[0])
    if not profiles:
        return (0.0,) * 12
    common = np.median(np.concatenate(profiles), axis=0)
    return tuple(round(float(value), 9) for value in common - common.mean())
