"""What most establishments show in the same months is one fact, told once: a file of another year, an empty month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from caqes_analysis.quality.exchanges import ExchangedYear
from caqes_analysis.quality.not_months import CumulatedYear
from caqes_analysis.quality.outliers import Outlier
from caqes_analysis.quality.repeats import Repeat

__all__ = ["gathered_cumuls", "gathered_outliers", "gathered_repeats", "unexplained"]

MOST_SHARE: Final = 0.5
"""More than this share of the establishments is everyone…"""
_FEWEST_NB: Final = 3
"""… when that is so many at least."""
_EVERYONE: Final = ""
_YEAR_DAYS: Final = 365
_One = TypeVar("_One", Outlier, Repeat)


def _is_everyone(count: int, establishments_nb: int) -> bool:
    return count >= _FEWEST_NB and count > MOST_SHARE * establishments_nb


def gathered_outliers(outliers: Sequence[Outlier], establishments_nb: int) -> list[Outlier]:
    """Return outliers, those of one code and the same months in most establishments put into one.

    Parameters
    ----------
    outliers
        Those of one envelope.
    establishments_nb
        How many establishments the envelope has.
    """
    groups: dict[tuple[object, ...], list[Outlier]] = {}
    for one in outliers:
        groups.setdefault((one.code, one.month, one.last_month, one.finess == _EVERYONE), []).append(one)
    kept: list[Outlier] = []
    for group in groups.values():
        if not _is_everyone(len(group), establishments_nb):
            kept += group
            continue
        kept.append(
            replace(
                group[0],
                finess=_EVERYONE,
                amount_eur=sum(one.amount_eur for one in group),
                expected_eur=sum(one.expected_eur for one in group),
                cause=f"{group[0].cause}, pour la plupart des établissements",
                is_sure=True,
            )
        )
    return kept


def gathered_repeats(repeats: Iterable[Repeat], establishments_nb: int) -> list[Repeat]:
    """Return repeated months, those that most establishments repeat from the same months put into one.

    Parameters
    ----------
    repeats
        Those of one envelope.
    establishments_nb
        How many establishments the envelope has.
    """
    groups: dict[tuple[object, ...], list[Repeat]] = {}
    for one in repeats:
        groups.setdefault((one.lag,), []).append(one)
    kept: list[Repeat] = []
    for group in groups.values():
        first = min(group, key=lambda one: (one.month, one.finess))
        same = [one for one in group if (one.month - first.month).days < _YEAR_DAYS]
        if _is_everyone(len({one.finess for one in same}), establishments_nb):
            kept.append(
                replace(
                    first,
                    finess=_EVERYONE,
                    copied_finess=_EVERYONE,
                    months_nb=max(one.months_nb for one in same),
                    amount_eur=sum(one.amount_eur for one in same if one.month == first.month),
                    expected_nb=0.0,
                )
            )
            group = [one for one in group if one not in same]
        kept += group
    return kept


def gathered_cumuls(found: Sequence[CumulatedYear], establishments_nb: int) -> list[CumulatedYear]:
    """Return cumulated years, those of most establishments put into one.

    Parameters
    ----------
    found
        Those of one envelope.
    establishments_nb
        How many establishments the envelope has.
    """
    kept: list[CumulatedYear] = []
    for year in sorted({one.year for one in found}):
        group = [one for one in found if one.year == year]
        if _is_everyone(len(group), establishments_nb):
            first, last = sum(one.first_eur for one in group), sum(one.last_eur for one in group)
            kept.append(replace(group[0], finess=_EVERYONE, first_eur=first, last_eur=last))
        else:
            kept += group
    return kept


def unexplained(outliers: Sequence[_One], cumuls: Sequence[CumulatedYear | ExchangedYear]) -> list[_One]:
    """Return what a cumulated or exchanged year does not explain.

    Parameters
    ----------
    outliers
        Outliers or repeated months of one envelope.
    cumuls
        Its cumulated and exchanged years, gathered.
    """
    years = {(one.finess, one.year) for one in cumuls}
    whole = {year for finess, year in years if finess == _EVERYONE}
    return [one for one in outliers if (one.finess, one.month.year) not in years and one.month.year not in whole]
