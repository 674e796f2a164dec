"""Tables of deliveries that follow each other: cumulative ones, and values that a later delivery has replaced."""

from __future__ import annotations

from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import AMOUNT_KINDS, DATE_BASES, DELIVERY, FINESS, STATE, TAXES, columns, values
from caqes_analysis.tables.received import MONTHLY_SPEND

__all__ = ["CUMULATIVE_SPEND", "REPLACED_SPEND", "RESTATED_VALUES"]

CUMULATIVE_SPEND = Table(
    "cumulative_spend",
    "Une ligne par établissement, enveloppe, nature de montant et livraison cumulée : le cumul reçu depuis janvier, "
    "et ce qu'il ajoute au précédent.",
    ("finess", "month", "envelope", "amount_kind", "delivery"),
    columns(
        FINESS,
        Column("month", "month", "Dernier mois du cumul, qui part de janvier."),
        Column("envelope", "text", "Enveloppe (phmev, extra_list_drugs…)."),
        Column("amount_kind", "text", "Nature du montant.", values=AMOUNT_KINDS),
        DELIVERY,
        values(
            cumulative_eur=("amount", "Cumul reçu, en euros."),
            cumulative_nb=("quantity", "Quantité cumulée."),
            period_start=("month", "Premier mois de ce que ce cumul ajoute au précédent."),
            months_nb=("count", "Nombre de mois de ce qu'il ajoute : un trimestre n'est pas trois mois."),
            increment_eur=("amount", "Ce qu'il ajoute au cumul précédent de l'année ; négatif en cas de reprise."),
            increment_nb=("quantity", "Quantité ajoutée."),
            replaced_by=("text", "Livraison qui a donné le même cumul de nouveau ; vide quand celui-ci vaut."),
        ),
        Column("date_basis", "text", "Date qui range dans le mois.", values=DATE_BASES),
        Column("tax", "text", "Hors taxe ou toutes taxes comprises.", values=TAXES),
        STATE,
    ),
)
REPLACED_SPEND = Table(
    "replaced_spend",
    "Une ligne par montant mensuel qu'une livraison plus récente a donné de nouveau : gardé pour comparer, hors des "
    "totaux.",
    MONTHLY_SPEND.key,
    (*MONTHLY_SPEND.columns, Column("replaced_by", "text", "Livraison dont le montant vaut.")),
)
RESTATED_VALUES = Table(
    "restated_values",
    "Une ligne par nombre d'activité, ou par code LPP d'un établissement et d'une période, qu'une livraison plus "
    "récente donne autrement que la précédente ; les mois sont dans replaced_spend, les cumuls dans cumulative_spend.",
    ("finess", "period", "source_table", "item", "delivery"),
    columns(
        FINESS,
        Column("period", "text", "Année (2024), mois (2024-09) ou cumul (2024-M09)."),
        Column("source_table", "text", "Table de la valeur.", values=("activity", "lpp_spend")),
        Column("item", "text", "Activité, ou code LPP."),
        Column("delivery", "text", "Livraison qui donne la nouvelle valeur."),
        Column("old_delivery", "text", "Livraison qui donnait l'ancienne."),
        values(
            old_nb=("quantity", "Ancien nombre ; vide quand il n'était pas donné."),
            new_nb=("quantity", "Nouveau nombre."),
            old_eur=("amount", "Ancien montant."),
            new_eur=("amount", "Nouveau montant."),
        ),
    ),
)
