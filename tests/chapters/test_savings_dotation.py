"""The dotation that the chapter and the sheets print, factor by factor."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import savings, savings_dotation, savings_estimates
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Table
from caqes_analysis.savings.dotation import BiosimilarDotation, biosimilar_dotation
from caqes_analysis.store import Store
from tests.builders import establishments
from tests.campaigns import MONTHLY, campaign_file

A, B = "990000001", "990000002"
GROUP = {"atc": "L04AB01", "label": "étanercept", "year": 2019, "rate_eur": 30}


@pytest.fixture
def region(tmp_path: Path) -> Page:
    campaign = campaign_file(tmp_path, MONTHLY.replace("caqes-2022", "caqes-2018"))
    store = Store(tmp_path / "store")
    rule = BiosimilarDotation.model_validate({"source": "essai", "status": "verified", "groups": [GROUP]})
    drawn = [(A, 2019, 700, 300), (B, 2019, 2, 1), (A, 2018, 9, 1)]
    boxes = [
        {"finess": who, "year": year, "atc": "L04AB01", "cip13": role, "role": role, "boxes_nb": count}
        for who, year, *counts in drawn
        for role, count in zip(("reference", "biosimilar"), counts, strict=True)
    ]
    store.write(tables.SAVINGS, biosimilar_dotation(pd.DataFrame(boxes), rule=rule), part="essai")
    store.write(tables.ESTABLISHMENTS, establishments({"finess": A}, {"finess": B}), part="essai")
    return Page(campaign, store)


def plain(table: Table) -> list[list[str]]:
    return [[cell.text.replace("\u202f", " ").replace("\xa0", " ") for cell in row] for row in table.rows]


def test_each_hospital_sees_v_r_t_and_its_amount(region: Page) -> None:
    """1 000 boxes, t = 30 %, R = 30 €: 9 000 €; 3 boxes, one biosimilar: 30 € exactly, though t prints 33.333 %."""
    details = savings_dotation.dotation_details(region)
    assert details is not None
    (table,) = details.shown
    assert isinstance(table, Table)
    assert [row[2:] for row in plain(table)] == [
        ["2019", "1 000", "300", "30 %", "30,00 €", "9 000,00 €"],
        ["2019", "3", "1", "33,333 %", "30,00 €", "30,00 €"],
    ]
    own = savings_dotation.own_dotation(Page(region.campaign, region.store, None, B))
    assert own is not None
    assert own.caption.replace("\xa0", " ") == "Dotation biosimilaires : 30,00 €"
    assert savings_dotation.own_dotation(Page(region.campaign, region.store, None, "990000009")) is None


def test_masked_boxes_are_told_beside_the_amount_that_leaves_them_out(region: Page) -> None:
    """1 003 boxes told in 2019, and 500 masked at A: a third of the molecule in the region, none at B."""
    assert not savings_dotation.has_masked_boxes(region)
    lines = [(A, 2019, "C", 700), (A, 2019, "B", 300), (A, 2019, "9", 500), (B, 2019, "B", 3), (A, 2018, "9", 10)]
    rows = pd.DataFrame(lines, columns=["finess", "year", "generic_status", "boxes_nb"])
    rows = rows.assign(source="base", source_line=range(2, 7), atc5="L04AB01", value_status="reported")
    frame = tables.ANNUAL_DRUG_SPEND.conform(rows, is_provisional=False, is_corrected=False)
    region.store.write(tables.ANNUAL_DRUG_SPEND, frame, part="base")
    page = Page(region.campaign, region.store)
    assert savings_dotation.has_masked_boxes(page)
    details = savings_dotation.dotation_details(page)
    assert details is not None
    notes = [note.replace("\xa0", " ") for note in details.shown[0].notes]
    assert any("étanercept 33,3 % des boîtes de la molécule" in note for note in notes)
    assert "hors boîtes masquées" in savings.answer(page).summary()
    own = savings_dotation.own_dotation(Page(region.campaign, region.store, None, B))
    assert own is not None
    assert not any("masque" in note for note in own.notes), "nothing is masked at B"


def test_the_title_names_what_the_table_holds(region: Page) -> None:
    table = savings_dotation.other_rules_table(region)
    assert table is not None
    assert table.caption == "Dotation biosimilaires (V × R × t)"
    assert not any(".yml" in cell for row in plain(table) for cell in row)
    unknown = [row for row in plain(table) if row[3] == "non calculable"]
    assert unknown
    assert {row[2] for row in unknown} <= {"n. d.", "manquant"}, "an amount nobody knows is not zero establishments"


def test_a_scheme_that_shares_no_savings_explains_none(region: Page) -> None:
    assert savings.figures_by_indicator(region) is None
    assert savings.difference(region) is None
    assert savings.contracts_table(region) is None
    assert savings_estimates.estimates_table(region) is None
