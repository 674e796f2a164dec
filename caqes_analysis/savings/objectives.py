"""What a contract that shares no savings counts: its spending against a rate of evolution, and what was real of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.exact import cents
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.measures import Measure
from caqes_analysis.indicators.months import envelopes_counted
from caqes_analysis.savings.decomposition import DECOMPOSED
from caqes_analysis.savings.estimate_campaign import amounts_by_signatory, declared_events
from caqes_analysis.savings.estimate_question import Question
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER, REGULATORY
from caqes_analysis.schemes.scheme import Scheme
from caqes_analysis.store import Store

__all__ = [
    "OVERRUN",
    "bears_objectives",
    "objective_effects",
    "objective_questions",
    "objective_steps",
    "spending_objectives",
]

OVERRUN: Final = "overrun"
"""Component of what stands above the objective; negative under it."""
_RULE: Final = "traduction en euros, non officielle : objectif = N-1 × (1 + taux) ; écart = N − objectif"
_NOT_THE_SAME: Final = "les mois reçus ne font pas le montant que le contrat compte"


def bears_objectives(scheme: Scheme) -> bool:
    """Return whether the contracts of a scheme are held to rates of evolution, and share no savings."""
    return not scheme.shares_savings and scheme.envelope_targets == "contractual"


def spending_objectives(
    definitions: Iterable[IndicatorDefinition], scheme: Scheme
) -> dict[str, tuple[IndicatorDefinition, str]]:
    """Return the indicators of every contract whose objective is an evolution in euros, and the sum that moves.

    Parameters
    ----------
    definitions
        The catalogue.
    scheme
        The scheme. Indicators of a volet that only some sign are left out: nobody else spends without contract. So are
        those that a contract reads a year after (``campaign_year``): that spending is not the one of its year.
    """
    found = {}
    for one in sorted(definitions, key=lambda each: each.id):
        if scheme.id not in one.schemes or one.target is None or one.volet not in (None, *scheme.common_volets):
            continue
        if one.period == "campaign_year":
            continue
        level = one.measure(one.target.measure).evolution_of
        if level is not None and one.measure(level).unit == "€":
            found[one.id] = (one, level)
    return found


def objective_steps(
    store: Store, scheme: Scheme, objectives: Mapping[str, tuple[IndicatorDefinition, str]]
) -> pd.DataFrame:
    """Return what separates the spending of each contract from its objective, to the cent, every step kept.

    Parameters
    ----------
    store
        Store of the campaign, everything received and evaluated.
    scheme
        The scheme.
    objectives
        As :func:`spending_objectives` returns them.

    Returns
    -------
    DataFrame
        Table ``savings``, method ``regulatory``: components ``previous, current, target, rate, overrun``. The texts
        hold contracts to a rate; that rate in euros is the package's own translation, and ``rule`` says so.
    """
    if not bears_objectives(scheme):
        return tables.SAVINGS.empty()
    steps = []
    for row in _evaluated(store, objectives).astype(object).to_dict("records"):
        steps += _steps(row, objectives[row["subject"]][0])
    if not steps:
        return tables.SAVINGS.empty()
    found = tables.SAVINGS.conform(pd.DataFrame(steps), method=REGULATORY, perimeter=CURRENT_PERIMETER, rule=_RULE)
    return tables.SAVINGS.validate(found)


def objective_effects(
    store: Store,
    campaign: Campaign,
    objectives: Mapping[str, tuple[IndicatorDefinition, str]],
    *,
    steps: pd.DataFrame,
    envelopes: pd.DataFrame,
) -> pd.DataFrame:
    """Return what the change of each contract is made of, where its envelopes are known product by product.

    Parameters
    ----------
    store, campaign
        The campaign.
    objectives
        As :func:`spending_objectives` returns them.
    steps
        What :func:`objective_steps` returns.
    envelopes
        Table ``savings``, method ``decomposed``, of the envelopes by establishment.

    Returns
    -------
    DataFrame
        Table ``savings``, method ``decomposed``: for each contract, the sum of its envelopes, to the cent; nothing
        where that sum is not what the contract counts. An objective that excludes products of a base (hepatitis C) is
        met by its envelope without them. An indicator that is itself an envelope has its rows already.
    """
    effects = envelopes[envelopes["perimeter"] == CURRENT_PERIMETER]
    constant = envelopes[envelopes["perimeter"] != CURRENT_PERIMETER]
    narrow = pd.concat([constant, effects[~effects["indicator"].isin(list(constant["indicator"]))]])
    if steps.empty or effects.empty:
        return tables.SAVINGS.empty()
    known = sorted(envelope.code for envelope in campaign.all_envelopes)
    signatory = contract_keys(store.read(tables.ESTABLISHMENTS))
    counted = steps.set_index(["indicator", "finess", "component"])["amount_eur"].to_dict()
    parts = []
    for subject in sorted(set(steps["indicator"]) - set(effects["indicator"])):
        definition, measure = _by_month(objectives, subject)
        wanted = _envelopes_of(definition.measure(measure), known)
        of_contracts: dict[str, dict[str, Any]] = {}
        for read in (narrow, effects):  # everything, when both make what the contract counts
            own = read[read["indicator"].isin(list(wanted))]
            own = own.assign(finess=[signatory.get(finess, finess) for finess in own["finess"]])
            for finess, rows in own.groupby("finess", sort=True):
                sums = {name: sum(part.tolist(), Decimal(0)) for name, part in rows.groupby("component")["amount_eur"]}
                both = [counted.get((subject, finess, name)) for name in ("previous", "current")]
                if both == [sums["previous"], sums["current"]]:
                    of_contracts[str(finess)] = {"year": rows["year"].iloc[0], "sums": sums}
        parts += [
            {"finess": finess, "indicator": subject, "year": one["year"], "component": name, "amount_eur": amount}
            for finess, one in sorted(of_contracts.items())
            for name, amount in one["sums"].items()
        ]
    if not parts:
        return tables.SAVINGS.empty()
    found = tables.SAVINGS.conform(
        pd.DataFrame(parts), method=DECOMPOSED, perimeter=CURRENT_PERIMETER, status="computed"
    )
    return tables.SAVINGS.validate(found)


def _envelopes_of(level: Measure, known: Sequence[str]) -> tuple[str, ...]:
    """Return the decomposed envelopes that a sum may be made of; whether it is, to the cent, the caller checks."""
    line = level.numerator
    if line is None:
        return ()
    if line.table == tables.ANNUAL_DRUG_SPEND.name:
        return ("phmev",)
    return envelopes_counted(line.condition, known) if line.table == tables.MONTHLY_GRID.name else ()


def _evaluated(store: Store, objectives: Mapping[str, tuple[IndicatorDefinition, str]]) -> pd.DataFrame:
    rows = store.read(tables.EVALUATIONS)
    own = rows[(rows["kind"] == "indicator") & rows["subject"].isin(list(objectives))]
    return own[own["status"] != "not_applicable"].sort_values(["subject", "contract_finess"], ignore_index=True)


def _steps(row: Mapping[Any, Any], definition: IndicatorDefinition) -> list[dict[str, Any]]:
    """Return the steps of one contract; a step that is not known has no row, but the last, which says why."""
    previous, current, rate = (
        None if pd.isna(row[name]) else row[name] for name in ("previous_eur", "current_eur", "target_value")
    )
    target = overrun = None
    if previous is not None and rate is not None:
        target = cents(Fraction(previous) * (1 + Fraction(Decimal(repr(float(rate)))) / 100))
        overrun = None if current is None else current - target
    why = None
    if overrun is None:
        # What the evaluation says first; the rate may be all that lacks.
        why = "non calculable : objectif non renseigné" if rate is None else f"non calculable : {_reason(row)}"
    base = {
        "finess": row["contract_finess"],
        "indicator": row["subject"],
        "year": row["year"],
        "period": row["period"],
        "label": definition.short_name,
        "status": "computed" if why is None else "not_computable",
    }
    amounts = {"previous": previous, "current": current, "target": target}
    return [
        *({**base, "component": name, "amount_eur": amount} for name, amount in amounts.items() if amount is not None),
        *([{**base, "component": "rate", "value": float(rate), "unit_label": "%"}] if rate is not None else []),
        {**base, "component": OVERRUN, "amount_eur": overrun, "reason": why},
    ]


def _reason(row: Mapping[Any, Any]) -> str:
    known = [row[name] for name in ("reason", "amount_reason") if name in row and not pd.isna(row[name])]
    return str(known[0]) if known else "montant non reçu"


def objective_questions(
    store: Store,
    campaign: Campaign,
    scheme: Scheme,
    objectives: Mapping[str, tuple[IndicatorDefinition, str]],
) -> Iterator[Question]:
    """Yield what was real in each envelope under contract: everyone signs, so only the years before can tell.

    Parameters
    ----------
    store, campaign, scheme
        The campaign, everything received and evaluated, and its scheme.
    objectives
        As :func:`spending_objectives` returns them. Where several bear one objective, months are preferred to years.
    """
    if not bears_objectives(scheme):
        return
    evaluated = _evaluated(store, objectives)
    contracts = store.read(tables.CONTRACTS)
    days = contracts[contracts["scheme"] == scheme.id].groupby("contract_finess")["signed_on"].min()
    signatory = contract_keys(store.read(tables.ESTABLISHMENTS))
    for subject, rows in evaluated.groupby("subject", sort=True):
        known = rows.dropna(subset=["previous_eur", "current_eur"])
        if known.empty:
            continue
        year = int(known["year"].iloc[0])
        definition, _ = objectives[str(subject)]
        read, measure = _by_month(objectives, str(subject))
        amounts = amounts_by_signatory(store, campaign, read, measure, year, signatory)
        same = _of_the_same_amounts(known, amounts, year)
        lost = dict.fromkeys(sorted(set(known["contract_finess"]) - same), _NOT_THE_SAME)
        others = rows[~rows["contract_finess"].isin(list(known["contract_finess"]))]
        lost |= {str(row["contract_finess"]): _reason(row) for row in others.to_dict("records")}
        signed = days.reindex(sorted(same)).dropna()
        yield Question(
            definition=definition,
            amounts=amounts,
            treated=frozenset(same),
            others=frozenset(),
            apart=frozenset(),
            start=pd.Timestamp(year, 1, 1),
            year=year,
            signed_on=None if signed.empty else pd.Timestamp(signed.min()),
            last_signed_on=None if signed.empty else pd.Timestamp(signed.max()),
            target_pct=_same(known["target_value"]),
            declared_transition_nb=scheme.transition_months_nb or 0,
            events=declared_events(campaign, read, signatory=signatory, measure=measure),
            events_are_complete=campaign.evenements_complets,
            left_out=lost,
        )


def _same(rates: pd.Series[Any]) -> float | None:
    """Return the rate when it is known, and the same for all."""
    known = rates.dropna().unique()
    return float(known[0]) if len(known) == 1 else None


def _by_month(
    objectives: Mapping[str, tuple[IndicatorDefinition, str]], subject: str
) -> tuple[IndicatorDefinition, str]:
    """Return the definition that bears the same objective and counts months; itself when none does."""
    own = objectives[subject][0].target
    for definition, measure in (objectives[subject], *objectives.values()):
        line = definition.measure(measure).numerator
        if definition.target == own and line is not None and line.table == "monthly_grid":
            return definition, measure
    return objectives[subject]


def _of_the_same_amounts(known: pd.DataFrame, amounts: pd.DataFrame, year: int) -> set[str]:
    """Return the contracts whose amounts add up, both years, to what the contract counts."""
    when = amounts["month"].dt.year if "month" in amounts else amounts["year"]
    sums = amounts.assign(of=when).groupby(["series", "of"])["amount_eur"]
    found = {place: sum(own.tolist(), Decimal(0)) for place, own in sums}
    return {
        finess
        for finess, previous, current in known[["contract_finess", "previous_eur", "current_eur"]].itertuples(
            index=False, name=None
        )
        if (found.get((finess, year - 1)), found.get((finess, year))) == (previous, current)
    }
