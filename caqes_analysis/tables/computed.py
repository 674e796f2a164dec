"""Tables that hold what the package computes, and the targets it compares with."""

from __future__ import annotations

from collections.abc import Mapping

from caqes_analysis.tables.definition import Column, Kind, Table
from caqes_analysis.tables.parts import (
    AMOUNT_KINDS,
    ESTIMATED,
    FINESS,
    FINESS_PATTERN,
    MARKS,
    STATE,
    TARGET_STATUSES,
    columns,
    values,
)

__all__ = [
    "ATTAINMENTS",
    "EVALUATIONS",
    "EVALUATION_STATUSES",
    "EVOLUTIONS",
    "FORECASTS",
    "FORECAST_CHANCES",
    "FORECAST_LEVELS",
    "FORECAST_TRIALS",
    "INDICATORS",
    "INDICATOR_TRENDS",
    "INDICATOR_VALUES",
    "LIFETIMES",
    "MONTHLY_GRID",
    "REGIONAL_CONTEXT",
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
    "target_pct": ("ratio", "Objectif ou repère comparé, en % d'évolution ; vide quand il n'y en a pas."),
    "target_eur": ("amount", "Montant que l'objectif permet pour l'année."),
    "expected_excess_eur": ("amount", "Enjeu : dépassement moyen, en comptant zéro quand l'objectif est tenu."),
}
_FORECAST_UNIT = Column(
    "unit_label", "text", "Unité des colonnes de montants de la ligne : « € », ou celle d'un indicateur (« boîtes »)."
)
_TRIAL_VALUES: Mapping[str, tuple[Kind, str]] = {
    "previous_eur": ("amount", "Montant de l'année d'avant."),
    "median_eur": ("amount", "Atterrissage qui aurait été annoncé (médiane)."),
    "lower_80_eur": ("amount", "Borne basse à 80 %."),
    "upper_80_eur": ("amount", "Borne haute à 80 %."),
    "lower_95_eur": ("amount", "Borne basse à 95 %."),
    "upper_95_eur": ("amount", "Borne haute à 95 %."),
    "evolution_pct": ("ratio", "Taux d'évolution annoncé, en %."),
    "actual_eur": ("amount", "Montant réalisé."),
    "actual_evolution_pct": ("ratio", "Taux d'évolution réalisé, en %."),
    "twelve_over_k_pct": ("ratio", "Taux que donne le cumul × 12 / mois observés."),
    "last_ratio_pct": ("ratio", "Taux que donne le ratio de l'année d'avant."),
    "year_share_pct": ("ratio", "Taux que donne la part moyenne de l'année."),
}

FORECAST_LEVELS = ("establishment", "department", "region")
EVALUATION_STATUSES = ("computed", "partial", "pending", "not_computable", "not_valued", "not_applicable")
REFERENCE_STATUSES = ("respected", "targeted", "unknown", "not_applicable")
ATTAINMENTS = ("attained", "not_attained", "pending", "unknown", "not_applicable")
_EVALUATION_KINDS = (
    "indicator",
    "incentive",
    "regional_indicator",
    "regional_incentive",
    "criterion",
    "section",
    "score",
    "sanction",
)
_EVALUATION_VALUES: Mapping[str, tuple[Kind, str]] = {
    "part": ("text", "Volet du contrat ou section de la grille."),
    "period": ("text", "Période comparée, en mots."),
    "reason": ("text", "Pourquoi rien n'est calculé, ou ce que le chiffre laisse de côté."),
    "reference_detail": ("text", "Chaque condition du référentiel, avec sa valeur."),
    "measure": ("text", "Mesure comparée à l'objectif."),
    "value": ("ratio", "Valeur comparée à l'objectif."),
    "target_value": ("ratio", "Objectif ; vide quand il n'est pas renseigné."),
    "unit_label": ("text", "Unité de la valeur et de l'objectif."),
    "target_label": ("text", "Objectif, avec sa source."),
    "previous_eur": ("amount", "Montant de l'année précédente, aux mois comparés."),
    "current_eur": ("amount", "Montant de l'année, aux mois comparés."),
    "saving_eur": ("amount", "Économies constatées : max(0, N-1 − N)."),
    "kept_saving_eur": ("amount", "Économies après compensation entre indicateurs, si la règle en prévoit une."),
    "gate": ("quantity", "Effet de la réalisation de l'objectif, de 0 à 1."),
    "rate_pct": ("quantity", "Taux appliqué, en %."),
    "gross_eur": ("amount", "Montant avant plancher et plafond."),
    "floor_eur": ("amount", "Plancher : en deçà, rien n'est versé."),
    "cap_eur": ("amount", "Plafond."),
    "base_eur": ("amount", "Assiette de la sanction."),
    "amount_eur": ("amount", "Montant dû : intéressement, part régionale ou sanction."),
    "answer": ("text", "Réponse déclarée ou valeur mesurée, en mots."),
    "points": ("quantity", "Points obtenus."),
    "max_points": ("quantity", "Points possibles."),
    "weight": ("quantity", "Poids."),
    "weighted_points": ("quantity", "Points obtenus × poids."),
    "weighted_max": ("quantity", "Points possibles × poids."),
    "score": ("quantity", "Score de la section ou du contrat."),
}

SUCCESSIONS = Table(
    "successions",
    "Une ligne par établissement compté dans un autre : son repreneur, ou l'entité qui signe pour lui.",
    ("finess",),
    columns(
        FINESS,
        Column("current_finess", "text", "FINESS d'aujourd'hui.", pattern=FINESS_PATTERN),
        Column("since", "date", "Premier jour de la reprise ; vide pour les sites de l'AP-HP.", required=False),
    ),
)
LIFETIMES = Table(
    "lifetimes",
    "Une ligne par établissement d'aujourd'hui : depuis quand il est là, ceux qu'il a repris compris.",
    ("finess",),
    columns(
        FINESS,
        Column("first_day", "date", "Premier jour ; celui du premier de ceux qu'il a repris.", required=False),
        Column("last_day", "date", "Dernier jour ; 31/12/9999 tant qu'il est ouvert."),
        Column("part_year", "year", "Année de son ouverture, quand elle est postérieure à janvier.", required=False),
    ),
)
REGIONAL_CONTEXT = Table(
    "regional_context",
    "Une ligne par fiche et chose qu'elle dit de la région, telle qu'elle l'imprime.",
    ("finess", "subject", "measure"),
    columns(
        FINESS,
        Column("subject", "text", "Enveloppe, indicateur, ou ce qui a été reçu."),
        Column("measure", "text", "Ce qui en est dit."),
        Column("printed", "text", "Texte imprimé."),
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
        values(
            amount_eur=("amount", "Montant ; vide quand il manque ou n'a pas d'objet."),
            cumulative_eur=(
                "amount",
                "Au mois d'un cumul reçu : la somme des mois depuis janvier s'ils sont tous reçus, ce cumul sinon.",
            ),
        ),
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
            is_perimeter_change=("flag", "Vrai quand l'établissement n'est pas dans les deux périodes entières."),
        ),
        STATE,
    ),
)
INDICATOR_VALUES = Table(
    "indicator_values",
    "Une ligne par établissement ou groupe, période, indicateur, mesure et périmètre.",
    ("finess", "group", "level", "period", "indicator", "measure", "perimeter"),
    columns(
        Column("finess", "text", "FINESS, pour un établissement.", required=False, pattern=FINESS_PATTERN),
        Column("group", "text", "Code du groupe (département, catégorie, région), pour un groupe.", required=False),
        Column("level", "text", "Niveau.", values=("establishment", "department", "category", "region")),
        Column("period", "text", "Année (2024) ou cumul au mois (2024-M09)."),
        Column("indicator", "text", "Identifiant de l'indicateur."),
        Column("measure", "text", "Mesure de l'indicateur (boxes_nb, share_pct, evolution_pct…)."),
        Column("perimeter", "text", "Périmètre (courant, constant…)."),
        values(
            numerator=("ratio", "Numérateur."),
            denominator=("ratio", "Dénominateur."),
            value=("ratio", "Valeur."),
            unit_label=("text", "Unité."),
            lower=("ratio", "Borne basse de l'intervalle."),
            upper=("ratio", "Borne haute de l'intervalle."),
            masked_share=("ratio", "Part masquée par le producteur, quand elle déplace la valeur (0 à 1)."),
            months_nb=("count", "Nombre de mois comptés, pour une source mensuelle."),
            establishments_nb=("count", "Nombre d'établissements qui ont une valeur, pour un groupe."),
            missing_nb=("count", "Nombre d'établissements dont la valeur manque, pour un groupe."),
        ),
        STATE,
    ),
)
INDICATORS = Table(
    "indicators",
    "Une ligne par indicateur du catalogue de la campagne : ce qu'il est, et si les données reçues le renseignent.",
    ("indicator",),
    columns(
        Column("indicator", "text", "Identifiant."),
        Column("name", "text", "Nom."),
        Column("short_name", "text", "Nom court."),
        Column("status", "text", "État de la définition.", values=("draft", "published", "archived")),
        Column("theme", "text", "Thème."),
        values(
            volet=("text", "Volet du contrat."),
            schemes=("text", "Dispositifs, séparés par des virgules."),
            period=("text", "Période lue ; vide quand les données reçues ne le renseignent pas."),
            measure=("text", "Mesure lue : celle de l'objectif, sinon la principale."),
            reason=("text", "Pourquoi il n'a pas de page."),
        ),
        Column("definition", "text", "La définition entière, en JSON."),
    ),
)
INDICATOR_TRENDS = Table(
    "indicator_trends",
    "Une ligne par établissement ou groupe et mesure suivie, à sa dernière période : mouvement, rang, contribution.",
    ("finess", "group", "level", "period", "indicator", "measure", "perimeter"),
    columns(
        *INDICATOR_VALUES.columns[:7],
        values(
            value=("ratio", "Valeur de la période."),
            lower=("ratio", "Borne basse de l'intervalle à 95 %."),
            upper=("ratio", "Borne haute de l'intervalle à 95 %."),
            unit_label=("text", "Unité de la valeur."),
            numerator=("ratio", "Numérateur."),
            denominator=("ratio", "Dénominateur."),
            interval_reason=("text", "Pourquoi il n'y a pas d'intervalle."),
            previous_period=("text", "Même période de l'année précédente."),
            previous_value=("ratio", "Sa valeur."),
            previous_status=("text", "Son état, comme « value_status » (« not_applicable » avant l'ouverture)."),
            change=("ratio", "Écart avec elle : en points pour un pourcentage, en % sinon."),
            change_lower=("ratio", "Borne basse de l'écart."),
            change_upper=("ratio", "Borne haute de l'écart."),
            first_period=("text", "Première période connue."),
            periods_nb=("count", "Nombre de périodes connues."),
            mean_annual_change=("ratio", "Évolution annuelle moyenne depuis elle, dans l'unité de l'écart."),
            slope=("ratio", "Pente par an (Theil-Sen), dans l'unité de la valeur."),
            slope_lower=("ratio", "Borne basse de la pente."),
            slope_upper=("ratio", "Borne haute de la pente."),
            slope_p=("ratio", "Probabilité exacte d'un ordre aussi marqué sans tendance."),
            slope_reason=("text", "Pourquoi la pente n'a pas d'intervalle."),
            rank=("count", "Rang dans la région, 1 pour la valeur la plus favorable."),
            ranked_nb=("count", "Nombre d'établissements classés."),
            percentile=(
                "ratio",
                "Part des établissements classés dont la valeur est plus basse, en % (ex æquo : moitié).",
            ),
            unranked_reason=("text", "Pourquoi l'établissement n'est pas classé."),
            peer_group=("text", "Pairs : catégorie et taille."),
            peer_rank=("count", "Rang parmi les pairs."),
            peers_nb=("count", "Nombre de pairs classés, lui compris."),
            peer_percentile=("ratio", "Part des pairs classés dont la valeur est plus basse, en %."),
            contribution=("ratio", "Contribution à l'écart de la région, dans l'unité de cet écart."),
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
        Column("series", "text", "Série : FINESS ou groupe, barre oblique, enveloppe ou indicateur."),
        Column("level", "text", "Niveau.", values=FORECAST_LEVELS),
        Column("subject", "text", "FINESS, code du département ou de la région."),
        Column("envelope", "text", "Enveloppe, ou indicateur suivi au mois."),
        Column("year", "year", "Année prévue."),
        Column("as_of", "month", "Dernier mois observé de la région : les lignes d'avant disent comment on prévoyait."),
        Column("observed_months_nb", "count", "Nombre de mois observés de l'année."),
        _FORECAST_UNIT,
        values(**_FORECAST_VALUES),
        Column("method", "text", "Méthode employée."),
        values(
            level_change_pct=(
                "ratio",
                "Changement de niveau non déclaré, en % ; vide quand il n'y en a pas.",
            ),
            level_change_month=("month", "Premier mois au nouveau niveau."),
        ),
        Column("reason", "text", "Pourquoi cette méthode, ou pourquoi rien n'est estimable.", required=False),
        ESTIMATED,
        MARKS,
    ),
)
FORECAST_TRIALS = Table(
    "forecast_trials",
    "Une ligne par série, année passée et nombre de mois observés : ce qui aurait été prévu, et ce qui est venu.",
    ("series", "year", "observed_months_nb"),
    columns(
        Column("series", "text", "Série, comme dans « forecasts »."),
        Column("level", "text", "Niveau.", values=FORECAST_LEVELS),
        Column("envelope", "text", "Enveloppe ou indicateur."),
        Column("year", "year", "Année rejouée."),
        Column("observed_months_nb", "count", "Nombre de mois observés."),
        _FORECAST_UNIT,
        Column("method", "text", "Méthode employée."),
        values(**_TRIAL_VALUES),
        ESTIMATED,
        MARKS,
    ),
)
FORECAST_CHANCES = Table(
    "forecast_chances",
    "Une ligne par prévision rejouée et objectif d'essai : la probabilité annoncée, et ce qui est venu.",
    ("series", "year", "observed_months_nb", "offset_points"),
    columns(
        Column("series", "text", "Série, comme dans « forecasts »."),
        Column("level", "text", "Niveau.", values=FORECAST_LEVELS),
        Column("year", "year", "Année rejouée."),
        Column("observed_months_nb", "count", "Nombre de mois observés."),
        Column("offset_points", "count", "Objectif d'essai : points ajoutés à l'évolution de l'année d'avant."),
        Column("prob_exceed", "ratio", "Probabilité annoncée de dépasser l'objectif d'essai (0 à 1)."),
        Column("prob_last_ratio", "ratio", "La même, par le ratio de l'année d'avant et ses erreurs.", required=False),
        Column("is_exceeded", "flag", "L'objectif d'essai a été dépassé."),
    ),
)
EVALUATIONS = Table(
    "evaluations",
    "Une ligne par contrat, sujet évalué et année : le résultat et chaque étape qui y mène.",
    ("contract_finess", "subject", "year"),
    columns(
        Column("contract_finess", "text", "FINESS signataire du contrat.", pattern=FINESS_PATTERN),
        Column("subject", "text", "Indicateur, critère, section, « incentive », « score », « sanction »…"),
        Column("year", "year", "Année évaluée ; `period` dit les données lues quand elles sont d'une autre année."),
        Column("scheme", "text", "Dispositif du contrat."),
        Column("kind", "text", "Nature de la ligne.", values=_EVALUATION_KINDS),
        Column("label", "text", "Ce qui est évalué, en mots."),
        Column("status", "text", "Ce que la ligne peut dire.", values=EVALUATION_STATUSES),
        Column("reference_status", "text", "Référentiel.", required=False, values=REFERENCE_STATUSES),
        Column("attainment", "text", "Objectif.", required=False, values=ATTAINMENTS),
        values(**_EVALUATION_VALUES),
        MARKS,
    ),
)
