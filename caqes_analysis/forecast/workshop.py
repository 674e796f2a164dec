"""Inside one forecast: what each candidate says, how wrong it was, and what leaving an event out would change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from caqes_analysis.forecast.calibration import Calibration, calibrate_panel, cut
from caqes_analysis.forecast.campaign import Step, events_of
from caqes_analysis.forecast.candidates import build_candidates
from caqes_analysis.forecast.events import apply_events, begun_events
from caqes_analysis.forecast.histories import Histories, Method, prepare
from caqes_analysis.forecast.library_models import library_rests
from caqes_analysis.forecast.simple_methods import simple_landings

__all__ = ["candidates_of", "events_compared"]

_REPLAYED_YEARS_NB = 2


def candidates_of(step: Step, series: str) -> pd.DataFrame:
    """Return what each candidate says of the year of a series, and how wrong it would have been in the last years.

    Parameters
    ----------
    step
        Forecasts of a campaign.
    series
        Name of the series (``finess/envelope``).

    Returns
    -------
    DataFrame
        ``candidate, kind`` (``candidate``, ``simple`` or ``library``)``, weight_pct`` (in the learned combination;
        missing for the other kinds)``, evolution_pct``, and ``error_<year>_points`` (said − came) for each year that
        can be replayed; empty when the series is not on the rungs that combine candidates.
    """
    year, observed_nb = step.campaign.year, step.campaign.settled_month_nb
    now = step.histories(observed_nb)
    at = now.series.index(series)
    if now.methods[at] not in (Method.COMBINED, Method.SHORT) or observed_nb > 11:
        return pd.DataFrame(columns=["candidate", "kind", "weight_pct", "evolution_pct"])
    observed_nb = int(now.observed_nb[at])
    calibration = step.calibration({observed_nb})
    rows = _said(now, at, calibration)
    learned = calibration.short if now.years_nb[at] == 1 else calibration.seasoned
    combination = learned[observed_nb].combination
    rows["weight_pct"] = rows["candidate"].map(dict(zip(combination.names, combination.weights, strict=True))) * 100
    for past in range(year - 1, year - 1 - _REPLAYED_YEARS_NB, -1):
        then = prepare(cut(step.panel, past, observed_nb), past)
        start = step.panel.year_at(past)
        whole = start >= 0 and step.panel.known[at, start : start + 12].all() and then.previous_cents[at] > 0
        if not whole or then.methods[at] not in (Method.COMBINED, Method.SHORT):
            continue
        actual = step.panel.cents[at, start : start + 12].sum()
        came = 100 * (actual / then.previous_cents[at] - 1)
        events = begun_events(events_of(step.campaign), pd.Timestamp(past, observed_nb, 1))
        calibration = calibrate_panel(step.panel, year=past, observed_months={observed_nb}, events=events)
        said = _said(apply_events(then, events), at, calibration)
        rows[f"error_{past}_points"] = (
            rows["candidate"].map(dict(zip(said["candidate"], said["evolution_pct"], strict=True))) - came
        )
    return rows


def _said(histories: Histories, at: int, calibration: Calibration) -> pd.DataFrame:
    row = np.array([at], dtype=np.intp)
    observed_nb = int(histories.observed_nb[at])
    months = histories.model_months(row, int(histories.years_nb[at]), observed_nb)
    candidates = build_candidates(months, observed_nb, np.array(calibration.profile))
    previous = histories.previous_cents[at] / 100
    simple = {name: float(total[0]) for name, total in simple_landings(histories.take(row)).items()}
    rests = library_rests(months[0], months_nb=12 - observed_nb)
    observed_eur = (histories.observed_cents[at] + 100 * histories.filled_eur[at]) / 100
    compared = simple | {name: observed_eur + rest for name, rest in rests.items()}
    return pd.DataFrame(
        {
            "candidate": [*candidates.names, *compared],
            "kind": [
                *["candidate"] * len(candidates.names),
                *["simple"] * len(simple),
                *["library"] * len(rests),
            ],
            "evolution_pct": [
                *(100 * (np.exp(candidates.log_ratios[0]) - 1)),
                *(100 * (total / previous - 1) if previous else float("nan") for total in compared.values()),
            ],
        }
    )


def events_compared(step: Step, series: str) -> pd.DataFrame:
    """Return the forecast of a series with all the events of the campaign, without any, and leaving each one out.

    Parameters
    ----------
    step
        Forecasts of a campaign.
    series
        Name of the series.

    Returns
    -------
    DataFrame
        ``events`` (which are kept, in French) and the columns of a forecast.
    """
    known = step.campaign.evenements
    choices: dict[str, tuple[Any, ...]] = {"tous les événements de la campagne": known}
    if known:
        choices["aucun événement"] = ()
    if len(known) > 1:
        choices |= {f"sans « {event.label} »": tuple(e for e in known if e is not event) for event in known}
    rows = []
    for label, kept in choices.items():
        campaign = step.campaign.model_copy(update={"evenements": kept})
        rows.append(Step(step.store, campaign).landing(series).rename(label))
    return pd.DataFrame(rows).rename_axis("events").reset_index()
