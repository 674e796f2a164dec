"""The same regions known by their years only, as an indicator of the yearly bases is, for ``savings_placebo.py``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from caqes_analysis.savings import Targeting, estimate
from caqes_analysis.savings.estimate_input import read_yearly_setting
from caqes_analysis.savings.estimate_model import Counterfactual, simulate_counterfactual
from caqes_analysis.savings.estimate_targeting import replay_targeting

LAST_YEAR = 2024


def years_without_contract(
    months: np.ndarray,
    treated: np.ndarray,
    targeting: Targeting | None,
    years_nb: int,
    *,
    is_compared: bool,
    seed: int,
) -> Counterfactual:
    """Simulate what the last year would have been, with the functions that ``savings.estimate`` calls.

    Parameters
    ----------
    months
        Series × months, whole years; all positive.
    treated, targeting
        Who is under contract, and the rule that chose them.
    years_nb
        Years received, that evaluated included.
    is_compared
        Whether the others measure the common move of the year.
    seed
        With seed 0, the public function is called too: fails unless it gives the same counterfactual.
    """
    years = np.round(months.reshape(len(months), -1, 12).sum(axis=2)[:, -years_nb:], 2)
    names = np.array([f"{row:04d}" for row in range(len(years))])
    numbers = np.tile(np.arange(LAST_YEAR - years_nb + 1, LAST_YEAR + 1), len(years))
    table = pd.DataFrame({"series": np.repeat(names, years_nb), "year": numbers, "amount_eur": years.ravel()})
    under = list(names[treated])
    setting = read_yearly_setting(table, treated=under, year=LAST_YEAR)
    found = simulate_counterfactual(
        setting.replays,
        setting.current,
        setting.treated,
        [replay_targeting(window, setting.treated, targeting) for window in setting.replays],
        is_compared=is_compared,
        is_on_growth=targeting is not None and targeting.measure == "growth",
        is_on_one_growth=setting.is_on_one_growth,
        paths_nb=1000,
        seed=seed,
    )
    if seed == 0:
        design = "compared" if is_compared else "interrupted"
        rows = estimate(table, treated=under, start=f"{LAST_YEAR}-01-01", design=design, targeting=targeting)
        public_eur = float(rows.set_index("level").loc["region", "counterfactual_eur"])
        assert abs(public_eur / found.paths_eur.mean(axis=1).sum() - 1) < 1e-9
    return found
