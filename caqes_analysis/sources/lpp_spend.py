"""LPP spending by establishment and code: quantities and reimbursed amounts, by year or month."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from caqes_analysis.sources.column_mapping import ColumnMapping, Columns
from caqes_analysis.sources.mapped_table import read_mapped
from caqes_analysis.sources.received import Received

__all__ = ["PLAIN_LPP", "read_lpp_spend"]

PLAIN_LPP = ColumnMapping(
    title="LPP par code, une ligne par établissement, période et code",
    table="lpp_spend",
    columns=Columns(finess="finess", month="periode", item="code_lpp", quantity="quantite", amount="montant"),
    months=("AAAA", "AAAA-MM", "MM/AAAA", "AAAAMM"),
    totals=(),
)
"""The package's own layout: ``finess;periode;code_lpp;quantite;montant``."""


def read_lpp_spend(
    path: Path,
    *,
    delivery: str,
    mapping: ColumnMapping | None = None,
    as_of: date | None = None,
    provisional_from: date | None = None,
) -> Received:
    """Read a table of LPP spending by code, CSV or XLSX.

    Parameters
    ----------
    path
        The file.
    delivery
        Identifier of the delivery.
    mapping
        Its layout; by default ``finess;periode;code_lpp;quantite;montant``, the period written ``2024`` or ``2024-09``.
    as_of
        December of the year, where the file names no period.
    provisional_from
        First month that may still be completed.

    Returns
    -------
    Received
        Rows of ``lpp_spend``: an empty amount is ``missing``, 0 is ``zero``.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    return read_mapped(path, mapping or PLAIN_LPP, delivery=delivery, as_of=as_of, provisional_from=provisional_from)
