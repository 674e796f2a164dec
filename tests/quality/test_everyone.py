"""What most establishments show in the same months is told once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.quality.everyone import gathered_cumuls, gathered_outliers, gathered_repeats, unexplained
from caqes_analysis.quality.not_months import find_cumulated, find_incomplete_end
from caqes_analysis.quality.outliers import outliers_of
from caqes_analysis.quality.panels import Panel, panel_of
from caqes_analysis.quality.repeats import find_repeats

MONTHS = pd.date_range("2020-01-01", "2023-12-01", freq="MS")
NAMES = [f"99000000{rank}" for rank in range(1, 9)]


def amounts() -> pd.DataFrame:
    """Eight establishments, four years: levels, a common season, some noise; one column each."""
    random = np.random.default_rng(3)
    season = 1 + 0.1 * np.sin(2 * np.pi * MONTHS.month.to_numpy() / 12)
    levels = 20_000 * np.arange(1, len(NAMES) + 1)
    noise = random.normal(1, 0.03, (len(MONTHS), len(NAMES)))
    return pd.DataFrame(np.outer(season, levels) * noise, index=MONTHS, columns=NAMES).round(2)


def panel(frame: pd.DataFrame, *, provisional_nb: int = 0) -> Panel:
    rows = frame.reset_index(names="month").melt("month", var_name="finess", value_name="amount_eur")
    late = rows["month"] > MONTHS[-1 - provisional_nb]
    return panel_of(rows.assign(is_provisional=late, delivery="d"), envelope="lpp")


def test_a_clean_region_has_none() -> None:
    clean = panel(amounts())
    assert list(find_cumulated(clean)) == []
    assert list(find_incomplete_end(clean)) == []
    assert outliers_of(clean) == []


@pytest.mark.parametrize(("concerned", "told"), [(NAMES[:1], NAMES[:1]), (NAMES, [""])])
def test_a_year_of_cumuls_is_told_once_and_explains_what_it_bends(concerned: list[str], told: list[str]) -> None:
    frame = amounts()
    year = frame.index.year == 2022
    frame.loc[year, concerned] = frame.loc[year, concerned].cumsum()
    bent = panel(frame)
    cumuls = gathered_cumuls(list(find_cumulated(bent)), len(NAMES))
    assert [(one.finess, one.year, one.months_nb) for one in cumuls] == [(finess, 2022, 12) for finess in told]
    assert unexplained(outliers_of(bent), cumuls) == []
    assert unexplained(list(find_repeats(bent)), cumuls) == []


@pytest.mark.parametrize(("share", "provisional_nb", "told"), [(0.4, 0, True), (0.4, 1, False), (0.9, 0, False)])
def test_a_last_month_half_received_is_told_unless_it_is_provisional(
    share: float, provisional_nb: int, told: bool
) -> None:
    frame = amounts()
    frame.iloc[-1] *= share
    found = list(find_incomplete_end(panel(frame, provisional_nb=provisional_nb)))
    assert [one.month for one in found] == ([MONTHS[-1]] if told else [])
    if told:
        assert found[0].received_share == pytest.approx(share, abs=0.05)


def test_zeros_and_repeated_months_of_all_are_one_finding() -> None:
    frame = amounts()
    frame.iloc[30] = 0
    (one,) = gathered_outliers(outliers_of(panel(frame)), len(NAMES))
    assert (one.finess, one.code, one.month) == ("", "ZERO_SUSPECT", MONTHS[30])
    frame = amounts()
    frame.loc[frame.index.year == 2023] = frame.loc[frame.index.year == 2022].to_numpy()
    (repeat,) = gathered_repeats(find_repeats(panel(frame)), len(NAMES))
    assert (repeat.finess, repeat.month, repeat.months_nb) == ("", pd.Timestamp(2023, 1, 1), 12)


def test_what_most_show_is_sure_even_where_one_of_them_is_irregular() -> None:
    frame = amounts()
    frame.iloc[30, 0] *= 10
    (own,) = outliers_of(panel(frame))
    (one,) = gathered_outliers([replace(own, finess=name, is_sure=name != NAMES[0]) for name in NAMES[:5]], len(NAMES))
    assert (one.finess, one.code, one.is_sure) == ("", "FACTEUR_10", True)


def test_a_zero_that_lasts_between_two_amounts_is_told_and_one_that_ends_a_series_is_not() -> None:
    frame = amounts()
    frame.loc[frame.index.year == 2021, NAMES[0]] = 0
    frame.loc[frame.index > "2023-06-01", NAMES[1]] = 0
    found = [one for one in outliers_of(panel(frame)) if one.code == "ZERO_SUSPECT"]
    assert [(one.finess, one.month, one.last_month) for one in found] == [
        (NAMES[0], pd.Timestamp(2021, 1, 1), pd.Timestamp(2021, 12, 1))
    ]
