"""When the files of a campaign came, and when the next ones are expected: from what the campaign says, else unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from caqes_analysis import french

__all__ = ["receptions"]

_DAYS_A_MONTH = 30.4375
_MONTHS_A_YEAR = 12
_UNDATED = "réception non datée"
_NOT_KNOWN = "non connue"


def receptions(files: Sequence[Any]) -> tuple[str, str]:
    """Return when the last of some files was received, with the month or the year that it goes to, and the next.

    The next is expected at the pace of the last two: their days, their months or their years.

    Parameters
    ----------
    files
        Sources of a campaign, of one kind.

    Examples
    --------
    >>> from caqes_analysis.campaign_sources import MappedSource
    >>> days = [dt.date(2024, month, 14) for month in (9, 10)]
    >>> receptions([MappedSource(path="a.csv", received_on=day, as_of=f"2024-{day.month - 1:02d}") for day in days])
    ('14/10/2024, arrêté à septembre 2024', 'vers le 14/11/2024, arrêté à octobre 2024')
    >>> receptions([MappedSource(path="a.csv")])
    ('réception non datée', 'non connue')
    """
    if not files:
        return "–", "–"
    drawn_up = [one for one in files if getattr(one, "as_of", None)]
    until = sorted({_month_number(one.as_of) for one in drawn_up})
    years = sorted({one.year for one in files if getattr(one, "year", None)})
    days = _days(files)
    last = [french.date(days[-1], short=True) if days else _UNDATED]
    if until:
        last.append(_until(until[-1]))
    elif years:
        last.append(f"année {years[-1]}")
    # Files drawn up at a month tell the pace of that series; others of the kind come on days of their own.
    days = _days(drawn_up) or days
    months = round((days[-1] - days[-2]).days / _DAYS_A_MONTH) if len(days) > 1 else 0
    following = []
    if months:
        following.append(f"vers le {french.date(pd.Timestamp(days[-1]) + pd.DateOffset(months=months), short=True)}")
    if len(until) > 1:
        following.append(_until(until[-1] + min(b - a for a, b in pairwise(until))))
    elif years:
        following.append(f"année {years[-1] + 1}")
    return ", ".join(last), ", ".join(following) or _NOT_KNOWN


def _days(files: Sequence[Any]) -> list[dt.date]:
    return sorted({one.received_on for one in files if one.received_on is not None})


def _month_number(as_of: str) -> int:
    return int(as_of[:4]) * _MONTHS_A_YEAR + int(as_of[5:]) - 1


def _until(number: int) -> str:
    year, month = divmod(number, _MONTHS_A_YEAR)
    return f"arrêté à {french.month_year(dt.date(year, month + 1, 1))}"
