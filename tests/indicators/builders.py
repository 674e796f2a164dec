"""Small stores of received tables, for indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import perimeter, tables
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.store import Store
from tests.builders import A, B, establishments

STATE = {"value_status": "reported", "is_provisional": False, "is_corrected": False}


def region(directory: Path, *rows: Mapping[str, object]) -> Store:
    """A store with establishments (A and B by default) and their successions."""
    store = Store(directory)
    known = establishments(*(rows or ({"finess": A}, {"finess": B})))
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    return store


def drug_lines(store: Store, *lines: Mapping[str, object], year: int = 2024) -> Store:
    """Add lines of ``annual_drug_spend``: ``finess, atc5, generic_status, boxes_nb, reimbursed_eur``…"""
    frame = pd.DataFrame(
        [
            {
                "finess": A,
                "year": year,
                "cip13": "3400900000000",
                "generic_status": "0",
                "boxes_nb": 0,
                "reimbursed_eur": "0",
                **line,
            }
            for line in lines
        ]
    )
    for level, length in ((1, 1), (2, 3), (3, 4), (4, 5)):
        if f"atc{level}" not in frame and "atc5" in frame:
            frame[f"atc{level}"] = frame["atc5"].str[:length]
    frame["reimbursed_eur"] = [Decimal(str(value)) for value in frame["reimbursed_eur"]]
    frame["base_eur"] = frame["reimbursed_eur"] if "base_eur" not in frame else [Decimal(x) for x in frame["base_eur"]]
    frame["source"], frame["source_line"] = f"phmev-{year}", range(2, len(frame) + 2)
    store.write(tables.ANNUAL_DRUG_SPEND, tables.ANNUAL_DRUG_SPEND.conform(frame, **STATE), part=f"phmev-{year}")
    return store


def lpp_lines(store: Store, *lines: tuple[str, str, str, str]) -> Store:
    """Add lines ``(finess, period, lpp, amount)`` of ``lpp_spend``."""
    rows = [{"finess": f, "period": p, "lpp": c, "amount_eur": Decimal(a)} for f, p, c, a in lines]
    store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(pd.DataFrame(rows), delivery="lpp", **STATE), part="lpp")
    return store


def activity_lines(store: Store, *lines: tuple[str, str, str, int | None]) -> Store:
    """Add lines ``(finess, period, activity, count)`` of ``activity``; None is a gap."""
    rows = [
        {
            "finess": f,
            "period": p,
            "activity": a,
            "count_nb": None if n is None else Decimal(n),
            "value_status": "missing" if n is None else "zero" if n == 0 else "reported",
        }
        for f, p, a, n in lines
    ]
    rest = {"is_provisional": False, "is_corrected": False}
    store.write(
        tables.ACTIVITY, tables.ACTIVITY.conform(pd.DataFrame(rows), delivery="activite", **rest), part="activite"
    )
    return store


def extra_list_lines(store: Store, *lines: tuple[str, str, str, str, str]) -> Store:
    """Add lines ``(finess, month, kind, code, amount)`` of ``extra_list_use``; the quantity is the amount / 10."""
    rows = [
        {
            "finess": f,
            "month": pd.Timestamp(f"{m}-01"),
            "kind": k,
            "code": c,
            "reimbursed_eur": Decimal(a),
            "purchase_eur": Decimal(a),
            "quantity_nb": Decimal(a) / 10,
            "source_line": n,
        }
        for n, (f, m, k, c, a) in enumerate(lines, 2)
    ]
    frame = tables.EXTRA_LIST_USE.conform(pd.DataFrame(rows), source="les", date_basis="discharge", **STATE)
    store.write(tables.EXTRA_LIST_USE, frame, part="les")
    return store


def values(store: Store, definition: IndicatorDefinition, *periods: str) -> pd.DataFrame:
    """Values of one definition, keyed by (who, measure, perimeter, period)."""
    frame = compute_indicators(store, [definition], periods=list(periods) or ["2024"])
    who = frame["finess"].fillna(frame["level"])
    return frame.set_index([who.rename("who"), "measure", "perimeter", "period"]).sort_index()


def cell(frame: pd.DataFrame, who: str, measure: str, perimeter: str = "courant", period: str = "2024") -> object:
    """One value."""
    return frame.loc[(who, measure, perimeter, period), "value"]


def status(frame: pd.DataFrame, who: str, measure: str, perimeter: str = "courant", period: str = "2024") -> object:
    """One status."""
    return frame.loc[(who, measure, perimeter, period), "value_status"]


def months(amounts: Sequence[str | None], year: int = 2024) -> dict[str, str | None]:
    """Months of a year from January on."""
    return {f"{year}-{number:02d}": amount for number, amount in enumerate(amounts, 1)}
