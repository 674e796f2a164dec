"""The tests that definitions carry: the suite computes those of every definition of the clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.errors import CampaignError
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.definition import IndicatorDefinition, load_definition
from caqes_analysis.indicators.worked_cases import check_worked_cases

WITH_CASES = [one for one in load_catalogue().values() if one.worked_cases]
DEFINITION = """\
id: essai
name: "Essai"
short_name: "Essai"
status: draft
theme: "Essai"
why: "Essai."
period: cumulative_month
direction: none
main_measure: share_pct
measures:
  - id: share_pct
    label: "Part"
    unit: "%"
    numerator: {table: monthly_grid, sum: amount_eur, where: "envelope = 'phmev'"}
    denominator: {table: monthly_grid, sum: amount_eur, where: "envelope in ('phmev', 'lpp')"}
    scale: 100
  - {id: spend_eur, label: "Montant", unit: "€", numerator: {table: monthly_grid, sum: amount_eur, where: "true"}}
worked_cases:
  - lines:
      monthly_grid:
        - {envelope: phmev, amount_eur: 1.25}
        - {envelope: lpp, amount_eur: 3.75}
    expected: {share_pct: 25, spend_eur: 60}
"""


def definition(folder: Path, text: str = DEFINITION) -> IndicatorDefinition:
    path = folder / "essai.yml"
    path.write_text(text, encoding="utf-8")
    return load_definition(path)


@pytest.mark.parametrize("one", WITH_CASES, ids=lambda one: one.id)
def test_every_case_of_the_catalogue_gives_what_its_author_found(one: IndicatorDefinition) -> None:
    assert check_worked_cases([one], known_code_lists()) == ()


def test_the_catalogue_has_cases_of_both_kinds_of_tables() -> None:
    tables = {table for one in WITH_CASES for case in one.worked_cases for table in case.lines}
    assert {"annual_drug_spend", "monthly_grid", "activity"} <= tables


def test_a_line_without_a_month_stands_for_twelve(tmp_path: Path) -> None:
    assert check_worked_cases([definition(tmp_path)], {}) == ()


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("share_pct: 25", "share_pct: 25.01", "« share_pct » vaut 25, et non 25,01."),
        ("share_pct: 25", "share_pct: null", "« share_pct » vaut 25, et non « manquant »."),
    ],
)
def test_what_differs_from_the_hand_is_said(tmp_path: Path, written: str, instead: str, said: str) -> None:
    wrong = check_worked_cases([definition(tmp_path, DEFINITION.replace(written, instead))], {})
    assert said in wrong[0].what
    assert (wrong[0].code, wrong[0].file, wrong[0].column) == ("CAS_FAUX", "essai.yml", "worked_cases[1]")


def test_a_line_that_is_no_row_of_its_table_is_said(tmp_path: Path) -> None:
    (wrong,) = check_worked_cases([definition(tmp_path, DEFINITION.replace("envelope: lpp", "enveloppe: lpp"))], {})
    assert wrong.code == "CAS_ILLISIBLE"
    assert "enveloppe" in wrong.what


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("      monthly_grid:\n        -", "      lpp_spend:\n        -", "un cas écrit des lignes de « lpp_spend »"),
        ("expected: {share_pct", "expected: {part_pct", "nomme la mesure « part_pct », qui n'existe pas"),
    ],
)
def test_a_case_about_something_else_is_refused(tmp_path: Path, written: str, instead: str, said: str) -> None:
    with pytest.raises(CampaignError, match=said):
        definition(tmp_path, DEFINITION.replace(written, instead))
