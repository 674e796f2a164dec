"""Statistical secrecy: values that would let a reader count a few patients or stays are masked before anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.activities import DECLARED_PREFIX
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.layout import is_share
from caqes_analysis.indicators.measures import Measure, Sum

__all__ = ["TOO_FEW", "UNRANKED", "counts_patients", "without_small_counts"]

TOO_FEW: Final = "too_few"
"""Status of a value that is known and masked."""

UNRANKED: Final = "secret statistique"
"""Why an establishment whose value is masked has no rank, in French."""

_KNOWN = ("reported", "zero")
_KEY = ("indicator", "measure", "perimeter", "period")
_COUNTS = ("numerator", "denominator")
_SUMS = (*_COUNTS, "establishments_nb", "value")
_OTHERS = ("masked_share", "months_nb")
_PERCENT = 100.0
_SAFE_NB = 2

Flags = npt.NDArray[np.bool_]


def counts_patients(part: Sum | None) -> bool:
    """Say whether a sum counts patients, stays, or what was done for them: the counts of the table ``activity``.

    What an establishment declares of itself in a form is not: the rule bears on what comes from the SNDS.

    Examples
    --------
    >>> counts_patients(Sum(table="activity", sum="count_nb", where="activity = 'stays'"))
    True
    >>> counts_patients(Sum(table="annual_drug_spend", sum="boxes_nb"))
    False
    """
    if part is None or part.table != "activity" or part.sum != "count_nb":
        return False
    return DECLARED_PREFIX not in part.where


def without_small_counts(
    values: pd.DataFrame,
    definitions: Iterable[IndicatorDefinition],
    groups: Mapping[str, npt.NDArray[np.str_]],
    *,
    minimum_count_nb: int,
) -> pd.DataFrame:
    """Mask the values from which a count of 1 to ``minimum_count_nb - 1`` patients or stays can be worked out.

    A value is masked when its numerator, its denominator, or, for a share, the difference of the two is such a count.
    Departments and categories are then the sums of the establishments that are shown; the region keeps those that are
    masked where at least two are, whose counts together are not small. See ``docs/methods/indicators.md``.

    Parameters
    ----------
    values
        Table ``indicator_values``: each measure and period is a block, the establishments in the order of their FINESS,
        then the groups; or establishments alone.
    definitions
        Their definitions.
    groups
        By level, group of each establishment, in the order of their FINESS.
    minimum_count_nb
        Smallest count that is published.

    Returns
    -------
    DataFrame
        The same rows; those masked have the status ``too_few`` and no number.
    """
    secret = list(_secret_measures(definitions))
    rows = np.flatnonzero(values["indicator"].isin([one.definition.id for one in secret]))
    if not len(rows) or minimum_count_nb <= 1:
        return values
    own = values.iloc[rows].astype(dict.fromkeys((*_KEY, "value_status"), object)).reset_index(drop=True)
    status = own["value_status"].to_numpy(dtype=object, copy=True)
    numbers = {name: own[name].to_numpy(np.float64, copy=True, na_value=np.nan) for name in (*_SUMS, *_OTHERS)}
    hidden: dict[tuple[str, ...], Flags] = {}
    keys = zip(*(own[name] for name in _KEY), strict=True)
    blocks: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(keys):
        blocks.setdefault(key, []).append(row)
    for one in secret:
        for key in [key for key in blocks if key[:2] == (one.definition.id, one.measure.id)]:
            at = np.array(blocks[key])
            few, sums = _masked(one, key, own.iloc[at], hidden, groups, minimum_count_nb)
            hidden[key] = few[(own["level"].iloc[at] == "establishment").to_numpy()]
            for name, cells in sums.items():
                numbers[name][at] = cells
            status[at[few]] = TOO_FEW
            for column in numbers.values():
                column[at[few]] = np.nan
    return _replaced(values, rows, {"value_status": status, **numbers})


def _replaced(values: pd.DataFrame, rows: npt.NDArray[np.intp], columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return the frame with other values in some of its rows, in the kinds of its columns."""
    found: dict[str, pd.Series[Any]] = {}
    for name, cells in columns.items():
        column = values[name].copy()
        column.iloc[rows] = pd.array(cells, dtype=column.dtype)
        found[name] = column
    return values.assign(**found)


@dataclass(frozen=True)
class _Secret:
    """A measure that counts patients, and the sums that are counts."""

    definition: IndicatorDefinition
    measure: Measure
    base: Measure
    counts: tuple[bool, bool]

    @property
    def is_of_ratio(self) -> bool:
        """True for the evolution of a ratio, whose numerator and denominator are ratios."""
        return self.measure is not self.base and self.base.denominator is not None


def _secret_measures(definitions: Iterable[IndicatorDefinition]) -> Iterator[_Secret]:
    """Yield levels before the evolutions that are masked with them."""
    for definition in definitions:
        for measure in sorted(definition.measures, key=lambda one: one.evolution_of is not None):
            base = measure if measure.evolution_of is None else definition.measure(measure.evolution_of)
            top, bottom = counts_patients(base.numerator), counts_patients(base.denominator)
            if top or bottom:
                # An evolution compares two sums of one kind.
                counts = (top, top) if measure is not base else (top, bottom)
                yield _Secret(definition, measure, base, counts)


def _masked(
    one: _Secret,
    key: tuple[str, ...],
    block: pd.DataFrame,
    hidden: Mapping[tuple[str, ...], Flags],
    groups: Mapping[str, npt.NDArray[np.str_]],
    minimum_nb: int,
) -> tuple[Flags, dict[str, npt.NDArray[np.float64]]]:
    """Return the rows of a block that are masked, and the numbers of the others."""
    sums = {name: block[name].to_numpy(dtype=np.float64, na_value=np.nan).copy() for name in _SUMS}
    is_own = (block["level"] == "establishment").to_numpy()
    known = block["value_status"].isin(_KNOWN).to_numpy()
    if one.is_of_ratio:
        few = np.zeros(len(block), dtype=bool)
        few[is_own] = _masked_in_either(one, key, hidden, int(is_own.sum()))
    else:
        few = known & _are_small(one, sums["numerator"], sums["denominator"], minimum_nb)
    own_few = few[is_own]
    for row in np.flatnonzero(~is_own).tolist():
        level, group = str(block["level"].iloc[row]), block["group"].iloc[row]
        left = np.flatnonzero(own_few & (groups[level] == group))
        if not len(left):
            continue
        if one.is_of_ratio:
            few[row] = True
            continue
        parts = {name: sums[name][left].sum() for name in _COUNTS}
        if level == "region" and len(left) >= _SAFE_NB:
            top, bottom = (np.array([parts[name]]) for name in _COUNTS)
            together = _are_small(one, top, bottom, minimum_nb)
            if not together[0]:
                continue
        _take_away(one, sums, row, {**parts, "establishments_nb": len(left)})
        few[row] = not sums["establishments_nb"][row] > 0
    return few, sums


def _masked_in_either(one: _Secret, key: tuple[str, ...], hidden: Mapping[Any, Flags], size: int) -> Flags:
    indicator, _, perimeter, period = key
    before = f"{int(period[:4]) - 1}{period[4:]}"
    now, then = (hidden.get((indicator, one.base.id, perimeter, when)) for when in (period, before))
    everyone = np.ones(size, dtype=bool)
    return np.asarray((everyone if now is None else now) | (everyone if then is None else then), dtype=bool)


def _are_small(one: _Secret, top: npt.NDArray[np.float64], bottom: npt.NDArray[np.float64], minimum_nb: int) -> Flags:
    def small(count: npt.NDArray[np.float64]) -> Flags:
        return (count > 0) & (count < minimum_nb)

    few = np.zeros(len(top), dtype=bool)
    if one.counts[0]:
        few |= small(top)
    if one.counts[1]:
        few |= small(bottom)
    if is_share(one.measure):
        few |= small(bottom - top)
    return few


def _take_away(one: _Secret, sums: Mapping[str, npt.NDArray[np.float64]], row: int, parts: Mapping[str, float]) -> None:
    """Leave the masked establishments out of the sums of a group."""
    for name, part in parts.items():
        sums[name][row] -= part
    top, bottom = sums["numerator"][row], sums["denominator"][row]
    if one.measure is not one.base:
        sums["value"][row] = _PERCENT * (top - bottom) / bottom if bottom > 0 else np.nan
    elif one.base.denominator is None:
        sums["value"][row] = top * one.base.scale
    else:
        sums["value"][row] = top * one.base.scale / bottom if bottom > 0 else np.nan
