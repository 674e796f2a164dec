"""From the fields of a line to what it says: a product, used by an establishment, a month, at a price."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

import numpy as np

from caqes_analysis.errors import Problem
from caqes_analysis.identifiers import UCD13_HEAD, has_right_key
from caqes_analysis.sources.atih_columns import RESEND, Bools, Codes, Ints, Lines, Tally
from caqes_analysis.sources.atih_layout import LayoutField
from caqes_analysis.sources.problems import shown
from caqes_analysis.tables import FINESS_PATTERN

__all__ = ["MICROS", "Uses", "month_text", "read_uses"]

MICROS = 1_000_000
"""Amounts are whole millionths of a euro, and quantities whole thousandths, until they are rounded once."""

_THOUSANDTHS = 1000
_FINESS = re.compile(FINESS_PATTERN)
_INDICATION = re.compile(r"^(I[0-9]{6})?$")
# Benefit types of the ATIH: 06 is the liste en sus; early access (09) and thrombolytics (10) have files of their own.
_LISTED_BENEFIT = "06"
_FIRST_YEAR = 2000
# A purchase price this far from the amount invoiced shows a wrong layout rather than a negotiation.
_FARTHEST_RATIO = 2


@dataclass
class Uses:
    """Lines read, in whole numbers.

    Parameters
    ----------
    kind
        ``drug`` or ``device``.
    lines
        Line of the file of each.
    finess, product, indication
        Texts; the product is the UCD or LPP code of 7 digits.
    months
        Month of use: 12 × year + month - 1.
    quantity
        Thousandths.
    purchase, tariff, billed
        Millionths of a euro; None for what the file does not hold.
    stays
        Number of stays that share the line, 1 at least.
    kept
        False once a cleaning step has dropped the line.
    """

    kind: str
    lines: Ints
    finess: Codes
    product: Codes
    indication: Codes | None
    months: Ints
    quantity: Ints
    purchase: Ints
    tariff: Ints | None
    billed: Ints | None
    stays: Ints
    kept: Bools

    def describe(self, row: int) -> str:
        """Return a line in words, for findings."""
        name = "UCD" if self.kind == "drug" else "LPP"
        product = self.product.values[self.product.ranks[row]]
        finess = self.finess.values[self.finess.ranks[row]]
        return f"ligne {self.lines[row]} : {name} {product}, {finess}, {month_text(int(self.months[row]))}"


def month_text(month: int) -> str:
    """Return a month of :class:`Uses` as text.

    Examples
    --------
    >>> month_text(12 * 2021 + 2)
    '2021-03'
    """
    return f"{month // 12}-{month % 12 + 1:02d}"


def read_uses(lines: Lines, year: int, notes: Tally) -> Uses:
    """Read every field of the lines; what is wrong goes to their problems, what is strange to ``notes``.

    Parameters
    ----------
    lines
        Lines of one record.
    year
        Year of the file, as announced.
    notes
        Takes what is accepted and told.

    Returns
    -------
    Uses
        To be thrown away when the lines have problems.
    """
    layout = lines.layout
    for one in layout.fields:
        if one.kind == "number" and not one.role:
            lines.integers(one, required=False)
    _check_period(lines, year)
    finess = lines.codes(_field(lines, "finess"))
    lines.check(_field(lines, "finess"), finess, _wrong_finess)
    quantity, fraction = _quantity(lines, notes)
    uses = Uses(
        kind=layout.kind,
        lines=lines.numbers,
        finess=finess,
        product=_products(lines, notes),
        indication=_indications(lines, notes),
        months=_months(lines, year),
        quantity=quantity,
        purchase=_purchase(lines, quantity),
        tariff=_times(lines, "unit_tariff", quantity),
        billed=_scaled(lines, "billed") if layout.has("billed") else None,
        stays=_stays(lines, notes),
        kept=np.ones(len(lines), dtype=bool),
    )
    if not lines.problems:
        _note_benefits(lines, notes)
        if fraction:
            _note_distance(uses, notes)
    return uses


def _field(lines: Lines, role: str) -> LayoutField:
    found = lines.layout.role(role)
    assert found is not None, role
    return found


def _check_period(lines: Lines, year: int) -> None:
    """Refuse a file of another year than announced, and months that do not exist."""
    if (one := lines.layout.role("file_year")) is not None:
        remedy = "Corriger year dans la campagne, ou donner le fichier de l'année voulue."
        what = f"le fichier dit être d'une autre année que {year}."

        def other_year(text: str) -> tuple[str, str, str] | None:
            return None if text == str(year) else ("ANNEE_DU_FICHIER", what, remedy)

        lines.check(one, lines.codes(one), other_year)
    if (one := lines.layout.role("file_month")) is not None:
        lines.check(one, lines.codes(one), _wrong_month)


def _wrong_month(text: str) -> tuple[str, str, str] | None:
    if text.isdigit() and 1 <= int(text) <= 12:
        return None
    return "MOIS_ILLISIBLE", "ce champ attend un mois de 01 à 12.", RESEND


def _wrong_finess(text: str) -> tuple[str, str, str] | None:
    if _FINESS.match(text):
        return None
    return "FINESS_INVALIDE", "un FINESS a 9 caractères : des chiffres, ou 2A ou 2B en tête.", RESEND


def _products(lines: Lines, notes: Tally) -> Codes:
    one = _field(lines, "product")
    is_drug = lines.layout.kind == "drug"
    name = "UCD" if is_drug else "LPP"

    def seven(text: str) -> str:
        if is_drug and len(text) == 13 and text.startswith(UCD13_HEAD):
            return text[5:12]
        return text[-7:] if len(text) > 7 and not text[:-7].strip("0") else text

    def wrong(text: str) -> tuple[str, str, str] | None:
        if text.isdigit() and len(seven(text)) == 7:
            return None
        long = ", ou 13 commençant par 34008" if is_drug else ""
        return f"CODE_{name}_ILLISIBLE", f"un code {name} a 7 chiffres{long}.", RESEND

    received = lines.check(one, lines.codes(one), wrong)
    false_key = received.where(lambda text: is_drug and len(text) == 13 and not _has_right_key(text))
    _note(
        notes,
        lines,
        false_key,
        "CLE_UCD13",
        one.place,
        "La clé du code UCD à 13 chiffres est fausse : un chiffre du code est peut-être erroné. Gardé tel que reçu.",
        received,
    )
    return received.mapped(seven)


def _has_right_key(text: str) -> bool:
    """Say whether a UCD13 ends with its key; anything else has none."""
    return not (text.isdigit() and text.startswith(UCD13_HEAD)) or has_right_key(text)


def _indications(lines: Lines, notes: Tally) -> Codes | None:
    if (one := lines.layout.role("indication")) is None:
        return None
    found = lines.codes(one)
    strange = found.where(lambda text: _INDICATION.match(text) is None)
    remedy = "Un code LES est un I suivi de 6 chiffres. Gardé tel que reçu."
    _note(notes, lines, strange, "INDICATION_INATTENDUE", one.place, remedy, found)
    return found


def _months(lines: Lines, year: int) -> Ints:
    if (one := lines.layout.role("use_date")) is not None:
        days = lines.check(one, lines.codes(one), lambda text: _wrong_day(text, year))
        return days.numbers(lambda text: int(text[4:]) * 12 + int(text[2:4]) - 1 if text.isdigit() else 0)
    of_year, of_month = _field(lines, "use_year"), _field(lines, "use_month")
    years = lines.check(of_year, lines.codes(of_year), lambda text: _wrong_year(text, year))
    months = lines.check(of_month, lines.codes(of_month), _wrong_month)
    first = months.numbers(lambda text: int(text) - 1 if text.isdigit() else 0)
    return years.numbers(lambda text: int(text) * 12 if text.isdigit() else 0) + first


def _wrong_year(text: str, year: int) -> tuple[str, str, str] | None:
    if not (len(text) == 4 and text.isdigit() and int(text) >= _FIRST_YEAR):
        return "ANNEE_ILLISIBLE", f"ce champ attend une année, de {_FIRST_YEAR} à {year}.", RESEND
    if int(text) > year:
        remedy = "Vérifier l'année (year) écrite dans la campagne. " + RESEND
        return "ANNEE_APRES_LE_FICHIER", f"cette date suit l'année du fichier ({year}).", remedy
    return None


def _wrong_day(text: str, year: int) -> tuple[str, str, str] | None:
    right = len(text) == 8 and text.isdigit() and 1 <= int(text[2:4]) <= 12 and int(text[4:]) >= _FIRST_YEAR
    if not right or not 1 <= int(text[:2]) <= calendar.monthrange(int(text[4:]), int(text[2:4]))[1]:
        return "DATE_ILLISIBLE", "ce champ attend une date JJMMAAAA.", RESEND
    return _wrong_year(text[4:], year)


def _scaled(lines: Lines, role: str) -> Ints:
    """Return an amount of the file in millionths of a euro."""
    one = _field(lines, role)
    found: Ints = lines.integers(one, required=True) * 10 ** (6 - one.decimals)
    return found


def _quantity(lines: Lines, notes: Tally) -> tuple[Ints, bool]:
    """Return the number in thousandths, the coefficient of split packs applied, and whether there is one."""
    one = _field(lines, "quantity")
    number = lines.integers(one, required=True)
    if (split := lines.layout.role("fraction")) is None:
        return number * 10 ** (3 - one.decimals), False
    share = lines.integers(split, required=False) * 10 ** (3 - split.decimals)
    absent = share == 0
    remedy = "Le coefficient de fractionnement manque ou vaut 0 : compté 1."
    _note(notes, lines, absent, "COEFFICIENT_ABSENT", split.place, remedy)
    remedy = "Quantité multipliée par le coefficient de fractionnement, lu avec 3 décimales (à confirmer)."
    _note(notes, lines, ~absent & (share != _THOUSANDTHS), "COEFFICIENT_APPLIQUE", split.place, remedy)
    return number * np.where(absent, _THOUSANDTHS, share), True


def _purchase(lines: Lines, quantity: Ints) -> Ints:
    """Return the amount at the purchase price: as received, or unit price × number."""
    if lines.layout.has("purchase"):
        return _scaled(lines, "purchase")
    found = _times(lines, "unit_purchase", quantity)
    assert found is not None
    return found


def _times(lines: Lines, role: str, quantity: Ints) -> Ints | None:
    if (one := lines.layout.role(role)) is None:
        return None
    found: Ints = lines.integers(one, required=True) * 10 ** (3 - one.decimals) * quantity
    return found


def _stays(lines: Lines, notes: Tally) -> Ints:
    if (one := lines.layout.role("stays")) is None:
        return np.ones(len(lines), dtype=np.int64)
    stays = lines.integers(one, required=False)
    absent = stays <= 0
    _note(
        notes, lines, absent, "NBSEJ_ABSENT", one.place, "Le nombre de séjours manque ou n'est pas positif : compté 1."
    )
    return np.where(absent, 1, stays)


def _note_benefits(lines: Lines, notes: Tally) -> None:
    if (one := lines.layout.role("benefit_type")) is None:
        return
    found = lines.codes(one)
    other = found.where(lambda text: text not in ("", _LISTED_BENEFIT))
    remedy = (
        "Type de prestation autre que 06 (liste en sus) : accès précoce (09), thrombolytiques (10)… Lignes comptées : "
        "retirer ce fichier de la campagne s'il n'a pas sa place dans l'enveloppe."
    )
    _note(notes, lines, other, "TYPE_DE_PRESTATION", one.place, remedy, found)


def _note_distance(uses: Uses, notes: Tally) -> None:
    """Tell lines where price × number is far from the amount invoiced: the layout is then doubtful."""
    if uses.billed is None:
        return
    both = (uses.billed > 0) & (uses.purchase > 0)
    far = both & ((uses.purchase > _FARTHEST_RATIO * uses.billed) | (uses.billed > _FARTHEST_RATIO * uses.purchase))
    if far.any():
        row = int(np.flatnonzero(far)[0])
        notes.add(
            Problem(
                "PRIX_LOIN_DU_FACTURE",
                "",
                "Le prix d'achat × quantité vaut plus du double, ou moins de la moitié, du montant facturé : vérifier "
                "l'année (year) et le coefficient de fractionnement.",
                line=int(uses.lines[row]),
                column="prix d'achat et montant facturé",
                value=uses.describe(row),
                count=int(far.sum()),
            )
        )


def _note(
    notes: Tally, lines: Lines, rows: Bools, code: str, place: str, remedy: str, codes: Codes | None = None
) -> None:
    if rows.any():
        row = int(np.flatnonzero(rows)[0])
        value = None if codes is None else shown(codes.values[codes.ranks[row]])
        notes.add(
            Problem(code, "", remedy, None, int(lines.numbers[row]), place, value, int(rows.sum())),
        )
