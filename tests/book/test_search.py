from __future__ import annotations

import json

from caqes_analysis.book.search import search_script, words_of


def test_words_are_folded_and_amounts_are_left_out() -> None:
    words = words_of(["L'évolution des dépenses : 1\u202f234,5 k€ en 2024", "FINESS 990100002, C10AX09"])
    assert words == ["990100002", "c10ax09", "depenses", "evolution", "finess"]


def test_the_script_is_plain_ascii_and_cannot_close_its_element() -> None:
    places = {
        "b": {"title": "</script>é\u2028", "group": ["P", "G"], "keywords": ["x"]},
        "a": {"title": "A", "group": [], "keywords": []},
    }
    script = search_script(places, {"b": ["mot"], "a": ["mot", "autre"]})
    assert script.isascii()
    data = json.loads(script.removeprefix("window.CAQES_SEARCH=").rstrip(";\n"))
    assert data["pages"] == [["a", "A", "", []], ["b", "</script>é\u2028", "P › G", ["x"]]]
    assert data["words"] == {"autre": [0], "mot": [0, 1]}
