"""One objective read in two sources is answered once, and the page says by which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, indicator_list
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.chapters.indicator_remarks import binding_notes, few_years_notes
from caqes_analysis.chapters.indicator_sheet import contract_indicators_table
from caqes_analysis.chapters.regional_context import CLOSED_YEAR, REGION_VALUE
from caqes_analysis.chapters.same_objective import answered_by, other_source_words
from caqes_analysis.display import Table
from caqes_analysis.indicators.definition import load_definition
from tests.builders import A
from tests.chapters.test_compared import TARGET, page_of
from tests.conftest import REPOSITORY

NAMES = {"name": "PHMEV", "short_name": "PHMEV", "status": "published", "theme": "essai"}
BY_MONTH, BY_YEAR = "phev_drugs", "phmev_annual"


def reading(page: Page, name: str, value: float | None, *, period: str = "2023") -> IndicatorReading:
    definition = load_definition(REPOSITORY / "parameters" / "indicators" / f"{name}.yml")
    trend: dict[str, Any] = {"measure": "evolution_pct", "period": period, "value": value, "value_status": "reported"}
    trend |= dict.fromkeys(("rank", "ranked_nb", "peer_rank", "peers_nb", "lower", "upper", "previous_value", "change"))
    trend |= dict.fromkeys(("previous_status", "peer_group", "unranked_reason"))
    rows = [{**trend, "level": "establishment", "finess": A}, {**trend, "level": "region", "finess": None}]
    return IndicatorReading(page, definition, definition.measure("evolution_pct"), period, pd.DataFrame(rows))


def evaluated(page: Page, subject: str) -> Page:
    row = {"contract_finess": A, "subject": subject, "year": 2023, "kind": "indicator", "scheme": "caqes-2018"}
    row |= {"label": "PHMEV", "status": "computed"}
    page.store.write(tables.EVALUATIONS, tables.EVALUATIONS.conform(pd.DataFrame([row])), part="essai")
    return page


def shown(page: Page, *readings: IndicatorReading) -> Table:
    """Return the table of a sheet that has these indicators and no other."""
    target = {**TARGET, "scheme": "caqes-2018", "subject": "phev_drugs", "value": 3.2, "status": "verified"}
    page.store.write(tables.TARGETS, tables.TARGETS.conform(pd.DataFrame([{**target, "data_year": 2023}])), part="clos")
    page.readings[(None, "caqes-2018", ())] = list(readings)
    page.readings[(None, None, ("region",))] = list(readings)
    context = {
        (one.definition.id, of): text for one in readings for of, text in ((REGION_VALUE, "+1"), (CLOSED_YEAR, "2023"))
    }
    page.__dict__["regional_context"] = context
    found = contract_indicators_table(page)
    assert isinstance(found, Table)
    return found


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def test_months_answer_before_any_evaluation_and_the_one_evaluated_after(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    both = [reading(page, BY_MONTH, 2.0), reading(page, BY_YEAR, 2.4)]
    assert {name: one.definition.id for name, one in answered_by(both).items()} == {BY_YEAR: BY_MONTH}
    opened_after = evaluated(replace(page), BY_YEAR)
    both = [reading(opened_after, BY_MONTH, 2.0), reading(opened_after, BY_YEAR, 2.4)]
    assert {name: one.definition.id for name, one in answered_by(both).items()} == {BY_MONTH: BY_YEAR}


def test_the_page_that_does_not_answer_says_which_one_does(tmp_path: Path) -> None:
    page = evaluated(page_of(tmp_path), BY_YEAR)
    both = [reading(page, BY_MONTH, 2.0), reading(page, BY_YEAR, 2.4)]
    known = [
        {"indicator": one.definition.id, "period": "2023", **NAMES, "definition": one.definition.model_dump_json()}
        for one in both
    ]
    page.store.write(tables.INDICATORS, pd.DataFrame(known), part="essai", validate=False)
    for one in both:
        page.readings[(one.definition.id, None, ("region",))] = [one]
    said, is_other = other_source_words(both[0])
    assert is_other
    assert plain(said) == (
        "Même question que la page « PHMEV annuelle », lue ici dans les montants reçus au mois. "
        "L'évaluation des contrats lit « PHMEV annuelle » : cette page est une information."
    )
    said, is_other = other_source_words(both[1])
    assert not is_other
    assert said.startswith("La même question est lue par « PHMEV » dans les montants reçus au mois")
    assert said.endswith("l'évaluation des contrats lit celle-ci.")


def test_two_periods_are_two_questions(tmp_path: Path) -> None:
    page = evaluated(page_of(tmp_path), BY_YEAR)
    assert answered_by([reading(page, BY_MONTH, 2.0, period="2024-M07"), reading(page, BY_YEAR, 2.4)]) == {}


def test_a_sheet_shows_one_verdict_and_says_what_the_other_source_gives(tmp_path: Path) -> None:
    page = evaluated(page_of(tmp_path), BY_YEAR)
    table = shown(page, reading(page, BY_MONTH, 4.0), reading(page, BY_YEAR, 2.4))
    assert [plain(row[0].text) for row in table.rows] == ["PHMEV annuelle, 2023"]
    said = [plain(note) for note in table.notes if "même question" in note]
    assert said == [
        "PHMEV annuelle et PHMEV posent la même question à deux sources : la base annuelle Open PHMEV et les montants "
        "reçus au mois. La réponse est PHMEV annuelle, que lit l'évaluation des contrats ; PHMEV donne +4,0 %."
    ]


def known_over(one: IndicatorReading, years_nb: int, lower: float, upper: float) -> IndicatorReading:
    """Return the reading with its bounds, its level being known over so many years."""
    trends = one.trends.assign(lower=lower, upper=upper, periods_nb=years_nb - 1)
    level = trends.assign(measure=one.level.id, periods_nb=years_nb)
    return replace(one, trends=pd.concat([trends, level], ignore_index=True))


def test_one_value_has_one_interval_the_one_that_most_years_give(tmp_path: Path) -> None:
    """Three years of a base do not tell chance from the own movement of each establishment; five years of months do."""
    page = evaluated(page_of(tmp_path), BY_YEAR)
    months = known_over(reading(page, BY_MONTH, 2.4), 5, 1.0, 3.8)
    base = known_over(reading(page, BY_YEAR, 2.4), 3, -3.3, 9.2)
    table = shown(page, months, base)
    assert [[plain(cell.text) for cell in row[:3]] for row in table.rows] == [
        ["PHMEV annuelle, 2023", "+2,4 %", "[+1,0 ; +3,8] %"]
    ]
    notes = " ".join(plain(note) for note in table.notes)
    assert "PHMEV donne la même valeur ; l'intervalle du tableau est le sien, estimé sur plus d'années." in notes
    assert "plutôt trop large" not in notes
    other = known_over(reading(page, BY_MONTH, 2.9), 5, 1.0, 3.8)
    table = shown(page, other, base)
    assert plain(table.rows[0][2].text) == "[−3,3 ; +9,2] %"
    assert "Intervalle plutôt trop large, faute de quatre années connues : PHMEV annuelle." in [
        plain(note) for note in table.notes
    ]


def test_the_page_of_an_indicator_known_over_few_years_says_that_its_intervals_are_wide(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    wide = ["Intervalles plutôt trop larges, faute de quatre années connues."]
    assert few_years_notes(known_over(reading(page, BY_YEAR, 2.4), 3, -3.3, 9.2)) == wide
    assert few_years_notes(known_over(reading(page, BY_YEAR, 2.4), 4, -3.3, 9.2)) == []
    assert few_years_notes(reading(page, BY_YEAR, 2.4)) == []


def test_months_that_lack_are_neither_ranked_nor_left_unsaid(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    one = reading(page, BY_MONTH, 2.4)
    ranked = replace(one, trends=one.trends.assign(rank=3, ranked_nb=30, peer_rank=1, peers_nb=3, peer_group="CH"))
    row = shown(page, ranked).rows[0]
    assert plain(row[-1].text) == "3 / 30 (1 / 3)"
    ranked.__dict__["gaps"] = {A: "juin 2023 manque"}
    row = shown(page, ranked).rows[0]
    assert [plain(row[4].text), plain(row[-1].text)] == ["objectif 3,2 % : pas de verdict, juin 2023 manque", "–"]


@pytest.mark.parametrize(
    ("decimals", "value", "situation"),
    [
        (0, 3.24, "au-dessus, de moins de 1 point"),
        (1, 3.24, "au-dessus, de moins de 0,1 point"),
        (2, 3.24, "au-dessus"),
        (2, 3.204, "au-dessus, de moins de 0,01 point"),
    ],
)
def test_a_sheet_says_by_how_little_where_it_prints_a_value_as_its_objective(
    tmp_path: Path, decimals: int, value: float, situation: str
) -> None:
    one = reading(page_of(tmp_path), BY_MONTH, value)
    one = replace(one, measure=one.measure.model_copy(update={"decimals": decimals}))
    assert plain(shown(one.page, one).rows[0][4].text) == f"objectif 3,2 % : {situation}"


def test_a_source_without_value_answers_nothing(tmp_path: Path) -> None:
    page = evaluated(page_of(tmp_path), BY_YEAR)
    table = shown(page, reading(page, BY_MONTH, 4.0), reading(page, BY_YEAR, None))
    assert [plain(row[0].text) for row in table.rows] == ["PHMEV, 2023", "PHMEV annuelle, 2023"]


def test_the_region_counts_an_objective_once(tmp_path: Path) -> None:
    page = evaluated(page_of(tmp_path), BY_YEAR)
    shown(page, reading(page, BY_MONTH, 4.0), reading(page, BY_YEAR, 4.4))
    said = plain(indicator_list.answer(page).summary())
    assert said.endswith("la région est du côté défavorable du seul objectif ou repère renseigné : PHMEV annuelle.")


def test_a_reading_of_the_year_before_names_the_contract_that_reads_it(tmp_path: Path) -> None:
    """``campaign_year``: the data of 2023 are those of the contract of 2024, whose evaluation is another year's."""
    page = page_of(tmp_path)
    own = reading(page, BY_MONTH, 5.0)
    late = replace(own, definition=own.definition.model_copy(update={"period": "campaign_year"}))
    assert (own.period_label, own.previous_label) == ("2023", "2022")
    assert (late.period_label, late.previous_label) == ("2023, contrat 2024", "2022")
    assert binding_notes(own) == []
    assert "celles de 2023 comptent pour 2024" in binding_notes(late)[0]
    # Read in other years, one objective is two questions.
    assert len(answered_by([own, reading(page, BY_YEAR, 5.0)])) == 1
    assert answered_by([late, reading(page, BY_YEAR, 5.0)]) == {}


def test_a_source_not_received_is_no_missing_line_beside_the_one_that_answers(tmp_path: Path) -> None:
    """« manquant » stood beside the rate of eight clinics, on the sheets of those that are not among them."""
    page = page_of(tmp_path)
    table = shown(page, reading(page, BY_MONTH, 2.0), reading(page, BY_YEAR, None))
    assert len(table.rows) == 1
    (note,) = [plain(note) for note in table.notes if note.startswith("Hors du tableau")]
    assert note == (
        "Hors du tableau, faute de ses données (la base annuelle Open PHMEV) : PHMEV annuelle. La réponse à la même "
        "question est PHMEV."
    )
    alone = shown(page, reading(page, BY_YEAR, None))
    assert [cell.text for cell in alone.rows[0]][1] != "", "nothing else answers: the line stays"
    assert not any(note.startswith("Hors du tableau") for note in alone.notes)
