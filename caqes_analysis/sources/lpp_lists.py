"""Lists of LPP codes as the Assurance Maladie's nomenclature is cut: one code a line, its branches, its end."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.cells import parse_date
from caqes_analysis.sources.code_cells import digits, optional_text
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import read_grid
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["read_lpp_list"]


def read_lpp_list(path: Path, *, delivery: str, name: str, status: str = "data") -> Received:
    """Read a list of LPP codes.

    Parameters
    ----------
    path
        The file: ``code_lpp;nom_court;arbo;lib_arbo3;lib_arbo4;lib_arbo5;date_fin``; only ``code_lpp`` and
        ``nom_court`` are compulsory.
    delivery
        Identifier of the delivery.
    name
        Identifier of the list (``perfadom``).
    status
        How sure the list is (values of ``code_lists``).

    Returns
    -------
    Received
        Rows of ``code_lists``; ``role`` holds the finest branch of the nomenclature, ``valid_to`` the end of the code.

    Raises
    ------
    SourceError
        With all that is wrong: columns, codes, dates, a code twice.
    """
    grid = read_grid(
        path,
        required=("code_lpp", "nom_court"),
        optional=("arbo", "lib_arbo3", "lib_arbo4", "lib_arbo5", "date_fin"),
    )
    log = ProblemLog(grid.file)
    codes = grid.parsed("code_lpp", digits(7, "LPP"), log, required=True)
    log.extend(grid.repeated({grid.labels["code_lpp"]: codes}, code="CODE_EN_DOUBLE", remedy="N'en garder qu'un."))
    branches = [grid.parsed(branch, optional_text, log) for branch in ("lib_arbo5", "lib_arbo4", "lib_arbo3")]
    columns = {
        "code": codes,
        "label": grid.parsed("nom_court", optional_text, log, required=True),
        "role": [next((branch for branch in row if branch), None) for row in zip(*branches, strict=True)],
        "valid_to": grid.parsed("date_fin", parse_date, log),
    }
    log.raise_if_any()
    rows = tables.CODE_LISTS.conform(
        pd.DataFrame(columns), list=name, kind="lpp", status=status, source=f"fichier {grid.file}"
    )
    tables.CODE_LISTS.validate(rows)
    described = delivery_row(path, delivery=delivery, period=None, rows_nb=len(rows))
    return Received(rows, Findings() + common_findings(delivery, grid), described)
