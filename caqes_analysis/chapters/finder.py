"""The finder: every establishment of the region, with the way to its sheet."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.corrected import with_corrected_years
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.part_months import part_months_note, unmatched_note
from caqes_analysis.chapters.verdicts import no_object_notes
from caqes_analysis.chapters.words import (
    MAIN_ENVELOPE,
    against_phrase,
    category_words,
    period_label,
    sentence_case,
    through_phrase,
)
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
    rows = with_corrected_years(page, page.settled(MAIN_ENVELOPE))
    rates = rows.set_index("finess")
    known, campaign = page.establishments, page.campaign
    month_nb = campaign.settled_month_nb
    frame = known.assign(
        department_name=[department_label(code) for code in known["department"]],
        category=[sentence_case(category_words(word)) if isinstance(word, str) else word for word in known["category"]],
        current_eur=rates["current_eur"].reindex(known["finess"]).to_numpy(),
        value_status=_statuses(page, known["finess"]),
        evolution_pct=rates["evolution_pct"].reindex(known["finess"]).to_numpy(),
        **{name: known["finess"].isin(rows.loc[rows[name], "finess"]) for name in ("is_corrected", "now_is_corrected")},
    )
    columns = [
        ColumnFormat.text("name", "Établissement", href="href"),
        ColumnFormat.text("finess", "FINESS"),
        ColumnFormat.text("town", "Commune"),
        ColumnFormat.text("department_name", "Département"),
        ColumnFormat.text("category", "Catégorie"),
        ColumnFormat.amount(
            "current_eur", f"PHMEV {period_label(campaign.year, month_nb)}", is_corrected="now_is_corrected"
        ),
    ]
    caption = f"Établissements : PHMEV {through_phrase(campaign, month_nb)}"
    if frame["evolution_pct"].notna().any():
        columns.append(ColumnFormat.percent("evolution_pct", "Évolution", signed=True))
        caption += f", par rapport {against_phrase(campaign, month_nb)}"
    notes = [
        *no_object_notes(page, rows, openings=True),
        *part_months_note(page, rows, ("son montant et son taux sont ceux", "leur montant et leur taux sont ceux")),
        *unmatched_note(page, rows),
    ]
    return Table.from_frame(frame, caption=caption, columns=columns, notes=notes)


def _statuses(page: Page, finess: pd.Series[Any]) -> list[Any]:
    """Return the state of the PHMEV of each establishment: a clinic has none, and an opening no rate."""
    outside = clinics_without_drugs(page.store)
    known = page.settled(MAIN_ENVELOPE).set_index("finess")["value_status"].to_dict()
    return ["not_applicable" if one in outside else known.get(one) for one in finess]
