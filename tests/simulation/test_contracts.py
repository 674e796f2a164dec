from __future__ import annotations

from caqes_analysis.simulation.contracts import contract_rows
from caqes_analysis.simulation.establishments import build_establishments


def test_a_scheme_that_has_not_begun_is_absent() -> None:
    rows = list(contract_rows(build_establishments(20, seed=1, year=2019), seed=1, year=2019))
    assert {row[1] for row in rows} == {"caqes-2018"}
    assert {row[2] for row in rows} == {"signé"}
    # The one that opened on 1 September 2018 signs then.
    assert len(rows) == 20
    assert sorted({row[3] for row in rows}) == ["01/01/2018", "01/09/2018"]


def test_the_closed_one_has_no_running_contract() -> None:
    for seed in range(6):
        region = build_establishments(60, seed=seed, year=2024)
        (closed,) = [one.finess for one in region if one.closed_on]
        rows = [row for row in contract_rows(region, seed=seed, year=2024) if row[1] == "caqes-2022"]
        assert len(rows) == 24
        assert all(row[2] == "résilié" for row in rows if row[0] == closed)
