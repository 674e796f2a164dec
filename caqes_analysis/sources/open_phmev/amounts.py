"""Numbers written in any way that the format allows, and the problems of those that it does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.errors import Problem
from caqes_analysis.sources.open_phmev.parts import Amounts
from caqes_analysis.sources.problems import LISTED_NB

__all__ = ["TRUNCATED", "last_amount_problem", "number_problems", "read_amounts"]

TRUNCATED = "Le télécharger ou l'exporter de nouveau : la fin manque."
_AMOUNT = r"^(?:-?(?:[0-9]{1,13}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,[0-9]{1,2})?)?$"
_BOXES = r"^(?:-?(?:[0-9]{1,13}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,0{1,2})?)?$"
_TWO_DECIMALS = r",[0-9]{2}$"


def read_amounts(name: str, texts: pa.StringArray) -> Amounts | None:
    """Return the numbers of a column, boxes or cents; None when a text is not a number of this format.

    Parameters
    ----------
    name
        ``boites``, ``rem`` or ``bse``.
    texts
        As received; an empty one is a missing number.

    Examples
    --------
    >>> read_amounts("rem", pa.array(["-1.234,5", ""])).values.tolist()
    [-123450, 0]
    """
    is_boxes = name == "boites"
    if not pc.all(_fits(name, texts), min_count=0).as_py():
        return None
    plain = pc.replace_substring(texts, ".", "")
    plain = pc.replace_substring_regex(plain, ",0+$", "") if is_boxes else pc.replace_substring(plain, ",", ".")
    empty = pc.equal(texts, "")
    plain = pc.if_else(empty, pa.scalar("0"), plain)
    if is_boxes:
        values = plain.cast(pa.int64()).to_numpy()
    else:
        # An Arrow decimal is an integer of 128 bits, of which an amount fills the lower half.
        decimals = plain.cast(pa.decimal128(18, 2)).buffers()[1]
        values = np.frombuffer(decimals, np.int64)[: 2 * len(texts) : 2].copy()
    is_missing = empty.to_numpy(zero_copy_only=False)
    return Amounts(values, is_missing if is_missing.any() else None)


def number_problems(name: str, texts: pa.StringArray, lines: npt.NDArray[np.int64]) -> list[Problem]:
    """Return the problems of the texts of a column that are not numbers, each with its line."""
    rows = np.flatnonzero(~_fits(name, texts).to_numpy(zero_copy_only=False))

    def problem(row: int, count: int = 1) -> Problem:
        return Problem(
            "NOMBRE_ILLISIBLE",
            "ce n'est pas un nombre de ce format (1.234,56 : le point sépare les milliers par trois, la virgule les "
            "décimales)."
            if name != "boites"
            else "ce n'est pas un nombre entier de boîtes.",
            "Donner le fichier tel que téléchargé ; vérifier que les colonnes n'ont pas été décalées ou échangées.",
            None,
            int(lines[row]),
            name.upper(),
            texts[row].as_buffer().to_pybytes().decode("cp1252", "replace"),
            count,
        )

    listed = [problem(row) for row in rows[:LISTED_NB]]
    return listed + ([problem(rows[LISTED_NB], len(rows) - LISTED_NB)] if len(rows) > LISTED_NB else [])


def last_amount_problem(last: pa.StringScalar, line: int) -> Problem | None:
    """Return the problem of a file cut inside its last amount: it has all its fields, only decimals are missing."""
    if pc.match_substring_regex(last, _TWO_DECIMALS).as_py():
        return None
    return Problem(
        "DERNIERE_LIGNE_TRONQUEE",
        "la dernière ligne s'arrête au milieu d'un montant : le fichier est tronqué.",
        TRUNCATED,
        line=line,
        column="BSE",
        value=last.as_py(),
    )


def _fits(name: str, texts: pa.StringArray) -> pa.BooleanArray:
    return pc.match_substring_regex(texts, _BOXES if name == "boites" else _AMOUNT)
