"""Tables of the savings: what the contract counts, what a change is made of, what was real, what could be saved."""

from __future__ import annotations

from caqes_analysis.tables.computed import EVALUATION_STATUSES
from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import ESTIMATED, FINESS, FINESS_PATTERN, MARKS, columns, values

__all__ = ["LEVERS", "SAVINGS", "SAVING_METHODS", "SCENARIOS"]

SAVING_METHODS = ("regulatory", "decomposed", "statistical")
SCENARIOS = ("median", "best_quartile", "target")

SAVINGS = Table(
    "savings",
    "Une ligne par établissement (ou groupe), indicateur, année, méthode, périmètre et composante : chaque étape.",
    ("finess", "group", "indicator", "year", "method", "perimeter", "component"),
    columns(
        Column("finess", "text", "FINESS (du contrat, pour le chiffre réglementaire).", False, pattern=FINESS_PATTERN),
        Column("group", "text", "Code du groupe (région), quand la ligne n'est pas un établissement.", False),
        Column("indicator", "text", "Indicateur ou enveloppe ; « incentive » pour le total d'un contrat."),
        Column("year", "year", "Année N, comparée à N-1."),
        Column("method", "text", "Laquelle des trois façons de compter.", values=SAVING_METHODS),
        Column("perimeter", "text", "Champ : courant, ou constant (les mêmes codes les deux années)."),
        Column("component", "text", "Étape ou effet (saving, gross, incentive, price, volume, mix…)."),
        Column("status", "text", "Ce que la ligne peut dire.", values=EVALUATION_STATUSES),
        values(
            label=("text", "Indicateur, en mots."),
            period=("text", "Période comparée, en mots."),
            amount_eur=("amount", "Montant ; une économie est positive, un effet de prix à la baisse négatif."),
            value=("quantity", "Valeur d'une étape qui n'est pas un montant (taux, part, boîtes)."),
            unit_label=("text", "Unité de cette valeur."),
            lower_80_eur=("amount", "Borne basse à 80 %, pour le chiffre statistique."),
            upper_80_eur=("amount", "Borne haute à 80 %."),
            lower_95_eur=("amount", "Borne basse à 95 %."),
            upper_95_eur=("amount", "Borne haute à 95 %."),
            prob_real=("ratio", "Probabilité que l'économie soit réelle (0 à 1)."),
            rule=("text", "Règle appliquée, et si elle est officielle."),
            reason=("text", "Pourquoi rien n'est calculé, ou ce que le chiffre laisse de côté."),
        ),
        MARKS,
    ),
)
LEVERS = Table(
    "levers",
    "Une ligne par établissement, levier, groupe de produits, année et scénario : ce qui pourrait être économisé.",
    ("finess", "lever", "product_group", "year", "scenario"),
    columns(
        FINESS,
        Column("lever", "text", "Levier (biosimilars, substitution, repertoire, ipp…)."),
        Column("product_group", "text", "Molécule, classe ou mode sur lequel il porte."),
        Column("year", "year", "Année des volumes et des prix."),
        Column("scenario", "text", "À quoi l'établissement est comparé.", values=SCENARIOS),
        Column("label", "text", "Levier et groupe, en mots."),
        values(
            numerator_nb=("quantity", "Unités comptées."),
            denominator_nb=("quantity", "Unités du groupe."),
            rate=("ratio", "Taux de l'établissement (0 à 1, ou par unité de dénominateur)."),
            reference_rate=("ratio", "Taux du scénario."),
            establishments_nb=("count", "Nombre d'établissements d'où vient le taux du scénario."),
            moved_nb=("quantity", "Unités à déplacer ou à éviter."),
            gap_eur=("ratio", "Écart de prix remboursé par unité, à la période."),
            saving_eur=("amount", "Économie possible sur une année ; ordre de grandeur."),
            lower_eur=("amount", "Borne basse de l'intervalle, quand il y en a un."),
            upper_eur=("amount", "Borne haute."),
            reason=("text", "Pourquoi il n'y a pas d'intervalle, ou ce que le chiffre suppose."),
        ),
        ESTIMATED,
        MARKS,
    ),
)
