from __future__ import annotations

import pytest
from docutils import nodes

from caqes_analysis.book import nodes as book_nodes
from caqes_analysis.book.comments import markdown_nodes
from caqes_analysis.book.renderers import payload_nodes
from caqes_analysis.errors import CaqesError
from tests.book.examples import COMMENT, cards, drawing, figure, payload, table


def test_a_table_keeps_its_caption_headers_states_links_and_totals() -> None:
    (made,) = payload_nodes(table(rows_nb=3), ident="t")
    assert isinstance(made, book_nodes.DataTable)
    assert made["caption"] == "Montants remboursés par enveloppe"
    assert made["total_rows"] == 1
    cells = [cell for row in made["rows"] for cell in row]
    assert len(cells) == 16
    assert made["row_header"] == 0
    states = [cell["state"] for cell in cells if cell.get("state")]
    assert states == ["good", "good", "warning", "warning", "bad", "bad"]
    assert [link["refuri"] for link in made.findall(nodes.reference)] == ["synthese"] * 3


def test_the_cells_of_a_table_without_link_are_no_nodes() -> None:
    (made,) = payload_nodes(payload("details", summary="Détail", content=[table(rows_nb=200)]), ident="d")
    # Docutils walks through every node some forty times: 804 cells made most of the time of a page.
    linked_nb = sum("href" in cell for row in table(rows_nb=200)["rows"] for cell in row)
    assert len(list(made.findall())) == 2 + 3 * linked_nb


def test_a_figure_holds_its_drawing_its_alternative_and_its_data() -> None:
    (made,) = payload_nodes(figure(), ident="f")
    drawn, data = made.children
    assert isinstance(drawn, book_nodes.Drawing)
    assert drawn["alt"].startswith("Barres par trimestre")
    assert isinstance(data, book_nodes.DataTable)
    assert data["ident"] != made["ident"]


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<image href="http://example.org/x.png"/>',
        '<use href="http://example.org/x.svg#a"/>',
        '<a href="https://example.org"><text>x</text></a>',
        '<rect fill="url(http://example.org/x)"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<rect><set attributeName="x"/></rect>',
    ],
)
def test_a_drawing_that_is_more_than_a_drawing_is_refused(inside: str) -> None:
    with pytest.raises(CaqesError, match="FIGURE_NON_SURE"):
        payload_nodes(figure(svg=drawing().replace("</svg>", f"{inside}</svg>")), ident="f")


def test_a_drawing_that_is_not_xml_is_refused() -> None:
    with pytest.raises(CaqesError, match="FIGURE_ILLISIBLE"):
        payload_nodes(figure(svg="<svg ><g></svg>"), ident="f")


def test_a_declaration_in_a_drawing_is_refused() -> None:
    bomb = '<svg ><!DOCTYPE x [<!ENTITY a "b">]>&a;</svg>'
    with pytest.raises(CaqesError, match="FIGURE_NON_SURE"):
        payload_nodes(figure(svg=bomb), ident="f")


def test_texts_cards_and_notices() -> None:
    (answer,) = payload_nodes(payload("text", role="answer", items=["Oui."]), ident="x")
    assert (answer["role"], answer.astext()) == ("answer", "Oui.")
    (listing,) = payload_nodes(payload("text", role="list", items=["Un", "Deux"]), ident="x")
    assert [item.astext() for item in listing.children] == ["Un", "Deux"]
    (row,) = payload_nodes(cards(), ident="x")
    assert [card["state_label"] for card in row.children][:2] == ["au-dessus de l'objectif", "dépassement probable"]
    (notice,) = payload_nodes(payload("notice", level="info", title="T", text="x"), ident="x")
    assert notice["level"] == "info"


def test_details_hold_displays_with_identifiers_of_their_own() -> None:
    (made,) = payload_nodes(payload("details", summary="Détail", content=[table(), table()]), ident="d")
    first, second = made.findall(book_nodes.DataTable)
    assert made["summary"] == "Détail"
    assert first["ident"] != second["ident"]
    with pytest.raises(CaqesError, match="AFFICHAGE_CONTRAT"):
        payload_nodes(payload("details", summary=" ", content=[]), ident="d")


def test_a_payload_out_of_contract_is_refused() -> None:
    with pytest.raises(CaqesError, match="AFFICHAGE_CONTRAT"):
        payload_nodes({"version": 1, "kind": "table"}, ident="x")


def test_a_comment_loads_nothing_and_runs_nothing() -> None:
    root = nodes.container("", *markdown_nodes(COMMENT))
    assert not list(root.findall(nodes.raw))
    assert not list(root.findall(nodes.image))
    assert not list(root.findall(nodes.title))
    links = [link["refuri"] for link in root.findall(nodes.reference)]
    assert links == ["https://exemple.fr/page", "http://example.org/plan.png"]
    text = root.astext()
    assert "<script>alert(2)</script>" in text
    assert "{{ 7*7 }} $x$" in text
    assert "[un autre](javascript:alert(4))" in text


@pytest.mark.parametrize(
    ("markdown", "kind"),
    [
        ("> cité", nodes.block_quote),
        ("3. trois\n4. quatre", nodes.enumerated_list),
        ("- un\n  - deux", nodes.bullet_list),
        ("    code", nodes.literal_block),
        ("`code`", nodes.literal),
        ("**gras**", nodes.strong),
    ],
)
def test_common_markdown_becomes_nodes(markdown: str, kind: type[nodes.Element]) -> None:
    root = nodes.container("", *markdown_nodes(markdown))
    assert list(root.findall(kind))


def test_numbered_lists_keep_their_first_number_and_line_breaks_stay() -> None:
    (listing,) = markdown_nodes("3. trois")
    assert listing["start"] == 3
    (paragraph,) = markdown_nodes("un\\\ndeux\ntrois")
    assert paragraph.astext() == "un\ndeux trois"
