"""Which indicators of a catalogue have a page, and what is said of the others."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.indicators.available import available_indicators, read_measure, stored_definition
from caqes_analysis.indicators.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def region_rows(*known: tuple[str, str, str]) -> pd.DataFrame:
    rows = [{"indicator": i, "measure": m, "period": p, "value": 1.0} for i, m, p in known]
    frame = pd.DataFrame(rows, columns=["indicator", "measure", "period", "value"])
    return tables.INDICATOR_TRENDS.conform(
        frame.assign(level="region", perimeter="courant", group="96"),
        value_status="reported",
        is_provisional=False,
        is_corrected=False,
    )


def available(*known: tuple[str, str, str], received: tuple[str, ...] = ("annual_drug_spend",)) -> pd.DataFrame:
    found = available_indicators(
        CATALOGUE.values(), region_rows(*known), year=2024, received=received, code_lists=known_code_lists()
    )
    return tables.INDICATORS.validate(found).set_index("indicator")


def test_the_measure_of_the_objective_is_read_at_its_last_period() -> None:
    found = available(
        ("phev_ipp", "evolution_pct", "2022"),
        ("phev_ipp", "evolution_pct", "2023"),
        ("phev", "evolution_pct", "2023"),
        ("phev", "evolution_pct", "2024-M07"),
        ("cno_spend", "reimbursed_eur", "2024"),
        ("cno_spend", "reimbursed_eur", "2024-M12"),
    )
    assert found.loc["phev_ipp", ["measure", "period"]].tolist() == ["evolution_pct", "2023"]
    assert found.loc["phev", "period"] == "2024-M07"
    assert found.loc["cno_spend", "period"] == "2024"


def test_the_main_measure_stands_in_for_an_evolution_without_a_year_before() -> None:
    found = available(("phev_ipp", "reimbursed_eur", "2024"))
    assert found.loc["phev_ipp", "measure"] == "reimbursed_eur"


def test_an_indicator_without_data_says_why() -> None:
    found = available(("phev_ipp", "reimbursed_eur", "2021"))
    assert found.loc["phev_ipp", "reason"] == "les données reçues ne le renseignent que jusqu'en 2021"
    assert found.loc["phev_ezetimibe", "reason"] == "les données reçues ne le renseignent pas"
    assert found.loc["phev", "reason"] == "source non reçue\xa0: les dépenses mensuelles"
    assert found.loc["product_theme_1", "reason"].startswith("définition à compléter")
    assert found["period"].isna().all()
    assert found["reason"].notna().all()


def test_a_definition_is_kept_whole() -> None:
    found = available()
    for name, one in CATALOGUE.items():
        kept = stored_definition(str(found.loc[name, "definition"]))
        assert kept == one.model_copy(update={"file": kept.file})
        assert read_measure(kept) == read_measure(one)
