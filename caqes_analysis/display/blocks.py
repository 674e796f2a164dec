"""What is neither table nor figure: key figures, sentences, notices, and the statistician's own comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Literal, cast

from markdown_it import MarkdownIt

from caqes_analysis.display.base import Display, element, sentence
from caqes_analysis.display.payload import (
    CONTRACT_VERSION,
    CardsPayload,
    CodePayload,
    CommentPayload,
    DetailsPayload,
    LeafPayload,
    LinkPayload,
    NoticePayload,
    State,
    TextPayload,
)
from caqes_analysis.french import plain_text

__all__ = ["Card", "Cards", "Code", "Comment", "Details", "Link", "Notice", "Text"]

Level = Literal["info", "warning", "simulated", "missing"]
Role = Literal["answer", "paragraph", "list"]

_SIMULATED_TITLE = "Données simulées"
_SIMULATED_TEXT = "Établissements et montants sont inventés : aucun chiffre de cette page ne concerne un hôpital réel."


@dataclass(frozen=True)
class Card:
    """One key figure.

    Parameters
    ----------
    title
        What is measured.
    value
        The figure, with its unit.
    detail
        What it is compared with, how sure it is.
    state, state_label
        How it is to be taken, and the same in words: colour never speaks alone.
    """

    title: str
    value: str
    detail: str = ""
    state: State | None = None
    state_label: str = ""

    def __post_init__(self) -> None:
        if self.state is not None and not self.state_label.strip():
            raise ValueError("a card that has a state needs a state_label: colour never speaks alone")


@dataclass(frozen=True)
class Cards(Display):
    """A row of key figures; ``label`` names the group for assistive technologies."""

    label: str
    cards: tuple[Card, ...]

    def __init__(self, label: str, cards: Sequence[Card]) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "cards", tuple(cards))

    @property
    def payload(self) -> CardsPayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "cards",
            "label": sentence(self.label),
            "cards": [
                {
                    "title": sentence(card.title),
                    "value": sentence(card.value),
                    "detail": sentence(card.detail),
                    "state": card.state,
                    "state_label": sentence(card.state_label),
                }
                for card in self.cards
            ],
        }

    def summary(self) -> str:
        """Return the figures in one line."""
        return " · ".join(f"{sentence(card.title)} : {sentence(card.value)}" for card in self.cards)

    def html(self) -> str:
        """Return the cards side by side."""
        boxes = (
            element(
                "div",
                element("div", escape(sentence(card.title))),
                element("div", escape(sentence(card.value)), style="font-size:1.4em;font-weight:bold"),
                element("div", escape(sentence(card.detail))),
                element(
                    "div", escape(sentence(card.state_label)), class_=f"caqes-{card.state}" if card.state else None
                ),
                style="border:1px solid;border-radius:4px;padding:.5em 1em;flex:1 1 11em",
            )
            for card in self.cards
        )
        return element(
            "div", *boxes, role="group", aria_label=sentence(self.label), style="display:flex;flex-wrap:wrap;gap:.5em"
        )


@dataclass(frozen=True)
class Text(Display):
    """Sentences: the answer that opens a page, paragraphs, or the items of a list.

    Examples
    --------
    >>> Text.answer("L'objectif est respecté.").summary()
    "L'objectif est respecté."
    """

    role: Role
    items: tuple[str, ...]

    @classmethod
    def answer(cls, sentences: str) -> Text:
        """The answer to the question of the page, first thing read."""
        return cls("answer", (sentences,))

    @classmethod
    def paragraphs(cls, *items: str) -> Text:
        """Paragraphs."""
        return cls("paragraph", items)

    @classmethod
    def bullets(cls, *items: str) -> Text:
        """Items of a list."""
        return cls("list", items)

    @property
    def payload(self) -> TextPayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "text",
            "role": self.role,
            "items": [sentence(item) for item in self.items],
        }

    def summary(self) -> str:
        """Return the sentences."""
        return " ".join(sentence(item) for item in self.items)

    def html(self) -> str:
        """Return paragraphs or a list."""
        texts = [escape(sentence(item)) for item in self.items]
        if self.role == "list":
            return element("ul", *(element("li", text) for text in texts))
        style = "font-size:1.2em" if self.role == "answer" else None
        return "".join(element("p", text, style=style) for text in texts)


@dataclass(frozen=True)
class Notice(Display):
    """Something to know before reading on: information, warning, simulated data, or what is missing and why."""

    level: Level
    title: str
    text: str

    @classmethod
    def simulated(cls) -> Notice:
        """The notice of every page built on the simulated region."""
        return cls("simulated", _SIMULATED_TITLE, _SIMULATED_TEXT)

    @property
    def payload(self) -> NoticePayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "notice",
            "level": self.level,
            "title": sentence(self.title),
            "text": sentence(self.text),
        }

    def summary(self) -> str:
        """Return the title and the text."""
        return f"{sentence(self.title)} : {sentence(self.text)}"

    def html(self) -> str:
        """Return a bordered paragraph."""
        title = element("strong", escape(sentence(self.title)))
        return element("p", title, " : ", escape(sentence(self.text)), style="border-left:4px solid;padding-left:1em")


@dataclass(frozen=True)
class Code(Display):
    """Lines of a program (a query), printed as they are written, with a sentence that says what they give."""

    title: str
    text: str

    @property
    def payload(self) -> CodePayload:
        """The description as the book receives it."""
        shown = plain_text(self.text, multiline=True)
        return {"version": CONTRACT_VERSION, "kind": "code", "title": sentence(self.title), "text": shown}

    def summary(self) -> str:
        """Return the title."""
        return sentence(self.title)

    def html(self) -> str:
        """Return the lines with their title."""
        title = element("p", element("strong", escape(sentence(self.title))))
        return title + element("pre", escape(plain_text(self.text, multiline=True)))


@dataclass(frozen=True)
class Link(Display):
    """A sentence that leads to another page of the site; plain text in JupyterLab, where there is no site.

    Examples
    --------
    >>> Link("Sa fiche dans le guide", "guide/phev_ipp").html()
    '<p>Sa fiche dans le guide</p>'
    """

    text: str
    href: str

    @property
    def payload(self) -> LinkPayload:
        """The description as the book receives it."""
        return {"version": CONTRACT_VERSION, "kind": "link", "text": sentence(self.text), "href": self.href}

    def summary(self) -> str:
        """Return the sentence."""
        return sentence(self.text)

    def html(self) -> str:
        """Return the sentence."""
        return element("p", escape(sentence(self.text)))


@dataclass(frozen=True)
class Details(Display):
    """What most readers skip: folded, behind a sentence that says what it is; never one inside another.

    Examples
    --------
    >>> Details("Détail, contrat par contrat", [Text.paragraphs("Un.")]).summary()
    'Détail, contrat par contrat'
    """

    title: str
    shown: tuple[Display, ...]

    def __init__(self, title: str, shown: Sequence[Display]) -> None:
        if any(isinstance(one, Details) for one in shown):
            raise ValueError("details cannot be folded inside details: a reader would open twice")
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "shown", tuple(shown))

    @property
    def payload(self) -> DetailsPayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "details",
            "summary": sentence(self.title),
            "content": [cast(LeafPayload, one.payload) for one in self.shown],
        }

    def summary(self) -> str:
        """Return the title."""
        return sentence(self.title)

    def html(self) -> str:
        """Return a folded group."""
        return element("details", element("summary", escape(sentence(self.title))), *(o.html() for o in self.shown))


@dataclass(frozen=True)
class Comment(Display):
    """A comment of the statistician, as untrusted CommonMark: raw HTML and images appear as text.

    Examples
    --------
    >>> print(Comment("Commentaire", "Voir **août** <script>").html())
    <section><p><strong>Commentaire</strong></p><p>Voir <strong>août</strong> &lt;script&gt;</p>
    </section>
    """

    title: str
    markdown: str

    @property
    def payload(self) -> CommentPayload:
        """The description as the book receives it."""
        return {
            "version": CONTRACT_VERSION,
            "kind": "comment",
            "title": sentence(self.title),
            "markdown": self._text(),
        }

    def summary(self) -> str:
        """Return the title and the source."""
        return f"{sentence(self.title)} : {' '.join(self._text().split())}"

    def html(self) -> str:
        """Return the comment rendered."""
        title = element("p", element("strong", escape(sentence(self.title))))
        return element("section", title, _commonmark().render(self._text()))

    def _text(self) -> str:
        lines = self.markdown.replace("\r\n", "\n").replace("\r", "\n")
        return plain_text(lines, multiline=True)


@cache
def _commonmark() -> MarkdownIt:
    # An image would make the page ask another host for it: its source appears as text and link instead.
    return MarkdownIt("commonmark", {"html": False}).disable("image")
