"""One style for every figure: colours, sizes, French axes.

- **Colours**: ink is the page's own text colour (``currentColor``); the others have a contrast of at least 3 to 1 with
  white and with the dark page alike, and differ for colour-blind readers; each envelope keeps its own. Text is always
  ink, a coloured text could not be read on both backgrounds.
- **Sizes**: a figure is :data:`WIDTH` units wide and nothing in it is smaller than :data:`FONT_SIZE`, which is 9 px on
  a screen 320 px wide.
- **Texts** stay texts (``svg.fonttype: none``): a third of the weight of glyph outlines, searchable and in the theme's
  colour. They are laid out in DejaVu Sans, which matplotlib ships; Verdana, which Windows and macOS ship, has the same
  metrics and is asked for next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import RLock
from typing import Any, Final

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D

from caqes_analysis.display.plain_axes import PlainAxes

__all__ = [
    "ACCENT",
    "CONTEXT",
    "ENVELOPE_COLOURS",
    "FONT_FAMILIES",
    "FONT_SIZE",
    "GRID_ALPHA",
    "INK",
    "POINTS_PER_INCH",
    "RULE_WIDTH",
    "TICK_LENGTH",
    "TICK_PAD",
    "WARNING",
    "WIDTH",
    "Canvas",
    "abbreviated",
    "canvas",
    "envelope_colour",
    "house_style",
    "names_apart",
    "shortened",
    "shortened_name",
    "sketch",
    "text_width",
]

# A colour that no data uses: the SVG writer turns it into the text colour of the page.
INK: Final = "#010203"
ACCENT: Final = "#1a78b8"
WARNING: Final = "#d55e00"
CONTEXT: Final = "#848a92"

ENVELOPE_COLOURS: Final = {
    "phmev": ACCENT,
    "extra_list_drugs": "#008a68",
    "extra_list_devices": "#8b6cc4",
    "lpp": "#b0568f",
    "perfadom": "#3a8c99",
    "transport_ambulance": "#8f7718",
    "transport_taxi": "#7a8a2a",
    "transport_vsl": "#a9743c",
}

WIDTH: Final = 400.0
FONT_SIZE: Final = 12.5
FONT_FAMILIES: Final = "DejaVu Sans, Verdana, sans-serif"
_FONT: Final = "DejaVu Sans"
POINTS_PER_INCH: Final = 72.0
TICK_LENGTH: Final = 4.0
TICK_PAD: Final = 3.5
RULE_WIDTH: Final = 0.8
GRID_ALPHA: Final = 0.18
_LOCK = RLock()

_SETTINGS: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.linewidth": RULE_WIDTH,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.dpi": POINTS_PER_INCH,
    "figure.facecolor": "none",
    "font.family": [_FONT],
    "font.size": FONT_SIZE,
    "grid.alpha": GRID_ALPHA,
    "grid.color": INK,
    "grid.linewidth": RULE_WIDTH,
    "hatch.linewidth": 1.2,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "savefig.dpi": POINTS_PER_INCH,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "caqes_analysis",
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": INK,
    "xtick.labelsize": FONT_SIZE,
    "xtick.major.pad": TICK_PAD,
    "xtick.major.size": TICK_LENGTH,
    "xtick.major.width": RULE_WIDTH,
    "ytick.color": INK,
    "ytick.labelsize": FONT_SIZE,
    "ytick.major.size": 0.0,
    "ytick.major.pad": TICK_LENGTH,
}


@lru_cache(maxsize=1)
def _settings() -> dict[str, Any]:
    untouched = ("backend", "interactive", "toolbar", "webagg", "tk.", "macosx", "date.epoch")
    defaults: Any = mpl.rcParamsDefault
    settings = mpl.RcParams({**{k: v for k, v in defaults.items() if not k.startswith(untouched)}, **_SETTINGS})
    return {str(name): value for name, value in settings.items()}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, whatever the notebook set before; its settings come back at the end.

    The settings of matplotlib belong to the whole process: one thread draws at a time.
    """
    with _LOCK:
        if _drawing.is_styled:
            yield
            return
        with mpl.rc_context():
            current: Any = mpl.rcParams
            # Setting all 300 takes longer than drawing: most are as they should be.
            current.update({name: value for name, value in _settings().items() if current[name] != value})
            _drawing.is_styled = True
            try:
                yield
            finally:
                _drawing.is_styled = False


@dataclass
class _Drawing:
    """Whether the thread that draws is inside the house style already."""

    is_styled: bool = False


_drawing = _Drawing()


def envelope_colour(envelope: str | None) -> str:
    """Return the colour of an envelope, the same everywhere; the accent for one that a region added."""
    return ENVELOPE_COLOURS.get(envelope or "", ACCENT)


def sketch(
    height: float,
    *,
    left: float = 8.0,
    right: float = 8.0,
    top: float = 8.0,
    bottom: float = 8.0,
    rows: int = 1,
    columns: int = 1,
    has_ticks: bool = True,
    **options: Any,
) -> tuple[Figure, Any]:
    """Return a figure and its axes, :data:`WIDTH` units wide; call it inside :func:`house_style`.

    Parameters
    ----------
    height
        Height in units.
    left, right, top, bottom
        Margins in units: laid out by hand, since automatic layout takes longer than the drawing.
    has_ticks
        False where they are written by :mod:`caqes_analysis.display.axes`, not by matplotlib.
    rows, columns, options
        As ``matplotlib.figure.Figure.subplots``, with ``wspace`` and ``hspace`` in units.
    """
    wspace, hspace = options.pop("wspace", 0.0), options.pop("hspace", 0.0)
    figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, height / POINTS_PER_INCH))
    panel_width = (WIDTH - left - right - wspace * (columns - 1)) / columns
    panel_height = (height - top - bottom - hspace * (rows - 1)) / rows
    figure.subplots_adjust(
        left=left / WIDTH,
        right=1 - right / WIDTH,
        bottom=bottom / height,
        top=1 - top / height,
        wspace=wspace / panel_width,
        hspace=hspace / panel_height,
    )
    made = {} if has_ticks else {"axes_class": PlainAxes}
    return figure, figure.subplots(rows, columns, subplot_kw=made, **options)


class Canvas:
    """A drawing in units from the top left corner, without axes: making some takes as long as all that is drawn.

    Parameters
    ----------
    figure
        What is drawn on, of that height in units.
    """

    def __init__(self, figure: Figure, height: float) -> None:
        self._figure = figure
        self._place = Affine2D().scale(1, -1).translate(0, height)

    def plot(self, x: Sequence[float], y: Sequence[float], **look: Any) -> None:
        """Draw a line through points."""
        self._figure.add_artist(Line2D(x, y, transform=self._place, **look))

    def text(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a text."""
        self._figure.text(x, y, text, transform=self._place, **look)

    def add_artist(self, artist: Artist) -> None:
        """Draw another shape."""
        artist.set_transform(self._place)
        self._figure.add_artist(artist)


def canvas(height: float) -> tuple[Figure, Canvas]:
    """Return a figure to draw on, :data:`WIDTH` units wide; call it inside :func:`house_style`."""
    figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, height / POINTS_PER_INCH))
    return figure, Canvas(figure, height)


@lru_cache(maxsize=4096)
def _advance(character: str, weight: str) -> float:
    """Return the width that a character takes, for a font size of 1."""
    # Not kept: a font reads its file as it goes, at a place that forked processes would share. matplotlib forgets its
    # own fonts at a fork.
    font = get_font(findfont(FontProperties(family=[_FONT], weight=weight)))
    font.set_size(1, POINTS_PER_INCH)
    return float(font.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance) / 65536


def text_width(text: str, *, size: float = FONT_SIZE, weight: str = "normal") -> float:
    """Return the width of a text in units, as it will be printed: the sum of those of its characters."""
    return size * sum(_advance(character, weight) for character in text)


def shortened(text: str, width: float, *, size: float = FONT_SIZE, weight: str = "normal") -> str:
    """Return the text, cut with an ellipsis where it would be wider than ``width``."""
    if text_width(text, size=size, weight=weight) <= width:
        return text
    shortest, longest = 0, len(text)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        fits = text_width(text[:middle].rstrip() + "…", size=size, weight=weight) <= width
        shortest, longest = (middle, longest) if fits else (shortest, middle - 1)
    return text[:shortest].rstrip() + "…"


# What French hospitals call themselves, longest first; used where a whole name has no room.
_ABBREVIATIONS: Final = (
    ("centre hospitalier régional universitaire", "CHRU"),
    ("centre hospitalier universitaire", "CHU"),
    ("centre hospitalier intercommunal", "CHI"),
    ("centre hospitalier spécialisé", "CHS"),
    ("centre hospitalier régional", "CHR"),
    ("centre hospitalier", "CH"),
    ("groupe hospitalier intercommunal", "GHI"),
    ("groupe hospitalier", "GH"),
    ("institut de cancérologie", "Inst. de cancérologie"),
    ("association hospitalière", "Assoc. hosp."),
    ("hôpital de proximité", "HP"),
    ("hôpital local", "HL"),
    ("hôpital", "Hôp."),
    ("polyclinique", "Polycl."),
    ("clinique", "Cl."),
)


def abbreviated(name: str) -> str:
    """Return the name of an establishment with its kind abbreviated.

    Examples
    --------
    >>> abbreviated("Centre hospitalier de Rive")
    'CH de Rive'
    """
    for words, abbreviation in _ABBREVIATIONS:
        if name.lower().startswith(f"{words} "):
            return abbreviation + name[len(words) :]
    return name


def shortened_name(name: str, width: float, *, weight: str = "normal") -> str:
    """Return the name of an establishment as it fits: whole, else abbreviated, else cut."""
    whole = text_width(name, weight=weight) <= width
    return name if whole else shortened(abbreviated(name), width, weight=weight)


def names_apart(names: Sequence[str], width: float) -> list[str]:
    """Return the names of establishments as they fit; those that the cut would make alike keep their last word.

    Examples
    --------
    >>> names_apart(["Polyclinique de l'Étang, Rive", "Polyclinique de l'Étang, Val"], 100)
    ['Polycl. d… Rive', 'Polycl. de… Val']
    """
    short = [abbreviated(name) for name in names]
    cut = [shortened(name, width) for name in short]
    times = Counter(cut)
    return [_with_its_end(name, width) if times[text] > 1 else text for name, text in zip(short, cut, strict=True)]


def _with_its_end(name: str, width: float) -> str:
    start, _, end = name.rpartition(" ")
    room = width - text_width(f" {end}")
    if not start or room < text_width("Hôp.…"):
        return shortened(name, width)
    return f"{shortened(start, room)} {end}"
