"""One description per table, figure or text: rich in JupyterLab, a node of the document in the book.

Figures are drawn by the functions of :mod:`caqes_analysis.display.charts`. The names below are loaded when first
used: what only reads payloads (the book) does not wait for pandas and matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caqes_analysis.display.blocks import Card, Cards, Code, Comment, Details, Link, Notice, Text
    from caqes_analysis.display.columns import Cell, ColumnFormat
    from caqes_analysis.display.figure import Figure
    from caqes_analysis.display.table import Header, Table

__all__ = [
    "Card",
    "Cards",
    "Cell",
    "Code",
    "ColumnFormat",
    "Comment",
    "Details",
    "Figure",
    "Header",
    "Link",
    "Notice",
    "Table",
    "Text",
]

_ROOMS = {
    "blocks": ("Card", "Cards", "Code", "Comment", "Details", "Link", "Notice", "Text"),
    "columns": ("Cell", "ColumnFormat"),
    "figure": ("Figure",),
    "table": ("Header", "Table"),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
