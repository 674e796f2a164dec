"""Yearly spending at the level at which contracts are signed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.contract_level import NOT_COMPUTABLE, annual_at_contract_level
from caqes_analysis.perimeter import APHP_ENTITY
from caqes_analysis.sources import ingest_open_phmev
from caqes_analysis.store import Store
from tests.builders import establishments

PUBLIC, ESPIC_ENTITY, SITE_ONE, SITE_TWO, CLINIC, ABSENT = (f"99000000{digit}" for digit in range(1, 7))
ONLY_ENTITY, ONLY_SITE = "990000007", "990000008"


def store_of(
    directory: Path,
    known: pd.DataFrame,
    spent: dict[str, str],
    contracts: tuple[str, ...] = (),
    sites: tuple[tuple[str, str], ...] = (),
) -> Store:
    store = Store(directory)
    rows = pd.DataFrame(
        {
            "finess": list(spent),
            "reimbursed_eur": [Decimal(amount) for amount in spent.values()],
            "source_line": range(1, len(spent) + 1),
        }
    )
    frame = tables.ANNUAL_DRUG_SPEND.conform(
        rows, source="phmev", year=2024, boxes_nb=1, base_eur=Decimal("2.00"),
        value_status="reported", is_provisional=False, is_corrected=False,
    )  # fmt: skip
    store.write(tables.ANNUAL_DRUG_SPEND, frame, part="phmev")
    store.write(tables.ESTABLISHMENTS, known, part="campagne")
    if contracts:
        signed = tables.CONTRACTS.conform(pd.DataFrame({"contract_finess": contracts}), scheme="caqes-2022")
        store.write(tables.CONTRACTS, signed, part="contrats")
    if sites:
        frame = tables.FINESS_SITES.conform(pd.DataFrame(sites, columns=["finess_et", "finess_ej"]), name="Site")
        store.write(tables.FINESS_SITES, frame, part="finess")
    return store


def by_contract(store: Store) -> pd.DataFrame:
    return annual_at_contract_level(store).set_index("contract_finess")


def test_sites_of_aphp_add_up_to_their_entity(tmp_path: Path) -> None:
    known = establishments(
        {"finess": "750100001", "finess_ej": APHP_ENTITY, "contract_finess": "750100001"},
        {"finess": "750100002", "finess_ej": APHP_ENTITY, "contract_finess": APHP_ENTITY},
        {"finess": "690781810", "finess_ej": "690781810", "contract_finess": "690781810"},
    )
    got = by_contract(store_of(tmp_path, known, {"750100001": "10.00", "750100002": "5.50", "690781810": "7.00"}))
    assert list(got.index) == ["690781810", APHP_ENTITY]
    assert got.loc[APHP_ENTITY, "reimbursed_eur"] == Decimal("15.50")
    assert got.loc[APHP_ENTITY, "establishments_nb"] == 2
    assert got.loc[APHP_ENTITY, "reason"] == "2 sites réunis sous l'entité 750712184"
    assert got.loc["690781810", "reimbursed_eur"] == Decimal("7.00")
    assert got["reimbursed_eur"].sum() == Decimal("22.50")


def test_what_cannot_be_computed_says_why(tmp_path: Path) -> None:
    known = establishments(
        {"finess": PUBLIC, "finess_ej": PUBLIC, "contract_finess": PUBLIC, "legal_status": "public"},
        {"finess": SITE_ONE, "finess_ej": ESPIC_ENTITY, "contract_finess": SITE_ONE, "legal_status": "espic"},
        {"finess": SITE_TWO, "finess_ej": ESPIC_ENTITY, "contract_finess": SITE_TWO, "legal_status": "espic"},
        {"finess": CLINIC, "contract_finess": CLINIC, "legal_status": "prive"},
        {"finess": ABSENT, "contract_finess": ABSENT, "legal_status": "espic"},
        {"finess": ONLY_SITE, "finess_ej": ONLY_ENTITY, "contract_finess": ONLY_SITE, "legal_status": "espic"},
    )
    spent = {PUBLIC: "100.00", ESPIC_ENTITY: "50.00", ONLY_ENTITY: "8.00"}
    contracts = (PUBLIC, SITE_ONE, SITE_TWO, CLINIC, ABSENT, ONLY_SITE)
    sites = ((SITE_ONE, ESPIC_ENTITY), (SITE_TWO, ESPIC_ENTITY), (ONLY_SITE, ONLY_ENTITY))
    got = by_contract(store_of(tmp_path / "a", known, spent, contracts, sites))
    assert got["value_status"].to_dict() == {
        PUBLIC: "reported",
        SITE_ONE: "not_applicable",
        SITE_TWO: "not_applicable",
        CLINIC: "not_applicable",
        ABSENT: "missing",
        ONLY_SITE: "reported",
    }
    assert got.loc[SITE_ONE, "reason"].startswith(NOT_COMPUTABLE)
    assert ESPIC_ENTITY in got.loc[SITE_ONE, "reason"]
    assert "cliniques à but lucratif" in got.loc[CLINIC, "reason"]
    assert got.loc[ONLY_SITE, "reimbursed_eur"] == Decimal("8.00")
    assert got.loc[[SITE_ONE, CLINIC, ABSENT], "reimbursed_eur"].isna().all()
    # Without the FINESS extract, nothing says that an entity has one site only.
    blind = by_contract(store_of(tmp_path / "b", known, spent, contracts))
    assert blind.loc[ONLY_SITE, "value_status"] == "not_applicable"


def test_mergers_are_followed(tmp_path: Path) -> None:
    known = establishments(
        {"finess": PUBLIC, "contract_finess": PUBLIC, "valid_to": "2022-12-31", "successor": ABSENT},
        {"finess": ABSENT, "contract_finess": ABSENT},
    )
    got = by_contract(store_of(tmp_path, known, {PUBLIC: "1.00", ABSENT: "2.00"}))
    assert got["reimbursed_eur"].to_dict() == {ABSENT: Decimal("3.00")}


@pytest.mark.real
def test_aphp_in_the_national_sample(tmp_path: Path, real_data: Path) -> None:
    store = Store(tmp_path)
    ingest_open_phmev(
        real_data / "phmev" / "OPEN_PHMEV_2024_echantillon_national.csv", store, year=2024, delivery="national"
    )
    got = by_contract(store)
    # Counted with pandas alone on « 3+ » without HCL and AP-HM: 42 sites, 844 lines.
    aphp = got.loc[APHP_ENTITY]
    assert (aphp["establishments_nb"], aphp["boxes_nb"]) == (42, 92_735)
    assert (aphp["reimbursed_eur"], aphp["base_eur"]) == (Decimal("4182239.85"), Decimal("4449867.57"))
    assert got.loc[["690781810", "130786049"], "establishments_nb"].tolist() == [1, 1]
    # The Croix-Rouge hospital Henry-Dunant stays apart, at its site.
    assert got.loc["750150377", "establishments_nb"] == 1
    assert len(got) == 889 - 42 + 1
    assert got["reimbursed_eur"].sum() == Decimal("34113493.09")
    assert got["base_eur"].sum() == Decimal("36235686.11")
    assert got["boxes_nb"].sum() == 872_791
