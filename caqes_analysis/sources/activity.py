"""Activity of the establishments: stays, sessions, trips, prescriptions… counted by year, month or since January."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from caqes_analysis.sources.column_mapping import ColumnMapping, Columns
from caqes_analysis.sources.mapped_table import read_mapped
from caqes_analysis.sources.received import Received

__all__ = ["PLAIN_ACTIVITY", "read_activity"]

PLAIN_ACTIVITY = ColumnMapping(
    title="Activité, une ligne par établissement, période et activité",
    table="activity",
    columns=Columns(finess="finess", month="periode", item="activite", count="nombre"),
    months=("AAAA", "AAAA-MM", "AAAA-MMM", "MM/AAAA", "AAAAMM"),
    totals=(),
)
"""The package's own layout: ``finess;periode;activite;nombre``."""


def read_activity(
    path: Path,
    *,
    delivery: str,
    mapping: ColumnMapping | None = None,
    as_of: date | None = None,
    provisional_from: date | None = None,
) -> Received:
    """Read a table of activity, CSV or XLSX.

    Parameters
    ----------
    path
        The file.
    delivery
        Identifier of the delivery.
    mapping
        Its layout; by default ``finess;periode;activite;nombre``, the period written ``2024``, ``2024-09`` or
        ``2024-M09`` (January to September).
    as_of
        Month of the delivery, where the file names no period: its counts then run from January.
    provisional_from
        First month that may still be completed.

    Returns
    -------
    Received
        Rows of ``activity``: an empty count is ``missing``, 0 is ``zero``.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    return read_mapped(
        path, mapping or PLAIN_ACTIVITY, delivery=delivery, as_of=as_of, provisional_from=provisional_from
    )
