"""A lasting change of level that nobody declared: told beside the forecast, whose interval knows of it only in part.

Amounts are compared with those of the same month a year before, on logarithms. A level that changes at a month moves
twelve of these ratios by the same amount, and no other: the change is estimated for each month at which it may have
begun, and the most certain one is told (``docs/methods/forecast.md``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.forecast.histories import HISTORY_YEARS_NB, Histories, Method

__all__ = ["LevelBreak", "ToldBreak", "find_level_break", "level_break_notes", "told_break"]

Floats = npt.NDArray[np.float64]

_RATIOS_NB = 24
_MIN_RATIOS_NB = 18
_MIN_AFTER_NB, _MIN_BEFORE_NB = 3, 6
_SMALLEST_CHANGE_LOG = np.log(1.15)
_LEAST_CERTAINTY = 6.0
"""Change divided by its standard error. Among series of constant level with a noise of 8 % a month, 0.2 % reach it;
1.8 % of those whose level also wanders by 2 % a month."""
_LEAST_SD_LOG = 0.02
_UNDECLARED = "sans événement déclaré"
_IN_PART = "l'intervalle n'en tient compte qu'en partie"
_CLOSED = "l'évolution de l'année en vient en partie"
_BASE_EFFECT = "l'évolution du début de l'année en vient (effet de base)"
_TOLD = re.compile(rf"niveau (relevé|abaissé) d'environ ([\d\s]+\s%) depuis (\w+ (\d{{4}})), {_UNDECLARED} : ([^;]*)")


@dataclass(frozen=True)
class LevelBreak:
    """A change of level.

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
    """A change of level as the reason of a forecast tells it.

    Parameters
    ----------
    is_rise
        Whether the level rose.
    size, since
        « 29 % », « avril 2024 ».
    year
        Year in which it happened.
    escapes_interval
        Whether the interval of the forecast knows of it only in part.
    """

    is_rise: bool
    size: str
    since: str
    year: int
    escapes_interval: bool

    @property
    def words(self) -> str:
        """« niveau abaissé d'environ 29 % depuis avril 2024, sans événement déclaré »."""
        return (
            f"niveau {'relevé' if self.is_rise else 'abaissé'} d'environ {self.size} depuis {self.since}, {_UNDECLARED}"
        )


def told_break(reason: object) -> ToldBreak | None:
    """Return the change of level that the reason of a forecast tells; None when it tells none.

    Parameters
    ----------
    reason
        ``reason`` of a row of ``forecasts``.

    Examples
    --------
    >>> told = "niveau abaissé d'environ 29\\xa0% depuis avril 2024, sans événement déclaré : autre chose"
    >>> told_break(f"un mois provisoire ; {told}").since, told_break("les douze mois sont reçus")
    ('avril 2024', None)
    """
    found = _TOLD.search(reason) if isinstance(reason, str) else None
    if found is None:
        return None
    moved, size, since, year, why = found.groups()
    return ToldBreak(moved == "relevé", size, since, int(year), why.strip() == _IN_PART)


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


def level_break_notes(histories: Histories) -> dict[str, str]:
    """Return, by series, what its forecast must say of a change of level, in French.

    Parameters
    ----------
    histories
        Months as the candidates read them: those of a declared event stand at today's level, and are not told again.
    """
    notes = {}
    for row, name in enumerate(histories.series):
        if histories.methods[row] in (Method.NONE, Method.DORMANT):
            continue
        months = histories.months_eur[row, : 12 * HISTORY_YEARS_NB + int(histories.observed_nb[row])]
        found = find_level_break(months)
        if found is not None:
            is_closed = histories.methods[row] is Method.COMPLETE
            notes[name] = _note(found, histories.year, _CLOSED if is_closed else _IN_PART)
    return notes


def _yearly_ratios(months_eur: Floats) -> Floats:
    """Return the logarithms of the last months over the same months a year before, from the first that has both."""
    positive = np.where(months_eur > 0, months_eur, np.nan)
    ratios: Floats = np.log(positive[12:] / positive[:-12])[-_RATIOS_NB:]
    begun = np.flatnonzero(np.isfinite(ratios))
    return ratios[begun[0] :] if len(begun) else ratios[:0]


def _note(found: LevelBreak, year: int, within: str) -> str:
    """Return the note of a change of level, ``within`` being what a change in the course of the year does."""
    at = pd.Timestamp(year - HISTORY_YEARS_NB, 1, 1) + pd.DateOffset(months=found.month_index)
    size = french.percent(abs(found.change_pct), 0)
    why = within if at.year == year else _BASE_EFFECT
    told = ToldBreak(found.change_log > 0, size, french.month_year(at), at.year, escapes_interval=why == _IN_PART)
    return f"{told.words} : {why}"
