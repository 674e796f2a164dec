"""One description per table, figure or text: rich in JupyterLab, a node of the document in the book.

Figures are drawn by the functions of :mod:`caqes_analysis.display.charts`.
"""

from caqes_analysis.display.blocks import Card, Cards, Comment, Notice, Text
from caqes_analysis.display.columns import Cell, ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.table import Header, Table

__all__ = ["Card", "Cards", "Cell", "ColumnFormat", "Comment", "Figure", "Header", "Notice", "Table", "Text"]
