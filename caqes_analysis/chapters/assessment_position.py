"""The year in progress: where each contract stands against its objectives, and no verdict before the year's end."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment import with_owners
from caqes_analysis.chapters.assessment_matrix import matrix_table
from caqes_analysis.chapters.assessment_words import with_values
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.verdicts import barely_words
from caqes_analysis.chapters.words import sentence_case, through_phrase
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.display import Notice, Table
from caqes_analysis.evaluation.assess import contracted_indicators, evaluated_contracts
from caqes_analysis.evaluation.gaps import gaps_of
from caqes_analysis.evaluation.position import NO_OBJECT, Position, position_of
from caqes_analysis.evaluation.realisation import realisation
from caqes_analysis.evaluation.values import contract_values
from caqes_analysis.indicators.campaign_values import computed_for
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.periods import compared_months
from caqes_analysis.schemes.targets import Target, target_for

__all__ = ["current_positions"]

_LAST_MONTH = 12
_NO_VALUE = "pas de valeur"
_TITLE = "L'année en cours"
_FROM_JANUARY = 1


def current_positions(page: Page) -> Table | Notice:
    """Return where each contract stands at the last settled month: an alert per indicator, never a verdict."""
    campaign, scheme = page.campaign, page.scheme
    year, month_nb = campaign.year, campaign.settled_month_nb
    if month_nb == _LAST_MONTH:
        return Notice("info", _TITLE, f"L'année {year} est close : c'est elle qui est évaluée ci-dessus.")
    contracts = evaluated_contracts(page.store, scheme.id) if page.store.has(tables.CONTRACTS) else pd.DataFrame()
    whole = [
        _compares_from_january(page, None if pd.isna(row["signed_on"]) else row["signed_on"].date())
        for row in contracts.to_dict("records")
    ]
    under = contracts[pd.Series(whole, index=contracts.index, dtype=bool)]
    followed = [
        one
        for one in definitions_of(campaign).values()
        if scheme.id in one.schemes
        and one.status == "published"
        and one.target is not None
        and one.period == "cumulative_month"
    ]
    if under.empty or not followed:
        return Notice("missing", _TITLE, f"Aucun contrat ne se lit en cumul {through_phrase(campaign, month_nb)}.")
    rows = _positions(page, followed, under)
    if rows.empty:
        return Notice("missing", _TITLE, f"Aucune valeur n'a été reçue {through_phrase(campaign, month_nb)}.")
    return matrix_table(
        rows,
        "text",
        "state",
        caption=f"Position des contrats {through_phrase(campaign, month_nb)}",
        header="une alerte, jamais un verdict",
        notes=[
            f"Comparée à l'objectif de {year}, qui porte sur l'année entière ; pas de verdict avant la fin de l'année.",
            "Une valeur seule : son objectif n'est pas renseigné.",
            *_without_value_notes(rows),
            "Les indicateurs qui ne se lisent qu'à l'année n'ont pas de position en cours d'année.",
        ],
    )


def _compares_from_january(page: Page, signed_on: object) -> bool:
    months = compared_months(page.scheme, signed_on, page.campaign.year)  # type: ignore[arg-type]
    return months is not None and months.first_nb == _FROM_JANUARY


def _positions(page: Page, followed: list[IndicatorDefinition], contracts: pd.DataFrame) -> pd.DataFrame:
    """Return a cell per contract and indicator that it bears on: the value, where it stands, and its colour."""
    year, month_nb = page.campaign.year, page.campaign.settled_month_nb
    periods = [f"{year - 1}-M{month_nb:02d}", f"{year}-M{month_nb:02d}"]
    computed = computed_for(page.store, page.campaign, followed, periods=periods)
    contract_of = contract_keys(page.store.read(tables.ESTABLISHMENTS))
    values = contract_values(computed, followed, contract_of)
    gaps = gaps_of(page.store, years=(year - 1, year), contract_of=contract_of)
    rows = realisation(values, followed, page.targets, scheme=page.scheme.id, year=year, month_nb=month_nb, gaps=gaps)
    valued_by = rows.groupby("subject")["value"].transform("count") > 0
    rows = contracted_indicators(contracts, followed, page.scheme).merge(rows[valued_by])
    found = [_position(page, row, followed) for row in rows.to_dict("records")]
    targets = [_target(page, row, followed) for row in rows.to_dict("records")]
    nearly = [barely_words(value, target) for value, target in zip(rows["value"], targets, strict=True)]
    short = {one.id: one.short_name for one in followed}
    valued = with_values(rows, decimals=1)
    return with_owners(
        page,
        valued.assign(
            indicator=[short[name] for name in valued["subject"]],
            text=[
                where.short if pd.isna(row["value"]) else row["value_text"] + _beside(where) + near
                for row, where, near in zip(valued.to_dict("records"), found, nearly, strict=True)
            ],
            state=pd.Series(
                [None if where.state == "muted" else where.state for where in found], index=valued.index, dtype=object
            ),
        ),
    )


def _position(page: Page, row: dict[Hashable, Any], followed: list[IndicatorDefinition]) -> Position:
    definition = next(one for one in followed if one.id == row["subject"])
    direction: Literal["lower", "higher"] = "higher" if definition.direction == "higher" else "lower"
    if pd.isna(row["value"]):
        is_outside = row["attainment"] == "not_applicable"
        return Position("muted", str(row["reason"]), NO_OBJECT if is_outside else _NO_VALUE)
    value = float(str(row["value"]))
    target = _target(page, row, followed)
    return position_of(value, target, month_nb=page.campaign.settled_month_nb, direction=direction)


def _target(page: Page, row: dict[Hashable, Any], followed: list[IndicatorDefinition]) -> Target:
    link = next(one for one in followed if one.id == row["subject"]).target
    assert link is not None
    return target_for(
        page.targets,
        scheme=page.scheme.id,
        subject=link.subject,
        measure=link.measure,
        data_year=page.campaign.year,
        finess=str(row["contract_finess"]),
    )


def _beside(where: Position) -> str:
    return "" if where.state == "muted" else f", {where.short}"


def _without_value_notes(rows: pd.DataFrame) -> list[str]:
    """Say of the cells without a value why, those of one reason together."""
    lost = rows[rows["value"].isna()]
    return [
        f"{sentence_case(str(word))}, {why}{french.NBSP}: "
        f"{french.list_in_words([f'{one.name} ({one.indicator})' for one in own.itertuples()])}."
        for (word, why), own in lost.groupby(["text", "reason"], sort=True)
    ]
