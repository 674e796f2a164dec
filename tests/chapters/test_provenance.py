"""The page of provenance."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.chapters import provenance
from caqes_analysis.display import Table
from caqes_analysis.figure_parameters import named_parameters, parameter_files
from caqes_analysis.receive import input_files
from tests.builders import A, monthly_rows
from tests.campaigns import MONTHLY, campaign_file
from tests.chapters.test_compared import page_of
from tests.conftest import REPOSITORY

STATE = {"value_status": "reported", "is_provisional": False, "is_corrected": False}


def test_each_file_says_what_its_amounts_are(tmp_path: Path) -> None:
    """A tariff with tax is not a price without: the guide sends the reader here to know which was received."""
    page = page_of(tmp_path)
    store = page.store
    names = ("mois", "sus", "contrats", "ancien")
    files = pd.DataFrame({"delivery": names, "file": [f"{name}.csv" for name in names], "sha256": "0" * 64, "rows": 1})
    store.write(tables.DELIVERIES, tables.DELIVERIES.conform(files), part="essai")
    months = monthly_rows({(A, "phmev"): {"2024-01": "1.00"}}).assign(delivery="mois", tax="TTC", date_basis="care")
    store.write(tables.MONTHLY_SPEND, tables.MONTHLY_SPEND.conform(months), part="essai")
    old = months.assign(delivery="ancien", tax="HT", replaced_by="mois")
    store.write(tables.REPLACED_SPEND, tables.REPLACED_SPEND.conform(old), part="essai")
    row = {"source_line": 1, "finess": A, "month": "2024-01-01", "code": "9000001", "purchase_eur": Decimal("1.00")}
    used = tables.EXTRA_LIST_USE.conform(
        pd.DataFrame([row]), source="sus", date_basis="discharge", kind="drug", **STATE
    )
    store.write(tables.EXTRA_LIST_USE, used, part="essai")
    table = provenance.files_table(page)
    assert isinstance(table, Table)
    labels = [column.label for column in table.columns]
    at = labels.index("Montants")
    said = {row[0].text: row[at].text for row in table.rows if row[0].text[:-4] in names}
    assert said == {
        "ancien.csv": "montant remboursé, HT, au mois des soins",
        "contrats.csv": "–",
        "mois.csv": "montant remboursé, TTC, au mois des soins",
        "sus.csv": "prix d'achat, au mois de la sortie",
    }


def test_whatever_decides_a_figure_has_its_fingerprint(tmp_path: Path) -> None:
    """Another floor in the rules, another objective, another correction: other euros, told by another fingerprint."""
    own = {name: tmp_path / name for name in ("regles.yml", "objectifs.csv", "corrections.csv")}
    rules = (REPOSITORY / "parameters" / "demonstration" / "regles-2022.yml").read_text(encoding="utf-8")
    for path in (*own.values(), tmp_path / "code_lists" / "ipp.yml", tmp_path / "indicators" / "phev_ipp.yml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(rules if path.name == "regles.yml" else path.name, encoding="utf-8")
    named = "scheme_rules: regles.yml\ntargets: [objectifs.csv]\ncorrections: corrections.csv\n"
    campaign = campaign_file(tmp_path, MONTHLY + named)
    before = named_parameters(campaign)
    assert ("Règles du dispositif", "regles.yml") in before
    assert ("Objectifs et repères", "targets.csv") in before
    read = [path for path in parameter_files(campaign) if path.is_relative_to(tmp_path) and path != campaign.file]
    assert {path.name for path in read} == {*own, "ipp.yml", "phev_ipp.yml"}
    for path in read:
        kept = path.read_text(encoding="utf-8")
        path.write_text(f"{kept}\n# autre", encoding="utf-8")
        after = named_parameters(campaign)
        assert sum(after[name] != value for name, value in before.items()) == 1, path.name
        path.write_text(kept, encoding="utf-8")
    assert named_parameters(campaign) == before
    assert set(read) < set(input_files(campaign)), "the record of a run keeps the whole hash of each"


def test_two_files_of_one_name_have_both_their_fingerprint(tmp_path: Path) -> None:
    own = tmp_path / "targets.csv"
    own.write_text("un", encoding="utf-8")
    campaign = campaign_file(tmp_path, MONTHLY + "targets: [targets.csv]\n")
    before = named_parameters(campaign)
    own.write_text("deux", encoding="utf-8")
    changed = {name for name, value in named_parameters(campaign).items() if before[name] != value}
    assert changed == {("Objectifs et repères", "2 fichiers « targets.csv »")}


def test_the_page_shows_every_fingerprint(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    shown = [tuple(cell.text for cell in row) for row in provenance.parameter_files_table(page).rows]
    assert shown == [(*name, value) for name, value in named_parameters(page.campaign).items()]
    assert {role for role, _, _ in shown} >= {"Définitions des indicateurs", "Listes de codes", "Dispositifs"}
