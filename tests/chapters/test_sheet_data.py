"""What a hospital reads of its own data: what was corrected, what was refused, what remains to be settled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, sheet_data
from caqes_analysis.chapters.data_quality_values import corrections_table
from caqes_analysis.chapters.own_rows import keep_own_rows, own_store
from caqes_analysis.chapters.reads import table_hashes
from caqes_analysis.chapters.regional_context import keep_regional_context
from caqes_analysis.display import Table, Text
from caqes_analysis.sources import Finding, Findings
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file

_FAR = "novembre 2023 : 15,96 € reçus, environ 21,1 k€ attendus"


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Page]:
    """Two sheets, read from their own rows only; A took C over, and its register holds two lines."""
    known = establishments(
        {"finess": A},
        {"finess": B},
        {"finess": C, "valid_to": pd.Timestamp("2022-12-31"), "successor": A},
    )
    year = {f"2024-{month:02d}": "100.00" for month in range(1, 10)}
    months = monthly_rows({(f, "phmev"): whole_year(2023) | year for f in (A, B)})
    store = store_of(tmp_path / "store", months, known, last="2024-09")
    register = {
        "finess": [A, C], "period": ["2024-04", "2023-06"], "field": ["phmev", "lpp"],
        "old": [Decimal("1000.00"), Decimal("7.00")], "new": [Decimal("100.00"), Decimal("70.00")], "author": "Mme B",
        "proof": "courriel", "date": pd.Timestamp("2024-10-15"), "state": ["applied", "unexpected"],
        "kept": [None, Decimal("8.00")],
    }  # fmt: skip
    store.write(tables.CORRECTIONS, tables.CORRECTIONS.conform(pd.DataFrame(register)), part="corrections")
    found = [
        Finding("mois", "FACTEUR_1000", f"{B}, Ambulance, novembre 2023", "error", 1, _FAR, "Vérifier."),
        Finding("mois", "MOIS_REPETE", f"{C}, LPP, mai 2022", "warning", 1, "7,00 €, comme en avril 2022", "Vérifier."),
        Finding("mois", "MOIS_REPETE", f"{A}, LPP, mai 2022", "information", 1, "usuel", "Rien."),
        Finding("corrections", "CORRECTION_INATTENDUE", f"{C}, 2023-06, lpp", "warning", 1, "autre", "Vérifier."),
        Finding("campagne", "MOIS_ABSENT", f"{B}, LPP", "warning", 1, "mai 2023", "Les demander."),
    ]
    store.write(tables.FINDINGS, Findings(found).to_frame(), part="campagne")
    campaign = campaign_file(tmp_path, MONTHLY)
    keep_regional_context(store, campaign)
    keep_own_rows(store, table_hashes(store))
    return {f: Page(campaign, own_store(store.directory.parent, f), finess=f) for f in (A, B)}


def said(page: Page) -> str:
    text = sheet_data.reserves(page)[0]
    assert isinstance(text, Text)
    return text.summary().replace("\u00a0", " ").replace("\u202f", " ")


def test_the_register_of_an_establishment_is_on_its_sheet_alone(pages: dict[str, Page]) -> None:
    table = sheet_data.reserves(pages[A])[1]
    assert isinstance(table, Table)
    cells = [[cell.text.replace("\u00a0", " ").replace("\u202f", " ") for cell in row] for row in table.rows]
    assert cells[0][1:] == ["avril 2024", "PHMEV", "1 000,00", "100,00", "appliquée", "courriel (Mme B, le 15/10/2024)"]
    refused = "non appliquée : autre valeur reçue, 8,00, qui reste"
    assert cells[1][1:6] == ["juin 2023", "LPP", "7,00", "70,00", refused]
    # What a refused line would replace is not what was received.
    assert [header.label for header in table.columns][3:5] == ["Valeur à remplacer", "Valeur demandée"]
    assert sheet_data.reserves(pages[B])[1] is None


def test_a_register_of_one_establishment_does_not_name_it(tmp_path: Path) -> None:
    year = {f"2024-{month:02d}": "100.00" for month in range(1, 10)}
    months = monthly_rows({(A, "phmev"): whole_year(2023) | year})
    store = store_of(tmp_path / "store", months, establishments({"finess": A}), last="2024-09")
    register = {
        "finess": [A], "period": ["2024-04"], "field": ["phmev"], "old": [Decimal("1000.00")],
        "new": [Decimal("100.00")], "author": "Mme B", "proof": "courriel", "date": pd.Timestamp("2024-10-15"),
        "state": ["applied"],
    }  # fmt: skip
    store.write(tables.CORRECTIONS, tables.CORRECTIONS.conform(pd.DataFrame(register)), part="corrections")
    campaign = campaign_file(tmp_path, MONTHLY)
    own, region = (corrections_table(Page(campaign, store, None, finess)) for finess in (A, None))
    assert isinstance(own, Table)
    assert isinstance(region, Table)
    assert own.columns[0].label == "Période"
    assert region.columns[0].label == "Établissement"


def test_what_remains_to_be_settled_is_told_to_whom_it_concerns(pages: dict[str, Page]) -> None:
    assert f"Erreur à régler : Ambulance, {_FAR}. Vérifier." in said(pages[B])
    assert f"Constat à regarder : {C}, LPP, mai 2022 : 7,00 €, comme en avril 2022. Vérifier." in said(pages[A])
    for page in pages.values():
        assert "usuel" not in said(page)
        assert "CORRECTION" not in said(page)
        assert "Les demander" not in said(page)


def test_a_merger_is_told_by_the_name_of_who_was_taken_over(
    pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(pages[A].store.read(tables.ESTABLISHMENTS).set_index("finess")["name"][C])
    merger = {
        "kind": ["merger"], "finess": [C], "current_finess": [A], "since": [pd.Timestamp("2023-07-01")],
        "amount_eur": [Decimal("1200.00")],
    }  # fmt: skip
    monkeypatch.setattr(sheet_data.quality, "perimeter_changes", lambda *_, **__: pd.DataFrame(merger))
    assert f"{name} ({C}) a fusionné avec celui-ci au 01/07/2023 : ses dépenses, toutes enveloppes (1,2 k€" in said(
        pages[A]
    )


def test_the_card_counts_errors_and_corrections(pages: dict[str, Page]) -> None:
    wrong, right = sheet_data.data_card(pages[B]), sheet_data.data_card(pages[A])
    assert (wrong.value, wrong.state_label) == ("À vérifier", "1 erreur à régler")
    assert right.value == "Complètes"
    assert right.state_label == "aucun mois de 2023 et 2024 ne manque ; 1 valeur corrigée ; 1 constat à regarder"
