"""Tables of reference: who establishments are, what codes mean, what was on a list and at which tariff."""

from __future__ import annotations

from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import FINESS_PATTERN, SOURCE_LINE, columns, values

__all__ = [
    "BIOSIMILAR_GROUPS",
    "CODE_KINDS",
    "CODE_LISTS",
    "CODE_LIST_STATUSES",
    "DRUG_CLASSES",
    "DRUG_PRESENTATIONS",
    "DRUG_PRODUCTS",
    "EXTRA_LIST_EVENTS",
    "EXTRA_LIST_EVENT_KINDS",
    "EXTRA_LIST_INDICATIONS",
    "EXTRA_LIST_PERIODS",
    "EXTRA_LIST_TARIFFS",
    "FINESS_SITES",
    "GENERIC_GROUPS",
]

CODE_KINDS = ("atc", "cip", "ucd", "lpp")
CODE_LIST_STATUSES = ("verified", "data", "inferred", "to_confirm", "regional")
EXTRA_LIST_EVENT_KINDS = (
    "listing",
    "tariff",
    "delisting",
    "suspension",
    "partial_delisting",
    "change",
    "article_51",
    "rtu",
    "unknown",
)
_KINDS = ("drug", "device")
_SEVEN_DIGITS = r"^[0-9]{7}$"
_CIS = Column("cis", "text", "Code CIS de la spécialité, 8 chiffres.", pattern=r"^[0-9]{8}$")

FINESS_SITES = Table(
    "finess_sites",
    "Une ligne par site géographique de l'extraction FINESS.",
    ("finess_et",),
    columns(
        Column("finess_et", "text", "FINESS du site géographique.", pattern=FINESS_PATTERN),
        Column("finess_ej", "text", "FINESS de l'entité juridique.", pattern=FINESS_PATTERN),
        Column("name", "text", "Raison sociale, longue quand elle existe."),
        values(
            category_code=("text", "Catégorie FINESS (355 centre hospitalier, 101 CHR…)."),
            category_label=("text", "Libellé de la catégorie."),
            legal_status=("text", "public, espic ou prive, quand le code SPH le dit."),
            siret=("text", "SIRET."),
            sph_code=("text", "Participation au service public hospitalier (1 public, 6 ESPIC, 7 privé)."),
            department=("text", "Code du département (971 et non 9A outre-mer)."),
            town=("text", "Commune de la ligne d'acheminement."),
            opened_on=("date", "Date d'ouverture."),
            authorised_on=("date", "Date d'autorisation."),
            updated_on=("date", "Date de mise à jour de la fiche."),
            x=("ratio", "Abscisse, dans la projection de la source."),
            y=("ratio", "Ordonnée, dans la projection de la source."),
            coordinates_source=("text", "Source et projection des coordonnées, telles que reçues."),
            extracted_on=("date", "Date de l'extraction."),
        ),
    ),
)
DRUG_PRODUCTS = Table(
    "drug_products",
    "Une ligne par spécialité de la base publique des médicaments (CIS_bdpm).",
    ("cis",),
    columns(
        _CIS,
        Column("name", "text", "Dénomination."),
        values(
            form=("text", "Forme pharmaceutique."),
            routes=("text", "Voies d'administration, séparées par des points-virgules."),
            authorisation=("text", "Statut de l'autorisation."),
            procedure=("text", "Procédure d'autorisation."),
            marketing=("text", "État de commercialisation."),
            authorised_on=("date", "Date de l'autorisation."),
            holders=("text", "Titulaires."),
        ),
    ),
)
DRUG_PRESENTATIONS = Table(
    "drug_presentations",
    "Une ligne par présentation (boîte) de la base publique des médicaments (CIS_CIP).",
    ("cip13",),
    columns(
        Column("cip13", "text", "Code CIP13.", pattern=r"^[0-9]{13}$"),
        Column("cip7", "text", "Code CIP7.", pattern=_SEVEN_DIGITS),
        _CIS,
        Column("label", "text", "Libellé de la présentation."),
        values(
            status=("text", "Statut administratif."),
            marketing=("text", "Déclaration de commercialisation."),
            declared_on=("date", "Date de cette déclaration."),
            community_approval=("text", "Agrément aux collectivités : oui ou non."),
            reimbursement_rates_pct=("text", "Taux de remboursement en %, séparés par des points-virgules."),
            price_eur=("amount", "Prix public sans honoraire, à la date du fichier."),
            price_with_fee_eur=("amount", "Prix public avec honoraire de dispensation."),
            fee_eur=("amount", "Honoraire de dispensation."),
        ),
    ),
)
DRUG_CLASSES = Table(
    "drug_classes",
    "Une ligne par spécialité d'intérêt thérapeutique majeur et classe ATC (CIS_MITM).",
    ("cis", "atc"),
    columns(_CIS, Column("atc", "text", "Classe ATC."), Column("name", "text", "Dénomination.")),
)
GENERIC_GROUPS = Table(
    "generic_groups",
    "Une ligne par ligne reçue des groupes génériques (CIS_GENER).",
    ("source", "source_line"),
    columns(
        SOURCE_LINE,
        Column("group", "text", "Numéro du groupe (n'est pas GEN_NUM d'Open PHMEV)."),
        Column("group_label", "text", "Libellé du groupe."),
        _CIS,
        Column(
            "role",
            "text",
            "Place dans le groupe.",
            values=("reference", "generic", "dose_complementary", "substitutable"),
        ),
        values(rank=("count", "Numéro d'ordre.")),
    ),
)
BIOSIMILAR_GROUPS = Table(
    "biosimilar_groups",
    "Une ligne par produit d'un groupe biologique similaire.",
    ("kind", "code"),
    columns(
        Column("kind", "text", "Nature du code.", values=("cip", "ucd")),
        Column("code", "text", "Code CIP13 ou UCD à 7 chiffres."),
        Column("group", "text", "Substance, en minuscules."),
        Column("label", "text", "Libellé."),
        values(
            role=("text", "reference ou biosimilar ; vide quand la source ne le dit pas."),
            atc=("text", "Classe ATC, telle que reçue."),
        ),
    ),
)
EXTRA_LIST_EVENTS = Table(
    "extra_list_events",
    "Une ligne par événement reçu de l'historique de la liste en sus (inscription, tarif, radiation…).",
    ("source", "source_line"),
    columns(
        SOURCE_LINE,
        Column("kind", "text", "Médicament ou dispositif.", values=_KINDS),
        Column("code", "text", "UCD à 7 chiffres, ou code LPP.", required=False, pattern=_SEVEN_DIGITS),
        Column("event", "text", "Événement.", values=EXTRA_LIST_EVENT_KINDS),
        Column("event_label", "text", "Événement, tel que reçu."),
        Column("day", "date", "Jour où il vaut : date d'effet, à défaut date de publication."),
        values(
            published_on=("date", "Publication au Journal officiel."),
            effective_on=("date", "Date d'effet."),
            label=("text", "Libellé du produit."),
            substance=("text", "Dénomination commune internationale."),
            atc=("text", "Classe ATC, telle que reçue."),
            tariff_ht_eur=("quantity", "Tarif hors taxe, au millième d'euro."),
            tariff_ttc_eur=("quantity", "Tarif toutes taxes comprises, au millième d'euro."),
            ucd13=("text", "Code UCD à 13 chiffres."),
            comment=("text", "Commentaire reçu."),
        ),
    ),
)
EXTRA_LIST_INDICATIONS = Table(
    "extra_list_indications",
    "Une ligne par ligne reçue de la liste des indications de la liste en sus (codes LES).",
    ("source", "source_line"),
    columns(
        SOURCE_LINE,
        Column("indication", "text", "Code LES de l'indication.", pattern=r"^[A-Z][0-9A-Z]{6}$"),
        Column(
            "code",
            "text",
            "UCD à 7 chiffres ; vide quand l'indication vaut pour tous les produits.",
            required=False,
            pattern=_SEVEN_DIGITS,
        ),
        Column("label", "text", "Libellé de l'indication."),
        Column(
            "status",
            "text",
            "Prise en charge sur la liste ; unknown quand la source ne la dit pas par oui, non ou RTU.",
            values=("listed", "not_listed", "rtu", "unknown"),
        ),
        Column("status_label", "text", "Inscription, telle que reçue.", required=False),
        values(
            listed_from=("date", "Début."),
            listed_to=("date", "Fin ; vide tant qu'elle dure."),
            product=("text", "Spécialité."),
            substance=("text", "Dénomination commune internationale."),
            laboratory=("text", "Laboratoire."),
            ucd13=("text", "Code UCD à 13 chiffres."),
            disease_group=("text", "Classe d'indication, premier niveau."),
            disease=("text", "Classe d'indication, second niveau."),
            origin=("text", "princeps, générique, biosimilaire ou médicament importé, quand la source le dit."),
            as_of=("month", "Mois auquel la liste a été arrêtée."),
        ),
    ),
)
EXTRA_LIST_PERIODS = Table(
    "extra_list_periods",
    "Une ligne par période d'inscription d'un produit sur la liste en sus.",
    ("kind", "code", "listed_from"),
    columns(
        Column("kind", "text", "Médicament ou dispositif.", values=_KINDS),
        Column("code", "text", "UCD à 7 chiffres, ou code LPP.", pattern=_SEVEN_DIGITS),
        values(
            listed_from=("date", "Premier jour d'inscription ; vide quand l'historique ne le dit pas."),
            listed_to=("date", "Dernier jour d'inscription ; vide tant qu'elle dure."),
        ),
        Column(
            "basis",
            "text",
            "Ce qui fait commencer la période : inscription, premier tarif, ou radiation seule connue.",
            values=("listing", "tariff", "delisting"),
        ),
    ),
)
EXTRA_LIST_TARIFFS = Table(
    "extra_list_tariffs",
    "Une ligne par produit de la liste en sus et date de tarif.",
    ("kind", "code", "valid_from"),
    columns(
        Column("kind", "text", "Médicament ou dispositif.", values=_KINDS),
        Column("code", "text", "UCD à 7 chiffres, ou code LPP.", pattern=_SEVEN_DIGITS),
        Column("valid_from", "date", "Premier jour du tarif."),
        values(
            valid_to=("date", "Dernier jour : la veille du tarif suivant ; vide pour le dernier."),
            tariff_ht_eur=("quantity", "Tarif hors taxe, au millième d'euro."),
            tariff_ttc_eur=("quantity", "Tarif toutes taxes comprises, au millième d'euro."),
        ),
        Column(
            "basis",
            "text",
            "Les deux tarifs reçus, l'un calculé de l'autre (TVA 2,1 %), ou reçus sans s'accorder.",
            values=("received", "ht_computed", "ttc_computed", "inconsistent"),
        ),
    ),
)
CODE_LISTS = Table(
    "code_lists",
    "Une ligne par code d'une liste de codes de la campagne.",
    ("list", "code"),
    columns(
        Column("list", "text", "Identifiant de la liste."),
        Column("kind", "text", "Nature des codes ; un code ATC vaut pour toute la classe.", values=CODE_KINDS),
        Column("code", "text", "Code."),
        values(
            label=("text", "Libellé."),
            role=("text", "Place du code dans la liste, quand elle en distingue."),
            valid_from=("date", "Premier jour où le code vaut dans la liste."),
            valid_to=("date", "Dernier jour."),
        ),
        Column("status", "text", "Fiabilité de la liste.", values=CODE_LIST_STATUSES),
        Column("source", "text", "D'où vient la liste."),
    ),
)
