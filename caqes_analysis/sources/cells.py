"""Read one cell: an amount, a month, a date, a FINESS. What is ambiguous is refused, not guessed."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from caqes_analysis.errors import Problem
from caqes_analysis.tables import FINESS_PATTERN

__all__ = ["CellError", "parse_amount", "parse_date", "parse_finess", "parse_month", "parse_text", "unreadable_month"]

# Spaces that separate thousands: typed, no-break, narrow no-break, thin.
_SPACES = " \u00a0\u202f\u2009"
_PLAIN = re.compile(r"[0-9]+(?:,([0-9]+))?")
_SPACED = re.compile(rf"[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+(?:,([0-9]+))?")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,([0-9]+)")
_MANY_DOTS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_POINT = re.compile(r"[0-9]+\.([0-9]{1,2})")
_AMBIGUOUS = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
# A spreadsheet stores 1234.56 as the nearest double: up to this distance, it is that amount.
_FLOAT_NOISE = 1e-6
# DECIMAL(18,2) and DECIMAL(18,3) both hold 13 digits before the comma with room to add up.
_MOST_DIGITS_NB = 13
_FINESS = re.compile(FINESS_PATTERN)
_YEARS = range(2000, 2101)
# Spreadsheets count days from here (1900 taken as a leap year); the years that may be meant, 2000 to 2099.
_SERIAL_ORIGIN = date(1899, 12, 30)
_SERIAL_DAYS = range(36_526, 73_051)


class CellError(ValueError):
    """A cell that cannot be read.

    Parameters
    ----------
    code, what, remedy
        As in :class:`~caqes_analysis.errors.Problem`.
    """

    def __init__(self, code: str, what: str, remedy: str) -> None:
        self.problem = Problem(code, what, remedy)
        super().__init__(what)


def parse_text(cell: Any) -> str:
    """Return a cell as text without spaces around; a whole number loses the « .0 » that spreadsheets add.

    Examples
    --------
    >>> parse_text(75.0), parse_text("  CHU d'Ici ")
    ('75', "CHU d'Ici")
    """
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def parse_amount(cell: Any, *, decimals: int = 2) -> Decimal | None:
    """Return an amount exactly; None when the cell is empty.

    Parameters
    ----------
    cell
        Text (``1234,56``, ``1 234,56``, ``1.234,56``, ``1234.56``, with or without €) or a number of a spreadsheet.
    decimals
        Most decimals allowed.

    Raises
    ------
    CellError
        ``MONTANT_DECIMALES``, ``MONTANT_AMBIGU``, ``MONTANT_TROP_GRAND`` or ``MONTANT_ILLISIBLE``.

    Examples
    --------
    >>> parse_amount("1\u202f234,56 €"), parse_amount("-12,30"), parse_amount("")
    (Decimal('1234.56'), Decimal('-12.30'), None)
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _number_amount(cell, decimals)
    text = str(cell).strip().removesuffix("€").strip()
    if not text:
        if str(cell).strip():
            raise _unreadable_amount()
        return None
    sign, digits = ("-", text[1:].lstrip(_SPACES)) if text[0] in "-\u2212" else ("", text)
    if _AMBIGUOUS.fullmatch(digits):
        raise CellError(
            "MONTANT_AMBIGU",
            "le point de ce montant peut séparer les milliers ou trois décimales.",
            "Écrire 1234,00 ou 1,23 selon le cas, sans point.",
        )
    for form in (_PLAIN, _SPACED, _DOTTED):
        if match := form.fullmatch(digits):
            if len(match[1] or "") > decimals:
                raise _too_many_decimals(decimals)
            plain = re.sub(rf"[.{_SPACES}]", "", digits).replace(",", ".")
            return _bounded(Decimal(sign + plain))
    if _MANY_DOTS.fullmatch(digits):
        return _bounded(Decimal(sign + digits.replace(".", "")))
    if _POINT.fullmatch(digits):
        return _bounded(Decimal(sign + digits))
    if re.fullmatch(r"[0-9]+\.[0-9]{3,}", digits):
        raise _too_many_decimals(decimals)
    raise _unreadable_amount(text)


def _number_amount(cell: float, decimals: int) -> Decimal:
    if not math.isfinite(cell):
        raise _unreadable_amount()
    exact = _bounded(Decimal(cell))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if abs(exact - rounded) > max(_FLOAT_NOISE, 4 * math.ulp(cell)):
        raise _too_many_decimals(decimals)
    return _bounded(rounded)


def _bounded(amount: Decimal) -> Decimal:
    if abs(amount) >= 10**_MOST_DIGITS_NB:
        raise CellError(
            "MONTANT_TROP_GRAND", "ce montant dépasse dix mille milliards.", "Vérifier la cellule à sa source."
        )
    return amount


def _too_many_decimals(decimals: int) -> CellError:
    return CellError(
        "MONTANT_DECIMALES",
        f"ce montant a plus de {decimals} décimales.",
        "L'arrondir à la source (au centime pour un montant) : l'outil ne le fait pas à votre place.",
    )


_UNREADABLE_AMOUNTS: Final = (
    (r"\(.*[0-9].*\)|.*[0-9]\s*[-\u2212]", "un montant négatif s'écrit avec un signe moins devant."),
    (r"[0-9.,]+[eE][+-]?[0-9]+", "le tableur a écrit ce montant en notation scientifique : ses chiffres sont perdus."),
    (r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", "ce montant est écrit à l'anglaise, la virgule pour les milliers."),
    (r"#.*", "cette cellule est une erreur de tableur."),
)


def _unreadable_amount(text: str = "") -> CellError:
    said = next((what for form, what in _UNREADABLE_AMOUNTS if re.fullmatch(form, text)), None)
    return CellError(
        "MONTANT_ILLISIBLE",
        said or "ce n'est pas un montant lisible.",
        "Écrire 1234,56 ou 1 234,56 ; laisser la cellule vide quand le montant n'est pas connu.",
    )


def parse_month(cell: Any) -> date:
    """Return the first day of a month written ``2024-09``, ``09/2024`` or ``202409``.

    Raises
    ------
    CellError
        ``MOIS_DATE_EXCEL``, ``MOIS_ILLISIBLE`` or ``MOIS_HORS_PERIODE``.

    Examples
    --------
    >>> parse_month("09/2024")
    datetime.date(2024, 9, 1)
    """
    remedy = "Écrire le mois AAAA-MM (2024-09) dans une colonne au format texte."
    if isinstance(cell, date):
        raise CellError(
            "MOIS_DATE_EXCEL",
            "le tableur a changé ce mois en date : rien ne dit que le jour et le mois n'ont pas été échangés.",
            f"Mettre la colonne au format texte. {remedy}",
        )
    text = parse_text(cell)
    match = re.fullmatch(
        r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})|(?P<m2>[0-9]{1,2})/(?P<y2>[0-9]{4})|(?P<y3>[0-9]{4})(?P<m3>[0-9]{2})",
        text,
    )
    if match is None:
        raise CellError("MOIS_ILLISIBLE", unreadable_month(text), remedy)
    year = int(match["y"] or match["y2"] or match["y3"])
    month = int(match["m"] or match["m2"] or match["m3"])
    if not 1 <= month <= 12:
        raise CellError("MOIS_ILLISIBLE", f"il n'y a pas de mois {month:02d}.", remedy)
    if year not in _YEARS:
        raise CellError("MOIS_HORS_PERIODE", f"l'année {year} n'est pas entre 2000 et 2100.", "Corriger l'année.")
    return date(year, month, 1)


def unreadable_month(text: str) -> str:
    """Return in French why a text is not a month.

    Examples
    --------
    >>> unreadable_month("45352")
    "c'est le numéro de série d'une date de tableur (01/03/2024), non un mois."
    """
    if re.fullmatch(r"[0-9]{5}", text) and int(text) in _SERIAL_DAYS:
        day = _SERIAL_ORIGIN + timedelta(days=int(text))
        return f"c'est le numéro de série d'une date de tableur ({day:%d/%m/%Y}), non un mois."
    if re.fullmatch(r"[0-9]{1,2}[-/][0-9]{2}|[^\W\d]+[.\s-]+[0-9]{2}|[0-9]{2}", text):
        return "l'année n'a que deux chiffres."
    if re.fullmatch(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}", text):
        return "c'est un jour, non un mois : rien ne dit que le jour et le mois n'ont pas été échangés."
    if _FINESS.fullmatch(text):
        return "c'est un FINESS, non un mois : deux colonnes ont été échangées."
    return "ce n'est pas un mois lisible."


def parse_date(cell: Any) -> date | None:
    """Return a day written ``31/12/2024`` or ``2024-12-31``, or a date of a spreadsheet; None when empty.

    Raises
    ------
    CellError
        ``DATE_ILLISIBLE``.

    Examples
    --------
    >>> parse_date("31/12/2024")
    datetime.date(2024, 12, 31)
    """
    if isinstance(cell, date):
        day = cell.date() if isinstance(cell, datetime) else cell
        return _bounded_day(day)
    text = str(cell).strip()
    if not text:
        return None
    for layout in (
        r"(?P<d>[0-9]{2})/(?P<m>[0-9]{2})/(?P<y>[0-9]{4})",
        r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})",
    ):
        if match := re.fullmatch(layout, text):
            try:
                return _bounded_day(date(int(match["y"]), int(match["m"]), int(match["d"])))
            except ValueError as failure:
                if isinstance(failure, CellError):
                    raise
                break
    raise _unreadable_day()


def _bounded_day(day: date) -> date:
    if not 1900 <= day.year <= 2100:
        raise _unreadable_day()
    return day


def _unreadable_day() -> CellError:
    return CellError(
        "DATE_ILLISIBLE", "ce n'est pas une date lisible.", "Écrire JJ/MM/AAAA (31/12/2024) ou AAAA-MM-JJ."
    )


def parse_finess(cell: Any) -> str | None:
    """Return a FINESS of 9 characters; None when the cell is empty.

    Raises
    ------
    CellError
        ``FINESS_8_CARACTERES`` when a leading zero has probably been lost, ``FINESS_INVALIDE`` otherwise.

    Examples
    --------
    >>> parse_finess("330781196"), parse_finess("2A0000014")
    ('330781196', '2A0000014')
    """
    text = parse_text(cell)
    if not text:
        return None
    if re.fullmatch(r"[0-9]{8}", text):
        raise CellError(
            "FINESS_8_CARACTERES",
            "ce FINESS n'a que 8 caractères : un zéro de tête a été perdu.",
            "Mettre la colonne au format texte avant d'y coller les FINESS.",
        )
    if not _FINESS.fullmatch(text):
        is_number = re.fullmatch(r"[0-9]+[.,][0-9]*([eE][+-]?[0-9]+)?", text)
        raise CellError(
            "FINESS_INVALIDE",
            "le tableur a changé ce FINESS en nombre : ses chiffres ne sont plus sûrs."
            if is_number
            else "un FINESS a 9 caractères : des chiffres, ou 2A ou 2B en tête.",
            "Corriger le FINESS (annuaire : finess.esante.gouv.fr).",
        )
    return text
