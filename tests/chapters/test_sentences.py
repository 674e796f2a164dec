"""What the pages say follows from the numbers, and no further."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import (
    Page,
    data_quality,
    drugs,
    envelope,
    explained,
    finder,
    forecasts,
    home,
    landing,
    region,
    sheet,
    sheet_data,
    sheet_spending,
    verdicts,
)
from caqes_analysis.display import Cards, Figure, Notice, Table, Text
from caqes_analysis.forecast.campaign import prepare_forecasts
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import campaign_file

D = "990000004"
CAMPAIGN = """\
title: "Essai"
region: {code: "96", name: "Essai"}
year: 2024
last_month: "2024-09"
provisional_months_nb: 2
scheme: SCHEME
sources:
  monthly_spend: [{path: absent.csv, amount_kind: reimbursed, date_basis: care}]
"""


def months(year: int, amount: str, last: int = 9) -> dict[str, str | None]:
    return {f"{year}-{m:02d}": amount for m in range(1, last + 1)}


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Page]:
    """Three establishments (+10 %, −5 %, new) against a benchmark of 4 %, and the region."""
    return pages_of(tmp_path)


def pages_of(tmp_path: Path, *, absent: str | None = None) -> dict[str, Page]:
    """Make the pages; the second establishment may have a month that was not received."""
    campaign = campaign_file(tmp_path, CAMPAIGN.replace("SCHEME", "caqes-2022"))
    history = whole_year(2022) | whole_year(2023)
    monthly = monthly_rows(
        {
            (A, "phmev"): history | months(2024, "110.00"),
            (B, "phmev"): history | {month: eur for month, eur in months(2024, "95.00").items() if month != absent},
            (C, "phmev"): months(2024, "10.00"),
            (D, "lpp"): history | months(2024, "105.00"),
            (D, "perfadom"): history | months(2024, "4.00"),
        },
        provisional=["2024-08", "2024-09"],
    )
    known = establishments(
        {"finess": A, "name": "CH de Rive", "valid_from": "2010-01-01"},
        {"finess": B, "name": "CH des Monts", "department": "992", "category": "ESPIC"},
        {"finess": C, "name": "CH Neuf", "department": "993", "valid_from": "2024-01-01"},
        {"finess": D, "name": "Clinique des Pins", "category": "Clinique", "legal_status": "prive"},
    )
    store = store_of(tmp_path / "store", monthly, known, first="2020-01", last="2024-09")
    benchmark = {
        "scheme": ["caqes-2022"],
        "subject": ["phev_drugs"],
        "measure": ["evolution_pct"],
        "data_year": [2024],
        "finess": ["all"],
        "value": [4.0],
        "unit_label": ["%"],
        "source": ["essai"],
        "status": ["regional"],
    }
    store.write(tables.TARGETS, pd.DataFrame(benchmark), part="essai")
    prepare_forecasts(store, campaign)
    return {finess: Page(campaign, store, None, finess) for finess in (A, B, C, D)} | {"region": Page(campaign, store)}


def words(shown: Text | Notice | Table | Cards) -> str:
    return shown.summary().replace("\xa0", " ").replace("\u202f", " ")


def test_a_sheet_begins_with_its_answer(pages: dict[str, Page]) -> None:
    answer, cards = sheet.headline(pages[A])
    said = words(answer)
    assert said.startswith(
        "De janvier à juillet 2024, la PHMEV a augmenté de 10,0 % par rapport aux mêmes mois de 2023"
    )
    assert "au-dessus du repère à M7" in said
    assert "sans valeur contractuelle" in said
    assert "non respecté" not in said
    assert "+10,0 %" in words(cards)


def test_a_fall_is_a_fall(pages: dict[str, Page]) -> None:
    said = words(sheet.headline(pages[B])[0])
    assert "a baissé de 5,0 %" in said
    assert "sous le repère à M7" in said


def test_a_new_establishment_has_no_rate(pages: dict[str, Page]) -> None:
    said = words(sheet.headline(pages[C])[0])
    assert "l'évolution est sans objet, l'établissement a ouvert le 01/01/2024" in said
    assert "70 €" in said
    assert "repère" not in words(sheet.headline(pages[C])[1])
    assert "repère" not in str(sheet_spending.evolution_table(pages[C]))
    assert "Premier mois reçu : janvier 2024" in words(sheet_data.reserves(pages[C])[0])


def test_the_list_of_establishments_tells_without_object_from_missing(pages: dict[str, Page]) -> None:
    rows = {row[0].text: [cell.text for cell in row[-2:]] for row in finder.finder_table(pages["region"]).rows}
    # 7 × 110 against 7 × 100; an opening has no rate, a clinic no PHMEV.
    assert rows["CH de Rive"] == ["770", "+10,0"]
    assert rows["CH Neuf"] == ["70", "sans objet"]
    assert rows["Clinique des Pins"] == ["sans objet", "sans objet"]


def test_a_clinic_reads_why_nothing_explains_its_phmev(pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explained, "base_years", lambda _: [2022, 2023])
    (notice,) = explained.explained(pages[D], "phmev")
    assert isinstance(notice, Notice)
    assert notice.text == "Sans objet : les cliniques à but lucratif ne figurent pas dans Open PHMEV."


def test_the_lines_by_code_say_that_they_are_another_total(tmp_path: Path) -> None:
    region = pages_of(tmp_path, absent="2024-03")["region"]
    effects = pd.DataFrame([{"current_eur": Decimal("3000.00")}])
    source, total = explained._other_source_notes(region, "phmev", effects)
    assert source == (
        "Lignes par code, au prix d'achat ; le reste de la page lit les montants reçus au mois "
        "(montant remboursé, TTC, au mois des soins)."
    )
    rows = region.settled("phmev")
    kept = rows[rows["finess"].isin([A, B])]["current_eur"].sum()
    assert kept == 7 * 110 + 6 * 95
    assert total.replace("\xa0", " ").replace("\u202f", " ") == (
        "Les mois qui manquent aux montants reçus au mois sont dans les lignes par code : 2024 fait 3,0 k€ ici, "
        "1,3 k€ dans le reste de la page."
    )
    same = pd.DataFrame([{"current_eur": kept}])
    assert explained._other_source_notes(region, "phmev", same) == [source]


def test_the_synthesis_says_whose_contract_bears_an_objective(
    pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that :func:`borne_notes` reads: who is summed, in the envelopes that are compared with something."""
    given = region._compared_rows(pages["region"])
    assert sorted(zip(given["subject"], given["envelope"], strict=True)) == [(A, "phmev"), (B, "phmev")]
    monkeypatch.setattr(region, "borne_notes", lambda _, rows: [f"{len(rows)} lignes"])
    assert "2 lignes" in region.envelope_table(pages["region"]).notes


def test_the_region_says_how_many_are_above(pages: dict[str, Page]) -> None:
    said = words(home.home_answer(pages["region"]))
    # 7 × (110 + 95) against 7 × 200: +2.5 %; the newcomer adds 7 × 10, five points.
    assert "augmente de 2,5 %" in said
    assert (
        "Taux à périmètre constant. Hors de ce taux : ouverture (CH Neuf, 01/01/2024), +70 €, soit +5,00 points" in said
    )
    assert "tout compté, +7,5 %" in said
    assert "1 établissement sur 2 dépasse le repère régional" in said
    table = envelope.establishment_table(pages["region"], "phmev")
    assert isinstance(table, Table)
    assert "Poids dans la région" in [header.label for header in table.columns]
    rate = next(at for at, note in enumerate(table.notes) if note.startswith("Taux à périmètre constant"))
    assert table.notes[rate + 1].startswith("Le poids se lit sur le total de la région")


def test_contributions_are_in_points_of_the_regional_rate(pages: dict[str, Page]) -> None:
    # The sentence names its months: what explains another year may stand above it.
    # 770 of 1 505, the newcomer counted.
    assert words(sheet.contribution(pages[A])) == (
        "De janvier à juillet 2024, l'établissement porte 51,2 % de la PHMEV de la région ; sa dépense a varié de "
        "+70 € par rapport aux mêmes mois de 2023, ce qui compte pour +5,00 points dans l'évolution régionale."
    )
    table = home.discussion_table(pages["region"])
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows] == ["CH de Rive", "CH des Monts"]


def test_a_change_of_level_that_nobody_declared_is_listed_and_told_wherever_the_region_concludes(
    pages: dict[str, Page],
) -> None:
    page = pages["region"]
    rows = page.forecasts.assign(level_change_pct=float("nan"), level_change_month=pd.NaT)
    page.__dict__["forecasts"] = rows.copy()
    none = data_quality.level_changes_table(page)
    assert isinstance(none, Notice)
    assert "Niveau changé" not in str(home.discussion_table(page)) + str(region.contribution_figure(page))
    broken = (rows["level"] == "establishment") & rows["subject"].isin([A, D])
    rows.loc[broken, "level_change_pct"] = -28.6
    rows.loc[broken, "level_change_month"] = pd.Timestamp(2024, 4, 1)
    page.__dict__["forecasts"] = rows
    table = data_quality.level_changes_table(page)
    assert isinstance(table, Table)
    assert [[cell.text for cell in row] for row in table.rows][:2] == [
        ["CH de Rive", "PHMEV", "−29", "avril 2024"],
        ["Clinique des Pins", "LPP", "−29", "avril 2024"],
    ]
    assert table.rows[0][0].href == page.sheet_href(A)
    assert table.notes[0] == (
        "Ce que l'on peut faire : que l'établissement en déclare la cause à l'OMEDIT. Baisse : fermeture, transfert, "
        "changement de périmètre ou envoi incomplet."
    )
    assert "d'au moins +15 % ou −13 %, nets" in table.notes[1].replace("\xa0", " ")
    discussed, figure = home.discussion_table(page), region.contribution_figure(page)
    assert isinstance(discussed, Table)
    assert isinstance(figure, Figure)
    for notes in (discussed.notes, figure.notes):
        (note,) = (note.replace("\xa0", " ") for note in notes if "Niveau changé" in note)
        assert note == (
            "Niveau changé, sans événement déclaré : CH de Rive (depuis avril 2024) ; l'évolution en vient en partie, "
            "voir « Qualité des données »."
        )


def test_an_opening_is_no_part_of_the_evolution_but_is_said_beside_it(pages: dict[str, Page]) -> None:
    page = pages["region"]
    said = words(sheet.contribution(pages[C]))
    assert "Ouverture le 01/01/2024 : +70 €, effet de périmètre de +5,00 points, hors évolution" in said
    assert "ouvert le 01/01/2024, 2023 est incomplet" in str(sheet_spending.evolution_table(pages[C]))
    assert "(rang 1 sur 2, du plus fort apport à la hausse au plus faible)" in words(sheet.retained_messages(pages[A]))
    shown = [
        region.answer(page, "phmev"),
        region.cumulative_figure(page),
        region.contribution_figure(page),
        region.by_group(page, "phmev", "department"),
        envelope.monthly_figure(page, "phmev"),
        envelope.levels_figure(page, "phmev"),
        envelope.establishment_table(page, "phmev"),
    ]
    for one in shown:
        assert "Hors de ce taux : ouverture (CH Neuf, 01/01/2024)" in str(one).replace("\xa0", " ")
    panels = str(envelope.department_panels(page, "phmev")).replace("\xa0", " ")
    assert "Taux sans objet : Val-de-Mirande (993), où rien n'était ouvert toute l'année précédente." in panels
    assert "PHMEV +70 € (+5,00 points)" in " ".join(region.envelope_table(page).notes).replace("\xa0", " ")
    landed = landing.landing_sentence(page, landing.region_landing(page, "phmev"), "phmev")
    assert landed.endswith(", sur les seuls établissements dont l'année précédente est entière.")


def test_a_clinic_without_phmev_opens_with_its_largest_envelope(pages: dict[str, Page]) -> None:
    page = pages[D]
    said, cards = (words(one) for one in sheet.headline(page))
    assert "la dépense « LPP », la plus élevée de l'établissement, a augmenté de 5,0 %" in said
    assert "La PHMEV est sans objet" in said
    assert "LPP à M7" in cards
    assert "sans objet" in cards
    assert "(LPP)" in words(sheet.retained_messages(page))
    assert words(sheet.contribution(page)).startswith("Sans objet")
    assert "Clinique des Pins, LPP" in words(sheet_spending.cumulative_figure(page))
    assert [figure.title[:3] for figure in sheet_spending.monthly_figures(page)] == ["LPP"]


def test_groups_add_up_to_the_region(pages: dict[str, Page]) -> None:
    table = region.by_group(pages["region"], "phmev", "department")
    shown = [row[4].text for row in table.rows]
    assert shown[2] == "sans objet", "a department that holds an opening alone"
    points = [float(text.replace(",", ".").replace("−", "-")) for text in shown if text != "sans objet"]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=0.02)
    assert table.totals_nb == 1


def test_figures_do_not_cumulate_provisional_months(pages: dict[str, Page]) -> None:
    figure = sheet_spending.cumulative_figure(pages[A])
    assert "juillet 2024" in figure.title
    assert "septembre" not in figure.title
    assert "+10,0" in figure.title


def test_what_was_not_received_is_said_with_the_missing_source(pages: dict[str, Page]) -> None:
    (notice,) = drugs.classes(pages[A])
    assert isinstance(notice, Notice)
    assert "sources.open_phmev" in words(notice)
    other = envelope.monthly_figure(pages["region"], "extra_list_drugs")
    assert isinstance(other, Notice)


def test_a_contractual_target_is_named_so_and_gives_no_verdict_before_the_end(
    pages: dict[str, Page], tmp_path: Path
) -> None:
    campaign = campaign_file(tmp_path, CAMPAIGN.replace("SCHEME", "caqes-2018"))
    page = Page(campaign, pages[A].store, None, A)
    position = region.position(Page(page.campaign, page.store), "phmev")
    assert position.label == "objectif non renseigné"
    assert "respecté" not in words(sheet.headline(page)[0])


def test_totals_are_exact(pages: dict[str, Page]) -> None:
    row = region.rate_of(pages["region"], "phmev")
    assert row is not None
    assert row["current_eur"] == Decimal("1505.00")


def test_a_landing_says_its_interval_and_its_risk(pages: dict[str, Page]) -> None:
    said = words(sheet.retained_messages(pages[A]))
    assert "huit chances sur dix" in said
    assert "dépasser le repère régional de 4 % est probable (" in said
    assert "ordre de grandeur" not in said
    (table, *_), region_table = [sheet_spending.forecast_table(pages[A])], region.envelope_table(pages["region"])
    assert isinstance(table, Table)
    assert "▲" in table.rows[0][5].text
    assert all("valeur contractuelle" in " ".join(one.notes) for one in (table, region_table))


def test_what_cannot_be_forecast_says_why(pages: dict[str, Page]) -> None:
    assert "L'année finirait vers 120 € (PHMEV) ; évolution sans objet, ouverture le 01/01/2024." in words(
        sheet.retained_messages(pages[C])
    )
    assert sheet_spending.available_table(pages[C]) is None


def test_a_closed_year_is_told_not_projected() -> None:
    known = dict.fromkeys(("median_eur", "lower_80_eur", "upper_80_eur", "lower_95_eur", "upper_95_eur"), Decimal(110))
    rates = dict.fromkeys(("evolution_pct", "evolution_lower_80_pct", "evolution_upper_80_pct"), 10.0)
    row = pd.Series(
        {**known, **rates, "reason": "somme de 2 établissements ; 1 établissement laissé à part"}, dtype=object
    )
    assert landing.projection_of(row) is None
    assert landing.projection_of(row.where(row.index != "upper_95_eur", Decimal(120))) is not None


def test_what_the_target_leaves_adds_up(pages: dict[str, Page]) -> None:
    table = sheet_spending.available_table(pages[B])
    assert isinstance(table, Table)
    # 12 × 100 × 1.04 − 7 × 95 = 583 for August to December, against 500 the year before: +16.6 %.
    total = table.rows[-1]
    assert [cell.text for cell in total[1:4]] == ["500", "583", "+16,6"]
    assert len(table.rows) == 6
    assert "Pour ne pas dépasser 4 %, l'évolution de ces mois, ensemble, doit être de +16,6 % au plus" in str(
        table.notes[0]
    ).replace("\xa0", " ")


def test_a_month_not_received_takes_its_share_of_what_is_left(tmp_path: Path) -> None:
    table = sheet_spending.available_table(pages_of(tmp_path, absent="2024-03")[B])
    assert isinstance(table, Table)
    # 12 × 100 × 1.04 − 6 × 95 = 678 for March and August to December, against 600 the year before: +13 %.
    assert [cell.text for cell in table.rows[-1][1:4]] == ["600", "678", "+13,0"]
    assert [row[0].text for row in table.rows[:2]] == ["mars 2024, non reçu", "août 2024"]


def test_landing_cards_and_home_agree_on_the_region(pages: dict[str, Page]) -> None:
    cards = home.home_cards(pages["region"])
    shown = next(card for card in cards.cards if card.title.startswith("PHMEV"))
    assert "atterrissage" in shown.detail
    above = next(card for card in cards.cards if card.title.startswith("Établissements"))
    assert f"{home.probably_above(pages['region'], 'phmev')} probablement" in above.detail


def test_a_month_that_is_missing_is_said_where_the_rate_and_the_weight_are_read(tmp_path: Path) -> None:
    made = pages_of(tmp_path, absent="2024-02")
    answer, cards = sheet.headline(made[B])
    said = words(answer)
    assert said.startswith("En janvier et de mars à juillet 2024, la PHMEV a baissé de 5,0 %")
    assert "mêmes mois de 2023" in said
    assert isinstance(cards, Cards)
    assert cards.cards[0].detail.replace("\xa0", " ").startswith("570 € sur six mois")
    # 6 × 95 over six months of the region, 6 × (110 + 95 + 10): 44.2 %; over its seven it would be 40.4 %.
    assert "44,2 %" in words(sheet.contribution(made[B]))
    assert (
        "1 mois en défaut dans les données reçues (PHMEV, février 2024) : le taux de « PHMEV » est lu sur les seuls "
        "mois présents les deux années."
    ) in words(sheet.retained_messages(made[B]))


def test_a_provisional_month_that_is_missing_does_not_bend_the_rate_at_m7(tmp_path: Path) -> None:
    made = pages_of(tmp_path, absent="2024-08")
    assert ("1 mois en défaut dans les données reçues (PHMEV, août 2024) : les taux à M7 n'en dépendent pas.") in words(
        sheet.retained_messages(made[B])
    )
    # The rate at M9 is read without August, which nothing else on the page says.
    notes = [note.replace("\xa0", " ") for note in sheet_spending.evolution_table(made[B]).notes]
    assert "PHMEV, à M9 : août est écarté des deux années, parce qu'il manque dans l'une d'elles." in notes
    assert not any("à M9" in note for note in sheet_spending.evolution_table(made[A]).notes)
    assert "août et septembre provisoires (août non reçu pour PHMEV)" in words(sheet_data.reserves(made[B])[0])


def test_what_is_drawn_says_which_months_the_cumulative_amount_leaves_out(pages: dict[str, Page]) -> None:
    drawn = sheet_spending.cumulative_figure(pages[A])
    assert "Août et septembre 2024, provisoires, ne sont pas dans le cumul." in drawn.notes


def test_an_opening_stands_without_object_against_a_target(pages: dict[str, Page]) -> None:
    """C opened in 2024: no rate, hence no position, no probability, and the reason each time."""
    region_page = pages["region"]
    table = envelope.establishment_table(region_page, "phmev")
    assert isinstance(table, Table)
    assert [row[-1].text for row in table.rows if row[0].text == "CH Neuf"] == ["sans objet"]
    figure = envelope.position_figure(region_page, "phmev")
    assert "Sans objet, donc sans point : CH Neuf (ouverture le 01/01/2024)." in figure.notes
    assert "n'a pas de valeur" not in " ".join(figure.notes)
    card = next(card for card in sheet.headline(pages[C])[1].cards if card.title.startswith("Atterrissage"))
    assert card.detail == "évolution sans objet, ouverture le 01/01/2024"
    lost = forecasts.not_estimable_table(region_page)
    assert isinstance(lost, Table)
    assert [[cell.text for cell in row] for row in lost.rows if row[0].text == "CH Neuf"] == [
        ["CH Neuf", "PHMEV", "évolution sans objet, ouverture le 01/01/2024"]
    ]
    own = sheet_spending.forecast_table(pages[C])
    assert "évolution sans objet, ouverture le 01/01/2024" in " ".join(own.notes)


def test_a_spending_that_began_since_has_no_object_either(pages: dict[str, Page]) -> None:
    row = pages["region"].settled("phmev").iloc[0].copy()
    row["evolution_pct"], row["value_status"], row["previous_eur"] = float("nan"), "not_applicable", Decimal(0)
    found = verdicts.position_in(pages["region"], row)
    assert (found.short, found.label) == ("sans objet", "sans objet : aucune dépense de janvier à juillet 2023")
    assert verdicts.position_in(pages["region"], row.where(row.index != "value_status", "missing")).short == "n. d."


def test_the_notices_of_an_opening_give_its_day(pages: dict[str, Page]) -> None:
    moved = forecasts.track_figure(pages[C])
    assert isinstance(moved, Notice)
    assert moved.text == "Évolution sans objet, ouverture le 01/01/2024."


def test_a_closed_year_is_not_said_to_be_whole_envelope_by_envelope(pages: dict[str, Page]) -> None:
    rows = pages[A].forecasts.assign(method="année complète", reason="les douze mois sont reçus")
    assert landing.grounds(pages[A], rows) == []
    merged = rows.assign(reason="fusion du 01/07/2023 : mois des établissements réunis additionnés")
    assert landing.grounds(pages[A], merged) == [
        f"{pages[A].label('phmev')} : fusion du 01/07/2023, mois des établissements réunis additionnés."
    ]
