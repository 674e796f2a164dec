"""The codes of the LPP against their envelope, and the price of a unit against that of the code."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.quality.lpp_controls import check_lpp
from caqes_analysis.store import Store
from tests.builders import A, B, monthly_rows

CODES = {("1300001", Decimal(3)): Decimal("12.00"), ("1300002", Decimal(40)): Decimal("2.50")}
ENVELOPE = sum((quantity * price for (_, quantity), price in CODES.items()), Decimal(0))


def told(folder: Path, *, lost: bool = False, amount: str = "1", quantity: str = "1", share: str = "1") -> list[str]:
    """Two establishments, six months; one line of B in March is changed, or the envelope is wider than the codes."""
    store = Store(folder)
    months = [f"2024-{month:02d}" for month in range(1, 7)]
    envelope = {month: str((ENVELOPE / Decimal(share)).quantize(Decimal("0.01"))) for month in months}
    store.write(tables.MONTHLY_SPEND, monthly_rows({(A, "lpp"): envelope, (B, "lpp"): envelope}), part="mois")
    rows = [
        [finess, month, lpp, nb, nb * price]
        for finess in (A, B)
        for month in months
        for (lpp, nb), price in CODES.items()
    ]
    changed = next(row for row in rows if row[:3] == [B, "2024-03", "1300002"])
    changed[3], changed[4] = changed[3] * Decimal(quantity), changed[4] * Decimal(amount)
    frame = pd.DataFrame(
        [row for row in rows if not (lost and row is changed)],
        columns=["finess", "period", "lpp", "quantity_nb", "amount_eur"],
    )
    lpp = tables.LPP_SPEND.conform(
        frame, delivery="d", value_status="reported", is_provisional=False, is_corrected=False
    )
    store.write(tables.LPP_SPEND, lpp, part="d")
    return [f"{one.code} {one.place}" for one in check_lpp(store)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"lost": True}, [f"ECART_LPP {B}, LPP, mars 2024"]),
        ({"amount": "1.1"}, [f"ECART_LPP {B}, LPP, mars 2024"]),
        ({"quantity": "1000"}, [f"PRIX_UNITAIRE_ATYPIQUE {B}, code 1300002, 2024-03"]),
        ({"lost": True, "share": "0.5"}, []),  # the file holds some codes only
    ],
)
def test_each_gap_is_told_once(tmp_path: Path, changes: dict[str, object], expected: list[str]) -> None:
    assert told(tmp_path, **changes) == expected  # type: ignore[arg-type]


def test_nothing_received_nothing_told(tmp_path: Path) -> None:
    assert check_lpp(Store(tmp_path)) == []
