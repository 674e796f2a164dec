"""What changed since an earlier run of the report: which numbers, by how much, and what may have caused it."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french
from caqes_analysis.batch.changes import changes_by_table, largest_changes
from caqes_analysis.batch.compare import Comparison
from caqes_analysis.display import ColumnFormat, Notice, Table, Text
from caqes_analysis.tables import table_named

__all__ = [
    "CAUSE_LABELS",
    "KIND_LABELS",
    "answer",
    "causes_in_words",
    "causes_table",
    "largest_table",
    "summary_table",
    "unexplained_notice",
    "verdict",
]

CAUSE_LABELS = {"data": "données", "code": "code", "parameters": "paramètres", "environment": "environnement"}
KIND_LABELS = {"changed": "modifié", "appeared": "nouveau", "disappeared": "absent"}
_UNKNOWN_CAUSE = "rien de connu"
_SHOWN_NB = 30
_SHORT_HASH = 12


def causes_in_words(causes: str) -> str:
    """Return the causes of a change in French.

    Examples
    --------
    >>> causes_in_words("data, code"), causes_in_words("")
    ('données ou code', 'rien de connu')
    """
    labels = [CAUSE_LABELS[cause] for cause in causes.split(", ") if cause]
    return french.list_in_words(labels, any_of=True) or _UNKNOWN_CAUSE


def verdict(comparison: Comparison) -> str:
    """Return in one sentence what changed, and whether something known explains it."""
    changes, unexplained_nb = comparison.changes, len(comparison.unexplained)
    if changes.empty:
        same = "Aucun chiffre publié n'a changé"
        return f"{same}, alors que des causes possibles diffèrent." if len(comparison.causes) else f"{same}."
    changed_nb, whole_nb = int((changes["kind"] == "changed").sum()), int((changes["kind"] != "changed").sum())
    told = [french.plural(changed_nb, "chiffre publié a changé", "chiffres publiés ont changé")] if changed_nb else []
    if whole_nb:
        told.append(french.plural(whole_nb, "ligne est apparue ou a disparu", "lignes sont apparues ou ont disparu"))
    if not unexplained_nb:
        return f"{french.list_in_words(told)} ; les données ou les paramètres l'expliquent."
    these = french.plural(unexplained_nb, "écart", "écarts")
    return f"{french.list_in_words(told)} ; ni les données ni les paramètres n'expliquent {these}."


def answer(comparison: Comparison) -> Text:
    """Return the answer of the page."""
    compared = french.plural(comparison.compared_nb, "fichier de résultats comparé", "fichiers de résultats comparés")
    return Text.answer(f"Depuis l'exécution « {comparison.before.name} » : {verdict(comparison)} ({compared}.)")


def unexplained_notice(comparison: Comparison) -> Notice | None:
    """Return a warning when numbers changed though neither the data nor the parameters did."""
    rows = comparison.unexplained
    if rows.empty:
        return None
    causes = french.list_in_words(sorted({causes_in_words(words) for words in rows["causes"]}), any_of=True)
    return Notice(
        "warning",
        f"{french.plural(len(rows), 'écart')} que ni les données ni les paramètres n'expliquent",
        f"Cause possible : {causes}. À comprendre avant de diffuser le rapport.",
    )


def causes_table(comparison: Comparison) -> Table:
    """Return everything that differs between the two runs."""
    causes = comparison.causes
    rows = causes.assign(
        cause=causes["cause"].map(CAUSE_LABELS),
        kind=causes["kind"].map(KIND_LABELS),
        before=causes["before"].str.slice(stop=_SHORT_HASH),
        after=causes["after"].str.slice(stop=_SHORT_HASH),
    )
    return Table.from_frame(
        rows,
        caption="Ce qui diffère entre les deux exécutions",
        columns=[
            ColumnFormat.text("cause", "Cause"),
            ColumnFormat.text("name", "Quoi"),
            ColumnFormat.text("kind", "État"),
            ColumnFormat.text("before", "Avant"),
            ColumnFormat.text("after", "Après"),
        ],
        notes=["Les fichiers, le code et les logiciels sont nommés par le début de leur empreinte SHA-256."],
    )


def summary_table(comparison: Comparison) -> Table:
    """Return how many numbers of each published table changed."""
    rows = changes_by_table(comparison.changes)
    told = rows.assign(
        causes=rows["causes"].map(causes_in_words), content=[table_named(name).description for name in rows["table"]]
    )
    return Table.from_frame(
        told,
        caption="Chiffres publiés qui ont changé, par table",
        columns=[
            ColumnFormat.text("table", "Table"),
            ColumnFormat.text("content", "Contenu"),
            ColumnFormat.count("changed_nb", "Chiffres changés"),
            ColumnFormat.count("appeared_nb", "Lignes apparues"),
            ColumnFormat.count("disappeared_nb", "Lignes disparues"),
            ColumnFormat.percent("largest_pct", "Plus grand écart"),
            ColumnFormat.text("causes", "Causes possibles"),
        ],
    )


def largest_table(comparison: Comparison) -> Table:
    """Return the changes that weigh most."""
    rows = largest_changes(comparison.changes, _SHOWN_NB)
    told = rows.assign(
        causes=rows["causes"].map(causes_in_words),
        before=[_number(value) for value in rows["before"]],
        after=[_number(value) for value in rows["after"]],
    )
    shown = french.plural(min(len(rows), _SHOWN_NB), "écart")
    return Table.from_frame(
        told,
        caption=f"Les plus grands écarts ({shown} au plus), les montants d'abord",
        columns=[
            ColumnFormat.text("row", "Ligne"),
            ColumnFormat.text("table", "Table"),
            ColumnFormat.text("column", "Colonne"),
            ColumnFormat.text("before", "Avant", align="right"),
            ColumnFormat.text("after", "Après", align="right"),
            ColumnFormat.percent("change_pct", "Écart", signed=True),
            ColumnFormat.text("causes", "Causes possibles"),
        ],
        notes=["Toutes les valeurs sont comparées ; « caqes compare » les écrit toutes avec --output."],
    )


def _number(value: object) -> str | None:
    return None if pd.isna(value) else french.number(float(str(value)), 2)
