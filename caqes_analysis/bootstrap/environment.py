"""The environment in which everything runs: the one that is active when it serves, else ``.venv`` in the clone."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from caqes_analysis.bootstrap.interpreters import SUPPORTED, Interpreter
from caqes_analysis.bootstrap.problems import SetupError
from caqes_analysis.bootstrap.requirements import direct_dependencies, locked_versions

__all__ = ["active_environment_serves", "environment_python", "is_clone", "prepare_environment", "venv_directory"]

_STAMP = "caqes-stamp.json"
_LAST_LINES_NB = 25
_WAIT_S = 0.5


def is_clone(root: Path) -> bool:
    """True when the package runs from a clone, with its lock file beside it."""
    return (root / "requirements.lock").is_file() and (root / "pyproject.toml").is_file()


def venv_directory(root: Path) -> Path:
    """Return the folder of the clone's own environment (``CAQES_VENV`` moves it, for a clone on a file share)."""
    return Path(os.environ.get("CAQES_VENV") or root / ".venv").resolve()


def environment_python(directory: Path) -> Path:
    """Return the Python of a virtual environment."""
    return directory / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def active_environment_serves(root: Path, say: Callable[[str], None]) -> bool:
    """Say whether the running Python is a conda or virtual environment that holds all direct dependencies.

    Parameters
    ----------
    root
        The clone.
    say
        Receives the French remarks.

    Returns
    -------
    bool
        False for a bare Python, for the clone's own ``.venv`` (kept up to date by its stamp) and for an environment
        in which ``caqes_analysis`` is another clone.
    """
    prefix = Path(sys.prefix).resolve()
    isolated = sys.prefix != sys.base_prefix or (prefix / "conda-meta").is_dir()
    if not isolated or prefix == venv_directory(root) or sys.version_info[:2] not in SUPPORTED:
        return False
    installed = {name: _version(name) for name in direct_dependencies(root)}
    missing = sorted(name for name, version in installed.items() if version is None)
    if missing:
        say(f"Environnement actif {prefix} : il y manque {', '.join(missing)} ; celui du dépôt sera employé.")
        return False
    place = _installed_place(root)
    if place not in (None, root.resolve()):
        say(f"Environnement actif {prefix} : caqes_analysis y est une autre copie ; celui du dépôt sera employé.")
        return False
    locked = locked_versions(root)
    drifted = [f"{name} {v} (verrou {locked[name]})" for name, v in installed.items() if v != locked.get(name, v)]
    if drifted:
        say(f"Attention, versions différentes de requirements.lock : {', '.join(drifted)}.")
    if place is None:
        _install_package(Path(sys.executable), root, say)
    return True


def prepare_environment(root: Path, find: Callable[[], Interpreter], say: Callable[[str], None]) -> Path:
    """Make or update the clone's environment, and return its Python; does nothing when its stamp is up to date.

    Parameters
    ----------
    root
        The clone.
    find
        Gives the Python that makes the environment; called only when one must be made.
    say
        Receives the French progress lines.

    Raises
    ------
    SetupError
        ``ENVIRONNEMENT`` or ``INSTALLATION``, with the last lines of the tool that failed.
    """
    directory = venv_directory(root)
    python = environment_python(directory)
    with _one_at_a_time(directory, say):
        stamp, expected = _read_stamp(directory), _expected_stamp(root)
        if stamp == expected and python.exists():
            return python
        if not python.exists() or stamp.get("root") != expected["root"]:
            stamp = {}
            interpreter = find()
            say(f"Création de l'environnement {directory} avec Python {'.'.join(map(str, interpreter.version))}.")
            _run([interpreter.executable, "-m", "venv", "--clear", str(directory)], "ENVIRONNEMENT")
        if stamp.get("lock") != expected["lock"]:
            total = len(locked_versions(root))
            say(f"Installation des {total} paquets de requirements.lock (quelques minutes, une seule fois).")
            pins = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(root / "requirements.lock")]
            _run([*_pip(python), *pins], "INSTALLATION", _counter(total, say))
        _install_package(python, root, say)
        (directory / _STAMP).write_text(json.dumps(expected), encoding="utf-8")
    return python


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _installed_place(root: Path) -> Path | None:
    """Return where the ``caqes_analysis`` of the running environment comes from; None when it is not installed."""
    for found in metadata.distributions(name="caqes_analysis"):
        if Path(str(found.locate_file(""))).resolve() == root.resolve():
            continue  # what a build left in the clone (egg-info): it installs nothing
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):
            return Path(url2pathname(urlparse(origin["url"]).path)).resolve()
        return Path(str(found.locate_file(""))).resolve()
    return None


def _expected_stamp(root: Path) -> dict[str, str]:
    lock, project = (
        hashlib.sha256((root / name).read_bytes()).hexdigest() for name in ("requirements.lock", "pyproject.toml")
    )
    return {"root": str(root.resolve()), "lock": lock, "project": project}


def _read_stamp(directory: Path) -> dict[str, str]:
    try:
        stamp = json.loads((directory / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]


def _install_package(python: Path, root: Path, say: Callable[[str], None]) -> None:
    say("Installation de caqes_analysis depuis le dépôt.")
    _run([*_pip(python), "--no-deps", "--no-build-isolation", "--editable", str(root)], "INSTALLATION")


def _counter(total: int, say: Callable[[str], None]) -> Callable[[str], None]:
    seen = [0]

    def count(line: str) -> None:
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied")):
            seen[0] += 1
            if seen[0] % 50 == 0:
                say(f"  {seen[0]} paquets sur {total} au plus…")
        elif line.startswith("Installing collected packages"):
            say("  Téléchargement terminé ; mise en place…")

    return count


def _run(command: list[str], code: str, follow: Callable[[str], None] | None = None) -> None:
    """Run a command, give its lines to ``follow``, and keep the last ones for the message if it fails."""
    # A user's « --user » setting would escape the environment.
    environment = {**os.environ, "PIP_USER": "0", "PYTHONUTF8": "1"}
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
    ) as process:
        for raw in process.stdout or ():
            line = raw.decode("utf-8", errors="replace").rstrip()
            lines = [*lines, line][-_LAST_LINES_NB:]
            if follow:
                follow(line)
    if process.returncode:
        raise SetupError.of(
            code,
            "la commande « " + " ".join(command) + " » a échoué :\n  " + "\n  ".join(lines) + "\n",
            "Vérifier l'accès au dépôt de paquets (proxy, certificat, miroir : configuration de pip) et relancer ; "
            "ce qui est déjà installé sera gardé.",
        )


@contextlib.contextmanager
def _one_at_a_time(directory: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock beside the environment: a second command waits until the first has prepared it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / f"{directory.name}.lock").open("a+b") as handle:
        told = False
        while not _locked(handle.fileno()):
            if not told:
                say("Une autre commande prépare l'environnement ; attente de sa fin.")
                told = True
            time.sleep(_WAIT_S)
        yield


def _locked(descriptor: int) -> bool:
    """Try to lock a file; True also where the file system knows no locks (some network shares)."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        return failure.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
