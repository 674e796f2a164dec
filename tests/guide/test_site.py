"""The guide alone, compiled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from caqes_analysis.guide import build_guide
from caqes_analysis.guide import site as guide_site
from caqes_analysis.guide.pages import book_pages as all_pages
from tests.campaigns import campaign_file


@pytest.mark.slow
def test_the_guide_needs_no_data_and_its_links_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few pages are enough: index, glossary, calendar, and those that other pages lead to."""
    kept = {"guide", "guide/glossaire", "guide/calendrier", "guide/phev_ipp"}

    def some(*args: object, **settings: object) -> object:
        return tuple(page for page in all_pages(*args, **settings) if page.path in kept)  # type: ignore[arg-type]

    monkeypatch.setattr(guide_site, "book_pages", some)
    campaign = campaign_file(tmp_path, MINIMAL)
    index, problems = build_guide(campaign.file)
    assert index == tmp_path / "sortie" / "guide" / "index.html"
    absent = [problem for problem in problems if "guide/" not in str(problem.value)]
    assert absent == []
    page = (index.parent / "guide" / "phev_ipp.html").read_text(encoding="utf-8")
    assert 'href="glossaire.html#terme-ipp"' in page
    assert "<math" in page
    assert "with numerateur as (" in page
    assert "Données simulées" not in page
    assert 'aria-label="Sommaire du guide"' in page
    assert "FINESS ou ville" not in page
    for name in ("recherche.html", "404.html"):
        shown = (index.parent / name).read_text(encoding="utf-8")
        assert "rapport</" not in shown, name
        assert "du rapport" not in shown, name
        assert "FINESS, ville" not in shown, name
    assert "Indicateur, code ou mot du guide" in (index.parent / "recherche.html").read_text(encoding="utf-8")
    shutil.rmtree(tmp_path / "sortie")


MINIMAL = """\
title: "Rapport d'essai"
region: {code: "96", name: "Région d'essai"}
year: 2024
last_month: "2024-09"
scheme: caqes-2022
output: sortie
sources:
  monthly_spend: [{path: absent.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}]
"""
