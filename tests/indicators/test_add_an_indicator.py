"""``docs/ajouter-un-indicateur.md``, followed to the letter: files dropped beside a campaign, no Python touched."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from caqes_analysis.build import build
from caqes_analysis.campaign import load_campaign
from caqes_analysis.chapters.page import Page
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.display import Table
from caqes_analysis.export import export_campaign
from caqes_analysis.guide import GuideSources, guide_pages
from caqes_analysis.indicators.catalogue import catalogue_table, definitions_of, load_catalogue
from caqes_analysis.indicators.expressions import FUNCTIONS, SOURCE_TABLES
from caqes_analysis.indicators.worked_cases import check_worked_cases
from caqes_analysis.receive import open_store
from tests.sources.phmev_files import content, row, write

CAMPAIGN = """\
title: "Ma région"
region: {code: "75", name: "Ma région"}
year: 2024
scheme: caqes-2022
output: sortie
sources:
  open_phmev: [{path: OPEN_PHMEV_2024.CSV, year: 2024}]
"""


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "ajouter-un-indicateur.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def follow(page: str, folder: Path) -> Path:
    """Write what the page says to write, beside a campaign of four lines, and return the folder of parameters."""
    parameters = folder / "parameters"
    (parameters / "indicators").mkdir(parents=True)
    (parameters / "code_lists").mkdir()
    (parameters / "ma-region-2024.yml").write_text(CAMPAIGN, encoding="utf-8")
    statins = {"atc1": "C", "atc2": "C10", "atc3": "C10A", "atc4": "C10AA"}
    lines = [
        row(**statins, atc5="C10AA05", boites="30", rem="120,50", bse="120,50"),
        row(**statins, atc5="C10AA07", boites="10", rem="79,50", bse="79,50"),
        row(**statins, atc5="C10AA03", boites="10", rem="40,00", bse="40,00"),
        row(boites="999"),
    ]
    write(parameters, content(lines))
    names = re.findall(r"`((?:indicators|code_lists)/[a-z_-]+\.yml)`", page)
    *files, _ = blocks(page, "yaml")  # the last one is what publishing changes
    for name, text in zip(names, files, strict=True):
        (parameters / name).write_text(text, encoding="utf-8")
    return parameters


def publish(page: str, parameters: Path) -> None:
    """Change the definition as the page says, once a colleague has read it."""
    path = parameters / "indicators" / "phev_statines_fortes.yml"
    draft = path.read_text(encoding="utf-8")
    path.write_text(draft.replace("status: draft\n", blocks(page, "yaml")[-1]), encoding="utf-8")


def test_followed_to_the_letter(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    done: dict[str, Any] = {}
    (program,) = blocks(page, "python")
    exec(program, done)
    values: pd.DataFrame = done["values"].set_index(["level", "measure"])
    assert values.loc[("establishment", "share_pct"), "value"] == 80
    assert values.loc[("region", "reimbursed_eur"), "value"] == 200
    assert values.loc[("region", "evolution_pct"), "value_status"] == "missing"
    catalogue = definitions_of(done["campaign"])
    table = catalogue_table(catalogue.values(), on=dt.date(2026, 11, 22)).set_index("indicator")
    assert table.loc["phev_statines_fortes", "name"].startswith("Statines")
    assert {*load_catalogue(), "phev_statines_fortes"} == set(catalogue)
    guide = {page.path: page for page in guide_pages(GuideSources.read(done["campaign"]))}
    own = guide["guide/phev_statines_fortes"]
    assert own.title == catalogue["phev_statines_fortes"].name
    shown = " ".join(part if isinstance(part, str) else part.summary() for part in own.parts)
    assert "Statines de forte intensité" in shown
    assert "100 × 40 ÷ 50 = 80,0" in shown
    index = [cell.href for part in guide["guide"].parts if isinstance(part, Table) for row in part.rows for cell in row]
    assert "guide/phev_statines_fortes" in index


def test_its_own_test_runs_with_those_of_the_catalogue(page: str, tmp_path: Path) -> None:
    campaign = load_campaign(follow(page, tmp_path) / "ma-region-2024.yml")
    own = definitions_of(campaign)["phev_statines_fortes"]
    lists = known_code_lists(campaign.code_lists_folder)
    assert own.worked_cases
    assert check_worked_cases([own], lists) == ()
    assert own.example is not None
    assert 100 * own.example.numerator / own.example.denominator == own.worked_cases[0].expected["share_pct"]
    path = own.file
    path.write_text(path.read_text(encoding="utf-8").replace("share_pct: 80", "share_pct: 81"), encoding="utf-8")
    wrong = check_worked_cases([definitions_of(campaign)["phev_statines_fortes"]], lists)
    assert [problem.code for problem in wrong] == ["CAS_FAUX"]


def test_published_it_is_in_the_export(page: str, tmp_path: Path) -> None:
    parameters = follow(page, tmp_path)
    publish(page, parameters)
    campaign = load_campaign(parameters / "ma-region-2024.yml")
    described, annexes = export_campaign(Page(campaign, open_store(campaign)), tmp_path)
    folder = described.parent
    rows = pd.read_csv(folder / "indicateurs" / "phev_statines_fortes.csv")
    region = rows[(rows["level"] == "region") & (rows["period"] == 2024)]
    assert region["share_pct"].tolist() == [80]
    schema = json.loads((folder / "schemas" / "indicateur-phev_statines_fortes.json").read_text(encoding="utf-8"))
    assert schema["title"].startswith("Statines de forte intensité")
    sheets = openpyxl.load_workbook(annexes)
    assert "Statines fortes" in [cell.value for cell in sheets["Valeurs"]["A"]]


@pytest.mark.slow
def test_published_it_is_in_the_report_and_the_guide_linked_both_ways(page: str, tmp_path: Path) -> None:
    parameters = follow(page, tmp_path)
    publish(page, parameters)
    report = build(parameters / "ma-region-2024.yml", workers=2)
    assert report.succeeded, (report.page_problems, report.notebooks[report.notebooks["status"] == "failed"])
    site = report.index.parent
    own = BeautifulSoup((site / "indicateurs" / "phev_statines_fortes.html").read_text(encoding="utf-8"), "lxml")
    assert "Statines fortes" in own.find("h1").text
    assert "80,0" in own.find("main").text
    guide = BeautifulSoup((site / "guide" / "phev_statines_fortes.html").read_text(encoding="utf-8"), "lxml")
    assert "B. Durand, pharmacien" in guide.find("main").text
    for start, text, end in (
        (own, "Comment il se calcule", "../guide/phev_statines_fortes.html"),
        (guide, "Ses valeurs dans ce rapport", "../indicateurs/phev_statines_fortes.html"),
    ):
        assert [link["href"] for link in start.find("main").find_all("a") if link.text.startswith(text)] == [end]


@pytest.mark.slow
@pytest.mark.parametrize("is_published", [False, True])
def test_in_the_parameters_of_the_clone_it_breaks_no_test(
    page: str, repository: Path, tmp_path: Path, is_published: bool
) -> None:
    """The page writes beside ``parameters/ma-region-2024.yml``: among the definitions of the package themselves."""
    clone = tmp_path / "clone"
    for name in ("caqes_analysis", "parameters", "tests", "docs"):
        shutil.copytree(repository / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / "pyproject.toml", clone)
    parameters = follow(page, tmp_path / "region")
    if is_published:
        publish(page, parameters)
    for own in ("indicators/phev_statines_fortes.yml", "code_lists/statines-fortes.yml"):
        shutil.copy(parameters / own, clone / "parameters" / own)
    files = (
        "guide/test_pages.py",
        "test_code_lists.py",
        "indicators/test_catalogue.py",
        "indicators/test_add_an_indicator.py",
        "indicators/test_available.py",
        "indicators/test_worked_cases.py",
        "indicators/test_catalogue_values.py",
        "guide/test_queries.py",
        "export/test_export.py",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not real"]
    environment = {**os.environ, "PYTHONPATH": str(clone)}
    done = subprocess.run(
        [*command, *(f"tests/{name}" for name in files)], cwd=clone, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_page_names_every_table_and_function(page: str) -> None:
    assert {name for name in FUNCTIONS if f"`{name}" not in page} <= {"substring"}
    assert all(f"| `{name}` |" in page for name in SOURCE_TABLES)
