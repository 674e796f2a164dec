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
        (("990000099", "caqes-2018", "2019-07-01", "x"), []),  # a contract of another scheme
        ((A, "caqes-2018", "1918-01-01", "x"), [("CONTRAT_DATE_DOUTEUSE", f"{A} : 01/01/1918")]),
        ((A, "caqes-2022", "2032-07-01", None), [("CONTRAT_DATE_DOUTEUSE", f"{A} : 01/07/2032")]),
        ((A, "caqes-2022", "2022-07-01", "phev_ip"), [("INDICATEUR_DE_CONTRAT_INCONNU", f"{A}, phev_ip")]),
    ],
)
def test_each_doubt_is_told_once(row: tuple[str | None, ...], expected: list[tuple[str, str]]) -> None:
    names = ["contract_finess", "scheme", "signed_on", "indicators", "volets"]
    frame = pd.DataFrame([row], columns=names[: len(row)])
    contracts = tables.CONTRACTS.conform(frame)
    known = {"indicators": ["phev_ipp", "phmev_annual"], "volets": ["1", "transports"]}
    found = check_contracts(
        contracts, KNOWN, scheme="caqes-2022", years=(2022, 2024), other_years={"caqes-2018": (2018, 2021)}, **known
    )
    assert [(one.code, one.example) for one in found] == expected


@pytest.mark.parametrize("scheme", ["caqes-2022", "caqes-2018"])
@pytest.mark.parametrize("has_signatory", [True, False])
def test_the_same_day_of_another_year_is_told_unless_the_establishment_opened_then(
    scheme: str, has_signatory: bool
) -> None:
    names = [f"9900000{nb:02d}" for nb in range(9)]
    known = establishments(
        *({"finess": one, "contract_finess": one} for one in names[:-1]),
        {"finess": names[-1], "contract_finess": names[-1], "valid_from": "2022-10-01"},
    )
    if not has_signatory:  # an establishment signs for itself
        known["contract_finess"] = None

    def told(usual_nb: int) -> list[tuple[str, int, str]]:
        days = ["2022-07-01"] * usual_nb + ["2022-09-15", "2023-07-01", "2023-07-01"]
        frame = pd.DataFrame({"contract_finess": names[-len(days) :], "scheme": scheme, "signed_on": days})
        years = {"years": (2022, 2024), "other_years": {"caqes-2018": (2018, 2024)}}
        contracts = tables.CONTRACTS.conform(frame)
        found = check_contracts(contracts, known, scheme="caqes-2022", indicators=[], volets=[], **years)
        return [(one.code, one.count, one.example) for one in found]

    assert told(4) == [], "four of seven are not most of them"
    assert told(6) == [("CONTRAT_ANNEE_ISOLEE", 1, f"{names[7]} : 01/07/2023")]
