"""What a region's own table shows besides its rows: what was dropped, what is negative, what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.sources.grids import Grid, unfinished_line
from caqes_analysis.sources.mapped_header import Header
from caqes_analysis.sources.mapped_lines import Lines
from caqes_analysis.sources.problems import shown
from caqes_analysis.sources.raw_tables import RawTable

__all__ = ["header_findings", "line_findings", "value_findings"]

_WORDS = {"amount": ("MONTANT", "montant"), "count": ("NOMBRE", "nombre")}


def value_findings(delivery: str, facts: pd.DataFrame, measure: str, grid: Grid) -> Findings:
    """Return the negative and the missing values.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    facts
        One row per value: ``line, finess, period, item`` and a column per measure.
    measure
        The main measure (``amount`` or ``count``).
    grid
        The table.
    """
    code, place = _WORDS[measure]
    values = facts[measure].tolist()
    found = []
    negative = facts[[value is not None and value < 0 for value in values]]
    if len(negative):
        first = negative.iloc[0]
        found.append(
            Finding(
                delivery,
                f"{code}_NEGATIF",
                place,
                "warning",
                len(negative),
                f"{first['finess']}, {first['period']} : {first[measure]} (ligne {first['line']})",
                "Gardé dans les totaux (régularisation) : à vérifier avec la source.",
            )
        )
    found += _odd_quantities(delivery, facts)
    missing = facts[[value is None for value in values]]
    if len(missing):
        first = missing.iloc[0]
        found.append(
            Finding(
                delivery,
                f"{code}_MANQUANT",
                place,
                "information",
                len(missing),
                f"{first['finess']}, {first['period']} (ligne {first['line']})",
                "Compté comme manquant, et non comme zéro : écrire 0 quand il n'y a rien eu, ou empty: zero dans la "
                "correspondance de colonnes.",
            )
        )
    return Findings(found + unfinished_line(delivery, grid))


def _odd_quantities(delivery: str, facts: pd.DataFrame) -> list[Finding]:
    """Quantities of the other sign than their amount, and those that look like amounts."""
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
    cut = known[[q != q.to_integral_value() for q in known["quantity"]]]
    whole_amounts = all(amount == amount.to_integral_value() for amount in known["amount"])
    if whole_amounts and 2 * len(cut) > len(known):
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
    return found


def _of_lines(delivery: str, code: str, lines: pd.DataFrame, remedy: str, severity: Severity = "warning") -> Finding:
    first = lines.iloc[0]
    example = f"{first['finess']}, {first['period']} : quantité {first['quantity']}, montant {first['amount']}"
    place = "quantité, montant"
    return Finding(delivery, code, place, severity, len(lines), f"{example} (ligne {first['line']})", remedy)


def header_findings(delivery: str, header: Header, empty: Sequence[str]) -> list[Finding]:
    """Return the columns that were not read.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    header
        The header.
    empty
        Headers of the months without any value.
    """
    kinds = (
        ("COLONNE_IGNOREE", header.unknown, "Colonne inconnue : elle n'est pas lue."),
        ("COLONNE_DE_TOTAL", header.totals, "Colonne de total : elle n'est pas lue, les autres la font."),
        ("COLONNE_VIDE", empty, "Mois sans aucune valeur : compté comme non reçu."),
    )
    return [
        Finding(delivery, code, "en-tête", "information", len(names), shown(", ".join(names)), remedy)
        for code, names, remedy in kinds
        if names
    ]


def line_findings(delivery: str, table: RawTable, lines: Lines) -> list[Finding]:
    """Return the lines that were dropped.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    table
        The table.
    lines
        Its lines, sorted.
    """
    kinds = (
        ("LIGNE_DE_TOTAL", lines.totals, "Ligne de total : elle n'est pas comptée, les autres la font."),
        ("LIGNE_DE_NOTE", lines.notes, "Ligne de note : elle n'est pas lue."),
    )
    return [
        Finding(
            delivery,
            code,
            f"lignes de {table.file}",
            "information",
            len(dropped),
            shown(f"{dropped[0][1]} (ligne {dropped[0][0]})"),
            remedy,
        )
        for code, dropped, remedy in kinds
        if dropped
    ]
