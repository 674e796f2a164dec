"""The actions, and the bare Python on which they start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from caqes_analysis.bootstrap import actions
from caqes_analysis.errors import CaqesError


def bare(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python without any installed package (-S)."""
    return subprocess.run(
        [sys.executable, "-S", *words], cwd=repository, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    seen: list[tuple[str, ...]] = []

    def python(*words: str) -> int:
        seen.append(words)
        return 1 if words[:2] == ("ruff", "check") else 0

    monkeypatch.setattr(actions, "_python", python)
    monkeypatch.setattr(actions, "_caqes", lambda words: seen.append(("caqes", *words)) or 0)
    monkeypatch.setattr(actions, "active_environment_serves", lambda root, say: True)
    return seen


def test_starts_with_the_standard_library_alone(repository: Path) -> None:
    answer = bare(repository, "-m", "caqes_analysis")
    assert answer.returncode == 0, answer.stderr
    assert "report [CAMPAGNE]" in answer.stdout


def test_no_installed_package_is_imported_before_the_environment(repository: Path) -> None:
    listing = "import sys, caqes_analysis.bootstrap; print(*{name.split('.')[0] for name in sys.modules})"
    answer = bare(repository, "-c", listing)
    foreign = set(answer.stdout.split()) - set(sys.stdlib_module_names) - {"caqes_analysis", "__main__"}
    assert not {name for name in foreign if not name.startswith(("_", "sitecustomize"))}, answer.stderr


def test_an_old_python_can_read_it(repository: Path) -> None:
    package = repository / "caqes_analysis"
    files = [package / "__init__.py", package / "__main__.py", package / "errors.py", *package.glob("bootstrap/*.py")]
    assert len(files) >= 8
    for path in files:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_report_builds_the_demonstration_or_the_campaign_named(calls: list[tuple[str, ...]]) -> None:
    assert actions.main(["report"]) == 0
    assert actions.main(["report", "parameters/x.yml", "--jobs", "2"]) == 0
    assert actions.main(["report", "--jobs", "1"]) == 0
    demonstration = str(actions.ROOT / actions.DEMONSTRATION)
    assert calls == [
        ("caqes", "build", demonstration),
        ("caqes", "build", "parameters/x.yml", "--jobs", "2"),
        ("caqes", "build", demonstration, "--jobs", "1"),
    ]


def test_demonstration_exists() -> None:
    assert (actions.ROOT / actions.DEMONSTRATION).is_file()


def test_tests_are_shared_between_the_two_actions(calls: list[tuple[str, ...]]) -> None:
    actions.main(["test", "-q"])
    actions.main(["slow-test"])
    assert [call[-2:] for call in calls] == [(actions.FAST_TESTS, "-q"), ("-m", actions.SLOW_TESTS)]
    assert {call[:3] for call in calls} == {("pytest", "-n", "auto")}
    slow = {word for word in actions.SLOW_TESTS.split() if word != "or"}
    assert set(actions.FAST_TESTS.replace("not ", "").split(" and ")) == slow


def test_lint_runs_every_check_and_fails_if_one_does(calls: list[tuple[str, ...]]) -> None:
    assert actions.main(["lint"]) == 1
    assert [call[0] for call in calls] == ["ruff", "ruff", "mypy"]


def test_other_words_go_to_the_command_line(calls: list[tuple[str, ...]]) -> None:
    actions.main(["check", "a.yml"])
    assert calls == [("caqes", "check", "a.yml")]


def test_errors_are_printed_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(root: Path, say: object) -> bool:
        raise CaqesError.of("X", "rien ne va.", "Recommencer.")

    monkeypatch.setattr(actions, "active_environment_serves", fail)
    assert actions.main(["setup"]) == 2
    assert capsys.readouterr().err == "rien ne va. → Recommencer. [X]\n"


def test_exit_codes_of_the_command_line_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    for ending, code in [(SystemExit(2), 2), (SystemExit(None), 0), (SystemExit("message"), 1)]:

        def main(ending: SystemExit = ending) -> None:
            raise ending

        monkeypatch.setattr(actions.importlib, "import_module", lambda name, m=main: types.SimpleNamespace(main=m))
        monkeypatch.setattr(sys, "argv", ["x"])
        assert actions._caqes(["check"]) == code


def test_clean_keeps_data_and_reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (".mypy_cache", "data", "reports/mine", ".venv", "caqes_analysis/x/__pycache__"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(actions, "ROOT", tmp_path)
    assert actions.main(["clean"]) == 0
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"data", "reports", "reports/mine", ".venv", "caqes_analysis", "caqes_analysis/x"}
    actions.main(["clean", "--all"])
    assert not (tmp_path / ".venv").exists()
