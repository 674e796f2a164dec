"""Statuses, periods, perimeters and groups of indicator values, on tables checked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.errors import CaqesError
from caqes_analysis.indicators.compute import compute_indicators, missing_code_lists
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.evolution import annual_evolution
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.indicators.builders import (
    activity_lines,
    cell,
    drug_lines,
    extra_list_lines,
    lpp_lines,
    region,
    status,
    values,
)


def definition(*measures: dict[str, object], **more: object) -> IndicatorDefinition:
    texts = dict.fromkeys(("name", "short_name", "theme", "why"), "essai")
    main = measures[0]["id"]
    whole = {"id": "essai", **texts, "status": "draft", "direction": "none", "main_measure": main, **more}
    parts = [{"label": "Essai", "unit": "€", **measure} for measure in measures]
    return IndicatorDefinition.model_validate({**whole, "measures": parts})


def amount(where: str, table: str = "monthly_grid") -> dict[str, object]:
    return {"table": table, "sum": "amount_eur", "where": where}


IPP = definition(
    {"id": "boxes_nb", "numerator": {"table": "annual_drug_spend", "sum": "boxes_nb", "where": "atc4 = 'A02BC'"}},
    {"id": "evolution_pct", "evolution_of": "boxes_nb"},
)
SPENT = definition(
    {"id": "amount_eur", "numerator": amount("envelope = 'phmev'")},
    {"id": "evolution_pct", "evolution_of": "amount_eur"},
    period="cumulative_month",
)
SHARE = definition(
    {
        "id": "share_pct",
        "numerator": amount("envelope = 'a'"),
        "denominator": amount("envelope in ('a', 'b')"),
        "scale": 100,
    },
    {"id": "evolution_pct", "evolution_of": "share_pct"},
    period="cumulative_month",
)


def test_zero_missing_and_not_applicable(tmp_path: Path) -> None:
    store = region(tmp_path, {"finess": A}, {"finess": B}, {"finess": C, "legal_status": "prive"})
    drug_lines(store, {"atc5": "N05BA04", "boxes_nb": 7})
    found = values(store, IPP)
    assert (status(found, A, "boxes_nb"), cell(found, A, "boxes_nb")) == ("zero", 0)
    assert status(found, B, "boxes_nb") == "missing"
    assert status(found, C, "boxes_nb") == "not_applicable"
    assert status(found, A, "evolution_pct") == "missing"
    whole = found.loc[("region", "boxes_nb", "courant", "2024")]
    assert (whole["establishments_nb"], whole["missing_nb"]) == (1, 1)


def test_a_year_that_was_not_received_is_missing_everywhere(tmp_path: Path) -> None:
    store = drug_lines(region(tmp_path), {"atc5": "A02BC01", "boxes_nb": 7})
    found = values(store, IPP, "2023")
    assert set(found["value_status"]) == {"missing"}
    assert set(values(region(tmp_path / "nothing"), IPP)["value_status"]) == {"missing"}


def test_a_merger_brings_both_years_to_the_establishment_of_today(tmp_path: Path) -> None:
    closed = {"finess": B, "successor": A, "valid_to": pd.Timestamp("2023-12-31")}
    store = region(tmp_path, {"finess": A}, closed)
    drug_lines(store, {"atc5": "A02BC01", "boxes_nb": 90})
    drug_lines(store, {"atc5": "A02BC01", "boxes_nb": 60}, {"finess": B, "atc5": "A02BC01", "boxes_nb": 40}, year=2023)
    found = values(store, IPP)
    assert cell(found, A, "evolution_pct") == -10
    assert B not in found.index.get_level_values("who")


def test_the_cumul_to_a_month_compares_the_same_months_of_both_years(tmp_path: Path) -> None:
    """+5.11 % at M6 2017, where the whole year is at +2.555 %: the second half of 2016 is not in the cumul."""
    second = {f"m{month:02d}": "100.00" for month in range(7, 13)}
    months = {(A, "phmev"): whole_year(2016) | whole_year(2017, "105.11", **second)}
    store = store_of(tmp_path, monthly_rows(months), establishments({"finess": A}), first="2016-01", last="2017-12")
    found = values(store, SPENT, "2017", "2017-M06", "2017-M01")
    for period, amount, rate, months_nb in (
        ("2017-M01", 105.11, 5.11, 1),
        ("2017-M06", 630.66, 5.11, 6),
        ("2017", 1230.66, 2.555, 12),
    ):
        assert cell(found, A, "amount_eur", period=period) == amount
        assert cell(found, A, "evolution_pct", period=period) == pytest.approx(rate, abs=1e-9)
        assert found.loc[(A, "evolution_pct", "courant", period), "months_nb"] == months_nb


def test_published_rates_of_evolution(tmp_path: Path) -> None:
    """+7.52 % over 2016 against 4 %; the months of both years are the same at M6."""
    monthly = monthly_rows({(A, "phmev"): whole_year(2015) | whole_year(2016, "107.52")})
    store = store_of(tmp_path, monthly, establishments({"finess": A}), first="2015-01", last="2016-12")
    found = values(store, SPENT, "2016", "2016-M06")
    assert cell(found, A, "evolution_pct", period="2016") == 7.52
    assert cell(found, A, "amount_eur", period="2016-M06") == 645.12
    assert found.loc[(A, "evolution_pct", "courant", "2016-M06"), "months_nb"] == 6


def test_a_missing_month_leaves_both_years_but_no_level(tmp_path: Path) -> None:
    monthly = monthly_rows({(A, "phmev"): whole_year(2023, m02=None) | whole_year(2024, "110.00", m05=None)})
    store = store_of(tmp_path, monthly, establishments({"finess": A}))
    found = values(store, SPENT, "2024", "2024-M04")
    assert cell(found, A, "evolution_pct") == 10
    assert found.loc[(A, "evolution_pct", "courant", "2024"), "numerator"] == 1100
    assert found.loc[(A, "evolution_pct", "courant", "2024"), "months_nb"] == 10
    assert status(found, A, "amount_eur") == "missing"
    assert cell(found, A, "amount_eur", period="2024-M04") == 440


def test_a_new_establishment_has_euros_but_no_rate(tmp_path: Path) -> None:
    monthly = monthly_rows({(A, "phmev"): whole_year(2023) | whole_year(2024), (B, "phmev"): whole_year(2024, "10.00")})
    store = store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B}))
    found = values(store, SPENT)
    assert status(found, B, "evolution_pct") == "not_applicable"
    assert cell(found, "region", "evolution_pct") == 0, "at constant perimeter"
    assert cell(found, "region", "amount_eur") == 1320


def test_a_year_is_not_read_against_the_months_since_an_opening(tmp_path: Path) -> None:
    """Opened in September: +200 % would blame an establishment for being new, and +50 % its region."""
    since_september = {month: eur for month, eur in whole_year(2023).items() if month >= "2023-09"}
    monthly = monthly_rows(
        {(A, "phmev"): whole_year(2023) | whole_year(2024), (B, "phmev"): since_september | whole_year(2024)}
    )
    everyone = establishments({"finess": A}, {"finess": B, "valid_from": "2023-09-01"})
    store = store_of(tmp_path, monthly, everyone)
    for year, boxes in ((2023, 40), (2024, 120)):
        lines = [{"finess": who, "atc5": "A02BC01", "boxes_nb": boxes, "reimbursed_eur": boxes} for who in (A, B)]
        drug_lines(store, *lines, year=year)
    found = values(store, SPENT, "2024", "2024-M06")
    for period in ("2024", "2024-M06"):
        assert status(found, B, "evolution_pct", period=period) == "not_applicable"
    assert cell(found, A, "evolution_pct") == 0
    assert cell(found, "region", "evolution_pct") == 0
    assert cell(values(store, IPP), "region", "evolution_pct") == 200, "120 boxes of A alone against 40"
    assert status(values(store, IPP), B, "evolution_pct") == "not_applicable"
    assert annual_evolution(store, year=2024).set_index("finess")["value_status"].to_dict() == {
        A: "reported",
        B: "not_applicable",
    }


def test_a_zero_received_for_a_year_before_the_opening_is_no_value(tmp_path: Path) -> None:
    everyone = establishments({"finess": A}, {"finess": B, "valid_from": "2024-01-01"})
    store = store_of(tmp_path, monthly_rows({(A, "phmev"): whole_year(2024)}), everyone)
    lines = [
        (who, year, "exams", nb) for who, year, nb in ((A, "2023", 0), (A, "2024", 9), (B, "2023", 0), (B, "2024", 7))
    ]
    exams = {"table": "activity", "sum": "count_nb", "where": "activity = 'exams'"}
    found = values(activity_lines(store, *lines), definition({"id": "exams_nb", "numerator": exams}), "2023", "2024")
    assert status(found, A, "exams_nb", period="2023") == "zero"
    assert status(found, B, "exams_nb", period="2023") == "not_applicable"
    assert cell(found, B, "exams_nb") == 7


def test_an_envelope_never_received_is_zero_beside_its_denominator(tmp_path: Path) -> None:
    monthly = monthly_rows(
        {(A, "b"): whole_year(2024), (B, "a"): whole_year(2024, "1.00", m03=None), (B, "b"): whole_year(2024, "3.00")}
    )
    found = values(store_of(tmp_path, monthly, establishments({"finess": A}, {"finess": B})), SHARE)
    assert (cell(found, A, "share_pct"), status(found, A, "share_pct")) == (0, "zero")
    assert cell(found, B, "share_pct") == 25
    assert found.loc[(B, "share_pct", "courant", "2024"), ["denominator", "months_nb"]].tolist() == [44, 11]
    assert cell(found, "region", "share_pct") == pytest.approx(100 * 11 / 1244)


def test_provisional_and_corrected_months_are_told(tmp_path: Path) -> None:
    months = whole_year(2023) | whole_year(2024)
    monthly = monthly_rows({(A, "phmev"): months}, provisional=["2024-12"])
    found = values(store_of(tmp_path, monthly, establishments({"finess": A})), SPENT, "2024", "2024-M11")
    flags = found["is_provisional"]
    assert flags.loc[(A, "amount_eur", "courant", "2024")]
    assert not flags.loc[(A, "amount_eur", "courant", "2024-M11")]


def test_denominator_of_zero_is_not_applicable(tmp_path: Path) -> None:
    lines = ("2024", "stays", 0), ("2024", "prescriptions", 4)
    store = activity_lines(region(tmp_path), *((A, *line) for line in lines))
    rate = definition(
        {
            "id": "rate",
            "numerator": {"table": "activity", "sum": "count_nb", "where": "activity = 'prescriptions'"},
            "denominator": {"table": "activity", "sum": "count_nb", "where": "activity = 'stays'"},
        }
    )
    found = values(store, rate)
    assert status(found, A, "rate") == "not_applicable"
    # « De 30 à 31 établissements ont une valeur » was said of the eleven that have one.
    whole = found[found["level"] == "region"].iloc[0]
    assert whole["establishments_nb"] == 0


def test_an_activity_that_others_declare_is_a_gap(tmp_path: Path) -> None:
    trips = {"table": "activity", "sum": "count_nb", "where": "activity in ('trips_taxi', 'trips_vsl')"}
    both = definition({"id": "trips_nb", "numerator": trips})
    lines = [(A, "2024", "trips_taxi", 5), (A, "2024", "trips_vsl", 0), (B, "2024", "trips_taxi", 5)]
    found = values(activity_lines(region(tmp_path), *lines), both)
    assert cell(found, A, "trips_nb") == 5
    assert status(found, B, "trips_nb") == "missing"
    gap = activity_lines(region(tmp_path / "gap"), (A, "2024", "trips_taxi", None), (B, "2024", "trips_taxi", 0))
    found = values(gap, both)
    assert (status(found, A, "trips_nb"), status(found, B, "trips_nb")) == ("missing", "zero")


def test_what_is_received_for_the_period_comes_before_its_months(tmp_path: Path) -> None:
    visits = {"table": "activity", "sum": "count_nb", "where": "activity = 'emergency_visits'"}
    counted = definition(
        {"id": "visits_nb", "numerator": visits},
        {"id": "evolution_pct", "evolution_of": "visits_nb"},
        period="cumulative_month",
    )
    months = [(A, f"2024-{m:02d}", "emergency_visits", 10) for m in range(1, 13)]
    lines = [*months, (B, "2024", "emergency_visits", 99), (A, "2023", "emergency_visits", 100)]
    found = values(activity_lines(region(tmp_path), *lines), counted, "2024", "2024-M03")
    assert cell(found, A, "visits_nb") == 120
    assert cell(found, A, "evolution_pct") == 20
    assert cell(found, B, "visits_nb") == 99
    assert cell(found, A, "visits_nb", period="2024-M03") == 30
    assert status(found, B, "visits_nb", period="2024-M03") == "missing"


def test_champ_constant_leaves_a_list_out_of_both_years(tmp_path: Path) -> None:
    store = region(tmp_path)
    drug_lines(store, {"atc5": "A02BC01", "boxes_nb": 30}, {"atc5": "A02BC02", "boxes_nb": 12})
    drug_lines(store, {"atc5": "A02BC01", "boxes_nb": 10}, {"atc5": "A02BC02", "boxes_nb": 10}, year=2023)
    constant = {"id": "constant", "label": "Constant", "exclude": {"annual_drug_spend": "atc5 = 'A02BC01'"}}
    both = [{"id": "courant", "label": "Courant"}, constant]
    found = values(store, IndicatorDefinition.model_validate({**IPP.model_dump(), "perimeters": both}))
    assert cell(found, A, "evolution_pct") == 110
    assert cell(found, A, "evolution_pct", "constant") == 20


def test_a_listing_received_without_the_kind_is_missing(tmp_path: Path) -> None:
    store = extra_list_lines(
        region(tmp_path),
        *((A, f"2024-{m:02d}", "drug", "9000001", "5") for m in range(1, 13)),
        *((B, f"2024-{m:02d}", "device", "3000001", "5") for m in range(1, 13)),
    )
    part = {
        "table": "extra_list_use",
        "sum": "reimbursed_eur",
        "where": "kind = 'drug'",
        "received_if": "kind = 'drug'",
    }
    found = values(store, definition({"id": "drugs_eur", "numerator": part}))
    assert (cell(found, A, "drugs_eur"), status(found, B, "drugs_eur")) == (60, "missing")


def test_half_a_year_of_months_is_no_year(tmp_path: Path) -> None:
    store = lpp_lines(region(tmp_path), *((A, f"2024-{m:02d}", "1307143", "5") for m in range(1, 7)))
    spent = definition({"id": "amount_eur", "numerator": amount("true", "lpp_spend")}, period="cumulative_month")
    found = values(store, spent, "2024", "2024-M06")
    assert status(found, A, "amount_eur") == "missing"
    assert cell(found, A, "amount_eur", period="2024-M06") == 30


def test_a_code_list_that_nobody_gave_leaves_the_value_missing(tmp_path: Path) -> None:
    part = {"table": "annual_drug_spend", "sum": "boxes_nb", "where": "in_list(atc5, 'a-fournir')"}
    draft = definition({"id": "boxes_nb", "numerator": part}, code_lists=("a-fournir",))
    found = values(drug_lines(region(tmp_path), {"atc5": "A02BC01", "boxes_nb": 3}), draft)
    assert set(found["value_status"]) == {"missing"}
    assert missing_code_lists([IPP, draft]) == {"essai": ("a-fournir",)}
    assert missing_code_lists([IPP]) == {}


def test_yearly_sources_have_no_cumulative_month(tmp_path: Path) -> None:
    store = drug_lines(region(tmp_path), {"atc5": "A02BC01", "boxes_nb": 3})
    monthly = IndicatorDefinition.model_validate({**IPP.model_dump(), "period": "cumulative_month"})
    assert set(values(store, monthly, "2024", "2024-M09").index.get_level_values("period")) == {"2024"}
    with pytest.raises(CaqesError, match="PERIODE_ILLISIBLE"):
        compute_indicators(store, [IPP], periods=["2024-09"])


def test_groups_are_the_sums_of_the_sheets(tmp_path: Path) -> None:
    rows = [
        {"finess": A, "department": "33"},
        {"finess": B, "department": "33", "category": "CHU"},
        {"finess": C, "department": "64"},
    ]
    store = region(tmp_path, *rows)
    drug_lines(store, *({"finess": f, "atc5": "A02BC01", "boxes_nb": n} for f, n in ((A, 1), (B, 2), (C, 4))))
    frame = tables.INDICATOR_VALUES.validate(compute_indicators(store, [IPP], periods=["2024"]))
    sums = frame[(frame["measure"] == "boxes_nb") & (frame["level"] != "establishment")].set_index(["level", "group"])
    assert sums["value"].to_dict() == {
        ("department", "33"): 3, ("department", "64"): 4, ("category", "CH"): 5, ("category", "CHU"): 2,
        ("region", "ensemble"): 7,
    }  # fmt: skip
    alone = compute_indicators(store, [IPP], periods=["2024"], finess=[B])
    assert alone[["finess", "level"]].drop_duplicates().to_numpy().tolist() == [[B, "establishment"]]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=6))
def test_sums_are_exact(tmp_path_factory: pytest.TempPathFactory, cents: list[int]) -> None:
    store = region(tmp_path_factory.mktemp("exact"))
    drug_lines(store, *({"atc5": "A02BC01", "reimbursed_eur": Decimal(c) / 100} for c in cents))
    part = {"table": "annual_drug_spend", "sum": "reimbursed_eur"}
    found = values(store, definition({"id": "amount_eur", "numerator": part}))
    assert cell(found, A, "amount_eur") == float(Decimal(sum(cents)) / 100)


def test_before_the_first_day_of_a_list_nothing_is_zero(tmp_path: Path) -> None:
    store = lpp_lines(
        region(tmp_path), (A, "2018", "1103392", "10"), (A, "2019", "1103392", "20"), (A, "2020", "1000000", "5")
    )
    listed = {"table": "lpp_spend", "sum": "amount_eur", "where": "in_list(lpp, 'perfadom')"}
    home = definition({"id": "amount_eur", "numerator": listed}, code_lists=["perfadom"])
    shipped = known_code_lists()["perfadom"]  # its source dates no code: here, one that a region dates
    dated = {"perfadom": shipped.model_copy(update={"valid_from": date(2019, 1, 1)})}
    found = compute_indicators(store, [home], periods=["2018", "2019", "2020"], code_lists=dated)
    assert found.loc[found["finess"] == A, "value_status"].tolist() == ["missing", "reported", "zero"]


def test_a_sum_with_phmev_does_not_apply_to_a_clinic_that_has_none(tmp_path: Path) -> None:
    both = definition({"id": "amount_eur", "numerator": amount("envelope in ('phmev', 'lpp')")})
    devices = definition({"id": "amount_eur", "numerator": amount("envelope = 'lpp'")})
    monthly = monthly_rows(dict.fromkeys([(A, "phmev"), (A, "lpp"), (B, "lpp")], whole_year(2024)))
    known = establishments({"finess": A}, {"finess": B, "legal_status": "prive"})
    store = store_of(tmp_path, monthly, known, first="2024-01")
    for one, state, region_eur in ((both, "not_applicable", 2400.0), (devices, "reported", 2400.0)):
        rows = compute_indicators(store, [one], periods=["2024"], code_lists={})
        assert rows.set_index("finess").loc[B, "value_status"] == state
        assert rows.loc[rows["level"] == "region", "value"].item() == region_eur
