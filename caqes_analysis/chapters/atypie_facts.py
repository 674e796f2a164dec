"""Who the region targets by « atypie », found once for all; and what the sheet of each establishment prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from caqes_analysis import french, perimeter, tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.chapters.words import sentence_case
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.evaluation.atypie import atypie_steps, atypie_verdicts
from caqes_analysis.evaluation.values import contract_values
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.rules import AtypieRule
from caqes_analysis.schemes.scheme import scheme_of
from caqes_analysis.schemes.terms import is_number
from caqes_analysis.store import Store

__all__ = ["TARGETING", "Atypie", "find_atypie", "gap_words", "targeting_facts"]

TARGETING = "ciblage"
"""Subject of what a sheet prints of the targeting by « atypie »; printed: the sentences."""


@dataclass(frozen=True)
class Atypie:
    """The targeting of a region in the year evaluated.

    Parameters
    ----------
    rule, year
        The rule, and the data year.
    definitions
        Definitions of its indicators, and of its spending.
    steps
        As :func:`~caqes_analysis.evaluation.atypie.atypie_steps` returns them.
    found
        As :func:`~caqes_analysis.evaluation.atypie.atypie_verdicts` returns them, with ``was``, the status of the year
        before.
    """

    rule: AtypieRule
    year: int
    definitions: dict[str, IndicatorDefinition]
    steps: pd.DataFrame
    found: pd.DataFrame


def find_atypie(store: Store, campaign: Campaign) -> Atypie | None:
    """Return who the rules of the scheme target by « atypie », by contract; None when they have no such rule.

    Parameters
    ----------
    store, campaign
        The campaign, its indicators kept.
    """
    rule = scheme_of(campaign).atypie
    if rule is None:
        return None
    year = evaluated_year(campaign)
    definitions = definitions_of(campaign)
    used = [definitions[name] for name in dict.fromkeys([*rule.indicators, rule.spending_indicator])]
    values = store.query(
        "select * from indicator_values where level = 'establishment' and period in (?, ?)", [str(year), str(year - 1)]
    )
    summed = contract_values(values, used, contract_keys(store.read(tables.ESTABLISHMENTS)))
    steps = atypie_steps(summed, used, rule=rule, year=year)
    found = atypie_verdicts(steps, summed, definitions, rule=rule, year=year)
    earlier = atypie_steps(summed, used, rule=rule, year=year - 1)
    before = atypie_verdicts(earlier, summed, definitions, rule=rule, year=year - 1)
    was = before.set_index("finess")["reference_status"].reindex(found["finess"]).fillna("unknown").to_numpy()
    return Atypie(rule, year, {one.id: one for one in used}, steps, found.assign(was=was))


def targeting_facts(store: Store, campaign: Campaign) -> Iterator[tuple[str, str, str, str]]:
    """Yield what the sheet of each establishment prints of its targeting; nothing without such a rule, or value.

    Parameters
    ----------
    store, campaign
        The campaign, its indicators kept.
    """
    atypie = find_atypie(store, campaign)
    if atypie is None or atypie.steps.empty or atypie.steps["value"].isna().all():
        return
    steps = {str(finess): own for finess, own in atypie.steps.groupby("finess", sort=False)}
    said = {row["finess"]: _sentences(atypie, row, steps[row["finess"]]) for row in atypie.found.to_dict("records")}
    signatory = contract_keys(store.read(tables.ESTABLISHMENTS))
    for finess in perimeter.current_establishments(store)["finess"]:
        text = said.get(signatory.get(finess, finess))
        if text is not None:
            yield finess, TARGETING, str(atypie.year), text


def gap_words(gap_pct: float | None) -> str:
    """Return a distance to the median; of a median of zero there is no percent.

    Examples
    --------
    >>> gap_words(None)
    'médiane nulle'
    """
    return "médiane nulle" if gap_pct is None or pd.isna(gap_pct) else french.percent(gap_pct, 0, signed=True)


def _sentences(atypie: Atypie, row: dict[Any, Any], steps: pd.DataFrame) -> str:
    rule, status, was = atypie.rule, row["reference_status"], row["was"]
    words = {"targeted": "ciblé", "respected": "non ciblé"}
    head = words.get(status, "on ne peut pas le dire")
    if was in words and status in words:
        head += f", comme en {atypie.year - 1}" if was == status else f" ; {words[was]} en {atypie.year - 1}"
    far = [
        f"{atypie.definitions[name].short_name} {gap_words(gap)}"
        for name, gap in steps.loc[steps["is_atypical"].fillna(False), ["indicator", "gap_pct"]].itertuples(index=False)
    ]
    count = f"{french.in_words(len(far)) if far else 'aucun'} des {french.in_words(len(rule.indicators))} indicateurs"
    apart = "au-delà de l'écart permis à la médiane régionale"
    parts = [f"{count} {apart}{f' ({french.list_in_words(far)})' if far else ''}"]
    if row["unknown_nb"]:
        parts.append(f"{french.in_words(row['unknown_nb'])} sans réponse")
    if row["spent_eur"] is not None and not pd.isna(row["spent_eur"]) and is_number(rule.spending_above_eur):
        limit = french.euros(rule.spending_above_eur)
        parts.append(f"dépense {french.compact_euros(row['spent_eur'])} pour un seuil de {limit}")
    means = " Être ciblé n'est pas un verdict : c'est la raison de proposer un volet additionnel."
    return (
        f"{sentence_case(rule.label)} en {atypie.year}{french.NBSP}: {head}. {sentence_case(', '.join(parts))}."
        f"{means if status == 'targeted' else ''} Source : {rule.source}."
    )
