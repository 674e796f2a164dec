"""One equality among many series is chance; the same one in few series, twice in a series or in a whole row is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.quality.panels import Panel, panel_of
from caqes_analysis.quality.repeat_chances import repeats_of_all
from caqes_analysis.quality.repeats import CHANCE_EXPECTED_NB

MONTHS = pd.date_range("2021-01-01", periods=36, freq="MS")
LEVEL_EUR, SD_EUR = 20_000, 1_500


def panel(series_nb: int, *, seed: int = 7, envelope: str = "lpp", copied: tuple[tuple[int, int], ...] = ()) -> Panel:
    """Series of independent months; ``copied`` gives the series and the months that repeat the month before."""
    amounts = np.random.default_rng(seed).normal(LEVEL_EUR, SD_EUR, (series_nb, len(MONTHS))).round(2)
    for series, month in copied:
        amounts[series, month] = amounts[series, month - 1]
    names = [f"99{rank:07d}" for rank in range(series_nb)]
    rows = pd.DataFrame(amounts.T, index=MONTHS, columns=names).reset_index(names="month")
    rows = rows.melt("month", var_name="finess", value_name="amount_eur")
    return panel_of(rows.assign(is_provisional=False, delivery="d"), envelope=envelope)


@pytest.mark.parametrize(
    ("series_nb", "copied", "sure"),
    [
        (10, ((3, 20),), [True]),
        (200, ((3, 20),), [False]),
        (200, ((3, 20), (3, 30)), [True, True]),
        (200, ((3, 20), (8, 20)), [True, True]),
        (200, ((3, 20), (8, 27)), [False, False]),
    ],
    ids=["few series", "many series", "twice in a series", "two series in a month", "two series, two months"],
)
def test_an_equality_is_sure_when_chance_would_not_give_it(
    series_nb: int, copied: tuple[tuple[int, int], ...], sure: list[bool]
) -> None:
    (found,) = repeats_of_all([panel(series_nb, copied=copied)])
    assert [one.is_sure for one in found] == sure
    assert {(one.finess, one.month) for one in found} == {(f"99{row:07d}", MONTHS[month]) for row, month in copied}


def test_a_row_copied_in_two_envelopes_is_sure() -> None:
    every = [panel(100, seed=seed, envelope=name, copied=((3, 20),)) for seed, name in ((1, "lpp"), (2, "phmev"))]
    assert [[one.is_sure for one in found] for found in repeats_of_all(every)] == [[True], [True]]


def test_a_month_copied_for_half_of_a_large_region_is_sure() -> None:
    """As many series as a region has: they can be drawn in more ways than a float holds."""
    (found,) = repeats_of_all([panel(1300, copied=tuple((series, 20) for series in range(600)))])
    assert len(found) == 600
    assert all(one.is_sure for one in found)


def test_a_series_that_repeats_more_months_than_a_factorial_can_count_is_sure() -> None:
    amounts = np.random.default_rng(5).normal(LEVEL_EUR, SD_EUR, 600).round(2)
    amounts[1:400:2] = amounts[:399:2]
    months = pd.date_range("1975-01-01", periods=600, freq="MS")
    rows = pd.DataFrame({"finess": "990000001", "month": months, "amount_eur": amounts})
    (found,) = repeats_of_all([panel_of(rows.assign(is_provisional=False, delivery="d"), envelope="lpp")])
    assert len(found) == 200
    assert all(one.is_sure for one in found)


def test_what_chance_gives_is_what_is_expected_of_it() -> None:
    """40 000 series of whole euros: their equalities are as many as the probabilities say, to three standard errors."""
    amounts = np.random.default_rng(11).normal(LEVEL_EUR, SD_EUR, (40_000, len(MONTHS))).round()
    equal_nb = int((amounts[:, 1:] == amounts[:, :-1]).sum())
    expected_nb = amounts[:, 1:].size / (2 * np.sqrt(np.pi) * SD_EUR)
    assert abs(equal_nb - expected_nb) < 3 * np.sqrt(expected_nb)
    (found,) = repeats_of_all([panel(10, copied=((3, 20),))])
    assert found[0].chance == pytest.approx(0.01 / (2 * np.sqrt(np.pi) * SD_EUR), rel=0.5)
    assert found[0].expected_nb == pytest.approx(found[0].chance * 35 * 10 * 2)
    assert found[0].expected_nb < CHANCE_EXPECTED_NB
