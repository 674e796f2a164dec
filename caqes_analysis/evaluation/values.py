"""Values of the indicators at the level at which contracts are signed, as exact fractions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd

from caqes_analysis.contract_level import NOT_IN_BASE
from caqes_analysis.exact import exact
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition, Measure
from caqes_analysis.indicators.months import counts_envelope

__all__ = [
    "Values",
    "contract_values",
    "exact_value",
    "mark_unmatched",
    "months_of",
    "outside_words",
    "second_part",
]

_UNKNOWN = ("missing", "not_applicable", "too_few", "unmatched")
_PHMEV = "phmev"
_ANNUAL = frozenset({"annual_drug_spend"})
_MONTHS_NB = 12
_KEY = ["finess", "period", "indicator", "measure"]
_COLUMNS = [
    *_KEY,
    "numerator",
    "denominator",
    "value",
    "value_status",
    "months_nb",
    "has_evolution",
]


def months_of(period: str) -> int:
    """Return how many months a period has: 12 for a year, 6 for ``2024-M06``."""
    return int(period[-2:]) if "-M" in period else _MONTHS_NB


def outside_words(measure: Measure, *, is_clinic: bool = False) -> str:
    """Return why a measure, which is no evolution, is not about an establishment.

    Parameters
    ----------
    measure
        The measure, ``not_applicable`` for it.
    is_clinic
        Whether it is a for-profit clinic that PHMEV does not apply to: it is not in the base.
    """
    if frozenset(measure.tables) == _ANNUAL:
        return NOT_IN_BASE if is_clinic else "aucune dépense de ce type dans Open PHMEV"
    if counts_envelope(measure, _PHMEV):
        return "pas de PHMEV pour cet établissement"
    return "aucune dépense ni activité de ce type"


class Values:
    """Values of contracts, found by contract, period, indicator and measure.

    Parameters
    ----------
    frame
        What :func:`contract_values` returns.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        keys = zip(frame["finess"], frame["period"], frame["indicator"], frame["measure"], strict=True)
        self._rows = dict(zip(keys, frame.itertuples(index=False), strict=True))
        self._places: dict[str, set[tuple[str, str]]] = {}
        for finess, period, indicator, _ in self._rows:
            self._places.setdefault(str(indicator), set()).add((str(finess), str(period)))

    def places(self, indicator: str) -> list[tuple[str, str]]:
        """Return the contracts and periods of an indicator, ordered."""
        return sorted(self._places.get(indicator, ()))

    def value(
        self, finess: str, period: str, definition: IndicatorDefinition, measure: str
    ) -> tuple[Fraction | None, str]:
        """Return a value as a fraction, and its status (``incomplete`` when some of its months are missing)."""
        row = self._rows.get((finess, period, definition.id, measure))
        value, state = exact_value(row, definition.measure(measure))
        months_nb = getattr(row, "months_nb", None)
        has_gap = months_nb is not None and not pd.isna(months_nb) and 0 < months_nb < months_of(period)
        if has_gap and state not in ("not_applicable", "too_few"):
            return None, "incomplete"
        return value, state

    def has_evolution(self, finess: str, period: str, definition: IndicatorDefinition, measure: str) -> bool:
        """Say whether a value may be read against that of the year before: not since an opening in the course of it."""
        row = self._rows.get((finess, period, definition.id, measure))
        return row is None or bool(getattr(row, "has_evolution", True))

    def difference(
        self, finess: str, period: str, part: str, definition: IndicatorDefinition, measure: str
    ) -> tuple[Fraction, Fraction | None] | None:
        """Return numerator and denominator of a period less those of its first months; None unless both are whole."""
        sums = []
        for when in (period, part):
            _, state = self.value(finess, when, definition, measure)
            row = self._rows.get((finess, when, definition.id, measure))
            if row is None or state in (*_UNKNOWN, "incomplete"):
                return None
            sums.append((exact(row.numerator), exact(row.denominator)))
        (whole, all_of_it), (first, before) = sums
        if whole is None or first is None:
            return None
        return whole - first, None if all_of_it is None or before is None else all_of_it - before


def exact_value(row: Any, measure: Measure) -> tuple[Fraction | None, str]:
    """Return a value as the fraction that it is, and its status.

    Parameters
    ----------
    row
        Row of ``indicator_values`` (a named tuple), or None.
    measure
        Its measure: a ratio is numerator over denominator, not the float that it prints.

    Returns
    -------
    tuple
        The value, None when it is missing or has no object, and the ``value_status``.
    """
    if row is None:
        return None, "missing"
    state = str(row.value_status)
    if state in _UNKNOWN:
        return None, state
    numerator, denominator = exact(row.numerator), exact(row.denominator)
    if measure.denominator is None:
        return (exact(row.value) if numerator is None else numerator * measure.scale), state
    if numerator is None or not denominator:
        return None, "not_applicable"
    return measure.scale * numerator / denominator, state


def contract_values(
    values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], contract_of: Mapping[str, str]
) -> pd.DataFrame:
    """Add the values of establishments up to the contracts that they are under.

    Parameters
    ----------
    values
        Rows of ``indicator_values``; those of establishments and of the current perimeter are read.
    definitions
        Definitions of the indicators. Evolutions are left out: they are those of the sums.
    contract_of
        Signatory of each establishment (:func:`caqes_analysis.contract_level.contract_keys`); itself when absent.

    Returns
    -------
    DataFrame
        ``finess`` (of the contract)``, period, indicator, measure, numerator, denominator, value, value_status,
        months_nb, has_evolution``, ordered. A contract one of whose sites is missing is missing: half of its spending
        would pass for a fall; ``months_nb`` is that of its least complete site. ``has_evolution`` is False when the
        evolution of all its sites is without object: they opened in the course of the year before, or after it.
    """
    definitions = list(definitions)
    measures = {(one.id, m.id): m for one in definitions for m in one.measures if m.evolution_of is None}
    own = values[(values["level"] == "establishment") & (values["perimeter"] == CURRENT_PERIMETER)]
    own = own[[pair in measures for pair in zip(own["indicator"], own["measure"], strict=True)]]
    placed = own.assign(finess=[contract_of.get(finess, finess) for finess in own["finess"]])
    without = _without_evolution(values, definitions, contract_of)
    rows = []
    ordered = placed.sort_values(_KEY, kind="stable").itertuples(index=False)
    for (finess, period, indicator, measure), group in groupby(ordered, key=attrgetter(*_KEY)):
        sites = list(group)
        rows.append(
            {
                "finess": finess,
                "period": period,
                "indicator": indicator,
                "measure": measure,
                **_summed(measures[indicator, measure], sites),
                "months_nb": _fewest_months(sites),
                "has_evolution": (finess, period, indicator, measure) not in without,
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def _without_evolution(
    values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], contract_of: Mapping[str, str]
) -> set[tuple[str, str, str, str]]:
    """Return the contracts, periods, indicators and levels none of whose sites has an evolution with an object."""
    levels = {(one.id, m.id): m.evolution_of for one in definitions for m in one.measures if m.evolution_of}
    pairs = list(zip(values["indicator"], values["measure"], strict=True))
    own = values[
        (values["level"] == "establishment")
        & (values["perimeter"] == CURRENT_PERIMETER)
        & pd.Series([pair in levels for pair in pairs], index=values.index, dtype=bool)
    ]
    placed = own.assign(
        finess=[contract_of.get(finess, finess) for finess in own["finess"]],
        base=[levels[pair] for pair in zip(own["indicator"], own["measure"], strict=True)],
        is_out=own["value_status"] == "not_applicable",
    )
    every = placed.groupby(["finess", "period", "indicator", "base"])["is_out"].all()
    return set(every[every].index)


def _fewest_months(sites: Iterable[Any]) -> Any:
    counts = [one.months_nb for one in sites if hasattr(one, "months_nb")]
    return min((count for count in counts if not pd.isna(count)), default=pd.NA) if counts else None


def _summed(measure: Measure, sites: Sequence[Any]) -> dict[str, Any]:
    states = [str(site.value_status) for site in sites]
    empty = {"numerator": None, "denominator": None, "value": None}
    for state in ("missing", "too_few"):
        if state in states:
            return {**empty, "value_status": state}
    counted = [row for row in sites if row.value_status != "not_applicable"]
    if not counted:
        return {**empty, "value_status": "not_applicable"}
    numerator = sum((exact(row.numerator) or exact(row.value) or Fraction(0) for row in counted), Fraction(0))
    if measure.denominator is None:
        value = measure.scale * numerator
        state = "reported" if numerator else "zero"
        return {"numerator": float(numerator), "denominator": None, "value": float(value), "value_status": state}
    denominator = sum((exact(row.denominator) or Fraction(0) for row in counted), Fraction(0))
    if not denominator:
        return {**empty, "value_status": "not_applicable"}
    return {
        "numerator": float(numerator),
        "denominator": float(denominator),
        "value": float(measure.scale * numerator / denominator),
        "value_status": "reported" if numerator else "zero",
    }


def mark_unmatched(
    values: pd.DataFrame,
    definitions: Iterable[IndicatorDefinition],
    unmatched: pd.DataFrame,
    contract_of: Mapping[str, str],
) -> pd.DataFrame:
    """Mark the years of which the months of PHMEV do not make the yearly base: they give no verdict.

    Parameters
    ----------
    values
        What :func:`contract_values` returns.
    definitions
        Definitions of the indicators; those that count the months of PHMEV, alone or with others, are concerned.
    unmatched
        What :func:`caqes_analysis.quality.unmatched_years` returns.
    contract_of
        Signatory of each establishment.

    Returns
    -------
    DataFrame
        ``values``, the status ``unmatched`` where the whole year is concerned.
    """
    counting = {(one.id, m.id) for one in definitions for m in one.measures if counts_envelope(m, _PHMEV)}
    years = {
        (contract_of.get(finess, finess), str(year))
        for finess, year in zip(unmatched["finess"], unmatched["year"], strict=True)
    }
    rows = zip(values["finess"], values["period"], values["indicator"], values["measure"], strict=True)
    concerned = [(finess, period) in years and (name, measure) in counting for finess, period, name, measure in rows]
    state = values["value_status"].astype(object)
    is_marked = pd.Series(concerned, index=values.index, dtype=bool) & (state != "not_applicable")
    return values.assign(value_status=state.mask(is_marked, "unmatched"))


def second_part(values: pd.DataFrame, definitions: Iterable[IndicatorDefinition], *, first_nb: int) -> pd.DataFrame:
    """Return the values of years from a month on: those of the year less those of the months before.

    Parameters
    ----------
    values
        What :func:`contract_values` returns, with the years and their cumulative months before ``first_nb``
        (``2022`` and ``2022-M06`` for a contract of 1 July).
    definitions
        Definitions of the indicators.
    first_nb
        First month counted.

    Returns
    -------
    DataFrame
        Rows of the years alone, their sums those of the months from ``first_nb`` to December; ``missing`` when the
        source gives no months, or when one of them is missing.
    """
    definitions = list(definitions)
    found = Values(values)
    measures = {(one.id, m.id): (one, m) for one in definitions for m in one.measures if m.evolution_of is None}
    rows = []
    for row in values[~values["period"].str.contains("-M")].to_dict("records"):
        definition, measure = measures[row["indicator"], row["measure"]]
        before = f"{row['period']}-M{first_nb - 1:02d}"
        sums = found.difference(row["finess"], row["period"], before, definition, measure.id)
        state = row["value_status"] if row["value_status"] == "not_applicable" else "missing"
        new = {**row, "numerator": None, "denominator": None, "value": None, "value_status": state, "months_nb": None}
        if sums is not None:
            top, bottom = sums
            new |= {"numerator": float(top), "denominator": None if bottom is None else float(bottom)}
            if bottom is None:
                new |= {"value": float(measure.scale * top), "value_status": "reported" if top else "zero"}
            elif bottom:
                new |= {"value": float(measure.scale * top / bottom), "value_status": "reported" if top else "zero"}
            else:
                new |= {"value_status": "not_applicable"}
        rows.append(new)
    return pd.DataFrame(rows, columns=_COLUMNS)
