"""Figures: a drawing with its message, its alternative text and the data it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from caqes_analysis.display.base import Display, element, sentence
from caqes_analysis.display.payload import CONTRACT_VERSION, FigurePayload
from caqes_analysis.display.table import Table, notes_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["Figure"]


@dataclass(frozen=True)
class Figure(Display):
    """A figure as it is printed; usually made by a function of ``display.charts``.

    Parameters
    ----------
    title
        The message, as a sentence (« Neuf établissements portent 80 % de la hausse »).
    alt
        Alternative text: what the drawing shows, in sentences written from the data.
    svg
        The drawing, as :func:`caqes_analysis.display.svg.to_svg` writes it.
    table
        The data shown.
    notes
        Sentences printed under the figure.
    """

    title: str
    alt: str
    svg: str
    table: Table
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.alt.strip():
            raise ValueError("a figure needs a title (its message) and an alternative text")

    @classmethod
    def from_drawing(cls, drawing: Drawing, *, title: str, alt: str, table: Table, notes: Sequence[str] = ()) -> Figure:
        """Describe a matplotlib figure, drawn in the house style (:mod:`caqes_analysis.display.style`)."""
        from caqes_analysis.display.svg import to_svg  # here: pages without figures do not need matplotlib

        return cls(title, alt, to_svg(drawing), table, tuple(notes))

    @property
    def payload(self) -> FigurePayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "figure",
            "title": sentence(self.title),
            "alt": sentence(self.alt),
            "svg": self.svg,
            "table": self.table.payload,
            "notes": [sentence(note) for note in self.notes],
        }

    def summary(self) -> str:
        """Return the title and the alternative text."""
        return f"{sentence(self.title)}. {sentence(self.alt)}"

    def html(self) -> str:
        """Return the figure, its title as caption, its data behind a disclosure."""
        drawing = element("div", self.svg, role="img", aria_label=sentence(self.alt))
        caption = element("figcaption", element("strong", escape(sentence(self.title))))
        data = element("details", element("summary", "Données de la figure"), self.table.html())
        return element("figure", caption, drawing, notes_html(self.notes), data, class_="caqes-display")
