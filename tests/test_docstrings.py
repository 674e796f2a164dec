"""Every public name has a docstring; every module with public names says which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from interrogate import config, coverage


def modules(repository: Path) -> list[Path]:
    return sorted((repository / "caqes_analysis").rglob("*.py"))


def test_every_public_name_is_documented(repository: Path) -> None:
    settings = config.InterrogateConfig(
        ignore_init_method=True,
        ignore_magic=True,
        ignore_private=True,
        ignore_semiprivate=True,
        ignore_nested_functions=True,
        ignore_nested_classes=True,
        fail_under=100.0,
    )
    results = coverage.InterrogateCoverage(paths=[str(repository / "caqes_analysis")], conf=settings).get_coverage()
    assert results.total > 50
    missing = [
        f"{Path(file.filename).relative_to(repository)}:{node.lineno} {node.name}"
        for file in results.file_results
        for node in file.nodes
        if not node.covered
    ]
    assert missing == []


def test_public_modules_list_their_names(repository: Path) -> None:
    for path in modules(repository):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        }
        listed = next(
            (
                ast.literal_eval(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
            ),
            None,
        )
        if not defined:
            continue
        name = path.relative_to(repository)
        assert listed is not None, f"{name}: no __all__, although it defines {sorted(defined)}"
        assert defined <= set(listed), f"{name}: {sorted(defined - set(listed))} neither private nor in __all__"


@pytest.mark.parametrize("section", ["Raises", "Returns"])
def test_sections_are_numpydoc(repository: Path, section: str) -> None:
    for path in modules(repository):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                lines = [line.strip() for line in (ast.get_docstring(node) or "").splitlines()]
                assert f"{section}:" not in lines, f"{path.relative_to(repository)}: {node.name}"
                if section in lines:
                    underline = lines[lines.index(section) + 1]
                    assert underline == "-" * len(section), f"{path.relative_to(repository)}: {node.name}"
