"""The grid of a region in words: what each answer brings, how points make a score, what a score costs, and on what."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.amounts_received import received_amounts
from caqes_analysis.chapters.assessment_words import plain_number
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import envelope_of
from caqes_analysis.display import ColumnFormat, Table
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.evaluation.campaign import grid_of
from caqes_analysis.schemes.grid import Criterion, EvaluationGrid, SanctionRule
from caqes_analysis.schemes.terms import UNKNOWN, Term, decimals_of, is_number

__all__ = ["grid_sentences", "scale_table", "scale_words", "score_formula"]


def scale_words(criterion: Criterion) -> str:
    """Return what each answer to a criterion brings, before its weight.

    Examples
    --------
    >>> scale_words(Criterion(id="c", label="C", answers={"oui": 10, "en cours": 5, "non": 0}))
    'oui : 10 ; en cours : 5 ; non : 0'
    >>> tiers = [{"value_from": 0, "points": 0}, {"value_from": 60, "points": 6}]
    >>> scale_words(Criterion(id="c", label="C", unit="%", tiers=tiers))
    'à partir de 0 % : 0 ; à partir de 60 % : 6'
    """
    if criterion.measured is not None:
        rule = criterion.measured
        brought = [("objectif atteint", rule.attained), ("non atteint", rule.not_attained)]
    elif criterion.tiers:
        unit = f" {criterion.unit}" if criterion.unit else ""
        brought = [(f"à partir de {plain_number(tier.value_from)}{unit}", tier.points) for tier in criterion.tiers]
    else:
        brought = list(criterion.answers.items())
    words = " ; ".join(f"{answer} : {plain_number(points)}" for answer, points in brought)
    return f"{words} ; sans objet : critère retiré" if criterion.may_be_not_applicable else words


def scale_table(page: Page) -> Table | None:
    """Return the points that each answer brings, criterion by criterion; None without a grid."""
    grid = grid_of(page.campaign)
    if grid is None:
        return None
    names = {section.id: section.label for section in grid.sections}
    rows = [
        {
            "label": criterion.label,
            "part": names[engagement.section],
            "scale": scale_words(criterion),
            "most": plain_number(criterion.max_points),
            "weight": plain_number(criterion.weight),
        }
        for engagement in grid.engagements
        for criterion in engagement.criteria
    ]
    return Table.from_frame(
        pd.DataFrame(rows),
        caption=f"Barème de la {grid.label}",
        columns=[
            ColumnFormat.text("label", "Critère"),
            ColumnFormat.text("part", "Section"),
            ColumnFormat.text("scale", "Points selon la réponse"),
            ColumnFormat.text("most", "Maximum", align="right"),
            ColumnFormat.text("weight", "Poids", align="right"),
        ],
    )


def grid_sentences(page: Page) -> list[str]:
    """Return how points make a score and a score a sanction, term by term; empty without a grid."""
    grid = grid_of(page.campaign)
    if grid is None:
        return []
    year = evaluated_year(page.campaign)
    sentences = [_score_words(grid)]
    if grid.sanction is not None and year not in page.scheme.years_without_sanction:
        sentences += [_sanction_words(grid.sanction), _base_words(page, grid.sanction, year)]
    return sentences


def score_formula(sections: pd.DataFrame, grid: EvaluationGrid) -> str:
    """Return the sum that gives a score, so that a reader does it again.

    Parameters
    ----------
    sections
        Rows of ``evaluations`` of the sections that count.
    grid
        The grid.
    """
    is_exact = grid.score.scale == "percent" and grid.score.section_decimals is None
    labels = {f"section/{one.id}": one.weight for one in grid.sections}
    terms = []
    for row in sections.to_dict("records"):
        weight = plain_number(labels.get(row["subject"], row["weight"]))
        ratio = f"{plain_number(row['weighted_points'])}/{plain_number(row['weighted_max'])}"
        terms.append(f"{weight} × {ratio if is_exact else plain_number(row['score'])}")
    total = " + ".join(terms)
    if grid.score.scale == "points":
        return total
    weight = plain_number(sum((Decimal(str(one)) for one in sections["weight"]), Decimal(0)))
    return f"{'100 × ' if is_exact else ''}({total}) ÷ {weight}"


def _score_words(grid: EvaluationGrid) -> str:
    rule = grid.score
    weights = french.list_in_words([f"{one.label} {plain_number(one.weight)}" for one in grid.sections])
    many = french.plural(rule.decimals, "décimale")
    if rule.scale == "points":
        section, score = "la somme des points × poids de ses critères", "la somme poids × section"
    else:
        section = "100 × somme des points × poids ÷ somme des maximums × poids"
        score = "la moyenne des sections par leur poids"
    kept = (
        "sans arrondi avant le score"
        if rule.section_decimals is None
        else f"arrondie à {french.plural(rule.section_decimals, 'décimale')} avant d'entrer dans le score"
    )
    return (
        f"Section : {section}, {kept}. Score : {score} ({weights}), arrondi à {many}. Un critère sans objet quitte les "
        "points et le maximum ; une section que le contrat n'a pas signée quitte la moyenne."
    )


def _sanction_words(rule: SanctionRule) -> str:
    bands = []
    for tier, following in pairwise([*rule.tiers, None]):
        assert tier is not None
        start = plain_number(tier.score_from)
        where = f"de {start} à moins de {plain_number(following.score_from)}" if following else f"à partir de {start}"
        bands.append(f"{where}, {_term(tier.rate_pct)}")
    cap = (
        f"au plus {french.euros(rule.cap_eur)}"
        if is_number(rule.cap_eur)
        else "plafond inconnu"
        if rule.cap_eur == UNKNOWN
        else "sans plafond"
    )
    return (
        f"Sanction : taux du palier où se trouve le score arrondi × assiette, au centime, {cap}. Paliers : "
        f"{' ; '.join(bands)}. Source : {rule.source}."
    )


def _term(rate: Term) -> str:
    return french.percent(rate, decimals_of(rate)) if is_number(rate) else "taux inconnu"


def _base_words(page: Page, rule: SanctionRule, year: int) -> str:
    """Return the envelopes of the base, and which amount of theirs was received."""
    kinds = received_amounts(page, rule.base_envelopes, year)
    names = french.list_in_words([f"« {envelope_of(page.campaign, code).label} »" for code in rule.base_envelopes])
    whose = "des enveloppes" if len(rule.base_envelopes) > 1 else "de l'enveloppe"
    which = f" ({' ; '.join(kinds)})" if kinds else ""
    return f"Assiette : dépense de janvier à décembre {year}{which} {whose} {names}, tous les sites du contrat."
