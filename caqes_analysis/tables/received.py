"""Tables that hold what was received."""

from __future__ import annotations

from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import (
    AMOUNT_KINDS,
    DATE_BASES,
    DELIVERY,
    FINESS,
    FINESS_PATTERN,
    SOURCE_LINE,
    STATE,
    TAXES,
    columns,
    values,
)

__all__ = [
    "ACTIVITY",
    "ANNUAL_DRUG_SPEND",
    "CONTRACTS",
    "CORRECTIONS",
    "DELIVERIES",
    "ESTABLISHMENTS",
    "EXTRA_LIST_USE",
    "FINDINGS",
    "GRID_ANSWERS",
    "LPP_SPEND",
    "MONTHLY_SPEND",
    "PRESCRIBER_SPEND",
]

ESTABLISHMENTS = Table(
    "establishments",
    "Une ligne par établissement et période de validité.",
    ("finess", "valid_from"),
    columns(
        FINESS,
        Column("valid_from", "date", "Premier jour où ces caractéristiques valent."),
        Column("finess_ej", "text", "FINESS de l'entité juridique.", required=False, pattern=FINESS_PATTERN),
        Column("finess_et", "text", "FINESS du site géographique.", required=False, pattern=FINESS_PATTERN),
        Column(
            "contract_finess", "text", "FINESS auquel le contrat est signé.", required=False, pattern=FINESS_PATTERN
        ),
        Column("name", "text", "Nom de l'établissement."),
        values(
            category=("text", "Catégorie (CHU, CH, CLCC, ESPIC, privé…)."),
            legal_status=("text", "Statut juridique : public, espic ou prive."),
            department=("text", "Code du département."),
            town=("text", "Commune."),
            region=("text", "Code de la région."),
            valid_to=("date", "Dernier jour de validité ; vide tant qu'ils valent."),
        ),
        Column("successor", "text", "FINESS qui reprend l'activité (fusion).", required=False, pattern=FINESS_PATTERN),
    ),
)
CONTRACTS = Table(
    "contracts",
    "Une ligne par contrat et dispositif.",
    ("contract_finess", "scheme"),
    columns(
        Column("contract_finess", "text", "FINESS signataire.", pattern=FINESS_PATTERN),
        Column("scheme", "text", "Dispositif : caqes-2018, caqes-2022 ou un autre de parameters/schemes."),
        values(
            status=("text", "Signé, refusé, résilié ou terminé."),
            signed_on=("date", "Date d'effet du contrat."),
            volets=("text", "Volets, séparés par des virgules."),
            indicators=("text", "Identifiants des indicateurs, séparés par des virgules."),
        ),
    ),
)
DELIVERIES = Table(
    "deliveries",
    "Une ligne par fichier reçu.",
    ("delivery",),
    columns(
        DELIVERY,
        Column("file", "text", "Nom du fichier."),
        Column("sha256", "text", "Empreinte SHA-256 du fichier.", pattern=r"^[0-9a-f]{64}$"),
        values(
            received_on=("date", "Date de réception."),
            period=("text", "Période couverte."),
            rows=("count", "Nombre de lignes retenues."),
            lines=("count", "Nombre de lignes de données du fichier, en-têtes, totaux et notes exceptés."),
            as_of=("month", "Mois auquel le fichier a été arrêté, quand la campagne le dit."),
            total_eur=("amount", "Somme des montants lus (remboursés, pour une base annuelle)."),
            total_base_eur=("amount", "Somme des bases de remboursement d'une base annuelle."),
            total_billed_eur=("amount", "Somme des montants facturés d'un fichier de l'ATIH, après nettoyage."),
            total_tariff_eur=("quantity", "Somme des montants au tarif d'un fichier de l'ATIH, ou des tarifs."),
            total_nb=("quantity", "Somme des nombres lus : activité, quantités, boîtes ou réponses."),
        ),
    ),
)
FINDINGS = Table(
    "findings",
    "Une ligne par constat d'un lecteur ou d'un contrôle.",
    ("delivery", "code", "place"),
    columns(
        DELIVERY,
        Column("code", "text", "Identifiant du constat."),
        Column("place", "text", "Colonne, établissement ou mois concerné."),
        Column("severity", "text", "Gravité.", values=("information", "warning", "error")),
        Column("count", "count", "Nombre de lignes concernées."),
        Column("example", "text", "Une occurrence, telle que reçue."),
        Column("remedy", "text", "Ce qui a été fait des lignes et ce que l'on peut faire."),
    ),
)
MONTHLY_SPEND = Table(
    "monthly_spend",
    "Une ligne par établissement, mois, enveloppe, nature de montant et livraison.",
    ("finess", "month", "envelope", "amount_kind", "delivery"),
    columns(
        FINESS,
        Column("month", "month", "Premier jour du mois."),
        Column("envelope", "text", "Enveloppe (phmev, extra_list_drugs…)."),
        Column("amount_kind", "text", "Nature du montant.", values=AMOUNT_KINDS),
        DELIVERY,
        values(amount_eur=("amount", "Montant en euros."), quantity_nb=("quantity", "Quantité.")),
        Column("date_basis", "text", "Date qui range dans le mois.", values=DATE_BASES),
        Column("tax", "text", "Hors taxe ou toutes taxes comprises.", values=TAXES),
        STATE,
    ),
)
ANNUAL_DRUG_SPEND = Table(
    "annual_drug_spend",
    "Une ligne par ligne reçue d'une base annuelle de médicaments (Open PHMEV).",
    ("source", "source_line"),
    columns(
        SOURCE_LINE,
        Column("year", "year", "Année des données."),
        FINESS,
        values(
            cip13=("text", "Code CIP13 ; 9999999999999 quand il est masqué."),
            product_label=("text", "Libellé du produit."),
            atc1=("text", "Classe ATC, niveau 1 ; 0 pour les honoraires de dispensation."),
            atc1_label=("text", "Libellé."),
            atc2=("text", "Classe ATC, niveau 2."),
            atc2_label=("text", "Libellé."),
            atc3=("text", "Classe ATC, niveau 3."),
            atc3_label=("text", "Libellé."),
            atc4=("text", "Classe ATC, niveau 4."),
            atc4_label=("text", "Libellé."),
            atc5=("text", "Classe ATC, niveau 5."),
            atc5_label=("text", "Libellé."),
            generic_status=(
                "text",
                "TOP_GEN : 0 aucun, 1 générique, 4 princeps, 9 inconnu, B biosimilaire, C référent.",
            ),
            age_class=("text", "Classe d'âge : 0, 20, 60, ou 99 masquée."),
            sex=("text", "Sexe : 1, 2, ou 9 masqué."),
            boxes_nb=("count", "Nombre de boîtes."),
            reimbursed_eur=("amount", "Montant remboursé."),
            base_eur=("amount", "Base de remboursement."),
        ),
        STATE,
    ),
)
LPP_SPEND = Table(
    "lpp_spend",
    "Une ligne par établissement prescripteur, période, code LPP et livraison.",
    ("finess", "period", "lpp", "delivery"),
    columns(
        FINESS,
        Column("period", "text", "Année (2024) ou mois (2024-09)."),
        Column("lpp", "text", "Code LPP, 7 chiffres.", pattern=r"^[0-9]{7}$"),
        DELIVERY,
        values(quantity_nb=("quantity", "Quantité."), amount_eur=("amount", "Montant remboursé.")),
        STATE,
    ),
)
PRESCRIBER_SPEND = Table(
    "prescriber_spend",
    "Une ligne par établissement, année, prescripteur ou service, produit et livraison ; jamais publiée.",
    ("finess", "year", "prescriber", "code", "delivery"),
    columns(
        FINESS,
        Column("year", "year", "Année des données."),
        Column("prescriber", "text", "Numéro RPPS du prescripteur, ou code du service."),
        Column("prescriber_kind", "text", "Ce que désigne prescriber.", values=("rpps", "service")),
        Column("code", "text", "CIP13, ou code UCD ou LPP à 7 chiffres.", pattern=r"^(?:[0-9]{7}|[0-9]{13})$"),
        DELIVERY,
        values(
            prescriber_label=("text", "Libellé : spécialité, nom du service."),
            boxes_nb=("quantity", "Boîtes ou unités."),
            reimbursed_eur=("amount", "Montant remboursé."),
        ),
        STATE,
    ),
)
EXTRA_LIST_USE = Table(
    "extra_list_use",
    "Une ligne par ligne reçue de la liste en sus : un produit employé, par un établissement, un mois.",
    ("source", "source_line"),
    columns(
        SOURCE_LINE,
        FINESS,
        Column("month", "month", "Mois d'administration ou de sortie."),
        Column("date_basis", "text", "Date qui range dans le mois.", values=DATE_BASES),
        Column("kind", "text", "Médicament ou dispositif.", values=("drug", "device")),
        Column("code", "text", "Code UCD à 7 chiffres, ou code LPP.", pattern=r"^[0-9]{7}$"),
        values(
            indication=("text", "Code LES de l'indication."),
            quantity_nb=("quantity", "Quantité."),
            purchase_eur=("amount", "Montant au prix d'achat."),
            tariff_eur=("amount", "Montant au tarif."),
            reimbursed_eur=("amount", "Montant remboursé."),
        ),
        STATE,
    ),
)
ACTIVITY = Table(
    "activity",
    "Une ligne par établissement, période, activité et livraison.",
    ("finess", "period", "activity", "delivery"),
    columns(
        FINESS,
        Column("period", "text", "Année (2024), cumul (2024-M09) ou mois (2024-09)."),
        Column("activity", "text", "Activité comptée (séjours, séances, trajets en ambulance…)."),
        DELIVERY,
        values(count_nb=("quantity", "Nombre."), proof=("text", "Preuve nommée par l'établissement, si elle existe.")),
        STATE,
    ),
)
CORRECTIONS = Table(
    "corrections",
    "Une ligne par correction confirmée : ce qui était reçu, ce qui le remplace, qui l'a décidé et sur quelle preuve.",
    ("finess", "period", "field"),
    columns(
        FINESS,
        Column("period", "text", "Mois (2024-09) ou année (2024)."),
        Column("field", "text", "Enveloppe ou champ corrigé."),
        values(old=("amount", "Valeur reçue."), new=("amount", "Valeur retenue.")),
        Column("author", "text", "Qui a confirmé."),
        Column("date", "date", "Quand."),
        Column("proof", "text", "Pièce qui le prouve."),
        Column(
            "state",
            "text",
            "Appliquée, ou non : autre valeur reçue, ou aucune ligne.",
            values=("applied", "unexpected", "absent"),
        ),
        Column("kept", "amount", "Autre valeur reçue, qui reste en vigueur.", required=False),
    ),
)
GRID_ANSWERS = Table(
    "grid_answers",
    "Une ligne par contrat, année et critère de la grille d'évaluation : ce que l'établissement déclare.",
    ("contract_finess", "year", "criterion"),
    columns(
        Column("contract_finess", "text", "FINESS signataire du contrat.", pattern=FINESS_PATTERN),
        Column("year", "year", "Année évaluée."),
        Column("criterion", "text", "Identifiant du critère dans la grille."),
        DELIVERY,
        values(
            answer=("text", "Réponse d'un choix, telle que la grille l'écrit ; « sans objet »."),
            value=("quantity", "Nombre déclaré."),
            proof=("text", "Pièce justificative."),
            comment=("text", "Commentaire de l'établissement."),
        ),
    ),
)
