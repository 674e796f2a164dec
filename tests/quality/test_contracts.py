"""Contracts that nothing followed answers to are told."""

from __future__ import annotations

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.quality import check_contracts
from tests.builders import A, B, establishments

KNOWN = establishments({"finess": A, "contract_finess": A}, {"finess": B, "contract_finess": B})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((A, "caqes-2022", "2022-07-01", "phev_ipp,phmev_annual"), []),
        ((A, "caqes-2022", None, None), []),
        (("990000099", "caqes-2022", "2022-07-01", None), [("CONTRAT_SANS_ETABLISSEMENT", "990000099")]),
        (("990000099", "caqes-2018", "1999-07-01", "x"), []),  # a contract of another scheme
        ((A, "caqes-2022", "2032-07-01", None), [("CONTRAT_DATE_DOUTEUSE", f"{A} : 01/07/2032")]),
        ((A, "caqes-2022", "2022-07-01", "phev_ip"), [("INDICATEUR_DE_CONTRAT_INCONNU", f"{A}, phev_ip")]),
    ],
)
def test_each_doubt_is_told_once(row: tuple[str | None, ...], expected: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame([row], columns=["contract_finess", "scheme", "signed_on", "indicators"])
    contracts = tables.CONTRACTS.conform(frame)
    found = check_contracts(
        contracts, KNOWN, scheme="caqes-2022", indicators=["phev_ipp", "phmev_annual"], years=(2022, 2024)
    )
    assert [(one.code, one.example) for one in found] == expected
