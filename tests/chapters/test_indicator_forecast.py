"""Where the year of an indicator will end, on its page and on the sheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, forecasts, indicator_forecast, sheet_spending
from caqes_analysis.chapters.indicator_forecast import forecast_code, landing_parts
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.display import Figure, Link, Notice, Table, Text
from caqes_analysis.forecast.campaign import Step, prepare_forecasts
from caqes_analysis.indicators.available import available_indicators
from caqes_analysis.indicators.catalogue import definitions_of
from tests.campaigns import campaign_file
from tests.chapters.test_sentences import words
from tests.forecast.test_campaign import CAMPAIGN, region_store
from tests.forecast.test_followed import boxes_campaign, set_target, write_dressings


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("indicateurs")
    campaign = campaign_file(folder, CAMPAIGN)
    store = region_store(folder / "store", ["phmev", "perfadom"], size=9)
    finess = write_dressings(store)
    for subject, value in (("phev_pansements", -3.0), ("phev_perfadom", -5.0), ("phev_ipp", -5.0)):
        set_target(store, "caqes-2022", subject, value)
    catalogue = available_indicators(
        definitions_of(campaign).values(), tables.INDICATOR_TRENDS.empty(), year=2024, received=(), code_lists={}
    )
    store.write(tables.INDICATORS, catalogue, part="essai")
    prepare_forecasts(store, campaign)
    return Page(campaign, store, finess=finess)


def reading_of(page: Page, indicator: str) -> IndicatorReading:
    definition = definitions_of(page.campaign)[indicator]
    measure = definition.measure(definition.target.measure if definition.target else definition.main_measure)
    region = Page(page.campaign, page.store)
    return IndicatorReading(region, definition, measure, "2024-M04", tables.INDICATOR_TRENDS.empty())


def test_lines_by_code_have_their_sentence_their_track_and_their_stakes(page: Page) -> None:
    reading = reading_of(page, "phev_pansements")
    assert forecast_code(reading) == "phev_pansements"
    sentence, track, stakes = landing_parts(reading)
    assert isinstance(sentence, Text)
    assert "(Pansements)" in words(sentence)
    assert "objectif de −3 %" in words(sentence)
    assert isinstance(track, Figure)
    assert "Pansements" in track.alt
    assert isinstance(stakes, Table)
    assert len(stakes.rows) == 1


def test_an_envelope_stands_for_its_indicator_and_says_so(page: Page) -> None:
    reading = reading_of(page, "phev_perfadom")
    assert forecast_code(reading) == "perfadom"
    *_, stakes = landing_parts(reading)
    assert isinstance(stakes, Table)
    assert any("enveloppe « PERFADOM »" in note for note in stakes.notes)


def test_an_annual_source_is_not_forecast_and_says_how_it_could(page: Page) -> None:
    (notice,) = landing_parts(reading_of(page, "phev_ipp"))
    assert isinstance(notice, Notice)
    assert "phev_ipp" not in notice.text, "a reader of the page knows no identifier"
    assert "enveloppes de sa campagne" in notice.text
    assert notice.text.startswith("Sa source, Open PHMEV, est annuelle : ni ses euros ni ses boîtes n'ont de mois")
    left = forecasts.without_months(Page(page.campaign, page.store))
    assert isinstance(left, Notice)
    assert "IPP" in left.title
    assert "PERFADOM" not in left.title
    assert landing_parts(reading_of(page, "phev_ezetimibe")) == (), "no target, nothing to say"


def test_a_yearly_reading_leads_to_the_page_that_has_the_months(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indicator_forecast, "_has_target", lambda reading: True)
    known = page.store.read(tables.INDICATORS)
    has_page = known["indicator"].isin(["phev_drugs", "phmev_annual"])
    page.store.write(tables.INDICATORS, known.assign(period=known["period"].mask(has_page, "2024-M04")), part="essai")
    try:
        (link,) = landing_parts(reading_of(page, "phmev_annual"))
        assert isinstance(link, Link)
        assert (link.href, link.text) == (
            "indicateurs/phev_drugs",
            "La prévision de 2024 est sur la page « PHMEV »",
        )
        assert not any(isinstance(part, Link) for part in landing_parts(reading_of(page, "phev_drugs")))
    finally:
        page.store.write(tables.INDICATORS, known, part="essai")


def test_the_sheet_names_the_indicator_beside_the_envelopes(page: Page) -> None:
    table = sheet_spending.forecast_table(page)
    assert isinstance(table, Table)
    labels = [row[0].text for row in table.rows]
    assert "Pansements" in labels
    assert "PHMEV" in labels


def test_what_the_target_leaves_is_written_to_the_unit_of_a_month(page: Page) -> None:
    known = Page(page.campaign, page.store).forecasts.query(
        "level == 'establishment' and envelope == 'phmev' and prob_exceed.notna()"
    )
    row = known.sort_values("previous_eur").iloc[-1]
    table = sheet_spending.available_table(Page(page.campaign, page.store, finess=row["subject"]))
    assert isinstance(table, Table)
    scale = {"k€": 1000, "€": 1}[table.columns[2].unit]
    left = float(row["target_eur"] - row["observed_eur"])
    assert table.rows[-1][2].sort == pytest.approx(left / scale, abs=0.01)
    smallest = min(abs(cell.sort) for line in table.rows for cell in line[1:3])
    assert smallest >= 15, "a month is written with two figures at least"


def test_boxes_are_printed_in_boxes_on_their_page_and_on_the_sheet(tmp_path: Path) -> None:
    store, campaign, finess = boxes_campaign(tmp_path)
    catalogue = available_indicators(
        definitions_of(campaign).values(), tables.INDICATOR_TRENDS.empty(), year=2024, received=(), code_lists={}
    )
    store.write(tables.INDICATORS, catalogue, part="essai")
    store.write(tables.FORECASTS, Step(store, campaign).forecasts(4), part="previsions")
    page = Page(campaign, store, finess=finess)
    sentence, track, stakes = landing_parts(reading_of(page, "dressing_boxes"))
    assert isinstance(sentence, Text)
    assert "boîtes en dessous et" in words(sentence)
    assert "€" not in words(sentence)
    assert isinstance(track, Figure)
    assert isinstance(stakes, Table)
    assert stakes.rows[0][-1].text.endswith("\xa0boîtes")
    table = sheet_spending.forecast_table(page)
    assert isinstance(table, Table)
    (row,) = [row for row in table.rows if row[0].text == "Boîtes de pansements"]
    assert row[1].text.endswith("\xa0boîtes")
    assert "boîtes" in row[-1].text
    assert "€" not in row[-1].text
    weather = forecasts.weather_table(Page(campaign, store))
    assert isinstance(weather, Table)
    assert "Boîtes de pansements" not in {row[1].text for row in weather.rows}
    assert any(note.startswith("Boîtes de pansements : enjeu") for note in weather.notes)
