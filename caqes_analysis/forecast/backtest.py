"""How good the forecasts would have been: earlier years forecast again, and compared with what came."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from caqes_analysis.forecast.calibration import check_observed_months, cut
from caqes_analysis.forecast.events import begun_events
from caqes_analysis.forecast.panel import build_panel
from caqes_analysis.forecast.year_end import FORECAST_COLUMNS, decimals, forecast_panel

__all__ = ["backtest"]


def backtest(
    monthly: pd.DataFrame,
    *,
    years: Collection[int],
    observed_months: Collection[int] = (3, 6, 9),
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Forecast earlier years as they would have been, and put what came beside.

    Each year is forecast from the months before it alone: neither weights nor intervals have read it.

    Parameters
    ----------
    monthly
        ``series``, ``month``, ``amount_eur``, optionally ``is_provisional``.
    years
        Years to forecast again.
    observed_months
        Numbers of months observed, 1 to 11.
    events
        Known events, as :func:`~caqes_analysis.forecast.events.apply_events` reads them; each forecast knows those that
        had begun by then.

    Returns
    -------
    DataFrame
        One row per series, year and number of months observed, for the series whose twelve months of that year are
        known: the columns of a forecast, ``actual_eur`` and ``actual_evolution_pct``.

    Raises
    ------
    CaqesError
        ``PREVISION_MOIS_OBSERVES`` when a number of months is not between 1 and 11; the errors of the months' table.
    """
    check_observed_months(observed_months)
    panel = build_panel(monthly)
    found: list[pd.DataFrame] = []
    for year in sorted(set(years)):
        start = panel.year_at(year)
        if start < 0 or start + 12 > panel.cents.shape[1]:
            continue
        whole = np.flatnonzero(panel.known[:, start : start + 12].all(axis=1))
        actual = panel.cents[:, start : start + 12].sum(axis=1)
        for observed_nb in sorted(set(observed_months)):
            known = begun_events(events, pd.Timestamp(year, observed_nb, 1))
            rows = forecast_panel(cut(panel, year, observed_nb), year=year, events=known)
            rows["actual_eur"] = decimals(actual)
            previous = rows["previous_eur"].astype("float64").to_numpy()
            with np.errstate(divide="ignore", invalid="ignore"):
                rates = 100 * (actual / 100 / previous - 1)
            rows["actual_evolution_pct"] = np.where(previous > 0, rates, np.nan)
            found.append(rows.iloc[whole])
    if not found:
        return pd.DataFrame(columns=[*FORECAST_COLUMNS, "actual_eur", "actual_evolution_pct"])
    return pd.concat(found, ignore_index=True)
