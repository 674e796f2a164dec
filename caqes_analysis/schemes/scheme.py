"""Contract schemes as data: one file per scheme in ``parameters/schemes``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import Parameters, load_parameters, nearest

__all__ = ["Scheme", "known_schemes", "scheme_of"]


class Scheme(Parameters):
    """A contract scheme.

    Parameters
    ----------
    id
        Identifier used by campaigns, contracts and targets.
    name
        Name printed.
    law
        Texts that found it.
    result_years
        Data years whose results the contract counts.
    envelope_targets
        ``contractual`` when national targets bear on envelopes (evolution rates); ``regional`` when an envelope is
        only compared with a benchmark that the region sets, without contractual value.
    notes
        French sentences printed with the methods.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    law: str
    result_years: tuple[int, ...]
    envelope_targets: Literal["contractual", "regional"]
    notes: tuple[str, ...] = ()


def known_schemes(*folders: Path) -> dict[str, Scheme]:
    """Read the schemes of the clone and of other folders; a later folder wins.

    Returns
    -------
    dict
        Scheme by identifier.

    Raises
    ------
    CampaignError
        Every problem of the first wrong file.
    """
    places = dict.fromkeys([REPOSITORY / "parameters" / "schemes", *folders])
    read = [load_parameters(path, Scheme) for place in places for path in sorted(place.glob("*.yml"))]
    return {scheme.id: scheme for scheme in read}


def scheme_of(campaign: Campaign) -> Scheme:
    """Return the scheme of a campaign (from ``schemes/`` beside its file, or from the clone).

    Raises
    ------
    CampaignError
        ``DISPOSITIF_INCONNU``, with the schemes that exist.
    """
    schemes = known_schemes(campaign.file.parent / "schemes")
    if campaign.scheme not in schemes:
        close = nearest(campaign.scheme, list(schemes))
        hint = f"Vouliez-vous dire « {close} » ? " if close else ""
        raise CampaignError.of(
            "DISPOSITIF_INCONNU",
            "aucun fichier ne décrit ce dispositif.",
            f"{hint}Dispositifs connus : {', '.join(schemes)} ; un nouveau s'ajoute dans parameters/schemes.",
            file=campaign.file.name,
            column="scheme",
            value=campaign.scheme,
        )
    return schemes[campaign.scheme]
