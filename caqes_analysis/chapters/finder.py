"""The finder: every establishment of the region, with the way to its sheet."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import MAIN_ENVELOPE, category_words, sentence_case
from caqes_analysis.departments import department_label
from caqes_analysis.display import ColumnFormat, Table, Text
from caqes_analysis.perimeter import clinics_without_drugs

__all__ = ["answer", "finder_table"]


def answer(page: Page) -> Text:
    """Return how many establishments there are, and how many sheets this edition holds."""
    known = page.establishments
    sheets = int(known["href"].notna().sum())
    counted = f"La région compte {french.plural(len(known), 'établissement')}"
    if sheets == len(known):
        return Text.answer(f"{counted}, chacun avec sa fiche.")
    return Text.answer(f"{counted} ; cette édition partielle contient {french.plural(sheets, 'fiche')}.")


def finder_table(page: Page) -> Table:
    """Return the establishments by department and name."""
    rates = page.settled(MAIN_ENVELOPE).set_index("finess")
    known = page.establishments
    frame = known.assign(
        department_name=[department_label(code) for code in known["department"]],
        category=[sentence_case(category_words(word)) if isinstance(word, str) else word for word in known["category"]],
        current_eur=rates["current_eur"].reindex(known["finess"]).to_numpy(),
        value_status=_statuses(page, known["finess"]),
        evolution_pct=rates["evolution_pct"].reindex(known["finess"]).to_numpy(),
    )
    columns = [
        ColumnFormat.text("name", "Établissement", href="href"),
        ColumnFormat.text("finess", "FINESS"),
        ColumnFormat.text("town", "Commune"),
        ColumnFormat.text("department_name", "Département"),
        ColumnFormat.text("category", "Catégorie"),
        ColumnFormat.compact_amount("current_eur", "PHMEV"),
    ]
    if frame["evolution_pct"].notna().any():
        columns.append(ColumnFormat.percent("evolution_pct", "Évolution", signed=True))
    return Table.from_frame(frame, caption=f"Établissements : {page.campaign.region.name}", columns=columns)


def _statuses(page: Page, finess: pd.Series[Any]) -> list[Any]:
    """Return the state of the PHMEV of each establishment: a clinic has none, and an opening no rate."""
    outside = clinics_without_drugs(page.store)
    known = page.settled(MAIN_ENVELOPE).set_index("finess")["value_status"].to_dict()
    return ["not_applicable" if one in outside else known.get(one) for one in finess]
