"""A lasting change of level that nobody declared: told beside the forecast, whose interval knows of it only in part.

Amounts are compared with those of the same month a year before, on logarithms. A level that changes at a month moves
twelve of these ratios by the same amount, and no other: the change is estimated for each month at which it may have
begun, and the most certain one is told (``docs/methods/forecast.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, Histories, Method

__all__ = ["SMALLEST_CHANGES_PCT", "LevelBreak", "ToldBreak", "find_level_break", "told_break", "told_breaks"]

Floats = npt.NDArray[np.float64]

_RATIOS_NB = 24
_MIN_RATIOS_NB = 18
_MIN_AFTER_NB, _MIN_BEFORE_NB = 3, 6
_SMALLEST_CHANGE_LOG = np.log(1.15)
SMALLEST_CHANGES_PCT = (float(100 * np.expm1(_SMALLEST_CHANGE_LOG)), float(100 * np.expm1(-_SMALLEST_CHANGE_LOG)))
"""Smallest rise and smallest fall told: one brings back what the other takes away."""
_LEAST_CERTAINTY = 6.0
"""Change divided by its standard error. Among series of constant level with a noise of 8 % a month, 0.2 % reach it;
1.8 % of those whose level also wanders by 2 % a month."""
_LEAST_SD_LOG = 0.02
_UNDECLARED = "sans événement déclaré"
_IN_PART = "l'intervalle n'en tient compte qu'en partie"
_CLOSED = "l'évolution de l'année en vient en partie"
_BASE_EFFECT = "l'évolution du début de l'année en vient (effet de base)"


@dataclass(frozen=True)
class LevelBreak:
    """A change of level found in the months of a series.

    Parameters
    ----------
    month_index
        First month at the new level, as an index of the months given.
    change_log
        Logarithm of (new level / old level).
    """

    month_index: int
    change_log: float

    @property
    def change_pct(self) -> float:
        """The change in %."""
        return float(100 * np.expm1(self.change_log))


@dataclass(frozen=True)
class ToldBreak:
    """A change of level as a forecast tells it.

    Parameters
    ----------
    change_pct
        The change in %.
    month
        First month at the new level.
    forecast_year
        Year of the forecast.
    is_closed
        Whether the twelve months of that year are known.
    """

    change_pct: float
    month: pd.Timestamp
    forecast_year: int
    is_closed: bool

    @property
    def is_rise(self) -> bool:
        """Whether the level rose."""
        return self.change_pct > 0

    @property
    def size(self) -> str:
        """« 29 % »."""
        return french.percent(abs(self.change_pct), 0)

    @property
    def since(self) -> str:
        """« avril 2024 »."""
        return french.month_year(self.month)

    @property
    def escapes_interval(self) -> bool:
        """Whether the interval of the forecast knows of it only in part."""
        return self.month.year == self.forecast_year and not self.is_closed

    @property
    def words(self) -> str:
        """« niveau abaissé d'environ 29 % depuis avril 2024, sans événement déclaré »."""
        moved = "relevé" if self.is_rise else "abaissé"
        return f"niveau {moved} d'environ {self.size} depuis {self.since}, {_UNDECLARED}"

    @property
    def note(self) -> str:
        """The words, and what the change bears on."""
        if self.month.year != self.forecast_year:
            return f"{self.words} : {_BASE_EFFECT}"
        return f"{self.words} : {_CLOSED if self.is_closed else _IN_PART}"


def told_break(forecast: pd.Series[Any]) -> ToldBreak | None:
    """Return the change of level that a row of ``forecasts`` tells; None when it tells none."""
    if pd.isna(forecast["level_change_month"]):
        return None
    is_closed = forecast["method"] == Method.COMPLETE
    return ToldBreak(
        float(forecast["level_change_pct"]), forecast["level_change_month"], int(forecast["year"]), is_closed
    )


def find_level_break(months_eur: Floats) -> LevelBreak | None:
    """Return the most certain change of level of the last two years, if one is certain and large enough.

    Parameters
    ----------
    months_eur
        Months of a series up to the last observed one; NaN where not known.

    Returns
    -------
    LevelBreak or None
        None where the months are too few, too many are nil, or nothing stands out of their usual noise.
    """
    ratios = _yearly_ratios(months_eur)
    known = np.isfinite(ratios)
    if known.sum() < _MIN_RATIOS_NB:
        return None
    best, certainty = None, _LEAST_CERTAINTY
    for first in range(len(ratios) - _MIN_AFTER_NB + 1):
        inside = np.zeros(len(ratios), dtype=bool)
        inside[first : first + 12] = True
        within, without = ratios[inside & known], ratios[~inside & known]
        if len(within) < _MIN_AFTER_NB or len(without) < _MIN_BEFORE_NB:
            continue
        change = float(within.mean() - without.mean())
        residual = np.concatenate([within - within.mean(), without - without.mean()])
        spread = max(float(np.sqrt((residual**2).sum() / (len(residual) - 2))), _LEAST_SD_LOG)
        found = abs(change) / (spread * np.sqrt(1 / len(within) + 1 / len(without)))
        if abs(change) >= _SMALLEST_CHANGE_LOG and found > certainty:
            best, certainty = LevelBreak(len(months_eur) - len(ratios) + first, change), found
    return best


def told_breaks(histories: Histories) -> dict[str, ToldBreak]:
    """Return, by series, the change of level that its forecast must tell.

    Parameters
    ----------
    histories
        Months as the candidates read them: those of a declared event stand at today's level, and are not told again.
    """
    told = {}
    first = pd.Timestamp(histories.year - HISTORY_YEARS_NB, 1, 1)
    for row, name in enumerate(histories.series):
        if histories.methods[row] in (Method.NONE, Method.DORMANT):
            continue
        months = histories.months_eur[row, : 12 * HISTORY_YEARS_NB + int(histories.observed_nb[row])]
        found = find_level_break(months)
        if found is not None:
            month = first + pd.DateOffset(months=found.month_index)
            is_closed = histories.methods[row] is Method.COMPLETE
            told[name] = ToldBreak(found.change_pct, month, histories.year, is_closed)
    return told


def _yearly_ratios(months_eur: Floats) -> Floats:
    """Return the logarithms of the last months over the same months a year before, from the first that has both."""
    positive = np.where(months_eur > 0, months_eur, np.nan)
    ratios: Floats = np.log(positive[12:] / positive[:-12])[-_RATIOS_NB:]
    begun = np.flatnonzero(np.isfinite(ratios))
    return ratios[begun[0] :] if len(begun) else ratios[:0]
