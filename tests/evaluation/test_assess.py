"""The evaluation of whole campaigns: both schemes, an invented third one, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.errors import CampaignError, SourceError
from caqes_analysis.evaluation.assess import (
    assess,
    contracted_indicators,
    evaluated_contracts,
    evaluated_year,
    one_answer,
)
from caqes_analysis.evaluation.campaign import check_rules, evaluate, grid_of
from caqes_analysis.evaluation.sanction import sanction_bases
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition, load_definition
from caqes_analysis.receive import open_store, receive
from caqes_analysis.savings.objectives import spending_objectives
from caqes_analysis.schemes.grid import SanctionRule
from caqes_analysis.schemes.scheme import Scheme, known_schemes, scheme_of
from caqes_analysis.simulation import simulate_region
from caqes_analysis.store import Store
from tests.builders import establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file
from tests.conftest import REPOSITORY
from tests.evaluation.builders import definition

A, B = "990000001", "990000002"
MONTHS_2019 = (
    MONTHLY.replace("2024-09", "2019-12").replace("year: 2024", "year: 2019").replace("provisional_months_nb: 2\n", "")
)
GRADED = (
    MONTHS_2019.replace("caqes-2022", "caqes-2018")
    .replace("OPEN_PHMEV_2022.zip, year: 2022", "OPEN_PHMEV_2018.CSV, year: 2018")
    .replace("OPEN_PHMEV_2023.CSV, year: 2023", "OPEN_PHMEV_2019.CSV, year: 2019")
    .replace("output: sortie", "output: sortie\nevaluation_grid: grille.yml")
    + "  grid_answers: [{path: recus/reponses_grille.csv}]\n"
)


def graded_campaign(folder: Path, text: str = GRADED) -> Campaign:
    if not (folder / "recus").exists():
        simulate_region(folder / "recus", establishments_nb=8, seed=5, year=2019, last_month=12)
        grid = (REPOSITORY / "parameters" / "demonstration" / "grille-2019.yml").read_text(encoding="utf-8")
        (folder / "grille.yml").write_text(grid, encoding="utf-8")
    return campaign_file(folder, text)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Campaign, Store]:
    campaign = graded_campaign(tmp_path_factory.mktemp("note"))
    return campaign, open_store(campaign)


def test_a_graded_campaign_from_files_to_scores(graded: tuple[Campaign, Store]) -> None:
    campaign, store = graded
    rows = store.read(tables.EVALUATIONS)
    grid = grid_of(campaign)
    assert grid is not None
    contracts = evaluated_contracts(store, "caqes-2018")
    assert set(rows["contract_finess"]) == set(contracts["contract_finess"])
    assert len(contracts) == 7  # the eighth establishment merged: its contract is its successor's
    for finess, own in rows.groupby("contract_finess"):
        assert (own["kind"] == "score").sum() == 1, finess
        lines = own[(own["kind"] == "criterion") & (own["status"] == "computed")]
        assert (lines["points"] * lines["weight"] == lines["weighted_points"]).all()
    scored = rows[(rows["kind"] == "score") & (rows["status"] == "computed")]
    assert len(scored)
    for row in scored.itertuples(index=False):
        exact = Decimal(row.weighted_points) / Decimal(row.weight)
        assert abs(Decimal(row.score) - exact) <= Decimal("0.05")


def test_a_criterion_reads_the_verdict_printed_beside_it(graded: tuple[Campaign, Store]) -> None:
    """PHMEV is evaluated from the yearly base; the grid names the months of the same objective."""
    campaign, store = graded
    rows = store.read(tables.EVALUATIONS)
    grid = grid_of(campaign)
    assert grid is not None
    (criterion,) = [one for one in grid.criteria if one.id == "evolution-phmev"]
    assert criterion.measured is not None
    assert criterion.measured.indicator == "phev_drugs"
    assert "phev_drugs" not in set(rows["subject"])
    verdicts = rows[rows["subject"] == "phmev_annual"].set_index("contract_finess")["attainment"]
    lines = rows[rows["subject"] == "criterion/evolution-phmev"].set_index("contract_finess")
    judged = verdicts[verdicts.isin(["attained", "not_attained"])]
    assert len(judged) > 2
    assert lines["attainment"].reindex(judged.index).tolist() == judged.tolist()


def test_indicators_of_one_objective_give_one_answer() -> None:
    months, base, other = (
        definition(name, target={"subject": subject, "measure": "evolution_pct"})
        for name, subject in (("months", "spending"), ("base", "spending"), ("other", "other"))
    )
    rows = pd.DataFrame(
        [
            (A, "months", "unknown"),
            (A, "base", "not_attained"),
            (A, "other", "attained"),
            (B, "months", "attained"),
        ],
        columns=["contract_finess", "subject", "attainment"],
    )
    read = one_answer(rows, rows[rows["subject"] != "months"], [months, base, other])
    found = read.set_index(["contract_finess", "subject"])["attainment"].to_dict()
    assert found[A, "months"] == found[A, "base"] == "not_attained"
    assert found[A, "other"] == "attained"
    assert found[B, "months"] == "attained", "a contract that lists the other indicator keeps its own answer"


def test_a_contract_answers_for_the_volets_that_it_signed(graded: tuple[Campaign, Store]) -> None:
    _, store = graded
    rows = store.read(tables.EVALUATIONS)
    assert not store.read(tables.CONTRACTS)["volets"].str.contains("transports").any()
    assert "transports" not in set(rows["subject"])
    everyone = set(rows["contract_finess"])
    assert set(rows[rows["subject"] == "repertoire_share"]["contract_finess"]) == everyone


@pytest.mark.parametrize(
    ("listed", "volets", "common", "expected"),
    [
        (None, "socle,transports", ("socle",), ["base", "cars", "free"]),
        (None, "socle", ("socle",), ["base", "free"]),
        (None, None, ("socle",), ["base", "free"]),  # whose volets nobody gave: those of all
        (None, None, (), ["base", "cars", "free"]),
        ("cars", "socle", ("socle",), ["cars"]),  # what it lists, and nothing else
    ],
)
def test_what_a_contract_answers_for(
    listed: str | None, volets: str | None, common: tuple[str, ...], expected: list[str]
) -> None:
    scheme = Scheme.model_validate(
        {"id": "essai", "name": "Essai", "law": "aucune", "result_years": [2019], "envelope_targets": "contractual"}
        | {"common_volets": common}
    )
    known = [definition("base", volet="socle"), definition("cars", volet="transports"), definition("free")]
    signed = pd.DataFrame({"contract_finess": [A], "indicators": [listed], "volets": [volets]})
    assert contracted_indicators(signed, known, scheme)["subject"].tolist() == expected


def test_the_base_of_a_sanction_is_told_apart_from_none_at_all(tmp_path: Path) -> None:
    drugs, devices = "extra_list_drugs", "extra_list_devices"
    months = {
        (A, drugs): whole_year(2019, "10.10"),
        (A, devices): whole_year(2019, "1.00"),
        (B, drugs): whole_year(2019, "5.00", m06=None),
        ("990000003", "lpp"): whole_year(2019, "1.00"),
    }
    names = ({"finess": A}, {"finess": B}, {"finess": "990000003"})
    store = store_of(tmp_path / "store", monthly_rows(months), establishments(*names), first="2019-01", last="2019-12")
    rule = SanctionRule.model_validate(
        {"source": "essai", "base_envelopes": [drugs, devices], "tiers": [{"score_from": 0, "rate_pct": 1}]}
    )
    bases = sanction_bases(store, rule, 2019, [A, B, "990000003"], ENVELOPES)
    assert bases[A].amount_eur == Decimal("133.20")  # 12 × 10.10 + 12 × 1.00
    assert bases[B].amount_eur is None
    assert [name for name, _ in bases[B].parts] == ["Liste en sus, médicaments"]
    assert bases["990000003"].parts == ()
    assert len(bases["990000003"].absent) == 2
    elsewhere = SanctionRule.model_validate({**rule.model_dump(), "base_envelopes": ["perfadom"]})
    assert sanction_bases(store, elsewhere, 2019, [A], ENVELOPES)[A].parts == (
        ("Perfusion à domicile (PERFADOM)", None),
    )


def test_evaluating_twice_gives_the_same_rows(graded: tuple[Campaign, Store]) -> None:
    campaign, store = graded
    pd.testing.assert_frame_equal(store.read(tables.EVALUATIONS), evaluate(store, campaign))


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("evaluation_grid: grille.yml\n", "", "GRILLE_ABSENTE"),
        ("scheme: caqes-2018", "scheme: caqes-2022", "GRILLE_AUTRE_DISPOSITIF"),
        ("scheme: caqes-2018", "scheme: caqes-2018\nscheme_rules: regles.yml", "REGLES_AUTRE_DISPOSITIF"),
    ],
)
def test_rules_that_do_not_fit_are_refused(graded: tuple[Campaign, Store], before: str, after: str, code: str) -> None:
    folder = graded[0].file.parent
    other = (REPOSITORY / "parameters" / "schemes" / "caqes-2022.yml").read_text(encoding="utf-8")
    (folder / "regles.yml").write_text(other, encoding="utf-8")
    with pytest.raises(CampaignError, match=code):
        check_rules(graded_campaign(folder, GRADED.replace(before, after)))


def test_a_grid_that_measures_an_unknown_indicator_is_refused(graded: tuple[Campaign, Store]) -> None:
    folder = graded[0].file.parent
    text = (folder / "grille.yml").read_text(encoding="utf-8").replace("indicator: phev_drugs", "indicator: phev_drog")
    (folder / "autre.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CampaignError, match="GRILLE_INDICATEUR"):
        check_rules(graded_campaign(folder, GRADED.replace("grille.yml", "autre.yml")))


def test_a_scheme_without_grid_refuses_one(tmp_path: Path) -> None:
    text = MONTHLY.replace("output: sortie", "evaluation_grid: g.yml")
    grid = (REPOSITORY / "parameters" / "demonstration" / "grille-2019.yml").read_text(encoding="utf-8")
    own = grid.replace("scheme: caqes-2018", "scheme: caqes-2022").replace("[2018, 2019]", "[2023]")
    (tmp_path / "g.yml").write_text(own, encoding="utf-8")
    with pytest.raises(CampaignError, match="GRILLE_SANS_OBJET"):
        check_rules(campaign_file(tmp_path, text))


def test_wrong_answers_stop_the_reception_with_the_rest(graded: tuple[Campaign, Store], tmp_path: Path) -> None:
    folder = graded[0].file.parent
    wrong = folder / "recus" / "fausses.csv"
    wrong.write_text("finess_contrat;annee;critere;reponse\n1;2019;x;y\n", encoding="utf-8")
    campaign = graded_campaign(folder, GRADED.replace("reponses_grille.csv", "fausses.csv"))
    with pytest.raises(SourceError) as caught:
        receive(campaign, tmp_path / "store")
    assert {problem.column for problem in caught.value.problems} == {"finess_contrat", "critere"}
    assert not (tmp_path / "store").exists()


# A third scheme is a file, and an indicator a file: nothing below is known to the package.
THIRD = """\
id: essai-2026
name: "Contrat d'essai"
law: "aucun texte : dispositif inventé pour ce test"
result_years: [2024]
envelope_targets: regional
first_year: from_signature
incentive:
  source: inventée
  rate_pct: 10
  rates_pct: {taxis: 40}
  gate: proportional
  floor_eur: none
  cap_eur: 90
regional_incentive:
  source: inventée
  basis: per_indicator
  indicators: [ambulances]
  amounts_eur: {ambulances: 1000.10}
"""
INDICATOR = """\
id: {name}
name: "{name} de l'essai"
short_name: "{name}"
status: draft
schemes: [essai-2026]
theme: essai
why: essai
period: cumulative_month
direction: lower
main_measure: amount_eur
measures:
  - id: amount_eur
    label: Montant
    unit: "€"
    numerator: {{table: monthly_grid, sum: amount_eur, where: "envelope = '{envelope}'"}}
  - {{id: evolution_pct, label: Évolution, unit: "%", evolution_of: amount_eur}}
target: {{subject: {name}, measure: evolution_pct}}
reference:
  status: regional
  source: essai
  conditions: [{{measure: amount_eur, below: 1200}}]
incentive: {{kind: {kind}, saving_measure: amount_eur}}
"""


def third_scheme(folder: Path, signed_on: str = "2024-01-01") -> tuple[Campaign, Store, list[IndicatorDefinition]]:
    """An invented scheme, its indicators, and a region of two establishments whose months are round numbers."""
    (folder / "schemes").mkdir()
    (folder / "schemes" / "essai-2026.yml").write_text(THIRD, encoding="utf-8")
    (folder / "indicators").mkdir()
    kinds = {"taxis": ("transport_taxi", "savings_share"), "ambulances": ("transport_ambulance", "amount")}
    for name, (envelope, kind) in kinds.items():
        path = folder / "indicators" / f"{name}.yml"
        path.write_text(INDICATOR.format(name=name, envelope=envelope, kind=kind), encoding="utf-8")
    text = MONTHLY.replace("caqes-2022", "essai-2026").replace("2024-09", "2024-12")
    campaign = campaign_file(folder, text.replace("provisional_months_nb: 2\n", ""))
    months = {
        (A, "transport_taxi"): whole_year(2023) | whole_year(2024, "97.00"),
        (B, "transport_taxi"): whole_year(2023) | whole_year(2024, "100.00", m12="0.00"),
        (A, "transport_ambulance"): whole_year(2023) | whole_year(2024, "90.00"),
        (B, "transport_ambulance"): whole_year(2023) | whole_year(2024, "90.00", m03=None),
    }
    store = store_of(folder / "store", monthly_rows(months), establishments({"finess": A}, {"finess": B}))
    base = {"scheme": "essai-2026", "signed_on": signed_on, "indicators": "taxis,ambulances", "status": "signé"}
    signed = pd.DataFrame([base | {"contract_finess": finess} for finess in (A, B)])
    store.write(tables.CONTRACTS, tables.CONTRACTS.conform(signed), part="essai")
    target = {"scheme": "essai-2026", "measure": "evolution_pct", "data_year": 2024, "finess": "all", "value": -5.0}
    target |= {"unit_label": "%", "source": "essai", "status": "regional"}
    rows = [target | {"subject": name} for name in kinds]
    store.write(tables.TARGETS, tables.TARGETS.conform(pd.DataFrame(rows)), part="essai")
    definitions = [load_definition(path) for path in sorted((folder / "indicators").glob("*.yml"))]
    return campaign, store, definitions


def evaluated(campaign: Campaign, store: Store, definitions: list[IndicatorDefinition]) -> pd.DataFrame:
    rows = assess(store, campaign, scheme=scheme_of(campaign), definitions=definitions)
    return rows.set_index(["contract_finess", "subject"])


def test_an_invented_scheme_is_only_files(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path)
    check_rules(campaign)
    assert evaluated_year(campaign) == 2024
    rows = evaluated(campaign, store, definitions)
    taxi = rows.loc[(A, "taxis")]
    # 1 200 → 1 164 €: −3 % of the −5 % asked, so a gate of 0.6; 40 % × 36.00 × 0.6 = 8.64.
    assert (taxi["saving_eur"], taxi["gate"], taxi["amount_eur"]) == (36, Decimal("0.6"), Decimal("8.64"))
    assert taxi["reference_status"] == "respected"
    assert rows.loc[(A, "incentive"), "amount_eur"] == Decimal("8.64")
    assert rows.loc[(A, "regional_incentive"), "amount_eur"] == Decimal("1000.10")
    # B saved 100 of 1 200 €: attained, 40 % × 100.00; its ambulances miss a month: no verdict, no regional part.
    assert rows.loc[(B, "incentive"), "amount_eur"] == Decimal("40.00")
    assert rows.loc[(B, "ambulances"), "reference_status"] == "unknown"
    assert rows.loc[(B, "regional_incentive"), "status"] == "not_computable"
    assert "mars 2024 manque" in rows.loc[(B, "regional_incentive"), "reason"]


def test_the_rule_of_a_region_pays_for_an_indicator_of_another_scheme_in_every_contract(tmp_path: Path) -> None:
    """A definition need not be edited: the rule names it, and says whose contracts it is in."""
    campaign, store, _ = third_scheme(tmp_path)
    other = tmp_path / "indicators" / "ambulances.yml"
    written = other.read_text(encoding="utf-8").replace("schemes: [essai-2026]", "schemes: [caqes-2018]")
    other.write_text(written.replace("kind: amount", "kind: none"), encoding="utf-8")
    for path in (store.directory / tables.CONTRACTS.name).glob("*.parquet"):
        path.unlink()
    signed = {"scheme": "essai-2026", "signed_on": "2024-01-01", "indicators": "taxis", "status": "signé"}
    store.write(
        tables.CONTRACTS, tables.CONTRACTS.conform(pd.DataFrame([signed | {"contract_finess": A}])), part="essai"
    )
    rules = tmp_path / "schemes" / "essai-2026.yml"
    named = evaluated(campaign, store, list(definitions_of(campaign).values()))
    assert (A, "ambulances") not in named.index  # the contract does not name it, and the rule does not give it to all
    rules.write_text(THIRD.replace("basis: per", "contracts: all\n  basis: per"), encoding="utf-8")
    rows = evaluated(campaign, store, list(definitions_of(campaign).values()))
    assert rows.loc[(A, "ambulances"), "kind"] == "regional_indicator"
    assert rows.loc[(A, "ambulances"), "amount_eur"] == Decimal("1000.10")
    assert rows.loc[(A, "regional_incentive"), "amount_eur"] == Decimal("1000.10")
    assert rows.loc[(A, "incentive"), "amount_eur"] == Decimal("8.64")  # the national part stays what it was


def test_a_rule_that_names_an_unknown_indicator_is_refused(tmp_path: Path) -> None:
    """It paid nobody, and nothing said so."""
    campaign, _, _ = third_scheme(tmp_path)
    rules = tmp_path / "schemes" / "essai-2026.yml"
    wrong = THIRD.replace("{taxis: 40}", "{taxi: 40}").replace("ambulances", "taxis")
    rules.write_text(wrong, encoding="utf-8")
    with pytest.raises(CampaignError) as caught:
        check_rules(campaign)
    found = {problem.code: problem for problem in caught.value.problems}
    assert set(found) == {"REGLE_INDICATEUR", "REGLE_DOUBLE"}
    assert (found["REGLE_INDICATEUR"].value, found["REGLE_DOUBLE"].value) == ("taxi", "taxis")
    assert "Vouliez-vous dire « taxis »" in found["REGLE_INDICATEUR"].remedy


def test_a_contract_may_read_the_data_of_the_year_before(tmp_path: Path) -> None:
    """``campaign_year``: the contract of 2024 reads 2023 against 2022, and the objective of 2023."""
    campaign, store, _ = third_scheme(tmp_path, signed_on="2024-07-01")
    months = {(finess, "transport_taxi"): whole_year(2022, "200.00") for finess in (A, B)}
    grid = store_of(tmp_path / "avant", monthly_rows(months), establishments({"finess": A}, {"finess": B}))
    before = grid.read(tables.MONTHLY_GRID)
    store.write(tables.MONTHLY_GRID, before[before["month"].dt.year == 2022].reset_index(drop=True), part="avant")
    path = tmp_path / "indicators" / "taxis.yml"
    text = path.read_text(encoding="utf-8").replace("cumulative_month", "campaign_year")
    path.write_text(text.replace("below: 1200", "below: 1201"), encoding="utf-8")
    late = tmp_path / "indicators" / "taxis_de_l_annee.yml"
    late.write_text(
        text.replace("id: taxis", "id: taxis_de_l_annee").replace("campaign_year", "cumulative_month"), "utf-8"
    )
    store.write(
        tables.CONTRACTS, store.read(tables.CONTRACTS).assign(indicators="taxis,taxis_de_l_annee"), part="essai"
    )
    targets = store.read(tables.TARGETS)
    earlier = targets[targets["subject"] == "taxis"].assign(data_year=2023, value=-60.0)
    store.write(tables.TARGETS, pd.concat([targets, earlier], ignore_index=True), part="essai")
    definitions = [load_definition(path), load_definition(late)]
    rows = evaluated(campaign, store, definitions)
    row = rows.loc[(A, "taxis")]
    # 2022: 12 × 200 = 2 400 €; 2023: 1 200 €, so −50 %, where the objective of 2023 is −60 %. Signed on 1 July 2024,
    # the contract still reads 2023 whole.
    assert (row["year"], row["period"], row["value"], row["target_value"]) == (2024, "données de 2023", -50, -60)
    assert (row["attainment"], row["previous_eur"], row["current_eur"]) == ("not_attained", 2400, 1200)
    assert (row["saving_eur"], row["reference_status"]) == (1200, "respected")
    own = rows.loc[(A, "taxis_de_l_annee")]
    # The same objective read in its own year is another question: both are evaluated, July to December alone.
    assert (own["period"], own["previous_eur"], own["current_eur"]) == ("juillet à décembre 2024", 600, 582)
    assert (own["value"], own["target_value"], own["attainment"]) == (-3, -5, "not_attained")


def test_an_indicator_that_is_not_about_a_contract_says_why_where_its_money_would_be(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path)
    without = store.read(tables.MONTHLY_GRID)
    is_taxi_of_b = (without["finess"] == B) & (without["envelope"] == "transport_taxi")
    for path in (store.directory / tables.MONTHLY_GRID.name).glob("*.parquet"):
        path.unlink()
    store.write(tables.MONTHLY_GRID, without[~is_taxi_of_b].reset_index(drop=True), part="grille")
    row = evaluated(campaign, store, definitions).loc[(B, "taxis")]
    assert (row["status"], row["reason"]) == ("not_applicable", "aucune dépense ni activité de ce type")


def test_a_contract_of_july_compares_july_to_december(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path, "2024-07-01")
    rows = evaluated(campaign, store, definitions)
    taxi = rows.loc[(A, "taxis")]
    assert taxi["period"] == "juillet à décembre 2024"
    assert (taxi["previous_eur"], taxi["current_eur"], taxi["saving_eur"]) == (600, 582, 18)
    # B: 600 → 500 €, −16.7 %; the month missing in March is no longer compared, but the months before it cannot be
    # taken away from the year either.
    assert rows.loc[(B, "taxis"), "saving_eur"] == 100
    assert rows.loc[(B, "taxis"), "attainment"] == "attained"


def test_a_contract_signed_later_is_not_evaluated(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path, "2025-01-01")
    assert assess(store, campaign, scheme=scheme_of(campaign), definitions=definitions).empty


def test_sums_of_contracts_make_the_region_whatever_the_order(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path)
    first = evaluated(campaign, store, definitions)
    pd.testing.assert_frame_equal(first, evaluated(campaign, store, definitions[::-1]))
    kinds = first.reset_index()
    paid = kinds[kinds["subject"] == "incentive"]["amount_eur"].sum()
    assert paid == kinds[(kinds["kind"] == "indicator")]["amount_eur"].dropna().sum()


def test_a_refused_contract_is_not_evaluated(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path)
    signed = store.read(tables.CONTRACTS).assign(status=["refusé", "terminé"])
    store.write(tables.CONTRACTS, signed, part="essai")
    rows = evaluated(campaign, store, definitions)
    assert set(rows.index.get_level_values(0)) == {B}


def test_an_indicator_that_the_catalogue_ignores_is_shown_and_said(tmp_path: Path) -> None:
    campaign, store, definitions = third_scheme(tmp_path)
    signed = store.read(tables.CONTRACTS).assign(indicators="taxis,velos")
    store.write(tables.CONTRACTS, signed, part="essai")
    row = evaluated(campaign, store, definitions).loc[(A, "velos")]
    assert row["status"] == "not_computable"
    assert "catalogue" in row["reason"]


def test_the_code_lists_of_the_region_are_those_of_its_contracts(tmp_path: Path) -> None:
    campaign, store, _ = third_scheme(tmp_path)
    (tmp_path / "code_lists").mkdir()
    (tmp_path / "code_lists" / "attelles.yml").write_text(
        "id: attelles\ntitle: Attelles\nkind: lpp\nsource: essai\nstatus: regional\nas_of: 2023-01-01\n"
        'codes: [{code: "1111111", label: Attelle}]\n',
        encoding="utf-8",
    )
    text = INDICATOR.format(name="attelles", envelope="x", kind="savings_share")
    old = "{table: monthly_grid, sum: amount_eur, where: \"envelope = 'x'\"}"
    assert old in text
    path = tmp_path / "indicators" / "attelles.yml"
    path.write_text(
        text.replace(old, "{table: lpp_spend, sum: amount_eur, where: \"in_list(lpp, 'attelles')\"}")
        + "code_lists: [attelles]\n",
        encoding="utf-8",
    )
    lines = pd.DataFrame({"finess": A, "period": ["2023", "2024"], "lpp": "1111111"})
    lines["amount_eur"] = [Decimal("100.00"), Decimal("90.00")]
    states = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(lines, delivery="essai", **states), part="essai")
    store.write(tables.CONTRACTS, store.read(tables.CONTRACTS).assign(indicators="attelles"), part="essai")
    row = evaluated(campaign, store, [load_definition(path)]).loc[(A, "attelles")]
    assert row["saving_eur"] == 10


def test_a_wrong_scheme_file_tells_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "faux.yml"
    path.write_text(THIRD.replace("rate_pct: 10", "rate_pct: dix").replace("gate: prop", "gate: x"), encoding="utf-8")
    from caqes_analysis.parameter_files import load_parameters

    with pytest.raises(CampaignError) as caught:
        load_parameters(path, Scheme)
    assert {problem.line for problem in caught.value.problems} == {9, 11}


@pytest.mark.parametrize("name", ["demonstration-2019", "demonstration-2024"])
def test_the_rules_of_the_demonstrations_are_right(name: str) -> None:
    campaign = load_campaign(REPOSITORY / "parameters" / f"{name}.yml")
    check_rules(campaign)
    scheme: Any = scheme_of(campaign)
    assert (grid_of(campaign) is not None) == scheme.is_graded


def test_what_was_spent_before_the_contract_is_not_called_its_effect() -> None:
    one = load_definition(REPOSITORY / "parameters" / "indicators" / "phmev_annual.yml")
    scheme = known_schemes()["caqes-2018"]
    assert list(spending_objectives([one], scheme)) == ["phmev_annual"]
    assert spending_objectives([one.model_copy(update={"period": "campaign_year"})], scheme) == {}
