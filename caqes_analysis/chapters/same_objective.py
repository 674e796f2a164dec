"""Indicators that read one objective in two sources: which one a page answers with, and what it says of the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.assessment_words import OBJECTIVES
from caqes_analysis.chapters.indicator_reading import IndicatorReading, read_indicators
from caqes_analysis.chapters.page import Page
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.dispersion import DETRENDED_FROM

__all__ = [
    "answered_by",
    "is_prudent",
    "judged_indicators",
    "known_periods_nb",
    "longest_known",
    "other_source_notes",
    "other_source_words",
    "source_words",
    "unread_notes",
    "unread_twins",
]

_ANNUAL = "annual_drug_spend"
_SOURCES = {"monthly_grid": "les montants reçus au mois", _ANNUAL: "la base annuelle Open PHMEV"}
_LINES_BY_CODE = "les lignes par code"


def judged_indicators(page: Page) -> frozenset[str]:
    """Return the indicators that the evaluation of the contracts reads: of one objective, it keeps one."""
    rows = page.evaluations
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
    groups: dict[tuple[str, str, str, int], list[IndicatorReading]] = {}
    for one in readings:
        link = one.definition.target
        if link is not None and link.measure == one.measure.id:
            groups.setdefault((link.subject, link.measure, one.period, one.contract_year), []).append(one)
    found = {}
    for same in groups.values():
        if len(same) > 1:
            answer = min(same, key=_order)
            found.update({one.definition.id: answer for one in same if one is not answer})
    return found


def unread_twins(readings: Iterable[IndicatorReading]) -> dict[str, IndicatorReading]:
    """Return, by identifier, the indicators that have no value where another source of their question answers.

    That one has a value, or says that there is nothing to read: a line « manquant » beside it would say otherwise. The
    one that the evaluation reads stays: its verdict is missing.

    Parameters
    ----------
    readings
        Indicators of a sheet.
    """
    groups: dict[tuple[str, str, str, int], list[tuple[IndicatorReading, bool]]] = {}
    for one in readings:
        link, own = one.definition.target, one.rows("establishment")
        if link is not None and link.measure == one.measure.id and len(own):
            is_answer = pd.notna(own["value"].iloc[0]) or own["value_status"].iloc[0] == "not_applicable"
            key = (link.subject, link.measure, one.period, one.contract_year)
            groups.setdefault(key, []).append((one, is_answer))
    found = {}
    for same in groups.values():
        answers = sorted((one for one, is_answer in same if is_answer), key=_order)
        if answers:
            silent = (one for one, is_answer in same if not is_answer and not _is_judged(one))
            found.update({one.definition.id: answers[0] for one in silent})
    return found


def unread_notes(twins: Mapping[str, IndicatorReading], readings: Sequence[IndicatorReading]) -> list[str]:
    """Say which indicators are not in the table of a sheet for want of their own source, and which ones answer.

    Parameters
    ----------
    twins
        What :func:`unread_twins` found.
    readings
        Indicators of the scheme.
    """
    by_source: dict[str, list[IndicatorReading]] = {}
    for one in readings:
        if one.definition.id in twins:
            by_source.setdefault(source_words(one), []).append(one)
    notes = []
    for source, same in by_source.items():
        absent, answers = (
            french.list_in_words([one.definition.short_name for one in some]).removesuffix(".")
            for some in (same, [twins[one.definition.id] for one in same])
        )
        own = "ses données" if len(same) == 1 else "leurs données"
        notes.append(
            f"Hors du tableau, faute de {own} ({source}){french.NBSP}: {absent}. La réponse à la même question est "
            f"{answers}."
        )
    return notes


def _order(one: IndicatorReading) -> tuple[bool, bool, str]:
    return not _is_judged(one), source_words(one) == _SOURCES[_ANNUAL], one.definition.id


def _is_judged(one: IndicatorReading) -> bool:
    is_evaluated = one.period == str(one.definition.data_year(evaluated_year(one.page.campaign)))
    return is_evaluated and one.definition.id in judged_indicators(one.page)


def source_words(one: IndicatorReading) -> str:
    """Return what an indicator adds up, in words."""
    line = one.level.numerator
    return _LINES_BY_CODE if line is None else _SOURCES.get(line.table, _LINES_BY_CODE)


def longest_known(
    one: IndicatorReading, readings: Iterable[IndicatorReading], answers: Mapping[str, IndicatorReading]
) -> IndicatorReading:
    """Return the reading of the same value that is known over the most years: its interval is the surest.

    Parameters
    ----------
    one
        The reading that answers.
    readings
        Those of the scheme.
    answers
        What :func:`answered_by` found.
    """
    others = [other for other in readings if answers.get(other.definition.id) is one]
    shown = _printed(one) if others else None
    same = [other for other in others if _printed(other) == shown]
    return max([one, *same], key=known_periods_nb) if shown else one


def _printed(one: IndicatorReading) -> str | None:
    """Return the value of an establishment as printed, with its bounds; None without one of them."""
    rows = one.rows("establishment")
    if rows.empty or rows[["value", "lower"]].iloc[0].isna().any():
        return None
    return one.unit.write(rows["value"].iloc[0])


def known_periods_nb(one: IndicatorReading, level: str = "establishment") -> int:
    """Return over how many years what an establishment measures is known, that of an evolution being its level.

    Parameters
    ----------
    one
        The reading.
    level
        ``region``: over how many the region is known.
    """
    rows = one.rows(level)
    number = rows["periods_nb"].iloc[0] if len(rows) else None
    if number is None or pd.isna(number):
        return 0
    return int(number) + (one.measure.evolution_of is not None)  # an evolution begins a year after its level


def is_prudent(one: IndicatorReading, level: str = "establishment") -> bool:
    """Say whether too few years are known to tell the own movement of each establishment from what chance does.

    Parameters
    ----------
    one
        The reading.
    level
        ``region``: by the years over which the region is known.
    """
    return 0 < known_periods_nb(one, level) < DETRENDED_FROM


@asked_once
def other_source_words(reading: IndicatorReading) -> tuple[str, bool]:
    """Return what the page of an indicator says of the one that asks the same question, and whether that one answers.

    Parameters
    ----------
    reading
        The indicator; nothing is said where it alone bears its objective.
    """
    link, page = reading.definition.target, reading.page
    if link is None or link.measure != reading.measure.id:
        return "", False
    rows = page.store.query(
        "select indicator, definition from indicators where period = $period and indicator <> $own order by indicator",
        {"period": reading.period, "own": reading.definition.id},
    )
    same = [
        str(name)
        for name, text in zip(rows["indicator"], rows["definition"], strict=True)
        if (other := stored_definition(text).target) is not None
        and (other.subject, other.measure) == (link.subject, link.measure)
    ]
    others = [one for name in same for one in read_indicators(page, indicator=name, levels=["region"])]
    answers = answered_by([reading, *others])
    if (answer := answers.get(reading.definition.id)) is not None:
        name = answer.definition.short_name
        who = "L'évaluation des contrats lit" if _is_judged(answer) else "Les fiches et la liste répondent par"
        return (
            f"Même question que la page « {name} », lue ici dans {source_words(reading)}. {who} « {name} »"
            f"{french.NBSP}: cette page est une information."
        ), True
    if not answers:
        return "", False
    named = french.list_in_words([f"« {one.definition.short_name} » dans {source_words(one)}" for one in others])
    who = "l'évaluation des contrats lit" if _is_judged(reading) else "les fiches et la liste répondent par"
    return f"La même question est lue par {named} ; {who} celle-ci.", False


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
        gives = f"donne {one.unit.write(own['value'])}{f' ({gap})' if gap else ''}"
        if longest_known(answer, readings, answers) is one:
            gives = "donne la même valeur ; l'intervalle du tableau est le sien, estimé sur plus d'années"
        notes.append(
            f"{name} et {other} posent la même question à deux sources : {source_words(answer)} et "
            f"{source_words(one)}. La réponse est {name}{judged} ; {other} {gives}."
        )
    return notes
