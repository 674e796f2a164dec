"""A site is replaced whole: built beside the old one, then put in its place by a rename."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from caqes_analysis.replacing import replace_folder

__all__ = ["inventory", "is_intact", "publish"]

_LINKED = re.compile(r'(?:src|href)="(?:\.\./)*((?:_images|_downloads)/[^"?#]+)"')


def publish(pages: Path, docs: Iterable[str], assets: Path, site: Path) -> dict[str, str]:
    """Put the pages of a build in place of the site.

    Parameters
    ----------
    pages
        Folder in which Sphinx wrote.
    docs
        Documents to publish; whatever else stands there (sources, caches, old pages) is left behind.
    assets
        Folder of the static files of the theme.
    site
        Folder of the site, replaced whole.

    Returns
    -------
    dict
        Published file → SHA-256 of its content.

    Raises
    ------
    BuildError
        ``SITE_OCCUPE``: a file of the old site is open elsewhere and the folder cannot be moved.
    """
    fresh = site.with_name(f".{site.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    linked: set[str] = set()
    for doc in docs:
        content = (pages / f"{doc}.html").read_bytes()
        linked.update(_LINKED.findall(content.decode("utf-8")))
        target = fresh / f"{doc}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    shutil.copytree(assets, fresh / "_static", copy_function=shutil.copyfile)
    shutil.copyfile(pages / "_static" / "caqes-search-data.js", fresh / "_static" / "caqes-search-data.js")
    for name in sorted(linked):
        if (pages / name).is_file():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(pages / name, fresh / name)
    # Published on GitHub Pages, folders that begin with an underscore would be left out without this file.
    (fresh / ".nojekyll").touch()
    published = inventory(fresh)
    replace_folder(fresh, site, code="SITE_OCCUPE")
    return published


def inventory(site: Path) -> dict[str, str]:
    """Return every file of a site with the SHA-256 of its content."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def is_intact(site: Path, published: dict[str, str]) -> bool:
    """Tell whether a site still holds exactly what was published."""
    return site.is_dir() and inventory(site) == published
