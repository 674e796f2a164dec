"""The cleaning rules of the liste en sus, one named step each: counted, in lines and in euros, and optional.

Source of the rules: the cleaning of ATIH for the drugs and devices billed in addition to stays, as listed in
``docs/methods/atih.md``. A step marks lines as dropped or changes an amount; it never hides what it did: the amount
before and after each one is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from caqes_analysis import french
from caqes_analysis.errors import CaqesError
from caqes_analysis.sources.atih_columns import Bools, Ints
from caqes_analysis.sources.atih_references import References
from caqes_analysis.sources.atih_uses import Uses
from caqes_analysis.sources.findings import Finding, Severity

__all__ = [
    "AVASTIN_CODES",
    "CLEANING_STEPS",
    "Cleaning",
    "CleaningStep",
    "cap_at_tariff",
    "check_steps",
    "divide_by_stays",
    "drop_negative_price",
    "drop_number_not_positive",
    "drop_old_administration",
    "drop_outside_listing",
    "drop_unknown_code",
    "keep_avastin",
    "rounded",
]

AVASTIN_CODES = ("9261104", "9261110")
"""Avastin 25 mg/ml, 4 ml and 16 ml: always counted with the drugs of the list."""

_YEARS_BACK_NB = 2
_TARIFF_MARGIN_PCT = 10
_CENT = 10_000  # millionths of a euro


@dataclass(frozen=True)
class _Context:
    references: References
    year: int
    applied: frozenset[str]


@dataclass(frozen=True)
class CleaningStep:
    """One rule.

    Parameters
    ----------
    name
        Name, as the campaign writes it to switch the rule off.
    code
        Code of the finding.
    label
        French sentence: what was done with the lines.
    severity
        Of the finding.
    apply
        Changes the lines in place and returns those it concerned.
    """

    name: str
    code: str
    label: str
    severity: Severity
    apply: Callable[[Uses, _Context], Bools]


def drop_number_not_positive(uses: Uses, _: _Context) -> Bools:
    """Drop lines whose number is zero or negative (ATIH: nombre ≤ 0)."""
    return _drop(uses, uses.quantity <= 0)


def drop_negative_price(uses: Uses, _: _Context) -> Bools:
    """Drop lines with a negative price (ATIH: prix < 0); a price of 0 stays."""
    negative = uses.purchase < 0
    for amount in (uses.tariff, uses.billed):
        if amount is not None:
            negative = negative | (amount < 0)
    return _drop(uses, negative)


def keep_avastin(uses: Uses, context: _Context) -> Bools:
    """Count Avastin 9261104 and 9261110 with the drugs, even where a list lacks them (ATIH)."""
    concerned = _is_avastin(uses) & uses.kept
    unknown = concerned & ~_is_known(uses, context.references) if "known_code" in context.applied else False
    unlisted = concerned & ~_is_listed(uses, context.references) if "listing_period" in context.applied else False
    return np.asarray(concerned & (unknown | unlisted), dtype=bool)


def drop_unknown_code(uses: Uses, context: _Context) -> Bools:
    """Drop lines whose UCD (or LPP) code is in no list of known codes (ATIH: UCD inconnue); needs ``known_codes``."""
    return _drop(uses, ~_is_known(uses, context.references) & ~_exempt(uses, context))


def drop_old_administration(uses: Uses, context: _Context) -> Bools:
    """Drop lines administered before year N-2 of the file (ATIH: année d'administration < N-2)."""
    return _drop(uses, uses.months // 12 < context.year - _YEARS_BACK_NB)


def drop_outside_listing(uses: Uses, context: _Context) -> Bools:
    """Drop lines administered in a month in which the product was never on the list; needs ``listing_period``."""
    return _drop(uses, ~_is_listed(uses, context.references) & ~_exempt(uses, context))


def divide_by_stays(uses: Uses, _: _Context) -> Bools:
    """Divide number and amounts by the number of stays that share the line (ATIH: NBSEJ), before any sum."""
    return uses.kept & (uses.stays > 1)


def cap_at_tariff(uses: Uses, context: _Context) -> Bools:
    """Bring purchases more than 10 % above the tariff down to the tariff (ATIH); needs dated ``tariffs``.

    The tariff is the highest in force on one day of the month. A line without tariff is left as it is.
    """
    capped = np.zeros(len(uses.kept), dtype=bool)
    if context.references.tariffs is None:
        return capped
    tariffs = _by_product_and_month(uses, lambda code, month: context.references.tariff(uses.kind, code, month))
    limit = uses.quantity.astype(float) * tariffs
    # Floats choose the few lines to look at; whole numbers decide.
    near = uses.kept & (tariffs > 0) & (uses.purchase > 1.0999 * limit)
    for row in np.flatnonzero(near).tolist():
        at_tariff = int(uses.quantity[row]) * int(tariffs[row])  # thousandths × thousandths: millionths of a euro
        if int(uses.purchase[row]) * 100 > at_tariff * (100 + _TARIFF_MARGIN_PCT):
            uses.purchase[row] = at_tariff
            capped[row] = True
    return capped


CLEANING_STEPS: tuple[CleaningStep, ...] = (
    CleaningStep(
        "positive_number",
        "ATIH_NOMBRE_NUL_OU_NEGATIF",
        "Lignes écartées : nombre nul ou négatif",
        "warning",
        drop_number_not_positive,
    ),
    CleaningStep(
        "non_negative_price", "ATIH_PRIX_NEGATIF", "Lignes écartées : prix négatif", "warning", drop_negative_price
    ),
    CleaningStep(
        "avastin",
        "ATIH_AVASTIN",
        "Avastin (9261104, 9261110) compté avec les médicaments, bien qu'absent des listes données",
        "information",
        keep_avastin,
    ),
    CleaningStep(
        "known_code",
        "ATIH_CODE_INCONNU",
        "Lignes écartées : code absent de la liste des codes connus",
        "warning",
        drop_unknown_code,
    ),
    CleaningStep(
        "recent_administration",
        "ATIH_ADMINISTRATION_ANCIENNE",
        "Lignes écartées : administration antérieure à N-2",
        "warning",
        drop_old_administration,
    ),
    CleaningStep(
        "listing_period",
        "ATIH_HORS_LISTE",
        "Lignes écartées : produit hors de sa période d'inscription sur la liste en sus",
        "warning",
        drop_outside_listing,
    ),
    CleaningStep(
        "shared_stays",
        "ATIH_SEJOURS_PARTAGES",
        "Nombre et montants divisés par le nombre de séjours de la ligne (NBSEJ)",
        "information",
        divide_by_stays,
    ),
    CleaningStep(
        "tariff_cap",
        "ATIH_PLAFOND_TARIF",
        "Montants ramenés au tarif : prix d'achat supérieur de plus de 10 % au tarif",
        "warning",
        cap_at_tariff,
    ),
)


def check_steps(without: Collection[str]) -> None:
    """Refuse names that no step has.

    Raises
    ------
    CaqesError
        ``ETAPE_INCONNUE``, with the names that exist.
    """
    names = [step.name for step in CLEANING_STEPS]
    if unknown := sorted(set(without) - set(names)):
        raise CaqesError.of(
            "ETAPE_INCONNUE",
            "cette étape de nettoyage n'existe pas.",
            f"Étapes que l'on peut retirer : {', '.join(names)}.",
            column="without",
            value=", ".join(unknown),
        )


def rounded(amount: Ints, divisor: Ints, unit: int) -> Ints:
    """Return ``amount / divisor`` in whole ``unit``, half away from zero: the only rounding of a line.

    Examples
    --------
    >>> rounded(np.array([25_000, -25_000, 14_999]), np.array([1, 1, 1]), 10_000).tolist()
    [3, -3, 1]
    """
    whole = divisor * unit
    size = (2 * np.abs(amount) + whole) // (2 * whole)
    return np.where(amount < 0, -size, size)


class Cleaning:
    """Applies the steps to each block of a file, and counts.

    Parameters
    ----------
    references
        Lists to compare with; a step whose list was not given does nothing.
    year
        Year of the file.
    without
        Names of the steps to leave out.
    """

    def __init__(self, references: References, *, year: int, without: Collection[str] = ()) -> None:
        check_steps(without)
        steps = [step for step in CLEANING_STEPS if step.name not in without]
        absent = {
            "known_code": references.known_codes,
            "listing_period": references.listing,
            "tariff_cap": references.tariffs,
        }
        self.steps = [step for step in steps if absent.get(step.name, ()) is not None]
        self._context = _Context(references, year, frozenset(step.name for step in self.steps))
        self._lines_nb = dict.fromkeys((step.name for step in self.steps), 0)
        self._removed = dict.fromkeys((step.name for step in self.steps), 0)
        self._examples: dict[str, str] = {}
        self._received_cents = 0

    def run(self, uses: Uses) -> Uses:
        """Apply every step to the lines; afterwards ``stays`` is what amounts are still to be divided by."""
        sharing, uses.stays = uses.stays, np.ones_like(uses.stays)
        before = _cents(uses)
        self._received_cents += before
        for step in self.steps:
            if step.name == "shared_stays":
                uses.stays = sharing
            concerned = step.apply(uses, self._context)
            if not concerned.any():
                continue
            after = _cents(uses)
            self._lines_nb[step.name] += int(concerned.sum())
            self._removed[step.name] += before - after
            self._examples.setdefault(step.name, uses.describe(int(np.flatnonzero(concerned)[0])))
            before = after
        return uses

    def table(self) -> pd.DataFrame:
        """Return the steps applied, in order.

        Returns
        -------
        DataFrame
            ``step, lines_nb, before_eur, after_eur``: each amount is the sum, at purchase price, of the lines kept so
            far, each rounded to the cent. The last ``after_eur`` is the sum of the rows returned.
        """
        rows, before = [], self._received_cents
        for step in self.steps:
            after = before - self._removed[step.name]
            rows.append((step.name, self._lines_nb[step.name], _euros(before), _euros(after)))
            before = after
        return pd.DataFrame(rows, columns=["step", "lines_nb", "before_eur", "after_eur"])

    def findings(self, delivery: str) -> list[Finding]:
        """Return one finding per step that did something, with its euros."""
        table = self.table().set_index("step")
        found = []
        for step in self.steps:
            if not self._lines_nb[step.name]:
                continue
            before, after = table.loc[step.name, "before_eur"], table.loc[step.name, "after_eur"]
            amounts = f"avant {french.euros(before, cents=True)}, après {french.euros(after, cents=True)}"
            found.append(
                Finding(
                    delivery,
                    step.code,
                    "nettoyage ATIH",
                    step.severity,
                    self._lines_nb[step.name],
                    self._examples[step.name],
                    f"{step.label} ({amounts}). Pour ne pas l'appliquer : without: [{step.name}].",
                )
            )
        return found


def _drop(uses: Uses, wrong: Bools) -> Bools:
    concerned: Bools = uses.kept & wrong
    uses.kept &= ~wrong
    return concerned


def _is_avastin(uses: Uses) -> Bools:
    return uses.product.where(lambda code: uses.kind == "drug" and code in AVASTIN_CODES)


def _exempt(uses: Uses, context: _Context) -> Bools:
    return _is_avastin(uses) if "avastin" in context.applied else np.zeros(len(uses.kept), dtype=bool)


def _is_known(uses: Uses, references: References) -> Bools:
    known = references.known_codes
    return uses.product.where(lambda code: known is None or code in known)


def _is_listed(uses: Uses, references: References) -> Bools:
    return _by_product_and_month(uses, lambda code, month: int(references.is_listed(uses.kind, code, month))).astype(
        bool
    )


def _by_product_and_month(uses: Uses, value: Callable[[str, int], int]) -> Ints:
    """Return a whole number that depends on the product and the month, worked out once per distinct pair."""
    pairs, ranks = np.unique(uses.product.ranks.astype(np.int64) * 100_000 + uses.months, return_inverse=True)
    known = [value(uses.product.values[pair // 100_000], pair % 100_000) for pair in pairs.tolist()]
    found: Ints = np.array(known, dtype=np.int64)[ranks] if known else np.zeros(0, dtype=np.int64)
    return found


def _cents(uses: Uses) -> int:
    """Return the sum of the lines kept, each rounded to the cent."""
    return int(rounded(uses.purchase, uses.stays, _CENT)[uses.kept].sum())


def _euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
