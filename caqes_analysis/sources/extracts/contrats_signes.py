"""The yearly list of signed contracts that a regional health agency (ARS) sends to its OMEDIT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.sources.cells import parse_date, parse_finess, parse_text
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import read_grid
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["TABLE", "read"]

TABLE = tables.CONTRACTS


def read(path: Path, *, delivery: str, campaign: Campaign) -> Received:
    """Read ``finess;raison_sociale;date_de_signature;volets``, CSV or XLSX.

    Parameters
    ----------
    path
        The file.
    delivery
        Identifier of the delivery.
    campaign
        The campaign: its scheme is that of the contracts.

    Returns
    -------
    Received
        Rows of ``contracts``. A line without a date is a contract that is not signed: it is left out, and told.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    grid = read_grid(path, required=("finess", "date_de_signature"), optional=("raison_sociale", "volets"))
    log = ProblemLog(grid.file)
    columns: dict[str, list[Any]] = {
        "contract_finess": grid.parsed("finess", parse_finess, log, required=True),
        "signed_on": grid.parsed("date_de_signature", parse_date, log),
        "volets": grid.parsed("volets", parse_text, log),
    }
    log.extend(grid.repeated({"finess": columns["contract_finess"]}, what="ce FINESS figure déjà"))
    log.raise_if_any()
    frame = pd.DataFrame(columns)
    signed = frame[frame["signed_on"].notna()]
    rows = TABLE.conform(signed, scheme=campaign.scheme, status="signé", indicators=None)
    TABLE.validate(rows)
    described = delivery_row(path, delivery=delivery, period=None, rows_nb=len(rows))
    return Received(rows, Findings([*_unsigned(delivery, frame), *common_findings(delivery, grid)]), described)


def _unsigned(delivery: str, frame: pd.DataFrame) -> list[Finding]:
    left = frame[frame["signed_on"].isna()]
    if left.empty:
        return []
    return [
        Finding(
            delivery=delivery,
            code="CONTRAT_NON_SIGNE",
            place="date_de_signature",
            severity="information",
            count=len(left),
            example=str(left["contract_finess"].iloc[0]),
            remedy="Ligne sans date de signature : l'établissement n'a pas de contrat. Remplir la date s'il a signé.",
        )
    ]
