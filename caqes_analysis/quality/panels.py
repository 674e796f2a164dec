"""Monthly amounts as matrices, establishment by month: what the controls of a series look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.store import Store

__all__ = ["SHARED_SEASON_ESTABLISHMENTS_NB", "Panel", "panel_of", "panels", "row_medians"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# With fewer establishments, a month's median is one hospital's own life, not the season of all.
SHARED_SEASON_ESTABLISHMENTS_NB = 5
# Scale of a robust standard deviation of few values: below, one odd month would hide itself.
_FEW_MONTHS_NB, _FEW_MONTHS_SD = 8, 0.35
# Half of a year's months may be near each other by chance: below two years, four fifths of them must be.
_SOME_MONTHS_NB, _WIDE_SHARE, _WIDE_TO_SD = 24, 0.8, 1.2816  # quantile of the normal law that leaves a tenth each side
_SD_FLOOR = 0.03
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Panel:
    """The months of one envelope, all establishments, as received (mergers are not applied).

    Parameters
    ----------
    envelope, amount_kind
        What the amounts are.
    finess
        Establishments, one a row; an establishment that took over another has one row before and one after.
    months
        Months, one a column, without a gap.
    amounts
        Euros; NaN where nothing was received.
    present, provisional
        Whether a line was received (its amount may be empty); whether it may still be completed.
    deliveries
        Delivery of each line, empty where there is none.
    """

    envelope: str
    amount_kind: str
    finess: tuple[str, ...]
    months: pd.DatetimeIndex
    amounts: Floats
    present: Flags
    provisional: Flags
    deliveries: npt.NDArray[np.object_]

    @cached_property
    def logs(self) -> Floats:
        """Natural logarithms of the positive amounts; NaN elsewhere."""
        with np.errstate(divide="ignore", invalid="ignore"):
            logs: Floats = np.where(self.amounts > 0, np.log(self.amounts), np.nan)
        return logs

    @cached_property
    def levels(self) -> Floats:
        """Median of the logarithms of each establishment, as a column; NaN without any amount."""
        return row_medians(self.logs)[:, None]

    @cached_property
    def has_season(self) -> Flags:
        """Months in which establishments are enough to know what they have in common."""
        enough: Flags = np.isfinite(self.logs).sum(axis=0) >= SHARED_SEASON_ESTABLISHMENTS_NB
        return enough

    @cached_property
    def season(self) -> Floats:
        """What every month has in common for all establishments, on the log scale (0 where they are too few)."""
        centred = self.logs - self.levels
        season: Floats = np.where(self.has_season, row_medians(centred.T), 0.0)
        return season

    @cached_property
    def residuals(self) -> Floats:
        """Distance of each month to the establishment's level and to the common season, on the log scale."""
        rest = self.logs - self.levels - self.season
        centred: Floats = rest - row_medians(rest)[:, None]
        return centred

    @cached_property
    def scales(self) -> Floats:
        """Robust standard deviation of the residuals of each establishment, as a column; a wide one of few months."""
        sd = np.maximum(_MAD_TO_SD * row_medians(np.abs(self.residuals)), _SD_FLOOR)
        counted = np.isfinite(self.residuals).sum(axis=1)
        for row in np.flatnonzero((counted >= _FEW_MONTHS_NB) & (counted < _SOME_MONTHS_NB)):
            far = np.abs(self.residuals[row])
            sd[row] = max(sd[row], float(np.quantile(far[np.isfinite(far)], _WIDE_SHARE)) / _WIDE_TO_SD)
        scales: Floats = np.where(counted < _FEW_MONTHS_NB, np.maximum(sd, _FEW_MONTHS_SD), sd)[:, None]
        return scales

    @cached_property
    def expected(self) -> Floats:
        """Euros that the establishment's level and the season would give."""
        centre = row_medians(self.logs - self.levels - self.season)[:, None]
        expected: Floats = np.exp(self.levels + centre + self.season)
        return expected


def row_medians(values: Floats) -> Floats:
    """Return the median of each row, its NaN left out; NaN for a row without any value."""
    ordered = np.sort(values, axis=1)  # NaN come last
    counts = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    low, high = np.maximum((counts - 1) // 2, 0), np.minimum(counts // 2, max(values.shape[1] - 1, 0))
    medians: Floats = (ordered[rows, low] + ordered[rows, high]) / 2
    return medians


def panels(store: Store) -> Iterator[Panel]:
    """Yield one panel per envelope and kind of amount received, in alphabetical order.

    Parameters
    ----------
    store
        Store with ``monthly_spend``, ``deliveries`` and ``establishments``.
    """
    rows = store.query(
        "select finess, month, envelope, amount_kind, delivery, amount_eur, is_provisional from monthly_spend "
        "order by finess, month, envelope, amount_kind, delivery"
    )
    takeovers = store.query(
        "select distinct successor as finess, (valid_to + interval 1 day)::date as since from establishments "
        "where successor is not null and valid_to is not null order by 1, 2"
    )
    rows = rows.assign(segment=_segments(rows, takeovers))
    for (envelope, kind), group in rows.groupby(["envelope", "amount_kind"], sort=True):
        yield panel_of(group, envelope=str(envelope), amount_kind=str(kind))


def _segments(rows: pd.DataFrame, takeovers: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return how many establishments the one of each row had taken over: its level may change each time."""
    segments = np.zeros(len(rows), np.int64)
    for finess, since in takeovers.itertuples(index=False):
        segments += ((rows["finess"] == finess) & (rows["month"] >= since)).to_numpy(np.int64)
    return segments


def panel_of(rows: pd.DataFrame, *, envelope: str, amount_kind: str = "reimbursed") -> Panel:
    """Return rows of ``monthly_spend`` of one envelope as a panel.

    Parameters
    ----------
    rows
        ``finess, month, amount_eur, is_provisional, delivery``, at most one row per establishment and month; with
        ``segment`` where the level of an establishment may change for a known reason.
    envelope, amount_kind
        What the amounts are.
    """
    months = pd.date_range(rows["month"].min(), rows["month"].max(), freq="MS")
    segment = rows["segment"] if "segment" in rows else pd.Series(0, index=rows.index)
    keys = pd.MultiIndex.from_arrays([rows["finess"].astype(object), segment])
    lines = keys.unique().sort_values()
    place = (
        lines.get_indexer(keys),
        ((rows["month"].dt.year - months[0].year) * 12 + rows["month"].dt.month - months[0].month).to_numpy(),
    )
    shape = (len(lines), len(months))
    amounts = np.full(shape, np.nan)
    amounts[place] = rows["amount_eur"].astype("float64").to_numpy(dtype=float, na_value=np.nan)
    present, provisional = np.zeros(shape, bool), np.zeros(shape, bool)
    present[place] = True
    provisional[place] = rows["is_provisional"].to_numpy(bool)
    deliveries = np.full(shape, "", dtype=object)
    deliveries[place] = rows["delivery"].to_numpy(object)
    finess = tuple(str(one) for one in lines.get_level_values(0))
    return Panel(envelope, amount_kind, finess, months, amounts, present, provisional, deliveries)
