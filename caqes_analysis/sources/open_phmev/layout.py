"""The layout of the Open PHMEV complete base: its columns, what each may hold, and what establishments become.

Source: « Descriptif Open PHMEV » of the Assurance Maladie, and the files of 2024 themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from caqes_analysis.errors import Problem
from caqes_analysis.tables import FINESS_PATTERN

__all__ = [
    "AMOUNTS",
    "COLUMNS",
    "DELIMITER",
    "MASKED_CIP13",
    "NATURAL_KEY",
    "PARTS",
    "SourceColumn",
    "category_of",
    "department_of",
    "header_problems",
    "legal_status_of",
    "part_of",
    "region_of",
    "unknown_columns",
]

DELIMITER = ";"
MASKED_CIP13 = "9999999999999"
# Rules are matched against the received bytes: codes are ASCII whatever the encoding.
_ATC_HONORAIRE_OR_MASKED = rb"0{%d}|9{%d}"


@dataclass(frozen=True)
class SourceColumn:
    """One column of the file.

    Parameters
    ----------
    name
        Name in lower case (case drifts from year to year).
    target
        Column of ``annual_drug_spend`` that it fills; None when it only describes the establishment or is a check.
    pattern
        What a value must match, as received; None for free text.
    expected
        French words for ``pattern``.
    optional
        True when some years do not have it.
    """

    name: str
    target: str | None = None
    pattern: re.Pattern[bytes] | None = None
    expected: str = ""
    optional: bool = False


def _code(name: str, target: str | None, pattern: bytes, expected: str, *, optional: bool = False) -> SourceColumn:
    return SourceColumn(name, target, re.compile(rb"(?:%s)\Z" % pattern), expected, optional)


def _atc(level: int, length: int, pattern: bytes) -> SourceColumn:
    masked = _ATC_HONORAIRE_OR_MASKED % (length, length)
    words = f"un code ATC de niveau {level} ({length} caractères), des 0 (honoraires) ou des 9 (masqué)"
    return _code(f"atc{level}", f"atc{level}", b"%s|%s" % (pattern, masked), words)


COLUMNS: tuple[SourceColumn, ...] = (
    _atc(1, 1, rb"[A-Z]"),
    SourceColumn("l_atc1", "atc1_label"),
    _atc(2, 3, rb"[A-Z]\d\d"),
    SourceColumn("l_atc2", "atc2_label"),
    _atc(3, 4, rb"[A-Z]\d\d[A-Z]"),
    SourceColumn("l_atc3", "atc3_label"),
    _atc(4, 5, rb"[A-Z]\d\d[A-Z]{2}"),
    SourceColumn("l_atc4", "atc4_label"),
    # Products that have no level 5 repeat their level 4: 5 characters.
    _atc(5, 7, rb"[A-Z]\d\d[A-Z]{2}(?:\d\d)?"),
    SourceColumn("l_atc5", "atc5_label"),
    _code("cip13", "cip13", rb"\d{13}|0", "un code CIP de 13 chiffres, ou 0 (honoraires)"),
    SourceColumn("l_cip13", "product_label"),
    _code("top_gen", "generic_status", rb"[0-9A-Z]", "un caractère : 0, 1, 4, 9, B ou C"),
    _code("gen_num", None, rb"\d{0,5}", "un numéro de groupe, ou rien"),
    _code("age", "age_class", rb"0|20|60|99", "0, 20, 60 ou 99"),
    _code("sexe", "sex", rb"[129]", "1, 2 ou 9"),
    _code("etb_rgt", "finess", FINESS_PATTERN.strip("^$").encode(), "un FINESS de 9 caractères"),
    SourceColumn("categorie_jur"),
    SourceColumn("categorie_jur_rgt", optional=True),
    _code("code_postal", None, rb"\d{4,5}|", "un code postal de 5 chiffres"),
    SourceColumn("nom_etb"),
    SourceColumn("nom_ville"),
    _code("region_etb", None, rb"\d{1,2}", "un code de région"),
    _code("top_etb_age", None, rb"[01]?", "0 ou 1", optional=True),
    _code("top_etb_sexe", None, rb"[01]?", "0 ou 1", optional=True),
    SourceColumn("raison_sociale_etb"),
    SourceColumn("boites", "boxes_nb"),
    SourceColumn("rem", "reimbursed_eur"),
    SourceColumn("bse", "base_eur"),
)
# Present in the file and of no use here.
_UNUSED = ("nom_voie", "numero_voie")
AMOUNTS = ("boites", "rem", "bse")
# A line says who was given what where, then its numbers.
PARTS = ("product", "person", "establishment")
_PERSON = ("age", "sexe")
_PRODUCT = frozenset(
    ("cip13", "l_cip13", "top_gen", "gen_num", *(f"{mark}atc{level}" for mark in ("", "l_") for level in range(1, 6)))
)
# What should make a row unique, and does not (masked lines).
NATURAL_KEY = ("etb_rgt", "cip13", "atc5", "age", "sexe", "top_gen")
KNOWN_GENERIC_STATUSES = frozenset("0149BC")

# `categorie_jur_rgt` (grouped legal category); « 3+ » are the three largest university hospitals (AP-HP, HCL, AP-HM).
_CATEGORIES = {
    "3+": "CHU",
    "CHU": "CHU",
    "CHR": "CHU",
    "CH": "CH",
    "HL": "HL",
    "CLCC": "CLCC",
    "ESPIC": "ESPIC",
    "PSY": "PSY",
    "AUTRES": "AUTRES",
}
# `categorie_jur`, for the years without the grouped one.
_OLD_CATEGORIES = {
    "3+": "CHU",
    "chr": "CHU",
    "ch": "CH",
    "hl": "HL",
    "can": "CLCC",
    "psy": "PSY",
    "ssr": "AUTRES",
    "had": "AUTRES",
    "esld": "AUTRES",
    "aut": "AUTRES",
}
# Cancer centres are ESPIC by law (L.6162-1 CSP); PSY and AUTRES hold all three statuses, and so does the old « ch »
# (7 % of its rows of 2024 are ESPIC or AUTRES in the grouped category).
_LEGAL_STATUSES = {"CHU": "public", "CH": "public", "HL": "public", "CLCC": "espic", "ESPIC": "espic"}


def category_of(grouped: str | None, old: str) -> str | None:
    """Return the category of an establishment.

    Parameters
    ----------
    grouped
        ``categorie_jur_rgt``; None when the file does not have it.
    old
        ``categorie_jur``.

    Examples
    --------
    >>> category_of("3+", "3+"), category_of(None, "can")
    ('CHU', 'CLCC')
    """
    if grouped:
        return _CATEGORIES.get(grouped.upper(), grouped.upper())
    return _OLD_CATEGORIES.get(old.lower(), old.upper() or None)


def legal_status_of(grouped: str | None, old: str) -> str | None:
    """Return ``public`` or ``espic`` where the category implies it, None elsewhere.

    Examples
    --------
    >>> legal_status_of("CHU", "chr"), legal_status_of("PSY", "psy"), legal_status_of(None, "ch")
    ('public', None, None)
    """
    if not grouped and old.lower() == "ch":
        return None
    return _LEGAL_STATUSES.get(category_of(grouped, old) or "")


def department_of(postal_code: str) -> str | None:
    """Return the department of a postal code of 5 digits; None when it is empty.

    Corsica: 20000 to 20199 is Corse-du-Sud (2A), from 20200 on Haute-Corse (2B). Overseas: three digits, and so do the
    invented departments of a simulated region (96x and 99x, which France does not use).

    Examples
    --------
    >>> [department_of(code) for code in ("33076", "01117", "20176", "20604", "97261")]
    ['33', '01', '2A', '2B', '972']
    """
    if not postal_code:
        return None
    if postal_code.startswith("20"):
        return "2A" if postal_code < "20200" else "2B"
    return postal_code[:3] if postal_code.startswith(("96", "97", "98", "99")) else postal_code[:2]


def region_of(code: str) -> str:
    """Return a region code of two digits (Open PHMEV writes 1 for Guadeloupe, whose code is 01).

    Examples
    --------
    >>> region_of("1"), region_of("75")
    ('01', '75')
    """
    return code.zfill(2)


def part_of(name: str) -> str | None:
    """Return the part of a line to which a column belongs; None for numbers and for columns that nobody expects.

    Examples
    --------
    >>> part_of("l_atc5"), part_of("sexe"), part_of("nom_voie"), part_of("bse")
    ('product', 'person', 'establishment', None)
    """
    if name in AMOUNTS or name not in {column.name for column in COLUMNS}.union(_UNUSED):
        return None
    if name in _PRODUCT:
        return "product"
    return "person" if name in _PERSON else "establishment"


def header_problems(received: list[str]) -> list[Problem]:
    """Return why the first line of a file is not the header of an Open PHMEV base, if it is not.

    Parameters
    ----------
    received
        Names in the file, in order.
    """
    names = [name.strip().lower() for name in received]
    if len(names) <= 1:
        return [_separator_problem(received)]
    problems = [
        Problem(
            "COLONNE_EN_DOUBLE",
            "cette colonne figure deux fois.",
            "N'en garder qu'une.",
            line=1,
            column=name or "(sans nom)",
        )
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    known = [column.name for column in COLUMNS]
    for column in COLUMNS:
        if column.optional or column.name in names:
            continue
        near = get_close_matches(column.name, [name for name in names if name not in known], n=1, cutoff=0.7)
        hint = f" La colonne « {near[0]} » est peut-être celle-ci." if near else ""
        problems.append(
            Problem(
                "COLONNE_ABSENTE",
                "la base complète Open PHMEV doit avoir cette colonne.",
                f"Donner la base complète, telle que téléchargée.{hint}",
                line=1,
                column=column.name.upper() if column.name in AMOUNTS else column.name,
            )
        )
    return problems


def _separator_problem(received: list[str]) -> Problem:
    line = received[0] if received else ""
    found = next((mark for mark in (",", "\t", "|") if line.count(mark) > 1), None)
    name = {",": "la virgule", "\t": "la tabulation", "|": "la barre verticale"}.get(found or "", "inconnu")
    return Problem(
        "SEPARATEUR",
        f"le séparateur attendu est le point-virgule ; celui du fichier semble être : {name}.",
        "Exporter de nouveau avec le point-virgule, ou donner le fichier tel que téléchargé.",
        line=1,
        value=line,
    )


def unknown_columns(received: list[str]) -> list[str]:
    """Return the columns of the file that nobody expects (they are ignored and reported)."""
    known = {column.name for column in COLUMNS} | set(_UNUSED)
    return [name for name in received if name.strip().lower() not in known]
