"""Controls that bear on several lines or files, on hand-made stores."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.quality import check_received, without_corrected
from caqes_analysis.quality.completeness import absent_months, lone_months
from caqes_analysis.quality.perimeter_changes import spending_outside_validity
from caqes_analysis.quality.reconciliation import annual_gaps, annual_years_in_doubt, envelope_weights, unmatched_years
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year

LAST = pd.Timestamp("2024-12-01")


def annual(store: Store, year: int, **totals: str) -> None:
    """A yearly base with one line an establishment; ``a``, ``b`` and ``c`` are their totals."""
    rows = pd.DataFrame(
        {
            "source_line": range(2, 2 + len(totals)),
            "finess": [{"a": A, "b": B, "c": C}[name] for name in totals],
            "reimbursed_eur": [Decimal(total) for total in totals.values()],
        }
    )
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    frame = tables.ANNUAL_DRUG_SPEND.conform(rows, source=f"base-{year}", year=year, **state)
    store.write(tables.ANNUAL_DRUG_SPEND, frame, part=f"base-{year}")


def months(*years: int, **levels: str) -> dict[tuple[str, str], dict[str, str | None]]:
    """PHMEV of some years: the level of each establishment, raised by a tenth every year."""
    names = {"a": A, "b": B, "c": C}
    found: dict[tuple[str, str], dict[str, str | None]] = {}
    for name, level in levels.items():
        every: dict[str, str | None] = {}
        for rank, year in enumerate(years):
            every |= whole_year(year, str((Decimal(level) * (Decimal("1.1") ** rank)).quantize(Decimal("0.01"))))
        found[names[name], "phmev"] = every
    return found


def codes(store: Store) -> list[tuple[str, str]]:
    return [(one.code, one.severity) for one in check_received(store, last_month=LAST)]


def test_a_month_without_any_line_is_told_and_an_empty_amount_is_not(tmp_path: Path) -> None:
    series = {(A, "lpp"): whole_year(2024, m05=None), (B, "lpp"): whole_year(2024), (C, "lpp"): whole_year(2024)}
    del series[B, "lpp"]["2024-07"]
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    found = absent_months(store, last_month=LAST)
    assert found[["finess", "envelope"]].to_numpy().tolist() == [[B, "lpp"]]
    assert codes(store) == [("MOIS_ABSENT", "warning")]


def test_a_month_that_nobody_has_is_told_once(tmp_path: Path) -> None:
    series = {(one, "lpp"): whole_year(2024) for one in (A, B, C)}
    for amounts in series.values():
        del amounts["2024-12"]
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    assert codes(store) == [("MOIS_ABSENT_DU_FICHIER", "warning")]


def test_a_file_that_stops_early_is_one_finding(tmp_path: Path) -> None:
    series = {
        (one, envelope): {**whole_year(2023), **whole_year(2024)}
        for one in (A, B, C)
        for envelope in ("lpp", "perfadom")
    }
    for amounts in series.values():
        for month in [f"2024-{nb:02d}" for nb in range(4, 13)]:
            del amounts[month]
    for (_, envelope), amounts in series.items():
        if envelope == "lpp":
            del amounts["2023-05"]
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    told = [one for one in check_received(store, last_month=LAST) if one.code.startswith("MOIS_ABSENT")]
    assert [(one.place, one.count) for one in told] == [
        ("LPP, mai 2023", 3),
        ("LPP, PERFADOM, avril 2024 à décembre 2024", 54),
    ]
    assert told[1].example.startswith("9 mois de suite, 3 établissements")


def test_spending_before_opening_and_after_closing(tmp_path: Path) -> None:
    series = {(A, "lpp"): whole_year(2024), (B, "lpp"): whole_year(2024)}
    known = establishments(
        {"finess": A, "valid_to": pd.Timestamp("2024-10-15")}, {"finess": B, "valid_from": "2024-02-20"}
    )
    found = spending_outside_validity(store_of(tmp_path, monthly_rows(series), known))
    assert found[["finess", "kind", "months_nb"]].to_numpy().tolist() == [[A, "after", 2], [B, "before", 1]]
    assert found["amount_eur"].tolist() == [Decimal("200.00"), Decimal("100.00")]


def test_sources_that_agree_to_the_cent_warn_at_the_first_cent(tmp_path: Path) -> None:
    series = months(2023, a="10000", b="20000", c="30000")
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    annual(store, 2023, a="120000.00", b="240000.00", c="360000.01")
    assert annual_gaps(store)["monthly_eur"].tolist() == [Decimal("120000.00"), Decimal("240000.00"), Decimal(360000)]
    told = [one for one in check_received(store, last_month=pd.Timestamp("2023-12-01")) if one.code == "ECART_ANNUEL"]
    assert [one.place for one in told] == [f"{C}, PHMEV, 2023"]
    # Several may disagree: each is told how many do not, never that all the others agree.
    assert told[0].remedy.startswith("2 établissements sur 3 concordent au centime. Cause probable")


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ({"a": "120000.00"}, "1 établissement sur 2 concorde au centime. Cause probable"),
        ({}, "Aucun établissement ne concorde au centime. Cause probable"),
    ],
    ids=["one", "none"],
)
def test_establishments_that_agree_to_the_cent_are_counted_in_french(
    tmp_path: Path, bases: dict[str, str], expected: str
) -> None:
    """One of which no month was received is out of the median, which is nil, whatever the others do."""
    series = months(2023, a="10000", b="20000")
    known = establishments({"finess": A}, {"finess": B}, {"finess": C})
    store = store_of(tmp_path, monthly_rows(series), known)
    annual(store, 2023, c="360000.00", **bases)
    told = [one for one in check_received(store, last_month=pd.Timestamp("2023-12-01")) if one.code == "ECART_ANNUEL"]
    assert [one.place for one in told] == [f"{C}, PHMEV, 2023"]
    assert told[0].remedy.startswith(expected)


def test_a_year_whose_months_do_not_make_the_base_is_named(tmp_path: Path) -> None:
    series = months(2023, a="10000", b="20000", c="30000")
    series[B, "phmev"]["2023-12"] = "15000.00"
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    annual(store, 2023, a="120000.00", b="240000.00", c="360000.00")
    found = unmatched_years(store)
    assert found[["finess", "year"]].to_numpy().tolist() == [[B, 2023]]
    assert found[["monthly_eur", "annual_eur"]].to_numpy().tolist() == [[Decimal("235000.00"), Decimal("240000.00")]]


def test_the_base_of_a_merged_establishment_is_that_of_its_successor(tmp_path: Path) -> None:
    series = months(2023, a="10000", b="20000", c="30000")
    known = establishments(
        {"finess": A, "valid_to": pd.Timestamp("2023-12-31"), "successor": B}, {"finess": B}, {"finess": C}
    )
    store = store_of(tmp_path, monthly_rows(series), known)
    annual(store, 2023, b="360000.00", c="360000.00")
    assert unmatched_years(store).empty


def test_a_base_of_another_year_is_an_error(tmp_path: Path) -> None:
    series = months(2022, 2023, a="10000", b="20000", c="30000")
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    annual(store, 2023, a="120000.00", b="240000.00", c="360000.00")
    doubt = annual_years_in_doubt(store)
    assert doubt[["year", "other_year", "against"]].to_numpy().tolist() == [[2023, 2022, "months"]]
    assert ("ANNEE_DOUTEUSE", "error") in codes(store)
    annual(store, 2022, a="120000.00", b="240000.00", c="360000.00")
    assert set(annual_years_in_doubt(store)["against"]) == {"months", "base"}


def test_an_envelope_in_thousands_is_out_of_proportion(tmp_path: Path) -> None:
    series = months(2024, a="10000") | {(A, "lpp"): whole_year(2024, "2.50")}
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}))
    assert envelope_weights(store)["ratio"].tolist() == [0.00025]
    assert ("UNITE_DOUTEUSE", "error") in codes(store)


def test_corrected_months_are_left_out_of_what_deliveries_changed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    register = pd.DataFrame({"finess": [A], "period": ["2024-03"], "field": ["lpp"], "old": [Decimal(1)]})
    register = register.assign(new=[Decimal(2)], author="x", date=pd.Timestamp("2024-10-01"), proof="y")
    store.write(tables.CORRECTIONS, tables.CORRECTIONS.conform(register, state="applied"), part="corrections")
    rows = pd.DataFrame({"finess": A, "envelope": "lpp", "month": pd.to_datetime(["2024-03-01", "2024-04-01"])})
    assert without_corrected(store, rows)["month"].dt.month.tolist() == [4]


def test_a_lone_month_long_before_the_others_is_told_and_no_hole_is(tmp_path: Path) -> None:
    series = {(A, "lpp"): whole_year(2024) | {"2013-05": "100.00"}, (B, "lpp"): whole_year(2024)}
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}))
    told = check_received(store, last_month=pd.Timestamp("2024-12-01"))
    assert [(one.code, one.place) for one in told] == [("MOIS_ISOLE", f"{A}, LPP, mai 2013")]


def test_the_holes_of_an_establishment_of_a_few_patients_are_no_surprise(tmp_path: Path) -> None:
    few = {"2023-01": "169.16"} | {f"2023-{nb:02d}": "0.00" for nb in range(2, 10)}
    few |= {f"2023-{nb}": "100.00" for nb in (10, 11, 12)} | whole_year(2024, m03="0.00", m06="0.00", m07="0.00")
    everyone = {(A, "lpp"): few, (B, "lpp"): whole_year(2023) | whole_year(2024)}
    store = store_of(tmp_path, monthly_rows(everyone), establishments({"finess": A}, {"finess": B}))
    assert lone_months(store).empty
    few |= dict.fromkeys(("2024-03", "2024-06", "2024-07"), "100.00")
    store = store_of(tmp_path / "b", monthly_rows(everyone), establishments({"finess": A}, {"finess": B}))
    assert lone_months(store)["finess"].tolist() == [A], "in a series without zeros it is one"


def test_holes_between_months_too_many_to_be_written_wrong_are_told(tmp_path: Path) -> None:
    odd = {"2023-01": "100.00", "2023-05": "100.00", "2023-09": "100.00"}
    store = store_of(
        tmp_path,
        monthly_rows({(A, "lpp"): odd | whole_year(2024), (B, "lpp"): whole_year(2023) | whole_year(2024)}),
        establishments({"finess": A}, {"finess": B}),
    )
    told = [one for one in check_received(store, last_month=LAST) if one.code.startswith("MOIS_")]
    assert [(one.code, one.place, one.count) for one in told] == [("MOIS_ABSENT", f"{A}, LPP", 9)]


def test_an_establishment_that_the_yearly_base_leaves_out(tmp_path: Path) -> None:
    series = months(2023, a="10000", b="20000", c="30000")
    store = store_of(tmp_path, monthly_rows(series), establishments({"finess": A}, {"finess": B}, {"finess": C}))
    annual(store, 2023, a="120000.00", b="240000.00")
    told = [one for one in check_received(store, last_month=pd.Timestamp("2023-12-01")) if "BASE" in one.code]
    assert [(one.code, one.severity, one.count) for one in told] == [("ABSENT_DE_LA_BASE_ANNUELLE", "warning", 1)]
    assert C in told[0].example
