"""The evaluation of a campaign: every contract, what targets it, what it reached, and what that brings or costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from caqes_analysis import quality, tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.evaluation.amounts import compared_amounts
from caqes_analysis.evaluation.gaps import gaps_of
from caqes_analysis.evaluation.realisation import realisation
from caqes_analysis.evaluation.sanction import sanction_bases
from caqes_analysis.evaluation.score import grid_score
from caqes_analysis.evaluation.targeting import targeting
from caqes_analysis.evaluation.values import Values, contract_values, mark_unmatched, second_part
from caqes_analysis.indicators.campaign_values import computed_for
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.perimeter import current_establishments
from caqes_analysis.savings.incentive import incentive
from caqes_analysis.savings.regional import regional_incentive
from caqes_analysis.schemes.grid import EvaluationGrid
from caqes_analysis.schemes.periods import ComparedMonths, compared_months
from caqes_analysis.schemes.scheme import Scheme
from caqes_analysis.store import Store

__all__ = [
    "EVALUATED_STATUSES",
    "assess",
    "contracted_indicators",
    "evaluated_contracts",
    "evaluated_year",
    "one_answer",
    "signed_contracts",
]

EVALUATED_STATUSES = ("signé", "terminé")
"""Statuses of the contracts that are evaluated; a contract whose status nobody gave is too."""

_LAST_MONTH = 12
_NOT_RECEIVED = "donnée non reçue"
_NOT_DEFINED = "indicateur du contrat que le catalogue ne définit pas pour ce dispositif"


def evaluated_year(campaign: Campaign) -> int:
    """Return the last closed year of a campaign: no verdict is given before the end of a year."""
    return campaign.year if campaign.settled_month_nb == _LAST_MONTH else campaign.year - 1


def signed_contracts(store: Store, scheme: str) -> pd.DataFrame:
    """Return the contracts of a scheme that were neither refused nor broken off, whoever signed them.

    Parameters
    ----------
    store, scheme
        As for :func:`evaluated_contracts`.
    """
    rows = store.read(tables.CONTRACTS)
    return rows[(rows["scheme"] == scheme) & (rows["status"].isna() | rows["status"].isin(EVALUATED_STATUSES))]


def evaluated_contracts(store: Store, scheme: str) -> pd.DataFrame:
    """Return the contracts of a scheme that are evaluated, one row each.

    Parameters
    ----------
    store
        Store of the campaign.
    scheme
        Identifier of the scheme.

    Returns
    -------
    DataFrame
        The columns of ``contracts`` and ``category`` (of the establishment), ordered by FINESS. A contract that was
        refused or broken off is not evaluated, nor the one of an establishment that another has taken over.
    """
    signed = signed_contracts(store, scheme)
    everyone = store.read(tables.ESTABLISHMENTS)
    current = current_establishments(store)
    contract_of = contract_keys(everyone)
    present = {contract_of.get(finess, finess) for finess in current["finess"]}
    gone = set(everyone["finess"]) - set(current["finess"]) - present
    by_contract = current.assign(key=[contract_of.get(finess, finess) for finess in current["finess"]])
    category = by_contract.sort_values("finess").drop_duplicates("key").set_index("key")["category"]
    # An establishment that has closed is evaluated through the one that took it over.
    kept = signed[~signed["contract_finess"].isin(list(gone))].sort_values("contract_finess")
    return kept.assign(category=category.reindex(kept["contract_finess"]).to_numpy()).reset_index(drop=True)


def assess(
    store: Store,
    campaign: Campaign,
    *,
    scheme: Scheme,
    definitions: Iterable[IndicatorDefinition],
    grid: EvaluationGrid | None = None,
) -> pd.DataFrame:
    """Evaluate the contracts of a campaign for its last closed year.

    Parameters
    ----------
    store
        Store of the campaign: contracts, establishments, targets, and what the indicators read.
    campaign
        The campaign.
    scheme
        Its scheme, with its rules.
    definitions
        The catalogue; the definitions of the scheme that have a référentiel, an objective or an incentive count.
    grid
        Evaluation grid, when the scheme scores its contracts and the region gave one.

    Returns
    -------
    DataFrame
        Table ``evaluations``: one row per contract and indicator, then the totals, the lines of the grid, the score and
        the sanction; empty when the scheme has no contract that year.
    """
    year = evaluated_year(campaign)
    contracts = evaluated_contracts(store, scheme.id)
    months = _months(contracts, scheme, year)
    contracts = contracts[contracts["contract_finess"].isin(list(months))]
    if contracts.empty:
        return tables.EVALUATIONS.empty()
    wanted = _definitions_of(definitions, scheme, contracts)
    rows = _indicators(store, campaign, contracts, wanted, scheme, months)
    kept = _one_per_objective(rows, wanted)
    parts = [_paid(kept, wanted, scheme)]
    if grid is not None and scheme.is_graded:
        who = contracts["contract_finess"]
        bases = sanction_bases(store, grid.sanction, year, who, campaign.all_envelopes) if grid.sanction else None
        parts.append(
            grid_score(
                contracts,
                store.read(tables.GRID_ANSWERS),
                grid=grid,
                year=year,
                measured=one_answer(rows, kept, wanted),
                bases=bases,
                with_sanction=year not in scheme.years_without_sanction,
            )
        )
    full = [part.astype(object) for part in parts if len(part)]
    if not full:
        return tables.EVALUATIONS.empty()
    found = pd.concat(full, ignore_index=True)
    known = [name for name in tables.EVALUATIONS.column_names if name in found]
    return tables.EVALUATIONS.validate(tables.EVALUATIONS.conform(found[known].assign(scheme=scheme.id)))


def _months(contracts: pd.DataFrame, scheme: Scheme, year: int) -> dict[str, ComparedMonths]:
    """Return what each contract compares; those for which the year does not count are left out."""
    days: list[Any] = contracts["signed_on"].tolist()
    compared = {
        str(finess): compared_months(scheme, None if pd.isna(day) else day.date(), year)
        for finess, day in zip(contracts["contract_finess"].tolist(), days, strict=True)
    }
    return {finess: one for finess, one in compared.items() if one is not None}


def _definitions_of(
    definitions: Iterable[IndicatorDefinition], scheme: Scheme, contracts: pd.DataFrame
) -> list[IndicatorDefinition]:
    """Return the definitions that evaluate: those of the scheme, drafts only where a contract or a rule names them."""
    named = {name for text in contracts["indicators"].dropna() for name in text.split(",")}
    named |= set(scheme.regional_incentive.indicators) if scheme.regional_incentive is not None else set()
    return [
        one
        for one in definitions
        if scheme.id in one.schemes
        and (one.status == "published" or one.id in named)
        and (one.reference is not None or one.target is not None or one.incentive.kind != "none")
    ]


def _indicators(
    store: Store,
    campaign: Campaign,
    contracts: pd.DataFrame,
    definitions: Sequence[IndicatorDefinition],
    scheme: Scheme,
    months: dict[str, ComparedMonths],
) -> pd.DataFrame:
    """Return one row per contract and indicator: référentiel, objective and amounts of both years."""
    year = evaluated_year(campaign)
    firsts = sorted({one.first_nb for one in months.values()})
    reading: dict[int, list[IndicatorDefinition]] = {}
    for one in definitions:
        reading.setdefault(one.data_year(year), []).append(one)
    years = sorted({*reading, *(read - 1 for read in reading)} or {year})
    texts = [f"{y}{'' if first == 1 else f'-M{first - 1:02d}'}" for first in {1, *firsts} for y in years]
    computed = computed_for(store, campaign, definitions, periods=sorted(texts))
    contract_of = contract_keys(store.read(tables.ESTABLISHMENTS))
    values = contract_values(computed, definitions, contract_of)
    values = mark_unmatched(values, definitions, quality.unmatched_years(store), contract_of)
    targets = store.read(tables.TARGETS)
    gaps = gaps_of(store, years=years, contract_of=contract_of)
    verdicts = pd.concat(
        [targeting(values[values["period"] == str(read)], some, gaps=gaps) for read, some in reading.items()]
        or [targeting(values, [], gaps=gaps)]
    )
    verdicts = verdicts.rename(
        columns={"finess": "contract_finess", "indicator": "subject", "detail": "reference_detail"}
    )
    parts = []
    for first in firsts:
        own = [finess for finess, one in months.items() if one.first_nb == first]
        listed = contracted_indicators(contracts[contracts["contract_finess"].isin(own)], definitions, scheme)
        outcomes = []
        for read, some in {year: [], **reading}.items():
            is_part = first > 1 and read == year  # the year before the contract is read whole
            theirs = values[values["indicator"].isin([one.id for one in some])]
            compared = second_part(theirs, some, first_nb=first) if is_part else theirs
            mine = compared[compared["finess"].isin(own)]
            reached = realisation(mine, some, targets, scheme=scheme.id, year=read, gaps=gaps)
            amounts = compared_amounts(Values(mine), some, own, read, gaps)
            outcomes.append(reached.merge(amounts, how="outer", on=_KEY).assign(year=year))
        told = [one for one in outcomes if len(one)] or outcomes[:1]
        every = told[0] if len(told) == 1 else pd.concat([one.astype(object) for one in told])
        parts.append(listed.assign(year=year).merge(every, how="left", on=_KEY))
    found = pd.concat(parts, ignore_index=True)
    found = found.merge(verdicts[[*_KEY[:2], "reference_status", "reference_detail"]], how="left", on=_KEY[:2])
    named = {one.id: one for one in definitions}
    subjects: list[str] = found["subject"].tolist()
    # A contract may name what the catalogue of the scheme does not define: it is shown, and said.
    stranger = ~found["subject"].isin(list(named))
    found["reason"] = found["reason"].where(~stranger, _NOT_DEFINED)
    return found.assign(
        scheme=scheme.id,
        kind="indicator",
        label=[named[name].name if name in named else name for name in subjects],
        part=pd.Series([named[name].volet if name in named else None for name in subjects], dtype=object),
        period=[
            months[finess].label
            if name not in named or named[name].data_year(year) == year
            else named[name].data_words(year)
            for finess, name in zip(found["contract_finess"], subjects, strict=True)
        ],
        status=found["status"].fillna("not_computable"),
        attainment=found["attainment"].fillna("unknown"),
        reason=found["reason"].where(found["status"].notna() | stranger, f"valeur inconnue : {_NOT_RECEIVED}"),
    ).sort_values(_KEY, ignore_index=True)


_KEY = ["contract_finess", "subject", "year"]


def contracted_indicators(
    contracts: pd.DataFrame, definitions: Iterable[IndicatorDefinition], scheme: Scheme
) -> pd.DataFrame:
    """Return every indicator that each contract answers for.

    Parameters
    ----------
    contracts
        As :func:`evaluated_contracts` returns them. A contract that lists its indicators has no others; one that lists
        none has those of the volets that it signed. The regional indicators of the scheme's rule are in every contract
        when it says so.
    definitions
        Indicators of the scheme. One without volet is in every contract.
    scheme
        Its ``common_volets`` are in every contract. A contract whose volets nobody gave has these alone; under a scheme
        that has none, every indicator.

    Returns
    -------
    DataFrame
        ``contract_finess, subject``.
    """
    definitions = list(definitions)
    signatures = contracts.sort_values("contract_finess")[["contract_finess", "indicators", "volets"]]
    rule = scheme.regional_incentive
    known = {one.id for one in definitions}
    of_all = [name for name in rule.indicators if name in known] if rule is not None and rule.contracts == "all" else []
    rows = []
    for finess, listed, volets in signatures.itertuples(index=False):
        own = listed.split(",") if isinstance(listed, str) else _of_volets(definitions, volets, scheme)
        rows += [(finess, name) for name in dict.fromkeys([*own, *of_all])]
    return pd.DataFrame(rows, columns=_KEY[:2])


def _of_volets(definitions: Sequence[IndicatorDefinition], volets: Any, scheme: Scheme) -> list[str]:
    signed = {*scheme.common_volets, *(volets.split(",") if isinstance(volets, str) else [])}
    return [one.id for one in definitions if not signed or one.volet is None or one.volet in signed]


def _one_per_objective(rows: pd.DataFrame, definitions: Sequence[IndicatorDefinition]) -> pd.DataFrame:
    """Keep one definition where several bear the same objective: the one that can be computed for most contracts."""
    objectives = _objectives(rows, definitions)
    kept: dict[Any, tuple[Any, ...]] = {}
    for subject, own in rows.groupby("subject", sort=True):
        objective = objectives[str(subject)]
        rank = (-int(own["value"].notna().sum()), subject != objective[0], subject)
        kept[objective] = min(kept.get(objective, rank), rank)
    chosen = {rank[-1] for rank in kept.values()}
    return rows[rows["subject"].isin(list(chosen))].reset_index(drop=True)


def one_answer(rows: pd.DataFrame, kept: pd.DataFrame, definitions: Sequence[IndicatorDefinition]) -> pd.DataFrame:
    """Return what a grid reads of each indicator: of those that bear one objective, all read the one that is evaluated.

    A criterion and the verdict printed beside it are of one objective: they never read two sources.

    Parameters
    ----------
    rows
        One row per contract and indicator.
    kept
        Those of them that are evaluated.
    definitions
        Their definitions.

    Returns
    -------
    DataFrame
        Columns of ``rows``: every indicator once per contract, with the answer of the one that is evaluated.
    """
    objectives = _objectives(rows, definitions)
    answers = {objectives[subject]: subject for subject in kept["subject"].unique().tolist()}
    parts = []
    for subject in objectives:
        own = rows[rows["subject"] == subject]
        answer = rows[rows["subject"] == answers.get(objectives[subject], subject)]
        # A contract that lists its indicators may not have the one that answers for the others.
        alone = own[~own["contract_finess"].isin(answer["contract_finess"].tolist())]
        parts.append(pd.concat([answer, alone]).assign(subject=subject))
    return pd.concat(parts, ignore_index=True) if parts else rows


def _objectives(rows: pd.DataFrame, definitions: Sequence[IndicatorDefinition]) -> dict[str, tuple[Any, ...]]:
    """Return the objective of each indicator of some rows: subject and measure of its target, itself without one."""
    # Two readings of one objective over different years are two questions.
    targets = {one.id: (one.target.subject, one.target.measure, one.data_year(0)) for one in definitions if one.target}
    return {str(subject): targets.get(str(subject), (str(subject),)) for subject in sorted(rows["subject"].unique())}


_PLACES = {"incentive": 1, "regional_indicator": 2, "regional_incentive": 3}


def _paid(rows: pd.DataFrame, definitions: Sequence[IndicatorDefinition], scheme: Scheme) -> pd.DataFrame:
    """Add what the rules of the scheme pay; rows without rule stay as they are."""
    kinds = {one.id: one.incentive.kind for one in definitions}
    rule, regional = scheme.incentive, scheme.regional_incentive
    kind = rows["subject"].map(kinds)
    shared = (kind == "savings_share") if rule is not None else pd.Series(False, index=rows.index)
    granted = (kind == "amount") if regional is not None else pd.Series(False, index=rows.index)
    parts = [rows[~shared & ~granted]]
    if rule is not None and shared.any():
        parts.append(incentive(_for_incentive(rows[shared], definitions), rule=rule))
    if regional is not None and granted.any():
        parts.append(regional_incentive(rows[granted], rule=regional))
    if rows.empty:
        return rows
    order = pd.concat([part.astype(object) for part in parts if len(part)], ignore_index=True)
    # The national part and its total, then the regional one and its own.
    ranked = order.assign(_total=order["kind"].map(_PLACES).fillna(0))
    return ranked.sort_values(["contract_finess", "year", "_total", "subject"], ignore_index=True).drop(
        columns="_total"
    )


def _for_incentive(rows: pd.DataFrame, definitions: Sequence[IndicatorDefinition]) -> pd.DataFrame:
    named = {one.id: one for one in definitions}
    rates = [named[subject].incentive.rate_pct for subject in rows["subject"].tolist()]
    # An objective that nobody knows is a reason of the gate, not of the amounts: those have their own, except where the
    # indicator is not about the contract at all.
    is_outside = rows["amount_reason"].isna() & (rows["attainment"] == "not_applicable")
    why = rows["amount_reason"].where(~is_outside, rows["reason"])
    return rows.assign(
        is_valued=[named[subject].incentive.saving_measure is not None for subject in rows["subject"]],
        definition_rate_pct=pd.Series(rates, index=rows.index, dtype=object),
        reason=why.where(why.notna(), None),
    )
