"""What the chapter of the savings, the explained change and the sheet say of a small region."""

from __future__ import annotations

import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import french, tables
from caqes_analysis.chapters import (
    explained,
    savings,
    savings_designs,
    savings_estimates,
    savings_levers,
    savings_sheet,
)
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Details, Figure, Notice, Table
from caqes_analysis.display.series import carried_euros
from caqes_analysis.receive import open_store
from caqes_analysis.savings.estimate import COMPARED, INTERRUPTED
from caqes_analysis.savings.estimate_readings import CONCLUSION_WORDS
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.savings.levers import LEVER_LABELS
from tests.campaigns import MONTHLY, small_campaign
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("economies")
    rules = REPOSITORY / "parameters" / "demonstration" / "regles-2022.yml"
    (folder / "regles.yml").write_text(rules.read_text(encoding="utf-8"), encoding="utf-8")
    text = MONTHLY.replace("output: sortie", "output: sortie\nscheme_rules: regles.yml")
    text += "  activity: [{path: recus/activite.csv}]\n  lpp_spend: [{path: recus/lpp_par_code.csv}]\n"
    campaign = small_campaign(folder, establishments_nb=14, text=text)
    return Page(campaign, open_store(campaign))


def sheet(page: Page, finess: str) -> Page:
    return Page(page.campaign, page.store, finess=finess)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def cells(shown: Any, label: str) -> list[str]:
    assert isinstance(shown, Table)
    place = [header.label for header in shown.columns].index(label)
    return [plain(row[place].text) for row in shown.rows]


def number(text: str) -> Decimal:
    return Decimal(text.replace(" ", "").removesuffix("€").replace("−", "-").replace(",", "."))


def test_the_region_is_the_sum_of_the_contracts_to_the_cent(page: Page) -> None:
    table = savings.contracts_table(page)
    for label in ("N-1", "N", "Économies"):
        *own, region = [number(text) for text in cells(table, label)]
        assert sum(own) == region
    assert len(cells(table, "Économies")) > 3


def test_the_answer_says_the_figure_of_the_contract_and_what_was_spent(page: Page) -> None:
    said = plain(savings.answer(page).summary())
    assert said.startswith("Pour 2023, le contrat compte ")
    assert "la règle ne retient que les baisses" in said
    whole = number(cells(savings.contracts_table(page), "Économies")[-1])
    assert number(said.split("compte ")[1].split(" €")[0]) == whole


def test_the_three_figures_stand_side_by_side_and_the_third_is_not_invented(page: Page) -> None:
    table = savings.figures_by_indicator(page)
    assert isinstance(table, Table)
    real = dict(zip(cells(table, "Indicateur"), cells(table, "Économie réelle (à 95 %)"), strict=True))
    assert real["IPP"] == "non estimable"
    assert real["Réhospitalisations IC"] == "non valorisable"
    assert re.fullmatch(r"[+−]?[\d ,]+ [kM]?€ \(de [+−].* à [+−].*\)", real["Part ambulance"])
    assert "non valorisable" in cells(table, "Contrat : économies")
    *own, whole = cells(table, "Contrat : économies")
    assert sum(number(text) for text in own if "€" in text) == number(whole)
    assert any("formule non officielle" in note for note in table.notes)
    assert "ne s'en déduisent pas" in savings.difference(page).summary()


def test_the_third_figure_says_how_sure_it_is_and_what_it_assumes(page: Page) -> None:
    table = savings_estimates.estimates_table(page)
    said = dict(zip(cells(table, "Indicateur"), cells(table, "Ce qu'on peut dire"), strict=True))
    assert set(said.values()) <= {*CONCLUSION_WORDS.values(), "n. d."}
    assert said["Part ambulance"] in CONCLUSION_WORDS.values()
    paid = next(note for note in table.notes if "payé sur cet indicateur" in note)
    assert "Objectif en part" in paid
    assert any("une peut paraître établie par hasard" in note for note in table.notes)
    changed = savings_estimates.sensitivity_table(page)
    assert {"autre tirage des trajectoires", "sans le contrat qui dépense le plus"} <= set(
        cells(changed, "Ce qui change")
    )
    rules = savings_estimates.rules_table(page)
    assert cells(rules, "Ce qui change")[0] == "la règle retenue"
    assert number(cells(rules, "Intéressement (part nationale)")[0]) == number(
        cells(savings.contracts_table(page), "Intéressement (part nationale)")[-1]
    )


def test_the_three_figures_are_read_together_where_they_are_only_mentioned(page: Page) -> None:
    shown = savings.three_figures(page)
    assert shown is not None
    said = plain(shown.summary())
    whole = number(cells(savings.contracts_table(page), "Économies")[-1])
    assert f"le contrat compte {plain(french.compact_euros(whole))}" in said
    assert re.search(r"indicateurs? estimables? sur \d", said)
    assert plain(savings.how_to_read(page).summary()) in said
    everything = plain(savings.figures_by_indicator(page).rows[-1][-1].text)
    interval = everything.partition("(")[2].rstrip(")")
    unknown = f"va {interval} (négative, c'est un surcoût), les données ne permettent pas de conclure"
    assert unknown in said, "no point is quoted of what is unknown"


def test_the_chapter_says_which_design_was_used_and_why_not_the_other(page: Page) -> None:
    table = savings_designs.designs_table(page)
    used = dict(zip(cells(table, "Indicateur"), cells(table, "Plan retenu"), strict=True))
    assert used["Part ambulance"] in {COMPARED, INTERRUPTED}
    why = dict(zip(cells(table, "Indicateur"), cells(table, "Pourquoi celui-là"), strict=True))
    assert "sans contrat" in why["Part ambulance"]
    beside = dict(zip(cells(table, "Indicateur"), cells(table, "Ce que vaut ce second regard"), strict=True))
    assert beside["Pansements"] == "pas de référentiel connu, donc pas de seuil"
    assert "il en faut 8 de chaque côté" in beside["PERFADOM"]


@pytest.mark.parametrize("method", [COMPARED, INTERRUPTED])
def test_an_interrupted_series_says_that_it_expects_declared_events_only(method: str) -> None:
    row = {"indicator": "phev_ipp", "level": "region", "series": "region", "year": 2023, "period": "2023-01/2023-12"}
    row |= {"months_nb": 12, "series_nb": 3, "method": method}
    estimates = tables.SAVING_ESTIMATES.conform(pd.DataFrame([row]))
    shown: Any = SimpleNamespace(store=SimpleNamespace(read=lambda _: estimates), indicator_names={})
    table = savings_designs.designs_table(shown)
    assert table is not None
    is_said = any("n'est attendue que si la campagne la déclare" in note for note in table.notes)
    assert is_said == (method == INTERRUPTED)


def test_each_indicator_has_a_sentence_that_reads_the_difference(page: Page) -> None:
    said = plain(savings.difference(page).summary())
    assert "Part ambulance : le contrat compte" in said
    assert "n'est pas estimable" in said
    beyond = savings_estimates.reading_of(
        "IPP",
        Decimal("900.00"),
        Decimal("-900.00"),
        None,
        {"saving_eur": Decimal(100), "lower_95_eur": 20, "upper_95_eur": 180, "conclusion": "saving", "events": None},
    )
    assert "dépasse tout cet intervalle" in beyond
    assert "économie établie" in beyond
    assert "événement" not in beyond


def test_what_would_be_paid_without_effect_is_told_in_euros(page: Page) -> None:
    paid = cells(savings_estimates.estimates_table(page), "Payé sans aucun effet")
    estimated = savings_estimates.estimates_of(page).dropna(subset=["prob_paid_without_effect"])
    assert len(estimated)
    for row in estimated.to_dict("records"):
        assert any(plain(french.compact_euros(row["paid_without_effect_eur"])) in text for text in paid)
    assert sum("en moyenne" in text for text in paid) == len(estimated)


def test_a_lever_without_amount_says_what_it_lacks(page: Page) -> None:
    table = savings_levers.levers_table(page)
    assert isinstance(table, Table)
    shown = set(cells(table, "Levier"))
    by_group = shown & {label for name, label in LEVER_LABELS.items() if name in savings_levers._IN_GROUPS}
    assert (savings_levers._BY_GROUP in table.notes) == bool(by_group)
    absent = [label for label in LEVER_LABELS.values() if label not in shown]
    told = [note for note in table.notes if note.startswith("Sans montant ici")]
    assert len(told) == bool(absent)
    assert all(label.replace(" : ", ", ") in plain(told[0]) for label in absent)


def test_the_levers_that_have_an_objective_show_it(page: Page) -> None:
    table = savings_levers.levers_table(page)
    assert isinstance(table, Table)
    known = {
        name for name, text in zip(cells(table, "Levier"), cells(table, "À l'objectif"), strict=True) if text != "n. d."
    }
    labels = savings_sheet.LEVER_LABELS
    assert known == {labels["ipp"], labels["perfadom"]}, "no text gives the others one"
    assert any(note == savings_levers.target_note(2023) for note in table.notes)


def test_prices_that_hardly_moved_are_not_told() -> None:
    def said(price: str) -> str:
        return savings_estimates.reading_of("IPP", Decimal(0), Decimal("100.00"), Decimal(price), None)

    assert "par les prix" in said("-1.00")
    assert "par les prix" not in said("0.99")


def test_a_declared_event_is_named_wherever_the_expected_spending_is_read() -> None:
    cut = "Baisse de tarif (juillet 2023, JO du 28/06/2023), effet donné × 0,970"
    row = {
        "label": "IPP",
        "saving_eur": Decimal(100),
        "lower_95_eur": 20,
        "upper_95_eur": 180,
        "conclusion": "saving",
        "prob_paid_without_effect": None,
        "events": cut,
        "events_eur": Decimal("-12000.00"),
    }
    said = f"dépense attendue dont un événement déclaré (−12,0 k€) : {cut}."
    reading = savings_estimates.reading_of("IPP", Decimal("900.00"), None, None, row)
    assert plain(reading).endswith(f" ; {said}")
    assert plain(savings_estimates.estimate_note(row)) == f"IPP : économie établie. D{said[1:]}"
    neutral = row | {"events": "Confinement (mars 2022), mois neutralisés", "events_eur": Decimal("0.00")}
    assert "dont un événement déclaré : Confinement" in savings_estimates.estimate_note(neutral)


def test_an_estimate_is_printed_with_the_digits_that_its_interval_carries() -> None:
    row = {"saving_eur": Decimal("440986.52"), "lower_95_eur": -1453511.29, "upper_95_eur": 2330509.33}
    assert plain(savings_estimates.estimate_text(row)) == "+0,4 M€ (de −1,5 M€ à +2,3 M€)"
    small = {"saving_eur": Decimal("-43252.50"), "lower_95_eur": -130601.0, "upper_95_eur": 52898.0}
    assert plain(savings_estimates.estimate_text(small)) == "−40 k€ (de −130 k€ à +50 k€)"
    assert savings_estimates.estimate_text({"saving_eur": None}) == "non estimable"


def test_the_whole_is_the_sum_and_its_bounds_are_those_of_independent_estimates() -> None:
    one = {"previous_eur": 1, "actual_eur": 1, "counterfactual_eur": 1, "saving_eur": Decimal("10.01")}
    one |= {"events": "Baisse de tarif (juillet 2023), effet donné × 0,970", "events_eur": Decimal("-1.50")}
    one |= {"year": 2023, "from_contract": True}
    bounds = {"lower_80_eur": 8, "upper_80_eur": 12, "lower_95_eur": 7, "upper_95_eur": 13}
    other = one | bounds | {"saving_eur": Decimal("20.02"), "lower_95_eur": 16, "upper_95_eur": 24}
    whole = savings_estimates.whole_estimate(pd.DataFrame([one | bounds, other]))
    assert whole["saving_eur"] == Decimal("30.03")
    assert whole["events_eur"] == Decimal("-3.00")
    assert whole["events"] == one["events"]
    assert whole["from_contract"]
    mixed = savings_estimates.whole_estimate(pd.DataFrame([one | bounds, other | {"from_contract": False}]))
    assert (mixed["from_contract"], mixed["is_mixed"]) == (True, True)
    assert "ou celle que 2023 y a ajoutée" in savings_estimates.verdict_of(mixed | {"conclusion": "inconclusive"})
    adding = pd.DataFrame([row | {"from_contract": False} for row in (one | bounds, other)])
    added = savings_estimates.whole_estimate(adding)
    assert (added["from_contract"], added["is_mixed"]) == (False, False)
    assert whole["lower_95_eur"] == pytest.approx(30.03 - (3.01**2 + 4.02**2) ** 0.5)
    assert savings_estimates.whole_estimate(pd.DataFrame([one | {"saving_eur": None}]))["conclusion"] is None


def test_a_change_is_explained_or_what_is_missing_is_named(page: Page) -> None:
    figure, movers = explained.explained(page, "phmev")
    assert isinstance(figure, Figure)
    assert isinstance(movers, Table)
    assert figure.title.startswith(("De 2022 à 2023, hausse", "De 2022 à 2023, baisse"))
    (notice,) = explained.explained(page, "extra_list_drugs")
    assert isinstance(notice, Notice)
    assert "ATIH" in notice.summary()


def test_what_moved_a_molecule_counts_its_masked_lines(page: Page) -> None:
    movers = explained.movers(page, "phmev")
    assert isinstance(movers, Table)
    spent = page.store.query(
        "select atc5 as code, max(atc5_label) as label, "
        "sum(case when year = 2023 then reimbursed_eur else -reimbursed_eur end) as change "
        "from annual_drug_spend where year in (2022, 2023) "
        "and not starts_with(atc5, '9') and not starts_with(atc1, '0') group by 1"
    )
    largest = spent.sort_values("change", key=abs, ascending=False).head(10)
    assert cells(movers, "Molécule") == [
        explained._label(*one) for one in zip(largest["code"], largest["label"], strict=True)
    ]
    told = [float(number(one)) for one in cells(movers, "Variation")]
    assert told == pytest.approx([float(one) / 1000 for one in largest["change"]], abs=0.51)
    assert "lignes masquées" in " ".join(movers.notes)


def test_the_end_of_a_class_is_told_with_its_code() -> None:
    assert explained._label("B05BB02", "ASSOCIATIONS") == "Associations (B05BB02)"
    assert explained._label("C10AA05", "ATORVASTATINE") == "Atorvastatine"
    assert explained._label("", None) == "Non renseigné"
    assert explained._label("9419723", "KEYTRUDA 25MG/ML", of_code=True) == "Keytruda 25mg/ml (9419723)"
    assert explained._label("9312669", "", of_code=True) == "9312669"


def test_the_change_of_an_opening_is_an_effect_of_its_perimeter(page: Page) -> None:
    finess = next(
        one for one in page.establishments["finess"] if explained.effects_of(sheet(page, one), "phmev") is not None
    )
    opened = sheet(page, finess)
    year = explained.compared_year(page.store, page.campaign, "phmev")
    assert year is not None
    opened.__dict__["lifetimes"] = opened.lifetimes.assign(first_day=pd.Timestamp(year - 1, 9, 1), part_year=year - 1)
    (notice,) = explained.explained(opened, "phmev")
    assert f"a ouvert le 01/09/{year - 1}" in notice.summary()
    assert "toute la variation est un effet de périmètre" in notice.summary()


def test_the_sheets_add_up_to_the_region(page: Page) -> None:
    region = explained.effects_of(page, "phmev")
    own = [explained.effects_of(sheet(page, finess), "phmev") for finess in page.establishments["finess"]]
    every = pd.concat([one for one in own if one is not None])
    assert region is not None
    assert len(every) > 3
    assert (every.sum() == region.iloc[0]).all()


def test_a_sheet_shows_its_figures_its_levers_and_their_presentations(page: Page) -> None:
    levers = page.store.read(tables.LEVERS)
    best = levers[levers["scenario"] == "best_quartile"].astype({"saving_eur": object})
    finess = best.groupby("finess")["saving_eur"].sum().astype(float).idxmax()
    figures, *shown = savings_sheet.own_savings(sheet(page, str(finess)))
    assert isinstance(figures, Table)
    alone = [note for note in figures.notes if "Pour un seul établissement, l'intervalle est trop étroit" in note]
    assert len(alone) == 1, "the interval of one establishment is worth less than that of the region"
    assert not any("une peut paraître établie par hasard" in note for note in figures.notes)
    table = shown[0]
    assert isinstance(table, Table)
    ceilings = ["plafond théorique" in label for label in cells(table, "Levier")]
    ranked_nb = ceilings.count(False)
    assert ceilings == sorted(ceilings)
    # What is no gain to expect has no rank among gains.
    unranked = [cell for cell, ceiling in zip(cells(table, "Rang"), ceilings, strict=True) if ceiling]
    assert [int(rank) for rank in cells(table, "Rang")[:ranked_nb]] == list(range(1, ranked_nb + 1))
    assert set(unranked) <= {"–"}
    assert any("n'a pas de rang" in note for note in table.notes) == bool(unranked)
    assert any("ne s'additionnent pas" in note for note in table.notes)
    aimed = dict(zip(cells(table, "Levier"), cells(table, "À l'objectif"), strict=True))
    with_one = {"IPP", "PERFADOM : perfusion par gravité"} & set(aimed)
    assert with_one, "the sheet has a lever that has an objective"
    assert all(
        ("€" in text) == (label in with_one) and (text == "n. d.") != (label in with_one)
        for label, text in aimed.items()
    )
    card = savings_sheet.levers_card(sheet(page, str(finess)))
    assert card is not None
    assert plain(card.value).endswith(f"~{cells(table, 'Au meilleur quart')[0]}"), "card and table write one amount"
    assert card.detail.endswith(f"prix de {int(levers['year'].iloc[0])}")
    supposed = shown[1]
    assert isinstance(supposed, Details)
    (assumptions,) = supposed.shown
    assert isinstance(assumptions, Table)
    assert cells(assumptions, "Levier") == cells(table, "Levier")
    assert all(len(text) > 20 for text in cells(assumptions, "Hypothèse"))


def test_levers_of_a_few_euros_are_left_to_the_workbook(page: Page) -> None:
    levers = page.store.read(tables.LEVERS)
    best = levers[levers["scenario"] == "best_quartile"].astype({"saving_eur": object})
    own = sheet(page, str(best.groupby("finess")["saving_eur"].sum().astype(float).idxmax()))
    kept = own.first_levers
    amounts = [99.9] * len(kept)
    own.__dict__["first_levers"] = kept.assign(best_quartile_eur=amounts, target_eur=amounts)
    (notice,) = savings_sheet.own_levers(own)
    assert "Aucun levier n'atteint 100 €" in notice.summary().replace("\xa0", " ")
    assert savings_sheet.levers_card(own) is None
    own.__dict__["first_levers"] = kept.assign(
        best_quartile_eur=[48_412.0, *amounts[1:]],
        target_eur=None,
        is_ceiling=False,
        lever="pansements",
        lower_eur=None,
        upper_eur=None,
    )
    table = savings_sheet.own_levers(own)[0]
    assert isinstance(table, Table)
    assert cells(table, "Au meilleur quart") == ["48 k€"], "without an interval, few digits"
    assert any("moins de 100 €" in note for note in table.notes) == (len(kept) > 1)
    card = savings_sheet.levers_card(own)
    assert card is not None
    assert card.detail.startswith("pansements rapportés aux médicaments prescrits, sans tenir compte des patients")


def test_a_lever_stays_on_the_sheet_when_its_objective_alone_asks_for_money(page: Page) -> None:
    levers = page.store.read(tables.LEVERS)
    owed = levers[(levers["lever"] == "ipp") & (levers["scenario"] == "target") & (levers["saving_eur"] > 100)]
    finess = str(owed["finess"].iloc[0])
    own = sheet(page, finess)
    is_best = (own.levers["lever"] == "ipp") & (own.levers["scenario"] != "target")
    zeros = pd.Series([Decimal("0.00")] * len(own.levers), index=own.levers.index, dtype=object)
    best = {name: own.levers[name].where(~is_best, zeros) for name in ("saving_eur", "lower_eur", "upper_eur")}
    own.__dict__["levers"] = own.levers.assign(**best)
    table, supposed, *_ = savings_sheet.own_levers(own)
    assert isinstance(table, Table)
    names = [label for label in cells(table, "Levier") if "plafond" not in label]
    assert names[-1] == "IPP", "what the region does better is ranked first"
    row = cells(table, "Levier").index("IPP")
    assert cells(table, "Au meilleur quart")[row] == cells(table, "Intervalle à 95 %")[row] == "0 €"
    asked = own.first_levers.set_index("lever").loc["ipp", "target_eur"]
    assert asked == owed["saving_eur"].iloc[0]
    assert cells(table, "À l'objectif")[row] == plain(carried_euros(asked, 0, asked))
    assert any("n'est pas à l'objectif de 2023" in note for note in table.notes)
    assert isinstance(supposed, Details)
    assert cells(supposed.shown[0], "Levier") == cells(table, "Levier")
    card = savings_sheet.levers_card(own)
    assert card is not None, "the other levers are worth something at the best quarter"
    assert "IPP" not in card.value + card.detail, "the card speaks of the best quarter"


def test_an_establishment_without_levers_says_why(page: Page) -> None:
    (notice,) = savings_sheet.own_levers(sheet(page, "000000000"))
    assert isinstance(notice, Notice)
    assert "faute de données reçues : il y faut des lignes dans Open PHMEV, ou les douze mois" in notice.summary()
    assert savings_sheet.levers_card(sheet(page, "000000000")) is None


def test_an_establishment_that_does_as_well_is_not_said_to_lack_data() -> None:
    name = next(iter(savings_sheet.LEVER_LABELS))
    said = savings_sheet._why_none(pd.DataFrame({"lever": [name, name]}))
    assert said.endswith(f"({savings_sheet.LEVER_LABELS[name]}).")
    assert "reçues" not in said


def test_sums_forget_what_is_unknown_and_are_unknown_when_all_is() -> None:
    assert total_of([Decimal("1.10"), None, float("nan")]) == Decimal("1.10")
    assert total_of([None, float("nan")]) is None


def test_what_could_have_been_shown_is_said_only_of_what_was_not() -> None:
    row = {"label": "PERFADOM", "saving_eur": 60_000.0, "detectable_pct": 12.0, "prob_paid_without_effect": None}
    row["events"] = None
    established = savings_estimates.estimate_note({**row, "conclusion": "saving"})
    assert plain(established) == f"PERFADOM : {CONCLUSION_WORDS['saving']}."
    assert "au moins 12 %" in plain(savings_estimates.estimate_note({**row, "conclusion": "inconclusive"}))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("non calculable : objectif non renseigné", "non calculée, faute d'un objectif d'évolution"),
        ("non calculable : taux inconnu", "non calculée (taux inconnu)"),
        ("aucune règle d'intéressement n'est donnée", ""),
        (None, ""),
    ],
)
def test_a_chance_that_is_not_computed_says_why(reason: str | None, words: str) -> None:
    row = {"label": "Part ambulance", "saving_eur": 10_000.0, "detectable_pct": 9.0, "prob_paid_without_effect": None}
    said = plain(
        savings_estimates.estimate_note({**row, "events": None, "conclusion": "saving", "paid_reason": reason})
    )
    asked = "Chance d'être payé sans avoir rien changé : "
    assert said.endswith(f"{asked}{words}." if words else CONCLUSION_WORDS["saving"] + ".")


def test_a_bound_that_is_not_zero_is_not_written_zero() -> None:
    row = {"saving_eur": -8_000.0, "lower_95_eur": -14_000.0, "upper_95_eur": -310.0}
    assert plain(savings_estimates.estimate_text(row)) == "−8 k€ (de −14 k€ à −300 €)"


def test_a_lever_is_written_in_the_unit_of_its_interval(page: Page) -> None:
    ranked = pd.DataFrame(
        {
            "best_quartile_eur": [455.0, 5_066_400.0, 700.0],
            "lower_eur": [433.0, 4_600_000.0, None],
            "upper_eur": [478.0, 5_500_000.0, None],
        }
    )
    assert [plain(text) for text in savings_sheet._carried(ranked)] == ["455 €", "5,1 M€", "700 €"]
    assert [plain(text) for text in savings_sheet._between(ranked)] == ["433 € à 478 €", "4,6 M€ à 5,5 M€", "–"]


def test_the_levers_of_an_opening_say_of_which_months_they_are(page: Page) -> None:
    finess = str(page.establishments["finess"].iloc[0])
    own = Page(page.campaign, page.store, None, finess)
    lives = own.lifetimes.copy()
    lives.loc[finess, ["first_day", "part_year"]] = pd.Timestamp("2023-09-01"), 2023
    own.__dict__["lifetimes"] = lives
    assert savings_sheet._opening_note(own, 2023) == [
        "L'établissement a ouvert le 01/09/2023 : ces montants sont ceux des mois de 2023 où il était ouvert."
    ]
    assert savings_sheet._opening_note(own, 2024) == []
