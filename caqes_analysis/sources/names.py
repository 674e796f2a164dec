"""Names of columns and words as people write them, made comparable."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["plain_name"]


@lru_cache(maxsize=1 << 16)  # the same few words come back on every line of a file
def plain_name(name: str) -> str:
    """Return a column name without accents, case or punctuation, to compare names.

    Examples
    --------
    >>> plain_name(" Quantité ")
    'quantite'
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "_".join("".join(c if c.isalnum() else " " for c in bare).split())
