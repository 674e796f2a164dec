"""Trends: where each establishment stands, how it moves, how sure that is, and what it weighs in the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.intervals import (
    Measured,
    change_bounds,
    in_points,
    measure_all,
    same_establishments,
    years_of,
)
from caqes_analysis.indicators.layout import Layout
from caqes_analysis.indicators.secrecy import TOO_FEW
from caqes_analysis.indicators.slopes import ENOUGH_PERIODS, theil_sen
from caqes_analysis.indicators.standing import contributions, ranks, ranks_by_size

__all__ = ["tracked_measures", "trends", "with_intervals"]

Floats = npt.NDArray[np.float64]
_PERCENT = 100.0
_SHORT = f"il faut au moins {french.in_words(ENOUGH_PERIODS)} périodes pour dire une tendance sur plusieurs années"


def tracked_measures(definition: IndicatorDefinition) -> tuple[str, ...]:
    """Return the measures of an indicator whose trend is followed.

    Parameters
    ----------
    definition
        The definition: its main measure, those of its objective, référentiel and incentive, and what they evolve from.
    """
    wanted = [definition.main_measure, definition.target.measure if definition.target else None]
    wanted += [condition.measure for condition in (definition.reference.conditions if definition.reference else ())]
    wanted.append(definition.incentive.saving_measure)
    named = [name for name in wanted if name is not None]
    bases = [definition.measure(name).evolution_of for name in named]
    return tuple(dict.fromkeys([*named, *(base for base in bases if base is not None)]))


def with_intervals(
    values: pd.DataFrame,
    definitions: Iterable[IndicatorDefinition],
    groups: Mapping[str, pd.Series[str]],
    openings: pd.Series[int] | None = None,
    common: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, list[Measured], Layout]:
    """Fill the intervals of indicator values.

    Parameters
    ----------
    values
        All that :func:`~caqes_analysis.indicators.compute.compute_indicators` returned, with its groups.
    definitions
        Their definitions.
    groups
        By level (``department``, ``category``, ``region``), group of each establishment, by FINESS.
    openings
        By FINESS, the year in the course of which an establishment opened
        (:meth:`~caqes_analysis.indicators.places.Places.openings`): it is in no change that starts from that year.
    common
        Sums over the months common to two years (:func:`~caqes_analysis.indicators.compute.common_sums`): a change of
        a ratio compares them. None when every period has all its months.

    Returns
    -------
    tuple
        The table with ``lower`` and ``upper`` (95 %), and what :func:`trends` goes on with: the series, and their
        layout.
    """
    layout = Layout(values, groups, openings, common)
    measured = measure_all(layout, definitions)
    lower, upper = np.full(layout.shape, np.nan), np.full(layout.shape, np.nan)
    for one in measured:
        lower[one.series.blocks], upper[one.series.blocks] = one.lower, one.upper
    return values.assign(lower=layout.flat(lower), upper=layout.flat(upper)), measured, layout


def trends(
    values: pd.DataFrame,
    definitions: Iterable[IndicatorDefinition],
    *,
    measured: Sequence[Measured],
    layout: Layout,
    peers: pd.Series[str],
) -> pd.DataFrame:
    """Return where each establishment and group stands at the last known period of each tracked measure.

    Parameters
    ----------
    values, measured, layout
        What :func:`with_intervals` returned.
    definitions
        Their definitions.
    peers
        Peer group of each establishment, by FINESS (:func:`~caqes_analysis.indicators.peers.peer_groups`).

    Returns
    -------
    DataFrame
        Table ``indicator_trends``. Formulas and their sources: ``docs/methods/trends.md``.
    """
    known = {one.id: one for one in definitions}
    own = layout.places["finess"].iloc[: layout.establishments_nb]
    peer_of = peers.reindex(own).to_numpy(dtype=object)
    state = {
        name: values[name].to_numpy().reshape(layout.shape)
        for name in ("value_status", "is_provisional", "is_corrected")
    }
    masked_share = values["masked_share"].to_numpy(dtype=np.float64, na_value=np.nan).reshape(layout.shape)
    parts = []
    for one in measured:
        definition = known[one.series.indicator]
        if one.series.measure not in tracked_measures(definition):
            continue
        known_at = np.flatnonzero(np.isfinite(one.value).any(axis=1))
        if len(known_at):
            parts.append(_frame(one, int(known_at[-1]), definition, layout, peer_of, state, masked_share))
    if not parts:
        return tables.INDICATOR_TRENDS.empty()
    return tables.INDICATOR_TRENDS.conform(pd.concat(parts, ignore_index=True))


def _frame(
    one: Measured,
    now: int,
    definition: IndicatorDefinition,
    layout: Layout,
    peer_of: npt.NDArray[Any],
    state: Mapping[str, npt.NDArray[Any]],
    masked_share: Floats,
) -> pd.DataFrame:
    series, block = one.series, one.series.blocks[now]
    before = now - 1 if now and int(series.periods[now - 1][:4]) == int(series.periods[now][:4]) - 1 else None
    nothing = np.full(layout.width, np.nan)
    change, change_lower, change_upper = (
        (nothing, nothing, nothing) if before is None else change_bounds(layout, one, now, before)
    )
    past = _past(one, now, layout)
    first, mean_change = _mean_change(past, in_points(one.measure))
    slopes = theil_sen(past.T)
    has_value = np.isfinite(one.value[now])
    standing = ranks(
        one.value[now, : layout.establishments_nb],
        layout.denominator[block, : layout.establishments_nb],
        peer_of,
        masked=state["value_status"][block, : layout.establishments_nb] == TOO_FEW,
        better="none" if ranks_by_size(one.measure) else definition.direction,
        minimum_count_nb=0 if one.measure.denominator is None else definition.minimum_count_nb,
        masked_share=masked_share[block, : layout.establishments_nb] if one.measure.leaves_masked_out else None,
    )
    rest = layout.width - layout.establishments_nb
    return pd.DataFrame(
        {
            **{name: layout.places[name] for name in ("finess", "group", "level")},
            "period": series.periods[now],
            "indicator": series.indicator,
            "measure": series.measure,
            "perimeter": series.perimeter,
            "value": one.value[now],
            "lower": one.lower[now],
            "upper": one.upper[now],
            "unit_label": one.measure.unit,
            "numerator": layout.numerator[block],
            "denominator": layout.denominator[block],
            "interval_reason": one.why_not(now),
            "previous_period": None if before is None else series.periods[before],
            "previous_value": nothing if before is None else one.value[before],
            "previous_status": None if before is None else state["value_status"][series.blocks[before]],
            "change": change,
            "change_lower": change_lower,
            "change_upper": change_upper,
            "first_period": [series.periods[place] if place >= 0 else None for place in first],
            "periods_nb": slopes.periods_nb,
            "mean_annual_change": mean_change,
            "slope": slopes.slope,
            "slope_lower": slopes.lower,
            "slope_upper": slopes.upper,
            "slope_p": slopes.p_value,
            "slope_reason": [
                _SHORT if short and there else None
                for short, there in zip(slopes.periods_nb < ENOUGH_PERIODS, has_value, strict=True)
            ],
            **{name: np.concatenate([column, [None] * rest]) for name, column in standing.items()},
            "contribution": contributions(one, layout, now, before),
            **{name: column[block] for name, column in state.items()},
        }
    )


def _past(one: Measured, now: int, layout: Layout) -> Floats:
    """Return the values up to a period; those of groups over the establishments that have every known period."""
    past = one.value[: now + 1].copy()
    known = np.flatnonzero(np.isfinite(past[:, : layout.establishments_nb]).any(axis=1))
    past[known] = same_establishments(layout, one, known.tolist())[0] if one.kind else past[known]
    past[:, : layout.establishments_nb] = one.value[: now + 1, : layout.establishments_nb]
    if one.kind is not None and one.measure.denominator is None:
        # An amount over a part of a year is no first point of a slope.
        for place, year in enumerate(years_of(one.series, range(now))):
            past[place, : layout.establishments_nb][layout.opened_in([year])] = np.nan
    return past


def _mean_change(past: Floats, points: bool) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the first known period of each place and its mean annual change since: points, or compound rate in %."""
    now = len(past) - 1
    known = np.isfinite(past)
    first = np.where(known.any(axis=0), known.argmax(axis=0), -1)
    start = past[np.maximum(first, 0), np.arange(past.shape[1])]
    years = now - first
    with np.errstate(invalid="ignore", divide="ignore"):
        if points:
            found = (past[now] - start) / years
        else:
            found = _PERCENT * (np.where(start > 0, past[now] / start, np.nan) ** (1 / years) - 1)
    return first, np.where((first >= 0) & (years > 0), found, np.nan)
