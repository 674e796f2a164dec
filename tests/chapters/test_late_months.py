"""A provisional month that is not whole is told, and noise is not taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caqes_analysis.chapters import Page
from caqes_analysis.chapters.late_months import low_late_months
from caqes_analysis.chapters.regional_context import COMPLETED
from caqes_analysis.chapters.sheet_data import data_card
from tests.builders import A, establishments, monthly_rows, store_of
from tests.campaigns import campaign_file
from tests.chapters.test_sentences import CAMPAIGN


def page_of(directory: Path, *, noise: float, received: float, seed: int = 0) -> Page:
    """Nine months at +5 %, August and September provisional, a part of September received."""
    random = np.random.default_rng(seed)
    campaign = campaign_file(directory, CAMPAIGN.replace("SCHEME", "caqes-2022"))
    series: dict[tuple[str, str], dict[str, str | None]] = {}
    for envelope, level in (("phmev", 500_000), ("lpp", 150_000)):
        months: dict[str, str | None] = {}
        for year, growth in ((2022, 1.0), (2023, 1.0), (2024, 1.05)):
            for month in range(1, 13 if year < 2024 else 10):
                part = received if (year, month) == (2024, 9) and envelope == "phmev" else 1.0
                amount = level * growth * part * np.exp(random.normal(0, noise))
                months[f"{year}-{month:02d}"] = f"{amount:.2f}"
        series[A, envelope] = months
    monthly = monthly_rows(series, provisional=["2024-08", "2024-09"])
    return Page(
        campaign, store_of(directory / "store", monthly, establishments({"finess": A}), last="2024-09"), None, A
    )


def test_a_month_received_in_part_is_told_with_what_was_expected(tmp_path: Path) -> None:
    (said,) = low_late_months(page_of(tmp_path, noise=0.02, received=0.65))
    plain = said.replace("\u00a0", " ").replace("\u202f", " ")
    assert plain.startswith("Septembre 2024, provisoire : PHMEV (")
    assert "environ 530 k€ attendus) nettement sous le niveau des mois définitifs" in plain
    assert plain.endswith("envoi sans doute incomplet, l'évolution à M9 en est abaissée.")
    assert "LPP" not in plain


def test_data_that_lack_a_part_of_a_month_are_not_told_complete(tmp_path: Path) -> None:
    """The card was green, « aucun mois ne manque », above « envoi sans doute incomplet »."""
    for name in ("part", "whole"):
        (tmp_path / name).mkdir()
    card = data_card(page_of(tmp_path / "part", noise=0.02, received=0.65))
    assert (card.value, card.state) == ("À vérifier", "warning")
    assert card.state_label == "septembre 2024 sans doute incomplet"
    assert data_card(page_of(tmp_path / "whole", noise=0.02, received=1.0)).value == "Complètes"


def test_a_month_that_its_deliveries_complete_has_one_expected_amount(tmp_path: Path) -> None:
    page = page_of(tmp_path, noise=0.02, received=0.65)
    page.__dict__["regional_context"] = {(COMPLETED, "phmev/2024-09"): "PHMEV, septembre 2024 : 520 k€ complétés."}
    (said,) = low_late_months(page)
    assert "attendus" not in said
    assert "nettement sous le niveau des mois définitifs" in said


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("noise", "received"), [(0.08, 1.0), (0.25, 1.0), (0.02, 0.9)])
def test_a_low_month_among_noisy_ones_is_not(tmp_path: Path, noise: float, received: float, seed: int) -> None:
    assert low_late_months(page_of(tmp_path, noise=noise, received=received, seed=seed)) == []
