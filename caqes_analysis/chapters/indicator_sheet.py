"""The indicators of the contract on the sheet of an establishment: value, N-1, target, référentiel, region, rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_words import REFERENCE_WORDS
from caqes_analysis.chapters.constant_perimeter import opened_on
from caqes_analysis.chapters.indicator_reading import IndicatorReading, indicator_href, read_indicators
from caqes_analysis.chapters.own_contract import OUTSIDE_WORDS, outside_contract, without_contract
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import CLOSED_YEAR, REGION_VALUE
from caqes_analysis.chapters.same_objective import (
    answered_by,
    is_prudent,
    longest_known,
    other_source_notes,
    unread_notes,
    unread_twins,
)
from caqes_analysis.chapters.verdicts import barely_words
from caqes_analysis.chapters.words import after_colon, category_words, masked_words
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.display.columns import NOT_APPLICABLE_TEXT
from caqes_analysis.display.payload import State
from caqes_analysis.evaluation.gaps import Gaps, gaps_of, openings_of
from caqes_analysis.evaluation.position import NO_OBJECT
from caqes_analysis.evaluation.targeting import targeting
from caqes_analysis.evaluation.values import outside_words
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition
from caqes_analysis.indicators.dispersion import DETRENDED_FROM
from caqes_analysis.indicators.secrecy import TOO_FEW, UNRANKED, counts_patients
from caqes_analysis.indicators.standing import ranks_by_size

__all__ = ["contract_indicators_table"]

_MONTHS_NB = 12
_NO_YEAR_BEFORE = "une des données qu'il demande n'a pas été reçue"


_COMPARED = (
    "finess",
    "period",
    "indicator",
    "measure",
    "numerator",
    "denominator",
    "value",
    "value_status",
    "months_nb",
)
"""Columns of a value that a référentiel reads."""
_NO_REFERENCE = "none"
_REFERENCE_WORDS: Mapping[str, tuple[str, State | None]] = {**REFERENCE_WORDS, _NO_REFERENCE: ("aucun", "muted")}


def contract_indicators_table(page: Page) -> Table | Notice:
    """Return where the establishment stands on each indicator of the contract's scheme."""
    every = read_indicators(page, scheme=page.campaign.scheme)
    bound = [one for one in every if _binds(one)]
    answers = answered_by(one for one in bound if _has_value(one))
    unread = unread_twins(bound)
    readings = [one for one in bound if one.definition.id not in answers and one.definition.id not in unread]
    longer = {one.definition.id: longest_known(one, bound, answers) for one in readings}
    rows = [found for one in readings if (found := _row(page, one, longer[one.definition.id])) is not None]
    if not rows:
        return Notice(
            "missing",
            f"Indicateurs du {page.scheme.name}",
            "Aucun indicateur du dispositif n'a de valeur pour cet établissement.",
        )
    references = _references(page, readings)
    frame = pd.DataFrame(rows)
    # An indicator that has no référentiel targets nobody: nothing is unknown of it.
    without = {one.definition.id for one in readings if one.definition.reference is None}
    told = references["reference_status"].reindex(frame["indicator"]).fillna("unknown")
    frame["reference"] = told.mask(told.index.isin(list(without)), _NO_REFERENCE).to_numpy()
    columns = [
        ColumnFormat.text("name", "Indicateur", href="href"),
        ColumnFormat.text("value", "Valeur", align="right"),
        ColumnFormat.text("bounds", "Intervalle", align="right"),
        ColumnFormat.text("previous", "N-1", align="right"),
        ColumnFormat.text("position", "Objectif", state="state"),
    ]
    if len(references):
        columns.append(ColumnFormat.status("reference", "Référentiel", _REFERENCE_WORDS))
    columns += [
        ColumnFormat.text("region", "Région", align="right"),
        ColumnFormat.text("rank", "Rang (pairs)", align="right"),
    ]
    group = next((row["peer_group"] for row in rows if isinstance(row["peer_group"], str)), None)
    notes = [
        "Intervalle à 95 % : ce que le hasard d'une année peut déplacer. Rang 1 : la valeur la plus favorable dans la "
        "région, puis entre parenthèses parmi les pairs ; un montant ou un nombre n'a pas de rang, qui ne dirait que "
        "la taille.",
    ]
    if len(references):
        notes.append(
            "Le référentiel, lu sur la dernière année entière, dit qui est ciblé ; l'objectif, ce qui doit être "
            "atteint."
        )
        notes += _untold_notes(frame, references["detail"])
    notes += [f"Pairs : {category_words(group)}."] if group else []
    notes += _unranked_notes(frame)
    notes += _prudent_notes(page, frame, [longer[one.definition.id] for one in readings])
    notes += other_source_notes(answers, bound, str(page.finess))
    notes += unread_notes(unread, bound)
    elsewhere = [one.definition.short_name for one in readings if one.target_elsewhere is not None]
    if elsewhere:
        named = french.list_in_words(elsewhere)
        notes.append(f"Non comparable ({named}) : l'objectif porte sur une évolution, qui demande l'année précédente.")
    absent = frame.loc[frame["previous"] == "manquant", "short_name"].tolist()
    notes += [f"N-1 manquant ({french.list_in_words(absent)}) : {_NO_YEAR_BEFORE}."] if absent else []
    notes += [masked_words(page.campaign)] if UNRANKED in set(frame["unranked"]) else []
    notes += _no_object_notes(page, [one for one in readings if one.definition.id not in set(frame["indicator"])])
    notes += _outside_contract(page, frame, [one.definition for one in readings])
    return Table.from_frame(frame, caption=f"Indicateurs du {page.scheme.name}", columns=columns, notes=notes)


def _no_object_notes(page: Page, absent: list[IndicatorReading]) -> list[str]:
    """Say which indicators are not in the table because their value has no object, those of one reason together."""
    day = opened_on(page, str(page.finess))
    opened = None if day is None else f"ouverture le {french.date(day, short=True)}"
    reasons: dict[str, list[str]] = {}
    for one in absent:
        outside = outside_words(one.level, is_clinic=page.has_no_drugs)
        why = outside if opened is None or one.measure.evolution_of is None else opened
        reasons.setdefault(why, []).append(one.definition.short_name)
    said = NO_OBJECT.capitalize()
    listed = {why: french.list_in_words(names).removesuffix(".") for why, names in reasons.items()}
    return [f"{said}, {why}{french.NBSP}: {names}." for why, names in listed.items()]


def _unranked_notes(shown: pd.DataFrame) -> list[str]:
    """Say why a value has no rank, where that is known; pandas writes what is not known as missing.

    A masked value says so itself, and a note of its own what it hides.
    """
    known = shown[shown["unranked"].notna() & (shown["unranked"] != UNRANKED)]
    return [f"{name} : {why}." for name, why in zip(known["name"], known["unranked"], strict=True)]


def _prudent_notes(page: Page, shown: pd.DataFrame, readings: list[IndicatorReading]) -> list[str]:
    """Say which intervals hold the own movement of each establishment too, for want of years to tell it apart."""
    if opened_on(page, str(page.finess)) is not None:  # the region may have the years that it has not
        return []
    bounded = set(shown.loc[shown["bounds"] != "–", "indicator"])
    few = [one.definition.short_name for one in readings if one.definition.id in bounded and is_prudent(one)]
    if not few:
        return []
    named, least = french.list_in_words(few), french.in_words(DETRENDED_FROM)
    return [f"Intervalle plutôt trop large, faute de {least} années connues : {named}."]


def _untold_notes(shown: pd.DataFrame, details: pd.Series[str]) -> list[str]:
    """Say why nobody can tell whether some référentiels target the establishment, those of one reason together."""
    untold = shown[shown["reference"] == "unknown"]
    why = untold["indicator"].map(details).fillna("aucune année entière")
    return [
        f"On ne sait pas ({french.list_in_words(own['short_name'].tolist())}) : {after_colon(str(reason))}."
        for reason, own in untold.groupby(why, sort=True)
    ]


def _outside_contract(page: Page, shown: pd.DataFrame, definitions: list[IndicatorDefinition]) -> list[str]:
    """Say which of the indicators shown the contract of the establishment does not bear on."""
    outside = outside_contract(page, definitions)
    if outside is None:
        return [f"{without_contract(page)} : ces valeurs sont là pour information."]
    named = shown.loc[shown["indicator"].isin(outside), "short_name"].tolist()
    return [f"{OUTSIDE_WORDS} : {french.list_in_words(named)}."] if named else []


def _binds(one: IndicatorReading) -> bool:
    definition = one.definition
    return definition.reference is not None or definition.target is not None or definition.incentive.kind != "none"


def _has_value(one: IndicatorReading) -> bool:
    own = one.rows("establishment")
    return bool(len(own) and pd.notna(own["value"].iloc[0]))


def _row(page: Page, one: IndicatorReading, longer: IndicatorReading) -> dict[str, Any] | None:
    """Return the line of an indicator; ``longer`` is the reading of the same value known over the most years."""
    own = one.rows("establishment")
    if own.empty or own["value_status"].iloc[0] == "not_applicable":
        return None
    mine, wide = own.iloc[0], longer.rows("establishment").iloc[0]
    gap = one.gaps.get(str(page.finess))
    situation, state = one.situation(mine["value"], str(page.finess))
    target = one.target_of(str(page.finess))
    # Beside a value that names its unit, counts stand without it: the table keeps within the page.
    short = one.unit if one.unit.unit in ("%", "€") else replace(one.unit, unit="")
    missing = _absence(one, str(mine["value_status"]))
    by_size = ranks_by_size(one.measure)
    region = page.regional_context[one.definition.id, REGION_VALUE]
    # Eleven months are not ranked among whole years.
    by_size = by_size or gap is not None
    rank = "–" if by_size or pd.isna(mine["rank"]) else f"{mine['rank']} / {mine['ranked_nb']}"
    peers = "" if by_size or pd.isna(mine["peer_rank"]) else f" ({mine['peer_rank']} / {mine['peers_nb']})"
    return {
        "indicator": one.definition.id,
        "short_name": one.definition.short_name,
        "name": f"{one.definition.short_name}, {one.period_label}",
        "href": indicator_href(one.definition.id),
        "value": missing if pd.isna(mine["value"]) else one.unit.write(mine["value"]),
        "bounds": short.interval(wide["lower"], wide["upper"]) or "–",
        "previous": _absence(one, str(mine["previous_status"]))
        if pd.isna(mine["previous_value"])
        else short.write(mine["previous_value"]),
        "position": one.target_words
        if state == "muted"
        else f"{target.short_label}{french.NBSP}: {situation}"
        + (f", {gap}" if gap is not None and state == "missing" else barely_words(mine["value"], target, one.unit)),
        "state": None if state == "muted" else state,
        "region": f"total {region}" if ranks_by_size(one.measure) else region,
        "rank": f"{rank}{peers}",
        "peer_group": mine["peer_group"],
        "unranked": mine["unranked_reason"] if isinstance(mine["unranked_reason"], str) else None,
    }


def _has_gap(values: pd.DataFrame) -> bool:
    """Say whether some values of whole years miss months: only then are the months looked for."""
    return bool(values["months_nb"].between(1, _MONTHS_NB - 1).any())


def _absence(one: IndicatorReading, status: str) -> str:
    """Return the word of a value that is not printed."""
    if status == TOO_FEW:
        return "masqué"
    if status == "not_applicable":
        return NOT_APPLICABLE_TEXT
    if status != "missing":
        return french.MISSING
    # Counts are those that the establishments, or the region for them, declare.
    return "non déclaré" if counts_patients(one.level.numerator) else "manquant"


def _references(page: Page, readings: list[IndicatorReading]) -> pd.DataFrame:
    """Return status and detail of each référentiel for the establishment, over the indicator's last whole year."""
    closed = {one.definition.id: page.regional_context.get((one.definition.id, CLOSED_YEAR)) for one in readings}
    asked = {
        one.definition.id: closed[one.definition.id]
        for one in readings
        if closed[one.definition.id] and one.definition.reference is not None
    }
    if not asked:
        return pd.DataFrame(columns=["reference_status", "detail"])
    rows = page.store.rows(
        tables.INDICATOR_VALUES,
        where={"finess": str(page.finess), "perimeter": CURRENT_PERIMETER, "indicator": list(asked)},
        columns=_COMPARED,
    )
    values = rows[rows["period"] == rows["indicator"].map(asked)].reset_index(drop=True)
    years = {int(str(year)[:4]) for year in asked.values()}
    openings = openings_of(page.store, years=years, finess=page.finess)
    gaps = replace(Gaps.of_openings(openings), clinics=[str(page.finess)] if page.has_no_drugs else [])
    if _has_gap(values):
        gaps = gaps_of(page.store, years=years, contract_of={}, finess=page.finess)
    verdicts = targeting(values, [one.definition for one in readings if one.definition.id in asked], gaps=gaps)
    return verdicts.set_index("indicator")[["reference_status", "detail"]]
