"""What the chapter and the sheet say of the three figures under a scheme of rates."""

from __future__ import annotations

from decimal import Decimal

import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import savings, savings_designs, savings_estimates, savings_objectives, savings_sheet
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Details, Table
from caqes_analysis.receive import open_store
from tests.evaluation.test_assess import graded_campaign

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    campaign = graded_campaign(tmp_path_factory.mktemp("taux"))
    return Page(campaign, open_store(campaign))


def column(table: Table, label: str) -> list[str]:
    place = [header.label for header in table.columns].index(label)
    return [row[place].text.replace("\u202f", "").replace("\xa0", " ") for row in table.rows]


def euros(text: str) -> Decimal:
    return Decimal(text.removesuffix(" €").replace("−", "-").replace(",", "."))


def test_the_region_is_the_sum_of_the_contracts_printed(page: Page) -> None:
    whole, folded = savings_objectives.objective_figures(page), savings_objectives.objective_contracts(page)
    assert isinstance(whole, Table)
    assert isinstance(folded, Details)
    of_region = dict(zip(column(whole, "Enveloppe"), column(whole, "Contrat : écart à l'objectif"), strict=True))
    assert len(folded.shown) == len(of_region) >= 3
    for shown in folded.shown:
        assert isinstance(shown, Table)
        *own, region = [euros(text) for text in column(shown, "Contrat : écart à l'objectif")]
        label = shown.caption.partition(",")[0]
        assert sum(own) == region == euros(of_region[label])
        estimated = any("à" in text for text in column(shown, "Économie réelle (à 95 %)"))
        assert any("l'intervalle est trop étroit" in note for note in shown.notes) == estimated


def test_the_contracts_that_a_sum_leaves_out_are_counted_and_named(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = page.store.read(tables.SAVINGS)
    names = page.establishments.set_index("finess")["name"]
    is_overrun = (rows["indicator"] == "phev") & (rows["component"] == "overrun") & rows["amount_eur"].notna()
    finess = rows.loc[is_overrun & rows["finess"].isin(names.index), "finess"].min()
    own = (rows["indicator"] == "phev") & (rows["finess"] == finess) & (rows["method"] == "regulatory")
    rows.loc[own & (rows["component"] == "overrun"), "reason"] = "non calculable : juin 2019 manque"
    rows.loc[own & (rows["component"] != "rate"), "amount_eur"] = None
    monkeypatch.setattr(
        page.store, "read", lambda table, read=page.store.read: rows if table is tables.SAVINGS else read(table)
    )
    counted = len(savings_objectives.objective_rows(page).query("indicator == 'phev'"))
    left = (
        rows.query("indicator == 'phev' and component == 'overrun' and method == 'regulatory'")["amount_eur"]
        .isna()
        .sum()
    )
    own_figures = savings_sheet.own_figures(Page(page.campaign, page.store, finess=str(finess)))
    assert isinstance(own_figures, Table)
    assert "Sans écart chiffré : PHEV (juin 2019 manque)." in [note.replace("\xa0", " ") for note in own_figures.notes]
    card = savings_objectives.objective_card(page)
    assert card is not None
    assert card.detail.replace("\xa0", " ").startswith(f"{counted} contrats sur {counted + left} ; ")
    folded = savings_objectives.objective_contracts(page)
    assert folded is not None
    (table,) = [shown for shown in folded.shown if shown.caption.startswith("PHEV, ")]
    assert table.rows[-1][0].text.replace("\xa0", " ") == f"Ensemble des {counted} contrats"
    (out,) = [note for note in table.notes if f"{names[finess]} (juin 2019 manque)" in note]
    assert out.replace("\xa0", " ").startswith("Hors de cette somme : "), "each name carries its own reason"
    whole = savings_objectives.objective_figures(page)
    assert whole is not None
    said = f"PHEV, {left} contrat{'s' if left > 1 else ''} sur {counted + left}"
    assert any(said in note.replace("\xa0", " ") for note in whole.notes)


def test_no_amount_stands_alone_where_nothing_can_be_concluded() -> None:
    row = {"saving_eur": 5e6, "lower_95_eur": -9e6, "upper_95_eur": 20e6, "conclusion": "inconclusive"}
    said = savings_estimates.card_text(row).replace("\xa0", " ")
    assert said == ("économie réelle : les données ne permettent pas de conclure (de −9 M€ à +20 M€, à 95 %)")
    sure = savings_estimates.card_text(row | {"lower_95_eur": 2e6, "upper_95_eur": 8e6, "conclusion": "saving"})
    assert sure.startswith("économie réelle +5")
    assert savings_estimates.card_text(None) == "économie réelle non estimable"


def test_each_envelope_has_its_sentence(page: Page) -> None:
    read, first = savings_objectives.objective_reading(page), savings_objectives.objective_answer(page)
    whole = savings_objectives.objective_figures(page)
    assert read is not None
    assert first is not None
    assert isinstance(whole, Table)
    assert first.items[0].startswith("PHEV : en 2019, les contrats ")
    assert first.items[0] in read.items
    assert len(read.items) == 1 + len(whole.rows)
    assert all(
        "les contrats dépassent ensemble" in one or "les contrats restent ensemble" in one for one in read.items[1:]
    )


def test_what_is_real_is_told_with_the_chance_of_reaching_the_objective_by_itself(page: Page) -> None:
    table = savings_estimates.estimates_table(page)
    assert isinstance(table, Table)
    labels = [header.label for header in table.columns]
    assert "Objectif atteint sans aucun effet" in labels
    assert "Payé sans aucun effet" not in labels
    designs = savings_designs.designs_table(page)
    assert isinstance(designs, Table)
    assert [header.label for header in designs.columns] == ["Indicateur", "Plan retenu", "Pourquoi celui-là"]


def test_the_home_page_has_its_card(page: Page) -> None:
    card, figures = savings.savings_card(page), savings_objectives.objective_figures(page)
    assert card is not None
    assert isinstance(figures, Table)
    assert card.title == "PHEV 2019, écart à l'objectif"
    assert "économie réelle" in card.detail
    read = savings.how_to_read(page)
    assert read is not None
    assert read.items[0].startswith("Le contrat compare une évolution à un taux national")
    assert savings.three_figures(page) == savings_objectives.objective_answer(page)


def test_a_sheet_has_the_figures_of_its_own_contract(page: Page) -> None:
    rows = savings_objectives.objective_rows(page)
    finess = str(rows["finess"].iloc[0])
    table = savings_sheet.own_figures(Page(page.campaign, page.store, finess=finess))
    assert isinstance(table, Table)
    own = rows[rows["finess"] == finess]
    assert [euros(text) for text in column(table, "Contrat : écart à l'objectif")] == own["overrun_eur"].tolist()
