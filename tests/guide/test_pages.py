"""The pages of the guide, before they are compiled."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from caqes_analysis.book import Book
from caqes_analysis.campaign import load_campaign
from caqes_analysis.display import Cards, Code, Details, Link, Notice, Table, Text
from caqes_analysis.guide import GuidePage, GuideSources, book_pages, glossary, guide_pages
from caqes_analysis.guide.glossary import Linker, glossary_terms
from caqes_analysis.guide.indicator_page import indicator_page
from tests.conftest import REPOSITORY

TODAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def sources() -> GuideSources:
    return GuideSources.read(load_campaign(REPOSITORY / "parameters" / "demonstration-2024.yml"), on=TODAY)


@pytest.fixture(scope="module")
def pages(sources: GuideSources) -> dict[str, GuidePage]:
    return {page.path: page for page in guide_pages(sources)}


def prose(page: GuidePage) -> str:
    """The Markdown of a page as it is read: references resolved, formulas and links left out."""
    text = "\n".join(part for part in page.parts if isinstance(part, str))
    shown = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$", "", text, flags=re.DOTALL)
    shown = re.sub(r"\[([^\]]*)\]\(#[^)]*\)", r"\1", shown)
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), shown)


def test_every_definition_has_its_page_and_its_line_in_the_index(
    sources: GuideSources, pages: dict[str, GuidePage]
) -> None:
    wanted = {f"guide/{name}" for name in sources.definitions}
    assert wanted | {"guide", "guide/glossaire", "guide/calendrier"} == set(pages)
    tables = [part for part in pages["guide"].parts if isinstance(part, Table)]
    listed = {cell.href for table in tables for row in table.rows for cell in row if cell.href}
    assert wanted <= listed


def test_a_page_answers_the_questions_in_order(sources: GuideSources) -> None:
    page = indicator_page(sources.definitions["phev_ipp"], sources)
    titles = [part.split("\n")[0] for part in page.parts if isinstance(part, str) and part.startswith("## ")]
    assert titles == [
        "## Pourquoi le suivre",
        "## Comment il se calcule",
        "## Un exemple",
        "## Les codes comptés",
        "## Qui est ciblé : le référentiel",
        "## Ce qui doit être atteint : l'objectif",
        "## Ce que le contrat verse : l'intéressement",
        "## Lire son graphique",
        "## Ce qu'il faut savoir",
        "## Sources et historique",
    ]
    text = prose(page)
    assert "moins de 8\u202f500\u00a0boîtes par an" in text
    assert "Une valeur égale au seuil ne remplit pas la condition" in text
    assert "de 20 à 30\u00a0% des économies constatées ; le taux exact est inconnu" in text
    paid = text.partition("## Ce que le contrat verse")[2]
    assert 0 < paid.index("Source : arrêté du 23/02/2022") < paid.index("Calcul non officiel de ce rapport")
    queries = page.parts[-1]
    assert isinstance(queries, Details)
    assert len(queries.shown) == 1 + len(sources.definitions["phev_ipp"].measures)


def test_who_is_targeted_and_what_is_owed_are_never_one_section(pages: dict[str, GuidePage]) -> None:
    for page in pages.values():
        for part in page.parts:
            if isinstance(part, str) and part.startswith("## Qui est ciblé"):
                assert "objectif" not in part.split("\n", 1)[1]


def test_roles_of_codes_are_written_in_french(pages: dict[str, GuidePage]) -> None:
    details = [part for page in pages.values() for part in page.parts if isinstance(part, Details)]
    tables = [shown for one in details for shown in one.shown if isinstance(shown, Table)]
    words = {cell.text for table in tables for row in table.rows for cell in row}
    assert {"biosimilaire", "référence", "gravité", "débranchement"} <= words
    assert not {"biosimilar", "reference", "gravite", "debranchement"} & words


def test_every_term_that_is_linked_has_its_entry(pages: dict[str, GuidePage]) -> None:
    entries = re.findall(r"^\((terme-[a-z0-9-]+)\)=$", prose_source(pages["guide/glossaire"]), re.MULTILINE)
    assert len(entries) == len(set(entries)) == len(glossary_terms())
    linked = {name for page in pages.values() for name in re.findall(r"\]\(#(terme-[a-z0-9-]+)\)", prose_source(page))}
    assert linked <= set(entries)
    assert len(linked) > 40


def prose_source(page: GuidePage) -> str:
    return "\n".join(part for part in page.parts if isinstance(part, str))


def test_no_definition_is_cut_at_its_own_semicolon() -> None:
    """A definition holds « ; », which also separates the fields: unquoted, it would lose what follows."""
    text = Path(glossary.__file__).with_name("glossary.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines(), delimiter=";")
    assert [row for row in rows if len(row) != len(header)] == []
    written = {row[0]: row[-1] for row in rows}
    assert {term.id: term.definition for term in glossary_terms()} == written
    assert [name for name, definition in written.items() if not definition.endswith((".", "…"))] == []
    assert sum(" ; " in definition for definition in written.values()) >= 9


NOT_JARGON = {"DSS", "MCGR", "DGOS", "III"}  # the names in the number of an instruction, and a Roman numeral


def test_no_acronym_without_its_entry(pages: dict[str, GuidePage]) -> None:
    forms = " ".join(form for term in glossary_terms() for form in (term.label, *term.forms, term.definition))
    known = set(re.findall(r"[A-Z][A-Z]+", forms)) | NOT_JARGON
    for page in pages.values():
        words = re.findall(r"(?<![\w-])[A-Z]{2,}(?![\w-])", prose(page))
        assert {word for word in words if word not in known} == set(), page.path


def test_a_draft_and_a_stale_review_are_said(sources: GuideSources) -> None:
    draft = indicator_page(sources.definitions["product_theme_1"], sources)
    assert [part.title for part in draft.parts if isinstance(part, Notice)] == [
        "Définition en préparation",
        "Reste à fournir par la région",
    ]
    later = replace(sources, on=dt.date(2030, 1, 1))
    stale = indicator_page(sources.definitions["phev_ipp"], later)
    (cards,) = (part for part in stale.parts if isinstance(part, Cards))
    assert (cards.cards[0].state, cards.cards[0].state_label) == ("warning", "relecture trop ancienne")
    assert "Relecture trop ancienne" in [part.title for part in stale.parts if isinstance(part, Notice)]


def test_badge_notice_and_history_tell_one_truth_of_a_review(sources: GuideSources) -> None:
    """A definition that a pharmacist must still read never says « relecture à jour », nor names a file of tests."""
    definition = sources.definitions["phev_ipp"]
    awaited = f"reste à relire par {definition.review_awaited}"
    read = replace(sources, definitions={"phev_ipp": definition.model_copy(update={"review_awaited": None})})
    for one, expected in ((sources, awaited), (read, "relecture à jour")):
        page = indicator_page(one.definitions["phev_ipp"], one)
        (cards,) = (part for part in page.parts if isinstance(part, Cards))
        assert cards.cards[0].state_label == expected
        history = next(part for part in page.parts if isinstance(part, Table) and "Ce qui a changé" in part.caption)
        review = next(row for row in history.rows if row[1].text == "Vérification")
        assert (awaited in review[2].text) is (expected == awaited)
        notices = [part.text for part in page.parts if isinstance(part, Notice)]
        assert any(awaited in text for text in notices) is (expected == awaited)
        assert "tests/" not in " ".join(cell.text for row in history.rows for cell in row)


def test_a_page_links_to_its_values_only_where_there_is_a_report(sources: GuideSources) -> None:
    page = indicator_page(sources.definitions["phev_ipp"], sources, in_report="indicateurs/phev_ipp")
    assert [part.href for part in page.parts if isinstance(part, Link)] == ["indicateurs/phev_ipp"]
    assert not [part for page in guide_pages(sources) for part in page.parts if isinstance(part, Link)]


def test_the_index_leads_to_the_first_molecules_where_there_is_a_report(sources: GuideSources) -> None:
    for in_report, href in (({}, "phmev"), (None, None)):
        index = guide_pages(sources, in_report=in_report)[0]
        rows = [row for part in index.parts if isinstance(part, Table) for row in part.rows]
        (own,) = [row for row in rows if row[0].text == "Palmarès des molécules"]
        assert own[0].href == href
        assert "pas un indicateur" in own[1].text


def test_an_objective_is_not_of_a_scheme_that_had_not_begun(pages: dict[str, GuidePage]) -> None:
    page = pages["guide/phev"]
    table = next(part for part in page.parts if isinstance(part, Table) and part.caption.startswith("Objectifs"))
    schemes = {row[0].text: row[1].text for row in table.rows}
    assert (schemes["2016"], schemes["2017"], schemes["2019"]) == ("avant le CAQES", "avant le CAQES", "CAQES 2018")


def test_each_way_of_counting_has_its_query(pages: dict[str, GuidePage]) -> None:
    details = [part for part in pages["guide/phmev_annual"].parts if isinstance(part, Details)]
    titles = [part.title for one in details for part in one.shown if isinstance(part, Code)]
    assert sum("champ constant" in title for title in titles) == 1


def test_what_a_definition_says_is_shown_as_text() -> None:
    assert Linker()("a <b> {{ x }} $y$ [z](u) PHEV") == (
        "a &#60;b&#62; &#123;&#123; x &#125;&#125; &#36;y&#36; &#91;z&#93;&#40;u&#41; [PHEV](#terme-phev)"
    )


@pytest.mark.parametrize("is_part", [True, False])
def test_the_pages_make_a_book(sources: GuideSources, tmp_path: Path, is_part: bool) -> None:
    made = book_pages(sources, tmp_path, provenance={"Code": "essai"}, is_part=is_part)
    assert len(Book("Guide", "", made).pages) == len(sources.definitions) + 3
    for page in made:
        assert page.notebook is not None
        cells = json.loads(page.notebook.read_text(encoding="utf-8"))["cells"]
        assert cells[0]["cell_type"] == "code"
    assert (made[0].group == ()) is not is_part


def test_an_amount_of_the_fir_is_said_without_a_gate_that_no_text_gives(pages: dict[str, GuidePage]) -> None:
    said = prose(pages["guide/product_theme_1"])
    assert "selon la réalisation des indicateurs régionaux" in said
    assert "sont inconnus" in said
    assert "quand l'objectif est atteint" not in said


def test_a_national_ambition_is_not_called_a_missing_objective(pages: dict[str, GuidePage]) -> None:
    said = prose(pages["guide/biosimilar_uptake"])
    assert "Ambition nationale : 80 % de biosimilaires à terme" in said
    assert "aucun taux" not in said
    assert "aucun objectif de contrat n'a été trouvé" in said


def test_a_regional_benchmark_is_never_called_what_must_be_reached(pages: dict[str, GuidePage]) -> None:
    page = pages["guide/phev_drugs"]
    said = prose(page)
    assert "le repère régional de 4 %, sans valeur contractuelle : il ne dit pas ce qui est dû" in said.replace(
        "\xa0", " "
    )
    assert "qui dit ce qui doit être atteint" not in said
    tables = [part for part in page.parts if isinstance(part, Table)]
    table = next(one for one in tables if one.caption.startswith("Objectifs et repères de « PHEV, médicaments »"))
    assert "Objectif ou repère" in [column.label for column in table.columns]


def test_a_check_by_the_author_is_not_called_a_verification(sources: GuideSources) -> None:
    definition = sources.definitions["phev_ipp"]
    page = indicator_page(definition, sources)
    (cards,) = (part for part in page.parts if isinstance(part, Cards))
    assert cards.cards[0].detail.startswith("calcul refait par l'auteur le ")
    checked = definition.model_copy(update={"checker": "un autre pharmacien"})
    (cards,) = (part for part in indicator_page(checked, sources).parts if isinstance(part, Cards))
    assert cards.cards[0].detail.startswith("calcul vérifié le ")


def test_an_answer_by_yes_or_no_has_no_small_denominator(pages: dict[str, GuidePage]) -> None:
    page = pages["guide/declared_antibiotic_referent"]
    assert "dénominateur est petit" not in prose(page)
    shown = " ".join(part.summary() for part in page.parts if isinstance(part, Text))
    assert "un établissement qui répond oui vaut 100 %" in shown.replace("\xa0", " ")
    named = " ".join(
        part.summary() for part in pages["guide/declared_named_dispensing"].parts if isinstance(part, Text)
    )
    assert "÷ 1" not in named
    assert "un établissement qui déclare 45 vaut 45,0 %" in named.replace("\xa0", " ")


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


def answer(page: GuidePage) -> str:
    return plain(next(part.summary() for part in page.parts if isinstance(part, Text)))


def test_the_page_describes_the_chart_that_the_report_draws(pages: dict[str, GuidePage]) -> None:
    """The report reads the measure of the objective: for most indicators with one, an evolution."""
    for name in ("phev_ipp", "phev_ezetimibe", "phev_pansements", "phev_perfadom", "phmev_annual", "phev"):
        page = pages[f"guide/{name}"]
        assert "volution du montant remboursé" in answer(page) or "taux d'évolution" in answer(page), name
        assert "en pour cent" in answer(page)
        reading = plain(prose(page)).partition("## Lire son graphique")[2].partition("##")[0]
        assert "Sous 0 %, la dépense a baissé d'une année à l'autre" in reading, name
        assert "Quand la dépense de départ est petite" in reading
        assert "est une amélioration" not in reading
    counted = plain(prose(pages["guide/preanaesthetic_exams"]))
    assert "la dépense a baissé" not in counted


def test_a_lower_rate_is_not_called_a_fall(pages: dict[str, GuidePage]) -> None:
    assert "favorable sous 0 %, quand la dépense baisse." in answer(pages["guide/phev_ipp"])
    assert "favorable sous 0 %, quand le nombre baisse." in answer(pages["guide/preanaesthetic_exams"])
    assert "une baisse est favorable" in answer(pages["guide/transport_ambulance_share"])  # a share, not its evolution
    assert "une hausse est favorable" in answer(pages["guide/repertoire_share"])


def test_the_numbers_of_an_example_are_written_as_in_the_report(pages: dict[str, GuidePage]) -> None:
    def example(name: str) -> str:
        said = [plain(part.summary()) for part in pages[f"guide/{name}"].parts if isinstance(part, Text)]
        return next(one for one in said if "inventés" in one)

    assert "à 1 227,60 €" in example("extra_list_drugs")
    assert "= 0,100 trajet par séjour" in example("transport_per_stay")
    assert "300 000 € au numérateur et 1 200 000 € au dénominateur" in example("transport_ambulance_share")
    assert "4 700 boîtes au numérateur et 10 000 boîtes au dénominateur" in example("repertoire_share")
    assert "= 47,0 %" in example("repertoire_share")


def test_the_line_is_that_of_the_year_read_not_of_the_campaign(sources: GuideSources) -> None:
    """The benchmark of 4 % is of 2024; the last yearly base received is that of 2023, where no line is drawn."""
    said = plain(prose(indicator_page(sources.definitions["phmev_annual"], sources)))
    assert "repère régional de 4 %" not in said.partition("## Lire son graphique")[2].partition("##")[0]


def test_a_page_says_which_year_of_data_a_contract_reads(sources: GuideSources) -> None:
    shown = {}
    for period in ("data_year", "cumulative_month", "campaign_year"):
        one = sources.definitions["phev_drugs"].model_copy(update={"period": period})
        page = indicator_page(one, sources)
        shown[period] = answer(page) + prose(page)
    later = "celui de 2024 lit les données de 2023, face à l'objectif de 2023"
    assert [name for name, text in shown.items() if later in text] == ["campaign_year"]
    assert "le contrat de l'année N lit les données de N-1" in shown["campaign_year"]
    alert = "un cumul en cours d'année n'est qu'une alerte"
    assert [name for name, text in shown.items() if alert in text] == ["cumulative_month"]


def test_every_objective_says_on_which_side_it_is_met(sources: GuideSources, pages: dict[str, GuidePage]) -> None:
    known = [one for one in sources.definitions.values() if one.target and one.schemes]
    told = {one.id: plain(prose(pages[f"guide/{one.id}"])) for one in known}
    told = {name: said for name, said in told.items() if "L'objectif porte sur" in said}
    assert len(told) >= 10
    for name, said in told.items():
        side = "haute" if sources.definitions[name].direction == "higher" else "basse"
        assert f"Il est atteint par une valeur égale ou plus {side} ; le verdict se donne sur l'année entière" in said
    assert "plus haute" in told["repertoire_share"]
    assert "un cumul en cours d'année n'est qu'une alerte" in told["phev"]
    assert "un cumul en cours d'année" not in told["phev_ipp"]


def test_the_index_tells_an_objective_of_the_region_from_that_of_a_text(
    sources: GuideSources, pages: dict[str, GuidePage]
) -> None:
    rows = [row for part in pages["guide"].parts if isinstance(part, Table) for row in part.rows]
    target = {row[0].href: plain(" | ".join(cell.text for cell in row)) for row in rows}
    assert "−3 % (fixé par la région)" in target["guide/phev_pansements"]
    assert "−5 % |" in target["guide/phev_ipp"]
    # A region may have dropped its own definitions beside those of the package.
    published = [one for one in sources.definitions.values() if one.status == "published"]
    unread = sum(one.review_awaited is not None or one.is_stale(TODAY) for one in published)
    drafts = sum(one.status == "draft" for one in sources.definitions.values())
    assert (len(published) >= 52, unread >= 52, drafts >= 9) == (True, True, True)
    read = "tous à relire" if unread == len(published) else f"dont {unread} à relire"
    said = f"{len(published)} indicateurs publiés, {read}, et {drafts} brouillons à compléter"
    assert said in answer(pages["guide"])


def test_what_was_not_found_is_not_called_unpublished(pages: dict[str, GuidePage]) -> None:
    for page in pages.values():
        assert not re.search(r"n'est pas publiée?|non publiés", prose(page)), page.path


def test_a_spending_threshold_is_not_silenced(pages: dict[str, GuidePage]) -> None:
    said = plain(prose(pages["guide/transports"]))
    assert "un seuil de dépense de 500 000 €, sans dire comment il se combine au taux" in said
    assert "Aucun seuil de référentiel" not in said


def test_the_dotation_is_told_where_it_pays(pages: dict[str, GuidePage]) -> None:
    said = plain(prose(pages["guide/biosimilar_adalimumab"]))
    assert "V × R × t" in said
    assert "soit 31,30 € par boîte (adalimumab, 2019)" in said
    assert "V × R × t" not in prose(pages["guide/biosimilar_filgrastim"])
    assert "V × R × t" not in prose(pages["guide/phev"])


def test_a_declared_answer_is_named_in_words(pages: dict[str, GuidePage]) -> None:
    for name in ("pertinence_means", "declared_antibiotic_referent", "declared_named_dispensing"):
        page = pages[f"guide/{name}"]
        assert "epp amygdalectomie" not in prose(page)
        assert "le nombre (1)" not in prose(page)
        assert "1 par réponse reçue" in prose(page)
    assert "oui = 1, non = 0" in prose(pages["guide/pertinence_means"])
    assert "le pourcentage déclaré" in prose(pages["guide/declared_named_dispensing"])


def test_another_way_of_counting_holds_for_every_measure(pages: dict[str, GuidePage]) -> None:
    said = prose(pages["guide/biosimilar_uptake"])
    assert "### Autre lecture\n\nToutes ces mesures se lisent aussi à champ constant, hors insuline asparte" in said
    assert "Il se lit aussi autrement" not in said


def test_the_calendar_says_what_a_campaign_has_no_use_for(pages: dict[str, GuidePage]) -> None:
    tables = [part for part in pages["guide/calendrier"].parts if isinstance(part, Table)]
    files = {row[0].text: row[2].text for table in tables for row in table.rows}
    assert files["Réponses à la grille d'évaluation (CAQES 2018)"] == "sans objet"
    assert "Médicaments par prescripteur ou par service" in files


def test_the_guide_names_the_rule_that_compares_an_indicator_with_the_median() -> None:
    """It said that the report targets nobody by it, where the rules of the region do."""
    graded = GuideSources.read(load_campaign(REPOSITORY / "parameters" / "demonstration-2019.yml"), on=TODAY)
    said = plain(prose(indicator_page(graded.definitions["transport_per_stay"], graded)))
    assert "Il sert au ciblage des transports par écart à la médiane régionale" in said
    asked = "un écart défavorable de plus de 50 % à la médiane régionale sur au moins 2 des 4 indicateurs"
    assert f"est ciblé un établissement qui a {asked}, et plus de 200 000 € de dépense." in said  # the two together
    assert "(atypie)" not in said  # the key of a file
    assert "aucun ciblage" not in said
    other = plain(prose(indicator_page(graded.definitions["rpps_rate"], graded)))
    assert "ce rapport n'en tire aucun ciblage" in other


def test_the_calendar_has_the_dates_of_the_campaign(pages: dict[str, GuidePage]) -> None:
    """It gave rhythms and numbers of files; five deliveries of the demonstration are dated."""
    steps, received = [part for part in pages["guide/calendrier"].parts if isinstance(part, Table)]
    dates = {plain(row[0].text): [plain(cell.text) for cell in row[-2:]] for row in received.rows}
    assert dates["Dépenses par enveloppe"] == [
        "21/10/2024, arrêté à septembre 2024",
        "vers le 14/11/2024, arrêté à octobre 2024",
    ]
    assert dates["Médicaments de ville, produit par produit (Open PHMEV)"] == [
        "01/07/2024, année 2023",
        "vers le 01/07/2025, année 2024",
    ]
    assert dates["Contrats signés"] == ["01/10/2024", "non connue"]
    assert dates["Réponses à la grille d'évaluation (CAQES 2018)"] == ["–", "–"]
    own = [plain(row[1].text) for row in steps.rows]
    assert own[1] == "cumul lu jusqu'à juillet 2024, puis 2 mois provisoires"
    assert own[3] == "2024 pour 2023, dernière année close"
    assert own[5] == "fin des contrats du dispositif : 31/12/2024"


def test_a_list_whose_source_dates_nothing_says_so(pages: dict[str, GuidePage]) -> None:
    said = prose(pages["guide/phev_pansements"])
    assert "Cette source ne date pas ses codes : ils sont comptés quelle que soit l'année." in said
    assert "Elle vaut du" not in said
    assert "ne date pas ses codes" not in prose(pages["guide/phev_ipp"])
    assert "ne date pas ses codes" not in prose(pages["guide/extra_list_biosimilar_bevacizumab"])


def test_nothing_is_invented_of_a_scheme_that_neither_pays_nor_grades(sources: GuideSources) -> None:
    def paid(*schemes: str) -> str:
        one = sources.definitions["phev_ipp"].model_copy(update={"schemes": schemes})
        return plain(prose(indicator_page(one, sources))).partition("## Ce que le contrat verse")[2].partition("##")[0]

    assert "il note les contrats" in paid("caqes-2018")
    silent = sources.schemes["caqes-2018"].model_copy(
        update={"id": "caqes-2030", "name": "CAQES 2030", "is_graded": False}
    )
    sources = replace(sources, schemes={**sources.schemes, "caqes-2030": silent})
    assert "Le dispositif CAQES 2030 ne verse pas d'intéressement." in paid("caqes-2030")
    both = paid("caqes-2018", "caqes-2030")
    assert "Le dispositif CAQES 2018 ne verse pas d'intéressement : il note les contrats" in both
    assert "Le dispositif CAQES 2030 ne verse pas d'intéressement." in both


def test_the_terms_that_pay_in_the_campaign_are_on_the_page() -> None:
    """Five pages said unknown the rate, the floor and the cap with which the same report computes the money."""
    paying = GuideSources.read(load_campaign(REPOSITORY / "parameters" / "demonstration-2024.yml"), on=TODAY)

    def paid(sources: GuideSources, name: str) -> str:
        said = plain(prose(indicator_page(sources.definitions[name], sources)))
        return said.partition("## Ce que le contrat verse")[2].partition("## ")[0]

    own = "taux 30 %, effet de l'objectif tout ou rien, plancher 1 000 €, plafond 150 000 € (sur la somme du contrat)"
    assert f"Dans cette campagne : {own}. Source : formule par défaut du paquet" in paid(paying, "phev_perfadom")
    assert "Dans cette campagne : taux 20 %" in paid(paying, "phev_ipp")
    assert "Dans cette campagne" not in paid(paying, "preanaesthetic_exams")  # nothing in euros is received
    graded = GuideSources.read(load_campaign(REPOSITORY / "parameters" / "demonstration-2019.yml"), on=TODAY)
    assert "Dans cette campagne" not in paid(graded, "phev_ipp")  # of another scheme


def test_the_query_of_a_closed_year_gives_the_values_that_the_report_prints() -> None:
    """Every page of 2019 ran 2018, where the report evaluates 2019, whose twelve months are there."""
    years = {}
    for name in ("demonstration-2019.yml", "demonstration-2024.yml"):
        sources = GuideSources.read(load_campaign(REPOSITORY / "parameters" / name), on=TODAY)
        for indicator in ("phev", "phmev_annual", "declared_rpps"):
            queries = indicator_page(sources.definitions[indicator], sources).parts[-1]
            assert isinstance(queries, Details)
            code = queries.shown[1]
            assert isinstance(code, Code)
            years[name[14:18], indicator] = int(code.title[-4:])
    assert years == {
        ("2019", "phev"): 2019,
        ("2019", "phmev_annual"): 2019,
        ("2019", "declared_rpps"): 2018,  # the last answers received
        ("2024", "phev"): 2023,
        ("2024", "phmev_annual"): 2023,
        ("2024", "declared_rpps"): 2023,
    }


def test_a_year_after_the_last_results_is_not_of_the_scheme(pages: dict[str, GuidePage]) -> None:
    """« 2025, CAQES 2022 » stood beside « contrats terminés le 31/12/2024 »; and « non renseigné » beside a text."""
    table = next(part for part in pages["guide/phev"].parts if isinstance(part, Table))
    rows = [[plain(cell.text) for cell in row] for row in table.rows]
    assert {row[1] for row in rows if row[0] == "2025"} == {"après le CAQES 2022"}
    read = [row for row in rows if row[4] == "texte officiel vérifié" and not re.search(r"\d", row[2])]
    assert read
    assert {row[2] for row in read} == {"aucun"}


def test_the_calendar_of_a_scheme_quotes_no_later_text(pages: dict[str, GuidePage]) -> None:
    graded = GuideSources.read(load_campaign(REPOSITORY / "parameters" / "demonstration-2019.yml"), on=TODAY)
    earlier = {page.path: page for page in guide_pages(graded)}["guide/calendrier"]
    sources = []
    for page in (earlier, pages["guide/calendrier"]):
        steps, received = [part for part in page.parts if isinstance(part, Table)]
        sources.append(steps.rows[0][3].text)
        assert "received_on" not in " ".join(received.notes)
    assert sources == ["–", "arrêté du 23/02/2022 (texte officiel vérifié)"]


def test_the_chart_is_said_to_draw_what_it_draws(pages: dict[str, GuidePage]) -> None:
    """The chart of an evolution was said to draw thresholds in euros and in percent of another measure."""
    said = prose(pages["guide/phev_perfadom"]).partition("## Lire son graphique")[2].partition("## ")[0]
    assert "Le repère tracé est l'objectif" in said
    assert "D'autres figures montrent le référentiel, qui dit qui est ciblé." in said
    drawn = prose(pages["guide/transport_ambulance_share"]).partition("## Lire son graphique")[2].partition("## ")[0]
    assert "Les repères tracés sont le référentiel" in drawn
    assert "D'autres figures" not in drawn


def test_the_main_measure_is_the_one_that_the_page_reads(pages: dict[str, GuidePage]) -> None:
    said = prose(pages["guide/phmev_annual"])
    assert "hors hépatite C (mesure principale, celle de l'objectif)" in said
    assert "### Montant remboursé\n" in said
    assert said.count("(mesure principale") == 1
    examples = [part.summary() for part in pages["guide/phmev_annual"].parts if isinstance(part, Text)]
    assert any("−51,88" in one for one in examples)


def test_one_box_is_not_plural(pages: dict[str, GuidePage]) -> None:
    shown = [part.summary() for part in pages["guide/biosimilar_etanercept"].parts if isinstance(part, Text)]
    assert any("1 boîte au numérateur" in one for one in shown)


def test_an_objective_of_the_region_is_under_its_own_scheme_only(pages: dict[str, GuidePage]) -> None:
    """« 48,5 % (fixé par la région) » of 2024 stood under « CAQES 2018 », and « socle » under « CAQES 2022 »."""
    tables = {part.caption: part for part in pages["guide"].parts if isinstance(part, Table)}
    earlier = next(table for caption, table in tables.items() if caption.startswith("CAQES 2018"))
    assert not any(header.label.startswith("Objectif") for header in earlier.columns)
    assert "socle" in {row[1].text for row in earlier.rows}
    own = next(table for caption, table in tables.items() if caption.startswith("CAQES 2022"))
    volets = {row[1].text for row in own.rows}
    assert "part régionale" in volets
    assert "socle" not in volets
    cards = next(part for part in pages["guide/repertoire_share"].parts if isinstance(part, Cards))
    assert "CAQES 2018, volet socle ; CAQES 2022, part régionale" in cards.cards[1].detail


def test_nothing_is_asked_that_the_region_gave(pages: dict[str, GuidePage]) -> None:
    for name, page in pages.items():
        asked = " ".join(part.summary() for part in page.parts if isinstance(part, Notice))
        assert "parameters/" not in asked, name
        assert "dans sa grille" not in asked, name


def test_how_a_verdict_is_read_stands_with_the_objective(pages: dict[str, GuidePage]) -> None:
    said = prose(pages["guide/transports"])
    assert "le verdict se lit sur le taux seul" in said.partition("## Ce qui doit")[2].partition("## ")[0]
