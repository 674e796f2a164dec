"""Intervals of indicator values: what the value of a year says of the practice behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from caqes_analysis.indicators.definition import IndicatorDefinition, Measure
from caqes_analysis.indicators.dispersion import Dispersion, Kind, Unestimated, estimate_dispersion
from caqes_analysis.indicators.layout import Layout, Series, is_share
from caqes_analysis.indicators.slopes import LEVEL

__all__ = ["Measured", "change_bounds", "in_points", "measure_all", "same_establishments", "years_of"]

Floats = npt.NDArray[np.float64]
_ZERO = "valeur nulle : l'aléa d'un montant nul n'est pas estimable"
_OF_RATIO = "évolution d'un rapport : l'aléa n'est pas estimé"
_COUNTS = ("boxes_nb", "count_nb")
_PERCENT = 100.0


@dataclass(frozen=True)
class Measured:
    """A series with its intervals, periods × places.

    Parameters
    ----------
    series, measure
        What it is.
    kind
        How chance acts on it; None for an evolution.
    value, lower, upper
        Values and bounds, in the unit of the measure.
    variance
        Of shares: variance of the value as a fraction (0 to 1); otherwise squared coefficient of variation, for an
        evolution that of the ratio N / N-1.
    quantile
        Student quantile of the intervals.
    reason
        Why there is no interval at all, in French; None when there are some.
    is_of_ratio
        True for the evolution of a ratio: its numerator and denominator are ratios, not sums.
    spread
        The dispersion that the intervals come from.
    """

    series: Series
    measure: Measure
    kind: Kind | None
    value: Floats
    lower: Floats
    upper: Floats
    variance: Floats
    quantile: float
    reason: str | None = None
    is_of_ratio: bool = False
    spread: Dispersion | None = None

    def why_not(self, period: int) -> list[str | None]:
        """Return why each place has no interval at a period; None where it has one, or no value."""
        bare = np.isfinite(self.value[period]) & ~np.isfinite(self.lower[period])
        return [(self.reason or _ZERO) if missing else None for missing in bare]


def in_points(measure: Measure) -> bool:
    """Say whether the changes of a measure are points (of a percentage) and not percents (of an amount)."""
    return measure.unit == "%"


def measure_all(layout: Layout, definitions: Iterable[IndicatorDefinition]) -> list[Measured]:
    """Return every series of a layout with its intervals.

    The interval bears on the practice behind the value: what the establishment would show in a year like that one, if
    only chance changed. It does not doubt the sum, which is exact. See ``docs/methods/trends.md``.

    Parameters
    ----------
    layout
        The values.
    definitions
        Their definitions.
    """
    measures = {(one.id, m.id): m for one in definitions for m in one.measures}
    every = list(layout.series())
    spreads: dict[tuple[str, str, str, str], tuple[Kind, Dispersion | Unestimated]] = {}
    for series in every:
        measure = measures[series.indicator, series.measure]
        if measure.evolution_of is None:
            key = (series.indicator, series.measure, series.perimeter, series.months)
            spreads[key] = _spread(layout, series, measure)
    return [_measured(layout, one, measures[one.indicator, one.measure], measures, spreads) for one in every]


def _spread(layout: Layout, series: Series, measure: Measure) -> tuple[Kind, Dispersion | Unestimated]:
    own = slice(0, layout.establishments_nb)
    above = layout.numerator[series.blocks, own].T
    if measure.denominator is None:
        return "ratio", estimate_dispersion(above, np.where(np.isfinite(above), 1.0, np.nan), kind="ratio")
    below = layout.denominator[series.blocks, own].T
    kind: Kind = "ratio"
    with np.errstate(invalid="ignore"):
        within = not (above > below).any() and not (above < 0).any()
    if is_share(measure) and within:
        counted = measure.numerator is not None and (measure.numerator.sum in _COUNTS or measure.numerator.count)
        kind = "count_share" if counted else "amount_share"
    return kind, estimate_dispersion(above, below, kind=kind)


def _measured(
    layout: Layout,
    series: Series,
    measure: Measure,
    measures: Mapping[tuple[str, str], Measure],
    spreads: Mapping[tuple[str, str, str, str], tuple[Kind, Dispersion | Unestimated]],
) -> Measured:
    value = layout.value[series.blocks]
    nothing = np.full(value.shape, np.nan)
    nobody: tuple[Kind, Dispersion | Unestimated] = ("ratio", Unestimated("une seule période connue"))
    kind, spread = spreads.get(
        (series.indicator, measure.evolution_of or measure.id, series.perimeter, series.months), nobody
    )
    shown: Kind | None = None if measure.evolution_of else kind
    base = None if measure.evolution_of is None else measures[series.indicator, measure.evolution_of]
    is_of_ratio = base is not None and base.denominator is not None
    if is_of_ratio:
        spread = Unestimated(_OF_RATIO)
    if isinstance(spread, Unestimated):
        bare = (nothing, nothing, nothing, float("nan"))
        return Measured(series, measure, shown, value, *bare, reason=spread.reason, is_of_ratio=is_of_ratio)
    quantile = float(stdtrit(spread.df, (1 + LEVEL) / 2))
    above, below = layout.numerator[series.blocks], layout.denominator[series.blocks]
    variance = _variance(layout, shown, spread, above, below)
    lower, upper = _bounds(layout, shown, spread, (value, variance, below), quantile, measure.scale)
    return Measured(series, measure, shown, value, lower, upper, variance, quantile, spread=spread)


def _variance(layout: Layout, kind: Kind | None, spread: Dispersion, above: Floats, below: Floats) -> Floats:
    """Return the variances of :class:`Measured`: those of the establishments, then those of the groups."""
    if kind is None:
        return _amount_variance(layout, spread, above) + _amount_variance(layout, spread, below)
    if kind == "ratio":
        return _amount_variance(layout, spread, above)
    own = slice(0, layout.establishments_nb)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = above[:, own] / below[:, own]
        variance = share * (1 - share) * spread.variance(below[:, own])
        weight = np.where(np.isfinite(variance), below[:, own], 0.0)
        groups = np.nan_to_num(weight**2 * variance) @ layout.members / (weight @ layout.members) ** 2
    return np.concatenate([variance, groups], axis=1)


def _amount_variance(layout: Layout, spread: Dispersion, amount: Floats) -> Floats:
    """Return squared coefficients of variation: of the establishments, then of the sums of groups."""
    own = np.where(amount[:, : layout.establishments_nb] > 0, amount[:, : layout.establishments_nb], np.nan)
    variance = spread.variance(own)
    with np.errstate(invalid="ignore", divide="ignore"):
        groups = (np.nan_to_num(own**2 * variance) @ layout.members) / (np.nan_to_num(own) @ layout.members) ** 2
    return np.concatenate([variance, groups], axis=1)


def _bounds(
    layout: Layout,
    kind: Kind | None,
    spread: Dispersion,
    known: tuple[Floats, Floats, Floats],
    quantile: float,
    scale: int,
) -> tuple[Floats, Floats]:
    """Return the bounds of values, from the values, their variances and their denominators."""
    value, variance, below = known
    half = quantile * np.sqrt(variance)
    if kind is None:
        return tuple(_PERCENT * ((1 + value / _PERCENT) * np.exp(sign * half) - 1) for sign in (-1, 1))  # type: ignore[return-value]
    if kind == "ratio":
        return value * np.exp(-half), value * np.exp(half)
    # Wilson's interval, the denominator replaced by the number of independent lines that would vary as much.
    share, squared = value / scale, quantile**2
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = share * (1 - share) / variance
        own = slice(0, layout.establishments_nb)
        effective[:, own] = 1 / spread.variance(below[:, own])  # also where the share is 0 or 1
        middle = (share + squared / (2 * effective)) / (1 + squared / effective)
        half = quantile * np.sqrt(share * (1 - share) / effective + squared / (4 * effective**2))
        half = half / (1 + squared / effective)
    return scale * np.clip(middle - half, 0, 1), scale * np.clip(middle + half, 0, 1)


def same_establishments(
    layout: Layout, one: Measured, periods: Sequence[int], *, is_change: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Return a series over some periods, the groups summed over the establishments that have all of them whole.

    An amount whose establishments are not the same from one year to the next would change by that alone. So would one
    of which an establishment was there for some months only: one that opened in the course of a period but the last is
    in no group (the rule of evolutions), and an amount of its own over a part of a year is compared with nothing. Its
    own ratio is.

    Parameters
    ----------
    layout, one
        The series and its layout.
    periods
        Places of the periods.
    is_change
        True for a year and the one before, in that order: a month missing in one leaves both.

    Returns
    -------
    tuple
        Value, numerator and denominator, periods × places. Of an evolution, the values as they are: each compares its
        two years over the same establishments already.
    """
    blocks = one.series.blocks[list(periods)]
    value, above, below = one.value[list(periods)], layout.numerator[blocks], layout.denominator[blocks]
    if one.kind is None:
        return value, above, below
    own = slice(0, layout.establishments_nb)
    own_above, own_below = layout.over_same_months(*blocks) if is_change else (above[:, own], below[:, own])
    there = np.asarray((np.isfinite(value[:, own]) & np.isfinite(own_above)).all(axis=0))
    known = there & ~layout.opened_in(years_of(one.series, sorted(periods)[:-1]))
    above = layout.added(_kept(own_above, known))
    if one.measure.denominator is None:
        some = layout.added(np.asarray(known, dtype=np.float64)) > 0
        return one.measure.scale * np.where(some, above, np.nan), np.where(some, above, np.nan), below
    below = layout.added(_kept(own_below, known))
    above[:, own], below[:, own] = _kept(own_above, there), _kept(own_below, there)
    with np.errstate(invalid="ignore", divide="ignore"):
        return one.measure.scale * above / below, above, below


def years_of(series: Series, periods: Sequence[int]) -> list[int]:
    """Return the years of some periods of a series."""
    return [int(series.periods[place][:4]) for place in periods]


def _kept(values: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    return np.asarray(np.where(known, values, np.nan), dtype=np.float64)


def change_bounds(layout: Layout, one: Measured, now: int, before: int) -> tuple[Floats, Floats, Floats]:
    """Return the change of a series between two of its periods, over the months both know, with its bounds.

    Parameters
    ----------
    layout, one
        The series and its layout.
    now, before
        Places of the two periods.

    Returns
    -------
    tuple
        Change, lower and upper bound by place: in points where the unit is a percentage (an evolution has no bounds),
        in percent otherwise. A group's is that of the establishments that have both periods.
    """
    (value, previous), above, below = same_establishments(layout, one, (now, before), is_change=True)
    nothing = np.full(layout.width, np.nan)
    if one.kind is None:
        return value - previous, nothing, nothing
    if one.spread is None:
        variances = np.stack([nothing, nothing])
    else:
        variances = _variance(layout, one.kind, one.spread, above, below)
    if in_points(one.measure):
        unit = np.stack([value, previous]) if one.kind == "ratio" else one.measure.scale
        half = one.quantile * np.sqrt((unit**2 * variances).sum(axis=0))
        return value - previous, value - previous - half, value - previous + half
    half = one.quantile * np.sqrt(variances.sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(previous > 0, value / previous, np.nan)
    return (
        _PERCENT * (ratio - 1),
        _PERCENT * (ratio * np.exp(-half) - 1),
        _PERCENT * (ratio * np.exp(half) - 1),
    )
