"""What the guide is written from: definitions, code lists, schemes and targets of one campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from caqes_analysis.campaign import Campaign
from caqes_analysis.code_lists import CodeList, known_code_lists
from caqes_analysis.display.base import Display
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.scheme import Scheme, known_schemes, scheme_of
from caqes_analysis.schemes.target_files import read_targets

__all__ = ["GUIDE_PATH", "GUIDE_TITLE", "GuidePage", "GuideSources", "indicator_path"]

GUIDE_PATH = "guide"
"""Place of the index of the guide in a site; every other page of the guide stands under it."""
GUIDE_TITLE = "Guide des indicateurs"

Part = str | Display
"""Markdown, or a display."""


@dataclass(frozen=True)
class GuidePage:
    """One page of the guide.

    Parameters
    ----------
    path
        Place in the site.
    title
        Title of the page.
    parts
        What it shows, in order: Markdown or displays.
    theme
        Theme under which it is filed; None for the pages about the guide itself.
    keywords
        What the search finds besides the text.
    """

    path: str
    title: str
    parts: tuple[Part, ...]
    theme: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class GuideSources:
    """What the pages are written from.

    Parameters
    ----------
    campaign
        The campaign: its year, its scheme, its region.
    definitions, lists, schemes
        By identifier.
    targets
        Table ``targets``.
    on
        Day at which reviews are judged.
    """

    campaign: Campaign
    definitions: Mapping[str, IndicatorDefinition]
    lists: Mapping[str, CodeList]
    schemes: Mapping[str, Scheme]
    targets: pd.DataFrame
    on: dt.date

    @classmethod
    def read(cls, campaign: Campaign, *, on: dt.date | None = None) -> GuideSources:
        """Read the parameters of a campaign; nothing of what it received.

        Parameters
        ----------
        campaign
            The campaign.
        on
            Day at which reviews are judged; today when None.

        Raises
        ------
        CaqesError
            Every problem of the files.
        """
        schemes = known_schemes(campaign.file.parent / "schemes") | {campaign.scheme: scheme_of(campaign)}
        return cls(
            campaign,
            definitions_of(campaign),
            known_code_lists(campaign.code_lists_folder),
            schemes,
            read_targets(campaign.target_files, schemes=schemes),
            on or dt.date.today(),
        )


def indicator_path(indicator: str) -> str:
    """Return the place of an indicator's page.

    Examples
    --------
    >>> indicator_path("phev_ipp")
    'guide/phev_ipp'
    """
    return f"{GUIDE_PATH}/{indicator}"
