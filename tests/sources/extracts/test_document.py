"""The document that says how to add a source is followed to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caqes_analysis import tables
from caqes_analysis.errors import SourceError
from caqes_analysis.receive import receive
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY, campaign_file, small_campaign


@pytest.fixture
def blocks(repository: Path) -> dict[str, list[str]]:
    """Code blocks of the document, by language."""
    text = (repository / "docs" / "ajouter-une-source.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for language, code in re.findall(r"```(\w+)\n(.*?)```", text, flags=re.DOTALL):
        found.setdefault(language, []).append(code)
    return found


def test_its_module_and_its_test_are_those_of_the_project(repository: Path, blocks: dict[str, list[str]]) -> None:
    module, test = blocks["python"]
    assert module == (repository / "caqes_analysis/sources/extracts/contrats_signes.py").read_text(encoding="utf-8")
    assert test == (repository / "tests/sources/extracts/test_contrats_signes.py").read_text(encoding="utf-8")


def test_its_campaign_is_received(tmp_path: Path, blocks: dict[str, list[str]]) -> None:
    (addition,) = blocks["yaml"]
    small_campaign(tmp_path)
    (tmp_path / "recus" / "contrats_ars.csv").write_text(
        "finess;raison_sociale;date_de_signature;volets\n990000001;CH de Rive;01/07/2022;1,2\n", encoding="utf-8"
    )
    text = MONTHLY + addition.removeprefix("sources:\n")
    receive(campaign_file(tmp_path, text), tmp_path / "store")
    store = Store(tmp_path / "store")
    assert "990000001" in set(store.read(tables.CONTRACTS)["contract_finess"])
    described = store.read(tables.DELIVERIES).set_index("delivery").loc["contrats-ars"]
    assert described["rows"] == 1
    assert f"{described['received_on']:%Y-%m-%d}" == "2024-10-01"


def test_an_unknown_reader_is_refused_with_the_nearest(tmp_path: Path, blocks: dict[str, list[str]]) -> None:
    small_campaign(tmp_path)
    (tmp_path / "recus" / "contrats_ars.csv").write_text("x\n", encoding="utf-8")
    text = MONTHLY + blocks["yaml"][0].removeprefix("sources:\n").replace("contrats-signes", "contrat-signe")
    with pytest.raises(SourceError) as caught:
        receive(campaign_file(tmp_path, text), tmp_path / "store")
    (problem,) = caught.value.problems
    assert problem.code == "LECTEUR_INCONNU"
    assert "contrats-signes" in problem.remedy
