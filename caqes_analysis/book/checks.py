"""What a page must hold to be read by everyone: French, accessible, asking nothing of any other host."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from caqes_analysis.errors import Problem

__all__ = ["check_page", "check_site"]

# Strings of Sphinx, of its themes and of MyST-NB that a French reader must never meet.
_ENGLISH = re.compile(
    r"\b(?:Search(?: this book| the docs| results)?|Copyright|Toggle|Skip to|Main navigation|Table of contents|"
    r"Built with|Created using|Last updated|Previous|Next page|Show (?:code|source)|Hide code|Permalink|Link to this|"
    r"View page source|On this page|Contents|Download|Print to PDF|Powered by|Page not found|Back to top|Traceback|"
    r"Warning|Note:|Error)\b"
)
# 1,234.56 · 1,234,567 · 12.5 % · 12.5: a decimal point or a thousands comma. Versions, dates and article numbers
# (1.2.3, 30.09.2024, L.162) are not numbers.
_ENGLISH_NUMBER = re.compile(
    r"(?<![\w.,/-])(?:\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}|\d+\.\d+)(?![\w/]|[.,-]\d)"
)
_FILE_NAME = re.compile(r"\S+\.(?:svg|png|jpe?g|gif|pdf)", re.IGNORECASE)
_EMPTY_ALT = {"figure", "graphique", "image", "courbe", "diagramme", "carte"}
_ALT_MIN_WORDS_NB = 4
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_LITERAL = {"code", "pre", "kbd", "samp", "script", "style", "math"}
_WRITTEN_BY_PEOPLE = {"provenance", "commentaire"}
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_LOADED = {("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("embed", "src"), ("link", "href")}
_LOADED |= {("object", "data"), ("video", "src"), ("audio", "src"), ("form", "action"), ("img", "srcset")}
_OUTSIDE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PLAIN_CELL = re.compile(r'<td(?: class="[^"]*")?>([^<]*)</td>')
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_REMEDY = {
    "ALTERNATIVE": "Écrire un texte qui dit ce que la figure montre, à partir de ses données.",
    "TABLEAU": "Afficher le tableau par le module d'affichage du paquet.",
    "NOMBRE": "Écrire le nombre par le module des nombres français.",
    "ANGLAIS": "Traduire ce texte dans le modèle de page ou le notebook.",
    "PAGE": "Corriger le modèle de page du livre.",
    "TITRES": "Descendre d'un seul niveau de titre à la fois dans le notebook.",
    "LIEN": "Corriger le lien, ou ajouter au livre la page qu'il nomme.",
    "REFUS": "Relancer le notebook avec la version installée du paquet, ou corriger la formule.",
    "REQUETE": "Servir ce fichier par le site lui-même.",
}


@dataclass
class _Table:
    caption: bool = False
    bare_headers_nb: int = 0
    headers_nb: int = 0


class _Open(NamedTuple):
    """An element that has not ended; the texts of one that stands apart are not searched."""

    tag: str
    values: dict[str, str]
    is_apart: bool


@dataclass
class _Reader(HTMLParser):
    """One pass over a page; what it meets is judged at the end of each element."""

    found: list[tuple[str, str, str, str]] = field(default_factory=list)
    open_tags: list[_Open] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    title: str = ""
    caption: str = ""
    alternative: str | None = None
    lang: str | None = None
    mains_nb: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def note(self, code: str, what: str, remedy: str, value: str = "") -> None:
        """Keep a problem."""
        self.found.append((code, what, _REMEDY[remedy], value))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge the attributes of an element and open it."""
        values = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            is_apart = tag in _LITERAL or values.get("class") in _WRITTEN_BY_PEOPLE or self._is_apart()
            self.open_tags.append(_Open(tag, values, is_apart))
        if values.get("id"):
            self.ids.append(values["id"])
        for name in ("title", "aria-label", "placeholder", "alt"):
            if values.get(name):
                self.labels.append(values[name])
        self._loads(tag, values)
        if tag == "html":
            self.lang = values.get("lang")
        elif tag == "main":
            self.mains_nb += 1
        elif "data-page-absente" in values:
            self.note("LIEN_CASSE", "Un lien mène à une page absente du livre.", "LIEN", values["data-page-absente"])
        elif "data-refus" in values:
            self.note(
                "RESULTAT_REFUSE", "Un résultat du notebook n'a pas pu être écrit.", "REFUS", values["data-refus"]
            )
        elif tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif tag == "table":
            self.tables.append(_Table())
        elif tag == "caption" and self.tables:
            self.tables[-1].caption = True
        elif tag == "th" and self.tables:
            self.tables[-1].headers_nb += 1
            self.tables[-1].bare_headers_nb += values.get("scope") not in ("col", "row", "colgroup", "rowgroup")
        elif tag in _HEADINGS:
            self.levels.append(int(tag[1]))
        elif tag == "figure":
            self.caption, self.alternative = "", None
        elif tag == "img":
            self._alternative(values.get("alt", ""), drawn="img")
        elif tag == "svg" and not self._in_named_image():
            self._alternative(values.get("aria-label", ""), drawn="svg")
        if values.get("role") == "img" and tag != "svg":
            self._alternative(values.get("aria-label", ""), drawn=tag)

    def _is_apart(self) -> bool:
        return bool(self.open_tags) and self.open_tags[-1].is_apart

    def _in_named_image(self) -> bool:
        return any(element.values.get("role") == "img" for element in self.open_tags if element.tag != "svg")

    def _loads(self, tag: str, values: dict[str, str]) -> None:
        for name, value in values.items():
            if name.startswith("on"):
                self.note("SCRIPT_DANS_LA_PAGE", "Un attribut de la page porte un script.", "PAGE", f"{tag} {name}")
            if (tag, name) in _LOADED and _OUTSIDE.match(value):
                self.note("REQUETE_EXTERNE", "La page demande un fichier à un autre hôte.", "REQUETE", value)
            if name == "style" and re.search(r"url\(\s*['\"]?\s*(?:https?:)?//", value):
                self.note("REQUETE_EXTERNE", "La page demande un fichier à un autre hôte.", "REQUETE", value)
        if tag == "script" and re.search("mathjax|katex", values.get("src", "") + values.get("type", ""), re.I):
            self.note("MATHS_PAR_SCRIPT", "Les formules sont composées par un script.", "PAGE", values.get("src", ""))

    def _alternative(self, text: str, *, drawn: str) -> None:
        self.alternative = text
        shown = text.strip()
        if not shown:
            self.note("FIGURE_SANS_ALTERNATIVE", "Une figure n'a pas de texte de remplacement.", "ALTERNATIVE", drawn)
        elif (
            _FILE_NAME.fullmatch(shown)
            or shown.lower().strip(" .") in _EMPTY_ALT
            or len(shown.split()) < _ALT_MIN_WORDS_NB
        ):
            self.note("FIGURE_ALTERNATIVE_PAUVRE", "Le texte de remplacement ne dit rien.", "ALTERNATIVE", shown)

    def handle_endtag(self, tag: str) -> None:
        """Judge an element that ends."""
        names = [element.tag for element in self.open_tags]
        if tag not in names:
            return
        del self.open_tags[len(names) - 1 - names[::-1].index(tag) :]
        if tag == "table" and self.tables:
            table = self.tables.pop()
            if not table.caption:
                self.note("TABLEAU_SANS_LEGENDE", "Un tableau n'a pas de légende.", "TABLEAU")
            if not table.headers_nb or table.bare_headers_nb:
                what = "Les en-têtes d'un tableau ne disent pas leur portée (scope)."
                self.note("TABLEAU_SANS_PORTEE", what, "TABLEAU")
        elif tag == "figure" and self.alternative and self.alternative.strip() == self.caption.strip():
            what = "Le texte de remplacement répète le titre de la figure."
            self.note("FIGURE_ALTERNATIVE_PAUVRE", what, "ALTERNATIVE", self.caption.strip())

    def handle_data(self, data: str) -> None:
        """Collect the text that a reader sees."""
        names = {element.tag for element in self.open_tags}
        if names & {"script", "style"}:
            return
        if "title" in names:
            self.title += data
        if "figcaption" in names:
            self.caption += data
        if not self._is_apart():
            self.texts.append(data)


def check_page(html: str, *, name: str) -> list[Problem]:
    """Check one page.

    Parameters
    ----------
    html
        The page.
    name
        Its place in the site, for the messages.

    Returns
    -------
    list of Problem
        Figures without a relevant alternative text, tables without caption or scoped headers, numbers or strings in
        English, language, headings, skip link, duplicate identifiers, requests to other hosts, maths by script.

    Notes
    -----
    What people wrote (comments, provenance) and code are not searched for English numbers.
    """
    reader = _read(html)
    found = [*reader.found, *_of_the_page(reader), *_of_the_texts(reader, html)]
    return [
        Problem(code, what, remedy, file=name, value=value or None, count=count)
        for (code, what, remedy, value), count in Counter(found).items()
    ]


def _read(html: str) -> _Reader:
    # Drawings and the cells of tables that hold only a text are read apart, with regular expressions: they are most of
    # a page's weight and hold no structure.
    reader = _Reader()
    outside = _SVG.sub("<svg></svg>", html)
    reader.feed(_PLAIN_CELL.sub("", outside))
    reader.close()
    reader.texts += [unescape(text) for text in _PLAIN_CELL.findall(outside)]
    for drawing in _SVG.findall(html):
        opening = drawing[: drawing.index(">")]
        reader.ids += re.findall(r'\sid="([^"]+)"', drawing)
        reader.texts += re.findall(r"<text\b[^>]*>([^<]*)<", drawing)
        if re.search(r'(?:xlink:)?href="(?!#)', drawing) or "<script" in drawing:
            reader.note("REQUETE_EXTERNE", "Un dessin charge un fichier ou un script.", "REQUETE", opening[:80])
    return reader


def _of_the_page(reader: _Reader) -> Iterator[tuple[str, str, str, str]]:
    if reader.lang != "fr":
        yield "PAGE_LANGUE", "La page ne dit pas qu'elle est en français.", _REMEDY["PAGE"], reader.lang or ""
    if not reader.title.strip():
        yield "PAGE_SANS_NOM", "La page n'a pas de titre de fenêtre.", _REMEDY["PAGE"], ""
    if reader.mains_nb != 1:
        what = "La page n'a pas une seule zone principale (main)."
        yield "PAGE_SANS_CONTENU", what, _REMEDY["PAGE"], str(reader.mains_nb)
    if reader.levels.count(1) != 1:
        what = "La page n'a pas un seul titre de premier niveau."
        yield "TITRE_UNIQUE", what, _REMEDY["TITRES"], str(reader.levels.count(1))
    for before, level in zip([0, *reader.levels], reader.levels, strict=False):
        if level > before + 1:
            what = "Un titre saute un niveau."
            yield "TITRE_SAUT", what, _REMEDY["TITRES"], f"h{before} → h{level}" if before else f"h{level}"
    first = reader.links[0] if reader.links else ""
    if not first.startswith("#") or first[1:] not in reader.ids:
        what = "Le premier lien de la page ne mène pas au contenu."
        yield "LIEN_EVITEMENT", what, _REMEDY["PAGE"], first
    for ident, count in Counter(reader.ids).items():
        if count > 1:
            yield "IDENTIFIANT_EN_DOUBLE", "Un identifiant est porté par deux éléments.", _REMEDY["PAGE"], ident
    for link in reader.links:
        if link.startswith("#") and link[1:] and link[1:] not in reader.ids:
            yield "LIEN_CASSE", "Un lien mène à un endroit absent de la page.", _REMEDY["LIEN"], link


def _of_the_texts(reader: _Reader, html: str) -> Iterator[tuple[str, str, str, str]]:
    for text in reader.texts:
        for number in _ENGLISH_NUMBER.findall(text):
            yield "NOMBRE_ANGLAIS", "Un nombre est écrit à l'anglaise.", _REMEDY["NOMBRE"], number
    for text in [*reader.texts, *reader.labels]:
        for words in _ENGLISH.findall(text):
            yield "TEXTE_ANGLAIS", "La page garde un texte anglais.", _REMEDY["ANGLAIS"], words
    if re.search(r"\\\(|\\\[|class=\"math notranslate", html) and "<math" not in html:
        yield "MATHS_PAR_SCRIPT", "Une formule attend un script pour être composée.", _REMEDY["PAGE"], ""


def check_site(site: Path, *, known: Mapping[str, Sequence[Problem]] | None = None) -> list[Problem]:
    """Check every page of a site, and that each link between its pages leads somewhere.

    Parameters
    ----------
    site
        Folder of the site.
    known
        What is already known of pages that have not changed since: page → its problems, as this function gave them.

    Returns
    -------
    list of Problem
        As :func:`check_page`, plus the links that lead nowhere; sorted by page.
    """
    problems: list[Problem] = []
    for path in sorted(Path(site).rglob("*.html")):
        name = path.relative_to(site).as_posix()
        if known is not None and name in known:
            problems += known[name]
            continue
        html = path.read_text(encoding="utf-8")
        problems += check_page(html, name=name)
        for link in sorted(set(re.findall(r'<(?:a|form|link|img|script)\b[^>]*?(?:href|src|action)="([^"]*)"', html))):
            target = re.split("[?#]", link)[0]
            if target and not re.match(r"[a-z][a-z0-9+.-]*:|//", link, re.I) and not (path.parent / target).is_file():
                what = "Un lien mène à un fichier absent du site."
                problems.append(Problem("LIEN_CASSE", what, _REMEDY["LIEN"], file=name, value=link))
    return problems
