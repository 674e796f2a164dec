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
    path: Path, *, delivery: str, period: str | None, rows_nb: int, sha256: str | None = None
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
    sha256
        Fingerprint of the file when it is already known.
    """
    row = {
        "delivery": [delivery],
        "file": [Path(path).name],
        "sha256": [sha256 or sha256_of(path)],
        "period": [period],
        "rows": [rows_nb],
    }
    return tables.DELIVERIES.conform(pd.DataFrame(row))
