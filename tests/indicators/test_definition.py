"""What a definition file may hold, and how its mistakes are told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from caqes_analysis.errors import CampaignError
from caqes_analysis.indicators.definition import load_definition
from caqes_analysis.indicators.stakes import ReferenceCondition

GOOD = """\
id: essai
name: "Essai"
short_name: "Essai"
status: draft
theme: "Essai"
why: "Parce que."
direction: lower
main_measure: boxes_nb
measures:
  - id: boxes_nb
    label: "Boîtes"
    unit: "boîtes"
    numerator: {table: annual_drug_spend, sum: boxes_nb, where: "atc4 = 'A02BC'"}
  - {id: evolution_pct, label: "Évolution", unit: "%", evolution_of: boxes_nb}
"""


def written(folder: Path, text: str, name: str = "essai.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    definition = load_definition(written(tmp_path, GOOD))
    assert definition.main.label == "Boîtes"
    assert [perimeter.id for perimeter in definition.perimeters] == ["courant"]
    assert (definition.tables, definition.used_code_lists) == ({"annual_drug_spend"}, frozenset())
    assert definition.incentive.rate_pct is None


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("status: draft", "statut: draft", "Vouliez-vous dire « status »", 4),
        ("status: draft", "status: brouillon", "Valeurs permises", 4),
        ("status: draft", "status: draft\nperiod: monthly", "Valeurs permises", 5),
        ("status: draft", "status: published", "author, checker, reviewed_on", None),
        ("id: essai", "id: autre", "n'est pas le nom du fichier", None),
        ("main_measure: boxes_nb", "main_measure: boites", "main_measure nomme la mesure « boites »", None),
        ("evolution_of: boxes_nb", "evolution_of: euros", "Choisir parmi : boxes_nb", None),
        ("evolution_of: boxes_nb", "evolution_of: evolution_pct", "Choisir parmi : boxes_nb", None),
        (", evolution_of: boxes_nb", "", "un numérateur, ou est l'évolution", 14),
        ("atc4 = 'A02BC'", "atc44 = 'A02BC'", "Vouliez-vous dire « atc4 »", 13),
        ("atc4 = 'A02BC'", "in_list(atc5, 'ipp')", "Compléter code_lists", None),
        ("sum: boxes_nb", "sum: atc4", "ne s'additionne pas", 13),
        ("sum: boxes_nb", "sum: source_line", "ne s'additionne pas", 13),
        ("sum: boxes_nb", "sum: boxes_nb, count: lines", "soit sum, soit count", 13),
        ("annual_drug_spend", "monthly_spend", "Valeurs permises", 13),
        ("main_measure: boxes_nb", "main_measure: boxes_nb\ncode_lists: [ipp]", "ne servent pas (ipp)", None),
        ("direction: lower", "direction: lower\nreference: {status: verified}", "Accorder reference.status", 8),
        (
            "direction: lower",
            "direction: lower\nreference: {status: verified, conditions: [{measure: boxes_nb, below: 1}]}",
            "reference.source",
            8,
        ),
        ("direction: lower", "direction: lower\nincentive: {rate_pct: 20}", "un taux a une source", 8),
        ("direction: lower", "direction: lower\ntarget: {subject: x, measure: y}", "target.measure", None),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, old: str, new: str, said: str, line: int | None) -> None:
    assert old in GOOD
    with pytest.raises(CampaignError) as failure:
        load_definition(written(tmp_path, GOOD.replace(old, new, 1)))
    told = [problem for problem in failure.value.problems if said in f"{problem.what} {problem.remedy}"]
    assert told, str(failure.value)
    if line is not None:
        assert told[0].line == line


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("direction: lower", "direction: plus").replace("atc4 =", "atc9 =").replace("why:", "pourquoi:")
    with pytest.raises(CampaignError) as failure:
        load_definition(written(tmp_path, text))
    assert len(failure.value.problems) >= 4


def test_a_wrong_key_hides_no_other_mistake(tmp_path: Path) -> None:
    text = (
        GOOD.replace("status: draft", "status: published\ncode_lists: [ipp]")
        .replace("main_measure: boxes_nb", "main_measure: absent")
        .replace("direction: lower", "direction: plus\ntarget: {subject: x, measure: perdue}\nperiod: mensuel")
        .replace("theme:", "themes:")
        .replace("sum: boxes_nb,", "sum: atc4, de_trop: 1,")
        .replace("atc4 = 'A02BC'", "in_list(atc5, 'autre')")
        .replace("evolution_of: boxes_nb", "evolution_of: perdue_aussi, decimals: neuf")
        + "reference: {status: sur, conditions: [{measure: inconnue, below: 1, above: 2}]}\n"
        + "incentive: {kind: bonus, rate_pct: 20, saving_measure: perdue_encore}\n"
    )
    with pytest.raises(CampaignError) as failure:
        load_definition(written(tmp_path, text, "renomme.yml"))
    told = {(problem.what.rstrip("."), problem.line) for problem in failure.value.problems}
    assert told == {
        ("cette clé est obligatoire", 1),
        ("l'identifiant « essai » n'est pas le nom du fichier", 1),
        ("une définition publiée dit author, checker, reviewed_on", 4),
        ("des listes de codes ne sont pas déclarées (autre)", 5),
        ("des listes de codes ne servent pas (ipp)", 5),
        ("cette clé n'existe pas", 6),
        ("cette valeur n'est pas permise", 8),
        ("target.measure nomme la mesure « perdue », qui n'existe pas", 9),
        ("cette valeur n'est pas permise", 10),
        ("main_measure nomme la mesure « absent », qui n'existe pas", 11),
        ("cette clé n'existe pas", 16),
        ("la colonne « atc4 » de annual_drug_spend ne s'additionne pas", 16),
        ("un nombre entier est attendu", 17),
        ("evolution_pct est l'évolution de « perdue_aussi »", 17),
        ("une condition a un seul seuil", 18),
        ("cette valeur n'est pas permise", 18),
        ("la source du référentiel manque", 18),
        ("reference.conditions.1.measure nomme la mesure « inconnue », qui n'existe pas", 18),
        ("cette valeur n'est pas permise", 19),
        ("un taux a une source", 19),
        ("incentive.saving_measure nomme la mesure « perdue_encore », qui n'existe pas", 19),
    }


REVIEW = "status: published\nauthor: {author}\nchecker: {checker}\nreviewed_on: {day}"


@pytest.mark.parametrize(
    ("author", "checker", "day", "said"),
    [
        ("A", "B", "2199-01-01", ["la relecture est datée du 1er janvier 2199, un jour qui n'est pas encore venu"]),
        ("OMEDIT", "omedit (calcul refait)", "2026-11-22", ["« OMEDIT » relit sa propre définition"]),
        ("A", "B", "2026-11-22", []),
    ],
)
def test_a_review_is_of_somebody_else_and_of_a_day_that_has_come(
    tmp_path: Path, author: str, checker: str, day: str, said: list[str]
) -> None:
    text = GOOD.replace("status: draft", REVIEW.format(author=author, checker=checker, day=day))
    path = written(tmp_path, text)
    if not said:
        assert load_definition(path).status == "published"
        return
    with pytest.raises(CampaignError) as failure:
        load_definition(path)
    assert [problem.what.removesuffix(".") for problem in failure.value.problems] == said
    if "relit" in said[0]:
        written(tmp_path, f"{text}review_awaited: un pharmacien\n", "essai.yml")
        assert load_definition(path).is_own_check


def test_an_unreadable_condition_hides_no_other(tmp_path: Path) -> None:
    text = GOOD.replace("atc4 = 'A02BC'\"", "atc44 = 'A'\", received_if: \"atc55 = 'A'\"").replace(
        "theme:", "perimeters: [{id: constant, label: C, exclude: {lpp_spend: \"atc66 = 'A'\"}}]\ntheme:"
    )
    with pytest.raises(CampaignError) as failure:
        load_definition(written(tmp_path, text))
    told = " ".join(problem.what for problem in failure.value.problems)
    assert all(f"« {column} »" in told for column in ("atc44", "atc55", "atc66"))


@pytest.mark.parametrize(
    ("threshold", "value", "met"),
    [(8500, 8499, True), (8500, 8500, False), (80, 79.999, True), (80, 80.0, False), (20, 20.0, False)],
)
def test_thresholds_are_strict(threshold: int, value: float, met: bool) -> None:
    assert ReferenceCondition.model_validate({"measure": "m", "below": threshold}).is_met(value) is met
    above = ReferenceCondition.model_validate({"measure": "m", "above": threshold})
    assert above.is_met(value) is (value > threshold)
    assert above.is_met(None) is None
    assert above.is_met(float("nan")) is None


def test_a_review_grows_stale(tmp_path: Path) -> None:
    text = GOOD + "reviewed_on: 2024-02-29\n"
    definition = load_definition(written(tmp_path, text))
    assert not definition.is_stale(dt.date(2026, 2, 28))
    assert definition.is_stale(dt.date(2026, 3, 1))
