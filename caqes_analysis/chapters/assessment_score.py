"""The score of each contract and what it costs: the result at a glance, then each step of the sanction."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.assessment import evaluations
from caqes_analysis.chapters.assessment_words import STATUS_WORDS, with_amounts
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.display.style import abbreviated
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.evaluation.campaign import grid_of
from caqes_analysis.schemes.grid import EvaluationGrid
from caqes_analysis.schemes.terms import decimals_of

__all__ = ["grid_table", "sanction_table", "score_table"]


def score_table(page: Page) -> Table | Notice:
    """Return the score of each contract, section by section, and its sanction; the lowest scores first."""
    grid = grid_of(page.campaign)
    rows = evaluations(page)
    if grid is None or rows[rows["kind"] == "score"].empty:
        why = (
            "La campagne ne nomme pas de grille (evaluation_grid)."
            if page.scheme.is_graded
            else f"Le dispositif {page.scheme.name} ne note pas ses contrats."
        )
        return Notice("missing" if page.scheme.is_graded else "info", "Score et sanction", why)
    parts = rows[rows["kind"] == "section"]
    printed = parts.assign(text=_scores(parts, grid.score.printed_section_decimals))
    wide = printed.pivot(index="contract_finess", columns="subject", values="text")
    frame = _scored(rows, grid)
    unit = "%" if grid.score.scale == "percent" else "points"
    weights = " ; ".join(f"{one.label} {french.number(one.weight, decimals_of(one.weight))}" for one in grid.sections)
    return Table.from_frame(
        frame.assign(
            **{one.id: _of_section(wide, f"section/{one.id}", frame.index) for one in grid.sections}
        ).reset_index(),
        caption=f"Score et sanction de {evaluated_year(page.campaign)} : {grid.label}",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("score_text", "Score", unit=unit, align="right"),
            ColumnFormat.text("due_text", "Sanction", align="right"),
            *(ColumnFormat.text(one.id, one.label, unit=unit, align="right") for one in grid.sections),
        ],
        notes=[
            "Du score le plus bas au plus élevé ; ceux qui ne sont pas calculables à la fin.",
            f"Poids des sections : {weights}.",
            "Une section que le contrat n'a pas signée ne compte pas.",
            "Sanction calculée avant procédure contradictoire ; barème, paliers et assiette sont avec les règles.",
        ],
    )


def sanction_table(page: Page) -> Table | Notice:
    """Return what leads from each score to its sanction, or why there is none."""
    grid = grid_of(page.campaign)
    rows = evaluations(page)
    if grid is None or rows[rows["kind"] == "score"].empty:
        return Notice("info", "Sanction", "Aucun score n'est calculé.")
    return Table.from_frame(
        _scored(rows, grid).reset_index(),
        caption=f"Du score à la sanction, {evaluated_year(page.campaign)} : {grid.label}",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("score_text", "Score", align="right"),
            ColumnFormat.text("terms_text", "Dépense de l'assiette"),
            ColumnFormat.text("base_text", "Assiette", align="right"),
            ColumnFormat.text("rate_text", "Taux", align="right"),
            ColumnFormat.text("due_text", "Sanction", align="right"),
            ColumnFormat.text("reason_text", "Remarque"),
        ],
    )


def _scored(rows: pd.DataFrame, grid: EvaluationGrid) -> pd.DataFrame:
    """Return the contracts by score, with the score and each step of the sanction in words."""
    scores = rows[rows["kind"] == "score"].set_index("contract_finess")
    costs = with_amounts(rows[rows["kind"] == "sanction"]).set_index("contract_finess")
    return (
        scores[["name", "href", "score"]]
        .assign(
            name=[abbreviated(str(name)) for name in scores["name"]],
            score_text=_scores(scores, grid.score.decimals),
            terms_text=costs["answer"].fillna("–") if len(costs) else "–",
            base_text=costs["base_text"] if len(costs) else "–",
            rate_text=costs["rate_text"] if len(costs) else "–",
            due_text=costs["due_text"] if len(costs) else "aucune règle",
            # Without a score, the reason is the score's; with one, what the sanction lacks.
            reason_text=scores["reason"].fillna(costs["reason"] if len(costs) else "–").fillna("–"),
        )
        .sort_values(["score", "name"], na_position="last", kind="stable")
    )


def _scores(rows: pd.DataFrame, decimals: int) -> list[str]:
    return [
        STATUS_WORDS.get(str(status), french.MISSING) if pd.isna(score) else french.number(score, decimals)
        for score, status in zip(rows["score"], rows["status"], strict=True)
    ]


def _of_section(wide: pd.DataFrame, name: str, contracts: pd.Index[Any]) -> pd.Series[Any]:
    """Return a section by contract; one that the contract did not sign is without object."""
    found = wide[name] if name in wide else pd.Series(dtype=object)
    return found.reindex(contracts).fillna(STATUS_WORDS["not_applicable"])


def grid_table(page: Page) -> Table | Notice:
    """Return, criterion by criterion, how the contracts of the region answered."""
    rows = page.evaluations
    lines = rows[rows["kind"] == "criterion"]
    grid = grid_of(page.campaign)
    if lines.empty or grid is None:
        return Notice("info", "Critères de la grille", "Aucun critère n'est évalué.")
    order = {f"criterion/{one.id}": place for place, one in enumerate(grid.criteria)}
    found = []
    for subject, own in lines.groupby("subject"):
        computed = own[own["status"] == "computed"]
        most = float(own["max_points"].iloc[0])
        found.append(
            {
                "place": order.get(str(subject), len(order)),
                "part": own["part"].iloc[0],
                "label": own["label"].iloc[0],
                "computed_nb": len(computed),
                "without_nb": int((own["status"] == "not_computable").sum()),
                "outside_nb": int((own["status"] == "not_applicable").sum()),
                "share_pct": 100 * float(computed["points"].astype(float).mean()) / most if len(computed) else None,
            }
        )
    return Table.from_frame(
        pd.DataFrame(found).sort_values("place"),
        caption=f"Critères de la {grid.label} : réponses et points obtenus",
        columns=[
            ColumnFormat.text("label", "Critère"),
            ColumnFormat.text("part", "Section"),
            ColumnFormat.count("computed_nb", "Contrats notés"),
            ColumnFormat.count("without_nb", "Sans valeur"),
            ColumnFormat.count("outside_nb", "Sans objet"),
            ColumnFormat.percent("share_pct", "Part moyenne des points"),
        ],
    )
