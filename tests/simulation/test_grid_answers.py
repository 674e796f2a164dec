from __future__ import annotations

from pathlib import Path

from caqes_analysis.schemes.answers import read_grid_answers
from caqes_analysis.schemes.grid import load_grid
from caqes_analysis.simulation import simulate_region
from caqes_analysis.simulation.grid_answers import ANSWER_CHOICES, ANSWER_NUMBERS, ANSWERS_FILE
from caqes_analysis.sources import read_contracts
from tests.conftest import REPOSITORY

GRID = load_grid(REPOSITORY / "parameters" / "demonstration" / "grille-2019.yml", scheme="caqes-2018", year=2019)


def test_what_is_drawn_is_what_the_demonstration_s_grid_asks() -> None:
    choices = {one.id: set(one.answers) for one in GRID.criteria if one.answers}
    assert choices.keys() == ANSWER_CHOICES.keys()
    for name, drawn in ANSWER_CHOICES.items():
        assert set(drawn) - {"sans objet"} <= choices[name]
    assert {one.id for one in GRID.criteria if one.tiers} == set(ANSWER_NUMBERS)


def test_simulated_answers_are_read_by_the_region_s_reader(tmp_path: Path) -> None:
    written = simulate_region(tmp_path, establishments_nb=8, seed=3, year=2019, last_month=12)
    names = {path.name for path in written}
    assert {ANSWERS_FILE, "OPEN_PHMEV_2017.zip", "OPEN_PHMEV_2018.CSV", "OPEN_PHMEV_2019.CSV"} <= names
    contracts = read_contracts(tmp_path / "contrats.csv", delivery="contrats", schemes=["caqes-2018"]).rows
    known = contracts["contract_finess"].tolist()
    received = read_grid_answers(tmp_path / ANSWERS_FILE, delivery="reponses", grid=GRID, contracts=known)
    assert received.rows["year"].unique().tolist() == [2019]
    assert received.rows["contract_finess"].nunique() == 7  # the merged one does not answer


def test_no_answers_outside_the_years_of_the_graded_scheme(tmp_path: Path) -> None:
    written = simulate_region(tmp_path, establishments_nb=3, seed=3, year=2024, last_month=9)
    assert ANSWERS_FILE not in {path.name for path in written}
