"""The biosimilar dotation of the 2018 scheme: V × R × t, each factor kept."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, model_validator

from caqes_analysis import tables
from caqes_analysis.campaign import REPOSITORY
from caqes_analysis.exact import cents, exact, half_up
from caqes_analysis.parameter_files import Parameters, load_parameters
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER, REGULATORY
from caqes_analysis.schemes.terms import UNKNOWN, Limit, is_number
from caqes_analysis.store import Store

__all__ = [
    "DOTATION",
    "BiosimilarDotation",
    "DotationGroup",
    "biosimilar_boxes",
    "biosimilar_dotation",
    "load_dotation",
]

DOTATION = REPOSITORY / "parameters" / "dotation-biosimilaires.yml"
"""The package's file of the dated R of each group."""
_RATIO_DECIMALS = 3
_UNKNOWN_R = "non calculable : R inconnu pour cette année"


class DotationGroup(Parameters):
    """A biosimilar group and its R of one year.

    Parameters
    ----------
    atc
        ATC class of the group.
    label
        Its name.
    year
        Data year for which R stands.
    rate_eur
        R: 20 % of the gap between the price of the reference and that of the biosimilars, in euros per box;
        ``unknown`` until a text gives it.
    """

    atc: str = Field(pattern=r"^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$")
    label: str
    year: int
    rate_eur: Limit = UNKNOWN


class BiosimilarDotation(Parameters):
    """How the dotation counts boxes, and what each box pays.

    Parameters
    ----------
    source
        The text.
    status
        How sure it is.
    groups
        R by group and year.
    box_weights
        Weight of a presentation in V, by CIP13; 1 for those that are not named.
    weighted_share
        True when t counts weighted boxes too; the text weights V only.
    """

    source: str
    status: str
    groups: tuple[DotationGroup, ...] = ()
    box_weights: dict[str, Decimal] = Field(default_factory=dict)
    weighted_share: bool = False

    @model_validator(mode="after")
    def _check(self) -> BiosimilarDotation:
        named = [(one.atc, one.year) for one in self.groups]
        twice = sorted({f"{atc} en {year}" for atc, year in named if named.count((atc, year)) > 1})
        if twice:
            raise ValueError(f"un groupe a deux R la même année ({', '.join(twice)}). → N'en garder qu'un.")
        if any(weight <= 0 for weight in self.box_weights.values()):
            raise ValueError("un poids de boîte est positif. → Corriger box_weights.")
        return self


def load_dotation(path: Path = DOTATION) -> BiosimilarDotation:
    """Read the file of the dotation.

    Raises
    ------
    CampaignError
        Every problem of the file at once.
    """
    return load_parameters(path, BiosimilarDotation)


def biosimilar_boxes(store: Store, *, atc: Iterable[str], year: int) -> pd.DataFrame:
    """Return the boxes of biosimilar groups by establishment and presentation, mergers followed.

    Returns
    -------
    DataFrame
        ``finess, year, atc, cip13, role`` (reference or biosimilar) and ``boxes_nb``, ordered.
    """
    return store.query(
        """
        select coalesce(s.current_finess, a.finess) as finess, a.year, a.atc5 as atc, a.cip13,
               case a.generic_status when 'B' then 'biosimilar' else 'reference' end as role,
               sum(a.boxes_nb)::bigint as boxes_nb
        from annual_drug_spend a left join successions s on s.finess = a.finess
        where a.year = $year::int and list_contains($atc::text[], a.atc5) and a.generic_status in ('B', 'C')
        group by all order by all
        """,
        {"year": year, "atc": sorted(atc)},
    )


def biosimilar_dotation(boxes: pd.DataFrame, *, rule: BiosimilarDotation) -> pd.DataFrame:
    """Compute the dotation of each establishment and group: ``V × R × t``, to the cent, half-up.

    V is the number of boxes of the group, reference and biosimilars, weighted; t the share of the biosimilars in them;
    R is 20 % of the price gap (arrêté du 29/05/2019; ``docs/methods/savings.md``).

    Parameters
    ----------
    boxes
        Boxes by ``finess, year, atc, cip13, role``: what :func:`biosimilar_boxes` returns.
    rule
        R by group and year, weights.

    Returns
    -------
    DataFrame
        Table ``savings``, method ``regulatory``, indicator ``biosimilar_dotation/<atc>``: components ``boxes`` (V),
        ``biosimilar_boxes``, ``share`` (t), ``rate`` (R) and ``incentive``. Without R nothing is paid, and it is said.

    Examples
    --------
    >>> rule = BiosimilarDotation(source="exemple", status="verified", groups=[
    ...     {"atc": "L04AB01", "label": "étanercept", "year": 2019, "rate_eur": 30}])
    >>> where = {"finess": "330000001", "year": 2019, "atc": "L04AB01"}
    >>> boxes = [where | {"cip13": "1", "role": "reference", "boxes_nb": 700}]
    >>> boxes += [where | {"cip13": "2", "role": "biosimilar", "boxes_nb": 300}]
    >>> biosimilar_dotation(pd.DataFrame(boxes), rule=rule)["amount_eur"].iloc[-1]
    Decimal('9000.00')
    """
    known = {(one.atc, one.year): one for one in rule.groups}
    found: list[dict[str, Any]] = []
    for (finess, year, atc), own in boxes.groupby(["finess", "year", "atc"], sort=True):
        group = known.get((str(atc), int(str(year))))
        label = group.label if group else next((one.label for one in rule.groups if one.atc == atc), str(atc))
        base = {"finess": finess, "indicator": f"biosimilar_dotation/{atc}", "year": year, "label": label}
        found += [{**base, **step} for step in _steps(own, group, rule)]
    if not found:
        return tables.SAVINGS.empty()
    rows = tables.SAVINGS.conform(
        pd.DataFrame(found), method=REGULATORY, perimeter=CURRENT_PERIMETER, rule=f"V × R × t ({rule.source})"
    )
    return tables.SAVINGS.validate(rows)


def _steps(own: pd.DataFrame, group: DotationGroup | None, rule: BiosimilarDotation) -> list[dict[str, Any]]:
    lines = list(zip(own["cip13"], own["role"], [exact(one) or Fraction(0) for one in own["boxes_nb"]], strict=True))
    weights = {cip13: Fraction(weight) for cip13, weight in rule.box_weights.items()}
    weighted = [(role, boxes * weights.get(cip13, Fraction(1))) for cip13, role, boxes in lines]
    counted = weighted if rule.weighted_share else [(role, boxes) for _, role, boxes in lines]
    volume = sum((boxes for _, boxes in weighted), Fraction(0))
    whole = sum((boxes for _, boxes in counted), Fraction(0))
    taken = sum((boxes for role, boxes in counted if role == "biosimilar"), Fraction(0))
    steps: list[dict[str, Any]] = [
        {"component": "boxes", "value": half_up(volume, _RATIO_DECIMALS), "unit_label": "boîtes", "status": "computed"},
        {
            "component": "biosimilar_boxes",
            "value": half_up(taken, _RATIO_DECIMALS),
            "unit_label": "boîtes",
            "status": "computed",
        },
    ]
    if whole <= 0:
        return [*steps, {"component": "incentive", "status": "not_applicable", "reason": "aucune boîte du groupe"}]
    share = taken / whole
    steps.append(
        {"component": "share", "value": half_up(100 * share, _RATIO_DECIMALS), "unit_label": "%", "status": "computed"}
    )
    if group is None or not is_number(group.rate_eur):
        return [*steps, {"component": "incentive", "status": "not_computable", "reason": _UNKNOWN_R}]
    rate = group.rate_eur
    # t itself is never rounded: its printed value is, and the boxes beside it give it back.
    amount = cents(volume * Fraction(rate) * share)
    return [
        *steps,
        {"component": "rate", "amount_eur": rate, "status": "computed"},
        {"component": "incentive", "amount_eur": amount, "status": "computed"},
    ]
