"""What several tables share: closed lists of values, patterns and columns."""

from __future__ import annotations

from collections.abc import Iterable

from caqes_analysis.identifiers import FINESS_PATTERN
from caqes_analysis.tables.definition import Column, Kind

__all__ = [
    "AMOUNT_KINDS",
    "DATE_BASES",
    "DELIVERY",
    "DISCLOSURE_STATUSES",
    "ESTIMATED",
    "FINESS",
    "FINESS_PATTERN",
    "MARKS",
    "SOURCE_LINE",
    "STATE",
    "TARGET_STATUSES",
    "TAXES",
    "VALUE_STATUSES",
    "columns",
    "values",
]

VALUE_STATUSES = ("reported", "zero", "missing", "not_applicable", "too_few")
DISCLOSURE_STATUSES = ("open", "primary", "secondary")
AMOUNT_KINDS = ("reimbursed", "base", "purchase", "tariff")
DATE_BASES = ("care", "reimbursement", "discharge", "administration", "unknown")
TAXES = ("HT", "TTC", "unknown")
TARGET_STATUSES = ("verified", "to_confirm", "regional", "unknown")


def columns(*groups: Iterable[Column] | Column) -> tuple[Column, ...]:
    """Return columns and groups of columns as one tuple."""
    return tuple(c for group in groups for c in ([group] if isinstance(group, Column) else group))


def values(**descriptions: tuple[Kind, str]) -> list[Column]:
    """Return optional columns from ``name=(kind, description)``."""
    return [Column(name, kind, text, required=False) for name, (kind, text) in descriptions.items()]


FINESS = Column("finess", "text", "FINESS de l'établissement, 9 caractères.", pattern=FINESS_PATTERN)
DELIVERY = Column("delivery", "text", "Livraison (fichier reçu) d'où vient la ligne.")
STATE = [
    Column(
        "value_status",
        "text",
        "Déclarée, zéro vrai, manquante, sans objet, ou masquée (secret statistique).",
        values=VALUE_STATUSES,
    ),
    Column("is_provisional", "flag", "Vrai quand le mois peut encore être complété."),
    Column("is_corrected", "flag", "Vrai quand le registre des corrections a changé la valeur."),
]
MARKS = values(
    is_provisional=("flag", "Vrai quand une des valeurs dont la ligne dépend peut encore être complétée."),
    is_corrected=("flag", "Vrai quand le registre des corrections a changé une des valeurs dont la ligne dépend."),
)
ESTIMATED = Column(
    "value_status", "text", "Estimée, ou non estimable (« missing »).", required=False, values=VALUE_STATUSES
)
SOURCE_LINE = [
    Column("source", "text", "Livraison (fichier reçu) d'où vient la ligne."),
    Column("source_line", "count", "Numéro de la ligne dans le fichier reçu (l'en-tête est la ligne 1)."),
]
