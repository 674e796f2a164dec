"""Which months of a year a contract compares with the same months of the year before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from caqes_analysis import french
from caqes_analysis.schemes.scheme import Scheme

__all__ = ["ComparedMonths", "compared_months"]

_MONTHS_NB = 12


@dataclass(frozen=True)
class ComparedMonths:
    """The months of a year that a contract compares.

    Parameters
    ----------
    year
        Data year.
    first_nb, last_nb
        First and last month, 1 to 12.
    """

    year: int
    first_nb: int = 1
    last_nb: int = _MONTHS_NB

    @property
    def is_whole_year(self) -> bool:
        """True from January to December."""
        return (self.first_nb, self.last_nb) == (1, _MONTHS_NB)

    @property
    def label(self) -> str:
        """The period in words.

        Examples
        --------
        >>> ComparedMonths(2022, 7).label, ComparedMonths(2023).label
        ('juillet à décembre 2022', '2023')
        """
        if self.is_whole_year:
            return str(self.year)
        return f"{french.month_name(self.first_nb)} à {french.month_name(self.last_nb)} {self.year}"


def compared_months(scheme: Scheme, signed_on: dt.date | None, year: int) -> ComparedMonths | None:
    """Return the months that a contract compares in a year, None when the year does not count for it.

    Parameters
    ----------
    scheme
        Its scheme: years of results, end of the contracts, what the first year compares.
    signed_on
        Day on which the contract takes effect; None when unknown: the whole year is then compared.
    year
        Data year.

    Examples
    --------
    >>> from caqes_analysis.schemes.scheme import known_schemes
    >>> compared_months(known_schemes()["caqes-2022"], dt.date(2022, 7, 1), 2022).label
    'juillet à décembre 2022'
    """
    if year not in scheme.result_years or (signed_on is not None and signed_on.year > year):
        return None
    if scheme.contracts_end is not None and scheme.contracts_end < dt.date(year, _MONTHS_NB, 31):
        return None
    begins_within = signed_on is not None and signed_on.year == year and signed_on > dt.date(year, 1, 1)
    if not begins_within or scheme.first_year == "whole" or signed_on is None:
        return ComparedMonths(year)
    # A contract that begins within a month counts from the next whole one.
    first = signed_on.month + (signed_on.day > 1)
    return ComparedMonths(year, first) if first <= _MONTHS_NB else None
