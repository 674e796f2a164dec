"""A matplotlib figure as one small SVG element that can stand in any page, the same bytes at every run."""

from __future__ import annotations

import re
from hashlib import sha256
from html import escape
from io import StringIO
from typing import Final
from xml.etree import ElementTree

from matplotlib.figure import Figure

from caqes_analysis.display.style import FONT_FAMILIES, FONT_SIZE, INK, house_style

__all__ = ["DISPLAY_WIDTH_PX", "to_svg"]

# The widest at which a figure reads well: its smallest text is then a little larger than the text of the page.
DISPLAY_WIDTH_PX: Final = 560

_NAMESPACE = re.compile(r"\{[^}]*\}")
_LONG_NUMBER = re.compile(r"-?[0-9]+\.[0-9]{2,}(?:e-?[0-9]+)?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_GEOMETRY = frozenset("d x y x1 x2 y1 y2 width height transform points viewBox".split())  # noqa: SIM905
# Matplotlib writes this rule for the whole document; in a page it would reach every other drawing.
_ROOT_STYLE: Final = {"stroke-linejoin": "round", "stroke-linecap": "butt"}
_INITIAL = {("stroke-linejoin", "round"), ("stroke-linecap", "butt"), ("opacity", "1"), ("font-weight", "400")}


def to_svg(figure: Figure) -> str:
    """Return the figure as one ``<svg>`` element.

    No prolog, metadata, style sheet or random identifier; the ink becomes ``currentColor``; texts stay texts;
    coordinates keep one decimal; identifiers begin with a hash of the drawing, so that figures of a page do not mix.

    Parameters
    ----------
    figure
        Drawn inside :func:`caqes_analysis.display.style.house_style`.
    """
    buffer = StringIO()
    with house_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(buffer.getvalue())
    view = [float(part) for part in root.attrib["viewBox"].split()]
    referenced = set(_REFERENCE.findall(buffer.getvalue())) | set(re.findall(r'href="#([^"]+)"', buffer.getvalue()))
    drawing = "".join(_written(child, referenced) for child in root)
    prefix = "f" + sha256(drawing.encode()).hexdigest()[:10]
    names = {name: f"{prefix}-{number}" for number, name in enumerate(sorted(referenced), start=1)}
    for name, new in names.items():
        drawing = drawing.replace(f'id="{name}"', f'id="{new}"').replace(f"#{name}", f"#{new}")
    height = round(DISPLAY_WIDTH_PX * view[3] / view[2])
    root_attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {_short(view[2])} {_short(view[3])}",
        "width": str(DISPLAY_WIDTH_PX),
        "height": str(height),
        "font-family": FONT_FAMILIES,
        "font-size": _short(FONT_SIZE),
        **_ROOT_STYLE,
        "style": "max-width:100%;height:auto",
    }
    return f"<svg{_attributes(root_attributes)}>{drawing}</svg>"


def _written(node: ElementTree.Element, referenced: set[str]) -> str:
    tag = _NAMESPACE.sub("", node.tag)
    if tag in ("metadata", "style"):
        return ""
    attributes: dict[str, str] = {}
    for received, value in node.attrib.items():
        name = _NAMESPACE.sub("", received)
        if name == "id" and value not in referenced:
            continue
        if name == "style":
            attributes.update(_presentation(value))
        elif not (name == "transform" and value.startswith("rotate(-0 ")):
            attributes[name] = _rounded(value) if name in _GEOMETRY else value
    content = escape(node.text or "", quote=False) if tag == "text" else ""
    content += "".join(_written(child, referenced) for child in node)
    if (not content and tag in ("g", "defs")) or _is_invisible(tag, attributes):
        return ""
    if tag == "g" and not attributes:
        return content
    return f"<{tag}{_attributes(attributes)}>{content}</{tag}>" if content else f"<{tag}{_attributes(attributes)}/>"


def _is_invisible(tag: str, attributes: dict[str, str]) -> bool:
    return tag == "path" and attributes.get("fill") == "none" and "stroke" not in attributes


def _presentation(style: str) -> dict[str, str]:
    """Return a style as attributes, which any style sheet of the page can overrule."""
    attributes: dict[str, str] = {}
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name in ("font", "font-size"):
            attributes.update(_font(value))
        elif name != "font-family" and (name, value) not in _INITIAL:
            attributes[name] = "currentColor" if value == INK else value
    return attributes


def _font(value: str) -> dict[str, str]:
    size = re.search(r"([0-9.]+)px", value)
    attributes = {"font-size": _rounded(size[1])} if size and float(size[1]) != FONT_SIZE else {}
    if re.match(r"(bold|[6-9]00)\b", value):
        attributes["font-weight"] = "bold"
    return attributes


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())


def _rounded(text: str) -> str:
    return " ".join(_LONG_NUMBER.sub(lambda match: _short(float(match[0])), text).split())


def _short(value: float) -> str:
    text = f"{value:.1f}"
    return "0" if text in ("-0.0", "0.0") else text.removesuffix(".0")
