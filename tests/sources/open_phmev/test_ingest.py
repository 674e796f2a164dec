from __future__ import annotations

import hashlib
import itertools
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources import Findings, ingest_open_phmev, read_open_phmev
from caqes_analysis.sources.open_phmev import scan as scanning
from caqes_analysis.store import Store
from tests.sources.phmev_files import HEADER, NAMES, content, line, row, write, write_zip

_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
MASKED = {
    "atc5": "9999999",
    "l_atc5": "Non restitué",
    "cip13": "9999999999999",
    "l_cip13": "Non restitué",
    "top_gen": "9",
    "gen_num": "9999",
    "age": "99",
    "sexe": "9",
}
HONORAIRE = {
    "atc1": "0",
    "atc2": "000",
    "atc3": "0000",
    "atc4": "00000",
    "atc5": "0000000",
    "cip13": "0",
    "top_gen": "0",
    "age": "99",
    "sexe": "9",
    "boites": "0",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "magasin")


def refused(path: Path, store: Store, **options: Any) -> list[Problem]:
    """Both functions refuse with the same problems, and nothing is left behind."""
    with pytest.raises(SourceError) as by_reading:
        read_open_phmev(path, **options)
    with pytest.raises(SourceError) as by_ingesting:
        ingest_open_phmev(path, store, **options)
    assert by_reading.value.problems == by_ingesting.value.problems
    assert not store.directory.exists()
    assert all(one.file is not None and one.remedy for one in by_reading.value.problems)
    return list(by_reading.value.problems)


def places(problems: list[Problem]) -> list[tuple[str, int | None, str | None, str | None]]:
    return [(one.code, one.line, one.column, one.value) for one in problems]


def counts(findings: Findings) -> dict[str, int]:
    return {one.code: one.count for one in findings}


def test_a_file_becomes_rows_establishments_and_a_delivery(tmp_path: Path, store: Store):
    rows = [
        row(),
        row(**HONORAIRE, rem="819.342,26", bse="937.268,81"),
        row(**MASKED, rem="0,00", bse="1,00", etb_rgt="010007987", code_postal="1110", categorie_jur="ch",
            categorie_jur_rgt="ESPIC", raison_sociale_etb="", nom_etb="ESPIC  DE   L'AIN", region_etb="84"),
        row(l_atc3='DIURETIQUES "LOW-CEILING"; AUTRES', rem="-12,30", bse="-15,00", boites="1.564"),
    ]  # fmt: skip
    path = write(tmp_path, content(rows))
    findings = ingest_open_phmev(path, store)
    assert counts(findings) == {
        "CIP_MASQUE": 1,
        "ATC_MASQUE": 1,
        "AGE_MASQUE": 2,
        "SEXE_MASQUE": 2,
        "HONORAIRES": 1,
        "CODE_POSTAL_COMPLETE": 1,
        "RAISON_SOCIALE_VIDE": 1,
        "MONTANT_NEGATIF": 1,
        "BASE_NEGATIVE": 1,
        "REMBOURSE_SUPERIEUR_A_LA_BASE": 1,
        "CLE_NATURELLE_REPETEE": 2,
    }
    examples = {one.code: one.example for one in findings}
    assert examples["CODE_POSTAL_COMPLETE"] == "1110 → 01110 (ligne 4)"
    assert examples["MONTANT_NEGATIF"] == "-12.30 (ligne 5)"
    got = store.read(tables.ANNUAL_DRUG_SPEND)
    tables.ANNUAL_DRUG_SPEND.validate(got)
    assert list(got["source_line"]) == [2, 3, 4, 5]
    assert list(got["reimbursed_eur"]) == [Decimal("2790.02"), Decimal("819342.26"), Decimal("0.00"), Decimal("-12.30")]
    assert list(got["boxes_nb"]) == [1564, 0, 1564, 1564]
    assert list(got["value_status"]) == ["reported", "reported", "zero", "reported"]
    assert got["atc3_label"][3] == 'DIURETIQUES "LOW-CEILING"; AUTRES'
    assert got["atc4_label"][0] == "DÉRIVÉS DE LA BENZODIAZÉPINE"
    assert set(got["source"]) == {"OPEN_PHMEV_2024"}
    assert set(got["year"]) == {2024}
    establishments = store.read(tables.ESTABLISHMENTS).set_index("finess")
    assert establishments.loc["330781196", ["name", "category", "legal_status", "contract_finess"]].tolist() == [
        "CENTRE HOSPITALIER D’ICI",
        "CHU",
        "public",
        "330781196",
    ]
    espic = establishments.loc["010007987"]
    assert espic[["name", "legal_status", "department", "region"]].tolist() == ["ESPIC DE L'AIN", "espic", "01", "84"]
    assert pd.isna(espic["contract_finess"])
    assert espic["valid_from"] == pd.Timestamp(2024, 1, 1)
    delivery = store.read(tables.DELIVERIES).iloc[0]
    assert (delivery["file"], delivery["period"], delivery["rows"]) == ("OPEN_PHMEV_2024.CSV", "2024", 4)
    assert not list(store.directory.glob(".*"))


def test_reading_gives_the_rows_with_their_establishment(tmp_path: Path):
    rows = read_open_phmev(write(tmp_path, content([row(), row(etb_rgt="2A0000014", code_postal="20090")])))
    assert list(rows.columns) == [
        *tables.ANNUAL_DRUG_SPEND.column_names,
        "name",
        "category",
        "department",
        "town",
        "region",
    ]
    assert list(rows["department"]) == ["33", "2A"]
    assert rows["base_eur"].sum() == Decimal("5911.92")


def test_names_in_any_case_and_the_old_layout_without_grouped_category(tmp_path: Path, store: Store):
    names = [name for name in NAMES if name != "categorie_jur_rgt"]
    data = content([row()], header=";".join(names).upper(), names=names)
    findings = ingest_open_phmev(write(tmp_path, data, "OPEN_PHMEV_2016.CSV"), store)
    assert counts(findings) == {"CATEGORIE_RGT_ABSENTE": 1}
    assert store.read(tables.ESTABLISHMENTS)["category"][0] == "CHU"


def test_columns_are_known_by_their_names_not_their_place(tmp_path: Path):
    names = list(NAMES)
    random.Random(0).shuffle(names)
    shuffled = read_open_phmev(write(tmp_path, content([row()], header=";".join(names), names=names)))
    pd.testing.assert_frame_equal(shuffled, read_open_phmev(write(tmp_path, content([row()]))))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str):
    rows = read_open_phmev(write(tmp_path, content([row()], encoding=encoding)))
    assert rows["name"][0] == "CENTRE HOSPITALIER D’ICI"
    assert rows["atc4_label"][0] == "DÉRIVÉS DE LA BENZODIAZÉPINE"


def test_aphp_sites_meet_their_entity(tmp_path: Path, store: Store):
    sites = [
        row(etb_rgt=finess, categorie_jur="3+", categorie_jur_rgt="3+")
        for finess in ("750100125", "690781810", "130786049")
    ]
    ingest_open_phmev(write(tmp_path, content(sites)), store)
    got = store.read(tables.ESTABLISHMENTS).set_index("finess")
    assert dict(got["contract_finess"]) == {
        "750100125": "750712184",
        "690781810": "690781810",
        "130786049": "130786049",
    }
    assert got.loc["750100125", "finess_et"] == "750100125"


def test_a_zip_gives_the_same_rows(tmp_path: Path, store: Store):
    data = content([row(), row(sexe="1")])
    plain = read_open_phmev(write(tmp_path, data))
    ingest_open_phmev(write_zip(tmp_path, {"OPEN_PHMEV_2024.CSV": data}), store)
    pd.testing.assert_frame_equal(store.read(tables.ANNUAL_DRUG_SPEND), plain[tables.ANNUAL_DRUG_SPEND.column_names])


@pytest.mark.parametrize("block_bytes", [500, 1 << 20])
def test_the_fingerprint_is_that_of_the_file_whatever_the_blocks(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, block_bytes: int
):
    monkeypatch.setattr(scanning, "_BLOCK_BYTES", block_bytes)
    data = content([row(boites=str(number)) for number in range(1, 40)])
    plain = write(tmp_path, data)
    zipped = write_zip(tmp_path, {"OPEN_PHMEV_2023.CSV": data}, "OPEN_PHMEV_2023.zip")
    for path in (plain, zipped):
        ingest_open_phmev(path, store)
    told = store.query("select file, sha256 from deliveries order by file")
    assert dict(zip(told.file, told.sha256, strict=True)) == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (plain, zipped)
    }


def test_year_and_delivery(tmp_path: Path, store: Store):
    path = write(tmp_path, content([row()]), "phmev.csv")
    (problem,) = refused(path, store)
    assert problem.code == "ANNEE_INCONNUE"
    assert refused(path, store, year=24)[0].code == "ANNEE_HORS_PERIODE"
    ingest_open_phmev(path, store, year=2021, delivery="mienne")
    assert set(store.read(tables.ANNUAL_DRUG_SPEND)["source"]) == {"mienne"}
    assert store.part_path(tables.DELIVERIES, "mienne").exists()


def test_a_second_ingest_replaces_the_first(tmp_path: Path, store: Store):
    ingest_open_phmev(write(tmp_path, content([row(), row()])), store)
    ingest_open_phmev(write(tmp_path, content([row(sexe="1")])), store)
    assert list(store.read(tables.ANNUAL_DRUG_SPEND)["sex"]) == ["1"]
    with pytest.raises(SourceError):
        ingest_open_phmev(write(tmp_path, content([row(sexe="7")])), store)
    assert list(store.read(tables.ANNUAL_DRUG_SPEND)["sex"]) == ["1"]


GOOD = content([row(), row(sexe="1"), row(age="20")])


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "FICHIER_VIDE", None),
        (HEADER.encode(), "FICHIER_SANS_LIGNE", 1),
        (HEADER.encode() + b"\r\n\r\n\r\n", "FICHIER_SANS_LIGNE", 1),
        (GOOD.replace(b";", b","), "SEPARATEUR", 1),
        (GOOD.replace(b";", b"\t"), "SEPARATEUR", 1),
        (GOOD.decode("cp1252").encode("utf-16"), "ENCODAGE_UTF16", 1),
        (GOOD + line(row()).encode() + b"\r\n", "ENCODAGE_MIXTE", 5),
        (GOOD.replace(b";REM;", b";REMB;"), "COLONNE_ABSENTE", 1),
        (GOOD + b"\x00\r\n", "OCTET_NUL", 5),
        (GOOD[:-40], "DERNIERE_LIGNE_TRONQUEE", 4),
        (GOOD[:-3], "DERNIERE_LIGNE_TRONQUEE", 4),
        (GOOD.replace(b"\r\n", b"\r\n\r\n", 2), "LIGNE_VIDE", 2),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_written(
    tmp_path: Path, store: Store, data: bytes, code: str, line: int | None
):
    problems = refused(write(tmp_path, data), store)
    assert (code, line) in [(one.code, one.line) for one in problems]


def test_wrong_archives_are_refused(tmp_path: Path, store: Store):
    assert refused(write(tmp_path, b"", "OPEN_PHMEV_2024.zip"), store)[0].code == "ZIP_VIDE"
    two = write_zip(tmp_path, {"a.csv": GOOD, "b.csv": GOOD})
    assert refused(two, store)[0].code == "ZIP_PLUSIEURS_CSV"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"etb_rgt": "33078119"}, ("FINESS_INVALIDE", 3, "etb_rgt", "33078119")),
        ({"rem": "1.234.56"}, ("NOMBRE_ILLISIBLE", 3, "REM", "1.234.56")),
        ({"rem": "12.34,56"}, ("NOMBRE_ILLISIBLE", 3, "REM", "12.34,56")),
        ({"bse": "1234.56"}, ("NOMBRE_ILLISIBLE", 3, "BSE", "1234.56")),
        ({"bse": "1,234"}, ("NOMBRE_ILLISIBLE", 3, "BSE", "1,234")),
        ({"bse": "été"}, ("NOMBRE_ILLISIBLE", 3, "BSE", "été")),
        ({"boites": "12,50"}, ("NOMBRE_ILLISIBLE", 3, "BOITES", "12,50")),
        ({"cip13": "340093095969"}, ("VALEUR_INATTENDUE", 3, "cip13", "340093095969")),
        ({"atc2": "N5"}, ("VALEUR_INATTENDUE", 3, "atc2", "N5")),
        ({"age": "40"}, ("VALEUR_INATTENDUE", 3, "age", "40")),
        ({"sexe": "F"}, ("VALEUR_INATTENDUE", 3, "sexe", "F")),
        ({"code_postal": "330"}, ("VALEUR_INATTENDUE", 3, "code_postal", "330")),
        ({"top_gen": "12"}, ("VALEUR_INATTENDUE", 3, "top_gen", "12")),
        ({"region_etb": "Bretagne"}, ("VALEUR_INATTENDUE", 3, "region_etb", "Bretagne")),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(
    tmp_path: Path, store: Store, changes: dict[str, str], expected: tuple[str, int, str, str]
):
    path = write(tmp_path, content([row(), row(**changes), row()]))
    assert places(refused(path, store)) == [expected]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (b"N;x;y", ("NB_CHAMPS", 3, None, "N;x;y")),
        (line(row()).encode("cp1252") + b";", ("NB_CHAMPS", 3, None, line(row())[:60])),
        (line(row(l_atc1='"')).encode("cp1252").replace(b'""""', b'"SYSTEME'), ("GUILLEMET_NON_FERME", 3, None, None)),
        (line(row()).replace("SERESTA", "SERE\rSTA").encode("cp1252"), ("RETOUR_CHARIOT_ISOLE", 3, None, None)),
    ],
)
def test_a_broken_line_is_refused_with_its_number(
    tmp_path: Path, store: Store, bad: bytes, expected: tuple[str, int, str | None, str | None]
):
    good = line(row()).encode("cp1252")
    data = b"\r\n".join([HEADER.encode(), good, bad, good]) + b"\r\n"
    assert places(refused(write(tmp_path, data), store)) == [expected]


def test_all_the_problems_of_a_file_come_at_once_even_across_blocks(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scanning, "_BLOCK_BYTES", 2000)
    lines = [line(row()) for _ in range(30)]
    lines[3] = "trop;court"
    lines[4] = line(row(sexe="7", rem="x"))
    lines[20] = line(row(age="7"))
    lines[25] = ""
    data = ("\r\n".join([HEADER, *lines]) + "\r\n").encode("cp1252")
    assert [(code, at) for code, at, _, _ in places(refused(write(tmp_path, data), store))] == [
        ("NB_CHAMPS", 5),
        ("VALEUR_INATTENDUE", 6),
        ("NOMBRE_ILLISIBLE", 6),
        ("VALEUR_INATTENDUE", 22),
        ("LIGNE_VIDE", 27),
    ]


def test_blank_lines_at_the_end_are_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for size in (1000, 1 << 20):
        monkeypatch.setattr(scanning, "_BLOCK_BYTES", size)
        assert len(read_open_phmev(write(tmp_path, GOOD + b"\r\n\n"))) == 3


def test_a_complete_file_without_final_newline_is_read_and_said(tmp_path: Path, store: Store):
    findings = ingest_open_phmev(write(tmp_path, GOOD[:-2]), store)
    assert "FIN_SANS_RETOUR_DE_LIGNE" in counts(findings)
    assert len(store.read(tables.ANNUAL_DRUG_SPEND)) == 3


def test_cut_anywhere_a_file_is_refused_or_its_beginning_is_read(tmp_path: Path):
    whole = read_open_phmev(write(tmp_path, GOOD))
    for cut in range(len(HEADER), len(GOOD)):
        try:
            got = read_open_phmev(write(tmp_path, GOOD[:cut]))
        except SourceError:
            continue
        pd.testing.assert_frame_equal(got, whole[: len(got)])


_CODES = ("atc1", "atc2", "atc3", "atc4", "atc5", "cip13", "top_gen", "age", "sexe", "etb_rgt", "code_postal",
          "region_etb", "boites", "rem", "bse")  # fmt: skip


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(_CODES, 2)))
def test_two_swapped_columns_are_refused_or_said(tmp_path: Path, store: Store, one: str, other: str):
    swapped = [{**values, one: values[other], other: values[one]} for values in (row(), row(boites="12", sexe="1"))]
    path = write(tmp_path, content(swapped))
    if {one, other} == {"rem", "bse"}:
        assert counts(ingest_open_phmev(path, store))["REMBOURSE_SUPERIEUR_A_LA_BASE"] == 2
    else:
        assert {problem.code for problem in refused(path, store)} <= {
            "VALEUR_INATTENDUE",
            "NOMBRE_ILLISIBLE",
            "FINESS_INVALIDE",
        }


def test_findings_that_ask_to_look(tmp_path: Path, store: Store):
    rows = [
        row(),
        row(top_gen="7", rem="", bse="", boites=""),
        row(atc4="N06BA", atc5="N06BA04"),
        row(nom_etb="AUTRE NOM"),
        row(code_postal="", etb_rgt="330000001"),
        row(code_postal="20250", etb_rgt="2B0004246"),
    ]
    header = HEADER + ";NOUVELLE"
    data = ("\r\n".join([header, *(line(values) + ";1" for values in rows)]) + "\r\n").encode("cp1252")
    found = counts(ingest_open_phmev(write(tmp_path, data), store))
    assert found == {
        "COLONNE_IGNOREE": 1,
        "CODE_POSTAL_VIDE": 1,
        "IDENTITE_VARIABLE": 1,
        "TOP_GEN_INCONNU": 1,
        "ATC_INCOHERENT": 1,
        "MONTANT_VIDE": 1,
        "BASE_VIDE": 1,
        "BOITES_VIDES": 1,
        "CLE_NATURELLE_REPETEE": 2,
        "DEPARTEMENT_CORSE": 1,
    }
    got = store.read(tables.ANNUAL_DRUG_SPEND)
    assert list(got["value_status"]) == ["reported", "missing", *["reported"] * 4]
    assert pd.isna(got["reimbursed_eur"][1])


def test_lines_are_numbered_whatever_the_blocks_and_threads(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    rows = [row(boites=str(number), sexe="12"[number % 2]) for number in range(500)]
    path = write(tmp_path, content(rows))
    reference = read_open_phmev(path)
    assert list(reference["source_line"]) == [number + 2 for number in range(500)]
    monkeypatch.setattr(scanning, "_BLOCK_BYTES", 3000)
    for workers in (1, 2, 7):
        monkeypatch.setattr(scanning.os, "cpu_count", lambda workers=workers: workers)
        pd.testing.assert_frame_equal(read_open_phmev(path), reference)
    findings = ingest_open_phmev(path, store)
    assert findings == ingest_open_phmev(path, store)
    pd.testing.assert_frame_equal(
        store.read(tables.ANNUAL_DRUG_SPEND), reference[tables.ANNUAL_DRUG_SPEND.column_names]
    )


_TEXTS = st.text(alphabet=st.sampled_from("abZ 019;\"'’éÉ€œ<>&{}$.,-"), max_size=12)
_MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


def french(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "#").replace(".", ",").replace("#", ".")


@_QUIET
@given(
    rows=st.lists(
        st.builds(
            row,
            l_atc1=_TEXTS,
            l_cip13=_TEXTS,
            nom_voie=_TEXTS,
            cip13=st.sampled_from(["3400930959695", "9999999999999", "0"]),
            age=st.sampled_from(["0", "20", "60", "99"]),
            top_gen=st.sampled_from(list("0149BC")),
            etb_rgt=st.sampled_from(["330781196", "2A0000014"]),
            boites=st.integers(-5, 10**6).map(lambda number: f"{number:,}".replace(",", ".")),
            rem=_MONEY.map(french),
            bse=_MONEY.map(french),
        ),
        min_size=1,
        max_size=8,
    ),
    encoding=st.sampled_from(["utf-8", "cp1252"]),
)
def test_any_valid_file_is_read_back_equal(tmp_path: Path, rows: list[dict[str, str]], encoding: str):
    # A lone « É’ » of Windows-1252 is also valid UTF-8: one sure accent settles the encoding, as in any real file.
    got = read_open_phmev(write(tmp_path, content([*rows, row()], encoding=encoding)))[:-1]
    for name, target in (
        ("l_atc1", "atc1_label"),
        ("l_cip13", "product_label"),
        ("cip13", "cip13"),
        ("age", "age_class"),
    ):
        assert list(got[target]) == [values[name] for values in rows]
    assert [french(amount) for amount in got["reimbursed_eur"]] == [
        values["rem"].replace("-0,00", "0,00") for values in rows
    ]
    assert [f"{number:,}".replace(",", ".") for number in got["boxes_nb"]] == [values["boites"] for values in rows]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "facts", "traps"),
    [
        (
            "OPEN_PHMEV_2024_nouvelle-aquitaine.csv",
            (4782, 91, 8_472_292, Decimal("162934894.76"), Decimal("171844979.31")),
            {
                "CIP_MASQUE": 277,
                "ATC_MASQUE": 88,
                "AGE_MASQUE": 291,
                "SEXE_MASQUE": 3640,
                "HONORAIRES": 2,
                "RAISON_SOCIALE_VIDE": 21,
                "CLE_NATURELLE_REPETEE": 16,
            },
        ),
        (
            "OPEN_PHMEV_2024_echantillon_national.csv",
            (10_000, 889, 872_791, Decimal("34113493.09"), Decimal("36235686.11")),
            {
                "CIP_MASQUE": 2765,
                "ATC_MASQUE": 905,
                "AGE_MASQUE": 2874,
                "SEXE_MASQUE": 6272,
                "HONORAIRES": 20,
                "CODE_POSTAL_COMPLETE": 560,
                "RAISON_SOCIALE_VIDE": 1367,
                "CLE_NATURELLE_REPETEE": 150,
                "DEPARTEMENT_CORSE": 6,
            },
        ),
    ],
)
def test_real_files_are_read_to_the_cent(
    real_data: Path, store: Store, name: str, facts: tuple[Any, ...], traps: dict[str, int]
):
    path = real_data / "phmev" / name
    rows = read_open_phmev(path)
    totals = (rows["boxes_nb"].sum(), rows["reimbursed_eur"].sum(), rows["base_eur"].sum())
    assert (len(rows), rows["finess"].nunique(), *totals) == facts
    findings = ingest_open_phmev(path, store)
    assert counts(findings) == traps
    assert {one.severity for one in findings} == {"information"}
    asked = store.query(
        "select count(*) n, count(distinct finess) f, sum(boxes_nb)::bigint b, sum(reimbursed_eur) r, sum(base_eur) s "
        "from annual_drug_spend"
    )
    assert tuple(asked.iloc[0]) == facts
    establishments = store.read(tables.ESTABLISHMENTS)
    assert len(establishments) == facts[1]
    assert establishments[["department", "region", "category", "town"]].notna().all().all()
    # The department read from the postal code is the one that begins the FINESS, overseas and Corsica included.
    metropolitan = establishments[~establishments["finess"].str.startswith(("97", "98"))]
    assert (metropolitan["department"] == metropolitan["finess"].str[:2]).all()


@pytest.mark.real
def test_real_rows_are_those_an_independent_reader_finds(real_data: Path):
    path = real_data / "phmev" / "OPEN_PHMEV_2024_nouvelle-aquitaine.csv"
    plain = pd.read_csv(path, sep=";", dtype=str, encoding="cp1252", keep_default_na=False)
    plain.columns = plain.columns.str.lower()
    rows = read_open_phmev(path)
    for name, target in (
        ("cip13", "cip13"),
        ("l_atc5", "atc5_label"),
        ("etb_rgt", "finess"),
        ("top_gen", "generic_status"),
    ):
        assert list(rows[target]) == list(plain[name])
    expected = plain["rem"].str.replace(".", "").str.replace(",", ".").map(Decimal)
    assert list(rows["reimbursed_eur"]) == list(expected)


def test_parquet_is_plain_for_any_reader(tmp_path: Path, store: Store):
    ingest_open_phmev(write(tmp_path, GOOD), store)
    part = str(store.part_path(tables.ANNUAL_DRUG_SPEND, "OPEN_PHMEV_2024"))
    with duckdb.connect() as connection:
        types = dict(connection.execute(f"select column_name, column_type from (describe from '{part}')").fetchall())
    assert types["reimbursed_eur"] == "DECIMAL(18,2)"
    assert types["source_line"] == "BIGINT"
    assert types["atc1_label"] == "VARCHAR"
    assert list(types) == tables.ANNUAL_DRUG_SPEND.column_names


def test_an_identity_that_changes_is_said_even_from_one_block_to_another(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    rows = [row() for _ in range(40)]
    rows[35] = row(raison_sociale_etb="AUTRE NOM")
    path = write(tmp_path, content(rows))
    for size in (1000, 1 << 20):
        monkeypatch.setattr(scanning, "_BLOCK_BYTES", size)
        assert counts(ingest_open_phmev(path, store))["IDENTITE_VARIABLE"] == 1
    assert list(store.read(tables.ESTABLISHMENTS)["name"]) == ["CENTRE HOSPITALIER D’ICI"]


def test_quoted_numbers_are_numbers(tmp_path: Path):
    data = GOOD.replace(b";2.790,02;", b';"2.790,02";', 1)
    pd.testing.assert_frame_equal(read_open_phmev(write(tmp_path, data)), read_open_phmev(write(tmp_path, GOOD)))
