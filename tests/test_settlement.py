"""Deliveries that follow each other: which counts, what changed, cumuls cut into periods; never a silent choice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis import deliveries, perimeter, tables
from caqes_analysis.errors import SourceError
from caqes_analysis.forecast.series import monthly_series
from caqes_analysis.indicators.evolution import comparable_months, cumulative_evolution, sum_evolutions
from caqes_analysis.quality import check_received
from caqes_analysis.quality.delivery_controls import check_closed_periods
from caqes_analysis.settlement import settle
from caqes_analysis.store import Store
from tests.builders import A, B, C, establishments, monthly_rows, whole_year

Series = dict[tuple[str, str], dict[str, str | None]]
Counts = dict[tuple[str, str, str], int | None]


def deliver(store: Store, name: str, series: Series, *, received: str | None = None, as_of: str | None = None) -> None:
    """Write a monthly delivery."""
    store.write(tables.MONTHLY_SPEND, monthly_rows(series, delivery=name), part=name)
    _describe(store, name, received, as_of)


def deliver_cumul(store: Store, name: str, series: Series, *, received: str | None = None) -> None:
    """Write a cumulative delivery; its months are those of its cumuls."""
    rows = deliveries.to_cumulative(monthly_rows(series, delivery=name))
    store.write(tables.CUMULATIVE_SPEND, rows, part=name)
    _describe(store, name, received, f"{rows['month'].max():%Y-%m}")


def _describe(store: Store, name: str, received: str | None, as_of: str | None) -> None:
    row = {"delivery": [name], "file": [f"{name}.csv"], "sha256": ["0" * 64]}
    dates = {
        "received_on": [pd.Timestamp(received) if received else None],
        "as_of": [pd.Timestamp(f"{as_of}-01") if as_of else None],
    }
    store.write(tables.DELIVERIES, tables.DELIVERIES.conform(pd.DataFrame({**row, **dates})), part=name)


def test_the_last_delivery_counts_and_the_others_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver(store, "juin", {(A, "phmev"): {"2024-05": "10.00", "2024-06": "5.00"}}, received="2024-07-10")
    deliver(store, "sept", {(A, "phmev"): {"2024-06": "8.00", "2024-07": "9.00"}}, received="2024-10-10")
    assert settle(store).codes() == set()
    assert deliveries.latest(store)[["delivery", "amount_eur"]].values.tolist() == [
        ["juin", Decimal("10.00")],
        ["sept", Decimal("8.00")],
        ["sept", Decimal("9.00")],
    ]
    changes = deliveries.restatements(store)
    assert changes[["old_delivery", "new_delivery", "old_eur", "new_eur", "difference_eur"]].values.tolist() == [
        ["juin", "sept", Decimal("5.00"), Decimal("8.00"), Decimal("3.00")]
    ]
    history = deliveries.history(store)
    june = history[history["month"] == "2024-06-01"]
    assert june[["delivery", "rank", "is_latest"]].values.tolist() == [["juin", 1, False], ["sept", 2, True]]
    assert june["as_of"].dt.strftime("%Y-%m").tolist() == ["2024-06", "2024-07"]


def test_without_dates_of_reception_the_month_of_the_delivery_tells(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver(store, "a", {(A, "phmev"): {"2024-05": "1.00"}}, as_of="2024-09")
    deliver(store, "b", {(A, "phmev"): {"2024-05": "2.00"}}, as_of="2024-06")
    settle(store)
    assert deliveries.latest(store)["amount_eur"].tolist() == [Decimal("1.00")]
    assert deliveries.restatements(store)["difference_eur"].tolist() == [Decimal("-1.00")]


@pytest.mark.parametrize(
    "dates", [({}, {}), ({"received": "2024-07-01"}, {"received": "2024-07-01"}), ({"received": "2024-07-01"}, {})]
)
def test_two_deliveries_that_nothing_tells_apart_are_refused(tmp_path: Path, dates: tuple[dict[str, str], ...]) -> None:
    store = Store(tmp_path)
    for name, known in zip("ab", dates, strict=True):
        deliver(store, name, {(A, "phmev"): {"2024-05": "1.00", "2024-06": "1.00"}}, **known)
    with pytest.raises(SourceError) as caught:
        settle(store)
    (problem,) = caught.value.problems
    assert (problem.code, problem.count) == ("DOUBLON_ENTRE_LIVRAISONS", 2)
    assert "2024-05" in (problem.value or "")
    assert "received_on" in problem.remedy


def test_what_the_last_delivery_withdraws_or_leaves_out_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before: Series = {(A, "phmev"): {"2024-05": "1.00", "2024-06": "2.00"}, (B, "phmev"): {"2024-05": "3.00"}}
    deliver(store, "old", before, received="2024-07-01")
    deliver(store, "new", {(A, "phmev"): {"2024-05": None, "2024-06": "2.00"}}, received="2024-08-01")
    found = settle(store)
    assert [(one.code, one.delivery, one.count, one.severity) for one in found] == [
        ("VALEUR_RETIREE", "new", 1, "warning"),
        ("VALEUR_NON_REPRISE", "new", 1, "warning"),
    ]
    assert "1.00" in next(iter(found)).example
    kept = deliveries.latest(store).set_index(["finess", "month"])["value_status"]
    assert kept[A, pd.Timestamp("2024-05-01")] == "missing"
    assert kept[B, pd.Timestamp("2024-05-01")] == "reported"


def test_quarters_stay_quarters(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver(store, "mois", {(A, "lpp"): whole_year(2023)})
    for month, amount in (("03", "300.00"), ("06", "700.00"), ("09", "650.00")):
        deliver_cumul(store, f"m{month}", {(A, "lpp"): {f"2024-{month}": amount}})
    found = settle(store)
    assert [(one.code, one.delivery) for one in found] == [("INCREMENT_NEGATIF", "m09")]
    assert "-50.00" in next(iter(found)).example
    known = deliveries.periods(store)
    quarters = known[known["months_nb"] == 3]
    assert quarters["amount_eur"].tolist() == [Decimal("300.00"), Decimal("400.00"), Decimal("-50.00")]
    assert quarters["period_start"].dt.month.tolist() == [1, 4, 7]
    grid = grid_of(store)
    year = grid[grid["month"].dt.year == 2024]
    assert set(year["value_status"]) == {"missing"}
    assert year["cumulative_eur"].dropna().tolist() == [Decimal("300.00"), Decimal("700.00"), Decimal("650.00")]
    rates = cumulative_evolution(store, year=2024, month_nbs={3, 5, 6, 9}).set_index("month_nb")
    assert rates.loc[[3, 6, 9], "evolution_pct"].round(4).tolist() == [0.0, 16.6667, -27.7778]
    assert rates.loc[9, "compared_months_nb"] == 9
    assert rates.loc[5, ["compared_months_nb", "missing_months", "evolution_pct"]].tolist() == [3, "4, 5", 0.0]


def grid_of(store: Store) -> pd.DataFrame:
    store.write(tables.SUCCESSIONS, perimeter.successions(establishments({"finess": A}, {"finess": B})), part="c")
    span = {"first_month": pd.Timestamp("2023-01-01"), "last_month": pd.Timestamp("2024-09-01")}
    grid = perimeter.monthly_grid(store, **span)
    store.write(tables.MONTHLY_GRID, grid, part="c")
    return grid


def test_monthly_cumuls_become_months(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver_cumul(
        store, "c", {(A, "lpp"): {"2024-01": "10.00", "2024-02": "10.00", "2024-03": None, "2024-04": "40.00"}}
    )
    settle(store)
    months = deliveries.latest(store)
    assert months["amount_eur"].tolist() == [Decimal("10.00"), Decimal("0.00")]
    assert months["value_status"].tolist() == ["reported", "zero"]
    long = deliveries.periods(store).query("months_nb > 1")
    assert long[["months_nb", "amount_eur"]].values.tolist() == [[2, Decimal("30.00")]]


def test_months_count_and_the_last_cumul_verifies_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    months: dict[str, str | None] = {f"2024-{m:02d}": "10.00" for m in range(1, 7)}
    deliver(store, "mois", {(A, "lpp"): months, (B, "lpp"): dict(months)})
    deliver_cumul(store, "m3", {(A, "lpp"): {"2024-03": "29.00"}, (B, "lpp"): {"2024-03": "30.00"}})
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "60.00"}, (B, "lpp"): {"2024-06": "61.00"}})
    found = list(settle(store))
    assert [(one.code, one.delivery, one.count) for one in found] == [("CUMUL_DIFFERENT_DES_MOIS", "m6", 1)]
    assert B in found[0].example
    assert (deliveries.periods(store)["months_nb"] == 1).all()
    assert deliveries.latest(store)["amount_eur"].sum() == Decimal("120.00")


def test_a_series_that_the_last_cumul_leaves_out_is_not_verified_by_an_old_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    months: dict[str, str | None] = {f"2024-{m:02d}": "10.00" for m in range(1, 7)}
    deliver(store, "mois", {(A, "lpp"): months, (A, "phmev"): dict(months)})
    deliver_cumul(store, "m3", {(A, "lpp"): {"2024-03": "29.00"}, (A, "phmev"): {"2024-03": "29.00"}})
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "60.00"}})
    assert list(settle(store)) == []


def test_a_cumul_of_a_past_year_is_verified_though_its_file_was_followed_in_another_year(tmp_path: Path) -> None:
    store = Store(tmp_path)
    months: dict[str, str | None] = {f"2024-{m:02d}": "10.00" for m in range(1, 7)}
    deliver(store, "mois", {(A, "lpp"): whole_year(2023, "10.00") | months})
    deliver_cumul(store, "m3", {(A, "lpp"): {"2023-12": "100.00", "2024-03": "29.00"}})
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "60.00"}})
    found = list(settle(store))
    assert [(one.code, one.delivery, one.count) for one in found] == [("CUMUL_DIFFERENT_DES_MOIS", "m3", 1)]
    assert "2023-12 : 100.00, mois 120.00" in found[0].example


def test_months_that_are_all_received_make_the_rate_whatever_an_older_cumul_says(tmp_path: Path) -> None:
    store = Store(tmp_path)
    received: dict[str, str | None] = {f"2024-{m:02d}": "110.00" for m in range(1, 8)}
    with_a_gap = received | {"2024-05": None}
    before = whole_year(2023)
    deliver(store, "mois", {(A, "lpp"): before | received, (B, "lpp"): before | with_a_gap})
    deliver_cumul(store, "m3", {(A, "lpp"): {"2024-03": "290.00"}, (B, "lpp"): {"2024-03": "290.00"}})
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "600.00"}, (B, "lpp"): {"2024-06": "600.00"}})
    settle(store)
    grid = grid_of(store).dropna(subset=["cumulative_eur"]).set_index(["finess", "month"])["cumulative_eur"]
    june = pd.Timestamp("2024-06-01")
    assert (grid[A, june], grid[B, june]) == (Decimal("660.00"), Decimal("600.00"))
    rows = cumulative_evolution(store, year=2024, month_nbs={3, 7}).set_index(["finess", "month_nb"])
    assert rows.loc[[(A, 3), (B, 3), (A, 7)], "current_eur"].tolist() == [Decimal(n) for n in ("330", "330", "770")]
    # The cumul covers the month that is missing, and July adds to it.
    assert rows.loc[(B, 7), ["current_eur", "previous_eur"]].tolist() == [Decimal("710.00"), Decimal("700.00")]


def test_an_establishment_that_leaves_the_cumul_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver_cumul(store, "m3", {(A, "lpp"): {"2024-03": "1.00"}, (B, "lpp"): {"2024-03": "2.00"}})
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "3.00"}})
    assert [(one.code, one.delivery, one.count) for one in settle(store)] == [("CUMUL_DISPARU", "m6", 1)]


def test_a_cumul_sent_again_replaces_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver_cumul(store, "m3", {(A, "lpp"): {"2024-03": "1.00"}}, received="2024-04-10")
    deliver_cumul(store, "m3-bis", {(A, "lpp"): {"2024-03": "2.00"}}, received="2024-05-10")
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "5.00"}}, received="2024-07-10")
    settle(store)
    rows = store.read(tables.CUMULATIVE_SPEND).sort_values("delivery")
    assert rows["replaced_by"].fillna("").tolist() == ["m3-bis", "", ""]
    assert rows["increment_eur"].fillna(-1).tolist() == [Decimal(-1), Decimal("2.00"), Decimal("3.00")]


def test_a_merged_establishment_keeps_its_last_cumul(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver_cumul(store, "m6", {(A, "lpp"): {"2024-06": "10.00"}, (B, "lpp"): {"2024-06": "5.00"}})
    deliver_cumul(store, "m9", {(A, "lpp"): {"2024-09": "20.00"}})
    settle(store)
    known = establishments({"finess": A}, {"finess": B, "valid_to": "2024-06-30", "successor": A})
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="c")
    span = {"first_month": pd.Timestamp("2024-01-01"), "last_month": pd.Timestamp("2024-09-01")}
    grid = perimeter.monthly_grid(store, **span).set_index("month")["cumulative_eur"].dropna()
    assert grid.tolist() == [Decimal("15.00"), Decimal("25.00")]


def test_activity_of_two_deliveries_follows_the_same_rule(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name, count, day in (("a", 5, "2024-02-01"), ("b", 7, "2024-03-01")):
        row = {"finess": [A], "period": ["2023"], "activity": ["stays"], "count_nb": [Decimal(count)]}
        state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
        store.write(tables.ACTIVITY, tables.ACTIVITY.conform(pd.DataFrame(row), delivery=name, **state), part=name)
        _describe(store, name, day, None)
    settle(store)
    assert store.read(tables.ACTIVITY)["count_nb"].tolist() == [Decimal(7)]


@settings(max_examples=40)
@given(
    st.dictionaries(st.integers(1, 12), st.one_of(st.none(), st.integers(-(10**9), 10**12)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_increments_always_add_up_to_the_last_cumul(cumuls: dict[int, int | None], random: object) -> None:
    rows = monthly_rows(
        {(A, "lpp"): {f"2024-{m:02d}": None if c is None else str(Decimal(c).scaleb(-2)) for m, c in cumuls.items()}}
    )
    found = deliveries.difference(deliveries.to_cumulative(rows).sample(frac=1, random_state=random.randint(0, 99)))
    known = [month for month in sorted(cumuls) if cumuls[month] is not None]
    if not known:
        assert found["increment_eur"].isna().all()
        return
    assert found["increment_eur"].dropna().sum() == Decimal(cumuls[known[-1]] or 0).scaleb(-2)
    assert found["months_nb"].dropna().sum() == known[-1]
    starts = found.dropna(subset=["period_start"])["period_start"].dt.month.tolist()
    assert starts == [1, *(month + 1 for month in known[:-1])]
    assert date(2024, 1, 1) <= found["month"].min().date()


def test_months_after_a_cumul_add_to_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver(store, "mois", {(A, "lpp"): whole_year(2023), (B, "lpp"): whole_year(2023) | whole_year(2024, "110.00")})
    deliver_cumul(store, "m06", {(A, "lpp"): {"2024-06": "660.00"}})
    deliver(store, "suite", {(A, "lpp"): {"2024-07": "110.00", "2024-09": "110.00"}})
    settle(store)
    grid_of(store)
    store.write(tables.ESTABLISHMENTS, establishments({"finess": A}, {"finess": B}), part="c")
    rates = cumulative_evolution(store, year=2024, month_nbs={5, 6, 7, 9}, finess=[A]).set_index("month_nb")
    assert rates["current_eur"].tolist() == [Decimal(each) for each in (0, 660, 770, 880)]
    assert rates.loc[[6, 7, 9], "evolution_pct"].round(6).tolist() == [10.0, 10.0, 10.0]
    assert rates.loc[9, ["compared_months_nb", "missing_months"]].tolist() == [8, "8"]


def test_the_region_counts_a_cumul_at_its_month_in_both_years(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver(store, "mois", {(A, "lpp"): whole_year(2023), (B, "lpp"): whole_year(2023) | whole_year(2024, "110.00")})
    deliver_cumul(store, "m06", {(A, "lpp"): {"2024-06": "720.00"}})
    deliver(store, "suite", {(A, "lpp"): {"2024-07": "120.00"}})
    settle(store)
    grid_of(store)
    store.write(tables.ESTABLISHMENTS, establishments({"finess": A}, {"finess": B}), part="c")
    months = comparable_months(store, envelope="lpp", year=2024)
    amounts = {f"{month:%Y-%m}": amount for month, amount in zip(months["month"], months["amount_eur"], strict=True)}
    assert [amounts[f"2024-{m:02d}"] for m in (1, 5, 6, 7, 8)] == [Decimal(each) for each in (110, 110, 830, 230, 110)]
    assert [amounts[f"2023-{m:02d}"] for m in (1, 5, 6, 7, 8)] == [Decimal(each) for each in (100, 100, 700, 200, 100)]
    rows = months.set_index("month")
    assert rows.loc["2024-01-01":"2024-09-01", "by_cumul_nb"].tolist() == [1] * 6 + [0] * 3  # type: ignore[misc]
    assert rows.loc["2024-01-01":"2024-09-01", "left_out_nb"].tolist() == [0] * 7 + [1] * 2  # type: ignore[misc]
    for month_nb in (6, 7, 9):
        region = sum_evolutions(cumulative_evolution(store, year=2024, month_nbs={month_nb}), ["envelope"]).iloc[0]
        until = [amount for month, amount in amounts.items() if "2024-01" <= month <= f"2024-{month_nb:02d}"]
        assert sum(until) == region["current_eur"]


def test_forecasts_read_the_cumul(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver(store, "mois", {(A, "lpp"): whole_year(2023)})
    deliver_cumul(store, "m06", {(A, "lpp"): {"2024-06": "660.01"}})
    settle(store)
    grid_of(store)
    months = monthly_series(store)
    spread = months[months["is_spread"]]
    assert spread["month"].dt.strftime("%Y-%m").tolist() == [f"2024-{m:02d}" for m in range(1, 7)]
    assert sum(spread["amount_eur"]) == Decimal("660.01")
    assert max(spread["amount_eur"]) - min(spread["amount_eur"]) <= Decimal("0.01")
    assert months.loc[months["month"] > "2024-06-01", "amount_eur"].isna().all()


def test_a_first_cumul_begins_when_its_establishment_opened(tmp_path: Path) -> None:
    store = Store(tmp_path)
    cumuls = {"2023-09": "100.00", "2023-12": "400.00", "2024-03": "300.00", "2024-06": "600.00", "2024-09": "900.00"}
    for month, amount in cumuls.items():
        deliver_cumul(store, f"m{month}", {(A, "lpp"): {month: amount}})
    settle(store)
    known = establishments({"finess": A, "valid_from": "2023-09-15"})
    store.write(tables.ESTABLISHMENTS, known, part="c")
    grid = grid_of(store).set_index("month")["value_status"]
    assert set(grid["2023-01-01":"2023-08-01"]) == {"not_applicable"}  # type: ignore[misc]
    assert set(grid["2023-09-01":]) == {"missing"}  # type: ignore[misc]
    (row,) = cumulative_evolution(store, year=2024, month_nbs={9}).to_dict("records")
    assert (row["value_status"], row["is_perimeter_change"]) == ("not_applicable", True)
    assert pd.isna(row["evolution_pct"]), "800 % would compare a year with a part of one"
    months = monthly_series(store).set_index("month")["amount_eur"]
    assert months["2023-09-01":"2023-12-01"].tolist() == [Decimal("100.00")] * 4  # type: ignore[misc]


@pytest.mark.parametrize("heirs_nb", [1, 2], ids=["one new FINESS", "the new one taken over in its turn"])
@pytest.mark.parametrize("own", [None, "600.00"], ids=["all under the new FINESS", "half under the old one"])
def test_a_first_cumul_of_a_new_finess_begins_where_those_it_took_over_stop(
    tmp_path: Path, own: str | None, heirs_nb: int
) -> None:
    """B became C in July 2024; its 100.00 a month are given under C from January or from July."""
    store = Store(tmp_path)
    for year in (2022, 2023):
        deliver_cumul(store, f"c{year}", {(B, "lpp"): {f"{year}-12": "1200.00"}})
    if own is not None:
        deliver_cumul(store, "c2024-06", {(B, "lpp"): {"2024-06": own}})
    deliver_cumul(store, "c2024", {(C, "lpp"): {"2024-12": "1200.00" if own is None else "600.00"}})
    settle(store)
    taken = {"valid_to": "2025-06-30", "successor": A} if heirs_nb > 1 else {}
    known = establishments(
        *({"finess": A, "valid_from": "2025-07-01"} for _ in range(heirs_nb - 1)),
        {"finess": B, "valid_from": "2019-01-01", "valid_to": "2024-06-30", "successor": C},
        {"finess": C, "valid_from": "2024-07-01", **taken},
    )
    store.write(tables.ESTABLISHMENTS, known, part="c")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="c")
    span = {"first_month": pd.Timestamp("2022-01-01"), "last_month": pd.Timestamp("2024-12-01")}
    store.write(tables.MONTHLY_GRID, perimeter.monthly_grid(store, **span), part="c")
    assert monthly_series(store)["amount_eur"].tolist() == [Decimal("100.00")] * 36


def deliver_counts(store: Store, name: str, received: str, counts: Counts) -> None:
    """Write a delivery of activity."""
    rows = pd.DataFrame([{"finess": f, "period": p, "activity": a, "count_nb": nb} for (f, p, a), nb in counts.items()])
    rows["value_status"] = ["missing" if pd.isna(nb) else "reported" for nb in rows["count_nb"]]
    known = tables.ACTIVITY.conform(rows, delivery=name, is_provisional=False, is_corrected=False)
    store.write(tables.ACTIVITY, known, part=name)
    _describe(store, name, received, None)


def test_what_a_delivery_of_activity_changes_is_told_and_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    months = ("2024-01", "2024-02")
    first: Counts = {(f, p, "stays"): 100 for f in (A, B) for p in months}
    first[A, "2024-01", "sessions"] = 7
    deliver_counts(store, "m3", "2024-04-10", first)
    second: Counts = {(A, "2024-01", "stays"): 107, (A, "2024-02", "stays"): None, (B, "2024-01", "stays"): 100}
    deliver_counts(store, "m6", "2024-07-10", second)
    found = list(settle(store))
    assert [(one.code, one.delivery, one.count, one.severity) for one in found] == [
        ("VALEUR_MODIFIEE", "m6", 1, "information"),
        ("VALEUR_RETIREE", "m6", 1, "warning"),
        ("VALEUR_NON_REPRISE", "m6", 1, "warning"),
    ]
    assert [one.example for one in found] == [
        f"{A}, Séjours, 2024-01 (m3)",
        f"{A}, Séjours, 2024-02 (m3)",
        f"{B}, Séjours, 2024-02 (m3)",
    ]
    kept = store.read(tables.ACTIVITY).set_index(["finess", "period", "activity"])["count_nb"]
    assert kept[A, "2024-01", "stays"] == 107
    assert kept[B, "2024-02", "stays"] == 100
    changes = store.read(tables.RESTATED_VALUES).sort_values("period")
    assert changes[["period", "item", "old_delivery", "delivery", "old_nb"]].values.tolist() == [
        ["2024-01", "stays", "m3", "m6", 100],
        ["2024-02", "stays", "m3", "m6", 100],
    ]
    assert changes["new_nb"].isna().tolist() == [False, True]


def deliver_codes(store: Store, name: str, received: str, amounts: dict[str, str]) -> None:
    """Write a delivery of one month of LPP by code."""
    rows = pd.DataFrame({"lpp": list(amounts), "amount_eur": [Decimal(amount) for amount in amounts.values()]})
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    known = tables.LPP_SPEND.conform(rows, finess=A, period="2024-01", delivery=name, **state)
    store.write(tables.LPP_SPEND, known, part=name)
    _describe(store, name, received, None)


def test_each_step_of_three_deliveries_of_codes_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    deliver_codes(store, "a", "2024-02-01", {"1000001": "10.00", "1000002": "5.00"})
    deliver_codes(store, "c", "2024-06-01", {"1000001": "30.00"})
    deliver_codes(store, "b", "2024-04-01", {"1000001": "20.00", "1000002": "5.00"})
    found = {(one.code, one.delivery): one for one in settle(store)}
    assert set(found) == {("VALEUR_MODIFIEE", "b"), ("VALEUR_MODIFIEE", "c"), ("VALEUR_NON_REPRISE", "c")}
    assert found["VALEUR_NON_REPRISE", "c"].example == f"{A}, LPP 1000002, 2024-01 (b)"
    changes = store.read(tables.RESTATED_VALUES).sort_values("delivery")
    assert changes[["old_delivery", "delivery", "old_eur", "new_eur"]].values.tolist() == [
        ["a", "b", Decimal("10.00"), Decimal("20.00")],
        ["b", "c", Decimal("20.00"), Decimal("30.00")],
    ]


def test_the_same_values_received_again_are_no_finding(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name, received in (("a", "2024-02-01"), ("b", "2024-03-01")):
        deliver_codes(store, name, received, {"1000001": "10.00"})
    assert settle(store).codes() == set()
    assert not store.has(tables.RESTATED_VALUES)
    assert store.read(tables.LPP_SPEND)["delivery"].tolist() == ["b"]


def test_a_cumul_received_again_is_a_restatement(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name, received, amount in (("a", "2024-07-01", "600.00"), ("b", "2024-08-01", "650.00")):
        deliver_cumul(store, name, {(A, "lpp"): {"2024-06": amount}}, received=received)
    settle(store)
    changes = deliveries.restated_cumuls(store)
    assert changes[["old_delivery", "new_delivery", "old_eur", "new_eur"]].values.tolist() == [
        ["a", "b", Decimal("600.00"), Decimal("650.00")]
    ]


def test_cumuls_received_again_follow_the_months_they_were_drawn_up_at(tmp_path: Path) -> None:
    """Without dates of reception, and with names that do not sort as their months do."""
    store = Store(tmp_path)
    for name, as_of, amount in (("mars", "03", "10.00"), ("juin", "06", "20.00"), ("aout", "08", "30.00")):
        cumuls: dict[str, str | None] = {"2024-03": amount} | ({} if as_of == "03" else {f"2024-{as_of}": "99.00"})
        deliver_cumul(store, name, {(A, "lpp"): cumuls})
    settle(store)
    changes = deliveries.restated_cumuls(store)
    assert changes[["old_delivery", "new_delivery", "old_eur", "new_eur"]].values.tolist() == [
        ["mars", "juin", Decimal("10.00"), Decimal("20.00")],
        ["juin", "aout", Decimal("20.00"), Decimal("30.00")],
    ]


def test_one_number_of_a_closed_year_that_changes_is_a_warning(tmp_path: Path) -> None:
    years = [str(year) for year in range(2004, 2024)]
    first: Counts = {(f, year, "stays"): 100 for f in (A, B) for year in years}

    def told(folder: str, changed: list[str]) -> list[tuple[str, str, int]]:
        store = Store(tmp_path / folder)
        deliver_counts(store, "ancienne", "2024-04-10", first)
        moved: Counts = {(A, year, "stays"): 90 for year in changed}
        deliver_counts(store, "nouvelle", "2024-07-10", first | moved)
        settle(store)
        return [(one.code, one.place, one.count) for one in check_closed_periods(store)]

    assert told("un", ["2015"]) == [("PERIODE_CLOSE_MODIFIEE", f"{A}, Séjours, 2015", 1)]
    assert told("dernier", ["2023"]) == []
    assert told("tous", years) == []


def test_a_change_of_a_closed_year_is_still_told_when_a_later_delivery_gives_all_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first: Counts = {(f, str(year), "stays"): 100 for f in (A, B) for year in range(2004, 2024)}
    moved: Counts = first | {(A, "2015", "stays"): 90}
    for name, received, counts in (
        ("m3", "2024-04-10", first),
        ("m6", "2024-07-10", moved),
        ("m9", "2024-10-10", moved),
    ):
        deliver_counts(store, name, received, counts)
    settle(store)
    assert [(one.code, one.delivery) for one in check_closed_periods(store)] == [("PERIODE_CLOSE_MODIFIEE", "m6")]
    assert "PERIODE_CLOSE_MODIFIEE" in check_received(store, last_month=None).codes(), "yearly bases have activity too"
