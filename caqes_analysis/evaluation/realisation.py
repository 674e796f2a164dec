"""What each contract reached: the value of an indicator against its objective."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal

import pandas as pd

from caqes_analysis.evaluation.gaps import Gaps
from caqes_analysis.evaluation.position import position_of
from caqes_analysis.evaluation.values import Values, outside_words
from caqes_analysis.exact import exact
from caqes_analysis.indicators.definition import IndicatorDefinition, Measure
from caqes_analysis.indicators.secrecy import TOO_FEW, UNRANKED
from caqes_analysis.quality import UNMATCHED_WORDS
from caqes_analysis.schemes.targets import Target, target_for

__all__ = ["UNMATCHED", "attainment_of", "realisation"]

UNMATCHED = UNMATCHED_WORDS
"""Why a contract whose twelve months do not make the yearly base gets none."""
_OPENED = "année précédente incomplète, l'établissement a ouvert en cours d'année"
_FROM_ZERO = "année précédente à zéro, pas d'évolution"
_LAST_MONTH = 12
Direction = Literal["lower", "higher"]

_COLUMNS = [
    "contract_finess",
    "subject",
    "year",
    "scheme",
    "kind",
    "label",
    "part",
    "period",
    "measure",
    "value",
    "target_value",
    "unit_label",
    "target_label",
    "attainment",
    "status",
    "reason",
]


def attainment_of(
    value: Fraction | None, target: Target, *, month_nb: int, direction: Direction
) -> tuple[str, str, str]:
    """Return whether an objective is attained, what can be said, and why.

    Parameters
    ----------
    value
        The exact value; None when there is none.
    target
        The objective; a value equal to it attains it. A region's benchmark of an envelope gives no verdict.
    month_nb
        Last month of the data: before December nothing is attained or missed yet.
    direction
        What is good.

    Returns
    -------
    tuple
        Values of ``attainment``, ``status`` and ``reason`` of the table ``evaluations``.
    """
    if value is None:
        return "unknown", "not_computable", "valeur inconnue : donnée non reçue"
    if not target.is_contractual:
        return "unknown", "not_computable", target.label
    if month_nb < _LAST_MONTH:
        where = position_of(float(value), target, month_nb=month_nb, direction=direction).label
        return "pending", "pending", f"{where} ; pas de verdict avant la fin de l'année"
    limit = exact(target.value)
    assert limit is not None
    attained = value <= limit if direction == "lower" else value >= limit
    return ("attained" if attained else "not_attained"), "computed", ""


def realisation(
    values: pd.DataFrame,
    definitions: Iterable[IndicatorDefinition],
    targets: pd.DataFrame,
    *,
    scheme: str,
    year: int,
    month_nb: int = _LAST_MONTH,
    gaps: Gaps | None = None,
) -> pd.DataFrame:
    """Compare each indicator of each contract with its objective.

    Parameters
    ----------
    values
        Values of the contracts, as :func:`caqes_analysis.evaluation.contract_values` gives them, of ``year`` and of the
        year before (``2024`` and ``2023``, or ``2024-M06`` and ``2023-M06``).
    definitions
        Definitions; those without target get « objectif non renseigné ».
    targets
        Table ``targets``.
    scheme, year
        Scheme, and data year (an evolution of ``year`` meets the target of ``year``).
    month_nb
        Last month of the data: before 12 there is an alert, never a verdict.
    gaps
        Which months are missing, to name them.

    Returns
    -------
    DataFrame
        Rows of ``evaluations`` of kind ``indicator``: ``contract_finess, subject, year, scheme, kind, label, part,
        period, measure, value, target_value, unit_label, target_label, attainment, status, reason``, ordered. An
        objective that the region gives to an indicator binds as the others do; comparisons are exact.
    """
    found = Values(values)
    suffix = "" if month_nb == _LAST_MONTH else f"-M{month_nb:02d}"
    rows = []
    for definition in definitions:
        measure, target = _objective(definition, targets, scheme=scheme, year=year)
        for finess in sorted({finess for finess, _ in found.places(definition.id)}):
            who = _own_target(target, targets, scheme=scheme, year=year, finess=finess)
            value, state = _value(found, definition, measure, finess, year=year, suffix=suffix)
            if state == "not_applicable":
                level = definition.measure(measure.evolution_of or measure.id)
                why = outside_words(level, is_clinic=finess in (gaps or Gaps()).clinics)
                outcome = ("not_applicable", "not_applicable", why)
            elif state == "from_zero":
                outcome = ("not_applicable", "not_applicable", _FROM_ZERO)
            elif state == "opened":
                outcome = ("not_applicable", "not_applicable", _OPENED)
            elif state == "incomplete":
                years = (year,) if measure.evolution_of is None else (year - 1, year)
                level = definition.measure(measure.evolution_of or measure.id)
                outcome = ("unknown", "not_computable", (gaps or Gaps()).words(finess, level, years))
            elif state == TOO_FEW:
                outcome = ("unknown", "not_computable", f"valeur masquée : {UNRANKED}")
            elif state == "unmatched":
                outcome = ("unknown", "not_computable", UNMATCHED)
            else:
                direction: Direction = "higher" if definition.direction == "higher" else "lower"
                outcome = attainment_of(value, who, month_nb=month_nb, direction=direction)
            rows.append(
                {
                    "contract_finess": finess,
                    "subject": definition.id,
                    "year": year,
                    "scheme": scheme,
                    "kind": "indicator",
                    "label": definition.name,
                    "part": definition.volet,
                    "period": str(year) if month_nb == _LAST_MONTH else f"{year} à M{month_nb}",
                    "measure": measure.id,
                    **_compared(value, who, measure.unit),
                    **dict(zip(("attainment", "status", "reason"), outcome, strict=True)),
                }
            )
    return _framed(rows)


def _own_target(target: Target, targets: pd.DataFrame, *, scheme: str, year: int, finess: str) -> Target:
    if not (targets["finess"] == finess).any():
        return target
    return target_for(
        targets, scheme=scheme, subject=target.subject, measure=target.measure, data_year=year, finess=finess
    )


def _objective(
    definition: IndicatorDefinition, targets: pd.DataFrame, *, scheme: str, year: int
) -> tuple[Measure, Target]:
    """Return what is compared, and the objective of all; without a target the main measure is shown."""
    if definition.target is None:
        measure = definition.main
        return measure, Target(definition.id, measure.id, year, None, measure.unit, "aucune ligne", "unknown")
    measure = definition.measure(definition.target.measure)
    target = target_for(
        targets, scheme=scheme, subject=definition.target.subject, measure=measure.id, data_year=year, finess="all"
    )
    return measure, target


def _value(
    found: Values, definition: IndicatorDefinition, measure: Measure, finess: str, *, year: int, suffix: str
) -> tuple[Fraction | None, str]:
    """Return what is compared with the objective; an evolution is that of the exact sums of both years."""
    level = measure.evolution_of or measure.id
    now, state = found.value(finess, f"{year}{suffix}", definition, level)
    if measure.evolution_of is None or now is None:
        return now, state
    if not found.has_evolution(finess, f"{year}{suffix}", definition, level):
        return None, "opened"
    before, earlier = found.value(finess, f"{year - 1}{suffix}", definition, level)
    if before is None:
        return None, earlier
    return (100 * (now / before - 1), state) if before > 0 else (None, "from_zero")


def _compared(value: Fraction | None, target: Target, unit: str) -> dict[str, Any]:
    return {
        "value": None if value is None else float(value),
        "target_value": target.value,
        "unit_label": unit,
        "target_label": target.label,
    }


def _framed(rows: list[dict[str, Any]], *more: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, *more])
    frame = frame.astype({"value": "float64", "target_value": "float64"})
    frame["reason"] = frame["reason"].where(frame["reason"] != "", None).map(lambda one: one, na_action="ignore")
    return frame.sort_values(["contract_finess", "subject", "year"], ignore_index=True)
