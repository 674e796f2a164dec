"""From an executed notebook to the page source that Sphinx reads: results and prose only, no code, no parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from caqes_analysis.book.model import Page
from caqes_analysis.book.text import clean, markdown_text
from caqes_analysis.display.payload import CONTRACT_VERSION, MIME_TYPE

__all__ = ["BOOK_MIME_TYPE", "index_source", "page_source"]

BOOK_MIME_TYPE = "application/vnd.caqes.book+json"
# What is kept of an output, best first; our own description replaces all the others.
_KEPT = (MIME_TYPE, "image/svg+xml", "image/png", "text/html", "text/latex", "text/markdown", "text/plain")
_DESCRIPTIONS = (MIME_TYPE, BOOK_MIME_TYPE)
_NO_NOTEBOOK = "Le calcul de cette page s'est arrêté avant la fin."

Cell = dict[str, Any]


def page_source(
    page: Page, notebook: Mapping[str, Any] | None, failure: str | None = None, *, provenance_page: str | None = None
) -> bytes:
    """Return the source of a page: a notebook without code whose bytes depend on what is shown only.

    Parameters
    ----------
    page
        The page: its title becomes the only first-level heading, its provenance the last output.
    notebook
        The executed notebook as read from JSON (format 4), or ``None``.
    failure
        Why there is no notebook, in French.
    provenance_page
        Page to which the provenance leads.

    Returns
    -------
    bytes
        A notebook in JSON. Parameters, code, execution times, cell identifiers and standard error are left out.
    """
    cells = [_markdown(f"# {markdown_text(page.title)}")]
    if notebook is None:
        cells.append(
            _output(
                {"kind": "notice", "level": "missing", "title": "Cette page n'a pas pu être produite"}
                | {"text": clean(failure or page.failure or _NO_NOTEBOOK)}
            )
        )
    else:
        cells += _cells(notebook.get("cells", []))
    if page.provenance:
        entries = [[clean(str(label)), clean(str(value))] for label, value in page.provenance.items()]
        elsewhere = None if page.path == provenance_page else provenance_page
        described = {"kind": "provenance", "entries": entries, "page": elsewhere}
        cells.append(_code([_display({BOOK_MIME_TYPE: described})]))
    return _notebook(cells)


def index_source(title: str, sections: Sequence[tuple[str | None, str, Sequence[tuple[str, str, str]]]]) -> bytes:
    """Return the source of an index page: one table of links per section.

    Parameters
    ----------
    title
        Title of the page.
    sections
        Heading (or ``None``), caption of the table and its rows: page, text of the link, words that complete it.
    """
    cells = [_markdown(f"# {markdown_text(title)}")]
    for heading, caption, entries in sections:
        if heading:
            cells.append(_markdown(f"## {markdown_text(heading)}"))
        columns = [{"label": label, "unit": "", "align": "left"} for label in ("Page", "Détail")]
        rows = [[{"text": text, "href": path}, {"text": words or "–"}] for path, text, words in entries]
        if not any(words for _, _, words in entries):
            columns, rows = columns[:1], [row[:1] for row in rows]
        table = {"kind": "table", "caption": caption, "columns": columns, "row_header": 0, "rows": rows}
        cells.append(_output(table | {"total_rows": 0, "notes": []}))
    return _notebook(cells)


def _notebook(cells: list[Cell]) -> bytes:
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number:04d}"
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=True, sort_keys=True, indent=0).encode("ascii")


def _markdown(source: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(outputs: list[dict[str, Any]]) -> Cell:
    return {
        "cell_type": "code",
        "metadata": {"tags": ["remove-input"]},
        "execution_count": None,
        "source": "#",  # MyST-NB leaves out the cells without source, outputs included
        "outputs": outputs,
    }


def _display(data: Mapping[str, Any]) -> dict[str, Any]:
    # Our descriptions go as JSON in a text: MyST-NB copies, checks and writes again each object of a notebook.
    texts = {
        mime: json.dumps(content, ensure_ascii=False, sort_keys=True) if mime in _DESCRIPTIONS else content
        for mime, content in data.items()
    }
    return {"output_type": "display_data", "metadata": {}, "data": texts}


def _output(payload: Mapping[str, Any]) -> Cell:
    return _code([_display({MIME_TYPE: {"version": CONTRACT_VERSION, **payload}})])


def _cells(cells: Sequence[Mapping[str, Any]]) -> Iterator[Cell]:
    titled = False
    for cell in _without_empty_parts(cells):
        tags = cell.get("metadata", {}).get("tags", [])
        if "remove-cell" in tags:
            continue
        if cell["cell_type"] == "markdown":
            source = _joined(cell["source"])
            if not titled:
                # The page has its title already: the notebook's own first title would repeat it.
                source, titled = re.sub(r"\A\s*#[ \t][^\n]*\n?", "", source), bool(source.strip())
            source = _demoted(source).strip("\n")
            if source.strip():
                yield _markdown(source)
        elif cell["cell_type"] == "code" and "remove-output" not in tags:
            outputs = [kept for output in cell.get("outputs", []) if (kept := _kept(output))]
            if outputs:
                yield _code(outputs)


def _without_empty_parts(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out the headings, and the prose under them, of parts whose code shows nothing."""
    kept: list[Mapping[str, Any]] = []
    heading: int | None = None
    is_empty = False
    for cell in (*cells, None):
        if cell is not None and cell["cell_type"] == "code":
            is_empty = heading is not None and not any(_kept(output) for output in cell.get("outputs", []))
            heading = heading if is_empty else None
        elif heading is not None and is_empty:
            del kept[heading:]
        if cell is not None and cell["cell_type"] == "markdown":
            heading, is_empty = (len(kept) if _joined(cell["source"]).startswith("## ") else None), False
        kept += [cell] if cell is not None else []
    return kept


def _demoted(source: str) -> str:
    """Return the Markdown with its first-level headings one level lower: a page has a single title."""
    lines, fence = [], ""
    for line in source.split("\n"):
        mark = re.match(r" {0,3}(`{3,}|~{3,}|:{3,})", line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip(" " + fence[0]):
            fence = ""
        lines.append(f"#{line}" if not fence and re.match(r"#[ \t]", line) else line)
    return "\n".join(lines)


def _kept(output: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = output["output_type"]
    if kind == "error":
        name = clean(str(output.get("ename", "")))
        text = f"Le calcul de cette partie s'est arrêté sur une erreur ({name})."
        notice = {"kind": "notice", "level": "missing", "title": "Résultat absent", "text": text}
        return _display({MIME_TYPE: {"version": CONTRACT_VERSION, **notice}})
    if kind == "stream":
        text = _joined(output.get("text", ""))
        return _display({"text/plain": text}) if output.get("name") == "stdout" and text.strip() else None
    data = output.get("data", {})
    best = next((mime for mime in _KEPT if mime in data), None)
    if best is None:
        return None
    content = data[best]
    return _display({best: content if best == MIME_TYPE else _joined(content)})


def _joined(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source)
