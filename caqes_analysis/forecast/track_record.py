"""What the region's own back-test says: errors, real cover of intervals, reliability of probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from caqes_analysis.forecast.followed import EUROS
from caqes_analysis.forecast.histories import Method
from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS

__all__ = [
    "ERROR_CAP_POINTS",
    "KINDS",
    "SIZE_CLASSES",
    "brier_scores",
    "reliability",
    "series_trials",
    "summarise_trials",
    "with_kind",
    "with_size_class",
]

ERROR_CAP_POINTS = 100.0
"""Errors of the evolution rate count at most this: a series of a few euros would weigh more than the region."""
SIZE_CLASSES = ("petites", "moyennes", "grandes")
"""Thirds of the series by the amount of the year before."""
KINDS = ("reçue", "somme")
"""What a trial is about: an envelope or amounts by code as received, or an indicator that adds envelopes up."""
_BINS = (0.0, 0.1, 0.2, 1 / 3, 0.5, 2 / 3, 0.8, 0.9, 1.0)


def with_kind(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials with ``kind``, one of ``KINDS``: an establishment's sum of paths adds envelopes up."""
    own = trials["level"] == "establishment"
    summed = set(trials.loc[own & (trials["method"] == Method.SUMMED), "envelope"])
    return trials.assign(kind=[KINDS[envelope in summed] for envelope in trials["envelope"]])


def series_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of the series of establishments, without the sums that add them up again."""
    return trials[(trials["level"] == "establishment") & (trials["method"] != Method.SUMMED)]


def with_size_class(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of series in euros with ``size_class``: their third by amount, among those of their year."""
    own = series_trials(trials[trials["unit_label"] == EUROS])
    amount = own["previous_eur"].astype("float64")
    rank = amount.groupby([own["year"], own["observed_months_nb"]]).rank(pct=True, method="first")
    third = np.ceil(rank.to_numpy() * len(SIZE_CLASSES) - 1e-9).astype(int) - 1
    return own.assign(size_class=[SIZE_CLASSES[at] for at in third])


def summarise_trials(trials: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return how good the forecasts of earlier years would have been.

    Parameters
    ----------
    trials
        Table ``forecast_trials``, possibly with ``size_class``.
    by
        Columns that make a group (``observed_months_nb``, ``size_class``, ``level``, ``year``).

    Returns
    -------
    DataFrame
        ``by`` + ``forecasts_nb, error_points`` (mean absolute error of the evolution rate, errors capped)``,
        cover_80_pct, cover_95_pct, width_80_points`` and the error of each simple method, over the same forecasts
        (``twelve_over_k_points``…; missing where the method says nothing).
    """
    actual = trials["actual_evolution_pct"]
    amounts = {name: trials[name].astype("float64") for name in trials if str(name).endswith("_eur")}
    frame = trials[list(by)].assign(
        forecasts_nb=1,
        error_points=_error(trials["evolution_pct"], actual),
        **{f"{name}_points": _error(trials[f"{name}_pct"], actual) for name in SIMPLE_METHODS},
    )
    for level in (80, 95):
        inside = amounts["actual_eur"].between(amounts[f"lower_{level}_eur"], amounts[f"upper_{level}_eur"])
        frame[f"cover_{level}_pct"] = 100.0 * inside
    width = amounts["upper_80_eur"] - amounts["lower_80_eur"]
    frame["width_80_points"] = (100 * width / amounts["previous_eur"]).clip(upper=2 * ERROR_CAP_POINTS)
    means = {name: "mean" for name in frame.columns if name not in (*by, "forecasts_nb")}
    return frame.groupby(list(by), as_index=False, sort=True).agg({"forecasts_nb": "sum", **means})


def _error(said: pd.Series[float], actual: pd.Series[float]) -> pd.Series[float]:
    return (said - actual).abs().clip(upper=ERROR_CAP_POINTS)


def reliability(chances: pd.DataFrame) -> pd.DataFrame:
    """Return, by class of announced probability, how often the target was really exceeded.

    Parameters
    ----------
    chances
        Table ``forecast_chances``.

    Returns
    -------
    DataFrame
        ``lower, upper`` (bounds of the class, 0 to 1)``, chances_nb, announced_pct, happened_pct``; empty classes are
        left out.
    """
    place = np.clip(np.digitize(chances["prob_exceed"], _BINS[1:-1]), 0, len(_BINS) - 2)
    said = pd.DataFrame({"place": place, "p": chances["prob_exceed"].to_numpy(), "y": chances["is_exceeded"]})
    rows = said.groupby("place", as_index=False).agg(chances_nb=("p", "size"), p=("p", "mean"), y=("y", "mean"))
    return pd.DataFrame(
        {
            "lower": [_BINS[at] for at in rows["place"]],
            "upper": [_BINS[at + 1] for at in rows["place"]],
            "chances_nb": rows["chances_nb"],
            "announced_pct": 100 * rows["p"],
            "happened_pct": 100 * rows["y"],
        }
    )


def brier_scores(chances: pd.DataFrame) -> pd.DataFrame:
    """Return the Brier score of the probabilities announced, and of those of the ratio with its own past errors.

    Parameters
    ----------
    chances
        Table ``forecast_chances``.

    Returns
    -------
    DataFrame
        ``observed_months_nb, chances_nb, brier`` (mean of ``(probability − outcome)²``, over all) ``, compared_nb,
        compared_brier, last_ratio_brier`` (both over the rows where the ratio has past errors), ordered.
    """
    happened = chances["is_exceeded"].astype("float64")
    ours = (chances["prob_exceed"] - happened) ** 2
    theirs = (chances["prob_last_ratio"] - happened) ** 2
    both = theirs.notna()
    frame = pd.DataFrame(
        {
            "observed_months_nb": chances["observed_months_nb"],
            "chances_nb": 1,
            "brier": ours,
            "compared_nb": both.astype(int),
            "compared_brier": ours.where(both),
            "last_ratio_brier": theirs,
        }
    )
    kinds = {name: "sum" if name.endswith("_nb") else "mean" for name in frame.columns[1:]}
    return frame.groupby("observed_months_nb", as_index=False, sort=True).agg(kinds)
