"""Indicators that read one objective in two sources: which one a page answers with, and what it says of the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from caqes_analysis import tables
from caqes_analysis.chapters.assessment_words import OBJECTIVES
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.chapters.page import Page
from caqes_analysis.evaluation.assess import evaluated_year

__all__ = ["answered_by", "judged_indicators", "other_source_notes"]

_ANNUAL = "annual_drug_spend"
_SOURCES = {"monthly_grid": "les montants reçus au mois", _ANNUAL: "la base annuelle Open PHMEV"}
_LINES_BY_CODE = "les lignes par code"


def judged_indicators(page: Page) -> frozenset[str]:
    """Return the indicators that the evaluation of the contracts reads: of one objective, it keeps one."""
    rows = page.store.read(tables.EVALUATIONS)
    return frozenset(rows.loc[rows["kind"].isin(OBJECTIVES), "subject"])


def answered_by(readings: Iterable[IndicatorReading]) -> dict[str, IndicatorReading]:
    """Return, by identifier, the indicators whose question another one answers, and the one that answers.

    Two indicators ask the same question when one objective bears on both over the same period, and both have a value:
    the PHMEV by month and in the yearly base, the « liste en sus » by month and by code. The one that the evaluation
    reads answers, so that no page says otherwise than the contract; before any evaluation, the one that has months.

    Parameters
    ----------
    readings
        Indicators that have a value on the page.
    """
    groups: dict[tuple[str, str, str], list[IndicatorReading]] = {}
    for one in readings:
        link = one.definition.target
        if link is not None and link.measure == one.measure.id:
            groups.setdefault((link.subject, link.measure, one.period), []).append(one)
    found = {}
    for same in groups.values():
        if len(same) > 1:
            answer = min(same, key=_order)
            found.update({one.definition.id: answer for one in same if one is not answer})
    return found


def _order(one: IndicatorReading) -> tuple[bool, bool, str]:
    return not _is_judged(one), _source(one) == _SOURCES[_ANNUAL], one.definition.id


def _is_judged(one: IndicatorReading) -> bool:
    is_evaluated = one.period == str(evaluated_year(one.page.campaign))
    return is_evaluated and one.definition.id in judged_indicators(one.page)


def _source(one: IndicatorReading) -> str:
    """Return what an indicator adds up, in words."""
    line = one.level.numerator
    return _LINES_BY_CODE if line is None else _SOURCES.get(line.table, _LINES_BY_CODE)


def other_source_notes(
    answers: dict[str, IndicatorReading], readings: Sequence[IndicatorReading], finess: str
) -> list[str]:
    """Return, for the sheet of an establishment, why an indicator is not in its table, and what it gives.

    Parameters
    ----------
    answers
        What :func:`answered_by` found.
    readings
        Indicators of the scheme.
    finess
        The establishment.
    """
    notes = []
    for one in readings:
        answer = answers.get(one.definition.id)
        if answer is None:
            continue
        own = one.rows("establishment").iloc[0]
        gap = one.gaps.get(finess)
        judged = ", que lit l'évaluation des contrats" if _is_judged(answer) else ""
        name, other = answer.definition.short_name, one.definition.short_name
        notes.append(
            f"{name} et {other} posent la même question à deux sources : {_source(answer)} et {_source(one)}. La "
            f"réponse est {name}{judged} ; {other} donne {one.unit.write(own['value'])}{f' ({gap})' if gap else ''}."
        )
    return notes
