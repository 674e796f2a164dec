"""What a reader returns: tidy rows, findings, and the description of the file received."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.sources.findings import Findings

__all__ = ["Received", "delivery_row"]


@dataclass(frozen=True)
class Received:
    """One file, read.

    Parameters
    ----------
    rows
        Rows of the tidy table that the reader fills.
    findings
        What was noticed and kept.
    delivery
        The row of the table ``deliveries`` that describes the file.
    """

    rows: pd.DataFrame
    findings: Findings
    delivery: pd.DataFrame


def delivery_row(
    path: Path,
    *,
    delivery: str,
    period: str | None,
    rows_nb: int,
    lines_nb: int | None = None,
    sha256: str | None = None,
) -> pd.DataFrame:
    """Return the row of ``deliveries`` of one file.

    Parameters
    ----------
    path
        The file.
    delivery
        Identifier of the delivery.
    period
        Period covered, in words; None when the file has none.
    rows_nb
        Number of rows kept.
    lines_nb
        Number of lines of data that the file has, header, totals and notes left out; by default as many as rows.
    sha256
        Fingerprint of the file when it is already known.
    """
    row = {
        "delivery": [delivery],
        "file": [Path(path).name],
        "sha256": [sha256 or sha256_of(path)],
        "period": [period],
        "rows": [rows_nb],
        "lines": [rows_nb if lines_nb is None else lines_nb],
    }
    return tables.DELIVERIES.conform(pd.DataFrame(row))
