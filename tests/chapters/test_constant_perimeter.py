"""The page of an indicator gives the rate of the synthesis, at constant perimeter, and says what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.chapters import Page, indicator
from caqes_analysis.chapters.constant_perimeter import opened_on, opening_between, perimeter_note
from caqes_analysis.chapters.indicator_population import constant_perimeter_notes
from caqes_analysis.chapters.indicator_ranking import ranking_table
from caqes_analysis.chapters.indicator_reading import IndicatorReading, read_indicator
from caqes_analysis.display import Table
from caqes_analysis.indicators.campaign_values import keep_indicators
from tests.builders import establishments
from tests.chapters.test_sentences import A, B, C, D, pages_of, words


@pytest.fixture
def region(tmp_path: Path) -> Page:
    """+10 % and −5 % of 7 × 100 each; a third opened in January 2024 with 7 × 10."""
    page = pages_of(tmp_path)["region"]
    keep_indicators(page.store, page.campaign, part="essai")
    return page


@pytest.fixture
def phmev(region: Page) -> IndicatorReading:
    return read_indicator(region, "phev_drugs")


def test_the_page_of_an_indicator_has_the_rate_and_the_note_of_the_synthesis(phmev: IndicatorReading) -> None:
    # 7 × (110 + 95) against 7 × 200; with the 70 € of the opening, 1 505 against 1 400.
    assert phmev.region["value"] == pytest.approx(2.5)
    assert "+2,5 %" in words(indicator.answer(phmev))
    (note,) = constant_perimeter_notes(phmev)
    assert "ouverture (CH Neuf, 01/01/2024), +70\xa0€, soit +5,00\xa0points ; tout compté, +7,5\xa0%" in note
    assert note == perimeter_note(phmev.page, "phmev")
    table = ranking_table(phmev)
    assert isinstance(table, Table)
    assert note in table.notes
    assert phmev.rows("establishment").set_index("finess")["contribution"].sum() == pytest.approx(2.5)


def test_an_indicator_without_opening_has_no_note(phmev: IndicatorReading) -> None:
    rows = phmev.trends[phmev.trends["finess"] != C]
    assert constant_perimeter_notes(replace(phmev, trends=rows)) == []


def test_neither_a_new_name_nor_a_new_finess_is_an_opening(region: Page) -> None:
    """A has another name since March 2024, D was made in July 2024 of one that was there; B and C have opened."""
    known = establishments(
        {"finess": A, "valid_from": "2010-01-01", "valid_to": "2024-02-29"},
        {"finess": A, "valid_from": "2024-03-01"},
        {"finess": B, "valid_from": "2023-01-15"},
        {"finess": C, "valid_from": "2023-09-01"},
        {"finess": D, "valid_from": "2024-07-01"},
        {"finess": "990000009", "valid_from": "2010-01-01", "valid_to": "2024-06-30", "successor": D},
    )
    region.store.write(tables.ESTABLISHMENTS, known, part="essai")
    region.store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    page = Page(region.campaign, region.store)
    in_2023, in_september = pd.Timestamp(2023, 1, 15), pd.Timestamp(2023, 9, 1)
    assert [opened_on(page, one) for one in (A, B, C, D)] == [None, in_2023, in_september, None]
    assert [opening_between(page, one, year=2024) for one in (A, B, C, D)] == [None, None, in_september, None]
    assert opening_between(page, B, year=2023) == in_2023
