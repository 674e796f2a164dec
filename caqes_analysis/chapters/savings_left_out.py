"""The contracts, or the objectives of one contract, that have no figure in euros, and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_words import OBJECTIVES
from caqes_analysis.chapters.constant_perimeter import opened_on
from caqes_analysis.chapters.page import Page
from caqes_analysis.savings.objectives import OVERRUN
from caqes_analysis.savings.regulatory import REGULATORY
from caqes_analysis.savings.transports import TRAJECTORY

__all__ = ["left_out", "out_notes", "own_left_out_notes", "why_no_figure"]


def left_out(page: Page) -> pd.DataFrame:
    """Return the contracts that have no figure, and why: ``finess, indicator, label, reason``."""
    rows = page.store.read(tables.SAVINGS)
    is_lost = (rows["method"] == REGULATORY) & (rows["component"] == OVERRUN) & rows["amount_eur"].isna()
    lost = rows[is_lost & (rows["indicator"] != TRAJECTORY)]
    return lost[["finess", "indicator", "label", "reason"]].reset_index(drop=True)


def out_notes(lost: pd.DataFrame, names: pd.Series[Any]) -> list[str]:
    """Name the contracts that a sum leaves out, and why; often nobody."""
    if lost.empty:
        return []
    found = [f"{names.get(row['finess'], row['finess'])}{_why(row['reason'])}" for row in lost.to_dict("records")]
    return [f"Hors de cette somme{french.NBSP}: {french.list_in_words(found)}."]


def own_left_out_notes(page: Page) -> list[str]:
    """Return, for a sheet, which objectives of its contract have no figure in euros, and why; often none.

    Parameters
    ----------
    page
        The sheet.
    """
    lost = left_out(page)
    own = [f"{row['label']}{_why(row['reason'])}" for row in lost[lost["finess"] == page.signatory].to_dict("records")]
    notes = [f"Sans écart chiffré{french.NBSP}: {french.list_in_words(own)}."] if own else []
    rows = page.evaluations
    is_apart = (
        (rows["contract_finess"] == page.signatory)
        & rows["kind"].isin(OBJECTIVES)
        & rows["attainment"].isin(["attained", "not_attained"])
        & rows["measure"].eq("evolution_pct")
        & rows["current_eur"].notna()
        & ~rows["part"].isin(page.scheme.common_volets)
    )
    if not page.scheme.common_volets or not is_apart.any():
        return notes
    apart = french.list_in_words([page.indicator_names[name] for name in rows.loc[is_apart, "subject"]])
    return [*notes, f"Non chiffré ici, d'un volet que tous ne signent pas{french.NBSP}: {apart}."]


def why_no_figure(page: Page) -> str | None:
    """Return why no objective of an evaluated contract of rates has a figure in euros; None when nothing tells it.

    Parameters
    ----------
    page
        The sheet, of a contract that has no figure.
    """
    if page.scheme.shares_savings or not page.evaluations["contract_finess"].eq(page.signatory).any():
        return None
    day = opened_on(page, str(page.finess))
    if day is not None:
        return (
            f"Écart aux objectifs non calculable : l'établissement a ouvert le {french.date(day, short=True)}, l'année "
            "précédente est incomplète."
        )
    return " ".join(own_left_out_notes(page)) or None


def _why(reason: Any) -> str:
    return "" if pd.isna(reason) else f" ({str(reason).removeprefix('non calculable : ')})"
