"""How the nodes of the book are written in HTML: captions, scoped headers, alternative texts, focusable regions."""

from __future__ import annotations

from collections.abc import Callable
from html import escape as _escaped
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

from caqes_analysis.book import nodes as book_nodes
from caqes_analysis.book.text import unbroken

__all__ = ["MATH_RENDERERS", "VISITORS", "escape"]

Translator = Any  # Sphinx chooses the class of the translator when it builds
Visit = Callable[[Translator, Any], None]

_MOST_COLUMNS_NB = 6  # beyond, a table stands closer, to hold on a screen of 1280 px
_LONGEST_WORD = 32
"""Letters beyond which no column can hold a word (a hash): it is cut."""


def escape(text: str) -> str:
    """Return a French text as HTML, with its no-break spaces."""
    return _escaped(unbroken(text))


def _write(translator: Translator, *parts: str) -> None:
    translator.body.extend(parts)


def _notes(notes: list[str], ident: str) -> str:
    lines = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f'<div class="notes" id="{ident}-notes">{lines}</div>\n' if lines else ""


def _visit_table(translator: Translator, node: book_nodes.DataTable) -> None:
    ident, columns_nb = node["ident"], len(node["columns"])
    notes = _table_notes(node)
    described = f' aria-describedby="{ident}-notes"' if notes else ""
    wide = " tableau-large" if columns_nb > 5 else " tableau-moyen" if columns_nb > 3 else ""
    wide += " tableau-dense" if columns_nb > _MOST_COLUMNS_NB else ""
    _write(
        translator,
        f'<div class="tableau{wide}">\n',
        f'<div class="defilement" role="region" tabindex="0" aria-labelledby="{ident}">\n',
        f'<table{described}>\n<caption id="{ident}"><span>{escape(node["caption"])}</span></caption>\n',
        "<thead><tr>",
        *(_header(column) for column in node["columns"]),
        "</tr></thead>\n",
    )
    rows, total_nb, links = node["rows"], node["total_rows"], iter(node.children)
    body, totals = rows[: len(rows) - total_nb], rows[len(rows) - total_nb :]
    for group, opening in ((body, "<tbody>\n"), (totals, '<tbody class="totaux">\n')):
        if group:
            _write(translator, opening)
            for cells in group:
                _write(translator, "<tr>")
                for number, (cell, column) in enumerate(zip(cells, node["columns"], strict=True)):
                    link = next(links) if cell.get("href") else None
                    _write_cell(translator, cell, link, column["align"], is_header=number == node["row_header"])
                _write(translator, "</tr>\n")
            _write(translator, "</tbody>\n")
    _write(translator, "</table>\n</div>\n", _notes(notes, ident), "</div>\n")
    raise nodes.SkipNode


def _table_notes(node: book_nodes.DataTable) -> list[str]:
    defined = [
        f"{column['label']} : {column['description']}" for column in node["columns"] if column.get("description")
    ]
    return [*node["notes"], *defined]


def _header(column: dict[str, str]) -> str:
    unit = f' <span class="unite">({escape(column["unit"])})</span>' if column["unit"] else ""
    side = ' class="droite"' if column["align"] == "right" else ""
    return f'<th scope="col"{side}>{escape(column["label"])}{unit}</th>'


def _write_cell(
    translator: Translator, cell: dict[str, str], link: nodes.Element | None, align: str, *, is_header: bool
) -> None:
    text = unbroken(cell["text"])
    classes = ["droite"] if align == "right" else []
    if cell.get("state"):
        classes.append(f"etat-{cell['state']}")
    if any(len(word) > _LONGEST_WORD for word in text.split()):
        classes.append("coupe")
    shown = f' class="{" ".join(classes)}"' if classes else ""
    _write(translator, f'<th scope="row"{shown}>' if is_header else f"<td{shown}>")
    if link is None:
        _write(translator, translator.encode(text))
    else:
        link.walkabout(translator)
    _write(translator, "</th>" if is_header else "</td>")


def _visit_figure(translator: Translator, node: book_nodes.Figure) -> None:
    ident, title = node["ident"], escape(node["title"])
    drawing, table = node.children
    _write(translator, f'<figure class="figure">\n<figcaption id="{ident}">{title}</figcaption>\n')
    drawing.walkabout(translator)
    _write(
        translator,
        _notes(node["notes"], ident),
        f'<details><summary>Données de la figure<span class="lecteur"> : {title}</span></summary>\n',
    )
    table.walkabout(translator)
    _write(translator, "</details>\n</figure>\n")
    raise nodes.SkipNode


def _visit_drawing(translator: Translator, node: book_nodes.Drawing) -> None:
    alternative = escape(node["alt"])
    _write(translator, f'<div class="dessin" role="img" aria-label="{alternative}">{node["svg"]}</div>\n')
    raise nodes.SkipNode


def _visit_cards(translator: Translator, node: book_nodes.Cards) -> None:
    shape = f"cartes cartes-{len(node.children)}"  # the theme lays them out so that no row is left with one card
    _write(translator, f'<ul class="{shape}" role="list" aria-label="{escape(node["label"])}">\n')


def _depart_cards(translator: Translator, _node: book_nodes.Cards) -> None:
    _write(translator, "</ul>\n")


def _visit_card(translator: Translator, node: book_nodes.Card) -> None:
    state = f" etat-{node['state']}" if node["state"] else ""
    lines = [("titre", node["title"]), ("valeur", node["value"]), ("detail", node["detail"])]
    lines.append(("etat", node["state_label"]))
    _write(
        translator,
        f'<li class="carte{state}">',
        *(f'<p class="carte-{name}">{escape(text)}</p>' for name, text in lines if text),
        "</li>\n",
    )
    raise nodes.SkipNode


def _visit_sentence(translator: Translator, node: book_nodes.Sentence) -> None:
    _write(translator, '<p class="reponse">' if node["role"] == "answer" else "<p>")


def _depart_sentence(translator: Translator, _node: book_nodes.Sentence) -> None:
    _write(translator, "</p>\n")


def _visit_result_list(translator: Translator, node: book_nodes.ResultList) -> None:
    items = "".join(f"<li>{escape(item.astext())}</li>\n" for item in node.children)
    _write(translator, f'<ul class="constats">\n{items}</ul>\n')
    raise nodes.SkipNode


def _visit_notice(translator: Translator, node: book_nodes.Notice) -> None:
    title, text = escape(node["title"]), escape(node["text"])
    head = f'<p class="avis-titre">{title}</p>' if title else ""
    body = f"<p>{text}</p>" if text else ""
    refusal = f' data-refus="{_escaped(node["refusal"])}"' if node["refusal"] else ""
    _write(translator, f'<div class="avis avis-{node["level"]}" role="note"{refusal}>{head}{body}</div>\n')
    raise nodes.SkipNode


def _visit_comment(translator: Translator, node: book_nodes.Comment) -> None:
    title = escape(node["title"])
    _write(translator, f'<div class="commentaire" role="note"><p class="commentaire-titre">{title}</p>\n')


def _depart_comment(translator: Translator, _node: book_nodes.Comment) -> None:
    _write(translator, "</div>\n")


def _visit_details(translator: Translator, node: book_nodes.Details) -> None:
    _write(translator, f'<details class="detail"><summary>{escape(node["summary"])}</summary>\n')


def _depart_details(translator: Translator, _node: book_nodes.Details) -> None:
    _write(translator, "</details>\n")


def _visit_code(translator: Translator, node: book_nodes.Code) -> None:
    # The lines stand in a region that the keyboard can scroll, as the tables do.
    title = escape(node["title"])
    lines = _escaped(node.astext())
    _write(
        translator,
        f'<div class="programme"><p class="programme-titre">{title}</p>\n',
        f'<pre role="region" tabindex="0" aria-label="{title}"><code>{lines}</code></pre></div>\n',
    )
    raise nodes.SkipNode


def _visit_provenance(translator: Translator, node: book_nodes.Provenance) -> None:
    entries = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>\n" for label, value in node["entries"]
    )
    _write(
        translator,
        '<section class="provenance" aria-labelledby="page-provenance">\n',
        f'<h2 id="page-provenance">Provenance de cette page</h2>\n<dl>\n{entries}</dl>\n',
    )


def _depart_provenance(translator: Translator, _node: book_nodes.Provenance) -> None:
    _write(translator, "</section>\n")


def _mathml(node: nodes.Element, display: str) -> str:
    latex = node.astext()
    try:
        return convert(latex, display=display)
    except Exception as failure:  # noqa: BLE001 - the converter documents no error class; the formula stays readable
        return f'<code data-refus="{_escaped(f"{latex} ({type(failure).__name__})")}">{_escaped(latex)}</code>'


def _visit_math(translator: Translator, node: nodes.math) -> None:
    _write(translator, _mathml(node, "inline"))
    raise nodes.SkipNode


def _visit_math_block(translator: Translator, node: nodes.math_block) -> None:
    _write(translator, f'<div class="formule">{_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def _visit_lost_link(translator: Translator, node: book_nodes.LostLink) -> None:
    _write(translator, f'<span data-page-absente="{_escaped(node["target"])}">')


def _depart_lost_link(translator: Translator, _node: book_nodes.LostLink) -> None:
    _write(translator, "</span>")


def _nothing(_translator: Translator, _node: nodes.Element) -> None:
    """Write nothing: the visit skipped the departure."""


VISITORS: dict[type[nodes.Element], tuple[Visit, Visit]] = {
    book_nodes.DataTable: (_visit_table, _nothing),
    book_nodes.CellLink: (_nothing, _nothing),
    book_nodes.Code: (_visit_code, _nothing),
    book_nodes.Details: (_visit_details, _depart_details),
    book_nodes.Figure: (_visit_figure, _nothing),
    book_nodes.Drawing: (_visit_drawing, _nothing),
    book_nodes.Cards: (_visit_cards, _depart_cards),
    book_nodes.Card: (_visit_card, _nothing),
    book_nodes.Sentence: (_visit_sentence, _depart_sentence),
    book_nodes.ResultList: (_visit_result_list, _nothing),
    book_nodes.Notice: (_visit_notice, _nothing),
    book_nodes.Comment: (_visit_comment, _depart_comment),
    book_nodes.LostLink: (_visit_lost_link, _depart_lost_link),
    book_nodes.Provenance: (_visit_provenance, _depart_provenance),
}
MATH_RENDERERS: tuple[tuple[Visit, None], tuple[Visit, None]] = ((_visit_math, None), (_visit_math_block, None))
