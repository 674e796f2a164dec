from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.batch.changes import Tolerance, table_changes
from caqes_analysis.chapters.changes import changes_by_table, largest_changes

FORECAST = {
    "series": "330781196/phmev",
    "unit_label": "€",
    "level": "establishment",
    "subject": "330781196",
    "envelope": "phmev",
    "year": 2024,
    "as_of": pd.Timestamp(2024, 9, 1),
    "observed_months_nb": 9,
    "expected_eur": Decimal("1000000.00"),
    "prob_exceed": 0.25,
    "method": "combination",
}
EVOLUTION = {
    "finess": "330781196",
    "envelope": "phmev",
    "year": 2024,
    "month_nb": 9,
    "current_eur": Decimal("10.00"),
    "previous_eur": Decimal("8.00"),
    "evolution_pct": 25.0,
    "compared_months_nb": 9,
    "value_status": "reported",
    "is_provisional": False,
    "is_corrected": False,
}


def rows(table: tables.Table, *values: dict[str, object]) -> pd.DataFrame:
    return table.conform(pd.DataFrame(list(values))).assign(part="330781196")


def told(
    before: dict[str, object], after: dict[str, object], *, table: tables.Table = tables.FORECASTS, **limits: float
) -> pd.DataFrame:
    return table_changes(table, rows(table, before), rows(table, after), Tolerance(**limits))


def test_equal_rows_tell_nothing_whatever_their_order():
    second = FORECAST | {"series": "330781204/phmev", "subject": "330781204"}
    one, other = rows(tables.FORECASTS, FORECAST, second), rows(tables.FORECASTS, second, FORECAST)
    assert table_changes(tables.FORECASTS, one, other, Tolerance()).empty


def test_a_cent_is_told_with_its_place_and_its_size():
    found = told(FORECAST, FORECAST | {"expected_eur": Decimal("1000000.01")})
    (change,) = found.to_dict("records")
    assert change["row"] == "330781196/phmev · 2024 · 2024-09-01"
    assert (change["part"], change["column"], change["kind"]) == ("330781196", "expected_eur", "changed")
    assert (change["before"], change["after"]) == ("1000000.00", "1000000.01")
    assert change["change"] == pytest.approx(0.01)
    assert change["change_pct"] == pytest.approx(1e-6)


@pytest.mark.parametrize(("limit", "is_told"), [(0.5, True), (1.0, False)])
def test_the_tolerance_of_amounts_is_in_euros(limit: float, is_told: bool):
    found = told(FORECAST, FORECAST | {"expected_eur": Decimal("1000001.00")}, amount_eur=limit)
    assert found.empty != is_told


@pytest.mark.parametrize(("value", "is_told"), [(0.25 * (1 + 1e-12), False), (0.25 * (1 + 1e-6), True)])
def test_the_last_digit_of_a_rate_is_not_told(value: float, is_told: bool):
    assert told(FORECAST, FORECAST | {"prob_exceed": value}).empty != is_told


def test_a_value_that_goes_missing_is_told_without_a_size():
    (change,) = told(FORECAST, FORECAST | {"prob_exceed": None}).to_dict("records")
    assert (change["before"], change["after"]) == ("0.25", "")
    assert pd.isna(change["change"])
    assert pd.isna(change["change_pct"])


def test_from_zero_there_is_a_size_but_no_rate():
    (change,) = told(FORECAST | {"prob_exceed": 0.0}, FORECAST).to_dict("records")
    assert change["change"] == 0.25
    assert pd.isna(change["change_pct"])


def test_statuses_and_flags_are_compared_and_words_are_not():
    found = told(EVOLUTION, EVOLUTION | {"value_status": "zero", "is_provisional": True}, table=tables.EVOLUTIONS)
    assert sorted(found["column"]) == ["is_provisional", "value_status"]
    assert told(FORECAST, FORECAST | {"method": "other", "reason": "autre"}).empty


def test_rows_that_come_and_go_are_told_whole():
    other = FORECAST | {"as_of": pd.Timestamp(2024, 8, 1)}
    found = told(FORECAST, other)
    assert list(zip(found["row"].str[-10:], found["column"], found["kind"], strict=True)) == [
        ("2024-08-01", "ligne", "appeared"),
        ("2024-09-01", "ligne", "disappeared"),
    ]


def test_a_key_that_misses_a_part_and_one_that_repeats_are_still_compared():
    table = tables.INDICATOR_VALUES
    value = {"level": "region", "group": "75", "period": "2024", "indicator": "phev_ipp", "measure": "boxes_nb"}
    value |= {"perimeter": "courant", "value": 1.0, "value_status": "reported"}
    value |= {"is_provisional": False, "is_corrected": False}
    twice = rows(table, value, value | {"value": 2.0})
    (change,) = table_changes(table, twice, rows(table, value, value | {"value": 3.0}), Tolerance()).to_dict("records")
    assert change["row"] == "75 · region · 2024 · phev_ipp · boxes_nb · courant · 2"


def test_summaries_count_by_table_and_put_amounts_first():
    found = pd.concat(
        [
            told(FORECAST, FORECAST | {"expected_eur": Decimal("900000.00"), "prob_exceed": 0.75}),
            told(FORECAST, FORECAST | {"as_of": pd.Timestamp(2024, 8, 1)}),
        ],
        ignore_index=True,
    )
    (summary,) = changes_by_table(found).to_dict("records")
    counts = {name: summary[name] for name in ("changed_nb", "appeared_nb", "disappeared_nb")}
    assert counts == {"changed_nb": 2, "appeared_nb": 1, "disappeared_nb": 1}
    assert summary["largest_pct"] == pytest.approx(200)
    assert list(largest_changes(found, 5)["column"]) == ["expected_eur", "prob_exceed"]
    assert len(largest_changes(found, 1)) == 1
