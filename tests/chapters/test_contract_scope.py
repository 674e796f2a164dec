"""The region compares establishments with the objectives of their contracts, and says what is for information."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, forecasts
from caqes_analysis.chapters.contract_scope import borne_notes, borne_subjects, is_borne
from caqes_analysis.display import Table
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.indicators.campaign_values import keep_indicators
from tests.builders import A
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


def _weather(page: Page) -> dict[str, int]:
    table = forecasts.weather_table(page)
    labels = [row[1].text for row in table.rows] if isinstance(table, Table) else []
    return {code: labels.count(page.label(code)) for code in ("phmev", "transports")}
