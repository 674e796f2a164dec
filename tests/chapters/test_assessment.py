"""What the evaluation chapter and the sheet say, under both schemes."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import french, tables
from caqes_analysis.chapters import (
    assessment,
    assessment_matrix,
    assessment_plan,
    assessment_position,
    assessment_scale,
    assessment_score,
    assessment_sheet,
    indicator_sheet,
    savings,
)
from caqes_analysis.chapters.assessment_words import threshold_notes
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_estimates import rules_table
from caqes_analysis.chapters.savings_parts import part_words
from caqes_analysis.display import Figure, Notice, Table
from caqes_analysis.receive import open_store
from tests.campaigns import MONTHLY, small_campaign
from tests.conftest import REPOSITORY
from tests.evaluation.test_assess import graded_campaign

RULES = REPOSITORY / "parameters" / "demonstration" / "regles-2022.yml"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Page:
    campaign = graded_campaign(tmp_path_factory.mktemp("note"))
    return Page(campaign, open_store(campaign))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interesse")


def paying(folder: Path, rules: str) -> Page:
    (folder / "regles.yml").write_text(rules, encoding="utf-8")
    text = MONTHLY.replace("output: sortie", "output: sortie\nscheme_rules: regles.yml")
    campaign = small_campaign(folder, establishments_nb=14, text=text)  # fewer, and nobody saves
    return Page(campaign, open_store(campaign))


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def cells(shown: Any, label: str) -> list[str]:
    assert isinstance(shown, Table)
    place = [header.label for header in shown.columns].index(label)
    return [plain(row[place].text) for row in shown.rows]


def test_a_graded_region_says_its_scores_and_that_the_grid_is_simulated(graded: Page) -> None:
    said = plain(assessment.answer(graded).summary())
    assert re.search(r"Le score médian de \d contrats? notés? est de \d+,\d sur 100", said)
    rows = graded.store.read(tables.EVALUATIONS)
    due = rows.loc[rows["kind"] == "sanction", "amount_eur"].dropna()
    due = due[due > 0]
    who = f"{len(due)} contrat{'s' if len(due) > 1 else ''}"
    amount = plain(french.euros(sum(due), cents=True))
    assert f"Avant procédure contradictoire, la grille donnerait une sanction à {who}, {amount} en tout" in said
    aimed = plain(assessment_matrix.targeting_matrix(graded).summary())
    assert "Ce rapport ne connaît de référentiel pour aucun indicateur du CAQES 2018. Les établissements des" in aimed
    assert "volets additionnels ont été choisis à la signature" in aimed
    table = assessment_score.score_table(graded)
    assert isinstance(table, Table)
    assert "grille simulée" in table.caption
    assert len(table.rows) == 7
    assert set(cells(table, "Transports")) & {"sans objet"}  # the volet that most did not sign
    assert isinstance(assessment.incentive_table(graded), Notice)
    assert "simulée" in assessment.rules(graded).summary()


def test_scores_are_in_order_and_remarks_are_with_the_steps(graded: Page) -> None:
    """The first table has neither remark nor base, which made each row five lines tall."""
    table, steps = assessment_score.score_table(graded), assessment_score.sanction_table(graded)
    scores = [float(text.replace(",", ".")) for text in cells(table, "Score") if text != "non calculable"]
    assert scores == sorted(scores) != []
    assert cells(table, "Score") == cells(steps, "Score")
    assert cells(table, "Sanction") == cells(steps, "Sanction")
    assert isinstance(table, Table)
    assert "Remarque" not in [header.label for header in table.columns]
    assert any(len(text) > 20 for text in cells(steps, "Remarque"))
    assert not any(text.startswith("Centre hospitalier") for text in cells(table, "Établissement"))


def test_the_sheet_prints_every_step_of_the_score(graded: Page) -> None:
    finess = assessment.evaluations(graded)["contract_finess"].iloc[-1]
    page = Page(graded.campaign, graded.store, None, str(finess))
    table = assessment_sheet.steps_table(page)
    assert isinstance(table, Table)
    details = assessment_sheet.criteria_details(page)
    assert details is not None
    _, criteria, _ = details.shown
    assert isinstance(criteria, Table)
    assert len(criteria.rows) > 5
    assert len(table.rows) + len(criteria.rows) == len(assessment_sheet.own_evaluations(page))
    card = assessment_sheet.evaluation_card(page)
    assert card is not None
    assert "score" in card.detail
    assert "(grille simulée)" in card.detail or "non calculable" in card.detail


def test_the_action_plan_of_annexe_1_is_shown_with_the_points_of_each_engagement(graded: Page) -> None:
    """It was read from the region's file, then shown on no page."""
    plan = assessment_plan.plan_table(graded)
    assert plan is not None
    assert "grille simulée" in plan.caption
    assert cells(plan, "Plan d'action")[0] == "Déployer la prescription informatisée dans tous les services"
    assert cells(plan, "Cible") == [
        "80 % des lits",
        "procédure appliquée",
        "80 % des prescriptions",
        "taux nationaux de l'année",
        "plate-forme en service",
    ]
    assert cells(plan, "Preuve à garder")[0] == "extraction du logiciel de prescription"
    assert cells(plan, "Preuve à garder")[3] == "mesuré par ce rapport"
    assert cells(plan, "Contrats concernés")[3:] == ["tous", "ceux qui ont signé le volet transports"]
    for finess in sorted(assessment.evaluations(graded)["contract_finess"].unique()):
        page = Page(graded.campaign, graded.store, None, str(finess))
        rows = assessment_sheet.own_evaluations(page)
        details = assessment_sheet.criteria_details(page)
        assert details is not None
        own = details.shown[0]
        sections = rows[rows["kind"] == "section"].set_index("subject")
        assert ("Organiser les transports" in cells(own, "Engagement")) == ("section/transports" in sections.index)
        by_title = dict(zip(cells(own, "Engagement"), cells(own, "Points obtenus"), strict=True))
        circuit = sections.loc["section/circuit"]  # one engagement: its points are those of its section
        found = by_title["Informatiser la prise en charge médicamenteuse"]
        if circuit["status"] == "computed":
            assert found == f"{french.number(circuit['weighted_points'])} sur {french.number(circuit['weighted_max'])}"
        else:
            assert found == "non calculable"


def test_a_sanction_is_quoted_with_what_it_still_waits_for(graded: Page) -> None:
    rows = assessment.evaluations(graded)
    cards = {}
    for row in rows[rows["kind"] == "sanction"].to_dict("records"):
        page = Page(graded.campaign, graded.store, None, str(row["contract_finess"]))
        card = assessment_sheet.evaluation_card(page)
        assert card is not None
        cards[not pd.isna(row["amount_eur"]) and row["amount_eur"] > 0] = plain(card.detail)
    assert "score" in cards[True]
    assert "(grille simulée) ; sanction encourue " in cards[True]
    assert cards[True].endswith(" €, avant procédure contradictoire")
    assert "procédure" not in cards[False]


def test_a_sheet_names_the_source_of_the_rates_that_it_applies(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    finess = page.store.read(tables.EVALUATIONS).query("kind == 'incentive'")["contract_finess"].iloc[0]
    table = assessment_sheet.steps_table(Page(page.campaign, page.store, None, str(finess)))
    assert isinstance(table, Table)
    assert page.scheme.incentive is not None
    assert f"Source de la règle : {page.scheme.incentive.source}." in table.notes


def test_no_point_is_singular() -> None:
    section = {"kind": "section", "score": 0.0, "weighted_max": 40}
    said = [assessment_sheet._reached({**section, "weighted_points": number}) for number in (0, 1.5, 20)]
    assert said == ["0 point sur 40", "1,5 point sur 40", "20 points sur 40"]


def test_a_reader_does_the_sanction_again_from_what_is_printed(graded: Page) -> None:
    said = plain(assessment.rules(graded).summary())
    assert "de 0 à moins de 40, 1 % ; de 40 à moins de 60, 0,5 % ; à partir de 60, 0 %" in said
    assert "au plus 500 000 €" in said
    assert (
        "Assiette : dépense de janvier à décembre 2019 (montant remboursé, TTC, au mois de la sortie) des enveloppes "
        "« Liste en sus, médicaments » et « Liste en sus, dispositifs médicaux », tous les sites du contrat."
    ) in said
    scale = cells(assessment_scale.scale_table(graded), "Points selon la réponse")
    assert scale[0] == "à partir de 0 % : 0 ; à partir de 50 % : 5 ; à partir de 80 % : 10"
    rows = assessment.evaluations(graded)
    sanctions = rows[(rows["kind"] == "sanction") & rows["gross_eur"].notna()]
    assert len(sanctions)
    page = Page(graded.campaign, graded.store, None, str(sanctions["contract_finess"].iloc[0]))
    table = assessment_sheet.steps_table(page)
    where = dict(zip(cells(table, "Ligne"), cells(table, "D'où il vient"), strict=True))
    parts = [
        float(text)
        for text in re.findall(r"[\d.]+", where_amounts(next(t for n, t in where.items() if "Sanction" in n)))
    ]
    assert round(sum(parts), 2) == float(sanctions["base_eur"].iloc[0])
    formula = next(text for name, text in where.items() if name.startswith("Score"))
    redone = eval(formula.replace("×", "*").replace("÷", "/").replace(",", "."))
    scores = rows[rows["kind"] == "score"].set_index("contract_finess")["score"]
    assert abs(redone - float(scores[page.finess])) <= 0.05
    details = assessment_sheet.criteria_details(page)
    assert details is not None
    assert "Paliers" in details.shown[-1].summary()


def where_amounts(text: str) -> str:
    """Return the amounts of a sum, without names: « médicaments 1 234,50 € + … » gives « 1234.50 … »."""
    return " ".join(one.replace(" ", "").replace(",", ".") for one in re.findall(r"(\d[\d ]*,\d\d) €", text))


def test_an_objective_with_a_spending_threshold_says_that_the_verdict_ignores_it() -> None:
    """500 000 € stands beside 2.2 %; no text found says how they combine."""
    target = {"scheme": "caqes-2018", "subject": "transports", "measure": "spending_threshold_eur", "data_year": 2019}
    targets = pd.DataFrame([target | {"value": 500_000.0, "source": "arrêté du 12/12/2018"}])
    rows = pd.DataFrame(
        {
            "subject": "transports",
            "label": "Transports",
            "attainment": ["attained", "not_attained", "unknown"],
            "current_eur": [Decimal("93000.00"), Decimal("500000.00"), None],
        }
    )
    (said,) = threshold_notes(rows, targets, scheme="caqes-2018", year=2019)
    assert "seuil de dépense de 500 000 € (arrêté du 12/12/2018)" in plain(said)
    assert "1 des 2 contrats qui ont un verdict ont dépensé moins" in said
    (own,) = threshold_notes(rows.head(1), targets, scheme="caqes-2018", year=2019)
    assert plain(own).endswith("Dépense de 2019 : 93 000,00 €.")
    assert threshold_notes(rows, targets, scheme="caqes-2022", year=2019) == []


def test_unknown_rules_are_said_and_give_no_amount(folder: Path) -> None:
    page = paying(folder, (REPOSITORY / "parameters" / "schemes" / "caqes-2022.yml").read_text(encoding="utf-8"))
    assert "non calculable" in assessment.answer(page).summary()
    said = assessment.rules(page).summary()
    assert "Taux inconnu" in said
    assert "la région ne l'a pas écrit" in said


def test_the_contracts_that_a_merger_changes_are_named(folder: Path) -> None:
    text = RULES.read_text(encoding="utf-8").replace("netting: none", "netting: none\n  mergers: signatory")
    page = paying(folder, text)
    merged = assessment.rules(page).summary().partition("Fusions : ")[2]
    assert "aucun texte" not in merged
    taken, rows = page.store.read(tables.SUCCESSIONS), assessment.evaluations(page)
    year = int(rows["year"].iloc[0])
    recent = taken[taken["since"] >= pd.Timestamp(year - 1, 1, 2)]["current_finess"]
    names = set(rows[rows["contract_finess"].isin(list(recent))]["name"])
    assert names, "the simulated region has a merger in the years compared"
    assert all(name in merged for name in names)
    other = set(rows["name"].dropna()) - names
    assert not any(name in merged for name in other)


def test_terms_nobody_gave_leave_amounts_to_nobody(folder: Path) -> None:
    page = paying(folder, (REPOSITORY / "parameters" / "schemes" / "caqes-2022.yml").read_text(encoding="utf-8"))
    amounts = cells(assessment.incentive_table(page), "Montant")
    assert {text for text in amounts[:-1] if "€" in text} == set()
    assert isinstance(assessment_score.score_table(page), Notice)
    assert isinstance(assessment_score.sanction_table(page), Notice)


def test_known_rules_print_steps_that_give_the_amount(folder: Path) -> None:
    text = RULES.read_text(encoding="utf-8").replace("floor_eur: 1000", "floor_eur: none")
    page = paying(folder, text.replace("gate: attained", "gate: none"))
    assert "L'intéressement, calculé selon une formule non officielle, est de " in assessment.answer(page).summary()
    card = savings.savings_card(page)
    assert card is not None
    assert card.detail.endswith(" (formule non officielle)")
    table = assessment.incentive_table(page)
    assert isinstance(table, Table)
    assert "formule non officielle" in table.caption
    rows = assessment.evaluations(page)
    computed = rows[(rows["kind"] == "indicator") & rows["amount_eur"].notna()]
    assert len(computed)
    for row in computed.itertuples(index=False):
        due = row.rate_pct / 100 * row.kept_saving_eur * row.gate
        assert abs(due - row.amount_eur) <= 0.005
    total = rows[rows["kind"] == "incentive"]["amount_eur"].dropna().sum()
    assert total > 0
    assert cells(table, "Établissement")[-2:] == ["Région", "Région"]  # the national part, then the regional one
    assert cells(table, "Montant")[-2].replace(" ", "").replace(",", ".") == f"{total:.2f}€"


def test_the_national_and_the_regional_parts_are_both_shown_with_their_steps(folder: Path) -> None:
    (folder / "reperes.csv").write_text(
        "scheme;subject;measure;data_year;finess;value;unit_label;source;status\n"
        "caqes-2022;repertoire_share;share_pct;2023;all;48,0;%;essai;regional\n",
        encoding="utf-8",
    )
    (folder / "regles.yml").write_text(RULES.read_text(encoding="utf-8"), encoding="utf-8")
    text = MONTHLY.replace("output: sortie", "output: sortie\nscheme_rules: regles.yml\ntargets:\n  - reperes.csv")
    campaign = small_campaign(folder, establishments_nb=14, text=text)
    page = Page(campaign, open_store(campaign))
    rows = page.evaluations
    regional = rows[rows["kind"] == "regional_indicator"]
    assert set(regional["subject"]) == {"repertoire_share"}
    assert len(regional) == rows["contract_finess"].nunique()  # every contract, though none names it
    assert {"attained"} <= set(regional["attainment"])
    attained = int((regional["attainment"] == "attained").sum())
    whole = plain(french.euros(Decimal(5000 * attained), cents=True))
    table = assessment.incentive_table(page)
    assert cells(table, "Indicateur")[-2:] == [
        "Somme des contrats, part nationale",
        "Somme des contrats, part régionale",
    ]
    assert cells(table, "Montant")[-1] == whole
    computed = rows[(rows["kind"] == "regional_incentive") & rows["amount_eur"].notna()]
    assert attained < len(computed), "the contracts computed are not those that are paid"
    assert (
        f"La part régionale, selon le barème que fixe la région, est de {whole} pour {len(computed)} contrats ; "
        f"elle est supérieure à zéro pour {attained}"
    ) in plain(assessment.answer(page).summary())
    (whose,) = [note for note in assessment.objectives_table(page).notes if note.startswith("Contrats : ")]
    assert whose.endswith("ou que la part régionale le compte pour tous (Part répertoire).")
    matrix = assessment_matrix.incentive_matrix(page)
    assert isinstance(matrix, Table)
    labels = [header.label for header in matrix.columns]
    assert labels[labels.index("Total national") :] == ["Total national", "Part régionale"]
    assert "Part régionale : Part répertoire." in [plain(note) for note in matrix.notes]
    outside = regional[regional["attainment"] == "not_applicable"]  # a clinic that Open PHMEV leaves out
    assert set(outside["status"]) <= {"not_applicable"}
    assert {"objectif atteint"} <= set(cells(table, "Remarque"))
    said = plain(assessment.rules(page).summary())
    assert "Part répertoire, 5 000 € si l'objectif est atteint ; tous les contrats" in said
    who = regional[regional["attainment"] == "attained"]["contract_finess"].iloc[0]
    steps = assessment_sheet.steps_table(Page(campaign, page.store, None, str(who)))
    card = assessment_sheet.evaluation_card(Page(campaign, page.store, None, str(who)))
    assert card is not None
    assert plain(card.detail).endswith("part régionale 5,0 k€ (barème de la région)")
    said = plain(assessment.answer(page).summary())
    assert ("non calculable pour" in said.partition("La part régionale,")[2]) == (
        "not_computable" in set(rows.loc[rows["kind"] == "regional_incentive", "status"])
    )
    own = indicator_sheet.contract_indicators_table(Page(campaign, page.store, None, str(who)))
    aimed = {
        name.split(",")[0]: word for name, word in zip(cells(own, "Indicateur"), cells(own, "Référentiel"), strict=True)
    }
    assert aimed["Part répertoire"] == "aucun"  # it was « on ne sait pas », of a référentiel that does not exist
    money = dict(zip(cells(steps, "Ligne"), cells(steps, "Montant"), strict=True))
    assert money["Part régionale (FIR)"] == "somme des indicateurs régionaux : 5 000,00 €"
    assert money["Part des prescriptions dans le répertoire des génériques"] == "objectif atteint : 5 000,00 €"
    # The chapter of the savings counts the national part alone: it says so, and where the other one is.
    note = f"Part nationale seule ; la part régionale, {whole} pour {french.plural(attained, 'contrat')}, est dans"
    for savings_table in (savings.contracts_table(page), savings.figures_by_indicator(page), rules_table(page)):
        assert isinstance(savings_table, Table)
        assert "Intéressement (part nationale)" in [header.label for header in savings_table.columns]
        assert [plain(one).startswith(plain(note)) for one in savings_table.notes].count(True) == 1
    region_card = savings.savings_card(page)
    assert region_card is not None
    assert "intéressement national " in region_card.detail
    own_part = part_words(Page(campaign, page.store, None, str(who))).notes
    assert [plain(one) for one in own_part] == [
        "Part nationale seule ; la part régionale, 5 000,00 €, est dans l'évaluation du contrat."
    ]


def test_who_is_targeted_and_what_is_reached_are_two_tables(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    targeting, reached = assessment.targeting_table(page), assessment.realisation_table(page)
    assert isinstance(targeting, Table)
    assert isinstance(reached, Table)
    assert "Objectif" not in [header.label for header in targeting.columns]
    assert "Référentiel" not in [header.label for header in reached.columns]
    summary = assessment.objectives_table(page)
    assert sum(map(int, cells(summary, "Atteint"))) == cells(reached, "Réalisation").count("atteint")


def test_a_sheet_without_contract_says_so(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    under = set(assessment.evaluations(page)["contract_finess"])
    other = next(finess for finess in page.establishments["finess"] if finess not in under)
    own = Page(page.campaign, page.store, None, other)
    assert assessment_sheet.evaluation_card(own) is None
    assert isinstance(assessment_sheet.steps_table(own), Notice)
    assert assessment_sheet.criteria_details(own) is None


def test_the_matrices_hold_a_row_per_contract_and_agree_with_the_details(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    contracts = page.store.read(tables.EVALUATIONS)["contract_finess"].nunique()
    assert isinstance(assessment_matrix.overview(page), Figure)
    targeted, reached = assessment_matrix.targeting_matrix(page), assessment_matrix.realisation_matrix(page)
    assert isinstance(targeted, Table)
    assert isinstance(reached, Table)
    assert len(targeted.rows) == len(reached.rows) == contracts
    flags = sum(cell.text == "ciblé" for row in targeted.rows for cell in row)
    assert flags == cells(assessment.targeting_table(page), "Référentiel").count("ciblé")
    attained = sum(cell.text.endswith(", atteint") for row in reached.rows for cell in row)
    assert attained == cells(assessment.realisation_table(page), "Réalisation").count("atteint")
    assert [header.label for header in targeted.columns][1:] == ["IPP", "Part ambulance"]


def test_the_total_of_the_incentive_is_that_of_the_details(folder: Path) -> None:
    text = RULES.read_text(encoding="utf-8").replace("floor_eur: 1000", "floor_eur: none")
    page = paying(folder, text.replace("gate: attained", "gate: none"))
    assert (
        cells(assessment_matrix.incentive_matrix(page), "Total national")[-1]
        == cells(assessment.incentive_table(page), "Montant")[-2]
    )


def test_the_year_in_progress_has_a_position_and_no_verdict(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    shown = assessment_position.current_positions(page)
    assert isinstance(shown, Table)
    said = {cell.text for row in shown.rows for cell in row[1:]}
    assert all(text.endswith(("au-dessus", "en dessous", "%", "–")) for text in said)


def test_a_contract_has_a_position_for_its_own_indicators_only(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    contracts = page.store.read(tables.CONTRACTS)
    part = next((page.store.directory / tables.CONTRACTS.name).glob("*.parquet")).stem

    def with_position(own: list[str]) -> set[str]:
        page.store.write(tables.CONTRACTS, contracts.assign(indicators=own), part=part)
        shown = assessment_position.current_positions(page)
        assert isinstance(shown, Table)
        return {row[0].text for row in shown.rows}

    every = ["transport_ambulance_share"] * len(contracts)
    half = [name if number % 2 else "phev_pansements" for number, name in enumerate(every)]
    everyone, restricted = with_position(every), with_position(half)
    assert restricted
    assert restricted < everyone


def test_a_graded_year_that_is_closed_says_so_and_targets_nobody(graded: Page) -> None:
    closed = assessment_position.current_positions(graded)
    assert isinstance(closed, Notice)
    assert "close" in closed.text
    assert isinstance(assessment_matrix.targeting_matrix(graded), Notice)
    assert isinstance(assessment_matrix.incentive_matrix(graded), Notice)
    assert isinstance(assessment_matrix.realisation_matrix(graded), Table)


def test_a_contract_without_position_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is said of what the contract does not hold: an opening, or a gap, is told otherwise, with its reason."""
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    known = assessment_position.realisation

    def with_an_opening(*arguments: object, **options: object) -> pd.DataFrame:
        rows = known(*arguments, **options)  # type: ignore[arg-type]
        place = rows.index[(rows["subject"] == "transport_ambulance_share") & rows["value"].notna()][0]
        rows.loc[place, ["value", "attainment", "reason"]] = [None, "not_applicable", "année précédente à zéro"]
        return rows

    monkeypatch.setattr(assessment_position, "realisation", with_an_opening)
    shown = assessment_position.current_positions(page)
    assert isinstance(shown, Table)
    said = [cell.text for row in shown.rows for cell in row[1:]]
    assert said.count("sans objet") == 1
    assert any(note.startswith("Sans objet, année précédente à zéro\u00a0: ") for note in shown.notes)


def test_a_value_without_verdict_says_why(graded: Page) -> None:
    table = assessment.realisation_table(graded)
    verdicts, reasons = cells(table, "Réalisation"), cells(table, "Pourquoi")
    assert "pas de verdict" in verdicts or "sans objet" in verdicts
    assert all(
        (why == "–") == (word in ("atteint", "non atteint")) for word, why in zip(verdicts, reasons, strict=True)
    )
    values = cells(table, "Valeur")
    assert all(value != "n. d." for value, word in zip(values, verdicts, strict=True) if word == "sans objet")
    summary = assessment.objectives_table(graded)
    assert sum(map(int, cells(summary, "Sans objet"))) == verdicts.count("sans objet")


def test_no_euros_are_not_why_a_verdict_is_missing(folder: Path) -> None:
    page = paying(folder, RULES.read_text(encoding="utf-8"))
    table = assessment.realisation_table(page)
    rows = zip(cells(table, "Réalisation"), cells(table, "Pourquoi"), strict=True)
    reasons = {why for word, why in rows if word == "pas de verdict"}
    assert reasons
    assert not any("euros" in why for why in reasons)


def test_a_volet_signed_that_has_no_line_is_named(graded: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven sheets named a volet in their first line, and never again."""
    contracts = graded.store.read(tables.CONTRACTS).assign(volets="socle,pertinence,qualite")
    monkeypatch.setattr(
        graded.store,
        "read",
        lambda table, read=graded.store.read: contracts if table is tables.CONTRACTS else read(table),
    )
    finess = str(graded.evaluations["contract_finess"].iloc[0])
    table = assessment_sheet.steps_table(Page(graded.campaign, graded.store, None, finess))
    (note,) = [plain(note) for note in table.notes if note.startswith("Volet")]
    assert note == (
        "Volets pertinence et qualité : signés, sans critère ni objectif évalué ; ils ne comptent dans aucune ligne."
    )
