from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign_sources import ReferenceSource
from caqes_analysis.errors import SourceError
from caqes_analysis.reference_files import read_reference
from caqes_analysis.sources.extra_list_indications import read_extra_list_indications
from tests.sources.reference_lines import written

HEADER = (
    "ucd7,specialite,code_les,inscription,ucd13,dci,labo,libindication,datedebut,classind1,classind2,periode,time_i,"
    "gener,datefin"
)
EVERYWHERE = "*,*,I999999,*,*,*,*,Hors autorisation,*,*,*,202204,202204,,"
LISTED = (
    "9000001,ESSAI,I000001,oui,3400890000011,SUBSTANCE,LABO,Cancer d’essai,01/02/2022,Cancer,Sein,202204,202204,{},{}"
)


def test_indications_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path / "les.csv",
        HEADER,
        EVERYWHERE,
        LISTED.format("Biosimilaire", "31/12/2023"),
        LISTED.format("", "").replace(",oui,", ",non,").replace("I000001", "I000002").replace("01/02/2022", ""),
    )
    table, got = read_reference(ReferenceSource(path=path, content="extra_list_indications", delivery="les"))
    assert table is tables.EXTRA_LIST_INDICATIONS
    rows = got.rows
    assert list(rows["code"].fillna("tous")) == ["tous", "9000001", "9000001"]
    assert list(rows["status"]) == ["unknown", "listed", "not_listed"]
    assert list(rows["origin"].fillna("")) == ["", "biosimilaire", ""]
    assert rows["listed_from"][1] == pd.Timestamp(2022, 2, 1)
    assert rows["listed_to"][1] == pd.Timestamp(2023, 12, 31)
    assert rows["as_of"][0] == pd.Timestamp(2022, 4, 1)
    assert rows["product"].isna()[0]
    assert len(got.findings) == 0


def test_what_the_source_does_not_say_is_told_and_nothing_deduced(tmp_path: Path) -> None:
    line = LISTED.format("", "")
    path = written(
        tmp_path / "les.csv",
        HEADER,
        line.replace(",oui,", ",**,"),
        line.replace("01/02/2022", "44316"),
        line.replace("I000001", "I000003"),
    )
    got = read_extra_list_indications(path, delivery="les")
    assert {one.code: one.count for one in got.findings} == {
        "INSCRIPTION_INCONNUE": 1,
        "DATE_ABIMEE": 1,
        "INDICATION_EN_DOUBLE": 2,
    }
    assert list(got.rows["status"]) == ["unknown", "listed", "listed"]
    assert list(got.rows["listed_from"].isna()) == [False, True, False]


def test_wrong_indications_are_refused_together(tmp_path: Path) -> None:
    line = LISTED.format("", "")
    path = written(
        tmp_path / "les.csv",
        HEADER,
        line.replace("I000001", "000001"),
        line.replace("9000001,", "900001,"),
        line.replace("01/02/2022", "hier"),
        line.replace("202204,202204", "avril,202204"),
    )
    with pytest.raises(SourceError) as caught:
        read_extra_list_indications(path, delivery="les")
    assert [(one.code, one.line) for one in caught.value.problems][:2] == [("CODE_LES", 2), ("CODE_INVALIDE", 3)]
    assert [one.line for one in caught.value.problems] == [2, 3, 4, 5]


@pytest.mark.real
def test_the_real_list_is_read(real_data: Path) -> None:
    got = read_extra_list_indications(real_data / "liste_en_sus" / "les_indications_last.csv", delivery="les")
    assert len(got.rows) == 2250
    assert got.rows["status"].value_counts().to_dict() == {"listed": 1981, "not_listed": 206, "rtu": 53, "unknown": 10}
    assert got.rows["indication"].nunique() == 447
    assert {one.code: one.count for one in got.findings} == {
        "INSCRIPTION_INCONNUE": 8,
        "DATE_ABIMEE": 2,
        "INDICATION_EN_DOUBLE": 4,
    }
