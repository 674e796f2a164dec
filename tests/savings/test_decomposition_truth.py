"""The decomposition on a whole simulated region whose prices, boxes or rates were moved on purpose: the truth is known.

Prices and boxes are kept apart from the simulator's own drift: the second year is the first one, moved.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.savings import decompose
from caqes_analysis.simulation.establishments import build_establishments
from caqes_analysis.simulation.open_phmev import draw_lines, products, usual_lines_nb

UNIT_CENTS = 10_000
"""Bases are multiples of it, so that the planted prices and rates need no rounding."""
RATE_BEFORE, RATE_AFTER = 65, 60
PRICE_CUT = 0.05
GROWTH = 1.2


@pytest.fixture(scope="module")
def before() -> pd.DataFrame:
    """One year of 120 establishments: boxes and base of each product, as many lines as a region has."""
    found = []
    for one in build_establishments(160, seed=11, year=2022):
        if one.in_open_phmev:
            lines_nb = max(4, round(usual_lines_nb(one.yearly_eur)))
            lines = draw_lines(one, round(one.yearly_eur * 100), lines_nb, seed=11, year=2022)
            own = pd.DataFrame({"code": lines.product, "boxes": lines.boxes, "base": lines.base_cents})
            told = np.append(~products().is_masked, False)  # the last rank is that of the fees
            known = own[told[lines.product] & (lines.boxes > 0)]
            found.append(known.groupby("code", as_index=False).sum().assign(finess=one.finess))
    whole = pd.concat(found, ignore_index=True).astype({"boxes": "int64"})
    assert whole["finess"].nunique() >= 100
    assert len(whole) > 20_000
    unit = np.maximum(whole["base"] // whole["boxes"] // UNIT_CENTS, 1) * UNIT_CENTS
    return whole.assign(unit=unit, base=unit * whole["boxes"], code=whole["code"].astype(str))


def moved(before: pd.DataFrame, *, boxes: pd.Series, unit: pd.Series, rate: int) -> pd.DataFrame:
    """Set the year beside the one that it becomes."""
    return before.assign(
        atc=before["code"].str[:1],
        nature="product",
        scope="both",
        previous_milli_nb=1000 * before["boxes"],
        previous_base_cents=before["base"],
        previous_cents=before["base"] * RATE_BEFORE // 100,
        current_milli_nb=1000 * boxes,
        current_base_cents=boxes * unit,
        current_cents=boxes * unit * rate // 100,
    )


def changed_eur(pairs: pd.DataFrame) -> Decimal:
    return Decimal(int((pairs["current_cents"] - pairs["previous_cents"]).sum())).scaleb(-2)


def region(pairs: pd.DataFrame) -> pd.Series:
    row = decompose(pairs).drop(columns="finess").sum()
    assert row["previous_eur"] + row.filter(regex="^(?!previous|current)").sum() == row["current_eur"]
    return row


def test_a_price_cut_alone_is_all_price(before: pd.DataFrame) -> None:
    cut = (before["unit"] * (1 - PRICE_CUT)).round().astype("int64")
    pairs = moved(before, boxes=before["boxes"], unit=cut, rate=RATE_BEFORE)
    row = region(pairs)
    assert row["price_eur"] == changed_eur(pairs) < 0
    assert row["volume_eur"] == row["mix_eur"] == row["rate_eur"] == 0


def test_a_rate_that_falls_alone_is_all_rate(before: pd.DataFrame) -> None:
    pairs = moved(before, boxes=before["boxes"], unit=before["unit"], rate=RATE_AFTER)
    row = region(pairs)
    assert row["rate_eur"] == changed_eur(pairs) < 0
    assert row["price_eur"] == row["volume_eur"] == row["mix_eur"] == 0


def test_boxes_that_double_alone_are_all_volume(before: pd.DataFrame) -> None:
    pairs = moved(before, boxes=2 * before["boxes"], unit=before["unit"], rate=RATE_BEFORE)
    row = region(pairs)
    assert row["volume_eur"] + row["mix_eur"] == changed_eur(pairs) > 0
    assert abs(row["mix_eur"]) < Decimal("0.01") * len(pairs)  # what rounding leaves to it
    assert row["price_eur"] == row["rate_eur"] == 0


def test_cuts_drawn_by_product_among_boxes_that_move_are_found_between_the_two_classical_indices(
    before: pd.DataFrame,
) -> None:
    """The true effect of prices lies between what the boxes of the first year and those of the second one give."""
    random = np.random.default_rng(3)
    codes = np.sort(before["code"].unique())
    factor = pd.Series(random.uniform(0.7, 1.0, len(codes)), index=codes).loc[before["code"]].to_numpy()
    boxes = (before["boxes"] * random.uniform(0.8, GROWTH, len(before))).round().clip(lower=1).astype("int64")
    cut = pd.Series((before["unit"] * factor / 100).round() * 100, index=before.index).astype("int64")
    pairs = moved(before, boxes=boxes, unit=cut, rate=RATE_BEFORE)
    found = decompose(pairs).set_index("finess")["price_eur"].astype(float)
    by_price = (cut - before["unit"]) * RATE_BEFORE / 100 / 100
    laspeyres = (by_price * before["boxes"]).groupby(before["finess"]).sum()
    paasche = (by_price * boxes).groupby(before["finess"]).sum()
    lower, upper = np.minimum(laspeyres, paasche) - 1, np.maximum(laspeyres, paasche) + 1
    assert ((found >= lower) & (found <= upper)).all()
    assert found.sum() == pytest.approx((laspeyres + paasche).sum() / 2, rel=1e-6)
