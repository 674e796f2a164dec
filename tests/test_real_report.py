"""The report on real Open PHMEV: totals to the cent, in the tables and in the built pages."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from caqes_analysis import french, tables
from caqes_analysis.build import build
from caqes_analysis.campaign import load_campaign
from caqes_analysis.indicators.structure import annual_levels
from caqes_analysis.receive import receive
from caqes_analysis.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow]

BORDEAUX = "330781196"
TOTALS = {
    "OPEN_PHMEV_2024_nouvelle-aquitaine.csv": (91, 8_472_292, Decimal("162934894.76"), Decimal("171844979.31")),
    "OPEN_PHMEV_2024_echantillon_national.csv": (848, 872_791, Decimal("34113493.09"), Decimal("36235686.11")),
}


def campaign_on(folder: Path, repository: Path, source: Path) -> Path:
    """The shipped campaign of Nouvelle-Aquitaine, reading another file."""
    text = (repository / "parameters" / "nouvelle-aquitaine-2024.yml").read_text(encoding="utf-8")
    named = "../data/nouvelle-aquitaine-2024/OPEN_PHMEV_2024.CSV"
    assert named in text
    path = folder / "nouvelle-aquitaine-2024.yml"
    path.write_text(text.replace(named, source.as_posix()), encoding="utf-8")
    return path


def shown(site: Path, page: str) -> str:
    soup = BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "lxml")
    return re.sub(r"[ \n]+", " ", soup.get_text(" "))


@pytest.mark.parametrize("name", list(TOTALS))
def test_real_totals_are_those_of_the_tables_and_of_the_pages(
    name: str, real_data: Path, repository: Path, tmp_path: Path
) -> None:
    campaign = campaign_on(tmp_path, repository, real_data / "phmev" / name)
    report = build(campaign, output=tmp_path / "sortie", only=[BORDEAUX])
    assert report.succeeded, report.notebooks[["job", "error"]].to_string() + str(report.page_problems)
    levels = annual_levels(Store(tmp_path / "sortie" / "store"), year=2024)
    found = (len(levels), levels["boxes_nb"].sum(), levels["reimbursed_eur"].sum(), levels["base_eur"].sum())
    assert found == TOTALS[name]
    establishments_nb, boxes_nb, reimbursed_eur, base_eur = TOTALS[name]
    quality = shown(tmp_path / "sortie" / "site", "qualite")
    for printed in (
        french.number(establishments_nb),
        french.number(boxes_nb),
        french.number(reimbursed_eur, 2),
        french.number(base_eur, 2),
    ):
        assert printed in quality
    phmev = shown(tmp_path / "sortie" / "site", "phmev")
    assert french.number(reimbursed_eur, 2) in phmev
    assert "sources.monthly_spend" in phmev  # what the campaign cannot give is said, naming the source that is missing
    assert "simulées" not in phmev
    for page in ("phmev", "economies", "indicateurs/generic_substitution"):  # no rate of it means anything
        assert "La base reçue est un extrait" in shown(tmp_path / "sortie" / "site", page)


def test_every_real_line_is_kept(real_data: Path, repository: Path, tmp_path: Path) -> None:
    source = real_data / "phmev" / "OPEN_PHMEV_2024_nouvelle-aquitaine.csv"
    campaign_on(tmp_path, repository, source)
    receive(load_campaign(tmp_path / "nouvelle-aquitaine-2024.yml"), tmp_path / "store")
    store = Store(tmp_path / "store")
    rows = store.query("select count(*) as n, count(distinct source_line) as lines from annual_drug_spend")
    assert rows.iloc[0].tolist() == [4782, 4782]
    # The 91 establishments of the file, and the entity that answers for its one site of AP-HP.
    assert len(store.read(tables.ESTABLISHMENTS)) == 92
