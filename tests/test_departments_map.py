"""A region's own map: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caqes_analysis.departments_map import read_outlines
from caqes_analysis.errors import CampaignError

SQUARE = [[0, 45], [1, 45], [1, 46], [0, 45]]


def written(folder: Path, *features: dict[str, object]) -> Path:
    path = folder / "carte.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8")
    return path


def feature(code: str, kind: str, coordinates: object) -> dict[str, object]:
    return {"properties": {"code": code}, "geometry": {"type": kind, "coordinates": coordinates}}


def test_polygons_and_multipolygons_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, feature("33", "Polygon", [SQUARE]), feature("2A", "MultiPolygon", [[SQUARE], [SQUARE]]))
    outlines = read_outlines(path)
    assert {code: len(rings) for code, rings in outlines.items()} == {"33": 1, "2A": 2}
    assert outlines["33"][0][1] == (1.0, 45.0)


def test_the_real_map_holds_every_department(real_data: Path) -> None:
    assert len(read_outlines(real_data / "geo" / "departements.geojson")) == 101


@pytest.mark.parametrize("text", ["", "{}", '{"features": []}', '{"features": [{"properties": {}}]}', "[1]"])
def test_another_file_is_refused_in_french(tmp_path: Path, text: str) -> None:
    path = tmp_path / "carte.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CampaignError, match="CARTE_ILLISIBLE"):
        read_outlines(path)


def test_lines_are_no_departments(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="CARTE_ILLISIBLE"):
        read_outlines(written(tmp_path, feature("33", "LineString", SQUARE)))
    with pytest.raises(CampaignError, match="CARTE_ILLISIBLE"):
        read_outlines(tmp_path / "absente.geojson")
