"""How many repeated months chance alone would give in all that was received: one equality among many series is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import exp, lgamma, log

import pandas as pd

from caqes_analysis.quality.panels import Panel
from caqes_analysis.quality.repeats import REPEAT_LAGS, Repeat, find_repeats

__all__ = ["repeats_of_all"]


def repeats_of_all(every: Sequence[Panel]) -> list[list[Repeat]]:
    """Return the repeated months of each envelope, with how many such ones chance gives in all of them together.

    Parameters
    ----------
    every
        Months of each envelope.

    Returns
    -------
    list of list of Repeat
        Those of :func:`~caqes_analysis.quality.repeats.find_repeats`, panel by panel, with their ``expected_nb``.

    Notes
    -----
    Two pieces of evidence, and the stronger of them counts. In its own series, ``k`` months are equal at one distance
    when ``λ = pairs × p`` are by chance: ``λ^k / k!`` at most (law of Poisson), times all series and distances. In one
    month, ``m`` series repeat the same earlier month (a row copied whole, establishments copied together): at most
    ``C(series, m) p^m`` by chance, times all months and distances. Both are counted by their logarithms: the months of
    a region can be copied in more ways than a float holds.
    """
    found = [list(find_repeats(panel)) for panel in every]
    series_nb = sum(len(panel.finess) for panel in every)
    months_nb = max((len(panel.months) for panel in every), default=0)
    equal_nb: dict[tuple[object, ...], int] = defaultdict(int)
    together: dict[tuple[int, pd.Timestamp], list[float]] = defaultdict(list)
    for one in (repeat for repeats in found for repeat in repeats):
        equal_nb[_series(one)] += one.months_nb
        for month in _months(one):
            together[one.lag, month].append(one.chance)

    def expected(one: Repeat) -> float:
        own_nb = equal_nb[_series(one)]
        own = own_nb * log(one.chance * one.compared_nb) - lgamma(own_nb + 1) + log(series_nb * len(REPEAT_LAGS))
        chances = max((together[one.lag, month] for month in _months(one)), key=len)
        shared_nb = len(chances)
        ways = lgamma(series_nb + 1) - lgamma(shared_nb + 1) - lgamma(series_nb - shared_nb + 1)
        shared = ways + shared_nb * log(max(chances)) + log(months_nb * len(REPEAT_LAGS))
        return exp(min(own, shared))

    return [[replace(one, expected_nb=expected(one)) for one in repeats] for repeats in found]


def _series(one: Repeat) -> tuple[object, ...]:
    return one.finess, one.envelope, one.amount_kind, one.lag


def _months(one: Repeat) -> pd.DatetimeIndex:
    return pd.date_range(one.month, periods=one.months_nb, freq="MS")
