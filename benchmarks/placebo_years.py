"""The same regions known by their years only, as an indicator of the yearly bases is, for ``savings_placebo.py``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from caqes_analysis.savings import Targeting
from caqes_analysis.savings.estimate_input import read_yearly_setting
from caqes_analysis.savings.estimate_model import Counterfactual
from caqes_analysis.savings.estimate_paths import counterfactual_of

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
    """Simulate what the last year would have been, as ``savings.estimate`` does.

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
        Seed of the paths.
    """
    years = np.round(months.reshape(len(months), -1, 12).sum(axis=2)[:, -years_nb:], 2)
    names = np.array([f"{row:04d}" for row in range(len(years))])
    numbers = np.tile(np.arange(LAST_YEAR - years_nb + 1, LAST_YEAR + 1), len(years))
    table = pd.DataFrame({"series": np.repeat(names, years_nb), "year": numbers, "amount_eur": years.ravel()})
    under = list(names[treated])
    setting = read_yearly_setting(table, treated=under, year=LAST_YEAR)
    return counterfactual_of(setting, targeting, is_compared=is_compared, seed=seed)
