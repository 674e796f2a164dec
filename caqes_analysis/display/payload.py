"""The JSON contract between what a notebook displays and the book that prints it.

A notebook output holds the payload under :data:`MIME_TYPE`, beside the ``text/html`` that JupyterLab shows. The book
turns the payload into document nodes. What every renderer may rely on:

- All texts are plain text of any content (``<script>``, ``{{ }}``, ``$``): the renderer escapes them. Only the
  ``markdown`` of a comment is markup: untrusted CommonMark, to be parsed with raw HTML disabled.
- ``svg`` is one ``<svg …>`` element, safe to put in a page as it is: no script, style, metadata or XML prolog; its
  ``id`` are unique to the figure; its texts are ``<text>``. It carries no accessible name: the renderer wraps it in an
  element with ``role="img"`` and ``aria-label`` = ``alt``. It must be *inlined*: ink is ``currentColor`` and the other
  colours stand out on white and on dark alike, so that it follows the theme. Its ``width`` is the widest at which it
  reads well, its ``viewBox`` lets it shrink (``max-width: 100%; height: auto``).
- ``href`` is a page of the site: its path from the root, without suffix (``etablissements/990000001``).
- The last ``total_rows`` rows of a table are totals. ``row_header`` is the column whose cells name their row.
- ``unit`` is printed in the header, after the label; empty when there is none. A cell never repeats it.
- ``state`` is said in words by the text of the cell or by a note; colour only repeats it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from caqes_analysis.errors import CaqesError, Problem

__all__ = [
    "CONTRACT_VERSION",
    "MIME_TYPE",
    "AnyPayload",
    "CardPayload",
    "CardsPayload",
    "CellPayload",
    "CodePayload",
    "ColumnPayload",
    "CommentPayload",
    "DetailsPayload",
    "FigurePayload",
    "LeafPayload",
    "LinkPayload",
    "NoticePayload",
    "State",
    "TablePayload",
    "TextPayload",
    "json_schema",
    "validate",
]

MIME_TYPE = "application/vnd.caqes.display+json"
CONTRACT_VERSION: Literal[1] = 1

State = Literal["good", "warning", "bad", "muted", "provisional", "missing"]
# What pydantic calls these errors; any other is shown under pydantic's own code.
_REASONS = {
    "missing": "ce champ manque",
    "extra_forbidden": "ce champ est inconnu",
    "literal_error": "cette valeur n'est pas dans la liste",
    "string_type": "un texte est attendu",
    "int_type": "un entier est attendu",
    "list_type": "une liste est attendue",
    "union_tag_invalid": "ce genre est inconnu",
    "union_tag_not_found": "le genre manque",
}
_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
class ColumnPayload(TypedDict):
    """A column: header, unit, alignment and, when it helps, a sentence that defines it."""

    label: str
    unit: str
    align: Literal["left", "right"]
    description: NotRequired[str]


@with_config(_STRICT)
class CellPayload(TypedDict):
    """A cell: its text, and possibly its state, the page it leads to and the key by which it sorts."""

    text: str
    state: NotRequired[State]
    href: NotRequired[str]
    sort: NotRequired[float | str]


@with_config(_STRICT)
class TablePayload(TypedDict):
    """A table with its caption; ``total_rows`` counts the totals among the last rows."""

    version: Literal[1]
    kind: Literal["table"]
    caption: str
    columns: list[ColumnPayload]
    row_header: int | None
    rows: list[list[CellPayload]]
    total_rows: int
    notes: list[str]


@with_config(_STRICT)
class FigurePayload(TypedDict):
    """A figure: title (its message), alternative text, drawing and the data it shows."""

    version: Literal[1]
    kind: Literal["figure"]
    title: str
    alt: str
    svg: str
    table: TablePayload
    notes: list[str]


@with_config(_STRICT)
class CardPayload(TypedDict):
    """A key figure in a box; ``state_label`` says the state in words."""

    title: str
    value: str
    detail: str
    state: State | None
    state_label: str


@with_config(_STRICT)
class CardsPayload(TypedDict):
    """A row of key figures; ``label`` names the group for assistive technologies."""

    version: Literal[1]
    kind: Literal["cards"]
    label: str
    cards: list[CardPayload]


@with_config(_STRICT)
class TextPayload(TypedDict):
    """Sentences: the answer that opens a page, paragraphs, or the items of a list."""

    version: Literal[1]
    kind: Literal["text"]
    role: Literal["answer", "paragraph", "list"]
    items: list[str]


@with_config(_STRICT)
class NoticePayload(TypedDict):
    """Something to know before reading on."""

    version: Literal[1]
    kind: Literal["notice"]
    level: Literal["info", "warning", "simulated", "missing"]
    title: str
    text: str


@with_config(_STRICT)
class CommentPayload(TypedDict):
    """The statistician's own words: untrusted CommonMark."""

    version: Literal[1]
    kind: Literal["comment"]
    title: str
    markdown: str


@with_config(_STRICT)
class CodePayload(TypedDict):
    """Lines of a program, printed as they are written."""

    version: Literal[1]
    kind: Literal["code"]
    title: str
    text: str


@with_config(_STRICT)
class LinkPayload(TypedDict):
    """A sentence that leads to another page of the site."""

    version: Literal[1]
    kind: Literal["link"]
    text: str
    href: str


LeafPayload = (
    CodePayload
    | TablePayload
    | FigurePayload
    | CardsPayload
    | TextPayload
    | NoticePayload
    | CommentPayload
    | LinkPayload
)


@with_config(_STRICT)
class DetailsPayload(TypedDict):
    """What most readers skip, folded behind a sentence that says what it is."""

    version: Literal[1]
    kind: Literal["details"]
    summary: str
    content: list[Annotated[LeafPayload, Field(discriminator="kind")]]


AnyPayload = LeafPayload | DetailsPayload


@cache
def _adapter() -> TypeAdapter[AnyPayload]:
    return TypeAdapter(Annotated[AnyPayload, Field(discriminator="kind")])


def json_schema() -> dict[str, Any]:
    """Return the contract as a JSON Schema."""
    return _adapter().json_schema()


def validate(payload: object) -> AnyPayload:
    """Check a payload against the contract and return it.

    Parameters
    ----------
    payload
        What was found under :data:`MIME_TYPE`.

    Raises
    ------
    CaqesError
        ``AFFICHAGE_CONTRAT``, one problem per field that is wrong.

    Examples
    --------
    >>> validate({"version": 1, "kind": "text", "role": "answer", "items": ["L'objectif est respecté."]})["kind"]
    'text'
    """
    try:
        checked = _adapter().validate_python(payload, strict=True)
    except ValidationError as failure:
        raise CaqesError(
            _problem(
                ".".join(str(part) for part in error["loc"]), _REASONS.get(error["type"], error["type"]), error["input"]
            )
            for error in failure.errors()
        ) from failure
    problems = list(_incoherences(checked))
    if problems:
        raise CaqesError(problems)
    return checked


def _problem(place: str, what: str, value: object) -> Problem:
    return Problem(
        "AFFICHAGE_CONTRAT",
        f"cet affichage ne suit pas le contrat ({what}).",
        "Relancer le notebook avec la version installée du paquet.",
        column=place,
        value=repr(value)[:80],
    )


def _incoherences(payload: AnyPayload) -> Iterator[Problem]:
    if payload["kind"] == "details":
        if not payload["summary"].strip():
            yield _problem("summary", "titre vide", payload["summary"])
        for inside in payload["content"]:
            yield from _incoherences(inside)
    elif payload["kind"] == "figure":
        yield from _table_incoherences(payload["table"])
        if not payload["alt"].strip():
            yield _problem("alt", "texte de remplacement vide", payload["alt"])
        if not (payload["svg"].startswith("<svg ") and payload["svg"].rstrip().endswith("</svg>")):
            yield _problem("svg", "un seul élément <svg> est attendu", payload["svg"])
    elif payload["kind"] == "table":
        yield from _table_incoherences(payload)


def _table_incoherences(table: TablePayload) -> Iterator[Problem]:
    width = len(table["columns"])
    if not width:
        yield _problem("columns", "au moins une colonne est attendue", [])
    if not table["caption"].strip():
        yield _problem("caption", "légende vide", table["caption"])
    if table["row_header"] is not None and not 0 <= table["row_header"] < width:
        yield _problem("row_header", "cette colonne n'existe pas", table["row_header"])
    if not 0 <= table["total_rows"] <= len(table["rows"]):
        yield _problem("total_rows", "plus de totaux que de lignes", table["total_rows"])
    for number, row in enumerate(table["rows"]):
        if len(row) != width:
            yield _problem(f"rows.{number}", f"{width} cellules sont attendues", f"{len(row)} cellules")
