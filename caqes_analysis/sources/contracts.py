"""The contracts of a region: who signed which scheme, since when, on what."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.cells import CellError, parse_date, parse_finess, parse_text
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import read_grid
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["CONTRACT_STATUSES", "read_contracts"]

CONTRACT_STATUSES = ("signé", "refusé", "résilié", "terminé")
_STATUS_BY_PLAIN_NAME = {plain_name(status): status for status in CONTRACT_STATUSES}
_REQUIRED = ("finess_contrat", "dispositif")
_OPTIONAL = ("statut", "date_effet", "volets", "indicateurs")


def read_contracts(path: Path, *, delivery: str, schemes: Collection[str]) -> Received:
    """Read the list of contracts, CSV or XLSX.

    Parameters
    ----------
    path
        The file: ``finess_contrat;dispositif;statut;date_effet;volets;indicateurs``, one line per contract and scheme;
        only the first two are compulsory.
    delivery
        Identifier of the delivery.
    schemes
        The schemes known (those of ``parameters/schemes``).

    Returns
    -------
    Received
        Rows of ``contracts``; volets and indicators separated by commas.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    grid = read_grid(path, required=_REQUIRED, optional=_OPTIONAL)
    log = ProblemLog(grid.file)
    columns: dict[str, list[Any]] = {
        "contract_finess": grid.parsed("finess_contrat", parse_finess, log, required=True),
        "scheme": grid.parsed("dispositif", partial(_scheme, schemes=schemes), log, required=True),
        "status": grid.parsed("statut", _status, log),
        "signed_on": grid.parsed("date_effet", parse_date, log),
        "volets": grid.parsed("volets", _list, log),
        "indicators": grid.parsed("indicateurs", _list, log),
    }
    log.extend(
        grid.repeated(
            {"finess_contrat": columns["contract_finess"], "dispositif": columns["scheme"]},
            code="CONTRAT_EN_DOUBLE",
            what="ce contrat et ce dispositif figurent déjà",
            remedy="N'en garder qu'un.",
        )
    )
    log.raise_if_any()
    rows = tables.CONTRACTS.conform(pd.DataFrame(columns))
    tables.CONTRACTS.validate(rows)
    described = delivery_row(path, delivery=delivery, period=None, rows_nb=len(rows))
    return Received(rows, Findings(common_findings(delivery, grid)), described)


def _scheme(cell: Any, *, schemes: Collection[str]) -> str:
    code = parse_text(cell)
    if code and code not in schemes:
        raise CellError(
            "DISPOSITIF_INCONNU",
            "ce dispositif n'existe pas.",
            f"Écrire l'un de : {', '.join(sorted(schemes))} ; un nouveau se décrit dans parameters/schemes.",
        )
    return code


def _status(cell: Any) -> str | None:
    word = plain_name(parse_text(cell))
    if word and word not in _STATUS_BY_PLAIN_NAME:
        raise CellError(
            "STATUT_CONTRAT_INCONNU", "ce statut de contrat n'existe pas.", f"Écrire {', '.join(CONTRACT_STATUSES)}."
        )
    return _STATUS_BY_PLAIN_NAME.get(word)


def _list(cell: Any) -> str | None:
    """Return the items of a cell separated by commas, in their order."""
    items = [item.strip() for item in re.split(r"[,|+\n]", parse_text(cell))]
    return ",".join(item for item in items if item) or None
