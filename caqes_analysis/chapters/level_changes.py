"""Changes of level that nobody declared: told wherever a conclusion may rest on one, and listed for who must ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import ordered_by_envelope
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.envelopes import Envelope
from caqes_analysis.forecast.level_breaks import SMALLEST_CHANGES_PCT, ToldBreak, told_break
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.months import envelopes_counted
from caqes_analysis.labels import some_of, within_a_sentence

__all__ = [
    "change_sentences",
    "changed_since",
    "conclusion_reserve",
    "interval_reserve",
    "judged_changes_notes",
    "level_changes_table",
    "listed_changes_note",
]

_TO_DECLARE = {
    True: "Activité reprise, changement de périmètre ou envoi compté deux fois",
    False: "Fermeture, transfert, changement de périmètre ou envoi incomplet",
}
"""What may explain a rise (True) or a fall."""


_SEE_QUALITY = "l'évolution en vient en partie, voir « Qualité des données »"


def interval_reserve(found: ToldBreak) -> str:
    """Return the reserve on an interval that knows of a change of level only in part."""
    moved = "monté" if found.is_rise else "baissé"
    return (
        f"sous réserve : le niveau a {moved} d'environ {found.size} depuis {found.since} sans événement déclaré, et "
        "l'intervalle n'en tient compte qu'en partie"
    )


def _told(page: Page) -> list[tuple[str, ToldBreak]]:
    """Return the changes of level of the establishment, with the short name of what they bear on."""
    rows = (row for _, row in ordered_by_envelope(page.forecasts).iterrows())
    return [(page.label(row["envelope"]), told) for row in rows if (told := told_break(row)) is not None]


def _together(changes: Sequence[tuple[str, ToldBreak]]) -> list[list[tuple[str, ToldBreak]]]:
    """Return the changes, those of one month and one direction together."""
    found: dict[tuple[str, bool], list[tuple[str, ToldBreak]]] = {}
    for label, told in changes:
        found.setdefault((told.since, told.is_rise), []).append((label, told))
    return list(found.values())


def changed_since(page: Page) -> str:
    """Return « niveau de PHMEV changé depuis avril 2024, à expliquer », for a card; empty when no change is told."""
    since: dict[str, list[str]] = {}
    for label, told in _told(page):
        since.setdefault(told.since, []).append(label)
    if not since:
        return ""
    said = [
        f"de {french.list_in_words(labels)}{'' if number else ' changé'} depuis {month}"
        for number, (month, labels) in enumerate(since.items())
    ]
    return f"niveau {french.list_in_words(said)}, à expliquer"


def change_sentences(page: Page) -> list[str]:
    """Return, for « Données et réserves », each change of level and what may explain it."""
    found = []
    for changes in _together(_told(page)):
        told = changes[0][1]
        moved = "relevé" if told.is_rise else "abaissé"
        sizes = french.list_in_words([one.size for _, one in changes])
        found.append(
            f"{french.list_in_words([label for label, _ in changes])} : niveau {moved} (environ {sizes}) depuis "
            f"{told.since}, sans événement déclaré. {_TO_DECLARE[told.is_rise]} : à déclarer à l'OMEDIT."
        )
    return found


def conclusion_reserve(page: Page, conclusions: Sequence[Any], *, year: int) -> list[str]:
    """Return what to clear up before one concludes on the savings of a year in which a level changed.

    Parameters
    ----------
    page
        The sheet.
    conclusions
        Conclusions of the estimates shown; one that allows none needs no reserve.
    year
        Year of the savings: a later change bears on nothing there.
    """
    if not any(isinstance(one, str) and one != "inconclusive" for one in conclusions):
        return []
    return [
        f"{_sudden(changes)} : une activité reprise ou cédée, ou un changement de périmètre, peut expliquer l'écart ; "
        "à éclaircir avant de conclure."
        for changes in _together([(label, told) for label, told in _told(page) if told.month.year <= year])
    ]


def _sudden(changes: Sequence[tuple[str, ToldBreak]]) -> str:
    """Return « Le niveau de PHMEV a changé d'un coup en mai 2023 (+36 %), sans événement déclaré »."""
    sign = "+" if changes[0][1].is_rise else "−"
    sizes = ", ".join(f"{sign}{told.size}" for _, told in changes)
    labels = french.list_in_words([label for label, _ in changes])
    return f"Le niveau de {labels} a changé d'un coup en {changes[0][1].since} ({sizes}), sans événement déclaré"


def judged_changes_notes(page: Page, subjects: Iterable[str], *, year: int) -> list[str]:
    """Return, of a sheet, the changes of level on which its contract is judged: the verdict rests on them in part.

    Parameters
    ----------
    page
        The sheet.
    subjects
        Indicators of the contract that have a verdict, or a distance to their objective.
    year
        Year judged: a change begun with the year before, or earlier, is in both years compared.
    """
    rows = page.forecasts[page.forecasts["level_change_month"].notna()]
    if page.campaign.is_annual or rows.empty:
        return []
    counted = {part for parts in _parts(page, subjects, rows["envelope"]).values() for part in parts}
    told = [
        (page.label(row["envelope"]), found)
        for _, row in ordered_by_envelope(rows).iterrows()
        if row["envelope"] in counted and (found := told_break(row)) is not None and _is_between(found, year)
    ]
    return [
        f"{_sudden(changes)} : l'évolution jugée en vient en partie, à éclaircir avant de conclure."
        for changes in _together(told)
    ]


def _is_between(told: ToldBreak, year: int) -> bool:
    """Say whether a change of level parts a year from the year before: begun with that one, both are at the new level.

    A change begun with the year itself parts them wholly.
    """
    return pd.Timestamp(year - 1, 1, 1) < told.month <= pd.Timestamp(year, 12, 1)


def _parts(page: Page, codes: Iterable[str], changed: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return, of envelopes and indicators, which of the envelopes that changed their evolution counts: itself, a sum.

    Parameters
    ----------
    page
        The page.
    codes
        Codes of envelopes, identifiers of indicators.
    changed
        Codes of what changed.
    """
    envelopes = [one for one in page.campaign.all_envelopes if one.code in set(changed)]
    known = {one.code for one in page.campaign.all_envelopes}
    asked = set(codes)
    catalogue = page.catalogue.drop_duplicates("indicator") if asked - known else None
    texts = {} if catalogue is None else dict(zip(catalogue["indicator"], catalogue["definition"], strict=True))
    return {
        code: (code, *(_counted(page, stored_definition(texts[code]), envelopes) if code in texts else ()))
        for code in sorted(asked)
    }


def _counted(page: Page, definition: IndicatorDefinition, envelopes: Sequence[Envelope]) -> tuple[str, ...]:
    """Return the envelopes that the evolution of an indicator adds up by month, or that its objective is about."""
    link = definition.target
    measure = definition.measure(definition.main_measure) if link is None else definition.measure(link.measure)
    if measure.evolution_of is None:
        return ()
    line = definition.measure(measure.evolution_of).numerator
    if line is not None and line.table == tables.MONTHLY_GRID.name:
        return envelopes_counted(line.condition, [one.code for one in envelopes])
    if link is None:
        return ()
    targets = {one.code: page.target(one.code) for one in envelopes}
    return tuple(code for code, one in targets.items() if (one.subject, one.measure) == (link.subject, link.measure))


def level_changes_table(page: Page) -> Table | Notice | None:
    """Return the changes of level to be explained, one row per establishment and series; None in annual mode."""
    if page.campaign.is_annual:
        return None
    forecasts = page.forecasts[page.forecasts["level"] == "establishment"]
    title = "Changements de niveau non déclarés"
    found = [
        (row["subject"], page.label(row["envelope"]), told)
        for _, row in ordered_by_envelope(forecasts).iterrows()
        if (told := told_break(row)) is not None
    ]
    if not found:
        return Notice("info", title, "Aucune série ne change durablement de niveau sans événement déclaré.")
    causes = [
        f"{'Hausse' if is_rise else 'Baisse'} : {within_a_sentence(causes)}"
        for is_rise, causes in _TO_DECLARE.items()
        if any(told.is_rise == is_rise for _, _, told in found)
    ]
    smallest = " ou ".join(french.percent(change, 0, signed=True) for change in SMALLEST_CHANGES_PCT)
    known = page.establishments.set_index("finess")
    finess = [subject for subject, _, _ in found]
    frame = pd.DataFrame(
        {
            "finess": finess,
            "name": known["name"].reindex(finess).to_numpy(),
            "href": known["href"].reindex(finess).to_numpy(),
            "label": [label for _, label, _ in found],
            "change_pct": [told.change_pct for _, _, told in found],
            "month": [told.month for _, _, told in found],
        }
    ).sort_values(["name", "finess"], kind="stable", key=lambda names: names.map(french.alphabetical))
    return Table.from_frame(
        frame,
        caption=title,
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.percent("change_pct", "Changement, environ", signed=True, decimals=0),
            ColumnFormat.month("month", "Depuis"),
        ],
        notes=[
            f"Ce que l'on peut faire : que l'établissement en déclare la cause à l'OMEDIT. {'. '.join(causes)}.",
            "Niveau comparé à celui des mêmes mois de l'année d'avant ; seuls sont cités les changements durables d'au "
            f"moins {smallest}, nets au regard du bruit habituel de la série. Une cause connue s'inscrit dans la "
            "campagne (evenements, ou registre des corrections si l'envoi était faux) : la prévision en tient alors "
            "compte.",
        ],
    )


def listed_changes_note(
    page: Page, listed: pd.DataFrame, *, names_envelope: bool = False, year: int | None = None, end: str = _SEE_QUALITY
) -> list[str]:
    """Name the establishments of a table whose level changed with no declared event; nothing when there is none.

    Parameters
    ----------
    page
        The page of a region.
    listed
        ``finess, envelope`` of the rows shown: an envelope, or an indicator that adds some up.
    names_envelope
        Whether the rows are of several envelopes.
    year
        Year that the table compares with the one before; that of the campaign when None.
    end
        What it means for the table, and what to do.
    """
    if page.campaign.is_annual or listed.empty:
        return []
    rows = page.forecasts
    rows = rows[(rows["level"] == "establishment") & rows["level_change_month"].notna()]
    if rows.empty:
        return []
    parts = _parts(page, listed["envelope"].unique(), rows["envelope"])
    shown = {
        (finess, part)
        for finess, code in zip(listed["finess"], listed["envelope"], strict=True)
        for part in parts[code]
    }
    names_envelope = names_envelope or any(len(some) > 1 for some in parts.values())
    compared = page.campaign.year if year is None else year
    found: dict[tuple[str, str], list[str]] = {}
    for _, row in ordered_by_envelope(rows).iterrows():
        told = told_break(row)
        if told is None or not _is_between(told, compared) or (row["subject"], row["envelope"]) not in shown:
            continue
        found.setdefault((row["subject"], told.since), []).append(page.label(row["envelope"]))
    if not found:
        return []
    order = {finess: rank for rank, finess in enumerate(dict.fromkeys(listed["finess"]))}
    names = page.establishments.set_index("finess")["name"]
    said = [
        f"{names.get(finess, finess)} ({f'{french.list_in_words(labels)}, ' if names_envelope else ''}depuis {since})"
        for (finess, since), labels in sorted(found.items(), key=lambda one: order[one[0][0]])
    ]
    return [f"Niveau changé, sans événement déclaré{french.NBSP}: {some_of(said)} ; {end}."]
