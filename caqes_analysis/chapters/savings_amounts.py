"""The amounts of one of the three figures, contract by contract, as the pages read them."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER

__all__ = ["amounts_of"]


def amounts_of(page: Page, method: str) -> pd.DataFrame:
    """Return the amounts of one method, one row per establishment and indicator, one column per component.

    Parameters
    ----------
    page
        The page.
    method
        ``regulatory``, ``decomposed`` or ``statistical``.

    Returns
    -------
    DataFrame
        ``finess, indicator, year, label, status`` (of the saving), then a column of exact decimals per component; the
        current perimeter.
    """
    rows = page.store.read(tables.SAVINGS)
    own = rows[(rows["method"] == method) & (rows["perimeter"] == CURRENT_PERIMETER) & rows["finess"].notna()]
    key = ["finess", "indicator", "year"]
    if own.empty:
        return pd.DataFrame(columns=[*key, "label", "status"])
    wide = own.astype({"amount_eur": object}).pivot(index=key, columns="component", values="amount_eur")
    wide["label"] = own.groupby(key)["label"].first()
    wide["status"] = own.groupby(key)["status"].first()
    return wide.reset_index()
