"""How what the data name is written: patterns that parameters, tables and messages share, drugs in 7 and 13 digits."""

from __future__ import annotations

from typing import Final

__all__ = ["CIP13_HEAD", "FINESS_PATTERN", "UCD13_HEAD", "has_right_key", "long_code", "short_code"]

FINESS_PATTERN = r"^[0-9][0-9AB][0-9]{7}$"
"""FINESS of an establishment: nine characters, the department first (2A and 2B in Corsica)."""
UCD13_HEAD: Final = "34008"
"""Beginning of a UCD13; its 7 digits and a key follow (all the 5,273 legible ones of the history of the ATIH)."""
CIP13_HEAD: Final = "34009"
"""Beginning of a CIP13, likewise (all the 20,903 presentations of the public drug database)."""


def long_code(head: str, seven: str) -> str:
    """Return the 13 digits of a drug code of 7.

    Parameters
    ----------
    head
        :data:`UCD13_HEAD` or :data:`CIP13_HEAD`.
    seven
        Its seven digits.

    Examples
    --------
    >>> long_code(UCD13_HEAD, "9000294")
    '3400890002943'
    """
    twelve = head + seven
    return twelve + _key(twelve)


def short_code(head: str, text: str) -> str | None:
    """Return the 7 digits of a drug code of 13; None when it does not begin so, or its key is wrong.

    Parameters
    ----------
    head
        :data:`UCD13_HEAD` or :data:`CIP13_HEAD`.
    text
        A code, without spaces.

    Examples
    --------
    >>> short_code(UCD13_HEAD, "3400890002943"), short_code(UCD13_HEAD, "3400890002944")
    ('9000294', None)
    """
    return text[len(head) : -1] if text.startswith(head) and has_right_key(text) else None


def has_right_key(text: str) -> bool:
    """Say whether 13 digits end with the key of the twelve others, as in a bar code."""
    return len(text) == 13 and text.isascii() and text.isdigit() and text[12] == _key(text[:12])


def _key(twelve: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return str((10 - total % 10) % 10)
