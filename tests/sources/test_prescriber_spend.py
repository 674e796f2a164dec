"""Lists of prescribers: read in the plain layout or through a mapping, keys of RPPS verified, wrong cells refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from caqes_analysis import tables
from caqes_analysis.errors import CampaignError, SourceError
from caqes_analysis.sources.column_mapping import known_mappings, load_mapping
from caqes_analysis.sources.prescriber_spend import has_valid_key, read_prescriber_spend

HEADER = "finess;annee;prescripteur;libelle;code;boites;montant\n"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "prescripteurs.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_prescriber_and_a_service_are_told_apart(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "990000001;2023;1000 0000 009;Rhumatologie;3400930000001;12;1 234,56",
        "990000001;2023;UF 3120;;1101234;0,5;0",
        "990000001;2023;UF 3121;;1101234;3;",
    )
    received = read_prescriber_spend(path, delivery="am")
    rows = received.rows
    tables.PRESCRIBER_SPEND.validate(rows)
    assert rows["prescriber"].tolist() == ["10000000009", "UF 3120", "UF 3121"]
    assert rows["prescriber_kind"].tolist() == ["rpps", "service", "service"]
    assert rows["reimbursed_eur"].tolist()[:2] == [Decimal("1234.56"), Decimal("0.00")]
    assert rows["value_status"].tolist() == ["reported", "zero", "missing"]
    assert rows["boxes_nb"].tolist() == [Decimal("12.000"), Decimal("0.500"), Decimal("3.000")]
    assert received.findings.codes() == set()
    assert received.delivery["period"].tolist() == ["2023"]


def test_a_ucd_in_thirteen_digits_is_its_seven(tmp_path: Path) -> None:
    path = written(tmp_path, "990000001;2023;UF 3120;;3400890002943;1;2,00", "990000001;2023;UF 3120;;9000389;1;2,00")
    assert read_prescriber_spend(path, delivery="am").rows["code"].tolist() == ["9000294", "9000389"]


def test_a_wrong_key_is_kept_and_told(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "990000001;2023;10000000009;;3400930000001;12;10,00",
        "990000001;2023;10000000008;;3400930000001;12;10,00",
    )
    received = read_prescriber_spend(path, delivery="am")
    (finding,) = received.findings
    assert (finding.code, finding.count, finding.example) == ("RPPS_CLE", 1, "ligne 3")
    assert len(received.rows) == 2


def test_luhn_by_hand() -> None:
    # 1 0 1 0 0 1 2 3 4 5, doubled from the right: 1, 4, 6, 2, 1 (5 → 10 → 1), the others as they are.
    assert [key for key in range(10) if has_valid_key(f"1010012345{key}")] == [_key("1010012345")]


def _key(ten: str) -> int:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in ten[1::2]]
    return -(sum(doubled) + sum(int(digit) for digit in ten[0::2])) % 10


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "99000001;2023;10000000009;;3400930000001;12;10,00",
        "990000001;23;10000000009;;3400930000001;12;10,00",
        "990000001;2023;;;3400930000001;12;10,00",
        "990000001;2023;UF 1;;34009;12;10,00",
        "990000001;2023;UF 2;;1101234;12;10,00",
        "990000001;2023;UF 2;;1101234;1;1,00",
    )
    with pytest.raises(SourceError) as caught:
        read_prescriber_spend(path, delivery="am")
    assert {problem.code for problem in caught.value.problems} == {
        *("FINESS_8_CARACTERES", "ANNEE_ILLISIBLE", "CELLULE_VIDE", "CODE_INVALIDE", "LIGNE_EN_DOUBLE"),
    }
    assert all(problem.line for problem in caught.value.problems)


def test_a_mapping_names_the_columns_of_the_region(tmp_path: Path) -> None:
    path = tmp_path / "am.csv"
    path.write_text(
        "FINESS prescripteur;Année de soins;N° RPPS ou service;Spécialité;Code produit;Libellé;"
        "Boîtes;Montant remboursé\n"
        "990000001;2023;10000000009;Rhumatologie;3400930000001;HUMIRA 40 MG;12;6 047,04 €\n",
        encoding="cp1252",
    )
    received = read_prescriber_spend(path, delivery="am", mapping=known_mappings()["prescripteurs-rpps"])
    assert received.rows["reimbursed_eur"].tolist() == [Decimal("6047.04")]
    assert received.rows["prescriber_label"].tolist() == ["Rhumatologie"]
    assert received.findings.codes() == set(), "the label of the product is left out on purpose"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("table: prescriber_spend", "table: lpp_spend"), "seule la table prescriber_spend"),
        (('prescriber: "RPPS", ', ""), "une colonne pour chaque chose"),
        (("columns:", "skip_rows: 1\ncolumns:"), "se lit ligne à ligne"),
    ],
)
def test_a_mapping_of_prescribers_has_one_shape(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    text = (
        'title: "Essai"\ntable: prescriber_spend\ncolumns: {finess: "F", year: "A", prescriber: "RPPS", item: "C", '
        'quantity: "B", amount: "M"}\n'
    )
    path = tmp_path / "essai.yml"
    path.write_text(text, encoding="utf-8")
    assert load_mapping(path).table == "prescriber_spend"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(CampaignError, match=told):
        load_mapping(path)


def test_columns_exchanged_are_refused_or_told(tmp_path: Path) -> None:
    path = written(tmp_path, "990000001;2023;Rhumatologie;10000000009;3400930000001;12;10,00")
    with pytest.raises(SourceError) as caught:
        read_prescriber_spend(path, delivery="am")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("LIBELLE_RPPS", 2)
    path = written(
        tmp_path,
        "990000001;2023;10000000009;;3400930000001;1234,56;12",
        "990000001;2023;UF 1;;1101234;3,5;98,70",
    )
    (finding,) = read_prescriber_spend(path, delivery="am").findings
    assert (finding.code, finding.count, " ".join(finding.example.split())) == (
        "BOITES_NON_ENTIERES",
        1,
        "ligne 2 : 1 234,56 boîtes",
    )
