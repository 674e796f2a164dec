"""An establishment in k€ from beginning to end, and a month counted twice for all: no month of theirs stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.quality.outliers import outliers_of
from caqes_analysis.quality.panels import Panel, panel_of
from caqes_analysis.quality.units import find_unit_doubts

MONTHS = pd.date_range("2021-01-01", "2024-09-01", freq="MS")


Changes = dict[tuple[int, str], float]


def panel(envelope: str, scale: float, *, rows_nb: int = 12, changes: Changes | None = None) -> Panel:
    """Establishments of many sizes with a common season; ``changes`` multiply months of rows (-1: all)."""
    sizes = np.exp(np.random.default_rng(1).normal(11, 1, (rows_nb, 1)))
    random = np.random.default_rng([ord(letter) for letter in envelope])
    season = 1 + 0.2 * np.cos(2 * np.pi * np.asarray(MONTHS.month) / 12)
    amounts = sizes * scale * season * np.exp(random.normal(0, 0.4, (rows_nb, 1)))
    amounts = amounts * np.exp(random.normal(0, 0.03, amounts.shape))
    for (row, months), factor in (changes or {}).items():
        inside = np.array([f"{month:%Y-%m}".startswith(months) for month in MONTHS])
        amounts[slice(None) if row < 0 else row, inside] *= factor
    frame = pd.DataFrame(
        {
            "finess": np.repeat([f"99000{row:04d}" for row in range(rows_nb)], len(MONTHS)),
            "month": np.tile(MONTHS, rows_nb),
            "amount_eur": amounts.ravel().round(2),
            "is_provisional": False,
            "delivery": "essai",
        }
    )
    return panel_of(frame, envelope=envelope)


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_a_whole_series_in_another_unit_is_told_once(factor: float) -> None:
    odd = panel("lpp", 0.2, changes={(3, ""): factor})
    (found,) = find_unit_doubts([panel("phmev", 1.0), odd])
    assert (found.finess, found.envelope, found.months_nb) == ("990000003", "lpp", len(MONTHS))
    assert factor / 4 < found.factor < 4 * factor
    assert outliers_of(odd) == []


def test_usual_weights_and_small_regions_raise_nothing() -> None:
    reference = panel("phmev", 1.0)
    assert list(find_unit_doubts([reference, panel("lpp", 0.2), panel("transport_vsl", 0.04)])) == []
    few = [panel("phmev", 1.0, rows_nb=5), panel("lpp", 0.2, rows_nb=5, changes={(3, ""): 0.001})]
    assert list(find_unit_doubts(few)) == []
    assert list(find_unit_doubts([panel("lpp", 0.2, changes={(3, ""): 0.001})])) == []


def test_a_month_counted_twice_for_all_is_told_once() -> None:
    (found,) = outliers_of(panel("lpp", 0.2, changes={(-1, "2023-08"): 2.0}))
    assert (found.finess, f"{found.month:%Y-%m}", found.code) == ("", "2023-08", "MOIS_ATYPIQUE")
    assert found.factor == pytest.approx(2.0, rel=0.1)
    assert "deux fois" in found.cause


def test_a_season_or_a_pandemic_for_all_is_not() -> None:
    assert outliers_of(panel("lpp", 0.2)) == []
    lasting = {(-1, f"2022-{month:02d}"): factor for month, factor in ((3, 0.7), (4, 0.5), (5, 0.6), (6, 0.9))}
    assert outliers_of(panel("lpp", 0.2, changes=lasting)) == []
