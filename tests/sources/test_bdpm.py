from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import SourceError
from caqes_analysis.sources.bdpm import (
    read_bdpm_classes,
    read_bdpm_generics,
    read_bdpm_presentations,
    read_bdpm_products,
)
from caqes_analysis.sources.received import Received
from tests.sources.reference_lines import written

PRODUCT = (
    "60000001\tESSAIXINE 20 mg, gélule\tgélule\torale\tAutorisation active\tProcédure nationale\tCommercialisée\t"
    "12/03/1998\t\t\t LABO D'ESSAI\tNon"
)
PRESENTATION = (
    "60000001\t3000001\tplaquette(s) de 30 gélule(s)\tPrésentation active\tDéclaration de commercialisation\t"
    "16/03/2011\t3400930000014\toui\t65 %\t24,34\t25,36\t1,02\t"
)
GENERIC = "1\tESSAIXINE 20 mg - ESSAI 20 mg, gélule\t60000001\t0\t1"
ATC = "60000001\tA02BC01\tESSAIXINE 20 mg, gélule\thttp://exemple.fr"


def refused(read: Callable[..., Received], path: Path) -> list[tuple[str, int | None]]:
    with pytest.raises(SourceError) as caught:
        read(path, delivery="b")
    assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
    return [(problem.code, problem.line) for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_four_files(tmp_path: Path, encoding: str, end: str) -> None:
    def one(read: Callable[..., Received], line: str) -> pd.Series:
        got = read(written(tmp_path / "b.txt", line, encoding=encoding, end=end), delivery="b")
        assert len(got.rows) == 1
        assert len(got.findings) == 0
        return got.rows.iloc[0]

    product = one(read_bdpm_products, PRODUCT)
    assert (product["cis"], product["form"], product["holders"]) == ("60000001", "gélule", "LABO D'ESSAI")
    presentation = one(read_bdpm_presentations, PRESENTATION)
    assert (presentation["cip13"], presentation["reimbursement_rates_pct"]) == ("3400930000014", "65")
    assert presentation["price_with_fee_eur"] == Decimal("25.36")
    assert one(read_bdpm_generics, GENERIC)["role"] == "reference"
    assert one(read_bdpm_classes, ATC)["atc"] == "A02BC01"


def test_thousands_are_separated_by_the_same_comma_as_decimals(tmp_path: Path) -> None:
    line = PRESENTATION.replace("24,34\t25,36\t1,02", "1,466,29\t1,469,05\t2,76")
    got = read_bdpm_presentations(written(tmp_path / "b.txt", line), delivery="b")
    assert got.rows["price_eur"].iloc[0] == Decimal("1466.29")
    assert len(got.findings) == 0


def test_a_price_that_its_fee_does_not_explain_is_told_and_kept(tmp_path: Path) -> None:
    line = PRESENTATION.replace("24,34\t25,36\t1,02", "13,91\t1,02\t")
    got = read_bdpm_presentations(written(tmp_path / "b.txt", line), delivery="b")
    assert got.findings.codes() == {"PRIX_INCOHERENT"}
    assert got.rows["price_with_fee_eur"].iloc[0] == Decimal("1.02")


def test_a_quotation_mark_is_a_character_like_others(tmp_path: Path) -> None:
    line = GENERIC.replace("ESSAI 20 mg", 'ESSAI "20 mg')
    got = read_bdpm_generics(written(tmp_path / "b.txt", line, GENERIC.replace("60000001", "60000002")), delivery="b")
    assert '"20 mg' in got.rows["group_label"].iloc[0]
    assert list(got.rows["source_line"]) == [1, 2]


def test_all_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "CIS_CIP.txt",
        PRESENTATION,
        PRESENTATION,
        PRESENTATION.replace("3400930000014", "340093000001"),
        PRESENTATION.replace("24,34", "24.34").replace("3400930000014", "3400930000021"),
        PRESENTATION.replace("65 %", "beaucoup").replace("3400930000014", "3400930000038"),
        PRESENTATION.replace("\toui\t", "\t").replace("3400930000014", "3400930000045"),
        PRESENTATION.replace("16/03/2011", "mars").replace("3400930000014", "3400930000052"),
    )
    assert refused(read_bdpm_presentations, path) == [
        ("LIGNE_EN_DOUBLE", 2),
        ("CODE_INVALIDE", 3),
        ("PRIX_ILLISIBLE", 4),
        ("TAUX_ILLISIBLE", 5),
        ("NB_CHAMPS", 6),
        ("DATE_ILLISIBLE", 7),
    ]
    wrong = written(tmp_path / "g.txt", GENERIC.replace("\t0\t1", "\t7\t1"))
    assert refused(read_bdpm_generics, wrong) == [("TYPE_DE_GENERIQUE_INCONNU", 1)]


def test_another_separator_an_empty_file_and_a_truncated_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_bdpm_generics(written(tmp_path / "s.txt", GENERIC.replace("\t", ";")), delivery="b")
    assert [problem.code for problem in caught.value.problems] == ["SEPARATEUR"]
    assert "point-virgule" in caught.value.problems[0].what
    empty = tmp_path / "vide.txt"
    empty.write_bytes(b"")
    assert refused(read_bdpm_generics, empty) == [("FICHIER_VIDE", None)]
    cut = tmp_path / "coupe.txt"
    cut.write_text(f"{GENERIC}\n{GENERIC[:30]}", encoding="utf-8")
    assert refused(read_bdpm_generics, cut)[0] == ("DERNIERE_LIGNE_TRONQUEE", 2)


@pytest.mark.real
def test_the_real_files_of_may_2026(real_data: Path) -> None:
    folder = real_data / "bdpm"
    # Lines counted by « wc -l » (CIS_MITM has no end of line after its last one).
    products = read_bdpm_products(folder / "CIS_bdpm.txt", delivery="b")
    assert len(products.rows) == 15_848
    presentations = read_bdpm_presentations(folder / "CIS_CIP_bdpm.txt", delivery="b")
    assert len(presentations.rows) == 20_903
    assert presentations.rows["price_eur"].notna().sum() == 20_903 - 7_357
    told = {finding.code: (finding.count, finding.example) for finding in presentations.findings}
    assert told["DATE_IMPOSSIBLE"] == (1, "29/11/2924 (ligne 13322)")
    assert told["PRIX_INCOHERENT"][0] == 3
    generics = read_bdpm_generics(folder / "CIS_GENER_bdpm.txt", delivery="b")
    assert len(generics.rows) == 10_704
    assert generics.rows["group"].nunique() == 1_659
    classes = read_bdpm_classes(folder / "CIS_MITM.txt", delivery="b")
    assert len(classes.rows) == 7_711
    assert classes.findings.codes() == {"FIN_SANS_RETOUR_DE_LIGNE"}
    for table, got in (
        (tables.DRUG_PRODUCTS, products),
        (tables.DRUG_PRESENTATIONS, presentations),
        (tables.GENERIC_GROUPS, generics),
        (tables.DRUG_CLASSES, classes),
    ):
        table.validate(got.rows)


@pytest.mark.real
def test_the_presentations_of_open_phmev_are_in_the_database(real_data: Path) -> None:
    known = set(read_bdpm_presentations(real_data / "bdpm" / "CIS_CIP_bdpm.txt", delivery="b").rows["cip13"])
    codes: set[str] = set()
    for name in ("OPEN_PHMEV_2024_nouvelle-aquitaine.csv", "OPEN_PHMEV_2024_echantillon_national.csv"):
        text = (real_data / "phmev" / name).read_text(encoding="latin-1")
        codes |= {line.split(";")[10] for line in text.splitlines()[1:]}
    codes -= {"9999999999999", "0"}  # masked; honoraires de dispensation
    # 99.86 % of the whole base of 2024; in the two samples, 8 codes of 3,340 are no longer in the database of May 2026.
    assert len(codes - known) == 8
    assert len(codes & known) / len(codes) > 0.997
