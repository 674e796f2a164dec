"""The Sphinx side of the book: our nodes, our theme, French pages, a search that folds accents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

from caqes_analysis.book import nodes as book_nodes
from caqes_analysis.book.html import MATH_RENDERERS, VISITORS
from caqes_analysis.book.navigation import LISTED_MAX_NB
from caqes_analysis.book.renderers import DisplayRenderer
from caqes_analysis.book.search import search_script, words_of
from caqes_analysis.book.text import unbroken

__all__ = ["LastProvenance", "NoBreakSpaces", "setup"]

# MyST-NB would load it in each of its short-lived reading processes; loaded here, they inherit it.
_PRELOADED = DisplayRenderer
_THEME = Path(__file__).parent / "theme" / "caqes"


class LastProvenance(SphinxTransform):
    """Bring the provenance of the page out of its last section, to the end of the page."""

    default_priority = 700

    def apply(self, **_: Any) -> None:
        """Move the node; a post-transform would come too late for the PDF."""
        for node in list(self.document.findall(book_nodes.Provenance)):
            top = next(iter(self.document.findall(nodes.section)), self.document)
            cell = node.parent
            while isinstance(cell.parent, nodes.container):
                cell = cell.parent
            cell.parent.remove(cell)
            top += node


class NoBreakSpaces(SphinxTransform):
    """Put the no-break spaces of French in the prose of notebooks; code and formulas are left alone."""

    default_priority = 710

    def apply(self, **_: Any) -> None:
        """Replace the texts that change."""
        for text in list(self.document.findall(nodes.Text)):
            parent = text.parent
            if isinstance(parent, nodes.FixedTextElement | nodes.literal | nodes.math | nodes.raw):
                continue
            shown = unbroken(str(text))
            if shown != str(text):
                parent.replace(text, nodes.Text(shown))


@cache
def _manifest(path: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return manifest


def _manifest_of(app: Sphinx) -> dict[str, Any]:
    return _manifest(str(Path(app.confdir, app.config.caqes_book_manifest)))


def _no_sphinx_search(app: Sphinx) -> None:
    # Ours works from a file share, folds accents and never writes a title as markup.
    app.builder.search = False  # type: ignore[attr-defined]


def _remember_words(app: Sphinx, doctree: nodes.document) -> None:
    env = app.env
    texts = (text.astext() for text in doctree.findall(nodes.Text))
    described = (
        str(node[key])
        for node in doctree.findall(nodes.Element)
        for key in ("caption", "title", "text", "alt", "summary")
        if isinstance(node, book_nodes.ALL) and key in node
    )
    cells = (cell["text"] for table in doctree.findall(book_nodes.DataTable) for row in table["rows"] for cell in row)
    # One text a page: the reading processes send the words of all the pages that are read.
    _words(env)[env.docname] = " ".join(words_of([*texts, *described, *cells]))


def _words(env: BuildEnvironment) -> dict[str, str]:
    if not hasattr(env, "caqes_words"):
        env.caqes_words = {}  # type: ignore[attr-defined]
    words: dict[str, str] = env.caqes_words  # type: ignore[attr-defined]
    return words


def _forget_words(_app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _words(env).pop(docname, None)


def _merge_words(_app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    _words(env).update({doc: words for doc, words in _words(other).items() if doc in set(docnames)})


def _resolve_links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    manifest = _manifest_of(app)
    for link in list(doctree.findall(nodes.reference)):
        if not link.get("caqes_page"):
            continue
        path, _, anchor = link["refuri"].partition("#")
        target = manifest["links"].get(path, path)
        if target in manifest["places"]:
            uri = app.builder.get_relative_uri(docname, target)
            link["refuri"] = f"{uri}#{anchor}" if anchor else uri
        else:
            link.replace_self(book_nodes.LostLink("", link.astext(), target=link["refuri"]))


def _page_context(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    manifest = _manifest_of(app)
    place = manifest["places"].get(pagename, {"group": [], "title": context.get("title", "")})
    context |= {
        "book": manifest["book"],
        "places": manifest["places"],
        "place": place,
        "parts": [_open_part(part, pagename, place) for part in manifest["parts"]],
        "loose": [doc for doc in manifest["loose"] if doc != "index"],
        "trail": [step for step in _trail(manifest["parts"], place["group"]) if step[1] != pagename],
        "sections": list(_sections(doctree)) if doctree else [],
        "asset": _asset,
    }


def _trail(parts: list[dict[str, Any]], labels: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the part and the group in which a page stands, with their index page where they have one."""
    groups = parts
    for label in labels:
        group = next(group for group in groups if group["title"] == label)
        yield group["label"], group["doc"]
        groups = group.get("groups", [])


def _open_part(part: dict[str, Any], pagename: str, place: dict[str, Any]) -> dict[str, Any]:
    """Return a part as the navigation of one page shows it: only the group of the page is unfolded."""
    here = [part["title"]] == place["group"][:1] or part["doc"] == pagename
    listed = part["docs"] if len(part["docs"]) <= LISTED_MAX_NB else _around(part["docs"], pagename)
    groups = []
    for group in part["groups"] if len(part["groups"]) <= LISTED_MAX_NB or here else []:
        unfolded = group["doc"] == pagename or (here and place["group"][1:] == [group["title"]])
        docs = group["docs"] if len(group["docs"]) <= LISTED_MAX_NB else _around(group["docs"], pagename)
        groups.append(group | {"docs": docs if unfolded else []})
    return part | {"docs": listed, "groups": groups}


def _around(docs: list[str], pagename: str) -> list[str]:
    if pagename not in docs:
        return []
    number = docs.index(pagename)
    return docs[max(0, number - 2) : number + 3]


def _sections(doctree: nodes.document) -> Iterator[tuple[str, str]]:
    for top in doctree.children:
        for section in top.children if isinstance(top, nodes.section) else ():
            if isinstance(section, nodes.section) and section["ids"]:
                yield section["ids"][0], section[0].astext()


@cache
def _asset(name: str) -> str:
    """Return the address of a static file, ending with its content hash so that browsers never keep an old one."""
    return f"_static/{name}?v={sha256((_THEME / 'static' / name).read_bytes()).hexdigest()[:8]}"


def _other_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    words = {doc: found.split() for doc, found in _words(app.env).items() if doc in app.env.all_docs}
    script = search_script(_manifest_of(app)["places"], words)
    target = Path(app.outdir) / "_static" / "caqes-search-data.js"
    target.parent.mkdir(exist_ok=True)
    target.write_text(script, encoding="ascii")
    data = f"_static/{target.name}?v={sha256(script.encode()).hexdigest()[:8]}"
    yield "recherche", {"title": "Recherche", "search_data": data}, "recherche.html"
    yield "404", {"title": "Page introuvable"}, "404.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the book with Sphinx.

    Parameters
    ----------
    app
        The Sphinx application.

    Returns
    -------
    dict
        Version of the stored environment; reading and writing may run in parallel.
    """
    # It does not say that it may be read in parallel; switched off (use_multitoc_numbering), it does nothing at all.
    app.setup_extension("sphinx_external_toc")
    app.extensions["sphinx_multitoc_numbering"].parallel_read_safe = True
    app.add_config_value("caqes_book_manifest", "book.json", "", str)
    # Titles, groups or banner changed: every page is written again, none is read again.
    app.add_config_value("caqes_book_state", "", "html", str)
    app.add_html_theme("caqes", str(_THEME))
    app.add_html_math_renderer("mathml", *MATH_RENDERERS)
    for kind, visitors in VISITORS.items():
        app.add_node(kind, html=visitors)
    app.add_transform(LastProvenance)
    app.add_transform(NoBreakSpaces)
    app.connect("builder-inited", _no_sphinx_search)
    app.connect("doctree-read", _remember_words)
    app.connect("env-purge-doc", _forget_words)
    app.connect("env-merge-info", _merge_words)
    app.connect("doctree-resolved", _resolve_links)
    app.connect("html-page-context", _page_context)
    app.connect("html-collect-pages", _other_pages)
    return {
        "version": version("caqes_analysis"),
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
