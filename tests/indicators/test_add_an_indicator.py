"""``docs/ajouter-un-indicateur.md``, followed to the letter: files dropped beside a campaign, no Python touched."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis.display import Table
from caqes_analysis.guide import GuideSources, guide_pages
from caqes_analysis.indicators.catalogue import catalogue_table, definitions_of, load_catalogue
from caqes_analysis.indicators.expressions import FUNCTIONS, SOURCE_TABLES
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


def test_followed_to_the_letter(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = tmp_path / "parameters"
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
    for name, text in zip(names, blocks(page, "yaml"), strict=True):
        (parameters / name).write_text(text, encoding="utf-8")
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
    assert set(load_catalogue()) < set(catalogue)
    guide = {page.path: page for page in guide_pages(GuideSources.read(done["campaign"]))}
    own = guide["guide/phev_statines_fortes"]
    assert own.title == catalogue["phev_statines_fortes"].name
    shown = " ".join(part if isinstance(part, str) else part.summary() for part in own.parts)
    assert "Statines de forte intensité" in shown
    assert "100 × 40 ÷ 50 = 80,0" in shown
    index = [cell.href for part in guide["guide"].parts if isinstance(part, Table) for row in part.rows for cell in row]
    assert "guide/phev_statines_fortes" in index


def test_the_page_names_every_table_and_function(page: str) -> None:
    assert {name for name in FUNCTIONS if f"`{name}" not in page} <= {"substring"}
    assert all(f"| `{name}` |" in page for name in SOURCE_TABLES)
