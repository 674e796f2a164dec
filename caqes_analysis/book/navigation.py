"""The order of the book: which part and group a page stands in, its neighbours, and the index page of each group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from caqes_analysis.book.model import Book, Page
from caqes_analysis.book.text import clean, shorten, slug, unbroken, without_bidi

__all__ = ["Group", "Navigation", "Place"]

# Beyond this many entries a part or a group shows its index page only, so that navigation does not grow with the book.
LISTED_MAX_NB = 40
_LABEL_WIDTH = 70


@dataclass
class Place:
    """A page in the site: its document (path without suffix), title, group and neighbours."""

    doc: str
    title: str
    group: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    index_of: Group | None = None
    previous: str | None = None
    following: str | None = None


@dataclass
class Group:
    """A part of the book, or a group of a part: its own pages, its groups and its index page where it has one."""

    label: str
    doc: str | None = None
    docs: list[str] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)

    def all_docs(self) -> Iterator[str]:
        """Yield the pages of the group and of its groups, in order."""
        yield from self.docs
        for group in self.groups.values():
            yield from group.docs


class Navigation:
    """Places of all the pages of a book, index pages included.

    Parameters
    ----------
    book
        The book.

    Examples
    --------
    >>> sheets = [Page(f"fiches/{n}", f"Établissement {n}", None, ("Fiches", "Département 991")) for n in (1, 2)]
    >>> navigation = Navigation(Book("Rapport", "", (Page("accueil", "Accueil", None), *sheets)))
    >>> list(navigation.places)
    ['index', 'fiches', 'fiches/departement-991', 'fiches/1', 'fiches/2']
    """

    def __init__(self, book: Book) -> None:
        self.docs = {page.path: "index" if number == 0 else page.path for number, page in enumerate(book.pages)}
        self.parts: dict[str, Group] = {}
        self._by_doc = {self.docs[page.path]: page for page in book.pages}
        self._taken = {doc.lower() for doc in self._by_doc} | {"recherche", "404"}
        for doc, page in self._by_doc.items():
            self._file(doc, tuple(clean(label) for label in page.group))
        for label, part in self.parts.items():
            self._index_pages(label, part)
        self.places: dict[str, Place] = {place.doc: place for place in self._in_order()}
        order = list(self.places.values())
        for before, after in pairwise(order):
            before.following, after.previous = after.doc, before.doc

    def page(self, doc: str) -> Page | None:
        """Return the page of a document; ``None`` for an index page."""
        return self._by_doc.get(doc)

    def _file(self, doc: str, labels: tuple[str, ...]) -> None:
        if not labels or doc == "index":
            return  # the home page stands before all parts
        part = self.parts.setdefault(labels[0], Group(labels[0]))
        if len(labels) == 1:
            part.docs.append(doc)
        else:
            part.groups.setdefault(labels[1], Group(labels[1])).docs.append(doc)

    def _index_pages(self, label: str, part: Group) -> None:
        # A page that bears the name of its part is the index of the part.
        own = next((doc for doc in part.docs if clean(self._by_doc[doc].title) == label), None)
        if own is not None:
            part.doc = own
            part.docs.remove(own)
            for group in part.groups.values():
                group.doc = self._free(f"{own}/{slug(group.label)}")
            return
        if not part.groups and len(part.docs) <= LISTED_MAX_NB:
            return
        part.doc = self._free(slug(label))
        for group in part.groups.values():
            group.doc = self._free(f"{part.doc}/{slug(group.label)}")

    def _free(self, wanted: str) -> str:
        name, number = wanted, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name.lower())
        return name

    def _in_order(self) -> Iterator[Place]:
        grouped = {doc for part in self.parts.values() for doc in (*part.all_docs(), part.doc)}
        yield from (self._place(doc) for doc in self._by_doc if doc not in grouped)
        for part in self.parts.values():
            if part.doc in self._by_doc:
                yield self._place(part.doc)
            elif part.doc:
                yield Place(part.doc, part.label, (), index_of=part)
            yield from (self._place(doc) for doc in part.docs)
            for group in part.groups.values():
                if group.doc:
                    yield Place(group.doc, group.label, (part.label,), index_of=group)
                yield from (self._place(doc) for doc in group.docs)

    def _place(self, doc: str) -> Place:
        page = self._by_doc[doc]
        group = () if doc == "index" else tuple(clean(label) for label in page.group)
        return Place(doc, clean(page.title), group, tuple(clean(word) for word in page.keywords))

    def table_of_contents(self) -> dict[str, Any]:
        """Return the content of ``_toc.yml``: the home page, then every other document in reading order."""
        rest = [{"file": doc} for doc in self.places if doc != "index"]
        return {"format": "jb-book", "root": "index"} | ({"chapters": rest} if rest else {})

    def describe(self) -> dict[str, Any]:
        """Return what the templates need, as plain data: the places and the tree of parts."""
        return {
            "places": {
                doc: {
                    "title": place.title,
                    "label": shorten(without_bidi(unbroken(place.title)), _LABEL_WIDTH),
                    "group": list(place.group),
                    "keywords": list(place.keywords),
                    "previous": place.previous,
                    "following": place.following,
                }
                for doc, place in self.places.items()
            },
            "links": self.docs,
            "loose": [doc for doc, place in self.places.items() if not place.group and not place.index_of],
            "parts": [
                _described(part) | {"groups": [_described(group) for group in part.groups.values()]}
                for part in self.parts.values()
            ],
        }


def _described(group: Group) -> dict[str, Any]:
    label = shorten(without_bidi(group.label), _LABEL_WIDTH)
    return {"label": label, "title": group.label, "doc": group.doc, "docs": group.docs}
