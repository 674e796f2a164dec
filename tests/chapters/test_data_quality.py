"""The chapter on data quality: the verdict first, then what was corrected and completed, in words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, data_quality, data_quality_values, region
from caqes_analysis.chapters.completed_path import completed_path
from caqes_analysis.chapters.regional_context import (
    COMPLETED_RATE,
    completed_facts,
    completed_rates,
    completed_rows,
    regional_context,
)
from caqes_analysis.chapters.sheet_spending import evolution_table
from caqes_analysis.display import Figure, Notice, Table
from caqes_analysis.indicators.campaign_evolutions import campaign_evolutions
from caqes_analysis.quality.development import completed_by_establishment
from caqes_analysis.settlement import settle
from caqes_analysis.sources import Finding, Findings
from tests.builders import A, Amount, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file


def finding(severity: str, place: str) -> Finding:
    return Finding("essai", "FACTEUR_10", place, severity, 1, "10,00", "À vérifier.")  # type: ignore[arg-type]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Two establishments; August grew from 80 to 100 between two deliveries, one correction is applied."""
    old = monthly_rows({(f, "phmev"): {"2024-07": "100.00", "2024-08": "80.00"} for f in (A, B)}, delivery="aout")
    full = monthly_rows(
        {(f, "phmev"): whole_year(2023) | {f"2024-{m:02d}": "100.00" for m in range(1, 10)} for f in (A, B)},
        delivery="essai",
    )
    store = store_of(tmp_path, full, establishments({"finess": A, "name": "CH A"}, {"finess": B}), last="2024-09")
    store.write(tables.MONTHLY_SPEND, old, part="aout")
    described = {"file": "f.csv", "sha256": "0" * 64}
    listed = pd.DataFrame({"delivery": ["aout", "essai"], "as_of": pd.to_datetime(["2024-08-01", "2024-09-01"])})
    store.write(tables.DELIVERIES, tables.DELIVERIES.conform(listed, **described), part="essai")
    settle(store)
    register = {
        "finess": [A, A], "period": ["2024-01", "2024-M02"], "field": ["phmev", "lpp.1234567.quantity_nb"],
        "old": [Decimal(1), None], "new": [Decimal(2), Decimal(3)], "author": "Mme B", "proof": "courriel",
        "date": pd.Timestamp("2024-10-15"), "state": ["applied", "absent"],
    }  # fmt: skip
    store.write(tables.CORRECTIONS, tables.CORRECTIONS.conform(pd.DataFrame(register)), part="corrections")
    return Page(campaign_file(tmp_path, MONTHLY), store)


def tell(page: Page, *findings: Finding) -> str:
    page.store.write(tables.FINDINGS, Findings(findings).to_frame(), part="campagne")
    return data_quality.answer(page).summary().replace("\u00a0", " ").replace("\u202f", " ")


def test_the_answer_begins_with_the_verdict(page: Page) -> None:
    clean = tell(page, finding("information", "ici"))
    assert clean.startswith("Aucune erreur n'est à régler dans les données reçues. 2 fichiers lus en entier")
    assert "aucun mois de 2023 et 2024 ne manque, aucun constat à regarder" in clean
    places = [finding("error", place) for place in (f"{A}, LPP, mai 2023", "place 1", "place 2")]
    wrong = tell(page, *places, finding("warning", "là"))
    assert wrong.startswith("À lire avec réserve : 3 erreurs à régler (CH A, LPP, mai 2023 ; place 1 et 1 autre).")
    assert "1 constat à regarder" in wrong


def test_a_finding_keeps_its_count_and_names_the_establishment(page: Page) -> None:
    empty = Finding("essai", "REPONSE_VIDE", f"{A}, PHMEV", "warning", 3, f"{A}, lits (ligne 8)", "Comptée.")
    page.store.write(tables.FINDINGS, Findings([empty]).to_frame(), part="campagne")
    table = data_quality.findings_table(page)
    assert [header.label for header in table.columns][2] == "Cas"
    (row,) = table.rows
    assert row[2].text == "3"
    assert row[3].text.startswith(f"CH A ({A}), PHMEV : CH A ({A}), lits (ligne 8)")


def test_the_yearly_base_is_told_year_by_year(page: Page) -> None:
    # 2023: 12 × 100 each, as the base says; 2024: 9 × 100 each against 1 000.
    for year, total in ((2023, "1200.00"), (2024, "1000.00")):
        rows = pd.DataFrame({"finess": [A, B], "reimbursed_eur": Decimal(total), "source_line": [2, 3]})
        state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
        base = tables.ANNUAL_DRUG_SPEND.conform(rows, source=f"base-{year}", year=year, **state)
        page.store.write(tables.ANNUAL_DRUG_SPEND, base, part=f"base-{year}")
    assert tell(page).endswith("égale Open PHMEV, au centime, en 2023, et s'en écarte de −200 € en 2024.")


def test_a_campaign_without_provisional_months_does_not_say_that_some_are(tmp_path: Path) -> None:
    one = monthly_rows({(A, "phmev"): whole_year(2023) | whole_year(2024)})
    store = store_of(tmp_path, one, establishments({"finess": A}))
    whole = MONTHLY.replace("provisional_months_nb: 2\n", "").replace("2024-09", "2024-12")
    for text, said in ((MONTHLY, "Ils restent provisoires"), (whole, "n'en déclare aucun provisoire")):
        found = data_quality.completed_table(Page(campaign_file(tmp_path, text), store))
        assert isinstance(found, Notice)
        assert said in found.text


def texts(table: object) -> list[list[str]]:
    assert isinstance(table, Table)
    return [[cell.text.replace("\u00a0", " ") for cell in row] for row in table.rows]


def test_the_register_is_shown_in_words(page: Page) -> None:
    first, second = texts(data_quality.corrections_table(page))
    assert first == ["CH A", "janvier 2024", "PHMEV", "1,00", "2,00", "appliquée", "courriel (Mme B, le 15/10/2024)"]
    assert second[1:3] == ["cumul à fin février 2024", "LPP 1234567, quantité"]


def test_a_line_of_the_register_that_is_not_applied_is_named_in_words(page: Page) -> None:
    finess = page.establishments["finess"].iloc[0]
    assert data_quality_values.register_place(page, f"{finess}, 2024-M06, lpp") == "CH A, LPP, cumul à fin juin 2024"
    assert data_quality_values.register_place(page, "999999999, 2023-06, phmev") == "999999999, PHMEV, juin 2023"


def test_months_are_shown_as_received_and_as_completed(page: Page) -> None:
    (restated,) = texts(data_quality.restatements_table(page))
    assert restated[:5] == ["PHMEV", "à fin août 2024", "à fin septembre 2024", "2", "2"]
    (completed,) = texts(data_quality.completed_table(page))
    assert completed[:2] == ["PHMEV", "sept. 2024"]
    assert completed[2].endswith(" (p)")
    assert [cell for cell in completed[3:] if "(p)" in cell] == []
    assert completed[4] == "+25,0"


def test_a_month_that_nothing_completes_is_named_under_the_completed_ones(page: Page) -> None:
    whole = data_quality.completed_table(page)
    assert isinstance(whole, Table)
    assert "défaut" not in " ".join(whole.notes)
    grid = page.store.read(tables.MONTHLY_GRID)
    lost = (grid["finess"] == A) & grid["month"].isin([pd.Timestamp(2024, 9, 1), pd.Timestamp(2024, 3, 1)])
    assert lost.sum() == 2, "March is no month of the table"
    without = {
        "amount_eur": grid["amount_eur"].mask(lost, None),
        "value_status": grid["value_status"].mask(lost, "missing"),
    }
    page.store.write(tables.MONTHLY_GRID, grid.assign(**without), part="campagne")
    table = data_quality.completed_table(Page(page.campaign, page.store))
    assert isinstance(table, Table)
    (note,) = (note.replace("\xa0", " ") for note in table.notes if "défaut" in note)
    assert note == "Sans les mois en défaut, que rien ne complète ici : PHMEV, septembre 2024 (CH A)."


def test_what_nothing_sees_is_said_with_what_would_show_it(page: Page, tmp_path: Path) -> None:
    none = data_quality.limits(page)
    assert "Aucun des 7 fichiers reçus n'a d'empreinte" in str(none.notes)
    text = MONTHLY.replace("contrats.csv", "contrats.csv, control_rows_nb: 12").replace(
        "year: 2022", "year: 2022, control_total_nb: 5"
    )
    said = data_quality.limits(Page(campaign_file(tmp_path, text), page.store))
    assert "2 fichiers sur 7 ont une empreinte" in str(said.notes).replace("\u202f", " ").replace("\u00a0", " ")


def test_an_opening_takes_nobody_over(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {
        "finess": [A, B],
        "kind": ["merger", "opening"],
        "since": pd.to_datetime(["2024-03-01", "2024-05-01"]),
        "current_finess": [B, None],
        "amount_eur": [Decimal("10.00"), Decimal("20.00")],
        "other_kinds_nb": [0, 0],
    }
    monkeypatch.setattr(data_quality.quality, "perimeter_changes", lambda *_, **__: pd.DataFrame(changes))
    table = data_quality.perimeter_table(page)
    assert table is not None
    assert [row[3].text for row in table.rows][1] == "sans objet"


@pytest.mark.parametrize("others_nb", [2, 60])
def test_every_envelope_that_lacks_a_month_is_drawn_by_name(tmp_path: Path, others_nb: int) -> None:
    everyone = [A, B, *(f"98{number:07d}" for number in range(others_nb))]
    year = whole_year(2023) | whole_year(2024)
    series = [(who, code) for who in everyone for code in ("phmev", "lpp")]
    months: dict[tuple[str, str], dict[str, Amount]] = dict.fromkeys(series, year)
    months[A, "phmev"], months[B, "lpp"] = year | {"2024-03": None}, year | {"2023-05": None}
    known = establishments(*({"finess": who, "name": f"CH {who}"} for who in everyone))
    store = store_of(tmp_path, monthly_rows(months), known, last="2024-09")
    figures = data_quality.completeness_figures(Page(campaign_file(tmp_path, MONTHLY), store))
    assert [figure.title.split(" : ")[0] for figure in figures] == ["PHMEV", "LPP"]
    phmev, lpp_figure = figures
    assert isinstance(phmev, Figure)
    assert isinstance(lpp_figure, Figure)
    assert "21 mois en colonnes" in phmev.alt.replace("\u00a0", " ").replace("\u202f", " ")
    assert len(lpp_figure.table.rows) == 1
    assert len(phmev.table.rows) == (len(everyone) if others_nb == 2 else 1)
    (note,) = (note.replace("\u00a0", " ") for note in lpp_figure.notes)
    assert note == f"{others_nb + 1} autres établissements ont tous leurs mois."
    assert f"CH {B}" in lpp_figure.alt


def test_the_last_months_are_drawn_as_received_and_as_completed(page: Page) -> None:
    """September was 200 in its first delivery; such a month grew from 160 to 200 in the next one."""
    grid = page.store.read(tables.MONTHLY_GRID)
    grid = grid.assign(is_provisional=grid["month"] >= pd.Timestamp(2024, 8, 1))
    page.store.write(tables.MONTHLY_GRID, grid, part="campagne")
    months = region.region_months(page, "phmev")
    late = completed_path(page, months, "phmev")
    assert late["month"].tolist() == [8, 9]
    assert late["received_eur"].tolist() == [1600.0, 1800.0]
    assert late["completed_eur"].tolist() == [1600.0, 1850.0]
    assert completed_path(page, months, "lpp").empty
    page.store.write(tables.FORECASTS, tables.FORECASTS.empty(), part="campagne")
    page.store.write(tables.EVOLUTIONS, tables.EVOLUTIONS.empty(), part="campagne")
    figure = region.cumulative_figure(page)
    assert isinstance(figure, Figure)
    said = figure.notes[-1].replace("\u00a0", " ")
    assert said.startswith("À fin septembre 2024 : 1,8 k€ (p) reçus (croix), 1,9 k€ complétés")
    assert "complétés" in figure.alt


def test_a_month_is_completed_by_the_kind_of_amount_that_is_followed(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The factor of the last kind received stood for all; a month of which nothing was received has none."""
    rows = [("reimbursed", 9, 100.0, 150.0), ("reimbursed", 8, 0.0, 0.0), ("tariff", 9, 300.0, 330.0)]
    found = pd.DataFrame(rows, columns=["amount_kind", "month", "received_eur", "completed_eur"])
    found = found.assign(envelope="phmev", month=[pd.Timestamp(2024, number, 1) for number in found["month"]])
    monkeypatch.setattr(data_quality.quality, "completed_months", lambda _: found)
    months = region.region_months(page, "phmev")
    late = completed_path(page, months.assign(is_provisional=months["month"] >= "2024-08-01"), "phmev")
    assert late["received_eur"].tolist() == [1600.0, 1800.0]
    assert late["completed_eur"].tolist() == [1600.0, 1900.0]


def test_an_establishment_is_completed_by_its_own_deliveries(page: Page) -> None:
    """Both gave 80 of August, then 100: each has its factor; an establishment that changed nothing has none."""
    found = completed_by_establishment(page.store)
    assert found[["finess", "envelope", "month", "received_eur", "completed_eur"]].values.tolist() == [
        [who, "phmev", pd.Timestamp(2024, 9, 1), 100.0, 125.0] for who in (A, B)
    ]
    rows = completed_rows(page.store, page.campaign)
    told = list(completed_facts(rows, page.campaign))
    assert [(who, measure) for who, _, measure, _ in told] == [(A, "phmev/2024-09"), (B, "phmev/2024-09")]
    said = told[0][3].replace("\u00a0", " ")
    assert said == "PHMEV, septembre 2024 : 100 € reçus, environ 125 € une fois complétés comme ses livraisons passées."
    # Nine months of 100 in both years: 925 for 900 once September is completed.
    evolutions = campaign_evolutions(page.store, page.campaign)
    rates = list(completed_rates(rows, evolutions, page.campaign))
    assert [(who, subject, envelope) for who, subject, envelope, _ in rates] == [
        (who, COMPLETED_RATE, "phmev") for who in (A, B)
    ]
    said = rates[0][3].replace("\u00a0", " ")
    assert said == (
        "PHMEV à M9, mois provisoires complétés comme les livraisons passées de l'établissement : environ +2,8 %, au "
        "lieu de 0,0 %."
    )
    assert list(completed_rates(rows, evolutions.assign(missing_months="9"), page.campaign)) == []
    kept = regional_context(page.store, page.campaign)
    page.store.write(tables.REGIONAL_CONTEXT, kept, part="region")
    notes = evolution_table(Page(page.campaign, page.store, None, A)).notes
    assert said in [note.replace("\u00a0", " ") for note in notes]
