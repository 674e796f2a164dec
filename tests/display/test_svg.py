"""Drawings: one clean element each, equal at every run, that leave each other alone in a page."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
import seaborn as sns

from caqes_analysis.display import ColumnFormat, Figure, Table, charts, style
from caqes_analysis.display.payload import validate
from tests.display.samples import FIGURES, PLACE, monthly

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    """Where a text stands."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    slanted: bool = False

    def overlaps(self, other: Box) -> bool:
        """Say whether two texts cover each other by more than a unit; slanted ones by the distance of their lines."""
        if self.slanted and other.slanted:
            return abs(self.left - other.left) * math.sin(math.pi / 4) < 9
        return (
            min(self.right, other.right) - max(self.left, other.left) > 1
            and min(self.bottom, other.bottom) - max(self.top, other.top) > 1
        )


def boxes(svg: str) -> Iterator[Box]:
    """Boxes of the texts of a drawing: ascenders to baseline; of a slanted text, the box that holds it."""
    for node in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        transform = re.search(r"translate\(([-0-9.]+) ([-0-9.]+)\)", node.get("transform", ""))
        x, y = (
            (float(transform[1]), float(transform[2]))
            if transform
            else (float(node.get("x", 0)), float(node.get("y", 0)))
        )
        text = node.text or ""
        width = style.text_width(text, weight=node.get("font-weight", "normal"))
        slant = re.search(r"rotate\(-([0-9.]+)[ )]", node.get("transform", ""))
        if slant:  # the texts that the house slants begin at their anchor and go up
            angle = math.radians(float(slant[1]))
            right, top = x + width * math.cos(angle), y - width * math.sin(angle) - 9 * math.cos(angle)
            yield Box(text, x - 9 * math.sin(angle), right, top, y, slanted=True)
            continue
        left = x - {"start": 0, "middle": width / 2, "end": width}[node.get("text-anchor", "start")]
        yield Box(text, left, left + width, y - 9, y)


@pytest.mark.parametrize("name", FIGURES)
def test_a_drawing_is_one_element_without_anything_foreign(name: str) -> None:
    svg = FIGURES[name](1).svg
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    used = {node.tag.removeprefix(SVG) for node in root.iter()}
    assert used <= {"svg", "g", "path", "use", "defs", "clipPath", "rect", "text", "pattern"}
    assert style.INK not in svg
    assert "currentColor" in svg
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|xlink|style=\"(?!max-width)", svg)
    assert all(node.get("fill") == "currentColor" for node in root.iter(f"{SVG}text"))
    assert len(svg) < 40_000


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_texts_are_large_enough_inside_the_frame_and_apart(name: str, seed: int) -> None:
    svg = FIGURES[name](seed).svg
    root = ElementTree.fromstring(svg)
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    sizes = [float(node.get("font-size", style.FONT_SIZE)) for node in root.iter(f"{SVG}text")]
    smallest_at_320_px = min(sizes) * (320 - 2 * 16) / width
    assert smallest_at_320_px >= 9.0
    placed = list(boxes(svg))
    outside = [
        box for box in placed if box.left < -1 or box.right > width + 1 or box.top < -1 or box.bottom > height + 1
    ]
    assert not outside
    assert not [(a.text, b.text) for a, b in combinations(placed, 2) if a.overlaps(b)]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_are_french(name: str) -> None:
    figure = FIGURES[name](1)
    written = "\n".join([box.text for box in boxes(figure.svg)] + [figure.title, figure.alt, *figure.notes])
    assert not re.search(r"[0-9]\.[0-9]|[0-9],[0-9]{3}\b|-[0-9]|[0-9] ?%", written)
    english = r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|January|None|nan|NaN|other|target|total of)\b"
    assert not re.search(english, written)


def test_figures_of_a_page_do_not_share_identifiers() -> None:
    seen: dict[str, str] = {}
    for name, make in FIGURES.items():
        for identifier in re.findall(r' id="([^"]+)"', make(1).svg):
            assert seen.setdefault(identifier, name) == name
    assert seen


def test_a_figure_is_the_same_whatever_the_notebook_set_before() -> None:
    expected = charts.monthly_spending(monthly(), **PLACE).svg
    with mpl.rc_context({"font.size": 30, "axes.grid": False, "svg.fonttype": "path", "lines.linewidth": 9}):
        assert charts.monthly_spending(monthly(), **PLACE).svg == expected


def test_two_processes_write_the_same_bytes() -> None:
    code = (
        "from hashlib import sha256; from tests.display.samples import FIGURES;"
        "print(sha256(repr([sorted(f(1).payload.items()) for f in FIGURES.values()]).encode()).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PATH": ""},
    )
    mine = sha256(repr([sorted(f(1).payload.items()) for f in FIGURES.values()]).encode()).hexdigest()
    assert other.stdout == f"{mine}\n"


def test_a_name_of_any_content_appears_as_text() -> None:
    name = "<script>$x^2$</script> {{ a }} & \u202e"
    figure = charts.monthly_spending(monthly(), **{**PLACE, "name": name})
    assert "<script>" not in figure.html()
    assert "&lt;script&gt;$x^2$" in figure.html()
    assert "\u202e" not in str(figure.payload)


def test_a_seaborn_drawing_takes_the_style() -> None:
    with style.house_style():
        drawing, axes = style.sketch(200, left=40, bottom=30)
        sns.lineplot(x=[1, 2, 3], y=[3, 1, 2], ax=axes, color=style.ACCENT)
    table = Table.from_frame(monthly(), caption="Essai", columns=[ColumnFormat.amount("amount_eur", "Montant")])
    figure = Figure.from_drawing(drawing, title="Un creux", alt="Trois, un, deux.", table=table)
    assert validate(figure.payload)["kind"] == "figure"
    assert style.ACCENT in figure.svg
    assert "DejaVu Sans, Verdana" in figure.svg


def test_a_figure_without_message_or_alternative_is_refused() -> None:
    figure = FIGURES["year_totals"](1)
    for title, alt in (("", "texte"), ("titre", " ")):
        with pytest.raises(ValueError, match="alternative text"):
            Figure(title, alt, figure.svg, figure.table)
