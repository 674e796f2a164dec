"""What a campaign's evaluation is made from: rules, grid, answers, definitions; checked together, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.campaign_sources import FileSource
from caqes_analysis.errors import CampaignError, CaqesError, Problem
from caqes_analysis.evaluation.assess import assess, evaluated_year
from caqes_analysis.indicators.catalogue import INDICATORS, definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.answers import read_grid_answers
from caqes_analysis.schemes.grid import EvaluationGrid, load_grid
from caqes_analysis.schemes.scheme import scheme_files, scheme_of
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.received import Received
from caqes_analysis.store import Store

__all__ = ["check_rules", "evaluate", "grid_of", "read_answers", "rule_files"]


def rule_files(campaign: Campaign) -> tuple[Path, ...]:
    """Return every parameter file that the evaluation of a campaign depends on."""
    own = campaign.file.parent / "indicators"
    definitions = [path for folder in dict.fromkeys([INDICATORS, own]) for path in sorted(folder.glob("*.yml"))]
    grid = [campaign.evaluation_grid] if campaign.evaluation_grid else []
    return (*scheme_files(campaign), *definitions, *grid)


def grid_of(campaign: Campaign) -> EvaluationGrid | None:
    """Return the evaluation grid of a campaign, None when it names none.

    Raises
    ------
    CampaignError
        Every problem of the file; when it is the grid of another scheme, or of other years.
    """
    if campaign.evaluation_grid is None:
        return None
    return load_grid(campaign.evaluation_grid, scheme=campaign.scheme, year=evaluated_year(campaign))


def check_rules(campaign: Campaign) -> None:
    """Read the rules, the definitions and the grid of a campaign.

    Raises
    ------
    CampaignError
        Every problem of every file at once; ``GRILLE_SANS_OBJET`` when the scheme scores nothing,
        ``GRILLE_ABSENTE`` when answers come without a grid.
    """
    problems: list[Problem] = []
    scheme = None
    try:
        scheme = scheme_of(campaign)
    except CaqesError as failure:
        problems.extend(failure.problems)
    catalogue, grid = None, None
    try:
        catalogue = definitions_of(campaign)
    except CaqesError as failure:
        problems.extend(failure.problems)
    try:
        grid = grid_of(campaign)
    except CaqesError as failure:
        problems.extend(failure.problems)
    if catalogue is not None and grid is not None:
        problems.extend(_unknown_indicators(grid, catalogue, campaign))
    if scheme is not None and not scheme.is_graded and campaign.evaluation_grid is not None:
        problems.append(
            Problem(
                "GRILLE_SANS_OBJET",
                f"le dispositif {scheme.id} ne note pas ses contrats avec une grille.",
                "Retirer evaluation_grid, ou écrire is_graded: true dans les règles du dispositif.",
                campaign.file.name,
                column="evaluation_grid",
            )
        )
    if campaign.sources.grid_answers and campaign.evaluation_grid is None:
        problems.append(
            Problem(
                "GRILLE_ABSENTE",
                "des réponses à une grille sont nommées, mais pas la grille.",
                "Ajouter evaluation_grid à la campagne.",
                campaign.file.name,
                column="sources.grid_answers",
            )
        )
    if problems:
        raise CampaignError(list(dict.fromkeys(problems)))


def _unknown_indicators(
    grid: EvaluationGrid, catalogue: Mapping[str, IndicatorDefinition], campaign: Campaign
) -> list[Problem]:
    """Return the measured criteria whose indicator has no objective under the scheme of the campaign."""
    able = [one.id for one in catalogue.values() if one.target is not None and campaign.scheme in one.schemes]
    named = [(one.id, one.measured.indicator) for one in grid.criteria if one.measured is not None]
    return [
        Problem(
            "GRILLE_INDICATEUR",
            f"le critère « {criterion} » mesure un indicateur sans objectif dans le catalogue de ce dispositif.",
            f"Choisir parmi : {', '.join(able)}.",
            campaign.evaluation_grid.name if campaign.evaluation_grid else None,
            column="measured.indicator",
            value=indicator,
        )
        for criterion, indicator in named
        if indicator not in able
    ]


def read_answers(source: FileSource, campaign: Campaign, store: Store) -> Received:
    """Read the answers to the grid of a campaign, against its contracts.

    Raises
    ------
    CaqesError
        With all the problems of the file, or of the grid.
    """
    grid = grid_of(campaign)
    if grid is None:  # said by check_rules
        return Received(tables.GRID_ANSWERS.empty(), Findings(), tables.DELIVERIES.empty())
    contracts = store.read(tables.CONTRACTS)
    known = contracts[contracts["scheme"] == campaign.scheme]["contract_finess"].tolist()
    return read_grid_answers(source.path, delivery=source.delivery_name, grid=grid, contracts=known)


def evaluate(store: Store, campaign: Campaign) -> pd.DataFrame:
    """Return the table ``evaluations`` of a campaign; empty when it names no contracts.

    Parameters
    ----------
    store
        Store of the campaign, everything received.
    campaign
        The campaign.
    """
    if not store.has(tables.CONTRACTS):
        return tables.EVALUATIONS.empty()
    definitions = definitions_of(campaign).values()
    return assess(store, campaign, scheme=scheme_of(campaign), definitions=definitions, grid=grid_of(campaign))
