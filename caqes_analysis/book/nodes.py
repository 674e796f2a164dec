"""Nodes of the document that docutils lacks: they carry meaning, so that the site and the PDF can each draw them."""

# docutils has no types: its classes are Any.
# mypy: disable-error-code="misc"

from __future__ import annotations

from docutils import nodes

__all__ = [
    "ALL",
    "Card",
    "Cards",
    "CellLink",
    "Code",
    "Comment",
    "DataTable",
    "Details",
    "Drawing",
    "Figure",
    "LostLink",
    "Notice",
    "Provenance",
    "ResultList",
    "Sentence",
]


class DataTable(nodes.General, nodes.Element):
    """A table of results.

    Attributes ``ident``, ``caption``, ``notes`` (list of texts), ``columns`` (label, unit, align, description),
    ``row_header`` (index or None), ``total_rows``, ``rows`` (cells: ``text`` and, where they have one, ``state``,
    ``href``). Children: a :class:`CellLink` for each cell that has one, in their order. The other cells are no nodes of
    their own: docutils walks through every node some forty times.
    """


class CellLink(nodes.Part, nodes.TextElement):
    """The link of a cell; child: a reference."""


class Figure(nodes.General, nodes.Element):
    """A figure; attributes ``ident``, ``title``, ``notes``. Children: a :class:`Drawing` and its :class:`DataTable`."""


class Drawing(nodes.General, nodes.Element):
    """A vector drawing; attributes ``svg`` (one ``<svg>`` element, checked) and ``alt``."""


class Cards(nodes.General, nodes.Element):
    """Key figures; attribute ``label``. Children: :class:`Card`."""


class Card(nodes.General, nodes.Element):
    """A key figure; attributes ``title``, ``value``, ``detail``, ``state`` (or None), ``state_label``."""


class Sentence(nodes.paragraph):
    """A sentence of the package; attribute ``role``: ``answer`` opens the page."""


class ResultList(nodes.bullet_list):
    """A list of sentences of the package."""


class LostLink(nodes.inline):
    """The text of a link whose page is not in the book; attribute ``target``."""


class Notice(nodes.General, nodes.Element):
    """Something to know before reading on; attributes ``level``, ``title``, ``text``, ``refusal`` (or None)."""


class Comment(nodes.General, nodes.Element):
    """Words of the region's statistician; attribute ``title``. Children: body elements without raw markup."""


class Details(nodes.General, nodes.Element):
    """A folded group; attribute ``summary``. Children: whatever a notebook may display."""


class Code(nodes.General, nodes.Element):
    """Lines of a program; attribute ``title``. Child: a ``nodes.literal_block``."""


class Provenance(nodes.General, nodes.Element):
    """Foot of the page; attribute ``entries``: pairs of a label and a value.

    Child: a paragraph, the link to what all pages share.
    """


ALL = (
    DataTable,
    CellLink,
    Details,
    Figure,
    Drawing,
    Cards,
    Card,
    Code,
    Sentence,
    ResultList,
    LostLink,
    Notice,
    Comment,
    Provenance,
)
