from __future__ import annotations

import json
from typing import Any

import pytest

from caqes_analysis.book import Page
from caqes_analysis.book.prepare import BOOK_MIME_TYPE, index_source, page_source
from caqes_analysis.display.payload import MIME_TYPE, validate
from tests.book.examples import HOSTILE, PARAMETER, cards, code, full_page, notebook, output, prose

PAGE = Page("p", "Titre", None)


def cells(*given: dict[str, Any], page: Page = PAGE) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(page_source(page, notebook(*given)))["cells"]
    return made


def described(cell: dict[str, Any]) -> Any:
    """Return what a cell displays, checked: it stands in the source as a text, that MyST-NB never looks into."""
    text = cell["outputs"][0]["data"][MIME_TYPE]
    assert isinstance(text, str)
    return validate(json.loads(text))


def test_no_code_no_parameter_and_no_time_is_kept() -> None:
    source = page_source(PAGE, full_page("Fiche")).decode()
    assert PARAMETER not in source
    assert "papermill" not in source
    assert "UserWarning" not in source


def test_running_again_gives_the_same_bytes() -> None:
    again = full_page("Fiche")
    for number, cell in enumerate(again["cells"]):
        cell["id"] = f"random{number}"
        cell["metadata"] = {**cell["metadata"], "execution": {"iopub.execute_input": f"2024-01-01T{number}"}}
        if cell["cell_type"] == "code":
            cell["execution_count"] = number + 50
    again["metadata"] = {}
    assert page_source(PAGE, again) == page_source(PAGE, full_page("Fiche"))


def test_the_title_of_the_page_is_the_only_first_level_heading() -> None:
    made = cells(prose("# Fiche\n\nTexte"), prose("# Autre partie\n```\n# commentaire\n```\n# Encore"))
    sources = [cell["source"] for cell in made]
    assert sources == ["# Titre", "Texte", "## Autre partie\n```\n# commentaire\n```\n## Encore"]


def test_a_heading_after_the_first_text_is_kept() -> None:
    made = cells(prose("Texte"), prose("# Partie"))
    assert [cell["source"] for cell in made] == ["# Titre", "Texte", "## Partie"]


def test_a_part_that_shows_nothing_leaves_no_heading() -> None:
    shown = code(output(cards()))
    made = cells(
        prose("Texte"), prose("## Vide\n\nPhrase."), code(), code(), prose("## Pleine"), code(), shown, prose("## Fin")
    )
    sources = [cell["source"] for cell in made if cell["cell_type"] == "markdown"]
    assert sources == ["# Titre", "Texte", "## Pleine", "## Fin"]
    assert [cell["source"] for cell in cells(prose("## Dernière"), code())] == ["# Titre"]


def test_our_description_replaces_every_other_form_of_an_output() -> None:
    made = cells(code(output(cards(), **{"text/html": "<b>x</b>", "text/plain": "x"})))
    assert list(made[1]["outputs"][0]["data"]) == [MIME_TYPE]


@pytest.mark.parametrize("mime", ["application/javascript", "application/vnd.jupyter.widget-view+json"])
def test_scripts_and_widgets_are_left_out(mime: str) -> None:
    assert len(cells(code({"output_type": "display_data", "metadata": {}, "data": {mime: "alert(1)"}}))) == 1


def test_printed_text_is_kept_and_warnings_are_not() -> None:
    streams = [{"output_type": "stream", "name": name, "text": [f"{name}\n"]} for name in ("stdout", "stderr")]
    made = cells(code(*streams))
    assert [kept["data"] for kept in made[1]["outputs"]] == [{"text/plain": "stdout\n"}]


def test_an_error_becomes_a_notice_without_its_traceback() -> None:
    made = cells(code({"output_type": "error", "ename": "ValueError", "evalue": "secret", "traceback": ["secret"]}))
    notice = described(made[1])
    assert notice["kind"] == "notice"
    assert "ValueError" in notice["text"]
    assert "secret" not in json.dumps(made)


def test_cells_may_be_left_out_by_their_tags() -> None:
    assert len(cells(code(output(cards()), tags=["remove-cell"]), code(output(cards()), tags=["remove-output"]))) == 1


def test_a_failed_page_says_why() -> None:
    made = json.loads(page_source(Page("p", "T", None, failure="Mémoire <insuffisante>"), None))["cells"]
    notice = described(made[1])
    assert notice == {
        "version": 1,
        "kind": "notice",
        "level": "missing",
        "title": "Cette page n'a pas pu être produite",
        "text": "Mémoire <insuffisante>",
    }


def test_provenance_is_the_last_output() -> None:
    made = cells(prose("Texte"), page=Page("p", "T", None, provenance={"Données": "phmev.csv\n2024"}))
    assert json.loads(made[-1]["outputs"][0]["data"][BOOK_MIME_TYPE])["entries"] == [["Données", "phmev.csv 2024"]]


def test_an_index_page_lists_links_in_a_valid_table() -> None:
    made = json.loads(index_source("Département", [(None, "Fiches", [("e/1", HOSTILE, "990000001")])]))["cells"]
    listing = described(made[1])
    assert listing["kind"] == "table"
    assert listing["rows"][0][0] == {"text": HOSTILE, "href": "e/1"}
