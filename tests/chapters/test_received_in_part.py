"""Where the lines by code give an amount for some establishments only, nothing calls their sum the region's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import REPOSITORY
from caqes_analysis.chapters import indicator, indicator_list
from caqes_analysis.chapters.indicator_ranking import ranking_table
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.received_in_part import region_received
from caqes_analysis.display import Table
from caqes_analysis.indicators.definition import load_definition
from tests.builders import A, B, C
from tests.chapters.test_sentences import pages_of

DEVICES = load_definition(REPOSITORY / "parameters" / "indicators" / "extra_list_devices_by_code.yml")
AMOUNTS = {
    "reimbursed_eur": [A, B],
    "evolution_pct": [A, B],
    "purchase_eur": [A, B, C],
    "purchase_evolution_pct": [A, B, C],
}


def value(measure: str, finess: str | None, number: float | None) -> dict[str, object]:
    level = "region" if finess is None else "establishment"
    status = "missing" if number is None else "reported"
    return {"measure": measure, "finess": finess, "level": level, "value": number, "value_status": status}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    region = pages_of(tmp_path)["region"]
    rows = [
        value(measure, finess, 5.0 if finess in known else None)
        for measure, known in AMOUNTS.items()
        for finess in (A, B, C)
    ]
    rows += [value(measure, None, 5.0) for measure in AMOUNTS]
    named = {
        "indicator": DEVICES.id,
        "period": "2023",
        "perimeter": "courant",
        "is_provisional": False,
        "is_corrected": False,
    }
    values = tables.INDICATOR_VALUES.conform(pd.DataFrame(rows), **named)
    region.store.write(tables.INDICATOR_VALUES, values, part="essai", validate=False)
    return region


def reading_of(page: Page, measure: str) -> IndicatorReading:
    rows = page.store.read(tables.INDICATOR_VALUES)
    trends = tables.INDICATOR_TRENDS.conform(
        rows[[name for name in rows if name in tables.INDICATOR_TRENDS.column_names]]
    )
    return IndicatorReading(page, DEVICES, DEVICES.measure(measure), "2023", trends)


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


def test_the_sum_of_some_is_never_the_region(page: Page) -> None:
    reading = reading_of(page, "evolution_pct")
    whose = "chez les 2 établissements dont le montant remboursé est reçu (3 ont des lignes)"
    said = plain(indicator.answer(reading).summary())
    assert f"+5,0 % {whose}" in said
    assert "dans la région" not in said
    table = ranking_table(reading)
    assert isinstance(table, Table)
    assert table.rows[-1][0].text == "Ces 2 établissements"
    assert plain(indicator_list._value_and_change(reading)["value"]) == "+5,0 % (2 établissements)"
    (note,) = indicator_list._received_notes([reading])
    assert plain(note) == f"Liste en sus DM (codes) : {whose}."
    other = plain(indicator.reading_text(reading).summary())
    assert "Taux d'évolution du montant au prix d'achat : +5,0 % dans la région." in other


def test_an_amount_that_everybody_has_is_that_of_the_region(page: Page) -> None:
    reading = reading_of(page, "purchase_evolution_pct")
    assert "dans la région" in indicator.answer(reading).summary()
    table = ranking_table(reading)
    assert isinstance(table, Table)
    assert table.rows[-1][0].text.startswith("Région")
    monthly = load_definition(REPOSITORY / "parameters" / "indicators" / "extra_list_devices.yml")
    assert region_received(page.store, monthly, monthly.measure("evolution_pct"), "2023") is None
