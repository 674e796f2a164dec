"""What ``caqes check`` reads and says, and the warnings about parameters that ``caqes build`` says too."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from caqes_analysis import french
from caqes_analysis.campaign import load_campaign
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.command_line.gathered import parameter_fingerprints, received_files
from caqes_analysis.command_line.reports import print_findings, print_suggestions, print_warnings
from caqes_analysis.command_line.text import ERR, OUT, plain, typeset
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.indicators.catalogue import INDICATORS, catalogue_warnings, definitions_of
from caqes_analysis.indicators.worked_cases import check_worked_cases
from caqes_analysis.receive import prepare_simulation, receive
from caqes_analysis.schemes.target_files import read_targets
from caqes_analysis.schemes.targets import SPENDING_THRESHOLD, bears_on_envelope
from caqes_analysis.store import Store

if TYPE_CHECKING:
    from caqes_analysis.campaign import Campaign
    from caqes_analysis.indicators.definition import IndicatorDefinition

__all__ = ["check_campaign", "parameter_warnings"]

_EVOLUTION = "evolution_pct"


def check_campaign(path: Path) -> None:
    """Read the parameters and the files of a campaign, and print all that deserves to be known of them.

    Parameters
    ----------
    path
        Campaign file.

    Raises
    ------
    CaqesError
        Every problem of the parameters, or of the files received.
    """
    campaign = load_campaign(path)
    definitions, lists = definitions_of(campaign).values(), known_code_lists(campaign.code_lists_folder)
    if wrong := check_worked_cases(definitions, lists):
        raise CaqesError(wrong)
    with tempfile.TemporaryDirectory(prefix="caqes-") as folder, ERR.status("Lecture des fichiers reçus…"):
        prepare_simulation(campaign)
        findings = receive(campaign, Path(folder) / "store").to_frame()
        store = Store(Path(folder) / "store")
        files, others = received_files(campaign, store), parameter_fingerprints(campaign, store)
    print_findings(findings)
    print_warnings(parameter_warnings(campaign))
    if not campaign.is_simulated:
        print_suggestions(files, others, campaign.file.name)
    errors = int((findings["severity"] == "error").sum())
    read = french.plural(len(files), "fichier lu", "fichiers lus")
    seen = french.plural(len(findings), "constat")
    if errors:
        worst = french.plural(errors, "est une erreur à régler", "sont des erreurs à régler")
        verdict = Text(f"« {plain(campaign.id)} » peut être construite : {read}, {seen}, dont {worst}.", "yellow")
    else:
        verdict = Text(f"« {plain(campaign.id)} » est prête : {read}, aucun problème, {seen}.", "green")
    OUT.print(typeset(Text("La campagne ").append(verdict)))


def parameter_warnings(campaign: Campaign, *, on: dt.date | None = None) -> list[Problem]:
    """Return what deserves attention in the parameters of a campaign, and stops nothing.

    Parameters
    ----------
    campaign
        The campaign.
    on
        Day at which reviews are judged; today when None, as in the guide.

    Returns
    -------
    list of Problem
        Those of :func:`~caqes_analysis.indicators.catalogue.catalogue_warnings`, the region's own definitions first;
        then ``OBJECTIF_SANS_LECTEUR``, the values of targets that no indicator and no envelope reads.
    """
    definitions = sorted(definitions_of(campaign).values(), key=lambda one: (one.file.parent == INDICATORS, one.id))
    lists = known_code_lists(campaign.code_lists_folder)
    warnings = catalogue_warnings(definitions, on=on or dt.date.today(), code_lists=lists)
    named = [one.at(file=f"{INDICATORS.name}/{one.file}") for one in warnings]
    return [*named, *_targets_nobody_reads(campaign, definitions)]


def _targets_nobody_reads(campaign: Campaign, definitions: Iterable[IndicatorDefinition]) -> Iterator[Problem]:
    links = {(one.target.subject, one.target.measure) for one in definitions if one.target}
    links |= {(subject, SPENDING_THRESHOLD) for subject, _ in links}  # printed beside the rate
    own = [envelope.code for envelope in campaign.all_envelopes]
    for path in campaign.target_files:
        rows = read_targets([path])
        given = rows[rows["value"].notna()]
        for subject, measure in sorted(set(zip(given["subject"], given["measure"], strict=True))):
            is_of_envelope = measure == _EVOLUTION and (subject in own or bears_on_envelope(subject, own))
            if (subject, measure) not in links and not is_of_envelope:
                yield Problem(
                    "OBJECTIF_SANS_LECTEUR",
                    "aucun indicateur ni aucune enveloppe ne lit cet objectif : il n'est comparé à rien.",
                    "Corriger le sujet ou la mesure, ou les écrire sous « target » dans la définition de l'indicateur.",
                    f"{path.parent.name}/{path.name}",
                    value=f"{subject};{measure}",
                )
