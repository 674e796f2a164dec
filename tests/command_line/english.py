"""The English that could reach a user: every word that the libraries of the command line are written with."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import typer

_WORD = re.compile(r"[a-zà-öø-ÿœ]+")
# Words that French has too, with the names that the user meets in both languages.
COMMON = frozenset(
    """
    argument arguments build caqes cause check code codes construction en environ export formats indentation information
    invisible la le long maximum min minimum option options page pages parameters point public simulate total usage
    version
    """.split()  # noqa: SIM905 - a list would fill a page
)

PYDANTIC = (
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be greater than or equal to less than valid string number boolean",
    "Value error, field required, extra inputs are not permitted",
)


@cache
def library_words() -> frozenset[str]:
    """Return the words of every text and docstring of typer."""
    texts = list(PYDANTIC)
    for path in sorted(Path(typer.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts += [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return frozenset(word for text in texts for word in _WORD.findall(text.lower()) if len(word) > 1)


def english_words(shown: str) -> set[str]:
    """Return the words of a text that belong to the libraries and not to French.

    Options and quoted values are what the user typed, not what he reads.
    """
    read = re.sub(r"«.*?»|--[a-z-]+|\S*/\S*|\[[A-Z_]+\]", " ", shown, flags=re.DOTALL)
    return set(_WORD.findall(read.lower())) & (library_words() - COMMON)
