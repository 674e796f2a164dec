"""Percentiles, mean annual rates and slopes: computed for long, and shown on no page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.chapters.indicator_movement import movement_details
from caqes_analysis.chapters.indicator_reading import IndicatorReading, read_indicators
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Table
from caqes_analysis.receive import open_store
from tests.campaigns import MONTHLY, small_campaign


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, IndicatorReading]:
    folder: Path = tmp_path_factory.mktemp("mouvement")
    campaign = small_campaign(folder, establishments_nb=14, text=MONTHLY + "  activity: [{path: recus/activite.csv}]\n")
    return {one.definition.id: one for one in read_indicators(Page(campaign, open_store(campaign)))}


def table_of(reading: IndicatorReading) -> Table:
    details = movement_details(reading)
    assert details is not None
    (table,) = details.shown
    assert isinstance(table, Table)
    return table


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def column(table: Table, label: str) -> list[str]:
    place = [header.label for header in table.columns].index(label)
    return [plain(row[place].text) for row in table.rows]


def test_an_evolution_shows_the_mean_rate_and_the_slope_of_its_amounts(
    readings: dict[str, IndicatorReading],
) -> None:
    """Five years of months give five amounts, and a slope with its exact interval; four rates gave none."""
    reading = readings["phev_drugs"]
    table = table_of(reading)
    slopes = column(table, "Pente par an")
    assert sum("[" in text for text in slopes) > len(slopes) / 2
    region = reading.rows("region", reading.level.id).iloc[0]
    first, last = reading.history(reading.level).set_index("year")["value"].iloc[[0, -1]]
    assert column(table, "Depuis")[-1] == region["first_period"][:4]
    assert abs(region["mean_annual_change"] - 100 * ((last / first) ** (1 / 4) - 1)) < 1.5  # same establishments
    assert column(table, "Moyenne par an")[-1] == f"{region['mean_annual_change']:+.1f} %".replace(".", ",").replace(
        "-", "−"
    )
    assert "Moyenne de « Montant remboursé »" in " ".join(plain(note) for note in table.notes)


def test_the_percentiles_are_those_of_the_region_and_of_the_peers(readings: dict[str, IndicatorReading]) -> None:
    reading = readings["phev_drugs"]
    rows = reading.establishments
    shown = column(table_of(reading), "Percentile, région")[:-1]
    known = rows["percentile"].notna()
    assert known.any()
    assert [text.split(" ")[0] for text, one in zip(shown, known, strict=True) if one] == [
        f"{float(value):.0f}" for value in rows.loc[known, "percentile"]
    ]
    assert {text for text, one in zip(shown, known, strict=True) if not one} <= {"–"}


def test_what_is_not_ranked_has_no_movement(readings: dict[str, IndicatorReading]) -> None:
    for reading in readings.values():
        details = movement_details(reading)
        if details is None:
            continue
        table = table_of(reading)
        labels = [header.label for header in table.columns]
        if "Pente par an" not in labels:
            continue
        hidden = reading.establishments["unranked_reason"].notna().tolist()
        for text, is_hidden in zip(column(table, "Pente par an"), [*hidden, False], strict=True):
            assert not is_hidden or text == "–"
        for text in column(table, "Moyenne par an"):
            assert not pd.isna(text)
            assert "nan" not in text
