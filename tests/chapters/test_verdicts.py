"""A closed year is judged whole or not at all, and every page counts the same establishments."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import (
    Page,
    envelope,
    finder,
    forecasts,
    home,
    indicator,
    region,
    sheet,
    sheet_data,
    sheet_spending,
)
from caqes_analysis.chapters.indicator_reading import read_indicator
from caqes_analysis.chapters.verdicts import months_words
from caqes_analysis.display import Figure, Table
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.indicators.campaign_values import keep_indicators
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import campaign_file
from tests.chapters.test_sentences import words

D, E = "990000004", "990000005"
CAMPAIGN = """\
title: "Essai"
region: {code: "96", name: "Essai"}
year: 2019
last_month: "2019-12"
scheme: caqes-2018
sources:
  monthly_spend: [{path: absent.csv, amount_kind: reimbursed, date_basis: care}]
"""


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Page]:
    """Against 3.2 %: A +10 %, whole; B +2 % without June; C +1 % by a December that the base says is twice as much."""
    campaign = campaign_file(tmp_path, CAMPAIGN)
    before = whole_year(2017) | whole_year(2018)
    series = {
        (A, "phmev"): before | whole_year(2019, "110.00"),
        (B, "phmev"): before | whole_year(2019, "102.00", m06=None),
        (C, "phmev"): before | whole_year(2019, "105.00", m12="57.00"),
        (D, "phmev"): before | whole_year(2019, "101.00"),
        (E, "phmev"): before | whole_year(2019, "101.00"),
    }
    known = establishments(*({"finess": one, "name": f"CH {one}"} for one in (A, B, C, D, E)))
    store = store_of(tmp_path / "store", monthly_rows(series), known, first="2017-01", last="2019-12")
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    totals = {A: "1320.00", B: "1224.00", C: "1260.00", D: "1212.00", E: "1212.00"}
    base = pd.DataFrame({"finess": list(totals), "reimbursed_eur": [Decimal(total) for total in totals.values()]})
    base = base.assign(source_line=range(2, 7))
    store.write(
        tables.ANNUAL_DRUG_SPEND, tables.ANNUAL_DRUG_SPEND.conform(base, source="base", year=2019, **state), part="base"
    )
    target = {
        "scheme": ["caqes-2018"],
        "subject": ["phev_drugs"],
        "measure": ["evolution_pct"],
        "data_year": [2019],
        "finess": ["all"],
        "value": [3.2],
        "unit_label": ["%"],
        "source": ["essai"],
        "status": ["verified"],
    }
    store.write(tables.TARGETS, pd.DataFrame(target), part="essai")
    prepare_forecasts(store, campaign)
    return {one: Page(campaign, store, None, one) for one in (A, B, C, D)} | {"region": Page(campaign, store)}


def test_a_year_with_a_gap_is_not_judged_and_says_its_months(pages: dict[str, Page]) -> None:
    answer, cards = sheet.headline(pages[B])
    assert words(answer).startswith(
        "De janvier à mai et de juillet à décembre 2019, la PHMEV a augmenté de 2,0 % par rapport aux mêmes mois de "
        "2018 ; objectif 3,2 % (essai) ; pas de verdict : un mois manque"
    )
    assert "respecté" not in words(cards)
    assert sheet_spending.evolution_table(pages[B]).rows[0][-1].text == "pas de verdict"
    assert "PHMEV, pas de verdict : un mois manque." in words(sheet.retained_messages(pages[B]))


def test_a_year_whose_months_do_not_make_the_base_is_not_judged_and_says_both_amounts(pages: dict[str, Page]) -> None:
    # 11 × 105 + 57 = 1 212, +1 %; the base says 1 260, +5 %.
    answer, cards = sheet.headline(pages[C])
    assert "+1,0 %" in words(cards)
    assert "pas de verdict : la somme des mois n'est pas celle d'Open PHMEV" in words(answer)
    assert "Complètes" not in words(cards)
    assert "À vérifier" in words(cards)
    assert "PHMEV 2019 : somme des mois 1 212,00 €, Open PHMEV 1 260,00 €" in words(sheet_data.reserves(pages[C])[0])
    row = pages[C].forecasts.iloc[0]
    assert (row["reason"], pd.isna(row["median_eur"])) == ("la somme des mois n'est pas celle d'Open PHMEV", True)


def test_months_in_doubt_are_told_apart_from_the_base(pages: dict[str, Page]) -> None:
    page = pages[C]
    answer, _ = sheet.headline(page)
    assert words(answer).startswith("En 2019, d'après les mois reçus, la PHMEV a augmenté de 1,0 % par rapport à 2018")
    reserve = "d'après des mois dont la somme n'est pas celle d'Open PHMEV"
    assert f"dans l'évolution de la région, {reserve} (rang" in words(sheet.retained_messages(page))
    told = words(sheet.contribution(page))
    assert told.startswith(f"En 2019, {reserve}, l'établissement porte")
    assert "sa dépense a varié de +12 € par rapport à 2018" in told
    drawn = sheet_spending.cumulative_figure(page)
    assert isinstance(drawn, Figure)
    assert "objectif" not in drawn.title
    assert "La somme des mois n'est pas celle d'Open PHMEV : leur cumul n'est pas comparé à l'objectif." in str(
        drawn
    ).replace("\xa0", " ")
    whole = sheet_spending.cumulative_figure(pages[A])
    assert isinstance(whole, Figure)
    assert "au-dessus de l'objectif" in whole.title
    assert reserve not in words(sheet.contribution(pages[A]))


def test_months_without_verdict_name_the_one_that_the_contract_gave(pages: dict[str, Page]) -> None:
    """A sheet said « il n'y a pas de verdict » above the one that counts in the score, of the opposite sign."""
    keep_indicators(pages[C].store, pages[C].campaign, part="essai")
    page = Page(pages[C].campaign, pages[C].store, None, C)
    known = {"contract_finess": C, "year": 2019, "scheme": "caqes-2018", "kind": "indicator", "subject": "phmev_annual"}
    judged = {"attainment": "not_attained", "period": "2019", "measure": "evolution_pct", "value": 5.0}
    row = known | judged | {"unit_label": "%", "status": "computed", "label": "PHMEV annuelle", "part": "socle"}
    page.__dict__["evaluations"] = tables.EVALUATIONS.conform(pd.DataFrame([row]))
    said = "L'évaluation du contrat lit la base annuelle Open PHMEV : +5,00 %, objectif non atteint."
    answer, _ = sheet.headline(page)
    assert words(answer).endswith(f"pas de verdict : la somme des mois n'est pas celle d'Open PHMEV. {said}")
    assert f"Open PHMEV. {said}" in words(sheet.retained_messages(page))
    reserves = words(sheet_data.reserves(page)[0])
    assert f"pas de verdict sur les mois reçus. {said}" in reserves
    assert "il n'y a pas de verdict" not in reserves
    assert "L'évaluation du contrat" not in words(sheet.headline(pages[B])[0])


def test_a_whole_year_is_judged(pages: dict[str, Page]) -> None:
    assert ": non respecté" in words(sheet.headline(pages[A])[0])
    assert ": respecté" in words(sheet.headline(pages[D])[0])


def test_every_page_counts_the_same_establishments(pages: dict[str, Page]) -> None:
    region = pages["region"]
    said = words(home.home_answer(region))
    assert "1 établissement sur 3 dépasse l’objectif (2 autres non comptés : année incomplète ou non vérifiée)" in said
    assert (
        "dans l'objectif, 3,2 % (essai) ; pas de verdict, année incomplète ou non vérifiée de 2 établissements" in said
    )
    landed = words(forecasts.answer(region))
    assert landed.startswith(
        "Parmi les établissements dont les deux années sont entières et vérifiées, 1 sur 3 a dépassé l'objectif PHMEV"
    )
    assert "dont l'année est entière et vérifiée les deux années" in landed
    figure = envelope.position_figure(region, "phmev")
    assert isinstance(figure, Figure)
    assert figure.title == "Un établissement sur trois dépasse l'objectif de 3,2\xa0%"
    assert [row[-1].text for row in figure.table.rows if row[-1].text != "–"] == [
        "pas de verdict, la somme des mois n'est pas celle d'Open PHMEV",
        "pas de verdict, un mois manque",
    ]
    table = envelope.establishment_table(region, "phmev")
    assert isinstance(table, Table)
    assert sorted(row[-1].text for row in table.rows if row[-1].text) == [
        "non respecté",
        "pas de verdict",
        "pas de verdict",
        "respecté",
        "respecté",
    ]


def test_an_amount_that_lacks_a_month_says_so_and_what_the_base_has(pages: dict[str, Page]) -> None:
    region_page = pages["region"]
    # 1 320 + 11 × 102 + (11 × 105 + 57) + 2 × 1 212 received; the base has 1 224 of B and 1 260 of C.
    said = words(region.answer(region_page, "phmev"))
    assert "pour atteindre 6,1 k€ (sans juin pour un établissement ; 6,2 k€ d'après Open PHMEV)" in said
    note = f"Sur une partie des mois : CH {B} (11 mois sur 12, juin manquant) ; son montant, sa part et son taux"
    table = envelope.establishment_table(region_page, "phmev")
    assert any(one.replace("\xa0", " ").startswith(note) for one in table.notes)
    denied = f"La somme des mois n'est pas celle d'Open PHMEV, donc pas de verdict : CH {C}."
    assert denied in [one.replace("\xa0", " ") for one in table.notes]
    assert denied in [one.replace("\xa0", " ") for one in finder.finder_table(region_page).notes]
    whole = region.envelope_table(region_page)
    said = "Montants des mois comparés, connus les deux années : PHMEV sans juin pour un établissement."
    assert said in [one.replace("\xa0", " ") for one in whole.notes]
    figure = region.contribution_figure(region_page)
    assert any("; sa contribution est celle de ces mois." in one for one in figure.notes)


def test_months_that_follow_each_other_are_told_together() -> None:
    assert months_words([1, 3, 4, 5, 6, 7]) == "en janvier et de mars à juillet"


def test_the_region_of_an_indicator_counts_its_incomplete_years(pages: dict[str, Page]) -> None:
    region = pages["region"]
    keep_indicators(region.store, region.campaign, part="essai")
    reading = read_indicator(region, "phev_drugs")
    said = "dans l'objectif ; pas de verdict, année incomplète ou non vérifiée de 2 établissements"
    assert reading.position(3.0).label == said
    assert reading.position(2.0, B).label == "pas de verdict : un mois manque"


@pytest.mark.slow
def test_a_year_without_verdict_is_on_neither_side_of_an_objective(pages: dict[str, Page]) -> None:
    """B is at +2 % without June, C +1 % by months that the base denies: A alone of the three others is above 3.2 %."""
    page = pages["region"]
    keep_indicators(page.store, page.campaign, part="essai")
    reading = read_indicator(page, "phev_drugs")
    said = words(indicator.answer(reading))
    assert "1 établissement sur 3 est au-dessus (2 autres sans verdict)" in said
    figure = indicator.position_figures(reading)[0]
    assert isinstance(figure, Figure)
    sides = {row[1].text: (row[3].text, row[4].text) for row in figure.table.rows}
    assert sides[A] == ("au-dessus", "–")
    assert sides[B] == ("n. d.", "indéterminé, un mois manque")
    assert sides[C][1].startswith("indéterminé, la somme des mois")
    assert sides[D] == ("en dessous", "–")
