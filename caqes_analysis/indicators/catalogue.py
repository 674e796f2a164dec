"""The catalogue of indicators: every definition file of the clone and of the region, read and checked together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from caqes_analysis import french
from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.code_lists import CodeList, known_code_lists
from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.indicators.definition import REVIEW_MONTHS_NB, IndicatorDefinition, load_definition
from caqes_analysis.indicators.region_paid import with_region_paid
from caqes_analysis.parameter_files import nearest
from caqes_analysis.schemes.scheme import known_schemes

__all__ = [
    "INDICATORS",
    "catalogue_table",
    "catalogue_warnings",
    "definitions_of",
    "load_catalogue",
]

INDICATORS = REPOSITORY / "parameters" / "indicators"
"""Definitions that come with the package; a region keeps its own in ``indicators`` beside its campaign file."""


def load_catalogue(*folders: Path) -> dict[str, IndicatorDefinition]:
    """Read the definitions of the clone and of other folders; a later folder wins.

    Parameters
    ----------
    *folders
        Folders of ``.yml`` files; one that does not exist holds nothing.

    Returns
    -------
    dict
        Definition by identifier, in the order of the identifiers.

    Raises
    ------
    CampaignError
        Every problem of every file at once.
    """
    read, problems = _read_all(folders)
    if problems:
        raise CampaignError(problems)
    return read


def _read_all(folders: Iterable[Path]) -> tuple[dict[str, IndicatorDefinition], list[Problem]]:
    """Return the definitions that can be read, and every problem of those that cannot."""
    problems: list[Problem] = []
    read: dict[str, IndicatorDefinition] = {}
    for folder in dict.fromkeys(Path(place) for place in (INDICATORS, *folders)):
        for path in sorted(folder.glob("*.yml")):
            try:
                definition = load_definition(path)
            except CampaignError as failure:
                problems.extend(failure.problems)
            else:
                read[definition.id] = definition
    return {name: read[name] for name in sorted(read)}, problems


def definitions_of(campaign: Campaign) -> dict[str, IndicatorDefinition]:
    """Return the catalogue of a campaign: that of the clone, and ``indicators`` beside its file.

    An indicator that the region's rule file pays for (``regional_incentive.indicators``) belongs to the scheme of the
    campaign.

    Parameters
    ----------
    campaign
        The campaign.

    Raises
    ------
    CampaignError
        Every problem of every file at once; ``DISPOSITIF_INCONNU`` when a definition names a scheme that no file
        describes; ``EVENEMENT_INDICATEUR`` when an event of the campaign names an indicator that has no definition;
        ``REGLE_INDICATEUR``, ``REGLE_DOUBLE`` and ``REGLE_MESURE`` when the rules of its scheme name what they cannot
        read or pay for.
    """
    own = campaign.file.parent / "indicators"
    found, problems = _read_all([own])
    try:
        problems += _unknown_schemes(found.values(), campaign)
    except CampaignError as failure:  # of a file of scheme: nobody knows which schemes there are
        problems += failure.problems
    written = {*found, *(path.stem for folder in (INDICATORS, own) for path in folder.glob("*.yml"))}
    found, wrong_rules = with_region_paid(found, campaign, written)
    problems += wrong_rules
    lost = sorted({one.indicator for one in campaign.evenements if one.indicator and one.indicator not in written})
    if lost:
        problems.append(
            Problem(
                "EVENEMENT_INDICATEUR",
                f"un événement nomme un indicateur inconnu ({', '.join(lost)}).",
                f"Nommer l'un de ceux du catalogue : {', '.join(found)}.",
                file=campaign.file.name,
            )
        )
    if problems:
        raise CampaignError(problems)
    return found


def _unknown_schemes(definitions: Iterable[IndicatorDefinition], campaign: Campaign) -> list[Problem]:
    """Return the schemes that no file describes: no contract would ever hold the indicator to account."""
    schemes = sorted({*known_schemes(campaign.file.parent / "schemes"), campaign.scheme})
    problems = []
    for one in definitions:
        for name in one.schemes:
            if name not in schemes:
                close = nearest(name, schemes)
                hint = f"Vouliez-vous dire « {close} » ? " if close else ""
                problems.append(
                    Problem(
                        "DISPOSITIF_INCONNU",
                        "aucun fichier ne décrit ce dispositif : l'indicateur ne serait dans aucun contrat.",
                        f"{hint}Dispositifs connus : {', '.join(schemes)} ; un nouveau s'ajoute dans le dossier "
                        "« schemes », à côté de la campagne.",
                        one.file.name or f"{one.id}.yml",
                        column="schemes",
                        value=name,
                    )
                )
    return problems


def catalogue_table(definitions: Iterable[IndicatorDefinition], *, on: dt.date) -> pd.DataFrame:
    """Return the catalogue as a table, for the guide and for whoever looks for an indicator.

    Parameters
    ----------
    definitions
        Definitions.
    on
        Day at which reviews are judged.

    Returns
    -------
    DataFrame
        ``indicator, name, short_name, status, schemes, volet, theme, direction, period, main_measure, measures,
        code_lists, to_provide, reviewed_on, is_stale``; texts joined by commas, ordered by theme and identifier.
    """
    rows = [
        {
            "indicator": one.id,
            "name": one.name,
            "short_name": one.short_name,
            "status": one.status,
            "schemes": ", ".join(one.schemes),
            "volet": one.volet,
            "theme": one.theme,
            "direction": one.direction,
            "period": one.period,
            "main_measure": one.main_measure,
            "measures": ", ".join(measure.id for measure in one.measures),
            "code_lists": ", ".join(sorted(one.used_code_lists)),
            "to_provide": " ; ".join(one.to_provide),
            "reviewed_on": one.reviewed_on,
            "is_stale": one.is_stale(on),
        }
        for one in sorted(definitions, key=lambda one: (one.theme, one.id))
    ]
    columns = ["indicator", "name", "short_name", "status", "schemes", "volet", "theme", "direction", "period"]
    columns += ["main_measure", "measures", "code_lists", "to_provide", "reviewed_on", "is_stale"]
    return pd.DataFrame(rows, columns=columns)


def catalogue_warnings(
    definitions: Iterable[IndicatorDefinition],
    *,
    on: dt.date,
    code_lists: Mapping[str, CodeList] | None = None,
) -> list[Problem]:
    """Return what deserves a badge and a warning, and never a failure: reviews stale or
    awaited, texts not named, code lists to supply.

    Parameters
    ----------
    definitions
        Definitions.
    on
        Day at which reviews are judged.
    code_lists
        Code lists by identifier; those of the package when None.
    """
    lists = known_code_lists() if code_lists is None else code_lists
    warnings = []
    for one in definitions:
        file = one.file.name or f"{one.id}.yml"
        if one.status == "published" and one.reviewed_on is not None and one.is_stale(on):
            day = french.date(one.reviewed_on)
            warnings.append(
                Problem(
                    "REVUE_ANCIENNE",
                    f"la définition a été relue le {day}, il y a plus de {REVIEW_MONTHS_NB} mois.",
                    "La relire, puis mettre à jour « reviewed_on » et « checker ».",
                    file,
                    column="reviewed_on",
                )
            )
        elif one.status == "published" and one.review_awaited:
            warnings.append(
                Problem(
                    "RELECTURE_ATTENDUE",
                    f"la définition reste à relire par {one.review_awaited}.",
                    "La faire relire, mettre à jour « checker » et « reviewed_on », puis retirer « review_awaited ».",
                    file,
                    column="review_awaited",
                )
            )
        if one.status == "published" and not one.legal_sources:
            warnings.append(
                Problem(
                    "TEXTE_ABSENT",
                    "la définition ne nomme aucun texte officiel, et sa fiche le dit.",
                    "S'il en existe un, le nommer dans « legal_sources ».",
                    file,
                    column="legal_sources",
                )
            )
        warnings += [
            Problem(
                "LISTE_A_FOURNIR",
                "cette liste de codes n'est pas fournie : l'indicateur n'a pas de valeur.",
                "La déposer dans le dossier « code_lists », à côté de la campagne, sous le nom de la liste (.yml).",
                file,
                column="code_lists",
                value=name,
            )
            for name in sorted(one.used_code_lists - set(lists))
        ]
    return warnings
