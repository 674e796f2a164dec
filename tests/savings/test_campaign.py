"""From the files of a small region to its savings: nothing is counted twice, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign, KnownEvent
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.compute import amounts_received
from caqes_analysis.receive import open_store
from caqes_analysis.savings import decompose
from caqes_analysis.savings.campaign import compared_year, envelope_pairs
from caqes_analysis.savings.decomposition import EFFECTS
from caqes_analysis.savings.estimate_campaign import declared_events, estimate_questions
from caqes_analysis.savings.sensitivity import estimate_sensitivity
from caqes_analysis.schemes.scheme import scheme_of
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY, small_campaign
from tests.conftest import REPOSITORY

SOURCES = """
  activity: [{path: recus/activite.csv}]
  lpp_spend: [{path: recus/lpp_par_code.csv}]
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> tuple[Campaign, Store]:
    folder = tmp_path_factory.mktemp("region")
    rules = REPOSITORY / "parameters" / "demonstration" / "regles-2022.yml"
    (folder / "regles.yml").write_text(rules.read_text(encoding="utf-8"), encoding="utf-8")
    text = MONTHLY.replace("output: sortie", "output: sortie\nscheme_rules: regles.yml") + SOURCES.lstrip("\n")
    campaign = small_campaign(folder, establishments_nb=14, text=text)
    return campaign, open_store(campaign)


def amounts(store: Store, method: str) -> pd.DataFrame:
    rows = store.read(tables.SAVINGS)
    own = rows[(rows["method"] == method) & (rows["perimeter"] == "courant")]
    return own.set_index(["finess", "indicator", "component"])["amount_eur"].astype(object).unstack("component")


def test_the_contract_and_its_explanation_count_the_same_euros(region: tuple[Campaign, Store]) -> None:
    _, store = region
    both = amounts(store, "regulatory").join(amounts(store, "decomposed").add_suffix("_split"), how="inner")
    both = both.dropna(subset=["previous", "current"])
    assert {"phev_ipp", "phev_perfadom", "transport_ambulance_share"} <= set(both.index.get_level_values("indicator"))
    assert (both["previous"] == both["previous_split"]).all()
    assert (both["current"] == both["current_split"]).all()


def test_the_steps_are_those_of_the_evaluation(region: tuple[Campaign, Store]) -> None:
    _, store = region
    evaluated = store.read(tables.EVALUATIONS)
    due = evaluated.set_index(["contract_finess", "subject"])["saving_eur"].dropna()
    printed = amounts(store, "regulatory")["saving"].dropna()
    assert len(due) > 0
    assert printed.to_dict() == due.to_dict()


def test_the_region_is_the_sum_of_its_establishments(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    split = amounts(store, "decomposed").xs("phmev", level="indicator")
    whole = decompose(envelope_pairs(store, campaign, "phmev"), by=()).iloc[0]
    received = store.query(
        "select year, sum(reimbursed_eur)::decimal(18, 2) as eur from annual_drug_spend group by year"
    )
    by_year = received.set_index("year")["eur"]
    assert split["current"].sum() == whole["current_eur"] == by_year[2023]
    assert split["previous"].sum() == by_year[2022]
    for effect in EFFECTS:
        assert split[effect].sum() == whole[f"{effect}_eur"]
    assert (split[list(EFFECTS)].sum(axis=1) == split["current"] - split["previous"]).all()


def test_the_three_figures_add_up_to_the_region_to_the_cent(region: tuple[Campaign, Store]) -> None:
    _, store = region
    estimates = store.read(tables.SAVING_ESTIMATES)
    whole = estimates[(estimates["level"] == "region") & estimates["saving_eur"].notna()].set_index("indicator")
    real, counted = amounts(store, "statistical"), amounts(store, "regulatory")
    assert {"phev_perfadom", "transport_ambulance_share"} <= set(whole.index)
    for indicator, row in whole.iterrows():
        own = real.xs(indicator, level="indicator")
        assert own["saving"].sum() == row["saving_eur"]
        assert own["counterfactual"].sum() == row["counterfactual_eur"]
        due = counted.xs(indicator, level="indicator").loc[own.index]
        assert (own["current"] == due["current"]).all()
        assert (own["previous"] == due["previous"]).all()


def test_what_is_not_estimated_says_why(region: tuple[Campaign, Store]) -> None:
    _, store = region
    estimates = store.read(tables.SAVING_ESTIMATES)
    silent = estimates[estimates["saving_eur"].isna() & estimates["reason"].isna()]
    assert silent.empty
    assert "phev_ipp" in set(estimates["indicator"])


def test_each_indicator_with_a_reference_has_its_second_look_or_says_why_not(region: tuple[Campaign, Store]) -> None:
    _, store = region
    estimates = store.read(tables.SAVING_ESTIMATES)
    whole = estimates[(estimates["level"] == "region") & estimates["saving_eur"].notna()]
    assert whole["design_reason"].notna().all()
    looks = estimates[estimates["level"] == "threshold"].set_index("indicator")
    assert {"phev_perfadom", "transport_ambulance_share"} <= set(looks.index)
    assert looks["reason"].notna().all()
    assert looks.loc["phev_perfadom", "method"] == "seuil du référentiel"


def test_declared_months_of_transition_are_not_counted(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    shared = [definitions_of(campaign)["transport_ambulance_share"]]
    scheme = scheme_of(campaign)
    asked = list(estimate_questions(store, campaign, scheme, shared))
    assert [one.transition_months_nb for one in asked] == [0] * len(asked), "no text declares any"
    late = campaign_contracts(store).max()
    declared_nb = 2 + 12 * (asked[0].start.year - late.year) + asked[0].start.month - late.month
    declared = scheme.model_copy(update={"transition_months_nb": declared_nb})
    first = next(iter(estimate_questions(store, campaign, declared, shared)))
    row = first.answer().set_index("level").loc["region"]
    assert first.transition_months_nb >= 2
    assert row["months_nb"] == 12 - first.transition_months_nb
    assert "mois de transition" in row["reason"]
    assert first.last_signed_on is not None
    since_contract = replace(first, start=first.last_signed_on)
    assert since_contract.transition_months_nb == declared_nb, "counted from the contract, all of them are left out"


def campaign_contracts(store: Store) -> pd.Series:
    contracts = store.read(tables.CONTRACTS)
    own = contracts[(contracts["scheme"] == "caqes-2022") & (contracts["status"] != "refusé")]
    return own["signed_on"].dropna()


def known(**said: object) -> KnownEvent:
    return KnownEvent.model_validate({"date": "2023-03", "kind": "level", "factor": 0.9, "label": "Baisse", **said})


def test_a_declared_event_reaches_the_indicators_whose_spending_it_names(region: tuple[Campaign, Store]) -> None:
    campaign, _ = region
    definitions = definitions_of(campaign)

    def factors(name: str, *events: KnownEvent) -> list[object]:
        declaring = campaign.model_copy(update={"evenements": events})
        found = declared_events(declaring, definitions[name], signatory={"site": "ej", "et": "et"})
        return [] if found is None else list(found[["series", "factor"]].itertuples(index=False, name=None))

    ipp, perfadom, ambulance = "phev_ipp", "phev_perfadom", "transport_ambulance_share"
    assert factors(ipp, known(indicator=ipp)) == [(None, 0.9)]
    assert factors(perfadom, known(indicator=ipp)) == []
    assert factors(ipp, known()) == [(None, 0.9)]
    assert factors(ipp, known(envelope="phmev")) == []
    assert factors(perfadom, known(envelope="perfadom")) == [(None, 0.9)]
    assert factors(ambulance, known(envelope="transport_ambulance")) == [(None, 0.9)]
    assert factors(ambulance, known(envelope="transport_taxi")) == []


def test_what_an_event_does_to_one_site_is_not_known_of_its_contract(region: tuple[Campaign, Store]) -> None:
    campaign, _ = region
    definition = definitions_of(campaign)["phev_ipp"]
    events = (known(establishment="990000001"), known(establishment="990000002"))
    declaring = campaign.model_copy(update={"evenements": events})
    found = declared_events(declaring, definition, signatory={"990000001": "990000009", "990000002": "990000002"})
    assert found is not None
    assert found["series"].tolist() == ["990000009", "990000002"]
    assert found["factor"].isna().tolist() == [True, False]


def test_the_campaign_passes_its_events_on(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    scheme, shared = scheme_of(campaign), [definitions_of(campaign)["transport_ambulance_share"]]
    plain = next(iter(estimate_questions(store, campaign, scheme, shared)))
    cut = known(date=f"{plain.start:%Y-%m}", envelope="transport_ambulance", source="JO")
    declaring = campaign.model_copy(update={"evenements": (cut,)})
    question = next(iter(estimate_questions(store, declaring, scheme, shared)))
    both = [replace(one, design="interrupted").answer().set_index("series") for one in (plain, question)]
    estimated = both[0].index[both[0]["saving_eur"].notna() & (both[0]["level"] == "series")]
    assert len(estimated)
    for name in estimated:
        expected = both[0].loc[name, "counterfactual_eur"] * Decimal("0.9")
        assert abs(both[1].loc[name, "counterfactual_eur"] - expected) <= Decimal("0.01")
    rows = estimate_sensitivity(question, question.answer())
    assert "ne pas tenir compte des événements déclarés" in set(rows["label"])


def test_every_assumption_is_changed_alone(region: tuple[Campaign, Store]) -> None:
    _, store = region
    rows = store.read(tables.SAVING_SENSITIVITY)
    base = rows[rows["variant"] == "base"].set_index(["method", "indicator"])
    assert (base["difference_eur"] == 0).all()
    for row in rows.to_dict("records"):
        kept = base.loc[(row["method"], row["indicator"]), "saving_eur"]
        assert row["difference_eur"] == row["saving_eur"] - kept
    paid = amounts(store, "regulatory").xs("incentive", level="indicator")["incentive"].dropna().sum()
    assert base.loc[("regulatory", "incentive"), "saving_eur"] == paid
    rules = rows[rows["method"] == "regulatory"].set_index("variant")["saving_eur"]
    assert rules["gate_none"] >= rules["base"]
    assert rules["lowest_rate"] <= rules["base"] <= rules["highest_rate"]


def test_the_amounts_of_an_indicator_are_those_received(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    definition = definitions_of(campaign)["transport_ambulance_share"]
    found = amounts_received(store, definition, measure="ambulance_eur", years=[2022, 2023])
    received = store.query(
        "select sum(amount_eur)::decimal(18, 2) as eur from monthly_grid "
        "where envelope = 'transport_ambulance' and year(month) in (2022, 2023)"
    )
    assert found["amount_eur"].dropna().sum() == received["eur"].iloc[0]
    assert found["period"].str.len().eq(7).all()
    yearly = amounts_received(store, definitions_of(campaign)["phev_ipp"], measure="reimbursed_eur", years=[2023])
    assert yearly["period"].eq("2023").all()


def test_envelopes_without_products_have_no_year(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    assert compared_year(store, campaign, "phmev") == 2023
    assert compared_year(store, campaign, "lpp") == 2024
    assert compared_year(store, campaign, "extra_list_drugs") is None


def test_levers_are_written_with_their_scenarios(region: tuple[Campaign, Store]) -> None:
    _, store = region
    levers = store.read(tables.LEVERS)
    assert {"median", "best_quartile"} <= set(levers["scenario"])
    assert {"ipp", "substitution", "ambulance"} <= set(levers["lever"])
    assert (levers["saving_eur"] >= Decimal(0)).all()
    assert (levers["gap_eur"] > 0).all()


@pytest.mark.slow
def test_the_2018_scheme_has_its_dotation_and_its_trajectory(tmp_path: Path) -> None:
    from caqes_analysis.savings.campaign import campaign_savings
    from tests.evaluation.test_assess import GRADED, graded_campaign

    rules = (REPOSITORY / "parameters" / "schemes" / "caqes-2018.yml").read_text(encoding="utf-8")
    (tmp_path / "regles.yml").write_text(f"{rules}\ntransport_reference_year: 2018\n", encoding="utf-8")
    campaign = graded_campaign(tmp_path, f"{GRADED}\nscheme_rules: regles.yml\n")
    found = campaign_savings(open_store(campaign), campaign)[tables.SAVINGS]
    own = found[found["indicator"] == "transport_trajectory"].set_index(["finess", "component"])["amount_eur"]
    first = own.index.get_level_values("finess")[0]
    assert own[first, "overrun"] == own[first, "realised"] - own[first, "target"]
    assert (found["indicator"] == "incentive").sum() == 0


@pytest.mark.slow
def test_a_scheme_without_shared_savings_says_what_it_pays_instead(tmp_path: Path) -> None:
    from caqes_analysis.chapters import savings
    from caqes_analysis.chapters.page import Page
    from tests.evaluation.test_assess import graded_campaign

    campaign = graded_campaign(tmp_path)
    said = savings.answer(Page(campaign, open_store(campaign))).summary()
    assert said.startswith("Le dispositif CAQES 2018 ne reverse pas aux établissements une part des économies")
    assert "dotation biosimilaires" in said
