"""What a change of spending is made of: price, volume, mix, reimbursement rate, fees, entries, exits, perimeter.

Bennet's indicator (arithmetic means of both years) on the base of reimbursement; defined when a product is not used
one of the two years, and antisymmetric: swapping the years swaps the signs. All in integers, so that the effects add up
to the change to the cent (``docs/methods/savings.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import tables

__all__ = [
    "DECOMPOSED",
    "EFFECTS",
    "LARGEST_EFFECT_CENTS",
    "decompose",
    "decomposed_savings",
    "euros_of",
    "item_effects",
]

DECOMPOSED = "decomposed"
"""Value of ``method`` in the table ``savings``."""
EFFECTS: Final = ("price", "volume", "mix", "rate", "fees", "entries", "exits", "perimeter", "masked")
"""Effects, in the order in which they are printed."""

LARGEST_EFFECT_CENTS: Final = 10**13
"""100 Md€, five times what all French hospital prescriptions cost in town: an effect beyond is an error of entry."""

# Object arrays of Python integers: products of boxes and cents pass 64 bits. Slices keep them from filling the memory.
_SLICE_ROWS: Final = 200_000
Integers = npt.NDArray[Any]


def decompose(
    pairs: pd.DataFrame,
    *,
    by: Sequence[str] = ("finess",),
    volume_by: Sequence[str] = ("finess",),
    on: Literal["reimbursed", "base"] = "reimbursed",
) -> pd.DataFrame:
    """Split a change of spending into its effects, exactly.

    Parameters
    ----------
    pairs
        What :func:`caqes_analysis.savings.changes.annual_pairs` and its sisters return: one row per establishment and
        product, both years side by side.
    by
        Columns of ``pairs`` by which the effects are added up (``finess``, ``atc``, ``code``); none: one row.
    volume_by
        Columns of the group whose number of boxes is the volume: of what the establishment prescribes, by default. Its
        mix is then the shift towards products that cost more than its mean box.
    on
        ``reimbursed``: the change of what was reimbursed, the rate being an effect. ``base``: the change of the base.

    Returns
    -------
    DataFrame
        ``by``, then ``previous_eur``, one column per effect of :data:`EFFECTS` (``price_eur``…), ``current_eur``;
        ordered by ``by``. ``previous + effects = current`` in every row, to the cent.

    Notes
    -----
    Price, rate and volume of each product are rounded to the cent, the half away from zero; the mix takes what remains.
    A product one of whose effects would pass :data:`LARGEST_EFFECT_CENTS` (a base of one cent beside millions
    reimbursed) is not split: its change is mix.

    Examples
    --------
    >>> one = {"finess": "330000001", "nature": "product", "scope": "both", "previous_milli_nb": 10_000,
    ...        "current_milli_nb": 20_000, "previous_base_cents": 1000, "current_base_cents": 1800,
    ...        "previous_cents": 1000, "current_cents": 1800}
    >>> decompose(pd.DataFrame([one]))[["price_eur", "volume_eur", "mix_eur"]].iloc[0].tolist()
    [Decimal('-1.50'), Decimal('9.50'), Decimal('0.00')]
    """
    effects = item_effects(pairs, volume_by=volume_by, on=on)
    amount = "base_cents" if on == "base" else "cents"
    counted = effects.assign(previous=pairs[f"previous_{amount}"].to_numpy(dtype="int64"))
    counted["current"] = pairs[f"current_{amount}"].to_numpy(dtype="int64")
    columns = ["previous", *EFFECTS, "current"]
    if by:
        keys = [pairs[name].reset_index(drop=True) for name in by]
        sums = counted[columns].groupby(keys, sort=True, dropna=False).sum().reset_index()
    else:
        sums = counted[columns].sum().to_frame().T
    euros = {f"{name}_eur": euros_of(sums[name]) for name in columns}
    return pd.DataFrame({**{name: sums[name] for name in by}, **euros})


def item_effects(
    pairs: pd.DataFrame,
    *,
    volume_by: Sequence[str] = ("finess",),
    on: Literal["reimbursed", "base"] = "reimbursed",
) -> pd.DataFrame:
    """Return the effects of each row of ``pairs``, in whole cents, in the same order.

    Parameters
    ----------
    pairs, volume_by, on
        As in :func:`decompose`.

    Returns
    -------
    DataFrame
        One integer column per effect of :data:`EFFECTS`; their sum is the change of the row.
    """
    q0, q1 = _integers(pairs, "previous_milli_nb"), _integers(pairs, "current_milli_nb")
    b0, b1 = _integers(pairs, "previous_base_cents"), _integers(pairs, "current_base_cents")
    r0, r1 = (b0, b1) if on == "base" else (_integers(pairs, "previous_cents"), _integers(pairs, "current_cents"))
    change = r1 - r0
    nature, scope = pairs["nature"].to_numpy(dtype=object), pairs["scope"].to_numpy(dtype=object)
    moved = scope == "perimeter"
    told = ~moved & (nature == "product")
    is_split = told & (scope == "both")
    found = {name: np.zeros(len(pairs), dtype="int64") for name in EFFECTS}
    found["perimeter"][moved] = change[moved]
    for name in ("fees", "masked"):
        chosen = ~moved & (nature == name)
        found[name][chosen] = change[chosen]
    for name, which in (("entries", "entry"), ("exits", "exit")):
        chosen = told & (scope == which)
        found[name][chosen] = change[chosen]
    totals = _group_totals(pairs, is_split, volume_by, (q0, q1, r0, r1))
    places = np.flatnonzero(is_split)
    for start in range(0, len(places), _SLICE_ROWS):
        some = places[start : start + _SLICE_ROWS]
        own = tuple(values[some].astype(object) for values in (q0, q1, b0, b1, r0, r1))
        price, rate = _price_and_rate(*own)
        volume = _volume(own[1] - own[0], *(values[some].astype(object) for values in totals))
        is_sound = np.max(np.abs([price, rate, volume]), axis=0) <= LARGEST_EFFECT_CENTS
        price, rate, volume = (np.where(is_sound, effect, 0) for effect in (price, rate, volume))
        for name, values in (("price", price), ("rate", rate), ("volume", volume)):
            found[name][some] = values.astype("int64")
        found["mix"][some] = (own[5] - own[4] - price - rate - volume).astype("int64")
    return pd.DataFrame(found)


def _integers(pairs: pd.DataFrame, name: str) -> npt.NDArray[np.int64]:
    return pairs[name].to_numpy(dtype="int64")


def _group_totals(
    pairs: pd.DataFrame, is_split: npt.NDArray[np.bool_], by: Sequence[str], values: Sequence[npt.NDArray[np.int64]]
) -> list[npt.NDArray[np.int64]]:
    """Return, for each row, the sums of its group over the rows that are split."""
    frame = pd.DataFrame({n: np.where(is_split, one, 0) for n, one in enumerate(values)})
    if not by:
        return [np.full(len(frame), frame[n].sum(), dtype="int64") for n in frame]
    keys = [pairs[name].reset_index(drop=True) for name in by]
    sums = frame.groupby(keys, sort=False, dropna=False).transform("sum")
    return [sums[n].to_numpy(dtype="int64") for n in frame]


def _price_and_rate(
    q0: Integers, q1: Integers, b0: Integers, b1: Integers, r0: Integers, r1: Integers
) -> tuple[Integers, Integers]:
    """Return the price effect on what is reimbursed, and the effect of the reimbursement rate.

    ``price = (q0 + q1)/2 × (b1/q1 − b0/q0) × mean rate``; ``rate = (b0 + b1)/2 × (r1/b1 − r0/b0)``. A price, or a rate,
    known one year only has not changed.
    """
    has_prices = (q0 > 0) & (q1 > 0)
    both, first, second = (b0 > 0) & (b1 > 0), b0 > 0, b1 > 0
    # Mean rate as a fraction: (r0/b0 + r1/b1) / 2, or the only one there is, or 1.
    top = np.where(both, r0 * b1 + r1 * b0, np.where(first, r0, np.where(second, r1, 1)))
    bottom = np.where(both, 2 * b0 * b1, np.where(first, b0, np.where(second, b1, 1)))
    gap = np.where(has_prices, (q0 + q1) * (b1 * q0 - b0 * q1), 0)
    price = _rounded(gap * top, np.where(has_prices, 2 * q0 * q1, 1) * bottom)
    rate = _rounded(np.where(both, (b0 + b1) * (r1 * b0 - r0 * b1), 0), np.where(both, 2 * b0 * b1, 1))
    return price, rate


def _volume(change: Integers, q0: Integers, q1: Integers, r0: Integers, r1: Integers) -> Integers:
    """Return ``change of boxes × mean cost of a box of the group``; the one year that has boxes gives it alone."""
    both, first, second = (q0 > 0) & (q1 > 0), q0 > 0, q1 > 0
    top = np.where(both, r0 * q1 + r1 * q0, np.where(first, r0, np.where(second, r1, 0)))
    bottom = np.where(both, 2 * q0 * q1, np.where(first, q0, np.where(second, q1, 1)))
    return _rounded(change * top, bottom)


def _rounded(top: Integers, bottom: Integers) -> Integers:
    """Return whole numbers, the half away from zero; ``bottom`` is positive."""
    size = (2 * np.abs(top) + bottom) // (2 * bottom)
    whole: Integers = np.where(top < 0, -size, size)
    return whole


def euros_of(cents: pd.Series[Any]) -> list[Decimal]:
    """Return whole cents as exact euros."""
    return [Decimal(int(amount)).scaleb(-2) for amount in cents]


def decomposed_savings(effects: pd.DataFrame, *, indicator: str, year: int, perimeter: str) -> pd.DataFrame:
    """Return the effects of establishments as rows of the table ``savings``.

    Parameters
    ----------
    effects
        What :func:`decompose` returns by ``finess``.
    indicator
        Envelope or indicator that was split.
    year
        Year N.
    perimeter
        ``courant``, or ``constant`` when codes were left out of both years.

    Returns
    -------
    DataFrame
        Table ``savings``, method ``decomposed``: ``previous``, the effects, ``current``.
    """
    if effects.empty:
        return tables.SAVINGS.empty()
    names = ["previous", *EFFECTS, "current"]
    long = effects.rename(columns={f"{name}_eur": name for name in names}).melt(
        id_vars="finess", value_vars=names, var_name="component", value_name="amount_eur"
    )
    rows = tables.SAVINGS.conform(
        long, indicator=indicator, year=year, method=DECOMPOSED, perimeter=perimeter, status="computed"
    )
    rank = rows["component"].map({name: place for place, name in enumerate(names)})
    return rows.assign(_rank=rank).sort_values(["finess", "_rank"]).drop(columns="_rank").reset_index(drop=True)
