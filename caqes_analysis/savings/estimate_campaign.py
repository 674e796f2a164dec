"""The third figure of a campaign: each shared indicator against what would have happened without contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign, KnownEvent
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.indicators.campaign_values import HISTORY_YEARS_NB
from caqes_analysis.indicators.compute import amounts_received
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.months import envelopes_counted
from caqes_analysis.savings.estimate_question import Question
from caqes_analysis.savings.estimate_targets import evolution_to_reach
from caqes_analysis.savings.reference_threshold import reference_threshold
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER
from caqes_analysis.schemes.periods import compared_months
from caqes_analysis.schemes.scheme import Scheme
from caqes_analysis.schemes.targets import subjects_of_envelope
from caqes_analysis.store import Store

__all__ = [
    "STATISTICAL",
    "amounts_by_signatory",
    "declared_events",
    "estimate_questions",
    "statistical_savings",
]

STATISTICAL: Final = "statistical"
"""Value of ``method`` in the table ``savings``."""
_NEVER_SIGNED: Final = "refusé"
_COMPONENTS: Final = {
    "previous_eur": "previous",
    "actual_eur": "current",
    "counterfactual_eur": "counterfactual",
    "saving_eur": "saving",
}
_BOUNDS: Final = ["lower_80_eur", "upper_80_eur", "lower_95_eur", "upper_95_eur", "prob_real"]


def estimate_questions(
    store: Store, campaign: Campaign, scheme: Scheme, shared: Iterable[IndicatorDefinition]
) -> Iterator[Question]:
    """Yield what a campaign asks: each shared indicator that has euros, and each first month that contracts compare.

    Parameters
    ----------
    store
        Store of the campaign, everything received and evaluated.
    campaign, scheme
        The campaign, and its scheme.
    shared
        Indicators whose savings are shared.
    """
    evaluated = store.read(tables.EVALUATIONS)
    contracts = store.read(tables.CONTRACTS)
    contracts = contracts[(contracts["scheme"] == scheme.id) & (contracts["status"] != _NEVER_SIGNED)]
    days = contracts.groupby("contract_finess")["signed_on"].min()
    signatory = contract_keys(store.read(tables.ESTABLISHMENTS))
    for definition in shared:
        if definition.data_year(campaign.year) != campaign.year:
            continue  # what it reads was spent before the contract of the year
        measure = definition.incentive.saving_measure
        rows = evaluated[(evaluated["subject"] == definition.id) & (evaluated["kind"] == "indicator")]
        rows = rows[rows["previous_eur"].notna() & rows["current_eur"].notna()]
        if measure is None or definition.measure(measure).denominator is not None or rows.empty:
            continue
        year = int(rows["year"].iloc[0])
        amounts = amounts_by_signatory(store, campaign, definition, measure, year, signatory)
        events = declared_events(campaign, definition, signatory=signatory)
        everyone = set(amounts["series"])
        signed = set(contracts["contract_finess"])
        firsts = [_first_nb(scheme, days, name, year) for name in rows["contract_finess"]]
        for first_nb, own in rows.groupby(pd.Series(firsts, index=rows.index)):
            treated = frozenset(own["contract_finess"])
            known = days.reindex(sorted(treated)).dropna()
            signed_on = None if known.empty else pd.Timestamp(known.min())
            yield Question(
                definition=definition,
                amounts=amounts,
                treated=treated,
                others=frozenset(everyone - signed),
                apart=frozenset((everyone & signed) - set(rows["contract_finess"])),
                start=pd.Timestamp(year, int(str(first_nb)), 1),
                year=year,
                signed_on=signed_on,
                rule=scheme.incentive,
                target_pct=evolution_to_reach(definition, own),
                last_signed_on=None if known.empty else pd.Timestamp(known.max()),
                declared_transition_nb=scheme.transition_months_nb or 0,
                threshold=reference_threshold(store, definition, signatory=signatory, signed_on=signed_on),
                events=events,
                events_are_complete=campaign.evenements_complets,
            )


def declared_events(
    campaign: Campaign, definition: IndicatorDefinition, *, signatory: Mapping[str, str], measure: str | None = None
) -> pd.DataFrame | None:
    """Return the events of a campaign that concern the spending of an indicator, as an estimate reads them.

    Parameters
    ----------
    campaign
        The campaign. An event of an envelope concerns an indicator that adds up this envelope and no other, or that has
        its target: what it does to a part of the envelope is not known.
    definition
        The indicator.
    signatory
        Contract of each establishment. The effect of an event on one site is not known for several.
    measure
        The sum in euros that is estimated; that of the savings, else the main one, when None.

    Returns
    -------
    DataFrame or None
        None when no event concerns it.
    """
    concerned = [
        (event, event.establishment and signatory.get(event.establishment, event.establishment))
        for event in campaign.evenements
        if _concerns(event, campaign, definition, measure)
    ]
    found = [
        {
            "date": f"{event.date}-01",
            "until": event.until and f"{event.until}-01",
            "kind": event.kind,
            "factor": event.factor if series == event.establishment else None,
            "label": event.label,
            "source": event.source,
            "series": series,
        }
        for event, series in concerned
    ]
    return pd.DataFrame(found) if found else None


def _concerns(event: KnownEvent, campaign: Campaign, definition: IndicatorDefinition, measure: str | None) -> bool:
    if event.envelope is None:
        return event.indicator in (None, definition.id)
    line = definition.measure(measure or definition.incentive.saving_measure or definition.main_measure).numerator
    if line is not None and line.table == "monthly_grid":
        known = sorted(envelope.code for envelope in campaign.all_envelopes)
        return envelopes_counted(line.condition, known) == (event.envelope,)
    return definition.target is not None and definition.target.subject in subjects_of_envelope(event.envelope)


def _first_nb(scheme: Scheme, days: pd.Series[Any], finess: str, year: int) -> int:
    day = days.get(finess)
    compared = compared_months(scheme, None if day is None or pd.isna(day) else pd.Timestamp(day).date(), year)
    return 1 if compared is None else compared.first_nb


def amounts_by_signatory(
    store: Store,
    campaign: Campaign,
    definition: IndicatorDefinition,
    measure: str,
    year: int,
    signatory: Mapping[str, str],
) -> pd.DataFrame:
    """Return the amounts received at the level at which contracts are signed: a site that is missing makes a gap.

    Parameters
    ----------
    store, campaign
        The campaign.
    definition, measure
        The indicator, and its sum in euros.
    year
        Year evaluated; the years before it are read too.
    signatory
        Contract of each establishment.

    Returns
    -------
    DataFrame
        ``series, amount_eur``, and ``month, is_provisional``, or ``year`` when the base has no months.
    """
    rows = amounts_received(
        store,
        definition,
        measure=measure,
        years=range(year - HISTORY_YEARS_NB, year + 1),
        code_lists=known_code_lists(campaign.code_lists_folder),
    )
    rows["series"] = [signatory.get(finess, finess) for finess in rows["finess"]]
    has_months = rows["period"].str.len().max() > len(str(year))
    key = ["series", "period"]
    alone = ~rows.duplicated(key, keep=False)
    several = [
        (*place, None if own["amount_eur"].isna().any() else sum(own["amount_eur"]), bool(own["is_provisional"].any()))
        for place, own in rows[~alone].groupby(key)
    ]
    columns = [*key, "amount_eur", "is_provisional"]
    found = pd.concat([rows.loc[alone, columns], pd.DataFrame(several, columns=columns)], ignore_index=True)
    found = found[found["amount_eur"].notna()].sort_values(key, ignore_index=True)
    if has_months:
        return found.assign(month=pd.to_datetime(found["period"] + "-01")).drop(columns="period")
    return found.assign(year=found["period"].astype(int)).drop(columns=["period", "is_provisional"])


def statistical_savings(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the estimates of the contracts as rows of the table ``savings``, method ``statistical``.

    Parameters
    ----------
    estimates
        Table ``saving_estimates``: the rows of contracts are kept.
    """
    own = estimates[(estimates["level"] == "series") & estimates["saving_eur"].notna()]
    parts = []
    for column, component in _COMPONENTS.items():
        part = own[["indicator", "year", "period", "reason"]].assign(
            finess=own["series"], component=component, amount_eur=own[column]
        )
        parts.append(part.join(own[_BOUNDS]) if component == "saving" else part)
    if own.empty:
        return tables.SAVINGS.empty()
    found = pd.concat(parts).sort_values(["indicator", "finess", "period"], kind="stable", ignore_index=True)
    return tables.SAVINGS.validate(
        tables.SAVINGS.conform(found, method=STATISTICAL, perimeter=CURRENT_PERIMETER, status="computed")
    )
