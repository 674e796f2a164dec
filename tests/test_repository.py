"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from importlib import metadata
from pathlib import Path

import pytest

from caqes_analysis.bootstrap.requirements import direct_dependencies, optional_dependencies

# The data's way: a room imports only rooms that stand before it. The store comes before the sources, which write to it.
ORDER = (
    "errors",
    "french",
    "labels",
    "exact",
    "tables",
    "envelopes",
    "campaign",
    "store",
    "sources",
    "simulation",
    "schemes",
    "quality",
    "indicators",
    "forecast",
    "savings",
    "comparison",
    "evaluation",
    "disclosure",
    "display",
    "batch",
    "book",
    "guide",
    "cli",
)
LONGEST_MODULE_LINES = 400
# Written in two parts, so that this file does not find itself.
MACHINE = re.compile("/" + r"(?:work|opt|root|tmp/bash_jobs)/|/home/(?!user\b)[a-z]+/|C:\\" + r"Users\\\w")
REGISTRY = re.compile("py" + r"pi\.org/simple|files\.python" + r"hosted|test\.py" + r"pi|\bart" + r"ifactory\b")
TEXT_SUFFIXES = {".py", ".md", ".yml", ".toml", ".lock", ".csv", ".json", ".css", ".js", ".html", ".ipynb", ""}


@pytest.fixture(scope="module")
def tracked(repository: Path) -> list[Path]:
    """Files under version control, or all files of an unpacked archive."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git clone")
    paths = [repository / name for name in listing.stdout.decode("utf-8").split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_path_of_a_machine_and_no_registry(tracked: list[Path], repository: Path) -> None:
    found = []
    for path in tracked:
        if path.suffix in TEXT_SUFFIXES:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path.relative_to(repository)}: {hit.group()}" for hit in MACHINE.finditer(text)]
            found += [f"{path.relative_to(repository)}: {hit.group()}" for hit in REGISTRY.finditer(text)]
    assert found == []


def test_no_received_data_and_no_built_report(tracked: list[Path], repository: Path) -> None:
    names = [path.relative_to(repository).as_posix() for path in tracked]
    assert [name for name in names if name.startswith(("data/", ".venv/"))] == []
    assert [name for name in names if re.match(r"reports/(?!book/)[^/]+/", name)] == []
    heavy = [path.name for path in tracked if path.stat().st_size > 1_000_000]
    assert heavy == []


def test_notebooks_are_committed_without_outputs(repository: Path) -> None:
    for path in sorted((repository / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells), path.name
        assert len(cells) <= 12, f"{path.name}: {len(cells)} code cells"
        assert "parameters" in cells[0]["metadata"].get("tags", []), f"{path.name}: first code cell"


def test_modules_stay_readable(repository: Path) -> None:
    lengths = {
        str(path.relative_to(repository)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (repository / "caqes_analysis").rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE_LINES} == {}


def imported_rooms(repository: Path) -> dict[str, set[str]]:
    """Return, for each room of the package, the rooms that its modules import, wherever the import stands."""
    package = repository / "caqes_analysis"
    graph: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        room = parts[0]
        if room in ("__init__", "__main__"):
            continue
        used = graph.setdefault(room, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "caqes_analysis":
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("caqes_analysis."):
                used.add(str(node.module).split(".")[1])
            elif isinstance(node, ast.Import):
                used |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("caqes_analysis.")}
        used -= {room, "__version__"}
    return graph


def test_rooms_do_not_import_in_circles(repository: Path) -> None:
    graph = imported_rooms(repository)
    assert len(graph) >= 10
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as failure:
        pytest.fail(f"imports in circle: {' → '.join(failure.args[1])}")


def test_rooms_import_only_what_stands_before_them(repository: Path) -> None:
    rank = {room: place for place, room in enumerate(ORDER)}
    wrong = [
        f"{room} imports {used}"
        for room, uses in sorted(imported_rooms(repository).items())
        for used in sorted(uses)
        if room in rank and used in rank and rank[used] > rank[room]
    ]
    assert wrong == []


def test_every_imported_package_is_a_direct_dependency(repository: Path) -> None:
    providers = metadata.packages_distributions()
    declared = {*direct_dependencies(repository), *optional_dependencies(repository)}
    undeclared = set()
    for path in (repository / "caqes_analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"caqes_analysis"}:
                # pydantic pins its core to the exact version: they are one dependency.
                found = {re.sub(r"[-_.]+", "-", name).lower() for name in providers.get(name, [name])}
                if not found & (declared | {"pydantic-core"}):
                    undeclared.add(f"{name} ({path.relative_to(repository)})")
    assert undeclared == set()


def test_every_direct_dependency_is_justified(repository: Path) -> None:
    record = (repository / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    reasons = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.{10,}?) \|$", record, re.MULTILINE))
    assert set(reasons) == {*direct_dependencies(repository), *optional_dependencies(repository)}


def test_decisions_are_numbered_and_listed(repository: Path) -> None:
    folder = repository / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    listing = (folder / names[0]).read_text(encoding="utf-8")
    for name in names:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]}. ")
        assert all(f"**{part}" in text for part in ("Context.", "Choice.", "Consequences."))
        assert name == names[0] or f"]({name})" in listing


def test_licence_is_the_declared_one(repository: Path) -> None:
    text = (repository / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n")
    assert "the caqes_analysis contributors" in text
    assert 'license = "MIT"' in (repository / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="bash and make belong to Linux and macOS")
def test_ci_script_is_sound(repository: Path) -> None:
    script = repository / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    assert text.rstrip().splitlines()[-1].startswith("exec "), "the last output is that of the last tests"


@pytest.mark.skipif(os.name == "nt", reason="bash and make belong to Linux and macOS")
def test_make_says_what_it_can_do(repository: Path) -> None:
    answer = subprocess.run(["make", "-s"], cwd=repository, capture_output=True, text=True, check=True)
    for target in ("report", "test", "lint", "lock", "clean"):
        assert f"make {target}\t" in answer.stdout


@pytest.mark.skipif(os.name == "nt", reason="bash and make belong to Linux and macOS")
def test_make_without_python_says_so(repository: Path) -> None:
    answer = subprocess.run(
        ["make", "-s", "PYTHON=", "test"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "Python introuvable" in answer.stderr
    assert "Python not found" in answer.stderr


def test_every_published_figure_names_a_test_and_a_page_that_exist(repository: Path) -> None:
    folder = repository / "docs" / "methods"
    text = (folder / "chiffres-publies.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::([a-z0-9_]+))?`", text)
    assert len(named) > 8
    for file, test in named:
        content = (repository / file).read_text(encoding="utf-8")
        assert f"def {test}(" in content if test else "def test_" in content, f"{file}::{test}"
    assert all((folder / page).is_file() for page in re.findall(r"\]\(([a-z-]+\.md)\)", text))
