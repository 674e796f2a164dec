"""What a few establishments declare for the volet pertinence: the dashboards of amygdalectomie, sent or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

from caqes_analysis.simulation.arguments import check_arguments
from caqes_analysis.simulation.files import write_all_or_nothing
from caqes_analysis.simulation.series import Region
from caqes_analysis.simulation.successive import DECLARED_ITEMS
from caqes_analysis.sources.declared_form import (
    FIRST_LINE,
    HEADER,
    VALUES_SHEET,
    load_declared_items,
    write_declared_form,
)
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = ["PERTINENCE_ITEMS", "pertinence_form", "simulate_pertinence"]

PERTINENCE_ITEMS = DECLARED_ITEMS.with_name("pertinence.yml")
"""The line that a region adds to its form."""

_ASKED_NB = 8  # as many as in Nouvelle-Aquitaine
_YES_SHARE = 0.7


def pertinence_form(year: int) -> str:
    """Return the name of the form of a campaign: that of the year before."""
    return f"pertinence_{year - 1}.xlsx"


def simulate_pertinence(
    directory: Path, *, establishments_nb: int = 40, seed: int = 2024, year: int = 2024, years_nb: int = 5
) -> list[Path]:
    """Write the form of the volet pertinence, filled by the first establishments that operate.

    Parameters
    ----------
    directory
        Folder of the file; made when absent.
    establishments_nb, seed, year, years_nb
        As in :func:`~caqes_analysis.simulation.simulate_region`; the form is that of the year before.
    """
    check_arguments(establishments_nb=establishments_nb, seed=seed, year=year, last_month=12, years_nb=years_nb)
    region = Region(establishments_nb, seed, year, years_nb)

    def write(path: Path) -> Path:
        asked = [one for one in region.establishments if one.closed_on is None and one.role != "new"][:_ASKED_NB]
        listed = pd.DataFrame({"finess": [one.finess for one in asked], "name": [one.name for one in asked]})
        write_declared_form(path, listed, load_declared_items(PERTINENCE_ITEMS), period=str(year - 1))
        book = openpyxl.load_workbook(path)
        sheet = book[VALUES_SHEET]
        random = np.random.default_rng([seed, 12])
        for line in range(FIRST_LINE, FIRST_LINE + len(asked)):
            is_sent = bool(random.random() < _YES_SHARE)
            sheet.cell(line, HEADER.index("Valeur") + 1, "oui" if is_sent else "non")
            sheet.cell(line, HEADER.index("Preuve") + 1, "Tableaux de bord reçus" if is_sent else "Aucun envoi")
        save_undated(book, path)
        return path

    return write_all_or_nothing(Path(directory), {pertinence_form(year): write})
