"""The list of signed contracts: read, wrong, and named by a campaign."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.campaign import Campaign
from caqes_analysis.errors import SourceError
from caqes_analysis.sources.extracts.contrats_signes import TABLE, read

CAMPAIGN = Campaign.model_construct(scheme="caqes-2022")
HEADER = "FINESS;Raison sociale;Date de signature;Volets\n"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "contrats_ars.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="cp1252")
    return path


def test_signed_contracts_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "990000001;CH de Rive;01/07/2022;1,2", "990000002;Clinique du Lac;;1")
    received = read(path, delivery="ars", campaign=CAMPAIGN)
    TABLE.validate(received.rows)
    assert received.rows["contract_finess"].tolist() == ["990000001"]
    assert received.rows["scheme"].tolist() == ["caqes-2022"]
    assert received.findings.codes() == {"CONTRAT_NON_SIGNE"}


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    lines = ("99000001;CH de Rive;01/07/2022;1", "990000002;Clinique du Lac;juillet;1", "990000002;Clinique;;1")
    with pytest.raises(SourceError) as caught:
        read(written(tmp_path, *lines), delivery="ars", campaign=CAMPAIGN)
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["FINESS_8_CARACTERES", "DATE_ILLISIBLE", "LIGNE_EN_DOUBLE"]
