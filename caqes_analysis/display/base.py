"""What every display has: a payload for the book, HTML for JupyterLab, a line of text for the terminal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from typing import Any

from caqes_analysis.display.payload import MIME_TYPE, AnyPayload
from caqes_analysis.french import plain_text

__all__ = ["Display", "element", "sentence"]


class Display(ABC):
    """One immutable description of something shown: JupyterLab and the book each print it their way."""

    @property
    @abstractmethod
    def payload(self) -> AnyPayload:
        """The description as the book receives it (:mod:`caqes_analysis.display.payload`)."""

    @abstractmethod
    def html(self) -> str:
        """Return the HTML that JupyterLab shows."""

    @abstractmethod
    def summary(self) -> str:
        """Return one line of text, for terminals and logs."""

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {"text/plain": self.summary(), "text/html": self.html(), MIME_TYPE: self.payload}


def sentence(text: object) -> str:
    """Return any received value as text that is safe to print on one line."""
    return plain_text(str(text))


def element(tag: str, *content: str, **attributes: str | None) -> str:
    """Return an HTML element; ``content`` is HTML, attribute values are escaped here.

    Parameters
    ----------
    tag
        Name of the element.
    content
        HTML already escaped.
    attributes
        Values of the attributes; ``_`` in a name stands for ``-``, a trailing one is dropped (``class_``), None drops
        the attribute.

    Examples
    --------
    >>> element("th", escape("< 1"), scope="col", class_=None)
    '<th scope="col">&lt; 1</th>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{''.join(content)}</{tag}>"
