"""What changed since an earlier run of the report: which numbers, by how much, and what may have caused it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.code_version import HASH_LENGTH
from caqes_analysis.display import ColumnFormat, Notice, Table, Text
from caqes_analysis.tables import table_named

if TYPE_CHECKING:
    from caqes_analysis.batch.compare import Comparison

__all__ = [
    "CAUSE_LABELS",
    "KIND_LABELS",
    "answer",
    "causes_in_words",
    "causes_table",
    "changes_by_table",
    "largest_changes",
    "largest_table",
    "open_comparison",
    "summary_table",
    "unexplained_notice",
    "verdict",
]

CAUSE_LABELS = {"data": "données", "code": "code", "parameters": "paramètres", "environment": "environnement"}
KIND_LABELS = {"changed": "modifié", "appeared": "nouveau", "disappeared": "absent"}
_UNKNOWN_CAUSE = "rien de connu"
_SHOWN_NB = 20


def open_comparison(page: Page, before_run: str, after_run: str) -> Comparison | None:
    """Return the comparison of two runs; None when the campaign does not have two yet.

    Parameters
    ----------
    page
        Data of the notebook.
    before_run, after_run
        Folders of the runs; by hand, both may be empty: the last two runs of the campaign that succeeded.

    Raises
    ------
    CampaignError
        ``EXECUTION_INCONNUE`` when a folder is not that of a run.
    """
    # What this page shows is in its key by the content of the comparison, not by the code that makes it.
    from caqes_analysis.batch.compare import compare_runs, find_run, last_run

    directory = page.build_directory or page.campaign.build_directory
    after = find_run(Path(after_run)) if after_run else last_run(directory)
    before = find_run(Path(before_run)) if before_run else after and last_run(directory, before=after)
    return compare_runs(before, after) if before and after else None


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


def answer(comparison: Comparison | None) -> Text:
    """Return the answer of the page."""
    if comparison is None:
        return Text.answer("Cette campagne n'a pas encore deux exécutions réussies à comparer.")
    compared = french.plural(comparison.compared_nb, "fichier de résultats comparé", "fichiers de résultats comparés")
    return Text.answer(
        f"Depuis l'exécution « {comparison.before.name} » : {verdict(comparison).rstrip('.')} ({compared})."
    )


def unexplained_notice(comparison: Comparison | None) -> Notice | None:
    """Return a warning when numbers changed though neither the data nor the parameters did."""
    if comparison is None or comparison.unexplained.empty:
        return None
    rows = comparison.unexplained
    causes = french.list_in_words(sorted({causes_in_words(words) for words in rows["causes"]}), any_of=True)
    return Notice(
        "warning",
        f"{french.plural(len(rows), 'écart')} que ni les données ni les paramètres n'expliquent",
        f"Cause possible : {causes}. À comprendre avant de diffuser le rapport.",
    )


def causes_table(comparison: Comparison | None) -> Table | None:
    """Return everything that differs between the two runs."""
    if comparison is None:
        return None
    causes = comparison.causes
    rows = causes.assign(
        cause=causes["cause"].map(CAUSE_LABELS),
        kind=causes["kind"].map(KIND_LABELS),
        before=causes["before"].str.slice(stop=HASH_LENGTH),
        after=causes["after"].str.slice(stop=HASH_LENGTH),
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


def summary_table(comparison: Comparison | None) -> Table | None:
    """Return how many numbers of each published table changed."""
    if comparison is None:
        return None
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


def largest_table(comparison: Comparison | None) -> Table | None:
    """Return the changes that weigh most."""
    if comparison is None:
        return None
    rows = largest_changes(comparison.changes, _SHOWN_NB)
    told = rows.assign(
        what=[_described(table, column) for table, column in zip(rows["table"], rows["column"], strict=True)],
        causes=rows["causes"].map(causes_in_words),
        before=[_number(value) for value in rows["before"]],
        after=[_number(value) for value in rows["after"]],
    )
    return Table.from_frame(
        told,
        caption="Les plus grands écarts, les montants d'abord",
        columns=[
            ColumnFormat.text("row", "Ligne"),
            ColumnFormat.text("what", "Chiffre"),
            ColumnFormat.text("before", "Avant", align="right"),
            ColumnFormat.text("after", "Après", align="right"),
            ColumnFormat.number("change", "Écart", decimals=2, signed=True),
            ColumnFormat.text("causes", "Causes possibles"),
        ],
        notes=[
            f"{_SHOWN_NB} écarts au plus ; tous les chiffres sont comparés, « caqes compare --output » écrit tous les "
            "écarts."
        ],
    )


def _described(table: str, column: str) -> str:
    """Return what a column holds, in the words of the published schema."""
    return next(c.description for c in table_named(table).columns if c.name == column).rstrip(".")


def _number(value: str) -> str:
    return french.number(float(value), 2) if value else french.MISSING


def changes_by_table(changes: pd.DataFrame) -> pd.DataFrame:
    """Return how many values of each table and cause changed.

    Parameters
    ----------
    changes
        Rows of :data:`~caqes_analysis.tables.CHANGES`.

    Returns
    -------
    DataFrame
        ``table``, ``causes``, ``changed_nb`` (values), ``appeared_nb`` and ``disappeared_nb`` (rows), and
        ``largest_pct``: the largest relative change, in absolute value, missing where no number changed.
    """
    marked = changes.assign(
        changed_nb=changes["kind"] == "changed",
        appeared_nb=changes["kind"] == "appeared",
        disappeared_nb=changes["kind"] == "disappeared",
        largest_pct=changes["change_pct"].abs(),
    )
    counts = dict.fromkeys(("changed_nb", "appeared_nb", "disappeared_nb"), "sum")
    summed = marked.groupby(["table", "causes"], sort=False).agg({**counts, "largest_pct": "max"}).reset_index()
    return summed.astype(dict.fromkeys(counts, int))


def largest_changes(changes: pd.DataFrame, count_nb: int) -> pd.DataFrame:
    """Return the changes of numbers that weigh most, in absolute value: amounts in euros first, then relative ones.

    Parameters
    ----------
    changes
        Rows of :data:`~caqes_analysis.tables.CHANGES`.
    count_nb
        How many to return, at most.
    """
    numbers = changes.dropna(subset=["change"])
    is_amount = numbers["column"].str.endswith("_eur")
    weight = numbers["change"].abs().where(is_amount, numbers["change_pct"].abs())
    order = pd.DataFrame({"is_rate": ~is_amount, "weight": -weight}).sort_values(["is_rate", "weight"], kind="stable")
    return numbers.loc[order.index].head(count_nb)
