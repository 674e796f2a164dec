"""The establishments of a region as arrays: where each one is, and whether it was open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.perimeter import current_establishments, lifetimes
from caqes_analysis.store import Store

__all__ = ["ALL_REGIONS", "UNKNOWN_GROUP", "Places"]

UNKNOWN_GROUP = "inconnu"
"""Group of the establishments whose department or category no file gives."""

ALL_REGIONS = "ensemble"
"""Group of the whole, when the establishments are of several regions."""


@dataclass(frozen=True)
class Places:
    """The establishments of today, in the order of their FINESS.

    Parameters
    ----------
    finess
        The establishments: those described, and those that any table holds.
    groups
        By level (``department``, ``category``, ``region``), the group of each.
    is_private
        True for for-profit clinics, which Open PHMEV does not hold.
    opened, closed
        First and last years of each, as far as they are known.
    opened_month
        Month of the first year in which each opened; 1 when nothing says it.
    part_year
        Year in the course of which each opened, 0 for none (:data:`~caqes_analysis.perimeter.LIFETIMES`).
    """

    finess: tuple[str, ...]
    groups: dict[str, npt.NDArray[np.str_]]
    is_private: npt.NDArray[np.bool_]
    opened: npt.NDArray[np.int64]
    closed: npt.NDArray[np.int64]
    opened_month: npt.NDArray[np.int64]
    part_year: npt.NDArray[np.int64]

    @classmethod
    def read(cls, store: Store, known: Sequence[str]) -> Places:
        """Read the establishments of a store.

        Parameters
        ----------
        store
            Store of the campaign.
        known
            Establishments that the tables hold.
        """
        described = current_establishments(store).drop_duplicates("finess").set_index("finess")
        finess = tuple(sorted({*described.index, *known}))
        rows = described.reindex(list(finess))

        def texts(column: str) -> npt.NDArray[np.str_]:
            return rows[column].fillna(UNKNOWN_GROUP).to_numpy(dtype=str)

        region = texts("region")
        regions = sorted(set(region) - {UNKNOWN_GROUP})
        whole = regions[0] if len(regions) == 1 else ALL_REGIONS
        lives = lifetimes(store).reindex(list(finess))
        opened_on = pd.to_datetime(lives["first_day"])
        ends = pd.to_datetime(rows["valid_to"]).dt.year.fillna(9999).to_numpy(dtype=np.int64)
        return cls(
            finess=finess,
            groups={
                "department": texts("department"),
                "category": texts("category"),
                "region": np.full(len(finess), whole),
            },
            is_private=rows["legal_status"].eq("prive").fillna(False).to_numpy(dtype=bool),
            opened=np.asarray(opened_on.dt.year.fillna(0).to_numpy(dtype=np.int64), dtype=np.int64),
            closed=np.asarray(ends, dtype=np.int64),
            opened_month=np.asarray(opened_on.dt.month.fillna(1).to_numpy(dtype=np.int64), dtype=np.int64),
            part_year=np.asarray(lives["part_year"].fillna(0).to_numpy(dtype=np.int64), dtype=np.int64),
        )

    def closed_during(self, year: int) -> npt.NDArray[np.bool_]:
        """Say which establishments were not open in a year."""
        return (self.opened > year) | (self.closed < year)

    def not_yet_open(self, year: int, months_nb: int) -> npt.NDArray[np.bool_]:
        """Say in which months of a year, from January, each establishment had not opened."""
        before = np.arange(1, months_nb + 1)[None, :] < self.opened_month[:, None]
        return np.asarray((self.opened == year)[:, None] & before, dtype=bool)

    def opened_within(self, year: int) -> npt.NDArray[np.bool_]:
        """Say which establishments opened after January of a year: its amounts are those of a part of it."""
        return np.asarray(self.part_year == year, dtype=bool)

    def openings(self) -> pd.Series[int]:
        """Return, by FINESS, the year of which an establishment was open for a part only; those alone that have one."""
        years = pd.Series(self.part_year, index=list(self.finess))
        return years[self.part_year > 0]
