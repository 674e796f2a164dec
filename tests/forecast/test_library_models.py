"""The models of statsmodels that the workshop compares with."""

from __future__ import annotations

import numpy as np
import pytest

from caqes_analysis.forecast.library_models import LIBRARY_MODELS, library_rests


def months(number: int, growth: float = 0.004) -> np.ndarray:
    step = np.arange(number)
    return np.exp(10 + growth * step + 0.1 * np.sin(2 * np.pi * step / 12))


def test_a_regular_series_goes_on() -> None:
    whole = months(60)
    found = library_rests(whole[:57], months_nb=3)
    assert found.keys() == LIBRARY_MODELS.keys()
    assert found["ets"] == pytest.approx(whole[57:].sum(), rel=0.01)
    assert found["theta"] == pytest.approx(whole[57:].sum(), rel=0.02)


def test_less_than_two_years_give_nothing() -> None:
    assert np.isnan(list(library_rests(months(23), months_nb=3).values())).all()
