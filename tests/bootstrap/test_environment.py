"""The environment: made once, brought up to date when the lock changes, made again when the clone moves."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from caqes_analysis.bootstrap import environment
from caqes_analysis.bootstrap.environment import active_environment_serves, environment_python, prepare_environment
from caqes_analysis.bootstrap.interpreters import Interpreter
from caqes_analysis.bootstrap.problems import SetupError

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
[project]
dependencies = ["{name}"]
[project.optional-dependencies]
tests = ["pytest>=8"]
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CAQES_VENV", raising=False)
    root = tmp_path / "clone"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT.format(name="pandas>=3"), encoding="utf-8")
    (root / "requirements.lock").write_text("pandas==3.0.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    return root


class Tools:
    """Records the commands instead of running them; makes the file that « venv » would make."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.fails_on = ""

    def run(self, command: list[str], code: str, follow: object = None) -> None:
        self.commands.append(command)
        if self.fails_on and self.fails_on in command:
            raise SetupError.of(code, "raté.", "Relancer.")
        if "venv" in command:
            python = environment_python(Path(command[-1]))
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()

    def words(self) -> list[str]:
        return [next(w for w in ("venv", "--requirement", "--editable") if w in command) for command in self.commands]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    recorder = Tools()
    monkeypatch.setattr(environment, "_run", recorder.run)
    return recorder


def prepare(root: Path) -> Path:
    return prepare_environment(root, lambda: Interpreter("/usr/bin/python3", (3, 12), makes_environments=True), str)


def test_first_time_installs_the_lock_then_the_package(clone: Path, tools: Tools) -> None:
    python = prepare(clone)
    assert python == environment_python(clone / ".venv")
    assert tools.words() == ["venv", "--requirement", "--editable"]
    assert tools.commands[0][0] == "/usr/bin/python3"
    assert "--require-hashes" in tools.commands[1]
    assert {"--no-deps", "--no-build-isolation"} <= set(tools.commands[2])
    assert not any("://" in word for command in tools.commands for word in command)


def test_second_time_runs_nothing(clone: Path, tools: Tools) -> None:
    prepare(clone)
    tools.commands.clear()

    def never() -> Interpreter:
        raise AssertionError("no Python is looked for")

    assert prepare_environment(clone, never, str).exists()
    assert tools.commands == []


@pytest.mark.parametrize(
    ("name", "expected"), [("requirements.lock", ["--requirement", "--editable"]), ("pyproject.toml", ["--editable"])]
)
def test_only_what_changed_is_installed_again(clone: Path, tools: Tools, name: str, expected: list[str]) -> None:
    prepare(clone)
    tools.commands.clear()
    path = clone / name
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    prepare(clone)
    assert tools.words() == expected


def test_moved_clone_gets_a_new_environment(clone: Path, tools: Tools) -> None:
    prepare(clone)
    moved = clone.rename(clone.with_name("moved"))
    tools.commands.clear()
    prepare(moved)
    assert tools.words() == ["venv", "--requirement", "--editable"]


def test_failed_installation_leaves_no_stamp(clone: Path, tools: Tools) -> None:
    tools.fails_on = "--requirement"
    with pytest.raises(SetupError):
        prepare(clone)
    tools.fails_on = ""
    tools.commands.clear()
    prepare(clone)
    assert "--requirement" in tools.words()


def test_lost_python_is_replaced(clone: Path, tools: Tools) -> None:
    prepare(clone).unlink()
    tools.commands.clear()
    prepare(clone)
    assert tools.words()[0] == "venv"


def test_a_second_command_waits_and_says_so(clone: Path, tools: Tools) -> None:
    directory = clone / ".venv"
    said: list[str] = []
    held, finished = threading.Event(), threading.Event()

    def first() -> None:
        with environment._one_at_a_time(directory, str):
            held.set()
            finished.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(10)

    def say(line: str) -> None:
        said.append(line)
        finished.set()

    with environment._one_at_a_time(directory, say):
        pass
    thread.join()
    assert said == ["Une autre commande prépare l'environnement ; attente de sa fin."]


def test_environment_may_stand_elsewhere(clone: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAQES_VENV", str(clone.parent / "local"))
    assert prepare(clone) == environment_python(clone.parent / "local")
    assert not (clone / ".venv").exists()


def test_failure_says_what_the_tool_said() -> None:
    with pytest.raises(SetupError) as caught:
        environment._run([sys.executable, "-c", "print('proxy refused'); raise SystemExit(3)"], "INSTALLATION")
    assert caught.value.exit_code == 1
    assert "proxy refused" in str(caught.value)
    assert caught.value.problems[0].code == "INSTALLATION"


def test_lines_are_followed_as_they_come() -> None:
    lines: list[str] = []
    environment._run([sys.executable, "-c", "print('Collecting é'); print('b')"], "INSTALLATION", lines.append)
    assert lines == ["Collecting é", "b"]


def test_active_environment_without_a_dependency_does_not_serve(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    (clone / "pyproject.toml").write_text(PYPROJECT.format(name="no-such-package"), encoding="utf-8")
    said: list[str] = []
    assert not active_environment_serves(clone, said.append)
    assert "il y manque no-such-package" in said[0]


def test_active_environment_of_another_clone_does_not_serve(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    monkeypatch.setattr(environment, "_installed_place", lambda root: root.parent / "other")
    said: list[str] = []
    assert not active_environment_serves(clone, said.append)
    assert "autre copie" in said[0]


def test_active_environment_serves_and_tells_what_differs(
    clone: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    monkeypatch.setattr(environment, "_installed_place", lambda root: None)
    said: list[str] = []
    assert active_environment_serves(clone, said.append)
    assert "(verrou 3.0.0)" in said[0]
    assert tools.words() == ["--editable"], "a conda environment receives the clone, and nothing else"


def test_bare_python_does_not_serve(clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    assert not active_environment_serves(clone, str)
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(environment, "_installed_place", lambda root: root.resolve())
    assert active_environment_serves(clone, str)
