"""Counts too equal to be two facts: a period copied from another, an establishment received under two FINESS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd

from caqes_analysis import french
from caqes_analysis.sources.findings import Finding

__all__ = ["find_repeated_counts"]

LEAST_COUNT: Final = 100
"""Smaller counts are equal by chance."""
FEWEST_EQUAL_NB: Final = 3
"""So many counts must be equal at once (package's choice)…"""
CHANCE_EXPECTED_NB: Final = 0.005
"""… and fewer such coincidences than this be expected by chance in the whole file (package's choice)."""
_REMEDY: Final = "Gardé tel quel. Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre."


def find_repeated_counts(rows: pd.DataFrame) -> tuple[list[Finding], set[tuple[str, str]]]:
    """Return the periods and the establishments that repeat the counts of others.

    Parameters
    ----------
    rows
        ``finess, period, activity, count_nb, delivery``.

    Returns
    -------
    tuple
        Findings ``ACTIVITE_REPETEE`` (another period of the same establishment; one for all when most do) and
        ``ACTIVITE_RECOPIEE`` (another establishment, same period); the establishments and periods concerned.

    Notes
    -----
    Two counts of about ``n`` are equal by chance once in ``2 √(π n)`` at the most, as two draws of a Poisson law are: a
    large hospital that lists eighteen activities has three equal ones in one year out of some thousands. What that
    gives for all pairs of periods, or of establishments, of the file is held against :data:`CHANCE_EXPECTED_NB`.
    """
    large = rows[rows["count_nb"] >= LEAST_COUNT]
    periods: Counter[tuple[str, str, str]] = Counter()
    for (finess, _, _), lines in _equal(large, ["finess", "activity", "count_nb"]):
        periods.update((str(finess), *pair) for pair in combinations(sorted(lines["period"]), 2))
    twins: Counter[tuple[str, str]] = Counter()
    for _, lines in _equal(large, ["period", "activity", "count_nb"]):
        twins.update(combinations(sorted(lines["finess"]), 2))
    delivery = dict(zip(rows["finess"], rows["delivery"], strict=True))
    by_finess, by_period = large.groupby("finess"), large.groupby(["finess", "period"])
    sizes = rows["finess"].nunique(), rows["period"].nunique()
    repeated: dict[tuple[str, str], list[str]] = {}
    for (finess, old, new), equal_nb in periods.items():
        if equal_nb >= FEWEST_EQUAL_NB:
            both = [by_period.get_group((finess, period)).set_index("activity")["count_nb"] for period in (old, new)]
            expected = _chance(both, equal_nb) * sizes[0] * sizes[1] * (sizes[1] - 1) / 2
            if expected < CHANCE_EXPECTED_NB:
                repeated.setdefault((old, new), []).append(finess)
    found: list[Finding] = []
    cells: set[tuple[str, str]] = set()
    for (old, new), concerned in sorted(repeated.items()):
        is_whole = len(concerned) >= FEWEST_EQUAL_NB and 2 * len(concerned) > rows["finess"].nunique()
        for finess in concerned[:1] if is_whole else concerned:
            equal = periods[finess, old, new]
            who = "" if is_whole else finess
            cells.add((who, new))
            found.append(
                Finding(
                    delivery[finess],
                    "ACTIVITE_REPETEE",
                    f"{who or 'tous les établissements'}, {new}",
                    "warning",
                    len(concerned) if is_whole else equal,
                    f"{finess} : {french.plural(equal, 'nombre')} à l'unité près comme pour {old}",
                    f"Cause probable : activité d'une autre période recopiée. {_REMEDY}",
                )
            )
    for (finess, other), equal in sorted(twins.items()):
        if equal < FEWEST_EQUAL_NB:
            continue
        both = [by_finess.get_group(one).set_index(["activity", "period"])["count_nb"] for one in (finess, other)]
        if _chance(both, equal) * sizes[0] * (sizes[0] - 1) / 2 < CHANCE_EXPECTED_NB:
            cells |= {(other, period) for period in rows["period"].unique()}
            found.append(
                Finding(
                    delivery[finess],
                    "ACTIVITE_RECOPIEE",
                    f"{other}, activité",
                    "warning",
                    equal,
                    f"{french.plural(equal, 'nombre')} à l'unité près comme l'établissement {finess}",
                    "Cause probable : les mêmes lignes reçues sous deux FINESS (entité et site, ancien et nouveau). "
                    f"{_REMEDY}",
                )
            )
    return found, cells


def _chance(counts: list[pd.Series[Any]], equal_nb: int) -> float:
    """Return the probability that so many of the counts that both lists have are equal by chance, or more."""
    law = np.ones(1)
    for count in pd.concat(counts, axis=1, join="inner").astype("float64").max(axis=1):
        equal = 1 / (2 * np.sqrt(np.pi * count))
        law = np.convolve(law, [1 - equal, equal])
    return float(law[equal_nb:].sum())


def _equal(rows: pd.DataFrame, key: list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Yield the lines of each key that several lines have: few, where there are as many keys as counts."""
    yield from rows[rows.duplicated(key, keep=False)].groupby(key, sort=True)
