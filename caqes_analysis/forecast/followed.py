"""The indicators that are forecast within the year: those of the contract that have a target, and months."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.forecast.series import parts_of
from caqes_analysis.indicators.campaign_values import HISTORY_YEARS_NB
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.measures import Measure, Sum
from caqes_analysis.indicators.months import envelopes_counted, monthly_amounts
from caqes_analysis.perimeter import clinics_without_drugs
from caqes_analysis.schemes.targets import subjects_of_envelope
from caqes_analysis.store import Store

__all__ = ["EUROS", "Followed", "followed_indicators", "followed_months", "sums_of", "units_of"]

EUROS = "€"
"""Unit of the envelopes, and of most indicators."""
_QUANTITY = "quantity_nb"
_LINES_BY_CODE = ("lpp_spend", "extra_list_use")


@dataclass(frozen=True)
class Followed:
    """An indicator that is forecast.

    Parameters
    ----------
    indicator
        Its identifier, which names its series after the establishment.
    subject, measure
        Its target in the table ``targets``.
    line
        What is added up.
    envelopes
        Envelopes received that it adds up; empty when it is counted from lines by code.
    unit_label
        What it is counted in: euros, or the unit of its definition (boxes).
    outside
        Establishments to which one of the envelopes does not apply, nor then their sum.
    """

    indicator: str
    subject: str
    measure: str
    line: Sum
    envelopes: tuple[str, ...] = ()
    unit_label: str = EUROS
    outside: frozenset[str] = frozenset()


def followed_indicators(store: Store, campaign: Campaign) -> tuple[Followed, ...]:
    """Return the indicators to forecast beside the envelopes.

    An indicator in euros is left out when one envelope received stands for it (PERFADOM): it is forecast already.

    Parameters
    ----------
    store
        Store of the campaign, received.
    campaign
        The campaign.

    Returns
    -------
    tuple of Followed
        By identifier: published, of the campaign's scheme, with a known target for the evolution of an amount in euros
        received by month or by cumulative deliveries, or of a quantity (boxes) of lines by code.
    """
    targets = store.read(tables.TARGETS)
    known = targets[
        (targets["scheme"] == campaign.scheme) & (targets["data_year"] == campaign.year) & targets["value"].notna()
    ]
    asked = set(zip(known["subject"], known["measure"], strict=True))
    received = store.query("select distinct envelope from monthly_grid order by envelope")["envelope"].tolist()
    found = []
    for definition in definitions_of(campaign).values():
        level = _level_followed(definition, campaign.scheme)
        link = definition.target
        if level is None or level.numerator is None or link is None or (link.subject, link.measure) not in asked:
            continue
        line = level.numerator
        one = Followed(definition.id, link.subject, link.measure, line, unit_label=level.unit)
        if line.table in _LINES_BY_CODE:
            if level.unit != EUROS or not any(link.subject in subjects_of_envelope(envelope) for envelope in received):
                found.append(one)
        elif len(envelopes := envelopes_counted(line.condition, received)) > 1:
            outside = clinics_without_drugs(store) if "phmev" in envelopes else frozenset()
            found.append(replace(one, envelopes=envelopes, outside=outside))
    return tuple(found)


def _level_followed(definition: IndicatorDefinition, scheme: str) -> Measure | None:
    """Return the sum, in euros or in quantities, whose evolution a target bears on, when it has months."""
    if definition.status != "published" or scheme not in definition.schemes or definition.target is None:
        return None
    measures = {measure.id: measure for measure in definition.measures}
    evolution = measures.get(definition.target.measure)
    level = measures.get((evolution and evolution.evolution_of) or "")
    if level is None or level.denominator is not None or level.numerator is None:
        return None
    line = level.numerator
    in_euros = level.unit == EUROS and line.sum not in (None, _QUANTITY)
    in_quantities = level.unit != EUROS and line.sum == _QUANTITY and line.table in _LINES_BY_CODE
    has_months = line.table in (*_LINES_BY_CODE, "monthly_grid")
    return level if has_months and (in_euros or in_quantities) else None


def followed_months(store: Store, campaign: Campaign, followed: tuple[Followed, ...]) -> pd.DataFrame:
    """Return the months of the indicators counted from lines by code, as those of the envelopes are.

    Parameters
    ----------
    store, campaign
        As for :func:`followed_indicators`.
    followed
        The indicators; those that add up envelopes have no months of their own.

    Returns
    -------
    DataFrame
        ``series`` (``finess/indicator``)``, month, amount_eur`` (in the unit of the indicator)``, is_provisional,
        is_corrected, is_spread``.
    """
    years = range(campaign.year - HISTORY_YEARS_NB + 1, campaign.year + 1)
    last = pd.Timestamp(f"{campaign.last_month}-01")
    code_lists = known_code_lists(campaign.code_lists_folder)
    parts = []
    for one in followed:
        if one.envelopes:
            continue
        rows = monthly_amounts(store, one.line, years=years, code_lists=code_lists)
        rows = rows[pd.to_datetime(rows["month"]) <= last]
        late = pd.to_datetime(rows["month"]) >= pd.Timestamp(campaign.provisional_from or pd.Timestamp.max)
        parts.append(
            rows.assign(
                series=rows["finess"] + f"/{one.indicator}",
                is_provisional=rows["is_provisional"].astype(bool) | late,
                is_spread=False,
            ).drop(columns="finess")
        )
    columns = ["series", "month", "amount_eur", "is_provisional", "is_corrected", "is_spread"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def sums_of(series: Iterable[str], followed: Sequence[Followed]) -> list[tuple[str, ...]]:
    """Return the series of the indicators that add up each series.

    Parameters
    ----------
    series
        Names of the series (``finess/envelope``).
    followed
        The indicators forecast.
    """
    return [
        tuple(
            f"{finess}/{one.indicator}" for one in followed if envelope in one.envelopes and finess not in one.outside
        )
        for finess, envelope in parts_of(series).itertuples(index=False)
    ]


def units_of(envelopes: Iterable[str], followed: Sequence[Followed]) -> list[str]:
    """Return the unit in which each envelope or indicator is counted.

    Parameters
    ----------
    envelopes
        Codes of envelopes or identifiers of indicators.
    followed
        The indicators forecast.
    """
    units = {one.indicator: one.unit_label for one in followed}
    return [units.get(envelope, EUROS) for envelope in envelopes]
