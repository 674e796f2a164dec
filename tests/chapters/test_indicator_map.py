"""The map of an indicator, when the campaign names outlines: drawn, and honest about what it cannot draw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caqes_analysis.campaign import Campaign
from caqes_analysis.chapters.indicator import map_figure
from caqes_analysis.chapters.indicator_reading import read_indicator
from caqes_analysis.chapters.page import Page
from caqes_analysis.departments import department_label
from caqes_analysis.display import Figure
from caqes_analysis.receive import open_store
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY, campaign_file, small_campaign


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store]:
    folder = tmp_path_factory.mktemp("carte")
    campaign = small_campaign(folder, establishments_nb=24)
    return folder, open_store(campaign)


def drawn(received: tuple[Path, Store], codes: list[str]) -> Figure:
    """The map of a campaign that names outlines of these departments."""
    folder, store = received
    squares = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 45], [x + 1, 45], [x + 1, 46], [x, 46], [x, 45]]]},
        }
        for x, code in enumerate(codes)
    ]
    (folder / "contours.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": squares}), encoding="utf-8"
    )
    campaign: Campaign = campaign_file(folder, MONTHLY.replace("scheme:", "map: contours.geojson\nscheme:"))
    figure = map_figure(read_indicator(Page(campaign, store), "phev_drugs"))
    assert isinstance(figure, Figure)
    return figure


def departments(received: tuple[Path, Store]) -> list[str]:
    folder, store = received
    rows = read_indicator(Page(campaign_file(folder, MONTHLY), store), "phev_drugs").rows("department")
    return sorted(code for code in rows["group"] if code != "inconnu")


def test_a_campaign_that_names_outlines_has_a_true_map(received: tuple[Path, Store]) -> None:
    codes = departments(received)
    assert len(codes) > 3
    figure = drawn(received, codes)
    assert "carte des départements" in figure.alt
    assert not any("contour" in note for note in figure.notes)
    assert {row[0].text for row in figure.table.rows} == {department_label(code) for code in codes}


def test_a_department_without_outline_is_named_and_stays_in_the_table(received: tuple[Path, Store]) -> None:
    """It vanished from the map, and nothing said so."""
    codes = departments(received)
    figure = drawn(received, codes[1:])
    said = [note for note in figure.notes if "Sans contour" in note]
    assert len(said) == 1
    assert department_label(codes[0]) in said[0]
    assert department_label(codes[0]) in {row[0].text for row in figure.table.rows}


def test_outlines_of_elsewhere_leave_the_tiles(received: tuple[Path, Store]) -> None:
    """The figure failed on a map of no department of the region."""
    figure = drawn(received, ["33"])
    assert "une tuile par département" in figure.alt
    assert any("contour d'aucun" in note for note in figure.notes)
