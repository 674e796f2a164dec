"""The score of a contract: criteria, sections and score, each step a row."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.evaluation.sanction import SanctionBase, sanction_row
from caqes_analysis.exact import exact, half_up
from caqes_analysis.schemes.answers import NOT_APPLICABLE
from caqes_analysis.schemes.grid import Criterion, Engagement, EvaluationGrid, Section

__all__ = ["SCORE", "grid_score"]

SCORE = "score"
"""Subject of the row that holds a contract's score."""

_COLUMNS = [
    "contract_finess",
    "subject",
    "year",
    "scheme",
    "kind",
    "label",
    "part",
    "period",
    "status",
    "reason",
    "attainment",
    "answer",
    "points",
    "max_points",
    "weight",
    "weighted_points",
    "weighted_max",
    "score",
    "base_eur",
    "rate_pct",
    "gross_eur",
    "cap_eur",
    "amount_eur",
]
_QUANTITY_DECIMALS = 3
_VERDICTS = {"attained": "objectif atteint", "not_attained": "objectif non atteint"}
Row = dict[str, Any]


def grid_score(
    contracts: pd.DataFrame,
    answers: pd.DataFrame,
    *,
    grid: EvaluationGrid,
    year: int,
    measured: pd.DataFrame | None = None,
    bases: Mapping[str, SanctionBase] | None = None,
    with_sanction: bool = True,
) -> pd.DataFrame:
    """Score each contract with the region's grid, exactly, and compute what its score costs.

    Parameters
    ----------
    contracts
        ``contract_finess``, and as far as they are known ``category`` (of the establishment) and ``volets``
        (separated by commas): they decide which lines concern it.
    answers
        Rows of the table ``grid_answers``.
    grid
        The grid.
    year
        Year evaluated.
    measured
        Rows of ``evaluations`` of kind ``indicator`` (``contract_finess, subject, attainment, value``): what the
        criteria that nobody declares read.
    bases
        By contract, what a sanction is computed on; absent: not received.
    with_sanction
        False for a year that the scheme evaluates without sanction.

    Returns
    -------
    DataFrame
        Rows of ``evaluations`` of kinds ``criterion``, ``section``, ``score`` and ``sanction``, in the order of the
        grid, contract after contract. ``weighted_points = points × weight``; a section is ``100 × Σ weighted_points / Σ
        weighted_max`` (scale ``percent``) or ``Σ weighted_points``; the score is the mean of the sections by weight, or
        their weighted sum, of the exact sections unless the grid rounds them. A line that does not apply leaves both
        sums; a missing answer leaves no score, unless the grid says that it brings no points.
    """
    told = {
        (row.contract_finess, row.criterion): row for row in answers[answers["year"] == year].itertuples(index=False)
    }
    read = {} if measured is None else {(r.contract_finess, r.subject): r for r in measured.itertuples(index=False)}
    rows: list[Row] = []
    for contract in contracts.sort_values("contract_finess").to_dict("records"):
        finess = str(contract["contract_finess"])
        lines: list[Row] = []
        for engagement in grid.engagements:
            if not _concerns(engagement, contract):
                continue
            for criterion in engagement.criteria:
                line = _line(criterion, told.get((finess, criterion.id)), read, finess, grid)
                lines.append({**line, "section": engagement.section})
        sections = [_section(one, lines, grid) for one in grid.sections if _signed(one, contract)]
        signed = {one.id for one in grid.sections if _signed(one, contract)}
        kept = [line for line in lines if line["section"] in signed]
        score = _score([one for one in sections if one["status"] != "not_applicable"], grid)
        own = [*kept, *sections, score]
        if grid.sanction is not None:
            own.append(sanction_row(score, grid, (bases or {}).get(finess), year=year, applies=with_sanction))
        names = {one.id: one.label for one in grid.sections}
        common = {"contract_finess": finess, "year": year, "scheme": grid.scheme, "period": str(year)}
        rows += [{**row, **common, "part": names.get(row.get("section", ""), row.get("part"))} for row in own]
    return pd.DataFrame(rows, columns=_COLUMNS, dtype=object)


def _concerns(engagement: Engagement, contract: Mapping[Any, Any]) -> bool:
    return not engagement.applies_to or contract.get("category") in engagement.applies_to


def _signed(section: Section, contract: Mapping[Any, Any]) -> bool:
    volets = contract.get("volets")
    return section.volet is None or section.volet in (volets.split(",") if isinstance(volets, str) else [])


def _line(criterion: Criterion, told: Any, read: Mapping[Any, Any], finess: str, grid: EvaluationGrid) -> Row:
    row: Row = {
        "subject": f"criterion/{criterion.id}",
        "kind": "criterion",
        "label": criterion.label,
        "max_points": criterion.max_points,
        "weight": criterion.weight,
        "weighted_max": criterion.max_points * criterion.weight,
    }
    points, answer, why, attainment = _points(criterion, told, read, finess)
    row |= {"answer": answer, "attainment": attainment}
    if answer == NOT_APPLICABLE:
        return {**row, "status": "not_applicable", "weighted_max": None, "reason": "retiré des points et du maximum"}
    if points is None and grid.score.missing_answer == "no_points" and attainment is None:
        points, why = Decimal(0), f"{why} : aucun point"
    elif points is None:
        return {**row, "status": "not_computable", "reason": f"non calculable : {why}"}
    return {
        **row,
        "status": "computed",
        "points": points,
        "weighted_points": points * criterion.weight,
        "reason": why or None,
    }


def _points(
    criterion: Criterion, told: Any, read: Mapping[Any, Any], finess: str
) -> tuple[Decimal | None, str | None, str, str | None]:
    """Return the points, the answer in words, why there are none, and the attainment of a measured criterion."""
    words = told.answer if told is not None and isinstance(told.answer, str) else None
    if words == NOT_APPLICABLE:
        return None, NOT_APPLICABLE, "", None
    if criterion.measured is not None:
        return _measured_points(criterion, read.get((finess, criterion.measured.indicator)))
    if told is None:
        return None, None, "sans réponse", None
    if criterion.answers:
        points = criterion.answers.get(words or "")
        return points, words, "" if points is not None else "sans réponse", None
    value = exact(told.value)
    if value is None:
        return None, None, "sans réponse", None
    number = f"{french.number(float(value), 0 if value.denominator == 1 else 1)} {criterion.unit}".strip()
    reached = [tier.points for tier in criterion.tiers if value >= Fraction(tier.value_from)]
    return (reached[-1] if reached else Decimal(0)), number, "" if reached else "sous le premier palier", None


def _measured_points(criterion: Criterion, row: Any) -> tuple[Decimal | None, str | None, str, str | None]:
    rule = criterion.measured
    assert rule is not None
    if row is None:
        return None, None, "l'indicateur n'est pas dans le contrat, ou n'est pas calculé", "unknown"
    verdict = str(row.attainment)
    if verdict == "not_applicable" and criterion.may_be_not_applicable:
        return None, NOT_APPLICABLE, "", None
    value = "" if pd.isna(row.value) else f"{french.percent(row.value, 2, signed=True)}, "
    if verdict not in _VERDICTS:
        return None, f"{value}pas de verdict", str(row.reason or "pas de verdict"), verdict
    points = rule.attained if verdict == "attained" else rule.not_attained
    return points, f"{value}{_VERDICTS[verdict]}", "", verdict


def _section(section: Section, lines: list[Row], grid: EvaluationGrid) -> Row:
    row: Row = {
        "subject": f"section/{section.id}",
        "kind": "section",
        "label": section.label,
        "part": section.label,
        "weight": section.weight,
    }
    own = [line for line in lines if line["section"] == section.id and line["status"] != "not_applicable"]
    if not own:
        return {**row, "status": "not_applicable", "reason": "aucun critère ne concerne l'établissement"}
    blocked = [line for line in own if line["status"] == "not_computable"]
    if blocked:
        many = french.plural(len(blocked), "critère")
        return {**row, "status": "not_computable", "reason": f"non calculable : {many} sans valeur"}
    points = sum((line["weighted_points"] for line in own), Decimal(0))
    most = sum((line["weighted_max"] for line in own), Decimal(0))
    score = 100 * Fraction(points) / Fraction(most) if grid.score.scale == "percent" else Fraction(points)
    rounded = half_up(score, grid.score.printed_section_decimals)
    counted = score if grid.score.section_decimals is None else Fraction(rounded)
    row |= {"status": "computed", "weighted_points": points, "weighted_max": most, "score": rounded}
    return {**row, "counted": counted}


def _score(sections: list[Row], grid: EvaluationGrid) -> Row:
    row: Row = {"subject": SCORE, "kind": "score", "label": f"Score, {grid.label}"}
    if not sections:
        return {**row, "status": "not_applicable", "reason": "aucune section ne concerne l'établissement"}
    blocked = [one["label"] for one in sections if one["status"] == "not_computable"]
    if blocked:
        why = f"non calculable : {french.list_in_words(blocked)} sans score"
        return {**row, "status": "not_computable", "reason": why}
    weight = sum((one["weight"] for one in sections), Decimal(0))
    points = sum((Fraction(one["weight"]) * one["counted"] for one in sections), Fraction(0))
    value = points / Fraction(weight) if grid.score.scale == "percent" else points
    row |= {"status": "computed", "weight": weight, "score": half_up(value, grid.score.decimals)}
    return {**row, "weighted_points": half_up(points, _QUANTITY_DECIMALS)}
