"""Provisional months as received and as completed, beside the path of the year."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, quality
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.page import Page
from caqes_analysis.display.columns import PROVISIONAL_MARK

__all__ = ["completed_months", "completed_path", "completed_sentence"]


@asked_once
def completed_months(page: Page) -> pd.DataFrame:
    """Return the last months of the region as received and as completed, in the kind of amount that is followed.

    Parameters
    ----------
    page
        The page of a region.
    """
    followed = page.store.query("select distinct envelope, amount_kind from monthly_grid")
    return quality.completed_months(page.store).merge(followed, on=["envelope", "amount_kind"])


def completed_path(page: Page, months: pd.DataFrame, envelope: str) -> pd.DataFrame:
    """Return the provisional months of the year that follow the settled ones, cumulated as received and as completed.

    Parameters
    ----------
    page
        The page of a region.
    months
        Months of the region, provisional ones included, as the path of the year reads them.
    envelope
        Envelope drawn.

    Returns
    -------
    DataFrame
        ``month`` (number) ``, received_eur, completed_eur``: each month completed by the factor of the region at its
        age. Empty where no factor is known, or where a month before them is missing.
    """
    columns = ["month", "received_eur", "completed_eur"]
    nothing = pd.DataFrame(columns=columns)
    found = completed_months(page)
    found = found[(found["envelope"] == envelope) & (found["received_eur"] > 0)]
    year = page.campaign.year
    own = months[months["month"].dt.year == year].sort_values("month")
    if found.empty or own.empty or found["month"].max().year < year:
        return nothing
    factors = dict(zip(found["month"], found["completed_eur"] / found["received_eur"], strict=True))
    rows = []
    received, completed = 0.0, 0.0
    for place, row in enumerate(own.to_dict("records"), start=1):
        if pd.isna(row["amount_eur"]) or row["month"].month != place:
            break
        amount = float(row["amount_eur"])
        received += amount
        completed += amount * (factors.get(row["month"], 1.0) if row["is_provisional"] else 1.0)
        if row["is_provisional"]:
            rows.append((place, received, completed))
    return pd.DataFrame(rows, columns=columns)


def completed_sentence(late: pd.DataFrame, year: int) -> list[str]:
    """Return what the marks of the last months say; nothing without any.

    Parameters
    ----------
    late
        What :func:`completed_path` returned.
    year
        Year drawn.

    Examples
    --------
    >>> rows = pd.DataFrame([(8, 1.0e6, 1.2e6)], columns=["month", "received_eur", "completed_eur"])
    >>> completed_sentence(rows, 2024)[0].replace("\\xa0", " ").replace("\\u202f", " ")
    'À fin août 2024 : 1,0 M€ (p) reçus (croix), 1,2 M€ complétés comme les livraisons passées (cercle vide).'
    """
    if late.empty:
        return []
    last = late.iloc[-1]
    received, completed = (french.compact_euros(float(last[name])) for name in ("received_eur", "completed_eur"))
    return [
        f"À fin {french.month_name(int(last['month']))} {year}{french.NBSP}: {received}{french.NBSP}{PROVISIONAL_MARK} "
        f"reçus (croix), {completed} complétés comme les livraisons passées (cercle vide)."
    ]
