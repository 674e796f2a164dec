"""The region's own back-test: earlier years forecast again, beside what came and what a spreadsheet would have said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.forecast.calibration import calibrate_panel, cut
from caqes_analysis.forecast.events import apply_events, begun_events
from caqes_analysis.forecast.followed import Followed, sums_of, units_of
from caqes_analysis.forecast.groups import GroupSums
from caqes_analysis.forecast.histories import Histories, Method, prepare
from caqes_analysis.forecast.panel import Panel
from caqes_analysis.forecast.paths import simulate_cents
from caqes_analysis.forecast.series import blocks_of, parts_of
from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS, simple_landings
from caqes_analysis.forecast.year_end import PATHS_NB, decimals, forecast_table, modelled_months

__all__ = ["OFFSETS_POINTS", "replay_region"]

OFFSETS_POINTS = (-8, -4, 0, 4, 8)
"""Targets tried in the back-test: points added to the evolution of the year before."""

_MIN_YEARS_NB = 2

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def replay_region(
    panel: Panel,
    *,
    year: int,
    observed_months: Collection[int],
    region: str,
    followed: Sequence[Followed] = (),
    events: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecast again the years before ``year`` that two whole years precede.

    Parameters
    ----------
    panel
        Months of every series.
    year
        Year of the campaign: earlier ones are replayed, each from what stood before it.
    observed_months
        Numbers of months observed.
    region
        What names the sums of the region, before the envelope.
    followed
        Indicators forecast: those that add up envelopes are replayed too, path by path, for each establishment and for
        the region.
    events
        Known events: those that had begun at the month replayed are applied, the others were not known.

    Returns
    -------
    tuple of DataFrame
        Tables ``forecast_trials`` and ``forecast_chances`` (of envelopes alone). Series whose year or year before is
        not whole, or that are not estimable, are left out, with the sums that need them.
    """
    trials: list[pd.DataFrame] = []
    chances: list[pd.DataFrame] = []
    past_ratios: dict[int, list[Floats]] = {number: [] for number in observed_months}
    for replayed in range(panel.first_year + _MIN_YEARS_NB, year):
        plain = {number: prepare(cut(panel, replayed, number), replayed) for number in sorted(observed_months)}
        needed = {number for one in plain.values() for number in modelled_months(one)}
        calibration = calibrate_panel(
            panel,
            year=replayed,
            observed_months=needed,
            events=begun_events(events, pd.Timestamp(replayed, 1, 1)),
        )
        start = panel.year_at(replayed)
        whole: Flags = np.asarray(panel.known[:, start : start + 12].all(axis=1))
        actual = panel.cents[:, start : start + 12].sum(axis=1)
        growth = _growth(panel, replayed - 1)
        for observed_nb, received in plain.items():
            one = apply_events(received, begun_events(events, pd.Timestamp(replayed, observed_nb, 1)))
            simple = simple_landings(received)
            known = np.array([method is not Method.NONE for method in one.methods], dtype=bool)
            usable = whole & one.has_previous & (one.previous_cents > 0) & (actual > 0) & known
            ratio = simple["last_ratio"]
            with np.errstate(divide="ignore", invalid="ignore"):
                log_errors = np.log(actual / 100 / ratio)
            earlier = np.concatenate(past_ratios[observed_nb]) if past_ratios[observed_nb] else np.zeros(0)
            sums, realised = GroupSums(replayed, observed_nb, PATHS_NB), Counter[str]()
            for rows in blocks_of(panel.series):
                block = one.take(rows)
                totals = simulate_cents(block, calibration, paths_nb=PATHS_NB, seed=0)
                _add_up(sums, realised, region, block, totals, actual[rows], usable[rows])
                kept = np.flatnonzero(usable[rows])
                rules = {name: euros[rows][kept] for name, euros in simple.items()}
                trials.append(_trials(block.take(kept), totals[kept], actual[rows][kept], "establishment", rules))
                found = _chances(
                    block.take(kept), totals[kept], actual[rows][kept], growth[rows][kept], ratio[rows][kept], earlier
                )
                chances.append(found)
                # A sum stands on whole years: an envelope at zero is a part of it, though it has no rate of its own.
                is_whole = whole[rows] & block.has_previous
                added, added_totals, came = _sums_of_envelopes(
                    block, totals, actual[rows], followed, observed_nb=observed_nb, is_whole=is_whole
                )
                trials.append(_trials(added, added_totals, came, "establishment"))
                _add_up(sums, realised, region, added, added_totals, came, added.has_previous)
            summed, summed_totals = sums.as_series()
            seen = summed.rows(lambda row, s=summed: s.methods[row] is not Method.NONE)  # type: ignore[misc]
            came = np.array([realised[summed.series[row]] for row in seen], dtype=np.int64)
            trials.append(_trials(summed.take(seen), summed_totals[seen], came, "region"))
            past_ratios[observed_nb].append(log_errors[usable & np.isfinite(log_errors)])
    tried = _joined(trials, _TRIAL_COLUMNS)
    return tried.assign(unit_label=units_of(tried["envelope"], followed)), _joined(chances, _CHANCE_COLUMNS)


def _add_up(
    sums: GroupSums,
    realised: Counter[str],
    region: str,
    histories: Histories,
    totals: Cents,
    actual: Cents,
    is_usable: Flags,
) -> None:
    """Add series up to the region, envelope by envelope: their paths to ``sums``, what came to ``realised``."""
    names = [f"{region}/{envelope}" for envelope in parts_of(histories.series)["envelope"]]
    groups = [(name,) for name in names]
    sums.add(histories, totals, names=groups, base_cents=histories.previous_cents, has_base=is_usable)
    for name, cents, counts in zip(names, actual, is_usable, strict=True):
        realised[name] += int(cents) * bool(counts)


def _sums_of_envelopes(
    block: Histories, totals: Cents, actual: Cents, followed: Sequence[Followed], *, observed_nb: int, is_whole: Flags
) -> tuple[Histories, Cents, Cents]:
    """Return the indicators that add up envelopes of a block of establishments: series, paths and what came."""
    names = sums_of(block.series, followed)
    sums = GroupSums(block.year, observed_nb, totals.shape[1], needs_all=True)
    sums.add(block, totals, names=names, base_cents=block.previous_cents, has_base=is_whole)
    realised = Counter[str]()
    for cents, groups in zip(actual, names, strict=True):
        realised.update(dict.fromkeys(groups, int(cents)))
    added, added_totals = sums.as_series()
    came = np.array([realised[name] for name in added.series], dtype=np.int64)
    # Without one of its years, a sum has an amount that nothing can be read against.
    kept = np.flatnonzero(added.has_previous & (added.previous_cents > 0) & (came > 0))
    return added.take(kept), added_totals[kept], came[kept]


_TRIAL_COLUMNS = (
    "series", "level", "envelope", "year", "observed_months_nb", "method", "previous_eur", "median_eur",
    "lower_80_eur", "upper_80_eur", "lower_95_eur", "upper_95_eur", "evolution_pct", "actual_eur",
    "actual_evolution_pct", *(f"{name}_pct" for name in SIMPLE_METHODS),
)  # fmt: skip
_CHANCE_COLUMNS = (
    "series", "level", "year", "observed_months_nb", "offset_points", "prob_exceed", "prob_last_ratio", "is_exceeded",
)  # fmt: skip


def _joined(parts: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def _growth(panel: Panel, year: int) -> Floats:
    """Return the evolution of each series in a year, in %; NaN where it is not known."""
    start = panel.year_at(year)
    both = panel.known[:, max(start - 12, 0) : start + 12]
    if start < 12:
        return np.full(len(panel.series), np.nan)
    sums = panel.cents[:, start - 12 : start + 12].reshape(-1, 2, 12).sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = 100 * (sums[:, 1] / sums[:, 0] - 1)
    return np.where(both.all(axis=1) & (sums > 0).all(axis=1), rates, np.nan)


def _trials(
    histories: Histories, totals: Cents, actual: Cents, level: str, rules: Mapping[str, Floats] | None = None
) -> pd.DataFrame:
    """Return what would have been announced beside what came; the simple rules are asked of what was received only."""
    table = forecast_table(histories, totals, np.full(len(totals), np.nan))
    previous = histories.previous_cents / 100
    nothing = np.full(len(totals), np.nan)
    rows: dict[str, Any] = {
        "level": level,
        "envelope": parts_of(histories.series)["envelope"].to_numpy(),
        "actual_eur": decimals(actual),
        "actual_evolution_pct": 100 * (actual / 100 / previous - 1),
        **{f"{name}_pct": nothing if rules is None else 100 * (rules[name] / previous - 1) for name in SIMPLE_METHODS},
    }
    return table.assign(**rows)[list(_TRIAL_COLUMNS)]


def _chances(
    histories: Histories, totals: Cents, actual: Cents, growth_pct: Floats, ratio_eur: Floats, past_log_errors: Floats
) -> pd.DataFrame:
    """Return the probabilities announced for the targets tried: ours, and the ratio's with its own past errors."""
    tried = np.isfinite(growth_pct)
    errors = np.sort(past_log_errors)
    found = []
    for offset in OFFSETS_POINTS:
        limits = histories.previous_cents * (1 + (growth_pct + offset) / 100)
        ours = ((totals > limits[:, None]).sum(axis=1) + 0.5) / (totals.shape[1] + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            gaps = np.log(limits / 100 / ratio_eur)
        theirs = (len(errors) - np.searchsorted(errors, gaps, side="right") + 0.5) / (len(errors) + 1)
        found.append(
            pd.DataFrame(
                {
                    "series": np.array(histories.series, dtype=object),
                    "level": "establishment",
                    "year": histories.year,
                    "observed_months_nb": histories.observed_nb,
                    "offset_points": offset,
                    "prob_exceed": ours,
                    "prob_last_ratio": np.where(np.isfinite(gaps) & (len(errors) > 0), theirs, np.nan),
                    "is_exceeded": actual > limits,
                }
            )[tried & (limits > 0)]
        )
    return pd.concat(found, ignore_index=True)
