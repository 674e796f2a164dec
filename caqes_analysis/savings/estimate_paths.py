"""From what an estimate reads to the paths of what would have been spent without contract."""

from __future__ import annotations

from dataclasses import replace

from caqes_analysis.forecast.year_end import PATHS_NB
from caqes_analysis.savings.estimate_input import Setting
from caqes_analysis.savings.estimate_model import USUAL_SHOCK_SD, Counterfactual, simulate_counterfactual
from caqes_analysis.savings.estimate_targeting import Targeting, replay_targeting

__all__ = ["counterfactual_of", "is_on_growth"]


def is_on_growth(setting: Setting, targeting: Targeting | None) -> bool:
    """Return whether some were chosen for what the model describes the return of: their growth."""
    return targeting is not None and targeting.measure == "growth" and not setting.treated.all()


def counterfactual_of(
    setting: Setting,
    targeting: Targeting | None,
    *,
    is_compared: bool,
    events_are_complete: bool = False,
    usual_shock_sd: float = USUAL_SHOCK_SD,
    seed: int,
) -> Counterfactual:
    """Simulate a period, its declared events included.

    Parameters
    ----------
    setting
        Aligned series, the period and the years to replay.
    targeting
        The rule that chose the establishments; None when it is not known.
    is_compared
        Whether those without contract measure the common move of the year.
    events_are_complete, usual_shock_sd, seed
        As :func:`~caqes_analysis.savings.estimate.estimate` receives them.
    """
    found = simulate_counterfactual(
        setting.replays,
        setting.current,
        setting.treated,
        [replay_targeting(window, setting.treated, targeting) for window in setting.replays],
        is_compared=is_compared,
        is_on_growth=is_on_growth(setting, targeting),
        is_on_one_growth=setting.has_growth,
        explained_variance=setting.explained_variance if events_are_complete else 0.0,
        usual_shock_sd=usual_shock_sd,
        widening=setting.widening,
        paths_nb=PATHS_NB,
        seed=seed,
    )
    if setting.events is None:
        return found
    return replace(found, paths_eur=found.paths_eur * setting.events.moved[found.rows, None])
