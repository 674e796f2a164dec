"""From what was received to what an estimate reads: aligned series, the period evaluated, the years to replay."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.forecast.panel import Panel, build_panel
from caqes_analysis.savings.estimate_events import PeriodEvents, align_events
from caqes_analysis.savings.estimate_model import MIN_LEARNING_NB
from caqes_analysis.savings.estimate_windows import (
    MIN_HISTORY_MONTHS_NB,
    Window,
    build_window,
    build_yearly_window,
)

__all__ = ["Setting", "read_setting", "read_yearly_setting"]

Cents = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_MAX_REPLAYS_NB = 5
_MAX_GAP_MONTHS_NB = 2
_MIN_RECEIVED_SHARE = 0.5
_USUAL_MONTHS_NB, _USUAL_LEAD_NB = 9, 6
_UNUSUAL_WIDENING = 1.8
"""Nine months or more that follow the contract's date within half a year are what the errors of the years replayed
describe. For others the even years ask for 1.5 to 1.9 (``benchmarks/savings_windows.py``); the odd years are scored."""
_GROWTH_BASES_NB = 4
"""Yearly bases from which the growth of the year before is read: with three, none would be left to learn its slope."""
_TWO_YEARS = "deux années seulement : rien ne mesure le retour vers la moyenne"
_NO_REPLAY = "aucune année rejouée, faute d'établissements assez nombreux : rien ne mesure le retour vers la moyenne"


@dataclass(frozen=True)
class Setting:
    """What an estimate reads.

    Parameters
    ----------
    series
        Names, sorted.
    treated
        Who is under contract.
    year, months
        Year evaluated, and its months as first days.
    actual_cents, previous_cents
        Sums over the months evaluated, and over the same months of the year before.
    has_actual, has_previous
        Where all those months are known.
    current, replays
        The window of the contract, and those of earlier years, the latest first.
    reasons
        Why a series cannot be estimated (French), empty when it can.
    notes
        What was filled in, by series; empty when nothing was.
    is_yearly, has_growth
        Whether the bases have no month; and if so, whether the growth of the year before is read.
    events
        What declared events do to the period evaluated; None when none concerns these series.
    widening
        By how much the paths of such a period are to be widened.
    moves
        By how much declared events of known effect moved the sum of all series in each window, that of the contract
        first (logarithms); empty when none concerns them.
    """

    series: tuple[str, ...]
    treated: Flags
    year: int
    months: pd.DatetimeIndex
    actual_cents: Cents
    previous_cents: Cents
    has_actual: Flags
    has_previous: Flags
    current: Window
    replays: tuple[Window, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    is_yearly: bool = False
    has_growth: bool = False
    events: PeriodEvents | None = None
    moves: tuple[float, ...] = ()
    widening: float = 1.0

    @property
    def explained_variance(self) -> float:
        """What declared events explain of how years differ: the mean square of the moves that they made."""
        return float(np.mean(np.square(self.moves))) if self.moves else 0.0


def read_setting(
    monthly: pd.DataFrame,
    *,
    treated: Collection[str],
    start: pd.Timestamp,
    year: int,
    transition_months_nb: int,
    events: pd.DataFrame | None = None,
) -> Setting:
    """Align the months and cut them at the start of the contracts.

    Parameters
    ----------
    monthly, treated, start, year, transition_months_nb, events
        As :func:`~caqes_analysis.savings.estimate.estimate` receives them.

    Raises
    ------
    CaqesError
        ``ECONOMIE_CONTRAT``, ``ECONOMIE_PERIODE``, all at once; ``PREVISION_…`` when the months are not as described;
        ``EVENEMENT_ILLISIBLE``.
    """
    panel = build_panel(monthly)
    under = np.array([name in set(treated) for name in panel.series], dtype=bool)
    settled = panel.known & ~panel.provisional
    origin = panel.year_at(start.year) + start.month - 1
    first = max(origin + transition_months_nb, panel.year_at(year))
    stop = min(panel.year_at(year) + 12, settled.shape[1])
    columns = _evaluated(settled[under], first, stop)
    _check(panel, treated, start, year, columns)
    months = np.where(settled, panel.cents / 100, np.nan)
    filled = _fill_gaps(months, origin)
    offsets = np.array(columns) - origin
    declared = align_events(events, panel.series, first_year=panel.first_year, months_nb=months.shape[1])
    read_window = build_window if declared is None else declared.window
    current = read_window(months, origin, offsets)
    nearest = -(-(int(offsets.max()) + 1) // 12)
    replays = []
    for back in range(nearest, nearest + _MAX_REPLAYS_NB):
        if origin - 12 * back < MIN_HISTORY_MONTHS_NB:
            break
        window = read_window(months[:, :origin], origin - 12 * back, offsets)
        if declared is not None:
            window = declared.taught(window, origin - 12 * back + offsets)
        if (window.is_readable & ~np.isnan(window.log_outcome)).sum() >= MIN_LEARNING_NB:
            replays.append(window)
    before = [column - 12 for column in columns]
    has_actual: Flags = np.asarray(settled[:, columns].all(axis=1))
    has_previous: Flags = np.asarray(settled[:, before].all(axis=1))
    moved, moves = None, []
    if declared is not None:
        moved = declared.on_period(months, np.array(columns), np.array(before), since=origin, is_yearly=False)
        current = moved.without_alone(current)
        dates = (origin, *(origin - 12 * back for back in range(nearest, nearest + len(replays))))
        moves = [declared.common_move(months, date + offsets, date - 12 + offsets % 12) for date in dates]
    alone = [""] * len(panel.series) if moved is None else moved.alone
    return Setting(
        panel.series,
        under,
        year,
        pd.date_range(f"{panel.first_year}-01-01", periods=settled.shape[1], freq="MS")[columns],
        panel.cents[:, columns].sum(axis=1),
        panel.cents[:, before].sum(axis=1),
        has_actual,
        has_previous,
        current,
        tuple(replays),
        tuple(
            _reason(current, row, bool(has_actual[row]), bool(has_previous[row])) or alone[row]
            for row in range(len(panel.series))
        ),
        tuple(f"{french.plural(int(nb), 'mois manquant')} avant le contrat, interpolé" if nb else "" for nb in filled),
        events=moved,
        moves=tuple(moves),
        widening=1.0 if len(offsets) >= _USUAL_MONTHS_NB and offsets[0] < _USUAL_LEAD_NB else _UNUSUAL_WIDENING,
    )


def read_yearly_setting(
    yearly: pd.DataFrame, *, treated: Collection[str], year: int, events: pd.DataFrame | None = None
) -> Setting:
    """Align the years of bases that have no month; the contracts begin in January of the year evaluated.

    Parameters
    ----------
    yearly
        ``series, year, amount_eur``, one row per series and year received.
    treated, year, events
        As :func:`~caqes_analysis.savings.estimate.estimate` receives them.

    Raises
    ------
    CaqesError
        ``ECONOMIE_CONTRAT``, ``ECONOMIE_PERIODE``, ``EVENEMENT_ILLISIBLE``.
    """
    wide = yearly.assign(amount_eur=yearly["amount_eur"].astype("float64")).pivot(
        index="series", columns="year", values="amount_eur"
    )
    series = tuple(str(name) for name in wide.index)
    problems = _strangers(series, treated)
    if problems:
        raise CaqesError(problems)
    under = np.array([name in set(treated) for name in series], dtype=bool)
    first = year
    while first - 1 in wide.columns:
        first -= 1
    if first == year or year not in wide.columns:
        raise CaqesError.of(
            "ECONOMIE_PERIODE",
            f"les bases annuelles de {year} et de l'année précédente n'ont pas été reçues toutes les deux.",
            "Donner les deux bases.",
            value=str(year),
        )
    years = wide.reindex(columns=range(first, year + 1)).to_numpy(dtype="float64")
    origin = year - first
    has_growth = origin + 1 >= _GROWTH_BASES_NB
    earliest = max(1 + has_growth, origin - _MAX_REPLAYS_NB)
    declared = align_events(events, series, first_year=first, months_nb=12 * years.shape[1])
    known = None if declared is None else declared.by_year()
    read_window = build_yearly_window if known is None else known.yearly_window
    current = read_window(years, origin, has_growth=has_growth)
    replays = []
    for back in range(origin - 1, earliest - 1, -1):
        window = read_window(years[:, :origin], back, has_growth=has_growth)
        replays.append(window if known is None else known.taught(window, np.array([back - 1, back])))
    moved, moves = None, []
    if known is not None:
        moved = known.on_period(years, np.array([origin]), np.array([origin - 1]), since=origin, is_yearly=True)
        current = moved.without_alone(current)
        moves = [known.common_move(years, np.array([at]), np.array([at - 1])) for at in range(origin, earliest - 1, -1)]
    alone = [""] * len(series) if moved is None else moved.alone
    has_actual, has_previous = ~np.isnan(years[:, origin]), ~np.isnan(years[:, origin - 1])
    cents = np.rint(100 * np.nan_to_num(years)).astype(np.int64)
    unreadable = "une année d'avant n'est pas reçue, ou son montant est nul"
    reasons = [
        (why if readable else unreadable) if received else "l'année évaluée n'est pas reçue"
        for received, readable, why in zip(has_actual, current.is_readable, alone, strict=True)
    ]
    kept = tuple(one for one in replays if (one.is_readable & ~np.isnan(one.log_outcome)).sum() >= MIN_LEARNING_NB)
    return Setting(
        series,
        under,
        year,
        pd.date_range(f"{year}-01-01", periods=12, freq="MS"),
        cents[:, origin],
        cents[:, origin - 1],
        np.asarray(has_actual),
        np.asarray(has_previous),
        current,
        kept,
        tuple(reasons),
        tuple(["" if kept else _NO_REPLAY if replays else _TWO_YEARS] * len(series)),
        is_yearly=True,
        has_growth=has_growth,
        events=moved,
        moves=tuple(moves),
    )


def _evaluated(settled: Flags, first: int, stop: int) -> list[int]:
    """Return the columns from ``first`` that half of the series under contract have received for good, without hole."""
    found = []
    for column in range(max(first, 0), stop):
        if not len(settled) or settled[:, column].mean() < _MIN_RECEIVED_SHARE:
            break
        found.append(column)
    return found


def _strangers(series: Collection[str], treated: Collection[str]) -> list[Problem]:
    strangers = sorted(set(treated) - set(series))
    if treated and not strangers:
        return []
    return [
        Problem(
            "ECONOMIE_CONTRAT",
            "ces séries sous contrat n'ont aucun montant." if strangers else "aucune série n'est sous contrat.",
            "Donner dans treated les noms de la colonne series.",
            value=", ".join(strangers[:5]),
            count=len(strangers),
        )
    ]


def _check(panel: Panel, treated: Collection[str], start: pd.Timestamp, year: int, columns: list[int]) -> None:
    problems = _strangers(panel.series, treated)
    if start.year > year:
        problems.append(
            Problem(
                "ECONOMIE_PERIODE",
                f"les contrats commencent en {start.year}, après l'année évaluée.",
                "Évaluer une année qui suit le début des contrats.",
                value=str(year),
            )
        )
    if problems:
        raise CaqesError(problems)
    if not columns or panel.year_at(start.year) + start.month - 1 < 12:
        raise CaqesError.of(
            "ECONOMIE_PERIODE",
            f"aucun mois définitif de {year} après le début des contrats, ou pas douze mois avant lui.",
            "Donner les mois d'avant et d'après le début des contrats.",
            value=f"{start:%Y-%m}",
        )


def _fill_gaps(months_eur: npt.NDArray[np.float64], origin: int) -> Cents:
    """Interpolate in place holes of at most two months before the contract, and return how many months they were."""
    filled = np.zeros(len(months_eur), dtype=np.int64)
    for row in range(len(months_eur)):
        present = np.flatnonzero(~np.isnan(months_eur[row, :origin]))
        for left, right in pairwise(present):
            hole = int(right - left - 1)
            if 0 < hole <= _MAX_GAP_MONTHS_NB:
                inside = np.arange(left + 1, right)
                months_eur[row, inside] = np.interp(inside, [left, right], months_eur[row, [left, right]])
                filled[row] += hole
    return filled


def _reason(current: Window, row: int, has_actual: bool, has_previous: bool) -> str:
    if not has_actual:
        return "un mois évalué n'est pas reçu, ou il est provisoire"
    if not has_previous:
        return "les mêmes mois de l'année précédente ne sont pas tous reçus"
    if np.isnan(current.features[row]).any():
        return "les vingt-quatre mois d'avant le contrat ne sont pas tous reçus, ou leur total est nul"
    return ""
