"""Which encoding a file is in: UTF-8 or Windows-1252, and nothing in between.

French administrations send both. A guess that falls on the wrong side turns « é » into « Ã© », and a file pasted
together from two exports holds both: it is refused, with the line where the encoding changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from caqes_analysis.errors import Problem, SourceError

__all__ = ["UTF8_BOM", "Encoding", "Evidence", "decode", "evidence_in", "refuse_utf16"]

Encoding = Literal["utf-8", "cp1252"]

UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
# Bytes that begin a French accented letter, quote or sign in UTF-8, with what follows them. Read as Windows-1252 they
# give pairs (« Ã© », « Â » and a no-break space, « â€™ ») that no French text holds.
_UTF8_MARKS: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"\xc3", re.compile(rb"\xc3[\x80-\xbf]")),
    (b"\xc2", re.compile(rb"\xc2[\xa0-\xbf]")),
    (b"\xc5", re.compile(rb"\xc5[\x92\x93\xa0\xa1\xb8\xbd\xbe]")),
    (b"\xe2", re.compile(rb"\xe2(?:\x80[\x80-\xbf]|\x82\xac)")),
)
_UNDEFINED_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
# What accents become when a file is read in the wrong encoding and saved again: twice in UTF-8 (« Ã© »); from MacRoman
# or MS-DOS to Windows-1252 (« hŽpital », « ƒtablissement »). None is in the public files that the package reads.
_TWICE_UTF8 = re.compile("\u00c3[^a-zA-Z0-9 ]|\u00c5[\u2019\u201c\u201d\u0153]|\u00e2\u20ac[^a-zA-Z0-9 ]")
_OTHER_PAGE = re.compile(
    "[\u0192\u02c6\u201a\u2021][A-Za-z\u00c0-\u00ff]|[A-Za-z\u00c0-\u00ff][\u0160\u017d][a-z\u00e0-\u00ff]"
    "|[\u0160\u017d][b-df-hj-np-tv-xz]"
)
_LOST: Final = "\ufffd"
_SAVE_AGAIN = "Enregistrer le fichier de nouveau, en entier, en « CSV UTF-8 » ou en CSV Windows (ANSI)."


@dataclass(frozen=True)
class Evidence:
    """What the bytes of a file, or of a part of it, say of its encoding.

    Parameters
    ----------
    not_utf8_line
        First line that is not valid UTF-8; None when all are.
    utf8_line
        First line that holds a letter certainly written in UTF-8.
    undefined_line
        First line with a byte that neither encoding knows.
    nul_line
        First line with a NUL byte, which no text holds.
    """

    not_utf8_line: int | None = None
    utf8_line: int | None = None
    undefined_line: int | None = None
    nul_line: int | None = None

    def then(self, later: Evidence) -> Evidence:
        """Return the evidence of two parts that follow each other."""
        return Evidence(
            *(
                mine if mine is not None else other
                for mine, other in zip(vars(self).values(), vars(later).values(), strict=True)
            )
        )

    @property
    def encoding(self) -> Encoding:
        """The encoding, when :meth:`problems` is empty."""
        return "utf-8" if self.not_utf8_line is None else "cp1252"

    def problems(self) -> list[Problem]:
        """Return why the file cannot be read, if it cannot."""
        if self.nul_line is not None:
            return [
                Problem(
                    "OCTET_NUL",
                    "le fichier contient un octet nul : il est abîmé ou ce n'est pas du texte.",
                    "Redemander le fichier ou l'exporter de nouveau en CSV.",
                    line=self.nul_line,
                )
            ]
        if self.not_utf8_line is None:
            return []
        if self.utf8_line is not None:
            return [
                Problem(
                    "ENCODAGE_MIXTE",
                    f"le fichier mêle deux encodages : la ligne {self.utf8_line} est en UTF-8, "
                    f"la ligne {self.not_utf8_line} en Windows-1252.",
                    _SAVE_AGAIN,
                    line=max(self.utf8_line, self.not_utf8_line),
                )
            ]
        if self.undefined_line is not None:
            return [
                Problem(
                    "ENCODAGE_INCONNU",
                    "cette ligne contient un octet qui n'existe ni en UTF-8 ni en Windows-1252.",
                    _SAVE_AGAIN,
                    line=self.undefined_line,
                )
            ]
        return []


def evidence_in(data: bytes, first_line: int = 1) -> Evidence:
    """Return what ``data``, whose first line has the number ``first_line``, says of the encoding.

    Examples
    --------
    >>> evidence_in("Médoc".encode("cp1252")).encoding
    'cp1252'
    """

    def line_of(offset: int) -> int | None:
        return None if offset < 0 else first_line + data.count(b"\n", 0, offset)

    nul = line_of(data.find(b"\x00"))
    if data.isascii():
        return Evidence(nul_line=nul)
    wrong = _first_not_utf8(data)
    mark = line_of(_first_mark(data))
    if wrong < 0:
        return Evidence(utf8_line=mark, nul_line=nul)
    strange = [offset for byte in _UNDEFINED_CP1252 if (offset := data.find(byte)) >= 0]
    return Evidence(line_of(wrong), mark, line_of(min(strange, default=-1)), nul)


def _first_not_utf8(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as failure:
        return failure.start
    return -1


def _first_mark(data: bytes) -> int:
    # Looking for one byte is much faster than a pattern over the whole block.
    found = []
    for lead, mark in _UTF8_MARKS:
        offset = data.find(lead)
        while offset >= 0 and not mark.match(data, offset):
            offset = data.find(lead, offset + 1)
        found.append(offset)
    return min((offset for offset in found if offset >= 0), default=-1)


def refuse_utf16(head: bytes, file: str) -> None:
    """Refuse a file whose first bytes are UTF-16 (« Texte Unicode » in a spreadsheet).

    Raises
    ------
    SourceError
        ``ENCODAGE_UTF16``.
    """
    start = head[:4096]
    if start.startswith(_UTF16_BOMS) or start.count(b"\x00") > len(start) // 4:
        raise SourceError.of(
            "ENCODAGE_UTF16",
            "le fichier est en UTF-16 (« Texte Unicode »).",
            "L'enregistrer en « CSV UTF-8 » ou en CSV Windows (ANSI).",
            file=file,
            line=1,
        )


def decode(data: bytes, file: str) -> tuple[str, Encoding]:
    """Return the text of a whole small file and its encoding.

    Parameters
    ----------
    data
        Bytes of the file, with or without the UTF-8 mark at their head.
    file
        Name of the file, for messages.

    Raises
    ------
    SourceError
        ``FORMAT_NON_LU``, ``ENCODAGE_UTF16``, ``ENCODAGE_MIXTE``, ``ENCODAGE_INCONNU``, ``OCTET_NUL``,
        ``ACCENTS_PERDUS``, with the line.

    Examples
    --------
    >>> decode("Médoc".encode(), "a.csv")
    ('Médoc', 'utf-8')
    """
    refuse_utf16(data, file)
    if data.startswith(b"PK\x03\x04"):
        raise SourceError.of(
            "FORMAT_NON_LU",
            "c'est un classeur ou une archive ; un fichier de texte est attendu ici.",
            "L'enregistrer en CSV, ou en extraire le fichier.",
            file=file,
        )
    marked = data.startswith(UTF8_BOM)
    body = data[len(UTF8_BOM) :] if marked else data
    evidence = Evidence(utf8_line=1 if marked else None).then(evidence_in(body))
    if problems := evidence.problems():
        raise SourceError([problem.at(file=file) for problem in problems])
    text = body.decode(evidence.encoding)
    if not text.isascii():
        _refuse_spoilt_accents(text, evidence.encoding, file)
    return text, evidence.encoding


def _refuse_spoilt_accents(text: str, encoding: Encoding, file: str) -> None:
    """Refuse a text whose accents were spoilt before it was sent: names and labels would be printed so."""
    spoilt = _TWICE_UTF8 if encoding == "utf-8" else _OTHER_PAGE
    match = spoilt.search(text)
    place = text.find(_LOST) if match is None else match.start()
    if place < 0:
        return
    word = next(word for word in re.finditer(r"\S+", text) if word.end() > place)
    raise SourceError.of(
        "ACCENTS_PERDUS",
        "les lettres accentuées ont été abîmées par un enregistrement dans un autre encodage que celui du fichier.",
        f"Repartir du fichier d'origine. {_SAVE_AGAIN}",
        file=file,
        line=text.count("\n", 0, place) + 1,
        value=word[0][:80],
    )
