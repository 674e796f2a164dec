"""What no reader sees of a corrupted file is what the quality page says that no check sees, no more and no less."""

from __future__ import annotations

import pytest

from caqes_analysis.chapters.data_quality_limits import STRUCTURAL
from tests.sources import test_corruptions, test_workbook_corruptions

_PUSHED, _COLUMN, _EXCHANGED, _YEAR, _WORDS = (unseen for unseen, _ in STRUCTURAL)
# By corruption, the row of the page; None where what is read says the same facts, or where they are told.
SAID = {
    "cells_pushed": _PUSHED,
    "column_deleted": _COLUMN,
    "header_changed": _COLUMN,
    "columns_exchanged": _EXCHANGED,
    "month_written_otherwise": _YEAR,
    "file_cut_inside_a_line": _WORDS,
    "merged_cells_moved": _WORDS,
    "columns_moved_with_their_header": None,
    "file_pasted_twice": None,
    "row_added_or_lost": None,
    "line_cut": None,
}
_SAME = ("same facts", "same events", "same indications", "told as information")
EVERY = {**test_corruptions._UNSEEN, **test_workbook_corruptions._UNSEEN}


def test_the_page_says_every_corruption_that_no_reader_sees() -> None:
    assert {corruption for _, corruption in EVERY} == set(SAID)
    assert {row for row in SAID.values() if row} == {unseen for unseen, _ in STRUCTURAL}


@pytest.mark.parametrize("corruption", [name for name, row in SAID.items() if row is None])
def test_what_the_page_leaves_out_changes_nothing_or_is_told(corruption: str) -> None:
    reasons = [why for (_, name), (_, why) in EVERY.items() if name == corruption]
    assert reasons
    assert all(any(word in why for word in _SAME) for why in reasons)


@pytest.mark.parametrize(
    ("words", "kind", "corruption"),
    [
        ("deux modes de transport", "transports_cumul", "columns_exchanged"),
        ("deux mois", "transports_by_month", "columns_exchanged"),
        ("volets et indicateurs d'un contrat", "contracts", "columns_exchanged"),
        ("textes et libellés", "lpp_list", "columns_exchanged"),
        ("une colonne vide", "ucd_history", "columns_exchanged"),
        ("LPP par code", "lpp_spend", "month_written_otherwise"),
        ("corrections", "corrections", "month_written_otherwise"),
        ("derniers mots d'une preuve", "grid_answers", "file_cut_inside_a_line"),
        ("catégorie", "establishments", "column_deleted"),
        ("volets", "contracts", "column_deleted"),
        ("quantités", "monthly_spend_quantity", "column_deleted"),
        ("preuve", "grid_answers", "column_deleted"),
    ],
)
def test_each_example_of_the_page_was_tried(words: str, kind: str, corruption: str) -> None:
    assert words in str(SAID[corruption])
    assert (kind, corruption) in EVERY
