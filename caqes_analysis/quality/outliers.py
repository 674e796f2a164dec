"""Months out of line with their establishment's level and the season of all: flagged with a cause, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.quality.panels import Panel, panels, row_medians
from caqes_analysis.store import Store

__all__ = ["Outlier", "find_outliers", "outliers_of"]

Floats = npt.NDArray[np.float64]

GROSS_LOG: Final = float(np.log(5))
"""A month five times its expected amount, or a fifth, is gross whatever the establishment's habits (package's choice,
tried on simulated regions: a pandemic, a lasting rise of a third, a month half received do not reach it)."""
GROSS_SDS: Final = 5.0
"""… and at least five of its own robust standard deviations, so that tiny establishments raise nothing."""
IRREGULAR_SDS: Final = 6.0
"""… six where its months vary by 40 % or more: their spread is then wider than a normal one."""
SURE_SDS: Final = 8.0
"""A gross month nearer than eight standard deviations is a doubt, not an error (package's choice; the farthest month of
thirty clean simulated regions, 250 000 months, is at 5.5)."""
ODD_LOG: Final = float(np.log(1.8))
"""A lone month nearly twice or half its neighbours…"""
ODD_SDS: Final = 10.0
"""… and ten of its own standard deviations away, is odd."""
ODD_ALONE_LOG: Final = float(np.log(3.5))
"""The same where establishments are too few to know their common season (a pandemic halved the devices)."""
COMMON_RISE_LOG: Final = float(np.log(1.7))
"""A lone month so far above its neighbours, and above the same month of the other years, for all establishments
together: no season does that, a month counted twice does (package's choice)."""
_NEIGHBOURS_NB: Final = 6
_LONE_MONTHS_NB: Final = 2
_OTHER_YEARS_NB: Final = 2
_POWER_TOLERANCE: Final = 0.15  # in powers of ten: 10^0.15 = 1.41
_DOUBLE_TOLERANCE_LOG: Final = 0.3
_ABRUPT_LOG: Final = float(np.log(4))
_LASTING_MONTHS_NB: Final = 6
_ZERO_LEVEL_EUR: Final = 5000.0
_STEADY_SD: Final = 0.4
_FEWEST_MONTHS_NB: Final = 4
_EVERYONE: Final = ""


@dataclass(frozen=True)
class Outlier:
    """A month, or several in a row, out of line.

    Parameters
    ----------
    finess
        Establishment; empty when all are concerned.
    envelope, amount_kind, delivery
        What the amounts are, and the file they came in.
    month, last_month
        First and last month concerned.
    amount_eur, expected_eur
        Amount received in the first month (the sum of all establishments when all are concerned), and what its
        neighbours and the season would give.
    code
        ``FACTEUR_10``, ``FACTEUR_100``, ``FACTEUR_1000``, ``MOIS_ATYPIQUE``, ``MOIS_REUNIS``, ``ZERO_SUSPECT``,
        ``SIGNE_INVERSE`` or ``NIVEAU_ROMPU``.
    cause
        Probable cause, in French.
    is_sure
        Whether it is as many standard deviations away as no habit of the establishment explains.
    """

    finess: str
    envelope: str
    amount_kind: str
    delivery: str
    month: pd.Timestamp
    last_month: pd.Timestamp
    amount_eur: float
    expected_eur: float
    code: str
    cause: str
    is_sure: bool = True

    @property
    def factor(self) -> float:
        """Received over expected."""
        return self.amount_eur / self.expected_eur


def find_outliers(store: Store) -> list[Outlier]:
    """Return the months out of line in what a campaign received, envelope by envelope.

    Parameters
    ----------
    store
        Store with ``monthly_spend``.

    Notes
    -----
    Each month is compared, on the log scale, with the establishment's own median level and with the median movement
    of all establishments that month (season, holidays, pandemic). See ``docs/methods/qualite.md``.
    """
    return [found for panel in panels(store) for found in outliers_of(panel)]


def outliers_of(panel: Panel) -> list[Outlier]:
    """Return the months out of line of one envelope, those of all establishments first.

    Parameters
    ----------
    panel
        Its months, as :func:`~caqes_analysis.quality.panels.panel_of` gives them.
    """
    everyone = [*_common(panel), *_common_rises(panel)]
    counted = np.isfinite(panel.residuals).sum(axis=1)
    own: list[Outlier] = []
    for row in np.flatnonzero(counted >= _FEWEST_MONTHS_NB):
        own += _of_row(panel, int(row))
    return everyone + own


def _common(panel: Panel) -> Iterator[Outlier]:
    """A whole month ten times too small for everyone moves the common season: it is compared with its neighbours."""
    season = panel.season
    if len(season) < _FEWEST_MONTHS_NB:
        return
    far = season - np.median(season)
    big = np.abs(far) > GROSS_LOG
    received = np.nansum(panel.amounts, axis=0)
    for start, stop in _runs(big):
        code, cause = _cause(float(np.median(far[start:stop])), 0.0)
        deliveries = sorted({name for name in panel.deliveries[:, start:stop].ravel() if name})
        yield Outlier(
            _EVERYONE, panel.envelope, panel.amount_kind, ", ".join(deliveries), panel.months[start],
            panel.months[stop - 1], float(received[start]), float(received[start] / np.exp(far[start])),
            code, f"{cause}, pour tous les établissements",
        )  # fmt: skip


def _common_rises(panel: Panel) -> Iterator[Outlier]:
    """Yield the lone months in which all establishments rise together as no season does."""
    season = np.where(panel.has_season, panel.season, np.nan)
    years, numbers = np.asarray(panel.months.year), np.asarray(panel.months.month)
    usual = np.full(len(season), np.nan)
    for month in range(len(season)):
        others = season[(numbers == numbers[month]) & (years != years[month])]
        if np.isfinite(others).sum() >= _OTHER_YEARS_NB:
            usual[month] = np.nanmedian(others)
    rest = season - usual
    received = np.nansum(panel.amounts, axis=0)
    for month in range(1, len(season) - 1):
        rise = float(rest[month] - np.maximum(rest[month - 1], rest[month + 1]))  # NaN without one of the two
        if COMMON_RISE_LOG < rise <= GROSS_LOG:
            deliveries = sorted({name for name in panel.deliveries[:, month] if name})
            yield Outlier(
                _EVERYONE, panel.envelope, panel.amount_kind, ", ".join(deliveries), panel.months[month],
                panel.months[month], float(received[month]), float(received[month] / np.exp(rise)),
                "MOIS_ATYPIQUE", "mois compté deux fois, ou deux mois réunis, pour tous les établissements",
            )  # fmt: skip


def _of_row(panel: Panel, row: int) -> list[Outlier]:
    rest, scale = panel.residuals[row], float(panel.scales[row, 0])
    amounts, provisional = panel.amounts[row], panel.provisional[row]
    gross = np.abs(rest) > max(GROSS_LOG, _gross_sds(scale) * scale)
    found: list[Outlier] = []

    def add(start: int, stop: int, code: str, cause: str, *, is_sure: bool = True) -> None:
        known = [name for name in panel.deliveries[row, start:stop] if name]
        found.append(
            Outlier(
                panel.finess[row], panel.envelope, panel.amount_kind, known[0] if known else "", panel.months[start],
                panel.months[stop - 1], float(amounts[start]), float(panel.expected[row, start]), code, cause, is_sure,
            )
        )  # fmt: skip

    gross_runs = [
        run
        for run in _runs(gross)
        if _is_abrupt(rest, *run) and (run[1] - run[0] >= _LASTING_MONTHS_NB or _is_far_from_around(panel, row, *run))
    ]
    for start, stop in gross_runs:
        shift = float(np.nanmedian(rest[start:stop]))
        code, cause = _cause(shift, scale if stop - start < _LASTING_MONTHS_NB else 0.0)
        if code == "MOIS_ATYPIQUE" and stop - start >= _LASTING_MONTHS_NB:
            code, cause = (
                "NIVEAU_ROMPU",
                "le niveau change d'un coup et durablement : activité reprise, ouverte, fermée",
            )
        if shift < 0 and provisional[start:stop].all():
            cause += ", ou livraison encore incomplète"
        add(start, stop, code, cause, is_sure=abs(shift) > SURE_SDS * scale)
    taken = np.zeros(len(rest), bool)
    for start, stop in gross_runs:
        taken[start:stop] = True
    for month in np.flatnonzero(_lone(rest, _odd_limit(panel, scale), provisional) & ~taken):
        add(int(month), int(month) + 1, *_lone_cause(panel, row, int(month)))
        taken[month] = True
    if scale < _STEADY_SD:
        for month in np.flatnonzero(amounts < 0):
            if abs(np.log(-amounts[month] / panel.expected[row, month])) < max(ODD_LOG, GROSS_SDS * scale):
                add(int(month), int(month) + 1, "SIGNE_INVERSE", "signe inversé : le montant a la taille attendue")
        zeros = amounts == 0
        if np.exp(panel.levels[row, 0]) >= _ZERO_LEVEL_EUR:
            for start, stop in _runs(zeros):
                is_between = start > 0 and stop < len(amounts) and amounts[start - 1] > 0 and amounts[stop] > 0
                if is_between or zeros.sum() <= _LONE_MONTHS_NB:
                    add(start, stop, "ZERO_SUSPECT", "mois non transmis et écrit zéro")
    return sorted(found, key=lambda one: one.month)


def _is_far_from_around(panel: Panel, row: int, start: int, stop: int) -> bool:
    """Say whether a short run is as gross beside the months around it, where the establishment may have spent less.

    The spread of its months is that of its usual level. It comes, at most, from counting patients: at a quarter of the
    euros it is then twice as wide, as a Poisson law has it.
    """
    rest, scale = panel.residuals[row], float(panel.scales[row, 0])
    around = np.concatenate([rest[max(start - _NEIGHBOURS_NB, 0) : start], rest[stop : stop + _NEIGHBOURS_NB]])
    around = around[np.isfinite(around)]
    if len(around) < _FEWEST_MONTHS_NB:
        return True
    local = float(np.median(around))
    usual = local + float(panel.season[start:stop].mean())
    spread = scale * max(1.0, float(np.exp(-usual / 2)))
    far = abs(float(np.nanmedian(rest[start:stop])) - local)
    return bool(far > max(GROSS_LOG, _gross_sds(scale) * spread))


def _gross_sds(scale: float) -> float:
    return GROSS_SDS if scale < _STEADY_SD else IRREGULAR_SDS


def _cause(shift: float, scale: float) -> tuple[str, str]:
    """Return the code and the probable cause of a distance on the log scale."""
    powers = shift / np.log(10)
    nearest = round(powers)
    tolerance = min(_POWER_TOLERANCE + 2 * scale / np.log(10), 0.3)
    if nearest and abs(powers - nearest) <= tolerance and abs(nearest) <= 3:
        times = "trop grand" if nearest > 0 else "trop petit"
        if abs(nearest) == 3:
            unit = "euros comptés comme des milliers" if nearest > 0 else "montant écrit en milliers d'euros (k€)"
            return "FACTEUR_1000", f"{unit} : mille fois {times}"
        if abs(nearest) == 2:
            return "FACTEUR_100", f"virgule décalée de deux rangs (ou centimes) : cent fois {times}"
        return "FACTEUR_10", f"virgule décalée d'un rang : dix fois {times}"
    return "MOIS_ATYPIQUE", "saisie, rattrapage de plusieurs mois, ou événement réel à confirmer"


def _odd_limit(panel: Panel, scale: float) -> Floats:
    limit: Floats = np.maximum(np.where(panel.has_season, ODD_LOG, ODD_ALONE_LOG), ODD_SDS * scale)
    return limit


def _lone(rest: Floats, limit: Floats, provisional: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the months far from the median of those around, themselves not followed by a change of level."""
    nb = len(rest)
    padded = np.pad(rest, _NEIGHBOURS_NB, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS_NB + 1).copy()
    around[:, _NEIGHBOURS_NB] = np.nan
    medians = row_medians(around)
    before, after = row_medians(around[:, :_NEIGHBOURS_NB]), row_medians(around[:, _NEIGHBOURS_NB + 1 :])
    far = rest - medians
    # A step looks odd on one side only: both sides that exist must agree.
    sides = np.stack([rest - before, rest - after])
    agree = np.all(~np.isfinite(sides) | (np.abs(sides) > limit * 0.8), axis=0) & np.isfinite(sides).any(axis=0)
    enough = np.isfinite(around).sum(axis=1) >= _FEWEST_MONTHS_NB
    odd = (np.abs(far) > limit) & agree & enough & ~((far < 0) & provisional)
    runs = np.zeros(nb, bool)
    for start, stop in _runs(odd):
        if stop - start <= _LONE_MONTHS_NB:
            runs[start:stop] = True
    # Nothing follows the last month: only its past speaks, which a true step also has.
    last = np.flatnonzero(np.isfinite(rest))
    if len(last):
        runs[last[-1]] = False
    return runs


def _lone_cause(panel: Panel, row: int, month: int) -> tuple[str, str]:
    amounts, far = panel.amounts[row], panel.residuals[row, month]
    near = [place for place in (month - 1, month + 1) if 0 <= place < len(amounts)]
    empty = [place for place in near if not amounts[place] > 0]
    if empty and abs(far - np.log(2)) < _DOUBLE_TOLERANCE_LOG:
        return "MOIS_REUNIS", "deux mois réunis en un : le mois voisin est vide et celui-ci vaut le double"
    if abs(far - np.log(2)) < _DOUBLE_TOLERANCE_LOG:
        return "MOIS_ATYPIQUE", "montant compté deux fois, rattrapage, ou événement réel à confirmer"
    return "MOIS_ATYPIQUE", "saisie, rattrapage ou régularisation, ou événement réel à confirmer"


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the bounds (first, after the last) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _is_abrupt(rest: Floats, start: int, stop: int) -> bool:
    """Say whether a run begins or ends with a jump: a service that grows from nothing is no error."""
    before = [value for value in rest[:start][::-1] if np.isfinite(value)][:1]
    after = [value for value in rest[stop:] if np.isfinite(value)][:1]
    jumps = [abs(rest[start] - value) for value in before] + [abs(rest[stop - 1] - value) for value in after]
    return any(jump > _ABRUPT_LOG for jump in jumps)
