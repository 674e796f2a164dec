"""Finding a Python: the right version, complete, and a message in two languages when there is none."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from caqes_analysis.bootstrap.interpreters import SUPPORTED, Interpreter, candidates, choose, probe
from caqes_analysis.bootstrap.problems import SetupError


def test_supported_versions_are_those_of_the_project(repository: Path) -> None:
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project)
    assert found is not None
    assert tuple((3, minor) for minor in range(int(found[1]), int(found[2]))) == SUPPORTED
    conda = (repository / "environment.yml").read_text(encoding="utf-8")
    assert f"python >=3.{found[1]},<3.{found[2]}" in conda


def test_this_python_comes_first_and_is_recognised() -> None:
    first = next(candidates())
    assert first == [sys.executable]
    found = probe(first)
    assert found is not None
    assert found.version == sys.version_info[:2]
    assert found.is_supported


@pytest.mark.parametrize("command", [["/no/such/python"], ["true"], ["false"]])
def test_what_is_no_python_is_passed_over(command: list[str]) -> None:
    assert probe(command) is None


def test_first_suitable_one_wins() -> None:
    old = Interpreter("/a", (3, 9), makes_environments=True)
    bare = Interpreter("/b", (3, 11), makes_environments=False)
    good = Interpreter("/c", (3, 12), makes_environments=True)
    other = Interpreter("/d", (3, 13), makes_environments=True)
    assert choose([old, bare, good, other]) == good


def test_no_suitable_python_is_said_in_both_languages() -> None:
    with pytest.raises(SetupError) as caught:
        choose(
            [Interpreter("/a", (3, 14), makes_environments=True), Interpreter("/b", (3, 9), makes_environments=True)]
        )
    message = str(caught.value)
    assert caught.value.problems[0].code == "PYTHON_ABSENT"
    assert "il faut Python 3.11, 3.12, 3.13 ; versions trouvées : 3.14, 3.9" in message
    assert "is needed; found: 3.14, 3.9" in message


def test_debian_without_venv_is_told_the_package() -> None:
    with pytest.raises(SetupError) as caught:
        choose([Interpreter("/usr/bin/python3", (3, 11), makes_environments=False)])
    assert caught.value.problems[0].code == "PYTHON_SANS_VENV"
    assert "python3.11-venv" in caught.value.problems[0].remedy
