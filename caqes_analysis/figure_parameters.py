"""The parameter files that decide the figures of a report, besides the data received: what its provenance names."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from caqes_analysis.campaign import Campaign
from caqes_analysis.code_lists import code_list_files
from caqes_analysis.code_version import HASH_LENGTH, content_hash
from caqes_analysis.evaluation.campaign import rule_files
from caqes_analysis.savings.dotation import DOTATION

__all__ = ["fingerprint", "named_parameters", "parameter_files"]

_FOLDERS = {
    "code_lists": "Listes de codes",
    "column_mappings": "Correspondances de colonnes",
    "indicators": "Définitions des indicateurs",
    "schemes": "Dispositifs",
}
_OTHERS = "Autres paramètres"


def parameter_files(campaign: Campaign) -> list[Path]:
    """Return every file that decides figures without being a delivery, those that are absent included.

    Parameters
    ----------
    campaign
        The campaign: its own file, its rules and its grid, the targets, the definitions, the code lists, the column
        mappings, the register of corrections, and what else it announces.
    """
    received = {source.path for source in campaign.sources.all()}
    own = {
        campaign.file,
        *campaign.target_files,
        *code_list_files(campaign.code_lists_folder),
        *rule_files(campaign),
        DOTATION,
        *(path for source in campaign.sources.all() for path in source.files),
        *(announced.path for announced in campaign.fingerprints),
        *(path for path in (campaign.corrections_file, campaign.map) if path),
    }
    return sorted(own - received)


def named_parameters(campaign: Campaign) -> dict[tuple[str, str], str]:
    """Return the fingerprint of each parameter file that a campaign names, and of the others by folder.

    Parameters
    ----------
    campaign
        The campaign; its own file is left out.

    Returns
    -------
    dict
        Role and files, in French → fingerprint; together they hold every file of :func:`parameter_files`.
    """
    roles: dict[Path, str] = dict.fromkeys(campaign.target_files, "Objectifs et repères")
    named = (
        ("Règles du dispositif", campaign.scheme_rules),
        ("Grille d'évaluation", campaign.evaluation_grid),
        ("Registre des corrections", campaign.corrections_file),
        ("Fond de carte", campaign.map),
    )
    roles |= {path: role for role, path in named if path is not None}
    files = [path for path in parameter_files(campaign) if path != campaign.file]
    alike: dict[tuple[str, str], list[Path]] = {}
    for path, role in roles.items():
        alike.setdefault((role, path.name), []).append(path)
    found = {}
    for (role, name), own in alike.items():  # a region may name its file as the package names its own
        found[role, name if len(own) == 1 else f"{len(own)} fichiers « {name} »"] = fingerprint(*own)
    folders: dict[str, list[Path]] = {}
    for path in files:
        if path not in roles:
            folders.setdefault(_FOLDERS.get(path.parent.name, _OTHERS), []).append(path)
    for role in sorted(folders, key=lambda one: (one == _OTHERS, one)):
        own = folders[role]
        found[role, own[0].name if len(own) == 1 else f"{len(own)} fichiers"] = fingerprint(*own)
    return found


def fingerprint(*paths: Path) -> str:
    """Return a short hash of the content of some files, the same on every machine: names count, folders above do not.

    Parameters
    ----------
    *paths
        The files; one alone has the start of its own SHA-256, « absent » when it is not there.
    """
    if len(paths) == 1:
        return content_hash(paths[0])[:HASH_LENGTH]
    told = sorted(f"{path.parent.name}/{path.name}:{content_hash(path)}" for path in paths)
    return sha256("\n".join(told).encode()).hexdigest()[:HASH_LENGTH]
