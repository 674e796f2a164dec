"""What the tables of real savings say under them: what a conclusion is worth, and what a column holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.savings.estimate_question import only_adds

__all__ = ["CHANCE_NOTE", "PAID_NOTE", "REACHED_NOTE", "SINGLE_CHANCE_NOTE", "SINGLE_NOTE", "added_notes"]

_LEVELS = (
    "« Établi » : l'intervalle à 95 % laisse zéro dehors ; « probable » : celui à 80 % (neuf chances sur dix) ; sinon, "
    "les données ne permettent pas de conclure."
)
CHANCE_NOTE = f"{_LEVELS} Parmi vingt lignes, une peut paraître établie par hasard."
"""What a conclusion on the region is worth when there are many."""
# Measured where no contract exists (docs/methods/savings-estimate.md): 7 to 11 % outside yearly ceilings, 15 % of the
# series under 100 k€, for the 5 % announced.
SINGLE_NOTE = (
    "Pour un seul établissement, l'intervalle est trop étroit : là où rien n'a changé, une à deux lignes sur vingt "
    "paraissent pourtant établies, et jusqu'à trois sur vingt quand la dépense est de moins de 100 000 € par an."
)
"""What the interval of one establishment is worth: less than that of the region."""
SINGLE_CHANCE_NOTE = f"{_LEVELS} {SINGLE_NOTE}"
"""What a conclusion on one establishment is worth."""
PAID_NOTE = (
    "Payé sans aucun effet : chance qu'un contrat au moins soit payé sur cet indicateur si aucun n'avait rien changé, "
    "et ce que tous toucheraient alors en moyenne ; « n. d. » quand un terme de la règle, ou l'objectif, n'est pas "
    "connu. Objectif en part : les autres montants sont tenus pour ce qui a été reçu."
)
"""What the column of undeserved payments holds."""
REACHED_NOTE = (
    "Objectif atteint sans aucun effet : chance que l'ensemble des contrats l'atteigne si aucun n'avait rien changé ; "
    "« n. d. » quand il n'est pas renseigné."
)
"""What the column of objectives reached by themselves holds."""


def added_notes(estimates: Iterable[Mapping[Any, Any]]) -> list[str]:
    """Return of which estimates only what the year adds is counted, the one before being under contract."""
    adding = [row for row in estimates if only_adds(row) and not pd.isna(row["saving_eur"])]
    if not adding:
        return []
    labels = french.list_in_words([str(row["label"]) for row in adding])
    added = f"n'est compté que ce que {adding[0]['year']} ajoute"
    return [f"{labels} : {added}, des mois de l'année d'avant étant déjà sous contrat."]
