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
from functools import lru_cache
from threading import RLock
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from caqes_analysis.display.scale import AmountScale, amount_scale
from caqes_analysis.french import month_name, number, signed

__all__ = [
    "ACCENT",
    "CONTEXT",
    "ENVELOPE_COLOURS",
    "FONT_FAMILIES",
    "FONT_SIZE",
    "INK",
    "WARNING",
    "WIDTH",
    "abbreviated",
    "amount_axis",
    "canvas",
    "envelope_colour",
    "house_style",
    "month_axis",
    "names_apart",
    "percent_axis",
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
_POINTS_PER_INCH: Final = 72.0
_LOCK = RLock()

_SETTINGS: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.dpi": _POINTS_PER_INCH,
    "figure.facecolor": "none",
    "font.family": [_FONT],
    "font.size": FONT_SIZE,
    "grid.alpha": 0.18,
    "grid.color": INK,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 1.2,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "savefig.dpi": _POINTS_PER_INCH,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "caqes_analysis",
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": INK,
    "xtick.labelsize": FONT_SIZE,
    "xtick.major.size": 4.0,
    "ytick.color": INK,
    "ytick.labelsize": FONT_SIZE,
    "ytick.major.size": 0.0,
    "ytick.major.pad": 4.0,
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
    with _LOCK, mpl.rc_context():
        current: Any = mpl.rcParams
        # Setting all 300 takes longer than drawing: most are as they should be.
        current.update({name: value for name, value in _settings().items() if current[name] != value})
        yield


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
    **options: Any,
) -> tuple[Figure, Any]:
    """Return a figure and its axes, :data:`WIDTH` units wide; call it inside :func:`house_style`.

    Parameters
    ----------
    height
        Height in units.
    left, right, top, bottom
        Margins in units: laid out by hand, since automatic layout takes longer than the drawing.
    rows, columns, options
        As ``matplotlib.figure.Figure.subplots``, with ``wspace`` and ``hspace`` in units.
    """
    wspace, hspace = options.pop("wspace", 0.0), options.pop("hspace", 0.0)
    figure = Figure(figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
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
    return figure, figure.subplots(rows, columns, **options)


def canvas(height: float) -> tuple[Figure, Axes]:
    """Return a figure and axes without ticks, in units from the top left corner; call it inside :func:`house_style`.

    The limits are fixed: ``add_artist`` spares the search for new ones that ``add_patch`` makes.
    """
    figure = Figure(figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    return figure, axes


@lru_cache(maxsize=2)
def _font(weight: str) -> Any:
    return get_font(findfont(FontProperties(family=[_FONT], weight=weight)))


@lru_cache(maxsize=4096)
def text_width(text: str, *, size: float = FONT_SIZE, weight: str = "normal") -> float:
    """Return the width of a text in units, as it will be printed."""
    font = _font(weight)
    font.set_size(size, _POINTS_PER_INCH)
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64


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
    ("institut de cancérologie", "IC"),
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


def amount_axis(axes: Axes, largest: float, *, ticks_nb: int = 4) -> AmountScale:
    """Write the vertical axis in one unit of amount, named above it, and return that unit."""
    scale = amount_scale(largest)
    locator = MaxNLocator(ticks_nb, steps=[1, 2, 2.5, 5, 10])
    axes.yaxis.set_major_locator(locator)
    low, high = axes.get_ylim()
    unit = 10.0**scale.power
    whole = all(float(tick / unit).is_integer() for tick in locator.tick_values(low, high))
    decimals = 0 if whole else 1 if all(float(tick / unit * 10).is_integer() for tick in axes.get_yticks()) else 2
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value / unit, decimals if value else 0)))
    axes.annotate(scale.unit, (0, 1), (-4, 10), xycoords="axes fraction", textcoords="offset points", ha="right")
    return scale


def percent_axis(axes: Axes, *, ticks_nb: int = 5, plus: bool = True) -> None:
    """Write the vertical axis in percent, signed or not, the unit named above it."""
    axes.yaxis.set_major_locator(MaxNLocator(ticks_nb, steps=[1, 2, 2.5, 5, 10]))
    ticks = axes.get_yticks()
    decimals = 0 if all(float(tick).is_integer() for tick in ticks) else 1
    write = signed if plus else number
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value, decimals if value else 0)))
    axes.annotate("%", (0, 1), (-4, 10), xycoords="axes fraction", textcoords="offset points", ha="right")


def month_axis(axes: Axes, *, labelled: Sequence[int] = (1, 3, 5, 7, 9, 11), margin: float = 0.6) -> None:
    """Write the horizontal axis as the months of a year (1 to 12), some of them named."""
    axes.set_xlim(1 - margin, 12 + margin)
    axes.xaxis.set_major_locator(FixedLocator(list(labelled)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: month_name(round(value), short=True)))
