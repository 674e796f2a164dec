"""The indicators of the report: where the region stands on each, and why some have no page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.change_words import change_words
from caqes_analysis.chapters.contract_scope import borne_subjects
from caqes_analysis.chapters.indicator_masked import masked_part
from caqes_analysis.chapters.indicator_population import part_received
from caqes_analysis.chapters.indicator_reading import IndicatorReading, indicator_href, read_indicators
from caqes_analysis.chapters.indicator_uniform import is_listing
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.same_objective import answered_by
from caqes_analysis.chapters.words import DEFINITION_WORDS, sentence_case
from caqes_analysis.display import ColumnFormat, Notice, Table, Text
from caqes_analysis.indicators.region_paid import volet_label, volet_under

__all__ = ["answer", "empty_table", "region_tables"]

_MASKED_NOTE = (
    "« Réelle entre » : le produit d'une partie des boîtes est masqué ; selon ce qu'elles sont, la part de toutes les "
    "boîtes est entre ces bornes. L'écart ne se lit pas quand ces boîtes peuvent le faire à elles seules."
)


def answer(page: Page) -> Text:
    """Return how many indicators the data fill, and which objectives the region misses."""
    readings = read_indicators(page, levels=["region"])
    whole = len(page.store.read(tables.INDICATORS))
    head = f"Les données reçues renseignent {french.plural(len(readings), 'indicateur')} sur les {whole} du catalogue"
    same = answered_by(readings)
    compared = [one for one in readings if one.target.value is not None and one.definition.id not in same]
    if not compared:
        return Text.answer(f"{head} ; aucun n'a d'objectif renseigné à la période lue.")
    missed = [one.definition.short_name for one in compared if one.position(one.region["value"]).state == "warning"]
    names = f"{french.NBSP}: {french.list_in_words(missed)}" if missed else ""
    if len(compared) == 1:
        side = f"la région est du côté {'défavorable' if missed else 'favorable'} du seul objectif ou repère renseigné"
        return Text.answer(f"{head}. À la dernière période lue, {side}{names}.")
    number = french.in_words(len(compared))
    if not missed:
        side = f"la région est du côté favorable des {number} objectifs ou repères renseignés"
        return Text.answer(f"{head}. À la dernière période lue, {side}.")
    if len(missed) == len(compared):
        side = f"la région est du côté défavorable des {number} objectifs ou repères renseignés"
        return Text.answer(f"{head}. À la dernière période lue, {side}{names}.")
    count = french.in_words(len(missed))
    side = f"la région est du côté défavorable de {count} des {number} objectifs ou repères renseignés"
    return Text.answer(f"{head}. À la dernière période lue, {side}{names}.")


def region_tables(page: Page) -> tuple[Table | Notice, ...]:
    """Return, volet by volet, where the region stands on each indicator."""
    groups: dict[str, list[IndicatorReading]] = {}
    for one in read_indicators(page, levels=["region"]):
        volet = volet_under(one.definition, page.scheme)
        label = volet_label(volet, ",".join(one.definition.schemes), page.campaign.scheme)
        groups.setdefault(label, []).append(one)
    if not groups:
        return (Notice("missing", "Indicateurs", "Les données reçues ne renseignent aucun indicateur."),)
    for readings in groups.values():
        readings.sort(key=lambda one: french.alphabetical(one.definition.short_name))
    return tuple(_group_table(label, groups[label]) for label in sorted(groups, key=lambda name: (name < "V", name)))


def _group_table(label: str, readings: Sequence[IndicatorReading]) -> Table:
    rows = []
    answers = answered_by(readings)
    for one in readings:
        region = one.region
        answer = answers.get(one.definition.id)
        situation, state = ("–", "muted") if answer else one.situation(region["value"])
        rows.append(
            {
                "name": one.definition.short_name,
                "href": indicator_href(one.definition.id),
                "measure": one.measure.label,
                "period": one.period_label,
                **_value_and_change(one),
                "target": f"celui de {answer.definition.short_name}" if answer else one.target_words,
                "position": situation,
                "state": state,
            }
        )
    return Table.from_frame(
        pd.DataFrame(rows),
        caption=f"{label} : la région",
        columns=[
            ColumnFormat.text("name", "Indicateur", href="href"),
            ColumnFormat.text("measure", "Mesure"),
            ColumnFormat.text("period", "Période"),
            ColumnFormat.text("value", "Région", align="right"),
            ColumnFormat.text("change", "Écart avec N-1", align="right"),
            ColumnFormat.text("target", "Objectif"),
            ColumnFormat.text("position", "Situation", state="state"),
        ],
        notes=[
            "Écart avec N-1 : d'un taux d'évolution, la différence des deux taux ; sinon, aux mêmes établissements, "
            "ceux qui ont une valeur les deux années. Écarts calculés avant arrondi.",
            *(
                ["« Celui de » : la même question lue dans une autre source ; l'autre ligne y répond, et elle seule."]
                if answers
                else []
            ),
            *_target_notes([one for one in readings if one.definition.id not in answers]),
            *_received_notes(readings),
            *([_MASKED_NOTE] if any("masked" in row for row in rows) else []),
        ],
    )


def _target_notes(readings: Sequence[IndicatorReading]) -> list[str]:
    """Say where the objectives of the table come from, and which bind the contracts that bear them and nobody else."""
    by_source: dict[str, list[str]] = {}
    borne: list[str] = []
    for one in readings:
        target, name = one.target, one.definition.short_name
        if target.value is None:
            continue
        head = sentence_case(f"{target.noun}{target.origin_label}")
        by_source.setdefault(head, []).append(f"{name} {target.value_label}")
        subjects = borne_subjects(one.page)
        everyone = one.page.establishments["finess"]
        binds_all = subjects is None or all(target.subject in subjects.get(finess, ()) for finess in everyone)
        if target.is_contractual and not binds_all:
            borne.append(name)
    notes = []
    for head, named in sorted(by_source.items()):
        listed = " ; ".join(sorted(named, key=french.alphabetical))
        notes.append(f"{head}{french.NBSP}: {listed}.")
    if borne:
        names = french.list_in_words(borne)
        notes.append(
            f"Région comparée pour information, l'objectif n'engageant que les contrats qui le portent : {names}."
        )
    return notes


def _received_notes(readings: Sequence[IndicatorReading]) -> list[str]:
    """Say of whom the value of a line is the sum, when that is not the region; often nothing."""
    parts = [(one.definition.short_name, part_received(one)) for one in readings]
    return [f"{name}{french.NBSP}: {part.words}." for name, part in parts if part is not None]


def _value_and_change(one: IndicatorReading) -> dict[str, str]:
    """Return both cells: with the bounds that masked boxes leave to a share, and no change that they hide."""
    value, change = one.region_text, change_words(one.measure, one.region["change"]) or "–"
    if is_listing(one.measure) and one.region["numerator"] == 0:
        return {"value": "aucune ligne visible", "change": "–"}
    if (known := part_received(one)) is not None:
        value = f"{value} ({known.short_words})"
    part = masked_part(one)
    if part is None or not part.is_told:
        return {"value": value, "change": change}
    bounds = part.bounds_words(one.measure.decimals)
    return {
        "value": bounds if part.is_unread else f"{value}, réelle {bounds}",
        "change": "ne se lit pas" if part.leaves_no_change else change,
        "masked": "yes",
    }


def empty_table(page: Page) -> Table | Notice:
    """Return the indicators without a page, each with the reason."""
    rows = page.store.read(tables.INDICATORS)
    rows = rows[rows["period"].isna()]
    if rows.empty:
        return Notice("info", "Indicateurs sans page", "Tous les indicateurs du catalogue ont une page.")
    return Table.from_frame(
        rows.assign(volet=rows["volet"].fillna("–"), word=rows["status"].map(DEFINITION_WORDS)),
        caption="Indicateurs du catalogue qui n'ont pas de page, et pourquoi",
        columns=[
            ColumnFormat.text("name", "Indicateur"),
            ColumnFormat.text("volet", "Volet"),
            ColumnFormat.text("word", "Définition"),
            ColumnFormat.text("reason", "Pourquoi"),
        ],
    )
