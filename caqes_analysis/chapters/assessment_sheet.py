"""The evaluation of one contract, for the sheet of its establishment: the card, and every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_plan import own_plan_table
from caqes_analysis.chapters.assessment_scale import grid_sentences, scale_words, score_formula
from caqes_analysis.chapters.assessment_words import (
    ATTAINMENT_WORDS,
    OBJECTIVES,
    REFERENCE_WORDS,
    STATUS_WORDS,
    TOTALS,
    attained_words,
    plain_number,
    threshold_notes,
    with_amounts,
    with_values,
)
from caqes_analysis.chapters.level_changes import judged_changes_notes
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import VOLET_WORDS, after_colon
from caqes_analysis.display import Card, ColumnFormat, Details, Notice, Table, Text
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.evaluation.campaign import grid_of
from caqes_analysis.schemes.grid import EvaluationGrid

_PLURAL_FROM = 2
"""Number from which a noun is plural in French: « 1,5 point »."""

_NO_MONEY = "–"

__all__ = ["criteria_details", "evaluation_card", "own_evaluations", "steps_table"]


def own_evaluations(page: Page) -> pd.DataFrame:
    """Return the evaluations of the contract that the establishment of a sheet is under; empty when it has none."""
    rows = page.evaluations
    return rows[rows["contract_finess"] == page.signatory].reset_index(drop=True)


def evaluation_card(page: Page) -> Card | None:
    """Return the card of the sheet: objectives attained, incentive or score; None without an evaluated contract."""
    rows = own_evaluations(page)
    if rows.empty:
        return None
    words = attained_words(rows).replace(" objectifs atteints", " atteints").replace(" objectif atteint", " atteint")
    details = []
    for row in with_amounts(rows[rows["kind"] == "incentive"]).to_dict("records"):
        partial = " (partiel)" if row["status"] == "partial" else ""
        amount = french.compact_euros(row["amount_eur"]) if not pd.isna(row["amount_eur"]) else row["due_text"]
        details.append(f"intéressement {amount}{partial}")
    for row in with_amounts(rows[rows["kind"] == "regional_incentive"]).to_dict("records"):
        is_known = not pd.isna(row["amount_eur"])
        amount = french.compact_euros(row["amount_eur"]) if is_known else row["due_text"]
        details.append(f"part régionale {amount}{' (barème de la région)' if is_known else ''}")
    grid = grid_of(page.campaign)
    simulated = " (grille simulée)" if grid is not None and grid.is_simulated else ""
    for row in with_amounts(rows[rows["kind"].isin(["score", "sanction"])]).to_dict("records"):
        if row["kind"] == "score":
            decimals = grid.score.decimals if grid is not None else 1
            known = not pd.isna(row["score"])
            score = french.number(row["score"], decimals) if known else STATUS_WORDS.get(row["status"], "")
            details.append(f"score {score}{simulated}")
        elif not pd.isna(row["amount_eur"]) and row["amount_eur"] > 0:
            # The figure that will be quoted: nothing is decided before the establishment has answered.
            details.append(f"sanction encourue {row['due_text']}, avant procédure contradictoire")
        else:
            details.append(f"sanction {row['due_text']}")
    title = f"Évaluation {evaluated_year(page.campaign)}"
    return Card(title, words or "pas de verdict", " ; ".join(details))


def steps_table(page: Page) -> Table | Notice:
    """Return, for the sheet of an establishment, what its contract's evaluation is made of, the criteria apart."""
    rows = own_evaluations(page)
    if rows.empty and not page.store.has(tables.CONTRACTS):
        return Notice("missing", "Évaluation", "La campagne n'a reçu aucun contrat : rien n'est évalué.")
    if rows.empty:
        return Notice(
            "info",
            "Évaluation",
            f"Pas de contrat {page.scheme.name} évalué en {evaluated_year(page.campaign)} pour cet établissement : "
            "aucun intéressement, aucune sanction ; une valeur au-dessus d'un objectif n'y est pas un verdict.",
        )
    rows = rows[rows["kind"] != "criterion"]
    pays = bool((rows["kind"] == "incentive").any())
    is_aimed = bool(rows["reference_status"].notna().any())
    grid, counted = grid_of(page.campaign), rows[(rows["kind"] == "section") & rows["score"].notna()]
    is_scored = grid is not None and rows.loc[rows["kind"] == "score", "score"].notna().any()
    return _lines(
        rows,
        grid,
        formula=score_formula(counted, grid) if grid is not None and is_scored else "",
        caption=f"Évaluation du contrat en {evaluated_year(page.campaign)}, ligne par ligne",
        notes=[
            *(["Un référentiel dit qui est ciblé ; un objectif, ce qui doit être atteint."] if is_aimed else []),
            *(
                ["Montant = taux × économies retenues × effet de l'objectif (1 pour plein effet, 0 pour aucun)."]
                if pays
                else []
            ),
            *([f"Source de la règle : {page.scheme.incentive.source}."] if pays and page.scheme.incentive else []),
            *_regional_source(page, rows),
            *_unread_volets(page, rows),
            *threshold_notes(rows, page.targets, scheme=page.scheme.id, year=evaluated_year(page.campaign)),
            *judged_changes_notes(
                page,
                rows.loc[rows["attainment"].isin(["attained", "not_attained"]), "subject"],
                year=evaluated_year(page.campaign),
            ),
        ],
    )


def _unread_volets(page: Page, rows: pd.DataFrame) -> list[str]:
    """Name the additional volets of the contract that the evaluation has nothing about: neither forgotten nor good."""
    signed = page.store.read(tables.CONTRACTS)
    own = signed[(signed["contract_finess"] == page.signatory) & (signed["scheme"] == page.scheme.id)]
    listed = "" if own.empty or pd.isna(own["volets"].iloc[0]) else str(own["volets"].iloc[0])
    read = {*rows["part"].dropna(), *page.scheme.common_volets}
    absent = [VOLET_WORDS.get(one, one) for one in listed.split(",") if one and one not in read]
    if not absent or not page.scheme.common_volets:
        return []
    named, ending = french.list_in_words(absent), "sans critère ni objectif évalué"
    if len(absent) > 1:
        return [f"Volets {named}{french.NBSP}: signés, {ending} ; ils ne comptent dans aucune ligne."]
    return [f"Volet {named}{french.NBSP}: signé, {ending} ; il ne compte dans aucune ligne."]


def _regional_source(page: Page, rows: pd.DataFrame) -> list[str]:
    """Say where the regional part comes from: no text gives its amount."""
    rule = page.scheme.regional_incentive
    if rule is None or not (rows["kind"] == "regional_incentive").any():
        return []
    return [f"Source de la part régionale : {rule.source}."]


def criteria_details(page: Page) -> Details | None:
    """Return the action plan and the criteria of the grid, folded: what was asked and answered, and the points given.

    None without a grid.
    """
    rows = own_evaluations(page)
    rows = rows[rows["kind"] == "criterion"]
    if rows.empty:
        return None
    caption = f"Critères de la grille en {evaluated_year(page.campaign)}, réponses et points"
    count = french.plural(len(rows), "critère")
    grid = grid_of(page.campaign)
    scales = {f"criterion/{one.id}": scale_words(one) for one in grid.criteria} if grid is not None else {}
    plan = own_plan_table(page, rows)
    return Details(
        f"Détail : le plan d'action, les {count} de la grille, leur barème, et de quoi refaire le calcul",
        [
            *([plan] if plan is not None else []),
            _lines(rows, grid, caption=caption, scales=scales),
            Text.bullets(*grid_sentences(page)),
        ],
    )


def _lines(
    rows: pd.DataFrame,
    grid: EvaluationGrid | None,
    *,
    caption: str,
    notes: Sequence[str] = (),
    scales: Mapping[str, str] | None = None,
    formula: str = "",
) -> Table:
    shown = with_amounts(with_values(rows))
    steps = shown.to_dict("records")
    verdicts = rows["attainment"].tolist()
    states = [ATTAINMENT_WORDS[one][1] if isinstance(one, str) else None for one in verdicts]
    frame = shown.assign(
        result=[_result(row, grid) for row in steps],
        state=pd.Series(states, index=shown.index, dtype=object),
        targeted=[_targeted(row) for row in steps],
        reached=[formula if row["kind"] == "score" and formula else _reached(row) for row in steps],
        money=[_money(row) for row in steps],
        scale=[(scales or {}).get(subject, "–") for subject in shown["subject"]],
    )
    columns = [ColumnFormat.text("label", "Ligne"), ColumnFormat.text("result", "Résultat", state="state")]
    columns += [ColumnFormat.text("reached", "D'où il vient")]
    if scales:
        columns.append(ColumnFormat.text("scale", "Points selon la réponse"))
    if rows["reference_status"].notna().any():
        columns.append(ColumnFormat.text("targeted", "Qui est ciblé"))
    if rows["kind"].isin([*TOTALS, "sanction"]).any() and (frame["money"] != _NO_MONEY).any():
        columns.append(ColumnFormat.text("money", "Montant"))
    return Table.from_frame(frame, caption=caption, columns=columns, notes=notes)


def _result(row: Mapping[Any, Any], grid: EvaluationGrid | None) -> str:
    kind = row["kind"]
    if kind == "score" and grid is not None and not pd.isna(row["score"]):
        return french.number(row["score"], grid.score.decimals)  # as on the card
    if kind in OBJECTIVES:
        verdict = row["attainment"]
        word = ATTAINMENT_WORDS[verdict][0] if isinstance(verdict, str) else french.MISSING
        return f"objectif {word}" if verdict in ("attained", "not_attained") else word
    if kind == "criterion":
        return str(row["answer"]) if pd.isna(row["points"]) and isinstance(row["answer"], str) else _points(row)
    if kind in ("section", "score"):
        return (
            plain_number(row["score"]) if not pd.isna(row["score"]) else STATUS_WORDS.get(row["status"], french.MISSING)
        )
    return str(row["due_text"])


def _points(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["points"]):
        return STATUS_WORDS.get(row["status"], french.MISSING)
    return f"{plain_number(row['points'])} sur {plain_number(row['max_points'])}"


def _reached(row: Mapping[Any, Any]) -> str:
    """Return what gives a row its result: a value and its objective, or points and their weight."""
    kind = row["kind"]
    if kind in OBJECTIVES:
        target = row["target_label"] if isinstance(row["target_label"], str) else "objectif non renseigné"
        target = target if target.startswith("objectif") else f"objectif {target}"
        why = "" if row["status"] == "not_valued" else _reason(row)  # said in its own column: it has no euros
        return f"{row['value_text']}, {target}" if not pd.isna(row["value"]) else why or target
    if kind == "criterion" and not pd.isna(row["points"]):
        product = f"{plain_number(row['points'])} × poids {plain_number(row['weight'])}"
        return f"{row['answer']} : {product} = {plain_number(row['weighted_points'])}"
    if kind == "section" and not pd.isna(row["score"]):
        points = row["weighted_points"]
        noun = "points" if points >= _PLURAL_FROM else "point"
        return f"{plain_number(points)} {noun} sur {plain_number(row['weighted_max'])}"
    if kind == "sanction" and isinstance(row["answer"], str):
        return f"assiette : {row['answer']} ; {_reason(row)}"
    return _reason(row) or "–"


def _targeted(row: Mapping[Any, Any]) -> str:
    """Return whether the référentiel targets the contract, and why."""
    if not isinstance(row["reference_status"], str):
        return "–"
    word = REFERENCE_WORDS[row["reference_status"]][0]
    return f"{word} ({after_colon(row['reference_detail'])})" if isinstance(row["reference_detail"], str) else word


def _money(row: Mapping[Any, Any]) -> str:
    """Return how an amount is computed, to the cent."""
    kind = row["kind"]
    if kind in OBJECTIVES and not pd.isna(row["amount_eur"]) and not pd.isna(row["rate_pct"]):
        if not row["kept_saving_eur"]:
            return f"pas d'économie ({row['previous_text']} puis {row['current_text']}) : {row['due_text']}"
        saved = f"économies {row['previous_text']} − {row['current_text']} = {row['saving_text']}"
        return f"{saved} ; {row['rate_text']} × {row['kept_saving_text']} × {row['gate_text']} = {row['due_text']}"
    if kind == "regional_indicator" and not pd.isna(row["amount_eur"]):
        return f"objectif {ATTAINMENT_WORDS[row['attainment']][0]} : {row['due_text']}"
    if kind == "regional_incentive" and not pd.isna(row["amount_eur"]):
        return f"somme des indicateurs régionaux : {row['due_text']}"
    if kind == "sanction" and not pd.isna(row["gross_eur"]):
        return f"{row['rate_text']} × {row['base_text']} = {row['gross_text']}"
    if kind == "incentive" and not pd.isna(row["gross_eur"]):
        return f"somme des indicateurs : {row['gross_text']}"
    return str(row["due_text"]) if kind in OBJECTIVES and row["status"] == "not_valued" else _NO_MONEY


def _reason(row: Mapping[Any, Any]) -> str:
    return str(row["reason"]) if isinstance(row["reason"], str) else ""
