"""Terminal text: never cut, never broken before a colon, never a control character."""

from __future__ import annotations

import io
import sys
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from caqes_analysis.command_line.text import as_is, duration, numbered, plain, program_name, typeset


def printed(shown: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(st.lists(st.text("abcéè01", min_size=1, max_size=12), min_size=1, max_size=40), st.integers(20, 60))
def test_wrapping_keeps_every_word_and_the_punctuation(words: list[str], width: int) -> None:
    text = " : ".join(words) + " ; « fin » !"
    lines = printed(typeset(text), width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert not any(line.lstrip().startswith((":", ";", "»", "!")) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_word_longer_than_the_window_is_folded_not_cut() -> None:
    assert printed(typeset("a" * 50), 20).split() == ["a" * 20, "a" * 20, "a" * 10]


def test_styles_survive() -> None:
    spans = typeset(Text.assemble(("Échec", "bold red"), " : rien")).text.spans
    assert [(span.start, span.end, str(span.style)) for span in spans] == [(0, 5, "bold red")]


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    assert not any((ord(sign) < 32 and sign not in "\n\t") or 127 <= ord(sign) < 160 for sign in plain(text))


def test_lists_are_numbered_and_wrapped_under_their_number() -> None:
    lines = printed(numbered([("un deux trois quatre",), ("", "cinq")], start=9), 17).splitlines()
    assert [line.rstrip() for line in lines] == ["   9. un deux", "      trois", "      quatre", "  10. cinq"]


def test_a_path_is_never_wrapped_nor_read_as_markup() -> None:
    console = Console(file=io.StringIO(), width=10, highlight=False)
    as_is(console, "/un/long/chemin/[bold]/index.html")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "/un/long/chemin/[bold]/index.html\n"


@pytest.mark.parametrize(("seconds", "words"), [(59.4, "59 s"), (59.6, "1 min 00 s"), (3600, "1 h 00 min")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("module", "name"),
    [("caqes_analysis.__main__", "python -m caqes_analysis"), ("pytest.__main__", "caqes"), (None, "caqes")],
)
def test_the_program_is_called_as_it_was_started(
    monkeypatch: pytest.MonkeyPatch, module: str | None, name: str
) -> None:
    started = ModuleType("__main__")
    started.__spec__ = SimpleNamespace(name=module) if module else None  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "__main__", started)
    assert program_name() == name
