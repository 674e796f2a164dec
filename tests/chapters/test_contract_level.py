"""The pages give the yearly PHMEV at the level of each contract, or say why they cannot."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.chapters import Page, contract_level, sheet, sheet_data
from caqes_analysis.contract_level import NOT_COMPUTABLE
from caqes_analysis.display import Notice, Table, Text
from caqes_analysis.perimeter import APHP_ENTITY
from tests.builders import establishments
from tests.campaigns import campaign_file
from tests.test_contract_level import store_of

SITES = ("750100001", "750100002")
ENTITY, ESPIC, CLINIC = "990000001", "990000002", "990000004"
ANNUAL = """\
title: "Essai"
region: {code: "11", name: "Essai"}
year: 2024
scheme: caqes-2022
sources:
  open_phmev: [{path: OPEN_PHMEV_2024.CSV, year: 2024}]
"""


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Page]:
    """Two sites of AP-HP, an ESPIC site of an entity of two, and a clinic."""
    known = establishments(
        *(
            {"finess": site, "finess_ej": APHP_ENTITY, "contract_finess": site, "name": f"Site {site}"}
            for site in SITES
        ),
        {"finess": ESPIC, "finess_ej": ENTITY, "contract_finess": ESPIC, "legal_status": "espic", "name": "Fondation"},
        {"finess": CLINIC, "contract_finess": CLINIC, "legal_status": "prive", "name": "Clinique"},
    )
    spent = {SITES[0]: "1000.00", SITES[1]: "500.50", ENTITY: "70.00"}
    contracts = (APHP_ENTITY, ESPIC, CLINIC)
    store = store_of(tmp_path / "store", known, spent, contracts, ((ESPIC, ENTITY), ("990000003", ENTITY)))
    campaign = campaign_file(tmp_path, ANNUAL)
    return {finess: Page(campaign, store, finess=finess or None) for finess in ("", *SITES, ESPIC, CLINIC)}


def test_the_chapter_adds_up_the_sites_and_says_what_it_cannot_give(pages: dict[str, Page]) -> None:
    table = contract_level.contracts_table(pages[""])
    assert isinstance(table, Table)
    rows = {row[1].text: [cell.text for cell in row] for row in table.rows}
    assert rows[APHP_ENTITY][2:] == ["1\u202f500,50", "2 sites réunis sous l'entité 750712184"]
    assert rows[ESPIC][2] == rows[CLINIC][2] != "0,00"
    assert rows[ESPIC][3].startswith(NOT_COMPUTABLE)
    assert "lucratif" in rows[CLINIC][3]
    assert table.notes[0].replace("\u00a0", " ") == (
        "1 contrat calculé, 1 non calculable à ce niveau, 1 sans objet (clinique à but lucratif, absente d'Open PHMEV) "
        "; la colonne « Lecture » dit pourquoi."
    )


def test_only_the_contracts_of_the_scheme_that_are_evaluated_are_listed(tmp_path: Path) -> None:
    """One contract of 2022, one of 2018, one broken off, and one of a hospital that has merged into the first."""
    other, broken, gone = "990000005", "990000006", "990000007"
    known = establishments(
        {"finess": ENTITY, "contract_finess": ENTITY, "name": "Successeur"},
        *({"finess": one, "contract_finess": one} for one in (other, broken)),
        {"finess": gone, "contract_finess": gone, "valid_to": "2023-06-30", "successor": ENTITY},
    )
    spent = {ENTITY: "10.00", other: "20.00", broken: "30.00", gone: "5.00"}
    store = store_of(tmp_path / "store", known, spent)
    rows = {
        "contract_finess": [ENTITY, other, broken, gone],
        "scheme": ["caqes-2022", "caqes-2018", "caqes-2022", "caqes-2022"],
        "status": ["signé", "terminé", "résilié", "signé"],
    }
    store.write(tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame(rows)), part="contrats")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    table = contract_level.contracts_table(Page(campaign_file(tmp_path, ANNUAL), store))
    assert isinstance(table, Table)
    (row,) = [[cell.text for cell in row] for row in table.rows]
    assert row == ["Successeur", ENTITY, "15,00", "2 établissements réunis, fusion du 01/07/2023"]
    assert table.notes[0].replace("\u00a0", " ") == "1 contrat calculé."


def test_a_sheet_says_what_its_contract_adds_up_to(pages: dict[str, Page]) -> None:
    for site in SITES:
        said = contract_level.contract_sentence(pages[site])
        assert isinstance(said, Text)
        assert "1\u202f500,50" in said.summary()
        assert "2 sites réunis" in said.summary()
    for finess, words in ((ESPIC, "entité juridique entière"), (CLINIC, "lucratif")):
        notice = contract_level.contract_sentence(pages[finess])
        assert isinstance(notice, Notice)
        assert words in notice.summary()
    assert contract_level.contract_sentence(pages[""]) is None


def test_the_entity_of_aphp_has_its_sheet(tmp_path: Path) -> None:
    described = establishments(
        *({"finess": site, "finess_ej": APHP_ENTITY, "name": f"Site {site}"} for site in SITES),
        {"finess": ESPIC, "name": "Fondation"},
    )
    known = perimeter.with_contract_entity(described)
    spent = {SITES[0]: "1000.00", SITES[1]: "500.50", ESPIC: "70.00"}
    store = store_of(tmp_path / "store", known, spent, (APHP_ENTITY,))
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    page = Page(campaign_file(tmp_path, ANNUAL), store, finess=APHP_ENTITY)
    assert set(page.establishments["finess"]) == {APHP_ENTITY, ESPIC}
    assert "Contrat CAQES 2022" in sheet.identity(page).summary()
    assert page.settled("phmev")["current_eur"].tolist() == [Decimal("1500.50")]
    said = sheet_data.reserves(page)[0].summary()
    assert "2 sites réunis" in said
    assert f"Site {SITES[0]}" in said
    assert "2 sites réunis" in contract_level.contract_sentence(page).summary()
