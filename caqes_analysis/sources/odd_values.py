"""Values that read well and contradict their neighbours: quantities beside amounts, cents that one line has lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from caqes_analysis.sources.findings import Finding, Severity
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.problems import shown

__all__ = ["odd_quantities", "shortened_amounts"]

_FEWEST_LINES_NB: Final = 2
"""A line alone says nothing of the columns of a file (package's choice)."""
_RARE_TIMES: Final = 10
"""A quantity with decimals is odd where at most one in so many has some (package's choice)."""
_ONE_DECIMAL = re.compile(r"[0-9],[0-9](?:[ \u00a0\u202f]?€)?$")
_KEPT_ZERO = re.compile(r"[0-9],[0-9]0(?:[ \u00a0\u202f]?€)?$")


def odd_quantities(delivery: str, facts: pd.DataFrame) -> list[Finding]:
    """Return the quantities of the other sign than their amount, those like amounts, the few null or with decimals.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    facts
        One row per value: ``line, finess, period, quantity, amount``.
    """
    if not {"quantity", "amount"} <= set(facts):
        return []
    known = facts.dropna(subset=["quantity", "amount"])
    if known.empty:
        return []
    found = []
    opposed = known[[q * a < 0 for q, a in zip(known["quantity"], known["amount"], strict=True)]]
    if len(opposed):
        found.append(
            _of_lines(
                delivery,
                "QUANTITE_DE_SIGNE_CONTRAIRE",
                opposed,
                "La quantité et le montant n'ont pas le même signe : gardés tels quels, à vérifier avec la source.",
            )
        )
    empty = known[[q == 0 and a != 0 for q, a in zip(known["quantity"], known["amount"], strict=True)]]
    if len(empty) and _RARE_TIMES * len(empty) <= len(known):
        found.append(
            _of_lines(
                delivery,
                "QUANTITE_NULLE",
                empty,
                "Un montant sans quantité, quand presque toutes les autres lignes en ont une : quantité perdue, ou "
                "régularisation. Gardé tel quel, à vérifier avec la source.",
            )
        )
    cut = known[[q != q.to_integral_value() for q in known["quantity"]]]
    whole_amounts = all(amount == amount.to_integral_value() for amount in known["amount"])
    if whole_amounts and len(known) >= _FEWEST_LINES_NB and 2 * len(cut) > len(known):
        found.append(
            _of_lines(
                delivery,
                "COLONNES_ECHANGEES",
                cut,
                "Les quantités ont des décimales et les montants n'en ont pas : ces deux colonnes sont sans doute "
                "échangées. Le vérifier avant de lire les montants.",
                "error",
            )
        )
    elif len(cut) and _RARE_TIMES * len(cut) <= len(known):
        found.append(
            _of_lines(
                delivery,
                "QUANTITE_NON_ENTIERE",
                cut,
                "Toutes les autres quantités du fichier sont entières : celle-ci est gardée ; quantité et montant sont "
                "peut-être échangés, à vérifier avec la source.",
            )
        )
    return found


def _of_lines(delivery: str, code: str, lines: pd.DataFrame, remedy: str, severity: Severity = "warning") -> Finding:
    first = lines.iloc[0]
    example = f"{first['finess']}, {first['period']} : quantité {first['quantity']}, montant {first['amount']}"
    place = "quantité, montant"
    return Finding(delivery, code, place, severity, len(lines), f"{example} (ligne {first['line']})", remedy)


def shortened_amounts(delivery: str, grid: Grid, columns: Sequence[str]) -> list[Finding]:
    """Return the amounts written with one decimal in a file that writes both, the last zero included (« 12,50 »).

    Whoever writes « 12,50 » writes « 12,5 » nowhere: a digit was lost there.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    grid
        The table.
    columns
        Its columns of amounts.
    """
    texts: list[tuple[int, Any]] = [
        (line, cell) for name in columns for line, cell in zip(grid.lines, grid.cells[name], strict=True)
    ]
    if not any(_KEPT_ZERO.search(str(cell).strip()) for _, cell in texts):
        return []
    short = [(line, cell) for line, cell in texts if isinstance(cell, str) and _ONE_DECIMAL.search(cell.strip())]
    if not short:
        return []
    line, cell = short[0]
    return [
        Finding(
            delivery,
            "MONTANT_ECOURTE",
            "montant",
            "warning",
            len(short),
            shown(f"{cell.strip()} (ligne {line})"),
            "Le fichier écrit partout deux décimales, même « ,50 » : un chiffre manque sans doute ici. Gardé tel quel, "
            "à vérifier avec la source.",
        )
    ]
