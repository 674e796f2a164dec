"""What a store depends on: the content of every input, and the code."""

from __future__ import annotations

from pathlib import Path

from caqes_analysis.campaign import Campaign
from caqes_analysis.code_lists import code_list_files
from caqes_analysis.code_version import package_hash
from caqes_analysis.evaluation.campaign import rule_files
from caqes_analysis.savings.dotation import DOTATION
from caqes_analysis.sources.files import sha256_of

__all__ = ["input_files", "signature"]

_ABSENT = "absent"


def signature(campaign: Campaign) -> dict[str, str]:
    """Return what a store depends on: content of each input, of the campaign and of the targets, and the code.

    Returns
    -------
    dict
        SHA-256 by file (« absent » for a file that is not there), with the hash of the package's code.
    """
    return {"code": package_hash()} | {str(path): _content(path) for path in input_files(campaign)}


def input_files(campaign: Campaign) -> list[Path]:
    """Return the files that a store depends on, those that are absent included."""
    files = {
        campaign.file,
        *campaign.target_files,
        *(path for source in campaign.sources.all() for path in source.files),
        *code_list_files(campaign.code_lists_folder),
        *rule_files(campaign),
        DOTATION,
        *([campaign.corrections_file] if campaign.corrections_file else []),
        *([campaign.map] if campaign.map else []),
    }
    return sorted(files)


def _content(path: Path) -> str:
    return sha256_of(path) if path.is_file() else _ABSENT
