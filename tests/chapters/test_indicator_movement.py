"""Percentiles, mean annual rates and slopes: computed for long, and shown on no page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.chapters.indicator_movement import movement_details
from caqes_analysis.chapters.indicator_ranking import ranking_table
from caqes_analysis.chapters.indicator_reading import IndicatorReading, read_indicators
from caqes_analysis.chapters.indicator_text import reading_text
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


def test_a_slope_of_few_years_is_not_printed_beside_the_mean_that_it_repeats(
    readings: dict[str, IndicatorReading],
) -> None:
    """Of two or three years the median of the slopes is the mean: two columns, and Kendall named, for one number."""
    seen = set()
    for reading in readings.values():
        details = movement_details(reading)
        if details is None:
            continue
        table = table_of(reading)
        labels = [header.label for header in table.columns]
        said = " ".join(plain(note) for note in table.notes)
        rows = reading.rows("establishment", reading.level.id)
        assert ("Kendall" in said) == ("Pente par an" in labels)
        if rows["slope_lower"].isna().all():
            assert "Pente par an" not in labels
        if (rows["periods_nb"] < 3).all():
            assert "Moyenne par an" not in labels
        words = {"Percentile, région": "percentile", "Moyenne par an": "évolution moyenne", "Pente par an": "pente"}
        shown = [word for label, word in words.items() if label in labels]
        for word in words.values():
            assert (word in plain(table.caption).partition(" : ")[2]) == (word in shown)
            assert (word in plain(details.title)) == (word in shown)
        seen.add(tuple(shown))
    assert len(seen) > 1


def test_a_percentile_is_that_of_five_ranked_at_least(readings: dict[str, IndicatorReading]) -> None:
    """Second of two was « 25 (2) », which reads as the best quarter."""
    few = 0
    for reading in readings.values():
        details = movement_details(reading)
        labels = [] if details is None else [header.label for header in table_of(reading).columns]
        if "Percentile, pairs" not in labels:
            continue
        shown = column(table_of(reading), "Percentile, pairs")
        for text, ranked_nb in zip(shown, reading.establishments["peers_nb"], strict=False):
            few += 2 <= ranked_nb < 5 if not pd.isna(ranked_nb) else 0
            assert (text == "–") == (pd.isna(ranked_nb) or ranked_nb < 5)
    assert few


def test_a_mean_and_a_slope_of_opposite_signs_are_explained(
    readings: dict[str, IndicatorReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = readings["phev_drugs"]
    opposed = reading.trends["level"].eq("establishment") & reading.trends["slope_lower"].notna()
    turned = reading.trends.assign(
        slope=reading.trends["slope"].mask(opposed, -reading.trends["mean_annual_change"].astype(float))
    )
    table = table_of(replace(reading, trends=turned))
    assert any("elles peuvent être de sens contraire" in plain(note) for note in table.notes)


def test_the_region_counts_those_that_secrecy_masks_in_it(readings: dict[str, IndicatorReading]) -> None:
    """« Région (29) » stood beside the rate of the thirty-two."""
    seen = 0
    for reading in readings.values():
        rows = reading.establishments
        masked = rows["unranked_reason"].eq("secret statistique").sum()
        if not masked or pd.isna(reading.region["value"]):
            continue
        counted = int(reading.history(reading.measure).set_index("period")["establishments_nb"][reading.period])
        table = ranking_table(reading)
        assert isinstance(table, Table)
        assert column(table, "Établissement")[-1] == f"Région ({counted})"
        is_more = counted > rows["value"].notna().sum()
        assert ("La région compte les établissements masqués." in [plain(note) for note in table.notes]) == is_more
        seen += is_more
    assert seen


def test_what_is_read_is_not_said_twice(readings: dict[str, IndicatorReading]) -> None:
    seen = 0
    for reading in readings.values():
        said = plain(reading_text(reading).items[0])
        is_same = reading.definition.name == reading.measure.label
        assert ("Ce qui est lu" in said) != is_same
        seen += is_same
    assert seen
