"""Changes of level that nobody declared, on a sheet: told wherever a conclusion may rest on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import ordered_by_envelope
from caqes_analysis.forecast.level_breaks import ToldBreak, told_break

__all__ = ["change_sentences", "changed_since", "conclusion_reserve", "interval_reserve"]

_TO_DECLARE = {
    True: "Activité reprise, changement de périmètre ou envoi compté deux fois",
    False: "Fermeture, transfert, changement de périmètre ou envoi incomplet",
}
"""What may explain a rise (True) or a fall."""


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
    """Return « niveau changé depuis avril 2024, à expliquer », for a card; empty when no change is told."""
    since = list(dict.fromkeys(told.since for _, told in _told(page)))
    return f"niveau changé depuis {french.list_in_words(since)}, à expliquer" if since else ""


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
    found = []
    for changes in _together([(label, told) for label, told in _told(page) if told.month.year <= year]):
        told = changes[0][1]
        sign = "+" if told.is_rise else "−"
        sizes = ", ".join(f"{sign}{one.size}" for _, one in changes)
        found.append(
            f"Le niveau de {french.list_in_words([label for label, _ in changes])} a changé d'un coup en "
            f"{told.since} ({sizes}), sans événement déclaré : une activité reprise ou cédée, ou un changement de "
            "périmètre, peut expliquer l'écart ; à éclaircir avant de conclure."
        )
    return found
