"""A mark of correction stands beside what a correction bears on, and only there; what a page of the region leads to."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, drugs, envelope, finder, home, provenance, region
from caqes_analysis.chapters.corrected import with_corrected_years
from caqes_analysis.code_version import package_hash
from caqes_analysis.display import Figure, Table
from caqes_analysis.schemes.targets import Target
from caqes_analysis.sources.findings import Finding, Findings
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file

_MARK = "(c)"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """A is corrected in 2024, B in 2023, C lacks March 2024; D, alone in its department, opened in September 2023."""
    months = {f"2024-{m:02d}": "110.00" for m in range(1, 10)}
    new = "990000004"
    series = {(f, "phmev"): whole_year(2023) | months for f in (A, B)}
    series[C, "phmev"] = whole_year(2023) | {day: eur for day, eur in months.items() if day != "2024-03"}
    series[new, "phmev"] = {f"2023-{m:02d}": "50.00" for m in range(9, 13)} | months
    rows = monthly_rows(series)
    is_a = (rows["finess"] == A) & (rows["month"] == "2024-02-01")
    rows["is_corrected"] = is_a | ((rows["finess"] == B) & (rows["month"] == "2023-05-01"))
    known = establishments(
        {"finess": A, "name": "CH A", "department": "991"},
        {"finess": B, "name": "CH B", "department": "992", "category": "ESPIC"},
        {"finess": C, "name": "CH C", "department": "991"},
        {"finess": new, "name": "CH D", "department": "993", "valid_from": "2023-09-01"},
    )
    store = store_of(tmp_path / "store", rows, known, first="2023-01", last="2024-09")
    store.write(tables.TARGETS, pd.DataFrame(columns=tables.TARGETS.column_names), part="essai")
    return Page(campaign_file(tmp_path, MONTHLY), store)


def marked(table: Table) -> dict[str, list[bool]]:
    return {row[0].text: [_MARK in cell.text for cell in row[1:]] for row in table.rows}


def test_the_year_corrected_is_told_from_the_other(page: Page) -> None:
    rows = with_corrected_years(page, page.settled("phmev")).set_index("finess")
    assert rows.loc[[A, B, C], "now_is_corrected"].tolist() == [True, False, False]
    assert rows.loc[[A, B, C], "was_corrected"].tolist() == [False, True, False]


def test_contributions_mark_the_amount_that_is_corrected(page: Page) -> None:
    figure = region.contribution_figure(page)
    assert isinstance(figure, Figure)
    found = marked(figure.table)
    assert found["CH A"] == [False, True, True, True, True]
    assert found["CH B"] == [True, False, True, True, True]
    assert found["CH C"] == [False] * 5
    assert found["Ensemble"] == [True] * 5


def test_shares_and_counts_of_groups_are_marked_as_their_amounts(page: Page) -> None:
    figure = envelope.levels_figure(page, "phmev")
    assert isinstance(figure, Figure)
    found = marked(figure.table)
    # Establishments, 2023, 2024, share, evolution.
    assert found["CH"] == [False, False, True, True, True]
    assert found["ESPIC"] == [False, True, False, False, True]
    assert (
        figure.notes[1].replace("\xa0", " ").startswith("Hors des parts et des totaux aussi : CH D (770 €) ; ils sont")
    )


def test_the_rate_of_a_month_is_marked_as_either_amount(page: Page) -> None:
    figure = envelope.monthly_figure(page, "phmev")
    assert isinstance(figure, Figure)
    found = marked(figure.table)  # 2022, 2023, 2024, evolution
    assert found["février"] == [False, False, True, True]
    assert found["mai"] == [False, True, False, True]
    assert found["avril"] == [False] * 4


def test_every_table_of_establishments_is_marked(page: Page) -> None:
    listed = marked(envelope.establishment_table(page, "phmev"))
    assert listed["CH A"][1:4] == [True, True, True]
    assert listed["CH B"][1:4] == [False, False, True]
    places = marked(envelope.position_figure(page, "phmev").table)
    assert [places[name][1] for name in ("CH A", "CH B", "CH C")] == [True, True, False]
    sheets = finder.finder_table(page)
    assert [marked(sheets)[name][-2:] for name in ("CH A", "CH B")] == [[True, True], [False, True]]


def test_the_finder_says_its_months_and_why_a_rate_is_absent(page: Page) -> None:
    table = finder.finder_table(page)
    assert table.caption == "Établissements : PHMEV de janvier à juillet 2024, par rapport aux mêmes mois de 2023"
    notes = [note.replace("\xa0", " ") for note in table.notes]
    assert "Sans objet : CH D (ouverture le 01/09/2023)." in notes
    assert any(note.startswith("Sur une partie des mois : CH C (6 mois sur 7, mars manquant)") for note in notes)


def test_a_department_that_opened_lacks_nothing_and_stands_in_its_place(page: Page) -> None:
    figure = envelope.department_panels(page, "phmev")
    assert isinstance(figure, Figure)
    cells = {row[0].text: [cell.text for cell in row[2:]] for row in figure.table.rows}
    (opened,) = [texts for label, texts in cells.items() if "993" in label]
    assert opened == ["sans objet"] * 3
    found = {label: marks for label, marks in marked(figure.table).items() if "993" not in label}
    assert sorted(found.values()) == sorted([[False, False, True, True], [False, True, False, True]])


def test_the_card_of_the_data_tells_the_years_and_the_errors(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    card = home._completeness_card(page)
    assert card.value.replace("\xa0", " ") == "1 mois en défaut"
    assert card.detail.replace("\xa0", " ").startswith("1 de 2024 ; 1 établissement ; ")
    assert card.state == "warning"
    monkeypatch.setattr(home.quality, "missing_months", lambda store, year: pd.DataFrame(columns=["finess", "month"]))
    whole = home._completeness_card(page)
    assert (whole.value, whole.state) == ("Complètes", "good")
    assert whole.state_label == "aucun mois de 2023 et 2024 ne manque"
    error = Finding("essai", "FACTEUR_10", "ici", "error", 1, "10,00", "À vérifier.")
    page.store.write(tables.FINDINGS, Findings([error]).to_frame(), part="campagne")
    found = home._completeness_card(page)
    assert found.state == "warning"
    assert found.state_label.replace("\xa0", " ") == "1 erreur à régler ; aucun mois de 2023 et 2024 ne manque"
    monkeypatch.undo()
    assert home._completeness_card(page).state_label.replace("\xa0", " ").startswith("1 erreur à régler ; voir ")


def test_a_verdict_is_a_clause_of_the_sentence() -> None:
    target = Target("extra_list_devices", "evolution_pct", 2019, 3.0, "%", "arrêté du 12/12/2018", "verified")
    found = [region.position_of(value, target, month_nb=12) for value in (4.5, 2.0)]
    said = [region._verdict_words(one, target).replace("\xa0", " ") for one in found]
    assert said[0] == "l'objectif de 3 % (arrêté du 12/12/2018) n’est pas respecté"
    assert said[1] == "l'objectif de 3 % (arrêté du 12/12/2018) est respecté"


def test_what_the_source_masks_has_no_rank_among_molecules(page: Page) -> None:
    """Twelve molecules, the masked lines above them all, and the fees."""
    lines = [(f"A02BC{number:02d}", f"MOLECULE {number}", "A", f"{100 - number}.00") for number in range(1, 13)]
    lines += [("9999999", "NON RESTITUE", "9", "500.00"), ("0000000", "HONORAIRES DE DISPENSATION", "0", "300.00")]
    base = pd.DataFrame(lines, columns=["atc5", "atc5_label", "atc1", "reimbursed_eur"])
    base["reimbursed_eur"] = base["reimbursed_eur"].map(Decimal)
    base = base.assign(finess=A, year=2023, source="base", source_line=range(2, 16), boxes_nb=1, cip13="1")
    frame = tables.ANNUAL_DRUG_SPEND.conform(base, value_status="reported", is_provisional=False, is_corrected=False)
    page.store.write(tables.ANNUAL_DRUG_SPEND, frame, part="base")
    table = drugs.molecules(page)
    assert isinstance(table, Table)
    labels = [row[0].text for row in table.rows]
    assert table.caption == "Les dix molécules les plus coûteuses de 2023"
    assert labels[:10] == [f"Molecule {number}" for number in range(1, 11)]
    assert len(labels) == 12, "the masked lines and the fees come after"
    assert {row[1].text for row in table.rows[10:]} == {"–"}


def test_the_report_names_the_code_of_the_package_as_the_guide_does(page: Page) -> None:
    rows = {row[0].text: row[1].text for row in provenance.versions_table(page).rows}
    assert rows["caqes_analysis"].endswith(f"({package_hash()})")
    assert rows["Code du rapport, paquet et notebooks (empreinte)"] not in rows["caqes_analysis"]
