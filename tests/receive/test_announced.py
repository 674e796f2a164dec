"""One digit changed in a file of any kind is seen, where the campaign announces its SHA-256 or its control total."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from caqes_analysis import french
from caqes_analysis.campaign_sources import Sources
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.receive import receive
from caqes_analysis.sources.declared import DeclaredItem, write_declared_form
from caqes_analysis.sources.declared_form import FIRST_LINE, HEADER, VALUES_SHEET
from caqes_analysis.sources.files import sha256_of
from tests.campaigns import campaign_file
from tests.sources.atih_files import content as atih_content
from tests.sources.atih_files import drug
from tests.sources.phmev_files import content as phmev_content
from tests.sources.phmev_files import row
from tests.sources.received_files import A, B, kinds

CAMPAIGN = """\
title: "Essai"
region: {code: "96", name: "Région d'essai"}
year: 2024
last_month: "2024-04"
scheme: caqes-2022
"""
# Kind of source, keys of the campaign, kind of file of the tests, and what may be announced of what it holds.
SOURCES: dict[str, tuple[str, str, str, Mapping[str, str]]] = {
    "establishments.csv": ("establishments", "", "establishments", {"control_rows_nb": "3"}),
    "contracts.csv": ("contracts", "", "contracts", {"control_rows_nb": "3"}),
    "monthly.csv": (
        "monthly_spend",
        "amount_kind: reimbursed, date_basis: care, tax: TTC",
        "monthly_spend",
        {"control_total_eur": "32784.18"},
    ),
    "finess.csv": ("references", "content: finess", "finess", {"control_rows_nb": "3"}),
    "products.txt": ("references", "content: bdpm_products", "bdpm_products", {"control_rows_nb": "3"}),
    "presentations.txt": ("references", "content: bdpm_presentations", "bdpm_presentations", {"control_rows_nb": "3"}),
    "generics.txt": ("references", "content: bdpm_generics", "bdpm_generics", {"control_rows_nb": "3"}),
    "classes.txt": ("references", "content: bdpm_classes", "bdpm_classes", {"control_rows_nb": "3"}),
    "flags.csv": ("references", "content: biosimilar_flags", "biosimilar_flags", {"control_rows_nb": "3"}),
    "indications.csv": ("references", "content: extra_list_indications", "indications", {"control_rows_nb": "3"}),
    "ucd.csv": ("extra_list_history", "content: ucd", "ucd_history", {"control_tariff_eur": "571.951"}),
    "lpp.csv": ("extra_list_history", "content: lpp", "lpp_history", {"control_rows_nb": "3"}),
    "tariffs.csv": (
        "extra_list_history",
        "content: biosimilar_tariffs",
        "biosimilar_tariffs",
        {"control_tariff_eur": "2453.232"},
    ),
    "activity.csv": ("activity", "", "activity", {"control_total_nb": "3876"}),
    "lpp_spend.csv": (
        "lpp_spend",
        "",
        "lpp_spend",
        {"control_total_eur": "3504.18", "control_total_nb": "42"},
    ),
    "prescribers.csv": (
        "prescriber_spend",
        "",
        "prescriber_spend",
        {"control_total_eur": "24023.87", "control_total_nb": "67.5"},
    ),
    "signed.csv": ("extracts", "reader: contrats-signes", "signed_contracts", {"control_rows_nb": "3"}),
    "answers.csv": ("grid_answers", "", "grid_answers", {}),
    "rsa.txt": (
        "extra_list",
        "file_type: rsa_med, year: 2021, without: [listing_period]",
        "",
        {"control_total_eur": "400", "control_total_nb": "2"},
    ),
    "rafael.txt": (
        "extra_list",
        "file_type: rafael, year: 2021, without: [listing_period]",
        "",
        {
            "control_total_eur": "400",
            "control_billed_eur": "410",
            "control_tariff_eur": "220",
            "control_total_nb": "4",
        },
    ),
    "phmev.csv": (
        "open_phmev",
        "year: 2024",
        "",
        {"control_total_eur": "5580.04", "control_base_eur": "5911.92", "control_total_nb": "3128"},
    ),
    "declared.xlsx": ("declared", "", "", {"control_total_nb": "132"}),
}
PARAMETERS = ("targets", "corrections")


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one sound file of every kind."""
    folder = tmp_path_factory.mktemp("annonces")
    sound = kinds(folder)
    for name, (_, _, kind, _) in SOURCES.items():
        if kind:
            (folder / name).write_bytes(sound[kind].content)
    for kind in PARAMETERS:
        (folder / f"{kind}.csv").write_bytes(sound[kind].content)
    (folder / "rsa.txt").write_bytes(atih_content(drug()))
    billed = drug(quantity=1, unit_purchase=10_000, billed=10_000)
    device = drug(product="0000003216367", quantity=1, unit_purchase=10_000, unit_tariff=11_000, billed=10_500)
    drugs = atih_content(billed, billed, file_type="rafael", record="H")
    devices = atih_content(device, device, file_type="rafael", record="P")
    (folder / "rafael.txt").write_bytes(drugs + devices)
    (folder / "phmev.csv").write_bytes(phmev_content([row(), row(age="20")]))
    signed = sound["signed_contracts"].content.replace(b"Clinique;;", b"Clinique;01/08/2022;1")
    (folder / "signed.csv").write_bytes(signed)
    declare(folder / "declared.xlsx", 120, 12)
    return folder


def declare(path: Path, *values: int) -> None:
    hospitals = pd.DataFrame({"finess": [A, B], "name": ["CH d'Ici", "Clinique"]})
    write_declared_form(path, hospitals, (DeclaredItem(code="lits", label="Combien ?"),), period="2023")
    book = openpyxl.load_workbook(path)
    for line, value in enumerate(values, FIRST_LINE):
        book[VALUES_SHEET].cell(line, HEADER.index("Valeur") + 1, value)
        book[VALUES_SHEET].cell(line, HEADER.index("Preuve") + 1, "PV")
    book.save(path)


def change_one_digit(path: Path) -> None:
    """Change one digit of the file: the last one, or that of an amount where the last one is not."""
    data = path.read_bytes()
    if path.suffix == ".xlsx":
        declare(path, 120, 13)
    elif path.name == "rsa.txt":
        path.write_bytes(data.replace(b"400000", b"410000", 1))
    elif path.name == "rafael.txt":
        path.write_bytes(data.replace(b"0010000", b"0011000", 1))
    elif path.name == "phmev.csv":
        path.write_bytes(data.replace(b"2.790,02", b"2.790,03", 1))
    else:
        place = max(data.rfind(bytes([digit])) for digit in b"0123456789")
        path.write_bytes(data[:place] + bytes([48 + (data[place] - 47) % 10]) + data[place + 1 :])
    assert path.read_bytes() != data


def refused(folder: Path, announced: Mapping[str, str], *, more: str = "") -> list[Problem]:
    """The problems of the campaign that names these files, each with what it announces of it."""
    lines = ["sources:"]
    for kind in dict.fromkeys(SOURCES[name][0] for name in announced):
        lines.append(f"  {kind}:")
        for name, said in announced.items():
            source, keys, _, _ = SOURCES[name]
            if source == kind:
                lines.append(f"    - {{{', '.join(part for part in (f'path: {name}', keys, said) if part)}}}")
    campaign = campaign_file(folder, CAMPAIGN + "\n".join([*lines, more, ""]))
    with pytest.raises(CaqesError) as caught:
        receive(campaign, folder / "store")
    return list(caught.value.problems)


@pytest.fixture
def copy(received: Path, tmp_path: Path) -> Path:
    for path in received.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_every_kind_of_source_is_tried() -> None:
    assert {kind for kind, *_ in SOURCES.values()} == set(Sources.model_fields)


def test_one_digit_changed_in_any_file_is_seen_by_its_fingerprint(copy: Path) -> None:
    others = [f"{kind}.csv" for kind in PARAMETERS]
    known = {name: sha256_of(copy / name) for name in (*SOURCES, *others)}
    for name in known:
        change_one_digit(copy / name)
    more = "\n".join(["fingerprints:", *(f"  - {{path: {name}, sha256: {known[name]}}}" for name in others)])
    problems = refused(copy, {name: f"sha256: {known[name]}" for name in SOURCES}, more=more)
    found = {problem.file: problem for problem in problems if problem.code == "EMPREINTE_DIFFERENTE"}
    assert sorted(found) == sorted(known)
    for name, problem in found.items():
        assert known[name] in problem.what
        assert problem.value == sha256_of(copy / name)
        assert "sha256" in problem.remedy


def test_one_digit_changed_is_seen_by_the_total_of_what_the_file_adds_up(copy: Path) -> None:
    announced = {
        name: ", ".join(f"{key}: {value}" for key, value in said.items()) for name, (*_, said) in SOURCES.items()
    }
    summed = {name: said for name, said in announced.items() if "control_total" in said}
    for name in summed:
        change_one_digit(copy / name)
    problems = refused(copy, summed)
    assert sorted((problem.file, problem.code) for problem in problems) == sorted(
        (name, "TOTAL_DE_CONTROLE") for name in summed
    )
    for problem in problems:
        key, value = next(iter(SOURCES[str(problem.file)][3].items()))
        assert key in problem.remedy
        said = french.euros(Decimal(value), cents=True) if key.endswith("_eur") else french.number(int(value))
        assert f"annonce {said}." in problem.what


def test_a_digit_changed_in_the_bases_of_reimbursement_is_seen_by_their_own_sum(copy: Path) -> None:
    path = copy / "phmev.csv"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"2.955,96", b"2.955,97", 1))
    assert path.read_bytes() != data
    said = SOURCES["phmev.csv"][3]
    known = ", ".join(f"{key}: {value}" for key, value in said.items())
    (problem,) = refused(copy, {"phmev.csv": known})
    assert problem.code == "TOTAL_DE_CONTROLE"
    assert "la somme des bases de remboursement" in problem.what
    assert "control_base_eur" in problem.remedy
    others = ", ".join(f"{key}: {value}" for key, value in said.items() if key != "control_base_eur")
    sound = refused(copy, {"phmev.csv": others, "contracts.csv": "control_total_eur: 1.00"})
    assert [problem.file for problem in sound] == ["contracts.csv"]


def test_one_line_lost_is_seen_by_the_number_of_lines(copy: Path) -> None:
    counted = {name: said for name, (*_, said) in SOURCES.items() if "control_rows_nb" in said}
    for name in counted:
        *head, _, last = (copy / name).read_bytes().splitlines(keepends=True)
        (copy / name).write_bytes(b"".join([*head, last]))
    announced = {name: f"control_rows_nb: {said['control_rows_nb']}" for name, said in counted.items()}
    problems = refused(copy, {"monthly.csv": "", **announced})
    assert sorted((problem.file, problem.code) for problem in problems) == sorted(
        (name, "TOTAL_DE_CONTROLE") for name in counted
    )
    assert all("lignes du fichier est 2" in problem.what and "annonce 3" in problem.what for problem in problems)


def test_what_sound_files_announce_is_reached(copy: Path) -> None:
    announced = {
        name: ", ".join(f"{key}: {value}" for key, value in said.items()) for name, (*_, said) in SOURCES.items()
    }
    assert [str(problem) for problem in refused(copy, announced) if problem.code.startswith("TOTAL")] == []


def test_a_total_that_a_file_cannot_have_is_told(copy: Path) -> None:
    problems = refused(copy, {"contracts.csv": "control_total_eur: 1.00", "monthly.csv": "control_rows_nb: 12"})
    assert [(problem.file, problem.code) for problem in problems] == [("contracts.csv", "TOTAL_SANS_OBJET")]
    assert "control_rows_nb" in problems[0].remedy
