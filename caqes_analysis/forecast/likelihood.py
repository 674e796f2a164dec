"""From a probability to a word: fixed thresholds, so that « probable » means the same on every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from caqes_analysis.french import NBSP, percent

__all__ = ["PROBABLE", "UNLIKELY", "Likelihood", "likelihood_of"]

PROBABLE, UNLIKELY = 2 / 3, 1 / 3
"""Thresholds of « probable » and « peu probable »: those of « likely » and « unlikely » (66 % and 33 %) in the guidance
note of the IPCC on uncertainties (Mastrandrea et al., 2010, table 1)."""

_STEP_PCT = 5


@dataclass(frozen=True)
class Likelihood:
    """How likely it is that a year exceeds its target, in words.

    Parameters
    ----------
    word
        « probable », « incertain », « peu probable »; « dépassé » or « tenu » when nothing is left to chance; « – »
        when nothing can be said.
    symbol
        Sign printed before the word: what colour says is said without it.
    state
        ``warning``, ``muted`` or ``good``.
    chance
        Probability in words, to the nearest 5 %: what a few replayed years can carry; to the nearest 1 % where the 5 %
        would contradict the word.
    """

    word: str
    symbol: str
    state: Literal["good", "warning", "muted", "missing"]
    chance: str

    @property
    def label(self) -> str:
        """Symbol and word."""
        return f"{self.symbol}{NBSP}{self.word}" if self.symbol else self.word


def likelihood_of(probability: float | None) -> Likelihood:
    """Return the word of a probability of exceeding a target.

    Parameters
    ----------
    probability
        From 0 to 1; exactly 0 or 1 only when the months received decide; missing without target or forecast.

    Examples
    --------
    >>> likelihood_of(0.86).label, likelihood_of(0.86).chance
    ('▲\\xa0probable', '85\\xa0%')
    >>> likelihood_of(0.004).chance, likelihood_of(1.0).word
    ('moins de 5\\xa0%', 'dépassé')
    >>> likelihood_of(0.67).chance, likelihood_of(0.66).chance
    ('67\\xa0%', '65\\xa0%')
    """
    if probability is None or pd.isna(probability):
        return Likelihood("–", "", "missing", "–")
    if probability >= 1:
        return Likelihood("dépassé", "▲", "warning", "certain")
    if probability <= 0:
        return Likelihood("tenu", "▽", "good", "exclu")
    rounded = _STEP_PCT * round(100 * probability / _STEP_PCT)
    if rounded < _STEP_PCT:
        chance = f"moins de {percent(_STEP_PCT, 0)}"
    elif rounded > 100 - _STEP_PCT:
        chance = f"plus de {percent(100 - _STEP_PCT, 0)}"
    elif _side(rounded / 100) != _side(probability):
        chance = percent(100 * probability, 0)
    else:
        chance = percent(rounded, 0)
    if probability >= PROBABLE:
        return Likelihood("probable", "▲", "warning", chance)
    if probability <= UNLIKELY:
        return Likelihood("peu probable", "▽", "good", chance)
    return Likelihood("incertain", "◆", "muted", chance)


def _side(probability: float) -> tuple[bool, bool]:
    return probability >= PROBABLE, probability <= UNLIKELY
