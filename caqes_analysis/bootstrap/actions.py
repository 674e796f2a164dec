"""The actions of the clone: report, test, lint and the rest; any other word goes to the ``caqes`` command line."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from caqes_analysis.bootstrap.environment import active_environment_serves, is_clone, prepare_environment
from caqes_analysis.bootstrap.interpreters import Interpreter, candidates, choose, probe
from caqes_analysis.bootstrap.requirements import write_lock
from caqes_analysis.errors import CaqesError

__all__ = ["DEMONSTRATION", "FAST_TESTS", "ROOT", "SLOW_TESTS", "main"]

ROOT = Path(__file__).resolve().parent.parent.parent
"""The clone."""
DEMONSTRATION = "parameters/demonstration-2024.yml"
"""Campaign built when none is named."""
FAST_TESTS = "not slow and not web and not real"
"""Tests of the action ``test``."""
SLOW_TESTS = "slow or web or real"
# The tests of one file share what they built: they stay on one core. « -n 0 » among the options gives one process.
ON_ALL_CORES = ("-n", "auto", "--dist", "loadfile")
"""Tests of the action ``slow-test``, which read real data, open a browser or build a whole report."""

USAGE = f"""Usage : python -m caqes_analysis ACTION

  report [CAMPAGNE] [options]   construit un rapport (par défaut {DEMONSTRATION})
  test [options de pytest]      passe les tests rapides
  slow-test [options]           passe les autres : données réelles, navigateur, rapports entiers
  lint                          vérifie le style et les types
  lab [CAMPAGNE]                ouvre les carnets (notebooks) dans JupyterLab
  setup                         prépare seulement l'environnement
  docs                          réécrit la documentation tirée du code (docs/tables.md)
  clean                         efface les caches (ni les données, ni les rapports) ; « clean --all » aussi .venv
  lock [--upgrade]              réécrit requirements.lock avec uv

Toute autre ACTION est une commande de « caqes » (check, build, simulate…).
La première fois, l'environnement .venv est créé dans le dépôt ; un environnement conda ou virtuel actif qui contient
déjà les dépendances est employé tel quel."""

_CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "build", "dist", "caqes_analysis.egg-info")


def main(arguments: Sequence[str]) -> int:
    """Run an action and return its exit code.

    Parameters
    ----------
    arguments
        Words after ``python -m caqes_analysis``.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong inputs.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    words = list(arguments)
    try:
        return _main(words)
    except CaqesError as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        print("Interrompu.", file=sys.stderr)
        return 130


def _main(words: list[str]) -> int:
    if not words or words == ["aide"]:
        print(USAGE)
        return 0
    action, rest = words[0], words[1:]
    if action == "clean":
        return _clean(rest)
    if is_clone(ROOT) and not active_environment_serves(ROOT, _say):
        python = prepare_environment(ROOT, _find, _say)
        if not _is_running(python):
            return _hand_over(python, words)
    known: dict[str, Callable[[list[str]], int]] = {
        "report": _report,
        "test": _test,
        "slow-test": _slow_test,
        "lint": _lint,
        "setup": _setup,
        "docs": _docs,
        "lock": _lock,
    }
    return known[action](rest) if action in known else _caqes(words)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _find() -> Interpreter:
    return choose(found for found in map(probe, candidates()) if found is not None)


def _is_running(python: Path) -> bool:
    # Not the executables: that of a virtual environment is often a link to the system's.
    return Path(sys.prefix).resolve() == python.parent.parent.resolve()


def _hand_over(python: Path, words: list[str]) -> int:
    """Continue in the prepared environment: in this process where the system can, else in a child."""
    command = [str(python), "-m", "caqes_analysis", *words]
    if sys.platform == "win32":
        return subprocess.run(command, check=False).returncode
    sys.stdout.flush()
    return os.execv(str(python), command)


def _caqes(words: list[str]) -> int:
    cli = importlib.import_module("caqes_analysis.cli")  # heavy: only once the environment is there
    sys.argv = ["caqes", *words]
    try:
        cli.main()
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1
    return 0


def _report(rest: list[str]) -> int:
    named = bool(rest) and not rest[0].startswith("-")
    campaign, options = (rest[0], rest[1:]) if named else (str(ROOT / DEMONSTRATION), rest)
    return _caqes(["build", campaign, *options])


def _python(*words: str) -> int:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False).returncode


def _test(rest: list[str]) -> int:
    return _python("pytest", *ON_ALL_CORES, "-m", FAST_TESTS, *rest)


def _slow_test(rest: list[str]) -> int:
    return _python("pytest", *ON_ALL_CORES, "-m", SLOW_TESTS, *rest)


def _docs(rest: list[str]) -> int:
    del rest
    importlib.import_module("caqes_analysis.tables.documentation").write_tables_page(ROOT / "docs" / "tables.md")
    return 0


def _lint(rest: list[str]) -> int:
    del rest
    checks = [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)]
    codes = [_python(*check) for check in checks]
    return 1 if any(codes) else 0


def _setup(rest: list[str]) -> int:
    del rest
    print(f"Environnement prêt : {sys.prefix}")
    return 0


def _lock(rest: list[str]) -> int:
    write_lock(ROOT, upgrade="--upgrade" in rest)
    return 0


def _clean(rest: list[str]) -> int:
    names = [*_CACHES, ".venv", ".venv.lock"] if "--all" in rest else _CACHES
    inside = [path for room in ("caqes_analysis", "tests", "benchmarks") for path in (ROOT / room).rglob("__pycache__")]
    for path in [*(ROOT / name for name in names), *inside]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.exists():
            path.unlink()
    print("Caches effacés. Les données (data/) et les rapports (reports/) sont gardés.")
    return 0
