"""Reopening a page's executed notebook by hand: a copy that no longer writes into the build."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import nearest

__all__ = ["executed_notebooks", "reopen_page"]

_BUILD_PARAMETER = re.compile(r"^build_directory\s*=.*$", re.MULTILINE)


def executed_notebooks(build_directory: Path) -> dict[str, Path]:
    """Return the executed notebooks of the last build, by page."""
    found = (build_directory / "run" / "executed").glob("*.ipynb")
    return {path.stem: path for path in sorted(found) if not path.stem.endswith(".draft")}


def reopen_page(page: str, build_directory: Path) -> Path:
    """Copy the executed notebook of a page, failed cells included, to the folder ``lab`` of its build.

    Parameters
    ----------
    page
        FINESS of a sheet, or name of a chapter.
    build_directory
        Folder of the build.

    Returns
    -------
    Path
        The copy. One that is already there is kept: it may hold a person's work.

    Raises
    ------
    CampaignError
        ``PAGE_INCONNUE`` when the build has no such page.
    """
    known = executed_notebooks(build_directory)
    if page not in known:
        close = nearest(page, list(known))
        raise CampaignError.of(
            "PAGE_INCONNUE",
            "la dernière construction n'a pas exécuté cette page.",
            f"Vouliez-vous dire « {close} » ?" if close else "Donner un FINESS ou le nom d'un chapitre, ou construire.",
            file=str(build_directory),
            value=page,
        )
    copy = build_directory / "lab" / f"{page}.ipynb"
    if not copy.exists():
        notebook = nbformat.read(known[page], as_version=4)
        for cell in notebook.cells:
            if "injected-parameters" in cell.metadata.get("tags", []):
                cell.source = _BUILD_PARAMETER.sub('build_directory = ""', cell.source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, copy)
    return copy
