"""The campaign file: what it accepts, and how it refuses."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from caqes_analysis.campaign import load_campaign
from caqes_analysis.errors import CampaignError

GOOD = """\
title: "Rapport d'essai"
region: {code: "00", name: "Essai"}
year: 2024
last_month: "2024-09"
provisional_months_nb: 2
scheme: caqes-2022
sources:
  monthly_spend:
    - path: depenses.csv
      amount_kind: reimbursed
      date_basis: care
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "essai-2024.yml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(folder: Path, text: str) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(CampaignError) as refusal:
        load_campaign(write(folder, text))
    assert pickle.loads(pickle.dumps(refusal.value)).problems == refusal.value.problems
    return [(p.code, p.line, p.column) for p in refusal.value.problems]


def test_a_good_file_gives_a_frozen_campaign(tmp_path: Path) -> None:
    campaign = load_campaign(write(tmp_path, GOOD))
    assert campaign.id == "essai-2024"
    assert campaign.settled_month_nb == 7
    assert str(campaign.provisional_from) == "2024-08-01"
    assert campaign.sources.monthly_spend[0].path == tmp_path / "depenses.csv"
    assert campaign.sources.monthly_spend[0].delivery_name == "depenses"
    assert not campaign.is_simulated
    with pytest.raises(ValidationError):
        campaign.year = 2023  # type: ignore[misc]


@pytest.mark.parametrize("name", ["demonstration-2024", "nouvelle-aquitaine-2024"])
def test_shipped_campaigns_are_readable(repository: Path, name: str) -> None:
    assert load_campaign(repository / "parameters" / f"{name}.yml").id == name


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = GOOD.replace("provisional_months_nb: 2", "provisional_month_nb: 2").replace("year: 2024", "year: deux mille")
    text = text.replace("date_basis: care", "date_basis: soin")
    assert problems_of(tmp_path, text) == [
        ("PARAMETRES_VALEUR", 3, "year"),
        ("PARAMETRES_VALEUR", 11, "sources.monthly_spend.0.date_basis"),
        ("PARAMETRES_CLE_INCONNUE", 5, "provisional_month_nb"),
    ]


def test_an_unknown_key_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="Vouliez-vous dire « amount_kind »"):
        load_campaign(write(tmp_path, GOOD.replace("amount_kind", "amount_kin")))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (('last_month: "2024-09"', 'last_month: "2024-13"'), 4),
        (('last_month: "2024-09"', 'last_month: "2023-09"'), 1),
        (("provisional_months_nb: 2", "provisional_months_nb: 9"), 1),
        (("scheme: caqes-2022", "scheme: CAQES 2022"), 6),
        (('last_month: "2024-09"\n', ""), 1),
    ],
)
def test_wrong_values_are_refused_where_they_stand(tmp_path: Path, change: tuple[str, str], line: int) -> None:
    found = problems_of(tmp_path, GOOD.replace(*change))
    assert [(code, place) for code, place, _ in found] == [("PARAMETRES_VALEUR", line)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (GOOD + "year: 2023\n", "PARAMETRES_YAML", 12),
        ("title: [", "PARAMETRES_YAML", 1),
        ("", "PARAMETRES_VIDES", None),
        ("- a\n- b\n", "PARAMETRES_VIDES", None),
        ("titre: x\n", "PARAMETRES_CLE_INCONNUE", 1),
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, text: str, code: str, line: int | None) -> None:
    assert (code, line) in [(c, place) for c, place, _ in problems_of(tmp_path, text)]


def test_an_absent_file_and_a_wrong_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="PARAMETRES_INTROUVABLES"):
        load_campaign(tmp_path / "absente.yml")
    path = tmp_path / "latin.yml"
    path.write_bytes("title: région".encode("cp1252"))
    with pytest.raises(CampaignError, match="PARAMETRES_ENCODAGE"):
        load_campaign(path)


def test_two_sources_may_not_share_a_delivery_name(tmp_path: Path) -> None:
    twice = GOOD + "    - path: autre/depenses.csv\n      amount_kind: base\n      date_basis: care\n"
    with pytest.raises(CampaignError, match="deux sources portent le même nom de livraison"):
        load_campaign(write(tmp_path, twice))
