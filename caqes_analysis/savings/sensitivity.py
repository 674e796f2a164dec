"""What the figures owe to each assumption: one changed at a time, everything else as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.savings.estimate import REGION
from caqes_analysis.savings.estimate_question import Question, only_adds
from caqes_analysis.savings.incentive import INCENTIVE, incentive, total_of
from caqes_analysis.schemes.rules import IncentiveRule
from caqes_analysis.schemes.terms import is_number

__all__ = ["ESTIMATE_VARIANTS", "RULE_VARIANTS", "estimate_sensitivity", "rule_sensitivity"]

ESTIMATE_VARIANTS: Final[Mapping[str, str]] = {
    "interrupted": "ne pas comparer aux établissements sans contrat",
    "no_targeting": "ne pas rejouer la règle de ciblage",
    "all_others": "comparer aussi aux contrats sans cet indicateur",
    "only_added": "ne compter que ce que l'année ajoute au contrat",
    "no_events": "ne pas tenir compte des événements déclarés",
    "incomplete_events": "ne pas tenir la liste des événements déclarés pour complète",
    "calmer_years": "des années qui diffèrent d'ordinaire deux fois moins (0,5 %)",
    "rougher_years": "des années qui diffèrent d'ordinaire deux fois plus (2 %)",
    "without_largest": "sans le contrat qui dépense le plus",
    "other_draw": "autre tirage des trajectoires",
}
"""What is changed in each variant of an estimate."""
RULE_VARIANTS: Final[Mapping[str, str]] = {
    "lowest_rate": "taux le plus bas que permettent les textes",
    "highest_rate": "taux le plus haut que permettent les textes",
    "gate_none": "payer sans regarder l'objectif",
    "gate_attained": "ne payer que l'objectif atteint",
    "gate_proportional": "payer la part de l'objectif atteinte",
    "netting": "déduire les hausses des autres indicateurs du contrat",
    "no_limits": "ni plancher, ni plafond",
}
"""What is changed in each variant of the rule of the contract."""


def estimate_sensitivity(question: Question, base: pd.DataFrame) -> pd.DataFrame:
    """Return what the region's estimated saving becomes when one assumption changes.

    Parameters
    ----------
    question
        What was asked.
    base
        What was answered.

    Returns
    -------
    DataFrame
        Table ``saving_sensitivity``, one row per variant that changes something; empty when nothing was estimated.
    """
    region = _region(base)
    if region is None:
        return tables.SAVING_SENSITIVITY.empty()
    rows = [_row(question, region, "base", region)]
    changes = _changed(question, region)
    for name, changed in changes:
        found = _region(changed.answer())
        if found is not None:
            rows.append(_row(question, found, name, region))
    return tables.SAVING_SENSITIVITY.conform(pd.DataFrame(rows))


def _changed(question: Question, base: pd.Series[Any]) -> Iterator[tuple[str, Question]]:
    has_replays, has_events = bool(base["replays_nb"]), not pd.isna(base["events"])
    own = question.amounts[question.amounts["series"].isin(list(question.treated))]
    spent = own.astype({"amount_eur": "float64"}).groupby("series")["amount_eur"].sum()
    if has_replays and question.others and not question.is_yearly:
        yield "interrupted", replace(question, design="interrupted")
    if question.has_reference and has_replays:
        yield "no_targeting", replace(question, is_targeted=False)
    if question.apart:
        yield "all_others", replace(question, others=question.others | question.apart)
    if question.under_contract_since is not None and not only_adds(base):
        yield "only_added", replace(question, signed_on=None)
    if has_events:
        yield "no_events", replace(question, events=None)
    if question.events_are_complete and question.events is not None:
        yield "incomplete_events", replace(question, events_are_complete=False)
    if has_replays:
        yield "calmer_years", replace(question, usual_shock_sd=question.usual_shock_sd / 2)
        yield "rougher_years", replace(question, usual_shock_sd=question.usual_shock_sd * 2)
    if len(spent) > 1:
        yield "without_largest", replace(question, treated=question.treated - {str(spent.idxmax())})
    yield "other_draw", replace(question, seed=question.seed + 1)


def _region(estimates: pd.DataFrame) -> pd.Series[Any] | None:
    rows = estimates[(estimates["level"] == REGION) & estimates["saving_eur"].notna()]
    return None if rows.empty else rows.iloc[0]


def _row(question: Question, found: pd.Series[Any], name: str, base: pd.Series[Any]) -> dict[str, Any]:
    columns = ["saving_eur", "lower_95_eur", "upper_95_eur", "prob_real", "conclusion", "reason"]
    return {
        "method": "statistical",
        "indicator": question.definition.id,
        "year": question.year,
        "period": base["period"],
        "variant": name,
        "label": ESTIMATE_VARIANTS.get(name, "ce qui est retenu"),
        "series_nb": found["series_nb"],
        "difference_eur": found["saving_eur"] - base["saving_eur"],
        **{column: found[column] for column in columns},
    }


def rule_sensitivity(evaluated: pd.DataFrame, *, rule: IncentiveRule) -> pd.DataFrame:
    """Return what the contracts of a region would be paid under other terms, one changed at a time.

    Parameters
    ----------
    evaluated
        Rows of ``evaluations``: the indicators whose savings are shared.
    rule
        The rule of the scheme. A term that it does not know stays unknown in every variant that does not set it.

    Returns
    -------
    DataFrame
        Table ``saving_sensitivity``, method ``regulatory``; empty when the rule pays nothing that can be computed.
    """
    base = _paid(evaluated, rule)
    rows = []
    for name, variant in _other_rules(rule):
        paid = _paid(evaluated, variant)
        if paid is None:
            continue
        rows.append(
            {
                "method": "regulatory",
                "indicator": INCENTIVE,
                "year": int(evaluated["year"].iloc[0]),
                "period": str(evaluated["year"].iloc[0]),
                "variant": name,
                "label": RULE_VARIANTS.get(name, "la règle retenue"),
                "series_nb": evaluated["contract_finess"].nunique(),
                "saving_eur": paid,
                "difference_eur": None if base is None else paid - base,
            }
        )
    return tables.SAVING_SENSITIVITY.conform(pd.DataFrame(rows)) if rows else tables.SAVING_SENSITIVITY.empty()


def _paid(evaluated: pd.DataFrame, rule: IncentiveRule) -> Any:
    steps = incentive(evaluated, rule=rule)
    return total_of(steps[steps["subject"] == INCENTIVE]["amount_eur"])


def _other_rules(rule: IncentiveRule) -> Iterator[tuple[str, IncentiveRule]]:
    yield "base", rule
    for name, bound in zip(("lowest_rate", "highest_rate"), rule.rate_bounds_pct or (), strict=False):
        if is_number(bound):
            yield name, rule.model_copy(update={"rate_pct": bound, "rates_pct": {}})
    for gate in ("none", "attained", "proportional"):
        if gate != rule.gate:
            yield f"gate_{gate}", rule.model_copy(update={"gate": gate})
    if rule.netting != "contract":
        yield "netting", rule.model_copy(update={"netting": "contract"})
    if is_number(rule.floor_eur) or is_number(rule.cap_eur):
        yield "no_limits", rule.model_copy(update={"floor_eur": "none", "cap_eur": "none"})
