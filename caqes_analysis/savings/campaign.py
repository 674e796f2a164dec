"""The savings of a campaign, computed once at the reception: every contract, every establishment, every lever."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.structure import annual_years
from caqes_analysis.known_periods import KNOWN_TO_DATE
from caqes_analysis.savings.changes import annual_pairs, extra_list_pairs, lpp_pairs, transport_pairs
from caqes_analysis.savings.decomposition import decompose, decomposed_savings
from caqes_analysis.savings.dotation import biosimilar_boxes, biosimilar_dotation, load_dotation
from caqes_analysis.savings.estimate_campaign import estimate_questions, statistical_savings
from caqes_analysis.savings.levers import potential_savings
from caqes_analysis.savings.moved_products import moved_products
from caqes_analysis.savings.objectives import (
    objective_effects,
    objective_questions,
    objective_steps,
    spending_objectives,
)
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER, regulatory_steps
from caqes_analysis.savings.sensitivity import estimate_sensitivity, rule_sensitivity
from caqes_analysis.savings.transports import transport_trajectory
from caqes_analysis.schemes.scheme import Scheme, scheme_of
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = [
    "CONSTANT_PERIMETER",
    "DECOMPOSED_ENVELOPES",
    "LEFT_OUT",
    "campaign_levers",
    "campaign_savings",
    "compared_year",
    "envelope_pairs",
    "last_compared_year",
    "sharing_indicators",
]

CONSTANT_PERIMETER: Final = "constant"
DECOMPOSED_ENVELOPES: Final = ("phmev", "extra_list_drugs", "extra_list_devices", "lpp")
"""Envelopes whose products are known one by one."""
LEFT_OUT: Final[Mapping[str, str]] = {"phmev": "hepatite-c", "extra_list_drugs": "anti-pd1"}
"""Code list left out of both years of an envelope at constant scope, as in the catalogue of indicators."""
_TRANSPORTS: Final = ("transport_ambulance", "transport_taxi", "transport_vsl")
_YEARS_READ: Final = {
    "extra_list_drugs": "select distinct year(month) as year from extra_list_use where kind = 'drug'",
    "extra_list_devices": "select distinct year(month) as year from extra_list_use where kind = 'device'",
    "lpp": "select distinct left(period, 4)::int as year from lpp_spend",
}


def sharing_indicators(definitions: Iterable[IndicatorDefinition]) -> list[IndicatorDefinition]:
    """Return the definitions whose savings a contract shares, ordered by identifier."""
    return sorted((one for one in definitions if one.incentive.kind == "savings_share"), key=lambda one: one.id)


def campaign_savings(store: Store, campaign: Campaign) -> dict[Table, pd.DataFrame]:
    """Return the three figures of a campaign, and what they assume.

    Parameters
    ----------
    store
        Store of the campaign, everything received and evaluated.
    campaign
        The campaign.

    Returns
    -------
    dict
        ``savings``: the steps of each contract, the dotation and the trajectory of transports where the scheme has
        them, then the effects of each envelope by establishment and of each shared indicator by contract, then the
        estimates; ``saving_estimates``: how sure these are, the region included; ``saving_sensitivity``: what both
        figures in euros owe to each assumption; ``saving_products``: what moved most in each envelope.
    """
    scheme = scheme_of(campaign)
    definitions = definitions_of(campaign).values()
    shared = sharing_indicators(definitions)
    objectives = spending_objectives(definitions, scheme)
    estimates, assumed = [], [_rule_sensitivity(store, scheme, shared)]
    for question in chain(
        estimate_questions(store, campaign, scheme, shared), objective_questions(store, campaign, scheme, objectives)
    ):
        answered = question.answer()
        estimates.append(answered)
        assumed.append(estimate_sensitivity(question, answered))
    estimated = _joined(tables.SAVING_ESTIMATES, estimates)
    steps = objective_steps(store, scheme, objectives)
    decomposed = list(_envelopes(store, campaign))
    envelopes = _joined(tables.SAVINGS, [part for effects, _ in decomposed for part in effects])
    parts = [
        *_regulatory(store, campaign, scheme, shared),
        steps,
        envelopes,
        objective_effects(store, campaign, objectives, steps=steps, envelopes=envelopes),
        *_indicators(store, shared),
        statistical_savings(estimated),
    ]
    return {
        tables.SAVINGS: _joined(tables.SAVINGS, parts),
        tables.SAVING_ESTIMATES: estimated,
        tables.SAVING_SENSITIVITY: _joined(tables.SAVING_SENSITIVITY, assumed),
        tables.SAVING_PRODUCTS: _joined(tables.SAVING_PRODUCTS, [moved for _, moved in decomposed]),
    }


def _joined(table: Table, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    full = [part for part in parts if len(part)]
    return table.validate(pd.concat(full, ignore_index=True)) if full else table.empty()


def _rule_sensitivity(store: Store, scheme: Scheme, shared: Sequence[IndicatorDefinition]) -> pd.DataFrame:
    evaluated = store.read(tables.EVALUATIONS)
    named = {one.id: one for one in shared}
    own = evaluated[evaluated["subject"].isin(list(named)) & (evaluated["kind"] == "indicator")]
    if scheme.incentive is None or own.empty:
        return tables.SAVING_SENSITIVITY.empty()
    subjects = own["subject"].tolist()
    asked = own.assign(
        is_valued=[named[subject].incentive.saving_measure is not None for subject in subjects],
        definition_rate_pct=pd.Series([named[s].incentive.rate_pct for s in subjects], index=own.index, dtype=object),
        reason=None,
    )
    return rule_sensitivity(asked, rule=scheme.incentive)


def campaign_levers(store: Store, campaign: Campaign) -> pd.DataFrame:
    """Return what the establishments of a campaign could save: table ``levers``; empty without a yearly drug file.

    Parameters
    ----------
    store, campaign
        As in :func:`campaign_savings`.
    """
    years = annual_years(store)
    if not years:
        return tables.LEVERS.empty()
    return potential_savings(store, year=years[-1], scheme=campaign.scheme)


def _regulatory(
    store: Store, campaign: Campaign, scheme: Scheme, shared: Sequence[IndicatorDefinition]
) -> Iterable[pd.DataFrame]:
    evaluated = store.read(tables.EVALUATIONS)
    if scheme.incentive is not None and len(evaluated):
        short = {one.id: one.short_name for one in shared}
        labels = [
            short.get(subject, label) for subject, label in zip(evaluated["subject"], evaluated["label"], strict=True)
        ]
        yield regulatory_steps(evaluated.assign(label=labels), rule=scheme.incentive, indicators=list(short))
    if scheme.has_biosimilar_dotation:
        rule = load_dotation()
        atc = sorted({group.atc for group in rule.groups})
        for year in annual_years(store):
            if year in scheme.result_years:
                yield biosimilar_dotation(biosimilar_boxes(store, atc=atc, year=year), rule=rule)
    if scheme.transport_reference_year is not None:
        yield from _trajectories(store, campaign, scheme.transport_reference_year)


def _trajectories(store: Store, campaign: Campaign, reference_year: int) -> Iterable[pd.DataFrame]:
    targets = store.read(tables.TARGETS)
    own = targets[
        (targets["scheme"] == campaign.scheme)
        & (targets["subject"] == "transports")
        & (targets["measure"] == "evolution_pct")
        & (targets["finess"] == "all")
    ]
    rates = {
        int(year): None if pd.isna(value) else Decimal(repr(float(value)))
        for year, value in zip(own["data_year"], own["value"], strict=True)
    }
    sums = store.query(
        f"""
        select finess, year, sum(amount_eur) filter (has_begun)::decimal(18, 2) as amount_eur
        from ({KNOWN_TO_DATE}) where list_contains($envelopes::text[], envelope) and month_nb = 12
        group by finess, year having bool_and(is_known) and bool_or(has_begun) order by finess, year
        """,
        {"envelopes": list(_TRANSPORTS)},
    )
    for finess, own_sums in sums.groupby("finess"):
        spent = dict(zip(own_sums["year"].astype(int), own_sums["amount_eur"], strict=True))
        if reference_year in spent:
            later = {year: amount for year, amount in spent.items() if year > reference_year}
            yield transport_trajectory(
                str(finess),
                reference_year=reference_year,
                reference_eur=spent[reference_year],
                rates_pct=rates,
                realised_eur=later,
            )


def _envelopes(store: Store, campaign: Campaign) -> Iterable[tuple[list[pd.DataFrame], pd.DataFrame]]:
    """Yield the effects of each envelope that two years tell product by product, and the products that moved most."""
    for envelope in DECOMPOSED_ENVELOPES:
        year = compared_year(store, campaign, envelope)
        if year is None:
            continue
        pairs = envelope_pairs(store, campaign, envelope)
        named = partial(decomposed_savings, indicator=envelope, year=year)
        effects = [named(decompose(pairs), perimeter=CURRENT_PERIMETER)]
        moved = moved_products(pairs, indicator=envelope, year=year, is_by_molecule=envelope == "phmev")
        if envelope in LEFT_OUT:
            others = envelope_pairs(store, campaign, envelope, without=LEFT_OUT[envelope])
            effects.append(named(decompose(others), perimeter=CONSTANT_PERIMETER))
        yield effects, moved


def last_compared_year(years: Collection[int]) -> int | None:
    """Return the last of the years received when the one before was received too, None otherwise."""
    last = max(years, default=0)
    return last if {last - 1, last} <= set(years) else None


def compared_year(store: Store, campaign: Campaign, envelope: str) -> int | None:
    """Return the last year whose products, and those of the year before, were received; None without both.

    Parameters
    ----------
    store, campaign
        The campaign.
    envelope
        One of :data:`DECOMPOSED_ENVELOPES`.
    """
    if envelope == "phmev":
        return last_compared_year(annual_years(store))
    return campaign.year if {campaign.year - 1, campaign.year} <= _years(store, _YEARS_READ[envelope]) else None


def envelope_pairs(
    store: Store,
    campaign: Campaign,
    envelope: str,
    *,
    without: str | None = None,
) -> pd.DataFrame:
    """Return the products of an envelope, both years side by side, over the months of the campaign that are settled.

    Parameters
    ----------
    store, campaign
        The campaign; :func:`compared_year` says whether it has both years.
    envelope
        One of :data:`DECOMPOSED_ENVELOPES`.
    without
        As in :func:`caqes_analysis.savings.changes.annual_pairs`.
    """
    year = compared_year(store, campaign, envelope) or campaign.year
    month_nb = campaign.settled_month_nb
    if envelope == "phmev":
        return annual_pairs(store, year=year, without=without)
    if envelope == "lpp":
        return lpp_pairs(store, year=year, last_month_nb=month_nb, without=without)
    return extra_list_pairs(
        store,
        year=year,
        kind="drug" if envelope == "extra_list_drugs" else "device",
        last_month_nb=month_nb,
        without=without,
    )


def _years(store: Store, sql: str) -> set[int]:
    return {int(year) for year in store.query(sql)["year"]}


def _indicators(store: Store, shared: Sequence[IndicatorDefinition]) -> Iterable[pd.DataFrame]:
    """Return the effects of each shared indicator by contract, for the contracts that compare whole years."""
    evaluated = store.read(tables.EVALUATIONS)
    if evaluated.empty:
        return
    signatory = contract_keys(store.read(tables.ESTABLISHMENTS))
    for definition in shared:
        rows = evaluated[(evaluated["subject"] == definition.id) & (evaluated["kind"] == "indicator")]
        for year, own in rows.groupby("year"):
            whole = own[
                (own["period"] == definition.data_words(int(str(year))))
                & own["previous_eur"].notna()
                & own["current_eur"].notna()
            ]
            pairs = _indicator_pairs(store, definition, definition.data_year(int(str(year))))
            if pairs is None or whole.empty:
                continue
            pairs["finess"] = [signatory.get(finess, finess) for finess in pairs["finess"]]
            effects = decompose(pairs[pairs["finess"].isin(list(whole["contract_finess"]))])
            yield decomposed_savings(effects, indicator=definition.id, year=int(str(year)), perimeter=CURRENT_PERIMETER)


def _indicator_pairs(store: Store, definition: IndicatorDefinition, year: int) -> pd.DataFrame | None:
    """Return the products that an indicator counts; None when its amounts are not those of one code list."""
    if definition.incentive.saving_measure is None:
        return None
    measure = definition.measure(definition.incentive.saving_measure)
    if measure.numerator is None:
        return None
    named = sorted(measure.numerator.code_lists)
    if measure.numerator.table == "annual_drug_spend" and len(named) == 1:
        return annual_pairs(store, year=year, within=named[0])
    if measure.numerator.table == "lpp_spend" and len(named) == 1:
        return lpp_pairs(store, year=year, within=named[0])
    if definition.id == "transport_ambulance_share":
        pairs = transport_pairs(store, year=year)
        return pairs[pairs["code"] == "ambulance"].reset_index(drop=True)
    return None
