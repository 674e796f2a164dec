"""Targets: the shipped file says what domain facts say, and a region's file is checked whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis import envelopes, tables
from caqes_analysis.errors import CampaignError
from caqes_analysis.schemes import SUBJECT_LABELS, Target, read_targets, target_for, target_for_envelope
from caqes_analysis.schemes.targets import ENVELOPE_SUBJECTS, last_known_words, printed_status

HEADER = "scheme;subject;measure;data_year;finess;value;unit_label;source;status\n"
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def shipped(repository: Path) -> pd.DataFrame:
    return read_targets([repository / "parameters" / "targets.csv"])


def written(folder: Path, *lines: str, name: str = "targets.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def codes(path: Path) -> dict[str, tuple[int | None, str | None, str | None]]:
    with pytest.raises(CampaignError) as caught:
        read_targets([path])
    assert all(problem.file == str(path) and problem.remedy for problem in caught.value.problems)
    return {problem.code: (problem.line, problem.column, problem.value) for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("scheme", "subject", "measure", "year", "value", "status"),
    [
        ("before-2018", "phev_drugs", "evolution_pct", 2010, 6, "verified"),
        ("before-2018", "phev_drugs", "evolution_pct", 2011, 6, "verified"),
        ("before-2018", "extra_list_drugs", "evolution_pct", 2012, 2, "verified"),
        ("before-2018", "extra_list_devices", "evolution_pct", 2012, 1.5, "verified"),
        ("before-2018", "phev", "evolution_pct", 2013, None, "unknown"),
        ("before-2018", "phev", "evolution_pct", 2014, None, "unknown"),
        ("before-2018", "phev", "evolution_pct", 2015, 3.2, "to_confirm"),
        ("caqes-2018", "phev", "evolution_pct", 2016, 4, "verified"),
        ("caqes-2018", "phev", "evolution_pct", 2017, 4, "verified"),
        ("caqes-2018", "phev", "evolution_pct", 2018, None, "unknown"),
        ("caqes-2018", "extra_list_drugs", "evolution_pct", 2016, 4.1, "to_confirm"),
        ("caqes-2018", "extra_list_drugs", "evolution_pct", 2017, 5.1, "to_confirm"),
        ("caqes-2018", "extra_list_devices", "evolution_pct", 2016, 4.4, "to_confirm"),
        ("caqes-2018", "extra_list_devices", "evolution_pct", 2017, 6.2, "to_confirm"),
        ("caqes-2018", "transports", "evolution_pct", 2017, 2.2, "verified"),
        ("caqes-2018", "transports", "spending_threshold_eur", 2017, 500_000, "verified"),
        ("caqes-2018", "repertoire_share", "share_pct", 2016, 44, "verified"),
        ("caqes-2018", "repertoire_share", "share_pct", 2017, 45.5, "verified"),
        *(
            ("caqes-2018", subject, measure, year, value, "verified")
            for year in (2019, 2020, 2021)
            for subject, measure, value in [
                ("phev", "evolution_pct", 3.3),
                ("phev_drugs", "evolution_pct", 3.2),
                ("phev_lpp", "evolution_pct", 3.6),
                ("extra_list_drugs", "evolution_pct", 3.0),
                ("extra_list_devices", "evolution_pct", 3.0),
                ("transports", "evolution_pct", 2.2),
                ("transports", "spending_threshold_eur", 500_000),
                ("repertoire_share", "share_pct", 49),
            ]
        ),
        *(
            ("caqes-2022", subject, measure, year, value, status)
            for year in (2022, 2023, 2024)
            for subject, measure, value, status in [
                ("phev", "evolution_pct", None, "verified"),
                ("extra_list_drugs", "evolution_pct", None, "verified"),
                ("phev_ipp", "evolution_pct", -5, "verified"),
                ("phev_perfadom", "evolution_pct", -5, "verified"),
                ("transport_ambulance_share", "share_pct", None, "unknown"),
                ("preanaesthetic_exams", "evolution_pct", None, "unknown"),
                ("phev_ezetimibe", "evolution_pct", None, "unknown"),
                ("phev_pansements", "evolution_pct", None, "unknown"),
                ("heart_failure_readmissions", "share_pct", None, "unknown"),
            ]
        ),
        ("caqes-2022", "phev", "evolution_pct", 2025, None, "unknown"),
        ("caqes-2022", "repertoire_share", "share_pct", 2025, None, "unknown"),
        *(
            ("before-2018", subject, measure, year, None, "unknown")
            for year in (2013, 2014)
            for subject, measure in [
                ("phev_drugs", "evolution_pct"),
                ("transports", "evolution_pct"),
                ("repertoire_share", "share_pct"),
            ]
        ),
    ],
)
def test_shipped_values(
    shipped: pd.DataFrame, scheme: str, subject: str, measure: str, year: int, value: float | None, status: str
) -> None:
    target = target_for(shipped, scheme=scheme, subject=subject, measure=measure, data_year=year)
    assert (target.value, target.status) == (value, status)
    row = shipped[
        (shipped["scheme"] == scheme)
        & (shipped["subject"] == subject)
        & (shipped["measure"] == measure)
        & (shipped["data_year"] == year)
    ]
    assert len(row) == 1, "every known fact is a row of the file, even when its value is empty"


def test_shipped_file_obeys_its_table(shipped: pd.DataFrame) -> None:
    tables.TARGETS.validate(shipped)
    assert set(shipped["subject"]) == set(SUBJECT_LABELS)
    assert not shipped["source"].str.strip().eq("").any()
    assert shipped.loc[shipped["status"] == "unknown", "value"].isna().all()


def test_every_envelope_compared_exists(shipped: pd.DataFrame) -> None:
    assert set(ENVELOPE_SUBJECTS) <= {envelope.code for envelope in envelopes.ENVELOPES}
    assert {subject for subjects in ENVELOPE_SUBJECTS.values() for subject in subjects} <= set(shipped["subject"])


def test_labels_say_source_and_doubt(shipped: pd.DataFrame) -> None:
    def label(scheme: str, envelope: str, year: int) -> str:
        return target_for_envelope(shipped, scheme=scheme, envelope=envelope, data_year=year).label

    assert label("caqes-2018", "phmev", 2016) == f"objectif 4{NBSP}% (arrêté du 18/12/2015)"
    assert label("caqes-2018", "phmev", 2019) == f"objectif 3,2{NBSP}% (arrêté du 12/12/2018)"
    assert label("caqes-2018", "extra_list_drugs", 2017).startswith(f"objectif 5,1{NBSP}% (à confirmer{NBSP}: ")
    assert label("caqes-2018", "phmev", 2018) == "objectif non renseigné"
    assert label("caqes-2022", "perfadom", 2024) == f"objectif −5{NBSP}% (arrêté du 23/02/2022)"
    assert label("caqes-2022", "phmev", 2024) == (
        "objectif non renseigné (aucun objectif national d'enveloppe, des objectifs par indicateur : "
        "arrêté du 23/02/2022)"
    )
    assert label("caqes-2022", "transport_taxi", 2024) == "objectif non renseigné"


def test_perimeter_is_named_when_it_differs(shipped: pd.DataFrame) -> None:
    def perimeter(year: int, envelope: str = "phmev") -> str:
        return target_for_envelope(shipped, scheme="caqes-2018", envelope=envelope, data_year=year).perimeter_label

    assert perimeter(2017) == f"objectif fixé pour PHEV (médicaments et LPP), dépense observée{NBSP}: PHMEV"
    assert perimeter(2019) == ""
    assert perimeter(2019, "extra_list_devices") == ""


def test_an_unknown_objective_names_the_last_known_one_and_takes_no_value_from_it(shipped: pd.DataFrame) -> None:
    asked = {"scheme": "caqes-2022", "subject": "repertoire_share", "measure": "share_pct"}
    missing = target_for(shipped, **asked, data_year=2023)
    assert missing.value is None
    said = f"{missing.label}{last_known_words(shipped, missing)}".replace("\xa0", " ")
    assert said == (
        "objectif non renseigné pour 2023 ; dernier connu, celui de 2021, sans effet ici : objectif 49 % "
        "(arrêté du 12/12/2018)"
    )
    known = target_for(shipped, **asked | {"scheme": "caqes-2018"}, data_year=2019)
    assert last_known_words(shipped, known) == ""
    assert last_known_words(shipped, target_for(shipped, **asked, data_year=2016)) == ""


def test_schemes_never_mix(shipped: pd.DataFrame) -> None:
    old = target_for(shipped, scheme="caqes-2018", subject="phev", measure="evolution_pct", data_year=2024)
    new = target_for(shipped, scheme="caqes-2022", subject="phev", measure="evolution_pct", data_year=2019)
    assert old.value is None
    assert new.value is None


def test_regional_benchmark_is_not_a_target(tmp_path: Path, repository: Path) -> None:
    region = written(tmp_path, "caqes-2022;phmev;evolution_pct;2024;all;4,0;%;ARS, comité du 12/02/2024;regional")
    targets = read_targets([repository / "parameters" / "targets.csv", region])
    target = target_for_envelope(targets, scheme="caqes-2022", envelope="phmev", data_year=2024)
    assert target.label == f"repère régional 4{NBSP}%, sans valeur contractuelle"
    assert not target.is_contractual
    assert target.perimeter_label == ""


def test_what_a_region_sets_for_an_indicator_is_an_objective(tmp_path: Path) -> None:
    targets = read_targets(
        [
            written(
                tmp_path,
                "caqes-2022;phev_pansements;evolution_pct;2024;all;-3;%;ARS;regional",
                "caqes-2022;perfadom;evolution_pct;2024;all;2;%;ARS;regional",
                "caqes-2022;phev_perfadom;evolution_pct;2024;all;-4;%;ARS;regional",
                "caqes-2022;biologie;evolution_pct;2024;all;1;%;ARS;regional",
            )
        ]
    )
    own = target_for(targets, scheme="caqes-2022", subject="phev_pansements", measure="evolution_pct", data_year=2024)
    assert (own.noun, own.is_contractual) == ("objectif", True)
    assert own.label == f"objectif −3{NBSP}% (ARS, fixé par la région)"

    def compared(envelope: str) -> tuple[float | None, str]:
        found = target_for_envelope(targets, scheme="caqes-2022", envelope=envelope, data_year=2024)
        return found.value, found.noun

    assert compared("perfadom") == (-4, "objectif"), "an objective comes before a benchmark"
    assert compared("biologie") == (1, "repère régional"), "an envelope that the region added is no indicator"
    assert printed_status("phev_pansements", "regional") == "regional"
    assert printed_status("biologie", "regional", ["biologie"]) == "benchmark"


def test_region_overrides_same_key_only(tmp_path: Path, repository: Path) -> None:
    shipped = repository / "parameters" / "targets.csv"
    region = written(tmp_path, "caqes-2018;extra_list_drugs;evolution_pct;2017;all;5;%;ARS;regional")
    targets = read_targets([shipped, region])
    assert len(targets) == len(read_targets([shipped]))
    target = target_for_envelope(targets, scheme="caqes-2018", envelope="extra_list_drugs", data_year=2017)
    assert (target.value, target.status) == (5.0, "regional")


def test_contractual_target_comes_before_a_regional_one_of_another_name(tmp_path: Path, repository: Path) -> None:
    region = written(tmp_path, "caqes-2018;phmev;evolution_pct;2019;all;9;%;ARS;regional")
    targets = read_targets([repository / "parameters" / "targets.csv", region])
    target = target_for_envelope(targets, scheme="caqes-2018", envelope="phmev", data_year=2019)
    assert (target.subject, target.value) == ("phev_drugs", 3.2)


def test_establishment_target_comes_first(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "caqes-2022;phev_ipp;evolution_pct;2024;all;-5;%;arrêté;verified",
        "caqes-2022;phev_ipp;evolution_pct;2024;2A0000014;-3.5;%;avenant;verified",
    )
    targets = read_targets([path])

    def value(finess: str) -> float | None:
        return target_for(
            targets, scheme="caqes-2022", subject="phev_ipp", measure="evolution_pct", data_year=2024, finess=finess
        ).value

    assert value("2A0000014") == -3.5
    assert value("330000001") == -5.0


def test_all_problems_at_once_with_their_place(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "caqes-2022;;evolution_pct;2024;all;1;%;s;verified",
        "caqes-2022;phev;evolution_pct;24;all;1;%;s;verified",
        "caqes-2022;phev;evolution_pct;2024;33000001;1;%;s;verified",
        "caqes-2022;phev;evolution_pct;2024;all;1.234.56;%;s;verified",
        "caqes-2022;phev;spending_eur;2024;all;1;%;s;verified",
        "caqes-2022;phev;share_pct;2024;all;1;%;s;sûr",
        "caqes-2022;phev;share_pct;2025;all;;%;s;regional",
        "caqes-2022;phev;share_pct;2026;all;3;%;s;unknown",
        "caqes-2022;phev;share_pct;2026;all;;%;s;unknown",
        "caqes-2022;phev",
    )
    assert codes(path) == {
        "CELLULE_VIDE": (2, "subject", ""),
        "ANNEE_ILLISIBLE": (3, "data_year", "24"),
        "FINESS_ILLISIBLE": (4, "finess", "33000001"),
        "NOMBRE_ILLISIBLE": (5, "value", "1.234.56"),
        "UNITE": (6, "unit_label", "%"),
        "STATUT_INCONNU": (7, "status", "sûr"),
        "VALEUR_ABSENTE": (8, "value", ""),
        "STATUT_INCOMPATIBLE": (9, "status", "unknown"),
        "OBJECTIF_DOUBLE": (10, None, None),
        "NOMBRE_DE_COLONNES": (11, None, None),
    }


def test_what_no_report_would_ever_meet_is_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "caqes-2O22;phev;evolution_pct;2024;all;1;%;s;verified",
        "caqes-2022;évolution;evolution_pct;2024;all;1;%;s;verified",
        "caqes-2022;evolution_pct;phev;2025;all;1;%;s;verified",
        "before-2018;phev;evolution_pct;2016;all;1;%;s;verified",
    )
    with pytest.raises(CampaignError) as caught:
        read_targets([path], schemes=["caqes-2022"])
    assert [(problem.code, problem.line, problem.column) for problem in caught.value.problems] == [
        ("DISPOSITIF_INCONNU", 2, "scheme"),
        ("IDENTIFIANT_INVALIDE", 3, "subject"),
        ("COLONNES_ECHANGEES", 4, "subject"),
    ]


def test_unreadable_files(tmp_path: Path) -> None:
    assert set(codes(tmp_path / "absent.csv")) == {"FICHIER_ABSENT"}
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert set(codes(empty)) == {"ENTETE"}
    commas = tmp_path / "commas.csv"
    commas.write_text(HEADER.replace(";", ","), encoding="utf-8")
    assert set(codes(commas)) == {"ENTETE"}
    old = tmp_path / "cp1252.csv"
    old.write_bytes(HEADER.encode() + "caqes-2022;phev;x_pct;2024;all;1;%;arrêté;verified".encode("cp1252"))
    assert read_targets([old])["source"].tolist() == ["arrêté"]
    wide = tmp_path / "utf16.csv"
    wide.write_text(HEADER, encoding="utf-16")
    assert set(codes(wide)) == {"ENCODAGE_UTF16"}
    endless = tmp_path / "endless.csv"
    endless.write_text(HEADER + '"' + "x" * 200_000, encoding="utf-8")
    assert set(codes(endless)) == {"CSV_ILLISIBLE"}


def test_problems_of_several_files_come_together(tmp_path: Path) -> None:
    first = written(tmp_path, "a;b;c_pct;2024;all;x;%;s;verified", name="first.csv")
    second = written(tmp_path, "a;b;c_pct;2024;all;y;%;s;verified", name="second.csv")
    with pytest.raises(CampaignError) as caught:
        read_targets([first, second])
    assert [problem.file for problem in caught.value.problems] == [str(first), str(second)]


def test_excel_bom_and_blank_lines_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    line = "caqes-2022;phev_ipp;evolution_pct;2024;all;-5;%;arrêté;verified\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER.strip()}\r\n;;;;;;;;\r\n{line}".encode())
    assert read_targets([path])["value"].tolist() == [-5.0]


def test_no_file_gives_an_empty_table() -> None:
    targets = read_targets([])
    assert list(targets.columns) == tables.TARGETS.column_names
    assert (
        target_for(targets, scheme="s", subject="x", measure="m_pct", data_year=2024).label == "objectif non renseigné"
    )


@given(st.decimals(min_value=-99, max_value=99, places=2))
def test_any_value_prints_as_french_reads_it(value: object) -> None:
    number = float(str(value))
    printed = Target("phev", "evolution_pct", 2024, number, "%", "s", "verified").value_label
    assert "." not in printed
    assert "-" not in printed
    back = printed.removesuffix(f"{NBSP}%").replace("−", "-").replace(",", ".")
    assert float(back) == pytest.approx(number)
