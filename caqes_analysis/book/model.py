"""What a book is made of: pages that come from executed notebooks, their place in the navigation, their provenance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from caqes_analysis.book.text import clean
from caqes_analysis.errors import BuildError, Problem

__all__ = ["Book", "Page"]

_PATH = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*", re.IGNORECASE)
# Names that the site uses itself.
_RESERVED = {"recherche", "404"}


@dataclass(frozen=True)
class Page:
    """One page of the book.

    Parameters
    ----------
    path
        Place in the site without suffix (``etablissements/990000001``): letters without accents, digits, ``- _ . /``.
    title
        Title, any text: it is shown as it stands, whatever markup it looks like.
    notebook
        Executed notebook. ``None``: the page says that it could not be produced, and why (``failure``).
    group
        Place in the navigation: nothing, a part, or a part and a group of that part.
    keywords
        What the search finds besides the title and the text: FINESS, name, town.
    provenance
        What the foot of the page prints: label → value.
    failure
        Why the page could not be produced, in French.

    Examples
    --------
    >>> Page("synthese", "Synthèse régionale", Path("synthese.ipynb"), ("Région",)).path
    'synthese'
    """

    path: str
    title: str
    notebook: Path | None
    group: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class Book:
    """A whole book; its first page is the home page, published as ``index.html``.

    Parameters
    ----------
    title, subtitle
        Name of the report, and its region, year or campaign.
    pages
        Pages in reading order; the first one is the home page.
    simulated
        Whether a banner says « Données simulées » on every page.
    footer
        Sentences at the very foot of every page (publisher, licence).
    noun
        What its own pages call it, in French; a guide names no establishment to search for.
    provenance_page
        Page to which the provenance of every other page leads: what they have in common is written once.

    Raises
    ------
    BuildError
        All that is wrong with the paths, titles and groups of the pages, at once.
    """

    title: str
    subtitle: str
    pages: tuple[Page, ...]
    simulated: bool = False
    footer: tuple[str, ...] = ()
    provenance_page: str | None = None
    noun: Literal["rapport", "guide"] = "rapport"

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise BuildError(problems)


def _problems(book: Book) -> Iterator[Problem]:
    if not book.pages:
        yield Problem("LIVRE_VIDE", "Le livre n'a aucune page.", "Donner au moins la page d'accueil.")
    if not clean(book.title):
        yield Problem("LIVRE_SANS_TITRE", "Le livre n'a pas de titre.", "Donner un titre au livre.")
    seen: dict[str, str] = {}
    for number, page in enumerate(book.pages):
        place: dict[str, Any] = {"file": page.path}
        parts = page.path.split("/")
        if not _PATH.fullmatch(page.path) or ".." in page.path:
            yield Problem(
                "PAGE_CHEMIN",
                "Ce chemin de page n'est pas utilisable.",
                "N'employer que lettres sans accent, chiffres, « - », « _ », « . » et « / ».",
                **place,
            )
        elif page.path.lower() in _RESERVED or (page.path.lower() == "index" and number):
            yield Problem("PAGE_CHEMIN_RESERVE", "Ce chemin est réservé au site.", "Choisir un autre chemin.", **place)
        if page.path.lower() in seen:
            # File shares do not tell capitals from small letters.
            yield Problem(
                "PAGE_EN_DOUBLE", "Deux pages portent ce chemin.", "Donner à chaque page son propre chemin.", **place
            )
        seen[page.path.lower()] = parts[-1]
        if not clean(page.title):
            yield Problem("PAGE_SANS_TITRE", "Cette page n'a pas de titre.", "Donner un titre à la page.", **place)
        if len(page.group) > 2 or not all(clean(label) for label in page.group):
            yield Problem(
                "PAGE_GROUPE",
                "Le groupe d'une page compte au plus deux niveaux, nommés.",
                "Donner une partie, ou une partie et un groupe.",
                value=" / ".join(page.group),
                **place,
            )
