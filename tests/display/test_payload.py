"""The contract between displays and the book."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from caqes_analysis.display.payload import json_schema, validate
from caqes_analysis.errors import CaqesError

TABLE: dict[str, Any] = {
    "version": 1,
    "kind": "table",
    "caption": "Dépenses",
    "columns": [{"label": "Nom", "unit": "", "align": "left"}, {"label": "2024", "unit": "€", "align": "right"}],
    "row_header": 0,
    "rows": [[{"text": "CH", "href": "etablissements/990000001"}, {"text": "12", "state": "bad", "sort": 12.0}]],
    "total_rows": 0,
    "notes": [],
}
FIGURE = {"version": 1, "kind": "figure", "title": "t", "alt": "a", "svg": "<svg ></svg>", "table": TABLE, "notes": []}


@pytest.mark.parametrize("payload", [TABLE, FIGURE])
def test_what_follows_the_contract_is_returned(payload: dict[str, Any]) -> None:
    assert validate(payload) == payload
    assert json.loads(json.dumps(payload)) == payload


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kind": "tableau"}, ""),
        ({"version": 2}, "table.version"),
        ({"extra": 1}, "table.extra"),
        ({"caption": 3}, "table.caption"),
        ({"caption": " "}, "caption"),
        ({"columns": []}, "columns"),
        ({"row_header": 2}, "row_header"),
        ({"total_rows": 2}, "total_rows"),
        ({"rows": [[{"text": "CH"}]]}, "rows.0"),
        ({"rows": [[{"text": "CH", "state": "vert"}, {"text": ""}]]}, "table.rows.0.0.state"),
    ],
)
def test_each_departure_is_named(change: dict[str, Any], place: str) -> None:
    with pytest.raises(CaqesError) as raised:
        validate({**TABLE, **change})
    assert {problem.code for problem in raised.value.problems} == {"AFFICHAGE_CONTRAT"}
    assert place in {problem.column for problem in raised.value.problems}
    assert all("Input" not in problem.what for problem in raised.value.problems)


@pytest.mark.parametrize(("change", "place"), [({"alt": ""}, "alt"), ({"svg": "<?xml?><svg ></svg>"}, "svg")])
def test_a_figure_has_an_alternative_and_one_drawing(change: dict[str, Any], place: str) -> None:
    with pytest.raises(CaqesError) as raised:
        validate({**FIGURE, **change})
    assert [problem.column for problem in raised.value.problems] == [place]


def test_the_contract_is_published_as_json_schema() -> None:
    assert set(json_schema()["discriminator"]["mapping"]) == {
        "table",
        "figure",
        "cards",
        "text",
        "notice",
        "comment",
        "details",
        "code",
        "link",
    }


def test_the_book_reads_payloads_without_pandas_or_matplotlib() -> None:
    code = "import sys, caqes_analysis.display.payload as p; print(sorted({'pandas','matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
