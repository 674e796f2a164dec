"""The action plan of the contracts (annexe 1): what each engagement asks, and the points that it brought."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.assessment_words import STATUS_WORDS, plain_number
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import ColumnFormat, Table
from caqes_analysis.evaluation.campaign import grid_of
from caqes_analysis.schemes.grid import Engagement, EvaluationGrid

__all__ = ["own_plan_table", "plan_table"]

_MEASURED = "mesuré par ce rapport"


def plan_table(page: Page) -> Table | None:
    """Return the action plan that the grid of the region evaluates, engagement by engagement; None without a grid."""
    grid = grid_of(page.campaign)
    if grid is None:
        return None
    volets = {section.id: section.volet for section in grid.sections}
    rows = [{**_asked(one), "whom": _whom(one, volets[one.section])} for one in grid.engagements]
    columns = [*_COLUMNS, ColumnFormat.text("whom", "Contrats concernés")]
    return Table.from_frame(
        pd.DataFrame(rows), caption=f"Plan d'action (annexe 1) de la {grid.label}", columns=columns, notes=_notes(grid)
    )


def own_plan_table(page: Page, criteria: pd.DataFrame) -> Table | None:
    """Return the action plan of one contract with the points of each engagement; None without a grid.

    Parameters
    ----------
    page
        Page of the establishment.
    criteria
        Rows of ``evaluations`` of kind ``criterion``, of its contract: an engagement without any does not concern it.
    """
    grid = grid_of(page.campaign)
    if grid is None:
        return None
    known = criteria.set_index("subject")
    rows = []
    for engagement in grid.engagements:
        subjects = [f"criterion/{one.id}" for one in engagement.criteria]
        own = known.loc[[subject for subject in subjects if subject in known.index]]
        if len(own):
            rows.append({**_asked(engagement), "points": _points(own)})
    return Table.from_frame(
        pd.DataFrame(rows, columns=[*(column.name for column in _COLUMNS), "points"]),
        caption=f"Plan d'action du contrat (annexe 1), {grid.label}",
        columns=[*_COLUMNS, ColumnFormat.text("points", "Points obtenus", align="right")],
        notes=_notes(grid),
    )


_COLUMNS = [
    ColumnFormat.text("title", "Engagement"),
    ColumnFormat.text("action", "Plan d'action"),
    ColumnFormat.text("target", "Cible"),
    ColumnFormat.text("criteria", "Évalué par"),
    ColumnFormat.text("proof", "Preuve à garder"),
]


def _asked(engagement: Engagement) -> dict[str, str]:
    proofs = [_MEASURED if one.measured is not None else one.proof for one in engagement.criteria]
    return {
        "title": engagement.title,
        "action": engagement.action_plan or french.MISSING,
        "target": engagement.target or french.MISSING,
        "criteria": " ; ".join(one.label for one in engagement.criteria),
        "proof": " ; ".join(dict.fromkeys(proof for proof in proofs if proof)) or "non précisée par la grille",
    }


def _whom(engagement: Engagement, volet: str | None) -> str:
    signed = f"ceux qui ont signé le volet {volet}" if volet is not None else "tous"
    if not engagement.applies_to:
        return signed
    return f"{signed}, catégories {french.list_in_words(engagement.applies_to)}"


def _points(own: pd.DataFrame) -> str:
    """Return the weighted points of an engagement over what they could be; why there are none otherwise."""
    counted = own[own["status"] != "not_applicable"]
    if counted.empty:
        return STATUS_WORDS["not_applicable"]
    if (counted["status"] != "computed").any():
        return STATUS_WORDS["not_computable"]
    points, most = (sum(counted[name], Decimal(0)) for name in ("weighted_points", "weighted_max"))
    return f"{plain_number(points)} sur {plain_number(most)}"


def _notes(grid: EvaluationGrid) -> Sequence[str]:
    simulated = ["Engagements, actions et cibles inventés pour la démonstration."] if grid.is_simulated else []
    return [*simulated, f"Source : {grid.source}."]
