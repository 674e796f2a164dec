"""The transport trajectory (CAQOS, taken over in 2018): a reference, a rate a year, and what overruns it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.exact import cents
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER, REGULATORY

__all__ = ["TRAJECTORY", "transport_trajectory"]

TRAJECTORY = "transport_trajectory"
"""Indicator of the rows."""
_RULE = "objectif = référence × (1 + taux), puis d'année en année ; dépassement = réalisé − objectif"


def transport_trajectory(
    finess: str,
    *,
    reference_year: int,
    reference_eur: Decimal,
    rates_pct: Mapping[int, Decimal | None],
    realised_eur: Mapping[int, Decimal | None],
    rounds_each_year: bool = True,
) -> pd.DataFrame:
    """Return the target of each year and its overrun.

    ``target(c1) = reference × (1 + rate)``, then from year to year; ``D = realised − target``, negative when the
    establishment stays under it (``docs/methods/savings.md``). Each target is printed to the cent, half-up.

    Parameters
    ----------
    finess
        Establishment.
    reference_year, reference_eur
        The year from which the trajectory starts, and its spending.
    rates_pct
        National rate by year; None when it is unknown: the trajectory stops there, and says so.
    realised_eur
        Spending by year; None when it was not received.
    rounds_each_year
        Whether the next target starts from what is printed, or from the exact product: no text says where to round.

    Returns
    -------
    DataFrame
        Table ``savings``, method ``regulatory``, components ``reference, rate, target, realised, overrun`` of each year
        after the reference, until the last one of ``realised_eur``.

    Examples
    --------
    >>> found = transport_trajectory(
    ...     "330000001", reference_year=2018, reference_eur=Decimal("500000.00"),
    ...     rates_pct={2019: Decimal("2.2")}, realised_eur={2019: Decimal("520000.00")},
    ... )
    >>> found.set_index("component")["amount_eur"][["target", "overrun"]].tolist()
    [Decimal('511000.00'), Decimal('9000.00')]
    """
    rows: list[dict[str, Any]] = []
    start: Fraction | None = Fraction(reference_eur)
    for year in range(reference_year + 1, max(realised_eur, default=reference_year) + 1):
        rate, realised = rates_pct.get(year), realised_eur.get(year)
        exact = None if start is None or rate is None else start * (1 + Fraction(rate) / 100)
        target = None if exact is None else cents(exact)
        overrun = None if target is None or realised is None else realised - target
        why = None if target is not None else "non calculable : taux d'une année inconnu"
        why = why or (None if realised is not None else "non calculable : dépense de l'année non reçue")
        base = {"year": year, "status": "computed" if why is None else "not_computable", "reason": why}
        rows += [
            {**base, "component": "reference", "amount_eur": None if start is None else cents(start)},
            {**base, "component": "rate", "value": rate, "unit_label": "%"},
            {**base, "component": "target", "amount_eur": target},
            {**base, "component": "realised", "amount_eur": realised},
            {**base, "component": "overrun", "amount_eur": overrun},
        ]
        start = Fraction(target) if rounds_each_year and target is not None else exact
    if not rows:
        return tables.SAVINGS.empty()
    found = tables.SAVINGS.conform(
        pd.DataFrame(rows),
        finess=finess,
        indicator=TRAJECTORY,
        method=REGULATORY,
        perimeter=CURRENT_PERIMETER,
        label="Transports : trajectoire",
        rule=_RULE,
    )
    return tables.SAVINGS.validate(found)
