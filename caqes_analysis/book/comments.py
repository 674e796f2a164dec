"""Comments written by people become document nodes: CommonMark only, no raw HTML, no directive, nothing loaded."""

from __future__ import annotations

from functools import cache

from docutils import nodes
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

__all__ = ["markdown_nodes"]

_INLINE: dict[str, type[nodes.TextElement]] = {"strong": nodes.strong, "em": nodes.emphasis}
_BLOCKS: dict[str, type[nodes.Element]] = {
    "paragraph": nodes.paragraph,
    "bullet_list": nodes.bullet_list,
    "list_item": nodes.list_item,
    "blockquote": nodes.block_quote,
}


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def markdown_nodes(markdown: str) -> list[nodes.Element]:
    """Turn untrusted CommonMark into document nodes.

    Parameters
    ----------
    markdown
        Text of any content. HTML is shown as text; an image becomes a link to it, so that the page loads nothing; a
        heading becomes a line in bold, so that it cannot break the outline of the page.

    Returns
    -------
    list of docutils nodes
        Body elements.

    Examples
    --------
    >>> [node.astext() for node in markdown_nodes("Un **point** <b>gras</b> {{ x }}")]
    ['Un point <b>gras</b> {{ x }}']
    """
    tree = SyntaxTreeNode(_parser().parse(markdown.replace("\x00", "")))
    return [made for child in tree.children for made in _block(child)]


def _block(token: SyntaxTreeNode) -> list[nodes.Element]:
    if token.type in _BLOCKS:
        return [_filled(_BLOCKS[token.type](), token)]
    if token.type == "ordered_list":
        listing = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
        start = token.attrs.get("start")
        if isinstance(start, int):
            listing["start"] = start
        return [_filled(listing, token)]
    if token.type == "heading":
        line = nodes.paragraph(classes=["commentaire-intertitre"])
        line += _filled(nodes.strong(), token)
        return [line]
    if token.type in ("fence", "code_block"):
        return [nodes.literal_block(token.content, token.content, language="none")]
    if token.type == "hr":
        return []  # a transition is only allowed between sections
    return [nodes.paragraph("", token.content)] if token.content else []


def _filled(node: nodes.Element, token: SyntaxTreeNode) -> nodes.Element:
    for child in token.children:
        if child.type == "inline":
            inline = [made for part in child.children for made in _inline(part)]
            if isinstance(node, nodes.TextElement):
                node += inline
            else:
                node += nodes.paragraph("", "", *inline)
        else:
            node += _block(child)
    return node


def _inline(token: SyntaxTreeNode) -> list[nodes.Node]:
    if token.type == "text":
        return [nodes.Text(token.content)]
    if token.type in ("softbreak", "hardbreak"):
        return [nodes.Text(" " if token.type == "softbreak" else "\n")]
    if token.type == "code_inline":
        return [nodes.literal(token.content, token.content)]
    if token.type == "image":
        return [_link(str(token.attrs.get("src", "")), [nodes.Text(token.content or str(token.attrs.get("src", "")))])]
    inner = [made for child in token.children for made in _inline(child)]
    if token.type == "link":
        return [_link(str(token.attrs.get("href", "")), inner)]
    if token.type in _INLINE:
        return [_INLINE[token.type]("", "", *inner)]
    return inner or ([nodes.Text(token.content)] if token.content else [])


def _link(address: str, inner: list[nodes.Node]) -> nodes.Node:
    # Anything but a plain web or mail address stays text: no script, no file of the reader's machine.
    if not address.lower().startswith(("https://", "http://", "mailto:")):
        return nodes.inline("", "", *inner)
    return nodes.reference("", "", *inner, refuri=address, internal=False)
