from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path

from openpyxl import load_workbook

from caqes_analysis.simulation import departments
from caqes_analysis.simulation.files import write_xlsx
from tests.simulation.conftest import Rows, rows_of

FINESS = re.compile(r"^[0-9][0-9AB][0-9]{7}$")


def test_establishments(region_folder: Path) -> None:
    content = (region_folder / "etablissements.csv").read_bytes()
    header = (
        b"finess;finess_ej;finess_et;finess_contrat;nom;categorie;statut;departement;commune;region;"
        b"valide_du;valide_au;successeur\r\n"
    )
    assert content.startswith(header)
    assert content.count(b"\n") == content.count(b"\r\n") == 41
    assert b"\x92" in content, "a typographic apostrophe, which latin-1 does not have"
    rows = rows_of(content, "cp1252")
    for row in rows:
        assert all(FINESS.match(row[name]) for name in ("finess", "finess_ej", "finess_et", "finess_contrat"))
        # Public contracts are signed by the juridical entity, the others by the site.
        level = "finess_ej" if row["statut"] == "public" else "finess_et"
        assert row["finess"] == row["finess_contrat"] == row[level]
        assert row["finess_ej"] != row["finess_et"]
        assert datetime.strptime(row["valide_du"], "%d/%m/%Y")
    assert {row["statut"] for row in rows} == {"public", "espic", "prive"}
    assert {row["categorie"] for row in rows} == {"CHU", "CH", "CLCC", "ESPIC", "privé"}
    assert {row["departement"] for row in rows} == set(departments()["code"])
    assert len({row["nom"] for row in rows}) == 40
    assert max(len(row["nom"]) for row in rows) > 60
    assert any("'" in row["nom"] for row in rows)


def test_months(region_folder: Path, phmev_months: Rows) -> None:
    content = (region_folder / "phmev_mensuel.csv").read_bytes()
    assert content.startswith(b"finess;mois;enveloppe;montant\r\n")
    assert {row["enveloppe"] for row in phmev_months} == {"phmev"}
    assert all(re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", row["mois"]) for row in phmev_months)
    assert all(re.fullmatch(r"(\d+,\d\d)?", row["montant"]) for row in phmev_months)
    assert any(row["montant"] == "" for row in phmev_months)
    assert any(row["montant"] == "0,00" for row in phmev_months)
    assert len({(row["finess"], row["mois"]) for row in phmev_months}) == len(phmev_months)
    private = {
        row["finess"]
        for row in rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")
        if row["statut"] == "prive"
    }
    assert not private & {row["finess"] for row in phmev_months}
    assert max(row["mois"] for row in phmev_months) == "2024-09"
    assert min(row["mois"] for row in phmev_months) == "2020-01"


def test_other_envelopes(region_folder: Path) -> None:
    content = (region_folder / "enveloppes_mensuelles.csv").read_bytes()
    assert b"\r" not in content
    rows = rows_of(content, "utf-8")
    assert {row["enveloppe"] for row in rows} == {
        *("lpp", "perfadom", "transport_ambulance", "transport_taxi", "transport_vsl")
    }
    amounts = {(r["finess"], r["mois"], r["enveloppe"]): float(r["montant"].replace(",", ".") or "nan") for r in rows}
    parts = [(amounts[finess, month, "lpp"], e) for (finess, month, code), e in amounts.items() if code == "perfadom"]
    assert len(parts) > 1000
    assert all(whole > part for whole, part in parts), "perfadom is a part of lpp"


def test_extra_list_workbook(region_folder: Path) -> None:
    book = load_workbook(region_folder / "liste_en_sus_mensuel.xlsx", read_only=True)
    header, *rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    rows = [(*row, *[None] * (4 - len(row))) for row in rows]  # an empty last cell is not written
    assert header == ("finess", "mois", "enveloppe", "montant")
    assert {row[2] for row in rows} == {"liste_en_sus_medicaments", "liste_en_sus_dispositifs"}
    assert all(isinstance(row[0], str) and FINESS.match(row[0]) for row in rows)
    assert all(isinstance(row[1], str) and re.fullmatch(r"\d{4}-\d\d", row[1]) for row in rows)
    assert any(row[3] is None for row in rows)
    assert all(row[3] is None or abs(row[3] * 100 - round(row[3] * 100)) < 1e-4 for row in rows)
    hospitals = rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")
    psychiatric = {row["finess"] for row in hospitals if "EPSM" in row["nom"] or "spécialisé" in row["nom"]}
    assert psychiatric
    assert not psychiatric & {row[0] for row in rows}


def test_the_workbook_keeps_no_date(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", [("961000018", "2024-01", "phmev", 1250), ("961000018", "2024-02", "phmev", None)])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"1980-01-01T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")
    book = load_workbook(tmp_path / "a.xlsx")
    assert [cell.value for cell in book.worksheets[0][2]] == ["961000018", "2024-01", "phmev", 12.5]
    assert book.worksheets[0]["D3"].value is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_contracts(region_folder: Path) -> None:
    content = (region_folder / "contrats.csv").read_bytes()
    assert content.startswith(b"finess_contrat;dispositif;statut;date_effet;volets;indicateurs\r\n")
    rows = rows_of(content, "cp1252")
    hospitals = {
        row["finess_contrat"]: row for row in rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")
    }
    first = [row for row in rows if row["dispositif"] == "caqes-2018"]
    second = [row for row in rows if row["dispositif"] == "caqes-2022"]
    assert len(first) + len(second) == len(rows)
    assert len({(row["finess_contrat"], row["dispositif"]) for row in rows}) == len(rows)
    opened_late = {finess for finess, row in hospitals.items() if row["valide_du"].endswith("2023")}
    assert {row["finess_contrat"] for row in first} == set(hospitals) - opened_late
    assert 0.3 <= len(second) / len(hospitals) <= 0.5
    assert {row["date_effet"] for row in second} == {"01/07/2022"}
    assert {row["date_effet"] for row in first} == {"01/01/2018"}
    assert all(row["volets"].startswith("1") and row["indicateurs"].startswith("phev_ipp,") for row in second)
    assert {row["statut"] for row in first} == {"terminé"}
    assert "signé" in {row["statut"] for row in second}
