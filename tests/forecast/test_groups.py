"""What a sum of envelopes counts, and what it says of those that it leaves out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from caqes_analysis.forecast.groups import GroupSums
from caqes_analysis.forecast.histories import INCOMPLETE_YEAR_NOTE, Method


@pytest.mark.parametrize(("needs_all", "observed_cents"), [(True, 3220), (False, 890)])
def test_the_months_of_an_indicator_are_those_of_all_its_envelopes(needs_all: bool, observed_cents: int) -> None:
    """23.30 € of drugs, which cannot be estimated, and 8.90 € of products: 32.20 € are observed of their sum."""
    histories: Any = SimpleNamespace(
        methods=(Method.NONE, Method.COMPLETE), observed_cents=np.array([2330, 890]), has_negative=np.array([False] * 2)
    )
    sums = GroupSums(2019, 12, 3, needs_all=needs_all)
    sums.add(
        histories,
        np.full((2, 3), 890),
        names=[["phev"], ["phev"]],
        base_cents=np.array([2000, 800]),
        has_base=np.array([True, True]),
    )
    found, _ = sums.as_series()
    assert found.observed_cents.tolist() == [observed_cents]
    assert (found.reasons[0] == "1 enveloppe de la somme : non estimable") == needs_all
    assert "trajectoire" not in found.reasons[0]


@pytest.mark.parametrize(("needs_all", "expected"), [(True, (1780, Method.COMPLETE)), (False, (890, Method.COMPLETE))])
def test_a_month_that_lacks_a_year_before_hides_no_amount_of_an_indicator(
    needs_all: bool, expected: tuple[int, Method]
) -> None:
    """Two modes of transport are received whole; a month of the year before lacks of one: only the rate is unknown."""
    histories: Any = SimpleNamespace(
        methods=(Method.COMPLETE, Method.COMPLETE),
        observed_cents=np.array([890, 890]),
        has_negative=np.array([False] * 2),
    )
    sums = GroupSums(2019, 12, 3, needs_all=needs_all)
    sums.add(
        histories,
        np.full((2, 3), 890),
        names=[["transports"], ["transports"]],
        base_cents=np.array([2000, 800]),
        has_base=np.array([True, False]),
    )
    found, totals = sums.as_series()
    assert (totals[0, 0], found.methods[0]) == expected
    # A region counts the first alone, whose year before is whole; the indicator says why it has no rate.
    assert found.has_previous.tolist() == [not needs_all]
    assert found.reasons[0].endswith(f" ; {INCOMPLETE_YEAR_NOTE}") == needs_all
