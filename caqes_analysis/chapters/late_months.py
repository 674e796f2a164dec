"""Provisional months that stand far under the others: an evolution that counts them says less than it seems."""

from __future__ import annotations

import numpy as np
import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import envelope_of, ordered_by_envelope, sentence_case
from caqes_analysis.display.series import carried_euros

__all__ = ["low_late_months"]

_LEAST_SETTLED_NB = 6
_MOST_LEFT = 0.8
"""Part of its expected level under which a month is told (package's choice)…"""
_LEAST_CERTAINTY = 6.0
"""… when it stands so many standard errors under it, as for a change of level (``docs/methods/forecast.md``)."""
_LEAST_SD_LOG = 0.03


def low_late_months(page: Page) -> list[str]:
    """Return which provisional months are far under what the settled ones lead to expect, in French.

    Each month is compared with the same month a year before, on logarithms: a provisional one is told when it is under
    80 % of what the mean of the settled ones gives, and six standard errors under it.

    Parameters
    ----------
    page
        The sheet.
    """
    if page.campaign.is_annual or page.campaign.settled_month_nb == page.campaign.last_month_nb:
        return []
    rows = page.store.query(
        """
        select n.envelope, n.month, n.amount_eur, n.is_provisional, b.amount_eur::double as before_eur,
               ln(n.amount_eur::double / b.amount_eur::double) as ratio
        from monthly_grid n
        join monthly_grid b
          on b.finess = n.finess and b.envelope = n.envelope and b.month = n.month - interval 1 year
        where n.finess = $finess and year(n.month) = $year and n.amount_eur > 0 and b.amount_eur > 0
        order by n.envelope, n.month
        """,
        {"finess": page.finess, "year": page.campaign.year},
    )
    found: dict[pd.Timestamp, list[str]] = {}
    ordered = ordered_by_envelope(rows)
    for code, own in ordered.groupby("envelope", sort=False):
        settled = own.loc[~own["is_provisional"].astype(bool), "ratio"]
        if len(settled) < _LEAST_SETTLED_NB:
            continue
        error = max(float(settled.std()), _LEAST_SD_LOG) * np.sqrt(1 + 1 / len(settled))
        for row in own[own["is_provisional"].astype(bool)].to_dict("records"):
            gap = row["ratio"] - float(settled.mean())
            if gap <= np.log(_MOST_LEFT) and gap <= -_LEAST_CERTAINTY * error:
                expected = row["before_eur"] * np.exp(settled.mean())
                label = envelope_of(page.campaign, str(code)).short_label
                amount = french.compact_euros(row["amount_eur"])
                told = f"{label} ({amount}, environ {carried_euros(expected, 0, expected)} attendus)"
                found.setdefault(row["month"], []).append(told)
    late = page.campaign.last_month_nb
    return [
        f"{sentence_case(french.month_year(month))}, provisoire : {french.list_in_words(told)} nettement sous le "
        f"niveau des mois définitifs ; envoi sans doute incomplet, l'évolution à M{late} en est abaissée."
        for month, told in sorted(found.items())
    ]
