"""Lines that are not data: files pasted together, a total left in, exchanged columns; each said once with its cause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import parse_text
from caqes_analysis.sources.names import plain_name
from caqes_analysis.tables import FINESS_PATTERN

__all__ = ["grouped", "odd_line"]

_FINESS = re.compile(FINESS_PATTERN)
_TOTAL = re.compile(r"(sous_)?tota(l|ux)(_.*)?|ensemble|somme")
_MARK: Final = "\ufeff"
_PASTED = "FICHIERS_ACCOLES"
_SEPARATE = "Les nommer séparément dans la campagne, ou n'en garder qu'un, et vérifier que rien n'y figure deux fois."


def odd_line(cells: Mapping[str, Any], labels: Mapping[str, str]) -> Problem | None:
    """Return what is wrong with a whole line, None when its cells are to be read one by one.

    Parameters
    ----------
    cells
        Cells of the line by column; that of the FINESS is ``finess``, other columns that hold one begin so, or are
        ``successeur``.
    labels
        Name of each column as the file writes it.

    Returns
    -------
    Problem or None
        ``FICHIERS_ACCOLES``, ``LIGNE_DE_TOTAL`` or ``COLONNES_ECHANGEES``, without its line.

    Examples
    --------
    >>> labels = {"finess": "finess", "mois": "mois"}
    >>> odd_line({"finess": "2024-03", "mois": "330781196"}, labels).code
    'COLONNES_ECHANGEES'
    """
    if any(isinstance(cell, str) and _MARK in cell for cell in cells.values()):
        return Problem(
            _PASTED,
            "une marque de début de fichier (BOM) figure à cette ligne : deux fichiers ont été mis bout à bout.",
            _SEPARATE,
        )
    if "finess" in cells and _FINESS.fullmatch(parse_text(cells["finess"])):
        return None
    if len(labels) > 1 and all(plain_name(str(cells[name])) == plain_name(label) for name, label in labels.items()):
        return Problem(
            _PASTED, "l'en-tête figure de nouveau à cette ligne : deux fichiers ont été mis bout à bout.", _SEPARATE
        )
    if "finess" not in cells:
        return None
    texts = {name: parse_text(cell) for name, cell in cells.items() if parse_text(cell)}
    total = next((text for text in texts.values() if _TOTAL.fullmatch(plain_name(text))), None)
    if total is not None:
        return Problem(
            "LIGNE_DE_TOTAL",
            "une ligne de total est restée dans le fichier : elle compterait une seconde fois.",
            "La retirer, ou la déclarer dans une correspondance de colonnes (totals).",
            value=total,
        )
    others = [name for name, text in texts.items() if _FINESS.fullmatch(text) and not name.startswith("finess")]
    if "finess" in texts and len(others) == 1 and others[0] != "successeur":
        return Problem(
            "COLONNES_ECHANGEES",
            f"un FINESS est dans la colonne « {labels[others[0]]} » : deux colonnes ont été échangées.",
            "Remettre chaque valeur dans sa colonne, à la source.",
            column=labels["finess"],
            value=f"{texts['finess']} | {texts[others[0]]}",
        )
    return None


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems of whole lines, those of one cause counted together at the first line.

    Parameters
    ----------
    problems
        In the order of the lines.
    """
    first: dict[tuple[str, str], Problem] = {}
    counts: dict[tuple[str, str], int] = {}
    for problem in problems:
        key = (problem.code, problem.what)
        first.setdefault(key, problem)
        counts[key] = counts.get(key, 0) + 1
    return [problem.at(count=counts[key]) for key, problem in first.items()]
