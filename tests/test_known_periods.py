"""A year known by cumuls alone, or by quarters in a file of months, is a whole year wherever years are counted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, quality, tables
from caqes_analysis.deliveries import difference, periods, to_cumulative
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.evaluation.gaps import gaps_of
from caqes_analysis.evaluation.sanction import sanction_bases
from caqes_analysis.indicators.campaign_values import sizes
from caqes_analysis.indicators.evolution import cumulative_evolution
from caqes_analysis.known_periods import KNOWN_TO_DATE, UNKNOWN_MONTHS
from caqes_analysis.quality.delivery_controls import check_deliveries
from caqes_analysis.quality.reconciliation import annual_gaps, annual_years_in_doubt
from caqes_analysis.savings.changes import transport_pairs
from caqes_analysis.schemes.grid import SanctionRule
from caqes_analysis.store import Store
from tests.builders import A, Amount, B, C, establishments, monthly_rows, store_of, whole_year

ENVELOPE = "transport_taxi"


def quarters(year: int, amount: str, **changes: Amount) -> dict[str, Amount]:
    """Amounts of the four quarters of a year, at their last months."""
    return {f"{year}-{month:02d}": changes.get(f"q{month // 3}", amount) for month in (3, 6, 9, 12)}


def region(folder: Path, *, how: str) -> Store:
    """A by quarters or cumuls, B by months, C by cumuls that stop in September 2024: 120 euros a year each."""
    known = establishments({"finess": A}, {"finess": B}, {"finess": C})
    months = {(B, e): whole_year(2023, "10.00") | whole_year(2024, "10.00") for e in (ENVELOPE, "phmev")}
    if how == "quarters":
        for envelope in (ENVELOPE, "phmev"):
            months[A, envelope] = quarters(2023, "30.00") | quarters(2024, "30.00")
            months[C, envelope] = quarters(2023, "30.00") | quarters(2024, "30.00", q4=None)
    store = store_of(folder, monthly_rows(months), known, first="2023-01", last="2024-12")
    rows = [
        to_cumulative(monthly_rows({(one, e): {f"{year}-{month:02d}": str(month * 10)}}, delivery=f"m{year}{month}"))
        for e in (ENVELOPE, "phmev")
        for one in (A, C)
        for year in (2023, 2024)
        for month in (3, 6, 9, 12)
        if how == "cumuls" and (one, year, month) != (C, 2024, 12)
    ]
    if rows:
        store.write(tables.CUMULATIVE_SPEND, difference(pd.concat(rows, ignore_index=True)), part="cumuls")
        span = {"first_month": pd.Timestamp(2023, 1, 1), "last_month": pd.Timestamp(2024, 12, 1)}
        store.write(tables.MONTHLY_GRID, perimeter.monthly_grid(store, **span), part="campagne")
    return store


@pytest.fixture(params=["cumuls", "quarters"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return region(tmp_path / "store", how=request.param)


def test_a_year_is_whole_however_it_was_received(store: Store) -> None:
    asked = f"select * from ({KNOWN_TO_DATE}) where year = 2024 and is_last and envelope = $e order by finess"
    rows = store.query(asked, {"e": ENVELOPE}).set_index("finess")
    assert rows["is_known"].to_dict() == {A: True, B: True, C: False}
    assert rows.loc[[A, B], "amount_eur"].tolist() == [Decimal("120.00")] * 2
    absent = store.query(f"select distinct finess, m from ({UNKNOWN_MONTHS}) order by all")
    assert absent.values.tolist() == [[C, 10], [C, 11], [C, 12]]
    assert set(quality.missing_months(store, year=2024)["finess"]) == {C}
    gaps = gaps_of(store, years=[2023, 2024], contract_of={})
    assert {who for who, _ in gaps.months} == {C}


def test_a_sanction_has_its_base(store: Store) -> None:
    rule = SanctionRule.model_validate(
        {"source": "essai", "base_envelopes": [ENVELOPE], "tiers": [{"score_from": 0, "rate_pct": 1}]}
    )
    bases = sanction_bases(store, rule, 2024, [A, B, C], ENVELOPES)
    assert {who: base.amount_eur for who, base in bases.items()} == {A: Decimal(120), B: Decimal(120), C: None}


def test_transports_are_compared_over_two_whole_years(store: Store) -> None:
    pairs = transport_pairs(store, year=2024)
    assert pairs["finess"].tolist() == [A, B]
    assert pairs[["previous_cents", "current_cents"]].values.tolist() == [[12000, 12000]] * 2


def test_the_size_of_an_establishment_is_that_of_its_year(store: Store) -> None:
    assert sizes(store).to_dict() == {A: 120.0, B: 120.0, C: 120.0}


def test_rates_agree_with_years(store: Store) -> None:
    rows = cumulative_evolution(store, year=2024, month_nbs=[12])
    own = rows[rows["envelope"] == ENVELOPE].set_index("finess")
    assert own["current_eur"].to_dict() == {A: Decimal("120.00"), B: Decimal("120.00"), C: Decimal("90.00")}
    assert own["missing_months"].isna().to_dict() == {A: True, B: True, C: False}


def test_quarters_in_a_file_of_months_are_told(tmp_path: Path) -> None:
    found = list(check_deliveries(region(tmp_path / "store", how="quarters"), {}))
    told = [one for one in found if one.code == "TRIMESTRES_DANS_LES_MOIS"]
    assert {one.place.split(",")[0] for one in told} == {A, C}
    absent = quality.completeness(region(tmp_path / "two", how="quarters"), envelope="phmev", year=2024)
    assert absent[absent["finess"] == A]["is_in_cumul"].all()


def test_an_envelope_of_quarters_alone_is_one_finding(tmp_path: Path) -> None:
    months = {(one, "phmev"): quarters(2023, "30.00") | quarters(2024, "30.00") for one in (A, B, C)}
    known = establishments({"finess": A}, {"finess": B}, {"finess": C})
    store = store_of(tmp_path, monthly_rows(months), known, first="2023-01", last="2024-12")
    (told,) = (one for one in check_deliveries(store, {"phmev": "PHMEV"}) if one.code == "TRIMESTRES_DANS_LES_MOIS")
    assert (told.place, told.count) == ("PHMEV", 24)
    assert told.example.startswith(f"3 établissements, dont {A} : montants aux seules fins de trimestre")


def test_a_quarter_is_a_period_of_three_months(tmp_path: Path) -> None:
    known = periods(region(tmp_path / "store", how="quarters")).query("envelope == 'phmev'").set_index("finess")
    assert known["months_nb"].groupby("finess").agg(["size", "sum"]).T.to_dict("list") == {
        A: [8, 24],
        B: [24, 24],
        C: [7, 21],
    }
    first = known.loc[A].iloc[0]
    assert (first["period_start"], first["period_end"]) == (pd.Timestamp(2023, 1, 1), pd.Timestamp(2023, 3, 1))


def test_a_quarter_after_a_missing_one_is_no_cumul(tmp_path: Path) -> None:
    """Four months of a year, or one quarter of two, are no quarters; the first year may begin later."""
    months: dict[tuple[str, str], dict[str, Amount]] = {
        (A, "lpp"): quarters(2024, "5.00", q2=None) | {"2023-06": "5.00", "2023-09": "5.00", "2023-12": "5.00"},
        (B, "lpp"): {"2023-03": "5.00", "2023-12": "5.00", "2024-03": "5.00", "2024-12": "5.00"},
        (C, "lpp"): {"2023-02": "5.00", "2023-06": "5.00", "2023-09": "5.00", "2023-12": "5.00", "2024-03": "5.00"},
    }
    known = establishments({"finess": A}, {"finess": B}, {"finess": C})
    store = store_of(tmp_path, monthly_rows(months), known, first="2023-01", last="2024-12")
    grid = store.read(tables.MONTHLY_GRID).dropna(subset=["cumulative_eur"])
    assert set(grid["finess"]) == {A}
    assert grid["month"].dt.strftime("%Y-%m").tolist() == ["2023-06", "2023-09", "2023-12", "2024-03"]
    assert grid["cumulative_eur"].astype(float).tolist() == [5.0, 10.0, 15.0, 5.0]
    own = store.read(tables.MONTHLY_GRID).set_index(["finess", "month"])["value_status"][A]
    assert own[: pd.Timestamp(2023, 3, 1)].tolist() == ["not_applicable"] * 3
    assert set(own[pd.Timestamp(2023, 4, 1) :]) == {"missing"}
    (told,) = (one for one in check_deliveries(store, {}) if one.code == "TRIMESTRES_DANS_LES_MOIS")
    assert told.count == 6
    assert told.remedy.endswith("Sans effet après un trimestre absent de la même année : 2.")


def test_a_year_of_cumuls_is_reconciled_with_its_yearly_base(store: Store) -> None:
    rows = pd.DataFrame({"finess": [A, B], "year": 2024, "source": "base", "source_line": [1, 2]})
    rows = rows.assign(reimbursed_eur=[Decimal(120), Decimal(120)], value_status="reported")
    base = tables.ANNUAL_DRUG_SPEND.conform(rows, is_provisional=False, is_corrected=False)
    store.write(tables.ANNUAL_DRUG_SPEND, base, part="base")
    gaps = annual_gaps(store, merged=True).set_index("finess")
    assert gaps["months_nb"].to_dict() == {A: 12, B: 12}
    assert gaps["monthly_eur"].tolist() == [Decimal("120.00")] * 2
    assert not gaps["is_beyond"].any()
    (total,) = quality.reconciliation(store).to_dict("records")
    assert (total["establishments_nb"], total["gap_eur"]) == (2, Decimal("0.00"))


@pytest.mark.parametrize("base_year", [2023, 2024])
def test_a_region_of_cumuls_alone_is_compared_with_its_yearly_base(tmp_path: Path, base_year: int) -> None:
    """Euros of 2023: 100, 200, 300; of 2024: the double; the base given for 2024 holds those of one of the two."""
    store, names = Store(tmp_path / "store"), (A, B, C)
    rows = [
        to_cumulative(
            monthly_rows({(one, "phmev"): {f"{year}-12": f"{100 * nb * (year - 2022)}.00"}}, delivery=f"{year}")
        )
        for year in (2023, 2024)
        for nb, one in enumerate(names, start=1)
    ]
    store.write(tables.CUMULATIVE_SPEND, difference(pd.concat(rows, ignore_index=True)), part="cumuls")
    known = establishments(*({"finess": one} for one in names))
    store.write(tables.ESTABLISHMENTS, known, part="campagne")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="campagne")
    lines = pd.DataFrame({"finess": names, "year": 2024, "source": "base", "source_line": [1, 2, 3]})
    lines = lines.assign(
        reimbursed_eur=[Decimal(100 * nb * (base_year - 2022)) for nb in (1, 2, 3)], value_status="reported"
    )
    base = tables.ANNUAL_DRUG_SPEND.conform(lines, is_provisional=False, is_corrected=False)
    store.write(tables.ANNUAL_DRUG_SPEND, base, part="base")
    doubts = annual_years_in_doubt(store)
    assert doubts["other_year"].tolist() == ([2023] if base_year == 2023 else [])
    gaps = annual_gaps(store)
    assert gaps["months_nb"].tolist() == [12] * 3
    assert (gaps["monthly_eur"] == gaps["annual_eur"]).tolist() == [base_year == 2024] * 3
    store.write(tables.ANNUAL_DRUG_SPEND, base[base["finess"] != C], part="base")
    found = quality.check_received(store, last_month=pd.Timestamp(2024, 12, 1))
    assert [one.example.partition(" ")[0] for one in found if one.code == "ABSENT_DE_LA_BASE_ANNUELLE"] == [C]
