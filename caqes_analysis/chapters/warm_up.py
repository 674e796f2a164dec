"""What the first sheet of a process does once for all, done by the template of kernels as it imports this module.

Widths of letters and fonts of matplotlib, grammar of YAML, types of the tables, rules of those that a sheet writes:
none of it depends on a campaign. Nothing here starts a thread.
"""

from __future__ import annotations

import string
from typing import Final

from ruamel.yaml import YAML

from caqes_analysis.chapters.page import SHEET_TABLES
from caqes_analysis.display.style import house_style, sketch, text_width
from caqes_analysis.display.svg import to_svg
from caqes_analysis.tables import ALL_TABLES

__all__ = ["LETTERS"]

LETTERS: Final = (
    f"{string.printable.strip()}àâçèéêëîïôùûœÀÂÇÈÉÊËÎÏÔÙÛŒ€«»…–−≥≤×\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
)
"""What the charts of a French report are written with."""


def _warm_up() -> None:
    with house_style():
        figure, axes = sketch(60.0, has_ticks=False)
        axes.plot([0.0, 1.0], [0.0, 1.0])
        axes.text(0.0, 0.0, LETTERS[:20])
        axes.text(0.0, 0.5, LETTERS[:20], weight="bold")
        for weight in ("normal", "bold"):
            text_width(LETTERS, weight=weight)
        to_svg(figure)
    YAML(typ="rt").load('a: {b: [1, 2.5, 2024-01-01, "c"]}\nd:\n  - e  # f\n  - |\n    g\n')
    for table in ALL_TABLES:
        table.empty()
    for table in SHEET_TABLES:
        table.validate(table.empty())


_warm_up()
