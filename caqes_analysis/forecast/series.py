"""The series that are forecast, from the store: months of each establishment, with what was received of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import deliveries, french, tables
from caqes_analysis.store import Store

__all__ = [
    "BLOCK_SERIES_NB",
    "as_first_received",
    "blocks_of",
    "month_notes",
    "monthly_series",
    "parts_of",
    "spread_cumuls",
]

BLOCK_SERIES_NB = 1000
"""Series simulated at a time: 8 MB of paths, whatever the size of the region."""
_CENT = Decimal("0.01")


def monthly_series(store: Store, *, provisional_from: dt.date | None = None) -> pd.DataFrame:
    """Return the months of every establishment and envelope.

    Parameters
    ----------
    store
        Store with the table ``monthly_grid``: mergers applied, gaps said.
    provisional_from
        First month that may still be completed.

    Returns
    -------
    DataFrame
        ``series`` (``finess/envelope``)``, month, amount_eur`` (missing: month not received)``, is_provisional,
        is_corrected, is_spread``, ordered; months before an establishment began are left out. Where only cumulative
        deliveries cover months, what they add is spread in equal parts, to the cent, and ``is_spread`` says so.
    """
    rows = store.query(
        """
        select finess || '/' || envelope as series, month, amount_eur, cumulative_eur, is_corrected,
               is_provisional or coalesce(month >= $provisional::date, false) as is_provisional
        from monthly_grid where value_status <> 'not_applicable' order by series, month
        """,
        {"provisional": provisional_from},
    )
    return spread_cumuls(rows, ["series"])


def spread_cumuls(months: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Spread what cumulative deliveries add over the months that are known only through them.

    Parameters
    ----------
    months
        ``month, amount_eur, cumulative_eur`` and the columns of ``by``, in the order of the months; months to which
        the series does not apply are left out.
    by
        Columns that tell the series.

    Returns
    -------
    DataFrame
        The same months, without ``cumulative_eur``, with ``is_spread``: equal parts, to the cent.
    """
    rows = months.assign(is_spread=False)
    year = rows["month"].dt.year
    keys = [*(rows[name] for name in by), year] if by else year
    lacking = rows["amount_eur"].isna().groupby(keys).any()
    told = rows["cumulative_eur"].notna().groupby(keys).any()
    places = rows.groupby(keys).groups if bool((lacking & told).any()) else {}
    for key in lacking.index[lacking & told]:
        _spread(rows, places[key])
    return rows.drop(columns="cumulative_eur")


def _spread(rows: pd.DataFrame, places: pd.Index[Any]) -> None:
    """Spread in place what cumulative amounts add over the months of a year that are known only through them."""
    pending: list[Any] = []
    accounted = Decimal(0)
    year = rows.loc[places, ["amount_eur", "cumulative_eur"]]
    for place, amount, cumul in year.itertuples(name=None):
        if pd.isna(amount):
            pending.append(place)
        else:
            accounted += amount
        if pd.isna(cumul):
            continue
        left = cumul - accounted
        for rank, one in enumerate(pending):
            part = (left / (len(pending) - rank)).quantize(_CENT)
            rows.loc[one, ["amount_eur", "is_spread"]] = [part, True]
            left -= part
        pending, accounted = [], cumul


def parts_of(series: Iterable[str]) -> pd.DataFrame:
    """Return ``subject`` (FINESS or group) and ``envelope`` of each series.

    Examples
    --------
    >>> parts_of(["330000001/phmev"]).iloc[0].tolist()
    ['330000001', 'phmev']
    """
    pairs = [name.partition("/")[::2] for name in series]
    return pd.DataFrame(pairs, columns=["subject", "envelope"])


def blocks_of(series: Sequence[str]) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the rows of some establishments at a time, never a part of one: its indicators add up its envelopes.

    Examples
    --------
    >>> [rows.tolist() for rows in blocks_of(["330000001/lpp", "330000001/phmev", "330000019/phmev"])]
    [[0, 1, 2]]
    """
    owners = parts_of(series)["subject"].tolist()
    start = 0
    while start < len(owners):
        stop = min(start + BLOCK_SERIES_NB, len(owners))
        while stop < len(owners) and owners[stop] == owners[stop - 1]:
            stop += 1
        yield np.arange(start, stop)
        start = stop


def month_notes(months: pd.DataFrame, store: Store) -> dict[str, str]:
    """Return, by series, what its months have been through and that its forecast must say, in French.

    Parameters
    ----------
    months
        As :func:`monthly_series` returns them.
    store
        Store with ``successions``.
    """
    notes: dict[str, list[str]] = {}
    for name in months.loc[months["is_spread"], "series"].unique():
        notes.setdefault(name, []).append("reçue en partie par cumuls, répartis en mois égaux")
    for name, number in months[months["is_corrected"]].groupby("series").size().items():
        notes.setdefault(str(name), []).append(french.plural(number, "mois corrigé", "mois corrigés"))
    merged = store.read(tables.SUCCESSIONS)
    began = months["month"].min()
    for finess, since in merged.loc[merged["since"] >= began, ["current_finess", "since"]].itertuples(index=False):
        for name in months.loc[months["series"].str.startswith(f"{finess}/"), "series"].unique():
            text = f"fusion du {french.date(since, short=True)} : mois des établissements réunis additionnés"
            notes.setdefault(name, []).append(text)
    return {name: " ; ".join(dict.fromkeys(texts)) for name, texts in notes.items()}


def as_first_received(months: pd.DataFrame, store: Store, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the months as they were known at the delivery of a month, when the campaign keeps its earlier deliveries.

    Parameters
    ----------
    months
        As :func:`monthly_series` returns them.
    store
        Store with ``replaced_spend`` and ``deliveries``.
    as_of
        Month of the delivery: what later ones changed is undone. Months corrected by the region keep their correction:
        an error since recognised is not how spending was.

    Returns
    -------
    DataFrame
        The months; the same object when no later delivery changed any.
    """
    if not store.has(tables.REPLACED_SPEND):
        return months
    changes = deliveries.restatements(store).dropna(subset=["difference_eur"])
    changes = changes[changes["as_of"] > as_of]
    if changes.empty:
        return months
    merged = store.read(tables.SUCCESSIONS).set_index("finess")["current_finess"]
    owner = [merged.get(finess, finess) for finess in changes["finess"]]
    names = [f"{finess}/{envelope}" for finess, envelope in zip(owner, changes["envelope"], strict=True)]
    undone = changes.assign(series=names).groupby(["series", "month"])
    later = undone["difference_eur"].sum().reindex(pd.MultiIndex.from_frame(months[["series", "month"]]))
    changed = later.notna().to_numpy() & ~months["is_corrected"].to_numpy(dtype=bool)
    if not changed.any():
        return months
    amounts = months["amount_eur"].copy()
    amounts[changed] = amounts[changed].to_numpy() - later[changed].to_numpy()
    return months.assign(amount_eur=amounts)
