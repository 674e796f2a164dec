"""Compile a book: prepare the sources, let Sphinx build what changed, check the pages, replace the site whole."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock

from caqes_analysis.book import engine, publish
from caqes_analysis.book.checks import check_site
from caqes_analysis.book.model import Book, Page
from caqes_analysis.book.navigation import Group, Navigation, Place
from caqes_analysis.book.text import clean, without_bidi
from caqes_analysis.errors import Problem
from caqes_analysis.replacing import restore_folder, write_whole

__all__ = ["compile_book", "read_problems"]

_LOGGER = logging.getLogger(__name__)
_HERE = Path(__file__).parent
_ASSETS = _HERE / "theme" / "caqes" / "static"
_TOOLS = ("sphinx", "myst-nb", "myst-parser", "docutils", "jupyter-book", "sphinx-external-toc", "latex2mathml")
_WARNING = "LIVRE_AVERTISSEMENT"
_MISSING = "Le notebook exécuté de cette page n'a pas été trouvé."
_UNREADABLE = "Le notebook exécuté de cette page n'est pas lisible."


def compile_book(book: Book, *, work: Path, site: Path, jobs: int = 2) -> Path:
    """Compile executed notebooks into a site that opens from any folder, without a server or a network.

    Parameters
    ----------
    book
        What the site holds. Notebooks are read, never executed.
    work
        Folder of the build, kept from one build to the next: only what changed is built again, and Sphinx is not even
        started where nothing did.
    site
        Folder of the site, replaced whole; two equal books give equal bytes.
    jobs
        Processes that Sphinx may use.

    Returns
    -------
    Path
        ``site/index.html``.

    Raises
    ------
    BuildError
        The pages could not be built, or the site could not be replaced.

    Notes
    -----
    A notebook that is absent or unreadable gives a page that says so. What the build noticed on its pages
    (accessibility, numbers, links) is logged and kept: :func:`read_problems`.
    """
    work, site = Path(work).resolve(), Path(site).resolve()
    for folder in (work, site.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(work / "compile.lock"), FileLock(site.with_name(f".{site.name}.lock")):
        return _compile(book, work, site, jobs)


def read_problems(work: Path) -> tuple[Problem, ...]:
    """Return what the last build in ``work`` noticed on the pages; empty where all is well."""
    path = Path(work) / "problems.json"
    if not path.is_file():
        return ()
    return tuple(Problem(**problem) for problem in json.loads(path.read_text(encoding="utf-8")))


def _compile(book: Book, work: Path, site: Path, jobs: int) -> Path:
    restore_folder(site)
    state_file = work / "state.json"
    state = _kept_state(state_file)
    tools = _tools()
    contents = {page.path: _content(page) for page in book.pages}
    inputs = _digest([tools, repr(book), *(sha256(content or b"").hexdigest() for content in contents.values())])
    if state.get("inputs") == inputs and publish.is_intact(site, state["published"]):
        return site / "index.html"

    navigation = Navigation(book)
    manifest = json.dumps(_described(book) | navigation.describe(), ensure_ascii=True, sort_keys=True, indent=1)
    sources = _sources(navigation, contents, book.provenance_page)
    prepared = _digest([tools, manifest, *(f"{doc}:{sha256(source).hexdigest()}" for doc, source in sources.items())])
    if state.get("prepared") != prepared or not publish.is_intact(site, state["published"]):
        if state.get("tools") != tools:
            _forget(work)
            state = {}
        state_file.unlink(missing_ok=True)
        folder = work / "source"
        changed = {doc for doc, source in sources.items() if engine.write_changed(folder / f"{doc}.ipynb", source)}
        _remove_others(folder, set(sources))
        engine.write_changed(folder / "book.json", manifest.encode("ascii"))
        docs = [*sources, "recherche", "404"]
        pages, warnings = engine.build_pages(
            work, docs=docs, toc=navigation.table_of_contents(), state=_digest([manifest]), jobs=jobs
        )
        published = publish.publish(pages, docs, _ASSETS, site)
        # Sphinx only warns about what it reads: what it said before of the pages that did not change still holds.
        kept = [line for line in state.get("warnings", []) if line.split(".ipynb")[0] in set(sources) - changed]
        warnings = list(dict.fromkeys([*kept, *warnings]))
        _report(work, [_warned(line) for line in warnings], check_site(site, known=_known(work, state, published)))
        state = {"tools": tools, "published": published, "warnings": warnings}
    state |= {"inputs": inputs, "prepared": prepared}
    write_whole(state_file, json.dumps(state, indent=1).encode("ascii"))
    return site / "index.html"


def _kept_state(state_file: Path) -> dict[str, Any]:
    """Return what the last build knew; empty when there was none, or when it did not go to its end."""
    try:
        state: dict[str, Any] = json.loads(state_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state


def _content(page: Page) -> bytes | None:
    try:
        return page.notebook.read_bytes() if page.notebook else None
    except OSError:
        return None


# What prepares pages loads the display layer: it is imported only where something changed, so that a build that has
# nothing to do stays instantaneous.
def _sources(
    navigation: Navigation, contents: dict[str, bytes | None], provenance_page: str | None
) -> dict[str, bytes]:
    sources: dict[str, bytes] = {}
    for doc, place in navigation.places.items():
        page = navigation.page(doc)
        if page is not None:
            sources[doc] = _page_source(page, contents[page.path], provenance_page)
        elif place.index_of is not None:
            sources[doc] = _group_source(navigation, place.index_of, place.group)
    return sources


def _page_source(page: Page, content: bytes | None, provenance_page: str | None) -> bytes:
    from caqes_analysis.book.prepare import page_source

    if page.notebook is None:
        return page_source(page, None, provenance_page=provenance_page)
    if content is None:
        return page_source(page, None, _MISSING, provenance_page=provenance_page)
    try:
        return page_source(page, json.loads(content), provenance_page=provenance_page)
    except (ValueError, KeyError, AttributeError, TypeError):
        return page_source(page, None, _UNREADABLE, provenance_page=provenance_page)


def _group_source(navigation: Navigation, group: Group, parents: tuple[str, ...]) -> bytes:
    from caqes_analysis.book.prepare import index_source

    def entries(docs: list[str]) -> list[tuple[str, str, str]]:
        places = [navigation.places[doc] for doc in docs]
        return [(place.doc, place.title, " · ".join(_printed_keywords(place))) for place in places]

    sections: list[tuple[str | None, str, list[tuple[str, str, str]]]] = []
    if group.docs:
        sections.append((None, " – ".join([*(parents or ("Pages",)), group.label]), entries(group.docs)))
    if group.groups:
        listed = [
            (part.doc or "", part.label, f"{len(part.docs)} page{'s' if len(part.docs) > 1 else ''}")
            for part in group.groups.values()
        ]
        sections.append((None, f"{group.label} : groupes", listed))
    return index_source(group.label, sections)


def _printed_keywords(place: Place) -> list[str]:
    """Return the keywords that tell a reader something: identifiers are for the search alone."""
    identifier = place.doc.rsplit("/", 1)[-1]
    return [word for word in place.keywords if word != place.title and not (word == identifier and word.islower())]


def _described(book: Book) -> dict[str, Any]:
    return {
        "book": {
            "title": clean(book.title),
            "subtitle": clean(book.subtitle),
            "window_title": without_bidi(clean(book.title)),
            "simulated": book.simulated,
            "noun": book.noun,
            "footer": [clean(sentence) for sentence in book.footer],
        }
    }


def _tools() -> str:
    """Return the versions and the own files on which the pages depend."""
    versions = []
    for name in _TOOLS:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(name)
    files = sorted(path for path in [*_HERE.rglob("*"), *(_HERE.parent / "display").glob("payload.py")])
    own = [sha256(path.read_bytes()).hexdigest() for path in files if path.is_file() and path.suffix != ".pyc"]
    return _digest([*versions, *own])


def _digest(parts: list[str]) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _forget(work: Path) -> None:
    """Drop what an earlier version of the tools stored, or a build that did not go to its end."""
    (work / "source" / "conf.py").unlink(missing_ok=True)
    for name in ("doctrees", "html"):
        for path in sorted((work / name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


def _remove_others(folder: Path, docs: set[str]) -> None:
    for path in folder.rglob("*.ipynb"):
        if path.relative_to(folder).with_suffix("").as_posix() not in docs:
            path.unlink()


def _warned(line: str) -> Problem:
    return Problem(_WARNING, f"Sphinx avertit : {line}", "Corriger le notebook ou la page que la ligne nomme.")


def _known(work: Path, state: dict[str, Any], published: dict[str, str]) -> dict[str, list[Problem]] | None:
    """Return what is known of the pages whose bytes did not change, where no page came or went."""
    before: dict[str, str] = state.get("published", {})
    if before.keys() != published.keys():
        return None
    known: dict[str, list[Problem]] = {name: [] for name, sha in published.items() if before[name] == sha}
    for problem in read_problems(work):
        if problem.file in known and problem.code != _WARNING:
            known[problem.file].append(problem)
    return known


def _report(work: Path, warned: list[Problem], found: list[Problem]) -> None:
    problems = warned + found
    for problem in problems:
        _LOGGER.warning("%s", problem)
    text = json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1)
    write_whole(work / "problems.json", text.encode("utf-8"))
