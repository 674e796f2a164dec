"""Read one cell of a reference file: a code, a price written with a point, an optional text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from caqes_analysis.identifiers import CIP13_HEAD, UCD13_HEAD, long_code, short_code
from caqes_analysis.sources.cells import CellError, parse_date, parse_text
from caqes_analysis.sources.findings import Finding
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.problems import ProblemLog, shown

__all__ = ["digits", "optional_text", "parse_atc", "parse_bdpm_price", "parse_tariff", "readable_dates"]

_DATE_SHAPE = re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}")

_ATC = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")
_TARIFF = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,3})?")
# The public drug database writes 1,234,56: the last comma is the decimal one.
_BDPM_PRICE = re.compile(r"[0-9]{1,3}(?:,?[0-9]{3})*,[0-9]{2}")


def optional_text(cell: Any) -> str | None:
    """Return the text of a cell on one line, without double spaces; None when it is empty.

    Examples
    --------
    >>> optional_text(" BIOGARAN "), optional_text("")
    ('BIOGARAN', None)
    """
    return " ".join(parse_text(cell).split()) or None


def digits(length: int, name: str) -> Callable[[Any], str | None]:
    """Return the reader of a code of that many digits; spaces inside it do not count, an empty cell gives None.

    Parameters
    ----------
    length
        Number of digits.
    name
        Name of the code, for messages.

    Examples
    --------
    >>> digits(13, "UCD13")("34008 9000294 3")
    '3400890002943'
    """

    def parse(cell: Any) -> str | None:
        text = "".join(parse_text(cell).split())
        if not text:
            return None
        if not (len(text) == length and text.isascii() and text.isdigit()):
            raise CellError("CODE_INVALIDE", f"un code {name} a {length} chiffres.", _remedy(name, text))
        return text

    return parse


def _remedy(name: str, text: str) -> str:
    """Say how to write a drug code that has the other number of digits."""
    head = {"UCD13": UCD13_HEAD, "CIP13": CIP13_HEAD}.get(name)
    if head and len(text) == 7 and text.isascii() and text.isdigit():
        return f"C'est un code à 7 chiffres : écrire {long_code(head, text)} ({head}, les 7 chiffres, la clé)."
    if name == "UCD" and (short := short_code(UCD13_HEAD, text)) is not None:
        return f"C'est un code à 13 chiffres : écrire ses 7 chiffres, {short}, ou vérifier l'ordre des colonnes."
    return "Mettre la colonne au format texte, ou redonner le fichier tel que reçu."


def parse_atc(cell: Any) -> str | None:
    """Return an ATC code of any level, in capitals; None when empty.

    Raises
    ------
    CellError
        ``ATC_INVALIDE``.

    Examples
    --------
    >>> parse_atc("l04ab02 "), parse_atc("")
    ('L04AB02', None)
    """
    text = parse_text(cell).upper()
    if text and not _ATC.fullmatch(text):
        raise CellError(
            "ATC_INVALIDE",
            "ce n'est pas un code ATC.",
            "Redonner le fichier tel qu'il a été téléchargé, ou le corriger.",
        )
    return text or None


def parse_tariff(cell: Any) -> Decimal | None:
    """Return a tariff in euros with at most three decimals, written with a point or a comma; None when empty.

    Raises
    ------
    CellError
        ``TARIF_ILLISIBLE``.

    Examples
    --------
    >>> parse_tariff("203.37"), parse_tariff("434,403"), parse_tariff("")
    (Decimal('203.37'), Decimal('434.403'), None)
    """
    text = parse_text(cell)
    if not text:
        return None
    if not _TARIFF.fullmatch(text):
        raise CellError("TARIF_ILLISIBLE", "ce n'est pas un tarif en euros.", "Écrire 203.370, sans espace ni unité.")
    return Decimal(text.replace(",", "."))


def parse_bdpm_price(cell: Any) -> Decimal | None:
    """Return a price of the public drug database, in which the comma separates thousands and decimals alike.

    Raises
    ------
    CellError
        ``PRIX_ILLISIBLE``.

    Examples
    --------
    >>> parse_bdpm_price("24,34"), parse_bdpm_price("1,234,56"), parse_bdpm_price("")
    (Decimal('24.34'), Decimal('1234.56'), None)
    """
    text = parse_text(cell)
    if not text:
        return None
    if not _BDPM_PRICE.fullmatch(text):
        raise CellError("PRIX_ILLISIBLE", "ce n'est pas un prix de la base.", "Télécharger de nouveau le fichier.")
    whole, _, cents = text.rpartition(",")
    return Decimal(f"{whole.replace(',', '')}.{cents}")


def readable_dates(
    grid: Grid, column: str, log: ProblemLog, *, delivery: str
) -> tuple[list[date | None], list[Finding]]:
    """Return a column of dates that say when a record was drawn up; a year that cannot be is kept out and told.

    Parameters
    ----------
    grid
        The file.
    column
        Name of the column.
    log
        Takes what is not a date at all.
    delivery
        Identifier of the delivery.

    Returns
    -------
    dates, findings
        An official file of twenty thousand lines is not refused for « 29/11/2924 »: the date is missing, with a
        finding ``DATE_IMPOSSIBLE`` (one for the column).
    """

    def parse(cell: Any) -> date | None:
        try:
            return parse_date(cell)
        except CellError:
            if _DATE_SHAPE.fullmatch(parse_text(cell)):
                return None
            raise

    dates = grid.parsed(column, parse, log)
    odd = [place for place, cell in enumerate(grid.cells[column]) if dates[place] is None and parse_text(cell)]
    if log or not odd:
        return dates, []
    first = odd[0]
    told = Finding(
        delivery,
        "DATE_IMPOSSIBLE",
        column,
        "information",
        len(odd),
        f"{shown(grid.cells[column][first])} (ligne {grid.lines[first]})",
        "Cette date n'existe pas : elle est comptée comme manquante ; aucun montant n'en dépend.",
    )
    return dates, [told]
