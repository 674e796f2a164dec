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
        ((A, "caqes-2022", None, None, "1,transports"), []),
        ((A, "caqes-2022", None, None, "1,9"), [("VOLET_INCONNU", f"{A}, 9")]),
        ((A, "caqes-2022", None, None), []),
        (("990000099", "caqes-2022", "2022-07-01", None), [("CONTRAT_SANS_ETABLISSEMENT", "990000099")]),
        (("990000099", "caqes-2018", "1999-07-01", "x"), []),  # a contract of another scheme
        ((A, "caqes-2022", "2032-07-01", None), [("CONTRAT_DATE_DOUTEUSE", f"{A} : 01/07/2032")]),
        ((A, "caqes-2022", "2022-07-01", "phev_ip"), [("INDICATEUR_DE_CONTRAT_INCONNU", f"{A}, phev_ip")]),
    ],
)
def test_each_doubt_is_told_once(row: tuple[str | None, ...], expected: list[tuple[str, str]]) -> None:
    names = ["contract_finess", "scheme", "signed_on", "indicators", "volets"]
    frame = pd.DataFrame([row], columns=names[: len(row)])
    contracts = tables.CONTRACTS.conform(frame)
    known = {"indicators": ["phev_ipp", "phmev_annual"], "volets": ["1", "transports"]}
    found = check_contracts(contracts, KNOWN, scheme="caqes-2022", years=(2022, 2024), **known)
    assert [(one.code, one.example) for one in found] == expected
