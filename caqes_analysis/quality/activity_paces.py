"""Counts that leave the level of the other periods: a digit lost, half a year for a year, two counts exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.activities import activity_label
from caqes_analysis.quality.exchanges import LEAST_GAP_LOG, exchanged_rows
from caqes_analysis.quality.panels import row_medians
from caqes_analysis.sources.findings import Finding

__all__ = ["Cell", "find_odd_counts", "paced_rows", "yearly_paces"]

Floats = npt.NDArray[np.float64]
Cell = tuple[str, str]
"""An establishment and a period of which something wrong is told; an empty establishment means all."""

FAR_TIMES: Final = 1.8
"""A count 1.8 times those of the other periods is told, as a month of spending is (package's choice)…"""
FAR_SDS: Final = 6.0
"""… when it is six standard deviations away: what the region usually moves by, and what counting gives by chance."""
COMMON_TIMES: Final = 1.6
"""… and 1.6 times for the median of all establishments: a pandemic took a third of the stays at most."""
SERIES_NB: Final = 5.0
"""Trips come in series (dialysis, radiotherapy): chance moves them as it would a fifth of them (package's choice),
unless other activities of the establishment move with them: no series of trips does that."""
_LEAST_COUNT: Final = 50.0
_FEWEST_NB: Final = 5
_SD_FLOOR: Final = 0.05
_MAD_TO_SD: Final = 1.4826
_SEVERAL_NB: Final = 3
# Counts that a sender may take for each other.
_FAMILIES: Final = (
    ("trips_ambulance", "trips_taxi", "trips_vsl"),
    ("stays", "sessions", "external_consultations", "emergency_visits", "pre_anaesthetic_exams"),
)
_TRIPS: Final = "trips_"
_REMEDY: Final = (
    "Gardé tel quel. Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre des corrections."
)


def find_odd_counts(rows: pd.DataFrame) -> tuple[list[Finding], set[Cell]]:
    """Return the counts out of line, and the establishments and periods concerned.

    Parameters
    ----------
    rows
        ``finess, period, activity, count_nb, delivery`` of establishments that no merger, opening or closing concerns.

    Returns
    -------
    tuple
        Findings ``ACTIVITES_ECHANGEES`` and ``ACTIVITE_ATYPIQUE``, those of all establishments first; the cells.
    """
    paces = yearly_paces(rows)
    if paces.shape[1] < 2:
        return [], set()
    counts = paces.to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(counts > 0, np.log(counts), np.where(counts == 0, np.log(0.5), np.nan))
    usual = np.stack([row_medians(np.delete(logs, place, axis=1)) for place in range(logs.shape[1])], axis=1)
    table = _Paces(paces, logs, usual, rows.set_index(["finess", "activity", "period"])[["count_nb", "delivery"]])
    found: list[Finding] = []
    told: set[Cell] = set()
    for finding, cell in (*_exchanged(table), *_common(table, told)):
        found.append(finding)
        told.add(cell)
    for finding, cell in _own(table, told):
        found.append(finding)
        told = told | {cell}
    return found, told


def paced_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of years and cumuls with their yearly ``pace``; those of other periods are left out.

    Parameters
    ----------
    rows
        ``period, count_nb``, and what else tells them apart.

    Examples
    --------
    >>> rows = pd.DataFrame({"period": ["2023", "2024-M09", "2024-09"], "count_nb": [1200, 900, 100]})
    >>> paced_rows(rows)["pace"].tolist()
    [1200.0, 1200.0]
    """
    kept = rows[rows["period"].str.fullmatch(r"[0-9]{4}(-M[0-9]{2})?")]
    months = np.array([12 if len(period) == 4 else int(period[-2:]) for period in kept["period"]])
    return kept.assign(pace=kept["count_nb"].astype("float64") * 12 / months)


def yearly_paces(rows: pd.DataFrame) -> pd.DataFrame:
    """Return counts as yearly paces: an establishment and an activity a row, a year or a cumul a column.

    Parameters
    ----------
    rows
        ``finess, period, activity, count_nb``; other periods are left out.
    """
    paces = paced_rows(rows)
    return paces.pivot_table(index=["finess", "activity"], columns="period", values="pace", aggfunc="sum")


class _Paces:
    """Counts of all establishments, their logarithms, and what the other periods of each give."""

    def __init__(self, paces: pd.DataFrame, logs: Floats, usual: Floats, received: pd.DataFrame) -> None:
        self.logs, self.usual = logs, usual
        self.far: Floats = logs - usual
        self.periods = [str(period) for period in paces.columns]
        self.keys = [(str(finess), str(activity)) for finess, activity in paces.index]
        self.received = received
        self.is_large = np.maximum(np.exp(usual), paces.to_numpy()) >= _LEAST_COUNT

    def count(self, row: int, column: int) -> str:
        """Return a count as received."""
        return french.number(self._line(row, column)["count_nb"], 0)

    def delivery(self, row: int, column: int) -> str:
        """Return the delivery of a count."""
        return str(self._line(row, column)["delivery"])

    def _line(self, row: int, column: int) -> pd.Series:
        found: pd.Series = self.received.loc[[(*self.keys[row], self.periods[column])]].iloc[0]
        return found


def _exchanged(table: _Paces) -> Iterator[tuple[Finding, Cell]]:
    """Yield two counts of one establishment that have each other's level; the parts of trips follow their mode."""
    by_finess: dict[str, list[int]] = {}
    for row, (finess, _) in enumerate(table.keys):
        by_finess.setdefault(finess, []).append(row)
    seen: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
    for places in by_finess.values():
        steady = [row for row in places if np.nanmin(table.logs[row]) >= np.log(_LEAST_COUNT)]
        for family in _FAMILIES:
            rows = [row for row in steady if table.keys[row][1] in family]
            least = FAR_SDS * np.sqrt(_SD_FLOOR**2 + 2 * np.exp(-np.nanmin(table.logs[rows], axis=1)))
            pairs = exchanged_rows(table.logs[rows], least_gap=LEAST_GAP_LOG, least_moves=least)
            for one, other, column in pairs:
                first, second = rows[one], rows[other]
                seen.setdefault((table.keys[first][1], table.keys[second][1], column), []).append((first, second))
    for (activity, against, column), couples in sorted(seen.items()):
        whole = len(couples) >= _SEVERAL_NB
        for first, second in couples[:1] if whole else couples:
            finess = "" if whole else table.keys[first][0]
            yield (
                Finding(
                    table.delivery(first, column),
                    "ACTIVITES_ECHANGEES",
                    f"{finess or 'plusieurs établissements'}, {activity_label(activity)} et {activity_label(against)}, "
                    f"{table.periods[column]}",
                    "warning",
                    len(couples) if whole else 1,
                    f"{table.count(first, column)} et {table.count(second, column)} ; les autres périodes donnent "
                    f"{french.number(np.exp(table.usual[first, column]), 0)} et "
                    f"{french.number(np.exp(table.usual[second, column]), 0)} par an",
                    f"Chacun des deux nombres est au niveau de l'autre : sans doute échangés. {_REMEDY}",
                ),
                (finess, table.periods[column]),
            )


def _common(table: _Paces, told: set[Cell]) -> Iterator[tuple[Finding, Cell]]:
    """Yield the periods in which all establishments move together as no year does."""
    activities = np.array([activity for _, activity in table.keys])
    for column, period in enumerate(table.periods):
        moved = []
        for activity in sorted(set(activities)):
            own = table.far[(activities == activity) & table.is_large[:, column], column]
            own = own[np.isfinite(own)]
            if len(own) >= _FEWEST_NB and abs(np.median(own)) > np.log(COMMON_TIMES):
                moved.append((activity, float(np.median(own)), len(own)))
        if not moved or ("", period) in told:
            continue
        row = int(np.flatnonzero((activities == moved[0][0]) & np.isfinite(table.far[:, column]))[0])
        what = activity_label(moved[0][0]) if len(moved) == 1 else f"{len(moved)} activités"
        yield (
            Finding(
                table.delivery(row, column),
                "ACTIVITE_ATYPIQUE",
                f"tous les établissements, {what}, {period}",
                "warning",
                moved[0][2],
                f"{french.number(np.exp(moved[0][1]), 2)} fois les autres périodes "
                f"({activity_label(moved[0][0]).lower()})",
                f"Cause probable : période mal écrite (semestre, cumul), ou fichier partiel. {_REMEDY}",
            ),
            ("", period),
        )


def _own(table: _Paces, told: set[Cell]) -> Iterator[tuple[Finding, Cell]]:
    """Yield the counts that move as neither the region nor chance does; most of an establishment's at once is one."""
    whole = {period for finess, period in told if not finess}
    activities = np.array([activity for _, activity in table.keys])
    is_trips = np.array([activity.startswith(_TRIPS) for activity in activities])
    far, limit, alone = table.far.copy(), np.full_like(table.far, np.inf), np.full_like(table.far, np.inf)
    chance = 2 * np.exp(-table.usual)  # of a count, and of those that it is compared with
    in_series = np.where(is_trips, SERIES_NB, 1.0)[:, None] * chance
    for activity in set(activities):
        rows = np.flatnonzero(activities == activity)
        move = row_medians(far[rows].T) if len(rows) >= _FEWEST_NB else np.zeros(far.shape[1])
        far[rows] -= move
        spread = _MAD_TO_SD * row_medians(np.abs(far[rows]).reshape(1, -1))[0] if len(rows) >= _FEWEST_NB else 0.15
        for limits, hazard in ((limit, chance), (alone, in_series)):
            limits[rows] = np.maximum(np.log(FAR_TIMES), FAR_SDS * np.sqrt(max(spread, _SD_FLOOR) ** 2 + hazard[rows]))
    far = np.where(table.is_large & np.isfinite(far), far, 0.0)
    shown = np.minimum(np.abs(far), _jumps(table.logs, activities))
    worst = np.argmax(shown, axis=1)
    found: dict[Cell, list[int]] = {}
    for row, column in enumerate(worst.tolist()):
        cell = (table.keys[row][0], table.periods[column])
        if shown[row, column] > limit[row, column] and cell not in told and cell[1] not in whole:
            found.setdefault(cell, []).append(row)
    for cell, beyond in sorted(found.items()):
        column = table.periods.index(cell[1])
        moved = {bool(far[row, column] > 0) for row in beyond if not is_trips[row]}
        rows_told = [
            row for row in beyond if bool(far[row, column] > 0) in moved or shown[row, column] > alone[row, column]
        ]
        if not rows_told:
            continue
        gathered = len(rows_told) > 1
        row = rows_told[0]
        label = activity_label(table.keys[row][1])
        yield (
            Finding(
                table.delivery(row, column),
                "ACTIVITE_ATYPIQUE",
                f"{cell[0]}, {f'{len(rows_told)} activités' if gathered else label}, {cell[1]}",
                "warning",
                len(rows_told) if gathered else 1,
                f"{label} : {table.count(row, column)} ; les autres périodes donnent "
                f"{french.number(np.exp(table.usual[row, column]), 0)} par an",
                "Cause probable : "
                + ("période mal écrite ou autre établissement" if gathered else "chiffre perdu ou ajouté, unité")
                + f", ou événement réel à confirmer. {_REMEDY}",
            ),
            cell,
        )


def _jumps(logs: Floats, activities: npt.NDArray[np.str_]) -> Floats:
    """Return the greater move from the period before or to the one after, that of all removed: a trend has small ones.

    A count that falls by a third each year is far from its other periods at both ends, and is no error. Without a
    period beside it, nothing tells the two from each other: infinite.
    """
    steps = np.diff(logs, axis=1)
    for activity in set(activities):
        rows = np.flatnonzero(activities == activity)
        if len(rows) >= _FEWEST_NB:
            steps[rows] -= np.nan_to_num(row_medians(steps[rows].T))
    sides = np.pad(np.abs(steps), ((0, 0), (1, 1)), constant_values=np.nan)
    jumps: Floats = np.fmax(sides[:, :-1], sides[:, 1:])
    return np.where(np.isnan(jumps), np.inf, jumps)
