"""The page of the tables, ``docs/tables.md``, written from their definitions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from caqes_analysis.tables.catalogue import ALL_TABLES
from caqes_analysis.tables.definition import Table

__all__ = ["tables_page", "write_tables_page"]

_HEAD = """# Les tables

Toutes les données d'un rapport tiennent dans ces tables longues : une ligne par fait, l'unité dans le nom de la colonne
(`_eur` euros, `_pct` pour cent, `_share` part de 0 à 1, `_nb` nombre). Cette page est écrite à partir de leurs
définitions (`caqes_analysis/tables`) par `make docs` ; un test vérifie qu'elle est à jour.

Types : `text` texte ; `year` année ; `month` premier jour du mois ; `date` date ; `count` entier ; `amount` montant
décimal exact au centime ; `quantity` quantité décimale exacte au millième ; `ratio` nombre à virgule flottante ;
`flag` vrai ou faux.
"""


def tables_page(all_tables: Sequence[Table] = ALL_TABLES) -> str:
    """Return the Markdown page of the tables.

    Parameters
    ----------
    all_tables
        Definitions, in the order of the page.

    Examples
    --------
    >>> tables_page().splitlines()[0]
    '# Les tables'
    """
    contents = "\n".join(f"- [`{table.name}`](#{table.name}) : {table.description}" for table in all_tables)
    return "\n".join([_HEAD, contents, "", "\n".join(table.to_markdown() for table in all_tables)])


def write_tables_page(path: Path) -> None:
    """Write the page to ``path``, with the line ends of the repository on every system."""
    path.write_text(tables_page(), encoding="utf-8", newline="\n")
