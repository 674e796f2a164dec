"""What the figures read: months of a series and exact amounts, out of tidy frames."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.columns import SMALL_BASE, SMALL_BASE_TEXT
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.errors import CaqesError

__all__ = [
    "SMALL_BASE_EUR",
    "MonthValue",
    "capitalised",
    "carried_bound",
    "carried_euros",
    "carried_quantity",
    "checked",
    "comparable_months",
    "envelope_label",
    "evolution_pct",
    "exact_amounts",
    "exact_column",
    "lone_places",
    "natural_order",
    "of_the",
    "period_in_words",
    "short_percent",
    "small_base_note",
    "through",
    "total",
    "with_small_bases",
    "year_months",
]


SMALL_BASE_EUR = 1000
"""Amount of the year before under which a rate says nothing (package's choice)."""
_UNITS = (("Md€", 9), ("M€", 6), ("k€", 3), ("€", 0))


@dataclass(frozen=True)
class MonthValue:
    """One month of a series: its amount (None when it is missing), whether it may be completed, whether corrected."""

    month: int
    amount_eur: Decimal | None
    is_provisional: bool = False
    value_status: str = "reported"
    is_corrected: bool = False


def checked(frame: pd.DataFrame, columns: Iterable[str], figure: str) -> pd.DataFrame:
    """Return the frame after checking that it has rows and the columns a figure reads.

    Raises
    ------
    CaqesError
        ``FIGURE_COLONNES`` or ``FIGURE_VIDE``.
    """
    absent = [name for name in columns if name not in frame]
    if absent:
        raise CaqesError.of(
            "FIGURE_COLONNES",
            f"la figure {figure} attend {', '.join(columns)} ; absentes : {', '.join(absent)} ; "
            f"reçues : {', '.join(map(str, frame.columns))}.",
            "Renommer ou calculer ces colonnes avant de tracer la figure.",
        )
    if frame.empty:
        raise CaqesError.of(
            "FIGURE_VIDE",
            f"la figure {figure} n'a reçu aucune ligne.",
            "Vérifier les filtres, ou afficher une notice qui dit ce qui manque.",
        )
    return frame


def exact_amounts(values: Iterable[Any]) -> list[Decimal | None]:
    """Return amounts as exact decimals, None where they are missing."""
    return [
        None if pd.isna(value) else value if isinstance(value, Decimal) else Decimal(str(value)) for value in values
    ]


def exact_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of amounts as exact decimals (objects), None where they are missing."""
    return pd.Series(exact_amounts(column), index=column.index, dtype=object)


def year_months(frame: pd.DataFrame, year: int) -> list[MonthValue]:
    """Return the twelve months of a year of one series.

    Parameters
    ----------
    frame
        One row a month: ``month`` (first of month), ``amount_eur``, and where they exist ``value_status``,
        ``is_provisional`` and ``is_corrected``. Months that are absent are missing.
    year
        The year.

    Raises
    ------
    CaqesError
        ``FIGURE_MOIS_DOUBLE`` when a month stands twice: several series were given.
    """
    rows = frame[frame["month"].dt.year == year]
    numbers = list(rows["month"].dt.month)
    if len(set(numbers)) < len(numbers):
        double = next(number for number in numbers if numbers.count(number) > 1)
        raise CaqesError.of(
            "FIGURE_MOIS_DOUBLE",
            f"{french.month_name(double)} {year} a plusieurs lignes : la figure montre une seule série.",
            "Choisir ou additionner les séries avant de tracer.",
        )
    statuses = list(rows["value_status"]) if "value_status" in rows else ["reported"] * len(rows)
    provisional = list(rows["is_provisional"]) if "is_provisional" in rows else [False] * len(rows)
    corrected = list(rows["is_corrected"]) if "is_corrected" in rows else [False] * len(rows)
    received = {
        number: MonthValue(
            number,
            None if status in ("missing", "not_applicable") else amount,
            bool(not pd.isna(early) and early),
            str(status) if amount is not None or status in ("missing", "not_applicable") else "missing",
            bool(not pd.isna(changed) and changed),
        )
        for number, amount, status, early, changed in zip(
            numbers, exact_amounts(rows["amount_eur"]), statuses, provisional, corrected, strict=True
        )
    }
    return [received.get(month, MonthValue(month, None, value_status="missing")) for month in range(1, 13)]


def comparable_months(*years: Sequence[MonthValue]) -> int:
    """Return how many months from January on are present in every one of the years."""
    present = 0
    for months in zip(*years, strict=True):
        if any(month.amount_eur is None for month in months):
            break
        present += 1
    return present


def lone_places(values: Sequence[float]) -> list[int]:
    """Return the places of the values between two that are missing: a line of one point is not drawn, a mark is.

    Parameters
    ----------
    values
        Values of a line, NaN where there is none.

    Examples
    --------
    >>> nan = float("nan")
    >>> lone_places([1.0, nan, 3.0, nan, 5.0, 6.0]), lone_places([7.0])
    ([0, 2], [0])
    """
    around = [math.nan, *values, math.nan]
    return [
        place
        for place, value in enumerate(values)
        if not math.isnan(value) and math.isnan(around[place]) and math.isnan(around[place + 2])
    ]


def total(months: Sequence[MonthValue]) -> Decimal:
    """Return the exact sum of the months that are present."""
    return sum((month.amount_eur for month in months if month.amount_eur is not None), Decimal(0))


def evolution_pct(value: Decimal | None, previous: Decimal | None) -> float | None:
    """Return the evolution in percent; None when it has no meaning (something missing, or nothing before)."""
    if value is None or previous is None or previous <= 0:
        return None
    return float((value / previous - 1) * 100)


def with_small_bases(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows without the rates that start from less than 1 000 € (« +45 000 % »), told by ``evolution_status``.

    Parameters
    ----------
    frame
        ``previous_eur, evolution_pct``: the amount of the year before, and the rate from it.
    """
    before = frame["previous_eur"].astype("float64")
    is_small = before < SMALL_BASE_EUR
    return frame.assign(
        evolution_pct=frame["evolution_pct"].astype("float64").mask(is_small),
        evolution_status=pd.Series(None, index=frame.index, dtype=object).mask(is_small, SMALL_BASE),
    )


def small_base_note(frame: pd.DataFrame) -> list[str]:
    """Return what « n. s. » means under rows of :func:`with_small_bases`; nothing where none has it, or of others."""
    if "evolution_status" not in frame or not frame["evolution_status"].eq(SMALL_BASE).any():
        return []
    limit = french.euros(SMALL_BASE_EUR)
    return [f"{SMALL_BASE_TEXT}, non significatif{french.NBSP}: moins de {limit} l'année d'avant."]


def envelope_label(envelope: str) -> str:
    """Return the short name of an envelope; a word that is not a known code is taken as the name itself."""
    return next((known.short_label for known in ENVELOPES if known.code == envelope), envelope)


def through(months_nb: int, year: int) -> str:
    """Return « à fin septembre 2024 », « en 2024 » for a whole year; there is at least one month."""
    return f"en {year}" if months_nb == 12 else f"à fin {french.month_name(months_nb)} {year}"


def period_in_words(first: dt.date, last: dt.date) -> str:
    """Return « de janvier à septembre 2024 », « d'août 2023 à mai 2024 », « en mars 2024 »."""
    if (first.year, first.month) == (last.year, last.month):
        return f"en {french.month_year(first)}"
    start = french.month_name(first) if first.year == last.year else french.month_year(first)
    return f"{french.elided('de', start)} à {french.month_year(last)}"


def short_percent(value: float, *, signed: bool = False) -> str:
    """Return a percentage with no more decimals than it has, two at most (« 4 % », « 3,2 % »)."""
    exact = french.rounded(value, 2) or Decimal(0)
    decimals = max(-int(exact.normalize().as_tuple().exponent), 0)
    return french.percent(exact, decimals, signed=signed)


def carried_quantity(value: Any, low: Any, high: Any, unit: str) -> str:
    """Return a quantity with the digits that its interval can carry, rounded once, and its unit.

    Parameters
    ----------
    value
        The quantity.
    low, high
        Bounds of its interval; without width or bounds, the quantity is written whole.
    unit
        Its unit in words (« boîtes »).

    Examples
    --------
    >>> carried_quantity(11_647, 11_500, 11_800, "boîtes"), carried_quantity(812, 812, 812, "boîtes")
    ('11\u202f650\xa0boîtes', '812\xa0boîtes')
    """
    kept = french.rounded_to_interval(value, low, high)
    return f"{french.number(value if kept is None else kept)}{french.NBSP}{unit}"


def carried_euros(value: Any, low: Any, high: Any, *, signed: bool = False) -> str:
    """Return an amount with the digits that its interval can carry, rounded once, in the unit of its largest bound.

    Parameters
    ----------
    value
        The amount.
    low, high
        Bounds of its interval; without width or bounds, the amount is written as :func:`french.compact_euros` does.
    signed
        Whether a plus sign is written.

    Examples
    --------
    >>> carried_euros(11_647_000, 11_500_000, 11_800_000), carried_euros(11_647_000, 5_000_000, 18_000_000)
    ('11,65\\xa0M€', '12\\xa0M€')
    >>> [carried_euros(bound, -3_300_000, 480_000, signed=True) for bound in (-3_300_000, 480_000)]
    ['−3,3\\xa0M€', '+0,5\\xa0M€']
    >>> carried_euros(1.1, 0, 1.1)
    '1\\xa0€'
    """
    power, kept = french.carried_power(low, high), french.rounded_to_interval(value, low, high)
    if power is None or kept is None:
        return french.compact_euros(value, signed=signed)
    if not kept:
        return french.euros(0)
    largest = max(abs(french.rounded(bound, -power) or Decimal(0)) for bound in (low, high))
    unit, scale = next((one for one in _UNITS if largest >= 10 ** one[1]), _UNITS[-1])
    write = french.signed if signed else french.number
    return f"{write(kept.scaleb(-scale), max(0, scale - max(power, 0)))}{french.NBSP}{unit}"


def carried_bound(value: Any, low: Any, high: Any, *, signed: bool = False) -> str:
    """Return a bound as :func:`carried_euros` does; one that is not zero is never written as zero, but with one digit.

    Parameters
    ----------
    value
        The bound.
    low, high
        Both bounds.
    signed
        Whether a plus sign is written.

    Examples
    --------
    >>> carried_bound(-310, -14_000, -310, signed=True), carried_bound(0, 0, 30_600)
    ('−300\\xa0€', '0\\xa0€')
    """
    written = carried_euros(value, low, high, signed=signed)
    if not value or written != french.euros(0):
        return written
    digit = french.rounded(value, -Decimal(str(value)).adjusted())
    return french.compact_euros(digit or value, signed=signed)


def of_the(label: str) -> str:
    """Return « de l'objectif », « du repère » for a masculine noun."""
    elided = french.elided("le", label)
    return f"de {elided}" if elided.startswith("l'") else f"du {label}"


def natural_order(text: object) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which numbers inside a text sort as numbers (« 9 – … » before « 10 – … »), « Î » as « I »."""
    parts = re.split(r"([0-9]+)", french.alphabetical(str(text)))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def capitalised(text: str) -> str:
    """Return a sentence that begins with a capital."""
    return text[:1].upper() + text[1:]
