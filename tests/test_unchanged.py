"""A build that has nothing to do says so at once, and any change that could matter is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from caqes_analysis.campaign import REPOSITORY, Campaign, load_campaign
from caqes_analysis.code_version import _AROUND_PAGES, content_hash
from caqes_analysis.unchanged import begin_build, forget_build, record_build, unchanged_site
from tests.campaigns import MONTHLY, campaign_file

HEAVY = ("pandas", "numpy", "duckdb", "pyarrow", "pandera", "matplotlib", "IPython", "nbformat", "sphinx", "scipy")


@pytest.fixture
def built(tmp_path: Path) -> tuple[Campaign, Path]:
    """A campaign whose build has just ended."""
    campaign = campaign_file(tmp_path, MONTHLY)
    (tmp_path / "recus").mkdir()
    for source in campaign.sources.all():
        source.path.write_text(source.path.name, encoding="utf-8")
    site = tmp_path / "sortie" / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<p>rapport</p>", encoding="utf-8")
    record_build(tmp_path / "sortie", begin_build(campaign), inputs=inputs(campaign))
    return campaign, tmp_path / "sortie"


def inputs(campaign: Campaign) -> dict[str, str]:
    return {str(path): content_hash(path) for path in (campaign.file, *(one.path for one in campaign.sources.all()))}


def test_nothing_changed(built: tuple[Campaign, Path]) -> None:
    campaign, directory = built
    assert unchanged_site(campaign, directory) == directory / "site" / "index.html"
    os.utime(campaign.file)  # another time, the same content
    assert unchanged_site(campaign, directory) is not None


def one_cent(folder: Path) -> None:
    path = folder / "recus" / "phmev_mensuel.csv"
    before = path.stat()
    path.write_text("phmev_mensuel.csw", encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a copy from a share may leave it


def comment(folder: Path) -> None:
    place = folder / "commentaires" / "essai-2024"
    place.mkdir(parents=True)
    (place / "synthese.md").write_text("Une remarque.", encoding="utf-8")


def indicator(folder: Path) -> None:
    (folder / "indicators").mkdir()
    (folder / "indicators" / "nouveau.yml").write_text("id: nouveau", encoding="utf-8")


CHANGES = {
    "one byte of an input, its time put back": one_cent,
    "an input that is lost": lambda folder: (folder / "recus" / "contrats.csv").unlink(),
    "the campaign": lambda folder: campaign_file(folder, MONTHLY.replace("Rapport d'essai", "Rapport")),
    "a comment": comment,
    "a definition of the region": indicator,
    "a register of corrections": lambda folder: (folder / "essai-2024-corrections.csv").write_text("x"),
    "a page that is lost": lambda folder: (folder / "sortie" / "site" / "index.html").unlink(),
    "a page that is edited": lambda folder: (folder / "sortie" / "site" / "index.html").write_text("autre"),
    "a page that is added": lambda folder: (folder / "sortie" / "site" / "a.html").write_text("a"),
    "a build that began and did not end": lambda folder: forget_build(folder / "sortie"),
    "a record that is cut": lambda folder: (folder / "sortie" / "built.json").write_text("{"),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_is_seen(built: tuple[Campaign, Path], change: str) -> None:
    campaign, directory = built
    CHANGES[change](directory.parent)
    assert unchanged_site(load_campaign(campaign.file), directory) is None


@pytest.mark.parametrize("change", [one_cent, comment, indicator])
def test_what_changes_during_a_build_is_for_the_next_one(
    built: tuple[Campaign, Path], change: Callable[[Path], None]
) -> None:
    campaign, directory = built
    begun, read = begin_build(campaign), inputs(campaign)
    change(directory.parent)
    record_build(directory, begun, inputs=read)
    assert unchanged_site(campaign, directory) is None


def test_a_register_that_the_build_writes_first_is_no_change(tmp_path: Path, built: tuple[Campaign, Path]) -> None:
    _, directory = built
    register = tmp_path / "recus" / "corrections.csv"
    named = MONTHLY.replace("year: 2024", "year: 2024\ncorrections: recus/corrections.csv", 1)
    campaign = campaign_file(tmp_path, named)
    begun = begin_build(campaign)  # the demonstration's register is simulated after that
    register.write_text("x", encoding="utf-8")
    record_build(directory, begun, inputs={**inputs(campaign), str(register): content_hash(register)})
    assert unchanged_site(campaign, directory) is not None


def test_other_sheets_are_another_report(built: tuple[Campaign, Path]) -> None:
    campaign, directory = built
    assert unchanged_site(campaign, directory, only=["330000001"]) is None


def test_the_command_loads_neither_the_scientific_stack_nor_sphinx(built: tuple[Campaign, Path]) -> None:
    campaign, directory = built
    code = (
        "import sys\n"
        "from caqes_analysis import cli\n"
        f"sys.argv = ['caqes', 'build', {str(campaign.file)!r}]\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('loaded', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Rien n'a changé" in answer.stdout
    assert str(directory / "site" / "index.html") in answer.stdout.replace("\n", "")
    assert answer.stdout.splitlines()[-1] == "loaded []"


def test_pages_load_no_room_that_their_hash_leaves_out() -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        "import caqes_analysis.chapters as chapters\n"
        "for found in pkgutil.iter_modules(chapters.__path__):\n"
        "    importlib.import_module(f'caqes_analysis.chapters.{found.name}')\n"
        "print(*{name.split('.')[1] for name in sys.modules if name.startswith('caqes_analysis.')})"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.split())
    assert {"chapters", "display", "store"} <= loaded
    assert loaded & _AROUND_PAGES == set()
    # What compiles the pages runs none of them again.
    assert {path.stem for path in (REPOSITORY / "caqes_analysis").glob("build*.py")} <= _AROUND_PAGES
