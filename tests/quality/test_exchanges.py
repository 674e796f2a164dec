"""Series that have taken each other's place for a year: told once, with both names; other movements are not."""

from __future__ import annotations

import numpy as np
import pytest

from caqes_analysis.quality.exchanges import LEAST_GAP_LOG, exchanged_rows, find_exchanges
from caqes_analysis.quality.panels import Panel, panel_of
from tests.builders import A, B, monthly_rows

AMBULANCE, VSL, LPP, PERFADOM = "transport_ambulance", "transport_vsl", "lpp", "perfadom"
USUAL = {AMBULANCE: 4000, VSL: 1000, LPP: 4000, PERFADOM: 1000}


def panels_of(changes: dict[tuple[str, str, int], int]) -> list[Panel]:
    """Four years of two establishments; the level of an establishment, envelope and year may be another."""
    size = {A: 1, B: 3}
    series = {
        (finess, envelope): {
            f"{year}-{month:02d}": str(changes.get((finess, envelope, year), times * level) + month)
            for year in range(2021, 2025)
            for month in range(1, 13)
        }
        for finess, times in size.items()
        for envelope, level in USUAL.items()
    }
    rows = monthly_rows(series)
    return [panel_of(rows[rows["envelope"] == envelope], envelope=envelope) for envelope in USUAL]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({(A, AMBULANCE, 2023): 1000, (A, VSL, 2023): 4000}, [(A, A, AMBULANCE, VSL, 2023)]),
        ({(A, AMBULANCE, 2024): 1000, (A, VSL, 2024): 4000}, [(A, A, AMBULANCE, VSL, 2024)]),
        ({(A, AMBULANCE, 2022): 12000, (B, AMBULANCE, 2022): 4000}, [(B, A, AMBULANCE, AMBULANCE, 2022)]),
        ({(A, AMBULANCE, 2023): 1000}, []),  # one fell, the other did not rise
        ({(A, AMBULANCE, 2023): 2500, (A, VSL, 2023): 2500}, []),  # they met half-way
        ({(A, LPP, 2023): 1000, (A, PERFADOM, 2023): 4000}, []),  # a part cannot pass its whole
    ],
)
def test_only_series_at_each_others_level_are_told(
    changes: dict[tuple[str, str, int], int], expected: list[tuple[str, str, str, str, int]]
) -> None:
    found = [
        (one.finess, one.other_finess, one.envelope, one.other_envelope, one.year)
        for one in find_exchanges(panels_of(changes))
    ]
    assert found == expected


def test_two_trends_that_cross_are_no_exchange() -> None:
    """Five median years of a clean simulated region: LPP that falls, drugs that grow by 15 % a year, and they cross."""
    levels = np.log([[161_760, 161_961, 152_817, 145_273, 103_515], [72_012, 84_019, 102_476, 115_842, 135_687]])
    assert list(exchanged_rows(levels, least_gap=LEAST_GAP_LOG, least_moves=np.array([0.41, 0.29]))) == []


def test_the_levels_told_are_those_of_the_months() -> None:
    (one,) = find_exchanges(panels_of({(A, AMBULANCE, 2023): 1000, (A, VSL, 2023): 4000}))
    assert (round(one.median_eur, 1), round(one.usual_eur, 1)) == (1006.5, 4006.5)


def test_two_other_columns_are_needed() -> None:
    levels = np.log(np.array([[4000.0, 1000.0], [1000.0, 4000.0]]))
    assert list(exchanged_rows(levels[:, :1], least_gap=0.3, least_moves=np.zeros(2))) == []
    assert list(exchanged_rows(levels, least_gap=0.3, least_moves=np.zeros(2))) == []
    more = np.column_stack([levels, levels[:, 0]])
    assert list(exchanged_rows(more, least_gap=0.3, least_moves=np.zeros(2))) == [(0, 1, 1)]
