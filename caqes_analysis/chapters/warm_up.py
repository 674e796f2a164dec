"""What the first sheet of a process does once for all, done by the template of kernels as it imports this module.

Widths of letters and fonts of matplotlib, grammar of YAML, types of the tables, rules of those that a sheet writes. Of
the campaign that :data:`~caqes_analysis.campaign.CAMPAIGN_VARIABLE` names, what its file and its scheme say: a kernel
reads them again, and what was parsed serves as long as their text is the same. Nothing here starts a thread.
"""

from __future__ import annotations

import os
import string
from contextlib import suppress
from typing import Final

from ruamel.yaml import YAML

from caqes_analysis.campaign import CAMPAIGN_VARIABLE, load_campaign
from caqes_analysis.chapters.page import SHEET_TABLES
from caqes_analysis.display.style import house_style, sketch, text_width
from caqes_analysis.display.svg import to_svg
from caqes_analysis.errors import CaqesError
from caqes_analysis.schemes.scheme import scheme_of
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
    if chosen := os.environ.get(CAMPAIGN_VARIABLE):
        with suppress(CaqesError):  # the notebooks will say what is wrong with it
            scheme_of(load_campaign(chosen))


_warm_up()
