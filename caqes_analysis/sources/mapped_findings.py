"""What a region's own table shows besides its rows: what was dropped, what is negative, what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis.sources.column_mapping import ColumnMapping
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import unfinished_line
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.mapped_header import Header
from caqes_analysis.sources.mapped_lines import Lines
from caqes_analysis.sources.odd_values import odd_quantities, shortened_amounts
from caqes_analysis.sources.problems import shown
from caqes_analysis.sources.raw_tables import RawTable

__all__ = ["absent_columns", "header_findings", "line_findings", "value_findings"]

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
    found += odd_quantities(delivery, facts)
    if measure == "amount":
        found += shortened_amounts(delivery, grid, [name for name in grid.cells if name.startswith("value ")])
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


def absent_columns(delivery: str, header: Header, mapping: ColumnMapping) -> list[Finding]:
    """Return what the mapping names among the columns (envelopes, activities) and no column of the file holds.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    header
        The header.
    mapping
        How the table should be laid out. Two words for one code are two ways of naming it: one is enough.
    """
    if "item" not in mapping.header:
        return []
    held = {column.item for column in header.values}
    absent = [word for word, code in mapping.items.items() if code not in held]
    if not absent:
        return []
    remedy = (
        "La correspondance les nomme, et le fichier n'a plus ces colonnes : compté comme manquant. La disposition a "
        "changé depuis l'année dernière, ou le fichier est incomplet : le redemander, ou retirer ces mots de items."
    )
    return [Finding(delivery, "COLONNE_NON_RECUE", "en-tête", "warning", len(absent), shown(", ".join(absent)), remedy)]


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
