"""Whose contract bears an objective: what the region compares, and what it shows for information."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.page import Page
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.evaluation.assess import contracted_indicators, evaluated_contracts
from caqes_analysis.indicators.available import stored_definition

__all__ = ["borne_by", "borne_notes", "borne_subjects", "is_borne"]


def borne_by(page: Page, contracts: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return the subjects of the objectives that each contract bears, by its FINESS.

    Indicators that have no data count too: an objective binds before it can be computed.

    Parameters
    ----------
    page
        The page of a region, or a sheet.
    contracts
        As :func:`~caqes_analysis.evaluation.assess.signed_contracts` returns them.
    """
    texts = page.in_scheme(page.catalogue)["definition"].tolist()
    definitions = [stored_definition(text) for text in texts if '"target":' in text]  # the others are not worth reading
    subjects = {one.id: one.target.subject for one in definitions if one.target is not None}
    borne: dict[str, set[str]] = {finess: set() for finess in contracts["contract_finess"]}
    for finess, name in contracted_indicators(contracts, definitions, page.scheme).itertuples(index=False):
        if name in subjects:
            borne[finess].add(subjects[name])
    return {finess: frozenset(found) for finess, found in borne.items()}


@asked_once
def borne_subjects(page: Page) -> Mapping[str, frozenset[str]] | None:
    """Return the subjects of the objectives that the contract of each establishment bears.

    Parameters
    ----------
    page
        The page of a region.

    Returns
    -------
    Mapping
        Subjects by FINESS of the establishments that a contract covers; None where no contract was received.
    """
    if not page.store.has(tables.CONTRACTS):
        return None
    contracts = evaluated_contracts(page.store, page.campaign.scheme)
    borne = borne_by(page, contracts)
    signatory = contract_keys(page.store.read(tables.ESTABLISHMENTS))
    return {
        finess: borne[key]
        for finess in page.establishments["finess"]
        if (key := signatory.get(finess, finess)) in borne
    }


def is_borne(page: Page, rows: pd.DataFrame) -> pd.Series[bool]:
    """Say of each forecast of an establishment whether the objective it is compared with binds that establishment.

    A benchmark of the region, which binds nobody, is compared with everyone; so is an objective where no contract was
    received.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``forecasts`` of establishments.
    """
    borne = borne_subjects(page)
    targets = {code: page.target(code) for code in rows["envelope"].unique()}
    kept = [
        borne is None or not targets[code].is_contractual or targets[code].subject in borne.get(finess, frozenset())
        for finess, code in zip(rows["subject"], rows["envelope"], strict=True)
    ]
    return pd.Series(kept, index=rows.index, dtype=bool)


def borne_notes(page: Page, rows: pd.DataFrame) -> list[str]:
    """Say of the sums of a region how many contracts bear their objective, where those are not all that they count.

    Parameters
    ----------
    page
        The page of a region.
    rows
        Rows of ``forecasts`` of establishments, with a target.
    """
    found, kept = [], is_borne(page, rows)
    for code, own in rows.groupby("envelope", sort=False):
        borne_nb = int(kept[own.index].sum())
        if borne_nb < len(own):
            who = f"de {french.plural(borne_nb, 'établissement')}" if borne_nb else "d'aucun établissement"
            found.append(f"{page.label(str(code))} (objectif du contrat {who} sur {len(own)})")
    if not found:
        return []
    return [f"Région comparée pour information{french.NBSP}: {french.list_in_words(found)}."]
