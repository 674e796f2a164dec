"""A change of level that nobody declared is found where it began, and noise is not taken for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import french
from caqes_analysis.forecast.histories import prepare
from caqes_analysis.forecast.level_breaks import (
    _IN_PART,
    LevelBreak,
    _note,
    find_level_break,
    level_break_notes,
    told_break,
)
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
    notes = level_break_notes(prepare(build_panel(monthly), 2024))
    assert set(notes) == {"a/phmev", "b/phmev"}
    assert "abaissé" in notes["a/phmev"]
    assert "depuis avril 2024" in notes["a/phmev"]
    assert "qu'en partie" in notes["a/phmev"]
    assert "relevé" in notes["b/phmev"]
    assert "depuis mai 2023" in notes["b/phmev"]
    assert "effet de base" in notes["b/phmev"]
    told, earlier = told_break(f"mois provisoires ignorés ; {notes['a/phmev']}"), told_break(notes["b/phmev"])
    assert told is not None
    assert earlier is not None
    assert (told.is_rise, told.since, told.year, told.escapes_interval) == (False, "avril 2024", 2024, True)
    assert (earlier.is_rise, earlier.since, earlier.year, earlier.escapes_interval) == (True, "mai 2023", 2023, False)
    assert told_break("combinaison apprise") is None
    assert told_break(None) is None


def test_a_closed_year_keeps_the_change_that_makes_its_rate() -> None:
    random = np.random.default_rng(0)
    fall = 300_000 * np.exp(random.normal(0, 0.03, 60))
    fall[51:] *= 0.73  # from April 2024, the year closed in December
    months_of_it = pd.date_range("2020-01-01", periods=60, freq="MS")
    monthly = pd.DataFrame({"series": "a/phmev", "month": months_of_it, "amount_eur": fall.round(2)})
    (note,) = level_break_notes(prepare(build_panel(monthly), 2024)).values()
    assert "depuis avril 2024, sans événement déclaré : l'évolution de l'année en vient en partie" in note
    told = told_break(note)
    assert told is not None
    assert not told.escapes_interval


@pytest.mark.parametrize("change_log", [np.log(1.29), np.log(14), np.log(1_500), np.log(0.04)])
def test_the_largest_changes_are_read_back_as_the_others(change_log: float) -> None:
    """A rise of 1 300 % is written with a thousands separator: its interval is the least to be promised."""
    told = told_break(f"mois provisoires ignorés ; {_note(LevelBreak(51, change_log), 2024, _IN_PART)} ; autre chose")
    assert told is not None
    assert told.size == french.percent(100 * abs(np.expm1(change_log)), 0)
    assert (told.is_rise, told.year, told.escapes_interval) == (change_log > 0, 2024, True)
