"""What is small is not nothing: a share, a contribution and an evolution that round to zero."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, finder, indicator_sheet, region, sheet
from caqes_analysis.display.base import Display
from caqes_analysis.forecast.campaign import prepare_forecasts
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Page]:
    """A hundred million a month, up by a tenth; a clinic of 9 999 € a month, down by one euro."""
    now = {f: {f"2024-{m:02d}": eur for m in range(1, 10)} for f, eur in ((A, "110000000.00"), (B, "9999.00"))}
    before = {A: whole_year(2023, "100000000.00"), B: whole_year(2023, "10000.00")}
    monthly = monthly_rows({(f, "phmev"): before[f] | now[f] for f in (A, B)})
    known = establishments({"finess": A}, {"finess": B, "category": "privé", "town": "Rive"})
    store = store_of(tmp_path / "store", monthly, known, first="2023-01", last="2024-09")
    store.write(tables.TARGETS, pd.DataFrame(columns=tables.TARGETS.column_names), part="essai")
    campaign = campaign_file(tmp_path, MONTHLY)
    prepare_forecasts(store, campaign)
    return {"region": Page(campaign, store), B: Page(campaign, store, finess=B)}


def words(*shown: Display) -> str:
    return " ".join(one.summary() for one in shown).replace("\u00a0", " ").replace("\u202f", " ")


def test_a_small_hospital_is_not_told_that_it_weighs_nothing(pages: dict[str, Page]) -> None:
    # 9 999 of 110 009 999 is 0.009 %; −1 of 100 010 000 is −0.000001 point.
    said = words(sheet.contribution(pages[B]))
    assert "porte moins de 0,1 % de la PHMEV" in said
    assert "compte pour moins de 0,01 point dans" in said


def test_a_rate_of_a_few_hundred_euros_stands_beside_its_amounts(pages: dict[str, Page]) -> None:
    # Seven months of 9 999 € need no reminder of their amount; a few hundred euros do.
    page = pages[B]
    assert "Petits montants" not in words(sheet.headline(page)[0])
    rows = page.evolutions.assign(current_eur=Decimal("610.00"), previous_eur=Decimal("723.00"), evolution_pct=-15.6)
    small = Page(page.campaign, page.store, finess=B)
    small.__dict__["evolutions"] = rows
    assert words(sheet.headline(small)[0]).endswith(". Petits montants : 723 € puis 610 €.")


def test_an_evolution_that_rounds_to_zero_is_stable(pages: dict[str, Page]) -> None:
    answer = words(sheet.headline(pages[B])[0])
    assert "la PHMEV est restée stable par rapport aux mêmes mois de 2023" in answer
    assert "0,0" not in answer


def test_a_clinic_has_one_name_for_its_category(pages: dict[str, Page]) -> None:
    assert "Privé à but lucratif · " in words(sheet.identity(pages[B]))
    table = finder.finder_table(pages["region"])
    assert "Privé à but lucratif" in [cell.text for row in table.rows for cell in row]
    groups = region.by_group(pages["region"], "phmev", "category")
    assert [row[0].text for row in groups.rows] == ["CH", "Privé à but lucratif", "Région"]


def test_a_value_ranked_beside_one_that_is_not_has_no_reason() -> None:
    shown = pd.DataFrame({"name": ["Réhospitalisations IC, 2023", "IPP, 2023"], "unranked": ["secret", None]})
    for missing in (None, float("nan"), pd.NA):
        mixed = shown.assign(unranked=["secret", missing])
        assert indicator_sheet._unranked_notes(mixed) == ["Réhospitalisations IC, 2023 : secret."]
