"""Small hand-made stores for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import perimeter, tables
from caqes_analysis.store import Store

A, B, C = "990000001", "990000002", "990000003"
Amount = str | None


def monthly_rows(
    series: Mapping[tuple[str, str], Mapping[str, Amount]], *, delivery: str = "essai", provisional: Sequence[str] = ()
) -> pd.DataFrame:
    """Rows of ``monthly_spend`` from ``{(finess, envelope): {"2024-01": "12.30", "2024-02": None}}``."""
    rows = [
        {
            "finess": finess,
            "month": pd.Timestamp(f"{month}-01"),
            "envelope": envelope,
            "amount_eur": None if amount is None else Decimal(amount),
            "value_status": "missing" if amount is None else "zero" if Decimal(amount) == 0 else "reported",
            "is_provisional": month in provisional,
        }
        for (finess, envelope), months in series.items()
        for month, amount in months.items()
    ]
    return tables.MONTHLY_SPEND.conform(
        pd.DataFrame(rows),
        amount_kind="reimbursed",
        delivery=delivery,
        date_basis="care",
        tax="TTC",
        is_corrected=False,
    )


def whole_year(year: int, amount: str = "100.00", **changes: Amount) -> dict[str, Amount]:
    """Twelve months of one amount; ``m03="5.00"`` changes March, ``m03=None`` makes it missing."""
    months: dict[str, Amount] = {f"{year}-{m:02d}": amount for m in range(1, 13)}
    return months | {f"{year}-{name[1:]}": value for name, value in changes.items()}


def establishments(*rows: Mapping[str, object]) -> pd.DataFrame:
    """Rows of ``establishments``; each needs at least ``finess``."""
    base = {"valid_from": "1900-01-01", "name": "Établissement", "department": "991", "category": "CH"}
    return tables.ESTABLISHMENTS.conform(pd.DataFrame([{**base, **row} for row in rows]))


def store_of(
    directory: Path, monthly: pd.DataFrame, known: pd.DataFrame, *, first: str = "2022-01", last: str = "2024-12"
) -> Store:
    """A store with the monthly grid of these rows."""
    store = Store(directory)
    store.write(tables.MONTHLY_SPEND, monthly, part="essai")
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    grid = perimeter.monthly_grid(store, first_month=pd.Timestamp(f"{first}-01"), last_month=pd.Timestamp(f"{last}-01"))
    store.write(tables.MONTHLY_GRID, grid, part="campagne")
    return store
