"""What the campaign announces of a file (its place, fingerprint, control totals), against the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.campaign import Campaign, FileSource
from caqes_analysis.campaign_sources import AnnouncedFile, ExtraListSource
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.store import Store

__all__ = ["check_file", "check_totals"]


def check_file(source: AnnouncedFile, campaign: Campaign) -> None:
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
            f"ce fichier n'est pas celui que la campagne annonce : son empreinte SHA-256 n'est pas {source.sha256}.",
            "Reprendre le fichier d'origine, ou mettre à jour sha256 dans la campagne si le changement est voulu.",
            file=source.path.name,
            value=found,
        )


def check_totals(source: FileSource, store: Store) -> None:
    """Refuse a file that, once read, does not add up to what its sender announced.

    Parameters
    ----------
    source
        The file as the campaign names it.
    store
        Store that has just received it: its row of ``deliveries`` holds what was read.

    Raises
    ------
    SourceError
        ``TOTAL_DE_CONTROLE`` when a sum or the number of rows is another one; ``TOTAL_SANS_OBJET`` when the file has
        none. All of them at once.
    """
    if not source.has_control:
        return
    described = Store.read_parts(tables.DELIVERIES, [store.part_path(tables.DELIVERIES, source.delivery_name)])
    cleaned = isinstance(source, ExtraListSource)
    problems = [
        _difference(control, getattr(source, control.key), found, cleaned=cleaned)
        for control in _CONTROLS
        for found in described[control.column]
        if getattr(source, control.key) is not None and (pd.isna(found) or found != getattr(source, control.key))
    ]
    if problems:
        raise SourceError(problem.at(file=source.path.name) for problem in problems)


@dataclass(frozen=True)
class _Control:
    """A key of the campaign, the column of ``deliveries`` that it is compared with, and how both are said."""

    key: str
    column: str
    what: str
    write: Callable[[Any], str]


def _count(value: Any) -> str:
    return french.number(value, 0 if value == int(value) else 3)


_CONTROLS = (
    _Control("control_total_eur", "total_eur", "la somme des montants", partial(french.euros, cents=True)),
    _Control(
        "control_base_eur", "total_base_eur", "la somme des bases de remboursement", partial(french.euros, cents=True)
    ),
    _Control(
        "control_billed_eur", "total_billed_eur", "la somme des montants facturés", partial(french.euros, cents=True)
    ),
    _Control("control_tariff_eur", "total_tariff_eur", "la somme des tarifs", lambda value: f"{_count(value)}\xa0€"),
    _Control("control_total_nb", "total_nb", "la somme des nombres", _count),
    _Control("control_rows_nb", "lines", "le nombre de lignes du fichier", _count),
)


def _difference(control: _Control, expected: Any, found: Any, *, cleaned: bool) -> Problem:
    if pd.isna(found):
        return Problem(
            "TOTAL_SANS_OBJET",
            f"la campagne annonce {control.key}, et ce fichier ne donne pas {control.what}.",
            "Annoncer plutôt son nombre de lignes (control_rows_nb) ou son empreinte (sha256).",
        )
    is_cleaned = cleaned and control.column != "lines"
    after = " après nettoyage" if is_cleaned else ""
    steps = "Comparer les étapes de nettoyage (without), demander" if is_cleaned else "Demander"
    return Problem(
        "TOTAL_DE_CONTROLE",
        f"{control.what}{after} est {control.write(found)} ; l'expéditeur annonce {control.write(expected)}.",
        f"{steps} un nouvel envoi, ou corriger {control.key} dans la campagne.",
    )
