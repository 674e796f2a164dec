"""Has anything changed since the last build? Answered with the standard library alone, in well under a second.

At its end, a build that succeeded writes what it depended on, as it was when it began: every input by its content,
every folder of parameters, code, notebooks and comments by what stood in it, the environment; then the site. When all
is as it was, the next build has nothing to read, run or compile, and loads neither the scientific stack nor Sphinx.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from caqes_analysis.campaign import REPOSITORY, Campaign
from caqes_analysis.code_version import CODE_FILES, content_hash, environment_hash
from caqes_analysis.replacing import write_whole

__all__ = ["begin_build", "forget_build", "record_build", "unchanged_site"]

_RECORD = "built.json"
_PACKAGE = Path(__file__).parent


def unchanged_site(
    campaign: Campaign, directory: Path, *, only: Sequence[str] = (), compare_with: Path | None = None
) -> Path | None:
    """Return the first page of the site, when the last build succeeded and all it depended on is as it was.

    Parameters
    ----------
    campaign
        The campaign.
    directory
        Folder of the build.
    only
        Sheets asked for.
    compare_with
        Earlier run that the report is compared with.

    Returns
    -------
    Path or None
        None when something changed, or when nothing is known of the last build.

    Notes
    -----
    Inputs are compared by content. The other files are compared by size and time, and by content where these differ.
    """
    try:
        record = json.loads((directory / _RECORD).read_text(encoding="utf-8"))
        if record["asked"] != _asked(campaign, only, compare_with) or record["environment"] != environment_hash():
            return None
        same = _same_watched(record["watched"], _watched(campaign)) and _same_site(record["site"], directory / "site")
        if not same or any(content_hash(Path(path)) != known for path, known in record["inputs"].items()):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return directory / "site" / "index.html"


def begin_build(campaign: Campaign, *, only: Sequence[str] = (), compare_with: Path | None = None) -> dict[str, Any]:
    """Return what a build that begins depends on beside its inputs, for :func:`record_build`.

    Parameters
    ----------
    campaign
        The campaign.
    only
        Sheets asked for.
    compare_with
        Earlier run that the report is compared with.

    Returns
    -------
    dict
        What JSON can hold. A file that changes while the build lasts is then seen by the next one.
    """
    return {
        "asked": _asked(campaign, only, compare_with),
        "environment": environment_hash(),
        "watched": {str(path): [*_stamp(path), content_hash(path)] for path in _watched(campaign)},
    }


def record_build(directory: Path, begun: Mapping[str, Any], *, inputs: Mapping[str, str]) -> None:
    """Write what a build that has just succeeded depended on.

    Parameters
    ----------
    directory
        Folder of the build; its site is in place.
    begun
        As :func:`begin_build` returned it.
    inputs
        Files whose content the build read, those that were absent included: path → hash of what was read, as
        :func:`~caqes_analysis.code_version.content_hash` gives it.
    """
    site = {path: _stamp(directory / "site" / path) for path in _site_files(directory / "site")}
    content = json.dumps({**begun, "inputs": dict(inputs), "site": site}, indent=0)
    write_whole(directory / _RECORD, content.encode("utf-8"))


def forget_build(directory: Path) -> None:
    """Forget the last build: a new one begins, or it failed."""
    (directory / _RECORD).unlink(missing_ok=True)


def _asked(campaign: Campaign, only: Sequence[str], compare_with: Path | None) -> dict[str, Any]:
    compared = str(compare_with.resolve()) if compare_with else None
    # What a register holds is an input; which one is read changes when one comes beside the campaign, or goes.
    register = str(campaign.corrections_file) if campaign.corrections_file else None
    return {
        "campaign": str(campaign.file),
        "corrections": register,
        "only": sorted(only),
        "compare_with": compared,
    }


def _watched(campaign: Campaign) -> list[Path]:
    """Return every file of the folders where a file that comes, changes or goes may change the report."""
    found = {path for folder in campaign.parameter_folders for path in folder.rglob("*") if path.is_file()}
    found |= {path for pattern in CODE_FILES for path in _PACKAGE.rglob(pattern)}
    found |= set((REPOSITORY / "notebooks").glob("*.ipynb"))
    found |= set(campaign.comments_folder.glob("*.md"))
    return sorted(found)


def _same_watched(before: dict[str, list[Any]], now: Sequence[Path]) -> bool:
    return before.keys() == {str(path) for path in now} and all(
        before[str(path)][:2] == _stamp(path) or before[str(path)][2] == content_hash(path) for path in now
    )


def _same_site(before: dict[str, list[int]], site: Path) -> bool:
    names = _site_files(site)
    return sorted(before) == names and all(before[name] == _stamp(site / name) for name in names)


def _site_files(site: Path) -> list[str]:
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
