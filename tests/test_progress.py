"""Progress in a terminal and in a log."""

from __future__ import annotations

import io
import re

from rich.console import Console

from caqes_analysis.progress import PlainProgress, shown_progress


def told(steps: list[tuple[float, str, int, int]]) -> list[str]:
    clock = iter([second for second, *_ in steps])
    lines: list[str] = []
    tell = PlainProgress(lines.append, clock=lambda: next(clock))
    for _, step, done, total in steps:
        tell(step, done, total)
    return lines


def test_a_long_step_gives_a_dozen_lines_at_most() -> None:
    lines = told([(second, "Fiches", second, 254) for second in range(255)])
    assert 10 <= len(lines) <= 12
    assert lines[0] == "Fiches : 254 à faire…"
    assert lines[-1] == "Fiches : 254/254 en 4 min 14 s"
    assert all(re.fullmatch(r"Fiches : \d+/254, reste environ .+", line) for line in lines[1:-1])


def test_a_quick_step_gives_two_lines() -> None:
    assert told([(done / 10, "Fiches", done, 40) for done in range(41)]) == [
        "Fiches : 40 à faire…",
        "Fiches : 40/40 en 4 s",
    ]


def test_a_step_of_one_unit_shows_no_count() -> None:
    assert told([(0, "Lecture", 0, 1), (3, "Lecture", 1, 1)]) == ["Lecture…", "Lecture : fait en 3 s"]


def test_nothing_to_do() -> None:
    assert told([(0, "Fiches", 0, 0)]) == ["Fiches : fait en moins de 1 s"]


def test_a_log_holds_no_control_character() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=False)
    with shown_progress(console) as tell:
        tell("Fiches des établissements du département", 0, 3)
        tell("Fiches des établissements du département", 3, 3)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert len(text.splitlines()) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_a_terminal_shows_bars_with_counts_and_time() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with shown_progress(console) as tell:
        tell("Lecture", 0, 1)
        tell("Lecture", 1, 1)
        for done in range(4):
            tell("Fiches", done, 3)
    assert isinstance(console.file, io.StringIO)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue()).splitlines()[-2:]
    assert "Lecture" in last[0]
    assert "/" not in last[0]
    assert re.search(r"Fiches.*3/3.*en moins de 1 s", last[1])


def test_an_interruption_gives_the_cursor_back() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    try:
        with shown_progress(console) as tell:
            tell("Fiches", 0, 3)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().rfind("\x1b[?25h") > console.file.getvalue().rfind("\x1b[?25l")
