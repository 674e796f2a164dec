"""Which Python can make the environment: those on this machine, tried one by one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from caqes_analysis.bootstrap.problems import SetupError

__all__ = ["SUPPORTED", "Interpreter", "candidates", "choose", "probe"]

SUPPORTED = ((3, 11), (3, 12), (3, 13))
"""Versions of Python that the lock file covers; the same as ``requires-python`` in pyproject.toml."""

# The oldest first: every locked package has had the longest time to publish files for it.
_NAMES = (*(f"python{major}.{minor}" for major, minor in SUPPORTED), "python3", "python")
_PROBE = """
import json, sys
try:
    import ensurepip, venv
    complete = True
except ImportError:
    complete = False
print(json.dumps([sys.executable, list(sys.version_info[:2]), complete]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python found on the machine.

    Parameters
    ----------
    executable
        Its path.
    version
        Major and minor version.
    makes_environments
        False where the distribution ships ``venv`` apart (Debian and Ubuntu: ``python3-venv``).
    """

    executable: str
    version: tuple[int, int]
    makes_environments: bool

    @property
    def is_supported(self) -> bool:
        """True for a version that the lock file covers."""
        return self.version in SUPPORTED


def candidates() -> Iterator[Sequence[str]]:
    """Yield the commands to try, the running Python first."""
    yield [sys.executable]
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            yield [found]
    launcher = shutil.which("py") if sys.platform == "win32" else None
    if launcher:
        for major, minor in SUPPORTED:
            yield [launcher, f"-{major}.{minor}"]


def probe(command: Sequence[str]) -> Interpreter | None:
    """Run a command and return the Python it is, or None when it is none (a dead shim, the store of Windows)."""
    try:
        answer = subprocess.run(
            [*command, "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=True
        )
        executable, version, complete = json.loads(answer.stdout.decode("utf-8"))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(executable, (version[0], version[1]), complete)


def choose(found: Iterable[Interpreter]) -> Interpreter:
    """Return the first Python that is supported and can make an environment.

    Parameters
    ----------
    found
        Pythons of the machine, best first.

    Raises
    ------
    SetupError
        ``PYTHON_ABSENT`` or ``PYTHON_SANS_VENV``, in French and in English, with what was found.
    """
    seen: list[Interpreter] = []
    for interpreter in found:
        if interpreter.is_supported and interpreter.makes_environments:
            return interpreter
        seen.append(interpreter)
    wanted = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
    incomplete = [interpreter for interpreter in seen if interpreter.is_supported]
    if incomplete:
        one = incomplete[0]
        package = f"python{one.version[0]}.{one.version[1]}-venv"
        raise SetupError.of(
            "PYTHON_SANS_VENV",
            f"{one.executable} ne sait pas créer d'environnement (module venv ou ensurepip absent). "
            f"/ {one.executable} cannot make a virtual environment.",
            f"Sur Debian ou Ubuntu : « sudo apt install {package} ». / On Debian or Ubuntu: the same command.",
        )
    versions = sorted({f"{one.version[0]}.{one.version[1]}" for one in seen})
    raise SetupError.of(
        "PYTHON_ABSENT",
        f"il faut Python {wanted} ; versions trouvées : {', '.join(versions) or 'aucune'}. "
        f"/ Python {wanted} is needed; found: {', '.join(versions) or 'none'}.",
        "Installer l'une de ces versions (python.org, conda, ou le gestionnaire de paquets) et relancer. "
        "/ Install one of these versions and run the command again.",
    )
