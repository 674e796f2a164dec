"""Who is targeted: the conditions of the référentiels, one after another. Nothing here says what must be reached."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.evaluation.gaps import Gaps
from caqes_analysis.evaluation.values import Values, outside_words
from caqes_analysis.exact import exact
from caqes_analysis.indicators.definition import IndicatorDefinition, Measure, ReferenceCondition

__all__ = ["targeting", "targeting_conditions"]

_CONDITION_COLUMNS = [
    "finess",
    "period",
    "indicator",
    "condition_nb",
    "measure",
    "value",
    "comparison",
    "threshold",
    "is_met",
    "value_status",
    "sentence",
]
_COLUMNS = ["finess", "period", "indicator", "reference_status", "is_targeted", "detail"]
_MOST_DECIMALS_NB = 4
_STATUS_OF = {True: "respected", False: "targeted", None: "unknown"}
_OUTSIDE = "not_applicable"
_UNKNOWN_WORDS = {"too_few": "valeur masquée"}


def targeting_conditions(
    values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], *, gaps: Gaps | None = None
) -> pd.DataFrame:
    """Return every condition of every référentiel for each establishment: the steps of :func:`targeting`.

    Parameters
    ----------
    values
        Rows of ``indicator_values`` (``finess, period, indicator, measure, numerator, denominator, value, value_status,
        months_nb``): of establishments or of contracts, one perimeter.
    definitions
        Definitions; those without référentiel have no row.
    gaps
        Which months are missing, to name them, and who opened in the course of the year: an amount or a count of its
        first months is that of no whole year, even where the source has no months.

    Returns
    -------
    DataFrame
        ``finess, period, indicator, condition_nb, measure, value, comparison`` (``below`` or ``above``)``, threshold,
        is_met`` (missing when the value is)``, value_status, sentence`` (French), ordered. Comparisons are strict and
        exact: a ratio is compared as the fraction that it is.
    """
    found = Values(values)
    rows = []
    for definition in definitions:
        conditions = definition.reference.conditions if definition.reference else ()
        for finess, period in found.places(definition.id):
            for number, condition in enumerate(conditions, 1):
                measure = definition.measure(condition.measure)
                value, status = found.value(finess, period, definition, measure.id)
                is_part = measure.denominator is None and (gaps or Gaps()).begins_within(finess, int(period[:4]))
                if value is not None and is_part:
                    value, status = None, "incomplete"
                rows.append(
                    {
                        "finess": finess,
                        "period": period,
                        "indicator": definition.id,
                        "condition_nb": number,
                        "measure": measure.id,
                        "value": None if value is None else float(value),
                        "comparison": "below" if condition.below is not None else "above",
                        "threshold": condition.below if condition.below is not None else condition.above,
                        "is_met": _is_met(condition, value),
                        "value_status": status,
                        "sentence": _sentence(
                            condition,
                            measure,
                            value,
                            status,
                            _untold(gaps or Gaps(), finess, measure, period, status),
                        ),
                    }
                )
    frame = pd.DataFrame(rows, columns=_CONDITION_COLUMNS)
    typed = frame.astype({"is_met": "boolean", "value": "float64", "condition_nb": "int64"})
    return typed.sort_values(["finess", "period", "indicator", "condition_nb"], ignore_index=True)


def targeting(
    values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], *, gaps: Gaps | None = None
) -> pd.DataFrame:
    """Say which establishments each référentiel targets.

    Conditions are joined by OU: one that is met is enough to respect the référentiel; an establishment that meets none
    is targeted. With no condition met and one whose value is missing, nobody can tell; an establishment that no
    condition is about (a for-profit clinic, outside Open PHMEV) is not concerned.

    Parameters
    ----------
    values, definitions, gaps
        As in :func:`targeting_conditions`; a definition whose référentiel is unknown gives ``unknown``.

    Returns
    -------
    DataFrame
        ``finess, period, indicator, reference_status`` (``respected``, ``targeted``, ``unknown``,
        ``not_applicable``)``, is_targeted`` (missing when it is neither of the first two)``, detail`` (French: every
        condition with its value), ordered; definitions without référentiel have no row.
    """
    definitions = list(definitions)
    conditions = targeting_conditions(values, definitions, gaps=gaps)
    rows = [
        _verdict(str(finess), str(period), str(indicator), steps)
        for (finess, period, indicator), steps in conditions.groupby(["finess", "period", "indicator"], sort=True)
    ]
    found = Values(values)
    for definition in definitions:
        if definition.reference is not None and not definition.reference.conditions:
            rows += [
                _verdict(finess, period, definition.id, _without_conditions(found, finess, period, definition, gaps))
                for finess, period in found.places(definition.id)
            ]
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype({"is_targeted": "boolean"})
    return frame.sort_values(["finess", "period", "indicator"], ignore_index=True)


def _without_conditions(
    found: Values, finess: str, period: str, definition: IndicatorDefinition, gaps: Gaps | None
) -> pd.DataFrame:
    """Return the only step of a référentiel whose conditions nobody gives: it targets nobody outside the data."""
    level = definition.measure(definition.main.evolution_of or definition.main.id)
    is_outside = found.value(finess, period, definition, level.id)[1] == _OUTSIDE
    is_clinic = finess in (gaps or Gaps()).clinics
    why = outside_words(level, is_clinic=is_clinic) if is_outside else "référentiel non renseigné"
    return pd.DataFrame({"is_met": [None], "value_status": [_OUTSIDE if is_outside else "missing"], "sentence": [why]})


def _verdict(finess: str, period: str, indicator: str, steps: pd.DataFrame) -> dict[str, Any]:
    known = [None if pd.isna(one) else bool(one) for one in steps["is_met"]]
    respects = True if True in known else None if None in known else False
    is_outside = (steps["value_status"] == _OUTSIDE).all()
    return {
        "finess": finess,
        "period": period,
        "indicator": indicator,
        "reference_status": _OUTSIDE if is_outside else _STATUS_OF[respects],
        "is_targeted": None if respects is None else not respects,
        "detail": " ; ".join(steps["sentence"]),
    }


def _is_met(condition: ReferenceCondition, value: Fraction | None) -> bool | None:
    if value is None:
        return None
    if condition.below is not None:
        return value < Fraction(condition.below)
    return condition.above is not None and value > Fraction(condition.above)


def _untold(gaps: Gaps, finess: str, measure: Measure, period: str, status: str) -> str:
    """Return why a value is not told, or does not apply."""
    if status == _OUTSIDE:
        return outside_words(measure, is_clinic=finess in gaps.clinics)
    if status == "incomplete":
        return gaps.words(finess, measure, (int(period[:4]),))
    return _UNKNOWN_WORDS.get(status, "valeur inconnue")


def _sentence(condition: ReferenceCondition, measure: Measure, value: Fraction | None, status: str, untold: str) -> str:
    threshold = condition.below if condition.below is not None else condition.above
    unit = f"{french.NBSP}{measure.unit}" if measure.unit else ""
    found = (
        french.MISSING
        if value is None
        else f"{french.number(float(value), _told_apart(value, threshold, measure))}{unit}"
    )
    decimals = 0 if threshold == round(threshold or 0) else measure.decimals
    asked = f"{'moins de' if condition.below is not None else 'plus de'} {french.number(threshold, decimals)}{unit}"
    label = f"{measure.label}{french.NBSP}:"
    met = _is_met(condition, value)
    if status == _OUTSIDE:
        return f"{label} {untold}"
    if met is None:
        return f"{label} {untold} (il faut {asked})"
    return f"{label} {found}, {'donc' if met else 'au lieu de'} {asked}"


def _told_apart(value: Fraction, threshold: Decimal | None, measure: Measure) -> int:
    """Return the decimals with which a value is not printed as the threshold that it does not equal."""
    limit = exact(threshold)
    for decimals in range(measure.decimals, _MOST_DECIMALS_NB):
        if value == limit or french.rounded(float(value), decimals) != threshold:
            return decimals
    return _MOST_DECIMALS_NB
