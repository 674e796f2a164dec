"""What is received at quarter ends only is forecast, and belongs to its department and its region."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.forecast.campaign import Step
from caqes_analysis.forecast.histories import Method
from tests.builders import Amount, establishments, monthly_rows, store_of
from tests.campaigns import campaign_file
from tests.forecast.test_campaign import CAMPAIGN

QUARTERLY, OPENED, GAP, MERGED, CLOSED = (f"99000000{number}" for number in range(1, 6))


def quarters(first: str, last: str, amount: int) -> dict[str, Amount]:
    """Amounts of quarters, at their last month."""
    ends = pd.date_range(f"{first}-01", f"{last}-01", freq="QS-MAR")
    return {f"{end:%Y-%m}": f"{amount + 10 * (rank % 4)}.01" for rank, end in enumerate(ends)}


@pytest.fixture(scope="module")
def forecasts(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Quarters up to September 2024; in the year before, one establishment opened and another lacks a quarter."""
    folder = tmp_path_factory.mktemp("trimestres")
    whole = quarters("2020-03", "2024-09", 3000)
    months: dict[tuple[str, str], dict[str, Amount]] = {
        (QUARTERLY, "lpp"): whole,
        (OPENED, "lpp"): quarters("2023-06", "2024-09", 600),
        (GAP, "lpp"): whole | {"2023-06": None},
        (MERGED, "lpp"): whole,
        (CLOSED, "lpp"): quarters("2020-03", "2023-06", 900),
    }
    known = establishments(
        {"finess": QUARTERLY},
        {"finess": OPENED},
        {"finess": GAP, "department": "992"},
        {"finess": MERGED, "department": "992"},
        {"finess": CLOSED, "department": "992", "valid_to": "2023-06-30", "successor": MERGED},
    )
    store = store_of(folder / "store", monthly_rows(months), known, first="2020-01", last="2024-09")
    store.write(tables.TARGETS, tables.TARGETS.empty(), part="essai")
    text = CAMPAIGN.replace('"2024-06"', '"2024-09"').replace("provisional_months_nb: 2", "provisional_months_nb: 0")
    return Step(store, campaign_file(folder, text)).forecasts(9).set_index("series")


def test_the_region_adds_up_what_is_received_by_quarters(forecasts: pd.DataFrame) -> None:
    own = forecasts[forecasts["level"] == "establishment"]
    assert own["evolution_pct"].notna().to_dict() == {
        f"{QUARTERLY}/lpp": True,
        f"{OPENED}/lpp": False,
        f"{GAP}/lpp": False,
        f"{MERGED}/lpp": True,
    }
    region = forecasts.loc["region-96/lpp"]
    assert region["method"] == Method.SUMMED
    assert region["reason"].startswith("somme de 2 établissements ; 2 établissements laissés à part")
    summed = own[own["previous_eur"].notna()]
    assert region["previous_eur"] == summed["previous_eur"].sum()
    assert region["observed_eur"] == summed["observed_eur"].sum()
    assert forecasts.loc["departement-991/lpp", "reason"].startswith("somme de 1 établissement ; 1")


def test_a_merger_received_by_quarters_has_both_in_the_year_before(forecasts: pd.DataFrame) -> None:
    both = Decimal(4 * 3000 + 60) + Decimal(2 * 900 + 10) + Decimal("0.06")
    assert forecasts.loc[f"{MERGED}/lpp", "previous_eur"] == both
