"""A file of LPP by code in another unit is told once, by its envelope or by the years before."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.quality.lpp_controls import check_lpp
from caqes_analysis.store import Store
from tests.builders import A, B, monthly_rows, whole_year

CODES = {f"13000{nb:02d}": Decimal(nb) for nb in range(10, 22)}
"""Twelve codes, and the price of a unit of each in euros."""
MONTHLY = str(sum(100 * price for price in CODES.values()))


def lpp(periods: list[str], factor: str, delivery: str, share: int = 1) -> pd.DataFrame:
    rows = [
        {"finess": finess, "period": period, "lpp": code, "quantity_nb": Decimal(100), "amount_eur": 100 * price}
        for finess in (A, B)
        for period in periods
        for code, price in list(CODES.items())[::share]
    ]
    frame = pd.DataFrame(rows)
    frame["amount_eur"] = [(value * Decimal(factor)).quantize(Decimal("0.01")) for value in frame["amount_eur"]]
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    return tables.LPP_SPEND.conform(frame, delivery=delivery, **state)


def told(store: Store) -> list[tuple[str, str, str]]:
    return [(one.code, one.place, one.severity) for one in check_lpp(store)]


MONTHS = [f"2024-{month:02d}" for month in range(1, 7)]


@pytest.mark.parametrize(
    ("factor", "cause"), [("1", None), ("0.001", "k€"), ("100", "centimes"), ("0.1", "virgule décalée"), ("3", None)]
)
def test_a_file_is_compared_with_the_envelope(factor: str, cause: str | None, tmp_path: Path) -> None:
    store = Store(tmp_path)
    months = dict.fromkeys(MONTHS, MONTHLY)
    store.write(tables.MONTHLY_SPEND, monthly_rows({(A, "lpp"): months, (B, "lpp"): months}), part="mois")
    store.write(tables.LPP_SPEND, lpp(MONTHS, factor, "codes"), part="codes")
    found = told(store)
    assert found == ([("UNITE_DOUTEUSE", "LPP par code, 2024", "error")] if cause else [])
    assert all(str(cause) in one.remedy for one in check_lpp(store))


def test_codes_of_a_year_are_compared_with_its_twelve_months(tmp_path: Path) -> None:
    store = Store(tmp_path)
    series = {(finess, "lpp"): whole_year(2022, MONTHLY) | whole_year(2023, MONTHLY) for finess in (A, B)}
    more = {(f"99000001{nb}", "lpp"): whole_year(2023, MONTHLY) for nb in range(4)}
    store.write(tables.MONTHLY_SPEND, monthly_rows(series | more), part="mois")
    rows = lpp(["2023"], "0.012", "codes")
    others = [rows[rows["finess"] == A].assign(finess=f"99000001{nb}") for nb in range(4)]
    store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(pd.concat([rows, *others])), part="codes")
    assert told(store) == [("UNITE_DOUTEUSE", "LPP par code, 2023", "error")]


def test_some_codes_only_are_compared_with_the_years_before(tmp_path: Path) -> None:
    """Without an envelope to set against: the same codes, a thousand times cheaper than in 2022."""
    store = Store(tmp_path)
    store.write(tables.LPP_SPEND, lpp(["2022"], "1", "avant"), part="avant")
    store.write(tables.LPP_SPEND, lpp(["2023"], "0.001", "apres"), part="apres")
    assert told(store) == [("UNITE_DOUTEUSE", "LPP par code, 2023", "error")]
