"""Tables that hold what the package computes, and the targets it compares with."""

from __future__ import annotations

from collections.abc import Mapping

from caqes_analysis.tables.definition import Column, Kind, Table
from caqes_analysis.tables.parts import (
    AMOUNT_KINDS,
    FINESS,
    FINESS_PATTERN,
    STATE,
    TARGET_STATUSES,
    columns,
    values,
)

__all__ = [
    "EVOLUTIONS",
    "FORECASTS",
    "INDICATOR_VALUES",
    "MONTHLY_GRID",
    "SUCCESSIONS",
    "TARGETS",
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

SUCCESSIONS = Table(
    "successions",
    "Une ligne par établissement fusionné : qui reprend son activité.",
    ("finess",),
    columns(
        FINESS,
        Column("current_finess", "text", "FINESS d'aujourd'hui.", pattern=FINESS_PATTERN),
        Column("since", "date", "Premier jour de la reprise."),
    ),
)
MONTHLY_GRID = Table(
    "monthly_grid",
    "Une ligne par établissement (fusions appliquées), enveloppe et mois, sans trou : ce qui manque est dit.",
    ("finess", "envelope", "month"),
    columns(
        FINESS,
        Column("envelope", "text", "Enveloppe."),
        Column("month", "month", "Premier jour du mois."),
        Column("amount_kind", "text", "Nature du montant retenue pour l'enveloppe.", values=AMOUNT_KINDS),
        values(amount_eur=("amount", "Montant ; vide quand il manque ou n'a pas d'objet.")),
        STATE,
    ),
)
EVOLUTIONS = Table(
    "evolutions",
    "Une ligne par établissement, enveloppe et cumul : l'année contre la précédente, aux mêmes mois.",
    ("finess", "envelope", "year", "month_nb"),
    columns(
        FINESS,
        Column("envelope", "text", "Enveloppe."),
        Column("year", "year", "Année."),
        Column("month_nb", "count", "Dernier mois du cumul (1 à 12)."),
        values(
            current_eur=("amount", "Cumul de l'année, sur les mois comparables."),
            previous_eur=("amount", "Cumul de l'année précédente, sur les mêmes mois."),
            evolution_pct=("ratio", "Taux d'évolution, en % ; vide quand il n'a pas de sens."),
            compared_months_nb=("count", "Nombre de mois comparables."),
            missing_months=("text", "Numéros des mois écartés parce qu'ils manquent une des deux années."),
        ),
        STATE,
    ),
)
INDICATOR_VALUES = Table(
    "indicator_values",
    "Une ligne par établissement ou groupe, période, indicateur et périmètre.",
    ("finess", "group", "level", "period", "indicator", "perimeter"),
    columns(
        Column("finess", "text", "FINESS, pour un établissement.", required=False, pattern=FINESS_PATTERN),
        Column("group", "text", "Code du groupe (département, catégorie, région), pour un groupe.", required=False),
        Column("level", "text", "Niveau.", values=("establishment", "department", "category", "region")),
        Column("period", "text", "Année (2024) ou cumul au mois (2024-M09)."),
        Column("indicator", "text", "Identifiant de l'indicateur."),
        Column("perimeter", "text", "Périmètre (courant, constant…)."),
        values(
            numerator=("ratio", "Numérateur."),
            denominator=("ratio", "Dénominateur."),
            value=("ratio", "Valeur."),
            unit_label=("text", "Unité."),
            lower=("ratio", "Borne basse de l'intervalle."),
            upper=("ratio", "Borne haute de l'intervalle."),
        ),
        STATE,
    ),
)
TARGETS = Table(
    "targets",
    "Une ligne par objectif ou repère, avec sa source et son statut.",
    ("scheme", "subject", "measure", "data_year", "finess"),
    columns(
        Column("scheme", "text", "Dispositif."),
        Column("subject", "text", "Enveloppe ou indicateur."),
        Column("measure", "text", "Ce qui est mesuré (evolution_pct, share_pct, overrun_eur…)."),
        Column("data_year", "year", "Année des données (et non de la campagne)."),
        Column("finess", "text", "FINESS concerné, ou « all »."),
        values(value=("ratio", "Valeur ; vide quand elle est inconnue."), unit_label=("text", "Unité.")),
        Column("source", "text", "Texte ou décision d'où vient la valeur."),
        Column("status", "text", "Fiabilité de la valeur.", values=TARGET_STATUSES),
    ),
)
FORECASTS = Table(
    "forecasts",
    "Une ligne par série, année et dernier mois observé.",
    ("series", "year", "as_of"),
    columns(
        Column("series", "text", "Série : FINESS ou groupe, barre oblique, enveloppe."),
        Column("year", "year", "Année prévue."),
        Column("as_of", "month", "Dernier mois observé."),
        Column("observed_months_nb", "count", "Nombre de mois observés de l'année."),
        values(**_FORECAST_VALUES),
        Column("method", "text", "Méthode employée."),
        Column("reason", "text", "Pourquoi cette méthode, ou pourquoi rien n'est estimable.", required=False),
    ),
)
