"""From ATIH files to the months of the liste en sus, and to the grid that every page reads."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign_sources import ExtraListSource
from caqes_analysis.errors import CaqesError, SourceError
from caqes_analysis.extra_list_files import SEVERAL_FILES, add_months, monthly_from_uses, receive_file
from caqes_analysis.receive import receive
from caqes_analysis.receive.announced import check_totals
from caqes_analysis.simulation import simulate_region, simulate_truth
from caqes_analysis.simulation.atih import simulate_atih
from caqes_analysis.sources.findings import Findings
from caqes_analysis.store import Store
from tests.campaigns import campaign_file
from tests.sources.atih_files import REMSIMA, STENT, A, B, content, drug

CAMPAIGN = """\
title: "Rapport d'essai"
region: {code: "96", name: "Région d'essai"}
year: 2021
last_month: "2021-12"
scheme: caqes-2018
output: sortie
sources:
  establishments: [{path: recus/etablissements.csv}]
  monthly_spend:
    - {path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}
  extra_list:
    - {path: recus/rsa_med_2020.txt, file_type: rsa_med, year: 2020}
    - {path: recus/rsa_med_2021.txt, file_type: rsa_med, year: 2021}
    - {path: recus/rsa_dmi_2020.txt, file_type: rsa_dmi, year: 2020}
    - {path: recus/rsa_dmi_2021.txt, file_type: rsa_dmi, year: 2021}
    - {path: recus/rafael_2020.txt, file_type: rafael, year: 2020, tax: TTC}
    - {path: recus/rafael_2021.txt, file_type: rafael, year: 2021, tax: TTC}
"""
REGION = {"establishments_nb": 8, "seed": 7, "year": 2021}
JUNE, JULY, AUGUST = (pd.Timestamp(2021, month, 1) for month in (6, 7, 8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated region and its ATIH files."""
    place = tmp_path_factory.mktemp("atih")
    simulate_region(place / "recus", last_month=12, years_nb=3, **REGION)
    simulate_atih(place / "recus", years_nb=3, **REGION)
    return place


def source(path: Path, **options: Any) -> ExtraListSource:
    return ExtraListSource.model_validate({"path": path, "file_type": "rsa_med", "year": 2021, **options})


def put(folder: Path, name: str, data: bytes, **options: Any) -> ExtraListSource:
    path = folder / f"{name}.txt"
    path.write_bytes(data)
    return source(path, **options)


def months(folder: Path, *sources: ExtraListSource) -> tuple[pd.DataFrame, Findings]:
    """The months that these files add up to."""
    store = Store(folder / "store")
    for one in sources:
        receive_file(one, store, provisional_from=None)
    rows, findings = monthly_from_uses(store, sources)
    return tables.MONTHLY_SPEND.validate(rows), findings


def test_from_files_to_the_monthly_grid_to_the_cent(folder: Path) -> None:
    receive(campaign_file(folder, CAMPAIGN), folder / "store")
    store = Store(folder / "store")
    grid = store.query(
        "select finess, envelope, month, amount_kind, amount_eur, value_status from monthly_grid "
        "where envelope like 'extra_list%' and value_status in ('reported', 'zero') order by finess, month, envelope"
    )
    assert set(grid["amount_kind"]) == {"purchase"}
    truth = simulate_truth(years_nb=3, **REGION)
    truth = truth[truth["envelope"].str.startswith("extra_list") & (truth["month"] >= "2020-01-01")]
    merged = store.query("select finess, current_finess from successions").set_index("finess")["current_finess"]
    truth = truth.assign(finess=truth["finess"].replace(merged.to_dict()))
    expected = truth.groupby(["finess", "month", "envelope"], as_index=False)["amount_eur"].sum()
    expected = expected.set_index(["finess", "month", "envelope"])["amount_eur"].sort_index()
    found = grid.set_index(["finess", "month", "envelope"])["amount_eur"].sort_index()
    assert found.to_dict() == expected.to_dict()
    kinds = store.query("select distinct envelope, amount_kind from monthly_spend order by all")
    assert kinds.to_numpy().tolist() == [
        ["extra_list_devices", "purchase"],
        ["extra_list_drugs", "purchase"],
        ["phmev", "reimbursed"],
    ]
    told = store.query("select code, place from findings where code = 'NATURE_NON_COMMUNE' order by place")
    assert len(told) == 3


def test_a_monthly_file_goes_before_the_sum_of_lines(folder: Path) -> None:
    text = CAMPAIGN.replace(
        "  extra_list:",
        "    - {path: recus/liste_en_sus_mensuel.xlsx, amount_kind: reimbursed, date_basis: discharge, tax: TTC}\n"
        "  extra_list:",
    )
    receive(campaign_file(folder, text), folder / "store-mensuel")
    found = Store(folder / "store-mensuel").query("select distinct delivery from monthly_spend order by all")
    assert found["delivery"].tolist() == ["liste-en-sus-mensuel", "phmev-mensuel"]
    uses = Store(folder / "store-mensuel").query("select count(*) as nb from extra_list_use")
    assert uses["nb"].iloc[0] > 0


def test_two_files_of_a_year_are_refused_beside_a_monthly_file_too(folder: Path, tmp_path: Path) -> None:
    """Their months are not read, their lines are: indicators and savings would count them twice."""
    shutil.copytree(folder / "recus", tmp_path / "recus")
    lines = (tmp_path / "recus" / "rsa_med_2021.txt").read_bytes().splitlines(keepends=True)
    (tmp_path / "recus" / "rsa_med_2021_m9.txt").write_bytes(b"".join(lines[:-3]))
    last = "    - {path: recus/rsa_med_2021.txt, file_type: rsa_med, year: 2021}\n"
    text = CAMPAIGN.replace(
        "  extra_list:\n",
        "    - {path: recus/liste_en_sus_mensuel.xlsx, amount_kind: reimbursed, date_basis: discharge, tax: TTC}\n"
        "  extra_list:\n",
    ).replace(last, last + last.replace("2021.txt", "2021_m9.txt"))
    with pytest.raises(SourceError) as caught:
        receive(campaign_file(tmp_path, text), tmp_path / "store")
    (problem,) = caught.value.problems
    assert problem.code == "DOUBLON_ENTRE_LIVRAISONS"
    assert "rsa_med_2021.txt, rsa_med_2021_m9.txt" in problem.what
    assert "le fichier le plus complet" in problem.remedy


def test_a_campaign_of_atih_files_alone_follows_months(folder: Path) -> None:
    text = CAMPAIGN[: CAMPAIGN.index("  monthly_spend")] + CAMPAIGN[CAMPAIGN.index("  extra_list") :]
    campaign = campaign_file(folder, text)
    assert not campaign.is_annual
    receive(campaign, folder / "store-seul")
    assert Store(folder / "store-seul").has(tables.MONTHLY_GRID)


def test_invoices_alone_are_followed_in_each_of_their_kinds(tmp_path: Path) -> None:
    lines = drug(product=STENT, quantity=1, unit_purchase=10_000, unit_tariff=12_000, billed=11_000)
    rows, findings = months(
        tmp_path, put(tmp_path, "a", content(lines, file_type="rafael", record="P"), file_type="rafael", tax="TTC")
    )
    assert rows.set_index("amount_kind")["amount_eur"].to_dict() == {
        "purchase": Decimal("100.00"),
        "reimbursed": Decimal("110.00"),
        "tariff": Decimal("120.00"),
    }
    assert set(rows["tax"]) == {"TTC"}
    assert set(rows["envelope"]) == {"extra_list_devices"}
    assert not len(findings)


def test_a_month_without_line_is_a_true_zero_between_first_use_and_last_month(tmp_path: Path) -> None:
    data = content(drug(month=JUNE), drug(month=AUGUST), drug(month=JULY, finess=B))
    rows, _ = months(tmp_path, put(tmp_path, "a", data))
    found = {(row.finess, row.month): (row.amount_eur, row.value_status) for row in rows.itertuples()}
    assert found == {
        (A, JUNE): (Decimal("400.00"), "reported"),
        (A, JULY): (Decimal("0.00"), "zero"),
        (A, AUGUST): (Decimal("400.00"), "reported"),
        (B, JULY): (Decimal("400.00"), "reported"),
        (B, AUGUST): (Decimal("0.00"), "zero"),
    }
    assert set(rows["delivery"]) == {"a"}


def test_the_end_of_a_year_without_file_is_told_and_left_out(tmp_path: Path) -> None:
    late = pd.Timestamp("2020-12-01")
    data = content(drug(month=late), drug(month=JUNE), drug(month=late, finess=B), drug(month=JUNE, finess=B))
    first = content(drug(month=late), year=2020)
    rows, findings = months(tmp_path, put(tmp_path, "a", data), put(tmp_path, "b", first, year=2020))
    december = rows[rows["month"] == late].set_index("finess")
    assert december["amount_eur"].to_dict() == {A: Decimal("800.00")}
    assert december["delivery"].to_dict() == {A: SEVERAL_FILES}
    finding = next(iter(findings))
    assert (finding.code, finding.count, finding.delivery) == ("MOIS_SANS_FICHIER", 1, "a")
    assert B in finding.example
    assert "400,00" in finding.example


def test_files_that_tell_the_same_uses_are_refused(tmp_path: Path) -> None:
    out = put(tmp_path, "sortie", content(drug(month=JUNE)))
    entry = put(tmp_path, "entree", content(drug(month=JUNE), file_type="rum_med"), file_type="rum_med")
    with pytest.raises(SourceError, match="DOUBLON_ENTRE_LIVRAISONS"):
        months(tmp_path, out, entry)
    other = put(tmp_path, "entree", content(drug(month=JUNE, finess=B), file_type="rum_med"), file_type="rum_med")
    assert len(months(tmp_path / "b", out, other)[0]) == 2


def test_the_months_of_several_files_are_written_by_delivery(tmp_path: Path) -> None:
    sources = [
        put(tmp_path, "mco", content(drug(month=JUNE))),
        put(tmp_path, "had", content(drug(month=JUNE), file_type="rapss_med"), file_type="rapss_med"),
        put(tmp_path, "smr", content(drug(month=JUNE, finess=B), file_type="rha_med"), file_type="rha_med"),
    ]
    store = Store(tmp_path / "store")
    for one in sources:
        receive_file(one, store, provisional_from=None)
    add_months(store, sources)
    found = store.read(tables.MONTHLY_SPEND).set_index("finess")
    assert found["amount_eur"].to_dict() == {A: Decimal("800.00"), B: Decimal("400.00")}
    assert found["delivery"].to_dict() == {A: SEVERAL_FILES, B: "smr"}
    assert sorted(path.stem for path in (store.directory / "monthly_spend").glob("*")) == [SEVERAL_FILES, "smr"]


def test_a_control_total_is_checked(tmp_path: Path) -> None:
    data = content(drug(), drug(quantity=0))
    store = Store(tmp_path / "s")
    receive_file(put(tmp_path, "a", data), store, provisional_from=None)
    # The sender counts both lines; cleaning keeps one.
    check_totals(put(tmp_path, "a", data, control_total_eur="400.00", control_rows_nb=2), store)
    with pytest.raises(SourceError, match=r"le nombre de lignes du fichier est 2 ; l'expéditeur annonce 1"):
        check_totals(put(tmp_path, "a", data, control_rows_nb=1), store)
    with pytest.raises(SourceError, match=r"après nettoyage est 400,00.*400,01.*without"):
        check_totals(put(tmp_path, "a", data, control_total_eur="400.01"), store)


def test_months_after_the_last_one_announced_are_refused(folder: Path) -> None:
    text = (
        CAMPAIGN.replace('"2021-12"', '"2021-11"')
        .replace("    - {path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}\n", "")
        .replace("  monthly_spend:\n", "")
    )
    with pytest.raises(CaqesError, match="MOIS_APRES_LE_DERNIER"):
        receive(campaign_file(folder, text), folder / "store-refuse")


@pytest.mark.real
def test_the_histories_of_the_list_clean_the_lines(folder: Path, real_data: Path) -> None:
    history = real_data / "liste_en_sus"
    text = CAMPAIGN.replace(
        "  extra_list:",
        "  extra_list_history:\n"
        f"    - {{path: '{history}/liste_en_sus_ucd_historique.csv', content: ucd}}\n"
        f"    - {{path: '{history}/liste_en_sus_lpp_historique.csv', content: lpp}}\n"
        "  extra_list:",
    )
    dear = drug(finess=A, product=REMSIMA, quantity=1000, purchase=300_000)
    gone = drug(finess=A, product="9000001", quantity=1000, purchase=50_000)
    (folder / "recus" / "ajout.txt").write_bytes(content(dear, gone))
    text += "    - {path: recus/ajout.txt, file_type: rsa_med, year: 2021}\n"
    findings = receive(campaign_file(folder, text), folder / "store-historique")
    by_code = {finding.code: finding for finding in findings if finding.delivery == "ajout"}
    assert set(by_code) == {"ATIH_HORS_LISTE", "ATIH_PLAFOND_TARIF"}
    rows = Store(folder / "store-historique").query("select purchase_eur from extra_list_use where source = 'ajout'")
    assert rows["purchase_eur"].tolist() == [Decimal("207.64")]
    others = {finding.code for finding in findings if finding.delivery.startswith(("rsa", "rafael"))}
    assert others <= {"NATURE_NON_COMMUNE"}
