"""The two READMEs say the same, and what they say exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caqes_analysis.bootstrap import actions

ENGLISH, FRENCH = "README.md", "README.fr.md"
OWN_FILES = {"parameters/ma-region-2024.yml"}  # an example that the user writes


def read(repository: Path, name: str) -> str:
    return (repository / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    return re.findall(r"^```[a-z]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_same_commands_in_the_same_order(repository: Path) -> None:
    english = blocks(read(repository, ENGLISH))
    assert len(english) >= 5
    assert english == blocks(read(repository, FRENCH))


def test_same_structure_and_same_links(repository: Path) -> None:
    def shape(name: str) -> tuple[list[str], list[str], int]:
        text = read(repository, name)
        levels = re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
        links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("README")]
        return levels, links, text.count("\n|")

    assert shape(ENGLISH) == shape(FRENCH)


@pytest.mark.parametrize(
    "name",
    [
        ENGLISH,
        FRENCH,
        "CONTRIBUTING.md",
        "docs/methods/README.md",
        "docs/decisions/0001-repository-is-the-workspace.md",
    ],
)
def test_linked_files_exist(repository: Path, name: str) -> None:
    folder = (repository / name).parent
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(repository, name))
    assert links
    assert [link for link in links if "://" not in link and not (folder / link).exists()] == []


@pytest.mark.parametrize("name", [ENGLISH, FRENCH, "CONTRIBUTING.md", "docs/installation-windows.md"])
def test_commands_exist(repository: Path, name: str) -> None:
    makefile = read(repository, "Makefile")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    text = "\n".join(blocks(read(repository, name)))
    assert set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= targets
    known = set(re.findall(r"^  ([a-z-]+) ", actions.USAGE, re.MULTILINE)) | {"check", "build", "simulate"}
    assert set(re.findall(r"-m caqes_analysis ([a-z-]+)", text)) <= known
    campaigns = {path.replace("\\", "/") for path in re.findall(r"parameters[/\\][\w.-]+\.yml", text)}
    assert [path for path in campaigns - OWN_FILES if not (repository / path).is_file()] == []


def test_every_make_target_is_an_action(repository: Path) -> None:
    makefile = read(repository, "Makefile")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)) - {"help"}
    assert targets == set(re.findall(r"^  ([a-z-]+) ", actions.USAGE, re.MULTILINE))


def test_where_to_put_open_phmev_is_where_the_campaign_looks(repository: Path) -> None:
    place = "data/nouvelle-aquitaine-2024/OPEN_PHMEV_2024.CSV"
    assert place in read(repository, "parameters/nouvelle-aquitaine-2024.yml")
    assert place in read(repository, ENGLISH)
    assert place in read(repository, FRENCH)
