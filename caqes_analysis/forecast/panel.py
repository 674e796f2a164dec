"""From the long table of months to aligned arrays: one row a series, one column a month, amounts in cents."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.errors import CaqesError, Problem

__all__ = ["Panel", "build_panel"]

Cents = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_COLUMNS = ("series", "month", "amount_eur")
_MAX_CENTS = 10**15
_QUARTERS = (2, 5, 8, 11)
_MIN_QUARTERS_NB = 4


@dataclass(frozen=True)
class Panel:
    """Months of all the series, aligned.

    Parameters
    ----------
    series
        Names, sorted.
    first_year
        Year of the first column; columns are whole years.
    cents
        Amounts in cents, series × months; 0 where not known.
    known
        Whether the month was received.
    provisional
        Whether it was received as provisional.
    quarterly
        Whether a series was received by quarters (cumulative deliveries M3, M6, M9, M12), here spread over months.
    """

    series: tuple[str, ...]
    first_year: int
    cents: Cents
    known: Flags
    provisional: Flags
    quarterly: Flags

    def year_at(self, year: int) -> int:
        """Return the column of January of ``year``."""
        return 12 * (year - self.first_year)


def build_panel(monthly: pd.DataFrame, *, first_year: int | None = None, last_year: int | None = None) -> Panel:
    """Check the long table and align its months.

    Parameters
    ----------
    monthly
        ``series``, ``month`` (first of month), ``amount_eur`` (missing: month not received), optionally
        ``is_provisional``. Any order.
    first_year, last_year
        Years wanted; those of the table when None.

    Raises
    ------
    CaqesError
        ``PREVISION_COLONNES``; ``PREVISION_MOIS``, ``PREVISION_SERIE``, ``PREVISION_PROVISOIRE``,
        ``PREVISION_MONTANT``, ``PREVISION_DOUBLON``: all at once.
    """
    absent = [name for name in _COLUMNS if name not in monthly]
    if absent:
        raise CaqesError.of(
            "PREVISION_COLONNES",
            f"la table des mois n'a pas {', '.join(absent)} ; reçues : {', '.join(map(str, monthly.columns))}.",
            "Donner les colonnes series, month, amount_eur (et is_provisional s'il y en a).",
        )
    names = monthly["series"].astype("object")
    months, cents, known = _checked(monthly, names)
    provisional = np.zeros(len(monthly), dtype=bool)
    if "is_provisional" in monthly:
        provisional = monthly["is_provisional"].fillna(False).astype(bool).to_numpy()
    series = tuple(sorted(set(names)))
    numbers = months // 12 + 1970
    first = first_year if first_year is not None else int(numbers.min(initial=1970 if not len(numbers) else 9999))
    last = last_year if last_year is not None else int(numbers.max(initial=first))
    wide = max(12 * (last - first + 1), 0)
    row = pd.Index(series).get_indexer(pd.Index(names)) if len(series) else np.zeros(0, dtype=np.intp)
    column = months - 12 * (first - 1970)
    inside = (column >= 0) & (column < wide)
    shape = (len(series), wide)
    found = Panel(
        series, first, np.zeros(shape, np.int64), np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(0, bool)
    )
    found.cents[row[inside], column[inside]] = cents[inside]
    found.known[row[inside], column[inside]] = known[inside]
    found.provisional[row[inside], column[inside]] = (provisional & known)[inside]
    return _spread_quarters(found)


def _checked(monthly: pd.DataFrame, names: pd.Series[Any]) -> tuple[Cents, Cents, Flags]:
    """Return month numbers since 1970, cents and whether they are known; raise all problems at once."""
    problems: list[Problem] = []

    def report(code: str, bad: Flags, column: str, what: str, remedy: str) -> None:
        if bad.any():
            at = int(bad.argmax())
            value = str(monthly[column].iloc[at])
            problems.append(Problem(code, what, remedy, line=at + 1, column=column, value=value, count=int(bad.sum())))

    dates = pd.to_datetime(monthly["month"], errors="coerce")
    not_month = (dates.isna() | (dates.dt.day != 1)).to_numpy(dtype=bool)
    report("PREVISION_MOIS", not_month, "month", "ce n'est pas un premier jour de mois.", "Écrire AAAA-MM-01.")
    nameless = names.isna().to_numpy(dtype=bool)
    report("PREVISION_SERIE", nameless, "series", "la série n'est pas nommée.", "Nommer chaque série.")
    unread = ~nameless & np.array([not isinstance(name, str) for name in names], dtype=bool)
    report("PREVISION_SERIE", unread, "series", "ce nom de série n'est pas un texte.", "Le convertir en texte.")
    if "is_provisional" in monthly:
        vague = ~monthly["is_provisional"].isna() & ~monthly["is_provisional"].isin([True, False])
        report("PREVISION_PROVISOIRE", vague.to_numpy(), "is_provisional", "ni vrai ni faux.", "Écrire True ou False.")
    exact = [_cents(value) for value in monthly["amount_eur"]]
    wrong = np.array([value is False for value in exact], dtype=bool)
    report(
        "PREVISION_MONTANT", wrong, "amount_eur", "ce montant n'est pas un nombre fini.", "Donner un montant en euros."
    )
    twice = pd.DataFrame({"series": names.astype(str), "month": dates}).duplicated().to_numpy() & ~not_month & ~nameless
    report(
        "PREVISION_DOUBLON",
        twice,
        "month",
        "ce mois est donné deux fois pour la même série.",
        "Garder une seule ligne.",
    )
    if problems:
        raise CaqesError(problems)
    known = np.array([value is not None for value in exact], dtype=bool)
    cents = np.array([value or 0 for value in exact], dtype=np.int64)
    return dates.to_numpy().astype("datetime64[M]").astype(np.int64), cents, known


def _cents(value: Any) -> int | bool | None:
    """Return the amount in cents, None when it is missing, False when it is not an amount."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    try:
        exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    except (TypeError, ValueError, InvalidOperation):
        return False
    if exact.is_nan():
        return None
    if not exact.is_finite() or abs(exact) * 100 > _MAX_CENTS:
        return False
    return int((exact * 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def _spread_quarters(panel: Panel) -> Panel:
    """Spread over its three months each quarter of the series that are only received by quarters."""
    if not len(panel.series) or not panel.known.shape[1]:
        return Panel(
            panel.series,
            panel.first_year,
            panel.cents,
            panel.known,
            panel.provisional,
            np.zeros(len(panel.series), bool),
        )
    month_at = np.arange(panel.known.shape[1]) % 12
    at_end = np.isin(month_at, _QUARTERS)
    quarterly = ~panel.known[:, ~at_end].any(axis=1) & (panel.known.sum(axis=1) >= _MIN_QUARTERS_NB)
    for row in np.flatnonzero(quarterly):
        for end in np.flatnonzero(panel.known[row]):
            third, more = divmod(int(panel.cents[row, end]), 3)
            panel.cents[row, end - 2 : end + 1] = [third, third, third + more]
            panel.known[row, end - 2 : end] = True
            panel.provisional[row, end - 2 : end] = panel.provisional[row, end]
    return Panel(panel.series, panel.first_year, panel.cents, panel.known, panel.provisional, quarterly)
