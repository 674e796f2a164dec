"""What each contract reached: the value of an indicator or the evolution of an envelope against its objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Literal

import pandas as pd

from caqes_analysis.evaluation.exact import exact
from caqes_analysis.evaluation.position import position_of
from caqes_analysis.evaluation.values import exact_value
from caqes_analysis.indicators.definition import IndicatorDefinition, Measure
from caqes_analysis.schemes.targets import Target, subjects_of_envelope, target_for, target_for_envelope

__all__ = ["attainment_of", "envelope_realisation", "realisation"]

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
    value: Fraction | None, target: Target, *, month_nb: int, direction: Direction, binds: bool
) -> tuple[str, str, str]:
    """Return whether an objective is attained, what can be said, and why.

    Parameters
    ----------
    value
        The exact value; None when there is none.
    target
        The objective; a value equal to it attains it.
    month_nb
        Last month of the data: before December nothing is attained or missed yet.
    direction
        What is good.
    binds
        True when the contract is judged on the target.

    Returns
    -------
    tuple
        Values of ``attainment``, ``status`` and ``reason`` of the table ``evaluations``.
    """
    if value is None:
        return "unknown", "not_computable", "valeur inconnue : donnée non reçue"
    if target.value is None:
        return "unknown", "not_computable", target.label
    if not binds:
        return "not_applicable", "computed", "repère régional, sans valeur contractuelle : pas de verdict"
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

    Returns
    -------
    DataFrame
        Rows of ``evaluations`` of kind ``indicator``: ``contract_finess, subject, year, scheme, kind, label, part,
        period, measure, value, target_value, unit_label, target_label, attainment, status, reason``, ordered. An
        objective that the region gives to an indicator binds as the others do; comparisons are exact.
    """
    found = {(row.finess, row.period, row.indicator): row for row in values.itertuples(index=False)}
    suffix = "" if month_nb == _LAST_MONTH else f"-M{month_nb:02d}"
    rows = []
    for definition in definitions:
        measure, target = _objective(definition, targets, scheme=scheme, year=year)
        own = values[values["indicator"].str.split(".").str[0] == definition.id]
        for finess in sorted(set(own["finess"])):
            who = _own_target(target, targets, scheme=scheme, year=year, finess=finess)
            value, state = _value(found, definition, measure, finess, year=year, suffix=suffix)
            if state == "not_applicable":
                outcome = ("not_applicable", "not_applicable", "sans objet pour cet établissement")
            else:
                direction: Direction = "higher" if definition.direction == "higher" else "lower"
                outcome = attainment_of(value, who, month_nb=month_nb, direction=direction, binds=True)
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


def envelope_realisation(
    evolutions: pd.DataFrame,
    targets: pd.DataFrame,
    *,
    scheme: str,
    year: int,
    month_nb: int = _LAST_MONTH,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Compare the evolution of each envelope of each contract with its national target, where it has one.

    Parameters
    ----------
    evolutions
        ``contract_finess, envelope, current_eur, previous_eur`` and, when it is known, ``value_status``: sums of the
        same months of both years.
    targets, scheme, year, month_nb
        As in :func:`realisation`.
    labels
        Names of the envelopes.

    Returns
    -------
    DataFrame
        Rows of ``evaluations`` of kind ``envelope``, as :func:`realisation`, with the two amounts. An envelope that
        no row of ``targets`` follows has no row; a regional benchmark gives no verdict.
    """
    rows = []
    followed = set(targets[targets["scheme"] == scheme]["subject"])
    for row in evolutions.sort_values(["contract_finess", "envelope"]).to_dict("records"):
        if followed.isdisjoint(subjects_of_envelope(row["envelope"])):
            continue
        target = target_for_envelope(
            targets, scheme=scheme, envelope=row["envelope"], data_year=year, finess=row["contract_finess"]
        )
        current, previous = exact(row["current_eur"]), exact(row["previous_eur"])
        is_known = row.get("value_status", "reported") not in ("missing", "not_applicable")
        value = 100 * (current / previous - 1) if is_known and current is not None and previous else None
        outcome = attainment_of(value, target, month_nb=month_nb, direction="lower", binds=target.is_contractual)
        rows.append(
            {
                "contract_finess": row["contract_finess"],
                "subject": row["envelope"],
                "year": year,
                "scheme": scheme,
                "kind": "envelope",
                "label": (labels or {}).get(row["envelope"], row["envelope"]),
                "period": str(year) if month_nb == _LAST_MONTH else f"{year} à M{month_nb}",
                "measure": "evolution_pct",
                **_compared(value, target, "%"),
                **dict(zip(("attainment", "status", "reason"), outcome, strict=True)),
                "previous_eur": row["previous_eur"],
                "current_eur": row["current_eur"],
            }
        )
    return _framed(rows, "previous_eur", "current_eur")


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
    found: Mapping[Any, Any], definition: IndicatorDefinition, measure: Measure, finess: str, *, year: int, suffix: str
) -> tuple[Fraction | None, str]:
    level = measure.evolution_of or measure.id
    row = found.get((finess, f"{year}{suffix}", f"{definition.id}.{level}"))
    now, state = exact_value(row, definition.measure(level))
    if measure.evolution_of is None or now is None:
        return now, state
    earlier_row = found.get((finess, f"{year - 1}{suffix}", f"{definition.id}.{level}"))
    before, earlier = exact_value(earlier_row, definition.measure(level))
    if before is None:
        return None, earlier
    return (100 * (now / before - 1), state) if before > 0 else (None, "not_applicable")


def _compared(value: Fraction | None, target: Target, unit: str) -> dict[str, Any]:
    label = target.label if target.value is None or target.status != "regional" else _regional(target)
    return {
        "value": None if value is None else float(value),
        "target_value": target.value,
        "unit_label": unit,
        "target_label": label,
    }


def _regional(target: Target) -> str:
    return f"{target.value_label} ({target.source}, fixé par la région)"


def _framed(rows: list[dict[str, Any]], *more: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, *more])
    frame = frame.astype({"value": "float64", "target_value": "float64"})
    frame["reason"] = frame["reason"].where(frame["reason"] != "", None).map(lambda one: one, na_action="ignore")
    return frame.sort_values(["contract_finess", "subject", "year"], ignore_index=True)
