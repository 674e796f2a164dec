"""A share compared with the year before: over the months that both years know, and no other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.indicators.compute import common_sums, compute_indicators
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.places import Places
from caqes_analysis.indicators.trends import trends, with_intervals
from caqes_analysis.store import Store
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year

TEXTS = dict.fromkeys(("name", "short_name", "theme", "why"), "essai")
SHARE = IndicatorDefinition.model_validate(
    {
        "id": "part",
        **TEXTS,
        "status": "draft",
        "direction": "lower",
        "main_measure": "share_pct",
        "period": "cumulative_month",
        "measures": [
            {
                "id": "share_pct",
                "label": "Part",
                "unit": "%",
                "scale": 100,
                "numerator": {"table": "monthly_grid", "sum": "amount_eur", "where": "envelope = 'a'"},
                "denominator": {"table": "monthly_grid", "sum": "amount_eur", "where": "envelope in ('a', 'b')"},
            },
            {"id": "evolution_pct", "label": "Évolution", "unit": "%", "evolution_of": "share_pct"},
        ],
    }
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A: 50 % in 2023 but for April, not received; 40 % in 2024, and 100 % in April. B: 30 % in all months."""
    months = {
        (A, "a"): whole_year(2023, "50.00", m04=None) | whole_year(2024, "40.00", m04="100.00"),
        (A, "b"): whole_year(2023, "50.00") | whole_year(2024, "60.00", m04="0.00"),
        (B, "a"): whole_year(2023, "30.00") | whole_year(2024, "30.00"),
        (B, "b"): whole_year(2023, "70.00") | whole_year(2024, "70.00"),
    }
    return store_of(tmp_path, monthly_rows(months), establishments({"finess": A}, {"finess": B}))


def followed(store: Store, *periods: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    values = compute_indicators(store, [SHARE], periods=periods)
    places = Places.read(store, [A, B])
    groups = {level: pd.Series(names, index=list(places.finess)) for level, names in places.groups.items()}
    common = common_sums(store, [SHARE], values)
    full, measured, layout = with_intervals(values, [SHARE], groups, places.openings(), common)
    found = trends(full, [SHARE], measured=measured, layout=layout, peers=pd.Series(dtype=object))
    return common, found[found["measure"] == "share_pct"]


def test_a_change_compares_the_months_of_both_years(store: Store) -> None:
    _, found = followed(store, "2023", "2024")
    own = found.set_index(found["finess"].fillna(found["level"]))
    # Each year keeps its own value: 540 / 1 200 in 2024, 550 / 1 100 in 2023.
    assert own.loc[A, ["value", "previous_value"]].tolist() == [45, 50]
    assert own.loc[A, "change"] == pytest.approx(40 - 50)
    assert own.loc[B, "change"] == pytest.approx(0, abs=1e-12)
    region = 100 * ((440 + 360) / (1100 + 1200) - (550 + 360) / (1100 + 1200))
    assert own.loc["region", "change"] == pytest.approx(region)
    assert own.loc[[A, B], "contribution"].sum() == pytest.approx(region)


def test_the_evolution_of_a_share_compares_the_months_of_both_years(store: Store) -> None:
    values = compute_indicators(store, [SHARE], periods=["2024"])
    rates = values[values["measure"] == "evolution_pct"].set_index("finess")
    assert rates.loc[A, "value"] == pytest.approx(100 * (40 / 50 - 1))
    assert rates.loc[A, "months_nb"] == 11
    region = values[(values["measure"] == "evolution_pct") & (values["level"] == "region")]["value"].item()
    assert region == pytest.approx(100 * ((440 + 360) / (550 + 360) - 1))


def test_nothing_is_read_again_where_every_month_is_known(store: Store) -> None:
    common, found = followed(store, "2023-M03", "2024-M03")
    assert common.empty
    assert found.set_index("finess").loc[A, "change"] == pytest.approx(40 - 50)


def test_two_years_without_a_common_month_have_no_change(tmp_path: Path) -> None:
    first = {f"m{month:02d}": None for month in range(1, 7)}
    second = {f"m{month:02d}": None for month in range(7, 13)}
    months = {
        (A, name): whole_year(2023, "50.00", **first) | whole_year(2024, "50.00", **second) for name in ("a", "b")
    } | {(B, name): whole_year(2023) | whole_year(2024) for name in ("a", "b")}
    store = store_of(tmp_path, monthly_rows(months), establishments({"finess": A}, {"finess": B}))
    _, found = followed(store, "2023", "2024")
    own = found.set_index("finess")
    assert own.loc[A, ["value", "previous_value"]].tolist() == [50, 50]
    assert pd.isna(own.loc[A, "change"])
    assert pd.isna(own.loc[A, "contribution"])
