"""Tables that say what changed between two runs of a report, and what may have caused it."""

from __future__ import annotations

from typing import Literal, get_args

from caqes_analysis.tables.definition import Column, Table
from caqes_analysis.tables.parts import columns, values

__all__ = ["CHANGES", "CHANGE_CAUSES", "CHANGE_KINDS", "RUN_CAUSES", "RunCause"]

RunCause = Literal["data", "code", "parameters", "environment"]
"""What may change a figure."""

RUN_CAUSES: tuple[RunCause, ...] = get_args(RunCause)
CHANGE_KINDS = ("changed", "appeared", "disappeared")

CHANGES = Table(
    "changes",
    "Une ligne par valeur publiée qui diffère entre deux exécutions du rapport.",
    ("table", "row", "column"),
    columns(
        Column("table", "text", "Table publiée."),
        Column("part", "text", "Morceau de la table : FINESS de la fiche qui l'écrit, ou étape."),
        Column("row", "text", "Ligne : ses identifiants, séparés par « · »."),
        Column("column", "text", "Colonne ; « ligne » quand toute la ligne est apparue ou a disparu."),
        Column("kind", "text", "Ce qui est arrivé.", values=CHANGE_KINDS),
        values(
            before=("text", "Valeur avant."),
            after=("text", "Valeur après."),
            change=("ratio", "Après moins avant, pour un nombre."),
            change_pct=("ratio", "Le même, en % de la valeur d'avant ; vide quand elle est nulle."),
        ),
        Column("causes", "text", "Causes possibles, séparées par des virgules ; vide quand rien de connu n'a changé."),
    ),
)
CHANGE_CAUSES = Table(
    "change_causes",
    "Une ligne par fichier, paramètre, code ou logiciel qui diffère entre deux exécutions du rapport.",
    ("cause", "name"),
    columns(
        Column("cause", "text", "Nature de la cause.", values=RUN_CAUSES),
        Column("name", "text", "Ce qui diffère."),
        Column("kind", "text", "Ce qui est arrivé.", values=CHANGE_KINDS),
        values(before=("text", "Avant : empreinte ou valeur."), after=("text", "Après : empreinte ou valeur.")),
    ),
)
