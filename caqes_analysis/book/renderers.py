"""From what a notebook displays to nodes of the document: the renderer that MyST-NB calls for our MIME types."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree import ElementTree

from docutils import nodes

from caqes_analysis.book import nodes as book_nodes
from caqes_analysis.book.comments import markdown_nodes
from caqes_analysis.book.prepare import BOOK_MIME_TYPE
from caqes_analysis.display.payload import (
    MIME_TYPE,
    CardsPayload,
    FigurePayload,
    NoticePayload,
    TablePayload,
    TextPayload,
    validate,
)
from caqes_analysis.errors import CaqesError

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer

__all__ = ["DisplayRenderer", "payload_nodes"]

_TO_PROVENANCE = "Fichiers reçus et leurs empreintes, code, bibliothèques et choix de la campagne"
_DRAWN = re.compile(r"\{http://www\.w3\.org/2000/svg\}(?!script|foreignObject|image|a$|iframe|animate|set$)\w+")


class DisplayRenderer:
    """The ``myst_nb.mime_renderers`` entry point of the package."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = (
        ("*", MIME_TYPE, 0),
        ("*", BOOK_MIME_TYPE, 0),
    )

    @staticmethod
    def handle_mime(_renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Return the nodes of an output of ours, or ``None`` for any other output."""
        if inline or data.mime_type not in (MIME_TYPE, BOOK_MIME_TYPE):
            return None
        described = json.loads(data.content)
        if data.mime_type == BOOK_MIME_TYPE:
            return [_provenance(described)]
        try:
            return payload_nodes(described, ident=f"caqes-{data.cell_index}-{data.output_index}")
        except CaqesError as failure:
            return [
                book_nodes.Notice(
                    level="missing",
                    refusal=" ; ".join(problem.what for problem in failure.problems),
                    title="Affichage non lisible",
                    text="Ce résultat n'a pas la forme attendue ; relancer le notebook avec la version installée.",
                )
            ]


def _provenance(content: Mapping[str, Any]) -> book_nodes.Provenance:
    made = book_nodes.Provenance(entries=[list(entry) for entry in content["entries"]])
    if content.get("page"):
        made += nodes.paragraph("", "", _page_link(_TO_PROVENANCE, content["page"]))
    return made


def payload_nodes(payload: object, *, ident: str) -> list[nodes.Element]:
    """Turn a display payload into document nodes.

    Parameters
    ----------
    payload
        What a notebook displayed (see :mod:`caqes_analysis.display.payload`).
    ident
        Identifier, unique in the page, of what is made.

    Raises
    ------
    CaqesError
        The payload does not follow the contract, or its drawing holds something else than a drawing.
    """
    checked = validate(payload)
    match checked["kind"]:
        case "table":
            return [_table(checked, ident)]
        case "figure":
            return [_figure(checked, ident)]
        case "cards":
            return [_cards(checked)]
        case "text":
            return _text(checked)
        case "notice":
            return [_notice(checked)]
        case "link":
            return [book_nodes.Sentence("", "", _page_link(checked["text"], checked["href"]), role="paragraph")]
        case "details":
            details = book_nodes.Details(summary=checked["summary"])
            for number, inside in enumerate(checked["content"]):
                details += payload_nodes(inside, ident=f"{ident}-{number}")
            return [details]
        case "code":
            lines = book_nodes.Code(title=checked["title"])
            lines += nodes.literal_block(checked["text"], checked["text"], language="none")
            return [lines]
        case "comment":
            comment = book_nodes.Comment(title=checked["title"])
            comment += markdown_nodes(checked["markdown"])
            return [comment]


def _table(payload: TablePayload, ident: str) -> book_nodes.DataTable:
    table: book_nodes.DataTable = book_nodes.DataTable(
        ident=ident,
        caption=payload["caption"],
        columns=[dict(column) for column in payload["columns"]],
        row_header=payload["row_header"],
        total_rows=payload["total_rows"],
        rows=[[dict(cell) for cell in cells] for cells in payload["rows"]],
        notes=list(payload["notes"]),
    )
    linked = [cell for cells in payload["rows"] for cell in cells if cell.get("href")]
    table += [book_nodes.CellLink("", "", _page_link(cell["text"], cell["href"])) for cell in linked]
    return table


def _page_link(text: str, href: str) -> nodes.reference:
    return nodes.reference("", text, refuri=href, internal=True, caqes_page=True)


def _figure(payload: FigurePayload, ident: str) -> book_nodes.Figure:
    _check_drawing(payload["svg"])
    figure: book_nodes.Figure = book_nodes.Figure(ident=ident, title=payload["title"], notes=list(payload["notes"]))
    figure += book_nodes.Drawing(svg=payload["svg"], alt=payload["alt"])
    figure += _table(payload["table"], f"{ident}-donnees")
    return figure


def _check_drawing(svg: str) -> None:
    """Refuse an SVG that holds anything but shapes and texts: it is written in the page as it stands."""
    problem = {"column": "svg", "remedy": "Produire la figure avec le module d'affichage du paquet."}
    if "<!" in svg or "<?" in svg:
        raise CaqesError.of("FIGURE_NON_SURE", "Le dessin de la figure porte une déclaration XML.", **problem)
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as failure:
        raise CaqesError.of("FIGURE_ILLISIBLE", "Le dessin de la figure n'est pas un SVG.", **problem) from failure
    for element in root.iter():
        harmful = [name for name, value in element.attrib.items() if _is_harmful(name, value)]
        if not _DRAWN.fullmatch(str(element.tag)) or harmful:
            found = str(element.tag).rsplit("}", 1)[-1]
            raise CaqesError.of(
                "FIGURE_NON_SURE", f"Le dessin de la figure porte un élément refusé ({found}).", **problem
            )


def _is_harmful(name: str, value: str) -> bool:
    local = name.rsplit("}", 1)[-1].lower()
    if local.startswith("on"):
        return True
    if local == "href":
        return not value.startswith("#")
    return "url(" in value.lower() and "url(#" not in value.lower().replace('"', "").replace("'", "")


def _cards(payload: CardsPayload) -> book_nodes.Cards:
    cards: book_nodes.Cards = book_nodes.Cards(label=payload["label"])
    cards += [book_nodes.Card(**card) for card in payload["cards"]]
    return cards


def _text(payload: TextPayload) -> list[nodes.Element]:
    if payload["role"] == "list":
        items = [nodes.list_item("", nodes.paragraph("", item)) for item in payload["items"]]
        return [book_nodes.ResultList("", *items)]
    return [book_nodes.Sentence("", item, role=payload["role"]) for item in payload["items"]]


def _notice(payload: NoticePayload) -> book_nodes.Notice:
    return book_nodes.Notice(level=payload["level"], title=payload["title"], text=payload["text"], refusal=None)
