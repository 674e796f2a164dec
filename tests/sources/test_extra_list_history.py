from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import SourceError
from caqes_analysis.sources.extra_list_history import read_biosimilar_tariffs, read_lpp_history, read_ucd_history
from caqes_analysis.sources.received import Received
from tests.sources.reference_lines import written

UCD = (
    "datepublication,dateeffet,libelleucd,ucd7,ucd13,evenement,prix,prixttc,denominationcommuneinternationale,codeatc,"
    "conditionderemboursement,commentaire"
)
LPP = "dateeffet,libelle,codelpp,evenement,datepublication,commentaire"


def ucd(tmp_path: Path, *lines: str, header: str = UCD) -> Received:
    return read_ucd_history(written(tmp_path / "ucd.csv", header, *lines), delivery="u")


def told(got: Received) -> dict[str, int]:
    return {finding.code: finding.count for finding in got.findings}


def test_an_event_is_read_as_it_stands(tmp_path: Path) -> None:
    got = ucd(
        tmp_path,
        '30/11/2021,01/03/2022,"ESSAI 25MG, INJ",9000294,34008 9000294 3,tarif,73.004,74.537,Essai,L01BC07,,"a\nb"',
        "30/11/2021,,ESSAI 25MG,9000294,34008 9000294 3,inscription,,,Essai,L01BC07,x,",
    )
    tables.EXTRA_LIST_EVENTS.validate(got.rows)
    first, second = got.rows.to_dict("records")
    assert (first["code"], first["ucd13"], first["event"]) == ("9000294", "3400890002943", "tariff")
    assert (first["tariff_ht_eur"], first["tariff_ttc_eur"]) == (Decimal("73.004"), Decimal("74.537"))
    assert (first["day"], first["published_on"]) == (pd.Timestamp(2022, 3, 1), pd.Timestamp(2021, 11, 30))
    assert (second["day"], second["source_line"]) == (pd.Timestamp(2021, 11, 30), 4)
    assert got.delivery["period"].iloc[0] == "30/11/2021 au 01/03/2022"
    assert told(got) == {}


def test_semicolons_are_read_too(tmp_path: Path) -> None:
    line = "30/11/2021,,ESSAI,9000294,,inscription,,,Essai,,,".replace(",", ";")
    assert len(ucd(tmp_path, line, header=UCD.replace(",", ";")).rows) == 1


def test_what_is_odd_is_told_and_kept(tmp_path: Path) -> None:
    got = ucd(
        tmp_path,
        '01/01/2020,,A,9000001,"3,40089E+12",tarif,100,102.1,,,,',
        "01/01/2020,,B,9000002,,,,,,,,",
        "01/01/2020,,C,9000003,,miracle,,,,,,",
        "01/01/2020,,D,9000004,,tarif,,,,,,",
        "01/01/2020,,E,9000005,,tarif,,102.1,,,,",
        "01/01/2020,,F,9000006,,tarif,100,99,,,,",
        "01/01/2020,01/03/2020,G,9000007,,tarif,100,102.1,,,,",
        "01/02/2020,01/03/2020,G,9000007,,tarif,90,91.89,,,,",
        "01/01/2020,,H,9000008,,radiation,,,,,,",
        "01/01/2020,,H,9000008,,radiation,,,,,,",
    )
    assert len(got.rows) == 10
    assert told(got) == {
        "EVENEMENT_ABSENT": 1,
        "EVENEMENT_INCONNU": 1,
        "EVENEMENT_EN_DOUBLE": 1,
        "TARIF_SANS_PRIX": 1,
        "TARIF_HT_MANQUANT": 1,
        "TARIF_TTC_INCOHERENT": 1,
        "TARIF_REMPLACE": 1,
        "UCD13_ABIME": 1,
    }
    replaced = next(finding for finding in got.findings if finding.code == "TARIF_REMPLACE")
    assert replaced.example == "9000007 G (ligne 8)"


def test_all_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        ucd(
            tmp_path,
            "31/02/2020,,A,9000001,,tarif,100,102.1,,,,",
            ",,A,9000001,,inscription,,,,,,",
            "01/01/2020,,A,900001,,inscription,,,,,,",
            '01/01/2020,,A,9000001,,tarif,1.234.5,"1 234,5",,,,',
            "01/01/2020,,A,9000001,,inscription",
        )
    assert [(problem.code, problem.line, problem.column) for problem in caught.value.problems] == [
        ("NB_CHAMPS", 6, None),
    ]
    with pytest.raises(SourceError) as caught:
        ucd(
            tmp_path,
            "31/02/2020,,A,9000001,,tarif,100,102.1,,,,",
            ",,A,9000001,,inscription,,,,,,",
            "01/01/2020,,A,900001,,inscription,,,,,,",
            '01/01/2020,,A,9000001,,tarif,1.234.5,"1 234,5",,,,',
        )
    assert [(problem.code, problem.line, problem.column) for problem in caught.value.problems] == [
        ("DATE_ILLISIBLE", 2, "datepublication"),
        ("DATE_ABSENTE", 3, "datepublication, dateeffet"),
        ("CODE_INVALIDE", 4, "ucd7"),
        ("TARIF_ILLISIBLE", 5, "prix"),
        ("TARIF_ILLISIBLE", 5, "prixttc"),
    ]
    with pytest.raises(SourceError) as caught:
        read_lpp_history(written(tmp_path / "lpp.csv", LPP.replace("codelpp", "code"), ",,1,,,"), delivery="l")
    assert [problem.code for problem in caught.value.problems] == ["COLONNE_ABSENTE"]


def test_events_of_a_family_of_devices_have_no_code(tmp_path: Path) -> None:
    path = written(
        tmp_path / "lpp.csv", LPP, "01/03/2006,les orthoprothèses,,suppression,26/07/2005,annexe 2",
        "01/01/2022,IMPLANT,8112833,suppression,,", ",IMPLANT,8112833,figure,28/02/2006,",
    )  # fmt: skip
    got = read_lpp_history(path, delivery="l")
    assert told(got) == {"EVENEMENT_SANS_CODE": 1}
    assert list(got.rows["event"]) == ["delisting", "delisting", "listing"]
    assert (got.rows["kind"] == "device").all()


@pytest.mark.real
def test_the_real_histories(real_data: Path) -> None:
    folder = real_data / "liste_en_sus"
    drugs = read_ucd_history(folder / "liste_en_sus_ucd_historique.csv", delivery="u")
    # Counted with Python's csv module alone: 5,279 records; 2,924 tarif, 1,309 inscription, 743 radiation…
    assert len(drugs.rows) == 5_279
    assert drugs.rows["event"].value_counts().to_dict() == {
        "tariff": 2_924,
        "listing": 1_309,
        "delisting": 743,
        "change": 220 + 19 + 13,
        "partial_delisting": 42,
        "suspension": 4,
        "article_51": 3,
        "rtu": 1,
        "unknown": 1,
    }
    assert drugs.rows["code"].nunique() == 1_295
    assert drugs.delivery["period"].iloc[0] == "10/05/2005 au 01/03/2022"
    assert told(drugs) == {
        "EVENEMENT_ABSENT": 1,
        "TARIF_SANS_PRIX": 1,
        "TARIF_HT_MANQUANT": 10,
        "TARIF_TTC_INCOHERENT": 4,
        "TARIF_REMPLACE": 4,
        "UCD13_ABIME": 6,
    }
    devices = read_lpp_history(folder / "liste_en_sus_lpp_historique.csv", delivery="l")
    assert len(devices.rows) == 7_254
    assert devices.rows["event_label"].value_counts().to_dict() == {
        "inscription": 5_695,
        "suppression": 1_313,
        "ne figure plus": 154,
        "annexe 2 -> 1": 48,
        "figure": 41,
        "modif libellé": 2,
        "modif code": 1,
    }
    assert told(devices) == {"EVENEMENT_SANS_CODE": 7}
    tariffs = read_biosimilar_tariffs(folder / "liste_en_sus_tarifs_biosimilaires.csv", delivery="b")
    assert len(tariffs.rows) == 115
    assert told(tariffs) == {}
