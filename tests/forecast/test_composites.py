"""Indicators that add up envelopes, where one of these does not apply."""

from __future__ import annotations

from pathlib import Path

from caqes_analysis import tables
from caqes_analysis.forecast.followed import Followed, sums_of
from caqes_analysis.indicators.measures import Sum
from caqes_analysis.perimeter import clinics_without_drugs
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year


def test_a_clinic_without_phmev_has_no_phev(tmp_path: Path) -> None:
    monthly = monthly_rows(
        {(A, "phmev"): whole_year(2024), (B, "lpp"): whole_year(2024), (C, "phmev"): whole_year(2024)}
    )
    known = establishments({"finess": A}, *({"finess": finess, "legal_status": "prive"} for finess in (B, C)))
    store = store_of(tmp_path, monthly, known, first="2024-01")
    assert store.has(tables.MONTHLY_GRID)
    outside = clinics_without_drugs(store)
    assert outside == {B}, "a clinic of which the region receives the PHMEV has one"
    line = Sum(table="monthly_grid", sum="amount_eur", where="envelope in ('phmev', 'lpp')")
    phev = Followed("phev", "phev", "evolution_pct", line, ("phmev", "lpp"), outside=outside)
    assert sums_of([f"{A}/lpp", f"{B}/lpp"], [phev]) == [(f"{A}/phev",), ()]
