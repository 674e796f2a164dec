"""What establishments answer to the evaluation grid: a table that the region collects, checked against the grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.parameter_files import nearest
from caqes_analysis.schemes.grid import Criterion, EvaluationGrid
from caqes_analysis.sources.cells import CellError, parse_amount, parse_finess, parse_text
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid, read_grid
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["NOT_APPLICABLE", "read_grid_answers"]

NOT_APPLICABLE = "sans objet"
"""Answer of a criterion that does not concern the establishment."""

_REQUIRED = ("finess_contrat", "annee", "critere", "reponse")
_OPTIONAL = ("preuve", "commentaire")
_VALUE_DECIMALS = 3


def read_grid_answers(path: Path, *, delivery: str, grid: EvaluationGrid, contracts: Collection[str]) -> Received:
    """Read the answers to an evaluation grid, CSV or XLSX.

    Parameters
    ----------
    path
        The file: ``finess_contrat;annee;critere;reponse;preuve;commentaire``, one line per contract, year and
        criterion; the last two columns are optional, an empty answer is a missing one.
    delivery
        Identifier of the delivery.
    grid
        The grid: criteria, and the answers that each takes.
    contracts
        FINESS of the contracts known.

    Returns
    -------
    Received
        Rows of ``grid_answers``.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    received = read_grid(path, required=_REQUIRED, optional=_OPTIONAL)
    log = ProblemLog(received.file)
    known = {criterion.id: criterion for criterion in grid.criteria}
    finess = received.parsed("finess_contrat", partial(_contract, contracts=contracts), log, required=True)
    years = received.parsed("annee", partial(_year, years=grid.years), log, required=True)
    criteria = received.parsed("critere", partial(_criterion, known=list(known)), log, required=True)
    answers, numbers = _answers(received, [known.get(name or "") for name in criteria], log)
    log.extend(
        received.repeated(
            {"finess_contrat": finess, "annee": years, "critere": criteria},
            code="REPONSE_EN_DOUBLE",
            what="ce contrat a déjà répondu à ce critère",
        )
    )
    log.raise_if_any()
    rows = tables.GRID_ANSWERS.conform(
        pd.DataFrame(
            {
                "contract_finess": finess,
                "year": years,
                "criterion": criteria,
                "answer": answers,
                "value": numbers,
                "proof": received.parsed("preuve", _optional_text, log),
                "comment": received.parsed("commentaire", _optional_text, log),
            }
        ),
        delivery=delivery,
    )
    tables.GRID_ANSWERS.validate(rows)
    period = " et ".join(map(str, sorted({year for year in years if year})))
    described = delivery_row(path, delivery=delivery, period=period, rows_nb=len(rows))
    return Received(rows, _findings(delivery, received, rows, grid), described)


def _contract(cell: Any, *, contracts: Collection[str]) -> str | None:
    finess = parse_finess(cell)
    if finess and finess not in contracts:
        raise CellError(
            "FINESS_SANS_CONTRAT",
            "aucun contrat n'est connu à ce FINESS.",
            "Corriger le FINESS, ou ajouter le contrat au fichier des contrats.",
        )
    return finess


def _year(cell: Any, *, years: Sequence[int]) -> int | None:
    text = parse_text(cell)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) not in years:
        raise CellError(
            "ANNEE_HORS_GRILLE",
            "la grille n'évalue pas cette année.",
            f"Années de la grille : {', '.join(map(str, years))}.",
        )
    return int(text)


def _criterion(cell: Any, *, known: Sequence[str]) -> str | None:
    text = parse_text(cell)
    if text and text not in known:
        close = nearest(text, known)
        raise CellError(
            "CRITERE_INCONNU",
            "ce critère n'est pas dans la grille.",
            f"Vouliez-vous dire « {close} » ?" if close else f"Critères de la grille : {', '.join(known)}.",
        )
    return text or None


def _optional_text(cell: Any) -> str | None:
    return parse_text(cell) or None


def _answers(
    received: Grid, criteria: Sequence[Criterion | None], log: ProblemLog
) -> tuple[list[str | None], list[Decimal | None]]:
    """Return the answers of the choices and the numbers, each checked against its own criterion."""
    words: list[str | None] = []
    numbers: list[Decimal | None] = []
    for line, cell, criterion in zip(received.lines, received.cells["reponse"], criteria, strict=True):
        word, number = None, None
        if criterion is not None:
            try:
                word, number = _answer(cell, criterion)
            except CellError as failure:
                column = received.labels["reponse"]
                log.add(failure.problem.at(line=line, column=column, value=str(cell)))
        words.append(word)
        numbers.append(number)
    return words, numbers


def _answer(cell: Any, criterion: Criterion) -> tuple[str | None, Decimal | None]:
    text = parse_text(cell)
    if not text:
        return None, None
    if plain_name(text) == plain_name(NOT_APPLICABLE):
        if not criterion.may_be_not_applicable:
            raise CellError(
                "SANS_OBJET_REFUSE",
                "ce critère ne peut pas être sans objet.",
                "Donner une réponse, ou ajouter may_be_not_applicable au critère de la grille.",
            )
        return NOT_APPLICABLE, None
    if criterion.measured is not None:
        raise CellError(
            "CRITERE_MESURE",
            "ce critère est mesuré par le rapport, il ne se déclare pas.",
            "Retirer cette ligne.",
        )
    if criterion.tiers:
        return None, parse_amount(cell, decimals=_VALUE_DECIMALS)
    found = {plain_name(word): word for word in criterion.answers}.get(plain_name(text))
    if found is None:
        allowed = [*criterion.answers, *([NOT_APPLICABLE] if criterion.may_be_not_applicable else [])]
        raise CellError(
            "REPONSE_INCONNUE", "la grille ne connaît pas cette réponse.", f"Réponses : {', '.join(allowed)}."
        )
    return found, None


def _findings(delivery: str, received: Grid, rows: pd.DataFrame, grid: EvaluationGrid) -> Findings:
    found = []
    empty = rows[rows["answer"].isna() & rows["value"].isna()]
    if len(empty):
        first = empty.iloc[0]
        found.append(
            Finding(
                delivery,
                "REPONSE_VIDE",
                "reponse",
                "warning",
                len(empty),
                f"{first['contract_finess']}, {first['criterion']} (ligne {received.lines[int(empty.index[0])]})",
                "Comptée comme sans réponse : "
                + (
                    "aucun point."
                    if grid.score.missing_answer == "no_points"
                    else "le score du contrat n'est pas calculable tant qu'elle manque."
                ),
            )
        )
    return Findings(found) + common_findings(delivery, received)
