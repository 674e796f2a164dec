"""Contract schemes as data: one file per scheme in ``parameters/schemes``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.parameter_files import Parameters, load_parameters, nearest
from caqes_analysis.schemes.rules import AtypieRule, IncentiveRule, RegionalIncentiveRule

__all__ = ["Scheme", "known_schemes", "scheme_files", "scheme_of"]


class Scheme(Parameters):
    """A contract scheme and its rules; a scheme that the package does not know is a file, not code.

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
    common_volets
        Volets that every contract has. A contract that lists no indicators answers for those of its volets.
    volets
        Volets that a contract may have besides those of the indicators and of the grid: another is told.
    contracts_end
        Last day of its contracts; None when they have none.
    first_year
        Months compared in the year in which a contract begins: ``whole`` year, or ``from_signature`` (a contract of 1
        July compares July-December with July-December).
    is_graded
        True when its contracts are scored with an evaluation grid that the region supplies.
    years_without_sanction
        Evaluated years whose score costs nothing.
    incentive, regional_incentive
        How its contracts pay; None when they do not.
    atypie
        How far from the regional median targets an establishment; None when the region targets otherwise.
    has_biosimilar_dotation
        True when the biosimilar dotation (V × R × t) is paid beside the contract.
    transport_reference_year
        Year from which the trajectory of transports starts; None until the region gives it: no trajectory.
    transition_months_nb
        Months after the effect of a contract during which it is only being set up: the estimated saving leaves them
        out, the contract's own figure does not. None until the region declares some: none is left out.
    notes
        French sentences printed with the methods.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    law: str
    result_years: tuple[Annotated[int, Field(ge=2000, le=2100)], ...] = Field(min_length=1)
    envelope_targets: Literal["contractual", "regional"]
    common_volets: tuple[str, ...] = ()
    volets: tuple[str, ...] = ()
    contracts_end: dt.date | None = None
    first_year: Literal["whole", "from_signature"] = "whole"
    is_graded: bool = False
    years_without_sanction: tuple[int, ...] = ()
    incentive: IncentiveRule | None = None
    regional_incentive: RegionalIncentiveRule | None = None
    atypie: AtypieRule | None = None
    has_biosimilar_dotation: bool = False
    transport_reference_year: int | None = None
    transition_months_nb: int | None = Field(default=None, ge=0, le=24)
    notes: tuple[str, ...] = ()

    @property
    def shares_savings(self) -> bool:
        """Whether its contracts pay for what they save or reach."""
        return self.incentive is not None or self.regional_incentive is not None


def known_schemes(*folders: Path) -> dict[str, Scheme]:
    """Read the schemes of the clone and of other folders; a later folder wins.

    Returns
    -------
    dict
        Scheme by identifier.

    Raises
    ------
    CampaignError
        Every problem of every file at once.
    """
    places = dict.fromkeys([REPOSITORY / "parameters" / "schemes", *folders])
    problems: list[Problem] = []
    read: dict[str, Scheme] = {}
    for path in (path for place in places for path in sorted(place.glob("*.yml"))):
        try:
            scheme = load_parameters(path, Scheme)
        except CampaignError as failure:
            problems.extend(failure.problems)
        else:
            read[scheme.id] = scheme
    if problems:
        raise CampaignError(problems)
    return read


def scheme_files(campaign: Campaign) -> tuple[Path, ...]:
    """Return every file that the rules of a campaign may come from, those that do not exist left out."""
    own = () if campaign.scheme_rules is None else (campaign.scheme_rules,)
    folders = dict.fromkeys([REPOSITORY / "parameters" / "schemes", campaign.file.parent / "schemes"])
    # Those of other schemes say which years a contract received may be of.
    return (*own, *(path for folder in folders for path in sorted(folder.glob("*.yml"))))


def scheme_of(campaign: Campaign) -> Scheme:
    """Return the scheme of a campaign: the file that it names, else ``schemes/`` beside it, else the clone's.

    Raises
    ------
    CampaignError
        ``DISPOSITIF_INCONNU``, with the schemes that exist; ``REGLES_AUTRE_DISPOSITIF`` when the named file describes
        another scheme.
    """
    if campaign.scheme_rules is not None:
        return _named_scheme(campaign, campaign.scheme_rules)
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


def _named_scheme(campaign: Campaign, path: Path) -> Scheme:
    scheme = load_parameters(path, Scheme)
    if scheme.id != campaign.scheme:
        raise CampaignError.of(
            "REGLES_AUTRE_DISPOSITIF",
            f"ces règles sont celles du dispositif {scheme.id} ; la campagne porte sur {campaign.scheme}.",
            "Accorder scheme et scheme_rules dans la campagne.",
            file=path.name,
            column="id",
            value=scheme.id,
        )
    return scheme
