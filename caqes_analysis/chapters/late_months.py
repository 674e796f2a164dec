"""Provisional months that stand far under the others: an evolution that counts them says less than it seems."""

from __future__ import annotations

import numpy as np

from caqes_analysis import french
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import COMPLETED
from caqes_analysis.chapters.sheet_spending import FIGURES_OF_A_SHEET
from caqes_analysis.chapters.words import envelope_of, sentence_case
from caqes_analysis.display.series import carried_euros

__all__ = ["low_late_months", "low_months"]

_TWO_YEARS_NB = 24
_LEAST_SETTLED_NB = 6
_MOST_LEFT = 0.8
"""Part of its expected level under which a month is told (package's choice)…"""
_LEAST_CERTAINTY = 6.0
"""… when it stands so many standard errors under it, as for a change of level (``docs/methods/forecast.md``)."""
_LEAST_SD_LOG = 0.03


def low_late_months(page: Page) -> list[str]:
    """Return which provisional months are far under what the settled ones lead to expect, in French.

    Where the establishment's own deliveries complete the month, that amount is told beside, and no other.

    Parameters
    ----------
    page
        The sheet.
    """
    year, late_nb = page.campaign.year, page.campaign.last_month_nb
    return [
        f"{sentence_case(french.month_name(month))} {year}, provisoire : {french.list_in_words(told)} nettement sous "
        f"le niveau des mois définitifs ; envoi sans doute incomplet, l'évolution à M{late_nb} en est abaissée."
        for month, told in low_months(page).items()
    ]


@asked_once
def low_months(page: Page) -> dict[int, list[str]]:
    """Return the provisional months that are far under what the settled ones lead to expect, and what is low in each.

    Each month is compared with the same month a year before, on logarithms: a provisional one is told when it is under
    80 % of what the mean of the settled ones gives, and six standard errors under it. The envelopes are those whose
    months the sheet draws: no others are read for it.

    Parameters
    ----------
    page
        The sheet.
    """
    settled_nb, late_nb, year = page.campaign.settled_month_nb, page.campaign.last_month_nb, page.campaign.year
    if page.campaign.is_annual or settled_nb == late_nb:
        return {}
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys((page.lead_envelope, *FIGURES_OF_A_SHEET)):
        rows = page.months(code)
        place = rows["month"].to_numpy().astype("datetime64[M]").astype(np.int64) - 12 * (year - 1 - 1970)
        inside = (place >= 0) & (place < _TWO_YEARS_NB)
        amounts = np.full(_TWO_YEARS_NB, np.nan)
        amounts[place[inside]] = rows["amount_eur"][inside].astype("float64")
        before, now = np.split(np.where(amounts > 0, amounts, np.nan), 2)
        ratios = {
            month: float(ratio) for month, ratio in enumerate(np.log(now / before)[:late_nb], 1) if np.isfinite(ratio)
        }
        settled = [ratio for month, ratio in ratios.items() if month <= settled_nb]
        if len(settled) < _LEAST_SETTLED_NB:
            continue
        usual = float(np.mean(settled))
        error = max(float(np.std(settled, ddof=1)), _LEAST_SD_LOG) * np.sqrt(1 + 1 / len(settled))
        for month, ratio in ratios.items():
            if month > settled_nb and ratio - usual <= min(np.log(_MOST_LEFT), -_LEAST_CERTAINTY * error):
                expected = before[month - 1] * np.exp(usual)
                label = envelope_of(page.campaign, code).short_label
                amount = french.compact_euros(now[month - 1])
                is_completed = (COMPLETED, f"{code}/{year}-{month:02d}") in page.regional_context
                awaited = "" if is_completed else f", environ {carried_euros(expected, 0, expected)} attendus"
                found.setdefault(month, []).append(f"{label} ({amount}{awaited})")
    return dict(sorted(found.items()))
