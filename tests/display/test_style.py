"""Colours that everyone tells apart, settings that leave no trace."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from caqes_analysis.display import style
from caqes_analysis.envelopes import ENVELOPES

COLOURS = {**style.ENVELOPE_COLOURS, "warning": style.WARNING, "context": style.CONTEXT}
# Machado, Oliveira and Fernandes (2009), severity 1.
DEFICIENCIES = {
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
}


def linear(colour: str) -> np.ndarray:
    channels = np.array(to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    high, low = sorted((float(weights @ linear(first)), float(weights @ linear(second))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(channels: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ channels
    f = np.cbrt(np.clip(xyz / np.array([0.9505, 1.0, 1.089]), 0.008856, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("background", ["#ffffff", "#121417"])
@pytest.mark.parametrize("name", COLOURS)
def test_colours_stand_out_on_both_backgrounds(name: str, background: str) -> None:
    assert contrast(COLOURS[name], background) >= 3.0


def test_every_envelope_has_its_own_colour() -> None:
    assert set(style.ENVELOPE_COLOURS) == {envelope.code for envelope in ENVELOPES}
    assert len(set(style.ENVELOPE_COLOURS.values())) == len(ENVELOPES)
    assert style.envelope_colour("mine") == style.ACCENT


@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=list(DEFICIENCIES))
def test_colours_of_one_figure_differ_for_colour_blind_readers(matrix: list[list[float]]) -> None:
    trio = {"accent": style.ACCENT, "warning": style.WARNING, "context": style.CONTEXT}
    for first, second in combinations(trio.values(), 2):
        seen = [lab(np.clip(np.array(matrix) @ linear(colour), 0, 1)) for colour in (first, second)]
        assert np.linalg.norm(seen[0] - seen[1]) > 15, (first, second)


def test_settings_come_back_whatever_they_were() -> None:
    with mpl.rc_context({"font.size": 40.0, "axes.facecolor": "red"}):
        with style.house_style():
            assert mpl.rcParams["font.size"] == style.FONT_SIZE
            assert mpl.rcParams["axes.facecolor"] == "none"
        assert mpl.rcParams["font.size"] == 40.0


@given(st.text(st.characters(codec="latin-1", categories=["L", "N", "Zs"]), max_size=80), st.floats(20, 300))
def test_a_shortened_text_fits(text: str, width: float) -> None:
    short = style.shortened(text, width)
    assert style.text_width(short) <= width
    assert short == text or (short.endswith("…") and text.startswith(short[:-1].rstrip()))


def test_names_are_abbreviated_before_they_are_cut() -> None:
    assert style.shortened_name("CH de Rive", 300) == "CH de Rive"
    assert style.shortened_name("Centre hospitalier universitaire de Rive", 120) == "CHU de Rive"
    assert style.abbreviated("Hôpitaux réunis") == "Hôpitaux réunis"
