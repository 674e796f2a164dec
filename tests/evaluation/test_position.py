"""An alert before the year's end, a verdict after, and never a verdict against a benchmark."""

from __future__ import annotations

import pytest

from caqes_analysis.evaluation.position import position_of
from caqes_analysis.french import MISSING
from caqes_analysis.schemes.targets import Target, TargetStatus


def target(value: float | None, status: TargetStatus = "verified") -> Target:
    return Target("phev", "evolution_pct", 2017, value, "%", "arrêté", status)


@pytest.mark.parametrize(
    ("value", "month_nb", "state", "label"),
    [
        (7.52, 12, "warning", "non respecté"),
        (4.0, 12, "good", "respecté"),
        (4.0000001, 12, "warning", "non respecté"),
        (5.11, 6, "warning", "au-dessus de l'objectif à M6"),
        (-0.7, 6, "good", "dans l'objectif à M6"),
        (None, 6, "muted", MISSING),
        (float("nan"), 12, "muted", MISSING),
    ],
)
def test_contractual_targets(value: float | None, month_nb: int, state: str, label: str) -> None:
    found = position_of(value, target(4.0), month_nb=month_nb)
    assert (found.state, found.label) == (state, label)


def test_a_year_that_is_not_whole_has_no_verdict() -> None:
    found = position_of(3.2, target(3.2), month_nb=12, gap="un mois manque")
    assert (found.state, found.label, found.short) == ("missing", "pas de verdict : un mois manque", "pas de verdict")
    summed = position_of(8.1, target(3.2), month_nb=12, gap="année incomplète de 5 établissements", is_sum=True)
    assert summed.state == "warning"
    assert summed.label == "au-dessus de l'objectif ; pas de verdict, année incomplète de 5 établissements"
    assert position_of(8.1, target(4.0, "regional"), month_nb=12, gap="un mois manque").label == "au-dessus du repère"


def test_a_benchmark_never_gives_a_verdict() -> None:
    found = position_of(7.0, target(4.0, "regional"), month_nb=12)
    assert found.label == "au-dessus du repère"
    assert "respecté" not in position_of(1.0, target(4.0, "regional"), month_nb=12).label


def test_what_the_region_sets_for_an_indicator_gives_a_verdict() -> None:
    dressings = Target("phev_pansements", "evolution_pct", 2023, -3.0, "%", "ARS", "regional")
    assert position_of(1.0, dressings, month_nb=12).label == "non respecté"
    assert position_of(1.0, dressings, month_nb=6).label == "au-dessus de l'objectif à M6"


def test_without_target_nothing_is_said() -> None:
    assert position_of(7.0, target(None, "unknown"), month_nb=12).label == "objectif non renseigné"
