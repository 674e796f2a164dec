"""What a rule pays to a contract without effect: the simulated null, passed through the rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from caqes_analysis.schemes.rules import IncentiveRule
from caqes_analysis.schemes.terms import UNKNOWN, is_number

__all__ = ["NO_OBJECTIVE", "NO_RULE", "Undeserved", "pass_through_rule"]

NO_RULE = "aucune règle d'intéressement n'est donnée"
NO_OBJECTIVE = "objectif non renseigné"
"""What is said where no evolution to reach is known: there is no objective, or it bears on a share."""
_NO_PART = "part de l'objectif atteinte sans objet pour cette mesure"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Undeserved:
    """What the rule gives on paths without any effect.

    Parameters
    ----------
    credited_eur
        Savings that the rule counts, series × paths: ``max(0, N-1 − N)``.
    paid_eur
        Incentive paid, series × paths; None where a term of the rule is not known.
    reason
        Which term is not known, in French; empty when all are.
    """

    credited_eur: Floats
    paid_eur: Floats | None
    reason: str


def pass_through_rule(
    previous_eur: Floats,
    paths_eur: Floats,
    *,
    rule: IncentiveRule | None,
    indicator: str,
    target_pct: float | Floats | None,
) -> Undeserved:
    """Pass paths without effect through the rule of the contract.

    Parameters
    ----------
    previous_eur
        Amounts of the year before, one per series.
    paths_eur
        Amounts of the year on each path, series × paths.
    rule
        The rule; None: only what is counted as saved is returned.
    indicator
        Its name in the rule, for its rate.
    target_pct
        Evolution to reach (-5.0 for -5 %), where the rule asks that the objective be attained. One per series where the
        objective is a share: the evolution that reaches it; what a series without one would be paid is
        not known (NaN).

    Returns
    -------
    Undeserved
        Floor and cap bear on each series, as if it were its contract's only indicator; netting is not simulated.

    Examples
    --------
    >>> simple = IncentiveRule(source="exemple", rate_pct=20, gate="none", floor_eur="none", cap_eur="none")
    >>> one = pass_through_rule(
    ...     np.array([100.0]), np.array([[90.0, 110.0]]), rule=simple, indicator="phev_ipp", target_pct=None
    ... )
    >>> one.credited_eur.tolist(), one.paid_eur.tolist()
    ([[10.0, 0.0]], [[2.0, 0.0]])
    """
    credited = np.maximum(0.0, previous_eur[:, None] - paths_eur)
    if rule is None:
        return Undeserved(credited, None, NO_RULE)
    rate = rule.rate_of(indicator)
    unknown = [] if is_number(rate) else ["taux inconnu"]
    if rule.gate == UNKNOWN:
        unknown.append("effet de l'objectif inconnu")
    if rule.gate in ("attained", "proportional") and target_pct is None:
        unknown.append(NO_OBJECTIVE)
    if rule.gate == "proportional" and isinstance(target_pct, np.ndarray):
        unknown.append(_NO_PART)
    unknown += [
        words
        for words, limit in (("plancher inconnu", rule.floor_eur), ("plafond inconnu", rule.cap_eur))
        if limit == UNKNOWN
    ]
    if unknown or not is_number(rate):
        return Undeserved(credited, None, f"non calculable : {', '.join(unknown)}")
    evolution_pct = 100 * (paths_eur / previous_eur[:, None] - 1)
    if rule.gate == "attained" and target_pct is not None:
        aimed = target_pct[:, None] if isinstance(target_pct, np.ndarray) else target_pct
        gate = np.where(np.isnan(aimed), np.nan, evolution_pct <= aimed)
    elif rule.gate == "proportional" and not isinstance(target_pct, np.ndarray) and target_pct:
        gate = np.clip(evolution_pct / target_pct, 0.0, 1.0)
    else:
        gate = np.ones_like(credited)
    paid = float(rate) / 100 * credited * gate
    if is_number(rule.floor_eur):
        paid = np.where(paid < float(rule.floor_eur), 0.0, paid)
    if is_number(rule.cap_eur):
        paid = np.minimum(paid, float(rule.cap_eur))
    return Undeserved(credited, paid, "")
