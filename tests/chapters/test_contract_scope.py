"""The region compares establishments with the objectives of their contracts, and says what is for information."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, contract_scope, forecasts, home
from caqes_analysis.chapters.contract_scope import borne_notes, borne_subjects, is_borne
from caqes_analysis.chapters.indicator_answer import answer, scope_words
from caqes_analysis.chapters.indicator_reading import read_indicator
from caqes_analysis.display import Table
from caqes_analysis.evaluation.assess import evaluated_contracts
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.indicators.campaign_values import keep_indicators
from tests.builders import A, B
from tests.chapters.test_compared import page_of


@pytest.mark.slow
def test_nobody_exceeds_an_objective_that_is_not_in_the_contract(tmp_path: Path) -> None:
    """A, whose transports are at +10 % against 2.2 %, signed the common volet only."""
    sheet = page_of(tmp_path)
    keep_indicators(sheet.store, sheet.campaign, part="essai")
    prepare_forecasts(sheet.store, sheet.campaign)
    without = Page(sheet.campaign, sheet.store)
    assert borne_subjects(without) is None
    assert _weather(without)["transports"] == 1, "nobody said what the contracts are: all is compared"

    row = {"contract_finess": [A], "scheme": ["caqes-2018"], "status": ["signé"], "volets": ["socle"]}
    sheet.store.write(tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame(row)), part="essai")
    page = Page(sheet.campaign, sheet.store)
    borne = borne_subjects(page)
    assert borne is not None
    assert "transports" not in borne[A]
    assert "phev_drugs" in borne[A]
    assert _weather(page)["transports"] == 0
    assert _weather(page)["phmev"] == 1
    table = forecasts.weather_table(page)
    assert isinstance(table, Table)
    assert any("un objectif que le contrat de l'établissement ne porte pas" in note for note in table.notes)
    region = forecasts.region_table(page)
    assert isinstance(region, Table)
    said = "Région comparée pour information : Transports (objectif du contrat d'aucun établissement sur 2)."
    assert said in [note.replace("\xa0", " ") for note in region.notes]

    sheet.store.write(
        tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame({**row, "volets": ["socle,transports"]})), part="essai"
    )
    signed = Page(sheet.campaign, sheet.store)
    assert _weather(signed)["transports"] == 1
    rows = signed.forecasts[(signed.forecasts["level"] == "establishment") & signed.forecasts["prob_exceed"].notna()]
    assert is_borne(signed, rows).tolist() == (rows["subject"] == A).tolist(), "B has no contract"
    assert borne_notes(signed, rows[rows["subject"] == A]) == []


@pytest.mark.slow
def test_the_region_says_with_or_without_contract_only_where_someone_has_none(tmp_path: Path) -> None:
    """The month of an open year has no verdict, and several establishments one contract: neither counts contracts."""
    sheet = page_of(tmp_path)
    keep_indicators(sheet.store, sheet.campaign, part="essai")
    alone = read_indicator(under(sheet, {A: "socle,transports"}), "phev_drugs")
    assert alone.period == "2024-M07"
    assert alone.establishments["finess"].tolist() == [A]
    assert scope_words(alone) == "", "the one that is compared has signed"
    assert "sous contrat" not in answer(alone).summary()
    assert scope_words(read_indicator(under(sheet, {B: "socle"}), "phev_drugs")) == "sous contrat ou non"


@pytest.mark.slow
def test_the_home_page_counts_those_that_the_objective_binds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = page_of(tmp_path)
    keep_indicators(sheet.store, sheet.campaign, part="essai")
    prepare_forecasts(sheet.store, sheet.campaign)
    bound = under(sheet, {A: "socle"})
    assert (home.probably_above(bound, "phmev"), home.probably_above(bound, "transports")) == (1, 0)
    assert "1 probablement ; objectif 3,2" in _above_card(bound)
    # A exceeds and has no contract: the chapter of forecasts does not count it either.
    free = under(sheet, {B: "socle"})
    assert home.probably_above(free, "phmev") == 0
    assert "0 probablement parmi ceux que l'objectif engage ; objectif 3,2" in _above_card(free)

    asked: list[str] = []
    monkeypatch.setattr(
        contract_scope,
        "evaluated_contracts",
        lambda store, scheme: asked.append(scheme) or evaluated_contracts(store, scheme),
    )
    fresh = Page(sheet.campaign, sheet.store)
    assert forecasts.region_table(fresh) is not None
    assert forecasts.weather_table(fresh) is not None
    assert asked == ["caqes-2018"], "whose contract bears what is asked once a page"


def under(sheet: Page, volets: Mapping[str, str]) -> Page:
    """The page of the region under contracts, by FINESS, of these volets."""
    rows = {"contract_finess": list(volets), "scheme": "caqes-2018", "status": "signé", "volets": list(volets.values())}
    sheet.store.write(tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame(rows)), part="essai")
    return Page(sheet.campaign, sheet.store)


def _above_card(page: Page) -> str:
    (card,) = [one for one in home.home_cards(page).cards if one.title == "Établissements au-dessus"]
    return card.detail.replace("\xa0", " ")


def _weather(page: Page) -> dict[str, int]:
    table = forecasts.weather_table(page)
    labels = [row[1].text for row in table.rows] if isinstance(table, Table) else []
    return {code: labels.count(page.label(code)) for code in ("phmev", "transports")}
