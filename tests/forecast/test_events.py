from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.errors import CaqesError
from caqes_analysis.forecast import forecast_year_end
from caqes_analysis.forecast.events import disturbed_rests, months_without
from tests.forecast.series import region, until

NAME = "000000002/phmev"


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return region(15, noise=0.02, shock=0.005)


def _row(monthly: pd.DataFrame, events: list[dict[str, object]] | None = None) -> pd.Series:
    table = pd.DataFrame(events) if events else None
    return forecast_year_end(until(monthly, "2024-06-01"), year=2024, events=table).set_index("series").loc[NAME]


def _times(monthly: pd.DataFrame, factor: float, first: str, last: str) -> pd.DataFrame:
    inside = (monthly["series"] == NAME) & monthly["month"].between(first, last)
    return monthly.assign(amount_eur=monthly["amount_eur"].where(~inside, monthly["amount_eur"] * factor))


def test_a_future_tariff_cut_lowers_the_rest_of_the_year(monthly: pd.DataFrame) -> None:
    plain = _row(monthly)
    cut = _row(monthly, [{"series": NAME, "date": "2024-07-01", "kind": "level", "factor": 0.8}])
    rest = float(plain["median_eur"] - plain["observed_eur"])
    assert float(cut["median_eur"] - cut["observed_eur"]) == pytest.approx(0.8 * rest, rel=1e-6)
    assert "effet donné × 0,80" in cut["reason"]


def test_a_level_given_or_measured_beats_none(monthly: pd.DataFrame) -> None:
    broken = _times(monthly, 1.5, "2024-01-01", "2024-12-01")
    actual = broken[(broken["series"] == NAME) & (broken["month"].dt.year == 2024)]["amount_eur"].sum()
    event = {"series": NAME.split("/")[0], "date": "2024-01-01", "kind": "level"}
    given = _row(broken, [{**event, "factor": 1.5}])
    measured = _row(broken, [{**event, "factor": None}])
    without = _row(broken)
    assert "effet mesuré" in measured["reason"]
    for row in (given, measured):
        assert abs(float(row["median_eur"]) / actual - 1) < 0.05
        assert row["observed_eur"] == without["observed_eur"]
        assert row["previous_eur"] == without["previous_eur"]


def test_exceptional_months_are_neutralised(monthly: pd.DataFrame) -> None:
    hit = _times(monthly, 0.4, "2023-09-01", "2023-12-01")
    event = {"series": NAME, "date": "2023-09-01", "until": "2023-12-01", "kind": "temporary"}
    plain = float(_row(monthly)["median_eur"])
    for factor in (0.4, None):
        found = _row(hit, [{**event, "factor": factor}])
        assert float(found["median_eur"]) == pytest.approx(plain, rel=0.03)
        assert "neutralisé" in found["reason"]


def test_an_unknown_effect_widens(monthly: pd.DataFrame) -> None:
    plain = _row(monthly)
    wide = _row(monthly, [{"date": "2024-09-01", "kind": "level", "factor": None}])
    assert "effet inconnu, intervalle élargi" in wide["reason"]
    assert wide["upper_80_eur"] - wide["lower_80_eur"] > plain["upper_80_eur"] - plain["lower_80_eur"]


def test_wrong_events_are_all_told(monthly: pd.DataFrame) -> None:
    with pytest.raises(CaqesError) as caught:
        _row(
            monthly,
            [
                {"date": "hier", "kind": "level", "factor": 1.0},
                {"date": "2024-01-01", "kind": "fusion", "factor": 1.0},
                {"date": "2024-01-01", "kind": "level", "factor": -1.0},
                {"date": "2024-03-01", "until": "2024-01-01", "kind": "temporary", "factor": 1.0},
            ],
        )
    assert [problem.column for problem in caught.value.problems] == ["date", "kind", "factor", "until"]


def test_nothing_is_learned_from_a_rest_of_year_that_a_known_event_moved(monthly: pd.DataFrame) -> None:
    hit = monthly["month"].between("2022-08-01", "2022-11-01")
    moved = monthly.assign(amount_eur=monthly["amount_eur"].where(~hit, monthly["amount_eur"] * 0.4))
    event = pd.DataFrame([{"date": "2022-08-01", "until": "2022-11-01", "kind": "temporary"}])
    widths = []
    for table, events in ((monthly, None), (moved, event), (moved, None)):
        rows = forecast_year_end(until(table, "2024-06-01"), year=2024, events=events)
        widths.append(float((rows["evolution_upper_80_pct"] - rows["evolution_lower_80_pct"]).median()))
    assert widths[1] < 1.5 * widths[0] < widths[2]


def test_which_rests_of_year_an_event_moves() -> None:
    events = pd.DataFrame(
        [
            {"date": "2020-03-01", "until": "2020-06-01", "kind": "temporary", "series": "a"},
            {"date": "2021-09-01", "kind": "level", "series": "b"},
        ]
    )

    def moved(year: int, observed_nb: int) -> list[bool]:
        return disturbed_rests(["a/phmev", "b/phmev"], events, year=year, observed_nb=observed_nb).tolist()

    assert moved(2020, 3) == [True, False]
    assert moved(2020, 6) == [False, False]
    assert moved(2021, 6) == [False, True]
    assert moved(2021, 9) == [False, False]
    assert moved(2022, 3) == [False, False]


def test_an_exceptional_month_is_what_the_other_years_say_moved_as_the_rest_of_its_year() -> None:
    years = np.full((4, 12), 100.0)
    years[1] = 120.0
    years[1, 2:4] = 10.0  # March and April of the second year are exceptional
    years[2, 2] = 90.0
    years[3, 2] = np.nan  # no year of which the month is not known says anything
    months, stop = years.ravel(), 36 + 6
    made = months_without(months[None], np.array([14, 15]), stop)[0]
    # Ten months at 120 against ten at 100 (in the fourth year, four): March 100 or 90 times 1.2, April 100 times 1.2.
    assert made.tolist() == [pytest.approx((120 + 108) / 2), pytest.approx(120)]


def test_an_exceptional_month_of_which_no_other_year_speaks_stays_as_it_was() -> None:
    months = np.full(24, np.nan)
    months[12:] = 50.0
    assert months_without(months[None], np.array([14]), 24).tolist() == [[50.0]]
