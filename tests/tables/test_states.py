"""The state of a value travels with it: every table that holds euros says it, but for those written down here."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.tables import Table
from caqes_analysis.value_states import LEVER_SOURCES, received_marks, with_forecast_marks, with_marks
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file

EXCEPTIONS = {
    "deliveries": "totals of a whole file, as received: its lines carry the states",
    "restated_values": "what two deliveries gave, each as received: no value that counts",
    "corrections": "the register itself: « state » says whether each line is applied",
    "drug_presentations": "prices of a public reference list",
    "extra_list_tariffs": "tariffs of a public reference list",
    "extra_list_events": "events of a public reference list",
}
"""Tables that hold amounts without a state, and why."""
ELSEWHERE = {"evaluations": "status", "savings": "status", "saving_sensitivity": "conclusion"}
"""Column that says whether the amount is known, where it is not ``value_status``."""


def amounts(table: Table) -> list[str]:
    return [one.name for one in table.columns if one.kind == "amount" or one.name.endswith("_eur")]


@pytest.mark.parametrize("table", [one for one in tables.ALL_TABLES if amounts(one)], ids=lambda one: one.name)
def test_a_table_of_euros_says_their_state(table: Table) -> None:
    if table.name in EXCEPTIONS:
        assert not {"is_provisional", "is_corrected"} & set(table.column_names), "no longer an exception"
        return
    assert {ELSEWHERE.get(table.name, "value_status"), "is_provisional", "is_corrected"} <= set(table.column_names)


def test_every_exception_is_a_table() -> None:
    assert set(EXCEPTIONS) | set(ELSEWHERE) <= {one.name for one in tables.ALL_TABLES if amounts(one)}


def test_a_result_has_the_marks_of_what_it_rests_on(tmp_path: Path) -> None:
    months = monthly_rows({(one, "phmev"): whole_year(2023) | whole_year(2024) for one in (A, B)})
    months.loc[(months["finess"] == A) & (months["month"] == pd.Timestamp(2023, 5, 1)), "is_corrected"] = True
    months.loc[(months["finess"] == B) & (months["month"] == pd.Timestamp(2024, 9, 1)), "is_provisional"] = True
    store = store_of(tmp_path, months, establishments({"finess": A}, {"finess": B, "department": "992"}))
    campaign = campaign_file(tmp_path, MONTHLY.replace("provisional_months_nb: 2", "provisional_months_nb: 0"))
    rows = pd.DataFrame({"finess": [A, A, A, B, None], "indicator": ["phmev", "lpp", "incentive", "phmev", "phmev"]})
    marks = received_marks(store, campaign)
    found = with_marks(marks, rows.assign(year=2024), who="finess", subject="indicator")
    assert found["is_corrected"].tolist() == [True, True, True, False, True]
    assert found["is_provisional"].tolist() == [False, False, False, True, True]
    assert not with_marks(marks, rows.assign(year=2022), who="finess", subject="indicator")["is_corrected"].any()
    levers = rows.assign(year=2024, lever="ipp")
    marked = with_marks(marks, levers, who="finess", subject="lever", sources=LEVER_SOURCES)
    assert not marked["is_corrected"].any(), "a lever is read in the yearly base, which nobody corrected"
    late = received_marks(store, campaign_file(tmp_path, MONTHLY))
    found = with_marks(late, rows.assign(year=2024), who="finess", subject="indicator")
    assert not found["is_provisional"].any(), "September enters no result before it is settled"


def test_a_forecast_has_the_marks_of_the_months_observed(tmp_path: Path) -> None:
    months = monthly_rows({(one, "phmev"): whole_year(2023) | whole_year(2024) for one in (A, B)})
    months.loc[(months["finess"] == A) & (months["month"] == pd.Timestamp(2024, 5, 1)), "is_corrected"] = True
    store = store_of(tmp_path, months, establishments({"finess": A}, {"finess": B, "department": "992"}))
    series = [(f"{A}/phmev", "establishment"), (f"{B}/phmev", "establishment")]
    series += [("departement-991/phmev", "department"), ("departement-992/phmev", "department")]
    series += [("region-96/phmev", "region"), (f"{A}/phev_ipp", "establishment")]
    rows = pd.DataFrame(series, columns=["series", "level"])
    rows = rows.assign(envelope=rows["series"].str.partition("/")[2], year=2024, median_eur=[1.0] * 5 + [float("nan")])
    late = with_forecast_marks(store, rows.assign(observed_months_nb=7))
    assert late["is_corrected"].tolist() == [True, False, True, False, True, False]
    assert late["value_status"].tolist() == ["reported"] * 5 + ["missing"]
    assert not with_forecast_marks(store, rows.assign(observed_months_nb=4))["is_corrected"].any()
