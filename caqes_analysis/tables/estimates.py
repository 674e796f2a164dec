"""Tables of the savings estimated against what would have happened otherwise, and of what they assume."""

from __future__ import annotations

from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import ESTIMATED, MARKS, columns, values

__all__ = ["CONCLUSIONS", "ESTIMATE_LEVELS", "SAVING_ESTIMATES", "SAVING_SENSITIVITY"]

ESTIMATE_LEVELS = ("series", "group", "region", "threshold")
CONCLUSIONS = ("saving", "probable_saving", "inconclusive", "probable_overspending", "overspending")

SAVING_ESTIMATES = Table(
    "saving_estimates",
    "Une ligne par série sous contrat, groupe et région : ce que la dépense aurait été sans contrat, et avec quelle "
    "certitude.",
    ("indicator", "level", "series", "period"),
    columns(
        Column("indicator", "text", "Indicateur ; vide quand l'appel n'en nomme pas.", False),
        Column("level", "text", "Ce que la ligne réunit.", values=ESTIMATE_LEVELS),
        Column("series", "text", "Série, nom du groupe, ou « region »."),
        Column("year", "year", "Année évaluée."),
        Column("period", "text", "Premier et dernier mois évalués."),
        Column("months_nb", "count", "Nombre de mois évalués."),
        Column("series_nb", "count", "Nombre de séries réunies."),
        values(
            previous_eur=("amount", "Montant des mêmes mois de l'année précédente."),
            actual_eur=("amount", "Montant des mois évalués."),
            counterfactual_eur=("amount", "Montant attendu sans contrat (moyenne des trajectoires ; s'additionne)."),
            saving_eur=("amount", "Économie estimée : attendu sans contrat − observé ; négative pour un surcoût."),
            lower_80_eur=("amount", "Borne basse de l'économie à 80 %."),
            upper_80_eur=("amount", "Borne haute à 80 %."),
            lower_95_eur=("amount", "Borne basse à 95 %."),
            upper_95_eur=("amount", "Borne haute à 95 %."),
            saving_pct=("ratio", "Économie estimée, en % du montant attendu sans contrat."),
            events=("text", "Événements déclarés qui déplacent ce montant attendu, et leur effet."),
            events_eur=("amount", "Ce dont ils le déplacent depuis l'année précédente ; s'additionne."),
            prob_real=("ratio", "Probabilité que l'économie soit réelle (0 à 1)."),
            detectable_eur=("amount", "Plus petite économie que l'intervalle à 95 % sépare de zéro huit fois sur dix."),
            detectable_pct=("ratio", "La même, en % du montant attendu sans contrat."),
            credited_eur=("amount", "Ce que la règle crédite : max(0, N-1 − N), série par série."),
            credited_without_effect_eur=("amount", "Ce qu'elle créditerait en moyenne à un contrat sans effet."),
            prob_credited_without_effect=("ratio", "Probabilité qu'elle crédite quelque chose sans aucun effet."),
            paid_without_effect_eur=("amount", "Intéressement qu'un contrat sans effet toucherait en moyenne."),
            prob_paid_without_effect=("ratio", "Probabilité qu'un intéressement soit payé sans aucun effet."),
            prob_target_without_effect=("ratio", "Probabilité que l'évolution à atteindre le soit sans aucun effet."),
            paid_reason=("text", "Pourquoi l'intéressement sans effet n'est pas calculé."),
        ),
        Column("conclusion", "text", "Ce que les données permettent de dire.", required=False, values=CONCLUSIONS),
        Column("method", "text", "Méthode, en mots."),
        values(
            replays_nb=("count", "Années antérieures rejouées."),
            comparison_nb=("count", "Établissements sans contrat comparés."),
            reason=("text", "Pourquoi rien n'est estimé, ou ce que l'estimation suppose."),
            design_reason=("text", "Pourquoi ce plan, et pas l'autre."),
            from_contract=(
                "flag",
                "Vrai quand ce qui est attendu ne lit aucun mois sous contrat.",
            ),
        ),
        ESTIMATED,
        MARKS,
    ),
)

SAVING_SENSITIVITY = Table(
    "saving_sensitivity",
    "Une ligne par hypothèse changée : ce que devient l'économie estimée d'un indicateur, ou l'intéressement versé.",
    ("method", "indicator", "period", "variant"),
    columns(
        Column("method", "text", "Chiffre concerné.", values=("regulatory", "statistical")),
        Column("indicator", "text", "Indicateur ; « incentive » pour l'intéressement de tous les contrats."),
        Column("year", "year", "Année évaluée."),
        Column("period", "text", "Mois évalués dans ce qui est retenu."),
        Column("variant", "text", "Hypothèse changée ; « base » pour ce qui est retenu."),
        Column("label", "text", "La même, en mots."),
        values(
            series_nb=("count", "Nombre de contrats réunis."),
            saving_eur=("amount", "Économie estimée, ou intéressement versé."),
            difference_eur=("amount", "Écart à ce qui est retenu."),
            lower_95_eur=("amount", "Borne basse à 95 %."),
            upper_95_eur=("amount", "Borne haute à 95 %."),
            prob_real=("ratio", "Probabilité que l'économie soit réelle (0 à 1)."),
            reason=("text", "Ce que la variante suppose, ou pourquoi elle diffère."),
        ),
        Column("conclusion", "text", "Ce que les données permettent de dire.", required=False, values=CONCLUSIONS),
        MARKS,
    ),
)
