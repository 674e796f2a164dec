"""The foot of a page: its own sources, and nothing that another page's figures could change."""

from __future__ import annotations

import json
from pathlib import Path

from caqes_analysis.campaign_sources import Sources
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.page_foot import SOURCE_LABELS, page_foot, page_hash, sources_of_indicator
from tests.campaigns import MONTHLY, campaign_file


def test_every_kind_of_source_has_a_name() -> None:
    assert set(SOURCE_LABELS) == set(Sources.model_fields)


def test_the_foot_names_the_sources_of_its_page_only(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, MONTHLY)
    assert page_foot(campaign, ["open_phmev", "extra_list"])["Sources"] == "bases Open PHMEV (2 fichiers)"
    assert page_foot(campaign)["Sources"].startswith("établissements (1 fichier), contrats (1 fichier), dépenses")
    assert "Sources" not in page_foot(campaign, ())


def test_what_establishments_declare_is_not_called_their_activity() -> None:
    def sources(indicator: str) -> set[str]:
        return sources_of_indicator(load_catalogue()[indicator].model_dump_json(exclude_defaults=True))

    assert sources("declared_reconciliation") == {"declared"}
    assert sources("preanaesthetic_exams") == {"activity"}
    assert sources("phev_ipp") == {"open_phmev"}


def test_the_hash_of_a_page_is_that_of_what_it_shows(tmp_path: Path) -> None:
    def executed(shown: str, source: str) -> Path:
        output = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": shown}}
        path = tmp_path / "page.ipynb"
        path.write_text(json.dumps({"cells": [{"source": source, "outputs": [output]}]}), encoding="utf-8")
        return path

    first = page_hash(executed("4,0 %", "x = 1"))
    assert page_hash(executed("4,0 %", "x = 2")) == first
    assert page_hash(executed("4,1 %", "x = 1")) != first
