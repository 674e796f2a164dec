"""The pages of indicators and the indicators of a sheet, on a simulated region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import indicator, indicator_list, indicator_sheet
from caqes_analysis.chapters.assessment_words import REFERENCE_WORDS
from caqes_analysis.chapters.indicator_ranking import ranking_table
from caqes_analysis.chapters.indicator_reading import read_indicator, read_indicators
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Figure, Notice, Table
from caqes_analysis.errors import CampaignError
from caqes_analysis.receive import open_store
from tests.campaigns import small_campaign


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    campaign = small_campaign(tmp_path_factory.mktemp("indicateurs"), establishments_nb=24)
    return Page(campaign, open_store(campaign))


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def cells(shown: Any, label: str) -> list[str]:
    assert isinstance(shown, Table)
    place = [plain(header.label) for header in shown.columns].index(label)
    return [plain(row[place].text) for row in shown.rows]


def test_every_indicator_with_data_has_its_page(page: Page) -> None:
    for reading in read_indicators(page):
        assert plain(indicator.answer(reading).summary()).endswith(".")
        figures = [*indicator.position_figures(reading), indicator.moves_figure(reading)]
        figures += [indicator.trend_figure(reading), indicator.map_figure(reading)]
        assert all(isinstance(one, Figure | Notice) for one in figures)
        assert isinstance(ranking_table(reading), Table)
        assert reading.definition.why in indicator.reading_text(reading).summary()


def test_the_ranking_counts_what_the_sentence_says(page: Page) -> None:
    reading = read_indicator(page, "phev_ipp")
    above = cells(ranking_table(reading), "Objectif −5 %").count("au-dessus")
    said = plain(indicator.answer(reading).summary())
    assert f"{above} établissement" in said
    assert "objectif -5" not in said.lower()
    figure = indicator.position_figures(reading)[0]
    assert isinstance(figure, Figure)
    assert sum("au-dessus" in plain(row[-1].text) for row in figure.table.rows) == above


def test_the_referentiel_and_the_objective_are_two_columns(page: Page) -> None:
    table = ranking_table(read_indicator(page, "phev_ipp"))
    assert set(cells(table, "Référentiel 2023")) <= {*(word for word, _ in REFERENCE_WORDS.values()), "n. d.", ""}
    values = page.store.query(
        "select finess, value from indicator_values where indicator = 'phev_ipp' and measure = 'boxes_nb' "
        "and period = '2023' and level = 'establishment' and value is not null"
    )
    targeted = int((values["value"] >= 8500).sum())
    assert cells(table, "Référentiel 2023").count(REFERENCE_WORDS["targeted"][0]) == targeted


def test_a_referentiel_targets_nobody_under_another_scheme(page: Page) -> None:
    elsewhere = replace(page, campaign=page.campaign.model_copy(update={"scheme": "caqes-2018"}))
    assert read_indicator(page, "phev_ipp").reference is not None
    reading = read_indicator(elsewhere, "phev_ipp")
    assert reading.reference is None
    assert reading.references.empty
    assert "Référentiel (qui est ciblé)" not in plain(str(indicator.reading_text(reading)))


def test_an_unknown_indicator_names_those_that_exist(page: Page) -> None:
    with pytest.raises(CampaignError, match="phev_ipp"):
        read_indicator(page, "inconnu")
    assert read_indicator(page).definition.schemes == ("caqes-2022",)


def test_the_list_holds_the_whole_catalogue_once(page: Page) -> None:
    shown = [table for table in indicator_list.region_tables(page) if isinstance(table, Table)]
    empty = indicator_list.empty_table(page)
    assert isinstance(empty, Table)
    names = [name for table in shown for name in cells(table, "Indicateur")]
    assert len(names) + len(empty.rows) == len(page.store.read(tables.INDICATORS))
    assert all(reason not in ("", "n. d.") for reason in cells(empty, "Pourquoi"))
    assert "Volet 1 : la région" in [plain(table.caption) for table in shown]


def test_a_sheet_shows_the_indicators_of_its_scheme(page: Page) -> None:
    known = page.establishments
    finess = str(known.loc[known["category"] == "CHU", "finess"].iloc[0])
    table = indicator_sheet.contract_indicators_table(Page(page.campaign, page.store, None, finess))
    value = cells(table, "Valeur")[cells(table, "Indicateur").index("IPP, 2023")]
    own = page.store.query(
        "select value from indicator_trends where finess = $finess and indicator = 'phev_ipp' "
        "and measure = 'evolution_pct'",
        {"finess": finess},
    )["value"].iloc[0]
    assert value.startswith(f"{own:+.1f}".replace(".", ",").replace("-", "−"))


def test_a_count_has_a_total_and_no_rank(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    finess = str(page.establishments["finess"].iloc[0])
    own = Page(page.campaign, page.store, None, finess)
    rated = cells(indicator_sheet.contract_indicators_table(own), "Rang (pairs)")
    monkeypatch.setattr(indicator_sheet, "ranks_by_size", lambda _: True)
    counted = indicator_sheet.contract_indicators_table(own)
    assert any(rank != "–" for rank in rated)
    assert set(cells(counted, "Rang (pairs)")) == {"–"}
    assert all(text.startswith("total ") for text in cells(counted, "Région"))


def test_a_sheet_without_any_value_says_so(page: Page, tmp_path: Path) -> None:
    shown = indicator_sheet.contract_indicators_table(Page(page.campaign, page.store, None, "999999999"))
    assert isinstance(shown, Notice)
