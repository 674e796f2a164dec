"""What an estimate reads of an objective: the evolution that reaches it, one for all or, of a share, each one's own."""

from __future__ import annotations

import pandas as pd

from caqes_analysis.indicators.definition import IndicatorDefinition

__all__ = ["evolution_to_reach"]


def evolution_to_reach(definition: IndicatorDefinition, rows: pd.DataFrame) -> float | dict[str, float] | None:
    """Return the evolution of the spending, in %, that reaches the objective of an indicator.

    A share ``s`` of a whole of which the rest ``O`` is held as received is reached by a part of ``s O / (1 − s)`` euros
    at most: an evolution of that on the year before, for each contract.

    Parameters
    ----------
    definition
        The indicator.
    rows
        Its contracts evaluated: ``contract_finess, previous_eur, current_eur, value, target_value``.

    Returns
    -------
    float, dict or None
        One evolution where it is the objective, and the same for all; by FINESS of the contract where the objective is
        a share of the euros saved, to lower; None where it is neither, or nobody gave it.

    Examples
    --------
    >>> from caqes_analysis.indicators.catalogue import load_catalogue
    >>> ambulance = load_catalogue()["transport_ambulance_share"]
    >>> one = {"contract_finess": "330000001", "previous_eur": 500.0, "current_eur": 600.0, "value": 60.0}
    >>> found = evolution_to_reach(ambulance, pd.DataFrame([one | {"target_value": 50.0}]))
    >>> round(found["330000001"], 6)  # 400 € of 800, 500 the year before
    -20.0
    """
    values = rows["target_value"].dropna().unique()
    measure = definition.measure(definition.target.measure) if definition.target else None
    if measure is None or not len(values):
        return None
    if measure.evolution_of is not None:
        return float(values[0]) if len(values) == 1 else None
    saved = definition.incentive.saving_measure
    is_part = saved is not None and measure.numerator == definition.measure(saved).numerator
    if not is_part or measure.denominator is None or measure.scale != 100 or definition.direction != "lower":
        return None
    known = rows.set_index("contract_finess")[["previous_eur", "current_eur", "value", "target_value"]]
    known = known.astype("float64").dropna()
    known = known[(known["value"] > 0) & (known["previous_eur"] > 0) & known["target_value"].between(0, 100, "left")]
    rest = known["current_eur"] * (100 / known["value"] - 1)
    share = known["target_value"] / 100
    evolution_pct = 100 * (share / (1 - share) * rest / known["previous_eur"] - 1)
    return {str(finess): float(pct) for finess, pct in evolution_pct.items()} or None
