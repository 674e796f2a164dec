"""Extracts of the regions' own: one module a source, found by its name (``docs/ajouter-une-source.md``)."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from caqes_analysis.campaign import Campaign
from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import nearest
from caqes_analysis.sources.received import Received
from caqes_analysis.tables import Table

__all__ = ["ExtractReader", "known_extracts", "reader_named"]


class ExtractReader(Protocol):
    """What a module of this folder holds.

    Attributes
    ----------
    TABLE
        The tidy table that it fills.
    """

    TABLE: Table

    def read(self, path: Path, *, delivery: str, campaign: Campaign) -> Received:
        """Read one file of the campaign."""
        ...


def known_extracts() -> list[str]:
    """Return the names of the readers of this folder: those of its modules, with hyphens."""
    return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__))


def reader_named(name: str) -> ExtractReader:
    """Return the reader of that name.

    Parameters
    ----------
    name
        Name of a module of this folder; hyphens and underscores are the same.

    Raises
    ------
    CampaignError
        ``LECTEUR_INCONNU``, with those that exist.

    Examples
    --------
    >>> reader_named("contrats-signes").TABLE.name
    'contracts'
    """
    known = known_extracts()
    plain = name.replace("_", "-")
    if plain not in known:
        near = nearest(plain, known)
        raise CampaignError.of(
            "LECTEUR_INCONNU",
            "aucun lecteur ne porte ce nom.",
            f"{f'Écrire {near} ? ' if near else ''}Lecteurs connus : {', '.join(known)}. En ajouter un : "
            "docs/ajouter-une-source.md.",
            column="reader",
            value=name,
        )
    return cast("ExtractReader", import_module(f"{__name__}.{plain.replace('-', '_')}"))
