from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from caqes_analysis.simulation import REGION, departments
from caqes_analysis.simulation.geography import of_place, town_names


def test_the_tile_grid_has_one_department_a_tile() -> None:
    grid = departments()
    assert grid.columns.tolist() == ["code", "name", "row", "column"]
    assert len(grid) == grid["code"].nunique() == grid["name"].nunique() == 12
    assert not grid.duplicated(["row", "column"]).any()
    assert grid["code"].is_monotonic_increasing


def test_a_change_of_the_answer_does_not_stay() -> None:
    mine = departments()
    mine.loc[0, "name"] = "autre"
    assert departments()["name"][0] == "Aubraine"


def test_towns_are_all_different() -> None:
    towns = list(islice(town_names(np.random.default_rng(1)), 3000))
    assert len(set(towns)) == 3000


@pytest.mark.parametrize(
    ("town", "expected"), [("Échalas", "d'Échalas"), ("Ysvalon", "d'Ysvalon"), ("Névac", "de Névac")]
)
def test_elision(town: str, expected: str) -> None:
    assert of_place(town) == expected


@pytest.mark.real
def test_no_real_territory_has_these_codes(real_data: Path) -> None:
    geography = json.loads((real_data / "geo" / "departements.geojson").read_text(encoding="utf-8"))
    real = {feature["properties"]["code"] for feature in geography["features"]}
    names = {feature["properties"]["nom"] for feature in geography["features"]}
    hospitals = (real_data / "phmev" / "etablissements_2024.csv").read_text(encoding="utf-8").splitlines()[1:]
    prefixes = {code[:2] for code in departments()["code"]}
    assert prefixes == {"96", "99"}
    assert not prefixes & {code[:2] for code in real}
    assert not prefixes & {line[:2] for line in hospitals}
    assert not set(departments()["name"]) & names
    assert REGION not in {line.split(",")[-3] for line in hospitals}
