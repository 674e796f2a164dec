"""The forecast of the whole year: its table, and the joint paths behind its intervals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from caqes_analysis.errors import CaqesError
from caqes_analysis.forecast.calibration import Calibration, calibrate_panel
from caqes_analysis.forecast.events import apply_events
from caqes_analysis.forecast.histories import EMPTY_YEAR_NOTE, Histories, Method, prepare
from caqes_analysis.forecast.panel import Panel, build_panel
from caqes_analysis.forecast.paths import simulate_cents

__all__ = [
    "FORECAST_COLUMNS",
    "PATHS_NB",
    "decimals",
    "forecast_panel",
    "forecast_table",
    "forecast_year_end",
    "modelled_months",
    "simulate_year_end",
    "target_amount",
]

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]

PATHS_NB = 1000
"""Paths simulated: the quantile at 2.5 % then stands on 25 of them."""

_LEVELS = {"lower_80": 0.10, "upper_80": 0.90, "lower_95": 0.025, "upper_95": 0.975}
FORECAST_COLUMNS = (
    "series",
    "year",
    "observed_months_nb",
    "observed_eur",
    "previous_eur",
    "expected_eur",
    "median_eur",
    "lower_80_eur",
    "upper_80_eur",
    "lower_95_eur",
    "upper_95_eur",
    "evolution_pct",
    "evolution_lower_80_pct",
    "evolution_upper_80_pct",
    "evolution_lower_95_pct",
    "evolution_upper_95_pct",
    "prob_exceed",
    "method",
    "reason",
)
"""Columns of a forecast, in order."""

_CERTAIN_NOW = "objectif déjà dépassé par les mois observés"


def forecast_year_end(
    monthly: pd.DataFrame,
    *,
    year: int,
    target_pct: float | Mapping[str, float] | pd.Series[Any] | None = None,
    calibration: Calibration | None = None,
    seed: int = 0,
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Forecast the total of the year of each series, with its uncertainty and the risk of exceeding its target.

    Parameters
    ----------
    monthly
        ``series`` (text), ``month`` (first of month), ``amount_eur``, optionally ``is_provisional``; it holds the
        months observed of ``year``. Provisional months of ``year``, and those after them, are ignored.
    year
        Year to forecast.
    target_pct
        Target evolution rate in % against the year before: one number, or one per series (by its name).
    calibration
        What earlier years taught; learned on the years of ``monthly`` before ``year`` when None.
    seed
        Seed of the paths: same seed, same figures, whatever the order of the rows.
    events
        Known events, as :func:`~caqes_analysis.forecast.events.apply_events` reads them.

    Returns
    -------
    DataFrame
        One row a series, sorted: the columns of ``FORECAST_COLUMNS``. Amounts are exact decimals, rates are in %,
        ``prob_exceed`` is from 0 to 1. ``expected_eur`` is the mean of the paths of :func:`simulate_year_end`, the
        bounds are their quantiles. Where nothing can be estimated values are missing and ``reason`` says why.

    Raises
    ------
    CaqesError
        ``PREVISION_…`` when the months are not as described; ``CALIBRAGE_ANNEE``, ``CALIBRAGE_MOIS`` when the
        calibration is not for them.

    Examples
    --------
    >>> months = pd.date_range("2020-01-01", "2024-09-01", freq="MS")
    >>> monthly = pd.DataFrame({"series": "a/phmev", "month": months, "amount_eur": 1000.0})
    >>> row = forecast_year_end(monthly, year=2024, target_pct=3.0).iloc[0]
    >>> row["observed_months_nb"], str(row["observed_eur"]), str(row["previous_eur"])
    (np.int64(9), '9000.00', '12000.00')
    """
    panel = build_panel(monthly)
    return forecast_panel(panel, year=year, target_pct=target_pct, calibration=calibration, seed=seed, events=events)


def forecast_panel(
    panel: Panel,
    *,
    year: int,
    target_pct: float | Mapping[str, float] | pd.Series[Any] | None = None,
    calibration: Calibration | None = None,
    seed: int = 0,
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Do what :func:`forecast_year_end` does on months already aligned."""
    _check_draws(PATHS_NB, seed)
    targets = _targets(panel.series, target_pct)
    histories = apply_events(prepare(panel, year), events)
    calibration = _calibration_for(panel, histories, calibration, events)
    totals = simulate_cents(histories, calibration, paths_nb=PATHS_NB, seed=seed)
    return forecast_table(histories, totals, targets)


def simulate_year_end(
    monthly: pd.DataFrame,
    *,
    year: int,
    n_paths: int = PATHS_NB,
    calibration: Calibration | None = None,
    seed: int = 0,
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Simulate the joint paths of the total of the year: sum series within a path, then read quantiles.

    Parameters
    ----------
    monthly, year, calibration, seed, events
        As for :func:`forecast_year_end`; with the same values and the default ``n_paths`` they are the same paths.
    n_paths
        Number of paths.

    Returns
    -------
    DataFrame
        ``series, path`` (from 0)``, total_eur`` (exact decimals); series that are not estimable have no row.
    """
    _check_draws(n_paths, seed)
    panel = build_panel(monthly)
    histories = apply_events(prepare(panel, year), events)
    calibration = _calibration_for(panel, histories, calibration, events)
    totals = simulate_cents(histories, calibration, paths_nb=n_paths, seed=seed)
    rows = histories.rows(lambda row: histories.methods[row] is not Method.NONE)
    return pd.DataFrame(
        {
            "series": pd.Series(np.repeat(np.array(histories.series, dtype=object)[rows], n_paths), dtype="str"),
            "path": np.tile(np.arange(n_paths), len(rows)),
            "total_eur": decimals(totals[rows].ravel()),
        }
    )


def decimals(cents: Cents, missing: npt.NDArray[np.bool_] | None = None) -> pd.Series[Any]:
    """Return exact decimal euros from cents, without going through floats.

    Examples
    --------
    >>> [str(value) for value in decimals(np.array([123456, -1]))]
    ['1234.56', '-0.01']
    """
    words = np.stack([cents, cents >> 63], axis=1).astype(np.int64)
    exact = pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words.tobytes())])
    if missing is not None:
        exact = pa.compute.if_else(pa.array(missing), pa.scalar(None, pa.decimal128(18, 2)), exact)
    return pd.Series(pd.arrays.ArrowExtensionArray(exact))


def _calibration_for(
    panel: Panel, histories: Histories, calibration: Calibration | None, events: pd.DataFrame | None
) -> Calibration:
    needed = modelled_months(histories)
    if calibration is None:
        return calibrate_panel(panel, year=histories.year, observed_months=needed, events=events)
    if calibration.year > histories.year:
        raise CaqesError.of(
            "CALIBRAGE_ANNEE",
            f"ce calibrage a lu des mois de {calibration.year - 1}, que la prévision de {histories.year} ignore.",
            f"Refaire le calibrage pour {histories.year}.",
        )
    absent = sorted(needed - set(calibration.observed_months))
    if absent:
        raise CaqesError.of(
            "CALIBRAGE_MOIS",
            "ce calibrage n'a pas été fait pour ces nombres de mois observés.",
            "Les ajouter à observed_months en calibrant.",
            value=", ".join(map(str, absent)),
        )
    return calibration


def modelled_months(histories: Histories) -> set[int]:
    """Return the numbers of months observed for which a calibration is needed."""
    modelled = (Method.COMBINED, Method.SHORT, Method.PACE)
    return {int(histories.observed_nb[row]) for row in histories.rows(lambda r: histories.methods[r] in modelled)}


def _targets(series: tuple[str, ...], target_pct: float | Mapping[str, float] | pd.Series[Any] | None) -> Floats:
    """Return the target of each series in %, NaN without; a target that is not a number is refused."""
    by_name = isinstance(target_pct, (Mapping, pd.Series))
    given: list[Any] = [target_pct.get(name) for name in series] if by_name else [target_pct] * len(series)  # type: ignore[union-attr]
    found = np.array(pd.to_numeric(pd.Series(given, dtype=object), errors="coerce"), dtype=np.float64)
    wrong = [
        f"{name} : {value}"
        for name, value, number in zip(series, given, found, strict=True)
        if not np.isfinite(number) and not pd.isna(value)
    ]
    if wrong:
        raise CaqesError.of(
            "PREVISION_OBJECTIF",
            "cet objectif n'est pas un nombre fini, en %.",
            "Donner un nombre (4.0 pour 4 %), ou rien où il n'y a pas d'objectif.",
            value=" ; ".join(wrong) if by_name else str(target_pct),
        )
    return found


def _check_draws(paths_nb: int, seed: int) -> None:
    if paths_nb < 1:
        what, remedy = "il faut au moins une trajectoire.", "Donner à n_paths un nombre d'au moins 1 (1000 par défaut)."
        raise CaqesError.of("PREVISION_TRAJECTOIRES", what, remedy, value=str(paths_nb))
    if seed < 0:
        what, remedy = "la graine est un entier positif ou nul.", "Corriger seed."
        raise CaqesError.of("PREVISION_GRAINE", what, remedy, value=str(seed))


def forecast_table(histories: Histories, totals: Cents, targets_pct: Floats) -> pd.DataFrame:
    """Return the columns of a forecast, read on simulated paths.

    Parameters
    ----------
    histories
        What is known of each series.
    totals
        Cents of the whole year, series × paths.
    targets_pct
        Target evolution of each series in %; NaN where there is none.
    """
    unknown = np.array([method is Method.NONE for method in histories.methods], dtype=bool)
    no_rate = unknown | ~histories.has_previous | (histories.previous_cents <= 0)
    quantiles = np.quantile(totals, [0.5, *_LEVELS.values()], axis=1) if len(totals) else np.empty((5, 0))
    bounds = dict(zip(("median", *_LEVELS), np.rint(quantiles).astype(np.int64), strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {
            name: np.where(no_rate, np.nan, 100 * (cents / histories.previous_cents - 1))
            for name, cents in bounds.items()
        }
    prob, reasons = _probabilities(histories, totals, targets_pct, no_rate)
    for row in np.flatnonzero(~unknown & histories.has_previous & (histories.previous_cents <= 0)):
        reasons[row] = " ; ".join(filter(None, (reasons[row], EMPTY_YEAR_NOTE)))
    # Half-up, from exact integers: the mean of the paths to the cent.
    paths_nb = totals.shape[1]
    expected = (2 * totals.sum(axis=1) + paths_nb) // (2 * paths_nb) if len(totals) else np.zeros(0, np.int64)
    columns: dict[str, Any] = {
        "series": pd.Series(histories.series, dtype="str"),
        "year": np.full(len(totals), histories.year),
        "observed_months_nb": histories.observed_nb,
        "observed_eur": decimals(histories.observed_cents),
        "previous_eur": decimals(histories.previous_cents, ~histories.has_previous),
        "expected_eur": decimals(expected, unknown),
        **{f"{name}_eur": decimals(cents, unknown) for name, cents in bounds.items()},
        "evolution_pct": rates["median"],
        **{f"evolution_{name}_pct": rates[name] for name in _LEVELS},
        "prob_exceed": prob,
        "method": pd.Series([str(method) for method in histories.methods], dtype="str"),
        "reason": pd.Series(reasons, dtype="str"),
    }
    return pd.DataFrame(columns)[list(FORECAST_COLUMNS)]


def _probabilities(
    histories: Histories, totals: Cents, targets_pct: Floats, no_rate: npt.NDArray[np.bool_]
) -> tuple[Floats, list[str]]:
    """Return the probability of exceeding each target, never 0 nor 1 unless the months say so, and the reasons."""
    limits = histories.previous_cents * (1 + targets_pct / 100)
    paths_nb = totals.shape[1]
    exceeding = (totals > limits[:, None]).sum(axis=1)
    prob = (exceeding + 0.5) / (paths_nb + 1)
    reasons = list(histories.reasons)
    for row, method in enumerate(histories.methods):
        if no_rate[row] or np.isnan(targets_pct[row]):
            prob[row] = np.nan
        elif method in (Method.COMPLETE, Method.DORMANT):
            prob[row] = float(totals[row, 0] > limits[row])
        elif histories.observed_cents[row] > limits[row] and not histories.has_negative[row]:
            prob[row] = 1.0
            reasons[row] = " ; ".join(part for part in (reasons[row], _CERTAIN_NOW) if part)
    return prob, reasons


def target_amount(previous_eur: Decimal, target_pct: float) -> Decimal:
    """Return the amount that the target allows for the year.

    Examples
    --------
    >>> target_amount(Decimal("12000.00"), 3.0)
    Decimal('12360.00')
    """
    rate = 1 + Decimal(repr(float(target_pct))) / 100
    return (previous_eur * rate).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
