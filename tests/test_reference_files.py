"""Reference files of a campaign, and what FINESS adds to what the region says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign_sources import ReferenceSource
from caqes_analysis.errors import CaqesError
from caqes_analysis.receive import receive
from caqes_analysis.receive.reading import read_sources
from caqes_analysis.reference_files import complete_from_finess, read_reference
from caqes_analysis.sources import Findings
from caqes_analysis.store import Store
from caqes_analysis.unknown_codes import unknown_codes
from tests.builders import A, B, C, establishments
from tests.campaigns import MONTHLY, campaign_file, small_campaign
from tests.sources.reference_lines import site, written

ENTITY = "750712184"


def sites(*rows: dict[str, object]) -> pd.DataFrame:
    base = {
        "name": "CENTRE D'ESSAI",
        "category_code": "355",
        "legal_status": "public",
        "department": "75",
        "town": "PARIS",
    }
    return tables.FINESS_SITES.conform(pd.DataFrame([{**base, **row} for row in rows]))


def completed(known: pd.DataFrame, extract: pd.DataFrame) -> tuple[dict[str, object], list[int]]:
    frame, found = complete_from_finess(known, extract, delivery="campagne")
    tables.ESTABLISHMENTS.validate(frame)
    return frame.iloc[0].dropna().to_dict(), [one.count for one in found]


def test_only_what_is_empty_is_filled() -> None:
    known = establishments({"finess": A, "name": "Notre hôpital", "category": None, "department": "33"})
    row, counts = completed(known, sites({"finess_et": A, "finess_ej": ENTITY}))
    assert (row["name"], row["department"]) == ("Notre hôpital", "33")
    assert (row["category"], row["town"], row["legal_status"]) == ("CH", "PARIS", "public")
    assert (row["finess_ej"], row["finess_et"], row["contract_finess"]) == (ENTITY, A, ENTITY)
    assert counts == [1]


def test_a_name_comes_from_finess_where_there_was_none() -> None:
    row, _ = completed(
        establishments({"finess": A, "name": f"Établissement {A}"}), sites({"finess_et": A, "finess_ej": B})
    )
    assert row["name"] == "CENTRE D'ESSAI"


def test_a_signatory_that_the_region_chose_is_kept() -> None:
    known = establishments({"finess": A, "finess_ej": B, "contract_finess": A, "legal_status": "public"})
    row, _ = completed(known, sites({"finess_et": A, "finess_ej": ENTITY}))
    assert (row["finess_ej"], row["contract_finess"]) == (B, A)


def test_a_signatory_deduced_for_want_of_an_entity_is_settled() -> None:
    known = establishments({"finess": A, "contract_finess": A})
    assert completed(known, sites({"finess_et": A, "finess_ej": ENTITY}))[0]["contract_finess"] == ENTITY
    private = sites({"finess_et": A, "finess_ej": B, "legal_status": "espic", "category_code": "365"})
    row, _ = completed(known.assign(category=None), private)
    assert (row["contract_finess"], row["category"]) == (A, "ESPIC")


def test_an_entity_takes_what_its_sites_say_alike() -> None:
    known = establishments({"finess": A, "department": None})
    alike = sites({"finess_et": B, "finess_ej": A}, {"finess_et": C, "finess_ej": A, "town": "LYON"})
    row, _ = completed(known, alike)
    assert (row["finess_ej"], row["legal_status"], row["department"]) == (A, "public", "75")
    assert row["contract_finess"] == A
    assert "town" not in row
    differing = alike.assign(department=["75", "92"])
    assert "department" not in completed(known, differing)[0]


def test_nothing_to_fill_nothing_told() -> None:
    known = establishments({"finess": A})
    assert completed(known, sites({"finess_et": B, "finess_ej": C}))[1] == []


def test_each_kind_of_reference_goes_to_its_table(tmp_path: Path) -> None:
    path = written(tmp_path / "finess.csv", "finess;etalab;1;2026-01-01", site())
    table, got = read_reference(ReferenceSource(path=path, content="finess"))
    assert table is tables.FINESS_SITES
    assert len(got.rows) == 1


def test_a_campaign_receives_references_and_lists(tmp_path: Path) -> None:
    small_campaign(tmp_path)
    first = pd.read_csv(tmp_path / "recus" / "etablissements.csv", sep=";", encoding="cp1252", dtype=str)["finess"][0]
    written(tmp_path / "finess.csv", "finess;etalab;1;2026-01-01", site(nofinesset=first))
    region = 'id: ipp\ntitle: "IPP"\nkind: atc\nsource: "région"\nstatus: regional\nvalid_from: 2023-01-01\n'
    (tmp_path / "code_lists").mkdir()
    (tmp_path / "code_lists" / "ipp.yml").write_text(region + 'codes: [{code: "A02BC"}]\n', encoding="utf-8")
    text = MONTHLY + "  references:\n    - {path: finess.csv, content: finess}\n"
    found = receive(campaign_file(tmp_path, text), tmp_path / "store")
    store = Store(tmp_path / "store")
    assert len(store.read(tables.FINESS_SITES)) == 1
    assert set(store.query("select distinct status from code_lists where list = 'ipp'")["status"]) == {"regional"}
    outside = [one for one in found if one.code == "CODE_HORS_VALIDITE"]
    assert [(one.delivery, one.place) for one in outside] == [("open-phmev-2022", "liste ipp")]


def test_a_wrong_list_of_the_region_stops_the_campaign_with_all_the_rest(tmp_path: Path) -> None:
    small_campaign(tmp_path)
    (tmp_path / "code_lists").mkdir()
    (tmp_path / "code_lists" / "ipp.yml").write_text("id: ipp\n", encoding="utf-8")
    text = MONTHLY + "  references:\n    - {path: absent.csv, content: finess}\n"
    with pytest.raises(CaqesError) as caught:
        receive(campaign_file(tmp_path, text), tmp_path / "store")
    codes = {problem.code for problem in caught.value.problems}
    assert {"SOURCE_INTROUVABLE", "PARAMETRES_CLE_ABSENTE"} <= codes
    assert not (tmp_path / "store").exists()


HEADER = "code_lpp;nom_court;lib_arbo3;date_fin"


LISTED = """\
title: "Essai"
region: {code: "96", name: "Région d'essai"}
year: 2024
last_month: "2024-09"
scheme: caqes-2022
sources:
  monthly_spend: [{path: mois.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}]
  lpp_spend: [{path: lpp.csv}]
  references: [{path: pansements.csv, content: lpp_list, ENTRY}]
"""


def lists_of(folder: Path, entry: str, *lpp: str) -> tuple[Store, Findings]:
    """A store that received a list of two LPP codes and what was spent on some codes, and what was told."""
    written(folder / "mois.csv", "finess;mois;enveloppe;montant", f"{A};2024-03;perfadom;12,50")
    written(folder / "pansements.csv", HEADER, "1103392;PANSEMENT;DM;", "1104629;COMPRESSE;DM;31/12/2023")
    written(folder / "lpp.csv", "finess;periode;code_lpp;quantite;montant", *lpp)
    store = Store(folder / "store")
    _, found = read_sources(campaign_file(folder, LISTED.replace("ENTRY", entry)), store)
    return store, found


def told_of_codes(found: Findings) -> list[tuple[str, int, str]]:
    wanted = ("CODE_LPP_INCONNU", "CODE_HORS_VALIDITE")
    return [(one.code, one.count, one.example) for one in found if one.code in wanted]


def test_a_campaign_names_a_list_of_lpp_codes_and_its_days(tmp_path: Path) -> None:
    entry = "name: pansements-2024, valid_from: 2020-01-01, valid_to: 2024-06-30"
    lines = [f"{A};2024-03;1104629;1;10,00", f"{A};2024-08;1103392;1;5,00", f"{A};2024-03;9999999;1;7,00"]
    store, found = lists_of(tmp_path, entry, *lines)
    rows = store.read(tables.CODE_LISTS)
    own = rows[rows["list"] == "pansements-2024"].sort_values("code")
    assert own[["code", "valid_from", "valid_to"]].astype(str).to_numpy().tolist() == [
        ["1103392", "2020-01-01", "2024-06-30"],
        ["1104629", "2020-01-01", "2023-12-31"],
    ]
    ((code, count, example),) = told_of_codes(found)
    assert (code, count) == ("CODE_HORS_VALIDITE", 2)
    assert "1104629 en 2024-03" in example


def test_a_complete_nomenclature_tells_the_codes_that_it_does_not_know(tmp_path: Path) -> None:
    entry = "name: nomenclature, valid_from: 2024-01-01, valid_to: 2024-12-31, is_complete: true"
    lines = [f"{A};2024-03;9999999;1;7,00", f"{B};2024-03;9999999;1;8,50", f"{A};2023-03;8888888;1;7,00"]
    _, found = lists_of(tmp_path, entry, *lines, f"{A};2024-03;1103392;1;5,00")
    assert told_of_codes(found) == [("CODE_LPP_INCONNU", 2, "9999999\u00a0; 1 code, 15,50\u00a0€ en tout")]


@pytest.mark.parametrize(
    "entry",
    ["valid_to: 2024-06-30", "name: essai, valid_from: 2024-06-30, valid_to: 2024-01-01", "name: perfadom"],
)
def test_a_list_without_name_or_of_a_taken_name_is_refused(tmp_path: Path, entry: str) -> None:
    with pytest.raises(CaqesError, match="→"):
        lists_of(tmp_path, entry, f"{A};2024-03;1103392;1;5,00")


def test_presentations_that_the_public_database_does_not_know_are_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    lines = pd.DataFrame({"cip13": ["3400930000014", "3400930000021", "9999999999999", "0000000000000"]})
    lines = lines.assign(source_line=range(1, 5), reimbursed_eur=Decimal("4.00"))
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    frame = tables.ANNUAL_DRUG_SPEND.conform(lines, source="base", year=2024, finess=A, **state)
    store.write(tables.ANNUAL_DRUG_SPEND, frame, part="base")
    assert len(unknown_codes(store, [])) == 0, "nothing is known of presentations"
    known = pd.DataFrame({"cip13": ["3400930000014"], "cip7": ["3000001"], "cis": ["60000001"], "label": ["boîte"]})
    store.write(tables.DRUG_PRESENTATIONS, tables.DRUG_PRESENTATIONS.conform(known), part="bdpm")
    (one,) = unknown_codes(store, [])
    assert (one.code, one.count, one.severity) == ("CIP_INCONNU", 1, "information")
    assert one.example.startswith("3400930000021")
