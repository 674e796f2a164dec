"""The evolutions of a campaign: which year, read at which months."""

from __future__ import annotations

import pandas as pd

from caqes_analysis.campaign import Campaign
from caqes_analysis.indicators.evolution import annual_evolution, cumulative_evolution
from caqes_analysis.store import Store

__all__ = ["campaign_evolutions"]


def campaign_evolutions(store: Store, campaign: Campaign) -> pd.DataFrame:
    """Return the table ``evolutions`` of all the establishments of a campaign.

    Parameters
    ----------
    store
        Store with ``monthly_grid``; with ``annual_drug_spend`` for a campaign of yearly bases.
    campaign
        The campaign: rates are read at its last settled month, then at the last one received.

    Returns
    -------
    DataFrame
        Table ``evolutions``, by envelope, month and establishment.
    """
    if campaign.is_annual:
        rows = annual_evolution(store, year=campaign.year)
    else:
        months = {campaign.settled_month_nb, campaign.last_month_nb}
        rows = cumulative_evolution(store, year=campaign.year, month_nbs=months)
    return rows.sort_values(["envelope", "month_nb", "finess"], ignore_index=True)
