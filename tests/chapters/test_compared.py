"""What a sheet compares with an objective is counted once, and what is a part of another is said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, sheet_spending
from caqes_analysis.chapters.compared import Compared, compared_spending, compared_words
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.indicators.campaign_values import keep_indicators
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import campaign_file
from tests.chapters.test_sentences import CAMPAIGN, months

TARGET = {"measure": "evolution_pct", "data_year": 2024, "finess": "all", "unit_label": "%", "source": "essai"}


def page_of(directory: Path, *, absent: str | None = None) -> Page:
    """A page under the contract of 2018: PHMEV +10 %, LPP −5 %, ambulances +20 %, taxis +10 %."""
    campaign = campaign_file(directory, CAMPAIGN.replace("SCHEME", "caqes-2018"))
    history = whole_year(2022) | whole_year(2023)
    taxi = {month: eur for month, eur in history.items() if month != absent}
    monthly = monthly_rows(
        {
            (A, "phmev"): history | months(2024, "110.00"),
            (A, "lpp"): history | months(2024, "95.00"),
            (A, "transport_ambulance"): history | months(2024, "120.00"),
            (A, "transport_taxi"): taxi | months(2024, "110.00"),
            (A, "transport_vsl"): history | months(2024, "100.00"),
            (B, "transport_taxi"): history | months(2024, "100.00"),
        },
        provisional=["2024-08", "2024-09"],
    )
    known = establishments({"finess": A, "valid_from": "2010-01-01"}, {"finess": B, "valid_from": "2010-01-01"})
    store = store_of(directory / "store", monthly, known, first="2020-01", last="2024-09")
    rows = [
        {**TARGET, "scheme": "caqes-2018", "subject": subject, "value": value, "status": "verified"}
        for subject, value in (("phev", 3.3), ("phev_drugs", 3.2), ("phev_lpp", 3.6), ("transports", 2.2))
    ]
    store.write(tables.TARGETS, tables.TARGETS.conform(pd.DataFrame(rows)), part="essai")
    return Page(campaign, store, None, A)


@pytest.mark.slow
def test_the_sentence_counts_what_the_landing_compares(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    keep_indicators(page.store, page.campaign, part="essai")
    prepare_forecasts(page.store, page.campaign)
    compared = {one.code: one.is_above for one in compared_spending(page)}
    forecast = page.forecasts[page.forecasts["target_eur"].notna()]["envelope"]
    assert set(compared) == set(forecast)
    # What the sentence counts and the first table has not is said under it.
    notes = [note.replace("\xa0", " ") for note in sheet_spending.evolution_table(page).notes]
    assert "Aussi comparé à un objectif, voir « La fin de l'année » : PHEV et Transports." in notes
    # PHEV is 205 against 200 a month: +2.5 %, under 3.3; the transports 330 against 300: +10 %, over 2.2.
    assert compared["phmev"]
    assert not compared["lpp"]
    assert [compared[code] for code in sorted(set(compared) - {"phmev", "lpp"})] == [False, True]


@pytest.mark.slow
def test_a_month_of_one_mode_hides_the_rate_of_transports_and_not_their_amount(tmp_path: Path) -> None:
    page = page_of(tmp_path, absent="2023-04")
    keep_indicators(page.store, page.campaign, part="essai")
    prepare_forecasts(page.store, page.campaign)
    row = page.forecasts.set_index("envelope").loc["transports"]
    assert float(row["observed_eur"]) == 7 * 330
    assert float(row["median_eur"]) > 7 * 330
    assert pd.isna(row["evolution_pct"])
    assert row["reason"] == "somme de 3 enveloppes ; pas de taux, l'année précédente est incomplète"


def test_a_part_is_said_to_be_one() -> None:
    lpp = Compared("lpp", "LPP", "objectif", False)
    perfadom = Compared("perfadom", "PERFADOM", "objectif", True, wholes=("lpp",))
    dressings = Compared("phev_pansements", "Pansements", "objectif", True, wholes=("lpp",))
    assert compared_words([lpp, perfadom, dressings]) == (
        "Deux des trois dépenses comparées à un objectif le dépassent : PERFADOM et Pansements. "
        "PERFADOM et Pansements font partie de LPP."
    )
    assert compared_words([perfadom]) == "La dépense comparée à un objectif le dépasse."
    transports = Compared("transports", "Transports", "objectif", True, is_outside=True)
    assert compared_words([lpp, transports]).endswith("Transports. Hors du contrat, pour information : Transports.")


def test_transports_read_on_other_months_say_that_they_hold_no_share(tmp_path: Path) -> None:
    notes = " ".join(sheet_spending.evolution_table(page_of(tmp_path, absent="2023-04")).notes)
    assert "la part de l'ambulance ne se déduit pas de ce tableau" in notes


def test_transports_read_on_the_same_months_say_nothing(tmp_path: Path) -> None:
    assert "part de l'ambulance" not in " ".join(sheet_spending.evolution_table(page_of(tmp_path)).notes)
