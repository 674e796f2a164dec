"""The table ``indicator_values`` as arrays: one block of establishments and groups per measure and period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.indicators.measures import Measure

__all__ = ["Layout", "Series", "is_share"]

Floats = npt.NDArray[np.float64]
_KEY = ["indicator", "measure", "perimeter", "period"]
_KNOWN = ("reported", "zero")
_COMPARED = ("numerator", "denominator")
_PERCENT = "%"


def is_share(measure: Measure) -> bool:
    """Say whether a measure is a part of a whole: lines of one table among lines of the same table, in percent."""
    top, bottom = measure.numerator, measure.denominator
    if top is None or bottom is None:
        return False
    return measure.unit == _PERCENT and (top.table, top.sum, top.count) == (bottom.table, bottom.sum, bottom.count)


@dataclass(frozen=True)
class Series:
    """One measure over the periods of one kind: whole years, or the same months of several years.

    Parameters
    ----------
    indicator, measure, perimeter
        What it is.
    periods
        Names of the periods, oldest first; one a year, without gap in the computation.
    blocks
        Their blocks in the layout.
    """

    indicator: str
    measure: str
    perimeter: str
    periods: tuple[str, ...]
    blocks: npt.NDArray[np.intp]

    @property
    def months(self) -> str:
        """``-M07`` for cumulative months, nothing for whole years."""
        return self.periods[0][4:]


class Layout:
    """Blocks of rows, each with the same establishments then the same groups.

    Parameters
    ----------
    values
        All that :func:`~caqes_analysis.indicators.compute.compute_indicators` returned, in its order.
    groups
        By level (``department``, ``category``, ``region``), group of each establishment, by FINESS.
    openings
        By FINESS, the year in the course of which an establishment opened
        (:meth:`~caqes_analysis.indicators.places.Places.openings`); nobody when None.
    common
        Sums over the months common to two years (:func:`~caqes_analysis.indicators.compute.common_sums`); None when
        every period has all its months.

    Raises
    ------
    ValueError
        When the rows are not whole blocks in order.
    """

    def __init__(
        self,
        values: pd.DataFrame,
        groups: Mapping[str, pd.Series[str]],
        openings: pd.Series[int] | None = None,
        common: pd.DataFrame | None = None,
    ) -> None:
        starts = (values[_KEY] != values[_KEY].shift()).any(axis=1).to_numpy().nonzero()[0]
        self.blocks_nb = len(starts)
        self.width = len(values) // self.blocks_nb if self.blocks_nb else 0
        if self.blocks_nb * self.width != len(values) or not np.array_equal(
            starts, np.arange(self.blocks_nb) * self.width
        ):
            raise ValueError("values must be whole blocks, in the order in which they were computed")
        self.keys = values.loc[values.index[starts], _KEY].reset_index(drop=True)
        self.places = values[["finess", "group", "level"]].iloc[: self.width].reset_index(drop=True)
        self.is_establishment = (self.places["level"] == "establishment").to_numpy()
        self.establishments_nb = int(self.is_establishment.sum())
        known = values["value_status"].isin(_KNOWN).to_numpy()
        self.known = known.reshape(self.shape)
        self.numerator, self.denominator, self.value = (
            np.where(known, values[name].to_numpy(dtype=np.float64), np.nan).reshape(self.shape)
            for name in ("numerator", "denominator", "value")
        )
        # Of an evolution, the euros of an establishment that spent nothing the year before are in those of its region.
        self.compared = tuple(values[name].to_numpy(dtype=np.float64).reshape(self.shape) for name in _COMPARED)
        self.members = self._members(groups)
        own = self.places["finess"].iloc[: self.establishments_nb]
        self._opened = np.zeros(len(own)) if openings is None else openings.reindex(own).to_numpy(dtype=np.float64)
        self._common = {} if common is None else dict(self._pairs(common))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of blocks, and of rows of each."""
        return self.blocks_nb, self.width

    def _members(self, groups: Mapping[str, pd.Series[str]]) -> Floats:
        """Return, establishments × groups, one where the establishment is in the group."""
        own = self.places[self.is_establishment]
        rest = self.places[~self.is_establishment]
        placed = {level: of.reindex(own["finess"]).to_numpy() for level, of in groups.items()}
        columns = [placed[level] == group for level, group in zip(rest["level"], rest["group"], strict=True)]
        return np.array(columns, dtype=np.float64).reshape(len(columns), len(own)).T

    def _pairs(self, common: pd.DataFrame) -> Iterator[tuple[tuple[int, int], Floats]]:
        """Yield the sums of the establishments over common months, by block of a period and of the year before."""
        places = {key: place for place, key in enumerate(self.keys.itertuples(index=False, name=None))}
        own = self.places["finess"].iloc[: self.establishments_nb]
        for names, rows in common.groupby(_KEY, sort=False):
            *series, period = map(str, names)
            before = f"{int(period[:4]) - 1}{period[4:]}"
            sums = rows.set_index("finess")[[*_COMPARED, *(f"previous_{name}" for name in _COMPARED)]].reindex(own)
            yield (places[*series, period], places[*series, before]), sums.to_numpy(dtype=np.float64).T

    def over_same_months(self, now: int, before: int) -> tuple[Floats, Floats]:
        """Return numerators and denominators of two blocks, periods × establishments, over the months both know."""
        own = slice(0, self.establishments_nb)
        above, below = self.numerator[[now, before], own], self.denominator[[now, before], own]
        if (sums := self._common.get((now, before))) is None:
            return above, below
        return np.where(np.isfinite(above), sums[[0, 2]], np.nan), np.where(np.isfinite(below), sums[[1, 3]], np.nan)

    def opened_in(self, years: Iterable[int]) -> npt.NDArray[np.bool_]:
        """Say which establishments opened in the course of one of some years: what they show of it is a part."""
        return np.isin(self._opened, list(years))

    def added(self, values: Floats) -> Floats:
        """Return the sums of the groups, after the values of the establishments (… × establishments)."""
        return np.concatenate([values, np.nan_to_num(values) @ self.members], axis=-1)

    def series(self) -> Iterator[Series]:
        """Yield the measures over time, in the order of the layout."""
        months = self.keys["period"].str[4:]
        for (indicator, measure, perimeter, _), rows in self.keys.groupby(
            [*(self.keys[name] for name in _KEY[:3]), months], sort=False
        ):
            ordered = rows.sort_values("period")
            yield Series(
                str(indicator), str(measure), str(perimeter), tuple(ordered["period"]), ordered.index.to_numpy()
            )

    def flat(self, blocks: Floats) -> Floats:
        """Return an array of the layout as a column of the table."""
        return blocks.reshape(-1)
