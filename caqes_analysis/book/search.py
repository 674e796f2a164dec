"""The search index of the site: a script that any page can load from a file share, in folded words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from caqes_analysis.book.text import fold

__all__ = ["search_script", "words_of"]

# Words that are on every page tell nothing.
_EMPTY = frozenset(
    """
    alors au aucun aussi autre aux avec ce ces cet cette ceux ci comme comment dans de des donc dont du elle
    elles en encore est et etre eux fait font il ils je la le les leur leurs lors lui ma mais me meme mes mon ne
    ni non nos notre nous on ont or ou par pas peu plus pour qu quand que quel quelle qui sa sans se selon ses
    si son sont sous sur ta te tes ton tous tout toute toutes tres tu un une vos votre vous y
    """.split()  # noqa: SIM905 - a list of ninety literals is harder to read
)


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the words by which a page can be found, sorted, each once.

    Parameters
    ----------
    texts
        Texts of the page. Of numbers only codes of five digits and more are kept: amounts tell nothing.

    Examples
    --------
    >>> words_of(["Les dépenses du CHU (330781196) : 12,5 M€, classe A02BC"])
    ['330781196', 'a02bc', 'chu', 'classe', 'depenses']
    """
    found = set(re.findall(r"[a-z0-9]+", fold("\n".join(texts))))
    return sorted(word for word in found if _tells(word))


def _tells(word: str) -> bool:
    if word.isdigit():
        return len(word) >= 5
    return len(word) >= 2 and word not in _EMPTY


def search_script(places: Mapping[str, Mapping[str, Any]], words: Mapping[str, Iterable[str]]) -> str:
    """Return the script that gives the search page its index.

    Parameters
    ----------
    places
        Document → ``title``, ``group``, ``keywords``.
    words
        Document → words of its text.
    """
    docs = sorted(places)
    pages = [
        [doc, place["title"], " › ".join(place["group"]), list(place["keywords"])]
        for doc, place in ((doc, places[doc]) for doc in docs)
    ]
    index: dict[str, list[int]] = {}
    for number, doc in enumerate(docs):
        for word in words.get(doc, ()):
            index.setdefault(word, []).append(number)
    data = json.dumps({"pages": pages, "words": dict(sorted(index.items()))}, separators=(",", ":"))
    return f"window.CAQES_SEARCH={data};\n"
