"""The words that the guide explains: a term is linked to its entry the first time that a page uses it."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from caqes_analysis import french
from caqes_analysis.book.text import markdown_text

__all__ = ["GLOSSARY_PATH", "Linker", "Term", "glossary_markdown", "glossary_terms"]

GLOSSARY_PATH = "guide/glossaire"
"""Page of the glossary."""

_FILE = Path(__file__).with_name("glossary.csv")


@dataclass(frozen=True)
class Term:
    """An entry of the glossary.

    Parameters
    ----------
    id
        Anchor of the entry.
    label
        The term, as the entry is titled.
    forms
        How texts write it.
    definition
        French sentence that a patient can read.
    """

    id: str
    label: str
    forms: tuple[str, ...]
    definition: str

    @property
    def anchor(self) -> str:
        """Name by which a page of the book points to the entry."""
        return f"terme-{self.id}"


@cache
def glossary_terms() -> tuple[Term, ...]:
    """Return the entries, in alphabetical order of their labels.

    Examples
    --------
    >>> next(term for term in glossary_terms() if term.id == "phev").label
    'PHEV'
    """
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    terms = [
        Term(row["id"], row["label"], tuple(row["forms"].split("|")) if row["forms"] else (), row["definition"])
        for row in rows
    ]
    return tuple(sorted(terms, key=lambda term: french.alphabetical(term.label)))


@cache
def _forms() -> tuple[re.Pattern[str], dict[str, Term]]:
    known = {form: term for term in glossary_terms() for form in (term.label, *term.forms)}
    longest_first = sorted(known, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])"), known


class Linker:
    """Writes the prose of one page as Markdown, each term linked to the glossary once.

    Parameters
    ----------
    known
        Terms that are not linked: those that the page itself defines.

    Examples
    --------
    >>> write = Linker()
    >>> write("PHEV et PHEV")
    '[PHEV](#terme-phev) et PHEV'
    """

    def __init__(self, *known: str) -> None:
        self._seen = set(known)

    def __call__(self, text: str) -> str:
        """Return the text as Markdown."""
        pattern, terms = _forms()
        written, end = [], 0
        for found in pattern.finditer(text):
            term = terms[found[0]]
            if term.id in self._seen:
                continue
            self._seen.add(term.id)
            written += [_as_it_is(text[end : found.start()]), f"[{_as_it_is(found[0])}](#{term.anchor})"]
            end = found.end()
        return "".join([*written, _as_it_is(text[end:])])


def _as_it_is(text: str) -> str:
    """Return a piece of a sentence as Markdown, with the spaces at its ends."""
    inner = text.strip(" ")
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{before}{markdown_text(inner)}{after}"


def glossary_markdown() -> str:
    """Return the entries as Markdown, each with the anchor that the pages point to."""
    entries = []
    for term in glossary_terms():
        definition = Linker(term.id)(term.definition)
        entries.append(f"({term.anchor})=\n### {markdown_text(term.label)}\n\n{definition}")
    return "\n\n".join(entries)
