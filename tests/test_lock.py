"""The lock file: universal, hashed, without index, one version per package, and about what pyproject.toml asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caqes_analysis.bootstrap.requirements import direct_dependencies, locked_versions, optional_dependencies

# Packages that need several versions, each with its reason. None so far.
SEVERAL_VERSIONS: dict[str, str] = {}

PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


@pytest.fixture(scope="module")
def lines(repository: Path) -> list[str]:
    return (repository / "requirements.lock").read_text(encoding="utf-8").splitlines()


def test_every_line_is_a_pin_a_hash_or_a_comment(lines: list[str]) -> None:
    strange = [line for line in lines if not (PIN.match(line) or HASH.match(line) or line.lstrip().startswith("#"))]
    assert strange == []


def test_every_pin_has_hashes(lines: list[str]) -> None:
    pins = [number for number, line in enumerate(lines) if PIN.match(line)]
    assert len(pins) > 100
    assert [lines[number] for number in pins if not HASH.match(lines[number + 1])] == []


def test_no_index_nor_address(lines: list[str]) -> None:
    assert [
        line for line in lines if "://" in line or "--index" in line or "--find-links" in line or " @ " in line
    ] == []


def test_one_version_per_package(lines: list[str]) -> None:
    names = [found["name"] for line in lines if (found := PIN.match(line))]
    repeated = {name for name in names if names.count(name) > 1}
    assert repeated == set(SEVERAL_VERSIONS)


def test_holds_for_every_system(lines: list[str]) -> None:
    markers = " ".join(found["marker"] or "" for line in lines if (found := PIN.match(line)))
    assert "win32" in markers or "os_name == 'nt'" in markers
    assert "darwin" in markers


def test_covers_every_direct_dependency(repository: Path) -> None:
    asked = {*direct_dependencies(repository), *optional_dependencies(repository)}
    assert asked <= set(locked_versions(repository))


def test_respects_the_bounds_asked(repository: Path) -> None:
    packaging = pytest.importorskip("packaging.requirements")
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    locked = locked_versions(repository)
    asked = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["tests"],
        *project["build-system"]["requires"],
    ]
    for line in asked:
        requirement = packaging.Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert requirement.specifier.contains(locked[name], prereleases=True), f"{line}: {locked[name]} is locked"
