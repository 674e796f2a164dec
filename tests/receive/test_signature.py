"""A store is received anew for any of the four causes; what is data and what is a parameter are told apart."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.receive import input_files, kept_signature, receive, received_files, signature
from caqes_analysis.sources import Findings
from tests.campaigns import MONTHLY, campaign_file


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    """A campaign whose files are there; nobody reads them."""
    found = campaign_file(tmp_path, MONTHLY)
    (tmp_path / "recus").mkdir()
    for path in received_files(found):
        path.write_text(path.name, encoding="utf-8")
    return found


@pytest.mark.parametrize("cause", ["data", "code", "parameters", "environment"])
def test_each_cause_changes_the_signature(campaign: Campaign, monkeypatch: pytest.MonkeyPatch, cause: str) -> None:
    before = signature(campaign)
    if cause == "data":
        received_files(campaign)[0].write_text("un centime", encoding="utf-8")
        changed = str(received_files(campaign)[0])
    elif cause == "parameters":
        campaign_file(campaign.file.parent, MONTHLY.replace("Rapport d'essai", "Rapport"))
        changed = str(campaign.file)
    else:
        name = "package_hash" if cause == "code" else "environment_hash"
        # By its full name: the package exports the function of the same name.
        monkeypatch.setattr(importlib.import_module("caqes_analysis.receive.signature"), name, lambda: "autre")
        changed = cause
    after = signature(load_campaign(campaign.file))
    assert {name for name in after if after[name] != before[name]} == {changed}


def test_data_and_parameters_are_told_apart(campaign: Campaign) -> None:
    data = set(received_files(campaign))
    assert data == {source.path for source in campaign.sources.all()}
    assert data < set(input_files(campaign))
    assert campaign.file in set(input_files(campaign)) - data
    assert all(path.suffix in {".yml", ".csv"} for path in set(input_files(campaign)) - data)


@pytest.mark.parametrize("content", [None, "", '{"code":'])
def test_a_store_without_a_whole_signature_has_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "signature.json").write_text(content, encoding="utf-8")
    assert kept_signature(tmp_path) == {}
    (tmp_path / "signature.json").write_text(json.dumps({"code": "a"}), encoding="utf-8")
    assert kept_signature(tmp_path) == {"code": "a"}


def test_a_file_that_changes_while_it_is_read_is_read_again(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = importlib.import_module("caqes_analysis.receive.opening")
    changed = received_files(campaign)[0]

    def read(*_: object) -> tuple[None, Findings]:
        changed.write_text("reçu de nouveau", encoding="utf-8")
        return None, Findings()

    monkeypatch.setattr(opening, "read_sources", read)
    monkeypatch.setattr(opening, "derive", lambda _campaign, _store, _register, findings: findings)
    before = signature(campaign)
    receive(campaign, tmp_path / "store")
    assert kept_signature(tmp_path / "store") == before != signature(campaign)
