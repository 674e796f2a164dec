from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import SourceError
from caqes_analysis.sources import Received, read_contracts

HEADER = "finess_contrat;dispositif;statut;date_effet;volets;indicateurs"


def written(directory: Path, *lines: str, header: str = HEADER) -> Path:
    path = directory / "contrats.csv"
    path.write_bytes(("\n".join([header, *lines]) + "\n").encode("cp1252"))
    return path


def read(path: Path) -> Received:
    return read_contracts(path, delivery="c", schemes={"caqes-2018", "caqes-2022"})


def test_contracts(tmp_path: Path):
    got = read(
        written(
            tmp_path,
            "330781196;caqes-2022;Signe;01/07/2022; 1 , 2 ;ipp|epa",
            "330781196;caqes-2018;terminé;2018-01-01;socle;",
            "2A0000014;caqes-2022;;;;",
        )
    )
    tables.CONTRACTS.validate(got.rows)
    assert got.rows.iloc[0].to_dict() == {
        "contract_finess": "330781196",
        "scheme": "caqes-2022",
        "status": "signé",
        "signed_on": pd.Timestamp(2022, 7, 1),
        "volets": "1,2",
        "indicators": "ipp,epa",
    }
    assert list(got.rows["status"][1:].fillna("")) == ["terminé", ""]
    assert len(got.findings) == 0


def test_all_that_is_wrong_is_said_with_its_place(tmp_path: Path):
    path = written(
        tmp_path,
        "330781196;caqes-2022;signé;01/07/2022;1;",
        "330781196;caqes-2022;signé;01/07/2022;1;",
        "33078119;caqes-2030;oui;juillet;1;",
        ";;;;;x",
    )
    with pytest.raises(SourceError) as caught:
        read(path)
    assert [(one.code, one.line, one.column) for one in caught.value.problems] == [
        ("CONTRAT_EN_DOUBLE", 3, "finess_contrat, dispositif"),
        ("FINESS_8_CARACTERES", 4, "finess_contrat"),
        ("DISPOSITIF_INCONNU", 4, "dispositif"),
        ("STATUT_CONTRAT_INCONNU", 4, "statut"),
        ("DATE_ILLISIBLE", 4, "date_effet"),
        ("CELLULE_VIDE", 5, "finess_contrat"),
        ("CELLULE_VIDE", 5, "dispositif"),
    ]
    assert "ligne 2" in caught.value.problems[0].what
    assert "caqes-2018, caqes-2022" in caught.value.problems[2].remedy
