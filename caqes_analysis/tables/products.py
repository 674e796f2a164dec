"""Tables of products: what the spending of an establishment is made of, what moved in it, what to look at."""

from __future__ import annotations

from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import FINESS, STATE, columns, values

__all__ = ["ANNUAL_DRUG_CLASSES", "LEVER_PRODUCTS", "SAVING_PRODUCTS"]

ANNUAL_DRUG_CLASSES = Table(
    "annual_drug_classes",
    "Une ligne par établissement et classe de médicaments (ATC de niveau 2) de la dernière base annuelle.",
    ("finess", "year", "code"),
    columns(
        FINESS,
        Column("year", "year", "Année de la base."),
        Column("code", "text", "Classe ; 999 pour les lignes masquées, 0 pour les honoraires de dispensation."),
        Column("label", "text", "Classe, en mots."),
        Column("amount_eur", "amount", "Montant remboursé de l'année."),
        values(
            previous_eur=("amount", "Montant de l'année d'avant ; vide quand sa base n'a pas été reçue."),
            base_eur=("amount", "Base de remboursement."),
            boxes_nb=("count", "Nombre de boîtes."),
        ),
        STATE,
    ),
)
SAVING_PRODUCTS = Table(
    "saving_products",
    "Une ligne par établissement (ou pour la région), enveloppe et produit dont la dépense a le plus bougé.",
    ("series", "indicator", "year", "rank"),
    columns(
        Column("series", "text", "FINESS, ou « region »."),
        Column("indicator", "text", "Enveloppe."),
        Column("year", "year", "Année N, comparée à N-1."),
        Column("rank", "count", "Rang : la plus grande variation d'abord, hausse ou baisse."),
        Column("code", "text", "Molécule (ATC) de la PHMEV ; code UCD ou LPP des autres enveloppes."),
        Column("label", "text", "Molécule ou code, en mots ; vide quand aucune liste ne le nomme.", required=False),
        Column("previous_eur", "amount", "Montant de l'année d'avant, aux mois comparés."),
        Column("price_eur", "amount", "Effet des prix."),
        Column("volume_eur", "amount", "Effet du volume du produit, à son propre coût moyen."),
        Column("mix_eur", "amount", "Passage d'une présentation à une autre."),
        Column("rate_eur", "amount", "Effet du taux de remboursement."),
        Column("entries_eur", "amount", "Présentations entrées sur le marché."),
        Column("exits_eur", "amount", "Présentations sorties du marché."),
        Column("perimeter_eur", "amount", "Établissements entrés dans le périmètre, ou sortis."),
        Column("masked_eur", "amount", "Lignes masquées par la source, dont la classe est connue."),
        Column("current_eur", "amount", "Montant de l'année, aux mois comparés."),
        STATE,
    ),
)
LEVER_PRODUCTS = Table(
    "lever_products",
    "Une ligne par établissement et présentation à regarder derrière ses leviers, les plus coûteuses d'abord.",
    ("finess", "rank"),
    columns(
        FINESS,
        Column("rank", "count", "Rang : la plus coûteuse d'abord."),
        Column("lever", "text", "Levier."),
        Column("year", "year", "Année des volumes et des prix."),
        Column("label", "text", "Molécule ou classe sur laquelle il porte, en mots."),
        Column("cip13", "text", "Présentation (CIP13)."),
        values(
            product_label=("text", "Présentation, en mots."),
            boxes_nb=("count", "Boîtes qu'une autre peut remplacer, ou qui peuvent être évitées."),
            reimbursed_eur=("amount", "Montant remboursé de l'année."),
        ),
        STATE,
    ),
)
