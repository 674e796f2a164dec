"""The two consoles, and small pieces of terminal text that neither cut words nor carry control characters."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.containers import Lines
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from caqes_analysis import french

__all__ = ["ERR", "OUT", "Typeset", "as_is", "duration", "numbered", "plain", "program_name", "typeset"]

OUT: Final = Console(highlight=False)
"""What was asked for."""
ERR: Final = Console(stderr=True, highlight=False)
"""Progress and what went wrong."""

_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


def plain(text: object) -> str:
    """Return a text without colour codes and control characters: it may come from a file or from a notebook.

    Examples
    --------
    >>> plain("\\x1b[31mZeroDivisionError\\x1b[0m :\\x07 division")
    'ZeroDivisionError : division'
    """
    return _ESCAPES.sub("", str(text))


class _Bound(Text):
    """Text wrapped at plain spaces only: rich would break at a no-break space, which Python calls a space."""

    def wrap(self, *args: Any, **settings: Any) -> Lines:
        """Wrap with no-break spaces hidden."""
        whole = self.copy()
        whole.plain = whole.plain.replace(french.NBSP, _STAND_IN)
        lines = whole.wrap(*args, **settings)
        for line in lines:
            line.plain = line.plain.replace(_STAND_IN, french.NBSP)
        return lines


_STAND_IN: Final = "\ue000"  # private use: one cell wide, and in no text


class Typeset:
    """A paragraph whose French punctuation stays with its word when lines are wrapped.

    Parameters
    ----------
    text
        The paragraph; its styles are kept.
    """

    def __init__(self, text: str | Text) -> None:
        source = text if isinstance(text, Text) else Text(text)
        bound = re.sub(r" (?=[:;!?»])", french.NBSP, re.sub(r"(?<=[«→]) ", french.NBSP, source.plain))
        self.text: Text = _Bound(bound, style=source.style, overflow="fold", spans=list(source.spans))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text  # not printed as it is: a console joins texts, and would forget how this one is wrapped

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.text)


def typeset(text: str | Text) -> Typeset:
    """Return a paragraph ready to be printed."""
    return Typeset(text)


def as_is(console: Console, text: object) -> None:
    """Print a path or a command on a line of its own, never wrapped: it is meant to be copied."""
    console.print(Text(plain(text)), soft_wrap=True)


def numbered(items: Iterable[Iterable[str | Text | Table]], *, start: int = 1) -> Table:
    """Lay out a numbered list; each item is several paragraphs, wrapped under its number and never cut."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for number, paragraphs in enumerate(items, start):
        shown = [typeset(plain(part)) if isinstance(part, str) else part for part in paragraphs if part]
        grid.add_row(f"  {number}.", Group(*(typeset(part) if isinstance(part, Text) else part for part in shown)))
    return grid


def duration(seconds: float) -> str:
    """Return a duration in words, as exact as one needs while waiting.

    Examples
    --------
    >>> duration(0.4), duration(7.2), duration(65), duration(3725)
    ('moins de 1 s', '7 s', '1 min 05 s', '1 h 02 min')
    """
    whole = round(seconds)
    if whole < 1:
        return "moins de 1 s"
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def program_name() -> str:
    """Return how the program was started, so that the commands that it prints can be copied."""
    started = getattr(sys.modules.get("__main__"), "__spec__", None)
    return "python -m caqes_analysis" if started and started.name.startswith("caqes_analysis") else "caqes"
