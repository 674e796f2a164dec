"""All the pages of the guide, and the notebooks that the book compiles them from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from caqes_analysis import french
from caqes_analysis.book import Page
from caqes_analysis.display.base import Display
from caqes_analysis.guide.calendar_page import calendar_page
from caqes_analysis.guide.index_pages import glossary_page, index_page
from caqes_analysis.guide.indicator_page import indicator_page
from caqes_analysis.guide.sources import GUIDE_PATH, GUIDE_TITLE, GuidePage, GuideSources, Part

__all__ = ["book_pages", "guide_pages"]

_ABOUT = "Comprendre"


def guide_pages(sources: GuideSources, *, in_report: Mapping[str, str] | None = None) -> tuple[GuidePage, ...]:
    """Return the pages of the guide in reading order: index, indicators by theme, glossary, calendar.

    Parameters
    ----------
    sources
        What the guide is written from.
    in_report
        Page of each indicator in the report that holds the guide; none when the guide is alone.
    """
    pages = in_report or {}
    ordered = sorted(
        sources.definitions.values(),
        key=lambda one: (french.alphabetical(one.theme), one.status == "draft", french.alphabetical(one.name)),
    )
    indicators = [indicator_page(one, sources, in_report=pages.get(one.id)) for one in ordered]
    return (
        index_page(sources, is_in_report=in_report is not None),
        *indicators,
        glossary_page(sources),
        calendar_page(sources),
    )


def book_pages(
    sources: GuideSources,
    folder: Path,
    *,
    provenance: dict[str, str],
    is_part: bool,
    in_report: Mapping[str, str] | None = None,
) -> tuple[Page, ...]:
    """Write the pages as notebooks, and return them as pages of a book.

    Parameters
    ----------
    sources
        What the guide is written from.
    folder
        Folder that receives the notebooks.
    provenance
        What the foot of every page says.
    is_part
        True when the guide is a part of a report; False when it is the whole book.
    in_report
        Page of each indicator in that report.
    """
    made = []
    for page in guide_pages(sources, in_report=in_report):
        place = folder / f"{page.path}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(_notebook(page.parts), ensure_ascii=True, sort_keys=True), encoding="ascii")
        made.append(
            Page(
                page.path,
                page.title,
                place,
                group=_group(page, is_part=is_part),
                keywords=page.keywords,
                provenance=provenance,
            )
        )
    return tuple(made)


def _group(page: GuidePage, *, is_part: bool) -> tuple[str, ...]:
    if is_part:
        return (GUIDE_TITLE, page.theme) if page.theme else (GUIDE_TITLE,)
    if page.path == GUIDE_PATH:
        return ()
    return (page.theme or _ABOUT,)


def _notebook(parts: Sequence[Part]) -> dict[str, Any]:
    return {"cells": [_cell(part) for part in parts], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cell(part: Part) -> dict[str, Any]:
    if not isinstance(part, Display):
        return {"cell_type": "markdown", "metadata": {}, "source": part}
    shown = {"output_type": "display_data", "metadata": {}, "data": part._repr_mimebundle_()}
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "source": "", "outputs": [shown]}
