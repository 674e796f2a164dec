"""Cells of a region's own tables: months and periods as people write them, amounts in € or k€, codes."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from caqes_analysis.activities import activity_named
from caqes_analysis.envelopes import ENVELOPES, Envelope, envelope_named
from caqes_analysis.errors import CaqesError
from caqes_analysis.sources.cells import CellError, parse_amount, parse_month, parse_text, unreadable_month
from caqes_analysis.sources.column_mapping import MONTH_FORMS, ColumnMapping, MonthForm
from caqes_analysis.sources.names import plain_name

__all__ = ["Period", "item_parser", "parse_period", "parse_year", "value_parser"]

_NAMES = (
    ("janvier", "janv", "jan"),
    ("fevrier", "fevr", "fev"),
    ("mars", "mar"),
    ("avril", "avr"),
    ("mai",),
    ("juin",),
    ("juillet", "juil"),
    ("aout", "aou"),
    ("septembre", "sept", "sep"),
    ("octobre", "oct"),
    ("novembre", "nov"),
    ("decembre", "dec"),
)
_MONTH_NB = {name: number for number, names in enumerate(_NAMES, start=1) for name in names}
_YEARS = range(2000, 2101)
_KEUR_DECIMALS, _CENT = 5, Decimal("0.01")


class Period(NamedTuple):
    """What a cell says of a period.

    Parameters
    ----------
    year, month
        Year and month, as far as they are said.
    is_cumulative
        True when the period runs from January to the month.
    """

    year: int | None = None
    month: int | None = None
    is_cumulative: bool = False

    def completed(self, year: int | None) -> Period:
        """Return the same period with its year, when it did not say it."""
        return self if self.year is not None else self._replace(year=year)

    @property
    def is_complete(self) -> bool:
        """True when the year is known."""
        return self.year is not None

    @property
    def first_day(self) -> date:
        """First day of the month (of January for a year)."""
        return date(self.year or 0, self.month or 1, 1)

    @property
    def text(self) -> str:
        """The period as tables write it: ``2024``, ``2024-09`` or ``2024-M09``."""
        if self.month is None:
            return f"{self.year}"
        return f"{self.year}-{'M' if self.is_cumulative else ''}{self.month:02d}"


def parse_year(cell: Any) -> int | None:
    """Return a year from 2000 to 2100; None when the cell is empty.

    Raises
    ------
    CellError
        ``ANNEE_ILLISIBLE``.

    Examples
    --------
    >>> parse_year(2024.0), parse_year("Année 2024")
    (2024, 2024)
    """
    text = parse_text(cell)
    if not text:
        return None
    match = re.fullmatch(r"(?:ann[ée]e\s+)?([0-9]{4})", text, re.IGNORECASE)
    if match is None or int(match[1]) not in _YEARS:
        raise CellError("ANNEE_ILLISIBLE", "ce n'est pas une année lisible.", "Écrire l'année en quatre chiffres.")
    return int(match[1])


def parse_period(cell: Any, *, forms: tuple[MonthForm, ...]) -> Period | None:
    """Return the period that a cell says, in one of the forms allowed; None when it is empty.

    Parameters
    ----------
    cell
        Text, number or date.
    forms
        Forms that the mapping allows.

    Raises
    ------
    CellError
        ``MOIS_ILLISIBLE``, ``MOIS_DATE_EXCEL`` or ``MOIS_HORS_PERIODE``.

    Examples
    --------
    >>> parse_period("sept. 2024", forms=("mois AAAA",)).text
    '2024-09'
    >>> parse_period("2024-M06", forms=("AAAA-MMM",)).text
    '2024-M06'
    """
    if isinstance(cell, date):
        if "date" in forms:
            return _from_day(cell.date() if isinstance(cell, datetime) else cell)
        parse_month(cell)  # raises, saying why a date is not taken for a month
    text = parse_text(cell)
    if not text:
        return None
    for form in forms:
        if (found := _READERS[form](text)) is not None:
            if found.year is not None and found.year not in _YEARS:
                raise CellError(
                    "MOIS_HORS_PERIODE", f"l'année {found.year} n'est pas entre 2000 et 2100.", "La corriger."
                )
            return found
    examples = " ; ".join(f"{form} ({MONTH_FORMS[form]})" for form in forms)
    raise CellError(
        "MOIS_ILLISIBLE",
        unreadable_month(text),
        f"Formes permises : {examples}. En ajouter une à months (correspondance de colonnes) ou corriger la cellule.",
    )


def _from_day(day: date) -> Period:
    if day.day not in (1, calendar.monthrange(day.year, day.month)[1]):
        raise CellError(
            "MOIS_ILLISIBLE",
            "cette date n'est ni le premier ni le dernier jour d'un mois.",
            "Écrire le mois lui-même : le jour et le mois ont peut-être été échangés.",
        )
    return Period(day.year, day.month)


def _numbers(pattern: str, text: str) -> Period | None:
    match = re.fullmatch(pattern, text)
    if match is None:
        return None
    parts = match.groupdict()
    month = int(parts["m"]) if "m" in parts else None
    if month is not None and not 1 <= month <= 12:
        return None
    return Period(int(parts["y"]) if "y" in parts else None, month, is_cumulative="-M" in pattern)


def _day_text(text: str) -> Period | None:
    match = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", text)
    if match is None:
        return None
    try:
        return _from_day(date(int(match[3]), int(match[2]), int(match[1])))
    except CellError:
        raise
    except ValueError:
        return None


def _named(text: str, *, has_year: bool) -> Period | None:
    match = re.fullmatch(r"([a-z]+)_?([0-9]{4}|[0-9]{2})?", plain_name(text))
    if match is None or match[1] not in _MONTH_NB or bool(match[2]) != has_year:
        return None
    year = int(match[2]) if match[2] else None
    return Period(2000 + year if year is not None and year < 100 else year, _MONTH_NB[match[1]])


_READERS: dict[MonthForm, Callable[[str], Period | None]] = {
    "AAAA-MM": partial(_numbers, r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})"),
    "MM/AAAA": partial(_numbers, r"(?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{4})"),
    "AAAAMM": partial(_numbers, r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})"),
    "mois AAAA": partial(_named, has_year=True),
    "mois": partial(_named, has_year=False),
    "MM": partial(_numbers, r"(?P<m>[0-9]{1,2})"),
    "JJ/MM/AAAA": _day_text,
    "date": lambda _: None,
    "AAAA": partial(_numbers, r"(?P<y>[0-9]{4})"),
    "AAAA-MMM": partial(_numbers, r"(?P<y>[0-9]{4})-M(?P<m>[0-9]{2})"),
}


def value_parser(mapping: ColumnMapping, measure: str) -> Callable[[Any], Decimal | None]:
    """Return the function that reads a value: its words, its unit, its decimals.

    Parameters
    ----------
    mapping
        The column mapping.
    measure
        ``amount`` (€ with two decimals, or k€ with five), ``quantity`` or ``count`` (three decimals).
    """
    missing = {plain_name(word) or word for word in mapping.missing_words}
    zeros = {plain_name(word) or word for word in mapping.zero_words}
    in_keur = measure == "amount" and mapping.amount_unit == "keur"

    def parse(cell: Any) -> Decimal | None:
        text = str(cell).strip()
        if isinstance(cell, str) and text:
            word = plain_name(text) or text
            if word in missing:
                return None
            if word in zeros:
                return Decimal(0)
        if not text:
            return Decimal(0) if mapping.empty == "zero" else None
        if not in_keur:
            return parse_amount(cell, decimals=2 if measure == "amount" else 3)
        bare = text.removesuffix("€").rstrip().removesuffix("k") if isinstance(cell, str) else cell
        thousands = parse_amount(bare, decimals=_KEUR_DECIMALS)
        return None if thousands is None else (thousands * 1000).quantize(_CENT)

    return parse


def item_parser(mapping: ColumnMapping, envelopes: tuple[Envelope, ...] = ENVELOPES) -> Callable[[Any], str | None]:
    """Return the function that reads what is counted: an envelope, an activity or an LPP code.

    Parameters
    ----------
    mapping
        The column mapping, with the words of the region.
    envelopes
        The envelopes known.
    """
    own = {plain_name(word): code for word, code in mapping.items.items()}

    def parse(cell: Any) -> str | None:
        word = parse_text(cell)
        if not word:
            return None
        word = own.get(plain_name(word), word)
        if mapping.table == "lpp_spend":
            return _lpp_code(word)
        try:
            if mapping.table == "activity":
                return activity_named(word).code
            return envelope_named(word, envelopes).code
        except CaqesError as failure:
            problem = failure.problems[0]
            remedy = f"{problem.remedy} Un mot de la région se déclare dans items, dans la correspondance de colonnes."
            raise CellError(problem.code, problem.what, remedy) from failure

    return parse


def _lpp_code(text: str) -> str:
    if re.fullmatch(r"[0-9]{6}", text):
        raise CellError(
            "CODE_LPP_6_CHIFFRES",
            "ce code LPP n'a que 6 chiffres : un zéro de tête a été perdu.",
            "Mettre la colonne au format texte avant d'y coller les codes.",
        )
    if not re.fullmatch(r"[0-9]{7}", text):
        raise CellError("CODE_LPP_INVALIDE", "un code LPP a 7 chiffres.", "Corriger le code à sa source.")
    return text
