"""Reading pyproject.toml and the lock file, and writing the lock file again."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from caqes_analysis.bootstrap.problems import SetupError

__all__ = ["direct_dependencies", "locked_versions", "optional_dependencies", "write_lock"]

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_NAME = re.compile(r"^[A-Za-z0-9._-]+")


def direct_dependencies(root: Path) -> tuple[str, ...]:
    """Return the names (normalised) of the direct dependencies: run time, tests and build."""
    project = _pyproject(root)
    lines = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["tests"],
        *project["build-system"]["requires"],
    ]
    return tuple(_normal(line) for line in lines)


def optional_dependencies(root: Path) -> tuple[str, ...]:
    """Return the names (normalised) of what a region adds when one machine is not enough; the lock file holds them."""
    return tuple(_normal(line) for line in _pyproject(root)["project"]["optional-dependencies"]["cluster"])


def locked_versions(root: Path) -> dict[str, str]:
    """Return the version of each package of the lock file, by normalised name."""
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    return {_normal(name): version for name, version in _PIN.findall(text)}


def write_lock(root: Path, *, upgrade: bool = False) -> None:
    """Write requirements.lock again with uv: all platforms, hashes, no index, one version per package.

    Parameters
    ----------
    root
        The clone.
    upgrade
        True takes the newest versions; False keeps those that still fit.

    Raises
    ------
    SetupError
        ``UV_ABSENT`` or ``VERROU``.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise SetupError.of("UV_ABSENT", "la commande uv est introuvable.", "L'installer (« pip install uv »).")
    command = [uv, "pip", "compile", "pyproject.toml", "-", "--extra", "tests", "--extra", "cluster"]
    command += ["--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"]
    command += ["--output-file", "requirements.lock", "--no-emit-index-url"]
    command += ["--annotation-style", "line", "--custom-compile-command", "make lock", "--quiet"]
    if upgrade:
        command.append("--upgrade")
    # The package is built inside the locked environment: what builds it is locked with the rest.
    builders = "\n".join(_pyproject(root)["build-system"]["requires"])
    if subprocess.run(command, input=builders.encode(), cwd=root, check=False).returncode:
        raise SetupError.of("VERROU", "uv n'a pas pu résoudre les dépendances.", "Lire son message ci-dessus.")


def _pyproject(root: Path) -> dict[str, Any]:
    import tomllib  # Python 3.11: never reached by an older one

    with (root / "pyproject.toml").open("rb") as handle:
        return tomllib.load(handle)


def _normal(line: str) -> str:
    found = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", found.group() if found else line).lower()
