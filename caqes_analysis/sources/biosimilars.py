"""Groups of reference and biosimilar drugs: from the flags of Open PHMEV (CIP13), and from dated tariffs (UCD)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.cells import CellError, parse_text
from caqes_analysis.sources.code_cells import digits, optional_text, parse_atc
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import read_grid
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["groups_of_tariffs", "read_biosimilar_flags"]

_ROLES = {"B": "biosimilar", "C": "reference"}


def read_biosimilar_flags(path: Path, *, delivery: str) -> Received:
    """Read the presentations that Open PHMEV flags B (biosimilar) or C (reference).

    Parameters
    ----------
    path
        The file: ``ATC5, L_ATC5, CIP13, l_cip13, TOP_GEN``, comma or semicolon.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``biosimilar_groups`` of kind ``cip``; the group is the substance, in lower case.

    Raises
    ------
    SourceError
        With all that is wrong: columns, codes, flags other than B and C, a code twice.
    """
    grid = read_grid(path, required=("atc5", "l_atc5", "cip13", "l_cip13", "top_gen"), separators=",;")
    log = ProblemLog(grid.file)
    codes = grid.parsed("cip13", digits(13, "CIP13"), log, required=True)
    groups = grid.parsed("l_atc5", optional_text, log, required=True)
    one_group = "N'en garder qu'un : un produit n'appartient qu'à un groupe."
    log.extend(grid.repeated({grid.labels["cip13"]: codes}, code="CODE_EN_DOUBLE", remedy=one_group))
    roles = grid.parsed("top_gen", _role, log, required=True)
    labels = grid.parsed("l_cip13", optional_text, log, required=True)
    atc = grid.parsed("atc5", parse_atc, log, required=True)
    log.raise_if_any()
    rows = tables.BIOSIMILAR_GROUPS.conform(
        pd.DataFrame(
            {
                "code": codes,
                "group": [group.lower() if group else None for group in groups],
                "label": labels,
                "role": roles,
                "atc": atc,
            }
        ),
        kind="cip",
    )
    tables.BIOSIMILAR_GROUPS.validate(rows)
    described = delivery_row(path, delivery=delivery, period=None, rows_nb=len(rows))
    return Received(rows, Findings() + common_findings(delivery, grid), described)


def groups_of_tariffs(events: pd.DataFrame) -> pd.DataFrame:
    """Return the groups that a file of biosimilar tariffs implies.

    Parameters
    ----------
    events
        Rows of ``extra_list_events`` read by ``read_biosimilar_tariffs``.

    Returns
    -------
    DataFrame
        Rows of ``biosimilar_groups`` of kind ``ucd``. ``role`` is missing: the file does not say which product is the
        reference (the package's code lists ``biosimilaires-…`` do).
    """
    latest = events.sort_values(["code", "day"]).drop_duplicates("code", keep="last")
    rows = latest[["code", "label", "atc"]].assign(group=latest["substance"].str.lower())
    return tables.BIOSIMILAR_GROUPS.conform(rows.reset_index(drop=True), kind="ucd")


def _role(cell: Any) -> str | None:
    text = parse_text(cell)
    if text and text not in _ROLES:
        raise CellError("MARQUE_INCONNUE", "la marque est B (biosimilaire) ou C (référence).", "Retirer cette ligne.")
    return _ROLES.get(text)
