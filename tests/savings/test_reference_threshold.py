"""From the référentiel of an indicator to what both sides of its threshold say, in a region whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.savings import Threshold, estimate
from caqes_analysis.savings.estimate import COMPARED, THRESHOLD
from caqes_analysis.savings.reference_threshold import reference_threshold
from caqes_analysis.store import Store

SIGNED = pd.Timestamp("2022-07-01")
DEFINITIONS = load_catalogue()


def values(
    *rows: tuple[str, str, float, float | None], period: str = "2021", indicator: str = "phev_ipp"
) -> pd.DataFrame:
    shared = {"indicator": indicator, "period": period, "level": "establishment", "perimeter": "courant"}
    frame = pd.DataFrame(
        [
            {"finess": finess, "measure": measure, "numerator": top, "denominator": under, "value": 0.0, **shared}
            for finess, measure, top, under in rows
        ]
    )
    return tables.INDICATOR_VALUES.conform(
        frame.assign(value_status="reported"), is_provisional=False, is_corrected=False
    )


def store_of(folder: Path, rows: pd.DataFrame) -> Store:
    store = Store(folder)
    store.write(tables.INDICATOR_VALUES, rows, part="essai", validate=False)
    return store


def test_the_running_variable_is_the_value_over_its_threshold_before_the_contracts(tmp_path: Path) -> None:
    rows = pd.concat(
        [
            values(("990000001", "boxes_nb", 8500, None), ("990000002", "boxes_nb", 4250, None)),
            values(("990000001", "boxes_nb", 1, None), period="2023"),
        ]
    )
    store = store_of(tmp_path, rows)
    found = reference_threshold(store, DEFINITIONS["phev_ipp"], signatory={}, signed_on=SIGNED)
    assert found == Threshold({"990000001": 1.0, "990000002": 0.5}, 1.0)
    together = reference_threshold(
        store, DEFINITIONS["phev_ipp"], signatory={"990000002": "990000001"}, signed_on=SIGNED
    )
    assert together == Threshold({"990000001": 1.5}, 1.0)


def test_of_conditions_joined_by_or_the_easiest_decides(tmp_path: Path) -> None:
    definition = DEFINITIONS["transport_ambulance_share"]
    rows = values(
        ("990000001", "share_pct", 300_000, 1_000_000), ("990000001", "ambulance_eur", 300_000, None),
        ("990000002", "share_pct", 500_000, 1_000_000), ("990000002", "ambulance_eur", 500_000, None),
        ("990000003", "share_pct", 100_000, 1_000_000),
        indicator=definition.id,
    )  # fmt: skip
    found = reference_threshold(store_of(tmp_path, rows), definition, signatory={}, signed_on=SIGNED)
    # 30 % of 20 %, but 300 of 400 k€: respected. 50 % of 20 % and 500 of 400 k€: targeted. The third lacks one value.
    assert found == Threshold({"990000001": 0.75, "990000002": 1.25}, 1.0)


def test_what_was_not_received_or_not_dated_is_said(tmp_path: Path) -> None:
    store = store_of(tmp_path, values(("990000001", "boxes_nb", 8500, None), period="2023"))
    undated = reference_threshold(store, DEFINITIONS["phev_ipp"], signatory={}, signed_on=None)
    assert undated is not None
    assert "date d'effet" in undated.reason
    absent = reference_threshold(store, DEFINITIONS["phev_ipp"], signatory={}, signed_on=SIGNED)
    assert absent is not None
    assert "en 2021" in absent.reason
    unknown = DEFINITIONS["phev_ezetimibe"]
    assert reference_threshold(store, unknown, signatory={}, signed_on=SIGNED) is None


def region_at_threshold(effect: float, seed: int) -> dict[str, Any]:
    """Return a region whose establishments are targeted from a threshold on; only crossing it changes spending."""
    random = np.random.default_rng(seed)
    names = [f"{at:03d}" for at in range(80)]
    value = np.exp(random.uniform(np.log(0.4), np.log(2.5), 80))
    under = value >= 1
    months = value[:, None] * np.exp(random.normal(10, 0.04, (80, 72))) * 1.02 ** (np.arange(72) / 12)
    months[np.ix_(under, np.arange(60, 72))] *= 1 - effect
    dates = pd.date_range("2018-01-01", periods=72, freq="MS")
    rows = pd.DataFrame(
        {"series": np.repeat(names, 72), "month": np.tile(dates, 80), "amount_eur": months.round(2).ravel()}
    )
    return {
        "monthly": rows,
        "treated": [name for name, one in zip(names, under, strict=True) if one],
        "threshold": Threshold(dict(zip(names, value.tolist(), strict=True)), 1.0),
    }


@pytest.mark.parametrize("effect", [0.0, 0.10])
def test_an_effect_at_the_threshold_is_found_and_none_is_not_made_up(effect: float) -> None:
    rows = estimate(**region_at_threshold(effect, seed=5), start="2023-01-01").set_index("level")
    row = rows.loc[THRESHOLD]
    whole = float(row["counterfactual_eur"])
    assert float(row["lower_95_eur"]) <= effect * whole <= float(row["upper_95_eur"])
    assert (row["conclusion"] == "saving") == (effect > 0)
    assert row["series_nb"] >= 8
    assert row["comparison_nb"] >= 8
    assert rows.loc["region", "method"] == COMPARED
    assert "sans contrat" in rows.loc["region", "design_reason"]
