"""What the contract of the establishment of a sheet bears on, and what is beside it for information."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.contract_scope import borne_by
from caqes_analysis.chapters.page import Page
from caqes_analysis.evaluation.assess import contracted_indicators, signed_contracts
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.targets import target_for

__all__ = [
    "OUTSIDE_WORDS",
    "outside_contract",
    "outside_notes",
    "outside_subjects",
    "transports_note",
    "without_contract",
]

OUTSIDE_WORDS = "Hors du contrat, pour information"
"""Said of indicators that the contract of the establishment does not bear on, before their names."""

_TRANSPORTS = "transports"
"""Subject of the national transport rate, which is about all modes together, and name of the volet that takes it."""


def without_contract(page: Page) -> str:
    """Return who has no contract: the establishment, as far as is known, or the region that gave none."""
    if page.store.has(tables.CONTRACTS):
        return "L'établissement n'a pas de contrat"
    return "La campagne n'a reçu aucun contrat"


def outside_contract(page: Page, definitions: Iterable[IndicatorDefinition]) -> list[str] | None:
    """Return which indicators the contract of the establishment of a sheet does not bear on; None without contract.

    Parameters
    ----------
    page
        The sheet.
    definitions
        Indicators of the scheme.

    Returns
    -------
    list
        Identifiers, in the order of ``definitions``.
    """
    definitions = list(definitions)
    own = _own(page)
    if own.empty:
        return None
    borne = set(contracted_indicators(own, definitions, page.scheme)["subject"])
    return [one.id for one in definitions if one.id not in borne]


@asked_once
def outside_subjects(page: Page) -> frozenset[str] | None:
    """Return the subjects of the objectives that no indicator of the contract of a sheet has; None without contract.

    Parameters
    ----------
    page
        The sheet.
    """
    own = _own(page)
    if own.empty:
        return None
    objectives = frozenset(page.targets.loc[page.targets["scheme"] == page.campaign.scheme, "subject"])
    return objectives - borne_by(page, own)[page.signatory]


def _own(page: Page) -> pd.DataFrame:
    """Return the contract of the establishment of a sheet, as one row; none where it has none."""
    signed = signed_contracts(page.store, page.campaign.scheme)
    return signed[signed["contract_finess"] == page.signatory].head(1)


def outside_notes(page: Page, codes: Iterable[str]) -> list[str]:
    """Say which of the rows of a table have an objective that is not in the contract of the establishment.

    Parameters
    ----------
    page
        The sheet.
    codes
        Envelopes and indicators of the table.
    """
    outside = outside_subjects(page) or frozenset()
    targets = {code: page.target(code) for code in codes}
    named = [page.label(code) for code, one in targets.items() if one.is_contractual and one.subject in outside]
    return [f"{OUTSIDE_WORDS} : {french.list_in_words(named)}."] if named else []


def transports_note(page: Page, modes: Iterable[str]) -> list[str]:
    """Say of modes of transport that have no objective what the national rate is about; nothing of no such mode.

    Parameters
    ----------
    page
        The sheet.
    modes
        Codes of the envelopes of transports shown.
    """
    alone = [code for code in modes if page.target(code).value is None]
    if not alone:
        return []
    national = target_for(
        page.targets,
        scheme=page.campaign.scheme,
        subject=_TRANSPORTS,
        measure="evolution_pct",
        data_year=page.campaign.year,
        finess=str(page.finess),
    )
    if national.value is None:
        return [f"Transports, {national.label}."]
    return [
        f"Transports{french.NBSP}: {national.label} pour l'ensemble des modes, lu à « La fin de l'année » ; aucun mode "
        "n'y est comparé seul."
    ]
