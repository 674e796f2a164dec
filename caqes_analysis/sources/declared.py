"""Indicators declared by the establishments (annexes 1 and 2 of the contract): the returned form, with its proofs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.activities import DECLARED_PREFIX
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.cells import CellError, parse_amount, parse_text
from caqes_analysis.sources.declared_form import (
    FIRST_LINE,
    HEADER,
    NOT_APPLICABLE,
    STRUCTURE_SHEET,
    VALUES_SHEET,
    DeclaredItem,
    Structure,
    write_declared_form,
)
from caqes_analysis.sources.files import refuse_absent
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row
from caqes_analysis.sources.workbooks import formula_cells, hidden_sheet_rows, refuse_old_workbook, sheet_rows

__all__ = ["DeclaredItem", "read_declared", "write_declared_form"]

_VALUE, _PROOF = HEADER.index("Valeur"), HEADER.index("Preuve")
_AGAIN = "Reprendre le formulaire d'origine et n'y remplir que les colonnes Valeur et Preuve."


def read_declared(path: Path, *, delivery: str) -> Received:
    """Read back a form written by :func:`write_declared_form`.

    Parameters
    ----------
    path
        The returned workbook.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``activity``: ``declared_<item>`` by establishment, with ``proof``. « oui » counts 1 and « non » 0; an
        empty value is ``missing``; « sans objet » is ``not_applicable``.

    Raises
    ------
    SourceError
        When the structure was altered (``FORMULAIRE_MODIFIE``, with the place and what stood there), or a value cannot
        be read.
    """
    path = Path(path)
    refuse_absent(path)
    with path.open("rb") as stream:
        head = stream.read(8)
    refuse_old_workbook(head, path.name)
    if head[:2] != b"PK":
        raise SourceError.of(
            "FORMAT_NON_LU", "ce n'est pas un classeur XLSX.", "Renvoyer le formulaire lui-même.", file=path.name
        )
    structure = Structure.read(hidden_sheet_rows(path, STRUCTURE_SHEET), path.name)
    rows, sheet = sheet_rows(path, VALUES_SHEET)
    log = ProblemLog(path.name)
    found = {line: [*cells, *[""] * (len(HEADER) - len(cells))] for line, cells in rows}
    log.extend(_altered(found, structure))
    for line, place, formula in formula_cells(path, sheet):
        if line >= FIRST_LINE and place in (_VALUE, _PROOF):
            log.add(
                Problem(
                    "CELLULE_CALCULEE",
                    "cellule calculée : sa valeur dépend du tableur et peut être périmée.",
                    "Copier la cellule et coller sa valeur.",
                    line=line,
                    column=HEADER[place],
                    value=formula,
                )
            )
    log.raise_if_any()
    values = [
        _value(found[line][_VALUE], item, line, log) for line, (_, item) in enumerate(structure.lines, FIRST_LINE)
    ]
    log.raise_if_any()
    proofs = [parse_text(found[line][_PROOF]) or None for line in range(FIRST_LINE, FIRST_LINE + len(values))]
    facts = pd.DataFrame(
        {
            "finess": [finess for finess, _ in structure.lines],
            "period": structure.period,
            "activity": [f"{DECLARED_PREFIX}{item.code}" for _, item in structure.lines],
            "count_nb": [value for value, _ in values],
            "proof": proofs,
            "value_status": [status for _, status in values],
        }
    )
    conformed = tables.ACTIVITY.conform(facts, delivery=delivery, is_provisional=False, is_corrected=False)
    return Received(
        tables.ACTIVITY.validate(conformed),
        _findings(delivery, facts, structure.items),
        delivery_row(path, delivery=delivery, period=structure.period, rows_nb=len(facts)),
    )


def _altered(found: dict[int, list[Any]], structure: Structure) -> list[Problem]:
    """Compare every protected cell with what the form held when it was written."""
    problems = []
    for line, expected in structure.protected():
        row = found.get(line, [""] * len(HEADER))
        for place, wanted in expected.items():
            got = parse_text(row[place])
            if got != wanted:
                problems.append(
                    Problem(
                        "FORMULAIRE_MODIFIE",
                        f"cette cellule, protégée, a été changée (le formulaire y portait « {wanted} »).",
                        _AGAIN,
                        line=line,
                        column=HEADER[place],
                        value=got,
                    )
                )
    end = FIRST_LINE + len(structure.lines)
    for line, row in found.items():
        if line >= end and any(str(cell).strip() for cell in row):
            problems.append(
                Problem(
                    "FORMULAIRE_MODIFIE",
                    "une ligne a été ajoutée sous le formulaire.",
                    _AGAIN,
                    line=line,
                    value=next(str(cell) for cell in row if str(cell).strip()),
                )
            )
    return problems


def _value(cell: Any, item: DeclaredItem, line: int, log: ProblemLog) -> tuple[Decimal | None, str]:
    text = parse_text(cell)
    if not text:
        return None, "missing"
    if text.casefold() == NOT_APPLICABLE:
        return None, "not_applicable"
    problem = None
    if item.kind == "yes_no":
        answers = {"oui": Decimal(1), "non": Decimal(0)}
        if (answer := answers.get(text.casefold())) is not None:
            return answer, "reported" if answer else "zero"
        problem = Problem("REPONSE_ILLISIBLE", "la réponse attendue est oui ou non.", "Choisir dans la liste.")
    else:
        try:
            number = parse_amount(cell, decimals=0 if item.kind == "count" else 3)
            if number is not None and number >= 0 and (item.kind != "percent" or number <= 100):
                return number, "reported" if number else "zero"
            bounds = "entre 0 et 100" if item.kind == "percent" else "positive ou nulle"
            problem = Problem("VALEUR_HORS_BORNES", f"la valeur attendue est {bounds}.", "La corriger.")
        except CellError as failure:
            problem = failure.problem
    log.add(problem.at(line=line, column=HEADER[_VALUE], value=text))
    return None, "missing"


def _exceeds_whole(facts: pd.DataFrame, items: Sequence[DeclaredItem]) -> pd.Series[bool]:
    """Say which counts are greater than the one of which they are a part."""
    wholes = {f"{DECLARED_PREFIX}{one.code}": f"{DECLARED_PREFIX}{one.part_of}" for one in items if one.part_of}
    known = facts.dropna(subset=["count_nb"]).set_index(["finess", "activity"])["count_nb"]
    pairs = zip(facts["finess"], facts["activity"].map(wholes), strict=True)
    whole = pd.Series([known.get(pair) for pair in pairs], index=facts.index, dtype=object)
    return facts["count_nb"].notna() & whole.notna() & (facts["count_nb"].fillna(0) > whole.fillna(0))


def _findings(delivery: str, facts: pd.DataFrame, items: Sequence[DeclaredItem]) -> Findings:
    answered = facts["value_status"].isin(["reported", "zero"])
    kinds: Sequence[tuple[str, pd.Series[bool], Any, str]] = (
        (
            "PREUVE_ABSENTE",
            answered & facts["proof"].isna(),
            "warning",
            "La valeur est gardée ; demander la preuve que le contrat prévoit.",
        ),
        (
            "DECLARATION_INCOMPLETE",
            facts["value_status"] == "missing",
            "warning",
            "Compté comme manquant : relancer l'établissement, ou lui faire écrire « sans objet ».",
        ),
        (
            "PARTIE_AU_DESSUS_DU_TOUT",
            _exceeds_whole(facts, items),
            "error",
            "Gardé, et la part dépasse 100 % : faire corriger l'un des deux nombres par l'établissement.",
        ),
    )
    found = []
    for code, chosen, severity, remedy in kinds:
        rows = facts[chosen]
        if len(rows):
            first = rows.iloc[0]
            example = f"{first['finess']}, {first['activity']}"
            found.append(Finding(delivery, code, "formulaire", severity, len(rows), example, remedy))
    return Findings(found)
