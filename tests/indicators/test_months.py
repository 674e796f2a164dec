"""The months of an indicator counted from lines by code: zero, missing or not asked, never mixed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import perimeter, tables
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.indicators.measures import Sum
from caqes_analysis.indicators.months import monthly_amounts
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments

COUNTED, OTHER = "1111111", "2222222"
LINE = Sum(table="lpp_spend", sum="amount_eur", where=f"lpp = '{COUNTED}'")


def store_of_lines(folder: Path, lines: list[tuple[str, str, str, str]]) -> Store:
    """A store with lines of ``lpp_spend``: FINESS, period, code, amount."""
    rows = pd.DataFrame(lines, columns=["finess", "period", "lpp", "amount_eur"])
    rows["amount_eur"] = [Decimal(amount) for amount in rows["amount_eur"]]
    rows = tables.LPP_SPEND.conform(
        rows, delivery="essai", value_status="reported", is_provisional=False, is_corrected=False
    )
    store = Store(folder)
    known = establishments(*({"finess": finess} for finess in (A, B, C)))
    store.write(tables.LPP_SPEND, rows, part="essai")
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    return store


def test_a_month_without_the_code_is_zero_and_a_month_not_received_is_missing(tmp_path: Path) -> None:
    store = store_of_lines(
        tmp_path,
        [
            (A, "2023-03", OTHER, "5.00"),
            (A, "2023-04", COUNTED, "12.30"),
            (A, "2023-06", COUNTED, "7.70"),
            (B, "2023-05", OTHER, "9.00"),
            (C, "2022", COUNTED, "100.00"),
        ],
    )
    found = monthly_amounts(store, LINE, years=[2022, 2023], code_lists={})
    assert set(found["finess"]) == {A}, "neither who never has any, nor who is only known by the year"
    said = dict(zip(found["month"].dt.strftime("%Y-%m"), found["amount_eur"], strict=True))
    assert min(said) == "2023-03", "nothing is said before the first line"
    known = {month: str(amount) for month, amount in said.items() if amount is not None}
    assert known == {"2023-03": "0", "2023-04": "12.3", "2023-05": "0", "2023-06": "7.7"}
    assert said["2023-07"] is None


def test_a_list_that_nobody_gives_or_a_source_not_received_leaves_no_month(tmp_path: Path) -> None:
    store = store_of_lines(tmp_path, [(A, "2023-04", COUNTED, "12.30")])
    listed = Sum(table="lpp_spend", sum="amount_eur", where="in_list(lpp, 'ma_liste')")
    assert monthly_amounts(store, listed, years=[2023], code_lists=known_code_lists()).empty
    other = Sum(table="extra_list_use", sum="purchase_eur", where="kind = 'drug'")
    assert monthly_amounts(store, other, years=[2023], code_lists={}).empty
