"""What the campaign announces of a file (its place, fingerprint, control total), against the file."""

from __future__ import annotations

from typing import Any

from caqes_analysis import french
from caqes_analysis.campaign import AnnualSource, Campaign, FileSource, MonthlySource
from caqes_analysis.campaign_sources import LppSource
from caqes_analysis.errors import SourceError
from caqes_analysis.sources.files import sha256_of

__all__ = ["check_file", "check_total"]


def check_file(source: FileSource, campaign: Campaign) -> None:
    """Refuse a file that is not there, or that is not the one announced.

    Parameters
    ----------
    source
        The file as the campaign names it.
    campaign
        The campaign, named in the remedy.

    Raises
    ------
    SourceError
        ``SOURCE_INTROUVABLE`` or ``EMPREINTE_DIFFERENTE``.
    """
    if not source.path.is_file():
        raise SourceError.of(
            "SOURCE_INTROUVABLE",
            "ce fichier, nommé par la campagne, n'existe pas.",
            f"Le déposer à cet endroit, ou corriger son chemin dans {campaign.file.name}.",
            file=str(source.path),
        )
    if source.sha256 is None:
        return
    found = sha256_of(source.path)
    if found != source.sha256:
        raise SourceError.of(
            "EMPREINTE_DIFFERENTE",
            "ce fichier n'est pas celui que la campagne annonce (son empreinte SHA-256 diffère).",
            "Reprendre le fichier d'origine, ou mettre à jour sha256 dans la campagne si le changement est voulu.",
            file=source.path.name,
            value=found,
        )


def check_total(source: MonthlySource | AnnualSource | LppSource, total: Any) -> None:
    """Refuse a file whose amounts do not add up, to the cent, to what its sender announced.

    Parameters
    ----------
    source
        The file as the campaign names it.
    total
        Exact sum of its amounts.

    Raises
    ------
    SourceError
        ``TOTAL_DE_CONTROLE``.
    """
    expected = source.control_total_eur
    if expected is not None and total != expected:
        raise SourceError.of(
            "TOTAL_DE_CONTROLE",
            f"la somme des montants est {french.euros(total, cents=True)} ; "
            f"l'expéditeur annonce {french.euros(expected, cents=True)}.",
            "Demander un nouvel envoi, ou corriger control_total_eur dans la campagne.",
            file=source.path.name,
        )
