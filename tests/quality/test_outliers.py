"""Months out of line: planted ones are found with their cause, clean ones are left in peace."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.quality.outliers import outliers_of
from caqes_analysis.quality.panels import Panel, panel_of
from caqes_analysis.quality.repeats import find_copies, find_repeats, find_totals
from caqes_analysis.quality.shifts import find_shifts

SEASON = np.array([1.02, 0.97, 1.05, 0.99, 0.98, 1.01, 0.99, 0.85, 0.98, 1.04, 1.01, 1.11])


def region(*, establishments_nb: int = 8, months_nb: int = 36, seed: int = 3, sd: float = 0.02) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    months = pd.date_range("2021-01-01", periods=months_nb, freq="MS")
    parts = []
    for rank in range(establishments_nb):
        level = 50_000 * (rank + 1) * SEASON[np.arange(months_nb) % 12]
        amounts = np.round(level * np.exp(sd * random.standard_normal(months_nb)), 2)
        parts.append(pd.DataFrame({"finess": f"99000000{rank + 1}", "month": months, "amount_eur": amounts}))
    return pd.concat(parts, ignore_index=True).assign(is_provisional=False, delivery="essai")


def changed(rows: pd.DataFrame, place: int, factor: float) -> Panel:
    rows = rows.copy()
    rows.loc[place, "amount_eur"] = round(rows.loc[place, "amount_eur"] * factor, 2)
    return panel_of(rows, envelope="lpp")


@pytest.mark.parametrize(
    ("factor", "code"),
    [
        (10, "FACTEUR_10"),
        (0.1, "FACTEUR_10"),
        (100, "FACTEUR_100"),
        (0.01, "FACTEUR_100"),
        (0.001, "FACTEUR_1000"),
        (1000, "FACTEUR_1000"),
        (6, "MOIS_ATYPIQUE"),
        (2.5, "MOIS_ATYPIQUE"),
        (-1, "SIGNE_INVERSE"),
        (0, "ZERO_SUSPECT"),
    ],
)
def test_a_planted_month_is_found_with_its_cause(factor: float, code: str) -> None:
    found = outliers_of(changed(region(), 50, factor))
    assert [(one.code, one.finess, f"{one.month:%Y-%m}") for one in found] == [(code, "990000002", "2022-03")]
    assert found[0].cause


def test_a_clean_region_raises_nothing() -> None:
    for seed in range(20):
        panel = panel_of(region(seed=seed), envelope="lpp")
        found = [*outliers_of(panel), *find_repeats(panel), *find_copies(panel), *find_totals(panel)]
        assert found == []
        assert list(find_shifts(panel)) == []


def test_a_lasting_rise_of_a_third_and_a_shared_shock_are_no_outliers() -> None:
    rows = region()
    rows.loc[(rows["finess"] == "990000003") & (rows["month"] >= "2022-05-01"), "amount_eur"] *= 1.35
    rows.loc[rows["month"] == "2021-04-01", "amount_eur"] *= 0.4
    assert outliers_of(panel_of(rows, envelope="lpp")) == []


def test_a_run_of_months_in_thousands_is_one_outlier() -> None:
    rows = region()
    run = (rows["finess"] == "990000004") & rows["month"].between("2022-01-01", "2022-12-01")
    rows.loc[run, "amount_eur"] /= 1000
    (one,) = outliers_of(panel_of(rows, envelope="lpp"))
    assert (one.code, f"{one.month:%Y-%m}", f"{one.last_month:%Y-%m}") == ("FACTEUR_1000", "2022-01", "2022-12")


def test_a_month_in_thousands_for_everyone_is_told_once() -> None:
    rows = region()
    rows.loc[rows["month"] == "2022-06-01", "amount_eur"] /= 1000
    (one,) = outliers_of(panel_of(rows, envelope="lpp"))
    assert (one.code, one.finess) == ("FACTEUR_1000", "")


def test_a_late_provisional_month_is_no_outlier() -> None:
    rows = region()
    last = rows["month"] == rows["month"].max()
    rows.loc[last, ["amount_eur", "is_provisional"]] = [40_000.0, True]
    rows.loc[last, "amount_eur"] = rows.loc[last, "finess"].str[-1].astype(int) * 50_000 * 0.5
    assert outliers_of(panel_of(rows, envelope="lpp")) == []


def test_two_months_put_together() -> None:
    rows = region()
    total = rows.loc[50, "amount_eur"] + rows.loc[51, "amount_eur"]
    rows.loc[51, "amount_eur"] = total
    found = outliers_of(panel_of(rows.drop(index=50), envelope="lpp"))
    assert [one.code for one in found] == ["MOIS_REUNIS"]


def test_repeated_copied_totalled_and_shifted_months() -> None:
    rows = region()
    rows.loc[51, "amount_eur"] = rows.loc[50, "amount_eur"]
    (repeat,) = find_repeats(panel_of(rows, envelope="lpp"))
    assert (repeat.finess, f"{repeat.month:%Y-%m}", f"{repeat.copied_month:%Y-%m}") == (
        "990000002",
        "2022-04",
        "2022-03",
    )
    rows = region()
    copied = rows[rows["finess"] == "990000002"].assign(finess="990000009")
    (copy,) = find_copies(panel_of(pd.concat([rows, copied]), envelope="lpp"))
    assert (copy.finess, copy.copied_finess, copy.months_nb) == ("990000009", "990000002", 36)
    sums = rows.groupby("month", as_index=False)["amount_eur"].sum()
    whole = pd.concat([rows, sums.assign(finess="999999999", is_provisional=False, delivery="essai")])
    (total,) = find_totals(panel_of(whole, envelope="lpp"))
    assert (total.finess, total.months_nb) == ("999999999", 36)
    year = (rows["finess"] == "990000005") & (rows["month"].dt.year == 2022)
    rows.loc[year, "amount_eur"] = np.roll(rows.loc[year, "amount_eur"], 1)
    assert [(one.finess, one.year, one.months_nb) for one in find_shifts(panel_of(rows, envelope="lpp"))] == [
        ("990000005", 2022, 1)
    ]


def test_a_first_year_has_no_usual_season_to_leave() -> None:
    """A year of noise fits a season a month aside by chance; no other year of that establishment says what is usual."""
    rows = region(establishments_nb=12, seed=19)
    opened = region(establishments_nb=4, seed=119, sd=0.1).query("month.dt.year == 2023")
    opened = opened.assign(finess=opened["finess"].str.replace("99000", "98000"))
    assert list(find_shifts(panel_of(pd.concat([rows, opened]), envelope="lpp"))) == []


def test_rounded_amounts_repeat_by_chance() -> None:
    rows = region(sd=0.05)
    rows["amount_eur"] = (rows["amount_eur"] / 1000).round() * 1000
    assert list(find_repeats(panel_of(rows, envelope="lpp"))) == []


def test_an_irregular_series_needs_six_standard_deviations() -> None:
    """Months that vary by half: 15 times the expected amount happens (5.4 standard deviations), 25 times does not."""
    rows = region(establishments_nb=30, sd=0.55)
    base = panel_of(rows, envelope="transport_vsl")
    place = int(np.argmin(np.abs(base.scales[:, 0] - 0.5)))
    own = (rows["finess"] == base.finess[place]) & (rows["month"] == base.months[10])
    for factor, codes in ((15, []), (30, ["MOIS_ATYPIQUE"])):
        moved = rows.copy()
        moved.loc[own, "amount_eur"] = round(float(base.expected[place, 10]) * factor, 2)
        panel = panel_of(moved, envelope="transport_vsl")
        assert 5 * panel.scales[place, 0] < panel.residuals[place, 10]
        assert [one.code for one in outliers_of(panel) if one.finess == base.finess[place]] == codes


# Trips by VSL of a small hospital of a clean simulated region: few patients in 2020, fewer in June; then they grow.
SMALL_EUR = """
1925.63 824.86 389.00 464.21 757.33 198.73 972.53 1148.29 736.75 1171.36 798.97 845.06 672.30 1700.30 888.05 2045.69
1478.62 1877.41 1654.70 1462.74 858.80 1151.12 1446.25 1415.80 1971.67 2072.87 1344.97 2707.31 1620.80 1976.19 1004.92
2027.43 1222.51 1659.68 2065.44 2086.19 897.35 1726.31 1048.25 4031.36 1798.72 1451.30 1592.00 2672.74 1689.78 1961.62
1601.80 3671.59 4022.59 984.55 1202.97 2130.96 2178.08 1642.64 1669.35 2689.84 1544.41
"""


@pytest.mark.parametrize(
    ("times", "told"),
    [(0.7, []), (0.05, [("FACTEUR_100", True)]), (0.01, [("FACTEUR_1000", True)]), (120, [("FACTEUR_10", False)])],
)
def test_a_month_of_few_patients_among_months_of_few_is_no_error(times: float, told: list[tuple[str, bool]]) -> None:
    """An eleventh of the median month and a sixth of those around: few patients. Moved further, it is out of line."""
    amounts = [float(value) for value in SMALL_EUR.split()]
    amounts[5] *= times
    months = pd.date_range("2020-01-01", periods=len(amounts), freq="MS")
    rows = pd.DataFrame({"finess": "990000001", "month": months, "amount_eur": amounts})
    found = outliers_of(panel_of(rows.assign(is_provisional=False, delivery="d"), envelope="transport_vsl"))
    assert [(one.code, one.is_sure) for one in found] == told


def test_a_decimal_slip_of_a_steady_series_is_sure() -> None:
    rows = region()
    rows.loc[50, "amount_eur"] /= 10
    (one,) = outliers_of(panel_of(rows, envelope="lpp"))
    assert (one.code, one.is_sure) == ("FACTEUR_10", True)


def test_the_end_of_a_lockdown_is_no_month_counted_twice() -> None:
    """With two establishments fewer from July on, the month after has no common season to say that June goes on."""
    rows = region(establishments_nb=6, months_nb=48)
    low = {"2024-04-01": 0.42, "2024-05-01": 0.6, "2024-06-01": 1.1}
    for month, factor in low.items():
        rows.loc[rows["month"] == month, "amount_eur"] *= factor
    closed = rows["finess"].isin(["990000001", "990000002"]) & (rows["month"] >= "2024-07-01")
    assert outliers_of(panel_of(rows[~closed], envelope="extra_list_devices")) == []
    rows.loc[rows["month"] == "2022-10-01", "amount_eur"] *= 2
    found = outliers_of(panel_of(rows, envelope="extra_list_devices"))
    assert [(one.finess, f"{one.month:%Y-%m}") for one in found] == [("", "2022-10")]


@pytest.mark.parametrize(
    "amounts",
    [
        "825.31 671.27 328.93 1043.97 1105.05 1171.64 1347.67 1419.93 1073.44 1027.95 958.64 1014.48 935.92",
        "3010.70 483.78 536.12 602.57 462.17 457.34 508.55 1426.86 510.05 1786.50 936.55 527.11 811.38",
    ],
)
def test_thirteen_months_that_half_agree_by_chance_are_not_steady(amounts: str) -> None:
    """Establishments of clean simulated regions, open for a year: half of their months are near each other."""
    others = region()
    others["amount_eur"] /= SEASON[others["month"].dt.month - 1]
    values = [float(value) for value in amounts.split()]
    opened = pd.DataFrame({"amount_eur": values, "month": pd.date_range("2022-12-01", periods=13, freq="MS")})
    rows = pd.concat([others, opened.assign(finess="990000009", is_provisional=False, delivery="essai")])
    assert outliers_of(panel_of(rows, envelope="perfadom")) == []
    steady = opened.assign(amount_eur=1000 * np.exp(0.1 * np.sin(np.arange(13))))
    steady.loc[6, "amount_eur"] *= 10
    rows = pd.concat([others, steady.assign(finess="990000009", is_provisional=False, delivery="essai")])
    (one,) = outliers_of(panel_of(rows, envelope="perfadom"))
    assert (one.finess, one.code, one.is_sure) == ("990000009", "FACTEUR_10", True)
