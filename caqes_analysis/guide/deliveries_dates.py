"""When the files of a campaign came, and when the next ones are expected: from what the campaign says, else unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from caqes_analysis import french

__all__ = ["last_reception", "next_reception"]

_DAYS_A_MONTH = 30.4375
_MONTHS_A_YEAR = 12
_UNDATED = "réception non datée"
_NOT_KNOWN = "non connue"


def last_reception(files: Sequence[Any]) -> str:
    """Return when the last of some files was received, and the month or the year that it goes to.

    Parameters
    ----------
    files
        Sources of a campaign, of one kind.

    Examples
    --------
    >>> from caqes_analysis.campaign_sources import MappedSource
    >>> one = MappedSource(path="a.csv", received_on=dt.date(2024, 10, 14), as_of="2024-09")
    >>> last_reception([one])
    '14/10/2024, arrêté à septembre 2024'
    """
    if not files:
        return "–"
    days, until = _days(files), _until(files)
    parts = [french.date(days[-1], short=True) if days else _UNDATED]
    if until:
        year, month = divmod(until[-1], _MONTHS_A_YEAR)
        parts.append(f"arrêté à {french.month_year(dt.date(year, month + 1, 1))}")
    elif years := _years(files):
        parts.append(f"année {years[-1]}")
    return ", ".join(parts)


def next_reception(files: Sequence[Any]) -> str:
    """Return when the next file is expected, at the pace of the last two: their days, their months or their years.

    Parameters
    ----------
    files
        Sources of a campaign, of one kind.

    Examples
    --------
    >>> from caqes_analysis.campaign_sources import MappedSource
    >>> days = [dt.date(2024, month, 14) for month in (9, 10)]
    >>> next_reception([MappedSource(path="a.csv", received_on=day, as_of=f"2024-{day.month - 1:02d}") for day in days])
    'vers le 14/11/2024, arrêté à octobre 2024'
    >>> next_reception([MappedSource(path="a.csv")])
    'non connue'
    """
    if not files:
        return "–"
    parts = []
    until, years = _until(files), _years(files)
    # Files drawn up at a month tell the pace of that series; others of the kind come on days of their own.
    days = _days([one for one in files if getattr(one, "as_of", None)]) or _days(files)
    months = round((days[-1] - days[-2]).days / _DAYS_A_MONTH) if len(days) > 1 else 0
    if months:
        parts.append(f"vers le {french.date(pd.Timestamp(days[-1]) + pd.DateOffset(months=months), short=True)}")
    if len(until) > 1:
        year, month = divmod(until[-1] + min(b - a for a, b in pairwise(until)), _MONTHS_A_YEAR)
        parts.append(f"arrêté à {french.month_year(dt.date(year, month + 1, 1))}")
    elif years:
        parts.append(f"année {years[-1] + 1}")
    return ", ".join(parts) or _NOT_KNOWN


def _days(files: Sequence[Any]) -> list[dt.date]:
    return sorted({one.received_on for one in files if one.received_on is not None})


def _until(files: Sequence[Any]) -> list[int]:
    """Return the months at which files were drawn up, as numbers."""
    months = {one.as_of for one in files if getattr(one, "as_of", None)}
    return sorted(int(text[:4]) * _MONTHS_A_YEAR + int(text[5:]) - 1 for text in months)


def _years(files: Sequence[Any]) -> list[int]:
    return sorted({one.year for one in files if getattr(one, "year", None)})
