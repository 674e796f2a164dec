"""The catalogue of tidy tables: what each holds, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from caqes_analysis.errors import CaqesError
from caqes_analysis.tables.definition import Column, Kind, Table

__all__ = ["ALL_TABLES", "table_named"]

FINESS_PATTERN = r"^[0-9][0-9AB][0-9]{7}$"
VALUE_STATUSES = ("reported", "zero", "missing", "not_applicable")
DISCLOSURE_STATUSES = ("open", "primary", "secondary")
AMOUNT_KINDS = ("reimbursed", "base", "purchase", "tariff")
DATE_BASES = ("care", "reimbursement", "discharge", "administration", "unknown")
TAXES = ("HT", "TTC", "unknown")
TARGET_STATUSES = ("verified", "to_confirm", "regional", "unknown")


def _columns(*groups: Iterable[Column] | Column) -> tuple[Column, ...]:
    return tuple(c for group in groups for c in ([group] if isinstance(group, Column) else group))


def _values(**descriptions: tuple[Kind, str]) -> list[Column]:
    return [Column(name, kind, text, required=False) for name, (kind, text) in descriptions.items()]


_FINESS = Column("finess", "text", "FINESS de l'établissement, 9 caractères.", pattern=FINESS_PATTERN)
_DELIVERY = Column("delivery", "text", "Livraison (fichier reçu) d'où vient la ligne.")
_STATE = [
    Column("value_status", "text", "Déclarée, zéro vrai, manquante ou sans objet.", values=VALUE_STATUSES),
    Column("is_provisional", "flag", "Vrai quand le mois peut encore être complété."),
    Column("is_corrected", "flag", "Vrai quand le registre des corrections a changé la valeur."),
]
_SOURCE_LINE = [
    Column("source", "text", "Livraison (fichier reçu) d'où vient la ligne."),
    Column("source_line", "count", "Numéro de la ligne dans le fichier reçu (l'en-tête est la ligne 1)."),
]
_FORECAST_VALUES: Mapping[str, tuple[Kind, str]] = {
    "observed_eur": ("amount", "Montant des mois observés de l'année."),
    "previous_eur": ("amount", "Montant de l'année précédente entière."),
    "expected_eur": ("amount", "Atterrissage moyen ; s'additionne d'un établissement à l'autre."),
    "median_eur": ("amount", "Atterrissage médian."),
    "lower_80_eur": ("amount", "Borne basse à 80 %."),
    "upper_80_eur": ("amount", "Borne haute à 80 %."),
    "lower_95_eur": ("amount", "Borne basse à 95 %."),
    "upper_95_eur": ("amount", "Borne haute à 95 %."),
    "evolution_pct": ("ratio", "Taux d'évolution de la médiane contre l'année précédente, en %."),
    "evolution_lower_80_pct": ("ratio", "Borne basse du taux à 80 %."),
    "evolution_upper_80_pct": ("ratio", "Borne haute du taux à 80 %."),
    "evolution_lower_95_pct": ("ratio", "Borne basse du taux à 95 %."),
    "evolution_upper_95_pct": ("ratio", "Borne haute du taux à 95 %."),
    "prob_exceed": ("ratio", "Probabilité de dépasser l'objectif (0 à 1)."),
}

ESTABLISHMENTS = Table(
    "establishments",
    "Une ligne par établissement et période de validité.",
    ("finess", "valid_from"),
    _columns(
        _FINESS,
        Column("valid_from", "date", "Premier jour où ces caractéristiques valent."),
        Column("finess_ej", "text", "FINESS de l'entité juridique.", required=False, pattern=FINESS_PATTERN),
        Column("finess_et", "text", "FINESS du site géographique.", required=False, pattern=FINESS_PATTERN),
        Column(
            "contract_finess", "text", "FINESS auquel le contrat est signé.", required=False, pattern=FINESS_PATTERN
        ),
        Column("name", "text", "Nom de l'établissement."),
        _values(
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
    _columns(
        Column("contract_finess", "text", "FINESS signataire.", pattern=FINESS_PATTERN),
        Column("scheme", "text", "Dispositif : caqes-2018, caqes-2022 ou un autre de parameters/schemes."),
        _values(
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
    _columns(
        _DELIVERY,
        Column("file", "text", "Nom du fichier."),
        Column("sha256", "text", "Empreinte SHA-256 du fichier.", pattern=r"^[0-9a-f]{64}$"),
        _values(
            received_on=("date", "Date de réception."),
            period=("text", "Période couverte."),
            rows=("count", "Nombre de lignes retenues."),
        ),
    ),
)
FINDINGS = Table(
    "findings",
    "Une ligne par constat d'un lecteur ou d'un contrôle.",
    ("delivery", "code", "place"),
    _columns(
        _DELIVERY,
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
    _columns(
        _FINESS,
        Column("month", "month", "Premier jour du mois."),
        Column("envelope", "text", "Enveloppe (phmev, extra_list_drugs…)."),
        Column("amount_kind", "text", "Nature du montant.", values=AMOUNT_KINDS),
        _DELIVERY,
        _values(amount_eur=("amount", "Montant en euros."), quantity_nb=("quantity", "Quantité.")),
        Column("date_basis", "text", "Date qui range dans le mois.", values=DATE_BASES),
        Column("tax", "text", "Hors taxe ou toutes taxes comprises.", values=TAXES),
        _STATE,
    ),
)
MONTHLY_GRID = Table(
    "monthly_grid",
    "Une ligne par établissement (fusions appliquées), enveloppe et mois, sans trou : ce qui manque est dit.",
    ("finess", "envelope", "month"),
    _columns(
        _FINESS,
        Column("envelope", "text", "Enveloppe."),
        Column("month", "month", "Premier jour du mois."),
        Column("amount_kind", "text", "Nature du montant retenue pour l'enveloppe.", values=AMOUNT_KINDS),
        _values(amount_eur=("amount", "Montant ; vide quand il manque ou n'a pas d'objet.")),
        _STATE,
    ),
)
SUCCESSIONS = Table(
    "successions",
    "Une ligne par établissement fusionné : qui reprend son activité.",
    ("finess",),
    _columns(
        _FINESS,
        Column("current_finess", "text", "FINESS d'aujourd'hui.", pattern=FINESS_PATTERN),
        Column("since", "date", "Premier jour de la reprise."),
    ),
)
EVOLUTIONS = Table(
    "evolutions",
    "Une ligne par établissement, enveloppe et cumul : l'année contre la précédente, aux mêmes mois.",
    ("finess", "envelope", "year", "month_nb"),
    _columns(
        _FINESS,
        Column("envelope", "text", "Enveloppe."),
        Column("year", "year", "Année."),
        Column("month_nb", "count", "Dernier mois du cumul (1 à 12)."),
        _values(
            current_eur=("amount", "Cumul de l'année, sur les mois comparables."),
            previous_eur=("amount", "Cumul de l'année précédente, sur les mêmes mois."),
            evolution_pct=("ratio", "Taux d'évolution, en % ; vide quand il n'a pas de sens."),
            compared_months_nb=("count", "Nombre de mois comparables."),
            missing_months=("text", "Numéros des mois écartés parce qu'ils manquent une des deux années."),
        ),
        _STATE,
    ),
)
ANNUAL_DRUG_SPEND = Table(
    "annual_drug_spend",
    "Une ligne par ligne reçue d'une base annuelle de médicaments (Open PHMEV).",
    ("source", "source_line"),
    _columns(
        _SOURCE_LINE,
        Column("year", "year", "Année des données."),
        _FINESS,
        _values(
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
        _STATE,
    ),
)
INDICATOR_VALUES = Table(
    "indicator_values",
    "Une ligne par établissement ou groupe, période, indicateur et périmètre.",
    ("finess", "group", "level", "period", "indicator", "perimeter"),
    _columns(
        Column("finess", "text", "FINESS, pour un établissement.", required=False, pattern=FINESS_PATTERN),
        Column("group", "text", "Code du groupe (département, catégorie, région), pour un groupe.", required=False),
        Column("level", "text", "Niveau.", values=("establishment", "department", "category", "region")),
        Column("period", "text", "Année (2024) ou cumul au mois (2024-M09)."),
        Column("indicator", "text", "Identifiant de l'indicateur."),
        Column("perimeter", "text", "Périmètre (courant, constant…)."),
        _values(
            numerator=("ratio", "Numérateur."),
            denominator=("ratio", "Dénominateur."),
            value=("ratio", "Valeur."),
            unit_label=("text", "Unité."),
            lower=("ratio", "Borne basse de l'intervalle."),
            upper=("ratio", "Borne haute de l'intervalle."),
        ),
        _STATE,
    ),
)
TARGETS = Table(
    "targets",
    "Une ligne par objectif ou repère, avec sa source et son statut.",
    ("scheme", "subject", "measure", "data_year", "finess"),
    _columns(
        Column("scheme", "text", "Dispositif."),
        Column("subject", "text", "Enveloppe ou indicateur."),
        Column("measure", "text", "Ce qui est mesuré (evolution_pct, share_pct, overrun_eur…)."),
        Column("data_year", "year", "Année des données (et non de la campagne)."),
        Column("finess", "text", "FINESS concerné, ou « all »."),
        _values(value=("ratio", "Valeur ; vide quand elle est inconnue."), unit_label=("text", "Unité.")),
        Column("source", "text", "Texte ou décision d'où vient la valeur."),
        Column("status", "text", "Fiabilité de la valeur.", values=TARGET_STATUSES),
    ),
)
FORECASTS = Table(
    "forecasts",
    "Une ligne par série, année et dernier mois observé.",
    ("series", "year", "as_of"),
    _columns(
        Column("series", "text", "Série : FINESS ou groupe, barre oblique, enveloppe."),
        Column("year", "year", "Année prévue."),
        Column("as_of", "month", "Dernier mois observé."),
        Column("observed_months_nb", "count", "Nombre de mois observés de l'année."),
        _values(**_FORECAST_VALUES),
        Column("method", "text", "Méthode employée."),
        Column("reason", "text", "Pourquoi cette méthode, ou pourquoi rien n'est estimable.", required=False),
    ),
)

ALL_TABLES: tuple[Table, ...] = (
    ESTABLISHMENTS,
    CONTRACTS,
    DELIVERIES,
    FINDINGS,
    MONTHLY_SPEND,
    SUCCESSIONS,
    MONTHLY_GRID,
    EVOLUTIONS,
    ANNUAL_DRUG_SPEND,
    INDICATOR_VALUES,
    TARGETS,
    FORECASTS,
)


def table_named(name: str) -> Table:
    """Return the table of that name.

    Raises
    ------
    CaqesError
        ``TABLE_INCONNUE``, with the names that exist.
    """
    for table in ALL_TABLES:
        if table.name == name:
            return table
    known = ", ".join(table.name for table in ALL_TABLES)
    raise CaqesError.of("TABLE_INCONNUE", f"aucune table ne s'appelle {name!r}.", f"Tables connues : {known}.")
