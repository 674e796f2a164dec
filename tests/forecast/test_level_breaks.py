"""A change of level that nobody declared is found where it began, and noise is not taken for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import french
from caqes_analysis.forecast.histories import prepare
from caqes_analysis.forecast.level_breaks import ToldBreak, find_level_break, told_break, told_breaks
from caqes_analysis.forecast.panel import build_panel

OBSERVED_NB = 7
LENGTH = 48 + OBSERVED_NB  # January 2020 to July 2024


def months(noise: float, *, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    season = 1 + 0.1 * np.sin(np.arange(LENGTH) * 2 * np.pi / 12)
    return 300_000 * season * np.exp(random.normal(0, noise, LENGTH))


def test_a_fall_of_the_year_is_dated_and_measured() -> None:
    amounts = months(0.03)
    amounts[51:] *= 0.73  # from April 2024
    found = find_level_break(amounts)
    assert found is not None
    assert found.month_index == 51
    assert found.change_pct == pytest.approx(-27, abs=4)


def test_a_rise_of_the_year_before_is_dated_where_it_began_and_not_where_it_leaves_the_ratios() -> None:
    amounts = months(0.03)
    amounts[40:] *= 1.31  # from May 2023
    found = find_level_break(amounts)
    assert found is not None
    assert found.month_index == 40
    assert found.change_pct == pytest.approx(31, abs=5)


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_no_change_of_level(seed: int) -> None:
    assert find_level_break(months(0.08, seed=seed)) is None


def test_too_few_months_or_nil_ones_say_nothing() -> None:
    amounts = months(0.03)
    amounts[51:] *= 0.5
    assert find_level_break(amounts[-24:]) is None
    amounts[30:45] = 0
    assert find_level_break(amounts) is None


def test_the_note_says_whether_the_forecast_or_the_rate_carries_it() -> None:
    fall, rise = months(0.03), months(0.03, seed=1)
    fall[51:] *= 0.73
    rise[40:] *= 1.31
    calendar = pd.date_range("2020-01-01", periods=LENGTH, freq="MS")
    monthly = pd.concat(
        pd.DataFrame({"series": name, "month": calendar, "amount_eur": amounts.round(2)})
        for name, amounts in (("a/phmev", fall), ("b/phmev", rise), ("c/phmev", months(0.03, seed=2)))
    )
    changes = told_breaks(prepare(build_panel(monthly), 2024))
    assert set(changes) == {"a/phmev", "b/phmev"}
    told, earlier = changes["a/phmev"], changes["b/phmev"]
    assert "abaissé" in told.note
    assert "depuis avril 2024" in told.note
    assert "qu'en partie" in told.note
    assert "relevé" in earlier.note
    assert "depuis mai 2023" in earlier.note
    assert "effet de base" in earlier.note
    assert (told.is_rise, told.since, told.month.year, told.escapes_interval) == (False, "avril 2024", 2024, True)
    assert (earlier.is_rise, earlier.since, earlier.month.year) == (True, "mai 2023", 2023)
    assert not earlier.escapes_interval


def test_a_closed_year_keeps_the_change_that_makes_its_rate() -> None:
    random = np.random.default_rng(0)
    fall = 300_000 * np.exp(random.normal(0, 0.03, 60))
    fall[51:] *= 0.73  # from April 2024, the year closed in December
    months_of_it = pd.date_range("2020-01-01", periods=60, freq="MS")
    monthly = pd.DataFrame({"series": "a/phmev", "month": months_of_it, "amount_eur": fall.round(2)})
    (told,) = told_breaks(prepare(build_panel(monthly), 2024)).values()
    assert "depuis avril 2024, sans événement déclaré : l'évolution de l'année en vient en partie" in told.note
    assert not told.escapes_interval


@pytest.mark.parametrize("change_pct", [29.0, 1_300.0, 149_900.0, -96.0])
@pytest.mark.parametrize(("method", "is_closed"), [("combinaison apprise", False), ("année complète", True)])
def test_a_row_of_forecasts_says_the_change_as_it_was_found(change_pct: float, method: str, is_closed: bool) -> None:
    month = pd.Timestamp(2024, 4, 1)
    row = pd.Series(
        {"year": 2024, "method": method, "level_change_pct": change_pct, "level_change_month": month}, dtype=object
    )
    told = told_break(row)
    assert told == ToldBreak(change_pct, month, 2024, is_closed)
    assert told.size == french.percent(abs(change_pct), 0)
    assert (told.is_rise, told.escapes_interval) == (change_pct > 0, not is_closed)
    row["level_change_month"] = pd.NaT
    assert told_break(row) is None
