from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from caqes_analysis.errors import CampaignError
from caqes_analysis.schemes.grid import EvaluationGrid, load_grid
from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "parameters" / "demonstration" / "grille-2019.yml"

MINIMAL = """\
id: essai
name: essai
scheme: caqes-2018
years: [2019]
source: essai
sections:
  - {id: a, label: A, weight: 2}
  - {id: b, label: B, volet: transports}
engagements:
  - id: e1
    section: a
    title: Un
    criteria:
      - {id: c1, label: C1, answers: {"oui": 10, "non": 0}}
      - {id: c2, label: C2, tiers: [{value_from: 0, points: 0}, {value_from: 50, points: 5.5}], weight: 1.5}
  - id: e2
    section: b
    title: Deux
    criteria:
      - {id: c3, label: C3, measured: {indicator: phev_drugs, attained: 10}, may_be_not_applicable: true}
"""


def grid_file(folder: Path, text: str) -> Path:
    path = folder / "grille.yml"
    path.write_text(text, encoding="utf-8")
    return path


def minimal_grid(folder: Path, text: str = MINIMAL) -> EvaluationGrid:
    return load_grid(grid_file(folder, text), scheme="caqes-2018", year=2019)


def test_the_grid_of_the_demonstration_is_labelled_simulated() -> None:
    grid = load_grid(EXAMPLE, scheme="caqes-2018", year=2019)
    assert grid.is_simulated
    assert grid.label.startswith("grille simulée")
    assert "inventé" in grid.source
    assert {one.section for one in grid.engagements} == {section.id for section in grid.sections}


def test_a_small_grid(tmp_path: Path) -> None:
    grid = minimal_grid(tmp_path)
    assert [criterion.max_points for criterion in grid.criteria] == [10, Decimal("5.5"), 10]
    assert grid.label == "essai"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("id: c2", "id: c1", "« c1 » figure deux fois"),
        ("section: b", "section: z", "section inconnue (« z »)"),
        ("section: b", "section: z", "la section « b » n'a aucun engagement"),
        ('answers: {"oui": 10, "non": 0}', "unit: x", "soit answers, soit tiers, soit measured"),
        ('answers: {"oui": 10, "non": 0}', 'answers: {"oui": 0, "non": 0}', "aucun point"),
        ("weight: 1.5", "weight: 0", "un poids est positif"),
        ("weight: 1.5", "weight: 1.55", "au plus 1 décimale"),
        ('"oui": 10', '"oui": 10.001', "au plus 2 décimale"),
        ('"oui": 10', '"oui": beaucoup', "un nombre est attendu"),
        ("value_from: 50", "value_from: 0", "croissants"),
        ("title: Deux", "titre: Deux", "Vouliez-vous dire « title »"),
    ],
)
def test_a_wrong_grid_is_refused_in_french(tmp_path: Path, before: str, after: str, words: str) -> None:
    assert before in MINIMAL
    with pytest.raises(CampaignError) as caught:
        minimal_grid(tmp_path, MINIMAL.replace(before, after))
    assert words in str(caught.value)
    assert all(problem.file == "grille.yml" for problem in caught.value.problems)


def test_all_the_problems_of_a_grid_come_at_once(tmp_path: Path) -> None:
    text = MINIMAL.replace("weight: 1.5", "weight: 0").replace('"oui": 10', '"oui": x').replace("weight: 2", "poids: 2")
    with pytest.raises(CampaignError) as caught:
        minimal_grid(tmp_path, text)
    assert len(caught.value.problems) == 3


def test_a_grid_of_another_scheme_or_year_is_refused(tmp_path: Path) -> None:
    path = grid_file(tmp_path, MINIMAL)
    with pytest.raises(CampaignError, match="GRILLE_AUTRE_DISPOSITIF"):
        load_grid(path, scheme="caqes-2022", year=2019)
    with pytest.raises(CampaignError, match="GRILLE_AUTRE_ANNEE"):
        load_grid(path, scheme="caqes-2018", year=2020)


def test_a_sanction_has_ordered_steps(tmp_path: Path) -> None:
    tiers = "[{score_from: 5, rate_pct: 1}, {score_from: 0, rate_pct: 2}]"
    sanction = f"sanction: {{source: s, base_envelopes: [phmev], tiers: {tiers}}}\n"
    with pytest.raises(CampaignError, match="croissants"):
        minimal_grid(tmp_path, MINIMAL + sanction)
