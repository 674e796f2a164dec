"""Which months are there: a month that only a cumulative delivery covers is not missing, and not received either."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from caqes_analysis import deliveries, perimeter, quality, tables
from caqes_analysis.settlement import settle
from caqes_analysis.store import Store
from tests.builders import A, B, establishments, monthly_rows, whole_year


def test_a_month_within_a_cumul_is_not_missing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(tables.MONTHLY_SPEND, monthly_rows({(f, "lpp"): whole_year(2023) for f in (A, B)}), part="mois")
    cumul = deliveries.to_cumulative(monthly_rows({(A, "lpp"): {"2024-03": "300.00"}}, delivery="m03"))
    store.write(tables.CUMULATIVE_SPEND, cumul, part="m03")
    settle(store)
    store.write(tables.SUCCESSIONS, perimeter.successions(establishments({"finess": A}, {"finess": B})), part="c")
    span = {"first_month": pd.Timestamp("2023-01-01"), "last_month": pd.Timestamp("2024-04-01")}
    store.write(tables.MONTHLY_GRID, perimeter.monthly_grid(store, **span), part="c")
    state = quality.completeness(store, envelope="lpp", year=2024).set_index(["finess", "month"])["is_in_cumul"]
    assert state[A].to_dict() == {month: "2024-01" <= f"{month:%Y-%m}" <= "2024-03" for month in state[A].index}
    assert not state[B].any()
    missing = quality.missing_months(store, year=2024)
    assert [(f, f"{m:%m}") for f, m in zip(missing["finess"], missing["month"], strict=True)] == [
        (A, "04"),
        *((B, f"{number:02d}") for number in range(1, 5)),
    ]
