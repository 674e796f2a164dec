"""Where a rate stands against its target: an alert before the end of the year, a verdict on the whole year only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from caqes_analysis.french import MISSING
from caqes_analysis.schemes.targets import Target

__all__ = ["NO_OBJECT", "Position", "position_of"]

NO_OBJECT = "sans objet"
"""What is written of a rate that cannot exist: nothing was there the year before."""
_LAST_MONTH = 12


@dataclass(frozen=True)
class Position:
    """A rate against its target, in words.

    Parameters
    ----------
    state
        ``warning`` above the target, ``good`` at or under it, ``missing`` when the year is not whole, ``muted`` when
        nothing can be said.
    label
        Words for a sentence or a card (« au-dessus du repère à M7 »).
    short
        Words for the cell of a table that names the target and the month elsewhere (« au-dessus »).
    """

    state: Literal["good", "warning", "missing", "muted"]
    label: str
    short: str


def position_of(
    value: float | None,
    target: Target,
    *,
    month_nb: int,
    direction: Literal["lower", "higher"] = "lower",
    gap: str | None = None,
    is_sum: bool = False,
    without: str | None = None,
) -> Position:
    """Say where an evolution rate stands.

    A rate at month M is an alert (« au-dessus de l'objectif à M7 »); respected or not is said of a whole year, and only
    of a contractual target (domain facts, section 3). A rate equal to its target respects it.

    Parameters
    ----------
    value
        Evolution, in percent; None or NaN when there is none.
    target
        What it is compared with.
    month_nb
        Last month of the cumulative rate.
    direction
        ``lower`` when staying under the target respects it, ``higher`` when reaching it does.
    gap
        Why the year read is not the whole one (« un mois manque »): it then has no verdict.
    is_sum
        True for the sum of establishments some of which have the gap: it keeps the alert, without verdict.
    without
        Why a rate has no object (« ouverture le 01/09/2023 »): there is then nothing to compare with a target.

    Examples
    --------
    >>> phev = Target("phev", "evolution_pct", 2016, 4.0, "%", "arrêté du 18/12/2015", "verified")
    >>> position_of(7.52, phev, month_nb=12).label
    'non respecté'
    >>> position_of(5.11, phev, month_nb=6).label
    "au-dessus de l'objectif à M6"
    >>> position_of(3.2, phev, month_nb=12, gap="un mois manque").label
    'pas de verdict : un mois manque'
    >>> position_of(None, phev, month_nb=6, without="ouverture le 01/09/2023").label
    'sans objet : ouverture le 01/09/2023'
    """
    if without is not None and (value is None or math.isnan(value)):
        return Position("muted", f"{NO_OBJECT} : {without}", NO_OBJECT)
    if target.value is None:
        return Position("muted", "objectif non renseigné", "–")
    if value is None or math.isnan(value):
        return Position("muted", MISSING, MISSING)
    is_above = value > target.value
    misses = is_above if direction == "lower" else value < target.value
    state: Literal["good", "warning"] = "warning" if misses else "good"
    is_verdict = target.is_contractual and month_nb == _LAST_MONTH
    if is_verdict and gap and not is_sum:
        return Position("missing", f"pas de verdict : {gap}", "pas de verdict")
    if is_verdict and not gap:
        verdict = "non respecté" if misses else "respecté"
        return Position(state, verdict, verdict)
    if direction == "higher":
        where = f"{'en dessous' if misses else 'au niveau'} {_of(target)}"
    elif target.is_contractual:
        where = "au-dessus de l'objectif" if misses else "dans l'objectif"
    else:
        where = "au-dessus du repère" if misses else "sous le repère"
    label = where if month_nb == _LAST_MONTH else f"{where} à M{month_nb}"
    if is_verdict and gap:
        label += f" ; pas de verdict, {gap}"
    short = "au-dessus" if is_above else "en dessous" if direction == "lower" or misses else "au niveau"
    return Position(state, label, short)


def _of(target: Target) -> str:
    return "de l'objectif" if target.is_contractual else "du repère"
