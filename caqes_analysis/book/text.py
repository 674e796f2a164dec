"""Plain text made safe for the places where the book writes it: Markdown headings, file names, the search index."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean", "fold", "markdown_text", "shorten", "slug", "unbroken", "without_bidi"]

# Marks that reorder the text which follows them: harmless inside a block of its own, not in a window title.
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})


def clean(text: str) -> str:
    """Return the text on one line, without control characters; what UTF-8 cannot hold becomes U+FFFD.

    Examples
    --------
    >>> clean("CH de\\n Sainte-Foy\\x00")
    'CH de Sainte-Foy'
    """
    # No-break spaces are typography and stay; str.split() would take them away.
    shown = "".join("\ufffd" if 0xD800 <= ord(character) <= 0xDFFF else character for character in text)
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", shown)
    return re.sub(r" {2,}", " ", shown).strip(" ")


def without_bidi(text: str) -> str:
    """Return the text without the marks that change the direction of writing."""
    return text.translate(_BIDI)


def shorten(text: str, width: int) -> str:
    """Return the text, cut at a word and ended with « … » where it is longer than ``width``.

    Examples
    --------
    >>> shorten("Centre hospitalier de Sainte-Foy", 20)
    'Centre hospitalier…'
    """
    if len(text) <= width:
        return text
    cut = text[: width - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[width // 2 :] else cut).rstrip(" ,–-") + "…"


def markdown_text(text: str) -> str:
    """Return Markdown that shows the text as it is: whatever is not a letter or a digit becomes a character reference.

    A character reference is text for every Markdown extension, so that no ``$``, ``{{ }}``, ``<`` or directive is read
    as markup.

    Examples
    --------
    >>> markdown_text("CH {{ x }} $1$")
    'CH &#123;&#123; x &#125;&#125; &#36;1&#36;'
    """
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};" for character in clean(text)
    )


def unbroken(text: str) -> str:
    """Return the text with the no-break spaces that French puts before high punctuation and inside quotation marks.

    Examples
    --------
    >>> unbroken("Réserve : « oui » ; 4 %").replace("\u00a0", "~")
    'Réserve~: «~oui~»~; 4~%'
    """
    if " " not in text and "–" not in text:
        return text
    spaced = re.sub(r" (?=[:;?!»%€](?:\W|$))|(?<=«) ", "\u00a0", text)
    return spaced.replace("–\u00a0", "–\u2060\u00a0")  # after a dash, a line may break before a no-break space


def fold(text: str) -> str:
    """Return the text in lower case, without accents or ligatures: the form in which the search compares.

    ``static/caqes-search.js`` holds the same rule; a browser test compares them.

    Examples
    --------
    >>> fold("Dépenses, CŒUR")
    'depenses, coeur'
    """
    decomposed = unicodedata.normalize("NFKD", text)
    return re.sub(r"[\u0300-\u036f]", "", decomposed).lower().translate(_LIGATURES)


def slug(text: str, width: int = 48) -> str:
    """Return a file name made of the text: small letters, digits and hyphens.

    Examples
    --------
    >>> slug("Département 991 – Haute-Lande")
    'departement-991-haute-lande'
    """
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")[:width].strip("-") or "page"
