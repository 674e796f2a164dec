"""What the contract of an establishment bears on is told from what is there for information."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, assessment_sheet, own_contract, sheet, sheet_spending
from caqes_analysis.chapters.contract_scope import borne_subjects
from caqes_analysis.display import Notice
from caqes_analysis.indicators.campaign_values import keep_indicators
from caqes_analysis.indicators.definition import load_definition
from tests.builders import A, B
from tests.chapters.test_compared import page_of
from tests.conftest import REPOSITORY

DEFINITIONS = [
    load_definition(REPOSITORY / "parameters" / "indicators" / f"{name}.yml") for name in ("phev", "transports")
]


def signed(page: Page, volets: str, status: str = "signé") -> Page:
    row = {"contract_finess": [A], "scheme": ["caqes-2018"], "status": [status], "volets": [volets]}
    page.store.write(tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame(row)), part="essai")
    return page


def test_an_indicator_of_a_volet_that_is_not_signed_is_outside(tmp_path: Path) -> None:
    page = signed(page_of(tmp_path), "socle,qualite")
    assert own_contract.outside_contract(page, DEFINITIONS) == ["transports"]
    assert "volets socle, qualité" in sheet.identity(page).summary()
    assert own_contract.outside_contract(signed(page, "socle,transports"), DEFINITIONS) == []
    assert own_contract.outside_contract(Page(page.campaign, page.store, None, B), DEFINITIONS) is None
    assert own_contract.outside_contract(signed(page, "socle", "refusé"), DEFINITIONS) is None


def test_contracts_that_were_not_received_are_not_said_to_be_none(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    notice = assessment_sheet.steps_table(page)
    assert isinstance(notice, Notice)
    assert notice.text == "La campagne n'a reçu aucun contrat : rien n'est évalué."
    assert own_contract.without_contract(page) == "La campagne n'a reçu aucun contrat"
    other = Page(signed(page, "socle").campaign, page.store, None, B)
    assert own_contract.without_contract(other) == "L'établissement n'a pas de contrat"


def test_no_mode_is_compared_alone_with_the_national_rate_of_transports(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    notes = sheet_spending.evolution_table(page).notes
    said = [note for note in notes if note.startswith("Transports")]
    assert len(said) == 1
    assert "objectif 2,2\u00a0% (essai) pour l'ensemble des modes" in said[0]
    assert "aucun mode n'y est comparé seul" in said[0]
    assert own_contract.transports_note(page, []) == []


@pytest.mark.slow
def test_a_rate_outside_the_contract_is_said_wherever_it_is_compared(tmp_path: Path) -> None:
    page = signed(page_of(tmp_path), "socle")
    keep_indicators(page.store, page.campaign, part="essai")
    assert own_contract.outside_subjects(page) == {"transports"}
    assert own_contract.outside_notes(page, ["phmev"]) == []


@pytest.mark.slow
def test_a_sheet_and_the_region_agree_on_what_binds(tmp_path: Path) -> None:
    """The contract names the yearly indicator, which has no data: its objective is that of the monthly one."""
    page = page_of(tmp_path)
    keep_indicators(page.store, page.campaign, part="essai")
    row = {"contract_finess": [A], "scheme": ["caqes-2018"], "indicators": ["phmev_annual"]}
    page.store.write(tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame(row)), part="essai")
    borne = borne_subjects(Page(page.campaign, page.store))
    assert borne == {A: {"phev_drugs"}}
    assert own_contract.outside_subjects(page) == {"phev", "phev_lpp", "transports"}
    assert own_contract.outside_notes(page, ["phmev", "lpp"]) == ["Hors du contrat, pour information : LPP."]
