"""The query of a measure gives the number that the package computes."""

from __future__ import annotations

import pandas as pd
import pytest

from caqes_analysis.guide.queries import measure_query
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.store import Store
from tests.builders import A
from tests.indicators.test_catalogue_values import EXPECTED, tiny_store

CATALOGUE = load_catalogue()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("requetes"))


def computed(store: Store, definition: IndicatorDefinition, measure: str, perimeter: str) -> float | None:
    values = compute_indicators(store, [definition], periods=["2024"], finess=[A])
    row = values[(values["measure"] == measure) & (values["perimeter"] == perimeter)].iloc[0]
    return None if pd.isna(row["value"]) else float(row["value"])


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=lambda one: one.id)
def test_every_query_runs_and_gives_the_value_computed_by_hand(store: Store, definition: IndicatorDefinition) -> None:
    for measure in definition.measures:
        for perimeter in definition.perimeters:
            key = (definition.id, measure.id, perimeter.id)
            # A definition added to the clone carries its own test: here, that query and computation agree.
            expected = EXPECTED[key] if key in EXPECTED else computed(store, definition, measure.id, perimeter.id)
            answer = store.query(measure_query(definition, measure, year=2024, perimeter=perimeter))
            values = answer.set_index("finess")["value"]
            if expected is None:  # the region's code list is not there: nothing is kept
                assert A not in values or pd.isna(values[A]) or values[A] == 0
            else:
                assert float(values[A]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_query_without_filter_adds_every_line() -> None:
    measure = CATALOGUE["repertoire_share"].measure("boxes_nb")
    query = measure_query(CATALOGUE["repertoire_share"], measure, year=2024)
    assert "filter" not in query
    assert "t.year = 2024" in query


def test_an_evolution_from_a_zero_year_is_missing_as_in_the_report(store: Store) -> None:
    definition = CATALOGUE["product_theme_1"]  # the region's list is not there: zero euros in both years
    query = measure_query(definition, definition.measure("evolution_pct"), year=2024)
    answer = store.query(f"select value is null as is_missing from ({query})")
    assert answer["is_missing"].all()
    assert len(answer) > 0
