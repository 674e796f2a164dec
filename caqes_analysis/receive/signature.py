"""What a store depends on: the content of every input, the code, and the environment that runs it."""

from __future__ import annotations

import json
from pathlib import Path

from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import content_hash, environment_hash, package_hash
from caqes_analysis.figure_parameters import parameter_files

__all__ = ["SIGNATURE", "input_files", "kept_signature", "received_files", "signature"]

SIGNATURE = "signature.json"
"""Name of the file of a store that holds its signature."""


def signature(campaign: Campaign) -> dict[str, str]:
    """Return what a store depends on: content of each input, of the campaign and of the targets, code, environment.

    Returns
    -------
    dict
        SHA-256 by file (« absent » for a file that is not there), with the hashes ``code`` and ``environment``.
    """
    own = {"code": package_hash(), "environment": environment_hash()}
    return own | {str(path): content_hash(path) for path in input_files(campaign)}


def kept_signature(store: Path) -> dict[str, str]:
    """Return the signature of the store that stands in a folder; empty when there is none that is whole.

    Parameters
    ----------
    store
        Folder of the store.
    """
    try:
        kept: dict[str, str] = json.loads((store / SIGNATURE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept


def input_files(campaign: Campaign) -> list[Path]:
    """Return the files that a store depends on, those that are absent included."""
    return sorted({*parameter_files(campaign), *received_files(campaign)})


def received_files(campaign: Campaign) -> list[Path]:
    """Return the files that hold data, among those that a store depends on: the others are parameters."""
    own = [path for path in (campaign.corrections_file, campaign.map) if path]
    return sorted({*(source.path for source in campaign.sources.all()), *own})
