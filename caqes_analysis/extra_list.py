"""The liste en sus through time: when a product was on it, and the tariff of each date.

The two tariffs of a drug differ by its VAT: TTC = HT × 1.021, rounded half-up to a thousandth of a euro. This holds for
all but four of the 2,920 pairs that the history to March 2022 gives; those four are told apart, never repaired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any, Literal, cast

import pandas as pd

from caqes_analysis import tables

__all__ = ["DRUG_VAT", "Tariff", "listed_on", "listing_periods", "price_at", "tariffs", "with_vat", "without_vat"]

DRUG_VAT = Decimal("0.021")
"""VAT of reimbursable drugs in mainland France (article 281 octies CGI)."""

_THOUSANDTH = Decimal("0.001")
_BEGINS = ("listing",)
_ENDS = ("delisting", "suspension")
_ONE_DAY = pd.Timedelta(days=1)

Basis = Literal["received", "ht_computed", "ttc_computed", "inconsistent"]


@dataclass(frozen=True)
class Tariff:
    """The tariff of a product at a date.

    Parameters
    ----------
    code
        UCD of 7 digits, or LPP.
    valid_from
        First day of the tariff.
    ht_eur, ttc_eur
        Tariff without and with VAT, exact to the thousandth.
    basis
        ``received``: both were received and agree; ``ht_computed`` or ``ttc_computed``: one was received, the other
        follows from the VAT; ``inconsistent``: both were received and do not agree: look it up before using it.
    """

    code: str
    valid_from: date
    ht_eur: Decimal
    ttc_eur: Decimal
    basis: Basis


def with_vat(ht_eur: Decimal) -> Decimal:
    """Return the tariff with VAT.

    Examples
    --------
    >>> with_vat(Decimal("434.403"))
    Decimal('443.525')
    """
    return (ht_eur * (1 + DRUG_VAT)).quantize(_THOUSANDTH, ROUND_HALF_UP)


def without_vat(ttc_eur: Decimal) -> Decimal:
    """Return the tariff without VAT.

    Examples
    --------
    >>> without_vat(Decimal("443.525"))
    Decimal('434.403')
    """
    return (ttc_eur / (1 + DRUG_VAT)).quantize(_THOUSANDTH, ROUND_HALF_UP)


def listing_periods(events: pd.DataFrame) -> pd.DataFrame:
    """Return when each product was on the list.

    Parameters
    ----------
    events
        Table ``extra_list_events``, of one history or of several.

    Returns
    -------
    DataFrame
        Table ``extra_list_periods``, ordered by kind, code and first day.

    Notes
    -----
    A product is on the list from the day of its *inscription* to the day before its *radiation*, *suppression* or
    *suspension*. Partial delistings, changes of conditions, labels or annexes do not move it. A product whose
    inscription is missing from the history is taken as listed from its first tariff (``basis`` says so); a delisting
    without anything before ends a period that begins nobody knows when. On one day, what ends comes before what
    begins (a product moved from an annex to another stays listed), and events follow their publication.
    """
    columns = ["kind", "code", "event", "day"]
    products = groupby(_ordered(events)[columns].itertuples(index=False, name=None), key=lambda row: row[:2])
    rows = [
        {"kind": kind, "code": code, "listed_from": start, "listed_to": end, "basis": basis}
        for (kind, code), story in products
        for start, end, basis in _periods_of([(event, day) for _, _, event, day in story])
    ]
    return tables.EXTRA_LIST_PERIODS.conform(pd.DataFrame(rows, columns=tables.EXTRA_LIST_PERIODS.column_names))


def _ordered(events: pd.DataFrame) -> pd.DataFrame:
    known = events[events["code"].notna()]
    return known.assign(
        published=known["published_on"].fillna(known["day"]), begins=~known["event"].isin(_ENDS)
    ).sort_values(["kind", "code", "day", "published", "begins", "source", "source_line"], kind="stable")


def _periods_of(story: Sequence[tuple[str, Any]]) -> Iterator[tuple[Any, Any, str]]:
    # The tariff is published with the inscription: it stands for it only where the history has lost it.
    begins = _BEGINS if any(event in _BEGINS for event, _ in story) else ("tariff",)
    start, is_listed, was_listed = pd.NaT, False, False
    basis = "tariff" if begins == ("tariff",) else "listing"
    for event, day in story:
        if event in begins and not is_listed and not (was_listed and basis == "tariff"):
            start, is_listed, was_listed = day, True, True
        elif event in _ENDS and is_listed:
            # Listed and withdrawn with effect on the same day: it never was.
            if day > start:
                yield start, day - _ONE_DAY, basis
            is_listed = False
        elif event in _ENDS and not was_listed:
            yield pd.NaT, day - _ONE_DAY, "delisting"
            was_listed = True
    if is_listed:
        yield start, pd.NaT, basis


def tariffs(events: pd.DataFrame) -> pd.DataFrame:
    """Return the tariff of each product from date to date.

    Parameters
    ----------
    events
        Table ``extra_list_events``; every event that carries a price counts, whatever its name.

    Returns
    -------
    DataFrame
        Table ``extra_list_tariffs``, ordered by kind, code and first day. When two texts fix a tariff for the same
        day, the later published one stands.
    """
    priced = _ordered(events)
    priced = priced[priced["tariff_ht_eur"].notna() | priced["tariff_ttc_eur"].notna()]
    last = priced.drop_duplicates(["kind", "code", "day"], keep="last")
    following = last.groupby(["kind", "code"])["day"].shift(-1)
    pairs = [_pair(ht, ttc) for ht, ttc in zip(last["tariff_ht_eur"], last["tariff_ttc_eur"], strict=True)]
    rows = pd.DataFrame(
        {
            "kind": last["kind"].tolist(),
            "code": last["code"].tolist(),
            "valid_from": last["day"].tolist(),
            "valid_to": (following - _ONE_DAY).tolist(),
            "tariff_ht_eur": [ht for ht, _, _ in pairs],
            "tariff_ttc_eur": [ttc for _, ttc, _ in pairs],
            "basis": [basis for _, _, basis in pairs],
        }
    )
    return tables.EXTRA_LIST_TARIFFS.conform(rows)


def _pair(ht: Any, ttc: Any) -> tuple[Decimal, Decimal, Basis]:
    if pd.isna(ht):
        return without_vat(ttc), ttc, "ht_computed"
    if pd.isna(ttc):
        return ht, with_vat(ht), "ttc_computed"
    return ht, ttc, "received" if with_vat(ht) == ttc else "inconsistent"


def price_at(history: pd.DataFrame, code: str, day: date) -> Tariff | None:
    """Return the tariff of a product at a date; None before its first one.

    Parameters
    ----------
    history
        Table ``extra_list_events``, or ``extra_list_tariffs`` when many prices are asked for.
    code
        UCD of 7 digits, or LPP.
    day
        The date.

    Notes
    -----
    A tariff stands until the next one, also after the product has left the list: :func:`listed_on` says whether it is
    still on it. After the end of the history, the last tariff is the last *known* one.
    """
    own = history[history["code"] == code]
    known = own if "valid_from" in own else tariffs(own)
    past = known[known["valid_from"] <= pd.Timestamp(day)]
    if past.empty:
        return None
    row = past.sort_values("valid_from").iloc[-1]
    return Tariff(
        code, row["valid_from"].date(), row["tariff_ht_eur"], row["tariff_ttc_eur"], cast(Basis, str(row["basis"]))
    )


def listed_on(history: pd.DataFrame, code: str, day: date) -> bool:
    """Say whether a product was on the list at a date, as far as the history tells.

    Parameters
    ----------
    history
        Table ``extra_list_events``, or ``extra_list_periods`` when many dates are asked for.
    code
        UCD of 7 digits, or LPP.
    day
        The date.
    """
    own = history[history["code"] == code]
    periods = own if "listed_from" in own else listing_periods(own)
    at = pd.Timestamp(day)
    begun = periods["listed_from"].isna() | (periods["listed_from"] <= at)
    return bool((begun & (periods["listed_to"].isna() | (periods["listed_to"] >= at))).any())
