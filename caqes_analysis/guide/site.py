"""The guide alone, as a site: it needs the parameters of a campaign, and none of its data."""

from __future__ import annotations

import shutil
from pathlib import Path

import caqes_analysis
from caqes_analysis import french
from caqes_analysis.book import Book, compile_book, read_problems
from caqes_analysis.campaign import load_campaign
from caqes_analysis.code_version import hash_of_files, package_hash
from caqes_analysis.errors import Problem
from caqes_analysis.guide.pages import book_pages
from caqes_analysis.guide.sources import GUIDE_TITLE, GuideSources
from caqes_analysis.indicators.catalogue import INDICATORS

__all__ = ["build_guide", "guide_provenance"]


def build_guide(campaign_file: Path | str, *, output: Path | None = None) -> tuple[Path, tuple[Problem, ...]]:
    """Build the guide of a campaign alone.

    Parameters
    ----------
    campaign_file
        The campaign.
    output
        Folder of what is made; by default the campaign's (``reports/<campaign>``). The site is its folder ``guide``.

    Returns
    -------
    Path, tuple of Problem
        First page of the guide, and what the check of its pages found.

    Raises
    ------
    CaqesError
        When a parameter file is wrong, with all its problems.
    """
    campaign = load_campaign(campaign_file)
    sources = GuideSources.read(campaign)
    directory = output.resolve() if output else campaign.build_directory
    work = directory / "work-guide"
    notebooks = work / "notebooks"
    shutil.rmtree(notebooks, ignore_errors=True)
    book = Book(
        title=GUIDE_TITLE,
        subtitle=f"CAQES, {campaign.region.name}, {campaign.year}",
        pages=book_pages(sources, notebooks, provenance=guide_provenance(sources), is_part=False),
        footer=("Guide produit par caqes_analysis.",),
        noun="guide",
    )
    index = compile_book(book, work=work, site=directory / "guide")
    return index, read_problems(work)


def guide_provenance(sources: GuideSources) -> dict[str, str]:
    """Return what the foot of every page of the guide says.

    Parameters
    ----------
    sources
        What the guide is written from.
    """
    definitions = french.plural(len(sources.definitions), "définition")
    own = sources.campaign.file.parent / "indicators"
    hashes = [hash_of_files(folder, ("*.yml",)) for folder in dict.fromkeys([INDICATORS, own]) if folder.is_dir()]
    return {
        "Campagne": sources.campaign.id,
        "Définitions": f"{definitions} ({', '.join(hashes)})",
        "Code": f"caqes_analysis {caqes_analysis.__version__} ({package_hash()})",
    }
