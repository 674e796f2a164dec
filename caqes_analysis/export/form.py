"""The form of declared indicators: written for the establishments of a campaign, read back once filled."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from caqes_analysis import perimeter, tables
from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.sources.declared_form import DeclaredItem, load_declared_items, write_declared_form
from caqes_analysis.store import Store

__all__ = ["declared_items", "export_form"]

_OWN_FOLDER = "declared"
_PACKAGE_LIST = REPOSITORY / "parameters" / _OWN_FOLDER / "annexes-1-2.yml"


def declared_items(campaign: Campaign) -> tuple[DeclaredItem, ...]:
    """Return the indicators that a region asks for: its lists (``declared`` beside the campaign), else annexes 1-2.

    Parameters
    ----------
    campaign
        The campaign.

    Raises
    ------
    CampaignError
        Every problem of a list.
    """
    own = campaign.file.parent / _OWN_FOLDER
    lists = sorted(own.glob("*.yml")) if own != _PACKAGE_LIST.parent else []
    return tuple(item for path in lists or [_PACKAGE_LIST] for item in load_declared_items(path))


def export_form(campaign: Campaign, store: Store, directory: Path, *, year: int) -> Path:
    """Write the form of a year, with a line per indicator of each establishment described and open in it.

    Parameters
    ----------
    campaign
        The campaign: which indicators are declared.
    store
        Store with ``establishments``.
    directory
        Folder of what the campaign makes; the form goes to ``formulaires``.
    year
        Year that the establishments declare.

    Returns
    -------
    Path
        ``formulaires/formulaire-AAAA.xlsx``.

    Raises
    ------
    CaqesError
        As :func:`~caqes_analysis.sources.declared_form.write_declared_form`.
    """
    known = perimeter.latest_descriptions(store.read(tables.ESTABLISHMENTS))
    starts, ends = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
    is_open = (known["valid_from"] <= ends) & (known["valid_to"].isna() | (known["valid_to"] >= starts))
    is_described = known["name"] != "Établissement " + known["finess"]
    answering = known[is_open & is_described].sort_values("finess")[["finess", "name"]]
    path = directory / "formulaires" / f"formulaire-{year}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_declared_form(path, answering, declared_items(campaign), period=str(year))
