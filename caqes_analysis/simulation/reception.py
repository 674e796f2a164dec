"""What the region received of the truth: months that came late, months that never came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.simulation.establishments import Establishment
from caqes_analysis.simulation.series import ENVELOPE_TRAITS, Region, SimulatedSeries

__all__ = ["Reception"]

_LATE_SHARE = 0.1
_LATE_LAST, _LATE_BEFORE_LAST = (0.55, 0.85), (0.88, 0.97)
# What has arrived of a month at a given age varies a little from month to month.
_LATE_NOISE_LAST, _LATE_NOISE_BEFORE_LAST = 0.05, 0.015
# Assurance Maladie counts by date of care, so that its last months fill up; the liste en sus comes from ATIH.
_FILLS_UP = tuple(code for code in ENVELOPE_TRAITS if not code.startswith("extra_list"))
_MISSING_PER_ESTABLISHMENT = 1 / 20


@dataclass(frozen=True)
class Reception:
    """The region's deliveries of a simulated region, cut after a month of the campaign's year.

    Parameters
    ----------
    region
        The truth.
    last_month
        Last month received, 1 to 12. Which months are missing and how late the last ones are does not depend on it.
    """

    region: Region
    last_month: int

    @property
    def last(self) -> np.datetime64:
        """Last month received."""
        return np.datetime64(f"{self.region.year}-{self.last_month:02d}")

    @cached_property
    def _whole(self) -> list[Establishment]:
        drawn = sorted(self.region.establishments, key=lambda one: one.index)
        return [one for one in drawn if one.role not in ("merged", "tiny", "new")]

    @cached_property
    def late(self) -> dict[str, tuple[float, float]]:
        """By FINESS: the usual share of the last month and of the one before that has arrived."""
        random = np.random.default_rng([self.region.seed, 3])
        chosen = random.permutation(len(self._whole))[: max(1, round(_LATE_SHARE * len(self._whole)))]
        shares = {}
        for rank, i in enumerate(chosen):
            last, before = random.uniform(*_LATE_LAST), random.uniform(*_LATE_BEFORE_LAST)
            shares[self._whole[i].finess] = (float(last), float(before) if rank % 2 else 1.0)
        return shares

    def arrived(self, one: Establishment, months: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
        """Return the share of each month of an establishment that had arrived by the last month received."""
        shares = np.ones(len(months))
        usual = self.late.get(one.finess)
        if usual is None:
            return shares
        for age, (share, noise) in enumerate(zip(usual, (_LATE_NOISE_LAST, _LATE_NOISE_BEFORE_LAST), strict=True)):
            month = self.last - age
            random = np.random.default_rng([self.region.seed, 8, one.index, int(month.astype(int)), age])
            if share < 1:
                shares[months == month] = share + random.uniform(-noise, noise)
        return shares

    @cached_property
    def missing(self) -> frozenset[tuple[str, str, np.datetime64]]:
        """FINESS, envelope and month of what was never received.

        PHMEV misses no month of the two years before the campaign's: those add up to Open PHMEV.
        """
        random = np.random.default_rng([self.region.seed, 4])
        year, nb = self.region.year, 1 + int(len(self._whole) * _MISSING_PER_ESTABLISHMENT)
        cells = set()
        places = [("phmev", year), ("phmev", year - 3), ("transport_taxi", year - 1), ("extra_list_drugs", year)]
        for code, when in places:
            users = [one for one in self._whole if self._uses(one, code)]
            for i in random.permutation(len(users))[:nb]:
                month = np.datetime64(f"{when}-{random.integers(2, 9):02d}")
                if month in self.region.months:
                    cells.add((users[i].finess, code, month))
        return frozenset(cells)

    @staticmethod
    def _uses(one: Establishment, code: str) -> bool:
        if code.startswith("extra_list"):
            return one.has_extra_list
        return one.kind in ENVELOPE_TRAITS[code].follows_phmev and (code != "phmev" or one.in_open_phmev)

    def received(self, one: Establishment) -> Iterable[tuple[SimulatedSeries, npt.NDArray[np.bool_]]]:
        """Yield the months received of an establishment, an envelope at a time.

        Yields
        ------
        tuple
            The series cut after the last month, its late months lowered; and, for each month, whether it came.
        """
        for series in self.region.series(one):
            kept = series.months <= self.last
            months, cents = series.months[kept], series.cents[kept]
            if series.envelope in _FILLS_UP:
                arrived = self.arrived(one, months)
                cents = np.where(arrived < 1, np.rint(cents * arrived), cents).astype(np.int64)
            came = np.array([(one.finess, series.envelope, month) not in self.missing for month in months], dtype=bool)
            yield SimulatedSeries(series.envelope, months, cents), came

    def events(self) -> pd.DataFrame:
        """Return everything planted in the region (see :func:`~caqes_analysis.simulation.planted_events`)."""
        year = self.region.year
        rows: list[tuple[str, str, str, np.datetime64, float]] = []
        for one in self.region.establishments:
            if one.role == "merged":
                rows.append(("merger", one.finess, "", np.datetime64(f"{year - 1}-07"), float("nan")))
            elif one.role in ("tiny", "new"):
                start = max(np.datetime64(one.opened_on, "M"), self.region.months[0])
                rows.append((one.role, one.finess, "", start, float("nan")))
            elif one.role in ("break_up", "break_down"):
                month, factor = self.region.level_break(one.role)
                rows.append(("level_break", one.finess, "phmev", month, factor))
        for finess, code, month in self.missing:
            if month <= self.last:
                rows.append(("missing", finess, code, month, float("nan")))
        recent = np.array([self.last, self.last - 1])
        for one in self.region.establishments:
            shares = zip(recent, self.arrived(one, recent).tolist(), strict=True)
            rows += [("late", one.finess, "", month, share) for month, share in shares if share < 1]
        frame = pd.DataFrame(rows, columns=["event", "finess", "envelope", "month", "factor"])
        frame["month"] = frame["month"].astype("datetime64[us]")
        return frame.sort_values(["event", "finess", "envelope", "month"], ignore_index=True)
