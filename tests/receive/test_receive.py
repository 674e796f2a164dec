"""A campaign is received whole, or not at all and with every problem said."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import CaqesError
from caqes_analysis.receive import open_store, receive
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY, campaign_file, small_campaign


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated region, its campaign and its store."""
    folder = tmp_path_factory.mktemp("campagne")
    open_store(small_campaign(folder))
    return folder


@pytest.fixture
def copy(received: Path, tmp_path: Path) -> Path:
    """The same files, to damage."""
    shutil.copytree(received / "recus", tmp_path / "recus")
    return tmp_path


def refusal(folder: Path, text: str = MONTHLY) -> CaqesError:
    """The error with which the campaign is refused; nothing may have been written."""
    campaign = campaign_file(folder, text)
    with pytest.raises(CaqesError) as caught:
        receive(campaign, folder / "store")
    assert not (folder / "store").exists()
    assert not list(folder.glob("store*"))
    return caught.value


def codes(error: CaqesError) -> list[str]:
    return [problem.code for problem in error.problems]


def test_every_source_reaches_its_table(received: Path) -> None:
    store = Store(received / "sortie" / "store")
    for table in (tables.ESTABLISHMENTS, tables.CONTRACTS, tables.MONTHLY_SPEND, tables.ANNUAL_DRUG_SPEND):
        table.validate(store.read(table).head(2000))
    assert len(store.read(tables.DELIVERIES)) == 7
    by_year = store.query(
        "select year(month) as year, sum(amount_eur) as total from monthly_spend where envelope = 'phmev' group by 1"
    ).set_index("year")["total"]
    annual = store.query("select year, sum(reimbursed_eur) as total from annual_drug_spend group by 1")
    assert annual.set_index("year")["total"].to_dict() == {y: by_year[y] for y in (2022, 2023)}


def test_a_second_opening_reads_nothing_again(received: Path) -> None:
    campaign = small_campaign(received)
    marks = {path: path.stat().st_mtime_ns for path in (received / "sortie" / "store").rglob("*.parquet")}
    store = open_store(campaign)
    assert {path: path.stat().st_mtime_ns for path in store.directory.rglob("*.parquet")} == marks


def test_a_changed_input_is_received_anew(copy: Path) -> None:
    store = open_store(campaign_file(copy, MONTHLY))
    before = store.query("select sum(amount_eur) as total from monthly_spend")["total"].iloc[0]
    path = copy / "recus" / "phmev_mensuel.csv"
    lines = path.read_bytes().split(b"\r\n") if b"\r\n" in path.read_bytes() else path.read_bytes().split(b"\n")
    finess, month, envelope, amount = lines[1].decode("cp1252").split(";")
    raised = Decimal(amount.replace(",", ".")) + 1
    path.write_bytes(
        path.read_bytes().replace(lines[1], f"{finess};{month};{envelope};{raised}".replace(".", ",").encode(), 1)
    )
    store = open_store(campaign_file(copy, MONTHLY))
    assert store.query("select sum(amount_eur) as total from monthly_spend")["total"].iloc[0] == before + 1


def test_absent_files_are_all_named(copy: Path) -> None:
    (copy / "recus" / "phmev_mensuel.csv").unlink()
    (copy / "recus" / "OPEN_PHMEV_2023.CSV").unlink()
    error = refusal(copy)
    assert codes(error) == ["SOURCE_INTROUVABLE", "SOURCE_INTROUVABLE"]
    assert "phmev_mensuel.csv" in str(error)
    assert "OPEN_PHMEV_2023.CSV" in str(error)
    assert error.exit_code == 2


def test_problems_of_several_files_come_together(copy: Path) -> None:
    path = copy / "recus" / "phmev_mensuel.csv"
    path.write_bytes(path.read_bytes().replace(b"2024-03", b"2024-13", 1))
    (copy / "recus" / "contrats.csv").write_bytes(b"")
    text = MONTHLY.replace("scheme: caqes-2022", "scheme: caqes-2023")
    found = codes(refusal(copy, text))
    assert "DISPOSITIF_INCONNU" in found
    assert len(found) >= 3


def test_a_file_that_is_not_the_announced_one_is_refused(copy: Path) -> None:
    text = MONTHLY.replace("phmev_mensuel.csv,", f"phmev_mensuel.csv, sha256: {'a' * 64},")
    assert codes(refusal(copy, text)) == ["EMPREINTE_DIFFERENTE"]
    text = MONTHLY.replace("phmev_mensuel.csv,", "phmev_mensuel.csv, control_total_eur: 1.00,")
    error = refusal(copy, text)
    assert codes(error) == ["TOTAL_DE_CONTROLE"]
    assert "1,00" in str(error)


def test_months_after_the_last_one_are_refused(copy: Path) -> None:
    text = MONTHLY.replace('last_month: "2024-09"', 'last_month: "2024-08"')
    error = refusal(copy, text)
    assert set(codes(error)) == {"MOIS_APRES_LE_DERNIER"}


def test_the_same_amount_in_two_deliveries_is_refused(copy: Path) -> None:
    shutil.copy(copy / "recus" / "phmev_mensuel.csv", copy / "recus" / "encore.csv")
    line = "    - {path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}\n"
    error = refusal(copy, MONTHLY.replace(line, line + line.replace("phmev_mensuel", "encore")))
    assert codes(error) == ["DOUBLON_ENTRE_LIVRAISONS"]
    assert "encore, phmev-mensuel" in str(error)


def test_an_undescribed_establishment_keeps_its_euros(copy: Path) -> None:
    path = copy / "recus" / "etablissements.csv"
    lines = path.read_text(encoding="cp1252").splitlines(keepends=True)
    victim = next(line.split(";")[0] for line in lines[1:] if ";CHU;" in line or ";CH;" in line)
    path.write_text("".join(x for x in lines if victim not in x), encoding="cp1252", newline="")
    store = open_store(campaign_file(copy, MONTHLY))
    known = store.read(tables.ESTABLISHMENTS)
    assert victim in set(known["finess"])
    assert "ETABLISSEMENT_NON_DECRIT" in set(store.read(tables.FINDINGS)["code"])
    assert not pd.isna(known.set_index("finess").loc[victim, "name"])
